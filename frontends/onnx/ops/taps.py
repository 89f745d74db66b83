"""Weighted sums of pixels at places that are data: shared by what samples images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ....compiler.ir.dims import Dim
from ....compiler.ir.dims import product as size_product
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..array import dim
from ..build import compare, elementwise, op, scalar, select


@dataclass(frozen=True, slots=True)
class Tap:
    """One of the old elements along an axis that make a new one: where it is (i64), how much it counts."""

    at: Value
    weight: Value


def extent(n: Dim, like: Value, more: float = 0) -> Value:
    """A tensor like `like` filled with the size n, `more` added."""
    if isinstance(n, int):
        return scalar(n + more, like)
    size = broadcast(dim(n).cast(like.dtype).value, like.shape, ())
    return op("add", size, scalar(more, like)) if more else size


def bilinear_taps(place: Value, n: Dim) -> list[Tap]:
    """The two taps along an axis of n pixels around each place; beyond the ends there are zeros."""
    low = op("floor", place)
    share = op("subtract", place, low)
    taps: list[Tap] = []
    for offset, weight in ((0, op("subtract", scalar(1, share), share)), (1, share)):
        at = op("add", low, scalar(offset, low))
        taps.append(Tap(index_of(at, n), select(within(at, n), weight, scalar(0, weight))))
    return taps


def clamped(place: Value, n: Dim) -> Value:
    """Places within [0, n - 1]."""
    last = const(n - 1, place.dtype) if isinstance(n, int) else (dim(n).cast(place.dtype) - 1).value
    return op("clamp", const(0, place.dtype), place, last)


def index_of(place: Value, n: Dim) -> Value:
    """The i64 index of a whole place, the nearest one if it lies outside."""
    return cast(clamped(place, n), dtypes.I64)


def within(place: Value, n: Dim, margin: float = 0) -> Value:
    """Where a place is in [0, n - 1], or not farther than `margin` from it."""
    return op("and", compare("GE", place, scalar(-margin, place)), compare("LE", place, extent(n, place, margin - 1)))


def pixels_of(x: Value) -> Value:
    """Images [N, C, …] as a table of pixels [N·…, C]."""
    last = len(x.shape) - 1
    return reshape_to(build.transpose(x, (0, *range(2, last + 1), 1)), (x.shape[0] * size_product(x.shape[2:]), x.shape[1]))


def samples_of(pixels: Value, sizes: Sequence[Dim], image: Value, axes: Sequence[Sequence[Tap]]) -> Iterator[tuple[Value, Value]]:
    """Pixels [*places, C] and weights [*places] for every choice of a tap along each axis; indices are broadcast together."""
    for taps in product(*axes):
        at, weight = image, None
        for tap, n in zip(taps, sizes, strict=True):
            at = elementwise("add", op("multiply", at, extent(n, at)), tap.at)
            weight = tap.weight if weight is None else elementwise("multiply", weight, tap.weight)
        assert weight is not None
        yield build.take(pixels, at, 0), weight


def weighted(pixels: Value, weight: Value) -> Value:
    """Pixels [*places, C] times weights [*places]."""
    return elementwise("multiply", cast(pixels, weight.dtype), build.unsqueeze(weight, [-1]))


def weighted_sum(samples: Iterator[tuple[Value, Value]]) -> Value:
    """Σ pixel·weight."""
    total = None
    for pixels, weight in samples:
        part = weighted(pixels, weight)
        total = part if total is None else op("add", total, part)
    assert total is not None
    return total
