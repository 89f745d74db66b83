"""`gather` and `scatter`: slices at places that are computed."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import DType
from ...proto.errors import check
from ..ir.attrs import GatherDims, ScatterDims
from ..ir.dims import Dim, is_nonnegative
from ..ir.graph import Node, Region
from ..ir.types import Shape, TensorType
from .accumulate import exceeds
from .bodies import Body, check_fold, listed, region_of
from .builder import E, ElementBuilder, Index
from .contraction import others
from .gradients.indexing import gather_grad, scatter_grad
from .numeric import narrow
from .reduction import fold_dtypes
from .registry import define


def _is_sorted(dims: Sequence[int]) -> bool:
    return list(dims) == sorted(dims)


def _is_unique(dims: Sequence[int]) -> bool:
    return len(set(dims)) == len(dims)


def _within(dims: Sequence[int], rank: int) -> bool:
    return all(0 <= d < rank for d in dims)


def _index_count(indices: TensorType, index_vector_dim: int) -> Dim:
    """The length of an index vector."""
    return indices.shape[index_vector_dim] if index_vector_dim < indices.rank else 1


def _check_batching(
    op: str,
    operand: TensorType,
    indices: TensorType,
    batching: tuple[int, ...],
    index_batching: tuple[int, ...],
    vector_dim: int,
    first: int,
) -> None:
    """Constraints `first` to `first + 4`, which gather and scatter share: batching dims of the indices and their sizes."""
    codes = [f"{op}.C{first + i}" for i in range(5)]
    check(_is_unique(index_batching), codes[0], f"batching dims of the indices must be unique, got {index_batching}")
    check(_within(index_batching, indices.rank), codes[1], f"batching dims {index_batching} must lie in [0, {indices.rank}) of {indices}")
    check(vector_dim not in index_batching, codes[2], f"index_vector_dim {vector_dim} must not be a batching dim of {index_batching}")
    same = len(batching) == len(index_batching)
    check(same, codes[3], f"as many batching dims of the operand as of the indices, got {batching} and {index_batching}")
    for d, s in zip(batching, index_batching, strict=True):
        fact = f"batching dims differ: {operand.shape[d]} (operand dim {d}) and {indices.shape[s]} (indices dim {s})"
        check(operand.shape[d] == indices.shape[s], codes[4], fact)


def gather_shape(indices: Shape, dims: GatherDims, slice_sizes: Sequence[Dim]) -> Shape:
    """The shape of a gather's result."""
    batch = iter([n for d, n in enumerate(indices) if d != dims.index_vector_dim])
    dropped = {*dims.collapsed_slice_dims, *dims.operand_batching_dims}
    offsets = iter([n for d, n in enumerate(slice_sizes) if d not in dropped])
    rank = len(indices) - (dims.index_vector_dim < len(indices)) + len(dims.offset_dims)
    return tuple(next(offsets) if d in dims.offset_dims else next(batch) for d in range(rank))


