"""Elementwise functions that NumPy has beside the standard's, and their other names."""

import math
from collections.abc import Callable
from typing import Any

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_together, cast, const, full_like
from ....compiler.ops.nodes import node
from ....proto.dtypes import BOOL, DType
from ..faults import check
from ..lift import lifted
from . import elementwise as e
from .dtypes import finfo, floating, together
from .reductions import all as all_of

__all__ = [
    "absolute",
    "allclose",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "around",
    "array_equal",
    "array_equiv",
    "bitwise_count",
    "bitwise_not",
    "cbrt",
    "conjugate",
    "deg2rad",
    "degrees",
    "divmod",
    "exp2",
    "fabs",
    "fix",
    "float_power",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "invert",
    "isclose",
    "iscomplex",
    "isneginf",
    "isposinf",
    "isreal",
    "left_shift",
    "logaddexp2",
    "mod",
    "modf",
    "nan_to_num",
    "power",
    "rad2deg",
    "radians",
    "right_shift",
    "rint",
    "sinc",
    "true_divide",
]  # fmt: skip

absolute, conjugate, fix, invert, bitwise_not, rint = e.abs, e.conj, e.trunc, e.bitwise_invert, e.bitwise_invert, e.round
arccos, arccosh, arcsin, arcsinh, arctan, arctanh, arctan2 = e.acos, e.acosh, e.asin, e.asinh, e.atan, e.atanh, e.atan2
left_shift, right_shift = e.bitwise_left_shift, e.bitwise_right_shift
mod, power, true_divide = e.remainder, e.pow, e.divide


def _floats(*xs: Any) -> tuple[Value, ...]:
    """Tensors of one float type and one shape."""
    return broadcast_together(tuple(floating(v) for v in together(*xs)))


def _real(name: str, v: Value) -> Value:
    check(not v.dtype.is_complex, f"numpy.{name}", f"{name} is of real numbers, got {v.type}", kind=TypeError)
    return v


def _scaling(name: str, factor: float, doc: str) -> Callable[..., Any]:
    def build(x: Any, /) -> Value:
        v = _real(name, floating(x))
        return node("multiply", v, full_like(v, factor))

    build.__name__ = build.__qualname__ = name
    build.__doc__ = doc
    return lifted(build)


deg2rad = radians = _scaling("radians", math.pi / 180, "Degrees as radians.")
rad2deg = degrees = _scaling("degrees", 180 / math.pi, "Radians as degrees.")


@lifted
def fabs(x: Any, /) -> Value:
    """The absolute value as a float."""
    return node("abs", _real("fabs", floating(x)))


@lifted
def cbrt(x: Any, /) -> Value:
    """The cube root."""
    return node("cbrt", _real("cbrt", floating(x)))


@lifted
def exp2(x: Any, /) -> Value:
    """2^x."""
    v = floating(x)
    return e.pow(full_like(v, 2), v)


@lifted
def logaddexp2(x1: Any, x2: Any, /) -> Value:
    """log2(2^x1 + 2^x2), without overflow."""
    x, y = (e.multiply(v, math.log(2)) for v in _floats(x1, x2))
    return e.divide(e.logaddexp(x, y), math.log(2))


@lifted
def sinc(x: Any, /) -> Value:
    """sin(πx) / (πx), 1 at 0."""
    v = e.multiply(floating(x), math.pi)
    zero = e.equal(v, 0)
    safe = e.where(zero, full_like(v, 1), v)
    return e.where(zero, full_like(v, 1), e.divide(e.sin(safe), safe))


@lifted
def heaviside(x1: Any, x2: Any, /) -> Value:
    """0 below 0, 1 above, x2 at 0, NaN of NaN."""
    x, y = _floats(x1, x2)
    step = e.where(e.less(x, 0), full_like(x, 0), full_like(x, 1))
    return e.where(e.equal(x, 0), y, e.where(e.isnan(x), x, step))


@lifted
def fmod(x1: Any, x2: Any, /) -> Value:
    """What is left of x1 / x2 rounded towards 0, with the sign of x1."""
    return node("remainder", *broadcast_together(together(x1, x2)))


def _of_one_number(choose: Callable[..., Any], name: str, doc: str) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        x, y = broadcast_together(together(x1, x2))
        if not (x.dtype.is_float or x.dtype.is_complex):
            return choose(x, y)
        return e.where(e.isnan(x), y, e.where(e.isnan(y), x, choose(x, y)))

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


fmax = _of_one_number(e.maximum, "fmax", "The larger of each pair of elements; of a number and NaN the number.")
fmin = _of_one_number(e.minimum, "fmin", "The smaller of each pair of elements; of a number and NaN the number.")


@lifted
def float_power(x1: Any, x2: Any, /) -> Value:
    """x1 to the power x2, in floats."""
    return e.pow(*_floats(x1, x2))


@lifted
def divmod(x1: Any, x2: Any, /) -> tuple[Value, Value]:
    """x1 // x2 and x1 % x2."""
    x, y = together(x1, x2)
    return e.floor_divide(x, y), e.remainder(x, y)


