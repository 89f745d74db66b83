"""Complex arithmetic and functions in terms of real elements.

Formulas are chosen to neither overflow nor cancel where the result is representable; special values follow C99 only as far as they
fall out of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scalar import Arithmetic, Elem


def mul(b: "Arithmetic", x: "Elem", y: "Elem") -> "Elem":
    """(a + bi)(c + di) by the four products."""
    a, i, c, j = b.real(x), b.imag(x), b.real(y), b.imag(y)
    return b.complex(b.sub(b.mul(a, c), b.mul(i, j)), b.add(b.mul(a, j), b.mul(i, c)))


def div(b: "Arithmetic", x: "Elem", y: "Elem") -> "Elem":
    """Smith's method (CACM 5, 1962): the larger part of the divisor is divided out first, so that no square over- or underflows."""
    a, i, c, d = b.real(x), b.imag(x), b.real(y), b.imag(y)
    swap = b.compare("LT", b.abs(c), b.abs(d))
    large, small = b.select(swap, d, c), b.select(swap, c, d)
    zero = b.const(c.dtype, 0)
    # 0/0 would turn a division by zero into NaN where numpy gives infinities.
    ratio = b.select(b.compare("EQ", large, zero), zero, b.div(small, large))
    scale = b.add(large, b.mul(small, ratio))
    re = b.select(swap, b.add(b.mul(a, ratio), i), b.add(a, b.mul(i, ratio)))
    im = b.select(swap, b.sub(b.mul(i, ratio), a), b.sub(i, b.mul(a, ratio)))
    return b.complex(b.div(re, scale), b.div(im, scale))


def abs(b: "Arithmetic", x: "Elem") -> "Elem":
    """|x| = large · sqrt(1 + (small / large)²)."""
    re, im = b.abs(b.real(x)), b.abs(b.imag(x))
    large, small = b.max(re, im), b.min(re, im)
    one, zero = b.const(re.dtype, 1), b.const(re.dtype, 0)
    ratio = b.div(small, large)
    size = b.mul(large, b.sqrt(b.add(one, b.mul(ratio, ratio))))
    size = b.select(b.compare("EQ", large, zero), large, size)
    infinity = b.const(re.dtype, float("inf"))
    infinite = b.or_(b.compare("EQ", re, infinity), b.compare("EQ", im, infinity))
    return b.select(infinite, infinity, size)


def sign(b: "Arithmetic", x: "Elem") -> "Elem":
    """x / |x|, and 0 for 0."""
    size = abs(b, x)
    zero = b.const(x.dtype, 0)
    unit = b.complex(b.div(b.real(x), size), b.div(b.imag(x), size))
    return b.select(b.compare("EQ", size, b.const(size.dtype, 0)), zero, unit)


def sqrt(b: "Arithmetic", x: "Elem") -> "Elem":
    """From t = sqrt((|re| + |x|) / 2): (t, im / 2t) in the right half plane, (|im| / 2t, ±t) in the left; -0 is below the axis."""
    re, im = b.real(x), b.imag(x)
    half, zero = b.const(re.dtype, 0.5), b.const(re.dtype, 0)
    # Halved before they are added, lest the sum overflow.
    t = b.sqrt(b.add(b.mul(half, b.abs(re)), b.mul(half, abs(b, x))))
    empty = b.compare("EQ", t, zero)
    other = b.select(empty, zero, b.div(b.mul(half, im), t))
    left = b.compare("LT", re, zero)
    down = b.or_(b.compare("LT", im, zero), b.compare("LT", b.div(b.const(im.dtype, 1), im), zero))
    return b.complex(b.select(left, b.abs(other), t), b.select(left, b.select(down, b.neg(t), t), b.select(empty, im, other)))


def exp(b: "Arithmetic", x: "Elem") -> "Elem":
    """exp(re) · (cos im, sin im)."""
    size, angle = b.exp(b.real(x)), b.imag(x)
    real_line = b.compare("EQ", angle, b.const(angle.dtype, 0))
    return b.complex(b.mul(size, b.cos(angle)), b.select(real_line, angle, b.mul(size, b.sin(angle))))


def log(b: "Arithmetic", x: "Elem") -> "Elem":
    """(log |x|, arg x)."""
    return b.complex(b.log(abs(b, x)), b.atan2(b.imag(x), b.real(x)))


def expm1(b: "Arithmetic", x: "Elem") -> "Elem":
    """Real part expm1(re) · cos im + (cos im - 1), the last from -2 sin²(im / 2)."""
    re, im = b.real(x), b.imag(x)
    s = b.sin(b.mul(im, b.const(im.dtype, 0.5)))
    less = b.mul(b.const(im.dtype, -2), b.mul(s, s))
    return b.complex(b.add(b.mul(b.expm1(re), b.cos(im)), less), b.mul(b.exp(re), b.sin(im)))


