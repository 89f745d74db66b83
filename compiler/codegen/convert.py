"""Element types in memory and in registers, and the conversions between them.

In registers bool is `i1`; integers are as in memory, sub-byte ones extended to `i8`; every float narrower than f32 is a `float` that holds a
value of the narrow type (or, while a result is being accumulated, one of f32); complex numbers are a pair. Conversions round to nearest even
in one step and depend on no instruction that flushes denormals.
"""

from dataclasses import dataclass
from functools import cache

import ml_dtypes
import numpy as np

from ...proto.dtypes import DType
from .lltypes import Val, bits_of, compute_type, const, elem_of, is_float_type, lanes_of, like, memory_type
from .writer import Writer


@dataclass(frozen=True, slots=True)
class _Format:
    """A float format of at most 16 bits. The codes of what cannot be computed come from numpy, for either sign."""

    bits: int
    mantissa: int
    min_exponent: int
    max_code: int
    overflow: tuple[int, int]
    infinity: tuple[int, int]
    nan: tuple[int, int]
    zero: tuple[int, int]
    signed: bool


@cache
def _format(dtype: DType) -> _Format:
    codes = f"u{dtype.itemsize}"
    values = np.array([3e38, -3e38, np.inf, -np.inf, np.nan, -np.nan, 0.0, -0.0], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        found = [int(c) for c in values.astype(dtype.numpy).view(codes)]
    decoded = _decoded(dtype)
    positive = range(1 << (dtype.bits - 1)) if dtype.name != "f8E8M0FNU" else range(255)
    finite = decoded[positive]
    max_code = int(np.flatnonzero(finite == np.max(finite[np.isfinite(finite)]))[0])
    mantissa = int(ml_dtypes.finfo(dtype.numpy).nmant)
    # Code 1 << mantissa is the smallest normal number.
    min_exponent = int(np.log2(finite[1 << mantissa]))
    over, inf, nan, zero = (tuple(found[i : i + 2]) for i in (0, 2, 4, 6))
    return _Format(dtype.bits, mantissa, min_exponent, max_code, over, inf, nan, zero, dtype.name != "f8E8M0FNU")  # type: ignore[arg-type]


def _decoded(dtype: DType) -> np.ndarray:
    """The f32 value of every code."""
    codes = np.arange(1 << (8 * dtype.itemsize if dtype.itemsize > 1 else 8), dtype=f"u{dtype.itemsize}")
    with np.errstate(all="ignore"):
        return codes.view(dtype.numpy).astype(np.float32)


# -- memory ---------------------------------------------------------------------------------------------------------------------


def storage_type(w: Writer, dtype: DType) -> str:
    """The LLVM type to load and store one element (of a complex type, one half of it) with."""
    match dtype.name:
        case "bf16":
            return "i16"
        case "f16":
            return "half" if w.target.has_f16c else "i16"
        case _:
            return memory_type(dtype)


def decode(w: Writer, dtype: DType, x: Val) -> Val:
    """The register form of what was loaded."""
    if dtype.is_bool:
        return w.icmp("ne", x, 0)
    if not (dtype.is_float and dtype.bits < 32):
        return x
    if dtype.name == "bf16":
        return w.bitcast(w.shl(w.zext(x, "i32"), 16), like(x.type, "float"))
    if elem_of(x.type) == "half":
        return w.fpext(x, "float")
    if dtype.name == "f16":
        return _decode_half(w, x)
    table = w.module.constant(_decoded(dtype).tobytes())
    addresses = w.gep("float", table, w.zext(x, "i64"))
    return w.gather("float", addresses) if lanes_of(x.type) > 1 else w.load("float", addresses)


def _decode_half(w: Writer, x: Val) -> Val:
    wide = w.zext(x, "i32")
    floats = like(x.type, "float")
    # Shifted into place the exponent is 112 too small; a multiplication corrects that for subnormals too.
    magnitude = w.fmul(w.bitcast(w.shl(w.and_(wide, 0x7FFF), 13), floats), 2.0**112)
    special = w.icmp("uge", w.and_(wide, 0x7FFF), 0x7C00)
    bits = w.bits(magnitude)
    bits = w.select(special, w.or_(bits, 0x7F800000), bits)
    return w.bitcast(w.or_(bits, w.shl(w.and_(wide, 0x8000), 16)), floats)


def encode(w: Writer, dtype: DType, x: Val) -> Val:
    """What to store for a register form; a narrow float is rounded."""
    if dtype.is_bool:
        return w.zext(x, "i8")
    if not (dtype.is_float and dtype.bits < 32):
        return x
    if dtype.name == "bf16":
        return w.trunc(w.lshr(_round_bf16(w, x), 16), "i16")
    if dtype.name == "f16" and w.target.has_f16c:
        return w.fptrunc(x, "half")
    return w.trunc(_encode_small(w, _format(dtype), x), f"i{8 * dtype.itemsize}")


def _round_bf16(w: Writer, x: Val) -> Val:
    """The bits of `x` with the upper 16 rounded; the lower ones are arbitrary."""
    bits = w.bits(x)
    odd = w.and_(w.lshr(bits, 16), 1)
    rounded = w.add(bits, w.add(odd, 0x7FFF))
    return w.select(w.fcmp("uno", x, 0.0), w.or_(bits, 0x400000), rounded)


def _encode_small(w: Writer, f: _Format, x: Val) -> Val:
    """The code of `x` in an i32."""
    bits = w.bits(x)
    negative = w.icmp("slt", bits, 0)
    a = w.and_(bits, 0x7FFFFFFF)
    drop = 23 - f.mantissa
    rounded = w.add(a, w.add(w.and_(w.lshr(a, drop), 1), (1 << (drop - 1)) - 1))
    code = w.sub(w.lshr(rounded, drop), (f.min_exponent + 126) << f.mantissa)
    if f.signed:
        # Adding a power of two whose last place is the smallest subnormal rounds to a multiple of it.
        magic = np.float32(2.0 ** (f.min_exponent - f.mantissa + 23))
        tiny = w.sub(w.bits(w.fadd(w.bitcast(a, x.type), float(magic))), int(magic.view(np.int32)))
        code = w.select(w.icmp("ult", a, (f.min_exponent + 127) << 23), tiny, code)

    def by_sign(codes: tuple[int, int]) -> Val:
        return w.select(negative, const(a.type, codes[1]), const(a.type, codes[0]))

    zero_or_less = w.icmp("eq", code, 0)
    signed = w.or_(code, w.select(negative, const(a.type, 1 << (f.bits - 1)), const(a.type, 0)))
    if not f.signed:
        signed = w.select(negative, const(a.type, f.nan[0]), code)
        zero_or_less = w.icmp("eq", a, 0)
    signed = w.select(zero_or_less, by_sign(f.zero), signed) if f.signed else w.select(zero_or_less, const(a.type, f.zero[0]), signed)
    signed = w.select(w.icmp("sgt", code, f.max_code), by_sign(f.overflow), signed)
    signed = w.select(w.icmp("eq", a, 0x7F800000), by_sign(f.infinity), signed)
    return w.select(w.icmp("ugt", a, 0x7F800000), by_sign(f.nan), signed)


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
        y = w.sitofp(wide, elem) if source.is_signed or source.is_bool else w.uitofp(wide, elem)
    elif elem_of(x.type) == elem:
        y = x
    elif elem == "double":
        y = w.fpext(x, "double")
    elif target.bits < 32:
        y = _round_to_odd(w, x)
    else:
        y = w.fptrunc(x, "float")
    return round_to(w, target, y)


def _round_to_odd(w: Writer, x: Val) -> Val:
    """A double as the float whose rounding to fewer bits is the rounding of the double: inexact results get an odd last bit."""
    near = w.fptrunc(x, "float")
    back = w.fpext(near, "double")
    bits = w.bits(near)
    away = w.fcmp("ogt", w.fabs(x), w.fabs(back))
    neighbour = w.add(bits, w.select(away, const(bits.type, 1), const(bits.type, -1)))
    even = w.icmp("eq", w.and_(bits, 1), 0)
    move = w.and_(even, w.fcmp("one", back, x))
    return w.bitcast(w.select(move, neighbour, bits), near.type)


def _float_to_int(w: Writer, x: Val, target: DType) -> Val:
    if target.bits >= 8:
        return w.fp_to_int_sat(x, memory_type(target), target.is_signed)
    y = w.fp_to_int_sat(x, "i8", target.is_signed)
    lo, hi = (-(1 << (target.bits - 1)), (1 << (target.bits - 1)) - 1) if target.is_signed else (0, (1 << target.bits) - 1)
    if target.is_unsigned:
        return w.int_minmax("umin", y, hi)
    return w.int_minmax("smax", w.int_minmax("smin", y, hi), lo)


def bitcast(w: Writer, x: Val, source: DType, target: DType) -> Val:
    """The same bits as another real type of the same width."""
    stored = encode(w, source, x)
    if source.bits < 8:
        stored = w.and_(stored, (1 << source.bits) - 1)
    y = w.bitcast(stored, like(stored.type, storage_type(w, target)))
    return decode(w, target, wrap(w, target, y))


def reduce_precision(w: Writer, x: Val, dtype: DType, exponent_bits: int, mantissa_bits: int) -> Val:
    """StableHLO `reduce_precision`: mantissa rounded to nearest even; too large becomes infinity, too small a zero of the same sign."""
    mantissa, exponent = _layout(dtype)
    stored = encode(w, dtype, x)
    bits = w.bits(stored) if is_float_type(stored.type) else stored
    original = bits
    if mantissa_bits < mantissa:
        last = 1 << (mantissa - mantissa_bits)
        odd = w.lshr(w.and_(bits, last), mantissa - mantissa_bits)
        bits = w.and_(w.add(bits, w.add(odd, (last >> 1) - 1)), -last)
    if exponent_bits < exponent:
        bias, reduced = (1 << (exponent - 1)) - 1, (1 << (exponent_bits - 1)) - 1
        field = w.and_(bits, ((1 << exponent) - 1) << mantissa)
        sign = w.and_(bits, 1 << (mantissa + exponent))
        infinite = w.or_(sign, ((1 << exponent) - 1) << mantissa)
        bits = w.select(w.icmp("ugt", field, (bias + reduced) << mantissa), infinite, bits)
        bits = w.select(w.icmp("ule", field, (bias - reduced) << mantissa), sign, bits)
    bits = w.select(w.fcmp("uno", x, 0.0), original, bits)
    return decode(w, dtype, w.bitcast(bits, stored.type))


def _layout(dtype: DType) -> tuple[int, int]:
    """(mantissa bits, exponent bits) of a float type."""
    known = {"f64": (52, 11), "f32": (23, 8), "bf16": (7, 8), "f16": (10, 5)}
    if dtype.name in known:
        return known[dtype.name]
    f = _format(dtype)
    return f.mantissa, f.bits - f.mantissa - (1 if f.signed else 0)


def rounded(dtype: DType, value: bool | int | float) -> float:
    """A Python number as the narrow float type holds it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.asarray(value).astype(dtype.numpy).astype(np.float32))
