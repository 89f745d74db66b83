"""Statistics that NumPy has beside the standard's: quantiles, covariance, histograms, and reductions that leave NaN out."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ....compiler.ir.attrs import ScatterDims
from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value
from ....compiler.ops.gradients.common import scalar_body
from ....compiler.ops.helpers import broadcast, broadcast_to, cast, const, full_like, reshape_to
from ....compiler.ops.nodes import node
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from . import elementwise as e
from . import reductions as r
from .dtypes import floating, together
from .indexing import getitem, take_along_axis
from .linear import matmul, matrix_transpose
from .manipulation import concat, expand_dims, flip, moveaxis
from .searching import bound, searchsorted
from .sorting import sort

__all__ = [
    "amax", "amin", "average", "bincount", "corrcoef", "cov", "cumprod", "cumsum", "digitize", "histogram", "histogram_bin_edges", "median",
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "percentile", "ptp", "quantile",
]  # fmt: skip

amax, amin = r.max, r.min


def _last(x: Any, axis: Any) -> tuple[Value, tuple[int, ...]]:
    """The elements along the axes as the last dim of a tensor of floats, and the axes."""
    v = floating(x)
    check(not v.dtype.is_complex, "numpy.quantile", f"numbers without an order have no quantiles, got {v.type}", kind=TypeError)
    axes = r.axes_of(axis, len(v.shape))
    rest = tuple(i for i in range(len(v.shape)) if i not in axes)
    moved = node("transpose", v, permutation=(*rest, *axes))
    return reshape_to(moved, (*(v.shape[i] for i in rest), product(v.shape[a] for a in axes))), axes


_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantiles(x: Any, q: Any, axis: Any, keepdims: bool, method: str, skip: bool) -> Value:
    """Of sorted elements those at q · (n - 1), between which `method` chooses; n is the number of those that are not NaN with `skip`."""
    check(method in _METHODS, "numpy.quantile", f"there is no method {method!r}", help=f"the methods are {', '.join(_METHODS)}")
    v, axes = _last(x, axis)
    check(v.shape[-1] != 0, "numpy.empty", f"of no elements none is a quantile: dims {axes} are 0")
    ordered = sort(v, axis=-1)
    wanted = cast(together(v, q)[1], v.dtype)
    lead, count = v.shape[:-1], wanted.shape
    k = product(count)
    parts = broadcast(reshape_to(wanted, (k,)), (*lead, k), (len(lead),))
    number = r.sum(e.logical_not(e.isnan(v)), axis=-1, keepdims=True)
    last = e.subtract(number if skip else full_like(number, v.shape[-1]), 1)
    found = _between(ordered, e.multiply(parts, e.astype(last, v.dtype.numpy)), broadcast_to(last, parts.shape), method)
    gone = e.equal(number, 0) if skip else e.less(number, v.shape[-1])
    found = e.where(gone, full_like(found, math.nan), found)
    found = moveaxis(found, -1, 0)
    rest = tuple(1 if i in axes else n for i, n in enumerate(_value(x).shape)) if keepdims else lead
    return reshape_to(found, (*count, *rest))


def _value(x: Any) -> Value:
    return together(x)[0]


def _between(ordered: Value, place: Value, last: Value, method: str) -> Value:
    """The elements at fractional places along the last dim."""
    low = e.floor(place)
    part = e.subtract(place, low)
    first = e.clip(e.astype(low, "int64"), 0, ordered.shape[-1] - 1)
    second = e.maximum(e.minimum(e.add(first, 1), last), 0)
    if method == "nearest":
        half = e.equal(part, 0.5)
        up = e.where(half, e.equal(e.remainder(first, 2), 1), e.greater(part, 0.5))
        return take_along_axis(ordered, e.where(up, second, first), axis=-1)
    a, b = (take_along_axis(ordered, i, axis=-1) for i in (first, second))
    if method != "linear":
        part = {"lower": full_like(part, 0), "higher": e.ceil(part), "midpoint": e.multiply(e.ceil(part), 0.5)}[method]
    step = e.subtract(b, a)
    upper = e.subtract(b, e.multiply(step, e.subtract(full_like(part, 1), part)))
    mixed = e.where(e.greater_equal(part, 0.5), upper, e.add(a, e.multiply(step, part)))
    return e.where(e.equal(part, 0), a, e.where(e.equal(part, 1), b, e.where(e.equal(a, b), a, mixed)))


@lifted
def quantile(x: Any, q: Any, /, axis: Any = None, *, keepdims: bool = False, method: str = "linear") -> Value:
    """Below which the fraction q of the elements lies; the dims of q come first. NaN where an element is."""
    return _quantiles(x, q, axis, keepdims, method, False)


@lifted
def nanquantile(x: Any, q: Any, /, axis: Any = None, *, keepdims: bool = False, method: str = "linear") -> Value:
    """`quantile` of the elements that are not NaN."""
    return _quantiles(x, q, axis, keepdims, method, True)


def _hundredth(x: Any, q: Any) -> Value:
    return e.divide(cast(together(floating(x), q)[1], floating(x).dtype), 100)


@lifted
def percentile(x: Any, q: Any, /, axis: Any = None, *, keepdims: bool = False, method: str = "linear") -> Value:
    """`quantile` of percents."""
    return _quantiles(x, _hundredth(x, q), axis, keepdims, method, False)


@lifted
def nanpercentile(x: Any, q: Any, /, axis: Any = None, *, keepdims: bool = False, method: str = "linear") -> Value:
    """`percentile` of the elements that are not NaN."""
    return _quantiles(x, _hundredth(x, q), axis, keepdims, method, True)


@lifted
def median(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The element in the middle, or the mean of the two there."""
    return _quantiles(x, 0.5, axis, keepdims, "linear", False)


