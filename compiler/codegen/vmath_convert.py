"""Conversions between f32, f64 and every narrower float, scalar or vector, by integer operations.

LLVM turns `fptrunc` to bfloat or half into a library call per lane where the machine lacks the instruction, and the AVX-512 instruction
for bfloat flushes denormals; these sequences vectorise on every level and give the same bits on all of them. Rounding is to nearest
even; what overflows, and how NaN is encoded, follows the formats' definitions (OCP 8-bit floating point, OCP microscaling formats, and the
FNUZ variants).
"""

from dataclasses import dataclass
from functools import cache

from ...proto.dtypes import DType
from .lltypes import Val, elem_of, like, memory_type
from .writer import Writer


@dataclass(frozen=True, slots=True)
class Format:
    """An encoding sign | exponent | mantissa.

    `largest` is the code of the greatest finite magnitude, `overflow` what lies beyond it becomes (its infinity, NaN, or `largest` itself),
    `nan` the code that NaN becomes, with the argument's sign bit added unless `unsigned_zero` (the FNUZ types, whose negative zero is the
    only NaN).
    """

    exponent: int
    mantissa: int
    bias: int
    largest: int
    overflow: int
    nan: int
    unsigned_zero: bool = False

    @property
    def sign(self) -> int:
        return 1 << (self.exponent + self.mantissa)

    @property
    def infinity(self) -> int | None:
        """The code of infinity, if there is one: beyond it there are NaNs."""
        return self.overflow if self.overflow == self.largest + 1 and self.nan > self.overflow else None


#                           exponent, mantissa, bias, largest, overflow, nan
_FORMATS = {
    "f16": Format(5, 10, 15, 0x7BFF, 0x7C00, 0x7E00),
    "bf16": Format(8, 7, 127, 0x7F7F, 0x7F80, 0x7FC0),
    "f8E4M3": Format(4, 3, 7, 0x77, 0x78, 0x7C),
    "f8E4M3FN": Format(4, 3, 7, 0x7E, 0x7F, 0x7F),
    "f8E4M3FNUZ": Format(4, 3, 8, 0x7F, 0x80, 0x80, unsigned_zero=True),
    "f8E4M3B11FNUZ": Format(4, 3, 11, 0x7F, 0x80, 0x80, unsigned_zero=True),
    "f8E5M2": Format(5, 2, 15, 0x7B, 0x7C, 0x7E),
    "f8E5M2FNUZ": Format(5, 2, 16, 0x7F, 0x80, 0x80, unsigned_zero=True),
    "f8E3M4": Format(3, 4, 3, 0x6F, 0x70, 0x78),
    # No NaN: it becomes a zero of the other sign.
    "f4E2M1FN": Format(2, 1, 1, 0x7, 0x7, 0x8),
    "f6E2M3FN": Format(2, 3, 1, 0x1F, 0x1F, 0x20),
    "f6E3M2FN": Format(3, 2, 3, 0x1F, 0x1F, 0x20),
}
_E8M0 = "f8E8M0FNU"
_ABS, _INF = 0x7FFFFFFF, 0x7F800000


def widen(w: Writer, x: Val, dtype: DType) -> Val:
    """`x`, a value of `dtype` as it lies in memory (f16 `half`, bf16 `bfloat`, smaller `i8`), as `float`; exact.

    f32 and f64 stay as they are.
    """
    if dtype.bits >= 32:
        return x
    if dtype.name == "f16" and w.target.has_f16c:
        return w.fpext(x, "float")
    codes = w.zext(w.bits(x), "i32")
    if dtype.name == "bf16":
        return w.bitcast(w.shl(codes, 16), like(x.type, "float"))
    if dtype.name == _E8M0:
        return _widen_e8m0(w, codes)
    return _widen(w, codes, _FORMATS[dtype.name])


def narrow(w: Writer, x: Val, dtype: DType) -> Val:
    """`x`, `float` or `double`, rounded once to `dtype`, as it lies in memory. f32 and f64 are cast."""
    if dtype.bits >= 32:
        return w.fpext(x, "double") if dtype.bits == 64 else w.fptrunc(x, "float")
    if elem_of(x.type) == "double":
        x = w.fptrunc(x, "float") if dtype.name == _E8M0 else _round_to_odd(w, x)
    if dtype.name == "f16" and w.target.has_f16c:
        return w.fptrunc(x, "half")
    codes = _narrow_e8m0(w, x) if dtype.name == _E8M0 else _narrow(w, x, _FORMATS[dtype.name])
    return w.bitcast(w.trunc(codes, "i16" if dtype.bits == 16 else "i8"), like(x.type, memory_type(dtype)))


@cache
def _power(exponent: int) -> float:
    return 2.0**exponent


