"""What is known of tensors and shapes without looking at elements, by NumPy's names."""

from typing import Any

import numpy as np

from ....compiler.ir.dims import Dim, product
from ....compiler.ops import helpers
from ..tensor import Tensor
from .dtypes import dtype_of, promote

__all__ = ["broadcast_shapes", "iscomplexobj", "isrealobj", "isscalar", "ndim", "promote_types", "shape", "size"]


def shape(x: Any, /) -> tuple[Any, ...]:
    """The sizes of the dims, of a number ()."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def ndim(x: Any, /) -> int:
    """The number of dims."""
    return len(shape(x))


def size(x: Any, /, axis: int | None = None) -> Any:
    """The number of elements, or of places along an axis."""
    return product(shape(x)) if axis is None else shape(x)[axis]


def broadcast_shapes(*shapes: Any) -> tuple[Dim, ...]:
    """The shape that arrays of these shapes have together. WeftError (`broadcast.dims`) if there is none."""
    return tuple(helpers.broadcast_shapes(*((s,) if isinstance(s, int) else tuple(s) for s in shapes)))


def promote_types(a: Any, b: Any, /) -> np.dtype:
    """The element type that arrays of these have together, by the array API's table."""
    return promote(dtype_of(a), dtype_of(b))


def _dtype(x: Any) -> np.dtype:
    return x.dtype if isinstance(x, Tensor) else np.asarray(x).dtype


def iscomplexobj(x: Any, /) -> bool:
    """Whether the elements are complex numbers."""
    return _dtype(x).kind == "c"


def isrealobj(x: Any, /) -> bool:
    """Whether the elements are no complex numbers."""
    return not iscomplexobj(x)


def isscalar(x: Any, /) -> bool:
    """Whether it is a number, and no array."""
    return isinstance(x, (int, float, complex, np.generic))