def log1p(b: "Arithmetic", x: "Elem") -> "Elem":
    """Real part log1p(re (re + 2) + im²) / 2 near 0, log |1 + x| elsewhere."""
    re, im = b.real(x), b.imag(x)
    one = b.const(re.dtype, 1)
    moved = b.complex(b.add(re, one), im)
    near = b.add(b.mul(re, b.add(re, b.const(re.dtype, 2))), b.mul(im, im))
    small = b.compare("LT", abs(b, x), b.const(re.dtype, 0.5))
    size = b.select(small, b.mul(b.const(re.dtype, 0.5), b.log1p(near)), b.log(abs(b, moved)))
    return b.complex(size, b.atan2(im, b.add(re, one)))


def sin(b: "Arithmetic", x: "Elem") -> "Elem":
    """(sin re cosh im, cos re sinh im)."""
    re, im = b.real(x), b.imag(x)
    return b.complex(b.mul(b.sin(re), _cosh(b, im)), b.mul(b.cos(re), _sinh(b, im)))


def cos(b: "Arithmetic", x: "Elem") -> "Elem":
    """(cos re cosh im, -sin re sinh im)."""
    re, im = b.real(x), b.imag(x)
    return b.complex(b.mul(b.cos(re), _cosh(b, im)), b.neg(b.mul(b.sin(re), _sinh(b, im))))


def tanh(b: "Arithmetic", x: "Elem") -> "Elem":
    """With t = tanh re and the tangent u of im: (t (1 + u²), u (1 - t²)) / (1 + t² u²), by sine and cosine so that no tangent overflows."""
    re, im = b.real(x), b.imag(x)
    t, s, c = b.tanh(re), b.sin(im), b.cos(im)
    # 1 - tanh² loses everything where tanh is near 1: 1 / cosh² does not.
    half, flat = b.const(re.dtype, 0.5), _exp_minus_abs(b, re)
    cosh = b.mul(half, b.add(b.const(re.dtype, 1), b.mul(flat, flat)))
    sech = b.div(flat, cosh)
    below = b.add(b.mul(c, c), b.mul(b.mul(t, t), b.mul(s, s)))
    return b.complex(b.div(t, below), b.div(b.mul(b.mul(s, c), b.mul(sech, sech)), below))


def tan(b: "Arithmetic", x: "Elem") -> "Elem":
    """-i tanh(i x)."""
    turned = tanh(b, b.complex(b.neg(b.imag(x)), b.real(x)))
    return b.complex(b.imag(turned), b.neg(b.real(turned)))


def logistic(b: "Arithmetic", x: "Elem") -> "Elem":
    """(1 + tanh(x / 2)) / 2."""
    half = b.const(b.real(x).dtype, 0.5)
    t = tanh(b, b.complex(b.mul(half, b.real(x)), b.mul(half, b.imag(x))))
    return b.complex(b.add(half, b.mul(half, b.real(t))), b.mul(half, b.imag(t)))


def pow(b: "Arithmetic", x: "Elem", y: "Elem") -> "Elem":
    """exp(y log x); 0 to any power but 0 is 0."""
    zero, one = b.const(x.dtype, 0), b.const(x.dtype, 1)
    power = exp(b, mul(b, y, log(b, x)))
    at_zero = b.select(b.compare("EQ", y, zero), one, zero)
    return b.select(b.compare("EQ", x, zero), at_zero, power)


def atan2(b: "Arithmetic", y: "Elem", x: "Elem") -> "Elem":
    """-i log((x + iy) / sqrt(x² + y²))."""
    turned = b.complex(b.neg(b.imag(y)), b.real(y))
    size = sqrt(b, b.add(mul(b, x, x), mul(b, y, y)))
    z = log(b, div(b, b.add(x, turned), size))
    return b.complex(b.imag(z), b.neg(b.real(z)))


def cbrt(b: "Arithmetic", x: "Elem") -> "Elem":
    """The principal cube root."""
    return pow(b, x, b.const(x.dtype, 1 / 3))


def _exp_minus_abs(b: "Arithmetic", x: "Elem") -> "Elem":
    return b.exp(b.neg(b.abs(x)))


def _sinh(b: "Arithmetic", x: "Elem") -> "Elem":
    """From u = expm1(x): (u + u / (u + 1)) / 2, with half of an exponential where that would overflow."""
    half = b.const(x.dtype, 0.5)
    size = b.abs(x)
    u = b.expm1(size)
    near = b.mul(half, b.add(u, b.div(u, b.add(u, b.const(x.dtype, 1)))))
    root = b.exp(b.mul(half, size))
    far = b.mul(b.mul(half, root), root)
    value = b.select(b.compare("GT", size, b.const(x.dtype, 20)), far, near)
    return b.select(b.compare("LT", x, b.const(x.dtype, 0)), b.neg(value), value)


def _cosh(b: "Arithmetic", x: "Elem") -> "Elem":
    """(e^|x| + e^-|x|) / 2, the exponential as a product of two halves so that it overflows no sooner than the result."""
    half = b.const(x.dtype, 0.5)
    root = b.exp(b.mul(half, b.abs(x)))
    return b.add(b.mul(b.mul(half, root), root), b.mul(half, _exp_minus_abs(b, x)))
