"""Sampled functions: convolution, interpolation, differences, integrals, polynomials."""

import math
from typing import Any

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const, full_like, reshape_to
from ..faults import check
from ..lift import lifted
from . import elementwise as e
from .dtypes import floating, together
from .indexing import getitem, take
from .linear import matmul
from .manipulation import concat, flip
from .pieces import pad, ravel
from .reductions import axes_of, cumulative_sum, diff
from .reductions import sum as sum_of
from .searching import searchsorted
from .sorting import argsort

__all__ = [
    "convolve", "correlate", "ediff1d", "gradient", "interp", "polyadd", "polyder", "polyint", "polymul", "polysub", "polyval",
    "trapezoid", "unwrap",
]  # fmt: skip


def _windows(x: Value, taps: Value, mode: str) -> Value:
    """Sums of x against `taps` at every offset: where the two overlap at all ("full"), in the middle ("same"), or wholly ("valid")."""
    check(mode in ("full", "same", "valid"), "numpy.convolve", f'mode is "full", "same" or "valid", got {mode!r}')
    n, k = x.shape[0], taps.shape[0]
    whole = pad(x, k - 1) if k > 1 else x
    count = n + k - 1
    rows = const(np.arange(count)[:, None] + np.arange(k)[None, :])
    found = matmul(take(whole, rows, axis=0), taps)
    if mode == "full":
        return found
    size = max(n, k) if mode == "same" else max(n, k) - min(n, k) + 1
    first = (count - size) // 2 if mode == "same" else min(n, k) - 1
    return getitem(found, slice(first, first + size))


def _vectors(x1: Any, x2: Any) -> tuple[Value, Value]:
    x, y = together(x1, x2)
    known = all(len(v.shape) == 1 and isinstance(v.shape[0], int) and v.shape[0] > 0 for v in (x, y))
    check(known, "numpy.convolve", f"vectors of known sizes are convolved, got {x.type} and {y.type}")
    return x, y


@lifted
def convolve(x1: Any, x2: Any, /, mode: str = "full") -> Value:
    """Σ x1[i] · x2[n - i]: of vectors, or the products of polynomials."""
    x, y = _vectors(x1, x2)
    x, y = (x, y) if x.shape[0] >= y.shape[0] else (y, x)
    return _windows(x, flip(y), mode)


@lifted
def correlate(x1: Any, x2: Any, /, mode: str = "valid") -> Value:
    """Σ x1[i + n] · conj(x2[i])."""
    x, y = _vectors(x1, x2)
    if x.shape[0] >= y.shape[0]:
        return _windows(x, e.conj(y), mode)
    return flip(_windows(e.conj(y), x, mode))


@lifted
def interp(x: Any, xp: Any, fp: Any, /, left: Any = None, right: Any = None, period: float | None = None) -> Value:
    """The piecewise linear function through (xp, fp) at x; outside of xp, which rises, `left` and `right`, else its ends' values."""
    v, knots, values = together(floating(x), xp, fp) if period is None else _periodic(floating(x), xp, fp, period)
    n = knots.shape[0]
    check(n > 0, "numpy.interp", "no points to interpolate between")
    place = e.clip(searchsorted(knots, v, side="right"), 1, max(n - 1, 1))
    x0, x1, y0, y1 = (take(t, e.minimum(e.subtract(place, back), n - 1), axis=0) for t in (knots, values) for back in (1, 0))
    width = e.subtract(x1, x0)
    flat = e.equal(width, 0)
    part = e.divide(e.subtract(v, x0), e.where(flat, full_like(width, 1), width))
    found = e.where(flat, y0, e.add(y0, e.multiply(part, e.subtract(y1, y0))))
    ends = getitem(values, 0) if left is None else left, getitem(values, -1) if right is None else right
    low, high = (cast(together(values, t)[1], values.dtype) for t in ends)
    if period is not None:
        return found
    found = e.where(e.less(v, getitem(knots, 0)), low, found)
    found = e.where(e.equal(v, getitem(knots, -1)), getitem(values, -1), found)
    return e.where(e.greater(v, getitem(knots, -1)), high, found)


def _periodic(x: Value, xp: Any, fp: Any, period: float) -> tuple[Value, Value, Value]:
    """Everything within one period, with a point more at either end."""
    v, knots, values = together(x, xp, fp)
    knots, v = e.remainder(knots, abs(period)), e.remainder(v, abs(period))
    order = argsort(knots)
    knots, values = take(knots, order, axis=0), take(values, order, axis=0)
    first, last = (getitem(knots, slice(i, i + 1 or None)) for i in (0, -1))
    knots = concat((e.subtract(last, abs(period)), knots, e.add(first, abs(period))), axis=0)
    return v, knots, concat(tuple(getitem(values, s) for s in (slice(-1, None), slice(None), slice(0, 1))), axis=0)


def _steps(v: Value, given: Any, d: int) -> Value:
    """Distances along dim d as numbers of rank 0, or of the shape that broadcasts along it."""
    spacing = together(v, given)[1]
    if not spacing.shape:
        return spacing
    check(spacing.shape == (v.shape[d],), "numpy.gradient", f"{spacing.type} is no coordinates of dim {d} of {v.type}")
    return reshape_to(diff(spacing), tuple(v.shape[d] - 1 if i == d else 1 for i in range(len(v.shape))))


