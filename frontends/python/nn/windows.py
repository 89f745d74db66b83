"""Convolution and pooling. Images are [N, spatial…, C] unless `layout` says "NCHW"; kernels are [spatial…, in, out]."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ....compiler.ir.attrs import ConvDims
from ....compiler.ir.dims import Dim, ceildiv, maximum
from ....compiler.ir.graph import Value
from ....compiler.ops import convolution as convolution_ops
from ....compiler.ops.helpers import cast, const, full_like, scalar_region
from ....compiler.ops.nodes import node
from ..faults import check
from ..lift import lifted
from ..numpy.dtypes import floating, together

__all__ = ["avg_pool", "conv", "conv_transpose", "max_pool"]

Padding = Literal["SAME", "VALID"] | int | Sequence[tuple[int, int]]
Layout = Literal["NHWC", "NCHW"]


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


def _image_and_kernel(x: Any, kernel: Any, layout: str) -> tuple[Value, Value, int, tuple[int, ...]]:
    """Both of one dtype, and where the image's features and spatial dims are."""
    v, w = together(x, kernel)
    rank = len(v.shape)
    check(len(w.shape) == rank, "nn.conv", f"a kernel of rank {rank} is needed for {v.type}, got {w.type}")
    return v, w, *_image_dims(rank, layout)


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
    v, w, feature, spatial = _image_and_kernel(x, kernel, layout)
    n = len(spatial)
    window, steps, spread = tuple(w.shape[:n]), _sizes(strides, n, "strides"), _sizes(dilation, n, "dilation")
    dims = ConvDims(0, feature, spatial, n, n + 1, tuple(range(n)), 0, feature, spatial)
    edges = _edges(padding, [v.shape[i] for i in spatial], [(k - 1) * d + 1 for k, d in zip(window, spread, strict=True)], steps)
    y = convolution_ops.conv(v, w, dims, strides=steps, padding=edges, rhs_dilation=spread, feature_groups=groups)
    return _with_bias(y, bias, feature)


@lifted
def conv_transpose(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    layout: Layout = "NHWC",
) -> Value:
    """Convolution of x with strides - 1 zeros between its elements: x [N, spatial…, in], kernel [spatial…, in, out], bias [out].

    SAME gives size · stride results, VALID all that a window reaches. The kernel is not turned (as in `jax.lax.conv_transpose`).
    """
    v, w, feature, spatial = _image_and_kernel(x, kernel, layout)
    n = len(spatial)
    steps, spread = _sizes(strides, n, "strides"), _sizes(dilation, n, "dilation")
    window = [(k - 1) * d + 1 for k, d in zip(w.shape[:n], spread, strict=True)]
    edges = _transposed_edges(padding, window, steps)
    dims = ConvDims(0, feature, spatial, n, n + 1, tuple(range(n)), 0, feature, spatial)
    return _with_bias(convolution_ops.conv(v, w, dims, padding=edges, lhs_dilation=steps, rhs_dilation=spread), bias, feature)


def _transposed_edges(padding: Padding, window: Sequence[int], strides: Sequence[int]) -> tuple[tuple[Dim, Dim], ...]:
    if padding not in ("SAME", "VALID"):
        return _edges(padding, window, window, strides)
    pairs: list[tuple[Dim, Dim]] = []
    for k, s in zip(window, strides, strict=True):
        room = k + s - 2 + (max(k - s, 0) if padding == "VALID" else 0)
        low = k - 1 if padding == "VALID" or s > k - 1 else -(-room // 2)
        pairs.append((low, room - low))
    return tuple(pairs)


def _with_bias(y: Value, bias: Any, feature: int) -> Value:
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
