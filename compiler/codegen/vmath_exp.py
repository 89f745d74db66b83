"""exp and its kin: exp2, expm1, tanh, logistic.

exp x = 2**n exp r with n the integer nearest to x / ln 2 and |r| <= ln 2 / 2; all others come from it without cancellation.
"""

from .lltypes import Val
from .vmath_core import F32, Float, format_of, horner, nearest_integer, power_of_two, scale
from .vmath_tables import EXP_F32, EXP_F64
from .writer import Writer

_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471805599453


def exp(w: Writer, x: Val) -> Val:
    form = format_of(x)
    x = _clamp(w, x, form.exp_low, form.exp_high)
    n, i, r = _reduce(w, x, form)
    return scale(w, horner(w, r, (1.0, 1.0, *_table(form))), n, i)


def exp2(w: Writer, x: Val) -> Val:
    form = format_of(x)
    x = _clamp(w, x, -form.bias - form.mantissa - 3.0, form.bias + 2.0)
    n, i = nearest_integer(w, x)
    r = w.fmul(w.fsub(x, n), _LN2)
    return scale(w, horner(w, r, (1.0, 1.0, *_table(form))), n, i)


def expm1(w: Writer, x: Val) -> Val:
    """exp x - 1 = 2 (2**(n-1) (exp r - 1) + (2**(n-1) - 1/2)): halved, since 2**n overflows before the result does."""
    form = format_of(x)
    clamped = _clamp(w, x, -form.mantissa - 3.0, form.exp_high)
    _, i, r = _reduce(w, clamped, form)
    half = power_of_two(w, w.sub(i, 1))
    halved = w.fma(half, _expm1_reduced(w, r, form), w.fsub(half, 0.5))
    value = w.copysign(w.fadd(halved, halved), x)
    return w.select(w.fcmp("olt", w.fabs(x), 2.0 ** (-form.mantissa - 2)), x, value)  # a denormal would be lost in the halves


def tanh(w: Writer, x: Val) -> Val:
    """With e = exp(-2 |x|) and t = e - 1, each to full precision: -t / (t + 2) around 0, 1 - 2 e / (t + 2) further out."""
    form = format_of(x)
    a = w.fabs(x)
    _, i, r = _reduce(w, w.fmax(-form.mantissa - 3.0, w.fmul(a, -2.0)), form)
    power, rest = power_of_two(w, i), _expm1_reduced(w, r, form)
    e, t = w.fma(power, rest, power), w.fma(power, rest, w.fsub(power, 1.0))
    near = w.fcmp("olt", a, 0.55)
    quotient = w.fdiv(w.select(near, t, w.fadd(e, e)), w.fadd(t, 2.0))
    return w.copysign(w.select(near, quotient, w.fsub(1.0, quotient)), x)


def logistic(w: Writer, x: Val) -> Val:
    """1 / (1 + exp(-x)), by way of e = exp(-|x|) <= 1, so that neither end loses precision or overflows."""
    e = exp(w, w.fneg(w.fabs(x)))
    numerator = w.select(w.fcmp("olt", x, 0.0), e, 1.0)
    return w.fdiv(numerator, w.fadd(e, 1.0))


def exp_bounded(w: Writer, x: Val) -> Val:
    """exp for arguments whose result is a normal number."""
    form = format_of(x)
    _, i, r = _reduce(w, x, form)
    return w.fmul(horner(w, r, (1.0, 1.0, *_table(form))), power_of_two(w, i))


def _table(form: Float) -> tuple[float, ...]:
    return EXP_F32 if form is F32 else EXP_F64


def _clamp(w: Writer, x: Val, low: float, high: float) -> Val:
    """`x` within [low, high]; NaN stays."""
    return w.fmax(low, w.fmin(high, x))


def _reduce(w: Writer, x: Val, form: Float) -> tuple[Val, Val, Val]:
    """n as a float and as an integer, and r = x - n ln 2."""
    n, i = nearest_integer(w, w.fmul(x, _LOG2_E))
    r = w.fma(n, -form.ln2_high, x)
    return n, i, w.fma(n, -form.ln2_low, r)


def _expm1_reduced(w: Writer, r: Val, form: Float) -> Val:
    """exp r - 1 = r + r**2 p(r)"""
    return w.fma(w.fmul(r, r), horner(w, r, _table(form)), r)
