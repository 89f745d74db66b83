"""Convolution, normalisation."""

from collections.abc import Sequence

from ....compiler.ir.attrs import ConvDims
from ....compiler.ir.dims import Dim, Expr, ceildiv, floordiv, maximum, product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.convolution import conv_shape, conv_window
from ....compiler.ops.helpers import cast, const, full_like, reshape_to
from ....proto import dtypes
from .. import build
from ..build import elementwise, op
from ..node import NodeView
from ..registry import handles

Pads = list[tuple[Dim, Dim]]


def channels_of(node: NodeView, x: Value) -> tuple[Dim, ...]:
    """The dims of a tensor [N, C, …]."""
    node.check(len(x.shape) >= 2, "shape", f"`{node.op_type}` needs a tensor [N, C, …], got {x.type}")
    return x.shape


def image_of(node: NodeView, x: Value) -> tuple[Dim, ...]:
    """The spatial sizes of an image [N, C, …]."""
    node.check(len(x.shape) >= 3, "shape", f"`{node.op_type}` needs an image [N, C, …], got {x.type}")
    return x.shape[2:]


def spatial_of(node: NodeView, x: Value) -> tuple[int, ...]:
    """The spatial sizes of an image or a kernel [N, C, …] where they must be static."""
    sizes = image_of(node, x)
    if not all(isinstance(d, int) for d in sizes):
        raise node.error("dynamic", f"`{node.op_type}` needs static spatial dims here, got {x.tensor}")
    return tuple(d for d in sizes if isinstance(d, int))


def steps_of(node: NodeView, name: str, rank: int) -> tuple[int, ...]:
    """Strides or dilations: one positive number for each spatial dim, 1 by default."""
    steps = node.ints(name, (1,) * rank)
    node.check_length(steps, rank, f"`{name}`")
    node.check(all(s > 0 for s in steps), "attribute", f"`{name}` of `{node.op_type}` must be positive, got {steps}")
    return steps


