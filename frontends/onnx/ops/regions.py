"""`RoiAlign` and `MaxRoiPool`: regions of images, each brought to one size."""

from dataclasses import dataclass, replace

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to, splat
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..array import dim
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .nn import image_of
from .taps import Tap, clamped, index_of, pixels_of, samples_of, weighted, within

_MOST_SAMPLES = 1 << 10  # along each side of one bin of `RoiAlign`


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of regions: where each begins, and how long its bins are [R, 1]; how many pixels the image has, and bins the region."""

    begin: Value
    bin: Value
    pixels: Dim
    bins: int


@handles("RoiAlign", since=10)
def roi_align(node: NodeView, x: Value, rois: Value, batch: Value) -> Value:
    """Regions [R, 4] (x₁, y₁, x₂, y₂) of images [N, C, H, W], each in bins [R, C, h, w]: mean or maximum of samples of each bin.

    A bin has `sampling_ratio` samples along each side, or if that is 0 one for each pixel it is long.
    """
    sizes = image_of(node, x)
    node.check_rank(x, 4)
    node.check_rank(batch, 1)
    rois, batch = build.agreeing((_with_columns(rois, 4), batch), (0, 0))
    node.check(len(rois.shape) == 2 and rois.shape[1] == 4 and 0 not in sizes, "shape", f"regions {rois.type} of {x.type}")
    bins, ratio = (node.int("output_height", 1), node.int("output_width", 1)), node.int("sampling_ratio", 0)
    good = min(bins) > 0 and ratio >= 0 and max(ratio, *bins) <= _MOST_SAMPLES
    node.check(good, "attribute", f"`RoiAlign` in {bins} bins of {ratio}² samples")
    wide = cast(rois, dtypes.F32) if rois.dtype.bits < 32 else rois
    sides = [_side(node, wide, axis, bins[axis], sizes[axis]) for axis in (0, 1)]
    image = reshape_to(cast(batch, dtypes.I64), (rois.shape[0], 1, 1))
    largest = node.string("mode", "avg").lower() == "max"
    pool = _pooled(x, image, sides, ratio, largest) if ratio else _pooled_by_length(x, image, sides, largest)
    return cast(build.transpose(pool, (0, 3, 1, 2)), x.dtype)


def _with_columns(rois: Value, columns: int) -> Value:
    """Regions whose number of columns may be open."""
    return build.with_dim(rois, 1, columns) if len(rois.shape) == 2 and not isinstance(rois.shape[1], int) else rois


def _side(node: NodeView, rois: Value, axis: int, bins: int, pixels: Dim) -> Side:
    """Regions along y (axis 0) or x, in pixels."""
    half_pixel = node.string("coordinate_transformation_mode", "half_pixel" if node.opset >= 16 else "output_half_pixel") == "half_pixel"
    columns = [build.slice_axis(rois, 1, k, k + 1) for k in (1 - axis, 3 - axis)]
    scaled = [op("multiply", c, scalar(node.float("spatial_scale", 1.0), c)) for c in columns]
    begin, end = (op("subtract", c, scalar(0.5, c)) for c in scaled) if half_pixel else scaled
    length = op("subtract", end, begin)
    if not half_pixel:
        length = op("maximum", length, scalar(1, length))
    return Side(begin, op("divide", length, scalar(bins, length)), pixels, bins)


def _taps(side: Side, places: Value, axis: int) -> list[Tap]:
    """The two taps around places [R, P] along y (axis 0) or x, in the shape [R, P, 1] or [R, 1, P]; beyond the image there are zeros."""
    inside = within(places, side.pixels, 1)
    place = clamped(places, side.pixels)
    low = op("floor", place)
    share = op("subtract", place, low)
    weights = (op("subtract", scalar(1, share), share), share)
    at = (low, op("add", low, scalar(1, low)))
    parts = ((index_of(p, side.pixels), select(inside, w, scalar(0, w))) for p, w in zip(at, weights, strict=True))
    return [Tap(*(build.unsqueeze(v, [2 - axis]) for v in part)) for part in parts]


def _of_samples(pixels: Value, image: Value, sides: list[Side], places: list[Value], largest: bool) -> Value:
    """Samples [R, P, Q, C] at places [R, P] and [R, Q]: the sum of four weighted pixels, or the greatest of them."""
    axes = [_taps(side, p, axis) for axis, (side, p) in enumerate(zip(sides, places, strict=True))]
    parts = [weighted(v, w) for v, w in samples_of(pixels, [s.pixels for s in sides], image, axes)]
    total = parts[0]
    for part in parts[1:]:
        total = op("maximum" if largest else "add", total, part)
    return total


def _pooled(x: Value, image: Value, sides: list[Side], ratio: int, largest: bool) -> Value:
    """Bins [R, h, w, C] of ratio² samples each, all at once."""
    places: list[Value] = []
    for side in sides:
        index = op("iota", iota_dimension=0, result=TensorType(side.bin.dtype, (side.bins * ratio,)))
        step = op("divide", side.bin, scalar(ratio, side.bin))
        places.append(elementwise("add", side.begin, elementwise("multiply", op("add", index, scalar(0.5, index)), step)))
    y = _of_samples(pixels_of(x), image, sides, places, largest)
    grouped = reshape_to(y, (image.shape[0], sides[0].bins, ratio, sides[1].bins, ratio, x.shape[1]))
    return build.reduce(grouped, "max", (2, 4)) if largest else build.mean(grouped, (2, 4))


def _pooled_by_length(x: Value, image: Value, sides: list[Side], largest: bool) -> Value:
    """Bins [R, h, w, C], by one sample of each bin in every turn of a loop that runs until the largest bin has had all of its samples."""
    counts = [_samples_of_bin(side) for side in sides]
    most = [op("maximum", build.reduce(c, "max", (0, 1)), const(0, dtypes.I64)) for c in counts]
    shape = (image.shape[0], sides[0].bins, sides[1].bins, x.shape[1])
    first = splat(float("-inf") if largest else 0, TensorType(sides[0].bin.dtype, shape))
    state = [const(0, dtypes.I64), first]
    outer = [pixels_of(x), image, *most, *counts, *(v for s in sides for v in (s.begin, s.bin))]
    head, body = ([param(v.type) for v in (*state, *outer)] for _ in range(2))
    holds = compare("LT", head[0], op("multiply", head[4], head[5]))
    turn, pool, pixels, of, _, columns, *rest = body
    inner = [replace(s, begin=rest[2 + 2 * k], bin=rest[3 + 2 * k]) for k, s in enumerate(sides)]
    indices = [op("divide", turn, columns), op("remainder", turn, columns)]
    sample = _of_samples(pixels, of, inner, [_nth_places(s, n, i) for s, n, i in zip(inner, rest[:2], indices, strict=True)], largest)
    due = [compare("LT", broadcast(i, n.shape, ()), n) for i, n in zip(indices, rest[:2], strict=True)]
    more = build.unsqueeze(op("and", *due), [2, 3])
    added = op("maximum" if largest else "add", pool, sample)
    after = [op("add", turn, const(1, dtypes.I64)), select(more, added, pool)]
    results = op_of("while")(*state, cond=region(head, [holds]), body=region(body, after), captures=tuple(outer))
    assert isinstance(results, tuple)
    total = build.unsqueeze(op("multiply", *counts), [2, 3])
    if largest:
        return select(compare("GT", total, full_like(total, 0)), results[1], scalar(0, results[1]))
    return elementwise("divide", results[1], cast(op("maximum", total, full_like(total, 1)), results[1].dtype))


def _samples_of_bin(side: Side) -> Value:
    """How many samples [R, 1] a bin has along a side: one for each pixel begun, none if it is not longer than 0."""
    most = (dim(side.pixels).cast(side.bin.dtype) * _MOST_SAMPLES).value
    whole = op("clamp", const(0, side.bin.dtype), op("ceil", side.bin), most)
    return cast(whole, dtypes.I64)


def _nth_places(side: Side, count: Value, n: Value) -> Value:
    """The place [R, bins] of sample n of every bin."""
    bins = op("iota", iota_dimension=0, result=TensorType(side.bin.dtype, (side.bins,)))
    middle = op("add", cast(n, side.bin.dtype), const(0.5, side.bin.dtype))
    share = op("divide", broadcast(middle, count.shape, ()), cast(count, side.bin.dtype))
    return elementwise("add", side.begin, elementwise("multiply", elementwise("add", bins, share), side.bin))


@handles("MaxRoiPool")
def max_roi_pool(node: NodeView, x: Value, rois: Value) -> Value:
    """Regions [R, 5] (image, x₁, y₁, x₂, y₂, corners included) of images [N, C, H, W]: the maximum of each bin, [R, C, h, w]; 0 of none."""
    sizes, bins = image_of(node, x), node.ints("pooled_shape")
    node.check_rank(x, 4)
    rois = _with_columns(rois, 5)
    node.check(len(rois.shape) == 2 and rois.shape[1] == 5, "shape", f"regions {rois.type} do not fit {x.type}")
    node.check(len(bins) == 2 and min(bins) > 0 and max(bins) <= _MOST_SAMPLES, "attribute", f"`pooled_shape` is {bins}")
    image = reshape_to(cast(build.slice_axis(rois, 1, 0, 1), dtypes.I64), (rois.shape[0],))
    masks = [_bin_mask(node, rois, axis, bins[axis], sizes[axis]) for axis in (0, 1)]
    low = splat(float("-inf"), TensorType(x.dtype, ()))
    regions = build.take(x, image, 0)
    wide = select(build.unsqueeze(masks[1], [1, 2]), build.unsqueeze(regions, [3]), low)
    rows = build.reduce(wide, "max", (4,))
    high = select(build.unsqueeze(masks[0], [1, 3]), build.unsqueeze(build.transpose(rows, (0, 1, 3, 2)), [2]), low)
    pool = build.reduce(high, "max", (4,))
    return select(op("is_finite", pool), pool, scalar(0, pool))


def _bin_mask(node: NodeView, rois: Value, axis: int, bins: int, pixels: Dim) -> Value:
    """[R, bins, pixels]: which pixels along y (axis 0) or x are in which bin; the edges of bins are rounded outwards."""
    scale = node.float("spatial_scale", 1.0)
    ends = [build.slice_axis(rois, 1, k, k + 1) for k in (2 - axis, 4 - axis)]
    first, last = (op("round_nearest_afz", op("multiply", e, scalar(scale, e))) for e in ends)
    length = op("maximum", op("add", op("subtract", last, first), scalar(1, first)), scalar(1, first))
    step = op("divide", length, scalar(bins, length))
    k = op("iota", iota_dimension=0, result=TensorType(rois.dtype, (bins,)))
    begin = elementwise("add", op("floor", elementwise("multiply", k, step)), first)
    end = elementwise("add", op("ceil", elementwise("multiply", op("add", k, scalar(1, k)), step)), first)
    pixel = op("iota", iota_dimension=0, result=TensorType(rois.dtype, (pixels,)))
    return op("and", *(compare(d, pixel, build.unsqueeze(v, [2])) for d, v in (("GE", begin), ("LT", end))))
