"""Elementwise functions of one operand: magnitude, rounding, roots, exponentials, trigonometry."""

import math

import numpy as np

from ...proto.dtypes import C64, C128, F32, F64
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import rules
from .elementwise import add, divide, multiply, negate, subtract, unary
from .gradients.elementwise import abs_grad, sign_grad
from .helpers import full_like
from .numeric import Array, Numeric, compute
from .registry import Function, define


def _exactly(f: Numeric) -> Function:
    """A reference from a function that is exact in the carrier, or correctly rounded there."""
    return lambda x: compute(f, x)


def _closely(f: Numeric) -> Function:
    """A reference from a function that rounds: computed with twice the precision."""
    return lambda x: compute(f, x, precise=True)


def _infer_abs(operand: Type) -> TensorType:
    x = rules.tensor(operand, "abs.I1", "operand", rules.SIGNED_OR_FLOAT_OR_COMPLEX)
    return x.with_dtype({C64: F32, C128: F64}.get(x.dtype, x.dtype))


abs_ = define(
    "abs",
    doc="The absolute value, of complex numbers the modulus; the least integer stays.\n\n"
    "I1: a tensor of signed integer, floating-point or complex type. C1: one shape.\n"
    "C2: the operand's element type, for complex numbers that of the parts.",
    infer=_infer_abs,
    reference=lambda x: np.abs(x.astype(np.complex128)).astype(x.real.dtype) if np.iscomplexobj(x) else compute(np.abs, x),
    lower=lambda b, x: b.abs(x),
    traits=("elementwise",),
    grad=abs_grad,
)


def _sign(x: Array) -> Array:
    if np.iscomplexobj(x):
        unit = x / np.abs(x)
        return np.where(np.isnan(x), complex(np.nan, np.nan), np.where(x == 0, 0, unit))
    return np.where(x == 0, x, np.sign(x))


def _round_afz(x: Array) -> Array:
    whole = np.trunc(x)
    return np.copysign(np.abs(whole) + (np.abs(x - whole) >= 0.5), x)


def _cbrt(x: Array) -> Array:
    return np.where(x == 0, x, np.exp(np.log(x) / 3)) if np.iscomplexobj(x) else np.cbrt(x)


def _logistic(x: Array) -> Array:
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _flat(g: Value, x: Value) -> tuple[None]:
    """The derivative of a step function: none."""
    return (None,)


_erf = np.frompyfunc(math.erf, 1, 1)

