"""`sort` kernels: a stable sort of every line along a dim, all operands moved together.

Lines that are ordered by one operand's numbers are sorted by their digits (`radix.py`), unless they are short. Short lines, other
comparators (inlined), and numbers among which there is a NaN that the comparator does not order, take a merge sort: a line is copied
to scratch and merged bottom-up between two buffers: runs of 1, 2, 4, … elements; the last merge writes where the result is then
copied from. A merge takes one element per step without branching: the right run's if it exists and compares before the left run's,
or if the left run is used up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

from ....proto.dtypes import BOOL
from ...ir.dims import Dim, Expr, floordiv, maximum, product, symbol
from ...ir.graph import Node, Region
from ...ir.types import TensorType
from ...ops.builder import Index
from ...ops.sort import order_of
from ..convert import decode
from ..elemental import Elems
from ..kernel import Kernel
from ..lltypes import Val, const, memory_type
from ..memory import Buffer
from ..scalar import Elem
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, open_kernel
from .loops import unravel
from .radix import Radix, RadixKey, is_sortable

# One step of a merge, compared with an addition in a vector.
_STEP_COST = 40.0
# Lines from which on digits are worth counting, and as long as places and counts are of 32 bits.
_LEAST_DIGITS = 64
_MOST_DIGITS = 1 << 31


@dataclass(frozen=True, slots=True)
class SortPlan:
    """`lines` lines of `length` elements of `operands` tensors."""

    lines: Dim
    length: Dim
    operands: int
    digits: int
    grid: Grid

    def __str__(self) -> str:
        how = f"radix sort by {self.digits} digits" if self.digits else "merge sort"
        return f"{how} of {self.lines} lines of {self.length} elements of {self.operands} operands, {self.grid.chunks} chunks"


def emit_sort(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion of one `sort` node."""
    (region,) = fusion.regions
    (node,) = [n for n in region.nodes if n.op == "sort"]
    shape = node.inputs[0].shape
    dim = node.attr("dimension", int)
    dim = dim % max(1, len(shape))
    others = [n for d, n in enumerate(shape) if d != dim]
    length = shape[dim]
    depth = log2(length + 1) if isinstance(length, int) else 12
    grid = grid_of(product(others), length, _STEP_COST * len(node.inputs) * depth, 1, divisible=False)
    frame = open_kernel(fusion, target, 1)
    sorter = _Sorter(frame, region, node, dim, length)
    with chunk_loop(frame, grid.chunks) as chunk:
        first, last, _, _ = grid.place(chunk)
        with frame.e.loop_over("%row", first, last):
            sorter.line(unravel(symbol("%row", 0, grid.outer - 1), others))
    plan = SortPlan(grid.outer, length, len(node.inputs), sorter.key.digits if sorter.key else 0, grid)
    # A radix sort reads its operands again in the end.
    inplace = (
        ()
        if sorter.key
        else tuple(
            (region.params.index(x), region.results.index(r))
            for x, r in zip(node.inputs, node.results, strict=True)
            if x in region.params and r in region.results
        )
    )
    return Kernel(frame.name, frame.finish(), frame.symbols, grid.chunks, sorter.scratch, plan, inplace)


