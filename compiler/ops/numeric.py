"""Arithmetic on numpy arrays of every element type: the ground the ops' references stand on.

numpy computes in the widths of C. Narrower types are computed in a wider *carrier* and brought back once: sub-byte integers wrap to their
width, narrow floats are rounded to nearest even from f32 (exact operations) or f64 (everything whose result is not exact anyway).
"""

from collections.abc import Callable

import numpy as np

from ...proto.dtypes import DType, Kind, from_numpy

Array = np.ndarray
Numeric = Callable[..., Array]


def dtype_of(x: Array) -> DType:
    """The element type of an array."""
    return from_numpy(x.dtype)


def carrier(dtype: DType, precise: bool = False) -> np.dtype:
    """The numpy type to compute in; `precise` asks for twice the result's precision where numpy has it."""
    match dtype.kind:
        case Kind.INT | Kind.UINT if dtype.bits < 8:
            return np.dtype(np.int8 if dtype.is_signed else np.uint8)
        case Kind.FLOAT if dtype.bits < 64:
            return np.dtype(np.float64 if precise else np.float32)
        case Kind.COMPLEX if precise:
            return np.dtype(np.complex128)
        case _:
            return dtype.numpy


def compute(f: Numeric, *xs: Array, precise: bool = False) -> Array:
    """`f` of arrays of one dtype, evaluated in its carrier; the result has that dtype again."""
    dtype = dtype_of(xs[0])
    wide = carrier(dtype, precise)
    with np.errstate(all="ignore"):
        return narrow(np.asarray(f(*[np.asarray(x).astype(wide, copy=False) for x in xs])), dtype)


def narrow(x: Array, dtype: DType) -> Array:
    """Bring a result in a carrier back to `dtype`: integers wrap, floats are rounded once."""
    if x.dtype == dtype.numpy:
        return x
    with np.errstate(all="ignore"):
        if dtype.is_float and x.dtype == np.float64 and dtype.bits < 32:
            return round_once(x, dtype)
        return x.astype(dtype.numpy)


def round_once(x: Array, dtype: DType) -> Array:
    """f64 to a narrow float, to nearest even.

    ml_dtypes goes by way of f32, which rounds twice; rounding to odd on the way to f32 keeps what the second rounding needs to know.
    """
    if dtype.numpy == np.float16:
        return x.astype(np.float16)
    near = np.atleast_1d(x.astype(np.float32))
    wide = np.atleast_1d(x)
    outside = np.abs(near) > np.abs(wide)
    towards_zero = np.where(outside, np.nextafter(near, np.float32(0)), near)
    inexact = (towards_zero.astype(np.float64) != wide) & ~np.isnan(wide)
    bits = towards_zero.view(np.uint32) | inexact.astype(np.uint32)
    return bits.view(np.float32).astype(dtype.numpy).reshape(x.shape)


def before(x: Array, y: Array) -> Array:
    """x < y; complex numbers in lexicographic order of their parts."""
    if x.dtype.kind != "c":
        return np.less(x, y)
    re, im = (np.real(x), np.real(y)), (np.imag(x), np.imag(y))
    return np.less(*re) | (np.equal(*re) & np.less(*im))


def limits(dtype: DType) -> tuple[int, int]:
    """The least and greatest integer of an integer type."""
    if dtype.is_signed:
        return -(1 << dtype.bits - 1), (1 << dtype.bits - 1) - 1
    return 0, (1 << dtype.bits) - 1


def convert(x: Array, dtype: DType) -> Array:
    """StableHLO `convert` of an array.

    Integers wrap. Floats become integers towards zero, saturating, NaN as 0 (StableHLO leaves this open; it is what XLA does). Anything not
    zero becomes true. Integers and floats are rounded to nearest even, once.
    """
    source = dtype_of(x)
    if source == dtype:
        return x
    with np.errstate(all="ignore"):
        if dtype.is_bool:
            return np.asarray((x if source.is_complex else x.astype(carrier(source))) != 0)
        if source.is_complex and not dtype.is_complex:
            return convert(np.real(x), dtype)
        if dtype.is_complex:
            part = np.float32 if dtype.bits == 64 else np.float64
            return x.astype(dtype.numpy) if source.is_complex else convert(x, from_numpy(np.dtype(part))).astype(dtype.numpy)
        if source.is_float:
            wide = x.astype(np.float64)
            return narrow(wide, dtype) if dtype.is_float else _saturate(wide, dtype)
        wide = x.astype(carrier(source))
        return _from_int(wide, dtype) if dtype.is_float else wide.astype(dtype.numpy)


def _saturate(x: Array, dtype: DType) -> Array:
    lo, hi = limits(dtype)
    whole = np.trunc(x)
    inside = (whole >= lo) & (whole < float(hi + 1))
    number = np.where(inside, whole, 0).astype(np.uint64 if dtype.is_unsigned else np.int64)
    number = np.where(whole >= float(hi + 1), number.dtype.type(hi), number)
    return np.asarray(np.where(whole < lo, number.dtype.type(lo), number)).astype(dtype.numpy)


def _from_int(x: Array, dtype: DType) -> Array:
    if dtype.bits < 32 and x.dtype.itemsize == 8:
        # What f64 cannot hold is kept as a sticky bit, for the one rounding that follows.
        low = np.asarray(2047, x.dtype)
        large = (x >= 1 << 53) if x.dtype.kind == "u" else (np.abs(x) >= 1 << 53) | (x == np.iinfo(np.int64).min)
        sticky = (x & ~low) | np.where((x & low) != 0, low + low.dtype.type(1), low.dtype.type(0))
        x = np.where(large, sticky, x)
    return narrow(np.asarray(x.astype(np.float64)), dtype) if dtype.bits < 32 else x.astype(dtype.numpy)


def unsigned(x: Array) -> Array:
    """The bits of integers as unsigned numbers of at least their width."""
    dtype = dtype_of(x)
    wide = x.astype(carrier(dtype))
    if dtype.bits < 8:
        return np.asarray(wide.view(np.uint8) & np.uint8((1 << dtype.bits) - 1))
    return wide.view(f"u{dtype.itemsize}")


def bits_of(x: Array) -> Array:
    """The bits of elements of any but string type, lowest first, along a new last dim of their logical width."""
    dtype = dtype_of(x)
    data = np.ascontiguousarray(x).reshape(*x.shape, 1).view(np.uint8)
    return np.unpackbits(data, axis=-1, bitorder="little", count=dtype.bits)


def from_bits(bits: Array, dtype: DType) -> Array:
    """The inverse of `bits_of`: the last dim, of `dtype.bits` bits, becomes an element; sub-byte types sit in their byte's low bits."""
    data = np.packbits(bits, axis=-1, bitorder="little")
    return np.ascontiguousarray(data).view(dtype.numpy)[..., 0]
