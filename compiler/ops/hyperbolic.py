"""Inverse trigonometric and hyperbolic functions, as a few elementary ones.

These are CHLO's functions (`chlo.acos` reads as `weft.acos`). Each is written so that nothing is lost near its zeros and nothing overflows
before its result does. Types narrower than 32 bits are computed in f32.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...proto.dtypes import F32
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import rules
from .builder import Element, ElementBuilder
from .formula import Lane, Q, Term, absolute, apply, cast, copysign, exp, expm1, log, log1p, sqrt, where
from .registry import Op, define


def function(name: str, doc: str, formula: Callable[..., Any], operands: int = 1, least: int = 32) -> Op:
    """Define an elementwise function of floats by a formula; element types of fewer bits than `least` are computed in f32."""

    def infer_one(operand: Type) -> TensorType:
        return rules.tensor(operand, f"{name}.I1", "operand", rules.FLOAT)

    def infer_two(lhs: Type, rhs: Type) -> TensorType:
        x = rules.tensor(lhs, f"{name}.I1", "lhs", rules.FLOAT)
        y = rules.tensor(rhs, f"{name}.I2", "rhs", rules.FLOAT)
        rules.check_same_type(x, y, f"{name}.C1")
        return x

    def compute(xs: Sequence[Q]) -> Q:
        dtype = xs[0].dtype
        found: Q = formula(*(cast(x, F32) if dtype.bits < least else x for x in xs))
        return cast(found, dtype)

    def decompose(*xs: Value) -> Value:
        return compute([Term(x) for x in xs]).value

    def lower(b: ElementBuilder[Element], *xs: Element) -> Element:
        return compute([Lane(b, x) for x in xs]).element

    one = "I1: a tensor of floating-point type. C1: the result has its type."
    two = "I1, I2: tensors of floating-point type. C1: operands and result have one type."
    text = f"{doc}\n\n{one if operands == 1 else two}"
    infer = infer_one if operands == 1 else infer_two
    return define(name, doc=text, infer=infer, lower=lower, decompose=decompose, traits=("elementwise",))


def _leg(x: Q) -> Q:
    """√(1 - x²), exact where x is near 1."""
    return sqrt((1.0 - x) * (1.0 + x))


def _angle(y: Q, x: Q) -> Q:
    return apply("atan2", y, x)


def _acosh(x: Q) -> Q:
    t = x - 1.0
    near = log1p(t + sqrt(t * (x + 1.0)))
    inside = where(x > 1e8, log(x) + math.log(2.0), near)
    return where(x < 1.0, x.like(math.nan), inside)


def _asinh(x: Q) -> Q:
    a = absolute(x)
    square = a * a
    near = log1p(a + square / (sqrt(square + 1.0) + 1.0))
    return copysign(where(a > 1e8, log(a) + math.log(2.0), near), x)


def _atanh(x: Q) -> Q:
    a = absolute(x)
    return copysign(log1p(a * 2.0 / (1.0 - a)) * 0.5, x)


def _sinh(x: Q) -> Q:
    a = absolute(x)
    e = expm1(a)
    half = exp(a * 0.5)
    return copysign(where(a > 20.0, half * 0.5 * half, (e + e / (e + 1.0)) * 0.5), x)


def _cosh(x: Q) -> Q:
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
