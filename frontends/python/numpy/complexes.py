"""Functions of complex numbers, by their parts.

Infinities and NaN go where Annex G of the C standard, and the array API after it, wants them. The inverse functions are W. Kahan's
("Branch cuts for complex elementary functions", 1987): products of square roots do not overflow before the result does, and signs of zeros
choose the side of a branch cut.
"""

import math
from collections.abc import Callable

from ....compiler.ir.graph import Value
from ....compiler.ops.formula import Term, absolute, apply, compare, copysign, cos, equal, exp, expm1, where
from ....compiler.ops.formula import log1p as log1p_of
from ....compiler.ops.nodes import node

_Parts = tuple[Term, Term]
Function = Callable[[Value], Value]


def _of_parts(formula: Callable[[Term, Term], _Parts]) -> Function:
    def function(z: Value) -> Value:
        x, y = formula(*_parts(z))
        return node("complex", x.value, y.value)

    function.__doc__ = formula.__doc__
    return function


def _parts(z: Value) -> _Parts:
    return Term(node("real", z)), Term(node("imag", z))


def _op(name: str, x: Term, y: Term) -> _Parts:
    """An op on complex numbers, right for finite ones."""
    return _parts(node(name, node("complex", x.value, y.value)))


def _turned(formula: Callable[[Term, Term], _Parts]) -> Function:
    """-i f(i z): the circular function that belongs to a hyperbolic one."""

    def turned(x: Term, y: Term) -> _Parts:
        a, b = formula(-y, x)
        return b, -a

    return _of_parts(turned)


def _sin(x: Term) -> Term:
    return apply("sine", x)


def _angle(y: Term, x: Term) -> Term:
    return apply("atan2", y, x)


def _zero(x: Term) -> Term:
    return equal(x, 0)


def _nan(x: Term) -> Term:
    return compare("NE", x, x)


def _infinite(x: Term) -> Term:
    return equal(absolute(x), math.inf)


def _finite(x: Term) -> Term:
    return apply("is_finite", x)


def _not(x: Term) -> Term:
    return apply("not", x)


def _either(condition: Term, parts: tuple[Term | float, Term | float], otherwise: _Parts) -> _Parts:
    """The first parts where the condition holds."""
    return where(condition, parts[0], otherwise[0]), where(condition, parts[1], otherwise[1])


# Exponentials


def _exp(x: Term, y: Term) -> _Parts:
    """e^z."""
    size = exp(x)
    real, imag = size * cos(y), where(_zero(y), y, size * _sin(y))
    real = where(_zero(y), size, real)
    lost = _not(_finite(y))
    real, imag = _either(equal(x, -math.inf) & lost, (0.0, 0.0), (real, imag))
    return where(equal(x, math.inf) & lost, math.inf, real), imag


def _expm1(x: Term, y: Term) -> _Parts:
    """e^z - 1, accurate near 0: the real part from cos y - 1 = -2 sin²(y / 2)."""
    half = _sin(y * 0.5)
    real, imag = expm1(x) * cos(y) - half * half * 2.0, where(_zero(y), y, exp(x) * _sin(y))
    real = where(_zero(y), expm1(x) + 0.0, real)  # of -0 + 0i it is 0, as the array API has it
    lost = _not(_finite(y))
    real, imag = _either(equal(x, -math.inf), (-1.0, where(lost, 0.0, imag)), (real, imag))
    return where(equal(x, math.inf) & lost, math.inf, real), imag


def _sinh(x: Term, y: Term) -> _Parts:
    """The hyperbolic sine."""
    real, imag = apply("weft.sinh", x) * cos(y), apply("weft.cosh", x) * _sin(y)
    lost = _not(_finite(y)) & (_zero(x) | _infinite(x))
    real = where(lost, x, real)
    return where(_zero(y), apply("weft.sinh", x), real), where(_zero(y), y, imag)


def _cosh(x: Term, y: Term) -> _Parts:
    """The hyperbolic cosine."""
    real, imag = apply("weft.cosh", x) * cos(y), apply("weft.sinh", x) * _sin(y)
    lost = _not(_finite(y))
    real = where(lost & _infinite(x), math.inf, real)
    imag = where(lost & _zero(x), 0.0, imag)
    return where(_zero(y), apply("weft.cosh", x), real), where(_zero(y), y * copysign(x.like(1.0), x), imag)


def _tanh(x: Term, y: Term) -> _Parts:
    """The hyperbolic tangent."""
    real, imag = _op("tanh", x, y)
    real = where(_zero(x) & _not(_finite(y)), x, real)
    real, imag = _either(_zero(y), (apply("tanh", x), y), (real, imag))
    return _either(_infinite(x), (copysign(x.like(1.0), x), copysign(y.like(0.0), y)), (real, imag))


def _cos(x: Term, y: Term) -> _Parts:
    """The cosine: cosh(i z)."""
    return _cosh(-y, x)


# Roots and logarithms


