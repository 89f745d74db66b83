"""Gradients of `dot_general` and `convolution`: products of the cotangent with the other operand."""

from ....proto.dtypes import DType
from ...ir.attrs import ConvDims, DotDims
from ...ir.dims import Dim, floordiv
from ...ir.graph import Value
from ...ir.types import Shape, TensorType
from ..nodes import node
from .common import (
    Cotangents,
    cast,
    reshape,
    transpose,
)

Sizes = tuple[Dim, ...] | None
Padding = tuple[tuple[Dim, Dim], ...] | None


def _others(rank: int, *taken: tuple[int, ...]) -> tuple[int, ...]:
    used = {d for dims in taken for d in dims}
    return tuple(d for d in range(rank) if d not in used)


def dot_grad(
    g: Value,
    lhs: Value,
    rhs: Value,
    *,
    dot_dimension_numbers: DotDims,
    precision_config: tuple[str, ...],
    algorithm: str | None,
    result: object = None,
) -> Cotangents:
    """The cotangent times the other side, over the other side's free dims."""
    d = dot_dimension_numbers
    free_l = _others(len(lhs.shape), d.lhs_batch, d.lhs_contracting)
    free_r = _others(len(rhs.shape), d.rhs_batch, d.rhs_contracting)
    batch = len(d.lhs_batch)
    rows, columns = range(batch, batch + len(free_l)), range(batch + len(free_l), len(g.shape))
    wide = g.dtype

    def side(x: Value, own: tuple[tuple[int, ...], ...], other: Value, theirs: tuple[tuple[int, ...], ...], over: range) -> Value:
        own_batch, own_contracting, own_free = own
        batch_dims, contracting, free = theirs
        dims = DotDims(tuple(range(batch)), batch_dims, tuple(over), free)
        # Free dims of the product: the cotangent's in order, then the other side's contracting dims in ascending order.
        ascending = sorted(range(len(contracting)), key=contracting.__getitem__)
        at = (*own_batch, *own_free, *(own_contracting[k] for k in ascending))
        shape = tuple(x.shape[i] for i in at)
        y = node(
            "dot_general", g, cast(other, wide), dot_dimension_numbers=dims,
            precision_config=precision_config, result=TensorType(wide, shape),
        )  # fmt: skip
        return cast(transpose(y, sorted(range(len(at)), key=at.__getitem__)), x.dtype)

    left, right = (d.lhs_batch, d.lhs_contracting, free_l), (d.rhs_batch, d.rhs_contracting, free_r)
    return side(lhs, left, rhs, right, columns), side(rhs, right, lhs, left, rows)


def _dilated(n: Dim, by: Dim) -> Dim:
    return (n - 1) * by + 1


def _split_axis(x: Value, axis: int, outer: int) -> Value:
    """Axis `axis` as two, the first of size `outer`."""
    shape = list(x.shape)
    shape[axis : axis + 1] = [outer, floordiv(shape[axis], outer)]
    return reshape(x, shape)


def _merge_axis(x: Value, axis: int, into: int) -> Value:
    """Axis `axis` moved before axis `into` (counted without it) and merged with that."""
    order = [i for i in range(len(x.shape)) if i != axis]
    order.insert(into, axis)
    moved = transpose(x, order)
    shape = list(moved.shape)
    shape[into : into + 2] = [shape[into] * shape[into + 1]]
    return reshape(moved, shape)


class _Geometry:
    """The sizes of a convolution, per spatial dim, with defaults filled in."""

    def __init__(self, lhs: Value, rhs: Value, g: Value, dims: ConvDims, strides: Sizes, padding: Padding, ld: Sizes, rd: Sizes) -> None:
        n = len(dims.input_spatial)
        self.strides, self.lhs_dilation, self.rhs_dilation = strides or (1,) * n, ld or (1,) * n, rd or (1,) * n
        self.padding = padding or ((0, 0),) * n
        self.lhs = [_dilated(lhs.shape[a], b) for a, b in zip(dims.input_spatial, self.lhs_dilation, strict=True)]
        self.rhs = [_dilated(rhs.shape[a], b) for a, b in zip(dims.kernel_spatial, self.rhs_dilation, strict=True)]
        self.out = [_dilated(g.shape[a], b) for a, b in zip(dims.output_spatial, self.strides, strict=True)]

    def to_lhs(self) -> tuple[tuple[Dim, Dim], ...]:
        """The padding of the convolution that gives the input's cotangent."""
        low = [k - 1 - lo for k, (lo, _) in zip(self.rhs, self.padding, strict=True)]
        return tuple((a, n + k - 1 - o - a) for a, n, k, o in zip(low, self.lhs, self.rhs, self.out, strict=True))

    def to_rhs(self) -> tuple[tuple[Dim, Dim], ...]:
        """The padding of the one that gives the kernel's."""
        return tuple((lo, o - n + k - lo - 1) for (lo, _), n, k, o in zip(self.padding, self.lhs, self.rhs, self.out, strict=True))


