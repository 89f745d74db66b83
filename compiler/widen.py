"""A module in double precision: what a model would compute without rounding, to measure errors against."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..proto.dtypes import BF16, C64, C128, F16, F32, F64, DType
from ..proto.errors import fail
from .ir.attrs import Attr, Tensor
from .ir.graph import Function, Module, Node, Region, Value
from .ir.types import MapType, OptionalType, SequenceType, TensorType, TupleType, Type, UnrankedTensorType

_WIDER: Mapping[DType, DType] = {F16: F64, BF16: F64, F32: F64, C64: C128}
# What depends on the bits of a float, or on code that is not in the graph.
_NARROW = frozenset({"bitcast_convert", "custom_call", "reduce_precision"})


def widen(module: Module) -> Module:
    """The module with f64 for f16, bf16 and f32 everywhere, and c128 for c64, parameters and results too.

    WeftError `widen.op` if an op's meaning depends on how wide a float is.
    """
    return replace(module, functions={name: _function(f) for name, f in module.functions.items()})


def wide_dtype(dtype: DType) -> DType:
    """The dtype that takes the place of `dtype`."""
    return _WIDER.get(dtype, dtype)


def _function(f: Function) -> Function:
    body = _region(f)
    return replace(f, params=body.params, nodes=body.nodes, results=body.results)


def _region(body: Region) -> Region:
    new = {p: Value(_type(p.type), name=p.name) for p in body.params}
    nodes: list[Node] = []
    for node in body.nodes:
        types = (*(v.type for v in node.operands), *node.types)
        if node.op in _NARROW and any(_type(t) != t for t in types):
            raise fail("widen.op", f"`{node.op}` means something else in double precision", loc=node.loc)
        wider = replace(
            node,
            operands=tuple(new[v] for v in node.operands),
            attrs={k: _attr(a) for k, a in node.attrs.items()},
            regions=tuple(_region(r) for r in node.regions),
            types=tuple(_type(t) for t in node.types),
        )
        new.update(zip(node.results, wider.results, strict=True))
        nodes.append(wider)
    return Region(tuple(new[p] for p in body.params), tuple(nodes), tuple(new[v] for v in body.results))


def _type(t: Type) -> Type:
    match t:
        case TensorType(dtype, shape):
            return TensorType(wide_dtype(dtype), shape)
        case UnrankedTensorType(dtype):
            return UnrankedTensorType(wide_dtype(dtype))
        case TupleType(types):
            return TupleType(tuple(map(_type, types)))
        case SequenceType(element):
            return SequenceType(_type(element))
        case OptionalType(element):
            return OptionalType(_type(element))
        case MapType(key, value):
            return MapType(key, _type(value))
        case _:
            return t


def _attr(a: Attr) -> Attr:
    match a:
        case Tensor():
            wide = {"f": np.float64, "V": np.float64, "c": np.complex128}.get(a.array.dtype.kind)
            narrow = a.array.dtype in [d.numpy for d in _WIDER]
            return Tensor(a.array.astype(wide), a.name) if wide and narrow else a
        case DType():
            return wide_dtype(a)
        case TensorType() | TupleType() | SequenceType() | OptionalType() | MapType() | UnrankedTensorType():
            return _type(a)
        case tuple():
            return tuple(map(_attr, a))
        case _:
            return a