sign = unary(
    "sign", rules.SIGNED_OR_FLOAT_OR_COMPLEX, "-1, 0 or 1; ±0 and NaN stay. Of complex numbers x / |x|, and 0 of 0.",
    reference=_exactly(_sign),
    lower=lambda b, x: b.sign(x),
    grad=sign_grad,
)  # fmt: skip
floor = unary("floor", rules.FLOAT, "Rounds towards -∞.", reference=_exactly(np.floor), lower=lambda b, x: b.floor(x), grad=_flat)
ceil = unary("ceil", rules.FLOAT, "Rounds towards ∞.", reference=_exactly(np.ceil), lower=lambda b, x: b.ceil(x), grad=_flat)
round_nearest_even = unary(
    "round_nearest_even", rules.FLOAT, "Rounds to the nearest whole number, ties to the even one.",
    reference=_exactly(np.rint),
    lower=lambda b, x: b.round_nearest_even(x),
    grad=_flat,
)  # fmt: skip
round_nearest_afz = unary(
    "round_nearest_afz", rules.FLOAT, "Rounds to the nearest whole number, ties away from zero.",
    reference=_exactly(_round_afz),
    lower=lambda b, x: b.round_nearest_afz(x),
    grad=_flat,
)  # fmt: skip
sqrt = unary(
    "sqrt", rules.FLOAT_OR_COMPLEX, "The square root.",
    reference=_exactly(np.sqrt),
    lower=lambda b, x: b.sqrt(x),
    grad=lambda g, x: (divide(g, multiply(full_like(x, 2), sqrt(x))),),
)  # fmt: skip
rsqrt = unary(
    "rsqrt", rules.FLOAT_OR_COMPLEX, "1 / √x.",
    reference=_closely(lambda x: 1 / np.sqrt(x)),
    lower=lambda b, x: b.rsqrt(x),
    grad=lambda g, x: (multiply(g, divide(rsqrt(x), multiply(full_like(x, -2), x))),),
)  # fmt: skip
cbrt = unary(
    "cbrt", rules.FLOAT_OR_COMPLEX, "The cubic root; of complex numbers the principal one.",
    reference=_closely(_cbrt),
    lower=lambda b, x: b.cbrt(x),
    grad=lambda g, x: (divide(g, multiply(full_like(x, 3), multiply(cbrt(x), cbrt(x)))),),
)  # fmt: skip
exponential = unary(
    "exponential", rules.FLOAT_OR_COMPLEX, "e^x.",
    reference=_closely(np.exp),
    lower=lambda b, x: b.exp(x),
    grad=lambda g, x: (multiply(g, exponential(x)),),
)  # fmt: skip
exponential_minus_one = unary(
    "exponential_minus_one", rules.FLOAT_OR_COMPLEX, "e^x - 1, accurate near 0.",
    reference=_closely(np.expm1),
    lower=lambda b, x: b.expm1(x),
    grad=lambda g, x: (multiply(g, exponential(x)),),
)  # fmt: skip
log = unary(
    "log", rules.FLOAT_OR_COMPLEX, "The natural logarithm.",
    reference=_closely(np.log),
    lower=lambda b, x: b.log(x),
    grad=lambda g, x: (divide(g, x),),
)  # fmt: skip
log_plus_one = unary(
    "log_plus_one", rules.FLOAT_OR_COMPLEX, "log(1 + x), accurate near 0.",
    reference=_closely(np.log1p),
    lower=lambda b, x: b.log1p(x),
    grad=lambda g, x: (divide(g, add(x, full_like(x, 1))),),
)  # fmt: skip
logistic = unary(
    "logistic", rules.FLOAT_OR_COMPLEX, "1 / (1 + e^-x).",
    reference=_closely(_logistic),
    lower=lambda b, x: b.logistic(x),
    grad=lambda g, x: (multiply(g, multiply(logistic(x), logistic(negate(x)))),),
)  # fmt: skip
tanh = unary(
    "tanh", rules.FLOAT_OR_COMPLEX, "The hyperbolic tangent.",
    reference=_closely(np.tanh),
    lower=lambda b, x: b.tanh(x),
    grad=lambda g, x: (multiply(g, subtract(full_like(x, 1), multiply(tanh(x), tanh(x)))),),
)  # fmt: skip
sine = unary(
    "sine", rules.FLOAT_OR_COMPLEX, "sin x.",
    reference=_closely(np.sin),
    lower=lambda b, x: b.sin(x),
    grad=lambda g, x: (multiply(g, cosine(x)),),
)  # fmt: skip
cosine = unary(
    "cosine", rules.FLOAT_OR_COMPLEX, "cos x.",
    reference=_closely(np.cos),
    lower=lambda b, x: b.cos(x),
    grad=lambda g, x: (negate(multiply(g, sine(x))),),
)  # fmt: skip
tan = unary(
    "tan", rules.FLOAT_OR_COMPLEX, "tan x.",
    reference=_closely(np.tan),
    lower=lambda b, x: b.tan(x),
    grad=lambda g, x: (multiply(g, add(full_like(x, 1), multiply(tan(x), tan(x)))),),
)  # fmt: skip
erf = unary(
    "weft.erf", rules.FLOAT, "The error function, 2/√π ∫₀ˣ e^(-t²) dt.",
    reference=_closely(lambda x: np.asarray(_erf(x), np.float64)),
    lower=lambda b, x: b.erf(x),
    grad=lambda g, x: (multiply(g, multiply(full_like(x, 2 / math.sqrt(math.pi)), exponential(negate(multiply(x, x))))),),
)  # fmt: skip
