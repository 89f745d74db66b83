"""Sorting and searching."""

from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.registry import op_of
from ....proto.dtypes import I64
from .elementwise import node


def order_by(keys: Value, dim: int = 0, descending: bool = False, stable: bool = True) -> Value:
    """The indices that sort `keys` along a dim, int64."""
    places = node("iota", iota_dimension=dim, result=keys.tensor.with_dtype(I64))
    scalars = [param(TensorType(t, ())) for t in (keys.dtype, keys.dtype, I64, I64)]
    kind = "TOTALORDER" if keys.dtype.is_float else None
    order = node(
        "compare", scalars[0], scalars[1], comparison_direction="GT" if descending else "LT", **({"compare_type": kind} if kind else {})
    )
    built = op_of("sort")(keys, places, dimension=dim, is_stable=stable, comparator=region(scalars, (order,)))
    assert isinstance(built, tuple)
    return built[1]
