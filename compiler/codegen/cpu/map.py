"""`map` kernels: every element of the results computed on its own, from any ops that have an element function.

Adjacent dims that every read treats as one become one loop: an elementwise region is one loop over all elements, a bias per channel
leaves two. The innermost loop runs over vector lanes. Where conditions of the region (padding, concatenation, windows) change along a
loop, the loop is cut there, so that each piece is free of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...ir.dims import Dim, Expr, maximum, minimum, product, symbol, symbols
from ...ir.graph import Node, Region
from ...ops.builder import Index
from ..elemental import Emitter
from ..kernel import Kernel
from ..memory import row_major
from ..probe import Record, axis_symbols, probe
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel
from .loops import Axes, axis_name, collapse, cuts_of, unravel
from .transpose import TilePlan, Tiles, find_turned, tile_plan, tile_side


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Loops over `rows` (linearised, in chunks) and then over `inner`; the last of `inner` by `lanes`. `cuts` lists where each is cut."""

    rows: tuple[Dim, ...]
    inner: tuple[Dim, ...]
    cuts: tuple[tuple[Dim, ...], ...]
    lanes: int
    grid: Grid
    cost: float

    def __str__(self) -> str:
        loops = " x ".join(map(str, (*self.rows, *self.inner))) or "1"
        return f"map over {loops}, {self.lanes} lanes, {self.grid.chunks} chunks"


def emit_map(fusion: Node, target: Target, prepare: Callable[[Emitter], None] | None = None) -> Kernel:
    """The kernel of a fusion whose results, all of one shape, are computed element by element. `prepare` may bind values first."""
    (region,) = fusion.regions
    shape = region.results[0].shape
    axis = axis_symbols(shape)
    record = probe(region, axis)
    axes = Axes(axis, collapse(shape, axis, record))
    turned = find_turned(region, axes, shape, record)
    if turned:
        side = tile_side(region, tuple(turned.offsets), target.vector_bytes)
        plan: TilePlan | MapPlan = tile_plan(region, axes, shape, turned, record.cost, side)
        frame = open_kernel(fusion, target, side)
        Tiles(frame, plan, turned, axes, lambda loops: write_element(frame, region, axes.index(len(shape), loops))).emit()
    else:
        lanes = lanes_for(record.dtypes, target) * _vectors(axes.extents(shape), record)
        plan = _plan(axes, shape, record, lanes)
        frame = open_kernel(fusion, target, lanes)
        if prepare:
            prepare(frame.e)
        MapLoops(frame, plan, lambda loops: write_element(frame, region, axes.index(len(shape), loops))).emit()
    return Kernel(frame.name, frame.finish(), frame.symbols, plan.grid.chunks, 0, plan, inplace_pairs(region, record, axis))


def write_element(frame: Frame, region: Region, index: Index) -> None:
    """All results at one index: reads before writes, since a result may share an operand's memory."""
    elems = [frame.e.read(v, index) for v in region.results]
    for buffer, x in zip(frame.outputs, elems, strict=True):
        frame.e.write(buffer, index, x)


def inplace_pairs(region: Region, record: Record, axes: Index) -> tuple[tuple[int, int], ...]:
    """(operand, result) pairs of equal layout where the operand is only read where the result is written."""
    pairs: list[tuple[int, int]] = []
    for r, result in enumerate(region.results):
        place = row_major(result.shape, axes)
        for o, param in enumerate(region.params):
            offsets = {a.offset for a in record.accesses if a.value is param}
            if offsets == {place} and param.dtype.itemsize == result.dtype.itemsize and param.tensor.size == result.tensor.size:
                pairs.append((o, r))
    return tuple(pairs)


# -- the plan -----------------------------------------------------------------------------------------------------------------------


def _plan(axes: Axes, shape: Sequence[Dim], record: Record, lanes: int) -> MapPlan:
    extents = axes.extents(shape)
    cuts = [cuts_of(axes.symbols[g[-1]], n, record.bounds) or (0, n) for g, n in zip(axes.groups, extents, strict=True)]
    # Pieces need loops of their own, not linearised with those around them. For a few conditions a branch per vector is cheaper.
    inside = 2 if len(axes.groups) > 1 and len(cuts[-2]) > 2 and _conditions(axes.symbols[axes.groups[-2][-1]], record) > 2 else 1
    rows, inner = extents[:-inside], extents[-inside:]
    grid = grid_of(product(rows), product(inner), record.cost, lanes, divisible=inside == 1)
    return MapPlan(tuple(rows), tuple(inner), tuple(cuts[-inside:]), lanes, grid, record.cost)


def _conditions(axis: Dim, record: Record) -> int:
    """How many different conditions an axis is asked for."""
    name = axis_name(axis)
    return len({bound for bound in record.bounds if any(name in symbols(d) for d in bound)})


def _vectors(extents: list[Dim], record: Record) -> int:
    """Vectors side by side: several where an element is a loop, to hide the latency of its chain of operations."""
    if not record.loops or not extents:
        return 1
    inner = extents[-1]
    return 2 if isinstance(inner, Expr) else max(k for k in (1, 2, 4) if k == 1 or inner >= 16 * k)


def plain_plan(extents: Sequence[Dim], cost: float, lanes: int) -> MapPlan:
    """Loops without cuts, for elements of the given cost."""
    rows, inner = tuple(extents[:-1]), tuple(extents[-1:])
    grid = grid_of(product(rows), product(inner), cost, lanes)
    return MapPlan(rows, inner, tuple((0, n) for n in inner), lanes, grid, cost)


class MapLoops:
    """Emits the loops of a plan; `element(loops)` computes and writes what belongs to one index, or to a vector of them."""

    def __init__(self, frame: Frame, plan: MapPlan, element: Callable[[Index], None]) -> None:
        self.f, self.e, self.plan, self.element = frame, frame.e, plan, element

    def emit(self) -> None:
        """Loops over chunks and over the rows of each."""
        grid = self.plan.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, start, stop = grid.place(chunk)
            if not self.plan.rows:
                self._inner((), start, stop)
            else:
                with self.e.loop_over("%row", first, last):
                    row = symbol("%row", 0, grid.outer - 1)
                    self._inner(tuple(unravel(row, self.plan.rows)), start, stop)

    def _inner(self, outer: Index, start: Dim, stop: Dim) -> None:
        match self.plan.inner:
            case ():
                self.element(())
            case (_,):
                self._lanes(outer, self.plan.cuts[0], start, stop)
            case (_, _):
                for a, b in pairwise(self.plan.cuts[0]):
                    with self.e.loop_over("%i", a, b) as i:
                        self._lanes((*outer, i), self.plan.cuts[1], 0, self.plan.inner[1])
            case _:
                raise AssertionError(self.plan.inner)

    def _lanes(self, outer: Index, cuts: tuple[Dim, ...], start: Dim, stop: Dim) -> None:
        def body(j: Expr) -> None:
            self.element((*outer, j))

        if len(cuts) == 2:
            self.e.vector_loop("%j", start, stop, body)
            return
        for a, b in pairwise(cuts):
            self.e.vector_loop("%j", maximum(start, a), minimum(stop, b), body)
