"""Sorting."""

import math
from typing import Any

from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.formula import Term, compare, equal, where
from ....compiler.ops.helpers import cast
from ....compiler.ops.nodes import node, nodes
from ....proto.dtypes import I32, I64
from ..lift import lifted
from .dtypes import together
from .reductions import axes_of

__all__ = ["argsort", "sort"]


def _sorted(keys: Value, dim: int, descending: bool, stable: bool) -> tuple[Value, Value]:
    """The keys in order, and the indices that sort them, int64.

    Both zeros are equal, and so are all NaNs, which are greater than any number. Complex numbers go by their real parts, then by the
    imaginary ones.
    """
    rank = ranks(keys)
    places = node("iota", iota_dimension=dim, result=keys.tensor.with_dtype(I64))
    operands = [*rank, keys, places]
    scalars = [param(TensorType(t.dtype, ())) for t in operands for _ in range(2)]
    first = before(scalars[: 2 * len(rank)], "GT" if descending else "LT")
    built = nodes("sort", *operands, dimension=dim, is_stable=stable, comparator=region(scalars, (first,)))
    return built[-2], built[-1]


def ranks(keys: Value) -> list[Value]:
    """Tensors by whose total orders, the first before the second, the keys are sorted."""
    return [_plain(node(part, keys)) for part in ("real", "imag")] if keys.dtype.is_complex else [_plain(keys)]


def _plain(keys: Value) -> Value:
    """Keys whose total order is the order of the numbers."""
    if keys.dtype.is_bool:
        return cast(keys, I32)
    if not keys.dtype.is_float:
        return keys
    x = Term(keys)
    return where(compare("NE", x, x), math.nan, where(equal(x, 0), 0.0, x)).value


def before(pairs: list[Value], direction: str) -> Value:
    """Whether the first of each pair of keys comes before the second; later pairs decide where earlier ones are equal."""
    x, y, *rest = pairs
    kind = {"compare_type": "TOTALORDER"} if x.dtype.is_float else {}
    less = node("compare", x, y, comparison_direction=direction, **kind)
    if not rest:
        return less
    same = node("compare", x, y, comparison_direction="EQ", **kind)
    return node("or", less, node("and", same, before(rest, direction)))


def order_by(keys: Value) -> Value:
    """The indices that sort a vector, int64."""
    return _sorted(keys, 0, False, True)[1]


@lifted
def sort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Value:
    """The elements in order along an axis."""
    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    return _sorted(v, d, descending, stable)[0]


@lifted
def argsort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Value:
    """The indices that sort the elements along an axis, int64."""
    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    return _sorted(v, d, descending, stable)[1]
