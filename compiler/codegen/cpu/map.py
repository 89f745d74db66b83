"""`map` kernels: every element of the results computed on its own, from any ops that have an element function.

Adjacent dims that every read treats as one become one loop: an elementwise region is one loop over all elements, a bias per channel leaves two.
The innermost loop runs over vector lanes. Where conditions of the region (padding, concatenation, windows) change along a loop, the loop is cut
there, so that each piece is free of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...ir.dims import Dim, Expr, Symbol, floordiv, maximum, minimum, mod, product, symbol, symbols, terms_of
from ...ir.graph import Node, Region
from ...ops.builder import Index
from ..elemental import Emitter, row_major
from ..kernel import Kernel
from ..probe import Bound, Record, axis_symbols, probe
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel

_MAX_PIECES = 12


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
    axes = axis_symbols(shape)
    record = probe(region, axes)
    groups = collapse(shape, axes, record)
    lanes = lanes_for(record.dtypes, target) * _vectors(groups, shape, record)
    plan = _plan(groups, axes, shape, record, lanes)
    frame = open_kernel(fusion, target, lanes)
    if prepare:
        prepare(frame.e)
    _Map(frame, region, plan, groups, shape).emit()
    return Kernel(frame.name, frame.finish(), frame.symbols, plan.grid.chunks, 0, plan, inplace_pairs(region, record, axes))


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


# -- which dims are one loop --------------------------------------------------------------------------------------------------------


def coefficient(d: Dim, name: str) -> Dim | None:
    """The factor of symbol `name` in `d`; None if `d` is not linear in it."""
    factor: Dim = 0
    for monomial, coef in terms_of(d):
        rest = tuple(a for a in monomial if not (isinstance(a, Symbol) and a.name == name))
        others: Dim = Expr(((rest, coef),)) if rest else coef
        if name in symbols(others) or len(monomial) - len(rest) > 1:
            return None
        if len(rest) < len(monomial):
            factor = factor + others
    return factor


def _name(axis: Dim) -> str:
    (name,) = symbols(axis)
    return name


def _is_one_loop(outer: Dim, inner: Dim, extent: Dim, record: Record) -> bool:
    """Whether axes `outer` and `inner` (of `extent`) only occur as `outer · extent + inner`."""
    first, second = _name(outer), _name(inner)
    for d in (*(a.offset for a in record.accesses), *record.others):
        a, b = coefficient(d, first), coefficient(d, second)
        if a is None or b is None or a != b * extent:
            return False
    asked = {name for bound in record.bounds for d in bound for name in symbols(d)}
    return first not in asked and second not in asked


def collapse(shape: Sequence[Dim], axes: Index, record: Record) -> list[list[int]]:
    """The dims of more than one element, grouped: each group is one loop."""
    groups: list[list[int]] = []
    for k, n in enumerate(shape):
        if n == 1:
            continue
        if groups and _is_one_loop(axes[groups[-1][-1]], axes[k], n, record):
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups


# -- where loops are cut ------------------------------------------------------------------------------------------------------------


def cuts_of(axis: Dim, extent: Dim, bounds: Sequence[Bound]) -> tuple[Dim, ...] | None:
    """Where conditions change along an axis, in order, 0 and the extent included; None if that is not known or not worth it."""
    if not isinstance(extent, int):
        return None
    name = _name(axis)
    places = {0, extent}
    for lo, x, hi in bounds:
        if name not in symbols(x):
            continue
        step, rest = coefficient(x, name), x - _scaled(axis, x, name)
        for limit in (lo, hi):
            place = limit - rest
            if not isinstance(step, int) or step <= 0 or not isinstance(place, int):
                return None
            places.add(min(max(-(-place // step), 0), extent))
    return tuple(sorted(places)) if len(places) <= _MAX_PIECES else None


def _scaled(axis: Dim, x: Dim, name: str) -> Dim:
    factor = coefficient(x, name)
    return 0 if factor is None else axis * factor


# -- the plan -----------------------------------------------------------------------------------------------------------------------


def _plan(groups: list[list[int]], axes: Index, shape: Sequence[Dim], record: Record, lanes: int) -> MapPlan:
    extents = [product(shape[k] for k in g) for g in groups]
    cuts = [cuts_of(axes[g[-1]], n, record.bounds) or (0, n) for g, n in zip(groups, extents, strict=True)]
    # Pieces need loops of their own: a loop that is cut is not linearised with those around it.
    inside = 1 if len(groups) < 2 or len(cuts[-2]) <= 2 else 2
    rows, inner = extents[:-inside], extents[-inside:]
    grid = grid_of(product(rows), product(inner), record.cost, lanes, divisible=inside == 1)
    return MapPlan(tuple(rows), tuple(inner), tuple(cuts[-inside:]), lanes, grid, record.cost)


def _vectors(groups: list[list[int]], shape: Sequence[Dim], record: Record) -> int:
    """Vectors side by side: several where an element is a loop, to hide the latency of its chain of operations."""
    if not record.loops or not groups:
        return 1
    inner = product(shape[k] for k in groups[-1])
    return 2 if isinstance(inner, Expr) else max(k for k in (1, 2, 4) if k == 1 or inner >= 16 * k)


def unravel(position: Dim, extents: Sequence[Dim]) -> list[Dim]:
    """The index at a row-major position."""
    index: list[Dim] = []
    for k in range(len(extents)):
        quotient = floordiv(position, product(extents[k + 1 :]))
        index.append(quotient if k == 0 else mod(quotient, extents[k]))
    return index


class _Map:
    def __init__(self, frame: Frame, region: Region, plan: MapPlan, groups: list[list[int]], shape: Sequence[Dim]) -> None:
        self.f, self.e, self.region, self.plan = frame, frame.e, region, plan
        self.groups, self.rank = groups, len(shape)

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
                self._element(())
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
            self._element((*outer, j))

        if len(cuts) == 2:
            self.e.vector_loop("%j", start, stop, body)
            return
        for a, b in pairwise(cuts):
            self.e.vector_loop("%j", _max(start, a), minimum(stop, b), body)

    def _element(self, loops: Index) -> None:
        """All results at one index: reads before writes, since a result may share an operand's memory."""
        index: list[Dim] = [0] * self.rank
        for group, i in zip(self.groups, loops, strict=True):
            index[group[-1]] = i
        elems = [self.e.read(v, tuple(index)) for v in self.region.results]
        for buffer, x in zip(self.f.outputs, elems, strict=True):
            self.e.write(buffer, tuple(index), x)


def _max(x: Dim, y: Dim) -> Dim:
    return x if y == 0 else maximum(x, y)
