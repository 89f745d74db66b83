"""Choosing elements by conditions, sets, and order, by NumPy's names."""

from collections.abc import Sequence
from typing import Any

from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast_shapes, broadcast_to, cast, const, reshape_to, splat
from ....compiler.ops.nodes import node, nodes
from ....proto.dtypes import BOOL, I64
from ..faults import check
from ..lift import lifted
from . import elementwise as e
from .creation import asarray
from .dtypes import together
from .indexing import getitem, take
from .manipulation import broadcast_arrays, concat, stack
from .reductions import axes_of
from .searching import kept, nonzero, searchsorted, unique_of
from .sorting import argsort, before, ranks, sort

__all__ = [
    "argpartition", "argwhere", "choose", "compress", "extract", "flatnonzero", "intersect1d", "isin", "lexsort", "partition", "piecewise",
    "select", "setdiff1d", "setxor1d", "union1d", "unique",
]  # fmt: skip


def _flat(x: Any) -> Value:
    (v,) = together(x)
    return reshape_to(v, (product(v.shape),))


@lifted
def select(condlist: Sequence[Any], choicelist: Sequence[Any], /, default: Any = 0) -> Value:
    """Elements of the first choice whose condition holds, else the default."""
    check(len(condlist) == len(choicelist) > 0, "numpy.select", f"{len(condlist)} conditions for {len(choicelist)} choices")
    *choices, found = together(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = e.where(condition, choice, found)
    return found


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], /, *args: Any, **keywords: Any) -> Any:
    """Functions (or numbers) of x, each where its condition holds, the last of several; one function more is for the rest, else 0."""
    t = asarray(x)
    conditions = list(condlist) if isinstance(condlist, (tuple, list)) else [condlist]
    check(len(funclist) - len(conditions) in (0, 1), "numpy.piecewise", f"{len(conditions)} conditions for {len(funclist)} functions")
    made = [f(t, *args, **keywords) if callable(f) else f for f in funclist]
    found = e.where(True, made[-1] if len(made) > len(conditions) else 0, t)
    for condition, value in zip(conditions, made, strict=False):
        found = e.where(condition, value, found)
    return e.astype(found, t.dtype)


@lifted
def choose(x: Any, choices: Sequence[Any], /, mode: str = "clip") -> Value:
    """Elements of the choice that an integer names; outside of the list the nearest one, or with mode "wrap" counted round."""
    check(mode in ("clip", "wrap"), "numpy.choose", f'mode is "clip" or "wrap", got {mode!r}')
    places = cast(together(x)[0], I64)
    options = together(*choices)
    n = len(options)
    places = e.clip(places, 0, n - 1) if mode == "clip" else e.remainder(places, n)
    shape = broadcast_shapes(places.shape, *(o.shape for o in options))
    found = broadcast_to(options[-1], shape)
    for i in reversed(range(n - 1)):
        found = e.where(e.equal(places, i), options[i], found)
    return broadcast_to(found, shape)


@lifted
def compress(condition: Any, x: Any, /, axis: int | None = None) -> Value:
    """The slices along an axis (without one, the elements) where a vector of conditions holds."""
    (v,) = together(x)
    if axis is None:
        v, axis = _flat(v), 0
    (d,) = axes_of(axis, len(v.shape))
    flags = cast(together(condition)[0], BOOL)
    check(len(flags.shape) == 1, "numpy.compress", f"conditions are a vector, got {flags.type}")
    lead = (slice(None),) * d
    return getitem(getitem(v, (*lead, slice(0, flags.shape[0]))), (*lead, flags))


@lifted
def extract(condition: Any, x: Any, /) -> Value:
    """The elements where a condition holds, as a vector."""
    return compress(_flat(condition), _flat(x))


@lifted
def flatnonzero(x: Any, /) -> Value:
    """The places, in row-major order, of the elements that are not zero, int64."""
    return nonzero(_flat(x))[0]


@lifted
def argwhere(x: Any, /) -> Value:
    """The indices of the elements that are not zero, [number, rank]."""
    (v,) = together(x)
    if not v.shape:
        places = nonzero(reshape_to(v, (1,)))[0]
        return broadcast_to(const(0, I64), (places.shape[0], 0))
    return stack(nonzero(v), axis=-1)


@lifted
def isin(element: Any, test_elements: Any, /, *, invert: bool = False) -> Value:
    """Which elements are among others."""
    v, w = together(element, test_elements)
    others = sort(_flat(w))
    if others.shape[0] == 0:
        found = splat(False, v.tensor.with_dtype(BOOL))
    else:
        place = e.minimum(searchsorted(others, v), const(others.shape[0] - 1, I64))
        found = e.equal(take(others, place, axis=0), v)
    return e.logical_not(found) if invert else found


@lifted
def unique(
    x: Any,
    /,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    *,
    equal_nan: bool = True,
) -> Any:
    """Distinct values in order; where each is first, which of them every element is, and how often each occurs, if asked for."""
    found = unique_of(together(x)[0], equal_nan)
    asked = zip((return_index, return_inverse, return_counts), found[1:], strict=True)
    more = tuple(value for wanted, value in asked if wanted)
    return (found.values, *more) if more else found.values


@lifted
def union1d(x1: Any, x2: Any, /) -> Value:
    """Distinct values of either tensor, in order."""
    return unique(concat(tuple(map(_flat, together(x1, x2))), axis=0))


@lifted
def intersect1d(x1: Any, x2: Any, /) -> Value:
    """Distinct values that two tensors share, in order."""
    values = unique(together(x1, x2)[0])
    return kept(isin(values, together(x1, x2)[1]), values)


@lifted
def setdiff1d(x1: Any, x2: Any, /) -> Value:
    """Distinct values of the first tensor that the second lacks, in order."""
    values = unique(together(x1, x2)[0])
    return kept(isin(values, together(x1, x2)[1], invert=True), values)


@lifted
def setxor1d(x1: Any, x2: Any, /) -> Value:
    """Distinct values of one tensor alone, in order."""
    x, y = together(x1, x2)
    return sort(concat((setdiff1d(x, y), setdiff1d(y, x)), axis=0))


@lifted
def lexsort(keys: Any, /, axis: int = -1) -> Value:
    """The indices that sort by the last key, then the one before, …, int64."""
    given = tuple(keys) if isinstance(keys, (tuple, list)) else tuple(getitem(together(keys)[0], i) for i in range(keys.shape[0]))
    values = broadcast_arrays(*reversed(given))
    (d,) = axes_of(axis, len(values[0].shape))
    operands = [part for v in values for part in ranks(v)]
    places = node("iota", iota_dimension=d, result=values[0].tensor.with_dtype(I64))
    scalars = [param(TensorType(t.dtype, ())) for t in (*operands, places) for _ in range(2)]
    first = before(scalars[:-2], "LT")
    return nodes("sort", *operands, places, dimension=d, is_stable=True, comparator=region(scalars, (first,)))[-1]


@lifted
def partition(x: Any, kth: Any, /, axis: int | None = -1) -> Value:
    """The elements with the k-th smallest in its place, smaller ones before it: here, all of them in order."""
    v = _flat(x) if axis is None else together(x)[0]
    return sort(v, axis=-1 if axis is None else axis)


@lifted
def argpartition(x: Any, kth: Any, /, axis: int | None = -1) -> Value:
    """The indices of `partition`, int64."""
    v = _flat(x) if axis is None else together(x)[0]
    return argsort(v, axis=-1 if axis is None else axis)