@lifted
def nanmedian(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """`median` of the elements that are not NaN."""
    return _quantiles(x, 0.5, axis, keepdims, "linear", True)


@lifted
def ptp(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The largest element less the smallest."""
    return e.subtract(r.max(_value(x), axis=axis, keepdims=keepdims), r.min(_value(x), axis=axis, keepdims=keepdims))


def _running(f: Callable[..., Any], name: str, doc: str, fill: int | None = None) -> Any:
    def build(x: Any, /, axis: int | None = None, *, dtype: Any = None) -> Value:
        v = _value(x) if fill is None else _filled(_value(x), fill)
        return f(reshape_to(v, (product(v.shape),)) if axis is None else v, axis=0 if axis is None else axis, dtype=dtype)

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


def _inexact(v: Value) -> bool:
    return v.dtype.is_float or v.dtype.is_complex


def _filled(v: Value, value: float) -> Value:
    """A number in place of NaN."""
    return e.where(e.isnan(v), full_like(v, value), v) if _inexact(v) else v


cumsum = _running(r.cumulative_sum, "cumsum", "The sums of the prefixes along an axis, or of all elements.")
cumprod = _running(r.cumulative_prod, "cumprod", "The products of the prefixes along an axis, or of all elements.")
nancumsum = _running(r.cumulative_sum, "nancumsum", "`cumsum` with 0 in place of NaN.", 0)
nancumprod = _running(r.cumulative_prod, "nancumprod", "`cumprod` with 1 in place of NaN.", 1)


@lifted
def nansum(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Value:
    """The sum of the elements that are not NaN."""
    return r.sum(_filled(_value(x), 0), axis=axis, dtype=dtype, keepdims=keepdims)


@lifted
def nanprod(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Value:
    """The product of the elements that are not NaN."""
    return r.prod(_filled(_value(x), 1), axis=axis, dtype=dtype, keepdims=keepdims)


def _numbers(v: Value, axis: Any, keepdims: bool) -> Value:
    """How many elements are not NaN, in the type of the real parts of v."""
    return r.sum(e.astype(e.logical_not(e.isnan(v)), e.abs(v).dtype.numpy), axis=axis, keepdims=keepdims)


def _extreme(f: Callable[..., Any], name: str, doc: str, none: float) -> Any:
    def build(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
        v = _value(x)
        if not v.dtype.is_float:
            return f(v, axis=axis, keepdims=keepdims)
        found = f(_filled(v, none), axis=axis, keepdims=keepdims)
        return e.where(e.equal(_numbers(v, axis, keepdims), 0), full_like(found, math.nan), found)

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


nanmax = _extreme(r.max, "nanmax", "The largest element that is not NaN; NaN if all are.", -math.inf)
nanmin = _extreme(r.min, "nanmin", "The smallest element that is not NaN; NaN if all are.", math.inf)


@lifted
def nanargmax(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The index of the first largest element that is not NaN, int64."""
    return r.argmax(_filled(_value(x), -math.inf), axis=axis, keepdims=keepdims)


@lifted
def nanargmin(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The index of the first smallest element that is not NaN, int64."""
    return r.argmin(_filled(_value(x), math.inf), axis=axis, keepdims=keepdims)


@lifted
def nanmean(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Value:
    """The mean of the elements that are not NaN."""
    v = floating(x)
    return e.divide(r.sum(_filled(v, 0), axis=axis, keepdims=keepdims), _numbers(v, axis, keepdims))


@lifted
def nanvar(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Value:
    """The variance of the elements that are not NaN; NaN where there are no more than `correction`."""
    v = floating(x)
    off = _filled(e.abs(e.subtract(v, nanmean(v, axis=axis, keepdims=True))), 0)
    total = r.sum(e.multiply(off, off), axis=axis, keepdims=keepdims)
    count = e.subtract(_numbers(v, axis, keepdims), correction)
    return e.where(e.less_equal(count, 0), full_like(total, math.nan), e.divide(total, count))


@lifted
def nanstd(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Value:
    """The standard deviation of the elements that are not NaN."""
    return e.sqrt(nanvar(_value(x), axis=axis, correction=correction, keepdims=keepdims))


@lifted
def average(x: Any, /, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """The mean weighted by `weights`, of the shape of x or of the axis; the sums of the weights too if they are to be returned."""
    v = floating(x)
    if weights is None:
        found = r.mean(v, axis=axis, keepdims=keepdims)
        total = broadcast_to(const(math.prod(v.shape[a] for a in r.axes_of(axis, len(v.shape))), found.dtype), found.shape)
        return (found, total) if returned else found
    v, w = together(v, floating(weights))
    if w.shape != v.shape:
        axes = r.ordered_axes(axis, len(v.shape))
        fits = axis is not None and w.shape == tuple(v.shape[a] for a in axes)
        check(fits, "numpy.average", f"weights of {w.type} for {v.type} along {axis}: they need its shape, or that of the axis")
        w = broadcast(w, v.shape, axes)
    total = r.sum(w, axis=axis, keepdims=keepdims)
    found = e.divide(r.sum(e.multiply(v, w), axis=axis, keepdims=keepdims), total)
    return (found, total) if returned else found


@lifted
def cov(x: Any, y: Any = None, /, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Value:
    """The covariance of variables, which are rows (columns unless `rowvar`), or of one; sums are divided by n - 1, n or n - ddof."""
    rows = _variables(floating(x), rowvar)
    if y is not None:
        rows = concat(together(rows, _variables(floating(y), rowvar)), axis=0)
    n = rows.shape[1]
    check(isinstance(n, int), "numpy.cov", f"the covariance over the symbolic size {n} is not known")
    off = e.subtract(rows, r.mean(rows, axis=1, keepdims=True))
    less = (0 if bias else 1) if ddof is None else ddof
    total = matmul(off, e.conj(matrix_transpose(off)))
    found = e.multiply(total, 1 / (n - less)) if n > less else full_like(total, math.nan)
    return reshape_to(found, ()) if found.shape == (1, 1) else found


def _variables(v: Value, rowvar: bool) -> Value:
    check(len(v.shape) < 3, "numpy.cov", f"variables are a matrix or a vector, got {v.type}")
    if len(v.shape) < 2:
        return reshape_to(v, (1, product(v.shape)))
    return v if rowvar or v.shape[0] == 1 else matrix_transpose(v)


@lifted
def corrcoef(x: Any, y: Any = None, /, rowvar: bool = True) -> Value:
    """Correlation coefficients of variables, in [-1, 1]."""
    c = cov(_value(x), y, rowvar)
    if not c.shape:
        return e.divide(c, c)
    size = e.sqrt(e.real(r.sum(e.multiply(c, const(np.eye(c.shape[0]), c.dtype)), axis=1)))
    found = e.divide(e.divide(c, expand_dims(size, axis=1)), expand_dims(size, axis=0))
    if c.dtype.is_complex:
        return node("complex", *(e.clip(node(part, found), -1, 1) for part in ("real", "imag")))
    return e.clip(found, -1, 1)


def _counted(places: Value, amounts: Value, size: Any) -> Value:
    """At each place the sum of its amounts, [size]; places beside those do not count."""
    zeros = broadcast_to(const(0, amounts.dtype), (size,))
    dims = ScatterDims((), (0,), (), (), (0,), 1)
    return node("scatter", zeros, places, amounts, scatter_dimension_numbers=dims, update_computation=scalar_body("add", amounts.dtype))


@lifted
def bincount(x: Any, weights: Any = None, minlength: int = 0, *, length: int | None = None) -> Value:
    """How often each of the numbers from 0 occurs in a vector, or the sums of their weights, up to the largest number and `minlength`.

    The size depends on data unless `length` says it; larger numbers are then left out.
    """
    (v,) = together(x)
    check(len(v.shape) == 1 and v.dtype.is_int, "numpy.bincount", f"bincount takes a vector of integers, got {v.type}", kind=TypeError)
    places = cast(v, I64)
    amounts = full_like(places, 1) if weights is None else floating(weights)
    check(amounts.shape == v.shape, "numpy.bincount", f"weights of {amounts.type} for {v.type}")
    if length is None:
        largest = r.max(concat((places, const(np.asarray([minlength - 1], np.int64))), axis=0))
        length = bound(e.add(largest, 1))
    return _counted(places, amounts, length)


@lifted
def digitize(x: Any, bins: Any, /, right: bool = False) -> Value:
    """In which of the bins between rising (or falling) edges elements lie: 0 before the first, len(bins) after the last, int64."""
    v, edges = together(x, bins)
    n = edges.shape[0]
    side = "left" if right else "right"
    rising = searchsorted(edges, v, side=side)
    falling = e.subtract(n, searchsorted(flip(edges), v, side=side))
    return e.where(e.greater(getitem(edges, 0), getitem(edges, -1)), falling, rising) if n else rising


def _edges(v: Value, bins: Any, range: Any) -> Value:
    if not isinstance(bins, int):
        return together(bins)[0]
    check(bins > 0, "numpy.histogram", f"{bins} is no number of bins")
    kind = v if v.dtype.is_float else floating(v)
    if range is not None:
        low, high = (broadcast_to(const(float(n), kind.dtype), ()) for n in range)
    elif v.shape[0] == 0:
        low, high = const(0.0, kind.dtype), const(1.0, kind.dtype)
    else:
        low, high = cast(r.min(v), kind.dtype), cast(r.max(v), kind.dtype)
    same = e.equal(low, high)
    low, high = e.where(same, e.subtract(low, 0.5), low), e.where(same, e.add(high, 0.5), high)
    steps = const(np.arange(bins), kind.dtype)
    inner = e.add(e.multiply(steps, e.divide(e.subtract(high, low), bins)), low)
    return concat((inner, reshape_to(high, (1,))), axis=0)


@lifted
def histogram_bin_edges(x: Any, /, bins: Any = 10, range: Any = None) -> Value:
    """The edges that `histogram` counts between."""
    (v,) = together(x)
    return _edges(reshape_to(v, (product(v.shape),)), bins, range)


@lifted
def histogram(x: Any, /, bins: Any = 10, range: Any = None, weights: Any = None, density: bool = False) -> tuple[Value, Value]:
    """How many elements lie in each of the bins (that many of one width, or between given edges), and the edges.

    The last bin has its upper edge too. With `density` the counts are scaled to an integral of 1.
    """
    (given,) = together(x)
    v = reshape_to(given, (product(given.shape),))
    edges = _edges(v, bins, range)
    n = edges.shape[0] - 1
    values, limits = together(v, edges)
    place = e.subtract(searchsorted(limits, values, side="right"), 1)
    place = e.where(e.equal(values, getitem(limits, -1)), full_like(place, n - 1), place)
    # Places that do not count are those of scatter that lie outside.
    amounts = full_like(place, 1) if weights is None else reshape_to(together(weights)[0], v.shape)
    counts = _counted(e.where(e.isnan(values), full_like(place, -1), place) if _inexact(values) else place, amounts, n)
    if not density:
        return counts, edges
    widths = e.subtract(getitem(edges, slice(1, None)), getitem(edges, slice(None, -1)))
    scaled = cast(counts, floating(edges).dtype)
    return e.divide(e.divide(scaled, floating(widths)), r.sum(scaled)), edges
