"""Special functions: complementary and inverse error function, gamma and its derivatives, Hurwitz's zeta, a Bessel function.

CHLO's functions (`chlo.lgamma` reads as `weft.lgamma`), computed in f64 whatever the element type, so that narrower results are rounded
once from one that is exact enough. The tables are Chebyshev series, fitted by `tests/ops/fit_special.py`; the recurrences, asymptotic
series and reflections are those of Abramowitz and Stegun, chapters 6, 7, 9 and 23.
"""

import math
from collections.abc import Callable, Sequence

from ...proto.dtypes import F64
from .formula import (
    Q,
    absolute,
    apply,
    cast,
    compare,
    copysign,
    cos,
    equal,
    exp,
    floor,
    log,
    maximum,
    minimum,
    polynomial,
    sin,
    sqrt,
    where,
)
from .hyperbolic import function

# exp(x²) erfc(x) (1 + 2x) for x ≥ 1/2, over (x - 3.75) / (x + 3.75) brought to [-1, 1]
_ERFCX = (
    1.209553534186438, -0.07449995301009735, -0.01989843161011852, 0.019905393893364882, -0.009002331393380927, 0.002942133407309639,
    -0.0007508778230431329, 0.00014982479112138588, -2.2031234655936493e-05, 1.8855545928961662e-06, 6.060729559673998e-08,
    -4.563538388649774e-08, 5.162357979173963e-09, 3.47221966254329e-10, -1.575268436129396e-10, 7.129201208528781e-12,
    3.3790897880065413e-12, -4.440652602469761e-13, -6.43625459109831e-14, 1.6260780477370676e-14, 1.1690084467834413e-15,
    -5.415558885519268e-16, -2.1849878520778407e-17, 1.8089668415515608e-17,
)  # fmt: skip
# log Γ(r) / ((r - 1) (r - 2)) for r in [1, 2]
_LGAMMA = (
    0.49141539302938714, -0.07611416167043585, 0.008432324965932778, -0.001079493726328608, 0.00014900748003692963,
    -2.1512399888556784e-05, 3.1979329860862186e-06, -4.851693012139927e-07, 7.47148782116316e-08, -1.1638296700170518e-08,
    1.829400437118668e-09, -2.8969180607129607e-10, 4.61570140620909e-11, -7.392810230497983e-12, 1.1894280008333085e-12,
    -1.9212068676522805e-13, 3.113975526387164e-14, -5.0628432984486114e-15, 8.254150281631144e-16, -1.3490578987574844e-16,
    2.209876116782623e-17,
)  # fmt: skip
# √x e^-x I₁(x) for x ≥ 8, over 16 / x - 1
_I1E_TAIL = (
    0.38928811750914005, -0.009761097491361469, -0.00011058893876262371, -3.882564808877691e-06, -2.512236237870209e-07,
    -2.6314688468895196e-08, -3.835380385964237e-09, -5.589743462196584e-10, -1.8974958123505413e-11, 3.2526035830154884e-11,
    1.4125807436613782e-11, 2.0356285441470896e-12, -7.198551776245908e-13, -4.0835511110921974e-13, -2.1015418427726643e-14,
    4.272440016711951e-14, 1.0420276984128802e-14, -3.8144030724370075e-15, -1.8803547755107825e-15, 3.3082023109209285e-16,
    2.96262899764595e-16, -3.209525921993424e-17, -4.6503053684893586e-17, 4.414348323071708e-18,
)  # fmt: skip
# erf⁻¹(x) / x to eight digits, over w = -log(1 - x²) in [0, 5], and over √w in [√5, 6.2]
_ERF_INV = (
    1.4912989404744903, 0.60175630341083, -0.009170559500080926, -0.004962635326766425, 0.0009153796700079642, -3.889562757083e-06,
    -2.4202599404944085e-05, 3.2665715925842334e-06, 2.7758889803736634e-07, -1.3023363013643025e-07,
)  # fmt: skip
_ERF_INV_TAIL = (
    4.063985064028573, 1.9947684273519537, 0.005188952990946878, -0.003077640933810832, 0.0013632088425395159, -0.000591287041723288,
    0.00024919954898121994, -9.451505935743536e-05, 2.8801362467009113e-05, -5.212501611508068e-06, -8.206240669082171e-07,
    1.1940786308394398e-06, -5.588346055067629e-07, 1.4419856923710996e-07,
)  # fmt: skip
# Bernoulli numbers B(2k) / (2k (2k - 1)), B(2k) / 2k and B(2k) / (2k)!
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330, 854513 / 138)
_STIRLING = tuple(b / ((2 * k) * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:9], 1))
_DIGAMMA = tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI[:9], 1))
_ZETA = tuple(b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1))
_I1 = tuple(0.5 / (4.0**k * math.factorial(k) * math.factorial(k + 1)) for k in range(26))