class _Sorter:
    def __init__(self, frame: Frame, region: Region, node: Node, dim: int, length: Dim) -> None:
        self.f, self.e, self.w = frame, frame.e, frame.w
        self.node, self.dim, self.length = node, dim, length
        self.outputs = {r: frame.outputs[region.results.index(r)] for r in node.results if r in region.results}
        base = frame.w.scratch()
        self.scratch: Dim = 0
        self.halves = tuple([self._buffer(base, v.tensor) for v in node.inputs] for _ in range(2))
        self.order = order_of(node.regions[0])
        self.key = self._key()
        if self.key:
            records = frame.e.indices.scalar(self.key.records(length))
            self.radix = Radix(frame.w, self.key, base, records)
            self.scratch = maximum(self.scratch, self.key.scratch(length))

    def _key(self) -> RadixKey | None:
        """What a radix sort goes by; None for comparators that are no order of numbers, and lines that are too short."""
        if self.order is None or (isinstance(self.length, int) and not _LEAST_DIGITS <= self.length < _MOST_DIGITS):
            return None
        dtype = self.node.inputs[self.order.operand].dtype
        # The total order of narrow floats is that of their bits, not of the numbers in registers.
        if not is_sortable(dtype) or (dtype.is_float and dtype.bits < 32 and self.order.total):
            return None
        return RadixKey(dtype, self.order.descending, self.order.total)

    def _buffer(self, base: Val, t: TensorType) -> Buffer:
        made = self.e.memory(t.with_shape((self.length,)), self.w.offset(base, self.e.indices.scalar(self.scratch)))
        self.scratch = self.scratch + floordiv(self.length * t.dtype.itemsize + 63, 64) * 64
        return made

    def _index(self, line: Sequence[Dim], place: Dim) -> Index:
        return (*line[: self.dim], place, *line[self.dim :])

    def line(self, line: Sequence[Dim]) -> None:
        """Sorts one line."""
        e, w = self.e, self.w
        if not self.key:
            self._merged(line)
        elif isinstance(self.length, int):
            self._by_digits(line)
        else:
            n = e.indices.scalar(self.length)
            fits = w.icmp("ult", w.sub(n, _LEAST_DIGITS), const("i64", _MOST_DIGITS - _LEAST_DIGITS))
            self._either(fits, lambda: self._by_digits(line), lambda: self._merged(line))

    def _either(self, cond: Val, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        def arm(body: Callable[[], None]) -> list[Val]:
            body()
            self.e.scopes.forget()
            return []

        with self.e.scopes.open(barrier=True):
            self.w.cond(cond, lambda: arm(then), lambda: arm(otherwise))

    def _by_digits(self, line: Sequence[Dim]) -> None:
        """Records are made; then they are sorted, or forgotten if there is a NaN that only the comparator can place."""
        e = self.e
        assert self.order and self.key
        value, n = self.node.inputs[self.order.operand], e.indices.scalar(self.length)
        self.radix.clear()

        def record(k: Expr, state: Elems) -> Elems:
            x = e.read(value, self._index(line, k))
            self.radix.record(e.indices.scalar(k), x.val)
            return state if not unordered else (e.or_(state[0], e.compare("NE", x, x)),)

        unordered = self.key.dtype.is_float and not self.order.total
        with e.scopes.open(barrier=True):
            found = e.fold("%k", 0, self.length, 1, (e.const(BOOL, False),), record)
        if unordered:
            self._either(found[0].val, lambda: self._merged(line), lambda: self._distributed(line, n))
        else:
            self._distributed(line, n)

    def _distributed(self, line: Sequence[Dim], n: Val) -> None:
        """The records sorted, and the results read where they tell."""
        e = self.e
        records = self.radix.distribute(n)
        with e.scopes.open(barrier=True), e.loop_over("%k", 0, self.length) as k:
            e.define("%from", self.radix.source(records, e.indices.scalar(k)))
            source = self._index(line, symbol("%from", 0, self.length - 1))
            moved = [(r, e.read(v, source)) for v, r in zip(self.node.inputs, self.node.results, strict=True) if r in self.outputs]
            for r, x in moved:
                e.write(self.outputs[r], self._index(line, k), x)

    def _merged(self, line: Sequence[Dim]) -> None:
        e = self.e
        n = e.indices.scalar(self.length)
        with e.scopes.open(barrier=True):
            with e.loop_over("%k", 0, self.length) as k:
                for v, buffer in zip(self.node.inputs, self.halves[0], strict=True):
                    e.write(buffer, (k,), e.read(v, self._index(line, k)))
            with e.scopes.open(barrier=True):
                flipped = self._merge_all(n)
                sources = [self._chosen(flipped, k) for k in range(len(self.node.inputs))]
                with e.loop_over("%k", 0, self.length) as k:
                    for r, source in zip(self.node.results, sources, strict=True):
                        if r in self.outputs:
                            e.write(self.outputs[r], self._index(line, k), e.load(source, (k,)))

    def _chosen(self, flipped: Val, k: int) -> Buffer:
        """The buffer that holds the sorted line."""
        one, other = (half[k] for half in self.halves)
        return self.e.memory(one.type, self.w.select(flipped, other.pointer, one.pointer))

    def _merge_all(self, n: Val) -> Val:
        """Merges runs of doubling width; whether the second buffers hold the result."""
        w = self.w

        def again(state: list[Val]) -> Val:
            return w.icmp("slt", state[0], n)

        def merge_width(state: list[Val]) -> list[Val]:
            width, flipped = state
            twice = w.shl(width, 1)
            with w.loop(n, 0, twice) as start:
                middle = w.int_minmax("smin", w.add(start, width), n)
                stop = w.int_minmax("smin", w.add(start, twice), n)
                self._merge(start, middle, stop, flipped)
            return [twice, w.xor(flipped, True)]

        return w.while_([const("i64", 1), const("i1", False)], again, merge_width)[1]

    def _merge(self, start: Val, middle: Val, stop: Val, flipped: Val) -> None:
        """Runs [start, middle) and [middle, stop) of the one buffers into the others."""
        w = self.w
        count = len(self.node.inputs)
        source = [w.select(flipped, self.halves[1][k].pointer, self.halves[0][k].pointer) for k in range(count)]
        target = [w.select(flipped, self.halves[0][k].pointer, self.halves[1][k].pointer) for k in range(count)]
        with w.carry(stop, [start, middle], start) as loop:
            left, right = loop.values
            a = self._elements(source, w.int_minmax("smin", left, w.sub(middle, 1)))
            b = self._elements(source, w.int_minmax("smin", right, w.sub(stop, 1)))
            before = self._before(b, a)
            take = w.or_(w.icmp("sge", left, middle), w.and_(w.icmp("slt", right, stop), before))
            for k in range(count):
                for part, (x, y) in enumerate(zip(b[k], a[k], strict=True)):
                    w.store(w.select(take, x, y), self._address(target[k], k, loop.index, part))
            taken = w.zext(take, "i64")
            loop.next([w.add(left, w.sub(1, taken)), w.add(right, taken)])

    def _address(self, base: Val, k: int, place: Val, part: int) -> Val:
        dtype = self.node.inputs[k].dtype
        elem, parts = memory_type(dtype), 2 if dtype.is_complex else 1
        at = self.w.gep(elem, base, self.w.mul(place, parts) if parts > 1 else place)
        return self.w.gep(elem, at, part) if part else at

    def _elements(self, source: list[Val], place: Val) -> list[list[Val]]:
        """The stored parts of every operand's element."""
        loaded: list[list[Val]] = []
        for k, v in enumerate(self.node.inputs):
            parts = 2 if v.dtype.is_complex else 1
            loaded.append([self.w.load(memory_type(v.dtype), self._address(source[k], k, place, part)) for part in range(parts)])
        return loaded

    def _before(self, x: list[list[Val]], y: list[list[Val]]) -> Val:
        """The comparator on two elements of every operand."""
        e = self.e
        args: list[Elem] = []
        for v, a, b in zip(self.node.inputs, x, y, strict=True):
            args += [e.elem(v.dtype, *(decode(self.w, v.dtype, p) for p in side)) for side in (a, b)]
        captured = [e.read(c, ()) for c in self.node.captured]
        result: Elems = e.inline(self.node.regions[0], (*args, *captured))
        return result[0].val
