"""`GridSample`."""

from collections.abc import Sequence

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import cast, reshape_to
from ....proto import dtypes
from .. import build
from ..build import compare, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .nn import image_of
from .taps import Tap, clamped, extent, index_of, pixels_of, samples_of, weighted_sum, within


@handles("GridSample", since=16)
def grid_sample(node: NodeView, x: Value, grid: Value) -> Value:
    """The image [N, C, …] at the points [N, …, d] of a grid, whose coordinates run from -1 to 1, the last axis' first."""
    sizes = image_of(node, x)
    rank = len(sizes)
    node.check_rank(grid, rank + 2)
    grid = grid if isinstance(grid.shape[-1], int) else build.with_dim(grid, rank + 1, rank)
    node.check(grid.shape[-1] == rank and 0 not in sizes, "shape", f"a grid {grid.type} does not fit {x.type}")
    places = cast(grid, dtypes.F32) if grid.dtype.bits < 32 else grid
    axes: list[list[Tap]] = []
    for axis, n in enumerate(sizes):
        k = rank - 1 - axis
        axes.append(_grid_taps(node, reshape_to(build.slice_axis(places, rank + 1, k, k + 1), grid.shape[:-1]), n))
    image = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, grid.shape[:-1]))
    y = weighted_sum(samples_of(pixels_of(x), sizes, image, axes))
    return cast(build.transpose(y, (0, rank + 1, *range(1, rank + 1))), x.dtype)


def _grid_taps(node: NodeView, g: Value, n: Dim) -> list[Tap]:
    """The taps along an axis of n pixels at coordinates in [-1, 1]: the centres of the outer pixels, or their outer edges."""
    corners, padding = bool(node.int("align_corners", 0)), node.string("padding_mode", "zeros")
    node.check(padding in ("zeros", "border", "reflection"), "attribute", f"`padding_mode` is {padding!r}")
    one, half = scalar(1, g), scalar(0.5, g)
    wide = op("multiply", op("add", g, one), extent(n, g, -1 if corners else 0))
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
    inner = padding == "border" and not corners  # places up to the edges of the outer pixels stay; only taps are brought to the border
    place = select(within(place, n, 0.5), place, clamped(place, n)) if inner else _padded(place, n, corners, padding)
    base = op("floor", place)
    result: list[Tap] = []
    for offset in offsets:
        at = op("add", base, scalar(offset, base))
        weight = _weight(op("abs", op("subtract", place, at)), len(offsets))
        if padding == "zeros":
            weight = select(within(at, n), weight, scalar(0, weight))
        result.append(Tap(index_of(_padded(at, n, corners, padding), n), weight))
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


def _padded(place: Value, n: Dim, corners: bool, padding: str) -> Value:
    """Places beyond the image brought to its border, or reflected there (at the centres of the outer pixels, or their edges)."""
    if padding == "zeros":
        return place
    if padding == "border" or n == 1:
        return clamped(place, n)
    lo, span = (0.0, extent(n, place, -1)) if corners else (-0.5, extent(n, place))
    turn = op("maximum", op("add", span, span), scalar(1, place))  # 1 for the single pixel of an image of open size: any place is that
    folded = op("remainder", op("abs", op("subtract", place, scalar(lo, place))), turn)
    return op("add", op("minimum", folded, op("subtract", turn, folded)), scalar(lo, place))
