"""Layers as functions: activations, normalisations, convolution, pooling, attention, losses.

Parameters are arguments, so every function is pure. Images are [N, H, W, C] unless `layout` says "NCHW"; kernels are [h, w, in, out].
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, Literal

import numpy as np

from ...compiler.ir.attrs import ConvDims
from ...compiler.ir.dims import Dim, ceildiv, maximum
from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops import convolution as convolution_ops
from ...compiler.ops.helpers import broadcast_to, cast, const, full_like, scalar_region
from ...compiler.ops.nodes import node
from ...proto.dtypes import I64
from ...proto.errors import check
from .lift import lifted
from .numpy import elementwise as e
from .numpy.dtypes import floating, together
from .numpy.indexing import take
from .numpy.linear import matmul
from .numpy.reductions import axes_of, fold
from .numpy.reductions import mean as mean_of

Padding = Literal["SAME", "VALID"] | int | Sequence[tuple[int, int]]
Layout = Literal["NHWC", "NCHW"]


# Activations


@lifted
def relu(x: Any) -> Value:
    """max(x, 0)."""
    (v,) = together(x)
    return node("maximum", v, full_like(v, 0))


@lifted
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Value:
    """x where positive, else negative_slope · x."""
    v = floating(x)
    positive = node("compare", v, full_like(v, 0), comparison_direction="GE")
    return node("select", positive, v, node("multiply", v, full_like(v, negative_slope)))


@lifted
def elu(x: Any, alpha: float = 1.0) -> Value:
    """x where positive, else alpha · (e^x - 1)."""
    v = floating(x)
    zero = full_like(v, 0)
    below = node("multiply", node("exponential_minus_one", node("minimum", v, zero)), full_like(v, alpha))
    return node("select", node("compare", v, zero, comparison_direction="GT"), v, below)


@lifted
def silu(x: Any) -> Value:
    """x · sigmoid(x)."""
    v = floating(x)
    return node("multiply", v, node("logistic", v))


@lifted
def gelu(x: Any, approximate: bool = False) -> Value:
    """x · Φ(x); with `approximate` by tanh (Hendrycks and Gimpel, 2016)."""
    v = floating(x)
    if approximate:
        cubed = node("multiply", node("multiply", v, v), v)
        inner = node("add", v, node("multiply", cubed, full_like(v, 0.044715)))
        gate = node("tanh", node("multiply", inner, full_like(v, sqrt(2 / np.pi))))
    else:
        gate = node("weft.erf", node("multiply", v, full_like(v, sqrt(0.5))))
    return node("multiply", node("multiply", v, full_like(v, 0.5)), node("add", gate, full_like(v, 1)))


@lifted
def softplus(x: Any) -> Value:
    """log(1 + e^x), without overflow."""
    v = floating(x)
    rest = node("log_plus_one", node("exponential", node("negate", node("abs", v))))
    return node("add", node("maximum", v, full_like(v, 0)), rest)


def _centred(v: Value, axis: Any) -> Value:
    top = node("weft.stop_gradient", fold(v, "max", axis, True))
    return node("subtract", v, broadcast_to(top, v.shape))


@lifted
def softmax(x: Any, axis: Any = -1) -> Value:
    """e^x / Σ e^x over an axis (or several)."""
    powers = node("exponential", _centred(floating(x), axis))
    return node("divide", powers, broadcast_to(fold(powers, "add", axis, True), powers.shape))


@lifted
def log_softmax(x: Any, axis: Any = -1) -> Value:
    """log(softmax(x)), without underflow."""
    centred = _centred(floating(x), axis)
    total = fold(node("exponential", centred), "add", axis, True)
    return node("subtract", centred, broadcast_to(node("log", total), centred.shape))


@lifted
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """log Σ e^x, without overflow."""
    v = floating(x)
    top = node("weft.stop_gradient", fold(v, "max", axis, True))
    total = fold(node("exponential", node("subtract", v, broadcast_to(top, v.shape))), "add", axis, True)
    whole = node("add", node("log", total), top)
    if keepdims:
        return whole
    axes = axes_of(axis, len(v.shape))
    shape = tuple(n for i, n in enumerate(v.shape) if i not in axes)
    return node("reshape", whole, result=whole.tensor.with_shape(shape))


# Layers


@lifted
def linear(x: Any, kernel: Any, bias: Any = None) -> Value:
    """x @ kernel + bias: kernel [in, out], bias [out]."""
    y = matmul(x, kernel)
    return y if bias is None else e.add(y, bias)


@lifted
def embedding(table: Any, indices: Any) -> Value:
    """Rows of a table [rows, width] at integer indices."""
    return take(table, indices, axis=0)


def one_hot(indices: Any, classes: int, dtype: Any = np.float32) -> Any:
    """1 at the index and 0 elsewhere, along a new last dim."""
    from .numpy import arange, astype, expand_dims

    return astype(e.equal(expand_dims(indices, axis=-1), arange(classes)), dtype)


@lifted
def layer_norm(x: Any, scale: Any = None, bias: Any = None, axis: Any = -1, epsilon: float = 1e-5) -> Value:
    """(x - mean) / √(variance + epsilon) over an axis, times scale, plus bias (Ba et al., 2016)."""
    v = floating(x)
    centred = node("subtract", v, broadcast_to(mean_of(v, axis=axis, keepdims=True), v.shape))
    variance = mean_of(node("multiply", centred, centred), axis=axis, keepdims=True)
    y = node("multiply", centred, broadcast_to(node("rsqrt", node("add", variance, full_like(variance, epsilon))), v.shape))
    y = y if scale is None else e.multiply(y, scale)
    return y if bias is None else e.add(y, bias)


@lifted
def rms_norm(x: Any, scale: Any = None, axis: Any = -1, epsilon: float = 1e-6) -> Value:
    """x / √(mean(x²) + epsilon), times scale (Zhang and Sennrich, 2019)."""
    v = floating(x)
    power = mean_of(node("multiply", v, v), axis=axis, keepdims=True)
    y = node("multiply", v, broadcast_to(node("rsqrt", node("add", power, full_like(power, epsilon))), v.shape))
    return y if scale is None else e.multiply(y, scale)


@lifted
def batch_norm(x: Any, scale: Any, bias: Any, mean: Any, variance: Any, axis: int = -1, epsilon: float = 1e-5) -> Value:
    """Normalised by given statistics of each feature (Ioffe and Szegedy, 2015); `batch_statistics(x)` gives those of a batch."""
    v = floating(x)
    d = axis % len(v.shape)

    def along(p: Any) -> Value:
        q = together(p)[0]
        return node("broadcast_in_dim", cast(q, v.dtype), broadcast_dimensions=(d,), result=v.tensor)

    spread_scale = node("multiply", along(scale), node("rsqrt", node("add", along(variance), full_like(v, epsilon))))
    return node("add", node("multiply", node("subtract", v, along(mean)), spread_scale), along(bias))


@lifted
def batch_statistics(x: Any, axis: int = -1) -> tuple[Value, Value]:
    """Mean and variance of every feature over all other dims."""
    v = floating(x)
    others = tuple(i for i in range(len(v.shape)) if i != axis % len(v.shape))
    mean = mean_of(v, axis=others, keepdims=True)
    centred = node("subtract", v, broadcast_to(mean, v.shape))
    return mean_of(v, axis=others), mean_of(node("multiply", centred, centred), axis=others)


def dropout(key: Any, x: Any, rate: float) -> Any:
    """Elements set to 0 with probability `rate`, the others scaled by 1 / (1 - rate)."""
    from .random import bernoulli

    check(0 <= rate < 1, "nn.dropout", f"the rate must lie in [0, 1), got {rate}")
    if rate == 0:
        return x
    kept = bernoulli(key, 1 - rate, x.shape)
    return e.where(kept, e.divide(x, 1 - rate), 0.0)


# Windows


def _sizes(value: int | Sequence[int], n: int, what: str) -> tuple[int, ...]:
    found = (value,) * n if isinstance(value, int) else tuple(value)
    check(len(found) == n, f"nn.{what}", f"{what} {value} must have {n} entries")
    return found


def _edges(padding: Padding, spatial: Sequence[Dim], window: Sequence[int], strides: Sequence[int]) -> tuple[tuple[Dim, Dim], ...]:
    """Low and high padding per dim; SAME gives ⌈size / stride⌉ results."""
    if isinstance(padding, int):
        return ((padding, padding),) * len(window)
    if not isinstance(padding, str):
        found = tuple((int(a), int(b)) for a, b in padding)
        check(len(found) == len(window), "nn.padding", f"padding {padding} must have {len(window)} pairs")
        return found
    check(padding in ("SAME", "VALID"), "nn.padding", f'padding is "SAME", "VALID", a number or pairs of numbers, got {padding!r}')
    if padding == "VALID":
        return ((0, 0),) * len(window)
    pairs: list[tuple[Dim, Dim]] = []
    for n, k, s in zip(spatial, window, strides, strict=True):
        room = maximum(0, (ceildiv(n, s) - 1) * s + k - n)
        pairs.append((room // 2, room - room // 2))
    return tuple(pairs)


def _image_dims(rank: int, layout: str) -> tuple[int, tuple[int, ...]]:
    """Where features and spatial dims are."""
    check(layout in ("NHWC", "NCHW"), "nn.layout", f'layout is "NHWC" or "NCHW", got {layout!r}')
    return (rank - 1, tuple(range(1, rank - 1))) if layout == "NHWC" else (1, tuple(range(2, rank)))


@lifted
def conv(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    layout: Layout = "NHWC",
) -> Value:
    """Convolution over one or more spatial dims: x [N, spatial..., in], kernel [spatial..., in / groups, out], bias [out]."""
    v, w = together(x, kernel)
    rank = len(v.shape)
    check(len(w.shape) == rank, "nn.conv", f"a kernel of rank {rank} is needed for {v.type}, got {w.type}")
    feature, spatial = _image_dims(rank, layout)
    n = len(spatial)
    window, steps, spread = tuple(w.shape[:n]), _sizes(strides, n, "strides"), _sizes(dilation, n, "dilation")
    dims = ConvDims(0, feature, spatial, n, n + 1, tuple(range(n)), 0, feature, spatial)
    edges = _edges(padding, [v.shape[i] for i in spatial], [(k - 1) * d + 1 for k, d in zip(window, spread, strict=True)], steps)
    y = convolution_ops.conv(v, w, dims, strides=steps, padding=edges, rhs_dilation=spread, feature_groups=groups)
    if bias is None:
        return y
    (b,) = together(bias)
    return node("add", y, node("broadcast_in_dim", cast(b, y.dtype), broadcast_dimensions=(feature,), result=y.tensor))


def _pool(x: Value, op: str, start: float, window: Any, strides: Any, padding: Padding, layout: str) -> Value:
    rank = len(x.shape)
    _, spatial = _image_dims(rank, layout)
    size, steps = _sizes(window, len(spatial), "window"), _sizes(window if strides is None else strides, len(spatial), "strides")
    edges = _edges(padding, [x.shape[i] for i in spatial], size, steps)

    def whole(part: Sequence[Any], rest: Any) -> tuple[Any, ...]:
        return tuple(part[spatial.index(i)] if i in spatial else rest for i in range(rank))

    return node(
        "reduce_window", x, const(start, x.dtype),
        window_dimensions=whole(size, 1), window_strides=whole(steps, 1), padding=whole(edges, (0, 0)), body=scalar_region(op, x.dtype),
    )  # fmt: skip


@lifted
def max_pool(x: Any, window: int | Sequence[int], strides: Any = None, padding: Padding = "VALID", layout: Layout = "NHWC") -> Value:
    """The largest element of every window; strides are the window's sizes unless given."""
    return _pool(floating(x), "maximum", -np.inf, window, strides, padding, layout)


