"""What every CPU kernel of the elemental emitter has in common: the function's head, its arguments, and the choice of lanes and chunks."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

from ....proto.dtypes import DType
from ...ir.dims import Dim, Expr, ceildiv, floordiv, maximum, minimum, symbol
from ...ir.graph import Node
from ..elemental import Emitter
from ..kernel import fusion_symbols, kernel_name
from ..memory import Buffer
from ..target import Target
from ..writer import Module, Writer

# Work of one chunk in additions of f32: some microseconds of one core.
CHUNK_COST = 1 << 18


@dataclass(frozen=True, slots=True)
class Frame:
    """A kernel under construction: operands and symbols are known to the emitter, results are `outputs`."""

    name: str
    module: Module
    w: Writer
    e: Emitter
    outputs: tuple[Buffer, ...]
    symbols: tuple[str, ...]

    def finish(self) -> str:
        """The module's text, after a `return 0`."""
        self.w.ret(0)
        return self.module.text()


def open_kernel(fusion: Node, target: Target, lanes: int) -> Frame:
    """Starts the kernel of a fusion: argument slots are loaded, `weft.fusion` params are buffers of the emitter."""
    (region,) = fusion.regions
    module = Module(target)
    name = kernel_name(fusion, target)
    w = module.kernel(name)
    e = Emitter(w, lanes)
    for slot, param in enumerate(region.params):
        e.buffer(param, w.operand(slot))
    first = len(region.params)
    outputs = tuple(e.memory(v.tensor, w.operand(first + k)) for k, v in enumerate(region.results))
    symbols = fusion_symbols(fusion)
    for k, name_of_symbol in enumerate(symbols):
        e.define(name_of_symbol, w.symbol(first + len(outputs) + k))
    return Frame(name, module, w, e, outputs, symbols)


def lanes_for(dtypes: Iterable[DType], target: Target) -> int:
    """Lanes of a vector loop over these element types: a full register of the widest, but f64 and wider take two."""
    widest = max((4 if d.is_float and d.bits < 32 else d.itemsize for d in dtypes if not d.is_bool), default=1)
    return target.vector_bytes // min(widest, 4)


@contextmanager
def chunk_loop(frame: Frame, chunks: Dim) -> Generator[Dim]:
    """Runs the body for every chunk the call is for; a kernel of one chunk has no loop."""
    if chunks == 1:
        yield 0
        return
    with frame.e.scopes.open(), frame.w.loop(frame.w.end, frame.w.begin) as chunk:
        frame.e.define("%chunk", chunk)
        yield symbol("%chunk", 0, chunks - 1)
        frame.e.scopes.forget()


@dataclass(frozen=True, slots=True)
class Grid:
    """How rows of `inner` elements are cut into chunks: `rows` of them at a time, or parts of one row of `block` elements."""

    outer: Dim
    inner: Dim
    rows: Dim
    block: Dim

    @property
    def blocks(self) -> Dim:
        """Chunks beside each other along a row."""
        return ceildiv(self.inner, self.block)

    @property
    def chunks(self) -> Dim:
        return ceildiv(self.outer, self.rows) * self.blocks

    def place(self, chunk: Dim) -> tuple[Dim, Dim, Dim, Dim]:
        """(first row, row after the last, first element, element after the last) of a chunk."""
        blocks = 1 if self.blocks == 0 else self.blocks  # rows without elements have no chunks, and no place
        row = floordiv(chunk, blocks) * self.rows
        column = (chunk % blocks) * self.block
        return row, minimum(row + self.rows, self.outer), column, minimum(column + self.block, self.inner)


def grid_of(outer: Dim, inner: Dim, cost: float, lanes: int, *, divisible: bool = True) -> Grid:
    """Chunks of about `CHUNK_COST` for rows of `inner` elements that cost `cost` each; `divisible` says whether a row may be cut."""
    elements = max(4 * lanes, int(CHUNK_COST / max(cost, 1.0)) // lanes * lanes)
    if not divisible:
        # A row is one place in the grid, also one without elements: the results of what is reduced are written all the same.
        return Grid(outer, 1, maximum(1, floordiv(elements, maximum(inner, 1))), 1)
    if isinstance(inner, Expr):
        return Grid(outer, inner, 1 if outer == 1 else maximum(1, floordiv(elements, maximum(inner, 1))), elements)
    if inner <= elements:
        return Grid(outer, inner, max(1, elements // max(inner, 1)) if outer != 1 else 1, max(inner, 1))
    parts = -(-inner // elements)
    return Grid(outer, inner, 1, -(-inner // (parts * lanes)) * lanes)
