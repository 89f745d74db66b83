"""`Slice`, `Split`, `Pad`."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir import dims as symbolic
from ....compiler.ir.dims import Dim, Expr
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import const, reshape_to
from .. import build, dynamic
from ..array import Array, array, iota, sizes, vector
from ..build import op
from ..contents import Unknown
from ..node import NodeView
from ..registry import handles

_FAR = 1 << 61  # beyond every end: exporters write the extremes of i64 for "all of it"


@handles("Slice")
def slice_attributes(node: NodeView, x: Value) -> Value:
    """Bounds as attributes."""
    starts, ends = node.ints("starts"), node.ints("ends")
    return _slice(node, x, list(starts), list(ends), node.ints("axes", range(len(starts))), [1] * len(starts))


@handles("Slice", since=10)
def slice_(node: NodeView, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    """Python's slices, on some axes."""
    lo, hi = node.items(starts, "the starts"), node.items(ends, "the ends")
    over = node.items(axes, "the axes") if axes is not None else list(range(len(lo)))
    by = node.items(steps, "the steps") if steps is not None else [1] * len(lo)
    for what, given in (("the ends", hi), ("the axes", over), ("the steps", by)):
        node.check_length(given, len(lo), what)
    if any(isinstance(a, Unknown) for a in over):
        assert axes is not None
        by = dynamic.integers(steps) if steps is not None else array([1] * len(lo))
        return _slice_any_axes(x, dynamic.integers(starts), dynamic.integers(ends), dynamic.integers(axes), by)
    for k, axis in enumerate(node.axes(over, len(x.shape))):
        bounds = (lo[k], hi[k], by[k])
        if any(isinstance(d, Unknown) for d in bounds) or isinstance(by[k], Expr):
            first, last = (dynamic.integers(v)[k] for v in (starts, ends))
            x = _slice_from_data(x, axis, first, last, dynamic.integers(steps)[k] if steps is not None else array(1))
        else:
            x = _slice(node, x, [lo[k]], [hi[k]], [axis], [by[k]])
    return x


def _slice(node: NodeView, x: Value, starts: list[Dim], ends: list[Dim], axes: Sequence[int], steps: Sequence[int]) -> Value:
    for what, given in (("the ends", ends), ("the axes", axes), ("the steps", steps)):
        node.check_length(given, len(starts), what)
    for start, end, axis, step in zip(starts, ends, node.axes(axes, len(x.shape)), steps, strict=True):
        node.check(step != 0, "attribute", "a step of `Slice` is 0")
        n = x.shape[axis]
        if step < 0:
            x = op("reverse", x, dimensions=(axis,))
            start, end, step = _from_back(start, n, n - 1), _from_back(end, n, n), -step
        lo, hi = _clamped(start, n), _clamped(end, n)
        x = build.slice_axis(x, axis, lo, symbolic.maximum(lo, hi), min(step, _FAR))
    return x


def _slice_any_axes(x: Value, starts: Array, ends: Array, axes: Array, by: Array) -> Value:
    """Slices of axes that depend on data: of every axis, most of them whole."""
    rank, shape = len(x.shape), sizes(x)
    lo, hi, step = (dynamic.spread(axes, v, rank, whole) for v, whole in ((starts, 0), (ends, shape), (by, 1)))
    for axis in range(rank):
        x = _slice_from_data(x, axis, lo[axis], hi[axis], step[axis])
    return x


def _slice_from_data(x: Value, axis: int, start: Array, end: Array, step: Array) -> Value:
    """x[start:end:step] along an axis, by numbers that depend on data."""
    n = Array(build.size_of(x, axis))
    back = step < 0
    low, high = back.where(array(-1), array(0)), back.where(n - 1, n)
    first, last = ((i < 0).where(i + n, i).clip(low, high) for i in (start, end))
    span = back.where(first - last, last - first)
    count = dynamic.bind_one((span > 0).where((span - 1) / step.maximum(-_FAR).abs().maximum(1) + 1, array(0)), step.differs(0))
    return build.take(x, (iota(count) * step + first).value, axis)


def _from_back(i: Dim, n: Dim, most: Dim) -> Dim:
    """Where the element i of an axis is after reversing it; at most at `most`."""
    if isinstance(i, Expr) or 0 <= i < _FAR:
        return symbolic.maximum(n - 1 - i, 0)
    if i == -1 or i >= _FAR:
        return 0
    return most if i <= -_FAR else symbolic.minimum(-1 - i, most)


def _clamped(i: Dim, n: Dim) -> Dim:
    if isinstance(i, int) and abs(i) >= _FAR:
        return n if i > 0 else 0
    if isinstance(i, int) and i < 0:
        i = i + n
    return symbolic.maximum(0, symbolic.minimum(i, n))


@handles("Split")
def split(node: NodeView, x: Value, lengths: Value | None = None) -> tuple[Value, ...]:
    """Consecutive parts along an axis: of given lengths, or as equal as can be."""
    axis = node.axis(node.int("axis", 0), len(x.shape))
    n, parts = x.shape[axis], node.int("num_outputs", node.outputs)
    if lengths is not None:
        by = _lengths(node, lengths, Array(build.size_of(x, axis)))
    elif node.has("split"):
        by = list(node.ints("split"))
    else:
        node.check(parts == node.outputs > 0, "attribute", f"`Split` into {parts} parts has {node.outputs} outputs")
        size = symbolic.ceildiv(n, parts)
        by = [size] * (parts - 1) + [n - size * (parts - 1)]
    exact = not any(isinstance(d, Expr) for d in (n, *by))
    node.check(all(isinstance(d, Expr) or d >= 0 for d in by), "shape", f"a part of {', '.join(map(str, by))} is negative")
    node.check(not exact or sum(by, start=0) == n, "shape", f"{', '.join(map(str, by))} do not add up to {n}")
    results: list[Value] = []
    start: Dim = 0
    for length in by:
        results.append(build.slice_axis(x, axis, start, start + length))
        start = start + length
    return tuple(results)


