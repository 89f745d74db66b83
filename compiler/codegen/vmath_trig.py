"""sin, cos, tan and atan2.

x = q pi/2 + r with |r| <= pi/4. Up to about a million, pi/2 in three parts (W. J. Cody, W. Waite, 1980) gives r to full precision;
beyond, the bits of 2/pi that matter are multiplied as integers (M. Payne, R. Hanek, 1983), one lane at a time in a function of its own
that small arguments never call.
"""

from itertools import pairwise

from .lltypes import Val, const, elem_of, lanes_of, like
from .vmath_core import F32, INF, NAN, Float, format_of, horner, is_nan, nearest_integer
from .vmath_tables import ATAN_F32, ATAN_F64, COS_F32, COS_F64, SIN_F32, SIN_F64, TWO_OVER_PI
from .writer import Module, Writer

_TWO_OVER_PI = 0.6366197723675814
_PI_2, _PI_2_TAIL = 1.5707963267948966, 6.123233995736766e-17
# pi/2 = the first 33 bits + the next 33 + the rest: products with an integer below 2**20 are exact.
_PI_2_HIGH, _PI_2_MIDDLE, _PI_2_LOW = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
_LARGE = 2.0**20
_REDUCE = "weft_reduce_angle"


def sin(w: Writer, x: Val) -> Val:
    r, quadrant = _reduce(w, x)
    return _negate(w, _sin_or_cos(w, r, _bit(w, quadrant, 0)), _bit(w, quadrant, 1))


def cos(w: Writer, x: Val) -> Val:
    r, quadrant = _reduce(w, x)
    quadrant = w.add(quadrant, 1)
    return _negate(w, _sin_or_cos(w, r, _bit(w, quadrant, 0)), _bit(w, quadrant, 1))


def tan(w: Writer, x: Val) -> Val:
    r, quadrant = _reduce(w, x)
    sine, cosine = _sin_reduced(w, r), _cos_reduced(w, r)
    odd = _bit(w, quadrant, 0)
    quotient = w.fdiv(w.select(odd, cosine, sine), w.select(odd, sine, cosine))
    return _negate(w, quotient, odd)


def _bit(w: Writer, quadrant: Val, number: int) -> Val:
    return w.icmp("ne", w.and_(quadrant, 1 << number), 0)


def _negate(w: Writer, x: Val, condition: Val) -> Val:
    return w.select(condition, w.fneg(x), x)


def _sin_or_cos(w: Writer, r: Val, is_cos: Val) -> Val:
    return w.select(is_cos, _cos_reduced(w, r), _sin_reduced(w, r))


def _sin_reduced(w: Writer, r: Val) -> Val:
    """r + r**3 p(r**2)"""
    z = w.fmul(r, r)
    sine = w.fma(w.fmul(z, horner(w, z, SIN_F32 if format_of(r) is F32 else SIN_F64)), r, r)
    return w.copysign(sine, r)  # of -0


def _cos_reduced(w: Writer, r: Val) -> Val:
    """1 - r**2 / 2 + r**4 p(r**2), with what the subtraction rounds away added again"""
    z = w.fmul(r, r)
    half = w.fmul(z, 0.5)
    above = w.fsub(1.0, half)
    lost = w.fsub(w.fsub(1.0, above), half)
    return w.fadd(above, w.fma(w.fmul(z, z), horner(w, z, COS_F32 if format_of(r) is F32 else COS_F64), lost))


# -- reduction ----------------------------------------------------------------------------------------------------------------


def _reduce(w: Writer, x: Val) -> tuple[Val, Val]:
    """r in x's format and the quadrant, an i64 whose low two bits count. Infinities and NaN give NaN."""
    wide = w.fpext(x, "double")
    r, quadrant = _reduce_small(w, wide)
    is_large = w.fcmp("ogt", w.fabs(wide), _LARGE)
    result = w.cond(_any(w, is_large), lambda: _reduce_lanes(w, wide), lambda: (r, quadrant))
    r, quadrant = result
    return w.fptrunc(r, elem_of(x.type)), quadrant if format_of(x) is not F32 else w.trunc(quadrant, "i32")


