"""How often loops turn, where the graph says so."""

import numpy as np

from ..ir.attrs import Tensor
from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value


def trip_count(loop: Node) -> Dim | None:
    """How often a `while` turns that counts from a constant, by a constant, while the counter is below a constant; None for others.

    A size of a tensor may stand for the last constant if the loop counts to it by one from 0.
    """
    cond, body = loop.regions
    (pred,) = cond.results
    if pred.node is None or pred.op != "compare" or pred.node.attrs["comparison_direction"] != "LT":
        return None
    counter, limit = pred.node.operands
    n = len(loop.inputs)
    if counter not in cond.params[:n]:
        return None
    k = cond.params.index(counter)
    first, last = _number(loop.operands[k]), _captured_number(limit, cond, loop)
    step = _step(body.results[k], body.params[k], body, loop)
    if not isinstance(first, int) or last is None or not isinstance(step, int) or step <= 0:
        return None
    if isinstance(last, int):
        return max(0, -(-(last - first) // step))
    return last if (first, step) == (0, 1) else None


def _number(v: Value) -> Dim | None:
    """The integer a value is known to hold, perhaps through reshapes and conversions; or the size that it is."""
    if v.node is None or not v.dtype.is_int or v.shape:
        return None
    match v.op:
        case "reshape" | "convert":
            n = _number(v.node.operands[0])
            return int(np.asarray(n).astype(v.dtype.numpy)) if isinstance(n, int) else n  # a narrower type wraps
        case "get_dimension_size":
            return v.node.operands[0].shape[v.node.attr("dimension", int)]
        case "constant":
            return int(v.node.attr("value", Tensor).array)
        case _:
            return None


def _captured_number(v: Value, body: Region, owner: Node) -> Dim | None:
    """The same for a value of a region, which may be a capture."""
    if v in body.params:
        place = body.params.index(v)
        return _number(owner.operands[place]) if place >= len(owner.inputs) else None
    return _number(v)


def _step(result: Value, counter: Value, body: Region, owner: Node) -> Dim | None:
    if result.node is None or result.op != "add":
        return None
    x, y = result.node.operands
    other = y if x is counter else x if y is counter else None
    return None if other is None else _captured_number(other, body, owner)
