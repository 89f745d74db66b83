"""Sums, extremes, means."""

import operator
from typing import Any, SupportsIndex

from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value
from ....compiler.ops.bodies import identity_of
from ....compiler.ops.helpers import cast, const, reshape_to, scalar_region
from ....compiler.ops.nodes import node, nodes
from ....compiler.ops.picks import pick_body
from ....proto.dtypes import BOOL, I64, DType
from ..faults import AxisFault, check, fail
from ..lift import lifted
from .dtypes import floating, together, weft_dtype

__all__ = [
    "all", "any", "argmax", "argmin", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "max", "mean", "min", "prod", "std",
    "sum", "var",
]  # fmt: skip


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from the front; None stands for all."""
    return tuple(sorted(ordered_axes(axis, rank)))


def ordered_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from the front, in the order they are given in; None stands for all. `AxisFault` if there is no such axis."""
    given = tuple(range(rank)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    for a in given:
        check(isinstance(a, SupportsIndex), "numpy.axis", f"an axis is a whole number, got {a!r}", kind=TypeError)
        check(-rank <= a < rank, "numpy.axis", f"axis {a} of a tensor of rank {rank} must lie in [-{rank}, {rank})", kind=AxisFault)
    found = tuple(operator.index(a) % rank for a in given)
    check(len(set(found)) == len(found), "numpy.axis", f"the axes {given} name one twice")
    return found


def fold(x: Value, monoid: str, axis: Any, keepdims: bool) -> Value:
    """A reduction by add, mul, max, min, and, or."""
    axes = axes_of(axis, len(x.shape))
    op = {"add": "add", "mul": "multiply", "max": "maximum", "min": "minimum", "and": "and", "or": "or"}[monoid]
    init = const(identity_of(monoid, x.dtype), x.dtype)
    y = node("reduce", x, init, dimensions=axes, body=scalar_region(op, x.dtype))
    return reshape_to(y, tuple(1 if i in axes else n for i, n in enumerate(x.shape))) if keepdims else y


def _summed(x: Any, dtype: Any) -> Value:
    (v,) = together(x)
    if dtype is not None:
        return cast(v, weft_dtype(dtype))
    if v.dtype.is_bool or (v.dtype.is_int and v.dtype.bits < 64):
        return cast(v, weft_dtype("uint64") if v.dtype.is_unsigned else I64)
    return v


@lifted
def sum(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Value:
    """The sum over an axis, several, or all; integers are summed in 64 bits."""
    return fold(_summed(x, dtype), "add", axis, keepdims)


@lifted
def prod(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Value:
    """The product; integers are multiplied in 64 bits."""
    return fold(_summed(x, dtype), "mul", axis, keepdims)


def _not_empty(x: Any, axis: Any) -> Value:
    (v,) = together(x)
    empty = [a for a in axes_of(axis, len(v.shape)) if v.shape[a] == 0]
    check(not empty, "numpy.empty", f"of no elements none is extreme: dims {empty} of {v.type} are 0")
    return v


@lifted
def max(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The largest element."""
    return fold(_not_empty(x, axis), "max", axis, keepdims)


@lifted
def min(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The smallest element."""
    return fold(_not_empty(x, axis), "min", axis, keepdims)


@lifted
def mean(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The arithmetic mean."""
    v = floating(x)
    total = fold(v, "add", axis, keepdims)
    count = _count(v, axes_of(axis, len(v.shape)), v.dtype)
    return node("divide", total, node("broadcast_in_dim", count, broadcast_dimensions=(), result=total.tensor))


def _count(v: Value, axes: tuple[int, ...], dtype: DType) -> Value:
    """How many elements are folded along these axes, as a number of rank 0."""
    n = product(v.shape[a] for a in axes)
    if isinstance(n, int):
        return const(n, dtype)
    count = const(1, dtype)
    for a in axes:
        count = node("multiply", count, cast(node("get_dimension_size", v, dimension=a), dtype))
    return count


@lifted
def all(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """Whether all elements are true."""
    return fold(cast(together(x)[0], BOOL), "and", axis, keepdims)


@lifted
def any(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """Whether an element is true."""
    return fold(cast(together(x)[0], BOOL), "or", axis, keepdims)


def _first_extreme(x: Value, monoid: str, axis: Any, keepdims: bool) -> Value:
    if axis is None:
        found = _first_extreme(reshape_to(x, (product(x.shape),)), monoid, 0, False)
        return reshape_to(found, (1,) * len(x.shape)) if keepdims else found
    (d,) = axes_of(axis, len(x.shape))
    places = node("iota", iota_dimension=d, result=x.tensor.with_dtype(I64))
    start, none = const(identity_of(monoid, x.dtype), x.dtype), const(2**62, I64)
    found = nodes("reduce", x, places, start, none, dimensions=(d,), body=pick_body(x.dtype, I64, monoid))[1]
    return reshape_to(found, tuple(1 if a == d else n for a, n in enumerate(x.shape))) if keepdims else found


@lifted
def argmax(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The index of the first largest element (of the first NaN, if there is one), int64."""
    return _first_extreme(_not_empty(x, axis), "max", axis, keepdims)


@lifted
def argmin(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The index of the first smallest element, int64."""
    return _first_extreme(_not_empty(x, axis), "min", axis, keepdims)


@lifted
def var(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Value:
    """The variance; sums are divided by the number of elements less `correction`."""
    v = floating(x)
    axes = axes_of(axis, len(v.shape))
    centre = mean(v, axis=axes, keepdims=True)
    off = node("subtract", v, node("broadcast_in_dim", centre, broadcast_dimensions=tuple(range(len(v.shape))), result=v.tensor))
    size = node("abs", off) if off.dtype.is_complex else off
    total = fold(node("multiply", size, size), "add", axes, keepdims)
    count = node("subtract", _count(v, axes, total.dtype), const(correction, total.dtype))
    count = node("maximum", count, const(0, total.dtype))
    return node("divide", total, node("broadcast_in_dim", count, broadcast_dimensions=(), result=total.tensor))


@lifted
def std(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Value:
    """The standard deviation; `correction` as in `var`."""
    return node("sqrt", var(x, axis=axis, correction=correction, keepdims=keepdims))


@lifted
def count_nonzero(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """How many elements are not zero, int64."""
    return fold(cast(cast(together(x)[0], BOOL), I64), "add", axis, keepdims)


def _cumulative(x: Value, axis: int | None, monoid: str, initial: bool) -> Value:
    rank = len(x.shape)
    if axis is None:
        if rank != 1:
            raise fail("numpy.axis", f"a tensor of rank {rank} needs an axis")
        axis = 0
    (d,) = axes_of(axis, rank)
    n = x.shape[d]
    first = 1 if initial else 0
    window = tuple(n if i == d else 1 for i in range(rank))
    padding = tuple((n - 1 + first, 0) if i == d else (0, 0) for i in range(rank))
    init = const(identity_of(monoid, x.dtype), x.dtype)
    if isinstance(n, int) and n == 0:
        shape = tuple(first if i == d else m for i, m in enumerate(x.shape))
        return node("broadcast_in_dim", init, broadcast_dimensions=(), result=x.tensor.with_shape(shape))
    body = scalar_region({"add": "add", "mul": "multiply"}[monoid], x.dtype)
    return node("reduce_window", x, init, window_dimensions=window, padding=padding, body=body)


@lifted
def cumulative_sum(x: Any, /, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False) -> Value:
    """The sums of the prefixes along an axis; with `include_initial` that of none first."""
    return _cumulative(_summed(x, dtype), axis, "add", include_initial)


@lifted
def cumulative_prod(x: Any, /, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False) -> Value:
    """The products of the prefixes along an axis."""
    return _cumulative(_summed(x, dtype), axis, "mul", include_initial)


@lifted
def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Value:
    """Differences of neighbours along an axis, n times."""
    from .indexing import getitem
    from .manipulation import concat

    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    parts = [p for p in (prepend, v, append) if p is not None]
    v = concat(tuple(parts), axis=d) if len(parts) > 1 else v
    for _ in range(n):
        lead = (slice(None),) * d
        after, before = getitem(v, (*lead, slice(1, None))), getitem(v, (*lead, slice(None, -1)))
        v = node("xor", after, before) if v.dtype.is_bool else node("subtract", after, before)
    return v
