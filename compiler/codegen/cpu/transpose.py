"""Maps that turn memory around: what is consecutive in an operand is not in the result.

Read element by element such an operand touches a cache line for each. So the map goes over square tiles of the two loops concerned,
`turned` (consecutive in the operand) and the lanes' (consecutive in the result): the operand's part of a tile is loaded in rows,
transposed in registers, and put on the stack, where every vector of the map then finds its lanes side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ....proto.dtypes import BY_NAME
from ....proto.errors import InternalError
from ...ir.dims import Dim, minimum, mod, product, substitute, symbol
from ...ir.graph import Region, Value
from ...ir.types import TensorType
from ...ops.builder import Index
from ..lltypes import Val, bits_of
from ..memory import Buffer
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
    # A line of memory fetched for each of its elements' sake costs more than arithmetic.
    line = 2 * cost * (along if isinstance(along, int) else 64)
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
        at: dict[str, Dim] = dict.fromkeys(self.axes.names, 0)
        at |= dict(zip(self.axes.leading, loops, strict=True))
        return substitute(self.turned.offsets[value], at)

    def _fill(self, value: Value, rows: Index, t0: Dim, height: Dim, j0: Dim, width: Dim) -> None:
        """The operand's part of a tile, transposed."""
        source = self.sources[value]
        raw = TensorType(BY_NAME[f"i{8 * value.dtype.itemsize}"], source.type.shape)
        bits = Buffer(source.pointer, raw, source.depth)
        tile = Buffer(self.tiles[value].pointer, raw.with_shape((self.plan.side, self.plan.side)), 0)
        if height == self.plan.side and width == self.plan.side:
            self._fill_whole(value, rows, t0, j0, bits, tile)
        else:
            self._fill_edge(value, rows, (t0, height), (j0, width), bits, tile)

    def _fill_whole(self, value: Value, rows: Index, t0: Dim, j0: Dim, bits: Buffer, tile: Buffer) -> None:
        e, w, side = self.e, self.w, self.plan.side
        with e.scopes.open():
            e.define("%t", e.indices.scalar(t0))
            t = symbol("%t", 0, self.plan.turned - 1)
            with e.vectorized("%t"):
                lines = [e.load_at(bits, self._offset(value, self._loops(rows, t, j0 + k))).val for k in range(side)]
            for k, column in enumerate(transpose_registers(w, lines)):
                w.store(column, w.offset(tile.pointer, k * side * value.dtype.itemsize))

    def _fill_edge(self, value: Value, rows: Index, t: tuple[Dim, Dim], j: tuple[Dim, Dim], bits: Buffer, tile: Buffer) -> None:
        """Element by element: edges are few, and masks would not make them fast on every level."""
        e = self.e
        with e.loop_over("%j", j[0], j[0] + j[1]) as at_j, e.loop_over("%t", t[0], t[0] + t[1]) as at_t:
            x = e.load_at(bits, self._offset(value, self._loops(rows, at_t, at_j)))
            e.write(tile, (at_t - t[0], at_j - j[0]), x)


def transpose_registers(w: Writer, rows: Sequence[Val]) -> list[Val]:
    """n vectors of n lanes, n a power of two: lane j of vector i becomes lane i of vector j.

    First within 16-byte lanes by interleaving, as the unpack instructions do; then whole 16-byte lanes change places.
    """
    n = len(rows)
    block = min(n, 128 // bits_of(rows[0].type))
    current, unit = list(rows), 1
    while unit < block:
        after = list(current)
        for first in range(0, n, 2 * unit):
            for i in range(unit):
                a, b = current[first + i], current[first + unit + i]
                for half in (0, 1):
                    after[first + 2 * i + half] = w.shuffle(a, b, _interleaved(n, block, unit, half))
        current, unit = after, 2 * unit
    columns = [_exchange(w, current[c::block], block) for c in range(block)]
    return [columns[k % block][k // block] for k in range(n)]


def _interleaved(n: int, block: int, unit: int, half: int) -> list[int]:
    """In every block of lanes: units of the two vectors in turn, from the block's lower or upper half."""
    lanes: list[int] = []
    for first in range(0, n, block):
        for place in range(0, block // 2, unit):
            start = first + half * block // 2 + place
            lanes += [*range(start, start + unit), *range(n + start, n + start + unit)]
    return lanes


def _exchange(w: Writer, rows: list[Val], block: int) -> list[Val]:
    """1, 2 or 4 vectors of as many blocks: block j of vector i becomes block i of vector j."""

    def pick(a: Val, b: Val, blocks: Sequence[int]) -> Val:
        """The first half of the chosen blocks from `a`, the second from `b`."""
        half = len(blocks) // 2
        source = [x if k < half else x + len(rows) for k, x in enumerate(blocks)]
        return w.shuffle(a, b, [x * block + i for x in source for i in range(block)])

    match rows:
        case [only]:
            return [only]
        case [a, b]:
            return [pick(a, b, (0, 0)), pick(a, b, (1, 1))]
        case [a, b, c, d]:
            even = pick(a, b, (0, 2, 0, 2)), pick(c, d, (0, 2, 0, 2))
            odd = pick(a, b, (1, 3, 1, 3)), pick(c, d, (1, 3, 1, 3))
            return [pick(*even, (0, 2, 0, 2)), pick(*odd, (0, 2, 0, 2)), pick(*even, (1, 3, 1, 3)), pick(*odd, (1, 3, 1, 3))]
        case _:
            raise InternalError(f"no register has {len(rows)} lanes of 16 bytes")