def _widen(w: Writer, codes: Val, form: Format) -> Val:
    magnitude = w.and_(codes, form.sign - 1)
    # The exponent field read as an f32's is off by the difference of the biases; the product also normalises denormals.
    scaled = w.bitcast(w.shl(magnitude, 23 - form.mantissa), like(codes.type, "float"))
    value = w.bits(w.fmul(scaled, _power(127 - form.bias)))
    if form.infinity is not None:
        value = w.select(w.icmp("uge", magnitude, form.infinity), _INF, value)
        value = w.select(w.icmp("ugt", magnitude, form.infinity), 0x7FC00000, value)
    elif form.overflow == form.nan and not form.unsigned_zero:
        value = w.select(w.icmp("eq", magnitude, form.nan), 0x7FC00000, value)
    sign_shift = 31 - form.exponent - form.mantissa
    signed = w.or_(value, w.and_(w.shl(codes, sign_shift), -(1 << 31)))
    if form.unsigned_zero:
        signed = w.select(w.icmp("eq", codes, form.nan), 0x7FC00000, signed)
    return w.bitcast(signed, like(codes.type, "float"))


def _widen_e8m0(w: Writer, codes: Val) -> Val:
    value = w.select(w.icmp("eq", codes, 0), 1 << 22, w.shl(codes, 23))
    return w.bitcast(w.select(w.icmp("eq", codes, 0xFF), 0x7FC00000, value), like(codes.type, "float"))


def _narrow(w: Writer, x: Val, form: Format) -> Val:
    bits = w.bits(x)
    magnitude = w.and_(bits, _ABS)
    codes = _round_normal(w, magnitude, form)
    if form.bias < 127:
        least_normal = (128 - form.bias) << 23
        codes = w.select(w.icmp("ult", magnitude, least_normal), _round_denormal(w, magnitude, form), codes)
    codes = w.select(w.icmp("sgt", codes, form.largest), form.overflow, codes)
    sign = w.and_(w.lshr(bits, 31 - form.exponent - form.mantissa), form.sign)
    if form.unsigned_zero:
        beyond_or_nan = w.icmp("eq", codes, form.overflow)
        sign = w.select(w.or_(beyond_or_nan, w.icmp("eq", codes, 0)), 0, sign)
        codes = w.or_(codes, sign)
        return w.select(w.icmp("ugt", magnitude, _INF), form.nan, codes)
    codes = w.select(w.icmp("ugt", magnitude, _INF), form.nan, codes)
    return w.xor(codes, sign)


def _round_normal(w: Writer, magnitude: Val, form: Format) -> Val:
    """The code of an f32 magnitude that is normal in `form`: half an ulp added (a little less if the last bit is even), cut, re-biased."""
    drop = 23 - form.mantissa
    odd = w.and_(w.lshr(magnitude, drop), 1)
    rounded = w.lshr(w.add(w.add(magnitude, (1 << (drop - 1)) - 1), odd), drop)
    return rounded if form.bias == 127 else w.sub(rounded, (127 - form.bias) << form.mantissa)


def _round_denormal(w: Writer, magnitude: Val, form: Format) -> Val:
    """The code of an f32 magnitude below the least normal of `form`: adding a power of two whose ulp is that denormal's rounds it."""
    magic = _power(1 - form.bias - form.mantissa + 23)
    shifted = w.bits(w.fadd(w.bitcast(magnitude, like(magnitude.type, "float")), magic))
    magic_bits = (1 - form.bias - form.mantissa + 23 + 127) << 23
    return w.sub(shifted, magic_bits)


def _narrow_e8m0(w: Writer, x: Val) -> Val:
    """The nearest power of two, ties upwards; NaN for zero, negative numbers and what rounds beyond 2**127."""
    bits = w.bits(x)
    normal = w.zext(w.icmp("sge", bits, 1 << 23), "i32")  # 2**-127, code 0, is a denormal f32 that looks like a tie
    codes = w.lshr(w.add(w.add(bits, (1 << 22) - 1), normal), 23)
    return w.select(w.icmp("sle", bits, 0), 0xFF, w.int_minmax("umin", codes, 0xFF))


def _round_to_odd(w: Writer, x: Val) -> Val:
    """f64 to f32, cut, with the last bit set if anything was lost: rounding that to a narrower format rounds `x` itself once."""
    nearest = w.fptrunc(x, "float")
    back = w.fpext(nearest, "double")
    bits = w.bits(nearest)
    rounded_up = w.fcmp("ogt", w.fabs(back), w.fabs(x))
    cut = w.select(rounded_up, w.sub(bits, 1), bits)
    odd = w.select(w.fcmp("one", back, x), w.or_(cut, 1), cut)
    return w.bitcast(odd, nearest.type)
