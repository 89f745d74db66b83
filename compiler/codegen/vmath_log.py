"""log, log2, log1p and pow.

log x = e ln 2 + log m with x = m 2**e and m around 1. For pow the logarithm is kept to more than the result's precision: in f64 for an
f32 power, as a pair of f64 for an f64 power.
"""

from .lltypes import Val, const
from .vmath_core import (
    F32,
    F64,
    INF,
    NAN,
    Float,
    Pair,
    fast_two_sum,
    format_of,
    horner,
    is_nan,
    nearest_integer,
    pair_product,
    scale,
    split,
    to_float,
    two_product,
    two_sum,
)
from .vmath_tables import ATANH_PAIR, EXP_F64, EXP_MIDDLE, LOG_F32, LOG_F64, LOG_MIDDLE
from .writer import Writer

_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471805599453
_TWO_THIRDS_LOW = 3.700743415417188e-17  # 2/3 less the f64 next to it


def log(w: Writer, x: Val) -> Val:
    form = format_of(x)
    m, e = split(w, x)
    n = to_float(w, e)
    f = w.fsub(m, 1.0)
    value = _log_sum(w, f, None, n, form)
    return _edges(w, x, value)


def log2(w: Writer, x: Val) -> Val:
    """Exact for powers of two."""
    m, e = split(w, x)
    f = w.fsub(m, 1.0)
    n = to_float(w, e)
    value = w.fma(_log_sum(w, f, None, const(x.type, 0.0), format_of(x)), _LOG2_E, n)
    return _edges(w, x, value)


def log1p(w: Writer, x: Val) -> Val:
    """log u + c / u, where u + c = 1 + x exactly."""
    form = format_of(x)
    u, c = two_sum(w, 1.0, x)
    m, e = split(w, u)
    shrink = w.bitcast(w.shl(w.sub(form.bias, e), form.mantissa), x.type)  # 2**-e
    correction = w.select(w.fcmp("olt", u, 2.0**form.bias), w.fmul(c, shrink), 0.0)
    value = _log_sum(w, w.fsub(m, 1.0), correction, to_float(w, e), form)
    value = _edges(w, u, value)
    return w.select(w.fcmp("oeq", x, 0.0), x, value)  # -0


def _log_sum(w: Writer, f: Val, correction: Val | None, n: Val, form: Float) -> Val:
    """n ln 2 + log(1 + f + correction), small terms first."""
    square = w.fmul(w.fmul(f, f), 0.5)
    if form is F32:
        tail = w.fsub(w.fmul(w.fmul(w.fmul(f, f), f), horner(w, f, LOG_F32)), square)
    else:
        # log(1 + f) = f - f**2 / 2 + s (f**2 / 2 + s**2 p(s**2)), s = f / (2 + f)
        s = w.fdiv(f, w.fadd(f, 2.0))
        z = w.fmul(s, s)
        tail = w.fsub(w.fmul(s, w.fma(z, horner(w, z, LOG_F64), square)), square)
    low = w.fma(n, form.ln2_low, tail)
    if correction is not None:
        low = w.fadd(low, correction)
    return w.fma(n, form.ln2_high, w.fadd(f, low))


def _edges(w: Writer, x: Val, value: Val) -> Val:
    """`value` for positive finite `x`; the logarithm's limits and NaN elsewhere."""
    value = w.select(w.fcmp("oeq", x, INF), x, value)
    value = w.select(w.fcmp("ult", x, 0.0), NAN, value)
    return w.select(w.fcmp("oeq", x, 0.0), -INF, value)


# -- pow ----------------------------------------------------------------------------------------------------------------------


def pow(w: Writer, x: Val, y: Val) -> Val:
    """x**y with C's special cases."""
    magnitude = _power_f32(w, x, y) if format_of(x) is F32 else _power_f64(w, x, y)
    return _power_edges(w, x, y, magnitude)


