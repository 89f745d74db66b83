"""`Resize` and `Upsample`: along each axis a new element is one old element, or a weighted sum of a few.

Coordinates and weights are computed in the graph, in f64; where they follow from constants they are evaluated at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ....compiler.ir import dims as symbolic
from ....compiler.ir.dims import Dim, Expr
from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const
from ....proto.dtypes import F32, F64, I64
from .. import build, dynamic
from ..array import Array, array, dim, iota, vector
from ..build import op, take
from ..contents import Unknown
from ..node import NodeView
from ..registry import handles

_EXACT = 1 << 10  # scales p / q with smaller p and q give the same sizes in f32 as in whole numbers


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis to resize: old and new size, the scale, and the region of `tf_crop_and_resize`."""

    index: int
    old: Array
    new: Dim
    scale: Array
    begin: Array
    end: Array


@dataclass(frozen=True, slots=True)
class Numbers:
    """Floats of an attribute or an input: what is known of each, and each as an f64 scalar."""

    known: Sequence[object]
    values: Sequence[Array]


def _of_attribute(numbers: Sequence[float]) -> Numbers:
    return Numbers(numbers, [array(v, F64) for v in numbers])


def _of_input(node: NodeView, value: Value, what: str) -> Numbers:
    known = node.items(value, what)
    data = Array(helpers.cast(build.flat(value), F64))
    return Numbers(known, [data[i] if isinstance(k, Unknown) else array(k, F64) for i, k in enumerate(known)])


@handles("Upsample")
def upsample_image(node: NodeView, x: Value) -> Value:
    """Height and width by a factor each."""
    node.check_rank(x, 4)
    scales = (1.0, 1.0, node.float("height_scale"), node.float("width_scale"))
    return _resize(node, x, _scaled(node, x, _of_attribute(scales), range(4), None))


@handles("Upsample", since=7)
def upsample_attribute(node: NodeView, x: Value) -> Value:
    """By factors given as an attribute."""
    return _resize(node, x, _scaled(node, x, _of_attribute(node.floats("scales")), range(len(x.shape)), None))


@handles("Upsample", since=9)
def upsample(node: NodeView, x: Value, scales: Value) -> Value:
    """By factors, nearest below or linear."""
    return _resize(node, x, _scaled(node, x, _of_input(node, scales, "the scales"), range(len(x.shape)), None))


@handles("Resize", since=10)
def resize_by(node: NodeView, x: Value, scales: Value) -> Value:
    """As `Upsample`; factors may be less than 1."""
    return _resize(node, x, _scaled(node, x, _of_input(node, scales, "the scales"), range(len(x.shape)), None))