def _lengths(node: NodeView, lengths: Value, whole: Array) -> list[Dim]:
    """The lengths of parts, which must add up to the whole."""
    items, given = node.items(lengths, "the lengths"), dynamic.integers(lengths)
    if not any(isinstance(d, Unknown) for d in items):
        return items
    bound = dynamic.bind(given, given.sum().equals(whole))
    return [b if isinstance(d, Unknown) else d for d, b in zip(items, bound, strict=True)]


@handles("Pad")
def pad_attributes(node: NodeView, x: Value) -> Value:
    """Pads and the value as attributes."""
    pads = node.ints("pads" if node.has("pads") else "paddings")
    return _pad(node, x, pads, const(node.float("value", 0.0), x.dtype), [array(p) for p in pads])


@handles("Pad", since=11)
def pad(node: NodeView, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None) -> Value:
    """Constant, edge, reflect or wrap padding."""
    given, rank = node.items(pads, "the pads"), len(x.shape)
    fill = const(0, x.dtype) if value is None else reshape_to(value, ())
    over = list(range(rank)) if axes is None else node.items(axes, "the axes")
    node.check_length(given, 2 * len(over), "the pads")
    numbers = dynamic.integers(pads).items()
    if any(isinstance(a, Unknown) for a in over):
        assert axes is not None
        named = dynamic.integers(axes)
        low, high = (vector(part) for part in (numbers[: len(over)], numbers[len(over) :]))
        low, high = dynamic.spread(named, low, rank, 0), dynamic.spread(named, high, rank, 0)
        return _pad(node, x, [Unknown(pads, 0)] * (2 * rank), fill, [*low.items(), *high.items()])
    whole: list[Dim | Unknown] = [0] * (2 * rank)
    data = [array(0)] * (2 * rank)
    for i, a in enumerate(node.axes(over, rank)):
        whole[a], whole[rank + a] = given[i], given[len(over) + i]
        data[a], data[rank + a] = numbers[i], numbers[len(over) + i]
    return _pad(node, x, whole, fill, data)


def _pad(node: NodeView, x: Value, pads: Sequence[Dim | Unknown], fill: Value, data: Sequence[Array]) -> Value:
    """`data` are the pads as scalars of the graph."""
    rank = len(x.shape)
    if len(pads) != 2 * rank:
        raise node.error("attribute", f"`Pad` of {x.tensor} needs {2 * rank} pads, got {len(pads)}")
    mode = node.string("mode", "constant")
    known = [not isinstance(lo, Unknown) and not isinstance(hi, Unknown) for lo, hi in zip(pads[:rank], pads[rank:], strict=True)]
    if mode == "constant" and any(known):
        numbers = [d if k and not isinstance(d, Unknown) else 0 for d, k in zip(pads, known * 2, strict=True)]
        low, high = numbers[:rank], numbers[rank:]
        x = build.pad(x, low, high, fill) if any(d != 0 for d in (*low, *high)) else x
    for axis in range(rank):
        before, after, n = pads[axis], pads[rank + axis], x.shape[axis]
        if not known[axis]:
            x = _pad_from_data(x, axis, data[axis], data[rank + axis], mode, fill)
        elif mode == "constant" or (before == 0 and after == 0):
            continue
        elif isinstance(before, int) and isinstance(after, int) and isinstance(n, int):
            node.check(n > 0 and -n <= min(before, after), "attribute", f"`Pad` of {x.type} by {pads}")
            node.check_limit("unrolled", before + after, f"pads {x.type} by {pads}")
            node.check_limit("table_elements", n + before + after, f"pads {x.type} by {pads}")
            x = _take(x, axis, _padded_indices(mode, n, before, after))
        else:
            size = symbolic.maximum(n + before + after, 0)  # type: ignore[operator]
            x = _pad_to(x, axis, data[axis], size, mode, fill)
    return x


def _pad_from_data(x: Value, axis: int, before: Array, after: Array, mode: str, fill: Value) -> Value:
    size = dynamic.bind_one(Array(build.size_of(x, axis)) + before + after)
    return _pad_to(x, axis, before, size, mode, fill)


def _pad_to(x: Value, axis: int, before: Array, size: Dim, mode: str, fill: Value) -> Value:
    """x with `before` elements in front of it along an axis, and as many behind as make it `size` long."""
    n = Array(build.size_of(x, axis))
    index = iota(size) - before
    match mode:
        case "constant":
            inside = ((index >= 0) & (index < n)).column(axis, len(x.shape))
            return build.select(inside.value, build.take(x, index.value, axis), fill)
        case "edge":
            return build.take(x, index.value, axis)
        case "wrap":
            return build.take(x, (index % n.maximum(1)).value, axis)
        case _:
            period = ((n - 1) * 2).maximum(1)
            folded = index % period
            return build.take(x, (folded >= n).where(period - folded, folded).value, axis)


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
