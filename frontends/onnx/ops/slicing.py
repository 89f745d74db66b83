"""`Slice`, `Split`, `Pad`."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir import dims as symbolic
from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import const, reshape_to
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles


@handles("Slice")
def slice_attributes(node: NodeView, x: Value) -> Value:
    """Bounds as attributes."""
    starts, ends = node.ints("starts"), node.ints("ends")
    return _slice(node, x, list(starts), list(ends), node.ints("axes", range(len(starts))), [1] * len(starts))


@handles("Slice", since=10)
def slice_(node: NodeView, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    """Python's slices, on some axes."""
    lo, hi = node.dims(starts, "the starts"), node.dims(ends, "the ends")
    over = node.numbers(axes, "the axes") if axes is not None else range(len(lo))
    by = node.numbers(steps, "the steps") if steps is not None else [1] * len(lo)
    return _slice(node, x, lo, hi, over, by)


def _slice(node: NodeView, x: Value, starts: list[Dim], ends: list[Dim], axes: Sequence[int], steps: Sequence[int]) -> Value:
    for what, given in (("the ends", ends), ("the axes", axes), ("the steps", steps)):
        node.check_length(given, len(starts), what)
    for start, end, axis, step in zip(starts, ends, node.axes(axes, len(x.shape)), steps, strict=True):
        node.check(step != 0, "attribute", "a step of `Slice` is 0")
        n = x.shape[axis]
        if step < 0:
            # Element k counted from the back is element n-1-k.
            x = op("reverse", x, dimensions=(axis,))
            start, end, step = n - 1 - _counted(start, n), n - 1 - _counted(end, n, floor=True), -step
        lo, hi = _clamped(start, n), _clamped(end, n)
        x = build.slice_axis(x, axis, lo, symbolic.maximum(lo, hi), step)
    return x


def _counted(i: Dim, n: Dim, floor: bool = False) -> Dim:
    """An index from the front for one that may count from the back; `floor`: the end of a backward slice, where far negative means none."""
    if isinstance(i, int) and i < 0:
        i = i + n
        return symbolic.maximum(i, -1) if floor else symbolic.maximum(i, 0)
    return symbolic.minimum(i, n - 1)


def _clamped(i: Dim, n: Dim) -> Dim:
    if isinstance(i, int) and i < 0:
        i = i + n
    return symbolic.maximum(0, symbolic.minimum(i, n))


@handles("Split")
def split(node: NodeView, x: Value, lengths: Value | None = None) -> tuple[Value, ...]:
    """Consecutive parts along an axis: of given lengths, or as equal as can be."""
    axis = node.axis(node.int("axis", 0), len(x.shape))
    n, parts = x.shape[axis], node.int("num_outputs", node.outputs)
    if lengths is not None:
        by: list[Dim] = node.dims(lengths, "the lengths")
    elif node.has("split"):
        by = list(node.ints("split"))
    else:
        node.check(parts == node.outputs > 0, "attribute", f"`Split` into {parts} parts has {node.outputs} outputs")
        size = symbolic.ceildiv(n, parts)
        by = [size] * (parts - 1) + [n - size * (parts - 1)]
    node.check(sum(by, start=0) == n and all(isinstance(d, symbolic.Expr) or d >= 0 for d in by), "shape", f"{by} do not add up to {n}")
    results: list[Value] = []
    start: Dim = 0
    for length in by:
        results.append(build.slice_axis(x, axis, start, start + length))
        start = start + length
    return tuple(results)


@handles("Pad")
def pad_attributes(node: NodeView, x: Value) -> Value:
    """Pads and the value as attributes."""
    pads = node.ints("pads" if node.has("pads") else "paddings")
    return _pad(node, x, list(pads), const(node.float("value", 0.0), x.dtype))


@handles("Pad", since=11)
def pad(node: NodeView, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None) -> Value:
    """Constant, edge, reflect or wrap padding."""
    given = node.dims(pads, "the pads")
    rank = len(x.shape)
    if axes is not None:
        over = node.axes(node.numbers(axes, "the axes"), rank)
        node.check_length(given, 2 * len(over), "the pads")
        whole: list[Dim] = [0] * (2 * rank)
        for i, a in enumerate(over):
            whole[a], whole[rank + a] = given[i], given[len(over) + i]
        given = whole
    fill = const(0, x.dtype) if value is None else reshape_to(value, ())
    return _pad(node, x, given, fill)


def _pad(node: NodeView, x: Value, pads: list[Dim], fill: Value) -> Value:
    rank = len(x.shape)
    if len(pads) != 2 * rank:
        raise node.error("attribute", f"`Pad` of {x.tensor} needs {2 * rank} pads, got {len(pads)}")
    mode = node.string("mode", "constant")
    if mode == "constant":
        return build.pad(x, pads[:rank], pads[rank:], fill)
    for axis in range(rank):
        before, after = pads[axis], pads[rank + axis]
        if before == 0 and after == 0:
            continue
        n = x.shape[axis]
        if not (isinstance(before, int) and isinstance(after, int) and isinstance(n, int)):
            raise node.error("dynamic", f"padding of mode {mode} needs static sizes")
        node.check(n > 0 and -n <= min(before, after), "size", f"`Pad` of {x.type} by {pads}")
        node.check_limit("unrolled", before + after, f"of {x.type} by {pads}")
        x = _take(x, axis, _padded_indices(mode, n, before, after))
    return x


def _padded_indices(mode: str, n: int, before: int, after: int) -> np.ndarray:
    index = np.arange(-before, n + after)
    match mode:
        case "edge":
            return np.clip(index, 0, n - 1)
        case "wrap":
            return index % n
        case _:
            period = max(2 * (n - 1), 1)
            folded = np.abs(index) % period
            return np.where(folded >= n, period - folded, folded)


def _take(x: Value, axis: int, index: np.ndarray) -> Value:
    """Slices of x at constant positions, as few pieces of consecutive ones as possible."""
    steps = np.diff(index)
    pieces: list[Value] = []
    start = 0
    while start < len(index):
        stop = start + 1
        while stop < len(index) and steps[stop - 1] == 1:
            stop += 1
        pieces.append(build.slice_axis(x, axis, int(index[start]), int(index[stop - 1]) + 1))
        start = stop
    return build.concatenate(pieces, axis)
