"""Element types in memory and in registers, and the conversions between them.

In registers bool is `i1`; integers are as in memory, sub-byte ones extended to `i8`; every float narrower than f32 is a `float` that
holds a value of the narrow type (or, while a result is being accumulated, one of f32); complex numbers are a pair. Conversions round
to nearest even in one step and depend on no instruction that flushes denormals.
"""

import ml_dtypes
import numpy as np

from ...proto.dtypes import DType
from .lltypes import Val, bits_of, compute_type, const, elem_of, is_float_type, like, memory_type
from .vmath_convert import narrow, widen
from .writer import Writer

# -- memory ---------------------------------------------------------------------------------------------------------------------


def decode(w: Writer, dtype: DType, x: Val) -> Val:
    """The register form of what was loaded."""
    if dtype.is_bool:
        return w.icmp("ne", x, 0)
    return widen(w, x, dtype) if dtype.is_float else wrap(w, dtype, x)


def encode(w: Writer, dtype: DType, x: Val) -> Val:
    """What to store for a register form; a narrow float is rounded."""
    if dtype.is_bool:
        return w.zext(x, "i8")
    if dtype.is_int and dtype.bits < 8:
        return w.and_(x, (1 << dtype.bits) - 1)
    if not dtype.is_float or dtype.bits >= 32:
        return x
    if dtype.name == "bf16" and elem_of(x.type) == "float":
        return w.bitcast(w.trunc(w.lshr(_round_bf16(w, x), 16), "i16"), like(x.type, "bfloat"))
    return narrow(w, x, dtype)


def _round_bf16(w: Writer, x: Val) -> Val:
    """The bits of `x` with the upper 16 rounded; the lower ones are arbitrary."""
    bits = w.bits(x)
    odd = w.and_(w.lshr(bits, 16), 1)
    rounded = w.add(bits, w.add(odd, 0x7FFF))
    return w.select(w.fcmp("uno", x, 0.0), w.or_(bits, 0x400000), rounded)


def round_to(w: Writer, dtype: DType, x: Val) -> Val:
    """A register value of a float type rounded to what the type can hold."""
    if not dtype.is_float or dtype.bits >= 32:
        return x
    if dtype.name == "bf16":
        return w.bitcast(w.and_(_round_bf16(w, x), -65536), x.type)
    return decode(w, dtype, encode(w, dtype, x))


def wrap(w: Writer, dtype: DType, x: Val) -> Val:
    """A register value of a sub-byte integer type with its high bits made right again."""
    if not dtype.is_int or dtype.bits >= 8:
        return x
    if dtype.is_unsigned:
        return w.and_(x, (1 << dtype.bits) - 1)
    shift = 8 - dtype.bits
    return w.ashr(w.shl(x, shift), shift)


# -- conversions ----------------------------------------------------------------------------------------------------------------


def convert(w: Writer, x: Val, source: DType, target: DType) -> Val:
    """StableHLO `convert` between real types. Float to integer truncates and saturates; NaN becomes 0."""
    if source == target:
        return x
    if target.is_bool:
        return w.fcmp("une", x, 0.0) if source.is_float else w.icmp("ne", x, 0)
    if target.is_float:
        return _to_float(w, x, source, target)
    if source.is_float:
        return _float_to_int(w, x, target)
    elem = memory_type(target)
    return wrap(w, target, w.int_resize(x, elem, source.is_signed) if bits_of(x.type) != bits_of(elem) else x)


def _to_float(w: Writer, x: Val, source: DType, target: DType) -> Val:
    elem = compute_type(target)
    if not source.is_float:
        wide = w.zext(x, "i32") if source.is_bool else x
        x = w.sitofp(wide, elem) if source.is_signed or source.is_bool else w.uitofp(wide, elem)
    if target.bits < 32:
        return decode(w, target, encode(w, target, x))
    return w.fpext(x, elem) if elem == "double" else w.fptrunc(x, elem) if elem_of(x.type) == "double" else x


