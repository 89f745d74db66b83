"""Places and values found by their contents. How many there are depends on data: in a traced function the sizes become symbols."""

from typing import Any, NamedTuple

from ....compiler.ir.attrs import GatherDims, ScatterDims
from ....compiler.ir.dims import product, symbol
from ....compiler.ir.graph import Region, Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.gradients.common import scalar_body
from ....compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to, splat
from ....compiler.ops.nodes import node
from ....compiler.ops.registry import op_of
from ....proto.dtypes import BOOL, I64
from ..faults import check
from ..lift import lifted
from .dtypes import together
from .indexing import take
from .reductions import cumulative_sum, fold
from .sorting import before, order_by, ranks

__all__ = ["nonzero", "searchsorted", "unique_all", "unique_counts", "unique_inverse", "unique_values"]

_counter = iter(range(1 << 62))


def bound(size: Value, most: Any = None) -> Any:
    """A computed size as a dim, of which it is known that it is at most `most`."""
    name = f"size{next(_counter)}"
    op_of("weft.bind_dims")(reshape_to(cast(size, I64), (1,)), symbols=(symbol(name, 0, most),))
    return symbol(name, 0, most)


def kept(flags: Value, rows: Value) -> Value:
    """The rows of a tensor [n, ...] where flags [n] hold, in order."""
    place = node("subtract", cumulative_sum(cast(flags, I64)), const_like(flags, 1))
    # What is not kept goes to the place after the last, and is cut off.
    at = node("select", flags, place, node("broadcast_in_dim", _size(flags), broadcast_dimensions=(), result=place.tensor))
    empty = broadcast(const(0, rows.dtype), rows.shape, ())
    window = tuple(range(1, len(rows.shape)))
    body = scalar_body("add", rows.dtype)
    dims = ScatterDims(window, (0,), (), (), (0,), 1)
    second = Region(body.params, (), (body.params[1],))
    packed = node("scatter", empty, at, rows, scatter_dimension_numbers=dims, unique_indices=False, update_computation=second)
    count = bound(fold(cast(flags, I64), "add", None, False), flags.shape[0])
    starts = (0,) * len(rows.shape)
    return node("slice", packed, start_indices=starts, limit_indices=(count, *rows.shape[1:]), strides=(1,) * len(rows.shape))


def const_like(flags: Value, value: int) -> Value:
    """An i64 number in the shape of `flags`."""
    return broadcast(const(value, I64), flags.shape, ())


def _size(v: Value) -> Value:
    return cast(node("get_dimension_size", v, dimension=0), I64)


@lifted
def nonzero(x: Any, /) -> tuple[Value, ...]:
    """The indices of the elements that are not zero, one int64 vector for every dim, in row-major order."""
    (v,) = together(x)
    check(len(v.shape) > 0, "numpy.nonzero", "a tensor of rank 0 has no indices")
    flags = reshape_to(cast(v, BOOL), (product(v.shape),))
    grid = v.tensor.with_dtype(I64)
    columns = [reshape_to(node("iota", iota_dimension=d, result=grid), (product(v.shape), 1)) for d in range(len(v.shape))]
    rows = columns[0] if len(columns) == 1 else node("concatenate", *columns, dimension=1)
    found = kept(flags, rows)
    n = found.shape[0]

    def column(d: int) -> Value:
        cut = node("slice", found, start_indices=(0, d), limit_indices=(n, d + 1), strides=(1, 1))
        return reshape_to(cut, (n,))

    return tuple(column(d) for d in range(len(v.shape)))


def counted(counts: Value) -> Value:
    """Each index i as often as counts[i] says, in order: for `repeat`."""
    ends = cumulative_sum(cast(counts, I64))
    total = bound(fold(cast(counts, I64), "add", None, False))
    places = node("iota", iota_dimension=0, result=TensorType(I64, (total,)))
    return searchsorted(ends, places, side="right")


@lifted
def searchsorted(x1: Any, x2: Any, /, side: str = "left", *, sorter: Any = None) -> Value:
    """Where the elements of x2 would be inserted into the sorted vector x1 to keep it sorted, int64."""
    check(side in ("left", "right"), "numpy.searchsorted", f'side is "left" or "right", got {side!r}')
    keys, wanted = together(x1, x2)
    if sorter is not None:
        keys = take(keys, sorter, axis=0)
    check(len(keys.shape) == 1, "numpy.searchsorted", f"x1 is a sorted vector, got {keys.type}")
    n = keys.shape[0]
    if isinstance(n, int) and n > _FEW:
        return _bisected(keys, n, wanted, side)
    rank = len(wanted.shape)
    shape = (*wanted.shape, n)
    after = _goes_before(broadcast(keys, shape, (rank,)), broadcast(wanted, shape, range(rank)), side)
    return fold(cast(after, I64), "add", rank, False)


