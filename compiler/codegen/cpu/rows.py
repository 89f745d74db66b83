"""`rows` and `reduce` kernels: reductions over rows, with everything elementwise around them.

A *row* is what one element of a reduction's result is folded from: all reduced dims at one index of the kept ones. A kernel goes over
a row in passes: a reduction can be folded as soon as those it depends on are known, so softmax takes a pass for the maximum, one for
the sum and one for the result. What is expensive and needed by a later pass is kept in a row buffer in scratch; the rest is computed
again.

Lanes run along the innermost reduced dim. A pass keeps several vectors of partial results; they are combined in a fixed order, and
sums over long rows are summed up block by block, so that rounding errors grow with the logarithm of the blocks rather than with the
length.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ....proto.dtypes import DType
from ...ir.dims import Dim, Expr, floordiv, minimum, mod, product, symbol, upper_bound
from ...ir.graph import Node, Region, Value
from ...ir.types import TensorType
from ...ops.accumulate import combine
from ...ops.bodies import identity_of, monoids_of
from ...ops.builder import Index
from ...ops.reduction import finish, fold, start
from ..elemental import Elems
from ..kernel import Kernel
from ..lltypes import Val, compute_type, const
from ..memory import Buffer
from ..probe import Record, axis_symbols, probe
from ..scalar import Elem
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel
from .loops import unravel
from .map import emit_map, inplace_pairs
from .rowspace import Pass, Space, is_full, row_index, row_space, schedule

_BLOCK_STEPS = 64
_AHEAD = 4096  # bytes: a matrix that does not fit the second-level cache is asked for that early


@dataclass(frozen=True, slots=True)
class RowsPlan:
    """`rows` rows of `length` elements; `passes` lists what each pass folds, `kept` what is stored for later ones."""

    rows: Dim
    length: Dim
    passes: tuple[tuple[str, ...], ...]
    kept: tuple[str, ...]
    lanes: int
    vectors: int
    grid: Grid

    def __str__(self) -> str:
        passes = "; ".join(", ".join(p) or "results" for p in self.passes)
        kept = f", keeps {', '.join(self.kept)}" if self.kept else ""
        return f"{self.rows} rows of {self.length}: {passes}{kept}; {self.vectors} x {self.lanes} lanes, {self.grid.chunks} chunks"


def emit_rows(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion with reductions: by rows if it has that form, else element by element."""
    (region,) = fusion.regions
    space = row_space(region)
    if space is None:
        return emit_map(fusion, target)
    return _Rows(fusion, region, space, target).emit()


