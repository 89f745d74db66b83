"""Tensors of known elements: indices, triangles, windows, spaced numbers, and what is made by placing elements in zeros."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_to, cast, const, full_like, reshape_to
from ....proto.dtypes import I64
from ..faults import check
from ..lift import concrete, lifted
from ..tensor import Tensor
from . import matrices
from .dtypes import DEFAULT_FLOAT, DEFAULT_INT, dtype_of, together
from .elementwise import add, equal, floor_divide, multiply, remainder, where
from .manipulation import broadcast_arrays, flip
from .pieces import pad
from .reductions import cumulative_prod

__all__ = [
    "bartlett", "blackman", "diag", "diag_indices", "diagflat", "fromfunction", "geomspace", "hamming", "hanning", "identity", "indices",
    "ix_", "kaiser", "logspace", "ravel_multi_index", "tri", "tril_indices", "tril_indices_from", "triu_indices", "triu_indices_from",
    "unravel_index", "vander",
]  # fmt: skip


def _made(array: Any, dtype: Any = None, default: np.dtype = DEFAULT_FLOAT) -> Tensor:
    return Tensor(np.asarray(array).astype(default if dtype is None else dtype_of(dtype)))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The unit matrix of n rows."""
    return _made(np.eye(n), dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on and below diagonal k, zeros above."""
    return _made(np.tri(N, M, k), dtype)


def logspace(start: float, stop: float, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None) -> Tensor:
    """Powers of `base` whose exponents are evenly spaced."""
    return _made(np.logspace(start, stop, num, endpoint, base), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Tensor:
    """Numbers of which each is the same multiple of the one before."""
    found = np.geomspace(start, stop, num, endpoint)
    return _made(found, dtype, np.dtype(np.complex64) if found.dtype.kind == "c" else DEFAULT_FLOAT)


def _window(name: str) -> Callable[[int], Tensor]:
    def window(M: int, dtype: Any = None) -> Tensor:
        return _made(getattr(np, name)(M), dtype)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"The {name.capitalize()} window of M points."
    return window


bartlett, blackman, hamming, hanning = map(_window, ("bartlett", "blackman", "hamming", "hanning"))


def kaiser(M: int, beta: float, dtype: Any = None) -> Tensor:
    """The Kaiser window of M points."""
    return _made(np.kaiser(M, beta), dtype)


def _places(found: Any) -> tuple[Tensor, ...]:
    return tuple(_made(p, DEFAULT_INT) for p in found)


def indices(dimensions: Any, dtype: Any = None) -> Tensor:
    """The indices of all elements of a tensor of that shape: [rank, *dimensions]."""
    return _made(np.indices(tuple(dimensions)), dtype, DEFAULT_INT)


def fromfunction(function: Callable[..., Any], shape: Any, *, dtype: Any = None) -> Any:
    """A function of the indices of a tensor, one tensor for each dim."""
    return function(*(_made(i, dtype) for i in np.indices(tuple(shape))))


def diag_indices(n: int, ndim: int = 2) -> tuple[Tensor, ...]:
    """The indices of the main diagonal."""
    return _places(np.diag_indices(n, ndim))


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, ...]:
    """The indices of the elements on and below diagonal k of an n x m matrix."""
    return _places(np.tril_indices(n, k, m))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, ...]:
    """The indices of the elements on and above diagonal k of an n x m matrix."""
    return _places(np.triu_indices(n, k, m))


def tril_indices_from(x: Any, /, k: int = 0) -> tuple[Tensor, ...]:
    """`tril_indices` of a matrix."""
    return tril_indices(x.shape[-2], k, x.shape[-1])


def triu_indices_from(x: Any, /, k: int = 0) -> tuple[Tensor, ...]:
    """`triu_indices` of a matrix."""
    return triu_indices(x.shape[-2], k, x.shape[-1])


def ix_(*args: Any) -> tuple[Tensor, ...]:
    """Vectors, each along a dim of its own, that index the rectangle of all their combinations; masks are the places they hold at."""
    return tuple(_made(p, DEFAULT_INT) for p in np.ix_(*(np.asarray(concrete(a), None if len(a) else np.int64) for a in args)))


@lifted
def diag(x: Any, /, k: int = 0) -> Value:
    """A matrix with a vector on its diagonal k, or that diagonal of a matrix."""
    (v,) = together(x)
    check(len(v.shape) in (1, 2), "numpy.diag", f"diag takes a vector or a matrix, got {v.type}")
    return matrices.diagonal(v, offset=k) if len(v.shape) == 2 else _on_diagonal(v, k)


@lifted
def diagflat(x: Any, /, k: int = 0) -> Value:
    """A matrix with all elements on its diagonal k."""
    (v,) = together(x)
    return _on_diagonal(reshape_to(v, (product(v.shape),)), k)


def _on_diagonal(v: Value, k: int) -> Value:
    n = v.shape[0]
    row = broadcast_to(v, (n, n))
    own = equal(const(np.arange(n)[:, None]), const(np.arange(n)[None, :]))
    square = where(own, row, full_like(row, 0))
    return pad(square, ((max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0)))) if k else square


@lifted
def vander(x: Any, /, N: int | None = None, increasing: bool = False) -> Value:
    """The powers of a vector's elements as columns, the highest first unless they are to increase."""
    (v,) = together(x)
    check(len(v.shape) == 1, "numpy.vander", f"vander takes a vector, got {v.type}")
    columns = v.shape[0] if N is None else N
    if columns == 0:
        return broadcast_to(const(0, v.dtype), (v.shape[0], 0))
    many = broadcast_to(reshape_to(v, (v.shape[0], 1)), (v.shape[0], columns - 1))
    powers = cumulative_prod(many, axis=1, dtype=v.dtype.numpy, include_initial=True)
    return powers if increasing else flip(powers, axis=1)


@lifted
def ravel_multi_index(multi_index: Any, dims: Any, /) -> Value:
    """The places in row-major order of elements given by their indices; indices must lie within the dims."""
    columns = broadcast_arrays(*multi_index)
    sizes = tuple(dims)
    check(len(columns) == len(sizes), "numpy.index", f"{len(columns)} indices for {len(sizes)} dims")
    strides = [int(np.prod(sizes[i + 1 :], dtype=np.int64)) for i in range(len(sizes))]
    found = [cast(c, I64) for c in columns]
    total = full_like(found[0], 0)
    for c, s in zip(found, strides, strict=True):
        total = add(total, multiply(c, s))
    return total


@lifted
def unravel_index(indices: Any, shape: Any, /) -> tuple[Value, ...]:
    """The indices, one tensor for each dim, of elements given by their places in row-major order."""
    rest = cast(together(indices)[0], I64)
    found: list[Value] = []
    for n in reversed(tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)):
        found.append(remainder(rest, n))
        rest = floor_divide(rest, n)
    return tuple(reversed(found))