def _sqrt(x: Term, y: Term) -> _Parts:
    """The square root with a real part that is not negative."""
    real, imag = _op("sqrt", x, y)
    unknown = _nan(x) | _nan(y)
    real, imag = _either(unknown, (math.nan, math.nan), (real, imag))
    zero, far = x.like(0.0), x.like(math.inf)
    real, imag = _either(equal(x, math.inf), (math.inf, where(_nan(y), y, copysign(zero, y))), (real, imag))
    real, imag = _either(equal(x, -math.inf), (where(_nan(y), y, zero), copysign(far, y)), (real, imag))
    return _either(_infinite(y), (math.inf, y), (real, imag))


def _log(x: Term, y: Term) -> _Parts:
    """The natural logarithm."""
    real, _ = _op("log", x, y)
    return where(_infinite(x) | _infinite(y), math.inf, real), _angle(y, x)


def _log1p(x: Term, y: Term) -> _Parts:
    """log(1 + z), accurate near 0."""
    real, _ = _op("log_plus_one", x, y)
    return where(_infinite(x) | _infinite(y), math.inf, real), _angle(y, x + 1.0)


def logarithm(base: float) -> Function:
    """The logarithm whose base has this natural logarithm."""

    def scaled(x: Term, y: Term) -> _Parts:
        real, imag = _log(x, y)
        return real / base, imag / base

    return _of_parts(scaled)


def _sign(x: Term, y: Term) -> _Parts:
    """z / |z|, and 0 of 0. Beside an infinity what is finite counts as zero."""
    far = _infinite(x) | _infinite(y)
    a, b = (where(far, copysign(where(_infinite(t), 1.0, t.like(0.0)), t), t) for t in (x, y))
    size = apply("abs", Term(node("complex", a.value, b.value)))
    unit = _either(_nan(x) | _nan(y), (math.nan, math.nan), (a / size, b / size))
    return _either(_zero(size), (0.0, 0.0), unit)


# Inverse functions


def _area(x: Term) -> Term:
    return apply("weft.asinh", x)


def _asinh(x: Term, y: Term) -> _Parts:
    """The number whose hyperbolic sine is z: -i asin(i z)."""
    (a, b), (c, d) = _op("sqrt", 1.0 + y, -x), _op("sqrt", 1.0 - y, x)
    real, imag = _area(a * d - b * c), _angle(y, a * c - b * d)
    real, imag = _either(_nan(x) | _nan(y), (math.nan, where(_zero(y), y, math.nan)), (real, imag))
    return _either(_infinite(x) | _infinite(y), (copysign(x.like(math.inf), x), _angle(y, absolute(x))), (real, imag))


def _acosh(x: Term, y: Term) -> _Parts:
    """The number whose hyperbolic cosine is z."""
    (a, b), (c, d) = _op("sqrt", x - 1.0, y), _op("sqrt", x + 1.0, y)
    real, imag = _area(a * c + b * d), _angle(b, c) * 2.0
    real, imag = _either(_nan(x) | _nan(y), (math.nan, where(_zero(x), math.pi / 2, x.like(math.nan))), (real, imag))
    return _either(_infinite(x) | _infinite(y), (math.inf, _angle(y, x)), (real, imag))


def _acos(x: Term, y: Term) -> _Parts:
    """The number whose cosine is z."""
    (a, b), (c, d) = _op("sqrt", 1.0 - x, -y), _op("sqrt", 1.0 + x, y)
    real, imag = _angle(a, c) * 2.0, _area(c * b - d * a)
    real, imag = _either(_nan(x) | _nan(y), (where(_zero(x), math.pi / 2, x.like(math.nan)), math.nan), (real, imag))
    return _either(_infinite(x) | _infinite(y), (_angle(absolute(y), x), -copysign(x.like(math.inf), y)), (real, imag))


def _atanh(x: Term, y: Term) -> _Parts:
    """The number whose hyperbolic tangent is z."""
    size = absolute(x)
    near = 1.0 - size
    real = copysign(log1p_of(size * 4.0 / (near * near + y * y)) * 0.25, x)
    imag = _angle(y * 2.0, near * (1.0 + size) - y * y) * 0.5
    real, imag = _either(_nan(x) | _nan(y), (where(_zero(x), x, math.nan), math.nan), (real, imag))
    quarter = where(_nan(y), y, copysign(y.like(math.pi / 2), y))
    return _either(_infinite(x) | _infinite(y), (copysign(x.like(0.0), x), quarter), (real, imag))


FUNCTIONS: dict[str, Function] = {
    "acos": _of_parts(_acos), "acosh": _of_parts(_acosh), "asin": _turned(_asinh), "asinh": _of_parts(_asinh), "atan": _turned(_atanh),
    "atanh": _of_parts(_atanh), "cos": _of_parts(_cos), "cosh": _of_parts(_cosh), "exp": _of_parts(_exp), "expm1": _of_parts(_expm1),
    "log": _of_parts(_log), "log1p": _of_parts(_log1p), "sign": _of_parts(_sign), "sin": _turned(_sinh), "sinh": _of_parts(_sinh),
    "sqrt": _of_parts(_sqrt), "tan": _turned(_tanh), "tanh": _of_parts(_tanh),
}  # fmt: skip
"""by the array API's names"""
