"""Reshapes move down, past elementwise ops, so that they meet other reshapes and do not stand between a product and its epilogue."""

from collections.abc import Sequence
from dataclasses import replace

from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value
from ..ir.types import TensorType
from ..ops.nodes import node
from ..ops.registry import op_of
from .base import Context, region_pass
from .canonicalize import RULES, splat_of
from .rewrite import Result, Uses, apply_rules, rewrite


def _common_suffix(a: Sequence[Dim], b: Sequence[Dim]) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[-1 - n] == b[-1 - n]:
        n += 1
    return n


def _common_prefix(a: Sequence[Dim], b: Sequence[Dim]) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def _moved_dims(dims: Sequence[int], source: Sequence[Dim], target: Sequence[Dim]) -> tuple[int, ...] | None:
    """Dims of `target` as dims of `source`, where a reshape between the two leaves each of them alone."""
    prefix = _common_prefix(source, target)
    # Dims of size 1 may be common to both ends; each counts once.
    suffix = min(_common_suffix(source, target), min(len(source), len(target)) - prefix)
    moved: list[int] = []
    for d in dims:
        if d < prefix:
            moved.append(d)
        elif d >= len(target) - suffix:
            moved.append(d - len(target) + len(source))
        else:
            return None
    return tuple(moved)


def _before_reshape(v: Value, source: TensorType) -> Value | None:
    """`v`, an operand of the reshaped shape, in the shape before the reshape; None if that takes work."""
    wanted = v.tensor.with_shape(source.shape)
    if v.node is not None and v.op == "reshape" and v.node.operands[0].shape == source.shape:
        return v.node.operands[0]
    if splat_of(v) is not None:
        while v.node is not None and v.op in ("broadcast_in_dim", "reshape"):
            v = v.node.operands[0]
        if v.tensor.rank:
            return None
        return node("broadcast_in_dim", v, broadcast_dimensions=(), result=wanted)
    if v.node is not None and v.op == "broadcast_in_dim":
        dims = _moved_dims(v.node.ints("broadcast_dimensions"), source.shape, v.shape)
        if dims is not None:
            return node("broadcast_in_dim", v.node.operands[0], broadcast_dimensions=dims, result=wanted)
    return None


def sink_reshape(n: Node, uses: Uses) -> Result:
    """f(reshape(x), …) -> reshape(f(x, …)) for elementwise f, where the other operands can be had in the shape of x."""
    reshaped = [v for v in n.operands if v.node is not None and v.op == "reshape" and v.node.operands[0].op != "constant"]
    result = n.types[0]
    if not reshaped or not isinstance(result, TensorType):
        return None
    for anchor in reshaped:
        if anchor.node is None or anchor.shape != result.shape:
            continue
        source = anchor.node.operands[0].tensor
        operands = [_before_reshape(v, source) for v in n.operands]
        if all(v is not None for v in operands):
            return op_of("reshape")(_rebuild(n, operands, source), result=result)
    return None


def _rebuild(n: Node, operands: Sequence[Value | None], source: TensorType) -> Value:
    type = n.results[0].tensor.with_shape(source.shape)
    return replace(n, operands=tuple(v for v in operands if v is not None), types=(type,), names=()).result


@region_pass("sink-reshapes")
def sink_reshapes(body: Region, context: Context) -> Region:
    """Move reshapes below elementwise ops and simplify what meets."""
    names = sorted({n.op for n in body.walk() if op_of(n).is_elementwise})
    return apply_rules(body, (rewrite("sink-reshape", *names)(sink_reshape), *RULES))
