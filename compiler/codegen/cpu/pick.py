"""Arg-max and arg-min: a reduction of values and indices that keeps the better pair (`ops/picks.py` says which are).

Only the value and its place are carried, the place as an i32: among the elements that one lane sees places grow, so one comparison
decides, and value and index are read at the place found in the end. Along the innermost dim lanes hold the best of every so many
elements. After the row their values become integers of the same order, of which the greatest is found, and then the first place of
one as great. Otherwise every lane is a result of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from ....proto.dtypes import BOOL, I32
from ...ir.dims import Dim, is_nonnegative, is_positive, mod, product, symbol, upper_bound
from ...ir.graph import Node, Region
from ...ops.builder import Index
from ...ops.picks import Pick, pick_of
from ..elemental import Elems, Emitter
from ..kernel import Kernel
from ..lltypes import Val, const, lanes_of
from ..probe import axis_symbols, probe
from ..scalar import Elem
from ..target import Target
from ..writer import Writer
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel
from .keys import ordered_key
from .loops import unravel
from .map import emit_map

_VECTORS = 4
_FARTHEST = 0x7FFF_FFFF


@dataclass(frozen=True, slots=True)
class PickPlan:
    """Rows of `length` elements, each searched by `vectors` times `lanes` lanes."""

    monoid: str
    rows: Dim
    length: Dim
    vectors: int
    lanes: int
    grid: Grid

    def __str__(self) -> str:
        return f"arg-{self.monoid} of {self.rows} rows of {self.length}; {self.vectors} x {self.lanes} lanes, {self.grid.chunks} chunks"


def emit_pick(fusion: Node, target: Target) -> Kernel | None:
    """The kernel of a fusion whose one reduction is a pick over rows or columns; None for other fusions."""
    (region,) = fusion.regions
    reductions = [n for n in region.nodes if n.op == "reduce"]
    pick = pick_of(reductions[0]) if len(reductions) == 1 else None
    if pick is None:
        return None
    space = _Space(reductions[0], pick)
    if not space.fits:
        return None
    if space.has_rows and all(_is_per_row(v.shape, space) for v in region.results):
        return _Rows(fusion, region, space, target).emit()
    return emit_map(fusion, target, prepare=lambda e: _bind_columns(e, space))


class _Space:
    """What is reduced and what is kept."""

    def __init__(self, node: Node, pick: Pick) -> None:
        self.node, self.pick = node, pick
        self.values, self.indices = node.operands[:2]
        self.shape = self.values.shape
        dims = node.ints("dimensions")
        self.reduced = sorted(dims)
        self.kept = [d for d in range(len(self.shape)) if d not in dims]
        self.rows = [self.shape[d] for d in self.kept]
        self.extents = [self.shape[d] for d in self.reduced]
        self.length = product(self.extents)

    @property
    def fits(self) -> bool:
        """Whether there is an element to find in every row, and places are i32."""
        most = upper_bound(self.length)
        return is_positive(self.length) and most is not None and is_nonnegative(_FARTHEST - 1 - most)

    @property
    def has_rows(self) -> bool:
        """Whether what is reduced is consecutive in memory."""
        long = [d for d, n in enumerate(self.shape) if n != 1]
        return bool(long) and long[-1] in self.reduced

    def index(self, row: Sequence[Dim], place: Dim) -> Index:
        """The full index of a place in a row."""
        index: list[Dim] = [0] * len(self.shape)
        for d, i in zip((*self.kept, *self.reduced), (*row, *unravel(place, self.extents)), strict=True):
            index[d] = i
        return tuple(index)


def _is_per_row(shape: Sequence[Dim], space: _Space) -> bool:
    return tuple(n for n in shape if n != 1) == tuple(n for n in space.rows if n != 1)


def _better(e: Emitter, pick: Pick, x: Elem, best: Elem) -> Elem:
    """Whether an element takes the place of the best before it."""
    if not x.dtype.is_float:
        return e.compare({"max": "G", "min": "L"}[pick.monoid] + ("E" if pick.last else "T"), x, best)
    # Unordered, that is with a NaN, counts as better; but a NaN stays, unless the last one is wanted and another comes.
    beyond = {"max": "ugt", "min": "ult"}[pick.monoid] if not pick.last else {"max": "uge", "min": "ule"}[pick.monoid]

    def better(w: Writer, a: Val, b: Val) -> Val:
        replaceable = w.fcmp("ord", b, b)
        if pick.last:
            replaceable = w.or_(replaceable, w.fcmp("uno", a, a))
        return w.and_(w.fcmp(beyond, a, b), replaceable)

    return e.emit(BOOL, (x, best), better)


def _step(e: Emitter, pick: Pick, x: Elem, place: Elem, state: Elems) -> Elems:
    better = _better(e, pick, x, state[0])
    return e.spread(e.select(better, x, state[0])), e.spread(e.select(better, place, state[1]))


def _start(e: Emitter, space: _Space) -> Elems:
    """The identity, at no place: greater than any, or less where the last one counts."""
    return e.read(space.node.operands[2], ()), e.const(I32, -1 if space.pick.last else _FARTHEST)


def _found(e: Emitter, space: _Space, row: Sequence[Dim], place: Elem) -> Elems:
    """The value and the index at a place; where all are as bad as can be, none was found, and it is the first."""
    at = e.select(e.compare("EQ", place, e.const(I32, _FARTHEST)), e.const(I32, 0), place)
    index = space.index(row, e.index(at, 0, space.length - 1))
    return e.read(space.values, index), e.read(space.indices, index)


def _bind_columns(e: Emitter, space: _Space) -> None:
    """Every result by a loop over what is reduced."""

    def search(index: Index) -> Elems:
        key = ("pick", space.node, index)
        known = e.scopes.recall(key)
        if isinstance(known, tuple):
            return known

        def step(at: Index, state: Elems) -> Elems:
            full = space.index(index, 0)
            inner = dict(zip(space.reduced, at, strict=True))
            place: Dim = 0
            for n, i in zip(space.extents, at, strict=True):
                place = place * n + i
            x = e.read(space.values, tuple(inner.get(d, i) for d, i in enumerate(full)))
            return _step(e, space.pick, x, e.position(place, I32), state)

        state = e.loop(space.extents, _start(e, space), step)
        found = _found(e, space, index, state[1])
        e.scopes.remember(key, found, e.scopes.depth)
        return found

    for k, result in enumerate(space.node.results):
        e.bind(result, lambda index, k=k: search(index)[k])


class _Rows:
    """Rows searched in vectors."""

    def __init__(self, fusion: Node, region: Region, space: _Space, target: Target) -> None:
        self.region, self.space = region, space
        record = probe(Region(region.params, (), (space.values,)), axis_symbols(space.shape))
        lanes = lanes_for({*record.dtypes, I32}, target)
        self.grid = grid_of(product(space.rows), space.length, record.cost + 4, lanes, divisible=False)
        self.f: Frame = open_kernel(fusion, target, lanes)
        self.e = self.f.e
        self.plan = PickPlan(space.pick.monoid, self.grid.outer, space.length, _VECTORS, lanes, self.grid)

    def emit(self) -> Kernel:
        """The kernel: chunks of rows."""
        e, grid = self.e, self.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, _, _ = grid.place(chunk)
            with e.loop_over("%row", first, last):
                self._row(tuple(unravel(symbol("%row", 0, grid.outer - 1), self.space.rows)))
        return Kernel(self.f.name, self.f.finish(), self.f.symbols, grid.chunks, 0, self.plan)

    def _row(self, row: Index) -> None:
        e, space = self.e, self.space
        found = _found(e, space, row, self._search(row))
        for result, x in zip(space.node.results, found, strict=True):
            e.bind(result, lambda _, x=x: x)
        for v, buffer in zip(self.region.results, self.f.outputs, strict=True):
            left = iter([i for i, n in zip(row, space.rows, strict=True) if n != 1])
            index = tuple(0 if n == 1 else next(left) for n in v.shape)
            e.write(buffer, index, e.read(v, index))
        for result in space.node.results:
            e.unbind(result)

    def _search(self, row: Index) -> Elem:
        """All of a row: several vectors at a time, then one, then what is left under a mask, then the lanes. The place."""
        e, n, width = self.e, self.space.length, self.e.width
        many, whole = n - mod(n, width * _VECTORS), n - mod(n, width)
        with e.vectorized("%j"):
            start = tuple(map(e.spread, _start(e, self.space)))
        groups: list[Elems] = []
        if many != 0:
            state = e.fold("%j", 0, many, width * _VECTORS, start * _VECTORS, lambda j, s: self._round(row, j, s))
            groups = [state[2 * k : 2 * k + 2] for k in range(_VECTORS)]
        rest = start
        if whole != many:
            rest = e.fold("%j", many, whole, width, rest, lambda j, s: self._vector(row, j, s))
        if n != whole:
            rest = self._tail(row, n, whole, rest)
        return self._best([*groups, rest] if n != many else groups)

    def _round(self, row: Index, j: Dim, state: Elems) -> Elems:
        done: list[Elem] = []
        for k in range(_VECTORS):
            done += self._vector(row, j + k * self.e.width, state[2 * k : 2 * k + 2])
        return tuple(done)

    def _vector(self, row: Index, j: Dim, state: Elems) -> Elems:
        e = self.e
        with e.vectorized("%j"):
            x = e.spread(e.read(self.space.values, self.space.index(row, j)))
            return _step(e, self.space.pick, x, e.spread(e.position(j, I32)), state)

    def _tail(self, row: Index, n: Dim, whole: Dim, state: Elems) -> Elems:
        e, count = self.e, n - whole

        def run() -> Elems:
            e.define("%j", e.indices.scalar(whole))
            mask = e.tail_mask(count)
            with e.masked(mask):
                after = self._vector(row, symbol("%j", whole, n - 1), state)
            return tuple(self._where(mask, a, b) for a, b in zip(after, state, strict=True))

        if isinstance(count, int):
            with e.scopes.open(barrier=True):
                after = run()
            return tuple(e.elem(x.dtype, *x.parts) for x in after)
        return e.when(e.indices.scalar(count), run, state)

    def _where(self, mask: Val, a: Elem, b: Elem) -> Elem:
        parts = tuple(self.f.w.select(mask, x, y) for x, y in zip(a.parts, b.parts, strict=True))
        return Elem(a.dtype, parts, max(a.depth, b.depth))

    def _best(self, groups: Sequence[Elems]) -> Elem:
        """The place of the best of all lanes."""
        w, pick = self.f.w, self.space.pick
        keys = [ordered_key(w, value.dtype, value.val, descending=pick.monoid == "min") for value, _ in groups]
        greatest = w.horizontal("smax", reduce(lambda a, b: w.int_minmax("smax", a, b), keys))
        order, none = ("smax", -1) if pick.last else ("smin", _FARTHEST)
        places = [
            w.select(w.icmp("eq", key, w.splat(greatest, lanes_of(key.type))), place.val, const(place.val.type, none))
            for key, (_, place) in zip(keys, groups, strict=True)
        ]
        return self.e.elem(I32, w.horizontal(order, reduce(lambda a, b: w.int_minmax(order, a, b), places)))
