"""Exporters of ops at computed places: gather, scatter, dynamic slices. They become reads and writes at row-major positions."""

from math import prod

import numpy as np

from ....compiler.ir.attrs import GatherDims, ScatterDims
from ....compiler.ir.graph import Node, Value
from ....compiler.ops.bodies import monoid_of
from ....compiler.ops.contraction import others
from ....proto.dtypes import I64
from ....proto.errors import fail
from .shapes import cut
from .writer import Writer, exports

_MODES = {"add": "add", "mul": "mul", "max": "max", "min": "min"}


def _static(*values: Value) -> None:
    if not all(v.tensor.is_static for v in values):
        raise fail("export.dynamic", "gathers and scatters of symbolic sizes cannot be exported", help="fix the shapes first")


def _strides(shape: tuple[int, ...]) -> list[int]:
    return [prod(shape[i + 1 :]) for i in range(len(shape))]


def _component(w: Writer, indices: str, rank: int, vector_dim: int, k: int) -> str:
    """Component k of every index vector, the vector's dim dropped."""
    if vector_dim == rank:
        return indices
    return w.node("Gather", [indices, w.number(k, I64)], axis=vector_dim)


@exports("gather")
def gather(w: Writer, n: Node, xs: list[str]) -> str:
    """Gather along an axis where that is what it is, else a Gather of the flat operand at computed positions."""
    x, at = n.operands
    d = n.attr("dimension_numbers", GatherDims)
    sizes = n.ints("slice_sizes")
    indices = w.cast(xs[1], I64)
    if len(d.start_index_map) == 1 and d.collapsed_slice_dims == d.start_index_map and not d.operand_batching_dims:
        axis = d.start_index_map[0]
        if all(s == m for i, (s, m) in enumerate(zip(sizes, x.shape, strict=True)) if i != axis) and isinstance(x.shape[axis], int):
            return _along(w, n, xs[0], _component(w, indices, len(at.shape), d.index_vector_dim, 0), axis, d)
    _static(x, at)
    starts: dict[int, str] = {}
    for k, dim in enumerate(d.start_index_map):
        component = _component(w, indices, len(at.shape), d.index_vector_dim, k)
        starts[dim] = w.node("Clip", [component, w.number(0, I64), w.number(x.shape[dim] - sizes[dim], I64)])
    positions = _positions(w, n.result.tensor.static_shape, x.tensor.static_shape, d, starts, sizes)
    return w.node("Gather", [w.reshape(xs[0], (-1,)) if x.shape else w.reshape(xs[0], (1,)), positions], axis=0)


def _along(w: Writer, n: Node, x: str, indices: str, axis: int, d: GatherDims) -> str:
    """A Gather, whose batch dims come in place of the axis, transposed to where they are wanted."""
    size = n.operands[0].shape[axis]
    y = w.node("Gather", [x, w.node("Clip", [indices, w.number(0, I64), w.number(size - 1, I64)])], axis=axis)
    rank = len(n.result.shape)
    batch = rank - len(d.offset_dims)
    have = [*range(axis), *range(axis + batch, rank)]  # the offset dims in what Gather gives
    order = [0] * rank
    for place, source in zip(d.offset_dims, have, strict=True):
        order[place] = source
    for place, source in zip(others(rank, d.offset_dims), range(axis, axis + batch), strict=True):
        order[place] = source
    return w.transpose(y, order)


def _positions(
    w: Writer, shape: tuple[int, ...], base: tuple[int, ...], d: GatherDims, starts: dict[int, str], sizes: tuple[int, ...]
) -> str:
    """For every element of a result of this shape, the row-major position it is read from: constant offsets, plus starts times strides."""
    strides = _strides(base)
    batch = others(len(shape), d.offset_dims)
    offsets = np.zeros(shape, np.int64)
    windows = [i for i in range(len(base)) if i not in (*d.collapsed_slice_dims, *d.operand_batching_dims)]
    for place, dim in zip(d.offset_dims, windows, strict=True):
        offsets += np.arange(shape[place]).reshape([-1 if i == place else 1 for i in range(len(shape))]) * strides[dim]
    index_dims = (
        [i for i in range(len(batch) + 1) if i != d.index_vector_dim] if d.index_vector_dim <= len(batch) else list(range(len(batch)))
    )
    for dim, index_dim in zip(d.operand_batching_dims, d.start_indices_batching_dims, strict=True):
        place = batch[index_dims.index(index_dim)]
        offsets += np.arange(shape[place]).reshape([-1 if i == place else 1 for i in range(len(shape))]) * strides[dim]
    total = w.constant(offsets)
    aligned = [shape[i] if i in batch else 1 for i in range(len(shape))]
    for dim, start in starts.items():
        step = w.node("Mul", [w.reshape(start, aligned), w.number(strides[dim], I64)])
        total = w.node("Add", [total, step])
    return total


