"""`Resize` and `Upsample`: each axis is a weighted sum of a few elements whose places are known while importing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles
from .indexing import take


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis to resize: old and new size, the scale, and the region of `tf_crop_and_resize`."""

    index: int
    old: int
    new: int
    scale: float
    begin: float = 0.0
    end: float = 1.0


@handles("Upsample")
def upsample_attribute(node: NodeView, x: Value) -> Value:
    """By factors given as an attribute."""
    return _resize(node, x, _scaled(node, x, node.floats("scales"), range(len(x.shape)), ()))


@handles("Upsample", since=9)
def upsample(node: NodeView, x: Value, scales: Value) -> Value:
    """By factors, nearest below or linear."""
    return _resize(node, x, _scaled(node, x, _floats(node, scales), range(len(x.shape)), ()))


@handles("Resize", since=10)
def resize_by(node: NodeView, x: Value, scales: Value) -> Value:
    """As `Upsample`; factors may be less than 1."""
    return _resize(node, x, _scaled(node, x, _floats(node, scales), range(len(x.shape)), ()))


@handles("Resize", since=11)
def resize(node: NodeView, x: Value, roi: Value | None = None, scales: Value | None = None, sizes: Value | None = None) -> Value:
    """To sizes or by factors, by nearest, linear or cubic interpolation."""
    rank = len(x.shape)
    axes = node.axes(node.ints("axes"), rank) if node.has("axes") else tuple(range(rank))
    crop = node.string("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
    region = _floats(node, roi) if roi is not None and crop else ()
    if sizes is not None and sizes.shape != (0,):
        return _resize(node, x, _sized(node, x, node.numbers(sizes, "the sizes"), axes, region))
    if scales is None:
        raise node.error("arity", "`Resize` needs scales or sizes")
    return _resize(node, x, _scaled(node, x, _floats(node, scales), axes, region))


def _floats(node: NodeView, value: Value) -> list[float]:
    contents = node.known(value)
    if contents is None:
        raise node.error("dynamic", f"the scales of `{node.op_type}` depend on data")
    return [float(v) for v in contents.reshape(-1)]


def _bounds(node: NodeView, region: Sequence[float], count: int) -> list[tuple[float, float]]:
    if not region:
        return [(0.0, 1.0)] * count
    node.check_length(region, 2 * count, "the region of interest")
    return list(zip(region[:count], region[count:], strict=True))


def _old_size(node: NodeView, x: Value, axis: int) -> int:
    n = x.shape[axis]
    if not isinstance(n, int):
        raise node.error("dynamic", f"`{node.op_type}` needs a static size along axis {axis} of {x.type}")
    node.check(n > 0, "size", f"`{node.op_type}` of {x.type} along axis {axis}")
    node.check_limit("table_elements", n, f"of {x.type} along axis {axis}")
    return n


def _scaled(node: NodeView, x: Value, scales: Sequence[float], axes: Sequence[int], region: Sequence[float]) -> list[Axis]:
    node.check_length(scales, len(axes), "the scales")
    result: list[Axis] = []
    for axis, scale, (begin, end) in zip(axes, scales, _bounds(node, region, len(axes)), strict=True):
        if scale == 1 and (begin, end) == (0, 1):
            continue
        old = _old_size(node, x, axis)
        most = node.limits.table_elements
        node.check(0 < scale < most and old * scale < most, "attribute", f"a scale of `{node.op_type}` is {scale}")
        # f32 arithmetic, as the scales are f32: 3 · 0.6 is below or above an integer accordingly.
        new = int(np.floor(np.float32(old) * np.float32(scale) * np.float32(end - begin)))
        result.append(Axis(axis, old, new, scale, begin, end))
    return result


def _sized(node: NodeView, x: Value, sizes: Sequence[int], axes: Sequence[int], region: Sequence[float]) -> list[Axis]:
    node.check_length(sizes, len(axes), "the sizes")
    node.check(min(sizes, default=0) >= 0, "attribute", f"the sizes of `Resize` are {list(sizes)}")
    node.check_limit("table_elements", max(sizes, default=0), f"to the sizes {list(sizes)}")
    policy = node.string("keep_aspect_ratio_policy", "stretch")
    bounds = _bounds(node, region, len(axes))
    changed = [(a, s, b) for a, s, b in zip(axes, sizes, bounds, strict=True) if s != x.shape[a] or b != (0, 1) or policy != "stretch"]
    olds = [_old_size(node, x, a) for a, _, _ in changed]
    ratios = [s / old for (_, s, _), old in zip(changed, olds, strict=True)]
    if policy != "stretch" and ratios:
        ratio = min(ratios) if policy == "not_larger" else max(ratios)
        return [Axis(a, old, int(old * ratio + 0.5), ratio) for (a, _, _), old in zip(changed, olds, strict=True)]
    return [Axis(a, old, s, r, *b) for (a, s, b), old, r in zip(changed, olds, ratios, strict=True)]


def _resize(node: NodeView, x: Value, axes: Sequence[Axis]) -> Value:
    mode = node.string("mode", "nearest")
    for axis in axes:
        node.check_limit("table_elements", axis.new, f"to {axis.new} elements along axis {axis.index}")
        places = _places(node, axis)
        if mode == "nearest":
            at = np.clip(_nearest(node, places), 0, axis.old - 1).astype(np.int64)
            y = take(x, const(at), axis.index)
        else:
            y = _interpolated(x, axis, *_taps(node, axis, places, _kernel(node, mode)))
        x = _extrapolated(node, y, axis, places)
    return x


def _places(node: NodeView, a: Axis) -> np.ndarray:
    """For each new element, its coordinate among the old ones."""
    i = np.arange(a.new, dtype=np.float64)
    legacy = "asymmetric" if node.op_type == "Upsample" or node.opset < 11 else "half_pixel"
    match node.string("coordinate_transformation_mode", legacy):
        case "half_pixel":
            return (i + 0.5) / a.scale - 0.5
        case "pytorch_half_pixel":
            return (i + 0.5) / a.scale - 0.5 if a.new > 1 else 0 * i
        case "half_pixel_symmetric":
            adjusted = a.new / (a.old * a.scale)
            return a.old / 2 * (1 - adjusted) + (i + 0.5) / a.scale - 0.5
        case "asymmetric":
            return i / a.scale
        case "align_corners":
            length = a.old * a.scale  # of the result, before it is cut to whole elements
            return i * (a.old - 1) / (length - 1) if length > 1 else 0 * i
        case "tf_half_pixel_for_nn":
            return (i + 0.5) / a.scale
        case "tf_crop_and_resize":
            span = (a.end - a.begin) * (a.old - 1)
            return a.begin * (a.old - 1) + i * span / (a.new - 1) if a.new > 1 else 0 * i + 0.5 * (a.begin + a.end) * (a.old - 1)
        case other:
            raise node.error("unsupported", f"`coordinate_transformation_mode` {other!r} is not supported")


def _nearest(node: NodeView, places: np.ndarray) -> np.ndarray:
    legacy = "floor" if node.op_type == "Upsample" or node.opset < 11 else "round_prefer_floor"
    match node.string("nearest_mode", legacy):
        case "round_prefer_floor":
            return np.ceil(places - 0.5)
        case "round_prefer_ceil":
            return np.floor(places + 0.5)
        case "floor":
            return np.floor(places)
        case "ceil":
            return np.ceil(places)
        case other:
            raise node.error("unsupported", f"`nearest_mode` {other!r} is not supported")


def _kernel(node: NodeView, mode: str) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    """Half the support of an interpolation kernel, and the kernel as a function of distance."""
    match mode:
        case "linear" | "bilinear":
            return 1, lambda d: np.maximum(1 - d, 0)
        case "cubic":
            a = node.float("cubic_coeff_a", -0.75)
            near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1  # noqa: E731 - two pieces of one curve
            far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # noqa: E731
            return 2, lambda d: np.where(d <= 1, near(d), np.where(d < 2, far(d), 0))
        case other:
            raise node.error("unsupported", f"mode {other!r} of `{node.op_type}` is not supported")


def _taps(
    node: NodeView, axis: Axis, places: np.ndarray, kernel: tuple[int, Callable[[np.ndarray], np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Old positions and weights [taps, new size] of every new element; positions beyond the ends count as the ends."""
    support, weight = kernel
    stretch = max(1.0, 1 / axis.scale) if node.int("antialias", 0) else 1.0
    reach = int(np.ceil(support * stretch))
    node.check_limit("unrolled", reach, f"of {axis.old} elements to {axis.new} takes many together")
    node.check_limit("table_elements", reach * axis.new, f"of {axis.old} elements to {axis.new}")
    at = np.floor(places) + np.arange(1 - reach, reach + 1)[:, None]
    weights = weight(np.abs(at - places) / stretch)
    outside = (at < 0) | (at >= axis.old)
    if node.int("exclude_outside", 0):
        weights = np.where(outside, 0, weights)
    if stretch > 1 or node.int("exclude_outside", 0):
        weights = weights / weights.sum(0)
    return np.clip(at, 0, axis.old - 1).astype(np.int64), weights


def _interpolated(x: Value, axis: Axis, at: np.ndarray, weights: np.ndarray) -> Value:
    total: Value | None = None
    for row, w in zip(at, weights, strict=True):
        if not w.any():
            continue
        picked = take(x, const(row), axis.index)
        part = op("multiply", picked, helpers.broadcast(const(w, x.dtype), picked.shape, (axis.index,)))
        total = part if total is None else op("add", total, part)
    return total if total is not None else take(x, const(at[0]), axis.index)


def _extrapolated(node: NodeView, y: Value, axis: Axis, places: np.ndarray) -> Value:
    """`tf_crop_and_resize` fills what lies outside the old elements with a value."""
    outside = (places < 0) | (places > axis.old - 1)
    if node.string("coordinate_transformation_mode", "") != "tf_crop_and_resize" or not outside.any():
        return y
    mask = helpers.broadcast(const(outside), y.shape, (axis.index,))
    return build.select(mask, helpers.full_like(y, node.float("extrapolation_value", 0.0)), y)
