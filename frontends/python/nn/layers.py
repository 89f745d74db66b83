"""Layers: products, look-ups, normalisations, dropout, attention."""

from math import sqrt
from typing import Any

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast_to, cast, full_like, reshape_to
from ....compiler.ops.nodes import node
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from ..numpy import elementwise as e
from ..numpy.dtypes import floating, together
from ..numpy.indexing import take
from ..numpy.linear import matmul
from ..numpy.reductions import mean as mean_of
from .activations import softmax

__all__ = [
    "attention", "batch_norm", "batch_statistics", "dropout", "embedding", "group_norm", "layer_norm", "linear", "one_hot", "rms_norm",
]  # fmt: skip


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
    from ..numpy import arange, astype, expand_dims

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
    from ..random import bernoulli

    check(0 <= rate < 1, "nn.dropout", f"the rate must lie in [0, 1), got {rate}")
    if rate == 0:
        return x
    kept = bernoulli(key, 1 - rate, x.shape)
    return e.where(kept, e.divide(x, 1 - rate), 0.0)


@lifted
def group_norm(x: Any, groups: int, scale: Any = None, bias: Any = None, epsilon: float = 1e-5) -> Value:
    """Normalised over all dims but the first, the features (the last dim) in `groups` (Wu and He, 2018).

    Groups of one feature give instance normalisation.
    """
    v = floating(x)
    features = v.shape[-1]
    check(isinstance(features, int) and features % groups == 0, "nn.group_norm", f"{features} features are not {groups} groups")
    parts = reshape_to(v, (*v.shape[:-1], groups, features // groups))
    own = (*range(1, len(v.shape) - 1), len(v.shape))
    y = reshape_to(layer_norm(parts, axis=own, epsilon=epsilon), v.shape)
    y = y if scale is None else e.multiply(y, scale)
    return y if bias is None else e.add(y, bias)


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