@handles("Resize", since=11)
def resize(node: NodeView, x: Value, roi: Value | None = None, scales: Value | None = None, sizes: Value | None = None) -> Value:
    """To sizes or by factors, by nearest, linear or cubic interpolation."""
    rank = len(x.shape)
    axes = node.axes(node.ints("axes"), rank) if node.has("axes") else tuple(range(rank))
    crop = node.string("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
    region = _of_input(node, roi, "the region of interest") if roi is not None and crop else None
    if sizes is not None and sizes.shape != (0,):
        return _resize(node, x, _sized(node, x, sizes, axes, region))
    if scales is None:
        raise node.error("arity", "`Resize` needs scales or sizes")
    return _resize(node, x, _scaled(node, x, _of_input(node, scales, "the scales"), axes, region))


def _bounds(node: NodeView, region: Numbers | None, count: int) -> list[tuple[Array, Array, bool]]:
    """Where the region begins and ends along each axis, and whether that is known to be all of it."""
    if region is None or not region.values:
        return [(array(0.0, F64), array(1.0, F64), True)] * count
    node.check_length(region.values, 2 * count, "the region of interest")
    whole = [(b, e) == (0, 1) for b, e in zip(region.known[:count], region.known[count:], strict=True)]
    return list(zip(region.values[:count], region.values[count:], whole, strict=True))


def _old_size(node: NodeView, x: Value, axis: int) -> Array:
    n = x.shape[axis]
    if isinstance(n, int):
        node.check(n > 0, "size", f"`{node.op_type}` of {x.type} along axis {axis}")
        node.check_limit("table_elements", n, f"of {x.type} along axis {axis}")
    return Array(build.size_of(x, axis))


def _scaled(node: NodeView, x: Value, scales: Numbers, axes: Sequence[int], region: Numbers | None) -> list[Axis]:
    node.check_length(scales.values, len(axes), "the scales")
    result: list[Axis] = []
    bounds = _bounds(node, region, len(axes))
    for axis, known, scale, (begin, end, whole) in zip(axes, scales.known, scales.values, bounds, strict=True):
        if known == 1 and whole:
            continue
        old = _old_size(node, x, axis)
        if isinstance(known, float):
            n = x.shape[axis]
            node.check(0 < known < float("inf"), "attribute", f"a scale of `{node.op_type}` is {known}")
            node.check_limit("table_elements", int(known * max(n, 1) if isinstance(n, int) else known), f"by a scale of {known}")
        new = _exact(x.shape[axis], known) if whole else None
        # f32 arithmetic, as the scales are f32: 3 · 0.6 is below or above an integer accordingly.
        new = _new_size((old.cast(F32) * scale.cast(F32) * (end - begin).cast(F32)).floor()) if new is None else new
        result.append(Axis(axis, old, new, scale, begin, end))
    return result


def _exact(old: Dim, scale: object) -> Dim | None:
    """⌊old · scale⌋ of a symbolic dim, where the scale is a simple fraction."""
    if isinstance(old, int) or not isinstance(scale, float):
        return None
    part = Fraction(scale)
    return symbolic.floordiv(old * part.numerator, part.denominator) if max(part.numerator, part.denominator) <= _EXACT else None


def _new_size(number: Array) -> Dim:
    """A computed size: a number if it follows from constants, else a bound dim."""
    whole = number.cast(I64)
    known = dynamic.evaluated(whole)
    return int(known[0]) if known else dynamic.bind_one(whole)


def _sized(node: NodeView, x: Value, sizes: Value, axes: Sequence[int], region: Numbers | None) -> list[Axis]:
    items = node.items(sizes, "the sizes")
    node.check_length(items, len(axes), "the sizes")
    numbers = [s for s in items if isinstance(s, int)]
    node.check(min(numbers, default=0) >= 0, "attribute", f"the sizes of `Resize` are {numbers}")
    policy = node.string("keep_aspect_ratio_policy", "stretch")
    bounds = _bounds(node, region, len(axes))
    stretch = policy == "stretch"
    changed = [(i, a) for i, a in enumerate(axes) if not (stretch and bounds[i][2] and items[i] == x.shape[a])]
    olds = [_old_size(node, x, a) for _, a in changed]
    given = dynamic.integers(sizes)
    wanted = [given[i] if isinstance(items[i], Unknown) else vector([items[i]])[0] for i, _ in changed]
    ratios = [s.cast(F64) / old.cast(F64) for s, old in zip(wanted, olds, strict=True)]
    if not stretch and ratios:
        ratio = ratios[0]
        for other in ratios[1:]:
            ratio = ratio.minimum(other) if policy == "not_larger" else ratio.maximum(other)
        news = [_new_size((old.cast(F64) * ratio + 0.5).floor()) for old in olds]
        ratios = [ratio] * len(ratios)
    else:
        dims = node.dims(sizes, "the sizes")
        news = [dims[i] for i, _ in changed]
    parts = zip(changed, olds, news, ratios, strict=True)
    return [Axis(a, old, new, ratio, *bounds[i][:2]) for (i, a), old, new, ratio in parts]


def _resize(node: NodeView, x: Value, axes: Sequence[Axis]) -> Value:
    mode = node.string("mode", "nearest")
    for axis in axes:
        if isinstance(axis.new, int):
            node.check_limit("table_elements", axis.new, f"to {axis.new} elements along axis {axis.index}")
        places = _places(node, axis)
        if mode == "nearest":
            at = _nearest(node, places).clip(0, (axis.old - 1).cast(F64)).cast(I64)
            y = take(x, _settled(at).value, axis.index)
        else:
            y = _interpolated(x, axis, *_taps(node, axis, places, _kernel(node, mode)))
        x = _extrapolated(node, y, axis, places)
    return x


def _settled(x: Array) -> Array:
    """The array as a constant, if it is one."""
    known = dynamic.evaluated(x)
    return Array(const(known[0])) if known else x


def _places(node: NodeView, a: Axis) -> Array:
    """For each new element, its coordinate among the old ones."""
    i, old, new = iota(a.new, dtype=F64), a.old.cast(F64), dim(a.new).cast(F64)
    legacy = "asymmetric" if node.op_type == "Upsample" or node.opset < 11 else "half_pixel"
    match node.string("coordinate_transformation_mode", legacy):
        case "half_pixel":
            return (i + 0.5) / a.scale - 0.5
        case "pytorch_half_pixel":
            return (new > 1).where((i + 0.5) / a.scale - 0.5, 0)
        case "half_pixel_symmetric":
            adjusted = new / (old * a.scale)
            return old / 2 * (1 - adjusted) + (i + 0.5) / a.scale - 0.5
        case "asymmetric":
            return i / a.scale
        case "align_corners":
            length = old * a.scale  # of the result, before it is cut to whole elements
            return (length > 1).where(i * (old - 1) / (length - 1), 0)
        case "tf_half_pixel_for_nn":
            return (i + 0.5) / a.scale
        case "tf_crop_and_resize":
            span = (a.end - a.begin) * (old - 1)
            middle = (a.begin + a.end) * 0.5 * (old - 1)
            return (new > 1).where(a.begin * (old - 1) + i * span / (new - 1), middle)
        case other:
            raise node.error("unsupported", f"`coordinate_transformation_mode` {other!r} is not supported")


def _nearest(node: NodeView, places: Array) -> Array:
    legacy = "floor" if node.op_type == "Upsample" or node.opset < 11 else "round_prefer_floor"
    match node.string("nearest_mode", legacy):
        case "round_prefer_floor":
            return (places - 0.5).ceil()
        case "round_prefer_ceil":
            return (places + 0.5).floor()
        case "floor":
            return places.floor()
        case "ceil":
            return places.ceil()
        case other:
            raise node.error("unsupported", f"`nearest_mode` {other!r} is not supported")


def _kernel(node: NodeView, mode: str) -> tuple[int, Callable[[Array], Array]]:
    """Half the support of an interpolation kernel, and the kernel as a function of distance."""
    match mode:
        case "linear" | "bilinear":
            return 1, lambda d: (1 - d).maximum(0)
        case "cubic":
            a = node.float("cubic_coeff_a", -0.75)
            near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1  # noqa: E731 - two pieces of one curve
            far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # noqa: E731
            return 2, lambda d: (d <= 1).where(near(d), (d < 2).where(far(d), 0))
        case other:
            raise node.error("unsupported", f"mode {other!r} of `{node.op_type}` is not supported")


def _taps(node: NodeView, axis: Axis, places: Array, kernel: tuple[int, Callable[[Array], Array]]) -> tuple[Array, Array]:
    """Old positions and weights [taps, new size] of every new element; positions beyond the ends count as the ends."""
    support, weight = kernel
    shrinks, excludes = bool(node.int("antialias", 0)), bool(node.int("exclude_outside", 0))
    stretch = (1 / axis.scale).maximum(1) if shrinks else array(1.0, F64)
    reach = _new_size((stretch * support).ceil())
    if isinstance(reach, int) and isinstance(axis.new, int):
        node.check_limit("unrolled", reach, f"to {axis.new} elements takes many together")
        node.check_limit("table_elements", reach * axis.new, f"to {axis.new} elements")
    at = places.floor() + iota((2 * reach, 1), dtype=F64) - (dim(reach) - 1).cast(F64)
    weights = weight((at - places).abs() / stretch)
    if excludes:
        outside = (at < 0) | (at >= axis.old.cast(F64))
        weights = outside.where(0, weights)
    if shrinks or excludes:
        weights = weights / weights.reduce("add", [0], keep=True)
    return at.clip(0, (axis.old - 1).cast(F64)).cast(I64), weights


def _interpolated(x: Value, axis: Axis, at: Array, weights: Array) -> Value:
    if isinstance(at.shape[0], Expr):
        return _summed(x, axis.index, at, weights)
    known = dynamic.evaluated(at, weights)
    total: Value | None = None
    for t in range(at.shape[0]):
        if known and not known[1][t].any():
            continue
        places = const(known[0][t]) if known else _row(at, t)
        picked = take(x, places, axis.index)
        w = const(known[1][t], x.dtype) if known else helpers.cast(_row(weights, t), x.dtype)
        part = op("multiply", picked, helpers.broadcast(w, picked.shape, (axis.index,)))
        total = part if total is None else op("add", total, part)
    return total if total is not None else take(x, _row(at, 0), axis.index)


def _row(x: Array, i: int) -> Value:
    return helpers.reshape_to(build.slice_axis(x.value, 0, i, i + 1), x.shape[1:])


def _summed(x: Value, axis: int, at: Array, weights: Array) -> Value:
    """The weighted sum where the number of taps depends on data: the taps are a dim."""
    picked = take(x, at.value, axis)
    spread = helpers.broadcast(helpers.cast(weights.value, x.dtype), picked.shape, (axis, axis + 1))
    return build.reduce(op("multiply", picked, spread), "add", (axis,))


def _extrapolated(node: NodeView, y: Value, axis: Axis, places: Array) -> Value:
    """`tf_crop_and_resize` fills what lies outside the old elements with a value."""
    if node.string("coordinate_transformation_mode", "") != "tf_crop_and_resize":
        return y
    outside = _settled((places < 0) | (places > (axis.old - 1).cast(F64)))
    known = dynamic.evaluated(outside)
    if known and not known[0].any():
        return y
    mask = helpers.broadcast(outside.value, y.shape, (axis.index,))
    return build.select(mask, helpers.full_like(y, node.float("extrapolation_value", 0.0)), y)
