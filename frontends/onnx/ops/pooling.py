"""Pooling, its inverse, and the inverse of cutting an image into blocks."""

from collections.abc import Sequence
from math import prod

from ....compiler.ir.attrs import ScatterDims
from ....compiler.ir.dims import Dim, ceildiv, maximum, minimum
from ....compiler.ir.dims import product as size_product
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.bodies import identity_of
from ....compiler.ops.helpers import const, full_like, reshape_to, splat
from ....compiler.ops.picks import pick_body
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles
from .nn import Pads, image_of, pads_of, spatial_of, steps_of


def _window(node: NodeView, x: Value) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], Pads, Pads]:
    """kernel, strides, dilations, pads as given, pads that also let the last window of `ceil_mode` fit."""
    sizes, kernel = image_of(node, x), node.ints("kernel_shape")
    rank = len(sizes)
    node.check_length(kernel, rank, "`kernel_shape`")
    node.check(all(k > 0 for k in kernel), "attribute", f"`kernel_shape` must be positive, got {kernel}")
    strides, dilations = steps_of(node, "strides", rank), steps_of(node, "dilations", rank)
    pads = pads_of(node, sizes, kernel, strides, dilations)
    if not node.int("ceil_mode", 0):
        return kernel, strides, dilations, pads, pads
    wide: Pads = []
    for n, k, s, d, (lo, hi) in zip(sizes, kernel, strides, dilations, pads, strict=True):
        reach = (k - 1) * d + 1
        # A window that would begin in the padding behind the image does not count.
        out = minimum(ceildiv(n + lo + hi - reach, s) + 1, ceildiv(n + lo, s))
        wide.append((lo, maximum(hi, (out - 1) * s + reach - n - lo)))
    return kernel, strides, dilations, pads, wide


def _reduce_window(x: Value, monoid: str, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Pads) -> Value:
    init = const(identity_of(monoid, x.dtype), x.dtype)
    return op(
        "reduce_window",
        x,
        init,
        window_dimensions=(1, 1, *kernel),
        window_strides=(1, 1, *strides),
        window_dilations=(1, 1, *dilations),
        padding=((0, 0), (0, 0), *pads),
        body=helpers.scalar_region(build.MONOID_OPS[monoid], x.dtype),
    )


@handles("MaxPool")
def max_pool(node: NodeView, x: Value) -> Value | tuple[Value, Value]:
    """The maximum of each window, and where it was if that is asked for."""
    kernel, strides, dilations, _, pads = _window(node, x)
    if node.outputs > 1:
        return _max_with_indices(node, x, kernel, strides, dilations, pads)
    return _reduce_window(x, "max", kernel, strides, dilations, pads)


def _max_with_indices(
    node: NodeView, x: Value, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Pads
) -> tuple[Value, Value]:
    """The maximum of each window of an image and its place (i64) in the flat tensor, whose images `storage_order` 1 reads by columns."""
    index = _flat_index(x, by_columns=bool(node.int("storage_order", 0)))
    start, none = const(identity_of("max", x.dtype), x.dtype), const(1 << 62, dtypes.I64)
    results = op_of("reduce_window")(
        x,
        index,
        start,
        none,
        window_dimensions=(1, 1, *kernel),
        window_strides=(1, 1, *strides),
        window_dilations=(1, 1, *dilations),
        padding=((0, 0), (0, 0), *pads),
        body=pick_body(x.dtype, dtypes.I64, "max"),
    )
    assert isinstance(results, tuple)
    return results[0], results[1]


def _flat_index(x: Value, *, by_columns: bool) -> Value:
    n, c, *spatial = x.shape
    flat = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, (size_product(x.shape),)))
    if not by_columns:
        return reshape_to(flat, x.shape)
    turned = reshape_to(flat, (n, c, *reversed(spatial)))
    return build.transpose(turned, (0, 1, *range(len(x.shape) - 1, 1, -1)))


