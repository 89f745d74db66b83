"""Elementwise functions."""

from collections.abc import Callable
from typing import Any

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_together, cast, full_like
from ....compiler.ops.registry import op_of
from ....proto.dtypes import BOOL
from ..lift import lifted
from .dtypes import floating, together, weft_dtype

__all__ = [
    "abs", "add", "astype", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "ceil", "cos", "divide", "equal", "exp", "expm1", "floor", "floor_divide", "greater", "greater_equal", "less", "less_equal", "log",
    "log1p", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "multiply", "negative", "not_equal",
    "positive", "pow", "remainder", "sigmoid", "sin", "sqrt", "square", "subtract", "tan", "tanh", "where",
]  # fmt: skip


def node(name: str, *operands: Value, **attrs: Any) -> Value:
    """A node of one result."""
    built = op_of(name)(*operands, **attrs)
    assert isinstance(built, Value)
    return built


def _binary(name: str, op: str, doc: str, check: Callable[..., tuple[Value, ...]] = together) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        return node(op, *broadcast_together(check(x1, x2)))

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


def _unary(name: str, op: str, doc: str, prepare: Callable[[Any], Value]) -> Any:
    def build(x: Any, /) -> Value:
        return node(op, prepare(x))

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


@lifted
def bitwise_right_shift(x1: Any, x2: Any, /) -> Value:
    """x1 >> x2, keeping the sign."""
    x, y = broadcast_together(together(x1, x2))
    return node("shift_right_logical" if x.dtype.is_unsigned else "shift_right_arithmetic", x, y)


@lifted
def divide(x1: Any, x2: Any, /) -> Value:
    """x1 / x2 in floats."""
    x, y = together(x1, x2)
    return node("divide", *broadcast_together((floating(x), floating(y))))


@lifted
def floor_divide(x1: Any, x2: Any, /) -> Value:
    """x1 / x2 rounded towards -∞."""
    x, y = broadcast_together(together(x1, x2))
    if x.dtype.is_float:
        return node("floor", node("divide", x, y))
    quotient = node("divide", x, y)
    if x.dtype.is_unsigned:
        return quotient
    rest = node("remainder", x, y)
    zero = full_like(x, 0)
    differs = node("compare", node("sign", rest), node("sign", y), comparison_direction="NE")
    down = node("and", differs, node("compare", rest, zero, comparison_direction="NE"))
    return node("select", down, node("subtract", quotient, full_like(x, 1)), quotient)


@lifted
def remainder(x1: Any, x2: Any, /) -> Value:
    """What is left of x1 / x2 rounded towards -∞, with the sign of x2."""
    x, y = broadcast_together(together(x1, x2))
    rest = node("remainder", x, y)
    if x.dtype.is_unsigned:
        return rest
    zero = full_like(x, 0)
    differs = node("compare", node("sign", rest), node("sign", y), comparison_direction="NE")
    moved = node("and", differs, node("compare", rest, zero, comparison_direction="NE"))
    return node("select", moved, node("add", rest, y), rest)


pow = _binary("pow", "power", "x1 to the power x2.")


def _comparison(name: str, direction: str, doc: str) -> Any:
    def build(x1: Any, x2: Any, /) -> Value:
        return node("compare", *broadcast_together(together(x1, x2)), comparison_direction=direction)

    build.__name__, build.__qualname__, build.__doc__ = name, name, doc
    return lifted(build)


equal = _comparison("equal", "EQ", "Whether elements are equal.")
not_equal = _comparison("not_equal", "NE", "Whether elements differ.")
less = _comparison("less", "LT", "Whether x1 < x2.")
less_equal = _comparison("less_equal", "LE", "Whether x1 ≤ x2.")
greater = _comparison("greater", "GT", "Whether x1 > x2.")
greater_equal = _comparison("greater_equal", "GE", "Whether x1 ≥ x2.")
negative = _unary("negative", "negate", "-x.", _any)
abs = _unary("abs", "abs", "The absolute value; of complex numbers the modulus.", _any)
bitwise_invert = _unary("bitwise_invert", "not", "~x.", _any)
exp = _unary("exp", "exponential", "e^x.", floating)
expm1 = _unary("expm1", "exponential_minus_one", "e^x - 1, accurate near 0.", floating)
log = _unary("log", "log", "The natural logarithm.", floating)
log1p = _unary("log1p", "log_plus_one", "log(1 + x), accurate near 0.", floating)
sqrt = _unary("sqrt", "sqrt", "The square root.", floating)
sin = _unary("sin", "sine", "The sine.", floating)
cos = _unary("cos", "cosine", "The cosine.", floating)
tan = _unary("tan", "tan", "The tangent.", floating)
tanh = _unary("tanh", "tanh", "The hyperbolic tangent.", floating)
sigmoid = _unary("sigmoid", "logistic", "1 / (1 + e^-x).", floating)


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
    return lifted(build)


def _truth(x: Any) -> Value:
    return cast(_any(x), BOOL)


logical_and, logical_or, logical_xor = _logical("logical_and", "and"), _logical("logical_or", "or"), _logical("logical_xor", "xor")


@lifted
def logical_not(x: Any, /) -> Value:
    """Whether elements are zero."""
    return node("not", _truth(x))


@lifted
def where(condition: Any, x1: Any, x2: Any, /) -> Value:
    """x1 where the condition holds, else x2."""
    x, y = together(x1, x2)
    return node("select", *broadcast_together((_truth(condition), x, y)))


@lifted
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: object = None) -> Value:
    """The elements converted: floats to integers towards zero, complex numbers to reals by their real part."""
    return cast(_any(x), weft_dtype(dtype))
