"""`GridSample` and `RoiAlign`: weighted sums of pixels at places that are data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ....compiler.ir.dims import product as size_product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .indexing import take
from .nn import spatial_of


@dataclass(frozen=True, slots=True)
class Tap:
    """One of the old elements along an axis that make a new one: where it is (i64), how much it counts."""

    at: Value
    weight: Value


@handles("GridSample", since=16)
def grid_sample(node: NodeView, x: Value, grid: Value) -> Value:
    """The image [N, C, …] at the points [N, …, d] of a grid, whose coordinates run from -1 to 1, the last axis' first."""
    sizes = spatial_of(node, x)
    rank = len(sizes)
    node.check_rank(grid, rank + 2)
    node.check(grid.shape[-1] == rank and 0 not in sizes, "shape", f"a grid {grid.type} does not fit {x.type}")
    places = cast(grid, dtypes.F32) if grid.dtype.bits < 32 else grid
    axes: list[list[Tap]] = []
    for axis, n in enumerate(sizes):
        k = rank - 1 - axis
        axes.append(_grid_taps(node, reshape_to(build.slice_axis(places, rank + 1, k, k + 1), grid.shape[:-1]), n))
    image = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, grid.shape[:-1]))
    y = _sum([_weighted(pixels, weight) for pixels, weight in _samples(x, image, axes)])
    return cast(build.transpose(y, (0, rank + 1, *range(1, rank + 1))), x.dtype)


def _grid_taps(node: NodeView, g: Value, n: int) -> list[Tap]:
    """The taps along an axis of n pixels at coordinates in [-1, 1]: the centres of the outer pixels, or their outer edges."""
    corners, padding = bool(node.int("align_corners", 0)), node.string("padding_mode", "zeros")
    node.check(padding in ("zeros", "border", "reflection"), "attribute", f"`padding_mode` is {padding!r}")
    one, half = scalar(1, g), scalar(0.5, g)
    wide = op("multiply", op("add", g, one), scalar(n - 1 if corners else n, g))
    place = op("multiply", wide if corners else op("subtract", wide, one), half)
    match node.string("mode", "linear"):
        case "nearest":
            offsets, place = (0,), op("round_nearest_even", place)
        case "linear" | "bilinear":
            offsets = (0, 1)
        case "cubic" | "bicubic":
            offsets = (-1, 0, 1, 2)
        case other:
            raise node.error("unsupported", f"mode {other!r} of `GridSample` is not supported")
    place = _padded(place, n, corners, padding)
    base = op("floor", place)
    result: list[Tap] = []
    for offset in offsets:
        at = op("add", base, scalar(offset, base))
        weight = _weight(op("abs", op("subtract", place, at)), len(offsets))
        if padding == "zeros":
            weight = select(_within(at, 0, n - 1), weight, scalar(0, weight))
        result.append(Tap(_index(_padded(at, n, corners, padding), n), weight))
    return result


def _weight(distance: Value, taps: int) -> Value:
    """Of an element that far away: all, a linear or a cubic kernel's value (Keys, a = -0.75)."""
    d, one = distance, scalar(1, distance)
    if taps == 1:
        return one
    if taps == 2:
        return op("subtract", one, d)
    a = -0.75
    near = _polynomial(d, (a + 2, -(a + 3), 0, 1))
    far = _polynomial(d, (a, -5 * a, 8 * a, -4 * a))
    return select(compare("LE", d, one), near, far)


def _polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """By Horner's rule, highest power first."""
    y = scalar(coefficients[0], x)
    for c in coefficients[1:]:
        y = op("add", op("multiply", y, x), scalar(c, x))
    return y


def _padded(place: Value, n: int, corners: bool, padding: str) -> Value:
    """Places beyond the image brought to its border, or reflected there (at the centres of the outer pixels, or their edges)."""
    if padding == "zeros":
        return place
    if padding == "border" or n == 1:
        return _clamped(place, n)
    lo, span = (0.0, n - 1) if corners else (-0.5, n)
    turn = scalar(2 * span, place)
    folded = op("remainder", op("abs", op("subtract", place, scalar(lo, place))), turn)
    return op("add", op("minimum", folded, op("subtract", turn, folded)), scalar(lo, place))


def _clamped(place: Value, n: int) -> Value:
    return op("clamp", const(0, place.dtype), place, const(n - 1, place.dtype))


def _index(place: Value, n: int) -> Value:
    return cast(_clamped(place, n), dtypes.I64)


def _within(place: Value, lo: float, hi: float) -> Value:
    return op("and", compare("GE", place, scalar(lo, place)), compare("LE", place, scalar(hi, place)))