def _chebyshev(t: Q, series: Sequence[float]) -> Q:
    """Σ series[k] · T_k(t) for t in [-1, 1], by Clenshaw's recurrence."""
    twice = t + t
    last, total = t.like(0.0), t.like(series[-1])
    for c in reversed(series[1:-1]):
        last, total = total, twice * total - last + c
    return t * total - last + series[0]


def _in_f64(formula: Callable[..., Q]) -> Callable[..., Q]:
    def compute(*xs: Q) -> Q:
        return cast(formula(*(cast(x, F64) for x in xs)), xs[0].dtype)

    return compute


def _erfc_tail(x: Q) -> Q:
    """erfc of x ≥ 1/2."""
    t = (x - 3.75) / (x + 3.75)
    first = (0.5 - 3.75) / (0.5 + 3.75)
    scaled = _chebyshev((t - first) * (2.0 / (1.0 - first)) - 1.0, _ERFCX) / (x + x + 1.0)
    # exp(-x²) with x² in two parts, the first of few bits and so exact.
    head = floor(x * 16.0) * 0.0625
    return exp(-(head * head)) * exp(-((x - head) * (x + head))) * scaled


def _erfc(x: Q) -> Q:
    tail = _erfc_tail(minimum(maximum(absolute(x), 0.5), 28.0))
    near = 1.0 - apply("weft.erf", x)
    found = where(x < 0.5, near, where(x > 28.0, 0.0 * tail, tail))
    return where(compare("NE", x, x), x, found)


def _erf_inv(x: Q) -> Q:
    a = absolute(x)
    rest = 1.0 - a
    w = -log(rest * (1.0 + a))
    centre = _chebyshev(minimum(w, 5.0) * 0.4 - 1.0, _ERF_INV)
    lo, hi = math.sqrt(5.0), 6.2
    tail = _chebyshev((maximum(sqrt(w), lo) - lo) * (2.0 / (hi - lo)) - 1.0, _ERF_INV_TAIL)
    y = a * where(w < 5.0, centre, tail)
    # One step of Halley's method on erf y = a, or erfc y = 1 - a, makes of eight digits all.
    error = where(a < 0.5, apply("weft.erf", y) - a, rest - _erfc_tail(maximum(y, 0.45)))
    step = error * exp(y * y) * (math.sqrt(math.pi) / 2.0)
    y = y - step / (1.0 + y * step)
    found = copysign(where(equal(a, 1.0), x.like(math.inf), y), x)
    return where(equal(x, 0.0), x, where(a <= 1.0, found, x.like(math.nan)))


def _lgamma_positive(x: Q) -> Q:
    """The logarithm of Γ(x) for x > 0: on [1, 2] a series, up to 8 by the recurrence, beyond by Stirling's series."""
    small = minimum(x, 8.0)
    whole = floor(small)
    d = small - whole  # r - 1, where r in [1, 2) differs from x by an integer
    base = d * (d - 1.0) * _chebyshev(d * 2.0 - 1.0, _LGAMMA)
    factor = where(whole < 1.0, small, small.like(1.0))
    for k in range(2, 8):
        factor = factor * where(whole >= float(k), d + float(k - 1), small.like(1.0))
    product = log(factor)
    low = where(whole < 1.0, base - product, base + product)
    large = maximum(x, 8.0)
    inverse = 1.0 / large
    series = inverse * polynomial(inverse * inverse, _STIRLING)
    high = (large - 0.5) * (log(large) - 1.0) + (0.5 * math.log(2.0 * math.pi) - 0.5 + series)
    return where(x < 8.0, low, where(equal(x, math.inf), x, high))


def _lgamma(x: Q) -> Q:
    positive = _lgamma_positive(where(x < 0.0, 1.0 - x, x))
    near = absolute(x - apply("round_nearest_even", x))
    reflected = math.log(math.pi) - log(sin(near * math.pi)) - positive
    found = where(x < 0.0, where(equal(near, 0.0), x.like(math.inf), reflected), positive)
    return where(equal(absolute(x), math.inf), absolute(x), found)


