"""Functions of complex numbers that no op computes, by their parts.

The inverse ones are W. Kahan's ("Branch cuts for complex elementary functions", 1987): products of square roots do not overflow before the
result does, and signs of zeros choose the side of a branch cut.
"""

from ....compiler.ir.graph import Value
from ....compiler.ops.formula import Term, absolute, apply, copysign, log1p
from .nodes import node

_Parts = tuple[Term, Term]


def _parts(z: Value) -> _Parts:
    return Term(node("real", z)), Term(node("imag", z))


def _whole(x: Term, y: Term) -> Value:
    return node("complex", x.value, y.value)


def _root(x: Term, y: Term) -> _Parts:
    return _parts(node("sqrt", _whole(x, y)))


def _area(x: Term) -> Term:
    return apply("weft.asinh", x)


def _asin(x: Term, y: Term) -> _Parts:
    (a, b), (c, d) = _root(1.0 - x, -y), _root(1.0 + x, y)
    return apply("atan2", x, a * c - b * d), _area(a * d - b * c)


def _atanh(x: Term, y: Term) -> _Parts:
    size = absolute(x)
    near = 1.0 - size
    real = log1p(size * 4.0 / (near * near + y * y)) * 0.25
    return copysign(real, x), apply("atan2", y * 2.0, near * (1.0 + size) - y * y) * 0.5


def acos(z: Value) -> Value:
    """The number whose cosine is z."""
    x, y = _parts(z)
    (a, b), (c, d) = _root(1.0 - x, -y), _root(1.0 + x, y)
    return _whole(apply("atan2", a, c) * 2.0, _area(c * b - d * a))


def acosh(z: Value) -> Value:
    """The number whose hyperbolic cosine is z."""
    x, y = _parts(z)
    (a, b), (c, d) = _root(x - 1.0, y), _root(x + 1.0, y)
    return _whole(_area(a * c + b * d), apply("atan2", b, c) * 2.0)


def asin(z: Value) -> Value:
    """The number whose sine is z."""
    return _whole(*_asin(*_parts(z)))


def asinh(z: Value) -> Value:
    """The number whose hyperbolic sine is z: -i asin(i z)."""
    x, y = _parts(z)
    a, b = _asin(-y, x)
    return _whole(b, -a)


def atan(z: Value) -> Value:
    """The number whose tangent is z: -i atanh(i z)."""
    x, y = _parts(z)
    a, b = _atanh(-y, x)
    return _whole(b, -a)


def atanh(z: Value) -> Value:
    """The number whose hyperbolic tangent is z."""
    return _whole(*_atanh(*_parts(z)))


def cosh(z: Value) -> Value:
    """The hyperbolic cosine."""
    x, y = _parts(z)
    return _whole(apply("weft.cosh", x) * apply("cosine", y), apply("weft.sinh", x) * apply("sine", y))


def sinh(z: Value) -> Value:
    """The hyperbolic sine."""
    x, y = _parts(z)
    return _whole(apply("weft.sinh", x) * apply("cosine", y), apply("weft.cosh", x) * apply("sine", y))
