"""What folds and products share: the types they accumulate in, the monoids as ufuncs and as elements, padding with holes."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import F32, I32, DType, from_numpy
from ..ir.dims import Dim, is_positive
from .builder import E, ElementBuilder


def accumulator_of(dtype: DType) -> DType:
    """The type kernels accumulate sums and products of `dtype` in: f32 for narrower floats, i32 for sub-byte integers, else itself."""
    if dtype.is_float and dtype.bits < 32:
        return F32
    return I32 if dtype.is_int and dtype.bits < 8 else dtype


def widen(x: np.ndarray) -> np.ndarray:
    """The same numbers in the widest type of their kind, so that the reference rounds once, at the end."""
    dtype = from_numpy(x.dtype)
    if dtype.is_float:
        return x.astype(np.float64)
    if dtype.is_complex:
        return x.astype(np.complex128)
    if dtype.is_int:
        return x.astype(np.int64 if dtype.is_signed else np.uint64)
    return x


_BOOL = {"add": np.logical_or, "mul": np.logical_and, "min": np.logical_and, "max": np.logical_or}
_UFUNCS = {
    "add": np.add,
    "mul": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


def ufunc_of(monoid: str, dtype: DType) -> np.ufunc | None:
    """The monoid on widened arrays of `dtype`; None where numpy has none with StableHLO's meaning."""
    if dtype.is_bool:
        return _BOOL.get(monoid, _UFUNCS[monoid])
    if dtype.is_complex and monoid not in ("add", "mul"):
        return None
    return _UFUNCS[monoid]


def combine(b: ElementBuilder[E], monoid: str, x: E, y: E) -> E:
    """The monoid on two elements."""
    match monoid:
        case "add":
            return b.add(x, y)
        case "mul":
            return b.mul(x, y)
        case "min":
            return b.min(x, y)
        case "max":
            return b.max(x, y)
        case "and":
            return b.and_(x, y)
        case "or":
            return b.or_(x, y)
        case "xor":
            return b.xor(x, y)
        case _:
            raise ValueError(monoid)


def spread(x: np.ndarray, value: np.ndarray, low: Sequence[int], high: Sequence[int], dilation: Sequence[int]) -> np.ndarray:
    """`x` with `dilation - 1` copies of `value` between its elements and `low`, `high` around them; negative padding cuts off."""
    dilated = [max(0, (n - 1) * d + 1) for n, d in zip(x.shape, dilation, strict=True)]
    sizes = [max(0, lo + n + hi) for n, lo, hi in zip(dilated, low, high, strict=True)]
    out = np.full(sizes, value, x.dtype)
    target, source = [], []
    for n, size, lo, step in zip(x.shape, sizes, low, dilation, strict=True):
        first = max(0, -(lo // step))  # the first element whose place lo + i·step is not negative
        last = min(n, -(-(size - lo) // step))
        count = max(0, last - first)
        start = lo + first * step
        target.append(slice(start, start + (count - 1) * step + 1, step) if count else slice(0, 0))
        source.append(slice(first, first + count))
    out[tuple(target)] = x[tuple(source)]
    return out


def exceeds(x: Dim, y: Dim) -> bool:
    """Whether x > y is certain."""
    return is_positive(x - y)