_FEW = 32
"""Up to so many keys are all compared with every element."""


def _goes_before(keys: Value, wanted: Value, side: str) -> Value:
    """Whether elements are inserted after the keys beside them; NaN comes last."""
    mine, others = ranks(keys), ranks(wanted)
    if side == "left":
        return before([v for pair in zip(mine, others, strict=True) for v in pair], "LT")
    return node("not", before([v for pair in zip(others, mine, strict=True) for v in pair], "LT"))


def _bisected(keys: Value, n: int, wanted: Value, side: str) -> Value:
    """By bisection: the place grows by powers of two as long as the key before it is one that the element goes after."""
    dims = GatherDims((), (0,), (), (), (0,), len(wanted.shape))
    place = splat(0, wanted.tensor.with_dtype(I64))
    for step in (1 << i for i in reversed(range(n.bit_length()))):
        further = node("add", place, full_like(place, step))
        at = node("minimum", node("subtract", further, full_like(place, 1)), full_like(place, n - 1))
        key = node("gather", keys, reshape_to(at, (*at.shape, 1)), dimension_numbers=dims, slice_sizes=(1,))
        inside = node("compare", further, full_like(place, n), comparison_direction="LE")
        place = node("select", node("and", inside, _goes_before(key, wanted, side)), further, place)
    return place


class UniqueAll(NamedTuple):
    """Distinct values, where each is first, which of them every element is, and how often it occurs."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """Distinct values and how often each occurs."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """Distinct values and which of them every element is."""

    values: Any
    inverse_indices: Any


def unique_of(x: Value, equal_nan: bool = False) -> UniqueAll:
    """Distinct values in order, their first indices, the inverse, and counts; NaNs are one value with `equal_nan`, else all distinct."""
    flat = reshape_to(x, (product(x.shape),))
    order = order_by(flat)
    ordered = take(flat, order, axis=0)
    places = node("iota", iota_dimension=0, result=ordered.tensor.with_dtype(I64))
    previous = take(ordered, node("maximum", node("subtract", places, const_like(places, 1)), const_like(places, 0)), axis=0)
    changed = _differ(ordered, previous, equal_nan)
    first = node("or", changed, node("compare", places, const_like(places, 0), comparison_direction="EQ"))
    values, starts = kept(first, ordered), kept(first, places)
    number = node("subtract", cumulative_sum(cast(first, I64)), const_like(places, 1))
    inverse = take(number, order_by(order), axis=0)
    count = starts.shape[0]
    following = node("concatenate", starts, reshape_to(_size(flat), (1,)), dimension=0)
    ends = node("slice", following, start_indices=(1,), limit_indices=(count + 1,), strides=(1,))
    return UniqueAll(values, take(order, starts, axis=0), reshape_to(inverse, x.shape), node("subtract", ends, starts))


def _differ(x: Value, y: Value, equal_nan: bool) -> Value:
    differ = node("compare", x, y, comparison_direction="NE")
    if not equal_nan or not (x.dtype.is_float or x.dtype.is_complex):
        return differ
    numbers = (node("compare", v, v, comparison_direction="EQ") for v in (x, y))
    return node("and", differ, node("or", *numbers))


@lifted
def unique_all(x: Any, /) -> UniqueAll:
    """Distinct values in order, their first indices, the inverse, and counts."""
    return unique_of(together(x)[0])


@lifted
def unique_counts(x: Any, /) -> UniqueCounts:
    """Distinct values in order, and counts."""
    found = unique_of(together(x)[0])
    return UniqueCounts(found.values, found.counts)


@lifted
def unique_inverse(x: Any, /) -> UniqueInverse:
    """Distinct values in order, and which of them every element is."""
    found = unique_of(together(x)[0])
    return UniqueInverse(found.values, found.inverse_indices)


@lifted
def unique_values(x: Any, /) -> Value:
    """Distinct values in order."""
    return unique_of(together(x)[0]).values