def convolution_grad(
    g: Value,
    lhs: Value,
    rhs: Value,
    *,
    window_strides: Sizes,
    padding: Padding,
    lhs_dilation: Sizes,
    rhs_dilation: Sizes,
    window_reversal: tuple[bool, ...] | None,
    dimension_numbers: ConvDims,
    feature_group_count: int,
    batch_group_count: int,
    precision_config: tuple[str, ...],
    result: object = None,
) -> Cotangents:
    """Convolutions of the cotangent with the reversed kernel, and of the input with the cotangent.

    The two are those of jax.lax's `conv_general_dilated`: strides and dilations trade places.
    """
    d = dimension_numbers
    turned = tuple(a for a, r in zip(d.kernel_spatial, window_reversal or (), strict=False) if r)
    kernel = node("reverse", rhs, dimensions=turned) if turned else rhs
    geometry = _Geometry(lhs, rhs, g, d, window_strides, padding, lhs_dilation, rhs_dilation)
    groups = (feature_group_count, batch_group_count)
    by_lhs = _lhs_grad(g, lhs, kernel, d, geometry, groups, precision_config)
    by_rhs = _rhs_grad(g, lhs, rhs, d, geometry, groups, precision_config)
    return cast(by_lhs, lhs.dtype), cast(node("reverse", by_rhs, dimensions=turned) if turned else by_rhs, rhs.dtype)


def _conv(
    x: Value,
    kernel: Value,
    dims: ConvDims,
    shape: Shape,
    dtype: DType,
    strides: tuple[Dim, ...],
    padding: tuple[tuple[Dim, Dim], ...],
    dilations: tuple[tuple[Dim, ...], tuple[Dim, ...]],
    groups: tuple[int, int],
    precision: tuple[str, ...],
) -> Value:
    return node(
        "convolution", x, kernel, window_strides=strides, padding=padding, lhs_dilation=dilations[0], rhs_dilation=dilations[1],
        dimension_numbers=dims, feature_group_count=groups[0], batch_group_count=groups[1], precision_config=precision,
        result=TensorType(dtype, shape),
    )  # fmt: skip


def _lhs_grad(
    g: Value, lhs: Value, kernel: Value, d: ConvDims, geometry: _Geometry, groups: tuple[int, int], precision: tuple[str, ...]
) -> Value:
    count = max(groups)
    inputs, outputs = d.kernel_input_feature, d.kernel_output_feature
    if count > 1:
        kernel = _merge_axis(_split_axis(kernel, outputs, count), outputs, inputs)
    backwards = node("reverse", cast(kernel, g.dtype), dimensions=d.kernel_spatial)
    dims = ConvDims(
        d.output_batch,
        d.output_feature,
        d.output_spatial,
        outputs,
        inputs,
        d.kernel_spatial,
        d.input_batch,
        d.input_feature,
        d.input_spatial,
    )
    shape = list(lhs.shape)
    if groups[1] > 1:
        shape[d.input_batch], shape[d.input_feature] = g.shape[d.output_batch], kernel.shape[inputs]
    out = _conv(
        g, backwards, dims, tuple(shape), g.dtype, geometry.lhs_dilation, geometry.to_lhs(),
        (geometry.strides, geometry.rhs_dilation), (count, 1), precision,
    )  # fmt: skip
    return _merge_axis(_split_axis(out, d.input_feature, count), d.input_feature, d.input_batch) if groups[1] > 1 else out


def _rhs_grad(
    g: Value, lhs: Value, rhs: Value, d: ConvDims, geometry: _Geometry, groups: tuple[int, int], precision: tuple[str, ...]
) -> Value:
    dims = ConvDims(
        d.input_feature, d.input_batch, d.input_spatial,
        d.output_batch, d.output_feature, d.output_spatial,
        d.kernel_input_feature, d.kernel_output_feature, d.kernel_spatial,
    )  # fmt: skip
    return _conv(
        cast(lhs, g.dtype), g, dims, rhs.shape, g.dtype, geometry.rhs_dilation, geometry.to_rhs(),
        (geometry.lhs_dilation, geometry.strides), (groups[1], groups[0]), precision,
    )  # fmt: skip
