"""What importers do where sizes and axes depend on data: numbers computed in the graph, bound as dims, and ordinary ops on these.

A number that only moves indices stays data; only what becomes a size is bound.
"""

import numpy as np

from ...compiler.ir.attrs import ScatterDims
from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Region, Value, param, region, sort_nodes, used_symbols
from ...compiler.ir.types import TensorType
from ...compiler.ops import helpers
from ...compiler.ops.bodies import identity_of
from ...compiler.ops.helpers import const
from ...proto.dtypes import I64
from ...proto.limits import DEFAULT
from . import build, contents, symbols
from .array import Array, array, dim, iota, sizes, vector
from .build import op


def bind(numbers: Array, valid: Array | None = None) -> tuple[Dim, ...]:
    """A vector of computed sizes as dims; where `valid` does not hold, the program reports a negative size."""
    checked = numbers if valid is None else valid.where(numbers, array(-1).broadcast(numbers.shape))
    return symbols.bind(checked.value)


def bind_one(number: Array, valid: Array | None = None) -> Dim:
    """A scalar as a dim."""
    return bind(number.reshape((1,)), valid)[0]


def integers(value: Value) -> Array:
    """An integer tensor as an i64 vector."""
    return Array(helpers.cast(build.flat(value), I64))


def integer(value: Value) -> Array:
    """The one element of an integer tensor as an i64 scalar."""
    return Array(helpers.cast(helpers.reshape_to(value, ()), I64))


def hits(axes: Array, rank: int) -> Array:
    """[axes, rank]: where an axis, counted from the front or the back, is that of a dim."""
    return ((axes < 0).where(axes + rank, axes)).reshape((axes.shape[0], 1)).equals(iota(rank).reshape((1, rank)))


def named(axes: Array, rank: int) -> tuple[Array, Array]:
    """Which of `rank` dims the axes name, and whether each axis names a dim of its own."""
    at = hits(axes, rank)
    mask = at.reduce("or", [0])
    return mask, mask.cast(I64).sum().equals(at.reduce("or", [1]).cast(I64).sum()) & at.reduce("or", [1]).all()


def spread(axes: Array, values: Array, rank: int, default: Array | int) -> Array:
    """For each of `rank` dims its entry of `values`, or the default where no axis names it."""
    at = hits(axes, rank)
    found = at.where(values.reshape((values.shape[0], 1)), array(0)).reduce("add", [0])
    return at.reduce("or", [0]).where(found, default)


def packed(numbers: Array, kept: Array, count: int) -> Array:
    """The `count` elements of a short vector where `kept` holds, in order."""
    place = running_sum(kept.cast(I64)) - 1
    at = place.equals(iota((count, 1))) & kept
    return at.where(numbers, array(0)).reduce("add", [1])


def running_sum(x: Array) -> Array:
    """Sums of the prefixes of a vector."""
    return Array(cumulative(x.value, 0, "add"))


def cumulative(x: Value, axis: int, monoid: str, *, reverse: bool = False) -> Value:
    """The prefixes (suffixes) of x along an axis, each combined by add or mul."""
    n = x.shape[axis]
    window = tuple(n if a == axis else 1 for a in range(len(x.shape)))
    before, after = (0, n - 1) if reverse else (n - 1, 0)
    padding = tuple((before, after) if a == axis else (0, 0) for a in range(len(x.shape)))
    init = const(identity_of(monoid, x.dtype), x.dtype)
    body = helpers.scalar_region(build.MONOID_OPS[monoid], x.dtype)
    return op("reduce_window", x, init, window_dimensions=window, padding=padding, body=body)


def around(x: Value, axis: Array, last: int = 0) -> Value:
    """x as [before, n, after, …], where n is the size along an axis that depends on data, and … the `last` dims, which it cannot be."""
    rank = len(x.shape) - last
    counted, good = _counted(axis, rank, last)
    shape, at = vector(x.shape[:rank]), iota(rank)
    before = (at < counted).where(shape, 1).prod()
    after = (at > counted).where(shape, 1).prod()
    n = at.equals(counted).where(shape, 0).sum()
    return build.reshaped(x, (*bind(vector([before, n, after]), good), *x.shape[rank:]))


