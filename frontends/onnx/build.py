"""Numpy-like building blocks over the IR's ops: broadcasting arithmetic, reductions, products, softmax."""

from collections.abc import Sequence
from itertools import permutations

from ...compiler.ir.attrs import DotDims
from ...compiler.ir.dims import Call, Dim, Expr, Symbol, product
from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops import helpers
from ...compiler.ops.bodies import identity_of
from ...compiler.ops.registry import op_of
from ...proto.dtypes import DType
from .assumption import Assumption

MONOID_OPS = {"add": "add", "mul": "multiply", "max": "maximum", "min": "minimum"}


def op(name: str, *operands: Value, **keywords: object) -> Value:
    """Build a node of one result."""
    value = op_of(name)(*operands, **keywords)  # type: ignore[arg-type]
    assert isinstance(value, Value)
    return value


def together(*xs: Value) -> tuple[Value, ...]:
    """The values in the shape they broadcast to.

    `S` beside `min(64, S)`, a table of 64 positions cut to the sequence, only fits while S is at most 64: that becomes an assumption.
    """
    rank = max(len(x.shape) for x in xs)
    for axis in range(1, rank + 1):
        dims = {x.shape[-axis] for x in xs if len(x.shape) >= axis} - {1}
        for a, b in permutations(dims, 2):
            _assume_cut(a, b)
    return helpers.broadcast_together(xs)


def _assume_cut(whole: Dim, cut: Dim) -> None:
    match whole, cut:
        case Expr(terms=(((Symbol(name),), 1),)), Expr(terms=(((Call("min", args),), 1),)) if whole in args:
            limits = [a for a in args if isinstance(a, int)]
            if limits:
                raise Assumption(name, hi=limits[0])
        case _:
            pass


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
    """x[start:limit:stride] along one axis."""
    starts: list[Dim] = [0] * len(x.shape)
    limits: list[Dim] = list(x.shape)
    strides = [1] * len(x.shape)
    starts[axis], limits[axis], strides[axis] = start, limit, stride
    return op("slice", x, start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(strides))


def concatenate(xs: Sequence[Value], axis: int) -> Value:
    """The values one after the other."""
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
    if len(y.shape) == 2:
        dims = DotDims((), (), (len(x.shape) - 1,), (0,))
        return dot(x, y, dims, (*x.shape[:-1], y.shape[-1]), dtype)
    batch = helpers.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = helpers.broadcast_to(x, (*batch, *x.shape[-2:]))
    y = helpers.broadcast_to(y, (*batch, *y.shape[-2:]))
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
