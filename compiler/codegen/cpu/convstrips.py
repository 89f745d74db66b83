"""Convolutions of images of any size, and of dilated inputs: strips of the image through scratch of a fixed size.

A chunk copies the input that a strip of output pixels reads into scratch, zeros around the image included; from there the micro-kernels run
with strides known when code is generated. Only where the strip lies, and where its output goes, is computed from the image's extents. The
outputs of a dilated input fall into phases (`ops/phases.py`); each is a convolution of the same strip with some of the taps, its pixels
some way apart in the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as pairs

import numpy as np

from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ...ops.phases import Phase, phases_of
from ..index import Indices, Scopes
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, memory_type
from ..target import Target
from ..writer import Module, Writer
from . import image, microkernel, tilepass, tiles
from .epilogue import Epilogue, address_of
from .microkernel import MicroKernel

_CHUNK = 1 << 22  # multiply-adds in a chunk
_STEP = 1024  # terms of the sum taken at once
_SCRATCH = 3 << 17  # bytes of a strip that stay close
_POINTWISE_TILES = 16  # of a strip that is read in place


@dataclass(frozen=True, slots=True)
class StripPlan:
    """What a convolution does: a chunk is `lines` rows of `pixels` outputs of every phase by `blocks` output blocks."""

    kernel: tuple[int, int]
    channels: tuple[int, int]
    output: tuple[Dim, Dim]
    phases: tuple[int, int]
    tile: str
    lines: int
    pixels: int
    blocks: int
    steps: int
    input: str
    epilogue: str


def takes_strips(core: Node) -> bool:
    """Whether a `weft.conv` is computed so."""
    a = core.attrs
    is_open = any(not isinstance(d, int) for d in core.result.shape[2:4])
    return is_open or (a["input_dilation"] != (1, 1) and a["layout"] == "blocked" and all(_phases(core)))


def _phases(core: Node) -> tuple[tuple[Phase, ...], ...]:
    """By dim."""
    a = core.attrs
    taps = core.operands[1].shape[-4:-2] if a["layout"] == "blocked" else core.operands[1].shape[1:3]
    padding: tuple[tuple[int, int], ...] = core.attr("padding", tuple)
    steps = (core.ints("strides"), [low for low, _ in padding], core.ints("dilation"), core.ints("input_dilation"))
    return tuple(phases_of(*args) for args in zip(taps, *steps, strict=True))


def emit_strips(fusion: Node, epilogue: Epilogue, target: Target) -> Kernel:
    """The kernel of a contraction fusion around such a `weft.conv`."""
    strips = _Strips(fusion, epilogue, target)
    name = kernel_name(fusion, target)
    module = Module(target)
    driver = _Driver(strips, module.kernel(name))
    driver.emit()
    if epilogue.rest:
        step, (height, width) = strips.apart[1], strips.output
        outer = (strips.batch, strips.out_blocks, height, width)
        tilepass.define(
            module,
            fusion,
            epilogue.core.result,
            PANEL,
            outer,
            lambda p, lane, at: (*at[:2], *strips.pixel_at(at[2], at[3] + p * step), lane),
            columns=PANEL,
        )
    needs = tuple(sorted(strips.needs))
    return Kernel(name, module.text(), fusion_symbols(fusion), driver.chunks, strips.scratch_bytes, strips.plan, (), needs)


class _Strips:
    """The geometry and the plan. Pairs are of rows and columns; `grid` counts the outputs of the first, largest phase."""

    def __init__(self, fusion: Node, epilogue: Epilogue, target: Target) -> None:
        self.fusion, self.epilogue, self.target = fusion, epilogue, target
        self.core = core = epilogue.core
        self.elem = memory_type(core.result.dtype)
        self.size = microkernel.ELEMENTS[self.elem]
        a = core.attrs
        self.layout = str(a["layout"])
        self.strides: tuple[int, int] = core.attr("strides", tuple)
        self.apart: tuple[int, int] = core.attr("input_dilation", tuple)
        self.first: tuple[int, ...] = core.attr("first", tuple)
        self.counts: tuple[int, ...] = core.attr("counts", tuple)
        self.phases = _phases(core)
        self.batch: Dim = core.result.shape[0]
        self._sizes()
        self.groups = microkernel.block_groups(target, self.elem, self.out_blocks, self.first, self.counts)
        self.rows = microkernel.tile_rows(target, self.elem, self.groups[0])
        self._strip()
        self.needs: set[str] = set()

    def _sizes(self) -> None:
        x, weights = self.core.operands
        self.out_blocks, *inner = weights.tensor.static_shape[:-1]
        if self.layout == "blocked":
            self.in_blocks, kh, kw, self.lanes = inner
            all_blocks, space = x.shape[1], x.shape[2:4]
            assert isinstance(all_blocks, int)
            self.all_blocks = all_blocks
        else:
            self.in_blocks = self.all_blocks = 1
            kh, kw, self.lanes = inner
            space = x.shape[2:4] if self.layout == "nchw" else x.shape[1:3]
        self.taps, self.input, self.output = (kh, kw), tuple(space), tuple(self.core.result.shape[2:4])
        self.panel_size = self.in_blocks * kh * kw * self.lanes * PANEL
        plain = all(len(p) == 1 and (p[0].count, p[0].offset) == (1, 0) for p in self.phases) and self.strides == (1, 1)
        self.in_place = self.layout == "blocked" and plain and self.input == self.output
        if self.in_place:
            self.input = self.output = (1, product(space))
        self.grid = tuple(ceildiv(n, d) for n, d in zip(self.output, self.apart, strict=True))

    def pixel_at(self, row: Dim, column: Dim) -> tuple[Dim, Dim]:
        """The place in the result of an output of the grid."""
        width = self.core.result.shape[3]
        return (column // width, column % width) if self.in_place else (row, column)

    def _strip(self) -> None:
        """Rows and pixels of a strip, in outputs of one phase, and output blocks of a chunk."""
        most = (_POINTWISE_TILES if self.in_place else 2) * self.rows
        self.pixels = _at_most(self.grid[1], most)
        self.lines = 1
        if not self.in_place:
            for lines in (2, 4, 8):
                self.lines = _at_most(self.grid[0], lines)
                if self._copied(self.lines) > _SCRATCH or self.lines * self.pixels * self.work * self.out_blocks > _CHUNK:
                    break
            while self.lines > 1 and self._copied(self.lines) > _SCRATCH:
                self.lines -= 1
        blocks = _CHUNK // (self.lines * self.pixels * self.work)
        self.blocks = min(self.out_blocks, max(2, blocks // 2 * 2))

    @property
    def work(self) -> int:
        """Multiply-adds of an output of every phase and an output block."""
        return self.panel_size

    @property
    def lowest(self) -> tuple[int, int]:
        """The lowest offset of any tap."""
        rows, columns = (min(p.offset for p in phases) for phases in self.phases)
        return rows, columns

    def extents(self, lines: int) -> tuple[int, int]:
        """Rows and columns of the input that a strip reads."""
        rows, columns = (
            (n - 1) * s + max(p.end for p in phases) - low + 1
            for n, s, phases, low in zip((lines, self.pixels), self.strides, self.phases, self.lowest, strict=True)
        )
        return rows, columns

    @property
    def pixel(self) -> int:
        """Elements of a pixel as the micro-kernel reads it."""
        return PANEL if self.layout == "blocked" else self.lanes

    @property
    def row_elements(self) -> int:
        """Elements of a row in scratch; room for whole vectors where rows are copied element by element."""
        columns = self.extents(self.lines)[1] * self.pixel
        return columns if self.layout == "blocked" else -(-columns // PANEL) * PANEL + PANEL

    @property
    def plane_elements(self) -> int:
        """Elements of an input block in scratch."""
        return self.extents(self.lines)[0] * self.row_elements

    def _copied(self, lines: int) -> int:
        rows, columns = self.extents(lines)
        return rows * columns * self.pixel * self.all_blocks * self.size

    @property
    def block_step(self) -> int:
        """Input blocks of one step of the sum; sums of several lengths are taken at once."""
        if self.counts:
            return self.in_blocks
        terms = self.taps[0] * self.taps[1] * self.lanes
        return -(-self.in_blocks // max(1, round(self.in_blocks * terms / _STEP)))

    @property
    def merges(self) -> bool:
        """Whether neighbouring kernel columns of a row are one run of elements."""
        return self.layout != "blocked" and all(p.step == p.skip == 1 for p in self.phases[1])

    @property
    def tile_bytes(self) -> int:
        return self.rows * self.groups[0] * PANEL * self.size if self.epilogue.rest else 0

    @property
    def scratch_bytes(self) -> int:
        return self.tile_bytes + (0 if self.in_place else (self.plane_elements * self.all_blocks + PANEL) * self.size)

    @property
    def plan(self) -> StripPlan:
        channels = (self.in_blocks * self.lanes, self.out_blocks * PANEL)
        tile = f"{self.rows}×{self.groups[0] * PANEL}"
        steps = -(-self.in_blocks // self.block_step)
        phases = (len(self.phases[0]), len(self.phases[1]))
        source = "in place" if self.in_place else "strips"
        height, width = self.output
        return StripPlan(
            self.taps, channels, (height, width), phases, tile, self.lines, self.pixels, self.blocks, steps, source, str(self.epilogue)
        )


def _at_most(extent: Dim, most: int) -> int:
    """The size of equal parts of `extent`, if that is known, of at most `most`."""
    if not isinstance(extent, int):
        return most
    return max(1, -(-extent // -(-extent // most)) if extent else 1)


@dataclass(frozen=True, slots=True)
class _Strip:
    """Where a chunk is: values of the function."""

    image: Val
    line: Val
    pixel: Val
    block: Val
    block_end: Val
    source: Val


class _Driver:
    """Writes the kernel function."""

    def __init__(self, strips: _Strips, w: Writer) -> None:
        self.v, self.w, self.elem = strips, w, strips.elem
        self.dims = Indices(Scopes(w), 1)
        fusion = strips.fusion
        for i, name in enumerate(fusion_symbols(fusion)):
            self.dims.define(name, w.symbol(len(fusion.operands) + len(fusion.results) + i))
        sizes = (strips.lines, strips.pixels)
        self.parts: list[Dim] = [ceildiv(n, size) for n, size in zip(strips.grid, sizes, strict=True)]
        self.parts.append(-(-strips.out_blocks // strips.blocks))
        self.chunks: Dim = product((strips.batch, *self.parts))
        # Computed at the function's head, whoever reads them.
        pixel = PANEL * strips.all_blocks if strips.layout == "blocked" else strips.lanes
        self.in_plane, self.in_image = (product((*strips.input, n)) for n in (PANEL, pixel))
        self.out_plane = product((*strips.output, PANEL))
        self.ends = [
            [ceildiv(n - r, d) for r in range(len(phases))] for n, d, phases in zip(strips.output, strips.apart, strips.phases, strict=True)
        ]
        needed = (*self.parts, *strips.input, *strips.output, self.in_plane, self.in_image, self.out_plane, *self.ends[0], *self.ends[1])
        self.known: dict[Dim, Val] = {d: self.dims.scalar(d) for d in needed}

    def emit(self) -> None:
        self._prepare()
        w, v = self.w, self.v
        with w.loop(w.end, start=w.begin) as chunk:
            rest, line = self._split(chunk, self.parts[0])
            rest, pixel = self._split(rest, self.parts[1])
            at, block = self._split(rest, self.parts[2])
            block0 = w.mul(block, v.blocks)
            stop = w.int_minmax("smin", w.add(block0, v.blocks), v.out_blocks)
            self._chunk(_Strip(at, w.mul(line, v.lines), w.mul(pixel, v.pixels), block0, stop, self._image(at)))
        w.ret(0)

    def _split(self, x: Val, n: Dim) -> tuple[Val, Val]:
        w = self.w
        return (x, const("i64", 0)) if n == 1 else (w.udiv(x, self.known[n]), w.urem(x, self.known[n]))

    def _at(self, base: Val, index: Val | int) -> Val:
        return self.w.gep(self.elem, base, index)

    def _image(self, number: Val) -> Val:
        return self._at(self.x, self.w.mul(number, self.known[self.in_image]))

    def _prepare(self) -> None:
        w, v, e = self.w, self.v, self.v.epilogue
        fusion = v.fusion
        params = fusion.regions[0].params
        x, weights = v.core.operands
        self.x, self.weights = w.operand(params.index(x)), w.operand(params.index(weights))
        self.y = w.operand(len(fusion.operands))
        self.tile = w.scratch()
        self.copy = w.offset(self.tile, v.tile_bytes)
        self.zeros = w.module.constant(bytes(v.groups[0] * PANEL * v.size))
        self.bias = None if e.rest or e.start is None else address_of(w, fusion, e.start)
        self.added = None if e.rest or e.add is None else address_of(w, fusion, e.add)
        self.first, self.counts = (w.module.constant(np.array(n, np.int64).tobytes()) if n else None for n in (v.first, v.counts))
        self.height, self.width = (self.known[n] for n in v.input)
        self.plane = self.known[self.in_plane] if v.in_place else const("i64", v.plane_elements)
        self.fields = {
            (ry, rx, last, more): self._fields(py, px, last, more)
            for (ry, py), (rx, px) in pairs(enumerate(v.phases[0]), enumerate(v.phases[1]))
            for last, more in pairs((False, True), repeat=2)
        }

    def _fields(self, py: Phase, px: Phase, last: bool, more: bool) -> Val:
        """Numbers for the micro-kernel: a phase, in the `last` step or another, and whether it goes on summing (`more`)."""
        v, rest = self.v, self.v.epilogue.rest
        steps = -(-v.in_blocks // v.block_step)
        blocks = v.in_blocks - (steps - 1) * v.block_step if last else v.block_step
        tap, columns = v.lanes * PANEL, v.taps[1]
        used = tap * (px.count if v.merges else px.step * px.count)
        numbers = {
            "nx": blocks, "ny": py.count, "nz": 1 if v.merges else px.count, "nk": v.lanes * px.count if v.merges else v.lanes,
            "sy": py.skip * v.row_elements, "sz": px.skip * v.pixel,
            "b_x": (v.taps[0] - py.step * py.count) * columns * tap,
            "b_y": py.step * columns * tap - used,
            "b_z": 0 if v.merges else (px.step - 1) * tap,
            "b_row": PANEL, "b_panel": v.panel_size,
        }  # fmt: skip
        row = const("i64", PANEL if rest else PANEL * v.apart[1])
        panel = const("i64", v.rows * PANEL) if rest else self.known[self.out_plane]
        start = (row, panel) if more else (const("i64", 0), const("i64", PANEL))
        values = {name: const("i64", n) for name, n in numbers.items()} | {
            "c_row": row,
            "c_panel": panel,
            "add_row": row,
            "add_panel": panel,
        }
        return microkernel.fields(self.w, **values, sx=self.plane, start_row=start[0], start_panel=start[1])

    # -- one chunk ------------------------------------------------------------------------------------------------------------

    def _chunk(self, strip: _Strip) -> None:
        w, v = self.w, self.v
        if not v.in_place:
            self._copy(strip)
        at = strip.block
        for group in v.groups:
            stop = strip.block_end if group == 1 else w.add(at, w.and_(w.sub(strip.block_end, at), -group))
            with w.loop(stop, start=at, step=group) as block:
                self._blocks(strip, group, block)
            at = stop

    def _copy(self, strip: _Strip) -> None:
        """The part of the image that the strip reads, zeros around it."""
        w, v = self.w, self.v
        rows, columns = v.extents(v.lines)
        top = w.add(w.mul(strip.line, v.strides[0]), v.lowest[0])
        left = w.add(w.mul(strip.pixel, v.strides[1]), v.lowest[1])
        begin, end = image.inside(w, left, columns, self.width)
        lo, hi = self._blocks_read(strip)
        with w.loop(hi, start=lo) as block, w.loop(rows) as row:
            index = w.add(top, row)
            dst = self._at(self.copy, w.add(w.mul(block, v.plane_elements), w.mul(row, v.row_elements)))
            exists = w.icmp("ult", index, self.height)
            first = w.select(exists, begin, const("i64", columns))
            last = w.select(exists, end, const("i64", columns))
            self._copy_row(strip.source, block, index, w.add(left, first), dst, first, last)

    def _copy_row(self, source: Val, block: Val, row: Val, column: Val, dst: Val, first: Val, last: Val) -> None:
        """Pixels [first, last) of a row in scratch, the first of which is the image's at `row` and `column`; zeros elsewhere."""
        w, v = self.w, self.v
        columns = v.extents(v.lines)[1]
        if v.layout == "blocked":
            line = w.mul(w.add(w.mul(w.add(w.mul(block, self.height), row), self.width), column), PANEL)
            image.copy_part(w, self.elem, columns, self._at(source, line), dst, first, last)
            return
        image.clear(w, self.elem, dst, columns * v.lanes)
        out, count = self._at(dst, w.mul(first, v.lanes)), w.sub(last, first)
        if v.layout == "nhwc":
            line = self._at(source, w.mul(w.add(w.mul(row, self.width), column), v.lanes))
            image.interleave_columns(w, self.elem, [line], out, w.mul(count, v.lanes))
            return
        plane = w.mul(self.height, self.width)
        line = w.add(w.mul(row, self.width), column)
        image.interleave_columns(w, self.elem, [self._at(source, w.add(line, w.mul(plane, c))) for c in range(v.lanes)], out, count)

    def _blocks_read(self, strip: _Strip) -> tuple[Val, Val]:
        """The input blocks that the chunk's output blocks read."""
        w, v = self.w, self.v
        if self.first is None:
            return const("i64", 0), const("i64", v.all_blocks)
        last = w.sub(strip.block_end, 1)
        count = const("i64", v.in_blocks) if self.counts is None else self._number(self.counts, last)
        return self._number(self.first, strip.block), w.add(self._number(self.first, last), count)

    def _number(self, numbers: Val, block: Val) -> Val:
        return self.w.load("i64", self.w.gep("i64", numbers, block), align=8)

    def _blocks(self, strip: _Strip, group: int, block: Val) -> None:
        """All pixels of the chunk by one group of output blocks, phase by phase."""
        w, v = self.w, self.v
        source = strip.source if v.in_place else self.copy
        if self.first is not None:
            source = self._at(source, w.mul(self._number(self.first, block), self.plane))
        if self.counts is not None:
            for (_, _, last, more), block_fields in self.fields.items():
                if last and not more:
                    microkernel.set_field(w, block_fields, "nx", self._number(self.counts, block))
        panel = self._at(self.weights, w.mul(block, v.panel_size))
        for (ry, py), (rx, px) in pairs(enumerate(v.phases[0]), enumerate(v.phases[1])):
            tap = (py.first * v.taps[1] + px.first) * v.lanes * PANEL
            self._phase(strip, (ry, rx), group, block, source, self._at(panel, tap))

    def _phase(self, strip: _Strip, phase: tuple[int, int], group: int, block: Val, source: Val, panel: Val) -> None:
        """The outputs of one phase: tiles of every row."""
        w, v = self.w, self.v
        py, px = (phases[r] for phases, r in zip(v.phases, phase, strict=True))
        ends = [self.ends[d][r] for d, r in enumerate(phase)]
        line_end = w.int_minmax("smin", w.add(strip.line, v.lines), self.known[ends[0]])
        pixel_end = w.int_minmax("smin", w.add(strip.pixel, v.pixels), self.known[ends[1]])
        balanced = tiles.is_balanced(ends[1], v.pixels)
        heights = tiles.heights(ends[1], v.pixels, v.rows)
        plane = w.add(w.mul(strip.image, v.out_blocks), block)
        if v.in_place:
            row0, column0 = const("i64", 0), strip.pixel
        else:
            row0, column0 = const("i64", py.offset - v.lowest[0]), const("i64", px.offset - v.lowest[1])
        with w.loop(line_end, start=strip.line) as line:
            row = w.add(w.mul(w.sub(line, strip.line), v.strides[0]), row0)
            a_line = self._at(source, w.add(w.mul(row, v.row_elements), w.mul(column0, v.pixel)))
            y = w.add(w.mul(line, v.apart[0]), phase[0])
            with tiles.rows_of(w, w.sub(pixel_end, strip.pixel), v.rows, balanced) as (offset, rows):
                x = w.add(w.mul(w.add(strip.pixel, offset), v.apart[1]), phase[1])
                place = w.add(w.mul(plane, self.known[self.out_plane]), w.mul(w.add(w.mul(y, self.known[v.output[1]]), x), PANEL))
                tile = _Tile(phase, group, self._at(a_line, w.mul(offset, v.strides[1] * v.pixel)), panel, block, place)
                for step in range(0, v.in_blocks, v.block_step):
                    self._tile(tile, rows, heights, step)
                if v.epilogue.rest:
                    self._finish(tile, strip, rows, y, x)

    def _tile(self, tile: "_Tile", rows: Val, heights: Sequence[int], step: int) -> None:
        """One step of the sum of one tile."""
        w, v, e = self.w, self.v, self.v.epilogue
        last = step + v.block_step >= v.in_blocks
        c = self.tile if e.rest else self._at(self.y, tile.place)
        start = c if step else self.zeros if self.bias is None else self._at(self.bias, w.mul(tile.block, PANEL))
        add = c if self.added is None else self._at(self.added, tile.place)
        a = tile.a if step == 0 else self._at(tile.a, w.mul(self.plane, step))
        b = self._at(tile.panel, step * (v.panel_size // v.in_blocks))
        numbers = self.fields[(*tile.phase, last, step > 0)]

        def sum_of(height: int) -> None:
            kernel = self._kernel(tile, height, last)
            microkernel.call(w, kernel, a, b, c, start, add, numbers)

        tiles.by_height(w, rows, heights, sum_of)

    def _kernel(self, tile: "_Tile", height: int, last: bool) -> MicroKernel:
        v, e = self.v, self.v.epilogue
        terms = v.lanes * v.phases[1][tile.phase[1]].count if v.merges else v.lanes
        unroll = next(u for u in (4, 3, 2, 1) if terms % u == 0)
        finishes = last and not e.rest
        dense = v.pixel * v.strides[1]
        gaps = v.apart != (1, 1)
        kernel = MicroKernel(
            self.elem,
            height,
            tile.group,
            unroll,
            dense,
            finishes and e.add is not None,
            finishes and e.relu,
            gaps=gaps,
            cap=e.cap if finishes else None,
        )
        v.needs.add(kernel.name)
        return kernel

    def _finish(self, tile: "_Tile", strip: _Strip, rows: Val, y: Val, x: Val) -> None:
        """The pass over the finished tile, one output block at a time."""
        w, v = self.w, self.v
        zero, lanes = const("i64", 0), const("i64", PANEL)
        for g in range(tile.group):
            where = (strip.image, w.add(tile.block, g), y, x)
            tilepass.call(w, self._at(self.tile, g * v.rows * PANEL), zero, rows, zero, lanes, where)


@dataclass(frozen=True, slots=True)
class _Tile:
    """Neighbouring outputs of one phase by a group of output blocks: `a` and `panel` are what is multiplied, `place` where it goes."""

    phase: tuple[int, int]
    group: int
    a: Val
    panel: Val
    block: Val
    place: Val