def _any(w: Writer, mask: Val) -> Val:
    lanes = lanes_of(mask.type)
    return mask if lanes == 1 else w.icmp("ne", w.bitcast(mask, f"i{lanes}"), 0)


def _reduce_small(w: Writer, x: Val) -> tuple[Val, Val]:
    n, i = nearest_integer(w, w.fmul(x, _TWO_OVER_PI))
    first = w.fma(n, -_PI_2_HIGH, x)
    middle = w.fmul(n, _PI_2_MIDDLE)
    r = w.fsub(first, middle)
    lost = w.fsub(w.fsub(first, r), middle)
    corrected = w.fadd(r, w.fma(n, -_PI_2_LOW, lost))
    return w.select(w.fcmp("oeq", n, 0.0), x, corrected), i  # keeps -0


def _reduce_lanes(w: Writer, x: Val) -> tuple[Val, Val]:
    """Every lane by the function for large arguments, which takes small ones too."""
    if _REDUCE not in w.module.declared:
        w.module.declare(_REDUCE, "double", ("double", "ptr"))
        _write_reduce_large(w.module)
    lanes = lanes_of(x.type)
    quadrants = w.alloca("i64", lanes)
    if lanes == 1:
        return w.call(_REDUCE, "double", [x, quadrants]), w.load("i64", quadrants)
    angles = w.alloca("double", lanes)
    w.store(x, angles)
    with w.loop(lanes) as lane:
        at = w.gep("double", angles, lane)
        w.store(w.call(_REDUCE, "double", [w.load("double", at), w.gep("i64", quadrants, lane)]), at)
    return w.load(x.type, angles), w.load(like(x.type, "i64"), quadrants)


def _write_reduce_large(module: Module) -> None:
    """double weft_reduce_angle(x, i64 *quadrant)

    |x| = m 2**e with an integer m. Of 2/pi, the 192 bits that begin at weight 2**(1-e) make the product right modulo 4 and to 2**-137:
    quarter turns in the two top bits of a 128-bit number, the fraction below.
    """
    w = module.function(_REDUCE, "double", ["double", "ptr"], internal=True, attrs="noinline")
    x, quadrant_at = w.params
    with w.when(w.fcmp("ule", w.fabs(x), _LARGE)):
        r, quadrant = _reduce_small(w, x)
        w.store(quadrant, quadrant_at)
        w.ret(r)
    with w.when(w.fcmp("oeq", w.fabs(x), INF)):
        w.store(const("i64", 0), quadrant_at)
        w.ret(NAN)
    bits = w.bits(x)
    e = w.sub(w.and_(w.lshr(bits, 52), 0x7FF), 1023 + 52)
    m = w.or_(w.and_(bits, (1 << 52) - 1), 1 << 52)
    turns = _multiply_window(w, m, _window(w, e))
    fraction = w.shl(turns, 2)  # as a signed number: above a half it counts back from the next quarter turn
    whole = w.trunc(w.lshr(turns, 126), "i64")
    backwards = w.icmp("slt", fraction, 0)
    quadrant = w.add(whole, w.zext(backwards, "i64"))
    r = _fraction_to_angle(w, w.select(backwards, w.neg(fraction), fraction))
    negative = w.icmp("slt", bits, 0)
    w.store(w.select(negative, w.neg(quadrant), quadrant), quadrant_at)
    w.ret(w.select(w.xor(negative, backwards), w.fneg(r), r))


def _window(w: Writer, e: Val) -> tuple[Val, Val, Val]:
    """192 bits of 2/pi from weight 2**(1-e) on, high word first. The table has a word of zeros before the point."""
    table = w.module.constant(b"".join(word.to_bytes(8, "little") for word in (0, *TWO_OVER_PI)))
    start = w.add(e, 62)
    first, shift = w.lshr(start, 6), w.and_(start, 63)
    words = [w.load("i64", w.gep("i64", table, w.add(first, k))) for k in range(4)]
    a, b, c = (w.intrinsic("fshl", "i64", [high, low, shift]) for high, low in pairwise(words))
    return a, b, c


def _multiply_window(w: Writer, m: Val, window: tuple[Val, Val, Val]) -> Val:
    """The upper 128 bits of m * window modulo 2**192."""
    wide = w.zext(m, "i128")
    high, middle, low = (w.mul(wide, w.zext(word, "i128")) for word in window)
    return w.add(w.shl(high, 64), w.add(middle, w.lshr(low, 64)))