def back_around(y: Value, x: Value, axis: Array, last: int = 0) -> Value:
    """The inverse of `around`, of a result that has another size along the axis than x had, and other last dims."""
    rank = len(x.shape) - last
    counted, good = _counted(axis, rank, last)
    shape = iota(rank).equals(counted).where(dim(y.shape[1]), vector(x.shape[:rank]))
    return build.reshaped(y, (*bind(shape, good), *y.shape[3:]))


def _counted(axis: Array, rank: int, last: int) -> tuple[Array, Array]:
    """An axis counted from the front, and whether it is one of the first `rank` of `rank + last`."""
    counted = (axis < 0).where(axis + (rank + last), axis)
    return counted, (counted >= 0) & (counted < rank)


def as_rows(x: Value, mask: Array, rows: Dim, columns: Dim) -> Value:
    """x as a matrix whose columns run over the dims where `mask` holds (each row over all of these), whose rows over the others."""
    shape = sizes(x)
    strides = suffix_products(shape)
    row = _offsets(mask.where(1, shape), strides, rows)
    column = _offsets(mask.where(shape, 1), strides, columns)
    places = row.reshape((rows, 1)) + column.reshape((1, columns))
    return build.take(build.flat(x), places.value, 0)


def suffix_products(shape: Array) -> Array:
    """For each dim the product of those behind it: its stride."""
    rank = shape.shape[0]
    after = iota((rank, rank)) < iota((rank, rank), 1)
    return after.where(shape.reshape((1, rank)), 1).reduce("mul", [1])


def _offsets(shape: Array, strides: Array, count: Dim) -> Array:
    """Where in memory the elements of a part of a tensor are, in its row-major order."""
    (rank,) = shape.shape
    inner = suffix_products(shape).maximum(1)
    index = Array(op("divide", *build.together(iota((count, 1)).value, inner.reshape((1, rank)).value)))
    index = Array(op("remainder", *build.together(index.value, shape.maximum(1).reshape((1, rank)).value)))
    return (index * strides.reshape((1, rank))).reduce("add", [1])


def places_where(mask: Array) -> tuple[Array, Array]:
    """Where a vector of bool holds: the indices, in order, in front of a vector as long as it, and their number."""
    n = mask.shape[0]
    flags = mask.cast(I64)
    target = mask.where(running_sum(flags) - 1, -1)
    return scatter_to(iota(n), target, n), flags.sum()


def compacted(mask: Array) -> Array:
    """The indices at which a vector of bool holds."""
    padded, count = places_where(mask)
    return Array(build.resized(padded.value, 0, 0, bind_one(count)))


def scatter_to(values: Array, places: Array, n: Dim, monoid: str = "") -> Array:
    """A vector of n zeros with values put, or combined, at places; those out of range go nowhere."""
    zeros = helpers.splat(0, TensorType(values.dtype, (n,)))
    numbers = ScatterDims((), (0,), (), (), (0,), 1)
    old, new = param(TensorType(values.dtype, ())), param(TensorType(values.dtype, ()))
    body = helpers.scalar_region(build.MONOID_OPS[monoid], values.dtype) if monoid else region((old, new), (new,))
    at = places.reshape((places.shape[0], 1))
    return Array(op("scatter", zeros, at.value, values.value, scatter_dimension_numbers=numbers, update_computation=body))


def unraveled(places: Array, shape: Array) -> list[Array]:
    """The index along each dim of places in the row-major order of a shape."""
    rest, found = places, list[Array]()
    for size in reversed(shape.items()):
        by = size.maximum(1).broadcast(places.shape)
        found.append(Array(op("remainder", rest.value, by.value)))
        rest = Array(op("divide", rest.value, by.value))
    return found[::-1]


def evaluated(*xs: Array) -> list[np.ndarray] | None:
    """What the arrays are, if they follow from constants alone, in few steps; else None."""
    try:
        nodes = sort_nodes((), [x.value for x in xs])
    except ValueError:
        return None
    if any(used_symbols(n) or n.defined_symbols for n in nodes):
        return None
    return contents.evaluated(Region((), nodes, tuple(x.value for x in xs)), (), DEFAULT.followed_steps)
