"""Depthwise convolutions of images of any size.

Strips of one block of channels go through scratch of a fixed size, zeros around the image included. There, tiles of a few neighbouring
outputs have strides known when code is generated; of the last tile of a row only what exists is stored.
"""

from dataclasses import dataclass

from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ..index import Indices, Scopes
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, memory_type, vec, zero
from ..target import Target
from ..writer import Module, Writer
from . import image, tilepass, units
from .epilogue import Epilogue, address_of
from .microkernel import ELEMENTS

_PIXELS = 8  # of a tile, if registers allow
_TILES = 4  # of a strip
_LINES = 8  # output rows of a strip, if scratch stays small
_SCRATCH = 1 << 15


@dataclass(frozen=True, slots=True)
class DepthwiseStripPlan:
    """What a depthwise convolution does: a chunk is `lines` output rows of one block of channels, in strips of `pixels`."""

    kernel: tuple[int, int]
    output: tuple[Dim, Dim]
    tile: int
    lines: int
    pixels: int
    epilogue: str


def emit_depthwise_strips(fusion: Node, epilogue: Epilogue, target: Target) -> Kernel:
    """The kernel of a contraction fusion around a `weft.depthwise` whose spatial dims are symbolic."""
    name = kernel_name(fusion, target)
    module = Module(target)
    driver = _Driver(fusion, epilogue, target, module.kernel(name))
    driver.emit()
    if epilogue.rest:
        tilepass.define(
            module,
            fusion,
            epilogue.core.result,
            PANEL,
            epilogue.core.result.shape[:4],
            lambda p, lane, at: (*at[:3], at[3] + p, lane),
            PANEL,
        )
    height, width = driver.output
    plan = DepthwiseStripPlan(driver.taps, (height, width), driver.tile_pixels, driver.lines, driver.pixels, str(epilogue))
    return Kernel(name, module.text(), fusion_symbols(fusion), driver.chunks, driver.scratch_bytes, plan)


