"""Optionals: a value, or None."""

from typing import Any

import numpy as np

from ...proto.dtypes import BOOL
from ...proto.errors import fail
from ...proto.value_types import ANY, ArrayType, OptionalType, ValueType
from .table import Attributes, host


def _none_type(_: Attributes) -> tuple[ValueType, ...]:
    return (OptionalType(ANY),)


@host("optional_none", 0, _none_type)
def _none(_: Attributes) -> None:
    """An optional without a value."""


def _some_type(_: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return (x if isinstance(x, OptionalType) else OptionalType(x),)


@host("optional_some", 1, _some_type)
def _some(_: Attributes, x: Any) -> Any:
    """An optional that holds the operand."""
    return x


def _has_type(_: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return (ArrayType(BOOL, ()),)


@host("optional_has", 1, _has_type)
def _has(_: Attributes, x: Any) -> np.ndarray:
    """Whether there is a value."""
    return np.array(x is not None)


def _get_type(_: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return (x.element if isinstance(x, OptionalType) else x,)


@host("optional_get", 1, _get_type)
def _get(_: Attributes, x: Any) -> Any:
    """The value of an optional; a value that is none is itself."""
    if x is None:
        raise fail("run.value", "the optional holds no value")
    return x