@exports("scatter")
def scatter(w: Writer, n: Node, xs: list[str]) -> str:
    """ScatterND into the flat operand, with one place more for updates that are out of bounds."""
    if len(n.operands) != 3:
        raise fail("export.op", "ONNX scatters one tensor at a time")
    body = n.regions[0]
    monoid = monoid_of(body)
    replaces = body.results[0] is body.params[1]
    if not replaces and monoid not in _MODES:
        raise fail("export.op", "ONNX scatters by replacing, sum, product, maximum and minimum")
    x, at, updates = n.operands
    _static(x, at, updates)
    d = n.attr("scatter_dimension_numbers", ScatterDims)
    as_gather = GatherDims(
        d.update_window_dims, d.inserted_window_dims, d.input_batching_dims, d.scatter_indices_batching_dims,
        d.scatter_dims_to_operand_dims, d.index_vector_dim,
    )  # fmt: skip
    base, shape = x.tensor.static_shape, updates.tensor.static_shape
    dropped = {*d.inserted_window_dims, *d.input_batching_dims}
    window = iter(shape[i] for i in d.update_window_dims)
    sizes = tuple(1 if i in dropped else next(window) for i in range(len(base)))
    indices = w.cast(xs[1], I64)
    starts = {dim: _component(w, indices, len(at.shape), d.index_vector_dim, k) for k, dim in enumerate(d.scatter_dims_to_operand_dims)}
    positions = _positions(w, shape, base, as_gather, starts, sizes)
    inside = _inside(w, starts, base, sizes, shape, d)
    outside = w.number(prod(base), I64)
    positions = w.node("Where", [inside, positions, outside]) if inside else positions
    return _write(
        w, n, xs[0], w.reshape(positions, (prod(shape), 1)), w.reshape(xs[2], (prod(shape),)), "none" if replaces else str(monoid)
    )


def _inside(
    w: Writer, starts: dict[int, str], base: tuple[int, ...], sizes: tuple[int, ...], shape: tuple[int, ...], d: ScatterDims
) -> str:
    """Whether the window of each update lies inside, in the updates' shape."""
    found = ""
    aligned = [1 if i in d.update_window_dims else m for i, m in enumerate(shape)]
    for dim, start in starts.items():
        low = w.node("GreaterOrEqual", [start, w.number(0, I64)])
        high = w.node("LessOrEqual", [start, w.number(base[dim] - sizes[dim], I64)])
        good = w.reshape(w.node("And", [low, high]), aligned)
        found = w.node("And", [found, good]) if found else good
    return found


def _write(w: Writer, n: Node, x: str, positions: str, updates: str, mode: str) -> str:
    """Updates written at positions of the flat operand; the place after the last takes those that are dropped."""
    dtype, shape = n.result.dtype, n.result.tensor.static_shape
    spare = w.constant(np.zeros(1, dtype.numpy))
    flat = w.node("Concat", [w.reshape(x, (prod(shape),)), spare], axis=0)
    written = w.node("ScatterND", [flat, positions, updates], reduction=mode)
    return w.reshape(cut(w, written, [0], [prod(shape)], [1]), shape)


def _starts(w: Writer, names: list[str], limits: list[int]) -> str:
    """Start indices as a vector, moved so that the slice fits."""
    rows = [w.reshape(w.cast(name, I64), (1,)) for name in names]
    vector = w.node("Concat", rows, axis=0)
    return w.node("Min", [w.node("Max", [vector, w.ints([0])]), w.ints(limits)])


@exports("dynamic_slice")
def dynamic_slice(w: Writer, n: Node, xs: list[str]) -> str:
    """A Slice whose starts are computed."""
    if len(xs) == 1:
        return xs[0]
    x = n.operands[0]
    _static(x)
    sizes = n.ints("slice_sizes")
    starts = _starts(w, xs[1:], [m - s for m, s in zip(x.shape, sizes, strict=True)])
    limits = w.node("Add", [starts, w.ints(sizes)])
    return w.node("Slice", [xs[0], starts, limits, w.ints(range(len(sizes)))])


@exports("dynamic_update_slice")
def dynamic_update_slice(w: Writer, n: Node, xs: list[str]) -> str:
    """ScatterND at computed positions."""
    x, update = n.operands[:2]
    if len(xs) == 2:
        return xs[1]
    _static(x, update)
    base, shape = x.tensor.static_shape, update.tensor.static_shape
    starts = _starts(w, xs[2:], [m - s for m, s in zip(base, shape, strict=True)])
    first = w.node("ReduceSum", [w.node("Mul", [starts, w.ints(_strides(base))]), w.ints([0])], keepdims=1)
    offsets = sum(
        np.arange(m).reshape([-1 if i == k else 1 for i in range(len(shape))]) * s
        for k, (m, s) in enumerate(zip(shape, _strides(base), strict=True))
    )
    positions = w.node("Add", [w.constant(np.asarray(offsets, np.int64).reshape(-1)), first])
    return _write(w, n, xs[0], w.reshape(positions, (prod(shape), 1)), w.reshape(xs[1], (prod(shape),)), "none")