@handles("AveragePool")
def average_pool(node: NodeView, x: Value) -> Value:
    """The mean of each window; padding counts only if `count_include_pad`."""
    kernel, strides, dilations, pads, wide = _window(node, x)
    total = _reduce_window(x, "add", kernel, strides, dilations, wide)
    inner = pads if node.int("count_include_pad", 0) else [(0, 0)] * len(pads)
    outer = [(wlo - lo, whi - hi) for (lo, hi), (wlo, whi) in zip(inner, wide, strict=True)]
    if all(o == (0, 0) for o in outer):
        return op("divide", total, full_like(total, prod(kernel)))
    for axis, n in enumerate(image_of(node, x)):
        count = _counts(x, n + inner[axis][0] + inner[axis][1], kernel[axis], strides[axis], dilations[axis], outer[axis])
        total = op("divide", total, helpers.broadcast(count, total.shape, (axis + 2,)))
    return total


def _counts(x: Value, n: Dim, kernel: int, stride: int, dilation: int, pads: tuple[Dim, Dim]) -> Value:
    """How many of n elements each window along an axis averages."""
    return op(
        "reduce_window",
        splat(1, TensorType(x.dtype, (n,))),
        const(0, x.dtype),
        window_dimensions=(kernel,),
        window_strides=(stride,),
        window_dilations=(dilation,),
        padding=(pads,),
        body=helpers.scalar_region("add", x.dtype),
    )


@handles("LpPool")
def lp_pool(node: NodeView, x: Value) -> Value:
    """The p-norm of each window."""
    kernel, strides, dilations, _, pads = _window(node, x)
    p = _norm(node)
    total = _reduce_window(op("power", op("abs", x), full_like(x, p)), "add", kernel, strides, dilations, pads)
    return op("power", total, full_like(total, 1 / p))


def _norm(node: NodeView) -> float:
    p = node.int("p", 2) if node.opset >= 2 else node.float("p", 2.0)
    node.check(p > 0, "attribute", f"`p` of `{node.op_type}` must be positive, got {p}")
    return p


@handles("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(node: NodeView, x: Value) -> Value:
    """Over all spatial dims."""
    node.check(len(x.shape) > 2, "shape", f"`{node.op_type}` needs an image [N, C, …], got {x.type}")
    axes = tuple(range(2, len(x.shape)))
    match node.op_type:
        case "GlobalAveragePool":
            return build.mean(x, axes, keep=True)
        case "GlobalMaxPool":
            return build.reduce(x, "max", axes, keep=True)
        case _:
            p = _norm(node)
            total = build.reduce(op("power", op("abs", x), full_like(x, p)), "add", axes, keep=True)
            return op("power", total, full_like(total, 1 / p))


@handles("MaxUnpool")
def max_unpool(node: NodeView, x: Value, indices: Value, output_shape: Value | None = None) -> Value:
    """0 but for the elements of x at their places in the flat image that was pooled; `output_shape` adds zeros behind it."""
    sizes, kernel = spatial_of(node, x), node.ints("kernel_shape")
    rank = len(sizes)
    node.check_length(kernel, rank, "`kernel_shape`")
    node.check(indices.shape == x.shape, "shape", f"indices {indices.type} do not fit {x.type}")
    strides, pads = steps_of(node, "strides", rank), node.ints("pads", (0,) * (2 * rank))
    node.check_length(pads, 2 * rank, "`pads`")
    spatial = [(n - 1) * s + k - lo - hi for n, s, k, lo, hi in zip(sizes, strides, kernel, pads[:rank], pads[rank:], strict=True)]
    node.check(all(n >= 0 for n in spatial), "shape", f"`MaxUnpool` of {x.type} gives {spatial}")
    shape = (*x.shape[:2], *spatial)
    zeros = splat(0, TensorType(x.dtype, (size_product(shape),)))
    count = size_product(x.shape)
    old, new = param(TensorType(x.dtype, ())), param(TensorType(x.dtype, ()))
    y = op(
        "scatter",
        zeros,
        reshape_to(indices, (count, 1)),
        reshape_to(x, (count,)),
        scatter_dimension_numbers=ScatterDims((), (0,), (), (), (0,), 1),
        update_computation=region((old, new), (new,)),
    )
    y = reshape_to(y, shape)
    if output_shape is None:
        return y
    wanted = node.dims(output_shape, "the shape")
    node.check_length(wanted, rank + 2, "the shape")
    return build.pad(y, [0] * (rank + 2), [w - n for w, n in zip(wanted, shape, strict=True)])
