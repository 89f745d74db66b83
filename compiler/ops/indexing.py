"""Ops that take or place a block of elements: slice, pad, and slices at computed positions."""

from collections.abc import Sequence

import numpy as np

from ...proto.errors import check
from ..ir.dims import Dim, ceildiv, floordiv, is_positive, maximum, mod
from ..ir.graph import Node, Value
from ..ir.types import TensorType, Type
from . import rules
from .builder import Element, ElementBuilder, Index
from .gradients.shape import pad_grad
from .helpers import const, full_like
from .numeric import Array
from .registry import define

Dims = tuple[Dim, ...]


def _infer_slice(operand: Type, *, start_indices: Dims, limit_indices: Dims, strides: Dims) -> TensorType:
    x = rules.tensor(operand, "slice.I1", "operand")
    for what, xs in (("start_indices", start_indices), ("limit_indices", limit_indices), ("strides", strides)):
        rules.check_count(xs, x.rank, "slice.C2", what)
    shape: list[Dim] = []
    for d, (start, limit, stride) in enumerate(zip(start_indices, limit_indices, strides, strict=True)):
        good = rules.at_most(0, start) and rules.at_most(start, limit) and rules.at_most(limit, x.shape[d])
        check(good, "slice.C3", f"dim {d} of {x} is sliced from {start} to {limit}; 0 ≤ start ≤ limit ≤ {x.shape[d]} must hold")
        check(is_positive(stride), "slice.C4", f"`strides` must be positive, got {stride} for dim {d}")
        shape.append(ceildiv(limit - start, stride))
    return x.with_shape(tuple(shape))


