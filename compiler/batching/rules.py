"""The rules of vectorisation for ops without regions, and for those whose regions work on single elements."""

from collections.abc import Sequence
from dataclasses import replace

from ...proto.dtypes import BOOL, I64
from ..ir.attrs import ConvDims, DotDims, GatherDims, ScatterDims
from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value
from ..ops.gradients.common import concatenate, full, reshape, scalar, scalar_body, spread, transpose
from ..ops.gradients.indexing import size_of
from ..ops.nodes import node, results_of
from ..ops.registry import op_of
from .core import Batch, Batched, again, any_batched, attr, elementwise, rule, up


@rule("select", "clamp", "bitcast_convert")
def _likeelementwise(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return elementwise(b, n, xs) if n.op != "bitcast_convert" else again(n, [b.whole(xs[0])], b.size)


@rule("broadcast_in_dim")
def _broadcast(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [xs[0].value], b.size, broadcast_dimensions=(0, *up(attr(n, "broadcast_dimensions"))))


@rule("reshape", "weft.check_shape")
def _reshape(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [xs[0].value], b.size)


@rule("optimization_barrier")
def _barrier(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    held = results_of(op_of("optimization_barrier")(*(x.value for x in xs)))
    return [Batched(v, x.batched) for v, x in zip(held, xs, strict=True)]


@rule("transpose")
def _transpose(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [xs[0].value], b.size, permutation=(0, *up(attr(n, "permutation"))))


@rule("reverse")
def _reverse(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [xs[0].value], b.size, dimensions=up(attr(n, "dimensions")))


@rule("concatenate")
def _concatenate(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [b.whole(x) for x in xs], b.size, dimension=n.attr("dimension", int) + 1)


@rule("slice")
def _slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    starts, limits, strides = ((first, *n.dims(name)) for first, name in ((0, "start_indices"), (b.size, "limit_indices"), (1, "strides")))
    return again(n, [xs[0].value], b.size, start_indices=starts, limit_indices=limits, strides=strides)


@rule("pad")
def _pad(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    edges = {name: (0, *n.dims(name)) for name in names}
    if not xs[1].batched:
        return again(n, [b.whole(xs[0]), xs[1].value], b.size, **edges)
    # A padding value of its own for each: pad with zeros and put the value where the padding is.
    zero = scalar(0, xs[0].value.dtype)
    (padded,) = again(n, [b.whole(xs[0]), zero], b.size, **edges)
    inside = full(b.whole(xs[0]).tensor.with_dtype(BOOL), True)
    kept = node("pad", inside, scalar(False, BOOL), **edges)
    value = spread(xs[1].value, padded.value.tensor, (0,))
    return [Batched(node("select", kept, padded.value, value), True)]


@rule("get_dimension_size")
def _dimension_size(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    size = node("get_dimension_size", xs[0].value, dimension=n.attr("dimension", int) + 1)
    return [Batched(size, False)]


# Folds, sorts, windows


@rule("reduce")
def _reduce(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    half = len(n.inputs) // 2
    if any_batched(xs[half:]):
        return b.one_by_one(n, xs)
    wholes = [b.whole(x) for x in xs[:half]]
    return again(n, [*wholes, *(x.value for x in xs[half:])], b.size, dimensions=up(attr(n, "dimensions")))


@rule("reduce_window", "select_and_scatter")
def _window(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    count = 2 if n.op == "select_and_scatter" else len(n.inputs) // 2
    if any_batched(xs[count:]):
        return b.one_by_one(n, xs)
    changed: dict[str, object] = {}
    for name, first in (
        ("window_dimensions", 1),
        ("window_strides", 1),
        ("base_dilations", 1),
        ("window_dilations", 1),
        ("padding", (0, 0)),
    ):
        if n.attrs.get(name) is not None:
            changed[name] = (first, *n.attr(name, tuple))
    return again(n, [*(b.whole(x) for x in xs[:count]), *(x.value for x in xs[count:])], b.size, **changed)


@rule("sort")
def _sort(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    rank = len(n.inputs[0].shape)
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if any_batched(captured):
        return b.one_by_one(n, xs)
    return again(n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, dimension=n.attr("dimension", int) % rank + 1)


# Linear algebra


@rule("dot_general")
def _dot(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d = n.attr("dot_dimension_numbers", DotDims)
    lhs, rhs = xs
    if lhs.batched and rhs.batched:
        dims = DotDims((0, *up(d.lhs_batch)), (0, *up(d.rhs_batch)), up(d.lhs_contracting), up(d.rhs_contracting))
        return again(n, [lhs.value, rhs.value], b.size, dot_dimension_numbers=dims)
    if lhs.batched:
        dims = DotDims(up(d.lhs_batch), d.rhs_batch, up(d.lhs_contracting), d.rhs_contracting)
        # The batch is the first free dim of its side.
        at = len(d.lhs_batch)
    else:
        dims = DotDims(d.lhs_batch, up(d.rhs_batch), d.lhs_contracting, up(d.rhs_contracting))
        at = len(lhs.value.shape) - len(d.lhs_contracting)
    shape = list(n.results[0].shape)
    shape.insert(at, b.size)
    keywords = {"precision_config": n.attrs["precision_config"], "algorithm": n.attrs["algorithm"]}
    result = n.results[0].tensor.with_shape(tuple(shape))
    y = node("dot_general", lhs.value, rhs.value, dot_dimension_numbers=dims, result=result, **keywords)
    return [Batched(_to_front(y, at), True)]


def _to_front(v: Value, axis: int) -> Value:
    return transpose(v, (axis, *(i for i in range(len(v.shape)) if i != axis)))


def _merge(v: Value, axis: int) -> Value:
    """The first dim merged into the dim that is `axis` without it, as its outer part."""
    order = [i + 1 for i in range(len(v.shape) - 1)]
    order.insert(axis, 0)
    moved = transpose(v, order)
    shape = list(moved.shape)
    shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
    return reshape(moved, shape)


def _split(v: Value, axis: int, outer: Dim, inner: Dim) -> Value:
    """Dim `axis` as two, the outer one moved to the front."""
    shape = list(v.shape)
    shape[axis : axis + 1] = [outer, inner]
    return _to_front(reshape(v, shape), axis)


@rule("convolution")
def _convolution(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d = n.attr("dimension_numbers", ConvDims)
    out = list(n.results[0].shape)
    groups, batch_groups = n.attr("feature_group_count", int), n.attr("batch_group_count", int)
    if batch_groups > 1 or (xs[1].batched and groups > 1):
        return b.one_by_one(n, xs)
    changed: dict[str, object] = {}
    if not xs[1].batched:
        left, right, at = _merge(xs[0].value, d.input_batch), xs[1].value, d.output_batch
    elif not xs[0].batched:
        left, right, at = xs[0].value, _merge(xs[1].value, d.kernel_output_feature), d.output_feature
    else:
        if not isinstance(b.size, int):
            return b.one_by_one(n, xs)
        left, right = _merge(xs[0].value, d.input_feature), _merge(xs[1].value, d.kernel_output_feature)
        changed["feature_group_count"], at = b.size, d.output_feature
    out[at] = out[at] * b.size
    keywords: dict[str, object] = {**n.attrs, **changed, "result": n.results[0].tensor.with_shape(tuple(out))}
    y = node("convolution", left, right, **keywords)
    return [Batched(_split(y, at, b.size, n.results[0].shape[at]), True)]


@rule("cholesky", "triangular_solve", "fft")
def _linear_algebra(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return again(n, [b.whole(x) for x in xs], b.size)


@rule("custom_call")
def _host(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    """Factorisations take batches of matrices; other host functions are called for each element of the batch."""
    if not str(n.attrs["call_target_name"]).startswith("linalg_"):
        return b.one_by_one(n, xs)
    return again(n, [b.whole(x) for x in xs], b.size)


@rule("map")
def _map(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if any_batched(captured):
        return b.one_by_one(n, xs)
    return again(n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, dimensions=(0, *up(attr(n, "dimensions"))))


# Places that are computed


@rule("gather")
def _gather(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d = n.attr("dimension_numbers", GatherDims)
    sizes = n.dims("slice_sizes")
    x, at = xs
    if not at.batched:
        dims = GatherDims(
            (0, *up(d.offset_dims)), up(d.collapsed_slice_dims), up(d.operand_batching_dims),
            d.start_indices_batching_dims, up(d.start_index_map), d.index_vector_dim,
        )  # fmt: skip
        return again(n, [x.value, at.value], b.size, dimension_numbers=dims, slice_sizes=(b.size, *sizes))
    if not x.batched:
        dims = replace(
            d, offset_dims=up(d.offset_dims), start_indices_batching_dims=up(d.start_indices_batching_dims),
            index_vector_dim=d.index_vector_dim + 1,
        )  # fmt: skip
        return again(n, [x.value, at.value], b.size, dimension_numbers=dims, indices_are_sorted=False)
    dims = GatherDims(
        up(d.offset_dims), up(d.collapsed_slice_dims), (0, *up(d.operand_batching_dims)),
        (0, *up(d.start_indices_batching_dims)), up(d.start_index_map), d.index_vector_dim + 1,
    )  # fmt: skip
    return again(n, [x.value, at.value], b.size, dimension_numbers=dims, slice_sizes=(1, *sizes), indices_are_sorted=False)


@rule("scatter")
def _scatter(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d = n.attr("scatter_dimension_numbers", ScatterDims)
    dims = ScatterDims(
        up(d.update_window_dims), up(d.inserted_window_dims), (0, *up(d.input_batching_dims)),
        (0, *up(d.scatter_indices_batching_dims)), up(d.scatter_dims_to_operand_dims), d.index_vector_dim + 1,
    )  # fmt: skip
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if any_batched(captured):
        return b.one_by_one(n, xs)
    return again(
        n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, scatter_dimension_numbers=dims, indices_are_sorted=False
    )


def _starts(b: Batch, starts: Sequence[Batched]) -> Value:
    """Start indices, one scalar each, as one tensor [B, rank] of i64."""
    columns: list[Value] = []
    for s in starts:
        v = b.whole(s)
        wide = v if v.dtype == I64 else node("convert", v, result=v.tensor.with_dtype(I64))
        columns.append(reshape(wide, (b.size, 1)))
    return concatenate(columns, 1)


@rule("dynamic_slice")
def _dynamic_slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    sizes = n.dims("slice_sizes")
    x, *starts = xs
    if not starts:
        return [x]
    if not any(s.batched for s in starts):
        zero = scalar(0, starts[0].value.dtype)
        return again(n, [x.value, zero, *(s.value for s in starts)], b.size, slice_sizes=(b.size, *sizes))
    dims = tuple(range(1, len(sizes) + 1))
    wanted = GatherDims(dims, (), (0,), (0,), dims, 1)
    y = node("gather", b.whole(x), _starts(b, starts), dimension_numbers=wanted, slice_sizes=(1, *sizes))
    return [Batched(y, True)]


@rule("dynamic_update_slice")
def _dynamic_update_slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    x, update, *starts = xs
    if not starts:
        return [update]
    if not any(s.batched for s in starts):
        zero = scalar(0, starts[0].value.dtype)
        return again(n, [b.whole(x), b.whole(update), zero, *(s.value for s in starts)], b.size)
    whole, part = b.whole(x), b.whole(update)
    dims = tuple(range(1, len(starts) + 1))
    at = _starts(b, starts)
    room = [reshape(size_of(n - k), (1,)) for n, k in zip(whole.shape[1:], part.shape[1:], strict=True)]
    limits = spread(concatenate(room, 0), at.tensor, (1,))
    at = node("clamp", full(at.tensor, 0), at, limits)
    body = scalar_body("add", whole.dtype)
    second = Region(body.params, (), (body.params[1],))
    wanted = ScatterDims(dims, (), (0,), (0,), dims, 1)
    y = node("scatter", whole, at, part, scatter_dimension_numbers=wanted, unique_indices=True, update_computation=second)
    return [Batched(y, True)]
