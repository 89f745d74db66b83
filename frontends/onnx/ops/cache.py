"""`TensorScatter`: a cache of keys or values with new ones written into it."""

from ....compiler.ir.attrs import GatherDims
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, full_like, splat
from ....proto import dtypes
from ..build import compare, op
from ..node import NodeView
from ..registry import handles


@handles("TensorScatter", since=24)
def tensor_scatter(node: NodeView, past: Value, update: Value, starts: Value | None = None) -> Value:
    """`update` in place of `past` along `axis`, from an index on that each sample of the batch has.

    In mode `circular` what goes past the end goes to the front.
    """
    axis, mode = node.axis(node.int("axis", -2), len(past.shape)), node.string("mode", "linear")
    rest = [a for a in range(len(past.shape)) if a not in (0, axis)]
    fits = len(update.shape) == len(past.shape) and all(update.shape[a] == past.shape[a] for a in (0, *rest))
    node.check(fits and axis > 0, "shape", f"an update {update.type} along axis {axis} does not fit {past.type}")
    node.check(mode in ("linear", "circular"), "attribute", f"`mode` is {mode!r}")
    grid = TensorType(dtypes.I64, (past.shape[0], past.shape[axis]))
    begin = splat(0, grid) if starts is None else broadcast(cast(starts, dtypes.I64), grid.shape, (0,))
    place = op("subtract", op("iota", iota_dimension=1, result=grid), begin)
    if mode == "circular":
        size = broadcast(cast(op("get_dimension_size", past, dimension=axis), dtypes.I64), grid.shape, ())
        place = op("remainder", op("add", op("remainder", place, size), size), size)
    count = broadcast(cast(op("get_dimension_size", update, dimension=axis), dtypes.I64), grid.shape, ())
    written = op("and", compare("GE", place, full_like(place, 0)), compare("LT", place, count))
    numbers = GatherDims(tuple(rest), (axis,), (0,), (0,), (axis,), 2)
    sizes = tuple(1 if a in (0, axis) else past.shape[a] for a in range(len(past.shape)))
    new = op("gather", update, place, dimension_numbers=numbers, slice_sizes=sizes)
    return op("select", broadcast(written, past.shape, (0, axis)), new, past)