def _power_f32(w: Writer, x: Val, y: Val) -> Val:
    """|x|**y, computed in f64."""
    m, e = split(w, w.fpext(w.fabs(x), "double"))
    f = w.fsub(m, 1.0)
    s = w.fdiv(f, w.fadd(f, 2.0))
    z = w.fmul(s, s)
    log_m = w.fmul(s, w.fma(z, horner(w, z, LOG_MIDDLE), 2.0))
    log2_x = _log2_edges(w, w.fpext(w.fabs(x), "double"), w.fma(log_m, _LOG2_E, to_float(w, e)))
    product = w.fmul(w.fpext(y, "double"), log2_x)
    product = w.fmax(-400.0, w.fmin(400.0, product))
    n, i = nearest_integer(w, product)
    r = w.fmul(w.fsub(product, n), _LN2)
    return w.fptrunc(scale(w, horner(w, r, (1.0, 1.0, *EXP_MIDDLE)), n, i), "float")


def _log2_edges(w: Writer, magnitude: Val, value: Val) -> Val:
    value = w.select(w.fcmp("oeq", magnitude, INF), INF, value)
    return w.select(w.fcmp("oeq", magnitude, 0.0), -INF, value)


def _power_f64(w: Writer, x: Val, y: Val) -> Val:
    """|x|**y"""
    magnitude = w.fabs(x)
    high, low = _log_pair(w, magnitude)
    high = _log2_edges(w, magnitude, high)
    product, error = two_product(w, high, y)
    error = w.fma(low, y, error)
    # Beyond what exp can take, the error is of no interest; without FMA it may also overflow on its own, where log |x| is 0.
    matters = w.and_(w.fcmp("olt", w.fabs(product), 800.0), w.fcmp("ord", error, error))
    error = w.select(matters, error, 0.0)
    product = w.fmax(-800.0, w.fmin(800.0, product))
    n, i = nearest_integer(w, w.fmul(product, _LOG2_E))
    r = w.fma(n, -F64.ln2_low, w.fma(n, -F64.ln2_high, product))
    return scale(w, horner(w, w.fadd(r, error), (1.0, 1.0, *EXP_F64)), n, i)


def _log_pair(w: Writer, x: Val) -> Pair:
    """log x as a pair with some 65 bits: 2 atanh s, s = (m - 1) / (m + 1), the first two terms of the series in pairs."""
    m, e = split(w, x)
    s = _quotient(w, m)
    square = pair_product(w, s, s)
    tail = w.fmul(square[0], horner(w, square[0], ATANH_PAIR))
    factor_high, factor_low = fast_two_sum(w, const(x.type, 2 / 3), tail)
    factor = factor_high, w.fadd(factor_low, _TWO_THIRDS_LOW)
    cubic = pair_product(w, pair_product(w, s, square), factor)
    high, low = fast_two_sum(w, w.fadd(s[0], s[0]), cubic[0])
    low = w.fadd(low, w.fma(s[1], 2.0, cubic[1]))
    n = to_float(w, e)
    total, rest = two_sum(w, w.fmul(n, F64.ln2_high), high)
    return fast_two_sum(w, total, w.fadd(rest, w.fma(n, F64.ln2_low, low)))


def _quotient(w: Writer, m: Val) -> Pair:
    """(m - 1) / (m + 1) as a pair."""
    above = w.fsub(m, 1.0)
    below, below_low = two_sum(w, 1.0, m)
    high = w.fdiv(above, below)
    product, error = two_product(w, high, below)
    remainder = w.fsub(w.fsub(w.fsub(above, product), error), w.fmul(high, below_low))
    return high, w.fdiv(remainder, below)


def _power_edges(w: Writer, x: Val, y: Val, magnitude: Val) -> Val:
    """Signs, NaN and the cases that are 1 whatever the other argument (C99, annex F.9.4.4)."""
    half = w.fmul(y, 0.5)
    is_integer = w.fcmp("oeq", w.floor(y), y)
    is_odd = w.and_(is_integer, w.fcmp("one", w.floor(half), half))
    signed = w.select(is_odd, w.copysign(magnitude, x), magnitude)
    is_negative = w.and_(w.fcmp("olt", x, 0.0), w.fcmp("one", x, -INF))
    value = w.select(w.and_(is_negative, w.not_(is_integer)), NAN, signed)
    value = w.select(w.or_(is_nan(w, x), is_nan(w, y)), NAN, value)
    unit_base = w.and_(w.fcmp("oeq", w.fabs(x), 1.0), w.fcmp("oeq", w.fabs(y), INF))
    is_one = w.or_(w.or_(w.fcmp("oeq", y, 0.0), w.fcmp("oeq", x, 1.0)), unit_base)
    return w.select(is_one, 1.0, value)