def pads_of(node: NodeView, sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Pads:
    """(before, after) per spatial dim from `pads` or `auto_pad`."""
    rank = len(sizes)
    mode = node.string("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        return given_pads(node, rank)
    if mode == "VALID":
        return [(0, 0)] * rank
    totals = [
        maximum((ceildiv(n, s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
    ]
    return [_halves(t, mode == "SAME_UPPER") for t in totals]


def _halves(total: Dim, more_behind: bool) -> tuple[Dim, Dim]:
    small, large = floordiv(total, 2), total - floordiv(total, 2)
    return (small, large) if more_behind else (large, small)


def given_pads(node: NodeView, rank: int) -> Pads:
    """(before, after) per spatial dim from `pads`, 0 by default."""
    pads = node.ints("pads", (0,) * (2 * rank))
    node.check_length(pads, 2 * rank, "`pads`")
    return list(zip(pads[:rank], pads[rank:], strict=True))


def image_dims(rank: int, swapped: bool = False) -> ConvDims:
    """Dimension numbers of NCHW images and OIHW kernels (IOHW if `swapped`)."""
    spatial = tuple(range(2, rank + 2))
    o, i = (1, 0) if swapped else (0, 1)
    return ConvDims(0, 1, spatial, i, o, spatial, 0, 1, spatial)


@handles("Conv")
def conv(node: NodeView, x: Value, w: Value, b: Value | None = None) -> Value:
    """Convolution of an image [N, C, …] with a kernel [M, C/group, …]."""
    return add_bias(convolve(node, x, w), b)


def with_channels(x: Value, count: Dim) -> Value:
    """An image [N, C, …] of which it was not known how many channels it has: they must turn out to be as many as its parameters are for."""
    return build.with_dim(x, 1, count) if len(x.shape) > 1 and isinstance(x.shape[1], Expr) and isinstance(count, int) else x


def convolve(node: NodeView, x: Value, w: Value) -> Value:
    """The convolution that a node's attributes describe."""
    x = with_channels(x, w.shape[1] * node.int("group", 1)) if len(w.shape) > 1 else x
    sizes, kernel = image_of(node, x), spatial_of(node, w)
    rank = len(sizes)
    node.check_rank(w, rank + 2)
    strides, dilations = steps_of(node, "strides", rank), steps_of(node, "dilations", rank)
    pads = tuple(pads_of(node, sizes, kernel, strides, dilations))
    dims = image_dims(rank)
    window = conv_window(w.shape, dims, strides, pads, None, dilations)
    return op(
        "convolution",
        x,
        w,
        window_strides=strides,
        padding=pads,
        rhs_dilation=dilations,
        dimension_numbers=dims,
        feature_group_count=node.int("group", 1),
        result=TensorType(x.dtype, conv_shape(x.shape, w.shape, dims, window)),
    )


def add_bias(y: Value, b: Value | None) -> Value:
    """y + b per channel (dim 1)."""
    return y if b is None else op("add", y, helpers.broadcast(b, y.shape, (1,)))


def per_channel(v: Value, like: Value) -> Value:
    """A vector over the channels (dim 1) of an image."""
    return helpers.broadcast(v, like.shape, (1,))


@handles("ConvTranspose")
def conv_transpose(node: NodeView, x: Value, w: Value, b: Value | None = None) -> Value:
    """The gradient of a convolution: the input is spread by the strides, then convolved with the turned kernel [C, M/group, …]."""
    sizes, kernel = image_of(node, x), spatial_of(node, w)
    rank, groups = len(sizes), node.int("group", 1)
    node.check_rank(w, rank + 2)
    node.check(groups > 0, "attribute", f"`group` must be positive, got {groups}")
    strides, dilations = steps_of(node, "strides", rank), steps_of(node, "dilations", rank)
    extra = node.ints("output_padding", (0,) * rank)
    node.check_length(extra, rank, "`output_padding`")
    full = [(n - 1) * s + (k - 1) * d + 1 + e for n, k, s, d, e in zip(sizes, kernel, strides, dilations, extra, strict=True)]
    pads = _transposed_pads(node, sizes, full, strides)
    around = ((k - 1) * d for k, d in zip(kernel, dilations, strict=True))
    padding = tuple((a - lo, a - hi + e) for a, e, (lo, hi) in zip(around, extra, pads, strict=True))
    dims, turned = image_dims(rank, swapped=True), _grouped_kernel(w, groups)
    window = conv_window(turned.shape, dims, None, padding, strides, dilations)
    y = op(
        "convolution",
        x,
        turned,
        window_strides=(1,) * rank,
        padding=padding,
        lhs_dilation=strides,
        rhs_dilation=dilations,
        window_reversal=(True,) * rank,
        dimension_numbers=dims,
        feature_group_count=groups,
        result=TensorType(x.dtype, conv_shape(x.shape, turned.shape, dims, window)),
    )
    return add_bias(y, b)


def _grouped_kernel(w: Value, groups: int) -> Value:
    """[C, M/g, …] as [C/g, M, …]: StableHLO keeps the groups in the output features."""
    if groups == 1:
        return w
    c, m, *spatial = w.shape
    split = reshape_to(w, (groups, floordiv(c, groups), m, *spatial))
    order = (1, 0, 2, *range(3, 3 + len(spatial)))
    return reshape_to(build.transpose(split, order), (floordiv(c, groups), m * groups, *spatial))


def _transposed_pads(node: NodeView, sizes: Sequence[Dim], full: Sequence[Dim], strides: Sequence[int]) -> Pads:
    rank = len(sizes)
    mode = node.string("auto_pad", "NOTSET")
    if node.has("output_shape"):
        shape = node.ints("output_shape")[-rank:]
        node.check_length(shape, rank, "`output_shape`")
        totals = [f - o for f, o in zip(full, shape, strict=True)]
    elif mode in ("SAME_UPPER", "SAME_LOWER"):
        totals = [f - n * s for f, n, s in zip(full, sizes, strides, strict=True)]
    else:
        return given_pads(node, rank)
    return [_halves(t, mode == "SAME_UPPER") for t in totals]


@handles("BatchNormalization")
def batch_normalization(node: NodeView, x: Value, scale: Value, bias: Value, mean: Value, variance: Value) -> tuple[Value, ...]:
    """scale·(x - mean)/√(variance + epsilon) + bias per channel, as one multiplication and one addition.

    A node that trains takes mean and variance of the batch, and gives running ones as well; before opset 14 also those of the batch.
    Before opset 9, `spatial` 0 normalizes each element of a channel on its own.
    """
    x = with_channels(x, scale.shape[0]) if len(scale.shape) == 1 else x
    axes = [0] if node.opset < 9 and not node.int("spatial", 1) else [a for a in range(len(x.shape)) if a != 1]
    if not _trains(node):
        return (_normalized(node, x, scale, bias, mean, variance),)
    wide = cast(x, variance.dtype)
    own_mean = build.mean(wide, axes)
    centred = op("subtract", wide, _spread(own_mean, x))
    own_variance = build.mean(op("multiply", centred, centred), axes)
    y = _normalized(node, x, scale, bias, own_mean, own_variance)
    momentum = node.float("momentum", 0.9)
    running = (_blend(old, reshape_to(new, old.shape), momentum) for old, new in ((mean, own_mean), (variance, own_variance)))
    return (y, *running, own_mean, own_variance)[: 3 if node.opset >= 14 else 5]


def _trains(node: NodeView) -> bool:
    if node.opset >= 14:
        return bool(node.int("training_mode", 0))
    return node.outputs > 1 and not node.int("is_test", 0)


def _normalized(node: NodeView, x: Value, scale: Value, bias: Value, mean: Value, variance: Value) -> Value:
    epsilon = full_like(variance, node.float("epsilon", 1e-5))
    factor = op("divide", cast(scale, variance.dtype), op("sqrt", op("add", variance, epsilon)))
    shift = op("subtract", cast(bias, variance.dtype), op("multiply", mean, factor))
    y = op("multiply", cast(x, variance.dtype), _spread(factor, x))
    return cast(op("add", y, _spread(shift, x)), x.dtype)


def _spread(v: Value, like: Value) -> Value:
    """A vector over the channels (dim 1) of an image, or a tensor of all its dims but the first."""
    return helpers.broadcast(v, like.shape, tuple(range(1, len(v.shape) + 1)))


def _blend(old: Value, new: Value, momentum: float) -> Value:
    kept = op("multiply", old, full_like(old, momentum))
    return op("add", kept, op("multiply", cast(new, old.dtype), full_like(old, 1 - momentum)))


@handles("InstanceNormalization")
def instance_normalization(node: NodeView, x: Value, scale: Value, bias: Value) -> Value:
    """Each channel of each image by its own mean and variance."""
    axes = tuple(range(2, len(x.shape)))
    y = normalize(x, axes, node.float("epsilon", 1e-5))
    return op("add", op("multiply", y, per_channel(scale, x)), per_channel(bias, x))


def normalize(x: Value, axes: Sequence[int], epsilon: float) -> Value:
    """(x - mean)/√(variance + epsilon) over `axes`."""
    centred = elementwise("subtract", x, build.mean(x, axes, keep=True))
    variance = build.mean(op("multiply", centred, centred), axes, keep=True)
    return elementwise("divide", centred, op("sqrt", op("add", variance, full_like(variance, epsilon))))


@handles("LayerNormalization")
def layer_normalization(node: NodeView, x: Value, scale: Value, bias: Value | None = None) -> tuple[Value, ...]:
    """Normalisation over the dims from `axis` on, in f32 at least; also the mean and the inverse deviation."""
    axis = node.axis(node.int("axis", -1), len(x.shape))
    axes = tuple(range(axis, len(x.shape)))
    inner = dtypes.F32 if node.int("stash_type", 1) == 1 and x.dtype.bits < 32 else x.dtype
    wide = cast(x, inner)
    mean = build.mean(wide, axes, keep=True)
    centred = elementwise("subtract", wide, mean)
    variance = build.mean(op("multiply", centred, centred), axes, keep=True)
    deviation = op("sqrt", op("add", variance, full_like(variance, node.float("epsilon", 1e-5))))
    y = elementwise("multiply", cast(elementwise("divide", centred, deviation), x.dtype), scale)
    if bias is not None:
        y = elementwise("add", y, bias)
    return (y, mean, op("divide", full_like(deviation, 1), deviation)) if node.outputs > 1 else (y,)


@handles("RMSNormalization")
def rms_normalization(node: NodeView, x: Value, scale: Value) -> Value:
    """x/√(mean(x²) + epsilon)·scale over the dims from `axis` on, in f32 at least; the result has the type of the scale."""
    axes = tuple(range(node.axis(node.int("axis", -1), len(x.shape)), len(x.shape)))
    wide = cast(x, dtypes.F32) if x.dtype.bits < 32 else x
    square = build.mean(op("multiply", wide, wide), axes, keep=True)
    root = op("sqrt", op("add", square, full_like(square, node.float("epsilon", 1e-5))))
    return elementwise("multiply", cast(elementwise("divide", wide, root), scale.dtype), scale)


@handles("GroupNormalization", since=21)
def group_normalization(node: NodeView, x: Value, scale: Value, bias: Value) -> Value:
    """Groups of channels by their own mean and variance."""
    groups = node.int("num_groups")
    n, c, *spatial = channels_of(node, x)
    node.check(groups > 0, "attribute", f"`GroupNormalization` in {groups} groups")
    split = reshape_to(x, (n, groups, floordiv(c, groups) * product(spatial)))
    y = reshape_to(normalize(split, (2,), node.float("epsilon", 1e-5)), x.shape)
    return op("add", op("multiply", y, per_channel(scale, x)), per_channel(bias, x))


@handles("LRN")
def local_response_normalization(node: NodeView, x: Value) -> Value:
    """x / (bias + alpha/size · Σ x² over `size` neighbouring channels)^beta."""
    size, rank = node.int("size"), len(x.shape)
    node.check(size > 0 and rank > 1, "shape", f"`LRN` of {x.type} over {size} channels")
    before = (size - 1) // 2
    padding = tuple((before, size - 1 - before) if a == 1 else (0, 0) for a in range(rank))
    squares = op(
        "reduce_window",
        op("multiply", x, x),
        const(0, x.dtype),
        window_dimensions=tuple(size if a == 1 else 1 for a in range(rank)),
        padding=padding,
        body=helpers.scalar_region("add", x.dtype),
    )
    scaled = op("multiply", squares, full_like(x, node.float("alpha", 0.0001) / size))
    base = op("add", scaled, full_like(x, node.float("bias", 1.0)))
    return op("divide", x, op("power", base, full_like(x, node.float("beta", 0.75))))


@handles("LpNormalization")
def lp_normalization(node: NodeView, x: Value) -> Value:
    """Divided by the 1- or 2-norm along an axis."""
    axis = (node.axis(node.int("axis", -1), len(x.shape)),)
    if node.int("p", 2) == 1:
        norm = build.reduce(op("abs", x), "add", axis, keep=True)
    else:
        norm = op("sqrt", build.reduce(op("multiply", x, x), "add", axis, keep=True))
    zero = build.compare("EQ", norm, full_like(norm, 0))
    return elementwise("divide", x, build.select(zero, full_like(norm, 1), norm))


@handles("MeanVarianceNormalization")
def mean_variance_normalization(node: NodeView, x: Value) -> Value:
    """(x - mean)/deviation over `axes`."""
    axes = node.axes(node.ints("axes", (0, 2, 3)), len(x.shape))
    centred = elementwise("subtract", x, build.mean(x, axes, keep=True))
    deviation = op("sqrt", build.mean(op("multiply", centred, centred), axes, keep=True))
    return elementwise("divide", centred, op("add", deviation, full_like(deviation, 1e-9)))
