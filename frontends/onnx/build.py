"""Numpy-like building blocks over the IR's ops: broadcasting arithmetic, reductions, products, softmax."""

from collections.abc import Sequence
from itertools import permutations

from ...compiler.ir.attrs import DotDims, GatherDims
from ...compiler.ir.dims import Call, Dim, Expr, Symbol, is_nonnegative, maximum, product
from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops import helpers
from ...compiler.ops.bodies import identity_of
from ...compiler.ops.nodes import node as op
from ...proto.dtypes import I64, DType
from .assumption import assume
from .symbols import bind, depends_on_data

MONOID_OPS = {"add": "add", "mul": "multiply", "max": "maximum", "min": "minimum"}


def together(*xs: Value) -> tuple[Value, ...]:
    """The values in the shape they broadcast to.

    `S` beside `min(64, S)`, a table of 64 positions cut to the sequence, only fits while S is at most 64: that becomes an assumption.
    Sizes of which nothing says whether they are equal are compared when the program runs.
    """
    shape = common_shape(xs)
    return tuple(expand(x, shape) for x in xs)


def common_shape(xs: Sequence[Value], last: int = 0) -> tuple[Dim, ...]:
    """The shape to which the values broadcast, their last dims left out."""
    rank = max(len(x.shape) for x in xs)
    return tuple(_common_dim([(x, len(x.shape) - a) for x in xs if len(x.shape) >= a]) for a in range(rank, last, -1))


def _common_dim(places: Sequence[tuple[Value, int]]) -> Dim:
    """The dim to which the dims at these places broadcast."""
    found = {x.shape[axis]: (x, axis) for x, axis in places if x.shape[axis] != 1}
    for a, b in permutations(found, 2):
        _assume_cut(a, b)
    numbers = [d for d in found if isinstance(d, int)]
    if len(numbers) > 1:
        return helpers.broadcast_dims(numbers[0], numbers[1])
    if numbers or len(found) < 2:
        return next(iter([*numbers, *found, 1]))
    return _bound_common([size_of(x, axis) for x, axis in found.values()])


def _bound_common(sizes: Sequence[Value]) -> Dim:
    """The size that all these sizes are, or broadcast to, of which nothing more is known: 0 if one is, else the largest."""
    largest, empty = sizes[0], compare("EQ", sizes[0], scalar(0, sizes[0]))
    for n in sizes[1:]:
        largest, empty = op("maximum", largest, n), op("or", empty, compare("EQ", n, scalar(0, n)))
    common = select(empty, scalar(0, largest), largest)
    good = helpers.const(True)
    for n in sizes:
        good = op("and", good, op("or", compare("EQ", n, scalar(1, n)), compare("EQ", n, common)))
    return bind(helpers.reshape_to(select(good, common, scalar(-1, common)), (1,)))[0]


def _assume_cut(whole: Dim, cut: Dim) -> None:
    match whole, cut:
        case Expr(terms=(((Symbol(name),), 1),)), Expr(terms=(((Call("min", args),), 1),)) if whole in args:
            limits = [a for a in args if isinstance(a, int)]
            if limits:
                assume(name, hi=limits[0])
        case _:
            pass


def expand(x: Value, shape: Sequence[Dim]) -> Value:
    """`x` broadcast to a shape. A dim of unknown size must turn out to be the new one or 1."""
    lead = len(shape) - len(x.shape)
    for axis, (old, new) in enumerate(zip(x.shape, shape[lead:], strict=True)):
        if old not in (1, new) and (isinstance(old, Expr) or isinstance(new, Expr)):
            x = _repeated(x, axis, new)
    return helpers.broadcast_to(x, tuple(shape))


def _repeated(x: Value, axis: int, size: Dim) -> Value:
    """`size` elements along an axis that has one, or as many already."""
    found = size
    if isinstance(size, int) and depends_on_data(x.shape[axis]):
        # Neither of them: then the check below finds as many as there are.
        n = size_of(x, axis)
        found = bind(helpers.reshape_to(select(compare("EQ", n, scalar(1, n)), scalar(size, n), n), (1,)))[0]
    # A gather moves indices inside: of one element it repeats it, of as many as there shall be it takes each.
    return with_dim(take(x, op("iota", iota_dimension=0, result=TensorType(I64, (found,))), axis), axis, size)


def agreeing(xs: Sequence[Value], axes: Sequence[int]) -> list[Value]:
    """The values with their dims at `axes` made one, where they are not known to be equal: they must turn out to be."""
    if any(a >= len(x.shape) for x, a in zip(xs, axes, strict=True)):
        return list(xs)  # of ranks that the operator will not take
    dims = list(dict.fromkeys(x.shape[a] for x, a in zip(xs, axes, strict=True)))
    numbers = [d for d in dims if isinstance(d, int)]
    if len(dims) == 1 or len(numbers) > 1:
        return list(xs)
    given = [d for d in dims if not depends_on_data(d)]
    return [with_dim(x, a, [*numbers, *given, *dims][0]) for x, a in zip(xs, axes, strict=True)]


