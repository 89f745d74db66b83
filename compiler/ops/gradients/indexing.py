"""Gradients of `gather` and `scatter`."""

from ....proto.dtypes import BOOL, I64, DType
from ...ir.attrs import GatherDims, ScatterDims
from ...ir.dims import Dim, product, terms_of
from ...ir.graph import Region, Value
from ...ir.types import TensorType
from ..bodies import monoid_of
from ..nodes import node
from .common import (
    Cotangents,
    compare,
    concatenate,
    full,
    iota,
    masked,
    reshape,
    scalar_body,
    spread,
    zeros_like,
)


def _limits(indices: Value, sizes: list[Dim], vector_dim: int) -> Value:
    """A tensor of the shape of `indices` (i64) that holds `sizes[k]` wherever component k of an index vector stands."""
    shape = indices.shape
    if vector_dim == len(shape):
        return spread(size_of(sizes[0]), TensorType(I64, shape), ())
    row = concatenate([reshape(size_of(n), (1,)) for n in sizes], 0)
    return spread(row, TensorType(I64, shape), (vector_dim,))


def size_of(n: Dim) -> Value:
    """A dim as a scalar i64."""
    if isinstance(n, int):
        return full(TensorType(I64, ()), n)
    constant = next((factor for monomial, factor in terms_of(n) if not monomial), 0)
    if constant < 0:  # perhaps less than nothing, which no tensor has the size of
        return node("add", size_of(n - constant), full(TensorType(I64, ()), constant))
    counted = iota(TensorType(I64, (n + 1,)), 0)
    last = node("slice", counted, start_indices=(n,), limit_indices=(n + 1,), strides=(1,))
    return reshape(last, ())


def _wide(indices: Value) -> Value:
    return indices if indices.dtype == I64 else node("convert", indices, result=indices.tensor.with_dtype(I64))


def gather_grad(
    g: Value, x: Value, indices: Value, *, dimension_numbers: GatherDims, slice_sizes: tuple[Dim, ...], indices_are_sorted: bool
) -> Cotangents:
    """Slices of the cotangent added up at the places they came from. Starts are clamped, as the gather clamps them."""
    d = dimension_numbers
    starts = _wide(indices)
    if d.start_index_map:
        room = [x.shape[i] - slice_sizes[i] for i in d.start_index_map]
        starts = node("clamp", zeros_like(starts), starts, _limits(starts, room, d.index_vector_dim))
    dims = ScatterDims(
        d.offset_dims, d.collapsed_slice_dims, d.operand_batching_dims, d.start_indices_batching_dims, d.start_index_map, d.index_vector_dim
    )
    return _scatter(zeros_like(x), starts, g, dims, scalar_body("add", x.dtype)), None


def _scatter(x: Value, indices: Value, updates: Value, dims: ScatterDims, body: Region, unique: bool = False) -> Value:
    return node("scatter", x, indices, updates, scatter_dimension_numbers=dims, unique_indices=unique, update_computation=body)


def _picks(x: Value, updates: Value, d: ScatterDims) -> tuple[GatherDims, tuple[Dim, ...]]:
    """The gather that reads what a scatter of `updates` into `x` writes."""
    dims = GatherDims(
        d.update_window_dims, d.inserted_window_dims, d.input_batching_dims, d.scatter_indices_batching_dims,
        d.scatter_dims_to_operand_dims, d.index_vector_dim,
    )  # fmt: skip
    dropped = {*d.inserted_window_dims, *d.input_batching_dims}
    windows = iter(updates.shape[i] for i in d.update_window_dims)
    return dims, tuple(1 if i in dropped else next(windows) for i in range(len(x.shape)))