def _slice(x: Array, *, start_indices: tuple[int, ...], limit_indices: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    return x[tuple(map(slice, start_indices, limit_indices, strides))]


def _slice_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    starts = node.dims("start_indices")
    strides = node.dims("strides")
    return b.read(node.operands[0], tuple(s + i * k for s, i, k in zip(starts, index, strides, strict=True)))


def _slice_grad(g: Value, x: Value, *, start_indices: Dims, limit_indices: Dims, strides: Dims) -> tuple[Value, ...]:
    inner = tuple(k - 1 for k in strides)
    reach = (s + spread_size(n, i) for s, n, i in zip(start_indices, g.shape, inner, strict=True))
    high = tuple(n - r for n, r in zip(x.shape, reach, strict=True))
    return (pad(g, const(0, g.dtype), edge_padding_low=start_indices, edge_padding_high=high, interior_padding=inner),)


slice_ = define(
    "slice",
    doc="Every `strides`-th element of a box.\n\n"
    "C1: one element type. C2: an entry per dim in each attribute. C3: 0 ≤ start ≤ limit ≤ dim. C4: 0 < stride. "
    "C5: dims of the result are ⌈(limit - start) / stride⌉.",
    infer=_infer_slice,
    reference=_slice,
    element=_slice_element,
    grad=_slice_grad,
)


def _check_starts(starts: Sequence[Type], rank: int, op: str, count: str, same: str) -> None:
    check(len(starts) == rank, f"{op}.{count}", f"`start_indices` must have {rank} scalars, one per dim of the operand, got {len(starts)}")
    for s in starts:
        rules.scalar(s, f"{op}.{same}", "start_indices", rules.INTEGER)
        check(s == starts[0], f"{op}.{same}", f"`start_indices` must have one type, got {rules.listed(starts)}")


def clamp_starts(starts: Sequence[Array], shape: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Starts moved so that the block lies inside."""
    return [min(max(int(s), 0), n - k) for s, n, k in zip(starts, shape, sizes, strict=True)]


def _start_dims(b: ElementBuilder[Element], starts: Sequence[Value], shape: Dims, sizes: Dims) -> list[Dim]:
    return [0 if n == k else b.index(b.read(s, ()), 0, n - k) for s, n, k in zip(starts, shape, sizes, strict=True)]


def _infer_dynamic_slice(operand: Type, *start_indices: Type, slice_sizes: Dims) -> TensorType:
    x = rules.tensor(operand, "dynamic_slice.I1", "operand")
    rules.check_count(slice_sizes, x.rank, "dynamic_slice.C2", "slice_sizes")
    _check_starts(start_indices, x.rank, "dynamic_slice", "C2", "C3")
    for d, k in enumerate(slice_sizes):
        good = rules.at_most(0, k) and rules.at_most(k, x.shape[d])
        check(good, "dynamic_slice.C4", f"`slice_sizes[{d}]` must be in [0, {x.shape[d]}], got {k}")
    return x.with_shape(tuple(slice_sizes))


def _dynamic_slice(x: Array, *starts: Array, slice_sizes: tuple[int, ...]) -> Array:
    return x[tuple(slice(s, s + k) for s, k in zip(clamp_starts(starts, x.shape, slice_sizes), slice_sizes, strict=True))]


def _dynamic_slice_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    x, *starts = node.operands
    sizes = node.dims("slice_sizes")
    return b.read(x, tuple(s + i for s, i in zip(_start_dims(b, starts, x.shape, sizes), index, strict=True)))


dynamic_slice = define(
    "dynamic_slice",
    doc="A box of size `slice_sizes` that begins at `start_indices`, moved inside where it would not fit.\n\n"
    "C1: one element type. C2: as many starts and sizes as dims. C3: the starts have one type (I2: integer scalars). "
    "C4: 0 ≤ `slice_sizes[i]` ≤ dim i. C5: the result has shape `slice_sizes`.",
    infer=_infer_dynamic_slice,
    reference=_dynamic_slice,
    element=_dynamic_slice_element,
    grad=lambda g, x, *starts, slice_sizes: (dynamic_update_slice(full_like(x, 0), g, *starts), *(None for _ in starts)),
)


def _infer_dynamic_update_slice(operand: Type, update: Type, *start_indices: Type) -> TensorType:
    x = rules.tensor(operand, "dynamic_update_slice.I1", "operand")
    u = rules.tensor(update, "dynamic_update_slice.I2", "update")
    rules.check_same_dtype(x, u, "dynamic_update_slice.C2", ("operand", "update"))
    check(x.rank == u.rank, "dynamic_update_slice.C3", f"`update` must have the rank of `operand`, got {u} and {x}")
    _check_starts(start_indices, x.rank, "dynamic_update_slice", "C4", "C5")
    for d, (k, n) in enumerate(zip(u.shape, x.shape, strict=True)):
        check(rules.at_most(k, n), "dynamic_update_slice.C6", f"dim {d} of `update` {u} must be at most {n}, as in {x}")
    return x


def _dynamic_update_slice(x: Array, update: Array, *starts: Array) -> Array:
    result = x.copy()
    result[tuple(slice(s, s + k) for s, k in zip(clamp_starts(starts, x.shape, update.shape), update.shape, strict=True))] = update
    return result


def _dynamic_update_slice_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    x, update, *starts = node.operands
    at = _start_dims(b, starts, x.shape, update.shape)
    bounds = [(s, i, s + k) for s, i, k, n in zip(at, index, update.shape, x.shape, strict=True) if k != n]
    inside = tuple(i - s for i, s in zip(index, at, strict=True))
    if not bounds:
        return b.read(update, inside)
    return b.within(bounds, lambda: b.read(update, inside), lambda: b.read(x, index))


dynamic_update_slice = define(
    "dynamic_update_slice",
    doc="`operand` with `update` written at `start_indices`, moved inside where it would not fit.\n\n"
    "C1: the result has the operand's type. C2: one element type. C3: one rank. C4: as many starts as dims. "
    "C5: the starts have one type (I3: integer scalars). C6: dims of `update` are at most those of `operand`.",
    infer=_infer_dynamic_update_slice,
    reference=_dynamic_update_slice,
    element=_dynamic_update_slice_element,
    grad=lambda g, x, update, *starts: (
        dynamic_update_slice(g, full_like(update, 0), *starts),
        dynamic_slice(g, *starts, slice_sizes=update.shape),
        *(None for _ in starts),
    ),
)


def _infer_pad(
    operand: Type, padding_value: Type, *, edge_padding_low: Dims, edge_padding_high: Dims, interior_padding: Dims
) -> TensorType:
    x = rules.tensor(operand, "pad.I1", "operand")
    value = rules.scalar(padding_value, "pad.I2", "padding_value")
    rules.check_same_dtype(x, value, "pad.C1", ("operand", "padding_value"))
    rules.check_count(edge_padding_low, x.rank, "pad.C2", "edge_padding_low")
    rules.check_count(edge_padding_high, x.rank, "pad.C2", "edge_padding_high")
    rules.check_count(interior_padding, x.rank, "pad.C2", "interior_padding")
    shape: list[Dim] = []
    for d, (n, low, high, inner) in enumerate(zip(x.shape, edge_padding_low, edge_padding_high, interior_padding, strict=True)):
        check(rules.at_most(0, inner), "pad.C3", f"`interior_padding` must not be negative, got {inner} for dim {d}")
        size = low + spread_size(n, inner) + high
        check(rules.at_most(0, size), "pad.C4", f"dim {d} of {x} padded by {low} and {high} would have the size {size}")
        shape.append(size)
    return x.with_shape(tuple(shape))


def spread_size(n: Dim, inner: Dim) -> Dim:
    """The size of a dim with `inner` elements put between each two; with none to part, a dim that may be empty keeps its form."""
    if inner == 0:
        return n
    if n == 0:
        return 0
    return n + maximum(n - 1, 0) * inner


def _pad(
    x: Array, value: Array, *, edge_padding_low: tuple[int, ...], edge_padding_high: tuple[int, ...], interior_padding: tuple[int, ...]
) -> Array:
    spread = [n + max(n - 1, 0) * i for n, i in zip(x.shape, interior_padding, strict=True)]
    edges = zip(spread, edge_padding_low, edge_padding_high, strict=True)
    # Negative padding takes away: write into the box with the positive paddings, then cut.
    lows, highs = [max(p, 0) for p in edge_padding_low], [max(p, 0) for p in edge_padding_high]
    full = np.full([lo + n + hi for lo, n, hi in zip(lows, spread, highs, strict=True)], value, x.dtype)
    full[tuple(slice(lo, lo + n, i + 1) for lo, n, i in zip(lows, spread, interior_padding, strict=True))] = x
    cut = [(max(-lo, 0), max(-lo, 0) + lo + n + hi) for n, lo, hi in edges]
    return full[tuple(slice(a, z) for a, z in cut)]


def _pad_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    x, value = node.operands
    lows = node.dims("edge_padding_low")
    highs = node.dims("edge_padding_high")
    inners = node.dims("interior_padding")
    bounds: list[tuple[Dim, Dim, Dim]] = []
    at: list[Dim] = []
    for n, i, low, high, inner in zip(x.shape, index, lows, highs, inners, strict=True):
        place = i - low
        if not (inner == 0 and rules.at_most(low, 0) and rules.at_most(high, 0)):
            bounds.append((0, place, spread_size(n, inner)))
        if inner != 0:
            bounds.append((0, mod(place, inner + 1), 1))
        at.append(place if inner == 0 else floordiv(place, inner + 1))
    if not bounds:
        return b.read(x, tuple(at))
    return b.within(bounds, lambda: b.read(x, tuple(at)), lambda: b.read(value, ()))


pad = define(
    "pad",
    doc="`padding_value` around (`edge_padding_low`, `edge_padding_high`, negative ones take away) and between (`interior_padding`)\n"
    "the elements.\n\n"
    "C1: one element type. C2: an entry per dim in each attribute. C3: 0 ≤ `interior_padding`. "
    "C4: dims of the result are low + n + max(n - 1, 0) · interior + high, and not negative.",
    infer=_infer_pad,
    reference=_pad,
    element=_pad_element,
    grad=pad_grad,
)
