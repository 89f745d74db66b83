"""Graphs with other dims: symbols replaced in every type and attribute."""

from collections.abc import Mapping
from dataclasses import replace

from .attrs import Attr
from .dims import Dim, Expr, substitute, symbol, symbols
from .graph import Function, Node, Region, Value, in_order
from .types import MapType, OptionalType, SequenceType, TensorType, TupleType, Type


def concrete_dim(d: Dim, values: Mapping[str, Dim]) -> Dim:
    """The dim with the symbols of `values` replaced, in the bounds of other symbols too."""
    bounded: dict[str, Dim] = {}
    for s in symbols(d).values():
        if s.name not in values and (isinstance(s.lo, Expr) or isinstance(s.hi, Expr)):
            lo, hi = (None if b is None else concrete_dim(b, values) for b in (s.lo, s.hi))
            bounded[s.name] = symbol(s.name, lo, hi)
    return substitute(d, {**bounded, **values} if bounded else values)


def concrete_type(t: Type, values: Mapping[str, Dim]) -> Type:
    """The type with the symbols of `values` replaced."""
    match t:
        case TensorType() if not t.is_static:
            return t.with_shape(tuple(concrete_dim(d, values) for d in t.shape))
        case TupleType():
            return TupleType(tuple(concrete_type(part, values) for part in t.types))
        case SequenceType(element):
            return SequenceType(concrete_type(element, values))
        case OptionalType(element):
            return OptionalType(concrete_type(element, values))
        case MapType(key, value):
            return MapType(key, concrete_type(value, values))
        case _:
            return t


def concrete_attr(a: Attr, values: Mapping[str, Dim]) -> Attr:
    """The attribute with the symbols of `values` replaced."""
    match a:
        case Expr():
            return concrete_dim(a, values)
        case tuple():
            return tuple(concrete_attr(part, values) for part in a)
        case TensorType() | TupleType() | SequenceType() | OptionalType() | MapType():
            return concrete_type(a, values)
        case _:
            return a


def instantiate(function: Function, values: Mapping[str, Dim]) -> Function:
    """`function` with the symbols of `values` replaced."""
    body = _region(function, values)
    return replace(function, params=body.params, nodes=body.nodes, results=body.results)


def _region(body: Region, values: Mapping[str, Dim]) -> Region:
    new = {p: Value(concrete_type(p.type, values), name=p.name) for p in body.params}
    nodes: list[Node] = []
    for node in body.nodes:
        current = replace(
            node,
            operands=tuple(new[v] for v in node.operands),
            attrs={k: concrete_attr(a, values) for k, a in node.attrs.items()},
            regions=tuple(_region(r, values) for r in node.regions),
            types=tuple(concrete_type(t, values) for t in node.types),
        )
        new.update(zip(node.results, current.results, strict=True))
        nodes.append(current)
    # What mentions one symbol may now mention another, which is defined later.
    return Region(tuple(new[p] for p in body.params), in_order(nodes), tuple(new[v] for v in body.results))
