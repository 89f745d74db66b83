"""Types that tensors and Python numbers have together: the array API standard's rules, extended to integers beside floats."""

import builtins
from typing import Any

import ml_dtypes
import numpy as np

DEFAULT_FLOAT, DEFAULT_INT, DEFAULT_COMPLEX = np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.complex64)
BOOL, WIDE, WIDE_COMPLEX = np.dtype(np.bool_), np.dtype(np.float64), np.dtype(np.complex128)
HALF, BRAIN = np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)


def promote(x: np.dtype, y: np.dtype) -> np.dtype:
    """The smallest type that holds both: the standard's table, extended to integers with floats as NumPy and JAX have it."""
    if x == y:
        return x
    if BRAIN in (x, y):
        other = y if x == BRAIN else x
        return DEFAULT_FLOAT if other == HALF else other if other.kind in "fc" else BRAIN
    if (x.kind in "fc") != (y.kind in "fc") and x.kind in "biufc" and y.kind in "biufc":
        return x if x.kind in "fc" else y
    return np.promote_types(x, y)


def weak_type(x: Any, beside: np.dtype) -> np.dtype:
    """The type a Python number takes beside a tensor."""
    match x:
        case builtins.bool():
            return beside
        case int():
            return DEFAULT_INT if beside == BOOL else beside
        case float():
            return beside if beside.kind in "fcV" else DEFAULT_FLOAT
        case _:
            return beside if beside.kind == "c" else WIDE_COMPLEX if beside == WIDE else DEFAULT_COMPLEX
