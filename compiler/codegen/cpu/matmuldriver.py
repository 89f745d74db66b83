"""Matrix products: the driver, which is the kernel function around the micro-kernels."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Value
from ...ops.blocked import PANEL
from ..index import Indices, Scopes
from ..kernel import fusion_symbols
from ..lltypes import Val, const, memory_type
from ..writer import Writer
from . import microkernel, packing, tilepass, tiles
from .epilogue import address_of
from .matmulplan import Matmul
from .microkernel import MicroKernel


class Driver:
    """Writes the kernel function."""

    def __init__(self, plan: Matmul, w: Writer) -> None:
        self.m, self.p, self.w = plan, plan.p, w
        self.unit = plan.units.memory
        self.dims = Indices(Scopes(w), 1)
        fusion = plan.fusion
        first = len(fusion.operands) + len(fusion.results)
        for i, name in enumerate(fusion_symbols(fusion)):
            self.dims.define(name, w.symbol(first + i))
        self.a, self.b = (self._source(v, name) for v, name in zip(plan.core.operands[:2], ("lhs", "rhs"), strict=True))
        self.c = w.operand(len(fusion.operands))
        self.row_blocks, self.panel_blocks = ceildiv(self.p.m.extent, plan.row_block), ceildiv(self.p.panels, plan.panel_block)
        self.chunks: Dim = product((*(axis.extent for axis in self.p.batch), self.row_blocks, self.panel_blocks))

    def _source(self, v: Value, name: str) -> Val:
        """Where an operand begins, or the slice that is taken of it."""
        w, params = self.w, self.m.fusion.regions[0].params
        base = w.operand(params.index(v))
        if self.m.core.attrs["taken"] != name:
            return base
        at = self.m.core.operands[2]
        index = w.load(memory_type(at.dtype), w.operand(params.index(at)))
        wide = w.int_resize(index, "i64", at.dtype.is_signed) if at.dtype.bits < 64 else index
        if not at.dtype.is_signed:
            wide = w.int_minmax("umin", wide, (1 << 63) - 1)
        last = self.value(v.shape[0] - 1)
        inside = self._least(self._most(wide, const("i64", 0)), last)
        return w.gep(memory_type(v.dtype), base, w.mul(inside, self.value(product(v.shape[1:]))))

    def value(self, d: Dim) -> Val:
        return self.dims.scalar(d)

    def emit(self) -> None:
        self._prepare()
        w = self.w
        with w.loop(w.end, start=w.begin) as chunk:
            self.goes_on = w.icmp("slt", w.add(chunk, 1), w.end)
            rest, self.panel0 = self._split(chunk, self.panel_blocks, self.m.panel_block)
            rest, self.row0 = self._split(rest, self.row_blocks, self.m.row_block)
            self.outer: list[Val] = []
            for axis in reversed(self.p.batch):
                rest, at = self._split(rest, axis.extent, 1)
                self.outer.insert(0, at)
            self._chunk()
        w.ret(0)

    def _split(self, x: Val, extent: Dim, scale: Dim) -> tuple[Val, Val]:
        """(x // extent, x % extent · scale)"""
        w = self.w
        if extent == 1:
            return x, const("i64", 0)
        n = self.value(extent)
        return w.udiv(x, n), w.mul(w.urem(x, n), self.value(scale))

    def _prepare(self) -> None:
        """Everything that chunks share, computed before the loop over them."""
        w, plan, p = self.w, self.m, self.p
        self.rows, self.columns, self.depth = (self.value(axis.extent) for axis in (p.m, p.n, p.k))
        for d in (self.panel_blocks, self.row_blocks, *(axis.extent for axis in p.batch)):
            self.value(d)
        self.strides = {axis: tuple(self.value(s) for s in (axis.a, axis.b, axis.c)) for axis in (p.m, p.n, p.k, *p.batch)}
        self.full_panels = self.value(p.n.extent // PANEL)
        self.all_panels = self.value(p.panels)
        offset_a, offset_b, _ = (self.value(d) for d in plan.scratch)
        scratch = w.scratch()
        self.tile, self.a_block, self.b_group = scratch, w.offset(scratch, offset_a), w.offset(scratch, offset_b)
        a_row = self.value(plan.a_stride) if plan.packs_lhs else self.strides[p.m][0]
        self.a_row = a_row if isinstance(p.k.extent, int) else w.select(w.icmp("eq", self.depth, 0), const("i64", 0), a_row)
        self.zeros = w.module.constant(bytes(self.m.tile_stride * plan.size))
        e = plan.epilogue
        self.bias = self.zeros if e.start is None else address_of(self.w, self.m.fusion, e.start)
        self.added = None if e.add is None else address_of(self.w, self.m.fusion, e.add)
        self._prepare_fields()

    def _prepare_fields(self) -> None:
        """The blocks of numbers the micro-kernels read, one for each way of calling them."""
        p = self.p
        c_row = self.strides[p.m][2]
        row, panel = const("i64", self.m.tile_stride), const("i64", PANEL)
        zero = const("i64", 0)
        in_place = {"c_row": c_row, "c_panel": panel, "add_row": c_row, "add_panel": panel}
        scratch = {"c_row": row, "c_panel": panel}
        self.blocks = {
            ("c", True): self._fields(start_row=zero, start_panel=panel, **in_place),
            ("c", False): self._fields(start_row=c_row, start_panel=panel, **in_place),
            ("tile", True): self._fields(start_row=zero, start_panel=panel, **scratch),
            ("tile", False): self._fields(start_row=row, start_panel=panel, **scratch),
        }

    def _fields(self, **values: Val) -> Val:
        # By columns, a step of the innermost loop but one is a row of Aᵀ.
        by_columns = {"sz": self.strides[self.p.k][0]} if self.m.lhs == "columns" else {}
        return microkernel.fields(self.w, row=self.a_row, **by_columns, **values)

    # -- one chunk ------------------------------------------------------------------------------------------------------------

    def _chunk(self) -> None:
        w, p = self.w, self.p
        a, b, c = self.a, self.b, const("i64", 0)
        for axis, at in zip(p.batch, self.outer, strict=True):
            step_a, step_b, step_c = self.strides[axis]
            a, b, c = self._at(a, w.mul(at, step_a)), self._at_b(b, w.mul(at, step_b)), w.add(c, w.mul(at, step_c))
        self.row_end = self._least(w.add(self.row0, self.value(self.m.row_block)), self.rows)
        panel_end = self._least(w.add(self.panel0, self.value(self.m.panel_block)), self.all_panels)
        self.panel_end = panel_end
        full_end = self._least(panel_end, self.full_panels)
        self.a_now = self._rows_of_a(a)
        self.b_now, self.c_offset = b, c
        if self.m.steps_outside:
            # A step's part of A's block stays in the second-level cache, and its part of each group of panels in the first.
            self._steps(lambda step: self._all_groups(full_end, step))
        else:
            self._all_groups(full_end, None)
        if self.m.has_tail:
            with w.when(w.icmp("slt", self._most(self.panel0, full_end), panel_end)):
                self._group(1, full_end, w.sub(self.columns, w.mul(full_end, PANEL)), tail=True)

    def _all_groups(self, end: Val, step: "_Step | None") -> None:
        """The chunk's panels in groups; one step of the sum, or all."""
        at = self.panel0
        for group in self.m.groups:
            at = self._groups_of(group, at, end, step)

    def _least(self, x: Val, y: Val) -> Val:
        return self.w.int_minmax("smin", x, y)

    def _most(self, x: Val, y: Val) -> Val:
        return self.w.int_minmax("smax", x, y)

    def _at(self, base: Val, index: Val) -> Val:
        return self.w.gep(self.unit, base, index)

    def _at_b(self, base: Val, index: Val) -> Val:
        """A place in B as it is in memory."""
        return self.w.gep(memory_type(self.m.core.operands[1].dtype), base, index) if self.p.interleaves else self._at(base, index)

    def _rows_of_a(self, a: Val) -> Val:
        """Where the rows of this chunk's block of A begin, brought into scratch if the plan says so."""
        w, row, k = self.w, self.strides[self.p.m][0], self.strides[self.p.k][0]
        start = self._at(a, w.mul(self.row0, row))
        if not self.m.packs_lhs:
            return start
        rows = w.sub(self.row_end, self.row0)
        if self.m.lhs == "copied":
            self._pack(packing.copy_name(self.m.elem), start, row, rows, self.depth, self.a_block, self.a_row)
        else:
            self._pack(packing.transpose_name(self.m.elem), start, k, self.depth, rows, self.a_block, self.a_row)
        return self.a_block

    def _pack(self, name: str, *args: Val) -> None:
        self.m.needs.add(name)
        packing.call(self.w, name, *args)

    def _groups_of(self, group: int, at: Val, end: Val, step: "_Step | None") -> Val:
        """All groups of that many panels from `at` on; where the next smaller ones start."""
        w = self.w
        if isinstance(self.p.n.extent, int) and self.p.n.extent // PANEL < group:
            return at
        count = self._most(w.sub(end, at), const("i64", 0))
        stop = w.add(at, count if group == 1 else w.and_(count, -group))
        with w.loop(stop, start=at, step=group) as panel:
            self._group(group, panel, const("i64", group * PANEL), tail=False, only=step)
        return stop

    def _group(self, group: int, panel: Val, columns: Val, tail: bool, only: "_Step | None" = None) -> None:
        """All rows of the chunk by one group of panels; `only` one step of the sum, or all of it."""
        w = self.w
        column = w.mul(panel, PANEL)
        b, b_row, b_panel = self._panels(group, panel, column, columns, tail)
        for block in self.blocks.values():
            microkernel.set_field(w, block, "b_row", b_row)
            microkernel.set_field(w, block, "b_panel", b_panel)
            if self.m.fetches:
                rows = self._rows_in_chunk()
                share = w.udiv(w.add(rows, group * PANEL * self.m.rows - 1), rows)
                microkernel.set_field(w, block, "next_step", self._least(share, const("i64", PANEL)))
        if tail or self.m.epilogue.rest:
            with self._row_tiles() as (offset, rows):
                a = self._at(self.a_now, w.mul(offset, self.a_row))
                tile = _Tile(group, offset, rows, panel, a, b, self.tile, self.zeros, self.tile)
                self._steps(lambda step: self._tile(tile, step, "tile"))
                tilepass.call(w, self.tile, w.add(self.row0, offset), rows, column, columns, self.outer)
        elif only is not None:
            self._rows_in_place(group, panel, column, b, only)
        else:
            self._steps(lambda step: self._rows_in_place(group, panel, column, b, step))

    def _rows_in_place(self, group: int, panel: Val, column: Val, b: Val, step: "_Step") -> None:
        """One step of the sum for all tiles of a group, in the result itself."""
        w = self.w
        start = self.zeros if self.m.epilogue.start is None else self._at(self.bias, column)
        with self._row_tiles() as (offset, rows):
            a = self._at(self.a_now, w.mul(offset, self.a_row))
            row = w.add(self.row0, offset)
            place = w.add(self.c_offset, w.add(w.mul(row, self.strides[self.p.m][2]), column))
            c = self._at(self.c, place)
            add = c if self.added is None else self._at(self.added, place)
            self._tile(_Tile(group, offset, rows, panel, a, b, c, start, add), step, "c")

    def _panels(self, group: int, panel: Val, column: Val, columns: Val, tail: bool) -> tuple[Val, Val, Val]:
        """Where the group's panels are: address, and the strides from row to row and from panel to panel."""
        w, p = self.w, self.p
        _, n, _ = self.strides[p.n]
        _, k, _ = self.strides[p.k]
        lanes, matrix = const("i64", PANEL), w.mul(self.depth, PANEL)
        if self.m.rhs == "panels":
            return self._at(self.b_now, w.mul(panel, matrix)), lanes, matrix
        source = self._at_b(self.b_now, w.mul(column, n))
        if self.m.rhs == "in place" and not tail:
            return source, k, lanes
        for v in range(group):
            part = self._at_b(source, w.mul(n, v * PANEL))
            out = self._at(self.b_group, w.mul(matrix, v))
            width = columns if tail else lanes
            if self.m.rhs == "interleaved":
                self._pack(packing.interleave_name(self.m.elem), part, k, self.depth, width, out, lanes)
            elif self.m.rhs == "transposed":
                self._pack(packing.transpose_name(self.m.elem), part, n, width, self.depth, out, lanes)
            else:
                self._pack(packing.copy_name(self.m.elem), part, k, self.depth, width, out, lanes)
        return self.b_group, lanes, matrix

    def _row_tiles(self) -> AbstractContextManager[tuple[Val, Val]]:
        balanced = tiles.is_balanced(self.p.m.extent, self.m.row_block)
        return tiles.rows_of(self.w, self.w.sub(self.row_end, self.row0), self.m.rows, balanced)

    def _steps(self, body: Callable[["_Step"], None]) -> None:
        """`body` for every step of the sum over k, in order."""
        w, k, step = self.w, self.p.k.extent, self.m.step
        zero, size = const("i64", 0), const("i64", step)
        if not isinstance(k, int):
            # An empty sum is one of zeros (see `_tile`): a micro-kernel runs at least once.
            body(_Step(zero, self._most(self._least(self.depth, size), const("i64", 1)), True, False))
            with w.loop(self.depth, start=step, step=step) as at:
                body(_Step(at, self._least(w.sub(self.depth, at), size), False, False))
        elif k <= step:
            body(_Step(zero, const("i64", k), True, True))
        else:
            last = (k - 1) // step * step
            body(_Step(zero, size, True, False))
            with w.loop(last, start=step, step=step) as at:
                body(_Step(at, size, False, False))
            body(_Step(const("i64", last), const("i64", k - last), False, True))

    def _tile(self, tile: "_Tile", step: "_Step", where: str) -> None:
        """One step of one tile, by the micro-kernel of its height."""
        w = self.w
        block = self.blocks[where, step.first]
        a, b, start = tile.a, tile.b, tile.start
        if step.first and not isinstance(self.p.k.extent, int):
            empty = w.icmp("eq", self.depth, 0)
            a, b = w.select(empty, self.zeros, a), w.select(empty, self.zeros, b)
        if not step.first:
            b_row = microkernel.get_field(w, block, "b_row")
            along = w.mul(step.at, self.strides[self.p.k][0]) if self.m.lhs == "columns" else step.at
            a, b, start = self._at(a, along), self._at(b, w.mul(step.at, b_row)), tile.c
        microkernel.set_field(w, block, "nz" if self.m.lhs == "columns" else "nk", step.nk)
        if self.m.fetches:
            microkernel.set_field(w, block, "next", self._next(tile, step))

        def sum_of(height: int) -> None:
            kernel = self._kernel(height, tile.group, step.last and where == "c")
            microkernel.call(w, kernel, a, b, tile.c, start, tile.add, block)

        tiles.by_height(w, tile.rows, tiles.heights(self.p.m.extent, self.m.row_block, self.m.rows), sum_of)

    def _next(self, tile: "_Tile", step: "_Step") -> Val:
        """How far from this tile's B its share of what follows is: the next group's same rows, or the next rows of the first group."""
        w = self.w
        rows, panels = self._rows_in_chunk(), const("i64", tile.group)
        panel, row = w.add(tile.panel, panels), step.at
        ends = w.icmp("sge", panel, self.panel_end)
        if self.m.steps_outside:
            follows = w.add(step.at, step.nk)
            last = w.icmp("sge", follows, self.depth)
            panel = w.select(w.and_(ends, w.not_(last)), self.panel0, panel)
            row = w.select(ends, w.select(last, const("i64", 0), follows), row)
            ends = w.and_(ends, last)
        part = w.mul(tile.row, panels)
        which = w.udiv(part, rows)
        within = w.udiv(w.mul(w.sub(part, w.mul(which, rows)), step.nk), rows)
        panel = w.sub(w.add(panel, which), tile.panel)
        row = w.sub(w.add(row, within), step.at)
        distance = w.add(w.mul(panel, w.mul(self.depth, PANEL)), w.mul(row, PANEL))
        return w.select(w.and_(ends, w.not_(self.goes_on)), const("i64", 0), distance)

    def _rows_in_chunk(self) -> Val:
        """How many rows the chunk has: a constant if all have as many, so that dividing by it is cheap."""
        rows, block = self.p.m.extent, self.m.row_block
        if isinstance(rows, int) and isinstance(block, int) and rows % block == 0:
            return const("i64", block)
        return self.w.sub(self.row_end, self.row0)

    def _kernel(self, height: int, group: int, finishes: bool) -> MicroKernel:
        """The micro-kernel for a tile, with the epilogue if it `finishes` the sum."""
        e = self.m.epilogue
        ending = {"add": finishes and e.add is not None, "relu": finishes and e.relu}
        kernel = MicroKernel(self.m.elem, height, group, dense=int(self.m.lhs == "columns"), fetch=self.m.fetches, **ending)
        self.m.needs.add(kernel.name)
        return kernel


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of the sum over k: where it begins and how long it is."""

    at: Val
    nk: Val
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class _Tile:
    """A tile's place: panels and rows, and the addresses of A, B, C, what the sums begin with and what is added."""

    group: int
    row: Val
    rows: Val
    panel: Val
    a: Val
    b: Val
    c: Val
    start: Val
    add: Val