def _slope(v: Value, given: Any, d: int) -> Value:
    """Central differences along a dim, of second order where steps differ, and those of neighbours at the ends."""
    check(v.shape[d] >= 2, "numpy.gradient", f"dim {d} of {v.type} has no neighbours")
    lead = (slice(None),) * d

    def cut(x: Value, start: int | None, stop: int | None) -> Value:
        return getitem(x, (*lead, slice(start, stop))) if x.shape else x

    step = _steps(v, given, d)
    rise = diff(v, axis=d)
    slopes = e.divide(rise, step)
    ends = cut(slopes, None, 1), cut(slopes, -1, None)
    if v.shape[d] == 2:
        return concat(ends, axis=d)
    if not step.shape:
        inner = e.divide(e.subtract(cut(v, 2, None), cut(v, None, -2)), e.multiply(step, 2))
    else:
        before, after = cut(step, None, -1), cut(step, 1, None)
        whole = e.add(before, after)
        inner = e.add(e.multiply(cut(slopes, None, -1), e.divide(after, whole)), e.multiply(cut(slopes, 1, None), e.divide(before, whole)))
    return concat((ends[0], inner, ends[1]), axis=d)


@lifted
def gradient(x: Any, /, *varargs: Any, axis: Any = None) -> Any:
    """The slopes along an axis, several or all: one tensor each. Distances of samples (or coordinates) are one for all or one each."""
    v = floating(x)
    axes = tuple(range(len(v.shape))) if axis is None else tuple(a % len(v.shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    check(len(varargs) in (0, 1, len(axes)), "numpy.gradient", f"{len(varargs)} distances for {len(axes)} axes")
    spacing = varargs if len(varargs) == len(axes) else (varargs or (1.0,)) * len(axes)
    found = tuple(_slope(v, s, axes_of(a, len(v.shape))[0]) for a, s in zip(axes, spacing, strict=True))
    return found[0] if len(found) == 1 else found


@lifted
def trapezoid(y: Any, x: Any = None, /, dx: Any = 1.0, axis: int = -1) -> Value:
    """The integral of samples along an axis, by straight lines between them."""
    v = floating(y)
    (d,) = axes_of(axis, len(v.shape))
    lead = (slice(None),) * d
    total = e.add(getitem(v, (*lead, slice(1, None))), getitem(v, (*lead, slice(None, -1))))
    if x is None:
        return sum_of(e.multiply(e.multiply(total, dx), 0.5), axis=d)
    places = together(v, x)[1]
    rank = len(v.shape)
    step = diff(places, axis=d if len(places.shape) == rank else -1)
    step = step if len(places.shape) == rank else reshape_to(step, tuple(step.shape[0] if i == d else 1 for i in range(rank)))
    return sum_of(e.multiply(e.multiply(total, step), 0.5), axis=d)


@lifted
def ediff1d(x: Any, /, to_end: Any = None, to_begin: Any = None) -> Value:
    """Differences of neighbours in row-major order, with what is put before and after."""
    v = ravel(together(x)[0])
    around = [None if t is None else ravel(cast(together(v, t)[1], v.dtype)) for t in (to_begin, to_end)]
    parts = [p for p in (around[0], diff(v), around[1]) if p is not None]
    return concat(tuple(parts), axis=0)


@lifted
def unwrap(x: Any, /, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Value:
    """Angles whose neighbours differ by less than half a period (or `discont`), by adding whole periods."""
    v = floating(x)
    (d,) = axes_of(axis, len(v.shape))
    step = diff(v, axis=d)
    half = period / 2
    least = e.subtract(e.remainder(e.add(step, half), period), half)
    least = e.where(e.logical_and(e.equal(least, -half), e.greater(step, 0)), full_like(least, half), least)
    more = e.subtract(least, step)
    more = e.where(e.less(e.abs(step), half if discont is None else max(discont, half)), full_like(more, 0), more)
    lead = (slice(None),) * d
    rest = e.add(getitem(v, (*lead, slice(1, None))), cumulative_sum(more, axis=d))
    return concat((getitem(v, (*lead, slice(0, 1))), rest), axis=d)


# Polynomials: vectors of coefficients, the highest power first


@lifted
def polyval(p: Any, x: Any, /) -> Value:
    """The values of a polynomial at x."""
    coefficients, v = together(p, x)
    found = full_like(v, 0)
    for i in range(coefficients.shape[0]):
        found = e.add(e.multiply(found, v), getitem(coefficients, i))
    return found


def _aligned(p1: Any, p2: Any) -> tuple[Value, Value]:
    p, q = (reshape_to(v, (1,)) if not v.shape else v for v in together(p1, p2))
    n = max(p.shape[0], q.shape[0])
    return tuple(pad(v, (n - v.shape[0], 0)) if v.shape[0] < n else v for v in (p, q))  # type: ignore[return-value]


@lifted
def polyadd(p1: Any, p2: Any, /) -> Value:
    """The sum of two polynomials."""
    return e.add(*_aligned(p1, p2))


@lifted
def polysub(p1: Any, p2: Any, /) -> Value:
    """The difference of two polynomials."""
    return e.subtract(*_aligned(p1, p2))


@lifted
def polymul(p1: Any, p2: Any, /) -> Value:
    """The product of two polynomials."""
    p, q = (reshape_to(v, (1,)) if not v.shape else v for v in together(p1, p2))
    return convolve(p, q)


@lifted
def polyder(p: Any, /, m: int = 1) -> Value:
    """The m-th derivative of a polynomial."""
    (v,) = together(p)
    for _ in range(m):
        n = v.shape[0] - 1
        v = e.multiply(getitem(v, slice(None, -1)), const(np.arange(n, 0, -1), v.dtype)) if n > 0 else getitem(v, slice(0, 0))
    return v


@lifted
def polyint(p: Any, /, m: int = 1) -> Value:
    """The m-th integral of a polynomial, 0 at 0."""
    v = floating(p)
    for _ in range(m):
        v = pad(e.divide(v, const(np.arange(v.shape[0], 0, -1), v.dtype)), (0, 1))
    return v
