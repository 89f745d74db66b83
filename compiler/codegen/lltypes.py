"""LLVM types and constants as text: what `Writer` and its users need to know of them.

A type is its spelling: `float`, `i64`, `ptr`, `<16 x float>`.
"""

import ctypes
import struct
from functools import cache
from typing import NamedTuple

import ml_dtypes
import numpy as np

from ...proto.dtypes import DType, Kind
from ...proto.errors import InternalError

Number = int | float | bool


class Val(NamedTuple):
    """A typed operand: an SSA name or a constant (`ref`) and its type. `str(v)` is the typed operand, `float %v3`."""

    ref: str
    type: str

    def __str__(self) -> str:
        return f"{self.type} {self.ref}"


@cache
def lanes_of(type_: str) -> int:
    """Number of lanes; 1 for a scalar."""
    return int(type_[1 : type_.index(" ")]) if type_[0] == "<" else 1


@cache
def elem_of(type_: str) -> str:
    """The element type of a vector, or the scalar itself."""
    return type_[type_.index("x ") + 2 : -1] if type_[0] == "<" else type_


@cache
def vec(elem: str, lanes: int) -> str:
    """`<lanes x elem>`, or `elem` itself for one lane."""
    return elem if lanes == 1 else f"<{lanes} x {elem}>"


@cache
def like(type_: str, elem: str) -> str:
    """A type of `elem` with as many lanes as `type_`."""
    return vec(elem, lanes_of(type_))


_BITS = {"half": 16, "bfloat": 16, "float": 32, "double": 64, "ptr": 64}
_FLOATS = frozenset(("half", "bfloat", "float", "double"))
_MANGLED = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "ptr": "p0"}


@cache
def bits_of(type_: str) -> int:
    """Bits of one element."""
    elem = elem_of(type_)
    return _BITS[elem] if elem in _BITS else int(elem[1:])


@cache
def align_of(type_: str) -> int:
    """Bytes of one element, which is all the alignment a load or store may assume."""
    return max(1, bits_of(type_) // 8)


@cache
def is_float_type(type_: str) -> bool:
    return elem_of(type_) in _FLOATS


@cache
def mangled(type_: str) -> str:
    """The suffix of an intrinsic's name: `v16f32`, `i64`, `p0`."""
    elem, lanes = elem_of(type_), lanes_of(type_)
    name = _MANGLED.get(elem, elem)
    return name if lanes == 1 else f"v{lanes}{name}"


@cache
def int_type(type_: str) -> str:
    """The integer type of the same shape and width: `<8 x i32>` for `<8 x float>`."""
    return like(type_, f"i{bits_of(type_)}")


@cache
def mask_type(type_: str) -> str:
    """What comparing two values of `type_` gives."""
    return like(type_, "i1")


def scalar_ref(elem: str, value: Number) -> str:
    """The constant `value`, rounded to `elem`, in LLVM's exact spelling."""
    match elem:
        case "float":
            return f"0x{_double_bits(ctypes.c_float(value).value):016X}"
        case "double":
            return f"0x{_double_bits(float(value)):016X}"
        case "half":
            with np.errstate(over="ignore"):
                return f"0xH{np.float16(value).view(np.uint16):04X}"
        case "bfloat":
            return f"0xR{np.asarray(value, ml_dtypes.bfloat16).view(np.uint16):04X}"
        case "i1":
            return "true" if value else "false"
        case "ptr":
            if value:
                raise InternalError(f"a pointer constant must be null, not {value}")
            return "null"
        case _:
            bits = int(elem[1:])
            wrapped = int(value) & ((1 << bits) - 1)
            return str(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped)


def _double_bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def const(type_: str, value: Number) -> Val:
    """The constant `value` of `type_`, in every lane if that is a vector. Integers wrap; floats round to nearest even."""
    if type_[0] != "<":
        return Val(scalar_ref(type_, value), type_)
    elem = elem_of(type_)
    return Val(f"splat ({elem} {scalar_ref(elem, value)})", type_)


def const_vector(elem: str, values: "list[Number] | tuple[Number, ...] | range") -> Val:
    """The constant vector of `values`; a scalar constant when there is one value."""
    if len(values) == 1:
        return const(elem, values[0])
    return Val("<" + ", ".join(f"{elem} {scalar_ref(elem, v)}" for v in values) + ">", vec(elem, len(values)))


def zero(type_: str) -> Val:
    """All bits zero."""
    return Val("zeroinitializer", type_) if type_[0] == "<" else const(type_, 0)


def memory_type(dtype: DType) -> str:
    """The type of one element of `dtype` in memory.

    bool and sub-byte types take an `i8`, the 8-bit and smaller floats as well; of a complex type, the type of each of its two halves.
    """
    match dtype.kind:
        case Kind.FLOAT:
            return {"f16": "half", "bf16": "bfloat", "f32": "float", "f64": "double"}.get(dtype.name, "i8")
        case Kind.COMPLEX:
            return "float" if dtype.bits == 64 else "double"
        case Kind.STRING:
            raise InternalError("strings have no native element type")
        case _:
            return f"i{max(8, dtype.bits)}"


def register_type(dtype: DType) -> str:
    """The type values of `dtype` have in registers: as in memory, but `i1` for bool."""
    return "i1" if dtype.is_bool else memory_type(dtype)


def compute_type(dtype: DType) -> str:
    """The type arithmetic on `dtype` is done in: `float` for all floats narrower than f32, else the register type."""
    if dtype.is_float and dtype.bits < 32:
        return "float"
    return register_type(dtype)
