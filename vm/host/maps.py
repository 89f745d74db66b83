"""Maps from integers or strings to scalars, as in ONNX's ai.onnx.ml."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...proto.dtypes import BY_NAME, I64, STRING
from ...proto.errors import fail
from ...proto.value_types import ArrayType, MapType, SequenceType, ValueType
from .table import Attributes, host
from .values import string_array


def _keys(attributes: Attributes) -> Sequence[Any]:
    """The attribute `keys`: integers, or strings."""
    keys: Sequence[Any] = attributes["keys"]
    if not all(type(k) is int for k in keys) and not all(isinstance(k, str) for k in keys):
        raise TypeError("`keys` are integers or strings")
    return keys


def _rows_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    keys = _keys(attributes)
    if not isinstance(x, ArrayType) or len(x.shape) not in (1, 2):
        raise TypeError(f"rows come from a matrix or a vector, not {x}")
    if isinstance(x.shape[-1], int) and x.shape[-1] != len(keys):
        raise ValueError(f"rows of {x.shape[-1]} values do not fit {len(keys)} keys")
    key = STRING if keys and isinstance(keys[0], str) else I64
    return (SequenceType(MapType(key, ArrayType(x.dtype, ()))),)


@host("map_rows", 1, _rows_type)
def _rows(attributes: Attributes, x: np.ndarray) -> list[dict[Any, Any]]:
    """A map per row of a matrix, from `keys` to its values; a vector is one row (ONNX `ZipMap`)."""
    return [dict(zip(attributes["keys"], row, strict=True)) for row in np.atleast_2d(x)]


def _vector_type(attributes: Attributes, x: ValueType, length: int | None) -> tuple[ValueType, ...]:
    if not isinstance(x, MapType) or not isinstance(x.value, ArrayType) or x.value.shape:
        raise TypeError(f"the operand is a map to scalars, not {x}")
    if attributes["dtype"] != x.value.dtype.name:
        raise TypeError(f"`dtype` is {attributes['dtype']!r}, the values are {x.value.dtype}")
    return (ArrayType(x.value.dtype, (length,)),)


def _vector(attributes: Attributes, values: Sequence[Any]) -> np.ndarray:
    dtype = BY_NAME[attributes["dtype"]]
    return string_array(values) if dtype is STRING else np.array(values, dtype.numpy)


def _zero(attributes: Attributes) -> Any:
    return "" if attributes["dtype"] == STRING.name else 0


def _values_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return _vector_type(attributes, x, len(_keys(attributes)))


@host("map_values", 1, _values_type)
def _values(attributes: Attributes, x: Mapping[Any, Any]) -> np.ndarray:
    """The values at `keys`, in their order; 0 or "" where the map has none (ONNX `DictVectorizer`). `dtype` names their type."""
    return _vector(attributes, [x.get(key, _zero(attributes)) for key in attributes["keys"]])


def _sorted_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return _vector_type(attributes, x, None)


@host("map_sorted", 1, _sorted_type)
def _sorted(attributes: Attributes, x: Mapping[Any, Any]) -> np.ndarray:
    """All values, by ascending key (ONNX `CastMap`, DENSE). `dtype` names their type."""
    return _vector(attributes, [x[key] for key in sorted(x)])


def _spread_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    if not isinstance(x, MapType) or x.key is not I64:
        raise TypeError(f"keys that are positions are i64, not those of {x}")
    return _vector_type(attributes, x, int(attributes["length"]))


@host("map_spread", 1, _spread_type)
def _spread(attributes: Attributes, x: Mapping[int, Any]) -> np.ndarray:
    """A vector of `length` values with each value at the position its key says, else 0 or "" (ONNX `CastMap`, SPARSE)."""
    length, dtype = int(attributes["length"]), BY_NAME[attributes["dtype"]]
    found = np.full(length, _zero(attributes), dtype.numpy)
    for key, value in x.items():
        if not 0 <= key < length:
            raise fail("run.index", f"key {key} is no position in a vector of {length} values")
        found[key] = value
    return found
