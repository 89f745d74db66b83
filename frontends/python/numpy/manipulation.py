"""Shapes: reshape, transpose, broadcast, join."""

from collections.abc import Sequence
from typing import Any

from ....compiler.ir.dims import Dim, floordiv, product
from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....proto.errors import check
from ..lift import lifted
from .dtypes import together
from .elementwise import node
from .reductions import axes_of

__all__ = ["broadcast_to", "concat", "expand_dims", "reshape", "squeeze", "stack", "transpose"]


@lifted
def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Value:
    """The elements in row-major order in another shape; one dim may be -1."""
    (v,) = together(x)
    wanted: list[Dim] = list(shape) if isinstance(shape, (tuple, list)) else [shape]
    if -1 in wanted:
        rest = product(n for n in wanted if not (isinstance(n, int) and n == -1))
        wanted[wanted.index(-1)] = floordiv(product(v.shape), rest)
    return helpers.reshape_to(v, tuple(wanted))


@lifted
def transpose(x: Any, /, axes: Sequence[int] | None = None) -> Value:
    """The dims permuted; reversed if no order is given."""
    (v,) = together(x)
    order = tuple(range(len(v.shape)))[::-1] if axes is None else tuple(a % len(v.shape) for a in axes)
    return node("transpose", v, permutation=order)


@lifted
def broadcast_to(x: Any, /, shape: Any) -> Value:
    """x repeated to a larger shape."""
    (v,) = together(x)
    wanted = tuple(shape)
    check(helpers.broadcast_shapes(v.shape, wanted) == wanted, "numpy.broadcast", f"{v.type} does not broadcast to {list(wanted)}")
    return helpers.broadcast_to(v, wanted)


@lifted
def expand_dims(x: Any, /, *, axis: int = 0) -> Value:
    """A dim of size 1 more."""
    (v,) = together(x)
    rank = len(v.shape) + 1
    (at,) = axes_of(axis, rank)
    return helpers.reshape_to(v, (*v.shape[:at], 1, *v.shape[at:]))


@lifted
def squeeze(x: Any, /, axis: Any) -> Value:
    """Without dims of size 1."""
    (v,) = together(x)
    axes = axes_of(axis, len(v.shape))
    bad = [a for a in axes if v.shape[a] != 1]
    check(not bad, "numpy.squeeze", f"dims {bad} of {v.type} are not 1")
    return helpers.reshape_to(v, tuple(n for i, n in enumerate(v.shape) if i not in axes))


@lifted
def concat(arrays: Any, /, *, axis: int | None = 0) -> Value:
    """Tensors one after the other."""
    values = together(*arrays)
    if axis is None:
        values, axis = tuple(helpers.reshape_to(v, (product(v.shape),)) for v in values), 0
    (d,) = axes_of(axis, len(values[0].shape))
    return values[0] if len(values) == 1 else node("concatenate", *values, dimension=d)


@lifted
def stack(arrays: Any, /, *, axis: int = 0) -> Value:
    """Tensors of one shape along a new dim."""
    return concat(tuple(expand_dims(v, axis=axis) for v in together(*arrays)), axis=axis % (len(together(*arrays)[0].shape) + 1))