def _fraction_to_angle(w: Writer, fraction: Val) -> Val:
    """fraction * 2**-128 * pi/2 as a double: the leading 53 bits and the 11 after them times pi/2 as a pair."""
    w.module.declare("llvm.ctlz.i128", "i128", ("i128", "i1"))
    zeros = w.value("i128", f"call i128 @llvm.ctlz.i128({fraction}, i1 false)")
    top = w.trunc(w.lshr(w.shl(fraction, zeros), 64), "i64")
    high, low = w.uitofp(w.and_(top, ~0x7FF), "double"), w.uitofp(w.and_(top, 0x7FF), "double")
    small = w.fma(low, _PI_2, w.fmul(high, _PI_2_TAIL))
    scale = w.bitcast(w.shl(w.sub(1023 - 64, w.trunc(zeros, "i64")), 52), "double")
    return w.fmul(w.fma(high, _PI_2, small), scale)


# -- atan2 --------------------------------------------------------------------------------------------------------------------


def atan2(w: Writer, y: Val, x: Val) -> Val:
    """The angle of the point (x, y), with C's special cases (C99, annex F.9.1.4).

    Of t = min / max of the magnitudes, atan t is near 0 or pi/4; the rest of the half turn is put together from a base angle.
    """
    form = format_of(y)
    ax, ay = w.fabs(x), w.fabs(y)
    steep = w.fcmp("ogt", ay, ax)
    small, large = w.select(steep, ax, ay), w.select(steep, ay, ax)
    u, diagonal = _atan_argument(w, small, large, form)
    z = w.fmul(u, u)
    table = ATAN_F32 if form is F32 else ATAN_F64
    partial = w.fma(w.fmul(z, horner(w, z, table)), u, u)
    angle = _rebase(w, partial, diagonal, steep, w.icmp("slt", w.bits(x), 0), form)
    angle = w.copysign(angle, y)
    return w.select(w.or_(is_nan(w, x), is_nan(w, y)), NAN, angle)


def _atan_argument(w: Writer, small: Val, large: Val, form: Float) -> tuple[Val, Val]:
    """u with atan(small / large) = atan u or pi/4 + atan u; which of the two."""
    both_zero, both_inf = w.fcmp("oeq", large, 0.0), w.fcmp("oeq", small, INF)
    # Lifted, so that denormals lose no bit; where that might overflow, halved, so that the sum does not.
    lifted = w.fcmp("olt", large, 2.0 ** (form.bias - form.mantissa - 4))
    factor = w.select(lifted, const(large.type, 2.0 ** (form.mantissa + 2)), 0.5)
    small, large = w.fmul(small, factor), w.fmul(large, factor)
    diagonal = w.fcmp("ogt", small, w.fmul(large, 0.41421356237309503))
    numerator = w.select(diagonal, w.fsub(small, large), small)
    denominator = w.select(diagonal, w.fadd(small, large), large)
    u = w.fdiv(numerator, denominator)
    return w.select(w.or_(both_zero, both_inf), 0.0, u), w.or_(both_inf, diagonal)


def _rebase(w: Writer, partial: Val, diagonal: Val, steep: Val, leftwards: Val, form: Float) -> Val:
    """a = partial (+ pi/4); then pi/2 - a if steep; then pi - a if x is negative: one constant and one sign."""
    quarter_turns = [  # (steep, leftwards, diagonal): multiples of pi/4
        w.select(diagonal, const(partial.type, a), b) for a, b in ((1.0, 0.0), (1.0, 2.0), (3.0, 4.0), (3.0, 2.0))
    ]
    flat = w.select(leftwards, quarter_turns[2], quarter_turns[0])
    upright = w.select(leftwards, quarter_turns[3], quarter_turns[1])
    quarters = w.select(steep, upright, flat)
    signed = _negate(w, partial, w.xor(steep, leftwards))
    high, low = (0.7853981852531433, -2.1855694143368964e-08) if form is F32 else (0.7853981633974483, 3.061616997868383e-17)
    return w.fma(quarters, high, w.fma(quarters, low, signed))