def _infer_gather(
    operand: TensorType,
    start_indices: TensorType,
    *,
    dimension_numbers: GatherDims,
    slice_sizes: tuple[Dim, ...],
    indices_are_sorted: bool = False,
) -> TensorType:
    d, rank = dimension_numbers, operand.rank
    check(start_indices.dtype.is_int, "gather.I2", f"`start_indices` must be integers, got {start_indices}")
    parts = len(d.offset_dims) + len(d.collapsed_slice_dims) + len(d.operand_batching_dims)
    check(rank == parts, "gather.C1", f"{operand} needs {rank} offset, collapsed and batching dims in all, got {parts}")
    in_range = 0 <= d.index_vector_dim <= start_indices.rank
    check(in_range, "gather.C2", f"index_vector_dim {d.index_vector_dim} must lie in [0, {start_indices.rank}] of {start_indices}")
    count = _index_count(start_indices, d.index_vector_dim)
    check(len(d.start_index_map) == count, "gather.C3", f"start_index_map {d.start_index_map} must have {count} entries")
    check(_is_unique(d.offset_dims) and _is_sorted(d.offset_dims), "gather.C4", f"offset_dims {d.offset_dims} must be unique and sorted")
    result_rank = start_indices.rank - (d.index_vector_dim < start_indices.rank) + len(d.offset_dims)
    check(_within(d.offset_dims, result_rank), "gather.C5", f"offset_dims {d.offset_dims} must lie in [0, {result_rank})")
    dropped = d.collapsed_slice_dims + d.operand_batching_dims
    check(_is_unique(dropped), "gather.C6", f"collapsed and batching dims {dropped} must be unique")
    check(_is_sorted(d.collapsed_slice_dims), "gather.C7", f"collapsed_slice_dims {d.collapsed_slice_dims} must be sorted")
    check(_within(d.collapsed_slice_dims, rank), "gather.C8", f"collapsed_slice_dims {d.collapsed_slice_dims} must lie in [0, {rank})")
    check(len(slice_sizes) == rank, "gather.C20", f"slice_sizes {slice_sizes} must have {rank} entries for {operand}")
    ones = all(not exceeds(slice_sizes[i], 1) for i in d.collapsed_slice_dims)
    check(ones, "gather.C9", f"slice_sizes {slice_sizes} must be at most 1 in collapsed dims {d.collapsed_slice_dims}")
    check(_is_sorted(d.operand_batching_dims), "gather.C10", f"operand_batching_dims {d.operand_batching_dims} must be sorted")
    check(_within(d.operand_batching_dims, rank), "gather.C11", f"operand_batching_dims {d.operand_batching_dims} must lie in [0, {rank})")
    ones = all(not exceeds(slice_sizes[i], 1) for i in d.operand_batching_dims)
    check(ones, "gather.C12", f"slice_sizes {slice_sizes} must be at most 1 in batching dims {d.operand_batching_dims}")
    _check_batching("gather", operand, start_indices, d.operand_batching_dims, d.start_indices_batching_dims, d.index_vector_dim, 13)
    mapped = d.start_index_map + d.operand_batching_dims
    check(_is_unique(mapped), "gather.C18", f"start_index_map and operand_batching_dims {mapped} must be unique")
    check(_within(d.start_index_map, rank), "gather.C19", f"start_index_map {d.start_index_map} must lie in [0, {rank})")
    fits = all(not exceeds(0, s) and not exceeds(s, n) for s, n in zip(slice_sizes, operand.shape, strict=True))
    check(fits, "gather.C21", f"slice_sizes {slice_sizes} must lie in [0, dim] of {operand}")
    return TensorType(operand.dtype, gather_shape(start_indices.shape, d, slice_sizes))


def _signed(indices: np.ndarray) -> np.ndarray:
    """Indices as int64; those beyond its range are out of bounds anyway."""
    if indices.dtype == np.uint64:
        return np.minimum(indices, np.uint64(2**62)).astype(np.int64)
    return indices.astype(np.int64)


def _index_vectors(indices: np.ndarray, vector_dim: int) -> np.ndarray:
    """Indices as int64 with the index vector in the last dim."""
    indices = _signed(indices)
    return np.moveaxis(indices, vector_dim, -1) if vector_dim < indices.ndim else indices[..., None]


def _batch_positions(batch: tuple[int, ...], index_dim: int, vector_dim: int) -> np.ndarray:
    """For every batch index, its component that stems from dim `index_dim` of the indices."""
    d = index_dim - (index_dim > vector_dim)
    shape = [1] * len(batch)
    shape[d] = batch[d]
    return np.broadcast_to(np.arange(batch[d]).reshape(shape), batch)


def _reference_gather(
    operand: np.ndarray,
    start_indices: np.ndarray,
    *,
    dimension_numbers: GatherDims,
    slice_sizes: tuple[int, ...],
    indices_are_sorted: bool = False,
) -> np.ndarray:
    d = dimension_numbers
    shape = tuple(int(n) for n in gather_shape(start_indices.shape, d, slice_sizes))  # type: ignore[arg-type]
    vectors = _index_vectors(start_indices, d.index_vector_dim)
    batch = vectors.shape[:-1]
    if operand.size == 0 or any(k > n for k, n in zip(slice_sizes, operand.shape, strict=True)):
        return np.zeros(shape, operand.dtype)
    dropped = {*d.collapsed_slice_dims, *d.operand_batching_dims}
    window = others(operand.ndim, tuple(dropped))
    slice_sizes = tuple(1 if i in dropped else k for i, k in enumerate(slice_sizes))
    places: list[np.ndarray] = []
    for i in range(operand.ndim):
        at = np.zeros(batch, np.int64)
        if i in d.start_index_map:
            at = np.clip(vectors[..., d.start_index_map.index(i)], 0, operand.shape[i] - slice_sizes[i])
        if i in d.operand_batching_dims:
            at = at + _batch_positions(batch, d.start_indices_batching_dims[d.operand_batching_dims.index(i)], d.index_vector_dim)
        at = at.reshape((*batch, *(1 for _ in window)))
        if i in window:
            offsets = [1] * len(window)
            offsets[window.index(i)] = slice_sizes[i]
            at = at + np.arange(slice_sizes[i]).reshape(offsets)
        places.append(at)
    gathered = operand[tuple(np.broadcast_arrays(*places))] if places else operand
    gathered = np.broadcast_to(gathered, (*batch, *(slice_sizes[i] for i in window)))
    batch_dims = others(len(shape), d.offset_dims)
    return gathered.transpose(np.argsort((*batch_dims, *d.offset_dims))) if shape else np.asarray(gathered)


