"""Derivatives of folds, scatters and sorts whose regions are of no kind that the ops' own rules know: through the same as loops.

What a region of scalars computes of single elements it computes of a row of them at once, vectorised; a loop goes over the rows, and is
differentiated as any other.
"""

from collections.abc import Collection, Sequence

from ...proto.dtypes import I64
from ..batching import batch
from ..ir.attrs import GatherDims, ScatterDims
from ..ir.dims import Dim, product
from ..ir.graph import Node, Region, Value, param
from ..ir.types import TensorType
from ..ops.bodies import monoid_of, monoids_of
from ..ops.gradients.common import (
    cast,
    compare,
    concatenate,
    has_cotangent,
    inline,
    iota,
    reshape,
    row,
    scalar_body,
    spread,
    transpose,
)
from ..ops.gradients.indexing import size_of
from ..ops.gradients.reduction import chosen, windows
from ..ops.gradients.shape import sorted_with, take_along
from ..ops.nodes import node, nodes
from .reverse import own_rule, rule, through
from .taken import Values, loop, number

_FOLDS = ("add", "mul", "max", "min")


def _parts(current: Node) -> list[Region] | None:
    """The region as one for each operand, if it treats them apart by operations that have rules."""
    found = None if current.captures else monoids_of(current.regions[0])
    if found is None or not all(m in _FOLDS for m in found):
        return None
    body, n = current.regions[0], len(found)
    names = [v.op for v in body.results]
    return [scalar_body(names[k], body.params[k].dtype) for k in range(n)]


