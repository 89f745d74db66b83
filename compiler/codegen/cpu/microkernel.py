"""The micro-kernel of matrix products and convolutions: one tile of output held in registers over the whole sum.

A tile is `rows` output rows by `panels` panels of 16 columns. The sum runs over three outer loops (a convolution's input blocks, kernel
rows, kernel columns; a matrix product needs none) and an inner one over consecutive elements of A:

    C[i, v] = start[i, v] + Σ_x Σ_y Σ_z Σ_k  A[i·row + x·sx + y·sy + z·sz + k] · B[v·panel + (next row of B)]

Trip counts and strides are read from a block of i64 (`FIELDS`) at run time, so a handful of micro-kernels per level serves every shape.
They are not part of the module that calls them: a kernel names those it needs in `Kernel.needs`, `source` writes them, and the linker joins
both.

A's elements and B's are units (`units.py`): floats, or groups of narrower numbers. Panels are `<16 x T>` whatever the machine's vectors;
the instruction selector splits them without loss.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ...ops.blocked import PANEL
from ..lltypes import Val, const, vec
from ..target import Target
from ..writer import Module, Writer
from . import units
from .units import UNITS

# What a caller fills in, in units of elements where they are strides. `n*` are trip counts, at least 1.
FIELDS = (
    "nx", "ny", "nz", "nk",  # trip counts
    "sx", "sy", "sz",  # strides of A
    "row",  # A: next row of the tile
    "b_row", "b_panel",  # B: next k, next panel
    "b_x", "b_y", "b_z",  # B: what is left out after each round of the outer loops
    "c_row", "c_panel",  # C: next row of the tile, next panel
    "start_row", "start_panel",  # likewise of `start`: 0 and 16 for a bias, C's own to go on summing
    "add_row", "add_panel",  # likewise of what is added at the end
    "next", "next_step",  # what will be read after this tile: its distance from B, and how much of it to ask for with every k
)  # fmt: skip
ELEMENTS = {name: kind.size for name, kind in UNITS.items()}  # bytes of a unit and of a sum


@dataclass(frozen=True, slots=True)
class MicroKernel:
    """Which micro-kernel: its tile, how many k it takes per round (`nk` must be a multiple), and what it does before storing."""

    elem: str  # a name of `UNITS`
    rows: int
    panels: int
    unroll: int = 1
    dense: int = 0  # A's row stride if it is known, 0 if it is read at run time
    add: bool = False  # adds another tile
    relu: bool = False
    fetch: bool = False  # asks for a part of the next tile's B
    gaps: bool = False  # leaves parts of B out
    cap: float | None = None  # what a ReLU is not to exceed
    ahead: int = 0  # rows of B that are asked for before they are needed: for weights that are read once, from far away

    @property
    def name(self) -> str:
        flags = "a" * self.add + "r" * self.relu + "f" * self.fetch + "g" * self.gaps
        flags += "" if self.cap is None else f"m{struct.pack('>d', self.cap).hex()}"
        flags += f"p{self.ahead}" if self.ahead else ""
        return f"weft_tile_{self.elem}_{self.rows}x{self.panels}_u{self.unroll}_s{self.dense}_{flags}"

    @staticmethod
    def parse(name: str) -> "MicroKernel | None":
        """The micro-kernel called `name`; None if it is something else."""
        flags = r"(a?)(r?)(f?)(g?)(?:m([0-9a-f]{16}))?(?:p(\d+))?"
        match = re.fullmatch(rf"weft_tile_({'|'.join(UNITS)})_(\d+)x(\d+)_u(\d+)_s(\d+)_{flags}", name)
        if match is None:
            return None
        elem, rows, panels, unroll, dense, add, relu, fetch, gaps, cap, ahead = match.groups()
        numbers = (int(rows), int(panels), int(unroll), int(dense))
        number = struct.unpack(">d", bytes.fromhex(cap))[0] if cap else None
        return MicroKernel(elem, *numbers, bool(add), bool(relu), bool(fetch), bool(gaps), number, int(ahead or 0))


@cache
def tile_rows(target: Target, elem: str, panels: int) -> int:
    """The most rows a tile of that many panels may have without spilling.

    Beside the accumulators a step holds the parts of the panels of B, those of a broadcast of A, and, without FMA, a product.
    """
    per_panel = max(1, PANEL * ELEMENTS[elem] // target.vector_bytes)
    parts = units.parts_of(UNITS[elem], target)
    spare = (panels * per_panel + 1) * parts + (0 if units.is_fused(UNITS[elem], target) else 1)
    return max(1, (target.vector_registers - spare) // (panels * per_panel))


def fits(target: Target, elem: str, rows: int, panels: int) -> bool:
    """Whether a tile of few rows, each panel of which is used only so many times, fits the registers."""
    per_panel = max(1, PANEL * ELEMENTS[elem] // target.vector_bytes)
    parts = units.parts_of(UNITS[elem], target)
    return panels * per_panel * (rows + parts) + parts <= target.vector_registers


@cache
def wide_panels(target: Target, elem: str) -> int:
    """How many panels an ordinary tile spans: two where registers allow a tile of at least eight rows, else one."""
    return 2 if tile_rows(target, elem, 2) >= 8 else 1


def block_groups(target: Target, elem: str, blocks: int, first: Sequence[int], counts: Sequence[int]) -> tuple[int, ...]:
    """How many output blocks of a convolution its tiles span, widest first.

    Those of one tile must read the same input blocks: `counts` of them for each output block from `first` on, empty for all.
    """
    wide = min(wide_panels(target, elem), blocks)
    uneven = any(a != b for read in (first, counts) for a, b in zip(read[::2], read[1::2], strict=False))
    return (2, 1) if wide == 2 and not uneven else (1,)


@cache
def source(name: str, target: Target) -> str:
    """The LLVM module that defines the micro-kernel `name`."""
    kernel = MicroKernel.parse(name)
    if kernel is None:
        raise KeyError(name)
    module = Module(target)
    _Emitter(module, kernel).emit()
    return module.text()


def call(w: Writer, kernel: MicroKernel, a: Val, b: Val, c: Val, start: Val, add: Val, fields: Val) -> None:
    """One tile: `start` is what the sums begin with, `add` what is added at the end (any pointer if the kernel does not)."""
    w.call(kernel.name, "void", [a, b, c, start, add, fields])


def fields(w: Writer, **values: Val) -> Val:
    """A block of numbers for the micro-kernel, allocated at the function's entry; trip counts and strides not given are 1 and 0."""
    block = w.alloca("i64", len(FIELDS), align=8)
    one, none = const("i64", 1), const("i64", 0)
    for name in FIELDS:
        set_field(w, block, name, values.get(name, one if name[0] == "n" else none))
    return block