@lifted
def avg_pool(x: Any, window: int | Sequence[int], strides: Any = None, padding: Padding = "VALID", layout: Layout = "NHWC") -> Value:
    """The mean of every window, of its elements inside the image."""
    v = floating(x)
    total = _pool(v, "add", 0.0, window, strides, padding, layout)
    count = _pool(full_like(v, 1), "add", 0.0, window, strides, padding, layout)
    return node("divide", total, count)


@lifted
def attention(query: Any, key: Any, value: Any, mask: Any = None, *, causal: bool = False, scale: float | None = None) -> Value:
    """softmax(query · keyᵀ · scale) · value (Vaswani et al., 2017): [..., heads, length, width]; `mask` is true where keys may be seen."""
    q, k, v = together(query, key, value)
    width, lengths = q.shape[-1], (q.shape[-2], k.shape[-2])
    swapped = node("transpose", k, permutation=(*range(len(k.shape) - 2), len(k.shape) - 1, len(k.shape) - 2))
    scores = matmul(q, swapped)
    scores = node("multiply", scores, full_like(scores, 1 / sqrt(width) if scale is None else scale))
    seen: Value | None = None if mask is None else broadcast_to(together(mask)[0], scores.shape)
    if causal:
        grid = TensorType(I64, lengths)
        row, column = node("iota", iota_dimension=0, result=grid), node("iota", iota_dimension=1, result=grid)
        past = broadcast_to(node("compare", row, column, comparison_direction="GE"), scores.shape)
        seen = past if seen is None else node("and", seen, past)
    if seen is not None:
        scores = node("select", seen, scores, full_like(scores, -1e30 if scores.dtype.bits >= 32 else -6e4))
    return matmul(softmax(scores, axis=-1), v)


# Losses: one number, the mean over the batch


def mse_loss(prediction: Any, target: Any) -> Any:
    """mean((prediction - target)²)."""
    return mean_of(e.square(e.subtract(prediction, target)))


def cross_entropy(logits: Any, labels: Any, axis: int = -1) -> Any:
    """-mean(log softmax(logits)) at the labels: integers, or probabilities of the shape of the logits."""
    logs = log_softmax(logits, axis=axis)
    if len(labels.shape) < len(logits.shape):
        labels = one_hot(labels, logits.shape[axis], logs.dtype)
    from .numpy.reductions import sum as sum_of

    return e.negative(mean_of(sum_of(e.multiply(logs, labels), axis=axis)))


def binary_cross_entropy(logits: Any, labels: Any) -> Any:
    """mean(softplus(logits) - labels · logits): labels are 0, 1 or between."""
    return mean_of(e.subtract(softplus(logits), e.multiply(labels, logits)))


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return e.sigmoid(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return e.tanh(x)
