"""The vector math library: IR for elementary functions of scalars or vectors of `float` or `double`.

Branch-free, but for the sines of arguments beyond a million; right for NaN, infinities, denormals and signed zeros; the same bits in every
lane, whatever its neighbours. docs/numerics.md has the measured errors. Narrower floats are computed in f32 by the caller.

    from . import vmath
    y = vmath.exp(w, x)
"""

from .vmath_erf import erf
from .vmath_exp import exp, exp2, expm1, logistic, tanh
from .vmath_log import log, log1p, log2, pow
from .vmath_roots import cbrt, rsqrt, sqrt
from .vmath_trig import atan2, cos, sin, tan

__all__ = [
    "atan2", "cbrt", "cos", "erf", "exp", "exp2", "expm1", "log", "log1p", "log2", "logistic", "pow", "rsqrt", "sin", "sqrt", "tan", "tanh"
]  # fmt: skip
