"""Makes the coefficient tables of the vector math library: `python tests/codegen/fit_vmath.py > compiler/codegen/vmath_tables.py`.

Each polynomial is a minimax fit by Remez' exchange algorithm in 60-digit arithmetic, its coefficients rounded to the precision it is
evaluated in. What is fitted is the tail of a series whose first terms are exact, so that this rounding costs next to nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

mp.dps = 60
LN2, PI = mp.log(2), mp.pi
Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Fit:
    """Coefficients, lowest power first, and the greatest weighted error they leave."""

    coefficients: tuple[float, ...]
    error: float


def minimax(f: Function, lo: object, hi: object, terms: int, weight: Function, precision: str) -> Fit:
    """p of `terms` coefficients, each a `precision` ("f32" or "f64") number, with small max |weight * (f - p)| over [lo, hi]."""
    points = _chebyshev(mpf(lo), mpf(hi), 60 * terms)
    target = [f(x) for x in points]
    weights = [weight(x) + mpf("1e-20") for x in points]  # never 0: the exchange divides by them
    found = _remez(points, target, weights, terms)
    fixed = [_rounded(c, precision) for c in found]
    error = max(abs(w * (t - _horner(fixed, x))) for t, x, w in zip(target, points, weights, strict=True))
    return Fit(tuple(float(c) for c in fixed), float(error))


def _chebyshev(lo: mpf, hi: mpf, count: int) -> list[mpf]:
    middle, half = (lo + hi) / 2, (hi - lo) / 2
    return [middle - half * mp.cos(PI * k / (count - 1)) for k in range(count)]


def _rounded(x: mpf, precision: str) -> mpf:
    return mpf(float(np.float32(float(x)))) if precision == "f32" else mpf(float(x))


def _horner(coefficients: Sequence[mpf], x: mpf) -> mpf:
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def _remez(points: list[mpf], target: list[mpf], weights: list[mpf], terms: int) -> list[mpf]:
    """The coefficients of the best polynomial on the grid `points`, by multiple exchange."""
    count = terms + 1
    chosen = [round(i * (len(points) - 1) / (count - 1)) for i in range(count)]
    columns = [[x**p for p in range(terms)] for x in points]
    found: list[mpf] = []
    for _ in range(40):
        matrix = mp.matrix(count, count)
        right = mp.matrix(count, 1)
        for row, i in enumerate(chosen):
            for column, value in enumerate(columns[i]):
                matrix[row, column] = value
            matrix[row, count - 1] = (-1) ** row / weights[i]
            right[row] = target[i]
        solution = mp.lu_solve(matrix, right)
        found, level = list(solution[: count - 1]), abs(solution[count - 1])
        errors = [w * (t - mp.fdot(found, c)) for w, t, c in zip(weights, target, columns, strict=True)]
        chosen = _alternation(errors, count)
        if max(map(abs, errors)) <= level * mpf("1.001"):
            break
    return found


def _alternation(errors: list[mpf], count: int) -> list[int]:
    """`count` grid points where the error alternates in sign and is locally greatest."""
    peaks: list[int] = []
    for i, e in enumerate(errors):
        if peaks and mp.sign(errors[peaks[-1]]) == mp.sign(e):
            if abs(e) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        elif e != 0:
            peaks.append(i)
    while len(peaks) > count:
        least = min(range(len(peaks)), key=lambda i: abs(errors[peaks[i]]))
        if len(peaks) == count + 1 or least in (0, len(peaks) - 1):
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        else:  # a pair of neighbours goes, so that signs go on alternating
            beside = min((least - 1, least + 1), key=lambda i: abs(errors[peaks[i]]))
            del peaks[min(least, beside) : max(least, beside) + 1]
    if len(peaks) < count:
        raise ValueError(f"the error has {len(peaks)} alternations, not {count}: fewer terms fit as well")
    return peaks


# -- what is fitted -----------------------------------------------------------------------------------------------------------

R = LN2 / 2 * mpf("1.001")  # exp's reduced argument; a little more for the rounding of x / ln 2
Q = PI / 4 * mpf("1.01")  # that of sine and cosine
A = mp.tan(PI / 8) * mpf("1.0001")  # atan
M_LO, M_HI = mp.sqrt(mpf("0.5")) - 1, mp.sqrt(2) - 1  # log's mantissa less 1
S2 = ((M_HI) / (2 + M_HI)) ** 2 * mpf("1.0001")  # the square of s = f / (2 + f)


def _taylor(f: Function, at_zero: object) -> Function:
    return lambda x: mpf(at_zero) if x == 0 else f(x)


def _exp_tail(r: mpf) -> mpf:
    return (mp.exp(r) - 1 - r) / r**2


def _atanh_tail(z: mpf) -> mpf:
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def _atanh_second_tail(z: mpf) -> mpf:
    return (_atanh_tail(z) - mpf(2) / 3) / z


EXP = (_taylor(_exp_tail, 0.5), -R, R, abs)
LOG = (_taylor(lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, mpf(1) / 3), M_LO, M_HI, lambda f: abs(f) ** 2)
LOG_S = (_taylor(_atanh_tail, mpf(2) / 3), 0, S2, lambda z: z)
SIN = (_taylor(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 6), 0, Q**2, lambda z: z)
COS = (_taylor(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24), 0, Q**2, lambda z: z**2)
ATAN = (_taylor(lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -mpf(1) / 3), 0, A**2, lambda z: z)
ERF_LOW_F32, ERF_HIGH_F32 = mpf("0.95"), mpf("3.95")
ERF_HIGH_F64 = mpf(6)


def _erf_ratio(z: mpf) -> mpf:
    return mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1


def _erfc_log(x: mpf) -> mpf:
    return -mp.log(mp.erfc(x))


def _erfcx_centred(u: mpf) -> mpf:
    x = u + mpf("3.5")
    return mp.erfc(x) * mp.exp(x * x)


ERF = _taylor(_erf_ratio, 2 / mp.sqrt(PI) - 1)

FITS = {
    # exp(r) = 1 + r + r**2 p(r), |r| <= ln 2 / 2, as exact for expm1
    "EXP_F32": (*EXP, 5, "f32"),
    "EXP_F64": (*EXP, 10, "f64"),
    "EXP_MIDDLE": (*EXP, 7, "f64"),  # for f32 results computed in f64
    # log(1 + f) = f - f**2 / 2 + f**3 p(f), sqrt(1/2) <= 1 + f <= sqrt(2)
    "LOG_F32": (*LOG, 9, "f32"),
    # log(1 + f) = 2 s + s**3 p(s**2), s = f / (2 + f)
    "LOG_F64": (*LOG_S, 7, "f64"),
    "LOG_MIDDLE": (*LOG_S, 5, "f64"),
    # the same, p(z) = 2/3 + z q(z): q, for a logarithm of twice the precision
    "ATANH_PAIR": (_taylor(_atanh_second_tail, mpf(2) / 5), 0, S2, lambda z: z**2, 9, "f64"),
    # sin r = r + r**3 p(r**2), cos r = 1 - r**2 / 2 + r**4 p(r**2), |r| <= pi / 4
    "SIN_F32": (*SIN, 3, "f32"),
    "SIN_F64": (*SIN, 6, "f64"),
    "COS_F32": (*COS, 3, "f32"),
    "COS_F64": (*COS, 6, "f64"),
    # atan u = u + u**3 p(u**2), |u| <= tan(pi / 8)
    "ATAN_F32": (*ATAN, 4, "f32"),
    "ATAN_F64": (*ATAN, 11, "f64"),
    # erf x = x + x p(x**2), |x| <= 0.95 (f32), 1 (f64)
    "ERF_LOW_F32": (ERF, 0, ERF_LOW_F32**2, lambda z: 1 / (1 + ERF(z)), 7, "f32"),
    "ERF_LOW_F64": (ERF, 0, 1, lambda z: 1 / (1 + ERF(z)), 13, "f64"),
    # erf x = 1 - exp(-p(x)), 0.95 <= x <= 3.95
    "ERF_HIGH_F32": (_erfc_log, ERF_LOW_F32 - mpf("0.001"), ERF_HIGH_F32, mp.erfc, 8, "f32"),
    # erf x = 1 - exp(-x**2) p(x - 3.5), 1 <= x <= 6
    "ERF_HIGH_F64": (_erfcx_centred, -2.501, 2.5, lambda u: mp.exp(-((u + mpf("3.5")) ** 2)), 21, "f64"),
}


def table(name: str) -> Fit:
    f, lo, hi, weight, terms, precision = FITS[name]
    return minimax(f, lo, hi, terms, weight, precision)


def two_over_pi(words: int) -> list[int]:
    with mp.workdps(20 * words + 20):
        bits = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * words)))
    return [bits >> (64 * (words - 1 - k)) & (2**64 - 1) for k in range(words)]


_HEADER = '''"""Minimax coefficients, lowest power first, with the error each polynomial leaves.

Made by `tests/codegen/fit_vmath.py`, which says what is fitted where.
"""
'''


def tables() -> str:
    """The text of `vmath_tables.py`."""
    parts = [_HEADER]
    for name in FITS:
        fit = table(name)
        body = "".join(f"    {c!r},\n" for c in fit.coefficients)
        parts.append(f"{name} = (  # 2**{np.log2(fit.error):.1f}\n{body})")
    parts.append("# The bits of 2/pi after the point, 64 to a word, as many as the largest f64 needs.")
    parts.append("TWO_OVER_PI = (\n" + "".join(f"    0x{word:016X},\n" for word in two_over_pi(20)) + ")")
    return "\n".join(parts)


if __name__ == "__main__":
    print(tables())
