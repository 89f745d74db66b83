"""Sums of cotangents. One that is zero but for a few rows is added where these are, so that a loop over rows takes time in proportion."""

from ..ir.attrs import Tensor
from ..ir.graph import Value
from ..ops.bodies import monoid_of
from ..ops.nodes import node


def accumulated(total: Value, more: Value) -> Value:
    """`total + more`, written into one of the two where the other is zeros with a part written into them."""
    for x, y in ((total, more), (more, total)):
        found = _written(x, y)
        if found is not None:
            return found
    return node("add", total, more)


def _written(x: Value, sparse: Value) -> Value | None:
    """`x + sparse` for a sum, a slice or rows written into zeros."""
    n = sparse.node
    if n is None:
        return None
    match n.op:
        case "add":
            first = _written(x, n.operands[0])
            return None if first is None else _written(first, n.operands[1])
        case "dynamic_update_slice" if is_zeros(n.operands[0]):
            _, part, *starts = n.operands
            there = node("dynamic_slice", x, *starts, slice_sizes=part.shape)
            return node("dynamic_update_slice", x, node("add", there, part), *starts)
        case "scatter" if is_zeros(n.operands[0]) and len(n.inputs) == 3 and not n.captures and monoid_of(n.regions[0]) == "add":
            return n.with_operands((x, *n.operands[1:])).result
        case _:
            return None


def is_zeros(v: Value) -> bool:
    """Whether all elements are known to be zero, by a constant of one element that is broadcast."""
    if v.node is None:
        return False
    if v.op == "broadcast_in_dim":
        return is_zeros(v.node.operands[0])
    return v.op == "constant" and not v.shape and not v.node.attr("value", Tensor).array.any()