def _element_gather(b: ElementBuilder[E], node: Node, index: Index) -> E:
    operand, indices = node.inputs
    d = node.attr("dimension_numbers", GatherDims)
    given = node.dims("slice_sizes")
    # One element is read of a dim that the result lacks, though the size of its slice may be given as 0.
    sizes = tuple(1 if i in (*d.collapsed_slice_dims, *d.operand_batching_dims) else k for i, k in enumerate(given))
    batch = tuple(index[i] for i in others(len(index), d.offset_dims))
    offsets = iter([index[i] for i in d.offset_dims])
    full: list[Dim] = []
    for i, n in enumerate(operand.shape):
        at: Dim = 0
        if i in d.start_index_map:
            place = list(batch)
            if d.index_vector_dim < len(indices.shape):
                place.insert(d.index_vector_dim, d.start_index_map.index(i))
            at = b.index(b.read(indices, tuple(place)), 0, n - sizes[i])
        if i in d.operand_batching_dims:
            s = d.start_indices_batching_dims[d.operand_batching_dims.index(i)]
            at = at + batch[s - (s > d.index_vector_dim)]
        if i not in d.collapsed_slice_dims and i not in d.operand_batching_dims:
            at = at + next(offsets)
        full.append(at)
    # A dim that turns out to be empty has nothing to clamp an index to.
    filled = [(0, n - k, n - k + 1) for n, k in zip(operand.shape, sizes, strict=True) if not is_nonnegative(n - k)]
    if not filled:
        return b.read(operand, tuple(full))
    return b.within(filled, lambda: b.read(operand, tuple(full)), lambda: b.const(operand.dtype, 0))


gather = define(
    "gather",
    doc="""Slices of `operand` at the places in `start_indices`; a start out of bounds is clamped so that the slice fits.

    I2: start_indices are integers. C1: offset, collapsed and batching dims make up the operand's rank. C2, C3: index_vector_dim
    is in range, and start_index_map as long as an index vector. C4-C8, C10, C11: dims are unique, sorted, in range. C9, C12:
    slices have at most one element in collapsed and batching dims. C13-C17: batching dims of the indices are unique, in range,
    not the index vector's, and as many and as long as the operand's. C18, C19: start_index_map is unique, in range. C20, C21:
    slice_sizes has an entry per dim, no larger than the dim. C22: the result has batch dims from the indices and offset dims from
    the slices. C23: and the operand's element type.""",
    infer=_infer_gather,
    reference=_reference_gather,
    element=_element_gather,
    grad=gather_grad,
)


