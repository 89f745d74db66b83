"""Convolutions of quantised images: products of bytes over patches, in images whose channels are innermost from end to end.

A patch is what one output pixel sums over, the kernel's places one after the other, the channels of each together. Padding is the zero
point, so that the corrections of a product (`quantized.py`) hold at the edges too. What follows a convolution element by element, or pools
it, is computed in its order of dims, and only what cannot be is transposed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product as index_space

import numpy as np

from ...proto.dtypes import F32, I32, U8
from ..ir.attrs import ConvDims, DotDims
from ..ir.dims import Dim, is_nonnegative, product
from ..ir.graph import Node, Region, Value, located, sort_nodes
from ..ir.types import TensorType
from ..ops.blocked import NARROW
from ..ops.convolution import window_of_node
from ..ops.helpers import broadcast, cast, const
from ..ops.nodes import node
from ..ops.registry import op_of
from ..ops.window import Window
from .affine import Affine, Spread, affine_of, spread_of
from .base import Context, region_pass
from .canonicalize import constant_of
from .quantized import as_bytes, byte_product, scaled
from .rewrite import effectful, rebuilt

_MOST = 255 * 255
_EXACT = 1 << 24  # integers up to here are f32
_GROUP = NARROW["ui8", "i8"][1]
_PER_DIM = ("window_dimensions", "window_strides", "base_dilations", "window_dilations", "padding")


@dataclass(frozen=True, slots=True)
class _Image:
    """A value in another order of dims: dim i is `order[i]` of the value it stands for."""

    value: Value
    order: tuple[int, ...]

    @property
    def plain(self) -> Value:
        return node("transpose", self.value, permutation=tuple(self.order.index(i) for i in range(len(self.order))))


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A convolution of bytes: its operands as they are meant, its window and its dims."""

    x: Affine
    w: Affine
    window: Window
    dims: ConvDims
    result: TensorType


def _convolution_of(n: Node, *, floats: bool) -> _Convolution | None:
    """What `n` is, if it is a convolution of bytes by constant ones that a product can compute; of dequantised ones only if `floats`."""
    attrs = n.attrs
    if attrs["feature_group_count"] != 1 or attrs["batch_group_count"] != 1 or any(n.ints("window_reversal")):
        return None
    if any(d != 1 for d in n.ints("lhs_dilation")) or not all(is_nonnegative(p) for pair in n.pairs("padding") for p in pair):
        return None
    x, w = (affine_of(v) for v in n.operands)
    dims, result = attrs["dimension_numbers"], n.results[0].tensor
    if x is None or w is None or not isinstance(dims, ConvDims) or constant_of(w.bytes) is None:
        return None
    of_floats = result.dtype.is_float and result.dtype.bits <= 32
    if not (result.dtype is I32 and x.scale is w.scale is None) and not (of_floats and floats):
        return None
    along_outputs = all(s is None or s.dim in (None, dims.kernel_output_feature) for s in (w.zero, w.scale))
    window = window_of_node(n)
    taps = w.bytes.tensor.size // w.bytes.shape[dims.kernel_output_feature]
    if not along_outputs or any(s is not None and s.dim is not None for s in (x.zero, x.scale)) or 0 in n.operands[0].shape:
        return None
    return _Convolution(x, w, window, dims, result) if taps * _MOST < 1 << 31 else None


def _in_floats(n: Node) -> Value | None:
    """An integer convolution of centred bytes by few taps as one of floats, in which all its sums are exact; None if `n` is none."""
    x, w = (affine_of(v) for v in n.operands)
    dims, result = n.attrs["dimension_numbers"], n.results[0].tensor
    if x is None or w is None or result.dtype is not I32 or not isinstance(dims, ConvDims):
        return None
    taps = product(d for i, d in enumerate(n.operands[1].shape) if i != dims.kernel_output_feature)
    if not isinstance(taps, int) or taps * _MOST >= _EXACT:
        return None
    attrs = {**n.attrs, "precision_config": ("HIGHEST", "HIGHEST")}  # by no algorithm that sums anything else
    floats = (cast(v, F32) for v in n.operands)
    return cast(node("convolution", *floats, **attrs, result=result.with_dtype(F32)), I32)