def _float_to_int(w: Writer, x: Val, target: DType) -> Val:
    signed, elem = target.is_signed, memory_type(target)
    if w.module.target.arch == "aarch64" and bits_of(x.type) == target.bits:
        return w.fp_to_int_sat(x, elem, signed)  # what the instruction does
    # Elsewhere LLVM would saturate lane by lane. The limits are floats: below them it is the conversion, above a choice.
    bits = target.bits - signed
    fits = w.fcmp("olt", x, float(1 << bits))
    safe = w.select(fits, x, const(x.type, 0))
    least = -float(1 << bits) if signed else 0.0
    above = w.select(w.fcmp("ogt", safe, least), safe, const(x.type, least))
    small = target.bits < 32
    whole = w.fptosi(above, "i32") if small else w.fptosi(above, elem) if signed else w.fptoui(above, elem)
    y = w.int_resize(whole, elem, signed=True) if small else whole
    return w.select(w.fcmp("oge", x, float(1 << bits)), const(y.type, (1 << bits) - 1), y)


def bitcast(w: Writer, x: Val, source: DType, target: DType) -> Val:
    """The same bits as another real type of the same width."""
    stored = encode(w, source, x)
    return decode(w, target, w.bitcast(stored, like(stored.type, memory_type(target))))


def reduce_precision(w: Writer, x: Val, dtype: DType, exponent_bits: int, mantissa_bits: int) -> Val:
    """StableHLO `reduce_precision`: mantissa rounded to nearest even; too large becomes infinity, too small a zero of the same sign."""
    mantissa, exponent, bias = _layout(dtype)
    stored = encode(w, dtype, x)
    bits = w.bits(stored) if is_float_type(stored.type) else stored
    original = bits
    if mantissa_bits < mantissa:
        last = 1 << (mantissa - mantissa_bits)
        odd = w.lshr(w.and_(bits, last), mantissa - mantissa_bits)
        bits = w.and_(w.add(bits, w.add(odd, (last >> 1) - 1)), -last)
    if exponent_bits < exponent:
        reduced = (1 << (exponent_bits - 1)) - 1
        field = w.and_(bits, ((1 << exponent) - 1) << mantissa)
        sign = w.and_(bits, 1 << (mantissa + exponent))
        infinite = w.or_(sign, _infinity(dtype))
        bits = w.select(w.icmp("ugt", field, (bias + reduced) << mantissa), infinite, bits)
        bits = w.select(w.icmp("ule", field, (bias - reduced) << mantissa), sign, bits)
    if dtype.name.endswith("FNUZ"):  # -0 would be NaN
        bits = w.select(w.icmp("eq", bits, -(1 << (mantissa + exponent))), 0, bits)
    # Without mantissa bits there is no NaN to become: it is ±infinity.
    nan = original if mantissa_bits else w.or_(w.and_(original, 1 << (mantissa + exponent)), _infinity(dtype))
    bits = w.select(w.fcmp("uno", x, 0.0), nan, bits)
    return decode(w, dtype, w.bitcast(bits, stored.type))


def _layout(dtype: DType) -> tuple[int, int, int]:
    """(mantissa bits, exponent bits, exponent bias) of a float type."""
    info = ml_dtypes.finfo(dtype.numpy)
    # Exponent 0 is for denormals, of which there are none without mantissa bits.
    return int(info.nmant), int(info.nexp), (1 if info.nmant else 0) - int(info.minexp)


def _infinity(dtype: DType) -> int:
    """The bits of infinity, or of what stands for it in a type that has none."""
    with np.errstate(over="ignore", invalid="ignore"):
        return int(np.asarray(np.inf).astype(dtype.numpy).view(f"u{dtype.itemsize}"))


def rounded(dtype: DType, value: bool | int | float) -> float:
    """A Python number as the narrow float type holds it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.asarray(value).astype(dtype.numpy).astype(np.float32))
