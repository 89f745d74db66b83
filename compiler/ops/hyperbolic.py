"""Inverse trigonometric and hyperbolic functions, as a few elementary ones.

These are CHLO's functions (`chlo.acos` reads as `weft.acos`). Each is written so that nothing is lost near its zeros and nothing overflows
before its result does. Types narrower than 32 bits are computed in f32.
"""

import math
from collections.abc import Callable

from ...proto.dtypes import F32
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import rules
from .formula import Term, absolute, apply, cast, copysign, exp, expm1, log, log1p, sqrt, where
from .registry import Op, define


def function(name: str, doc: str, formula: Callable[..., Term], operands: int = 1, least: int = 32) -> Op:
    """Define an elementwise function of floats by a formula; element types of fewer bits than `least` are computed in f32."""

    def infer_one(operand: Type) -> TensorType:
        return rules.tensor(operand, f"{name}.I1", "operand", rules.FLOAT)

    def infer_two(lhs: Type, rhs: Type) -> TensorType:
        x = rules.tensor(lhs, f"{name}.I1", "lhs", rules.FLOAT)
        y = rules.tensor(rhs, f"{name}.I2", "rhs", rules.FLOAT)
        rules.check_same_type(x, y, f"{name}.C1")
        return x

    def decompose(*xs: Value, result: TensorType) -> Value:
        terms = [Term(x) for x in xs]
        if result.dtype.bits < least:
            terms = [cast(t, F32) for t in terms]
        return cast(formula(*terms), result.dtype).value

    one = "I1: a tensor of floating-point type. C1: the result has its type."
    two = "I1, I2: tensors of floating-point type. C1: operands and result have one type."
    text = f"{doc}\n\n{one if operands == 1 else two}"
    infer = infer_one if operands == 1 else infer_two
    return define(name, doc=text, infer=infer, decompose=decompose, traits=("elementwise",))


def _leg(x: Term) -> Term:
    """√(1 - x²), exact where x is near 1."""
    return sqrt((1.0 - x) * (1.0 + x))


def _angle(y: Term, x: Term) -> Term:
    return apply("atan2", y, x)


def _acosh(x: Term) -> Term:
    t = x - 1.0
    near = log1p(t + sqrt(t * (x + 1.0)))
    inside = where(x > 1e8, log(x) + math.log(2.0), near)
    return where(x < 1.0, x.like(math.nan), inside)


def _asinh(x: Term) -> Term:
    a = absolute(x)
    square = a * a
    near = log1p(a + square / (sqrt(square + 1.0) + 1.0))
    return copysign(where(a > 1e8, log(a) + math.log(2.0), near), x)


def _atanh(x: Term) -> Term:
    a = absolute(x)
    return copysign(log1p(a * 2.0 / (1.0 - a)) * 0.5, x)


def _sinh(x: Term) -> Term:
    a = absolute(x)
    e = expm1(a)
    half = exp(a * 0.5)
    return copysign(where(a > 20.0, half * 0.5 * half, (e + e / (e + 1.0)) * 0.5), x)


def _cosh(x: Term) -> Term:
    a = absolute(x)
    e, half = exp(a), exp(a * 0.5)
    return where(a > 20.0, half * 0.5 * half, e * 0.5 + 0.5 / e)


acos = function("weft.acos", "The angle in [0, π] whose cosine is x; NaN outside [-1, 1].", lambda x: _angle(_leg(x), x))
asin = function("weft.asin", "The angle in [-π/2, π/2] whose sine is x; NaN outside [-1, 1].", lambda x: _angle(x, _leg(x)))
atan = function("weft.atan", "The angle in [-π/2, π/2] whose tangent is x.", lambda x: _angle(x, x.like(1.0)))
acosh = function("weft.acosh", "The number that is not negative and has x for its hyperbolic cosine; NaN below 1.", _acosh)
asinh = function("weft.asinh", "The number whose hyperbolic sine is x.", _asinh)
atanh = function("weft.atanh", "The number whose hyperbolic tangent is x; NaN outside [-1, 1].", _atanh)
sinh = function("weft.sinh", "The hyperbolic sine.", _sinh)
cosh = function("weft.cosh", "The hyperbolic cosine.", _cosh)
