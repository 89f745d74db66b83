"""Elementwise functions."""

import math
from collections.abc import Callable
from typing import Any

from ....compiler.ir.graph import Value
from ....compiler.ops.formula import Term
from ....compiler.ops.helpers import broadcast_together, cast, full_like
from ....compiler.ops.nodes import node
from ....proto.dtypes import BOOL
from ..lift import lifted, lifted_numbers
from ..tensor import Tensor
from . import complexes, division, logarithms
from .dtypes import dtype_of, floating, together, weft_dtype

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "where",
]  # fmt: skip


def _binary(name: str, op: str, doc: str, check: Callable[..., tuple[Value, ...]] = together) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        return node(op, *broadcast_together(check(x1, x2)))

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted_numbers(0)(build)


def _unary(name: str, op: str, doc: str, prepare: Callable[[Any], Value]) -> Any:
    def build(x: Any, /) -> Value:
        return node(op, prepare(x))

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


def _analytic(name: str, op: str, doc: str) -> Any:
    """A function with an op for real numbers and a formula for complex ones."""

    def build(x: Any, /) -> Value:
        v = floating(x)
        return complexes.FUNCTIONS[name](v) if v.dtype.is_complex else node(op, v)

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


def _any(x: Any) -> Value:
    return together(x)[0]


add = _binary("add", "add", "x1 + x2.")
subtract = _binary("subtract", "subtract", "x1 - x2.")
multiply = _binary("multiply", "multiply", "x1 · x2.")
maximum = _binary("maximum", "maximum", "The larger of each pair of elements; NaN if one is.")
minimum = _binary("minimum", "minimum", "The smaller of each pair of elements; NaN if one is.")
bitwise_and = _binary("bitwise_and", "and", "x1 & x2.")
bitwise_or = _binary("bitwise_or", "or", "x1 | x2.")
bitwise_xor = _binary("bitwise_xor", "xor", "x1 ^ x2.")
bitwise_left_shift = _binary("bitwise_left_shift", "shift_left", "x1 << x2.")


@lifted_numbers(0)
def bitwise_right_shift(x1: Any, x2: Any, /) -> Value:
    """x1 >> x2, keeping the sign."""
    x, y = broadcast_together(together(x1, x2))
    return node("shift_right_logical" if x.dtype.is_unsigned else "shift_right_arithmetic", x, y)


@lifted_numbers(0)
def divide(x1: Any, x2: Any, /) -> Value:
    """x1 / x2 in floats."""
    x, y = together(x1, x2)
    return node("divide", *broadcast_together((floating(x), floating(y))))


@lifted_numbers(0)
def floor_divide(x1: Any, x2: Any, /) -> Value:
    """x1 / x2 rounded towards -∞."""
    x, y = (Term(v) for v in broadcast_together(together(x1, x2)))
    return division.quotient(x, y).value


@lifted_numbers(0)
def remainder(x1: Any, x2: Any, /) -> Value:
    """What is left of x1 / x2 rounded towards -∞, with the sign of x2."""
    x, y = (Term(v) for v in broadcast_together(together(x1, x2)))
    return division.remainder(x, y).value


pow = _binary("pow", "power", "x1 to the power x2.")


def _comparison(name: str, direction: str, doc: str) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        return node("compare", *broadcast_together(together(x1, x2)), comparison_direction=direction)

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted_numbers(0)(build)


equal = _comparison("equal", "EQ", "Whether elements are equal.")
not_equal = _comparison("not_equal", "NE", "Whether elements differ.")
less = _comparison("less", "LT", "Whether x1 < x2.")
less_equal = _comparison("less_equal", "LE", "Whether x1 ≤ x2.")
greater = _comparison("greater", "GT", "Whether x1 > x2.")
greater_equal = _comparison("greater_equal", "GE", "Whether x1 ≥ x2.")
negative = _unary("negative", "negate", "-x.", _any)
bitwise_invert = _unary("bitwise_invert", "not", "~x.", _any)
exp = _analytic("exp", "exponential", "e^x.")
expm1 = _analytic("expm1", "exponential_minus_one", "e^x - 1, accurate near 0.")
log = _analytic("log", "log", "The natural logarithm.")
log1p = _analytic("log1p", "log_plus_one", "log(1 + x), accurate near 0.")
sqrt = _analytic("sqrt", "sqrt", "The square root.")
sin = _analytic("sin", "sine", "The sine.")
cos = _analytic("cos", "cosine", "The cosine.")
tan = _analytic("tan", "tan", "The tangent.")
tanh = _analytic("tanh", "tanh", "The hyperbolic tangent.")
acos = _analytic("acos", "weft.acos", "The angle in [0, π] of a cosine.")
acosh = _analytic("acosh", "weft.acosh", "The inverse of cosh.")
asin = _analytic("asin", "weft.asin", "The angle in [-π/2, π/2] of a sine.")
asinh = _analytic("asinh", "weft.asinh", "The inverse of sinh.")
atan = _analytic("atan", "weft.atan", "The angle in [-π/2, π/2] of a tangent.")
atanh = _analytic("atanh", "weft.atanh", "The inverse of tanh.")
cosh = _analytic("cosh", "weft.cosh", "The hyperbolic cosine.")
sinh = _analytic("sinh", "weft.sinh", "The hyperbolic sine.")
sigmoid = _unary("sigmoid", "logistic", "1 / (1 + e^-x).", floating)


