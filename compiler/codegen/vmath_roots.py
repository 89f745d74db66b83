"""sqrt, rsqrt and cbrt."""

from .lltypes import Val, const, like
from .vmath_core import F32, INF, format_of
from .writer import Writer

# The bits of x**(-1/3) are about this number less a third of those of x; chosen so that the relative error is at most 3.4 % either way.
_SEED = 0x54A232A0
_SEED_F64_HIGH = int((1364 + _SEED / 2**23 - 127 * 4 / 3) * 2**20)


def sqrt(w: Writer, x: Val) -> Val:
    return w.sqrt(x)


def rsqrt(w: Writer, x: Val) -> Val:
    return w.fdiv(1.0, w.sqrt(x))


def cbrt(w: Writer, x: Val) -> Val:
    """x r**2 with r = |x|**(-1/3) by two steps of fourth order from a guess on the bits, then one Newton step on the root itself."""
    form = format_of(x)
    lift = (form.mantissa + 3) // 3 * 3
    a = w.fabs(x)
    # Denormals are lifted; all else is lowered, for the cube of the greatest number's rounded root would overflow.
    is_tiny = w.fcmp("olt", a, 8 * form.tiny)
    a = w.fmul(a, w.select(is_tiny, const(a.type, 2.0**lift), 1 / 8))
    r = _inverse_guess(w, a)
    for _ in range(2):
        h = w.fsub(1.0, w.fmul(w.fmul(a, r), w.fmul(r, r)))
        # (1 - h)**(-1/3) = 1 + h/3 + 2 h**2 / 9 + 14 h**3 / 81 + …
        step = w.fma(w.fma(h, 14 / 81, 2 / 9), h, 1 / 3)
        r = w.fma(w.fmul(r, h), step, r)
    square = w.fmul(r, r)
    root = w.fmul(a, square)
    residual = w.fma(w.fmul(root, root), w.fneg(root), a)
    root = w.fma(w.fmul(residual, square), 1 / 3, root)
    root = w.copysign(w.fmul(root, w.select(is_tiny, const(a.type, 2.0 ** (-lift // 3)), 2.0)), x)
    plain = w.or_(w.fcmp("ueq", w.fabs(x), INF), w.fcmp("oeq", x, 0.0))
    return w.select(plain, w.fadd(x, x), root)


def _inverse_guess(w: Writer, a: Val) -> Val:
    if format_of(a) is F32:
        return w.bitcast(w.sub(_SEED, w.udiv(w.bits(a), 3)), a.type)
    high = w.trunc(w.lshr(w.bits(a), 32), "i32")
    guess = w.zext(w.sub(const(like(a.type, "i32"), _SEED_F64_HIGH), w.udiv(high, 3)), "i64")
    return w.bitcast(w.shl(guess, 32), a.type)
