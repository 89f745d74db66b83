"""Maps that turn memory around: what is consecutive in an operand is not in the result.

Read element by element such an operand touches a cache line for each. So the map goes over square tiles of the two loops concerned, `turned`
(consecutive in the operand) and the lanes' (consecutive in the result): the operand's part of a tile is loaded in rows, transposed in
registers, and put on the stack, where every vector of the map then finds its lanes side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ....proto.dtypes import BY_NAME
from ...ir.dims import Dim, minimum, mod, product, substitute, symbol
from ...ir.graph import Region, Value
from ...ir.types import TensorType
from ...ops.builder import Index
from ..elemental import Buffer
from ..lltypes import Val, vec
from ..probe import Record
from ..writer import Writer
from .frame import Frame, Grid, chunk_loop, grid_of
from .loops import Axes, coefficient, unravel


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Tiles of `side` x `side` over loops `turned` and `lanes`, for every index of `rows`; `operands` go through the tile."""

    rows: tuple[Dim, ...]
    turned: Dim
    lanes: Dim
    side: int
    operands: tuple[int, ...]
    grid: Grid

    def __str__(self) -> str:
        rows = " x ".join(map(str, self.rows)) or "1"
        return f"transposition, {rows} of {self.turned} x {self.lanes} in tiles of {self.side}, {self.grid.chunks} chunks"


@dataclass(frozen=True, slots=True)
class Turned:
    """The group of dims along which some operands are consecutive, and those operands."""

    group: int
    offsets: Mapping[Value, Dim]


def find_turned(region: Region, axes: Axes, shape: Sequence[Dim], record: Record) -> Turned | None:
    """What to tile, or None if every operand is read along the result's innermost loop, or tiles would be mostly empty."""
    groups = axes.groups
    if len(groups) < 2 or record.loops or _is_short(groups[-1], shape):
        return None
    *outer, inner = axes.leading
    found: dict[int, dict[Value, Dim]] = {}
    for param in region.params:
        offsets = {a.offset for a in record.accesses if a.value is param}
        if len(offsets) != 1 or param.dtype.itemsize > 8:
            continue
        (offset,) = offsets
        if coefficient(offset, inner) in (0, 1, None) or not axes.know(offset):
            continue
        for g, name in enumerate(outer):
            if coefficient(offset, name) == 1 and not _is_short(groups[g], shape):
                found.setdefault(g, {})[param] = offset
    if not found:
        return None
    best = max(found, key=lambda g: len(found[g]))
    return Turned(best, found[best])


def _is_short(dims: Sequence[int], shape: Sequence[Dim]) -> bool:
    extent = product(shape[d] for d in dims)
    return isinstance(extent, int) and extent < 8