@lifted
def modf(x: Any, /) -> tuple[Value, Value]:
    """The fraction and the whole part, both with the sign of x."""
    v = _real("modf", floating(x))
    whole = e.copysign(e.trunc(v), v)
    rest = e.where(e.isinf(v), full_like(v, 0), e.subtract(v, whole))
    return e.where(e.isnan(v), v, e.copysign(rest, v)), whole


@lifted
def around(x: Any, /, decimals: int = 0) -> Value:
    """To the nearest number with so many decimals (negative: tens, hundreds, …), ties to the even one."""
    (v,) = together(x)
    if decimals == 0 or (v.dtype.is_int and decimals > 0):
        return e.round(v)
    if v.dtype.is_int:
        step = full_like(v, 10**-decimals)
        low = e.multiply(e.floor_divide(v, step), step)
        twice = e.multiply(e.subtract(v, low), 2)
        odd = e.equal(e.remainder(e.floor_divide(v, step), 2), 1)
        up = e.logical_or(e.greater(twice, step), e.logical_and(e.equal(twice, step), odd))
        return e.where(up, e.add(low, step), low)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return e.divide(e.round(e.multiply(v, scale)), scale)
    return e.multiply(e.round(e.divide(v, scale)), scale)


@lifted
def bitwise_count(x: Any, /) -> Value:
    """The number of ones in the bits of the absolute value, uint8."""
    (v,) = together(x)
    check(v.dtype.is_int, "numpy.bitwise_count", f"bits are those of integers, got {v.type}", kind=TypeError)
    return e.astype(node("popcnt", e.abs(v)), "uint8")


@lifted
def angle(z: Any, /, deg: bool = False) -> Value:
    """The argument of complex numbers, in (-π, π]; in degrees with `deg`."""
    v = floating(z)
    found = e.atan2(node("imag", v), node("real", v)) if v.dtype.is_complex else e.atan2(full_like(v, 0), v)
    return degrees(found) if deg else found


@lifted
def nan_to_num(x: Any, /, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Value:
    """Numbers in place of NaN and infinities: by default 0 and the type's limits."""
    (v,) = together(x)
    if v.dtype.is_complex:
        return node("complex", *(_finite(node(part, v), nan, posinf, neginf) for part in ("real", "imag")))
    return _finite(v, nan, posinf, neginf) if v.dtype.is_float else v


def _finite(v: Value, nan: float, posinf: float | None, neginf: float | None) -> Value:
    limits = finfo(v.dtype.numpy)
    high = e.where(isposinf(v), full_like(v, limits.max if posinf is None else posinf), v)
    low = e.where(isneginf(v), full_like(v, limits.min if neginf is None else neginf), high)
    return e.where(e.isnan(v), full_like(v, nan), low)


def _equals_infinity(name: str, sign: float) -> Any:
    def build(x: Any, /) -> Value:
        v = _real(name, together(x)[0])
        return e.equal(v, full_like(v, sign)) if v.dtype.is_float else _constant(v, False)

    build.__name__, build.__qualname__, build.__doc__ = name, name, f"Whether elements are {sign}."
    return lifted(build)


isposinf, isneginf = _equals_infinity("isposinf", math.inf), _equals_infinity("isneginf", -math.inf)


def _constant(v: Value, value: bool, dtype: DType = BOOL) -> Value:
    return cast(full_like(v, int(value)), dtype)


@lifted
def isreal(x: Any, /) -> Value:
    """Whether the imaginary part is 0."""
    (v,) = together(x)
    return e.equal(node("imag", v), 0) if v.dtype.is_complex else _constant(v, True)


@lifted
def iscomplex(x: Any, /) -> Value:
    """Whether the imaginary part is not 0."""
    (v,) = together(x)
    return e.not_equal(node("imag", v), 0) if v.dtype.is_complex else _constant(v, False)


@lifted
def isclose(x1: Any, x2: Any, /, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Whether |x1 - x2| ≤ atol + rtol · |x2|, or the two are equal."""
    x, y = _floats(x1, x2)
    near = e.less_equal(e.abs(e.subtract(x, y)), e.add(e.multiply(e.abs(y), rtol), atol))
    found = e.logical_or(e.equal(x, y), e.logical_and(near, e.isfinite(y)))
    return e.logical_or(found, e.logical_and(e.isnan(x), e.isnan(y))) if equal_nan else found


@lifted
def allclose(x1: Any, x2: Any, /, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Value:
    """Whether all elements are close, see `isclose`."""
    return all_of(isclose(*together(x1, x2), rtol=rtol, atol=atol, equal_nan=equal_nan))


@lifted
def array_equal(x1: Any, x2: Any, /, equal_nan: bool = False) -> Value:
    """Whether shapes and all elements are equal."""
    x, y = together(x1, x2)
    if x.shape != y.shape:
        return const(False)
    same = e.equal(x, y)
    if equal_nan and (x.dtype.is_float or x.dtype.is_complex):
        same = e.logical_or(same, e.logical_and(e.isnan(x), e.isnan(y)))
    return all_of(same)


@lifted
def array_equiv(x1: Any, x2: Any, /) -> Value:
    """Whether all elements are equal once the two are broadcast together, which they must be able to."""
    return all_of(e.equal(*together(x1, x2)))
