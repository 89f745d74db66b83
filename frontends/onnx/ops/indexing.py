"""Gathers, scatters, and what chooses elements by their order."""

import numpy as np

from ....compiler.ir import dims as symbolic
from ....compiler.ir.attrs import GatherDims, ScatterDims, Tensor
from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Region, Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, reshape_to
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build, dynamic
from ..array import Array, iota
from ..assumption import assume_at_least
from ..build import op, size_of, take
from ..contents import Unknown
from ..node import NodeView
from ..registry import handles


@handles("Gather")
def gather(node: NodeView, x: Value, indices: Value) -> Value:
    """Slices of x at indices along one axis; negative indices count from the back."""
    axis = node.axis(node.int("axis", 0), len(x.shape))
    known = node.known(indices)
    if known is not None and known.size == 1 and isinstance(known.flat[0], int):
        i = known.flat[0]
        assume_at_least(x.shape[axis], i + 1 if i >= 0 else -i)
        start = i + x.shape[axis] if i < 0 else i
        picked = build.slice_axis(x, axis, start, start + 1)
        return reshape_to(picked, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
    return take(x, _wrapped(x, indices, axis), axis)


def _wrapped(x: Value, indices: Value, axis: int) -> Value:
    """Indices with negative ones counted from the back."""
    contents = _constant(indices)
    if contents is not None and (contents >= 0).all():
        return indices
    n = cast(size_of(x, axis), indices.dtype)
    back = op("add", indices, helpers.broadcast(n, indices.shape, ()))
    return build.select(build.compare("LT", indices, helpers.full_like(indices, 0)), back, indices)


def _constant(value: Value) -> np.ndarray | None:
    if value.node is None or value.op != "constant":
        return None
    tensor = value.node.attrs["value"]
    return tensor.array if isinstance(tensor, Tensor) else None


@handles("GatherElements")
def gather_elements(node: NodeView, x: Value, indices: Value) -> Value:
    """result[i, j] = x[indices[i, j], j] for axis 0."""
    return _gather_points(x, _points(node, x, indices), 0)


def _points(node: NodeView, x: Value, indices: Value) -> Value:
    """Index vectors [*indices, rank] of the elements that `indices` along `axis` and their own place elsewhere name."""
    axis = node.axis(node.int("axis", 0), len(x.shape))
    node.check_rank(indices, len(x.shape))
    wrapped = _wrapped(x, indices, axis)
    parts = [wrapped if a == axis else op("iota", iota_dimension=a, result=wrapped.tensor) for a in range(len(x.shape))]
    return op("concatenate", *(build.unsqueeze(p, [-1]) for p in parts), dimension=len(x.shape))


@handles("GatherND")
def gather_nd(node: NodeView, x: Value, indices: Value) -> Value:
    """Slices of x at index tuples in the last dim of `indices`."""
    batch = node.int("batch_dims", 0)
    node.check(0 <= batch < len(indices.shape), "attribute", f"`batch_dims` is {batch}")
    return _gather_points(x, _wrapped_vectors(node, x, indices, batch), batch)


def _wrapped_vectors(node: NodeView, x: Value, indices: Value, batch: int) -> Value:
    """Index vectors with negative components counted from the back."""
    depth = indices.shape[-1] if indices.shape else 0
    if not isinstance(depth, int):
        raise node.error("dynamic", f"the last dim of the indices of `{node.op_type}` must be static")
    node.check(0 < depth <= len(x.shape) - batch, "shape", f"{indices.type} cannot index {x.type}")
    limits = op("concatenate", *(reshape_to(cast(size_of(x, batch + k), indices.dtype), (1,)) for k in range(depth)), dimension=0)
    back = op("add", indices, helpers.broadcast_to(limits, indices.shape))
    return build.select(build.compare("LT", indices, helpers.full_like(indices, 0)), back, indices)


_UPDATES = {"none": "", "add": "add", "mul": "multiply", "max": "maximum", "min": "minimum"}


def _scatter(node: NodeView, x: Value, points: Value, updates: Value) -> Value:
    """x with `updates` combined into it at index vectors in the last dim of `points`."""
    name = _UPDATES.get(node.string("reduction", "none"))
    if name is None:
        raise node.error("attribute", f"`reduction` is {node.string('reduction')!r}")
    depth, lead, rank = points.shape[-1], len(points.shape) - 1, len(x.shape)
    assert isinstance(depth, int)
    for axis in range(lead):
        points, updates = build.agreeing((points, updates), (axis, axis))
    places = tuple(range(depth))
    numbers = ScatterDims(tuple(range(lead, lead + rank - depth)), places, (), (), places, lead)
    body = helpers.scalar_region(name, x.dtype) if name else _second(x)
    return op("scatter", x, points, updates, scatter_dimension_numbers=numbers, update_computation=body)


def _second(x: Value) -> Region:
    old, new = param(TensorType(x.dtype, ())), param(TensorType(x.dtype, ()))
    return region((old, new), (new,))


@handles("Scatter", "ScatterElements")
def scatter_elements(node: NodeView, x: Value, indices: Value, updates: Value) -> Value:
    """x with x[indices[i, j], j] replaced by (or combined with) updates[i, j] for axis 0."""
    return _scatter(node, x, _points(node, x, indices), updates)


@handles("ScatterND")
def scatter_nd(node: NodeView, x: Value, indices: Value, updates: Value) -> Value:
    """x with the slices at index vectors replaced by (or combined with) those of `updates`."""
    return _scatter(node, x, _wrapped_vectors(node, x, indices, 0), updates)


@handles("TopK")
def top_k_attribute(node: NodeView, x: Value) -> tuple[Value, Value]:
    """The `k` largest elements along an axis and their indices."""
    return _top_k(node, x, node.int("k"))


@handles("TopK", since=10)
def top_k(node: NodeView, x: Value, k: Value) -> tuple[Value, Value]:
    """The largest (or smallest) elements along an axis, sorted, and their indices; of equal ones the first."""
    items = node.items(k, "the number of elements")
    node.check_length(items, 1, "the number of elements")
    if not isinstance(items[0], Unknown):
        return _top_k(node, x, items[0])
    axis = node.axis(node.int("axis", -1), len(x.shape))
    count = dynamic.bind_one(dynamic.integer(k), dynamic.integer(k) <= Array(size_of(x, axis)))
    node.scope.contents.bind(items[0], count)
    return _top_k(node, x, count)


def _top_k(node: NodeView, x: Value, k: Dim) -> tuple[Value, Value]:
    axis = node.axis(node.int("axis", -1), len(x.shape))
    index = op("iota", iota_dimension=axis, result=TensorType(dtypes.I64, x.shape))
    value, place = TensorType(x.dtype, ()), TensorType(dtypes.I64, ())
    x0, x1, i0, i1 = param(value), param(value), param(place), param(place)
    before = op("compare", x0, x1, comparison_direction="GT" if node.int("largest", 1) else "LT")
    comparator = region((x0, x1, i0, i1), (before,))
    results = op_of("sort")(x, index, dimension=axis, is_stable=True, comparator=comparator)
    assert isinstance(results, tuple)
    values, places = (build.resized(v, axis, 0, k) for v in results)
    return values, places


def _gather_points(x: Value, points: Value, batch: int) -> Value:
    depth = points.shape[-1]
    assert isinstance(depth, int)
    rank, lead = len(x.shape), len(points.shape) - 1
    window = [a for a in range(rank) if a >= batch + depth]
    numbers = GatherDims(
        offset_dims=tuple(range(lead, lead + len(window))),
        collapsed_slice_dims=tuple(range(batch, batch + depth)),
        operand_batching_dims=tuple(range(batch)),
        start_indices_batching_dims=tuple(range(batch)),
        start_index_map=tuple(range(batch, batch + depth)),
        index_vector_dim=lead,
    )
    sizes = tuple(1 if a < batch + depth else d for a, d in enumerate(x.shape))
    return op("gather", x, points, dimension_numbers=numbers, slice_sizes=sizes)


@handles("OneHot")
def one_hot(node: NodeView, indices: Value, depth: Value, values: Value) -> Value:
    """values[1] at the index along a new axis, values[0] elsewhere."""
    n = node.number(depth, "the depth") if node.known(depth) is not None else dynamic.bind_one(dynamic.integer(depth))
    node.check(isinstance(n, symbolic.Expr) or n >= 0, "shape", f"the depth of `OneHot` must not be negative, got {n}")
    known = [d for d in values.shape if isinstance(d, int)]
    node.check(len(values.shape) == 1 and known in ([2], []), "shape", f"`OneHot` needs two values, got {values.type}")
    axis = node.axis(node.int("axis", -1), len(indices.shape) + 1)
    place = Array(cast(indices, dtypes.I64))
    wrapped = (place < 0).where(place + n, place)
    shape = (*indices.shape[:axis], n, *indices.shape[axis:])
    hit = iota(shape, axis).equals(Array(build.unsqueeze(wrapped.value, [axis])))
    off, on = (reshape_to(build.slice_axis(values, 0, i, i + 1), ()) for i in (0, 1))
    return op("select", hit.value, helpers.broadcast(on, shape, ()), helpers.broadcast(off, shape, ()))


@handles("ReverseSequence")
def reverse_sequence(node: NodeView, x: Value, lengths: Value) -> Value:
    """The first `lengths[b]` elements of each sequence b the other way round."""
    node.check(len(x.shape) > 1, "shape", f"`ReverseSequence` of {x.type}")
    batch, time = node.axis(node.int("batch_axis", 1), len(x.shape)), node.axis(node.int("time_axis", 0), len(x.shape))
    node.check({batch, time} == {0, 1}, "attribute", f"the axes of `ReverseSequence` are {batch} and {time}")
    node.check(lengths.shape == (x.shape[batch],), "shape", f"lengths {lengths.type} do not fit {x.type}")
    whole = TensorType(dtypes.I64, (x.shape[batch], x.shape[time]))
    b, t = (op("iota", iota_dimension=a, result=whole) for a in (0, 1))
    end = helpers.broadcast(cast(lengths, dtypes.I64), whole.shape, (0,))
    back = op("subtract", op("subtract", end, helpers.full_like(end, 1)), t)
    source = build.select(build.compare("LT", t, end), back, t)
    places = [source if a == time else b for a in (0, 1)]
    if time == 0:
        places = [build.transpose(p, (1, 0)) for p in places]
    points = op("concatenate", *(build.unsqueeze(p, [2]) for p in places), dimension=2)
    return _gather_points(x, points, 0)
