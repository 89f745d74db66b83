"""`weft.channels`: every vector of the result is put together in registers from the vectors that its lanes come from.

Which those are is known per block of channels, so there is one loop over pixels for each block of the result. Pixels are taken a few at a
time, so that what several blocks of the result read comes from the nearest cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.dims import Dim, product, symbol
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ..kernel import Kernel
from ..lltypes import Val, memory_type, vec, zero
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, open_kernel

_NEAR = 1 << 15  # bytes of the operands that are read again and again
Lane = tuple[int, int, int]  # operand, block, lane; operand -1 is a zero


@dataclass(frozen=True, slots=True)
class ChannelsPlan:
    """`blocks` vectors per pixel of the result, each from `sources` others at most."""

    blocks: int
    pixels: Dim
    sources: int
    grid: Grid

    def __str__(self) -> str:
        return f"channels, {self.blocks} vectors of {self.pixels} pixels from up to {self.sources} each, {self.grid.chunks} chunks"


def emit_channels(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion that holds one `weft.channels`."""
    return _Channels(fusion, target).emit()


class _Channels:
    def __init__(self, fusion: Node, target: Target) -> None:
        (region,) = fusion.regions
        (self.node,) = (n for n in region.nodes if n.op == "weft.channels")
        self.f: Frame = open_kernel(fusion, target, PANEL)
        self.w = self.f.w
        self.elem = memory_type(self.node.result.dtype)
        self.images = [self.w.operand(region.params.index(v)) for v in self.node.operands]
        self.y = self.w.operand(len(region.params))
        self.blocks = self._blocks()
        batch, _, *space, _ = self.node.result.shape
        self.pixels = product(space)
        most = max(len(_vectors(lanes)) for lanes in self.blocks)
        grid = grid_of(batch, self.pixels, 8.0 * (most + 1) * len(self.blocks), 1)
        self.plan = ChannelsPlan(len(self.blocks), self.pixels, most, grid)
        size = sum(map(self._count, range(len(self.images)))) * PANEL * self.node.result.dtype.itemsize
        self.strip = max(8, _NEAR // size)

    def _blocks(self) -> list[tuple[Lane, ...]]:
        """Where the lanes of each block of the result come from."""
        places = [(i, b, lane) for i in range(len(self.node.operands)) for b in range(self._count(i)) for lane in range(PANEL)]
        source = self.node.ints("source")
        lanes = [places[s] if s >= 0 else (-1, 0, 0) for s in source]
        return [tuple(lanes[at : at + PANEL]) for at in range(0, len(lanes), PANEL)]

    def _count(self, operand: int) -> int:
        count = self.node.operands[operand].shape[1]
        assert isinstance(count, int)
        return count

    def emit(self) -> Kernel:
        """The kernel: chunks of pixels of one image or of several images."""
        e, w, grid = self.f.e, self.w, self.plan.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, begin, end = grid.place(chunk)
            start, stop, pixels = (e.indices.scalar(d) for d in (begin, end, self.pixels))
            with e.loop_over("%image", first, last):
                image = e.indices.scalar(symbol("%image", 0, grid.outer - 1))
                with w.loop(stop, start=start, step=self.strip) as at:
                    until = w.int_minmax("smin", w.add(at, self.strip), stop)
                    for block, lanes in enumerate(self.blocks):
                        row = w.add(w.mul(image, len(self.blocks)), block)
                        self._row(lanes, image, self._at(self.y, w.mul(row, pixels)), at, until, pixels)
        return Kernel(self.f.name, self.f.finish(), self.f.symbols, grid.chunks, 0, self.plan)

    def _at(self, base: Val, pixel: Val) -> Val:
        return self.w.gep(self.elem, base, self.w.mul(pixel, PANEL))

    def _row(self, lanes: Sequence[Lane], image: Val, out: Val, start: Val, stop: Val, pixels: Val) -> None:
        """One block of the result."""
        w = self.w
        type_ = vec(self.elem, PANEL)
        rows: dict[tuple[int, int], Val] = {}
        for operand, block in _vectors(lanes):
            if operand >= 0:
                plane = w.add(w.mul(image, self._count(operand)), block)
                rows[operand, block] = self._at(self.images[operand], w.mul(plane, pixels))
        with w.loop(stop, start=start) as pixel:
            loaded = {key: w.load(type_, self._at(row, pixel)) for key, row in rows.items()}
            loaded[-1, 0] = zero(type_)
            w.store(self._joined(lanes, loaded), self._at(out, pixel))

    def _joined(self, lanes: Sequence[Lane], loaded: dict[tuple[int, int], Val]) -> Val:
        """One vector of the result: one source after another puts its lanes in place."""
        first, *others = _vectors(lanes)
        x = loaded[first]
        if any(lane != k for k, (*key, lane) in enumerate(lanes) if tuple(key) == first):
            x = self.w.shuffle(x, None, [lane if (operand, block) == first else -1 for operand, block, lane in lanes])
        placed = {first}
        for key in others:
            choice = [PANEL + lane if (o, b) == key else (k if (o, b) in placed else -1) for k, (o, b, lane) in enumerate(lanes)]
            x = self.w.shuffle(x, loaded[key], choice)
            placed.add(key)
        return x


def _vectors(lanes: Sequence[Lane]) -> list[tuple[int, int]]:
    """The vectors that lanes come from, each once."""
    return list(dict.fromkeys((operand, block) for operand, block, _ in lanes))
