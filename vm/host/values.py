"""Host functions on any value: sizes that become dims, constants that have no bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...proto.dtypes import BOOL, I64, STRING
from ...proto.errors import fail
from ...proto.value_types import ArrayType, ValueType
from .table import Attributes, host

LARGEST = 1 << 62  # sizes are below it, as everywhere in a program


def _witnesses(_: Attributes, sizes: ValueType) -> tuple[ValueType, ...]:
    if not isinstance(sizes, ArrayType) or sizes.dtype is not I64 or len(sizes.shape) != 1:
        raise TypeError(f"sizes are a vector of i64, not {sizes}")
    if not isinstance(sizes.shape[0], int):
        raise TypeError("the number of sizes must be known")
    return tuple(ArrayType(BOOL, (None, 0)) for _ in range(sizes.shape[0]))


@host("bind_dims", 1, _witnesses)
def _bind_dims(attributes: Attributes, sizes: np.ndarray) -> tuple[np.ndarray, ...]:
    """`weft.bind_dims`: a witness for each of the sizes, an array of shape [size, 0] without bytes.

    A size that is negative is an error (`run.shape`); `symbols`, a list of names, says which one.
    """
    names: Sequence[str] = attributes.get("symbols") or [f"size {n}" for n in range(len(sizes))]
    for name, size in zip(names, sizes.tolist(), strict=True):
        if not 0 <= size < LARGEST:
            raise fail("run.shape", f"{name} is {size}, which is no size", help="it was computed from data: look at the model's inputs")
    return tuple(np.empty((size, 0), np.bool_) for size in sizes.tolist())


def _itself(_: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return (x,)


@host("identity", 1, _itself)
def _identity(_: Attributes, x: object) -> object:
    """The operand itself."""
    return x


def _of_any_shape(_: Attributes, *values: ValueType) -> tuple[ValueType, ...]:
    if not all(isinstance(v, ArrayType) for v in values):
        raise TypeError("the operands are arrays")
    return tuple(ArrayType(v.dtype, (None,) * len(v.shape)) for v in values if isinstance(v, ArrayType))


@host("check_shape", None, _of_any_shape)
def _check_shape(_: Attributes, *values: np.ndarray) -> tuple[np.ndarray, ...]:
    """`weft.check_shape`: the operands themselves. That they have the shapes that the results must have is checked by whoever calls."""
    return values


def _strings(attributes: Attributes) -> tuple[ValueType, ...]:
    shape, values = tuple(attributes["shape"]), attributes["values"]
    if not all(isinstance(d, int) and d >= 0 for d in shape) or not all(isinstance(v, str) for v in values):
        raise TypeError("`shape` holds sizes and `values` strings")
    if int(np.prod(shape, dtype=object)) != len(values):
        raise ValueError(f"{len(values)} strings do not fill an array of shape {list(shape)}")
    return (ArrayType(STRING, shape),)


@host("string_constant", 0, _strings)
def _string_constant(attributes: Attributes) -> np.ndarray:
    """The array of the strings `values` with shape `shape`."""
    return string_array(attributes["values"]).reshape(attributes["shape"])


def string_array(values: Sequence[Any]) -> np.ndarray:
    """A vector of `values`, which may be sequences themselves, as objects."""
    found = np.empty(len(values), np.object_)
    found[:] = values
    return found
