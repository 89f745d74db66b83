"""Tensors out of nothing, or out of arrays and nested lists."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .dtypes import DEFAULT_COMPLEX, DEFAULT_FLOAT, dtype_of

__all__ = ["arange", "asarray", "eye", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"]


def asarray(obj: Any, /, *, dtype: Any = None, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor of what numpy makes an array of. Lists of Python floats become float32, of complex numbers complex64."""
    if isinstance(obj, Tensor):
        if dtype is None or dtype_of(dtype) == obj.dtype:
            return Tensor(obj.array.copy()) if copy and obj.array is not None else obj
        return obj.astype(dtype)
    given = isinstance(obj, (np.ndarray, np.generic)) or hasattr(obj, "__dlpack__") or hasattr(obj, "__array__")
    array = np.asarray(obj)
    if dtype is None and not given:
        dtype = {"f": DEFAULT_FLOAT, "c": DEFAULT_COMPLEX}.get(array.dtype.kind)
    # A tensor never changes, so neither may the memory it reads.
    return Tensor(np.array(array, dtype if dtype is None else dtype_of(dtype), copy=True if copy is not False else None))


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """A tensor filled with a number; takes no memory for repeating it."""
    kind = dtype_of(type(fill_value)) if dtype is None else dtype_of(dtype)
    return Tensor(np.broadcast_to(np.asarray(fill_value, kind), (shape,) if isinstance(shape, int) else tuple(shape)))


def zeros(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros."""
    return full(shape, 0, dtype=dtype or DEFAULT_FLOAT)


def ones(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Ones."""
    return full(shape, 1, dtype=dtype or DEFAULT_FLOAT)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """A number in the shape of `x`."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype)


def zeros_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros in the shape of `x`."""
    return full_like(x, 0, dtype=dtype)


def ones_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Ones in the shape of `x`."""
    return full_like(x, 1, dtype=dtype)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: object = None) -> Tensor:
    """start, start + step, … up to stop, which is not among them."""
    array = np.arange(0, start, step) if stop is None else np.arange(start, stop, step)
    kind = dtype or (DEFAULT_FLOAT if array.dtype.kind == "f" else array.dtype)
    return Tensor(array.astype(dtype_of(kind)))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: object = None) -> Tensor:
    """Ones on diagonal k, zeros elsewhere."""
    return Tensor(np.eye(n_rows, n_cols, k, dtype_of(dtype or DEFAULT_FLOAT)))