def with_dim(x: Value, axis: int, size: Dim) -> Value:
    """x, whose dim at an axis must turn out to be `size`: that is an assumption of an input's dim, and else checked by the program."""
    match x.shape[axis]:
        case Expr(terms=(((Symbol(name),), 1),)) if isinstance(size, int):
            assume(name, value=size)
        case _:
            pass
    result = x.tensor.with_shape((*x.shape[:axis], size, *x.shape[axis + 1 :]))
    return x if result == x.type else op("weft.check_shape", x, result=result)


def size_of(x: Value, axis: int) -> Value:
    """The size of a dim as an i64 scalar."""
    if isinstance(x.shape[axis], int):
        return helpers.const(x.shape[axis], I64)
    return helpers.cast(op("get_dimension_size", x, dimension=axis), I64)


def take(x: Value, indices: Value, axis: int) -> Value:
    """Slices of x at indices (from the front) along one axis; indices beyond the ends are moved there, of an empty axis all are zero."""
    rank, index_rank = len(x.shape), len(indices.shape)
    if x.shape[axis] == 0:
        return helpers.splat(0, TensorType(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])))
    offset = (*range(axis), *range(axis + index_rank, rank + index_rank - 1))
    numbers = GatherDims(offset, (axis,), (), (), (axis,), index_rank)
    sizes = tuple(1 if a == axis else d for a, d in enumerate(x.shape))
    return op("gather", x, indices, dimension_numbers=numbers, slice_sizes=sizes)


def resized(x: Value, axis: int, start: Dim, size: Dim) -> Value:
    """`size` elements of x from `start` along one axis, zeros beyond its ends."""
    return x if start == 0 and size == x.shape[axis] else slice_axis(x, axis, start, start + size)


def _padded_to(x: Value, axis: int, start: Dim, size: Dim) -> Value:
    """`size` elements of x from `start` along one axis, by padding: it needs no proof that they are there."""
    n = x.shape[axis]
    low, high = (tuple(d if a == axis else 0 for a in range(len(x.shape))) for d in (-start, start + size - n))
    return pad(x, low, high)


def reshaped(x: Value, shape: Sequence[Dim]) -> Value:
    """`x` in another shape, which must turn out to have as many elements."""
    size = product(shape)
    if size == x.tensor.size:
        return helpers.reshape_to(x, tuple(shape))
    if depends_on_data(size) or depends_on_data(x.tensor.size):
        return helpers.reshape_to(op("weft.check_shape", flat(x), result=x.tensor.with_shape((size,))), tuple(shape))
    # Sizes of inputs, which are often equal where that cannot be proved: no driver is made for them.
    return helpers.reshape_to(resized(flat(x), 0, 0, size), tuple(shape))


def flat(x: Value) -> Value:
    """The elements as a vector."""
    return helpers.reshape_to(x, (x.tensor.size,))


def elementwise(name: str, *xs: Value, **attrs: object) -> Value:
    """An elementwise op on operands that are broadcast together."""
    return op(name, *together(*xs), **attrs)


def scalar(value: bool | int | float | complex, like: Value) -> Value:
    """A tensor like `like` filled with a number."""
    return helpers.full_like(like, value)


def compare(direction: str, x: Value, y: Value) -> Value:
    """x ? y, broadcast."""
    return elementwise("compare", x, y, comparison_direction=direction)


def select(pred: Value, x: Value, y: Value) -> Value:
    """x where pred, else y, broadcast."""
    return op("select", *together(pred, x, y))


