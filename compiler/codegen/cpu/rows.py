"""`rows` and `reduce` kernels: reductions over rows, with everything elementwise around them.

A *row* is what one element of a reduction's result is folded from: all reduced dims at one index of the kept ones. A kernel goes over
a row in passes: a reduction can be folded as soon as those it depends on are known, so softmax takes a pass for the maximum, one for
the sum and one for the result. What is expensive and needed by a later pass is kept in a row buffer in scratch; the rest is computed
again.

Lanes run along the innermost reduced dim. A pass keeps several vectors of partial results; they are combined in a fixed order, and
sums over long rows are summed up block by block, so that rounding errors grow with the logarithm of the blocks rather than with the
length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ....proto.dtypes import DType
from ...ir.dims import Dim, Expr, floordiv, minimum, mod, product, symbol, upper_bound
from ...ir.graph import Node, Region, Value
from ...ir.types import TensorType
from ...ops.accumulate import combine
from ...ops.bodies import identity_of, monoids_of
from ...ops.builder import Index
from ...ops.reduction import finish, fold, start
from ...ops.registry import op_of
from ..elemental import Buffer, Elems
from ..kernel import Kernel
from ..lltypes import Val, compute_type, const
from ..probe import Record, axis_symbols, probe
from ..scalar import Elem
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel
from .loops import collapse, unravel
from .map import emit_map, inplace_pairs

# Values cheaper than this are computed again in a later pass; dearer ones are kept.
_KEEP_COST = 8.0
_BLOCK_STEPS = 64
_COST = {**dict.fromkeys(("exponential", "tanh", "logistic", "log", "sine", "cosine", "power", "cbrt"), 12.0), "divide": 4.0}


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


@dataclass(eq=False)
class Space:
    """The dims of a row space: what is reduced, what is kept, and how loops run over them."""

    shape: tuple[Dim, ...]
    kept: list[int]
    groups: list[list[int]]
    reduces: list[Node] = field(default_factory=list)

    @property
    def rows(self) -> list[Dim]:
        return [self.shape[d] for d in self.kept]

    @property
    def extents(self) -> list[Dim]:
        """The loops over a row, the last by lanes."""
        return [product(self.shape[d] for d in g) for g in self.groups]

    def index(self, row: Index, place: Index) -> Index:
        """The full index at a row's kept index and a place in the row."""
        index: list[Dim] = [0] * len(self.shape)
        for d, i in zip(self.kept, row, strict=True):
            index[d] = i
        for g, i in zip(self.groups, place, strict=True):
            index[g[-1]] = i
        return tuple(index)