def _check_scatter_dims(x: TensorType, indices: TensorType, d: ScatterDims, update_rank: int) -> None:
    rank, op = x.rank, "scatter"
    parts = len(d.update_window_dims) + len(d.inserted_window_dims) + len(d.input_batching_dims)
    check(rank == parts, f"{op}.C2", f"{x} needs {rank} window, inserted and batching dims in all, got {parts}")
    w = d.update_window_dims
    check(_is_unique(w) and _is_sorted(w), f"{op}.C7", f"update_window_dims {w} must be unique and sorted")
    check(_within(w, update_rank), f"{op}.C8", f"update_window_dims {w} must lie in [0, {update_rank})")
    dropped = d.inserted_window_dims + d.input_batching_dims
    check(_is_unique(dropped), f"{op}.C9", f"inserted and batching dims {dropped} must be unique")
    check(_is_sorted(d.inserted_window_dims), f"{op}.C10", f"inserted_window_dims {d.inserted_window_dims} must be sorted")
    check(_within(d.inserted_window_dims, rank), f"{op}.C11", f"inserted_window_dims {d.inserted_window_dims} must lie in [0, {rank})")
    check(_is_sorted(d.input_batching_dims), f"{op}.C12", f"input_batching_dims {d.input_batching_dims} must be sorted")
    check(_within(d.input_batching_dims, rank), f"{op}.C13", f"input_batching_dims {d.input_batching_dims} must lie in [0, {rank})")
    _check_batching(op, x, indices, d.input_batching_dims, d.scatter_indices_batching_dims, d.index_vector_dim, 14)
    in_range = 0 <= d.index_vector_dim <= indices.rank
    check(in_range, f"{op}.C22", f"index_vector_dim {d.index_vector_dim} must lie in [0, {indices.rank}] of {indices}")
    count = _index_count(indices, d.index_vector_dim)
    m = d.scatter_dims_to_operand_dims
    check(len(m) == count, f"{op}.C19", f"scatter_dims_to_operand_dims {m} must have {count} entries")
    mapped = m + d.input_batching_dims
    check(_is_unique(mapped), f"{op}.C20", f"scatter_dims_to_operand_dims and batching dims {mapped} must be unique")
    check(_within(m, rank), f"{op}.C21", f"scatter_dims_to_operand_dims {m} must lie in [0, {rank})")


def _check_updates(x: TensorType, indices: TensorType, update: TensorType, d: ScatterDims) -> None:
    batch = tuple(n for i, n in enumerate(indices.shape) if i != d.index_vector_dim)
    scatter_dims = others(update.rank, d.update_window_dims)
    have = tuple(update.shape[i] for i in scatter_dims)
    beside = f"updates {update} must have the dims {batch} of the indices beside window dims {d.update_window_dims}"
    check(have == batch, "scatter.C4", beside)
    limits = [x.shape[i] for i in others(x.rank, d.inserted_window_dims, d.input_batching_dims)]
    fits = all(not exceeds(update.shape[i], n) for i, n in zip(d.update_window_dims, limits, strict=True))
    check(fits, "scatter.C4", f"windows of the updates {update} must not exceed {limits} of the input {x}")


def _infer_scatter(
    *xs: TensorType,
    scatter_dimension_numbers: ScatterDims,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    update_computation: Region,
) -> tuple[TensorType, ...]:
    n = len(xs) // 2
    check(n > 0 and len(xs) % 2 == 1, "scatter.C5", f"`scatter` takes N inputs, indices, N updates, N > 0; {len(xs)} operands given")
    inputs, indices, updates = xs[:n], xs[n], xs[n + 1 :]
    check(indices.dtype.is_int, "scatter.I2", f"`scatter_indices` must be integers, got {indices}")
    check(all(x.shape == inputs[0].shape for x in inputs), "scatter.C1", f"inputs must have one shape, got {listed(inputs)}")
    check(all(u.shape == updates[0].shape for u in updates), "scatter.C3", f"updates must have one shape, got {listed(updates)}")
    same = all(x.dtype == u.dtype for x, u in zip(inputs, updates, strict=True))
    check(same, "scatter.C6", f"inputs and updates must have the same element types, got {listed(inputs)} and {listed(updates)}")
    _check_scatter_dims(inputs[0], indices, scatter_dimension_numbers, updates[0].rank)
    _check_updates(inputs[0], indices, updates[0], scatter_dimension_numbers)
    dtypes = check_fold(update_computation, inputs, "scatter.C23")
    return tuple(TensorType(e, inputs[0].shape) for e in dtypes)


def scatter_targets(shape: tuple[int, ...], indices: np.ndarray, updates: tuple[int, ...], d: ScatterDims) -> np.ndarray:
    """For every element of the updates, the flat index of the element it goes to; -1 if that is out of bounds."""
    vectors = _index_vectors(indices, d.index_vector_dim)
    batch = vectors.shape[:-1]
    window = others(len(shape), d.inserted_window_dims, d.input_batching_dims)
    scatter_dims = others(len(updates), d.update_window_dims)

    def along(values: np.ndarray, dims: Sequence[int]) -> np.ndarray:
        sizes = [1] * len(updates)
        for i, n in zip(dims, values.shape, strict=True):
            sizes[i] = n
        return values.reshape(sizes)

    flat, inside = np.zeros(updates, np.int64), np.ones(updates, np.bool_)
    for i, n in enumerate(shape):
        at = np.zeros([1] * len(updates), np.int64)
        if i in d.scatter_dims_to_operand_dims:
            at = along(vectors[..., d.scatter_dims_to_operand_dims.index(i)], scatter_dims)
        if i in d.input_batching_dims:
            s = d.scatter_indices_batching_dims[d.input_batching_dims.index(i)]
            at = at + along(_batch_positions(batch, s, d.index_vector_dim), scatter_dims)
        if i in window:
            u = d.update_window_dims[window.index(i)]
            # Far out of bounds stays out of bounds: no overflow.
            at = np.clip(at, -(2**62), 2**62) + along(np.arange(updates[u]), (u,))
        inside &= (at >= 0) & (at < n)
        flat = flat * n + np.clip(at, 0, max(0, n - 1))
    return np.where(inside, flat, -1)