@rule("reduce")
def reduce(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Sums, products and extremes by their own rules, also side by side; other folds row after row."""
    n = len(current.inputs) // 2
    xs, inits = current.inputs[:n], current.inputs[n:]
    dims = current.ints("dimensions")
    parts = _parts(current)
    if parts is not None and n == 1:
        return own_rule(current, gs)
    if parts is not None:
        return through(current, [node("reduce", x, i, dimensions=dims, body=b) for x, i, b in zip(xs, inits, parts, strict=True)], gs)
    return through(current, _folded(xs, inits, dims, current.regions[0], current.captured), gs)


def _folded(xs: Values, inits: Values, dims: Sequence[int], body: Region, captured: Values) -> list[Value]:
    """A fold over `dims`, one element of each result after the other, all results at once."""
    kept = [d for d in range(len(xs[0].shape)) if d not in dims]
    shape = tuple(xs[0].shape[d] for d in kept)
    turns, width = product(xs[0].shape[d] for d in dims), product(shape)
    n = len(xs)
    rows = [
        cast(reshape(transpose(x, [*dims, *kept]), (turns, width)), p.dtype) for x, p in zip(xs, body.params[n:], strict=False)
    ]  # the accumulators may be wider than the elements
    start = [spread(cast(i, p.dtype), TensorType(p.dtype, (width,)), ()) for i, p in zip(inits, body.params, strict=False)]
    if turns == 0:
        return [reshape(v, shape) for v in start]
    step = batch(body, width, [True] * (2 * n) + [False] * len(captured))

    def turn(s: Values, c: Values) -> Values:
        return node("add", s[0], number(1)), *inline(step, [*s[1:], *(row(r, s[0]) for r in c[1 : n + 1]), *c[n + 1 :]])

    outs = loop((number(0), *start), (size_of(turns), *rows, *captured), lambda s, c: compare("LT", s[0], c[0]), turn)[1:]
    return [reshape(v, shape) for v in outs]


@rule("reduce_window")
def reduce_window(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Sums, and extremes where windows lie close, by their own rules; others as folds of windows that are spelled out."""
    n = len(current.inputs) // 2
    xs, inits = current.inputs[:n], current.inputs[n:]
    monoid = None if current.captures else monoid_of(current.regions[0])
    dilated = any(d != 1 for name in ("base_dilations", "window_dilations") for d in current.ints(name))
    if monoid == "add" or (monoid in ("max", "min") and not dilated and inits[0] not in active):
        return own_rule(current, gs)
    spelled = [windows(x, i, current.results[0].shape, current.attrs) for x, i in zip(xs, inits, strict=True)]
    dims = tuple(range(1, 2 * len(xs[0].shape), 2))
    return through(current, nodes("reduce", *spelled, *inits, captures=current.captured, dimensions=dims, body=current.regions[0]), gs)


@rule("scatter")
def scatter(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Sums, extremes, replacements, and products at unique places, by their own rules, also side by side; others update after update."""
    n = (len(current.inputs) - 1) // 2
    xs, indices, updates = current.inputs[:n], current.inputs[n], current.inputs[n + 1 :]
    parts = _scattered_parts(current, n)
    if parts is not None and n == 1:
        return own_rule(current, gs)
    if parts is not None:
        attrs = dict(current.attrs)
        outs = [node("scatter", x, indices, u, **attrs, update_computation=b) for x, u, b in zip(xs, updates, parts, strict=True)]
        return through(current, outs, gs)
    d = current.attr("scatter_dimension_numbers", ScatterDims)
    return through(current, _Updates(indices, updates, d).applied(xs, current.regions[0], current.captured), gs)


def _scattered_parts(current: Node, n: int) -> list[Region] | None:
    body = current.regions[0]
    if not current.captures and all(v is body.params[n + k] for k, v in enumerate(body.results)):
        return [Region((body.params[k], v), (), (v,)) for k, v in enumerate(body.results)]
    parts = _parts(current)
    repeated = not current.attrs["unique_indices"]
    return None if parts is None or (repeated and any(monoid_of(p) == "mul" for p in parts)) else parts


class _Updates:
    """The updates of a scatter as rows: an index vector of all coordinates, batch dims too, and a window, of each."""

    def __init__(self, indices: Value, updates: Values, d: ScatterDims) -> None:
        rank = len(updates[0].shape)
        beside = [i for i in range(rank) if i not in d.update_window_dims]
        self.shape = tuple(updates[0].shape[i] for i in beside)
        self.count = product(self.shape)
        self.windows = tuple(updates[0].shape[i] for i in d.update_window_dims)
        order = [*beside, *d.update_window_dims]
        self.updates = [reshape(transpose(u, order), (self.count, *self.windows)) for u in updates]
        self.indices = self._vectors(cast(indices, I64), d)
        places = (*d.scatter_dims_to_operand_dims, *d.input_batching_dims)
        dropped = tuple(sorted((*d.inserted_window_dims, *d.input_batching_dims)))
        at = tuple(range(len(self.windows)))
        self.put = ScatterDims(at, dropped, (), (), places, 0)
        self.take = GatherDims(at, dropped, (), (), places, 0)
        self.dropped = dropped

    def _vectors(self, indices: Value, d: ScatterDims) -> Value:
        axis, depth = d.index_vector_dim, len(d.scatter_dims_to_operand_dims)
        if axis < len(indices.shape):
            indices = transpose(indices, [*(i for i in range(len(indices.shape)) if i != axis), axis])
        parts = [reshape(indices, (self.count, depth))]
        for dim in d.scatter_indices_batching_dims:
            own = dim - (dim > axis)
            parts.append(reshape(iota(TensorType(I64, self.shape), own), (self.count, 1)))
        return concatenate(parts, 1)

    def applied(self, xs: Values, body: Region, captured: Values) -> Sequence[Value]:
        """The inputs after one update after the other."""
        n, width = len(xs), product(self.windows)
        if self.count == 0:
            return xs
        step = batch(body, width, [True] * (2 * n) + [False] * len(captured))
        windows = iter(self.windows)
        sizes: tuple[Dim, ...] = tuple(1 if i in self.dropped else next(windows) for i in range(len(xs[0].shape)))

        def turn(s: Values, c: Values) -> Values:
            at = row(c[1], s[0])
            old = [node("gather", x, at, dimension_numbers=self.take, slice_sizes=sizes) for x in s[1:]]
            more = [row(u, s[0]) for u in c[2 : n + 2]]
            new = inline(step, [*(reshape(v, (width,)) for v in (*old, *more)), *c[n + 2 :]])
            return node("add", s[0], number(1)), *(self._put(x, at, v) for x, v in zip(s[1:], new, strict=True))

        given = (size_of(self.count), self.indices, *self.updates, *captured)
        return loop((number(0), *xs), given, lambda s, c: compare("LT", s[0], c[0]), turn)[1:]

    def _put(self, x: Value, at: Value, window: Value) -> Value:
        old, new = param(TensorType(x.dtype, ())), param(TensorType(x.dtype, ()))
        return node(
            "scatter", x, at, reshape(window, self.windows), scatter_dimension_numbers=self.put, unique_indices=True,
            update_computation=Region((old, new), (), (new,)),
        )  # fmt: skip


@rule("select_and_scatter")
def select_and_scatter(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Sums by their own rule; others as a scatter to the elements that were chosen."""
    if not current.captures and monoid_of(current.regions[1]) == "add":
        return own_rule(current, gs)
    x, source, init = current.inputs
    count = product(x.shape)
    places = reshape(chosen(x, current.attrs, current.regions[0], current.captured), (product(source.shape), 1))
    flat = spread(init, TensorType(init.dtype, (count,)), ())
    dims = ScatterDims((), (0,), (), (), (0,), 1)
    out = node(
        "scatter", flat, places, reshape(source, (product(source.shape),)), captures=current.captured,
        scatter_dimension_numbers=dims, update_computation=current.regions[1],
    )  # fmt: skip
    return through(current, [reshape(out, x.shape)], gs)


@rule("sort")
def sort(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """By its own rule; where comparisons read values from outside, as gathers by the places that elements have after sorting."""
    if not current.captures:
        return own_rule(current, gs)
    xs = current.inputs
    dim = current.attr("dimension", int) % len(xs[0].shape)
    if 0 in xs[0].shape:
        return through(current, xs, gs)
    places = iota(TensorType(I64, xs[0].shape), dim)
    order = sorted_with(xs, places, dim, current.regions[0], current.captured)[-1]
    return through(current, [take_along(x, order, dim) if has_cotangent(x) else x for x in xs], gs)