def emit_rows(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion with reductions: by rows if it has that form, else element by element."""
    (region,) = fusion.regions
    space = row_space(region)
    if space is None:
        return emit_map(fusion, target)
    return _Rows(fusion, region, space, target).emit()


def row_space(region: Region) -> Space | None:
    """The row space of a region, or None if its reductions do not share one, or not along the innermost dim, or a fold is not a monoid."""
    reduces = [n for n in region.nodes if n.op == "reduce"]
    if not reduces:
        return None
    first = reduces[0]
    shape, dims = first.operands[0].shape, set(_dimensions(first))
    for n in reduces:
        same = n.operands[0].shape == shape and set(_dimensions(n)) == dims
        if not same or monoids_of(n.regions[0]) is None or n.captures:
            return None
    long = [d for d, n in enumerate(shape) if n != 1]
    if not long or long[-1] not in dims or any(n == 0 for n in shape):
        return None
    kept = [d for d in long if d not in dims]
    space = Space(shape, kept, _row_groups(region, reduces, shape, [d for d in long if d in dims]), reduces)
    fits = all(_is_full(v.shape, space) or row_index(v.shape, space, tuple(space.rows)) is not None for v in region.results)
    return space if fits and _is_rowwise(region, space) else None


def _dimensions(node: Node) -> Sequence[int]:
    return node.attrs["dimensions"]  # type: ignore[return-value]


def _row_groups(region: Region, reduces: list[Node], shape: tuple[Dim, ...], reduced: list[int]) -> list[list[int]]:
    """The reduced dims, adjacent ones that everything read along the row treats as one together."""
    axes = axis_symbols(shape)
    total = Record()
    for v in _read_along_rows(region, reduces, shape):
        record = probe(Region(_params_of(v), (), (v,)), axes)
        total.accesses += record.accesses
        total.bounds += record.bounds
        total.others += record.others
    masked = tuple(n if d in reduced else 1 for d, n in enumerate(shape))
    return collapse(masked, axes, total)


def _read_along_rows(region: Region, reduces: list[Node], shape: tuple[Dim, ...]) -> list[Value]:
    """Full values that no reduction is part of, where a reduction, what depends on one, or the caller needs them."""
    depends = {v for n in reduces for v in n.results}
    found = [v for n in reduces for v in n.operands[: len(n.operands) // 2]]
    for node in region.nodes:
        if depends.intersection(node.operands):
            depends.update(node.results)
            found += node.operands
    found += region.results
    return [v for v in dict.fromkeys(found) if v not in depends and v.shape == shape]


def _params_of(value: Value) -> tuple[Value, ...]:
    """The region parameters that a value depends on."""
    found: dict[Value, None] = {}
    stack, seen = [value], {value}
    while stack:
        v = stack.pop()
        if v.node is None:
            found[v] = None
            continue
        for o in v.node.operands:
            if o not in seen:
                seen.add(o)
                stack.append(o)
    return tuple(found)


def _is_full(shape: Sequence[Dim], space: Space) -> bool:
    return tuple(shape) == space.shape


def row_index(shape: Sequence[Dim], space: Space, row: Index) -> Index | None:
    """The index of a value with one element per row, given the kept index; None if the shape is not of that kind."""
    left = iter(zip(space.rows, row, strict=True))
    index: list[Dim] = []
    for n in shape:
        if n == 1:
            index.append(0)
            continue
        extent, i = next(left, (None, 0))
        if extent != n:
            return None
        index.append(i)
    return None if next(left, None) else tuple(index)


def _is_rowwise(region: Region, space: Space) -> bool:
    """Whether a reduction's result is only used at its own row: everything between is full, per row, or a broadcast back."""
    depends: set[Value] = set()
    for node in region.nodes:
        if not (node.op == "reduce" or depends.intersection(node.operands)):
            continue
        depends.update(node.results)
        shape = node.results[0].shape
        per_row = row_index(shape, space, tuple(space.rows)) is not None
        full = _is_full(shape, space)
        match node.op:
            case "reduce":
                good = True
            case "broadcast_in_dim":
                good = per_row or (full and _keeps_places(node, space))
            case "reshape":
                good = per_row
            case _:
                good = op_of(node).is_elementwise and (full or per_row)
        if not good:
            return False
    return True


def _keeps_places(node: Node, space: Space) -> bool:
    """Whether a broadcast to the full shape puts every kept dim of its operand where it was."""
    dims: Sequence[int] = node.attrs["broadcast_dimensions"]  # type: ignore[assignment]
    long = [d for d, n in zip(dims, node.operands[0].shape, strict=True) if n != 1]
    return long == space.kept or (node.operands[0].shape == space.shape and list(dims) == list(range(len(space.shape))))


# -- passes -------------------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Pass:
    """One sweep over the row: what it folds, what it stores for later, what it writes."""

    folds: list[Node] = field(default_factory=list)
    keep: list[Value] = field(default_factory=list)
    results: list[int] = field(default_factory=list)


def schedule(region: Region, space: Space) -> list[_Pass]:
    """The passes over a row, and what each keeps for those after it."""
    level: dict[Node, int] = {}
    for node in region.nodes:
        below = [level[o.node] for o in node.operands if o.node in level]
        level[node] = max(below, default=0) + (1 if node.op == "reduce" else 0)
    count = max(level[n] for n in space.reduces)
    passes = [_Pass(folds=[n for n in space.reduces if level[n] == k + 1]) for k in range(count)]
    full = [i for i, v in enumerate(region.results) if _is_full(v.shape, space)]
    if full:
        passes.append(_Pass(results=full))
    _choose_kept(region, space, passes)
    return passes


def _choose_kept(region: Region, space: Space, passes: list[_Pass]) -> None:
    first: dict[Value, int] = {}
    for k, p in enumerate(passes):
        roots = [v for n in p.folds for v in n.operands[: len(n.operands) // 2]] + [region.results[i] for i in p.results]
        stack = list(roots)
        seen: set[Value] = set()
        while stack:
            v = stack.pop()
            if v in seen or v.node is None or v.node.op == "reduce" or not _is_full(v.shape, space):
                continue
            seen.add(v)
            made = first.setdefault(v, k)
            if made < k and _cost(v, space, {}) >= _KEEP_COST:
                if v not in passes[made].keep:
                    passes[made].keep.append(v)
                continue
            stack += v.node.operands


def _cost(value: Value, space: Space, known: dict[Value, float]) -> float:
    """What computing an element of a full value again takes."""
    if value.node is None or value.node.op == "reduce" or not _is_full(value.shape, space):
        return 0.5
    if value not in known:
        own = _COST.get(value.node.op, 12.0 if value.node.op.startswith(("chlo", "weft")) else 1.0)
        known[value] = own + sum(_cost(o, space, known) for o in value.node.operands)
    return known[value]


# -- emission -----------------------------------------------------------------------------------------------------------------------


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
        self.inplace = inplace_pairs(region, record, axes) if all(_is_full(v.shape, space) for v in region.results) else ()

    def _record(self, axes: Index) -> Record:
        """What one element of everything full takes."""
        total = Record()
        full = [v for n in self.space.reduces for v in n.operands[: len(n.operands) // 2]]
        full += [v for v in self.region.results if _is_full(v.shape, self.space)]
        for v in full:
            record = probe(Region(self.region.params, (), (v,)), axes, known=[r for n in self.space.reduces for r in n.results])
            total.accesses += record.accesses
            total.dtypes |= record.dtypes
            total.cost = max(total.cost, record.cost)
        return total

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
            if not _is_full(v.shape, self.space):
                at = row_index(v.shape, self.space, row)
                assert at is not None
                self.e.write(buffer, at, self.e.read(v, at))
        for v in self.buffers:
            self.e.unbind(v)

    def _place(self, index: Index) -> Index:
        return tuple(index[g[-1]] for g in self.space.groups)

    def visit(self, p: _Pass, index: Index) -> None:
        """Stores what a pass leaves at one index; all of it is read before any is written."""
        kept = [self.e.read(v, index) for v in p.keep]
        results = [self.e.read(self.region.results[i], index) for i in p.results]
        for v, x in zip(p.keep, kept, strict=True):
            self.e.write(self.buffers[v], self._place(index), x)
        for i, x in zip(p.results, results, strict=True):
            self.e.write(self.f.outputs[i], index, x)

    def _write_pass(self, p: _Pass, row: Index) -> None:
        self._nest(self.space.extents, (), lambda place: self.visit(p, self.space.index(row, place)))

    def _nest(self, extents: list[Dim], place: Index, visit: Callable[[Index], None]) -> None:
        n, *rest = extents
        if rest:
            with self.e.loop_over(f"%r{len(rest)}", 0, n) as i:
                self._nest(rest, (*place, i), visit)
        else:
            self.e.vector_loop("%j", 0, n, lambda j: visit((*place, j)))

    def _fold_pass(self, p: _Pass, row: Index) -> None:
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

    def __init__(self, rows: _Rows, p: _Pass, row: Index, identity: Elems) -> None:
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


def _monoids(p: _Pass) -> list[str]:
    return [m for n in p.folds for m in monoids_of(n.regions[0]) or ()]


def _fold_name(node: Node) -> str:
    return "+".join(monoids_of(node.regions[0]) or ())
