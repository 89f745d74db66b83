"""Types of values as host functions speak of them, in terms that both halves understand.

The compiler's dims are its symbolic expressions, the VM's those of a program; here a dim is anything, and None one that nothing is
known of. Values in Python: an array, a list, None or the value, a dict. Strings are arrays of `object` that hold `str`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from .dtypes import DType

Shape = tuple[Any, ...]


class ArrayType(NamedTuple):
    """An array of known rank."""

    dtype: DType
    shape: Shape


@dataclass(frozen=True, slots=True)
class UnrankedType:
    """An array of any rank."""

    dtype: DType


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A list of values of one type."""

    element: "ValueType"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """A value or None."""

    element: "ValueType"


@dataclass(frozen=True, slots=True)
class MapType:
    """A dict from integers or strings (`int`, `str`) to values; scalars in it are numpy's, strings `str`."""

    key: DType
    value: "ValueType"


@dataclass(frozen=True, slots=True)
class AnyType:
    """Whatever the place around it makes of it: the elements of an empty sequence."""


ANY = AnyType()
ValueType = ArrayType | UnrankedType | SequenceType | OptionalType | MapType | AnyType


def compatible(a: ValueType, b: ValueType) -> bool:
    """Whether there may be a value of both types: what is fixed in both of them agrees."""
    match a, b:
        case (AnyType(), _) | (_, AnyType()):
            return True
        case ArrayType(), ArrayType():
            return a.dtype == b.dtype and len(a.shape) == len(b.shape) and all(map(_may_be_equal, a.shape, b.shape))
        case ArrayType() | UnrankedType(), ArrayType() | UnrankedType():
            return a.dtype == b.dtype
        case (SequenceType(x), SequenceType(y)) | (OptionalType(x), OptionalType(y)):
            return compatible(x, y)
        case MapType(), MapType():
            return a.key == b.key and compatible(a.value, b.value)
        case _:
            return False


def _may_be_equal(a: object, b: object) -> bool:
    return a == b or not (isinstance(a, int) and isinstance(b, int))