class _Walk:
    """Rebuilds a region from its first node to its last; `images` holds values that exist in another order of dims."""

    def __init__(self, body: Region, *, floats: bool) -> None:
        self.body, self.floats = body, floats
        self.new: dict[Value, Value] = {}
        self.images: dict[Value, _Image] = {}
        self.effects: list[Node] = []
        self.definers: list[Node] = []
        self.changed = False

    def run(self) -> Region:
        for n in self.body.nodes:
            with located(n.loc):
                self._visit(n)
        if not self.changed:
            return self.body
        results = tuple(self._plain(v) for v in self.body.results)
        return rebuilt(self.body, sort_nodes(self.body.params, results, self.effects, self.definers), results)

    def _visit(self, n: Node) -> None:
        found = _convolution_of(n, floats=self.floats) if n.op == "convolution" else None
        image = self._convolved(found) if found else self._followed(n)
        if image is not None:
            self.changed = True
            self.images[n.result] = image
            return
        regions = tuple(_Walk(r, floats=self.floats).run() for r in n.regions)
        current = replace(n, operands=tuple(self._plain(v) for v in n.operands), regions=regions)
        if n.op == "convolution" and (wide := _in_floats(current)) is not None:
            self.changed = True
            self.new[n.result] = wide
            return
        if all(a is b for a, b in zip((*current.operands, *regions), (*n.operands, *n.regions), strict=True)):
            current = n
        self.changed |= any(a is not b for a, b in zip(regions, n.regions, strict=True))
        self.new |= dict(zip(n.results, current.results, strict=True))
        if effectful(current):
            self.effects.append(current)
        elif current.defined_symbols:
            self.definers.append(current)

    def _plain(self, v: Value) -> Value:
        """`v` as the rebuilt region has it, in its own order of dims."""
        if v not in self.new and v in self.images:
            self.new[v] = self.images[v].plain
        elif v not in self.new and v.node is not None:  # what analysis made of values of the old region
            self.new[v] = v.node.with_operands(self._plain(x) for x in v.node.operands).result
        return self.new.get(v, v)

    def _in_order(self, v: Value, order: tuple[int, ...]) -> Value:
        image = self.images.get(v)
        if image is not None and image.order == order:
            return image.value
        return node("transpose", self._plain(v), permutation=order)

    def _spread(self, s: Spread | None, dim: int | None = None) -> Spread | None:
        return s and Spread(self._plain(s.value), s.dim if dim is None or s.dim is None else dim)

    # -- convolutions -----------------------------------------------------------------------------------------------------------

    def _convolved(self, c: _Convolution) -> _Image | None:
        d = c.dims
        into = (d.input_batch, *d.input_spatial, d.input_feature)
        x = Affine(self._in_order(c.x.bytes, into), self._spread(c.x.zero))
        value, zero = as_bytes(x, U8, 128)
        rank = len(c.window.size)
        nothing = const(0, U8) if zero is None else cast(zero.value, U8)
        patches = _patches(_padded(value, nothing, c.window), nothing, c.window)
        w = _matrix(c.w, d)
        kernel = Affine(w, self._spread(c.w.zero, 1), self._spread(c.w.scale, 1))
        total = byte_product(Affine(patches, zero), kernel, DotDims((), (), (rank + 1,), (0,)))
        if total is None:
            return None
        if c.result.dtype is not I32:
            scales = [s for s in (self._spread(c.x.scale), kernel.scale and Spread(kernel.scale.value, kernel.scale.dim and rank + 1)) if s]
            total = cast(scaled(total, scales), c.result.dtype)
        return _Image(total, (d.output_batch, *d.output_spatial, d.output_feature))

    # -- what follows -----------------------------------------------------------------------------------------------------------

    def _followed(self, n: Node) -> _Image | None:
        """An elementwise or pooling node in the order of the images among its operands."""
        first = next((self.images[v] for v in n.operands if v in self.images), None)
        if first is None or len(n.results) != 1 or not isinstance(n.types[0], TensorType) or len(n.types[0].shape) != len(first.order):
            return None
        result = n.types[0].with_shape(tuple(n.types[0].shape[i] for i in first.order))
        if n.op == "reduce_window" and len(n.operands) == 2:
            attrs = {k: tuple(v[i] for i in first.order) if k in _PER_DIM and v is not None else v for k, v in n.attrs.items()}  # type: ignore[index]
            operands = (first.value, self._plain(n.operands[1]))
            return _Image(replace(n, operands=operands, attrs=attrs, types=(result,), names=()).result, first.order)
        if not op_of(n).is_elementwise:
            return None
        operands = [self._aligned(v, first.order) for v in n.operands]
        if any(v is None for v in operands):
            return None
        made = replace(n, operands=tuple(v for v in operands if v is not None), types=(result,), names=())
        return _Image(made.result, first.order)

    def _aligned(self, v: Value, order: tuple[int, ...]) -> Value | None:
        """An operand of an elementwise node in an order of dims, if it costs nothing to have it so."""
        if v.tensor.rank == 0:
            return self._plain(v)
        image = self.images.get(v)
        if image is not None:
            return image.value if image.order == order else None
        s = spread_of(v)
        if s is None:
            return None
        moved = Spread(self._plain(s.value), None if s.dim is None else order.index(s.dim))
        return moved.over(tuple(v.shape[i] for i in order))