def set_field(w: Writer, block: Val, name: str, value: Val) -> None:
    w.store(value, w.offset(block, 8 * FIELDS.index(name)), align=8)


def get_field(w: Writer, block: Val, name: str) -> Val:
    return w.load("i64", w.offset(block, 8 * FIELDS.index(name)), align=8)


class _Emitter:
    def __init__(self, module: Module, kernel: MicroKernel) -> None:
        self.k = kernel
        self.w = module.function(kernel.name, "void", ("ptr noalias readonly",) * 2 + ("ptr",) * 4, attrs="noinline")
        self.a, self.b, self.c, self.start, self.add, self.fields = self.w.params
        self.units = UNITS[kernel.elem]
        self.unit, self.type = self.units.memory, vec(self.units.sum, PANEL)

    def field(self, name: str) -> Val:
        return get_field(self.w, self.fields, name)

    def emit(self) -> None:
        w, k = self.w, self.k
        self.b_row, self.b_panel = self.field("b_row"), self.field("b_panel")
        self.row = Val(str(k.dense), "i64") if k.dense else self.field("row")
        self.next_step = self.field("next_step")
        if k.add:
            for at in self.tile(self.add, self.field("add_row"), self.field("add_panel")):
                w.prefetch(at)
        start = self.tile(self.start, self.field("start_row"), self.field("start_panel"))
        sums = [w.load(self.type, at) for at in start]
        bases = [self.at(self.a, self.row, i) for i in self.bases()]
        nest = [(self.field("n" + axis), self.field("s" + axis), self.field("b_" + axis)) for axis in "xyz"]
        sums, _ = self.loop_nest(nest, self.field("nk"), sums, bases, self.b)
        self.finish(sums)
        w.ret()

    def bases(self) -> range:
        """Rows that get a pointer of their own: with a stride read at run time, x86 reaches base + {0, 1, 2}·stride."""
        return range(1) if self.k.dense else range(0, self.k.rows, 3)

    def at(self, base: Val, stride: Val, times: int) -> Val:
        return base if times == 0 else self.w.gep(self.unit, base, self.w.mul(stride, times))

    def tile(self, base: Val, row: Val, panel: Val) -> list[Val]:
        """The addresses of a tile's vectors, row by row."""
        addresses: list[Val] = []
        for i in range(self.k.rows):
            line = self.at(base, row, i)
            addresses += [self.at(line, panel, v) for v in range(self.k.panels)]
        return addresses

    def loop_nest(self, nest: list[tuple[Val, Val, Val]], nk: Val, sums: list[Val], bases: list[Val], b: Val) -> tuple[list[Val], Val]:
        """The sums after the loops of `nest` and the inner one, and where B went on to."""
        w = self.w
        if not nest:
            return self.inner(nk, sums, bases, b)
        (trips, stride, gap), *rest = nest
        with w.carry(trips, [*sums, *bases, b], runs=True) as loop:
            inner_sums, inner_bases, inner_b = loop.values[: len(sums)], loop.values[len(sums) : -1], loop.values[-1]
            done, b_next = self.loop_nest(rest, nk, inner_sums, inner_bases, inner_b)
            b_next = w.gep(self.unit, b_next, gap) if self.k.gaps else b_next
            loop.next([*done, *(w.gep(self.unit, p, stride) for p in inner_bases), b_next])
        return done, b_next

    def inner(self, nk: Val, sums: list[Val], bases: list[Val], b: Val) -> tuple[list[Val], Val]:
        w, k = self.w, self.k
        align = self.units.align
        fetched = [w.gep(self.unit, b, self.field("next"))] if k.fetch else []
        with w.carry(nk, [*sums, *bases, *fetched, b], step=k.unroll, runs=True) as loop:
            current, b_now = loop.values[: len(sums)], loop.values[-1]
            pointers = loop.values[len(sums) : len(sums) + len(bases)]
            fetched = loop.values[len(sums) + len(bases) : -1]
            for step in range(k.unroll):
                for place in fetched:
                    w.prefetch(place, 2)
                fetched = [w.gep(self.unit, place, self.next_step) for place in fetched]
                places = [self.at(b_now, self.b_panel, v) for v in range(k.panels)]
                if k.ahead:
                    for place in places:
                        w.prefetch(w.gep(self.unit, place, k.ahead * PANEL))
                panels = [units.split(w, self.units, w.load(vec(self.unit, PANEL), place, align), signed=True) for place in places]
                for i in range(k.rows):
                    scalar = w.load(self.unit, self.element(pointers, i, step), align)
                    x = units.split(w, self.units, w.splat(scalar, PANEL), signed=False)
                    for v, panel in enumerate(panels):
                        current[i * k.panels + v] = units.accumulate(w, self.units, current[i * k.panels + v], x, panel)
                b_now = w.gep(self.unit, b_now, self.b_row)
            loop.next([*current, *(w.gep(self.unit, p, k.unroll) for p in pointers), *fetched, b_now])
        return current, b_now

    def element(self, bases: list[Val], i: int, step: int) -> Val:
        """The address of A[row i, step]."""
        w, k = self.w, self.k
        if k.dense:
            return w.gep(self.unit, bases[0], i * k.dense + step)
        line = self.at(bases[i // 3], self.row, i % 3)
        return line if step == 0 else w.gep(self.unit, line, step)

    def finish(self, sums: list[Val]) -> None:
        w, k = self.w, self.k
        if k.add:
            added = self.tile(self.add, self.field("add_row"), self.field("add_panel"))
            sums = [units.add(w, x, w.load(self.type, at)) for x, at in zip(sums, added, strict=True)]
        if k.relu:
            sums = [units.relu(w, x, k.cap) for x in sums]
        for x, at in zip(sums, self.tile(self.c, self.field("c_row"), self.field("c_panel")), strict=True):
            w.store(x, at)
