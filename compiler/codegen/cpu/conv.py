"""Convolutions into blocked images: the plan, and the driver around the micro-kernels.

The sum over input blocks, kernel rows, kernel columns and lanes is a loop nest of the micro-kernel; a tile is up to 14 neighbouring output
pixels by one or two output blocks. Where padding, dilation of the input or the interleaving of few channels is needed, a chunk first copies
the rows it reads into scratch: a fraction of a percent of the arithmetic, and every tile is then an inner one. A pointwise convolution is a
product over all pixels, read in place.
"""

from dataclasses import dataclass

import numpy as np

from ...ir.dims import Dim, product
from ...ir.graph import Node, Value
from ...ops.blocked import PANEL
from ..index import Indices, Scopes
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, memory_type
from ..target import Target
from ..writer import Module, Writer
from . import image, microkernel, tilepass, tiles
from .chunks import balanced, pointwise_chunk
from .convstrips import emit_strips, takes_strips
from .epilogue import Epilogue, address_of, analyse
from .image import Window
from .microkernel import MicroKernel

_CHUNK = 1 << 23  # multiply-adds in a chunk that copies its input: some 60 µs
_STEM_CHUNK = 1 << 21  # where it copies few channels, which takes little
_POINTWISE_CHUNK = 1 << 21  # in one that reads it in place: some 15 µs
_STEP = 1024  # terms of the sum taken at once: so many rows of weights stay close
_LINES = 6  # a chunk that copies has at least so many output rows, for neighbours share input rows
_FEW_TILES = 16
_MOST_INSIDE = 0.95
_PIXELS = 224  # of a chunk of a pointwise convolution


@dataclass(frozen=True, slots=True)
class ConvPlan:
    """What a convolution does. `tile` is pixels × channels in registers; a chunk is `lines` output rows of `pixels` by `blocks` output
    blocks.

    `input` is "in place", or "padded" or "interleaved" copies in scratch; `steps` is how many parts the sum over input blocks is cut into.
    """

    kernel: tuple[int, int]
    channels: tuple[int, int]
    output: tuple[int, int]
    tile: str
    lines: int
    pixels: int
    blocks: int
    steps: int
    input: str
    epilogue: str


def emit_conv(fusion: Node, target: Target) -> Kernel:
    """The kernel of a contraction fusion around `weft.conv`."""
    epilogue = analyse(fusion.regions[0], (1, 4), caps=True)
    if takes_strips(epilogue.core):
        return emit_strips(fusion, epilogue, target)
    return _Conv(fusion, epilogue, target).kernel()


