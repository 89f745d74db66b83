"""What the functions of the vector math library share: formats, polynomials, scaling by powers of two, exact sums and products.

Everything works on scalars and vectors of `float` or `double` alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...proto.errors import InternalError
from .lltypes import Val, const, elem_of, int_type, like
from .writer import Operand, Writer


@dataclass(frozen=True, slots=True)
class Float:
    """A binary format and how exp and log reduce their arguments in it.

    `magic` + x has the integer nearest to x in its low mantissa bits. `ln2_high` has so few bits that its product with any exponent
    is exact.
    """

    elem: str
    mantissa: int
    bias: int
    tiny: float
    magic: float
    ln2_high: float
    ln2_low: float
    exp_high: float
    exp_low: float
    sqrt_half: int


_LN2_LOW_F32 = -2.1219444005469057e-4  # ln 2 - 355 / 512
_LN2_HIGH_F64, _LN2_LOW_F64 = 0x162E42FEF / 2**33, 7.440617110012397e-11
F32 = Float("float", 23, 127, 2.0**-126, 1.5 * 2**23, 355 / 512, _LN2_LOW_F32, 89.0, -104.0, 0x3F3504F3)
F64 = Float("double", 52, 1023, 2.0**-1022, 1.5 * 2**52, _LN2_HIGH_F64, _LN2_LOW_F64, 710.0, -746.0, 0x3FE6A09E667F3BCD)
INF, NAN = math.inf, math.nan


def format_of(x: Val) -> Float:
    """The format of `x`. Narrower floats are computed in f32 by the caller."""
    match elem_of(x.type):
        case "float":
            return F32
        case "double":
            return F64
        case other:
            raise InternalError(f"vector math computes in f32 and f64, not in {other}")


def horner(w: Writer, x: Val, coefficients: Sequence[float]) -> Val:
    """c0 + c1 x + c2 x**2 + …"""
    value = const(x.type, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value = w.fma(value, x, c)
    return value


def is_nan(w: Writer, x: Val) -> Val:
    return w.fcmp("uno", x, x)


def nearest_integer(w: Writer, x: Val) -> tuple[Val, Val]:
    """The integer nearest to `x`, |x| < 2**(mantissa - 1), as a float and as an integer. A NaN gives some integer."""
    form = format_of(x)
    shifted = w.fadd(x, form.magic)
    return w.fsub(shifted, form.magic), w.sub(w.bits(shifted), w.bits(const(x.type, form.magic)))


def power_of_two(w: Writer, i: Val) -> Val:
    """2**i for the integer `i` in the range of normal numbers; the width of `i` says of which format."""
    form = F32 if elem_of(i.type) == "i32" else F64
    return w.bitcast(w.shl(w.add(i, form.bias), form.mantissa), like(i.type, form.elem))


def scale(w: Writer, x: Val, n: Val, i: Val) -> Val:
    """x * 2**i, rounded once also where that is denormal; `n` is `i` as a float. |i| is at most about twice the exponent's range."""
    if w.target.vector_bytes == 64 and x.type in _SCALEF:
        name, mask = _SCALEF[x.type]
        w.module.declare(name, x.type, (x.type, x.type, x.type, mask, "i32"))
        return w.value(x.type, f"call {x.type} @{name}({x}, {n}, {x}, {mask} -1, i32 4)")
    half = w.ashr(i, 1)
    return w.fmul(w.fmul(x, power_of_two(w, half)), power_of_two(w, w.sub(i, half)))


_SCALEF = {
    "<16 x float>": ("llvm.x86.avx512.mask.scalef.ps.512", "i16"),
    "<8 x double>": ("llvm.x86.avx512.mask.scalef.pd.512", "i8"),
}


def split(w: Writer, x: Val) -> tuple[Val, Val]:
    """m and e (an integer) with x = m * 2**e and sqrt(1/2) <= m < sqrt(2), for positive finite `x`, denormals included."""
    form = format_of(x)
    is_denormal = w.fcmp("olt", x, form.tiny)
    lift = form.mantissa + 1
    normal = w.select(is_denormal, w.fmul(x, 2.0**lift), x)
    offset = w.sub(w.bits(normal), form.sqrt_half)
    e = w.ashr(offset, form.mantissa)
    m = w.bitcast(w.sub(w.bits(normal), w.shl(e, form.mantissa)), x.type)
    return m, w.sub(e, w.select(is_denormal, const(int_type(x.type), lift), 0))


def to_float(w: Writer, i: Val) -> Val:
    """A small integer (|i| < 2**22) as the float of its width, without a conversion that AVX2 lacks for i64."""
    form = F32 if elem_of(i.type) == "i32" else F64
    type_ = like(i.type, form.elem)
    magic = const(type_, form.magic)
    return w.fsub(w.bitcast(w.add(i, w.bits(magic)), type_), magic)


# -- pairs: an unevaluated sum high + low, |low| <= ulp(high) / 2 (T. J. Dekker, 1971) -----------------------------------------

Pair = tuple[Val, Val]


def fast_two_sum(w: Writer, a: Val, b: Val) -> Pair:
    """a + b exactly, if |a| >= |b| or a = 0."""
    total = w.fadd(a, b)
    return total, w.fsub(b, w.fsub(total, a))


def two_sum(w: Writer, a: Operand, b: Val) -> Pair:
    """a + b exactly."""
    total = w.fadd(a, b)
    b_part = w.fsub(total, a)
    return total, w.fadd(w.fsub(a, w.fsub(total, b_part)), w.fsub(b, b_part))


def two_product(w: Writer, a: Val, b: Operand) -> Pair:
    """a * b exactly, if nothing overflows or underflows."""
    product = w.fmul(a, b)
    if w.target.has_fma:
        return product, w.fma(a, b, w.fneg(product))
    other = b if isinstance(b, Val) else const(a.type, b)
    (ah, al), (bh, bl) = _halves(w, a), _halves(w, other)
    low = w.fadd(w.fsub(w.fmul(ah, bh), product), w.fadd(w.fmul(ah, bl), w.fmul(al, bh)))
    return product, w.fadd(low, w.fmul(al, bl))


def _halves(w: Writer, a: Val) -> Pair:
    """`a` as a sum of two numbers of half its mantissa bits."""
    spread = w.fmul(a, 2.0 ** ((format_of(a).mantissa + 2) // 2) + 1.0)
    high = w.fsub(spread, w.fsub(spread, a))
    return high, w.fsub(a, high)


def pair_product(w: Writer, a: Pair, b: Pair) -> Pair:
    """a * b to nearly twice the format's precision."""
    high, low = two_product(w, a[0], b[0])
    return fast_two_sum(w, high, w.fadd(low, w.fadd(w.fmul(a[0], b[1]), w.fmul(a[1], b[0]))))