def _samples(x: Value, image: Value, axes: Sequence[Sequence[Tap]]) -> Iterator[tuple[Value, Value]]:
    """Pixels [*places, C] and weights [*places] for every choice of a tap along each axis; indices are broadcast together."""
    last = len(x.shape) - 1
    rows = reshape_to(build.transpose(x, (0, *range(2, last + 1), 1)), (x.shape[0] * size_product(x.shape[2:]), x.shape[1]))
    for taps in product(*axes):
        at, weight = image, None
        for tap, n in zip(taps, x.shape[2:], strict=True):
            at = elementwise("add", op("multiply", at, _i64_like(at, n)), tap.at)
            weight = tap.weight if weight is None else elementwise("multiply", weight, tap.weight)
        assert weight is not None
        yield take(rows, at, 0), weight


def _i64_like(like: Value, n: object) -> Value:
    assert isinstance(n, int)
    return scalar(n, like)


def _weighted(pixels: Value, weight: Value) -> Value:
    return elementwise("multiply", cast(pixels, weight.dtype), build.unsqueeze(weight, [-1]))


def _sum(values: Sequence[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = op("add", total, value)
    return total


@handles("RoiAlign", since=10)
def roi_align(node: NodeView, x: Value, rois: Value, batch: Value) -> Value:
    """Regions [R, 4] (x₁, y₁, x₂, y₂) of images [N, C, H, W], each in bins [R, C, h, w]: mean or maximum of samples of each bin."""
    sizes = spatial_of(node, x)
    node.check_rank(x, 4)
    node.check(len(rois.shape) == 2 and rois.shape[1] == 4 and 0 not in sizes, "shape", f"regions {rois.type} of {x.type}")
    bins, ratio = (node.int("output_height", 1), node.int("output_width", 1)), node.int("sampling_ratio", 0)
    node.check(ratio > 0, "dynamic", "`RoiAlign` with as many samples as a region is large depends on data", "set `sampling_ratio`")
    node.check(min(bins) > 0, "attribute", f"`RoiAlign` in {bins} bins")
    node.check_limit("unrolled", max(ratio, *bins), f"in {bins} bins of {ratio}² samples")
    wide = cast(rois, dtypes.F32) if rois.dtype.bits < 32 else rois
    axes: list[list[Tap]] = []
    for axis in (0, 1):
        taps = _roi_taps(node, wide, axis, bins[axis], ratio, sizes[axis])
        axes.append([Tap(*(build.unsqueeze(v, [2 - axis]) for v in (t.at, t.weight))) for t in taps])
    image = reshape_to(cast(batch, dtypes.I64), (rois.shape[0], 1, 1))
    parts = [_weighted(pixels, weight) for pixels, weight in _samples(x, image, axes)]
    if node.string("mode", "avg") == "max":
        y = parts[0]
        for part in parts[1:]:
            y = op("maximum", y, part)
    else:
        y = _sum(parts)
    grouped = reshape_to(y, (rois.shape[0], bins[0], ratio, bins[1], ratio, x.shape[1]))
    pooled = build.reduce(grouped, "max", (2, 4)) if node.string("mode", "avg") == "max" else build.mean(grouped, (2, 4))
    return cast(build.transpose(pooled, (0, 3, 1, 2)), x.dtype)


def _roi_taps(node: NodeView, rois: Value, axis: int, bins: int, ratio: int, n: int) -> list[Tap]:
    """The two taps [R, bins·ratio] along y (axis 0) or x of the samples, which divide each bin evenly."""
    half_pixel = node.string("coordinate_transformation_mode", "half_pixel" if node.opset >= 16 else "output_half_pixel") == "half_pixel"
    columns = [build.slice_axis(rois, 1, k, k + 1) for k in (1 - axis, 3 - axis)]
    scaled = [op("multiply", c, scalar(node.float("spatial_scale", 1.0), c)) for c in columns]
    begin, end = (op("subtract", c, scalar(0.5, c)) for c in scaled) if half_pixel else scaled
    length = op("subtract", end, begin)
    if not half_pixel:
        length = op("maximum", length, scalar(1, length))
    step = op("divide", length, scalar(bins * ratio, length))
    index = op("iota", iota_dimension=0, result=TensorType(rois.dtype, (bins * ratio,)))
    place = elementwise("add", begin, elementwise("multiply", op("add", index, scalar(0.5, index)), step))
    inside = _within(place, -1, n)
    place = _clamped(place, n)
    low = op("floor", place)
    share = op("subtract", place, low)
    weights = (op("subtract", scalar(1, share), share), share)
    places = (low, op("add", low, scalar(1, low)))
    return [Tap(_index(p, n), select(inside, w, scalar(0, w))) for p, w in zip(places, weights, strict=True)]
