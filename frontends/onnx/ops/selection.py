"""`NonZero`, `Compress`, `Unique`: how many elements they choose depends on the elements."""

from ....compiler.ir.dims import Dim, product
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.registry import op_of
from ....proto.dtypes import I64
from .. import build, dynamic
from ..array import Array, array, dim, iota, sizes
from ..build import op
from ..node import NodeView
from ..registry import handles


@handles("NonZero")
def non_zero(node: NodeView, x: Value) -> Value:
    """The indices of the elements that are not zero, one column for each: [rank, count]."""
    flat = Array(build.flat(x))
    mask = flat if x.dtype.is_bool else flat.differs(0)
    places = dynamic.compacted(mask)
    rows = dynamic.unraveled(places, sizes(x))
    if not rows:  # of a scalar
        return op("iota", iota_dimension=0, result=TensorType(I64, (0, places.shape[0])))
    return build.concatenate([row.reshape((1, places.shape[0])).value for row in rows], 0)


@handles("Compress")
def compress(node: NodeView, x: Value, condition: Value) -> Value:
    """The slices along an axis for which a condition holds; without an axis, of x as a vector."""
    node.check_rank(condition, 1)
    if not node.has("axis"):
        x = build.flat(x)
    axis = node.axis(node.int("axis", 0), len(x.shape))
    return build.take(x, dynamic.compacted(Array(condition)).value, axis)


@handles("Unique")
def unique(node: NodeView, x: Value) -> tuple[Value, ...]:
    """Different elements, or slices along an axis; where each is first; which each is; how often each is there."""
    whole = not node.has("axis")
    y = build.flat(x) if whole else x
    axis = node.axis(node.int("axis", 0), len(y.shape))
    order, begins = _sorted(_keys(y, axis))
    n = order.shape[0]
    group = dynamic.running_sum(begins.cast(I64)) - 1  # of each element in sorted order
    count = dynamic.bind_one(begins.cast(I64).sum())
    member = dynamic.scatter_to(group, order, n)  # of each element in its own place
    first = _group_values(order, group, begins, count)
    if not node.int("sorted", 1):
        # Groups in the order of their first elements: as many come before a group as first elements before its own.
        at_first = dynamic.scatter_to(begins.cast(I64), order, n)
        rank = Array(build.take((dynamic.running_sum(at_first) - 1).value, first.value, 0))
        first = dynamic.scatter_to(first, rank, count)
        member = Array(build.take(rank.value, member.value, 0))
    counts = dynamic.scatter_to(array(1).broadcast((n,)), member, count, "add")
    return build.take(y, first.value, axis), first.value, member.value, counts.value


def _group_values(values: Array, group: Array, begins: Array, count: Dim) -> Array:
    """The value at the first element of each group."""
    return dynamic.scatter_to(values, begins.where(group, -1), count)


def _keys(x: Value, axis: int) -> Value:
    """The slices of x along an axis as rows of numbers in which equal ones have equal bits: [n, elements of a slice]."""
    rest = [a for a in range(len(x.shape)) if a != axis]
    rows = build.transpose(x, (axis, *rest))
    rows = helpers.reshape_to(rows, (x.shape[axis], product(x.shape[a] for a in rest)))
    if x.dtype.is_bool:
        return helpers.cast(rows, I64)
    return op("add", rows, helpers.full_like(rows, 0)) if x.dtype.is_float else rows  # -0 + 0 is 0


def _sorted(keys: Value) -> tuple[Array, Array]:
    """The order that sorts rows, equal ones in their own order, and whether each row in it differs from the one before."""
    n, width = keys.shape
    order = _order(keys) if width == 1 else _lexical_order(keys)
    rows = Array(build.take(keys, order.value, 0))
    before = Array(build.take(rows.value, (iota(n) - 1).value, 0))
    other = rows.differs(before)
    if keys.dtype.is_float:  # all NaNs are one
        other = other & (rows.equals(rows) | before.equals(before))
    return order, other.reduce("or", [1]) | iota(n).equals(0)


def _order(keys: Value) -> Array:
    return _sort(helpers.reshape_to(keys, (keys.shape[0],)), iota(keys.shape[0]))


def _sort(keys: Value, order: Array) -> Array:
    """`order` sorted by keys; NaNs come last."""
    key, place = TensorType(keys.dtype, ()), TensorType(I64, ())
    a, b, i, j = param(key), param(key), param(place), param(place)
    kind = {"compare_type": "TOTALORDER"} if keys.dtype.is_float else {}
    comparator = region((a, b, i, j), (op("compare", a, b, comparison_direction="LT", **kind),))
    results = op_of("sort")(keys, order.value, dimension=0, is_stable=True, comparator=comparator)
    assert isinstance(results, tuple)
    return Array(results[1])


def _lexical_order(keys: Value) -> Array:
    """The order of rows by their first element, then by their second, …: sorted by each column, the last one first."""
    n, width = keys.shape
    left, order, table = param(TensorType(I64, ())), param(TensorType(I64, (n,))), param(keys.type)
    column = Array(left) - 1
    picked = build.take(build.take(table, column.value, 1), order, 0)
    body = region((left, order, table), (column.value, _sort(picked, Array(order)).value, table))
    head = param(TensorType(I64, ())), param(TensorType(I64, (n,))), param(keys.type)
    cond = region(head, ((Array(head[0]) > 0).value,))
    results = op_of("while")(dim(width).value, iota(n).value, keys, cond=cond, body=body)
    assert isinstance(results, tuple)
    return Array(results[1])
