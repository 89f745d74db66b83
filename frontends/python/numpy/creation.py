"""Tensors out of nothing, or out of arrays and nested lists."""

import math
import operator
from typing import Any

import numpy as np

from ....compiler.ir.dims import Expr, ceildiv, maximum
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, cast, const
from ....compiler.ops.helpers import full_like as filled_like
from ....compiler.ops.nodes import node
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from ..sizes import has_sizes, positions, size_value
from ..tensor import Tensor
from .dtypes import DEFAULT_COMPLEX, DEFAULT_FLOAT, DEFAULT_INT, dtype_of, together, weft_dtype

__all__ = [
    "arange", "array", "asarray", "copy", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "meshgrid", "ones",
    "ones_like", "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


SMALL = 1024


def _on(device: object) -> None:
    check(device in (None, "cpu:0"), "numpy.device", f"there is no device {device!r}", help="the devices are 'cpu:0'")


def _has_arrays(obj: Any) -> bool:
    """Whether nested lists hold arrays, whose types count."""
    if isinstance(obj, (list, tuple)):
        return any(map(_has_arrays, obj))
    return isinstance(obj, (Tensor, np.ndarray, np.generic)) or hasattr(obj, "__dlpack__") or hasattr(obj, "__array__")


def asarray(obj: Any, /, *, dtype: Any = None, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor of what numpy makes an array of. Lists of Python floats become float32, of complex numbers complex64.

    ValueError if `copy` is False and the elements cannot be shared; whoever shares an array must not change it any more.
    """
    _on(device)
    wanted = None if dtype is None else dtype_of(dtype)
    if isinstance(obj, Tensor):
        if wanted is not None and wanted != obj.dtype:
            check(copy is not False, "numpy.copy", f"a tensor of {obj.dtype} has to be copied to become one of {wanted}")
            return obj.astype(wanted)
        return Tensor(obj.array.copy()) if copy and obj.array is not None else obj
    # A tensor never changes, so neither may the memory it reads.
    array = np.array(obj, wanted, copy=copy is not False)
    if wanted is None and not _has_arrays(obj):
        wanted = {"f": DEFAULT_FLOAT, "c": DEFAULT_COMPLEX}.get(array.dtype.kind)
    check(array.dtype.kind in "biufcV", "numpy.dtype", f"tensors hold numbers and booleans, not {array.dtype}", kind=TypeError)
    weft_dtype(array.dtype)
    return Tensor(array if wanted is None else array.astype(wanted, copy=False))


def array(obj: Any, /, dtype: Any = None, *, copy: bool | None = True) -> Tensor:
    """`asarray`, by default with elements of its own."""
    return asarray(obj, dtype=dtype, copy=copy)


def copy(x: Any, /) -> Tensor:
    """A tensor of the same elements in memory of its own."""
    return asarray(x, copy=True)


def _dims(shape: Any) -> tuple[Any, ...]:
    dims = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple([n if isinstance(n, Expr) else operator.index(n) for n in dims])


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """A tensor filled with a number; a large one takes no memory for repeating it."""
    _on(device)
    kind = dtype_of(getattr(fill_value, "dtype", type(fill_value)) if dtype is None else dtype)
    dims, element = _dims(shape), np.asarray(fill_value, kind)
    if has_sizes(dims):
        return Tensor(None, broadcast(const(element), dims, ()))
    return Tensor(np.full(dims, element) if math.prod(dims) <= SMALL else np.broadcast_to(element, dims))


def zeros(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros."""
    return full(shape, 0, dtype=dtype or DEFAULT_FLOAT, device=device)


def ones(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Ones."""
    return full(shape, 1, dtype=dtype or DEFAULT_FLOAT, device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """A number in the shape of `x`."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros in the shape of `x`."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Ones in the shape of `x`."""
    return full_like(x, 1, dtype=dtype, device=device)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: object = None) -> Tensor:
    """start, start + step, … up to stop, which is not among them."""
    _on(device)
    first, last = (0, start) if stop is None else (start, stop)
    if has_sizes((first, last, step)):
        return _arange(first, last, step, dtype_of(dtype or DEFAULT_INT))
    whole = all(isinstance(n, (int, np.integer)) for n in (first, last, step))
    kind = dtype_of(dtype) if dtype is not None else DEFAULT_INT if whole else DEFAULT_FLOAT
    if kind.kind in "iu" and whole:
        return Tensor(np.arange(int(first), int(last), int(step), dtype=kind))
    return Tensor(np.arange(first, last, step).astype(kind))


@lifted
def _arange(first: Any, last: Any, step: Any, kind: np.dtype) -> Value:
    """`arange` whose bounds are sizes that are not known yet."""
    fits = isinstance(step, int) and step != 0 and all(isinstance(n, (int, Expr)) for n in (first, last))
    fact = f"arange({first}, {last}, {step}): beside symbolic sizes the bounds and the step are integers, the step not 0"
    check(fits, "numpy.arange", fact)
    count = ceildiv(last - first, step) if step > 0 else ceildiv(first - last, -step)
    places = positions((maximum(count, 0),))
    scaled = node("multiply", places, filled_like(places, step))
    return cast(node("add", scaled, broadcast(size_value(first), places.shape, ())), weft_dtype(kind))


@lifted
def _eye(rows: Any, columns: Any, k: int, kind: np.dtype) -> Value:
    """`eye` of sizes that are not known yet."""
    row, column = positions((rows, columns)), positions((rows, columns), 1)
    ones = node("compare", node("add", row, filled_like(row, k)), column, comparison_direction="EQ")
    return cast(ones, weft_dtype(kind))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: object = None) -> Tensor:
    """Ones on diagonal k, zeros elsewhere."""
    _on(device)
    if has_sizes((n_rows, n_cols)):
        return _eye(n_rows, n_rows if n_cols is None else n_cols, k, dtype_of(dtype or DEFAULT_FLOAT))
    return Tensor(np.eye(n_rows, n_cols, k, dtype_of(dtype or DEFAULT_FLOAT)))


def empty(shape: Any, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros: nothing here is ever undefined."""
    return zeros(shape, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: object = None) -> Tensor:
    """Zeros in the shape of `x`."""
    return zeros_like(x, dtype=dtype, device=device)


def from_dlpack(x: Any, /, *, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor of another library's array."""
    _on(device)
    if isinstance(x, Tensor):
        return asarray(x, copy=copy)
    found = np.from_dlpack(x)
    return Tensor(found if copy is False else np.array(found))


def linspace(start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: object = None, endpoint: bool = True) -> Tensor:
    """`num` numbers at equal distances from start to stop."""
    _on(device)
    array = np.linspace(start, stop, num, endpoint=endpoint)
    default = DEFAULT_COMPLEX if array.dtype.kind == "c" else DEFAULT_FLOAT
    return Tensor(array.astype(dtype_of(dtype or default)))


@lifted
def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Value, ...]:
    """The coordinates of a grid from those of its axes."""
    check(indexing in ("xy", "ij"), "numpy.meshgrid", f'indexing is "xy" or "ij", got {indexing!r}')
    values = [together(a)[0] for a in arrays]
    order = list(range(len(values)))
    if indexing == "xy" and len(values) > 1:
        order[:2] = [1, 0]
    shape = tuple(values[i].shape[0] if values[i].shape else 1 for i in order)
    flat = [node("reshape", v, result=v.tensor.with_shape((1,))) if not v.shape else v for v in values]
    return tuple(broadcast(v, shape, (order.index(i),)) for i, v in enumerate(flat))


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
