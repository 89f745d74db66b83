"""The one table of element types: MLIR spelling, size, protobuf number, numpy type."""

from dataclasses import dataclass
from enum import Enum

import ml_dtypes
import numpy as np


class Kind(Enum):
    """What sort of number an element is."""

    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    FLOAT = "float"
    COMPLEX = "complex"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class DType:
    """An element type.

    `name` is MLIR's spelling (`i1`, `ui8`, `f32`, `complex<f32>`), `number` its number in protobuf files (never reused),
    `bits` its logical width, `numpy` its type in memory: bool and sub-byte types take one byte per element.
    """

    name: str
    number: int
    kind: Kind
    bits: int
    numpy: np.dtype

    def __str__(self) -> str:
        return self.name

    @property
    def itemsize(self) -> int:
        """Bytes of one element in memory."""
        return self.numpy.itemsize

    @property
    def is_bool(self) -> bool:
        return self.kind is Kind.BOOL

    @property
    def is_signed(self) -> bool:
        return self.kind is Kind.INT

    @property
    def is_unsigned(self) -> bool:
        return self.kind is Kind.UINT

    @property
    def is_int(self) -> bool:
        """Signed or unsigned integer; bool is not one."""
        return self.kind in (Kind.INT, Kind.UINT)

    @property
    def is_float(self) -> bool:
        return self.kind is Kind.FLOAT

    @property
    def is_complex(self) -> bool:
        return self.kind is Kind.COMPLEX


def _table() -> tuple[DType, ...]:
    rows: list[tuple[int, str, Kind, int, object]] = [
        (1, "i1", Kind.BOOL, 1, np.bool_),
        (2, "i2", Kind.INT, 2, ml_dtypes.int2),
        (3, "i4", Kind.INT, 4, ml_dtypes.int4),
        (4, "i8", Kind.INT, 8, np.int8),
        (5, "i16", Kind.INT, 16, np.int16),
        (6, "i32", Kind.INT, 32, np.int32),
        (7, "i64", Kind.INT, 64, np.int64),
        (8, "ui2", Kind.UINT, 2, ml_dtypes.uint2),
        (9, "ui4", Kind.UINT, 4, ml_dtypes.uint4),
        (10, "ui8", Kind.UINT, 8, np.uint8),
        (11, "ui16", Kind.UINT, 16, np.uint16),
        (12, "ui32", Kind.UINT, 32, np.uint32),
        (13, "ui64", Kind.UINT, 64, np.uint64),
        (14, "f16", Kind.FLOAT, 16, np.float16),
        (15, "bf16", Kind.FLOAT, 16, ml_dtypes.bfloat16),
        (16, "f32", Kind.FLOAT, 32, np.float32),
        (17, "f64", Kind.FLOAT, 64, np.float64),
        (18, "complex<f32>", Kind.COMPLEX, 64, np.complex64),
        (19, "complex<f64>", Kind.COMPLEX, 128, np.complex128),
        (20, "f8E4M3", Kind.FLOAT, 8, ml_dtypes.float8_e4m3),
        (21, "f8E4M3FN", Kind.FLOAT, 8, ml_dtypes.float8_e4m3fn),
        (22, "f8E4M3FNUZ", Kind.FLOAT, 8, ml_dtypes.float8_e4m3fnuz),
        (23, "f8E4M3B11FNUZ", Kind.FLOAT, 8, ml_dtypes.float8_e4m3b11fnuz),
        (24, "f8E5M2", Kind.FLOAT, 8, ml_dtypes.float8_e5m2),
        (25, "f8E5M2FNUZ", Kind.FLOAT, 8, ml_dtypes.float8_e5m2fnuz),
        (26, "f8E3M4", Kind.FLOAT, 8, ml_dtypes.float8_e3m4),
        (27, "f8E8M0FNU", Kind.FLOAT, 8, ml_dtypes.float8_e8m0fnu),
        (28, "f4E2M1FN", Kind.FLOAT, 4, ml_dtypes.float4_e2m1fn),
        (29, "f6E2M3FN", Kind.FLOAT, 6, ml_dtypes.float6_e2m3fn),
        (30, "f6E3M2FN", Kind.FLOAT, 6, ml_dtypes.float6_e3m2fn),
        (31, "!weft.string", Kind.STRING, 0, np.object_),
    ]
    return tuple(DType(name, number, kind, bits, np.dtype(numpy)) for number, name, kind, bits, numpy in rows)  # type: ignore[arg-type]


ALL = _table()
BY_NAME = {d.name: d for d in ALL}
BY_NUMBER = {d.number: d for d in ALL}
_BY_NUMPY = {d.numpy: d for d in ALL}

BOOL, I8, I16, I32, I64 = (BY_NAME[n] for n in ("i1", "i8", "i16", "i32", "i64"))
U8, U16, U32, U64 = (BY_NAME[n] for n in ("ui8", "ui16", "ui32", "ui64"))
F16, BF16, F32, F64 = (BY_NAME[n] for n in ("f16", "bf16", "f32", "f64"))
C64, C128 = (BY_NAME[n] for n in ("complex<f32>", "complex<f64>"))
STRING = BY_NAME["!weft.string"]


def from_numpy(dtype: np.dtype) -> DType:
    """The element type of a numpy dtype (byte order ignored); KeyError if weft has none."""
    if dtype.kind in "US":
        return STRING
    return _BY_NUMPY[dtype.newbyteorder("=")]