def scatter_rounds(states: list[np.ndarray], targets: np.ndarray, updates: list[np.ndarray], body: Body) -> list[np.ndarray]:
    """`states[targets[i]] = body(states[targets[i]], updates[i])` for every i in order, all 1-dimensional; negative targets are skipped.

    The updates are applied in rounds of distinct targets, so that each round is one call of `body` on arrays.
    """
    states = [s.copy() for s in states]
    valid = np.flatnonzero(targets >= 0)
    order = valid[np.argsort(targets[valid], kind="stable")]
    hit = targets[order]
    first = np.r_[True, hit[1:] != hit[:-1]] if len(hit) else np.zeros(0, np.bool_)
    starts = np.flatnonzero(first)
    turn = np.arange(len(hit)) - np.repeat(starts, np.diff(np.r_[starts, len(hit)]))
    for r in range(int(turn.max(initial=-1)) + 1):
        now = order[turn == r]
        at = targets[now]
        results = body(*(s[at] for s in states), *(u[now] for u in updates))
        for s, value in zip(states, results, strict=True):
            s[at] = value
    return states


def replaces(region: Region) -> bool:
    """Whether an update computation just returns the updates."""
    n = len(region.results)
    return len(region.params) >= 2 * n and region.results == region.params[n : 2 * n]


def _reference_scatter(
    *xs: np.ndarray,
    scatter_dimension_numbers: ScatterDims,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    update_computation: Body,
) -> tuple[np.ndarray, ...]:
    n = len(xs) // 2
    inputs, indices, updates = xs[:n], xs[n], xs[n + 1 :]
    dtypes: tuple[DType, ...] = fold_dtypes(inputs, update_computation)
    targets = scatter_targets(inputs[0].shape, indices, updates[0].shape, scatter_dimension_numbers).ravel()
    states = [narrow(x, e).ravel() for x, e in zip(inputs, dtypes, strict=True)]
    values = [narrow(u, e).ravel() for u, e in zip(updates, dtypes, strict=True)]
    region = region_of(update_computation)
    if region is not None and replaces(region):
        keep = _last_of_each(targets)
        targets, values = targets[keep], [v[keep] for v in values]
    results = scatter_rounds(states, targets, values, update_computation)
    return tuple(r.reshape(inputs[0].shape) for r in results)


def _last_of_each(targets: np.ndarray) -> np.ndarray:
    """The positions of the last occurrence of every value."""
    _, back = np.unique(targets[::-1], return_index=True)
    return len(targets) - 1 - back


scatter = define(
    "scatter",
    doc="""`inputs` with `updates` combined into them by `update_computation` at the places in `scatter_indices`, in row-major order.

    Operands: N inputs, indices, N updates. An update whose place is out of bounds is skipped. I2: indices are integers. C1:
    inputs have one shape. C2: window, inserted and batching dims make up its rank. C3: updates have one shape. C4: made of the
    indices' dims and windows no larger than the inputs. C5: N > 0. C6: updates have the inputs' element types. C7-C13: dims are
    unique, sorted, in range. C14-C18: batching dims of the indices are unique, in range, not the index vector's, as many and as
    long as the inputs'. C19-C21: scatter_dims_to_operand_dims is as long as an index vector, unique, in range. C22:
    index_vector_dim is in range. C23: the computation is (E..., E...) -> E... on scalars, inputs promotable to E. C24, C25:
    results have the inputs' shape and element types E.""",
    infer=_infer_scatter,
    reference=_reference_scatter,
    regions=("update_computation",),
    grad=scatter_grad,
)
