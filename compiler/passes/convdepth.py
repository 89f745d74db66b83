"""Convolutions over three spatial dims as sums of convolutions over two."""

from ..ir.attrs import ConvDims
from ..ir.dims import Dim
from ..ir.graph import Node, Value
from ..ops.convolution import conv, window_of_node
from ..ops.helpers import const, reshape_to
from ..ops.nodes import node
from .canonicalize import constant_of
from .rewrite import Result, Uses, rewrite

_FLAT = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))


@rewrite("convolve-slices", "convolution")
def convolve_slices(n: Node, uses: Uses) -> Result:
    """convolution over (d, h, w) -> the sum, over the kernel's depth, of convolutions over (h, w) of slices of the input.

    The slices of a volume count as images of a batch.
    """
    dims = n.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    x, w = n.operands
    if len(dims.input_spatial) != 3 or n.attrs["batch_group_count"] != 1 or (weights := constant_of(w)) is None:
        return None
    window = window_of_node(n)
    reversal: tuple[bool, ...] = n.attr("window_reversal", tuple) if n.attrs["window_reversal"] else (False,) * 3
    depth = window.size[0]
    volume = _transposed(x, (dims.input_batch, dims.input_spatial[0], dims.input_feature, *dims.input_spatial[1:]))
    volume = _padded(volume, window.padding[0], window.base_dilation[0])
    order = (dims.kernel_spatial[0], dims.kernel_output_feature, dims.kernel_input_feature, *dims.kernel_spatial[1:])
    kernel = weights.transpose(order)
    count = n.results[0].shape[dims.output_spatial[0]]
    if not isinstance(depth, int) or not isinstance(count, int) or depth == 0 or count == 0:
        return None
    total: Value | None = None
    for k in range(depth):
        images = _slice(volume, 1, k * window.dilation[0], count, window.stride[0])
        y = conv(
            reshape_to(images, (images.shape[0] * count, *images.shape[2:])),
            const(kernel[depth - 1 - k if reversal[0] else k]),
            _FLAT,
            n.results[0].dtype,
            strides=window.stride[1:],
            padding=window.padding[1:],
            lhs_dilation=window.base_dilation[1:],
            rhs_dilation=window.dilation[1:],
            reversal=reversal[1:],
            feature_groups=n.attr("feature_group_count", int),
        )
        total = y if total is None else node("add", total, y)
    assert total is not None
    split = reshape_to(total, (x.shape[dims.input_batch], count, *total.shape[1:]))
    places = (dims.output_batch, dims.output_spatial[0], dims.output_feature, *dims.output_spatial[1:])
    return _transposed(split, tuple(places.index(d) for d in range(5)))


def _transposed(x: Value, order: tuple[int, ...]) -> Value:
    return node("transpose", x, permutation=order)


def _padded(x: Value, padding: tuple[Dim, Dim], dilation: Dim) -> Value:
    """The volume `[N, D, C, H, W]` padded and dilated in depth."""
    if padding == (0, 0) and dilation == 1:
        return x
    low, high, interior = ((0, n, 0, 0, 0) for n in (*padding, dilation - 1))
    return node("pad", x, const(0, x.dtype), edge_padding_low=low, edge_padding_high=high, interior_padding=interior)


def _slice(x: Value, dim: int, start: Dim, count: int, stride: Dim) -> Value:
    """`count` entries of `dim` from `start` on, `stride` apart."""
    starts = tuple(start if d == dim else 0 for d in range(x.tensor.rank))
    limits = tuple(start + (count - 1) * stride + 1 if d == dim else n for d, n in enumerate(x.shape))
    strides = tuple(stride if d == dim else 1 for d in range(x.tensor.rank))
    return node("slice", x, start_indices=starts, limit_indices=limits, strides=strides)