@lifted
def abs(x: Any, /) -> Value:
    """The absolute value; of complex numbers the modulus."""
    v = _any(x)
    return v if v.dtype.is_unsigned else node("abs", v)


@lifted
def positive(x: Any, /) -> Value:
    """x itself."""
    return _any(x)


@lifted
def square(x: Any, /) -> Value:
    """x²."""
    v = _any(x)
    return node("multiply", v, v)


@lifted
def floor(x: Any, /) -> Value:
    """The greatest whole number that is not above x."""
    v = _any(x)
    return v if v.dtype.is_int else node("floor", v)


@lifted
def ceil(x: Any, /) -> Value:
    """The least whole number that is not below x."""
    v = _any(x)
    return v if v.dtype.is_int else node("ceil", v)


def _logical(name: str, op: str) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        return node(op, *broadcast_together((_truth(x1), _truth(x2))))

    build.__name__, build.__doc__ = name, f"{op} of the truth of elements."
    return lifted_numbers(0)(build)


def _truth(x: Any) -> Value:
    return cast(_any(x), BOOL)


logical_and, logical_or, logical_xor = _logical("logical_and", "and"), _logical("logical_or", "or"), _logical("logical_xor", "xor")


@lifted
def logical_not(x: Any, /) -> Value:
    """Whether elements are zero."""
    return node("not", _truth(x))


@lifted_numbers(1)
def where(condition: Any, x1: Any, x2: Any, /) -> Value:
    """x1 where the condition holds, else x2."""
    x, y = together(x1, x2)
    return node("select", *broadcast_together((_truth(condition), x, y)))


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: object = None) -> Any:
    """The elements converted: floats to integers towards zero, complex numbers to reals by their real part.

    A tensor of that type already is returned itself if `copy` is False.
    """
    if not copy and isinstance(x, Tensor) and x.dtype == dtype_of(dtype):
        return x
    return _converted(x, dtype)


@lifted
def _converted(x: Any, dtype: Any) -> Value:
    return cast(_any(x), weft_dtype(dtype))


@lifted_numbers(0)
def atan2(x1: Any, x2: Any, /) -> Value:
    """The angle of the point (x2, x1), in [-π, π]."""
    return node("atan2", *broadcast_together(tuple(floating(v) for v in together(x1, x2))))


@lifted_numbers(0)
def hypot(x1: Any, x2: Any, /) -> Value:
    """√(x1² + x2²), without overflow on the way."""
    x, y = (node("abs", v) for v in broadcast_together(tuple(floating(v) for v in together(x1, x2))))
    large, small = node("maximum", x, y), node("minimum", x, y)
    plain = node("compare", large, full_like(large, 0), comparison_direction="EQ")
    ratio = node("divide", small, node("select", plain, full_like(large, 1), large))
    size = node("multiply", large, node("sqrt", node("add", node("multiply", ratio, ratio), full_like(large, 1))))
    infinite = node("or", _is_infinite(x), _is_infinite(y))
    return node("select", infinite, full_like(size, float("inf")), node("select", plain, large, size))


def _is_infinite(x: Value) -> Value:
    return node("compare", node("abs", x), full_like(x, float("inf")), comparison_direction="EQ")


@lifted
def isnan(x: Any, /) -> Value:
    """Whether elements are NaN."""
    v = _any(x)
    if v.dtype.is_complex:
        return node("or", isnan(node("real", v)), isnan(node("imag", v)))
    return node("compare", v, v, comparison_direction="NE")


@lifted
def isinf(x: Any, /) -> Value:
    """Whether elements are infinite."""
    v = _any(x)
    if v.dtype.is_complex:
        return node("or", isinf(node("real", v)), isinf(node("imag", v)))
    return _is_infinite(v) if v.dtype.is_float else cast(full_like(v, 0), BOOL)


@lifted
def isfinite(x: Any, /) -> Value:
    """Whether elements are neither infinite nor NaN."""
    v = _any(x)
    if v.dtype.is_complex:
        return node("and", isfinite(node("real", v)), isfinite(node("imag", v)))
    return node("is_finite", v) if v.dtype.is_float else node("not", cast(full_like(v, 0), BOOL))


