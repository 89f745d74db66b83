"""Depthwise convolutions of blocked images.

A tile is a few neighbouring output pixels of one block of 16 channels; every input pixel it needs is loaded once. Rows outside the image
are a row of zeros in scratch; columns outside are known when code is generated, so tiles at the edges leave out what they would multiply by
zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ...ir.dims import Dim, product
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, memory_type, vec, zero
from ..target import Target
from ..writer import Module
from . import image, tilepass, units
from .depthwisestrips import emit_depthwise_strips
from .epilogue import Epilogue, address_of, analyse
from .microkernel import ELEMENTS

_CHUNK = 1 << 15  # vector multiply-adds in a chunk
_PIXELS = 8  # of a tile, if registers allow


@dataclass(frozen=True, slots=True)
class DepthwisePlan:
    """What a depthwise convolution does: a chunk is `lines` output rows of one block of channels, in tiles of up to `pixels`."""

    kernel: tuple[int, int]
    output: tuple[int, int]
    pixels: int
    lines: int
    epilogue: str


@dataclass(frozen=True, slots=True)
class _Tile:
    """`height` output pixels, and which input columns they read, counted from the first; `whole` if all of them exist."""

    at: int
    height: int
    columns: tuple[int, ...]
    whole: bool


def emit_depthwise(fusion: Node, target: Target) -> Kernel:
    """The kernel of a contraction fusion around `weft.depthwise`."""
    epilogue = analyse(fusion.regions[0], (1, 4), caps=True)
    if not all(isinstance(d, int) for d in epilogue.core.result.shape[2:4]):
        return emit_depthwise_strips(fusion, epilogue, target)
    return _Depthwise(fusion, epilogue, target).kernel()


class _Depthwise:
    def __init__(self, fusion: Node, epilogue: Epilogue, target: Target) -> None:
        self.fusion, self.epilogue, self.target = fusion, epilogue, target
        self.core = core = epilogue.core
        self.elem = memory_type(core.result.dtype)
        self.size = ELEMENTS[self.elem]
        x, weights = core.operands
        self.batch, self.blocks, h, width, _ = x.shape
        self.input = (h, width)
        self.taps: tuple[int, int] = weights.shape[1:3]
        self.output: tuple[int, int] = core.result.shape[2:4]
        self.strides: tuple[int, int] = core.attr("strides", tuple)
        self.dilation: tuple[int, int] = core.attr("dilation", tuple)
        self.padding: tuple[tuple[int, int], tuple[int, int]] = core.attr("padding", tuple)
        per_pixel = max(1, PANEL * self.size // target.vector_bytes)
        self.pixels = max(1, min(_PIXELS, target.vector_registers // 2 // per_pixel))
        work = self.output[1] * self.taps[0] * self.taps[1]
        parts = -(-self.output[0] // max(1, _CHUNK // work))
        self.lines = -(-self.output[0] // parts)
        self.parts = -(-self.output[0] // self.lines)
        self.chunks: Dim = product((self.batch, self.blocks, self.parts))

    @property
    def tile_bytes(self) -> int:
        return self.pixels * PANEL * self.size if self.epilogue.rest else 0

    def tiles(self) -> list[_Tile]:
        """The tiles of an output row."""
        width = self.output[1]
        count = -(-width // self.pixels)
        low, longer = divmod(width, count)
        made: list[_Tile] = []
        at = 0
        for i in range(count):
            height = low + (i < longer)
            first = at * self.strides[1] - self.padding[1][0]
            reach = (height - 1) * self.strides[1] + (self.taps[1] - 1) * self.dilation[1] + 1
            columns = tuple(c for c in range(reach) if 0 <= first + c < self.input[1])
            made.append(_Tile(at, height, columns, len(columns) == reach))
            at += height
        return made

    def kernel(self) -> Kernel:
        name = kernel_name(self.fusion, self.target)
        module = Module(self.target)
        self.w = module.kernel(name)
        self._emit()
        if self.epilogue.rest:
            width = self.output[1]
            outer = (self.batch, self.blocks)
            tilepass.define(
                module, self.fusion, self.core.result, PANEL, outer, lambda p, lane, at: (*at, p // width, p % width, lane), columns=PANEL
            )
        plan = DepthwisePlan(self.taps, self.output, self.pixels, self.lines, str(self.epilogue))
        # The row of zeros is as long as a tile may reach to the right of the image.
        row = (self.input[1] + PANEL) * PANEL * self.size
        return Kernel(name, module.text(), fusion_symbols(self.fusion), self.chunks, self.tile_bytes + row, plan)

    def _emit(self) -> None:
        w = self.w
        params = self.fusion.regions[0].params
        x, weights = self.core.operands
        self.x, self.weights = w.operand(params.index(x)), w.operand(params.index(weights))
        self.y = w.operand(len(self.fusion.operands))
        e = self.epilogue
        self.bias = None if e.rest or e.start is None else address_of(self.w, self.fusion, e.start)
        self.added = None if e.rest or e.add is None else address_of(self.w, self.fusion, e.add)
        self.tile = w.scratch()
        self.zeros = w.offset(self.tile, self.tile_bytes)
        image.clear(w, self.elem, self.zeros, self.input[1] * PANEL)
        with w.loop(w.end, start=w.begin) as chunk:
            plane, part = w.udiv(chunk, const("i64", self.parts)), w.urem(chunk, const("i64", self.parts))
            assert isinstance(self.blocks, int)
            self.image, self.block = w.udiv(plane, const("i64", self.blocks)), w.urem(plane, const("i64", self.blocks))
            line = w.mul(part, self.lines)
            stop = w.int_minmax("smin", w.add(line, self.lines), self.output[0])
            self._plane(self._at(self.x, w.mul(plane, self.input[0] * self.input[1] * PANEL)), plane, line, stop)
        w.ret(0)

    def _at(self, base: Val, index: Val | int) -> Val:
        return self.w.gep(self.elem, base, index)

    def _plane(self, source: Val, plane: Val, line: Val, stop: Val) -> None:
        """Rows of one block of channels of one image."""
        w = self.w
        type_ = vec(self.elem, PANEL)
        taps = self._at(self.weights, w.mul(self.block, self.taps[0] * self.taps[1] * PANEL))
        self.kernel_values = [w.load(type_, self._at(taps, i * PANEL)) for i in range(self.taps[0] * self.taps[1])]
        self.start = zero(type_) if self.bias is None else w.load(type_, self._at(self.bias, w.mul(self.block, PANEL)))
        with w.loop(stop, start=line) as y:
            rows = [self._row(source, y, i) for i in range(self.taps[0])]
            flat = w.mul(y, self.output[1])
            for group in self._runs():
                self._run(group, rows, plane, flat)

    def _row(self, source: Val, y: Val, i: int) -> Val:
        """The input row under kernel row `i`; zeros where there is none."""
        w = self.w
        index = w.add(w.mul(y, self.strides[0]), i * self.dilation[0] - self.padding[0][0])
        exists = w.icmp("ult", index, self.input[0])
        row = self._at(source, w.mul(index, self.input[1] * PANEL))
        return w.select(exists, row, self.zeros)

    def _runs(self) -> list[list[_Tile]]:
        """Tiles that differ in their place alone, together."""
        return [list(run) for _, run in groupby(self.tiles(), key=lambda t: (t.height, t.columns, None if t.whole else t.at))]

    def _run(self, run: Sequence[_Tile], rows: Sequence[Val], plane: Val, flat: Val) -> None:
        w = self.w
        tile = run[0]
        with w.loop(tile.at + len(run) * tile.height, start=tile.at, step=tile.height) as at:
            # May point before the row; what is read does not.
            first = w.mul(w.sub(w.mul(at, self.strides[1]), self.padding[1][0]), PANEL)
            sums = self._sums(tile, [self._at(row, first) for row in rows])
            self._store(tile, sums, plane, w.add(flat, at))

    def _sums(self, tile: _Tile, rows: Sequence[Val]) -> list[Val]:
        w = self.w
        type_ = vec(self.elem, PANEL)
        sums = [self.start] * tile.height
        for i, row in enumerate(rows):
            for c in tile.columns:
                uses = [(p, j) for p in range(tile.height) for j in range(self.taps[1]) if p * self.strides[1] + j * self.dilation[1] == c]
                if not uses:
                    continue
                x = w.load(type_, self._at(row, c * PANEL))
                for p, j in uses:
                    sums[p] = w.fma(x, self.kernel_values[i * self.taps[1] + j], sums[p])
        return sums

    def _store(self, tile: _Tile, sums: list[Val], plane: Val, pixel: Val) -> None:
        """Stores a tile, whose first pixel is number `pixel` of its plane."""
        w = self.w
        type_ = vec(self.elem, PANEL)
        place = w.mul(w.add(w.mul(plane, self.output[0] * self.output[1]), pixel), PANEL)
        if self.epilogue.rest:
            for p, x in enumerate(sums):
                w.store(x, self._at(self.tile, p * PANEL))
            height, none, lanes = const("i64", tile.height), const("i64", 0), const("i64", PANEL)
            tilepass.call(w, self.tile, pixel, height, none, lanes, (self.image, self.block))
            return
        out = self._at(self.y, place)
        for p, x in enumerate(sums):
            if self.added is not None:
                x = w.fadd(x, w.load(type_, self._at(self._at(self.added, place), p * PANEL)))
            if self.epilogue.relu:
                x = units.relu(w, x, self.epilogue.cap)
            w.store(x, self._at(out, p * PANEL))
