"""Host functions that hold a program to what it says: assertions about sizes, the expectations of StableHLO's tests."""

from typing import Any

import numpy as np

from ...proto.dtypes import from_numpy
from ...proto.errors import fail
from ...proto.value_types import ArrayType, ValueType
from .table import Attributes, host


def _nothing(_: Attributes, *operands: ValueType) -> tuple[ValueType, ...]:
    return ()


def _pair(_: Attributes, x: ValueType, y: ValueType) -> tuple[ValueType, ...]:
    if not isinstance(x, ArrayType) or not isinstance(y, ArrayType) or x.dtype != y.dtype or len(x.shape) != len(y.shape):
        raise TypeError(f"tensors of one type are compared, not {x} and {y}")
    return ()


@host("shape_assertion", None, _nothing)
def _shape_assertion(attributes: Attributes, condition: np.ndarray, *values: np.ndarray) -> tuple[()]:
    """An error (`run.assertion`) unless the first operand is true; `{0}`, `{1}`, … in `message` stand for the others."""
    if not bool(condition):
        message = str(attributes.get("message", ""))
        for k, value in enumerate(values):
            message = message.replace(f"{{{k}}}", str(value.item() if value.ndim == 0 else value.tolist()))
        raise fail("run.assertion", message or "an assertion of the program does not hold")
    return ()


def _wide(x: np.ndarray) -> np.ndarray:
    dtype = from_numpy(x.dtype)
    return x.astype(np.complex128 if dtype.is_complex else np.float64 if dtype.is_float else x.dtype)


def _report(what: str, bad: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[()]:
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        fact = f"{what}: {int(bad.sum())} of {bad.size} elements differ, at {list(at)} {x[at]} is not {y[at]}"
        raise fail("run.expectation", fact)
    return ()


def _compared(x: np.ndarray, y: np.ndarray) -> None:
    if x.shape != y.shape:
        raise fail("run.expectation", f"tensors of the shapes {list(x.shape)} and {list(y.shape)} are compared")


@host("check.expect_eq", 2, _pair)
def _expect_eq(_: Attributes, x: np.ndarray, y: np.ndarray) -> tuple[()]:
    """An error (`run.expectation`) unless the operands are equal; a NaN is equal to a NaN."""
    _compared(x, y)
    a, b = _wide(x), _wide(y)
    return _report("expect_eq", np.asarray((a != b) & ~((a != a) & (b != b))), x, y)


@host("check.expect_almost_eq", 2, _pair)
def _expect_almost_eq(attributes: Attributes, x: np.ndarray, y: np.ndarray) -> tuple[()]:
    """An error (`run.expectation`) unless the operands differ by `tolerance` (1e-4) at most; integers are equal."""
    _compared(x, y)
    a, b = _wide(x), _wide(y)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= float(attributes.get("tolerance", 1e-4)) if a.dtype.kind in "fc" else a == b
    return _report("expect_almost_eq", np.asarray(~near & (a != b) & ~((a != a) & (b != b))), x, y)


@host("check.expect_close", 2, _pair)
def _expect_close(attributes: Attributes, x: np.ndarray, y: np.ndarray) -> tuple[()]:
    """An error (`run.expectation`) unless floats lie `min_ulp_difference` (0) to `max_ulp_difference` (3) units of the last place apart."""
    _compared(x, y)
    least, most = int(attributes.get("min_ulp_difference", 0)), int(attributes.get("max_ulp_difference", 3))
    steps = _steps(x, y)
    unlike = (x != x) != (y != y)
    return _report("expect_close", np.asarray(unlike | ((steps > most) | (steps < least)) & ~((x != x) & (y != y))), x, y)


def _steps(x: np.ndarray, y: np.ndarray) -> Any:
    """How many floats lie between two."""

    def place(a: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(a).view(f"i{a.dtype.itemsize}").reshape(a.shape).astype(object)
        low = (1 << 8 * a.dtype.itemsize - 1) - 1
        return np.where(bits < 0, -(bits & low), bits)

    return np.abs(place(x) - place(y))
