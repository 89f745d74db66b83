"""The error function."""

from .lltypes import Val
from .vmath_core import F32, format_of, horner
from .vmath_exp import exp_bounded
from .vmath_tables import ERF_HIGH_F32, ERF_HIGH_F64, ERF_LOW_F32, ERF_LOW_F64
from .writer import Writer


def erf(w: Writer, x: Val) -> Val:
    """x + x p(x**2) around 0, 1 - erfc |x| further out, where it is 1 at last."""
    a = w.fabs(x)
    if format_of(x) is F32:
        limit, low = 0.95, ERF_LOW_F32
        complement = exp_bounded(w, w.fneg(horner(w, w.fmin(3.95, a), ERF_HIGH_F32)))
    else:
        limit, low = 1.0, ERF_LOW_F64
        a = w.fmin(6.0, a)
        complement = w.fmul(exp_bounded(w, w.fneg(w.fmul(a, a))), horner(w, w.fsub(a, 3.5), ERF_HIGH_F64))
    near = w.fma(x, horner(w, w.fmul(x, x), low), x)
    far = w.copysign(w.fsub(1.0, complement), x)
    return w.select(w.fcmp("olt", a, limit), near, far)