def _padded(x: Value, nothing: Value, window: Window) -> Value:
    """The image `[N, …, C]` with its zero point around it."""
    if not any(lo or hi for lo, hi in window.padding):
        return x
    low, high = ((0, *(pair[side] for pair in window.padding), 0) for side in (0, 1))
    return node("pad", x, nothing, edge_padding_low=low, edge_padding_high=high, interior_padding=(0,) * x.tensor.rank)


def _patches(x: Value, nothing: Value, window: Window) -> Value:
    """`[N, …, K]`, K being the kernel's places one after the other and the channels of each, and zero points that make it whole groups."""
    batch, *sizes, channels = x.shape
    if all(k == s == 1 for k, s in zip(window.size, window.stride, strict=True)):
        return _filled([x], nothing, x.shape[:-1], channels)
    out = [(n - ((k - 1) * d + 1)) // s + 1 for n, k, d, s in zip(sizes, window.size, window.dilation, window.stride, strict=True)]
    parts: list[Value] = []
    for place in index_space(*(range(int(k)) for k in window.size)):  # type: ignore[arg-type]
        start = [p * d for p, d in zip(place, window.dilation, strict=True)]
        # What the last place of the kernel leaves, and not the last element read: of symbolic sizes it is plain that it lies inside.
        limit = [n - (k - 1 - p) * d for n, k, p, d in zip(sizes, window.size, place, window.dilation, strict=True)]
        strides = (1, *window.stride, 1)
        parts.append(node("slice", x, start_indices=(0, *start, 0), limit_indices=(batch, *limit, channels), strides=strides))
    patches = _filled(parts, nothing, parts[0].shape[:-1], len(parts) * channels)
    result = x.tensor.with_shape((batch, *out, patches.shape[-1]))
    # Of symbolic sizes and strides the same number may be written otherwise: the program compares them.
    return patches if patches.type == result else node("weft.check_shape", patches, result=result)


def _filled(parts: list[Value], nothing: Value, lead: Sequence[Dim], depth: Dim) -> Value:
    missing = -depth % _GROUP
    if missing != 0:
        parts.append(broadcast(nothing, (*lead, missing), ()))
    return parts[0] if len(parts) == 1 else node("concatenate", *parts, dimension=len(lead))


def _matrix(w: Affine, dims: ConvDims) -> Value:
    """The kernel's bytes as `[K, O]`, in the order of patches; rows that meet what fills these up count for nothing."""
    array = constant_of(w.bytes)
    assert array is not None
    matrix = array.transpose(*dims.kernel_spatial, dims.kernel_input_feature, dims.kernel_output_feature)
    matrix = matrix.reshape(-1, matrix.shape[-1])
    rows = np.zeros((-matrix.shape[0] % _GROUP, matrix.shape[1]), matrix.dtype)
    return const(np.concatenate([matrix, rows]))


@region_pass("quantized-convolutions")
def quantized_convolutions(body: Region, context: Context) -> Region:
    """Convolutions of bytes become products over patches; those of dequantised images where the target multiplies bytes fast."""
    return _Walk(body, floats=context.cpu().has_vnni).run()