class _Places:
    """Where the updates of a scatter go: reading there, and which of them lie inside."""

    def __init__(self, x: Value, indices: Value, updates: Value, d: ScatterDims) -> None:
        self.dims, self.sizes = _picks(x, updates, d)
        self.indices = _wide(indices)
        self.updates = updates
        self._inside = self._bounds(x, d)

    def _bounds(self, x: Value, d: ScatterDims) -> Value | None:
        """Whether each update is written at all, in the updates' shape."""
        if not d.scatter_dims_to_operand_dims:
            return None
        room = [x.shape[i] - self.sizes[i] for i in d.scatter_dims_to_operand_dims]
        high = _limits(self.indices, room, d.index_vector_dim)
        good = node("and", compare("GE", self.indices, zeros_like(self.indices)), compare("LE", self.indices, high))
        if d.index_vector_dim < len(good.shape):
            every = full(TensorType(BOOL, ()), True)
            good = node("reduce", good, every, dimensions=(d.index_vector_dim,), body=scalar_body("and", BOOL))
        beside = [i for i in range(len(self.updates.shape)) if i not in d.update_window_dims]
        return spread(good, self.updates.tensor, beside)

    def read(self, v: Value) -> Value:
        """The elements of `v`, of the input's shape, in the updates' places; 0 for those outside."""
        found = node("gather", v, self.indices, dimension_numbers=self.dims, slice_sizes=self.sizes)
        return found if self._inside is None else masked(self._inside, found)


def scatter_grad(
    *gs_and_operands: Value,
    scatter_dimension_numbers: ScatterDims,
    indices_are_sorted: bool,
    unique_indices: bool,
    update_computation: Region,
) -> Cotangents:
    """Of scatters that add, multiply (unique indices), replace, or keep the larger or smaller; one input."""
    body = update_computation
    g, x, indices, updates = gs_and_operands
    places = _Places(x, indices, updates, scatter_dimension_numbers)
    match monoid_of(body):
        case "add":
            return g, None, places.read(g)
        case "mul":
            scaled = _scatter(g, indices, updates, scatter_dimension_numbers, body, True)
            return scaled, None, places.read(node("multiply", g, x))
        case "max" | "min":
            return _extreme_grad(g, x, indices, updates, places, scatter_dimension_numbers, body)
        case _:
            return _replace_grad(g, x, indices, updates, places, scatter_dimension_numbers, body)


def _replace_grad(g: Value, x: Value, indices: Value, updates: Value, places: _Places, d: ScatterDims, body: Region) -> Cotangents:
    """The input's cotangent is 0 where it was replaced; of updates to one place, the last has it."""
    kept = _scatter(g, indices, zeros_like(updates), d, body)
    numbers = reshape(node("add", iota(TensorType(I64, (product(updates.shape),)), 0), _ones(product(updates.shape))), updates.shape)
    winners = _scatter(_zeros_of(x, I64), indices, numbers, d, _second(I64))
    wins = compare("EQ", places.read(winners), numbers)
    return kept, None, masked(wins, places.read(g))


def _ones(n: Dim) -> Value:
    return full(TensorType(I64, (n,)), 1)


def _zeros_of(x: Value, dtype: DType) -> Value:
    """Zeros of another element type in the shape of `x`."""
    return full(x.tensor.with_dtype(dtype), 0)


def _second(dtype: DType) -> Region:
    """The region `(x, y) -> y`."""
    whole = scalar_body("add", dtype)
    return Region(whole.params, (), (whole.params[1],))


def _extreme_grad(g: Value, x: Value, indices: Value, updates: Value, places: _Places, d: ScatterDims, body: Region) -> Cotangents:
    """Shared among the input and all updates that reach the result."""
    y = _scatter(x, indices, updates, d, body)
    own = compare("EQ", x, y)
    reach = compare("EQ", updates, places.read(y))
    one = node("convert", reach, result=updates.type)
    count = _scatter(node("convert", own, result=x.type), indices, one, d, scalar_body("add", x.dtype))
    share = node("divide", g, node("maximum", count, full(count.tensor, 1)))
    return masked(own, share), None, masked(reach, places.read(share))
