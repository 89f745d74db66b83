"""Graphs as JSON, for tools: what `weft dump --format json` prints. A view to read from, not a format to store graphs in."""

from dataclasses import fields

import numpy as np

from ...proto.dtypes import DType
from ...proto.errors import Loc
from .attrs import Attr, ConvDims, Dict, DotDims, GatherDims, ScatterDims, Symref, Tensor
from .dims import Expr
from .graph import Function, Module, Node, Region, Value
from .types import MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
# Contents of constants of up to this many elements are shown.
ELEMENTS = 16


def to_json(x: Module | Function) -> dict[str, Json]:
    """A module or function as plain data for `json.dumps`.

    Values are numbered within their function; an operand is the number of its value. Symbolic dims are strings. Constants show their
    elements if they are few. Floats that JSON cannot write (inf, nan) are strings.
    """
    if isinstance(x, Function):
        return _function(x)
    functions: list[Json] = [_function(f) for f in x.functions.values()]
    return {"name": x.name, "meta": dict(x.meta), "functions": functions}


def _function(f: Function) -> dict[str, Json]:
    numbers: dict[Value, int] = {}
    body = _region(f, numbers)
    results: list[Json] = []
    for i, v in enumerate(f.results):
        name = f.result_names[i] if i < len(f.result_names) else ""
        results.append({"value": numbers[v], "name": name, "type": _type(v.type)})
    aliases: dict[str, Json] = {str(r): p for r, p in f.aliases.items()}
    return {"name": f.name, "public": f.public, **body, "results": results, "aliases": aliases}


def _region(region: Region, numbers: dict[Value, int]) -> dict[str, Json]:
    params: list[Json] = [_value(v, numbers) for v in region.params]
    nodes: list[Json] = [_node(n, numbers) for n in region.nodes]
    return {"params": params, "nodes": nodes, "results": [numbers[v] for v in region.results]}


def _value(v: Value, numbers: dict[Value, int]) -> Json:
    numbers[v] = len(numbers)
    return {"value": numbers[v], "name": v.name, "type": _type(v.type)}


def _node(n: Node, numbers: dict[Value, int]) -> Json:
    node: dict[str, Json] = {"op": n.op, "operands": [numbers[v] for v in n.operands]}
    if n.captures:
        node["captures"] = n.captures
    if n.attrs:
        node["attrs"] = {k: _attr(a) for k, a in n.attrs.items()}
    if n.regions:
        node["regions"] = [_region(r, numbers) for r in n.regions]
    node["results"] = [_value(v, numbers) for v in n.results]
    if n.loc:
        node["loc"] = _loc(n.loc)
    return node


def _type(t: Type) -> Json:
    match t:
        case TensorType(dtype, shape):
            return {"dtype": dtype.name, "shape": [d if isinstance(d, int) else str(d) for d in shape]}
        case TupleType(types):
            return {"tuple": [_type(part) for part in types]}
        case TokenType():
            return "token"
        case SequenceType(element):
            return {"sequence": _type(element)}
        case OptionalType(element):
            return {"optional": _type(element)}
        case MapType(key, value):
            return {"map": {"key": key.name, "value": _type(value)}}
        case UnrankedTensorType(dtype):
            return {"dtype": dtype.name, "shape": None}


def _loc(loc: Loc) -> Json:
    if loc.parts:
        return [_loc(part) for part in loc.parts]
    known: dict[str, Json] = {"file": loc.file, "name": loc.name, "line": loc.line, "column": loc.column}
    return {k: v for k, v in known.items() if v}


def _number(x: float) -> Json:
    return x if np.isfinite(x) else str(x)


def _attr(a: Attr) -> Json:
    match a:
        case None | bool() | int() | str():
            return a
        case float():
            return _number(a)
        case tuple():
            return [_attr(x) for x in a]
        case Dict(items):
            return {k: _attr(v) for k, v in items}
        case Tensor():
            return _tensor(a)
        case DotDims() | ConvDims() | GatherDims() | ScatterDims():
            return {f.name: _attr(getattr(a, f.name)) for f in fields(a)}
        case DType() | Expr():
            return str(a)
        case Symref(name):
            return f"@{name}"
        case TensorType() | TokenType() | TupleType() | SequenceType() | OptionalType() | MapType() | UnrankedTensorType():
            return _type(a)


def _tensor(t: Tensor) -> Json:
    shape: list[Json] = list(t.array.shape)
    shown: dict[str, Json] = {"dtype": t.array.dtype.name, "shape": shape}
    if t.name:
        shown["name"] = t.name
    if t.array.size <= ELEMENTS:
        shown["elements"] = [_element(x) for x in t.array.reshape(-1)]
    return shown


def _element(x: object) -> Json:
    match x:
        case bool() | np.bool_():
            return bool(x)
        case str():
            return x
        case bytes():
            return x.decode("utf-8", "replace")
        case complex() | np.complexfloating():
            return [_number(float(x.real)), _number(float(x.imag))]
        case int() | np.integer():
            return int(x)
        case _:
            value = float(x)  # type: ignore[arg-type]
            return int(value) if value.is_integer() and "int" in type(x).__name__ else _number(value)
