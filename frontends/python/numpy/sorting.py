"""Sorting."""

from typing import Any

from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import cast
from ....compiler.ops.registry import op_of
from ....proto.dtypes import I32, I64
from ..lift import lifted
from .dtypes import together
from .nodes import node
from .reductions import axes_of

__all__ = ["argsort", "sort"]


def _order(keys: Value, descending: bool) -> tuple[str, str | None]:
    """The comparison, and its type where it is not the plain one."""
    return ("GT" if descending else "LT"), ("TOTALORDER" if keys.dtype.is_float else None)


def _sorted(keys: Value, dim: int, descending: bool, stable: bool) -> tuple[Value, Value]:
    """The keys in order, and the indices that sort them, int64."""
    compared = cast(keys, I32) if keys.dtype.is_bool else keys
    places = node("iota", iota_dimension=dim, result=keys.tensor.with_dtype(I64))
    scalars = [param(TensorType(t, ())) for t in (compared.dtype, compared.dtype, I64, I64)]
    direction, kind = _order(compared, descending)
    attrs = {"comparison_direction": direction} | ({"compare_type": kind} if kind else {})
    first = node("compare", scalars[0], scalars[1], **attrs)
    built = op_of("sort")(compared, places, dimension=dim, is_stable=stable, comparator=region(scalars, (first,)))
    assert isinstance(built, tuple)
    return cast(built[0], keys.dtype), built[1]


def order_by(keys: Value) -> Value:
    """The indices that sort a vector, int64."""
    return _sorted(keys, 0, False, True)[1]


@lifted
def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Value:
    """The elements in order along an axis."""
    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    return _sorted(v, d, descending, stable)[0]


@lifted
def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Value:
    """The indices that sort the elements along an axis, int64."""
    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    return _sorted(v, d, descending, stable)[1]
