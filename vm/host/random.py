"""Host functions that draw on the machine's entropy."""

import secrets

import numpy as np

from ...proto.dtypes import U64
from ...proto.value_types import ArrayType, ValueType
from .table import Attributes, host


def _state(_: Attributes) -> tuple[ValueType, ...]:
    return (ArrayType(U64, (2,)),)


@host("entropy", 0, _state)
def _entropy(_: Attributes) -> np.ndarray:
    """A new state for a generator of random bits: a key and a counter, different in each call."""
    return np.array([secrets.randbits(64), secrets.randbits(64)], np.uint64)
