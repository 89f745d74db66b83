"""Tensors out of nothing, or out of arrays and nested lists."""

from typing import Any

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, const
from ....compiler.ops.helpers import full_like as filled_like
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from ..tensor import Tensor
from .dtypes import DEFAULT_COMPLEX, DEFAULT_FLOAT, dtype_of, together
from .nodes import node

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "meshgrid", "ones", "ones_like",
    "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


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


def empty(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros: nothing here is ever undefined."""
    return zeros(shape, dtype=dtype)


def empty_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros in the shape of `x`."""
    return zeros_like(x, dtype=dtype)


def from_dlpack(x: Any, /, *, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor of another library's array."""
    return Tensor(np.array(np.from_dlpack(x)))


def linspace(start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: object = None, endpoint: bool = True) -> Tensor:
    """`num` numbers at equal distances from start to stop."""
    array = np.linspace(start, stop, num, endpoint=endpoint)
    default = DEFAULT_COMPLEX if array.dtype.kind == "c" else DEFAULT_FLOAT
    return Tensor(array.astype(dtype_of(dtype or default)))


@lifted
def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Value]:
    """The coordinates of a grid from those of its axes."""
    check(indexing in ("xy", "ij"), "numpy.meshgrid", f'indexing is "xy" or "ij", got {indexing!r}')
    values = [together(a)[0] for a in arrays]
    order = list(range(len(values)))
    if indexing == "xy" and len(values) > 1:
        order[:2] = [1, 0]
    shape = tuple(values[i].shape[0] if values[i].shape else 1 for i in order)
    flat = [node("reshape", v, result=v.tensor.with_shape((1,))) if not v.shape else v for v in values]
    return tuple(broadcast(v, shape, (order.index(i),)) for i, v in enumerate(flat))  # type: ignore[return-value]


def _triangle(x: Value, k: int, lower: bool) -> Value:
    rank = len(x.shape)
    check(rank >= 2, "numpy.triangle", f"a matrix is needed, got {x.type}")
    grid = x.tensor.with_dtype(I64)
    row, column = node("iota", iota_dimension=rank - 2, result=grid), node("iota", iota_dimension=rank - 1, result=grid)
    edge = node("add", row, broadcast(const(k, I64), x.shape, ()))
    kept = node("compare", column, edge, comparison_direction="LE" if lower else "GE")
    return node("select", kept, x, filled_like(x, 0))


@lifted
def tril(x: Any, /, *, k: int = 0) -> Value:
    """The elements on and below diagonal k, zeros above."""
    return _triangle(together(x)[0], k, True)


@lifted
def triu(x: Any, /, *, k: int = 0) -> Value:
    """The elements on and above diagonal k, zeros below."""
    return _triangle(together(x)[0], k, False)
