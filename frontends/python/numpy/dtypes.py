"""Element types and the standard's rules of promotion."""

import builtins
from functools import reduce
from typing import Any

import ml_dtypes
import numpy as np

from ....compiler.ir.dims import Expr
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const, full_like
from ....proto.dtypes import DType, from_numpy
from ..faults import fail
from ..promotion import DEFAULT_COMPLEX, DEFAULT_FLOAT, DEFAULT_INT, promote, weak_type
from ..sizes import size_value

__all__ = [
    "bfloat16", "bool", "can_cast", "complex64", "complex128", "finfo", "float16", "float32", "float64", "iinfo", "int8", "int16", "int32",
    "int64", "isdtype", "result_type", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip

bool = np.dtype(np.bool_)
int8, int16, int32, int64 = (np.dtype(f"i{n}") for n in (1, 2, 4, 8))
uint8, uint16, uint32, uint64 = (np.dtype(f"u{n}") for n in (1, 2, 4, 8))
float16, float32, float64 = (np.dtype(f"f{n}") for n in (2, 4, 8))
bfloat16 = np.dtype(ml_dtypes.bfloat16)
complex64, complex128 = np.dtype("c8"), np.dtype("c16")


def dtype_of(dtype: Any) -> np.dtype:
    """The element type that a dtype, its name or a Python type stands for."""
    python = {builtins.bool: bool, int: DEFAULT_INT, Expr: DEFAULT_INT, float: DEFAULT_FLOAT, complex: DEFAULT_COMPLEX}
    return python[dtype] if dtype in python else np.dtype(dtype)


def weft_dtype(dtype: Any) -> DType:
    """The same as the graph's element type."""
    found = dtype_of(dtype)
    try:
        return from_numpy(found)
    except KeyError:
        raise fail("numpy.dtype", f"tensors cannot have elements of type {found}") from None


def together(*xs: Any) -> tuple[Value, ...]:
    """Values of one element type; numbers become constants of rank 0."""
    dtypes = [v.dtype.numpy for v in xs if isinstance(v, Value)]
    common = reduce(promote, dtypes) if dtypes else None
    for x in xs:
        if not isinstance(x, Value):
            common = dtype_of(type(x)) if common is None else weak_type(0 if isinstance(x, Expr) else x, common)
    assert common is not None
    wanted = weft_dtype(common)
    return tuple(cast(x, wanted) if isinstance(x, Value) else number(x, wanted) for x in xs)


def number(x: Any, dtype: DType) -> Value:
    """A Python number as a constant of rank 0, a size as a number of the graph; OverflowError if the type cannot hold it."""
    if isinstance(x, Expr):
        return size_value(x, dtype)
    return const(np.asarray(x, dtype.numpy) if dtype.is_int else x, dtype)


def like(x: Value, value: Any) -> Value:
    """A number filled into the shape and type of `x`."""
    return full_like(x, value)


def floating(x: Any) -> Value:
    """A value as floats: integers and booleans become the default float."""
    (v,) = together(x)
    return v if v.dtype.is_float or v.dtype.is_complex else cast(v, weft_dtype(DEFAULT_FLOAT))


# Facts about types


def _held(x: Any) -> np.dtype:
    """The dtype of an array, or the one that is given."""
    return np.dtype(x.dtype if hasattr(x, "__array__") and not isinstance(x, builtins.type) else x)


class finfo:
    """Limits of a float type (of the parts of a complex one): bits, eps, max, min, smallest_normal, dtype."""

    def __init__(self, type: Any, /) -> None:
        given = _held(type)
        real = {complex64: float32, complex128: float64}.get(given, given)
        facts = ml_dtypes.finfo(real)
        self.bits, self.dtype = int(facts.bits), real
        self.eps, self.max, self.min = float(facts.eps), float(facts.max), float(facts.min)
        self.smallest_normal = float(facts.smallest_normal)


class iinfo:
    """Limits of an integer type: bits, max, min, dtype."""

    def __init__(self, type: Any, /) -> None:
        facts = np.iinfo(_held(type))
        self.bits, self.max, self.min, self.dtype = int(facts.bits), int(facts.max), int(facts.min), facts.dtype


_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "fV",
    "complex floating": "c",
    "numeric": "iufcV",
}


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: a dtype, one of the standard's names, or a tuple of such."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"there is no kind {kind!r}; the kinds are {', '.join(_KINDS)}")
        return np.dtype(dtype).kind in _KINDS[kind]
    return np.dtype(dtype) == np.dtype(kind)


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The type that tensors, dtypes and Python numbers are promoted to."""
    dtypes = [_held(x) for x in arrays_and_dtypes if not _is_number(x)]
    numbers = [x for x in arrays_and_dtypes if _is_number(x)]
    if not dtypes:
        raise ValueError("result_type needs a tensor or a dtype")
    common = reduce(promote, dtypes)
    for x in numbers:
        common = weak_type(x, common)
    return common


def _is_number(x: Any) -> builtins.bool:
    return type(x) in (builtins.bool, int, float, complex)


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether promotion takes the type of a tensor (or a dtype) to another."""
    source, target = _held(from_), np.dtype(to)
    try:
        return promote(source, target) == target
    except TypeError:
        return False