def axes_of(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, sorted."""
    return tuple(sorted({a % rank if rank else 0 for a in axes}))


def keep_dims(x: Value, shape: Sequence[Dim], axes: Sequence[int]) -> Value:
    """A reduced value with dims of size 1 where `shape` was reduced over `axes`."""
    return helpers.reshape_to(x, tuple(1 if i in axes else d for i, d in enumerate(shape)))


def reduce(x: Value, monoid: str, axes: Sequence[int], keep: bool = False) -> Value:
    """Reduction by add, mul, max or min over `axes` (counted from the front)."""
    init = helpers.const(identity_of(monoid, x.dtype), x.dtype)
    body = helpers.scalar_region(MONOID_OPS[monoid], x.dtype)
    result = op("reduce", x, init, dimensions=tuple(axes), body=body)
    return keep_dims(result, x.shape, axes) if keep else result


def mean(x: Value, axes: Sequence[int], keep: bool = False) -> Value:
    """The arithmetic mean over `axes`."""
    total = reduce(x, "add", axes, keep)
    return op("divide", total, count(x, axes, total))


def count(x: Value, axes: Sequence[int], like: Value) -> Value:
    """How many elements a reduction of `x` over `axes` takes together, filled into a tensor like `like`."""
    n = product(x.shape[a] for a in axes)
    if isinstance(n, int):
        return helpers.full_like(like, n)
    sizes = [helpers.cast(op("get_dimension_size", x, dimension=a), like.dtype) for a in axes]
    total = sizes[0]
    for size in sizes[1:]:
        total = op("multiply", total, size)
    return helpers.broadcast(total, like.shape, ())


def softmax(x: Value, axes: Sequence[int]) -> Value:
    """exp(x - max) / Σ exp(x - max) over `axes`."""
    e = op("exponential", centred(x, axes))
    return elementwise("divide", e, reduce(e, "add", axes, keep=True))


def centred(x: Value, axes: Sequence[int]) -> Value:
    """x minus its maximum over `axes`."""
    return elementwise("subtract", x, reduce(x, "max", axes, keep=True))


def transpose(x: Value, permutation: Sequence[int]) -> Value:
    """x with its dims permuted."""
    return op("transpose", x, permutation=tuple(permutation))


def flatten(x: Value, axis: int) -> Value:
    """x as a matrix: dims before `axis`, dims from it on."""
    return helpers.reshape_to(x, (product(x.shape[:axis]), product(x.shape[axis:])))


def slice_axis(x: Value, axis: int, start: Dim, limit: Dim, stride: int = 1) -> Value:
    """x[start:limit:stride] along one axis; zeros where sizes that depend on data turn out not to reach so far."""
    symbolic = any(isinstance(d, Expr) for d in (x.shape[axis], start, limit))
    if symbolic and not all(is_nonnegative(d) for d in (start, limit - start, x.shape[axis] - limit)):
        x = _padded_to(x, axis, start, maximum(limit - start, 0))
        if stride == 1:
            return x
        start, limit = 0, x.shape[axis]
    starts: list[Dim] = [0] * len(x.shape)
    limits: list[Dim] = list(x.shape)
    strides = [1] * len(x.shape)
    starts[axis], limits[axis], strides[axis] = start, limit, stride
    return op("slice", x, start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(strides))


def concatenate(xs: Sequence[Value], axis: int) -> Value:
    """The values one after the other."""
    for a in range(len(xs[0].shape)):
        if a != axis and len({x.shape[a] for x in xs if len(x.shape) > a}) > 1:
            xs = agreeing(xs, [a] * len(xs))
    return xs[0] if len(xs) == 1 else op("concatenate", *xs, dimension=axis)


def pad(x: Value, low: Sequence[Dim], high: Sequence[Dim], value: Value | None = None) -> Value:
    """x with `value` (0) around it."""
    fill = value or helpers.const(0, x.dtype)
    zeros = (0,) * len(x.shape)
    return op("pad", x, fill, edge_padding_low=tuple(low), edge_padding_high=tuple(high), interior_padding=zeros)


def matmul(x: Value, y: Value, dtype: DType | None = None) -> Value:
    """numpy's matmul: matrices in the last two dims, the others broadcast, vectors as rows or columns."""
    if len(x.shape) == 1:
        return squeeze(matmul(unsqueeze(x, [0]), y, dtype), [-2])
    if len(y.shape) == 1:
        return squeeze(matmul(x, unsqueeze(y, [1]), dtype), [-1])
    x, y = agreeing((x, y), (len(x.shape) - 1, len(y.shape) - 2))
    if len(y.shape) == 2:
        dims = DotDims((), (), (len(x.shape) - 1,), (0,))
        return dot(x, y, dims, (*x.shape[:-1], y.shape[-1]), dtype)
    batch = common_shape([x, y], 2)
    x = expand(x, (*batch, *x.shape[-2:]))
    y = expand(y, (*batch, *y.shape[-2:]))
    lead = tuple(range(len(batch)))
    dims = DotDims(lead, lead, (len(batch) + 1,), (len(batch),))
    return dot(x, y, dims, (*batch, x.shape[-2], y.shape[-1]), dtype)


def dot(x: Value, y: Value, dims: DotDims, shape: Sequence[Dim], dtype: DType | None = None) -> Value:
    """dot_general with a result of that shape."""
    return op("dot_general", x, y, dot_dimension_numbers=dims, result=TensorType(dtype or x.dtype, tuple(shape)))


def unsqueeze(x: Value, axes: Sequence[int]) -> Value:
    """x with dims of size 1 at `axes` of the result."""
    rank = len(x.shape) + len(axes)
    at = {a % rank for a in axes}
    rest = iter(x.shape)
    return helpers.reshape_to(x, tuple(1 if i in at else next(rest) for i in range(rank)))


def squeeze(x: Value, axes: Sequence[int]) -> Value:
    """x without the dims of size 1 at `axes`."""
    at = {a % len(x.shape) for a in axes}
    return helpers.reshape_to(x, tuple(d for i, d in enumerate(x.shape) if i not in at))
