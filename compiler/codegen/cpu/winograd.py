"""Winograd convolutions: the plan, and the driver around the transforms and the micro-kernel.

Tiles are numbered through all images of a batch, row by row. A chunk takes a number of tiles and of output blocks. It transforms the
patches under its tiles into scratch; then, group by group of output blocks, it multiplies at each of the (m+2)² positions and brings the
tiles back, with bias, sum and ReLU on the way. The image is read in place: for a row outside there is a row of zeros, and patches that
reach over the left or right edge have a transform of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ...ops.winograd import Padding, tile_counts
from ..index import Indices, Scopes
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, memory_type
from ..target import Target
from ..writer import Module, Writer
from . import image, microkernel, tilepass, tiles, winotransform
from .chunks import balanced
from .epilogue import address_of, analyse
from .microkernel import MicroKernel
from .winotransform import InputTransform, OutputTransform

_CHUNKS = 4  # wanted, so that threads can share even a small image of many channels
_CHUNK = 1 << 21  # multiply-adds in a chunk, at least
_RUN = 28  # tiles that share weights from beyond the second-level cache
_CHANNELS = 128  # of output in a chunk: fewer would make the transform of the input, repeated for each part, felt
_AHEAD = 64  # rows of weights: 4 KiB of a panel


@dataclass(frozen=True, slots=True)
class WinogradPlan:
    """What a Winograd convolution does: a chunk is `tiles` tiles of m×m outputs by `blocks` output blocks; registers hold `tile` of it."""

    m: int
    channels: tuple[int, int]
    output: tuple[int, int]
    tile: str
    tiles: int
    blocks: int
    epilogue: str


def emit_winograd(fusion: Node, target: Target) -> Kernel:
    """The kernel of a contraction fusion around `weft.winograd`."""
    return _Winograd(fusion, target).kernel()


class _Winograd:
    """The geometry and the plan."""

    def __init__(self, fusion: Node, target: Target) -> None:
        self.fusion, self.target = fusion, target
        self.epilogue = analyse(fusion.regions[0], (1, 4))
        self.core = core = self.epilogue.core
        self.elem = memory_type(core.result.dtype)
        self.size = microkernel.ELEMENTS[self.elem]
        x, weights = core.operands
        self.m = core.attr("m", int)
        padding: Padding = core.attr("padding", tuple)
        self.corner = (padding[0][0], padding[1][0])
        self.batch: Dim = x.shape[0]
        self.input: tuple[int, int] = x.shape[2:4]
        self.out_blocks, *_, self.in_blocks, _, _ = weights.tensor.static_shape
        self.output: tuple[int, int] = core.result.shape[2:4]
        self.counts = tile_counts(self.output, self.m)
        self.total: Dim = product((self.batch, *self.counts))
        self.positions = (self.m + 2) ** 2
        wide = min(microkernel.wide_panels(target, self.elem), self.out_blocks)
        self.groups = (2, 1) if wide == 2 else (1,)
        self.rows = microkernel.tile_rows(target, self.elem, self.groups[0])
        self.tiles = self._tiles()
        self.blocks = self._blocks()
        self.needs: set[str] = set()

    def _tiles(self) -> int:
        """Tiles of a chunk, in whole tiles of the micro-kernel.

        So few that they leave room in the cache for the weights; where those do not fit anyway, enough to make reading them worth it.
        """
        per_tile = self.positions * self.in_blocks * PANEL * self.size
        cache = self.target.l2_bytes
        if per_tile * self.out_blocks * PANEL <= cache:
            most = max(self.rows, cache // 8 // per_tile)
        else:
            most = max(_RUN, cache // 4 // per_tile)
        whole = max(1, most // self.rows) * self.rows
        if not isinstance(self.total, int) or self.total > max(most, _CHUNKS * whole):
            return whole
        return self.total if self.total <= most else balanced(self.total, whole, 1)

    def _blocks(self) -> int:
        """Output blocks of a chunk."""
        group = self.groups[0]
        per_block = self.tiles * self.positions * self.in_blocks * PANEL * PANEL
        least = max(_CHANNELS // PANEL, -(-_CHUNK // per_block), group)
        runs = -(-self.total // self.tiles) if isinstance(self.total, int) else 1
        parts = max(1, min(self.out_blocks // least, -(-_CHUNKS // max(runs, 1))))
        return min(self.out_blocks, -(-self.out_blocks // (parts * group)) * group)

    @property
    def chunks(self) -> Dim:
        return product((ceildiv(self.total, self.tiles), -(-self.out_blocks // self.blocks)))

    @property
    def input_plane(self) -> int:
        """Elements of one position of the transformed input, `[C/16, tiles, 16]`.

        Beyond that, room that keeps the positions of a tile from falling into one set of the cache.
        """
        return self.in_blocks * self.tiles * PANEL + PANEL

    @property
    def product_plane(self) -> int:
        """Likewise of the products of a group of output blocks."""
        return self.groups[0] * self.tiles * PANEL + PANEL

    @property
    def line_pixels(self) -> int:
        """Pixels of a row of tiles in scratch, where a pass over them follows."""
        return min(self.tiles, self.counts[1]) * self.m if self.epilogue.rest else 0

    @property
    def parts(self) -> list[int]:
        """Elements of scratch: transformed input, products, a row of zeros, finished tiles."""
        zeros = (self.counts[1] * self.m + 2) * PANEL
        return [self.input_plane * self.positions, self.product_plane * self.positions, zeros, self.m * self.line_pixels * PANEL]

    def edges(self) -> list[tuple[range, InputTransform]]:
        """Columns of tiles by the columns of their patches that lie in the image."""
        side, width = self.m + 2, self.input[1]

        def inside(column: int) -> tuple[int, int]:
            x = column * self.m - self.corner[1]
            left, right = max(0, -x), min(side, width - x)
            return (left, right) if left < right else (0, 0)

        found: list[tuple[range, InputTransform]] = []
        for (left, right), run in groupby(range(self.counts[1]), key=inside):
            columns = list(run)
            found.append((range(columns[0], columns[-1] + 1), InputTransform(self.elem, self.m, left, right)))
        return found

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
        tile = f"{self.rows}×{self.groups[0] * PANEL}"
        channels = (self.in_blocks * PANEL, self.out_blocks * PANEL)
        plan = WinogradPlan(self.m, channels, self.output, tile, self.tiles, self.blocks, str(self.epilogue))
        scratch = sum(self.parts) * self.size
        return Kernel(name, module.text(), fusion_symbols(self.fusion), self.chunks, scratch, plan, (), tuple(sorted(self.needs)))


@dataclass(frozen=True, slots=True)
class _Run:
    """Tiles of a chunk beside each other: columns `first` to `stop` of row `row` of an image; `at` is the place of `first` in the chunk."""

    image: Val
    row: Val
    first: Val
    stop: Val
    at: Val


class _Driver:
    """Writes the kernel function."""

    def __init__(self, winograd: _Winograd, w: Writer) -> None:
        self.v, self.w, self.elem = winograd, w, winograd.elem

    def emit(self) -> None:
        self._prepare()
        w, v = self.w, self.v
        with w.loop(w.end, start=w.begin) as chunk:
            # Output blocks vary slowest: neighbouring chunks share weights.
            self.tile0 = w.mul(w.urem(chunk, self.runs), v.tiles)
            self.tile_end = w.int_minmax("smin", w.add(self.tile0, v.tiles), self.total)
            self.block0 = w.mul(w.udiv(chunk, self.runs), v.blocks)
            self.block_end = w.int_minmax("smin", w.add(self.block0, v.blocks), v.out_blocks)
            self._each_run(self._transform)
            at = self.block0
            for group in v.groups:
                stop = self.block_end if group == 1 else w.add(at, w.and_(w.sub(self.block_end, at), -group))
                with w.loop(stop, start=at, step=group) as block:
                    self._multiply(group, block)
                    for g in range(group):
                        self._each_run(lambda run, g=g, block=block: self._bring_back(run, g, w.add(block, g)))
                at = stop
        w.ret(0)

    def _at(self, base: Val, index: Val | int) -> Val:
        return self.w.gep(self.elem, base, index)

    def _prepare(self) -> None:
        w, v = self.w, self.v
        params = v.fusion.regions[0].params
        x, weights = v.core.operands
        self.x, self.weights = w.operand(params.index(x)), w.operand(params.index(weights))
        self.y = w.operand(len(v.fusion.operands))
        self.moved = w.scratch()
        self.products, self.outside, self.lines = (self._at(self.moved, sum(v.parts[:i])) for i in (1, 2, 3))
        image.clear(w, v.elem, self.outside, v.parts[2])
        self.zeros = w.module.constant(bytes(v.groups[0] * PANEL * v.size))
        e = v.epilogue
        self.bias = None if e.rest or e.start is None else address_of(self.w, self.v.fusion, e.start)
        self.added = None if e.rest or e.add is None else address_of(self.w, self.v.fusion, e.add)
        symbols = Indices(Scopes(w), 1)
        for i, name in enumerate(fusion_symbols(v.fusion)):
            symbols.define(name, w.symbol(len(v.fusion.operands) + len(v.fusion.results) + i))
        self.total, self.runs = symbols.scalar(v.total), symbols.scalar(ceildiv(v.total, v.tiles))
        numbers = {
            "nx": v.in_blocks, "nk": PANEL, "sx": v.tiles * PANEL, "b_row": PANEL, "b_panel": v.positions * v.in_blocks * PANEL * PANEL,
            "c_row": PANEL, "c_panel": v.tiles * PANEL, "start_panel": PANEL,
        }  # fmt: skip
        self.fields = microkernel.fields(w, **{name: const("i64", n) for name, n in numbers.items()})

    def _each_run(self, body: Callable[[_Run], None]) -> None:
        """`body(run)` for every run of the chunk's tiles."""
        w = self.w
        down, across = self.v.counts
        wide = const("i64", across)
        last = w.udiv(w.add(self.tile_end, across - 1), wide)
        with w.loop(last, start=w.udiv(self.tile0, wide)) as line:
            corner = w.mul(line, across)
            start = w.int_minmax("smax", self.tile0, corner)
            stop = w.int_minmax("smin", self.tile_end, w.add(corner, across))
            picture, row = w.udiv(line, const("i64", down)), w.urem(line, const("i64", down))
            body(_Run(picture, row, w.sub(start, corner), w.sub(stop, corner), w.sub(start, self.tile0)))

    # -- input ----------------------------------------------------------------------------------------------------------------

    def _transform(self, run: _Run) -> None:
        """The patches of a run, all input blocks, into Winograd's space."""
        w, v = self.w, self.v
        height, width = v.input
        y = w.sub(w.mul(run.row, v.m), v.corner[0])
        top, bottom = w.int_minmax("smax", w.neg(y), 0), w.int_minmax("smin", w.sub(height, y), v.m + 2)
        row, stride = const("i64", width * PANEL), const("i64", v.input_plane)
        with w.loop(v.in_blocks) as block:
            plane = self._at(self.x, w.mul(w.add(w.mul(run.image, v.in_blocks), block), height * width * PANEL))
            out = self._at(self.moved, w.mul(w.add(w.mul(block, v.tiles), w.sub(run.at, run.first)), PANEL))
            for columns, kind in v.edges():
                v.needs.add(kind.name)
                first, stop = (w.int_minmax("smin", w.int_minmax("smax", run.first, c), run.stop) for c in (columns.start, columns.stop))
                with w.when(w.icmp("slt", first, stop)):
                    x = w.sub(w.mul(first, v.m), v.corner[1])
                    corner = self._at(plane, w.mul(w.add(w.mul(y, width), x), PANEL))
                    target = self._at(out, w.mul(first, PANEL))
                    args = (corner, row, self.outside, top, bottom, target, stride, w.sub(stop, first))
                    winotransform.call_input(w, kind, args)

    # -- products -------------------------------------------------------------------------------------------------------------

    def _multiply(self, group: int, block: Val) -> None:
        """The chunk's tiles times one group of output blocks, position by position."""
        w, v = self.w, self.v
        square = v.in_blocks * PANEL * PANEL
        panel = self._at(self.weights, w.mul(block, v.positions * square))
        with w.loop(v.positions) as position:
            b = self._at(panel, w.mul(position, square))
            a_plane = self._at(self.moved, w.mul(position, v.input_plane))
            c_plane = self._at(self.products, w.mul(position, v.product_plane))
            with tiles.rows_of(w, w.sub(self.tile_end, self.tile0), v.rows) as (first, rows):
                a, c = (self._at(plane, w.mul(first, PANEL)) for plane in (a_plane, c_plane))

                def sum_of(height: int, a: Val = a, b: Val = b, c: Val = c) -> None:
                    kernel = MicroKernel(self.elem, height, group, 4, PANEL, ahead=_AHEAD)
                    v.needs.add(kernel.name)
                    microkernel.call(w, kernel, a, b, c, self.zeros, c, self.fields)

                tiles.by_height(w, rows, tiles.heights(v.total, v.tiles, v.rows), sum_of)

    # -- output ---------------------------------------------------------------------------------------------------------------

    def _bring_back(self, run: _Run, g: int, block: Val) -> None:
        """A run's tiles of one output block: out of Winograd's space, finished, into the result."""
        w, v = self.w, self.v
        source = self._at(self.products, w.mul(w.add(run.at, g * v.tiles), PANEL))
        if v.epilogue.rest:
            self._finish(run, source, block)
            return
        height = v.output[0]
        whole = height // v.m
        if whole == v.counts[0]:
            self._row(v.m, run, source, block)
        elif whole == 0:
            self._row(height, run, source, block)
        else:
            rows = [(v.m, w.icmp("slt", run.row, whole)), (height % v.m, w.icmp("sge", run.row, whole))]
            for exist, condition in rows:
                with w.when(condition):
                    self._row(exist, run, source, block)

    def _row(self, rows: int, run: _Run, source: Val, block: Val) -> None:
        """A run in a row of tiles of which `rows` rows of pixels exist: the whole tiles, then perhaps a narrower one."""
        w, v = self.w, self.v
        width = v.output[1]
        whole = width // v.m
        stop = w.int_minmax("smin", run.stop, whole)
        if whole:
            self._columns(rows, v.m, run, source, block, run.first, w.sub(stop, run.first))
        if width % v.m:
            last = w.int_minmax("smax", run.first, whole)
            self._columns(rows, width % v.m, run, source, block, last, w.sub(run.stop, last))

    def _columns(self, rows: int, columns: int, run: _Run, source: Val, block: Val, first: Val, count: Val) -> None:
        w, v, e = self.w, self.v, self.v.epilogue
        height, width = v.output
        kind = OutputTransform(self.elem, v.m, rows, columns, e.add is not None, e.relu)
        v.needs.add(kind.name)
        line = w.add(w.mul(w.add(w.mul(run.image, v.out_blocks), block), height), w.mul(run.row, v.m))
        place = w.mul(w.add(w.mul(line, width), w.mul(first, v.m)), PANEL)
        y = self._at(self.y, place)
        bias = self.zeros if self.bias is None else self._at(self.bias, w.mul(block, PANEL))
        add = y if self.added is None else self._at(self.added, place)
        planes = self._at(source, w.mul(w.sub(first, run.first), PANEL))
        stride, row = const("i64", v.product_plane), const("i64", width * PANEL)
        winotransform.call_output(w, kind, (planes, stride, y, row, bias, add, count))

    def _finish(self, run: _Run, source: Val, block: Val) -> None:
        """Tiles into scratch, and the pass over each of their rows."""
        w, v = self.w, self.v
        height, width = v.output
        kind = OutputTransform(self.elem, v.m, v.m, v.m)
        v.needs.add(kind.name)
        row = v.line_pixels * PANEL
        stride, count = const("i64", v.product_plane), w.sub(run.stop, run.first)
        winotransform.call_output(w, kind, (source, stride, self.lines, const("i64", row), self.zeros, self.lines, count))
        x = w.mul(run.first, v.m)
        pixels = w.sub(w.int_minmax("smin", w.mul(run.stop, v.m), width), x)
        y = w.mul(run.row, v.m)
        with w.loop(w.int_minmax("smin", w.sub(height, y), v.m)) as i:
            pixel = w.add(w.mul(w.add(y, i), width), x)
            none, lanes = const("i64", 0), const("i64", PANEL)
            tilepass.call(w, self._at(self.lines, w.mul(i, row)), pixel, pixels, none, lanes, (run.image, block))