def _digamma_positive(x: Q) -> Q:
    """The derivative of log Γ(x) for x > 0: the asymptotic series at x + 8, taken back by the recurrence."""
    below = x < 8.0
    shifted = where(below, x + 8.0, x)
    inverse = 1.0 / shifted
    square = inverse * inverse
    high = log(shifted) - (inverse * 0.5 + square * polynomial(square, _DIGAMMA))
    back = x.like(0.0)
    for k in range(7, -1, -1):
        back = back + 1.0 / (x + float(k))
    return where(below, high - back, high)


def _digamma(x: Q) -> Q:
    positive = _digamma_positive(where(x <= 0.0, 1.0 - x, x))
    near = x - apply("round_nearest_even", x)
    angle = near * math.pi
    reflected = positive - math.pi * (cos(angle) / sin(angle))
    pole = (x <= 0.0) & equal(near, 0.0)
    found = where(pole, x.like(math.nan), where(x <= 0.0, reflected, positive))
    zero = where(equal(x, 0.0), -copysign(x.like(math.inf), x), found)
    return where(equal(x, -math.inf), x.like(math.nan), where(equal(x, math.inf), x, zero))


def _zeta(s: Q, q: Q) -> Q:
    """Σ (q + k)^-s: nine terms, then Euler's and Maclaurin's formula for the rest."""
    terms = 9
    powers = [(q + float(k)) ** -s for k in range(terms)]
    last = q + float(terms)
    power = last**-s
    square = 1.0 / (last * last)
    correction, rising, scale = s.like(0.0), s, power / last
    for k, coefficient in enumerate(_ZETA):
        correction = correction + rising * scale * coefficient
        rising = rising * (s + float(2 * k + 1)) * (s + float(2 * k + 2))
        scale = scale * square
    total = power * last / (s - 1.0) + power * 0.5 + correction
    for term in reversed(powers):
        total = total + term
    whole = equal(floor(q), q)
    even = equal(floor(s * 0.5) * 2.0, s)
    pole = where(even, s.like(math.inf), s.like(math.nan))
    found = where((q <= 0.0) & whole, pole, where((q <= 0.0) & compare("NE", floor(s), s), s.like(math.nan), total))
    return where(equal(s, 1.0), s.like(math.inf), where(s < 1.0, s.like(math.nan), found))


def _polygamma(n: Q, x: Q) -> Q:
    """The n-th derivative of digamma: (-1)^(n+1) n! ζ(n + 1, x)."""
    size = exp(_lgamma(n + 1.0)) * _zeta(n + 1.0, x)
    odd = equal(floor(n * 0.5) * 2.0 + 1.0, n)
    higher = where(odd, size, -size)
    found = where(equal(n, 0.0), _digamma(x), higher)
    return where(equal(floor(n), n) & (n >= 0.0), found, n.like(math.nan))


def _bessel_i1e(x: Q) -> Q:
    a = absolute(x)
    small, large = minimum(a, 8.0), maximum(a, 8.0)
    near = exp(-small) * (small * polynomial(small * small, _I1))
    far = _chebyshev(16.0 / large - 1.0, _I1E_TAIL) / sqrt(large)
    return copysign(where(a < 8.0, near, far), x)


erfc = function("weft.erfc", "1 - erf x, accurate where that is small.", _in_f64(_erfc))
erf_inv = function("weft.erf_inv", "The number whose error function is x; NaN outside [-1, 1].", _in_f64(_erf_inv))
lgamma = function("weft.lgamma", "log |Γ(x)|; of a negative x within 1e-15 of the larger of 1 and log |x|.", _in_f64(_lgamma))
digamma = function("weft.digamma", "Γ'(x) / Γ(x); near its zeros within 1e-15.", _in_f64(_digamma))
zeta = function("weft.zeta", "Hurwitz's zeta function Σ (rhs + k)^-lhs, for lhs > 1.", _in_f64(_zeta), operands=2)
polygamma = function("weft.polygamma", "The lhs-th derivative of digamma at rhs, for whole lhs ≥ 0.", _in_f64(_polygamma), operands=2)
bessel_i1e = function("weft.bessel_i1e", "e^-|x| I₁(x), of the modified Bessel function of the first kind.", _in_f64(_bessel_i1e))