def tile_side(region: Region, operands: Sequence[Value], vector_bytes: int) -> int:
    """As many elements as fit a register, 16 at most."""
    widest = max(v.dtype.itemsize for v in (*operands, *region.results))
    return max(2, min(16, vector_bytes // min(widest, 8)))


def tile_plan(region: Region, axes: Axes, shape: Sequence[Dim], turned: Turned, cost: float, side: int) -> TilePlan:
    """The loops and chunks of a tiled map."""
    extents = axes.extents(shape)
    rows = tuple(n for g, n in enumerate(extents[:-1]) if g != turned.group)
    across, along = extents[turned.group], extents[-1]
    line = cost * (along if isinstance(along, int) else 64)
    grid = grid_of(product(rows), across, line, side)
    operands = tuple(region.params.index(v) for v in turned.offsets)
    return TilePlan(rows, across, along, side, operands, grid)


class Tiles:
    """Emits a tiled map; `element(loops)` computes and writes all results at the indices of the groups."""

    def __init__(self, frame: Frame, plan: TilePlan, turned: Turned, axes: Axes, element: Callable[[Index], None]) -> None:
        self.f, self.e, self.w, self.plan, self.turned = frame, frame.e, frame.w, plan, turned
        self.axes, self.element = axes, element
        self.sources = {v: frame.e.buffer_of(v) for v in turned.offsets}
        self.tiles = {v: self._tile_memory(v) for v in turned.offsets}

    def _tile_memory(self, value: Value) -> Buffer:
        raw, side = f"i{8 * value.dtype.itemsize}", self.plan.side
        return self.e.memory(TensorType(value.dtype, (side, side)), self.w.alloca(raw, side * side))

    def emit(self) -> None:
        """Loops over chunks, rows, tiles."""
        grid = self.plan.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, start, stop = grid.place(chunk)
            if not self.plan.rows:
                self._area((), start, stop)
                return
            with self.e.loop_over("%row", first, last):
                row = symbol("%row", 0, grid.outer - 1)
                self._area(tuple(unravel(row, self.plan.rows)), start, stop)

    def _area(self, rows: Index, start: Dim, stop: Dim) -> None:
        side, n = self.plan.side, self.plan.lanes
        whole, full = stop - mod(stop - start, side), n - mod(n, side)
        with self.e.loop_over("%t0", start, whole, side) as t:
            with self.e.loop_over("%j0", 0, full, side) as j:
                self._tile(rows, t, side, j, side)
            if full != n:
                self._edge(rows, t, side, full, n - full)
        if whole != stop:
            with self.e.loop_over("%t0", whole, stop, side) as t, self.e.loop_over("%j0", 0, n, side) as j:
                self._tile(rows, t, stop - whole, j, minimum(side, n - j))

    def _edge(self, rows: Index, t: Dim, height: Dim, full: Dim, width: Dim) -> None:
        """What is left of a line of tiles: nothing, perhaps, if sizes are symbolic."""
        with self.e.loop_over("%j0", full, full + width, self.plan.side) as j:
            self._tile(rows, t, height, j, width)

    def _tile(self, rows: Index, t0: Dim, height: Dim, j0: Dim, width: Dim) -> None:
        """One tile of `height` x `width`, both at most the side."""
        e = self.e
        for v in self.turned.offsets:
            self._fill(v, rows, t0, height, j0, width)
            e.bind(v, lambda index, v=v: e.load(self.tiles[v], self._place(index, t0, j0)))
        with e.loop_over("%t", t0, t0 + height) as t:
            e.define("%j", e.indices.scalar(j0))
            j = symbol("%j", 0, self.plan.lanes - 1)
            mask = None if width == self.plan.side else e.tail_mask(width)
            with e.vectorized("%j"), e.masked(mask):
                self._at = t, j
                self.element(self._loops(rows, t, j))
        for v in self.turned.offsets:
            e.unbind(v)

    def _place(self, index: Index, t0: Dim, j0: Dim) -> Index:
        t, j = self._at
        return (t - t0, j - j0)

    def _loops(self, rows: Index, t: Dim, j: Dim) -> Index:
        left = iter(rows)
        return (*(t if g == self.turned.group else next(left) for g in range(len(self.axes.groups) - 1)), j)

    def _offset(self, value: Value, loops: Index) -> Dim:
        """Where the region reads an operand at these indices of the groups."""
        at: dict[str, Dim] = {name: 0 for name in self.axes.names}
        at |= dict(zip(self.axes.leading, loops, strict=True))
        return substitute(self.turned.offsets[value], at)

    def _fill(self, value: Value, rows: Index, t0: Dim, height: Dim, j0: Dim, width: Dim) -> None:
        """Loads the operand's rows of a tile and stores them transposed."""
        e, w, side = self.e, self.w, self.plan.side
        raw = BY_NAME[f"i{8 * value.dtype.itemsize}"]
        source = self.sources[value]
        bits = Buffer(source.pointer, TensorType(raw, source.type.shape), source.depth)
        first = e.indices.scalar(t0)
        with e.scopes.open():
            e.define("%t", first)
            t = symbol("%t", 0, self.plan.turned - 1)
            mask = None if height == side else e.tail_mask(height)
            with e.vectorized("%t"), e.masked(mask):
                lines: list[Val] = []
                for k in range(side):
                    # Past the edge the last line is loaded again; nobody looks at it.
                    j = j0 + k if width == side else minimum(j0 + k, j0 + width - 1)
                    lines.append(e.spread(e.load_at(bits, self._offset(value, self._loops(rows, t, j)))).val)
            for k, column in enumerate(transpose_registers(w, lines)):
                at = w.gep(vec(f"i{raw.bits}", side), self.tiles[value].pointer, k)
                w.store(column, at)


def transpose_registers(w: Writer, rows: Sequence[Val]) -> list[Val]:
    """n vectors of n lanes, n a power of two: lane j of vector i becomes lane i of vector j. Blocks are swapped, the smallest first."""
    n = len(rows)
    current = list(rows)
    s = 1
    while s < n:
        after = list(current)
        for i in range(n):
            if i & s:
                continue
            a, b = current[i], current[i + s]
            after[i] = w.shuffle(a, b, [n + k - s if k & s else k for k in range(n)])
            after[i + s] = w.shuffle(a, b, [n + k if k & s else k + s for k in range(n)])
        current = after
        s *= 2
    return current