class _Rows:
    def __init__(self, fusion: Node, region: Region, space: Space, target: Target) -> None:
        self.region, self.space = region, space
        self.passes = schedule(region, space)
        axes = axis_symbols(space.shape)
        record = self._record(axes)
        lanes = lanes_for(record.dtypes, target)
        self.vectors = 2 if record.cost > 20 else 4
        self.length = product(space.extents)
        self.grid = grid_of(product(space.rows), self.length, record.cost * len(self.passes), lanes, divisible=False)
        self.f: Frame = open_kernel(fusion, target, lanes)
        self.e = self.f.e
        self.buffers: dict[Value, Buffer] = {}
        self.streams = self._streams(target)
        self.inplace = inplace_pairs(region, record, axes) if all(is_full(v.shape, space) for v in region.results) else ()

    def _record(self, axes: Index) -> Record:
        """What one element of everything full takes."""
        total = Record()
        full = [v for n in self.space.reduces for v in n.operands[: len(n.operands) // 2]]
        full += [v for v in self.region.results if is_full(v.shape, self.space)]
        for v in full:
            record = probe(Region(self.region.params, (), (v,)), axes, known=[r for n in self.space.reduces for r in n.results])
            total.accesses += record.accesses
            total.dtypes |= record.dtypes
            total.cost = max(total.cost, record.cost)
        return total

    def _streams(self, target: Target) -> list[Buffer]:
        """What is read once, from beyond the second-level cache, where a single pass leaves time for little else."""
        if len([p for p in self.passes if p.folds]) > 1 or self.space.groups[-1][-1] != len(self.space.shape) - 1:
            return []
        full = [p for p in self.region.params if is_full(p.shape, self.space) and p.tensor.is_static]
        far = [p for p in full if math.prod(p.tensor.static_shape) * p.dtype.itemsize > target.l2_bytes]
        return [self.e.buffer_of(p) for p in far if not p.dtype.is_complex]

    def emit(self) -> Kernel:
        """The kernel: chunks of rows, passes over each."""
        scratch = self._place_buffers()
        e, grid = self.e, self.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, _, _ = grid.place(chunk)
            if grid.outer == 1:
                self._row(())
            else:
                with e.loop_over("%row", first, last):
                    self._row(tuple(unravel(symbol("%row", 0, grid.outer - 1), self.space.rows)))
        return Kernel(self.f.name, self.f.finish(), self.f.symbols, grid.chunks, scratch, self._plan(), self.inplace)

    def _plan(self) -> RowsPlan:
        passes = tuple(tuple(_fold_name(n) for n in p.folds) for p in self.passes)
        kept = tuple(v.op for p in self.passes for v in p.keep)
        return RowsPlan(self.grid.outer, self.length, passes, kept, self.e.width, self.vectors, self.grid)

    def _place_buffers(self) -> Dim:
        """Assigns scratch to what is kept; the bytes needed."""
        used: Dim = 0
        base = self.f.w.scratch() if any(p.keep for p in self.passes) else None
        for p in self.passes:
            for v in p.keep:
                assert base is not None
                pointer = self.f.w.offset(base, self.e.indices.scalar(used))
                self.buffers[v] = self.e.memory(TensorType(v.dtype, tuple(self.space.extents)), pointer)
                used = used + floordiv(self.length * v.dtype.itemsize + 63, 64) * 64
        return used

    def _row(self, row: Index) -> None:
        for p in self.passes:
            if p.folds:
                self._fold_pass(p, row)
            else:
                self._write_pass(p, row)
            for v in p.keep:
                self.e.bind(v, lambda index, v=v: self.e.load(self.buffers[v], self._place(index)))
        for v, buffer in zip(self.region.results, self.f.outputs, strict=True):
            if not is_full(v.shape, self.space):
                at = row_index(v.shape, self.space, row)
                assert at is not None
                self.e.write(buffer, at, self.e.read(v, at))
        for v in self.buffers:
            self.e.unbind(v)

    def _place(self, index: Index) -> Index:
        return tuple(index[g[-1]] for g in self.space.groups)

    def visit(self, p: Pass, index: Index) -> None:
        """Stores what a pass leaves at one index; all of it is read before any is written."""
        kept = [self.e.read(v, index) for v in p.keep]
        results = [self.e.read(self.region.results[i], index) for i in p.results]
        for v, x in zip(p.keep, kept, strict=True):
            self.e.write(self.buffers[v], self._place(index), x)
        for i, x in zip(p.results, results, strict=True):
            self.e.write(self.f.outputs[i], index, x)

    def _write_pass(self, p: Pass, row: Index) -> None:
        self._nest(self.space.extents, (), lambda place: self.visit(p, self.space.index(row, place)))

    def _nest(self, extents: list[Dim], place: Index, visit: Callable[[Index], None]) -> None:
        n, *rest = extents
        if rest:
            with self.e.loop_over(f"%r{len(rest)}", 0, n) as i:
                self._nest(rest, (*place, i), visit)
        else:
            self.e.vector_loop("%j", 0, n, lambda j: visit((*place, j)))

    def _fold_pass(self, p: Pass, row: Index) -> None:
        e = self.e
        states = [start(e, n) for n in p.folds]
        with e.vectorized("%j"):
            identity = tuple(e.spread(_identity(m, s.dtype)) for s, m in zip(_flat(states), _monoids(p), strict=True))
        folder = _Folder(self, p, row, identity)
        vectors = folder.nest(self.space.extents, (), identity)
        for n, first, totals in zip(p.folds, states, _split(vectors, states), strict=True):
            names = monoids_of(n.regions[0]) or ()
            whole = tuple(combine(e, m, s, self._across(m, t)) for m, s, t in zip(names, first, totals, strict=True))
            done = finish(e, n, whole)
            for v, x in zip(n.results, done if isinstance(done, tuple) else (done,), strict=True):
                e.bind(v, lambda _, x=x: x)

    def _across(self, monoid: str, x: Elem) -> Elem:
        """All lanes of a vector combined, in halves."""
        e, w = self.e, self.f.w
        lanes = x.lanes
        while lanes > 1:
            lanes //= 2
            low = [w.extract(p, 0) if lanes == 1 else w.shuffle(p, None, range(lanes)) for p in x.parts]
            high = [w.extract(p, 1) if lanes == 1 else w.shuffle(p, None, range(lanes, 2 * lanes)) for p in x.parts]
            x = combine(e, monoid, e.elem(x.dtype, *low), e.elem(x.dtype, *high))
        return x


class _Folder:
    """Folds the reductions of one pass over a row, in vectors."""

    def __init__(self, rows: _Rows, p: Pass, row: Index, identity: Elems) -> None:
        self.rows, self.e, self.p, self.row, self.identity = rows, rows.e, p, row, identity
        self.monoids = _monoids(p)

    def nest(self, extents: list[Dim], place: Index, state: Elems) -> Elems:
        """One vector per accumulator."""
        n, *rest = extents
        if rest:
            return self.e.fold(f"%r{len(rest)}", 0, n, 1, state, lambda i, s: self.nest(rest, (*place, i), s))
        return self._line(n, place, state)

    def _line(self, n: Dim, place: Index, state: Elems) -> Elems:
        """The innermost loop: several vectors at a time, then one, then what is left under a mask."""
        width, vectors = self.e.width, self.rows.vectors
        step = width * vectors
        many, whole = n - mod(n, step), n - mod(n, width)
        block = step * _BLOCK_STEPS
        if many != 0:
            lanes = self._several(many, block, place)
            for group in lanes:
                state = self._merge(state, group)
        if whole != many:
            state = self.e.fold("%j", many, whole, width, state, lambda j, s: self._vector(j, 0, place, s))
        return state if n == whole else self._tail(n, whole, place, state)

    def _several(self, many: Dim, block: int, place: Index) -> list[Elems]:
        """Sums in blocks if the row may be long."""
        width, vectors = self.e.width, self.rows.vectors
        first = self.identity * vectors
        bound = many if isinstance(many, int) else upper_bound(many)

        def run(begin: Dim, end: Dim, state: Elems) -> Elems:
            return self.e.fold("%j", begin, end, width * vectors, state, self._round(place))

        def one_block(b: Expr, total: Elems) -> Elems:
            part = run(b, minimum(b + block, many), first)
            return tuple(x for k in range(vectors) for x in self._merge(self._group(total, k), self._group(part, k)))

        if bound is None or bound > 2 * block:
            folded = self.e.fold("%b", 0, many, block, first, one_block)
        else:
            folded = run(0, many, first)
        return [self._group(folded, k) for k in range(vectors)]

    def _group(self, state: Elems, k: int) -> Elems:
        n = len(self.identity)
        return state[k * n : (k + 1) * n]

    def _round(self, place: Index) -> Callable[[Expr, Elems], Elems]:
        def body(j: Expr, state: Elems) -> Elems:
            done: list[Elem] = []
            for k in range(self.rows.vectors):
                done += self._vector(j, k, place, self._group(state, k))
            return tuple(done)

        return body

    def _vector(self, j: Dim, k: int, place: Index, state: Elems) -> Elems:
        """One vector of the row folded into one group of accumulators."""
        with self.e.vectorized("%j"):
            index = self.rows.space.index(self.row, (*place, j + k * self.e.width))
            for buffer in self.rows.streams:
                self.e.prefetch(buffer, index, _AHEAD)
            after: list[Elem] = []
            for node, part in zip(self.p.folds, _split(state, [n.results for n in self.p.folds]), strict=True):
                inputs = [self.e.read(v, index) for v in node.operands[: len(node.operands) // 2]]
                after += map(self.e.spread, fold(self.e, node, inputs, part))
            self.rows.visit(self.p, index)
            return tuple(after)

    def _merge(self, x: Elems, y: Elems) -> Elems:
        return tuple(combine(self.e, m, a, b) for m, a, b in zip(self.monoids, x, y, strict=True))

    def _tail(self, n: Dim, whole: Dim, place: Index, state: Elems) -> Elems:
        e, count = self.e, n - whole
        first = e.indices.scalar(whole)

        def run() -> Elems:
            e.define("%j", first)
            mask = e.tail_mask(count)
            with e.vectorized("%j"), e.masked(mask):
                after = self._vector(symbol("%j", whole, n - 1), 0, place, state)
            return tuple(_where(e.w.select, mask, a, b) for a, b in zip(after, state, strict=True))

        if isinstance(count, int):
            with e.scopes.open(barrier=True):
                after = run()
            return tuple(e.elem(x.dtype, *x.parts) for x in after)
        return e.when(e.indices.scalar(count), run, state)


def _where(select: Callable[[Val, Val, Val], Val], mask: Val, a: Elem, b: Elem) -> Elem:
    parts = tuple(select(mask, x, y) for x, y in zip(a.parts, b.parts, strict=True))
    return Elem(a.dtype, parts, max(a.depth, b.depth))


def _identity(monoid: str, dtype: DType) -> Elem:
    """What changes nothing, in registers: infinity also for floats that have none in memory."""
    value = identity_of(monoid, dtype)
    if dtype.is_complex:
        elem, z = compute_type(dtype), complex(value)
        return Elem(dtype, (const(elem, z.real), const(elem, z.imag)))
    assert not isinstance(value, complex)
    return Elem(dtype, (const(compute_type(dtype), value),))


def _flat(states: Sequence[Elems]) -> list[Elem]:
    return [x for s in states for x in s]


def _split(flat: Elems, like: Sequence[Sequence[object]]) -> list[Elems]:
    parts: list[Elems] = []
    at = 0
    for s in like:
        parts.append(flat[at : at + len(s)])
        at += len(s)
    return parts


def _monoids(p: Pass) -> list[str]:
    return [m for n in p.folds for m in monoids_of(n.regions[0]) or ()]


def _fold_name(node: Node) -> str:
    return "+".join(monoids_of(node.regions[0]) or ())
