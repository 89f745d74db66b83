"""Fits the tables of `compiler/ops/special.py`: Chebyshev series of smooth parts of special functions, to 200 bits.

python tests/ops/fit_special.py
"""

from collections.abc import Callable, Sequence

import mpmath as mp

Function = Callable[[mp.mpf], mp.mpf]


def chebyshev(f: Function, terms: int) -> list[mp.mpf]:
    """The first coefficients of f on [-1, 1], by interpolation at twice as many nodes."""
    n = 2 * terms
    angles = [mp.pi * (k + mp.mpf(0.5)) / n for k in range(n)]
    values = [f(mp.cos(a)) for a in angles]
    return [sum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True)) * (2 if j else 1) / n for j in range(terms)]


def trimmed(series: Sequence[mp.mpf], tolerance: float) -> tuple[float, ...]:
    """The series without the terms that sum to less than the tolerance."""
    n = len(series)
    while n > 1 and sum(abs(c) for c in series[n - 1 :]) < tolerance:
        n -= 1
    return tuple(float(c) for c in series[:n])


def erfcx(u: mp.mpf) -> mp.mpf:
    first = (mp.mpf(0.5) - 3.75) / (mp.mpf(0.5) + 3.75)
    t = first + (1 - first) * (u + 1) / 2
    x = mp.mpf(3.75) * (1 + t) / (1 - t)
    return mp.exp(x * x) * mp.erfc(x) * (1 + 2 * x)


def log_gamma(t: mp.mpf) -> mp.mpf:
    r = (t + 3) / 2
    return mp.loggamma(r) / ((r - 1) * (r - 2))


def bessel_tail(t: mp.mpf) -> mp.mpf:
    x = 16 / (t + 1)
    return mp.besseli(1, x) * mp.exp(-x) * mp.sqrt(x)


def erf_inv(w: mp.mpf) -> mp.mpf:
    x = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(x) / x


def tables() -> dict[str, tuple[float, ...]]:
    """The tables by name."""
    mp.mp.prec = 300
    lo, hi = mp.sqrt(5), mp.mpf(6.2)
    return {
        "_ERFCX": trimmed(chebyshev(erfcx, 40), 2**-56),
        "_LGAMMA": trimmed(chebyshev(log_gamma, 40), 2**-57),
        "_I1E_TAIL": trimmed(chebyshev(bessel_tail, 50), 2**-56),
        "_ERF_INV": trimmed(chebyshev(lambda u: erf_inv(5 * (u + 1) / 2), 24), 2**-26),
        "_ERF_INV_TAIL": trimmed(chebyshev(lambda u: erf_inv((lo + (hi - lo) * (u + 1) / 2) ** 2), 24), 2**-24),
    }


if __name__ == "__main__":
    for name, table in tables().items():
        print(f"{name} = {table}")