class _Driver:
    """Geometry, and the kernel function."""

    def __init__(self, fusion: Node, epilogue: Epilogue, target: Target, w: Writer) -> None:
        self.fusion, self.epilogue, self.w = fusion, epilogue, w
        core = epilogue.core
        self.elem = memory_type(core.result.dtype)
        self.type = vec(self.elem, PANEL)
        x, weights = core.operands
        self.batch, blocks, *space, _ = x.shape
        self.taps: tuple[int, int] = weights.shape[1:3]
        self.strides: tuple[int, int] = core.attr("strides", tuple)
        self.dilation: tuple[int, int] = core.attr("dilation", tuple)
        self.padding: tuple[tuple[int, int], tuple[int, int]] = core.attr("padding", tuple)
        assert isinstance(blocks, int)
        self.blocks, self.input, self.output = blocks, tuple(space), tuple(core.result.shape[2:4])
        per_pixel = max(1, PANEL * ELEMENTS[self.elem] // target.vector_bytes)
        self.tile_pixels = max(1, min(_PIXELS, target.vector_registers // 2 // per_pixel))
        self.pixels = _TILES * self.tile_pixels
        self.lines = next((n for n in range(_LINES, 1, -1) if self._bytes(n) <= _SCRATCH), 1)
        self.parts = ceildiv(self.output[0], self.lines)
        self.chunks: Dim = product((self.batch, self.blocks, self.parts))
        self._prepare()

    def extent(self, d: int, outputs: int) -> int:
        """Input rows (0) or columns (1) that neighbouring outputs read."""
        return (outputs - 1) * self.strides[d] + (self.taps[d] - 1) * self.dilation[d] + 1

    def _bytes(self, lines: int) -> int:
        return self.extent(0, lines) * self.extent(1, self.pixels) * PANEL * ELEMENTS[self.elem]

    @property
    def tile_bytes(self) -> int:
        return self.tile_pixels * PANEL * ELEMENTS[self.elem]

    @property
    def scratch_bytes(self) -> int:
        return self.tile_bytes + self._bytes(self.lines)

    def _prepare(self) -> None:
        w, e = self.w, self.epilogue
        dims = Indices(Scopes(w), 1)
        for i, name in enumerate(fusion_symbols(self.fusion)):
            dims.define(name, w.symbol(len(self.fusion.operands) + len(self.fusion.results) + i))
        self.height, self.width = (dims.scalar(n) for n in self.input)
        self.out_height, self.out_width = (dims.scalar(n) for n in self.output)
        self.part_count = dims.scalar(self.parts)
        params = self.fusion.regions[0].params
        x, weights = e.core.operands
        self.x, self.weights = w.operand(params.index(x)), w.operand(params.index(weights))
        self.y = w.operand(len(self.fusion.operands))
        self.bias = None if e.rest or e.start is None else address_of(self.w, self.fusion, e.start)
        self.added = None if e.rest or e.add is None else address_of(self.w, self.fusion, e.add)
        self.tile = w.scratch()
        self.copy = w.offset(self.tile, self.tile_bytes)

    def _at(self, base: Val, index: Val | int) -> Val:
        return self.w.gep(self.elem, base, index)

    def emit(self) -> None:
        """Chunks, and the strips of each."""
        w = self.w
        with w.loop(w.end, start=w.begin) as chunk:
            plane, part = w.udiv(chunk, self.part_count), w.urem(chunk, self.part_count)
            self.image, self.block = w.udiv(plane, const("i64", self.blocks)), w.urem(plane, const("i64", self.blocks))
            taps = self._at(self.weights, w.mul(self.block, self.taps[0] * self.taps[1] * PANEL))
            self.kernel_values = [w.load(self.type, self._at(taps, i * PANEL)) for i in range(self.taps[0] * self.taps[1])]
            self.start = zero(self.type) if self.bias is None else w.load(self.type, self._at(self.bias, w.mul(self.block, PANEL)))
            line = w.mul(part, self.lines)
            stop = w.int_minmax("smin", w.add(line, self.lines), self.out_height)
            with w.loop(self.out_width, step=self.pixels) as pixel:
                self._copy(plane, line, pixel)
                with w.loop(stop, start=line) as y:
                    self._row(plane, y, w.sub(y, line), pixel)
        w.ret(0)

    def _copy(self, plane: Val, line: Val, pixel: Val) -> None:
        """The part of the image that a strip reads."""
        w = self.w
        columns = self.extent(1, self.pixels)
        top, left = (w.sub(w.mul(at, s), lo) for at, s, (lo, _) in zip((line, pixel), self.strides, self.padding, strict=True))
        begin, end = image.inside(w, left, columns, self.width)
        with w.loop(self.extent(0, self.lines)) as row:
            index = w.add(top, row)
            exists = w.icmp("ult", index, self.height)
            first, last = w.select(exists, begin, const("i64", columns)), w.select(exists, end, const("i64", columns))
            place = w.add(w.mul(w.add(w.mul(plane, self.height), index), self.width), w.add(left, first))
            dst = self._at(self.copy, w.mul(row, columns * PANEL))
            image.copy_part(w, self.elem, columns, self._at(self.x, w.mul(place, PANEL)), dst, first, last)

    def _row(self, plane: Val, y: Val, row: Val, pixel: Val) -> None:
        """The tiles of an output row of a strip: whole ones, then what is left."""
        w = self.w
        columns = self.extent(1, self.pixels)
        source = self._at(self.copy, w.mul(row, self.strides[0] * columns * PANEL))
        count = w.int_minmax("smin", w.sub(self.out_width, pixel), self.pixels)
        line = w.add(w.mul(w.add(w.mul(plane, self.out_height), y), self.out_width), pixel)
        with w.loop(count, step=self.tile_pixels) as at:
            sums = self._sums(self._at(source, w.mul(at, self.strides[1] * PANEL)))
            here, left = w.add(line, at), w.sub(count, at)
            if self.epilogue.rest:
                self._finish(sums, y, w.add(pixel, at), w.int_minmax("smin", left, self.tile_pixels))
            else:
                self._store(sums, w.mul(here, PANEL), left)

    def _sums(self, source: Val) -> list[Val]:
        w = self.w
        columns = self.extent(1, self.pixels)
        sums = [self.start] * self.tile_pixels
        for i in range(self.taps[0]):
            row = self._at(source, i * self.dilation[0] * columns * PANEL)
            for c in range(self.extent(1, self.tile_pixels)):
                places = ((p, divmod(c - p * self.strides[1], self.dilation[1])) for p in range(self.tile_pixels))
                uses = [(p, j) for p, (j, off) in places if off == 0 and 0 <= j < self.taps[1]]
                if not uses:
                    continue
                x = w.load(self.type, self._at(row, c * PANEL))
                for p, j in uses:
                    sums[p] = w.fma(x, self.kernel_values[i * self.taps[1] + j], sums[p])
        return sums

    def _store(self, sums: list[Val], place: Val, left: Val) -> None:
        """Stores the tile, or the first `left` of its pixels."""
        w = self.w
        for p, x in enumerate(sums):
            with w.when(w.icmp("sgt", left, p)):
                at = w.add(place, p * PANEL)
                if self.added is not None:
                    x = w.fadd(x, w.load(self.type, self._at(self.added, at)))
                if self.epilogue.relu:
                    x = units.relu(w, x, self.epilogue.cap)
                w.store(x, self._at(self.y, at))

    def _finish(self, sums: list[Val], y: Val, x: Val, count: Val) -> None:
        w = self.w
        for p, value in enumerate(sums):
            w.store(value, self._at(self.tile, p * PANEL))
        none, lanes = const("i64", 0), const("i64", PANEL)
        tilepass.call(w, self.tile, none, count, none, lanes, (self.image, self.block, y, x))