class _Conv:
    """The geometry and the plan."""

    def __init__(self, fusion: Node, epilogue: Epilogue, target: Target) -> None:
        self.fusion, self.epilogue, self.target = fusion, epilogue, target
        self.core = core = epilogue.core
        self.elem = memory_type(core.result.dtype)
        self.size = microkernel.ELEMENTS[self.elem]
        x, weights = core.operands
        attrs = core.attrs
        self.layout = str(attrs["layout"])
        self.strides: tuple[int, int] = core.attr("strides", tuple)
        self.dilation: tuple[int, int] = core.attr("dilation", tuple)
        self.padding: tuple[tuple[int, int], tuple[int, int]] = core.attr("padding", tuple)
        self.input_dilation: tuple[int, int] = core.attr("input_dilation", tuple)
        self.first: tuple[int, ...] = core.attr("first", tuple)
        self.counts: tuple[int, ...] = core.attr("counts", tuple)
        self.batch: Dim = x.shape[0]
        self._sizes(x, weights)
        self.groups = microkernel.block_groups(target, self.elem, self.out_blocks, self.first, self.counts)
        self.rows = microkernel.tile_rows(target, self.elem, self.groups[0])
        self.lines, self.pixels, self.blocks = self._chunk()
        self.needs: set[str] = set()

    def _sizes(self, x: Value, weights: Value) -> None:
        shape = weights.tensor.static_shape
        self.out_blocks, *inner = shape[:-1]
        if self.layout == "blocked":
            self.in_blocks, kh, kw, self.lanes = inner
            _, self.all_blocks, h, w, _ = x.shape
        else:
            self.in_blocks = self.all_blocks = 1
            kh, kw, self.lanes = inner
            h, w = x.shape[2:4] if self.layout == "nchw" else x.shape[1:3]
        self.kernel_size, self.input = (kh, kw), (h, w)
        self.output: tuple[int, int] = self.core.result.shape[2:4]
        self.panel_size = self.in_blocks * kh * kw * self.lanes * PANEL

    @property
    def pointwise(self) -> bool:
        """Whether every output pixel is a product of one input pixel, in the same order."""
        return self.in_place and self.strides == (1, 1) and self.kernel_size == (1, 1) and self.input == self.output

    @property
    def in_place(self) -> bool:
        """Whether the input can be read where it is: blocked, undilated, and no window reaches outside."""
        fits = all(
            lo == 0 and (n - 1) * s + (k - 1) * d < size
            for (lo, _), n, s, k, d, size in zip(
                self.padding, self.output, self.strides, self.kernel_size, self.dilation, self.input, strict=True
            )
        )
        return self.layout == "blocked" and self.input_dilation == (1, 1) and fits

    def _chunk(self) -> tuple[int, int, int]:
        """Output rows, pixels of a row and output blocks of a chunk."""
        blocks = sum(self.counts) / len(self.counts) if self.counts else self.in_blocks
        work = max(1, int(self.panel_size * blocks / self.in_blocks))  # multiply-adds of a pixel and an output block
        height, width = self.output
        group = self.groups[0]
        if self.pointwise:
            count = height * width
            pixels = balanced(count, max(self.rows, _PIXELS // self.rows * self.rows), self.rows)
            images = self.batch if isinstance(self.batch, int) else 1
            most = _POINTWISE_CHUNK // (pixels * work)
            return 1, *pointwise_chunk(images, (count, pixels, self.rows), (self.out_blocks, most, group), work)
        least = min(height, 1 if self.in_place else _LINES)
        most = _CHUNK if self.layout == "blocked" else _STEM_CHUNK
        lines = balanced(height, max(least, most // (width * work * self.out_blocks)), 1)
        return lines, width, _rounded(_CHUNK // (lines * width * work), group, self.out_blocks)

    @property
    def block_step(self) -> int:
        """Input blocks of one step of the sum. Sums of several lengths are taken at once: groups that do not fill blocks are small."""
        if self.counts:
            return self.in_blocks
        terms = self.kernel_size[0] * self.kernel_size[1] * self.lanes
        steps = max(1, round(self.in_blocks * terms / _STEP))
        return -(-self.in_blocks // steps)

    @property
    def windows(self) -> tuple[Window, Window]:
        """The rows and columns of the copy in scratch."""
        extents = [
            (n - 1) * s + (k - 1) * d + 1
            for n, s, k, d in zip((self.lines, self.output[1]), self.strides, self.kernel_size, self.dilation, strict=True)
        ]
        rows, columns = (
            Window(size, extent, lo, dilation)
            for size, extent, (lo, _), dilation in zip(self.input, extents, self.padding, self.input_dilation, strict=True)
        )
        return rows, columns

    @property
    def skips_rows(self) -> bool:
        """Whether so many kernel rows lie outside the image that each output row leaves its own out."""
        if self.layout != "blocked" or self.in_place or self.input_dilation != (1, 1):
            return False
        (lines, taps), step, dilation = (self.output[0], self.kernel_size[0]), self.strides[0], self.dilation[0]
        first = [y * step - self.padding[0][0] for y in range(lines)]
        inside = sum(0 <= at + i * dilation < self.input[0] for at in first for i in range(taps))
        return inside < _MOST_INSIDE * lines * taps

    @property
    def skips_columns(self) -> bool:
        """Whether whole tiles lie outside the image under some kernel columns, and leave these out."""
        low = self.padding[1][0]
        tile = self.output[1] / -(-self.output[1] // self.rows)
        return self.layout == "blocked" and self.input_dilation == (1, 1) and 0 < (tile - 1) * self.strides[1] < low

    @property
    def fetches(self) -> bool:
        """Whether tiles ask for the panels that follow: where few tiles share a panel, so that waiting for it would show."""
        lines, pixels = (1, self.pixels) if self.pointwise else (self.lines, self.output[1])
        tiles_of_panel = lines * -(-pixels // self.rows)
        return 1 < tiles_of_panel <= _FEW_TILES

    @property
    def pixel(self) -> int:
        """Elements of a pixel as the micro-kernel reads it."""
        return PANEL if self.layout == "blocked" else self.lanes

    @property
    def row_elements(self) -> int:
        """Elements of a row as the micro-kernel reads it; room for whole vectors where rows are copied element by element."""
        if self.in_place:
            return self.input[1] * PANEL
        columns = self.windows[1].extent * self.pixel
        return columns if self.layout == "blocked" else -(-columns // PANEL) * PANEL + PANEL

    @property
    def plane_elements(self) -> int:
        """Elements of an input block as the micro-kernel reads it."""
        return self.row_elements * (self.input[0] if self.in_place else self.windows[0].extent)

    @property
    def tile_bytes(self) -> int:
        return self.rows * self.groups[0] * PANEL * self.size if self.epilogue.rest else 0

    @property
    def scratch_bytes(self) -> int:
        return self.tile_bytes + (0 if self.in_place else (self.plane_elements * self.all_blocks + PANEL) * self.size)

    @property
    def plan(self) -> ConvPlan:
        source = "in place" if self.in_place else "padded" if self.layout == "blocked" else "interleaved"
        channels = (self.in_blocks * self.lanes, self.out_blocks * PANEL)
        tile = f"{self.rows}×{self.groups[0] * PANEL}"
        steps = -(-self.in_blocks // self.block_step)
        return ConvPlan(
            self.kernel_size, channels, self.output, tile, self.lines, self.pixels, self.blocks, steps, source, str(self.epilogue)
        )

    def kernel(self) -> Kernel:
        name = kernel_name(self.fusion, self.target)
        module = Module(self.target)
        driver = _Driver(self, module.kernel(name))
        driver.emit()
        if self.epilogue.rest:
            width = self.output[1]
            outer = (self.batch, self.out_blocks)
            tilepass.define(
                module, self.fusion, self.core.result, PANEL, outer, lambda p, lane, at: (*at, p // width, p % width, lane), columns=PANEL
            )
        symbols = fusion_symbols(self.fusion)
        return Kernel(name, module.text(), symbols, driver.chunks, self.scratch_bytes, self.plan, (), tuple(sorted(self.needs)))


def _rounded(count: int, unit: int, most: int) -> int:
    return min(most, max(unit, count // unit * unit))


class _Driver:
    """Writes the kernel function."""

    def __init__(self, conv: _Conv, w: Writer) -> None:
        self.v, self.w, self.elem = conv, w, conv.elem
        height, width = conv.output
        self.line_count, self.line_pixels = (1, height * width) if conv.pointwise else (height, width)
        counts = (self.line_count, conv.lines), (self.line_pixels, conv.pixels), (conv.out_blocks, conv.blocks)
        self.parts = [-(-n // size) for n, size in counts]
        self.chunks: Dim = product((conv.batch, *self.parts))

    def emit(self) -> None:
        self._prepare()
        w, v = self.w, self.v
        with w.loop(w.end, start=w.begin) as chunk:
            # Blocks vary slowest within an image: neighbouring chunks share weights.
            rest, line = self._split(chunk, self.parts[0])
            rest, pixel = self._split(rest, self.parts[1])
            self.image, block = self._split(rest, self.parts[2])
            self.line0, self.pixel0, self.block0 = w.mul(line, v.lines), w.mul(pixel, v.pixels), w.mul(block, v.blocks)
            self.line_end = self._least(w.add(self.line0, v.lines), self.line_count)
            self.pixel_end = self._least(w.add(self.pixel0, v.pixels), self.line_pixels)
            self.block_end = self._least(w.add(self.block0, v.blocks), v.out_blocks)
            self._chunk()
        w.ret(0)

    def _split(self, x: Val, n: int) -> tuple[Val, Val]:
        w = self.w
        return (x, const("i64", 0)) if n == 1 else (w.udiv(x, const("i64", n)), w.urem(x, const("i64", n)))

    def _least(self, x: Val, y: int) -> Val:
        return self.w.int_minmax("smin", x, y)

    def _at(self, base: Val, index: Val | int) -> Val:
        return self.w.gep(self.elem, base, index)

    def _prepare(self) -> None:
        w, v = self.w, self.v
        fusion = v.fusion
        params = fusion.regions[0].params
        x, weights = v.core.operands
        self.x, self.weights = w.operand(params.index(x)), w.operand(params.index(weights))
        self.y = w.operand(len(fusion.operands))
        self.tile = w.scratch()
        self.copy = w.offset(self.tile, v.tile_bytes)
        self.zeros = w.module.constant(bytes(v.groups[0] * PANEL * v.size))
        e = v.epilogue
        self.bias = None if e.rest or e.start is None else address_of(w, fusion, e.start)
        self.added = None if e.rest or e.add is None else address_of(w, fusion, e.add)
        self.first, self.counts = (w.module.constant(np.array(n, np.int64).tobytes()) if n else None for n in (v.first, v.counts))
        self.blocks_of = {(last, more): self._fields(last, more) for last in (False, True) for more in (False, True)}
        symbols = Indices(Scopes(w), 1)
        for i, name in enumerate(fusion_symbols(fusion)):
            symbols.define(name, w.symbol(len(fusion.operands) + len(fusion.results) + i))

    def _fields(self, last: bool, more: bool) -> Val:
        """Numbers for the micro-kernel: in the `last` step or another, and whether it goes on summing (`more`)."""
        v = self.v
        kh, kw = v.kernel_size
        plane = v.output[0] * v.output[1] * PANEL
        steps = -(-v.in_blocks // v.block_step)
        blocks = v.in_blocks - (steps - 1) * v.block_step if last else v.block_step
        # Neighbouring kernel columns of an interleaved row are one run of elements.
        merged = v.layout != "blocked" and v.dilation[1] == 1
        panel = v.rows * PANEL if v.epilogue.rest else plane
        numbers = {
            "nx": blocks, "ny": kh, "nz": 1 if merged else kw, "nk": v.lanes * kw if merged else v.lanes,
            "sx": v.plane_elements, "sy": v.dilation[0] * v.row_elements, "sz": v.dilation[1] * v.pixel,
            "b_row": PANEL, "b_panel": v.panel_size, "c_row": PANEL, "c_panel": panel,
            "start_row": PANEL if more else 0, "start_panel": panel if more else PANEL, "add_row": PANEL, "add_panel": plane,
            "next_step": PANEL,
        }  # fmt: skip
        return microkernel.fields(self.w, **{name: const("i64", n) for name, n in numbers.items()})

    # -- one chunk ------------------------------------------------------------------------------------------------------------

    def _chunk(self) -> None:
        w, v = self.w, self.v
        blocks = v.all_blocks if v.layout == "blocked" else v.lanes
        image_elements = blocks * v.input[0] * v.input[1] * (PANEL if v.layout == "blocked" else 1)
        self.source = self._at(self.x, w.mul(self.image, image_elements))
        self.result = w.mul(self.image, v.out_blocks * v.output[0] * v.output[1] * PANEL)
        if not v.in_place:
            self._copy_rows()
        at = self.block0
        for group in v.groups:
            count = w.sub(self.block_end, at)
            stop = self.block_end if group == 1 else w.add(at, w.and_(count, -group))
            with w.loop(stop, start=at, step=group) as block:
                self._blocks(group, block)
            at = stop

    def _copy_rows(self) -> None:
        """The input rows of the chunk, in scratch."""
        w, v = self.w, self.v
        rows, columns = v.windows
        h, width = v.input
        top = w.mul(self.line0, v.strides[0])
        lo, hi = self._blocks_read()
        with w.loop(hi, start=lo) as block, w.loop(rows.extent) as row:
            dst = self._at(self.copy, w.add(w.mul(block, v.plane_elements), w.mul(row, v.row_elements)))
            index, exists = image.source_row(w, rows, w.add(top, row))

            def copy(dst: Val = dst, index: Val = index, block: Val = block) -> list[Val]:
                match v.layout:
                    case "blocked":
                        src = self._at(self.source, w.mul(w.add(w.mul(block, h), index), width * PANEL))
                        image.copy_pixels(w, self.elem, columns, src, dst)
                    case "nchw":
                        planes = [self._at(self.source, w.add(w.mul(index, width), c * h * width)) for c in range(v.lanes)]
                        image.interleave(w, self.elem, columns, v.lanes, planes, dst)
                    case _:
                        image.copy_elements(w, self.elem, columns, v.lanes, self._at(self.source, w.mul(index, width * v.lanes)), dst)
                return []

            def clear(dst: Val = dst) -> list[Val]:
                image.clear(w, self.elem, dst, columns.extent * v.pixel)
                return []

            w.cond(exists, copy, clear)

    def _blocks_read(self) -> tuple[Val, Val]:
        """The input blocks that the chunk's output blocks read."""
        w, v = self.w, self.v
        if self.first is None:
            return const("i64", 0), const("i64", v.all_blocks)
        last = w.sub(self.block_end, 1)
        count = const("i64", v.in_blocks) if self.counts is None else self._number(self.counts, last)
        return self._number(self.first, self.block0), w.add(self._number(self.first, last), count)

    def _number(self, numbers: Val, block: Val) -> Val:
        """The entry for an output block."""
        return self.w.load("i64", self.w.gep("i64", numbers, block), align=8)

    def _blocks(self, group: int, block: Val) -> None:
        """All pixels of the chunk by one group of output blocks."""
        w, v = self.w, self.v
        source = self.source if v.in_place else self.copy
        if self.first is not None:
            source = self._at(source, w.mul(self._number(self.first, block), v.plane_elements))
        if self.counts is not None:
            microkernel.set_field(w, self.blocks_of[True, False], "nx", self._number(self.counts, block))
        steps = range(0, v.in_blocks, v.block_step)
        panel = self._at(self.weights, w.mul(block, v.panel_size))
        if v.epilogue.rest:
            self._tiles(group, block, source, panel, list(steps))
        else:
            for step in steps:
                self._tiles(group, block, source, panel, [step])

    def _tiles(self, group: int, block: Val, source: Val, panel: Val, steps: list[int]) -> None:
        """Those steps of the sum for all tiles of the chunk."""
        w, v = self.w, self.v
        plane = v.output[0] * v.output[1] * PANEL
        place = w.add(self.result, w.mul(block, plane))
        with w.loop(self.line_end, start=self.line0) as line:
            # Rows in scratch begin with the first one that the chunk reads.
            row = w.mul(line if v.in_place else w.sub(line, self.line0), v.strides[0] * v.row_elements)
            a_line = self._at(source, row)
            b_line = panel
            if v.skips_rows:
                a_line, b_line = self._skip_rows(line, a_line, panel)
            with tiles.rows_of(w, w.sub(self.pixel_end, self.pixel0), v.rows) as (offset, rows):
                pixel = w.add(self.pixel0, offset)
                a = self._at(a_line, w.mul(pixel, v.strides[1] * v.pixel))
                flat = w.add(w.mul(line, self.line_pixels), pixel)
                at = w.add(place, w.mul(flat, PANEL))
                b = b_line
                if v.skips_columns:
                    a, b = self._skip_columns(pixel, rows, a, b)
                if v.fetches:
                    self._fetch_next(group, w.add(w.mul(w.sub(line, self.line0), self.line_pixels), offset))
                for step in steps:
                    self._tile(group, rows, step, a, b, block, at)
                if v.epilogue.rest:
                    self._finish(group, rows, flat, block)

    def _skip_rows(self, line: Val, a: Val, b: Val) -> tuple[Val, Val]:
        """Input and panel for an output row, from the first kernel row on that lies inside the image; one at least is left."""
        w, v = self.w, self.v
        first, count = self._inside(0, w.mul(line, v.strides[0]), const("i64", 0))
        row = v.kernel_size[1] * v.lanes * PANEL  # of the panel
        for block in self.blocks_of.values():
            microkernel.set_field(w, block, "ny", count)
            microkernel.set_field(w, block, "b_x", w.mul(w.sub(v.kernel_size[0], count), row))
        return self._at(a, w.mul(first, v.dilation[0] * v.row_elements)), self._at(b, w.mul(first, row))

    def _skip_columns(self, pixel: Val, rows: Val, a: Val, b: Val) -> tuple[Val, Val]:
        """Likewise the columns for a tile, of which some pixel lies inside."""
        w, v = self.w, self.v
        first, count = self._inside(1, w.mul(pixel, v.strides[1]), w.mul(w.sub(rows, 1), v.strides[1]))
        column = v.lanes * PANEL
        for block in self.blocks_of.values():
            microkernel.set_field(w, block, "nz", count)
            microkernel.set_field(w, block, "b_y", w.mul(w.sub(v.kernel_size[1], count), column))
        return self._at(a, w.mul(first, v.dilation[1] * v.pixel)), self._at(b, w.mul(first, column))

    def _inside(self, d: int, at: Val, length: Val) -> tuple[Val, Val]:
        """The taps along dim `d` under which something of [at, at + length] lies inside the image: the first, and how many."""
        w, v = self.w, self.v
        taps, dilation = v.kernel_size[d], v.dilation[d]
        start = w.sub(at, v.padding[d][0])
        before = w.sdiv(w.sub(dilation - 1, w.add(start, length)), const("i64", dilation))
        first = w.int_minmax("smin", w.int_minmax("smax", before, 0), taps - 1)
        after = w.add(w.sdiv(w.sub(v.input[d] - 1, start), const("i64", dilation)), 1)
        return first, w.int_minmax("smax", w.sub(w.int_minmax("smin", after, taps), first), 1)

    def _fetch_next(self, group: int, pixel: Val) -> None:
        """The first two tiles of a group of panels ask for the next group."""
        w, v = self.w, self.v
        first, second = const("i64", group * v.panel_size), const("i64", (2 * group - 1) * v.panel_size)
        other = w.select(w.icmp("sle", pixel, v.rows), second, const("i64", 0))
        distance = w.select(w.icmp("eq", pixel, 0), first, other)
        for block in self.blocks_of.values():
            microkernel.set_field(w, block, "next", distance)

    def _tile(self, group: int, rows: Val, step: int, a: Val, panel: Val, block: Val, at: Val) -> None:
        w, v, e = self.w, self.v, self.v.epilogue
        last = step + v.block_step >= v.in_blocks
        c = self.tile if e.rest else self._at(self.y, at)
        start = c if step else self.zeros if self.bias is None else self._at(self.bias, w.mul(block, PANEL))
        add = c if self.added is None else self._at(self.added, at)
        a = self._at(a, step * v.plane_elements)
        b = self._at(panel, step * (v.panel_size // v.in_blocks))
        fields = self.blocks_of[last, step > 0]

        def sum_of(height: int) -> None:
            kernel = self._kernel(height, group, last)
            microkernel.call(w, kernel, a, b, c, start, add, fields)

        tiles.by_height(w, rows, tiles.heights(self.line_pixels, v.pixels, v.rows), sum_of)

    def _kernel(self, height: int, group: int, last: bool) -> MicroKernel:
        v, e = self.v, self.v.epilogue
        terms = v.lanes if v.layout == "blocked" or v.dilation[1] > 1 else v.lanes * v.kernel_size[1]
        unroll = next(u for u in (4, 3, 2, 1) if terms % u == 0)
        finishes = last and not e.rest
        kernel = MicroKernel(
            self.elem,
            height,
            group,
            unroll,
            v.pixel * v.strides[1],
            finishes and e.add is not None,
            finishes and e.relu,
            v.fetches,
            v.skips_rows or v.skips_columns,
            cap=e.cap if finishes else None,
        )
        v.needs.add(kernel.name)
        return kernel

    def _finish(self, group: int, rows: Val, pixel: Val, block: Val) -> None:
        """The pass over the finished tile, one output block at a time."""
        w, v = self.w, self.v
        for g in range(group):
            tile = self._at(self.tile, g * v.rows * PANEL)
            zero, lanes = const("i64", 0), const("i64", PANEL)
            tilepass.call(w, tile, pixel, rows, zero, lanes, (self.image, w.add(block, g)))