@lifted
def real(x: Any, /) -> Value:
    """The real part."""
    v = _any(x)
    return node("real", v) if v.dtype.is_complex else v


@lifted
def imag(x: Any, /) -> Value:
    """The imaginary part."""
    v = _any(x)
    return node("imag", v) if v.dtype.is_complex else full_like(v, 0)


@lifted
def conj(x: Any, /) -> Value:
    """The complex conjugate."""
    v = _any(x)
    return node("complex", node("real", v), node("negate", node("imag", v))) if v.dtype.is_complex else v


@lifted
def sign(x: Any, /) -> Value:
    """-1, 0 or 1; of complex numbers x / |x|."""
    v = _any(x)
    if v.dtype.is_unsigned:
        return cast(cast(v, BOOL), v.dtype)
    if v.dtype.is_complex:
        return complexes.FUNCTIONS["sign"](v)
    found = node("sign", v)
    return node("add", found, full_like(found, 0)) if v.dtype.is_float else found  # the sign of -0 is 0


@lifted
def round(x: Any, /) -> Value:
    """To the nearest whole number, ties to the even one."""
    v = _any(x)
    if v.dtype.is_complex:
        return node("complex", round(node("real", v)), round(node("imag", v)))
    return node("round_nearest_even", v) if v.dtype.is_float else v


@lifted
def trunc(x: Any, /) -> Value:
    """To the whole number towards zero."""
    v = _any(x)
    if not v.dtype.is_float:
        return v
    below = node("compare", v, full_like(v, 0), comparison_direction="LT")
    return node("select", below, node("ceil", v), node("floor", v))


@lifted
def reciprocal(x: Any, /) -> Value:
    """1 / x."""
    v = floating(x)
    return node("divide", full_like(v, 1), v)


def _logarithm(name: str, base: float, of_reals: Callable[[Value], Value]) -> Any:
    def build(x: Any, /) -> Value:
        v = floating(x)
        return complexes.logarithm(base)(v) if v.dtype.is_complex else of_reals(v)

    build.__name__, build.__qualname__, build.__doc__ = name, name, f"The logarithm to the base {name[3:]}."
    return lifted(build)


log2 = _logarithm("log2", 0.6931471805599453, logarithms.log2)
log10 = _logarithm("log10", 2.302585092994046, logarithms.log10)


@lifted_numbers(0)
def logaddexp(x1: Any, x2: Any, /) -> Value:
    """log(e^x1 + e^x2), without overflow."""
    x, y = broadcast_together(tuple(floating(v) for v in together(x1, x2)))
    # Chosen by sides, not by `abs` and `maximum`: these have kinks where x = y, and higher derivatives would be lost there.
    above = node("compare", x, y, comparison_direction="GT")
    larger, smaller = node("select", above, x, y), node("select", above, y, x)
    infinite = node("compare", node("abs", x), full_like(x, math.inf), comparison_direction="EQ")
    same = node("and", infinite, node("compare", x, y, comparison_direction="EQ"))
    difference = node("select", same, full_like(x, 0), node("subtract", smaller, larger))
    return node("add", larger, node("log_plus_one", node("exponential", difference)))


def _sign_bit(x: Value) -> Value:
    """Whether the sign bit of floats is set: of -0 and of negative NaN too."""
    return node("compare", x, full_like(x, 0), comparison_direction="LT", compare_type="TOTALORDER")


@lifted
def signbit(x: Any, /) -> Value:
    """Whether the sign bit is set."""
    return _sign_bit(floating(x))


@lifted_numbers(0)
def copysign(x1: Any, x2: Any, /) -> Value:
    """The magnitude of x1 with the sign of x2."""
    x, y = broadcast_together(tuple(floating(v) for v in together(x1, x2)))
    size = node("abs", x)
    return node("select", _sign_bit(y), node("negate", size), size)


@lifted_numbers(0)
def nextafter(x1: Any, x2: Any, /) -> Value:
    """The next float after x1 towards x2."""
    return node("weft.next_after", *broadcast_together(tuple(floating(v) for v in together(x1, x2))))


@lifted
def clip(x: Any, /, min: Any = None, max: Any = None) -> Value:
    """Elements moved into [min, max]; a bound of None is none. The result has the type of x."""
    v = _any(x)
    for name, bound in (("maximum", min), ("minimum", max)):
        if bound is not None:
            limit = cast(_any(bound), v.dtype) if isinstance(bound, Value) else together(v, bound)[1]
            v = node(name, *broadcast_together((v, cast(limit, v.dtype))))
    return v
