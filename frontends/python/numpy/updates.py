"""`x.at[index]` and `x[index] = v`: tensors changed at some places.

Memory is never written where somebody could see it: `x[index] = v` makes `x` another tensor, and writes into the array of the one it was
only if nobody else knows that array.
"""

import sys
from typing import Any

import numpy as np

from ....compiler.ir.attrs import ScatterDims
from ....compiler.ir.graph import Region, Value
from ....compiler.ops.gradients.common import scalar_body
from ....compiler.ops.helpers import broadcast, broadcast_to, cast, const, reshape_to
from ....compiler.ops.nodes import node
from ....compiler.ops.numeric import convert
from ....proto.dtypes import I64, from_numpy
from ..faults import check, fail
from ..lift import lifted, number, placed
from ..promotion import weak_type
from ..scope import scope
from ..tensor import Tensor
from .dtypes import together
from .indexing import UNKNOWN, elements, entries_of, expanded, is_plain, known, plain

__all__ = ["at", "setitem"]

_NUMBERS = (bool, int, float, complex)


class _At:
    """`x.at[index]`: what a changed copy is made with."""

    def __init__(self, x: Tensor, index: Any) -> None:
        self._x, self._index = x, index

    def set(self, values: Any) -> Any:
        """The values in place of the elements there; of several for one place, the last."""
        return _set(self._x, self._index, values)

    def add(self, values: Any) -> Any:
        """The values added to the elements there."""
        return _combined(self._x, self._index, values, "add")

    def multiply(self, values: Any) -> Any:
        """The elements there multiplied by the values."""
        return _combined(self._x, self._index, values, "multiply")

    def min(self, values: Any) -> Any:
        """The smaller of each element there and its value."""
        return _combined(self._x, self._index, values, "minimum")

    def max(self, values: Any) -> Any:
        """The larger of each element there and its value."""
        return _combined(self._x, self._index, values, "maximum")

    def get(self) -> Any:
        """The elements there."""
        return self._x[self._index]


class at:
    """`x.at`: indexed, it changes copies."""

    def __init__(self, x: Tensor) -> None:
        self._x = x

    def __getitem__(self, index: Any) -> _At:
        return _At(self._x, index)


@placed
def setitem(x: Tensor, index: Any, values: Any) -> None:
    """x[index] = values: x becomes its copy with the values there. `WeftError` `trace.setitem` where that would leave a trace."""
    if scope() not in (None, x.scope):
        fact = "a tensor made outside of the function, branch or loop body being traced cannot be assigned to inside"
        raise fail("trace.setitem", fact, help="x = x.at[index].set(value) is a tensor of its own; return it where it is needed outside")
    changed = _set(x, index, values, _is_alone(x))
    x.array, x.recorded = changed.array, changed.recorded


def _references(x: Tensor) -> int:
    return sys.getrefcount(x.array)


_ALONE = _references(Tensor(np.empty(1)))


def _is_alone(x: Tensor) -> bool:
    """Whether a tensor's array is known to nobody else: no other tensor, view, graph, tape or running program."""
    array = x.array
    if array is None or array.base is not None or not (array.flags.owndata and array.flags.writeable):
        return False
    del array
    return _references(x) == _ALONE


def _set(x: Any, index: Any, values: Any, in_place: bool = False) -> Any:
    if is_plain(x) and (key := plain(index)) is not UNKNOWN and (update := _update(values, x.dtype)) is not None:
        array = x.array if in_place else np.array(x.array)
        try:
            array[key] = update
            return Tensor(array)
        except (IndexError, TypeError, ValueError):
            pass  # said better below
    return _combined(x, index, values, "set")


@placed
def _combined(x: Any, index: Any, values: Any, how: str) -> Any:
    if isinstance(x, Tensor) and x.array is not None:
        # One graph does for all numbers.
        index = tuple([np.asarray(k) if type(k) is int else k for k in entries_of(index)])
        values = number(values, weak_type(values, x.dtype)) if type(values) in _NUMBERS else values
    return _changed(x, known(x, index), np.asarray(values) if isinstance(values, list) else values, how)


def _update(values: Any, dtype: np.dtype) -> np.ndarray | None:
    """What is put into a tensor of a type, converted to it; None if that is not known, or has no such numbers."""
    if type(values) in _NUMBERS:
        array = number(values, weak_type(values, dtype))
    elif isinstance(values, (np.ndarray, np.generic, list)):
        array = np.asarray(values)
    elif is_plain(values):
        array = values.array
    else:
        return None
    if array.dtype == dtype:
        return array
    return None if array.dtype.kind == "c" and dtype.kind != "c" else convert(array, from_numpy(dtype))


@lifted
def _changed(x: Any, index: Any, values: Any, how: str) -> Value:
    """x with the elements at an index replaced by, or combined with, values that broadcast to them."""
    (v,) = together(x)
    update = together(v, values)[1]
    real = v.dtype.is_complex or not update.dtype.is_complex
    check(real, "numpy.dtype", f"complex numbers do not fit into {v.type}", help="weft.numpy.real(x) is their real part", kind=TypeError)
    update = cast(update, v.dtype)
    mask = index[0] if len(index) == 1 else None
    if isinstance(mask, Value) and mask.dtype.is_bool and _covers(mask, v, update):
        return _where(mask, v, update, how)
    places = _places(v, index)
    count = len(places.shape) - 1
    updates = broadcast_to(_of_rank(update, count), places.shape[:-1])
    body = scalar_body("add" if how == "set" else how, v.dtype)
    body = Region(body.params, (), (body.params[1],)) if how == "set" else body
    every = tuple(range(len(v.shape)))
    dims = ScatterDims((), every, (), (), every, count)
    return node("scatter", v, places, updates, scatter_dimension_numbers=dims, update_computation=body)


def _of_rank(update: Value, most: int) -> Value:
    """The update without first dims of size 1 that are too many, as numpy has it."""
    extra = len(update.shape) - most
    return reshape_to(update, update.shape[extra:]) if extra > 0 and all(n == 1 for n in update.shape[:extra]) else update


def _covers(mask: Value, v: Value, update: Value) -> bool:
    """Whether the same update is for every element of a mask: then sizes need not depend on it."""
    rank = len(mask.shape)
    return rank > 0 and mask.shape == v.shape[:rank] and len(update.shape) <= len(v.shape) - rank


def _where(mask: Value, v: Value, update: Value, how: str) -> Value:
    flags = broadcast(mask, v.shape, tuple(range(len(mask.shape))))
    spread = broadcast_to(update, v.shape)
    return node("select", flags, spread if how == "set" else node(how, v, spread), v)


def _places(v: Value, index: Any) -> Value:
    """The positions of the elements at an index, as index vectors: the index applied to tensors of positions."""
    own, key = expanded(v, index)
    grid = v.tensor.with_dtype(I64)
    columns = [elements(reshape_to(node("iota", iota_dimension=d, result=grid), own.shape), key) for d in range(len(v.shape))]
    if not columns:
        return node("broadcast_in_dim", const(0, I64), broadcast_dimensions=(), result=grid.with_shape((*elements(own, key).shape, 0)))
    flat = [reshape_to(c, (*c.shape, 1)) for c in columns]
    return flat[0] if len(flat) == 1 else node("concatenate", *flat, dimension=len(columns[0].shape))
