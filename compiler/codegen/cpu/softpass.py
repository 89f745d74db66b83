"""What attention does to the scores of a tile between its two products: the fusion's own arithmetic, then the softmax as far as it goes.

A function of its own in the kernel's module:

    void soften(ptr slots, ptr tile, i64 row, i64 rows, i64 key, i64 keys, ptr sums, ptr greatest, ptr totals, i64 …)

`tile` holds `rows` rows of scores for `keys` keys, of the queries from `row` on; the trailing numbers are the batch indices. Scores become
exp(score - greatest so far); `totals` become their sums. Where a row has more keys than a block, `greatest` keeps its maximum, and what was
summed before a greater one was seen is scaled down (Milakov and Gimelshein, 2018; Dao et al., 2022).
"""

import math
from collections.abc import Callable

from ...ir.dims import Dim, symbol
from ...ops.blocked import PANEL
from .. import vmath
from ..elemental import Emitter
from ..kernel import fusion_symbols
from ..lltypes import Val, const, vec
from ..writer import Module, Writer
from .attentionplan import Attention

NAME = "soften"
_PARAMS = ("ptr", "ptr", "i64", "i64", "i64", "i64", "ptr", "ptr", "ptr")


def define(module: Module, a: Attention) -> None:
    """Defines the function."""
    w = module.function(NAME, "void", (*_PARAMS, *["i64"] * len(a.batch)), internal=True, attrs="noinline")
    _Soften(w, a).emit()


def call(w: Writer, *args: Val) -> None:
    """Calls it."""
    w.call(NAME, "void", args)


class _Soften:
    def __init__(self, w: Writer, a: Attention) -> None:
        self.w, self.a = w, a
        self.e = Emitter(w, PANEL)
        self.vector = vec(a.elem, PANEL)
        slots, self.tile, self.row, self.count, self.key, self.keys, self.sums, self.greatest, self.totals, *self.outer = w.params
        self._bind(slots)

    def _bind(self, slots: Val) -> None:
        """Symbols, and where the body of the attention finds what it reads."""
        e, w, fusion = self.e, self.w, self.a.fusion
        params = fusion.regions[0].params
        first = len(fusion.operands) + len(fusion.results)
        for i, name in enumerate(fusion_symbols(fusion)):
            e.define(name, w.load("i64", w.offset(slots, 8 * (first + i)), align=8))
        for name, value in (("%row0", self.row), ("%rows", self.count), ("%key0", self.key), ("%keys", self.keys)):
            e.define(name, value)
        for i, value in enumerate(self.outer):
            e.define(f"%outer{i}", value)
        body = self.a.core.regions[0]
        for inner, operand in zip(body.params[1:], self.a.core.operands[3:], strict=True):
            e.buffer(inner, w.load("ptr", w.offset(slots, 8 * params.index(operand)), align=8))

    def emit(self) -> None:
        w = self.w
        self.vectors = w.and_(w.add(self.keys, PANEL - 1), -PANEL)
        self.beyond = w.tail_mask(w.sub(self.keys, w.sub(self.vectors, PANEL)), PANEL)
        # All maxima come first: a row's exponentials would wait for its own, while those of other rows can go on meanwhile.
        self._find_greatest()
        self._take_powers()
        w.ret()

    def _line(self, index: Val) -> Val:
        """A row of the tile."""
        return self.w.gep(self.a.elem, self.tile, self.w.mul(index, self.a.score_stride))

    def _find_greatest(self) -> None:
        """Scores as the fusion wants them, -inf after the last; the maximum of each row."""
        w, e, elem = self.w, self.e, self.a.elem
        row0, lowest = symbol("%row0"), const(self.vector, -math.inf)
        with e.loop_over("%row", row0, row0 + symbol("%rows", 1)) as r:
            index = w.sub(e.indices.scalar(r), self.row)
            line = self._line(index)
            if self.a.scale is None:
                self._own_arithmetic(r, line)
            last = w.gep(elem, line, w.sub(self.vectors, PANEL))
            w.store(w.select(self.beyond, w.load(self.vector, last), lowest), last)
            w.store(lowest, w.gep(elem, line, self.vectors))  # the other half of a last pair
            found = self._pairs(lowest, lambda at, old: w.fmax(old, w.load(self.vector, w.gep(elem, line, at))))
            greatest, place = w.reduce(w.fmax(*found), w.fmax), w.gep(elem, self.greatest, index)
            if not self.a.in_one_block:
                before = w.load(elem, place)
                greatest = w.fmax(before, greatest)
                self._scale_down(index, vmath.exp(w, w.fmul(w.fsub(before, self._base(greatest)), self._scale)))
            w.store(greatest, place)

    @property
    def _scale(self) -> float:
        return 1.0 if self.a.scale is None else self.a.scale

    def _pairs(self, start: Val, step: Callable[[Val, Val], Val]) -> list[Val]:
        """`state = step(at, state)` for every vector of a row, by two chains."""
        w = self.w
        with w.carry(self.vectors, [start, start], step=2 * PANEL, runs=True) as loop:
            loop.next([step(w.add(loop.index, PANEL * k) if k else loop.index, x) for k, x in enumerate(loop.values)])
        return loop.results

    def _base(self, greatest: Val) -> Val:
        """What is subtracted: a row of -inf alone is exp(-inf) = 0 everywhere, and 0 / 0 in the end."""
        w = self.w
        return w.select(w.fcmp("oeq", greatest, -math.inf), const(self.a.elem, 0.0), greatest)

    def _own_arithmetic(self, row: Dim, line: Val) -> None:
        """The attention's body, in place."""
        w, e, body = self.w, self.e, self.a.core.regions[0]
        score, (result,) = body.params[0], body.results
        start, stop = symbol("%key0"), symbol("%key0") + symbol("%keys", 1)
        batch = iter(symbol(f"%outer{i}", 0, axis.extent - 1) for i, axis in enumerate(self.a.batch))
        place: list[Dim | None] = [row if c == "m" else None if c == "n" else next(batch) for c in self.a.letters]

        def vector(column: Dim) -> None:
            at = w.gep(self.a.elem, line, w.sub(e.indices.scalar(column), self.key))
            raw = e.elem(self.a.dtype, w.load(self.vector, at))
            e.bind(score, lambda _: raw)
            w.store(e.spread(e.read(result, tuple(column if d is None else d for d in place))).val, at)

        e.vector_loop("%column", start, stop, vector)

    def _take_powers(self) -> None:
        """exp(score - greatest) for all scores, and the sum of each row."""
        w, elem = self.w, self.a.elem
        with w.loop(self.count) as index:
            line = self._line(index)
            base = w.splat(self._base(w.load(elem, w.gep(elem, self.greatest, index))), PANEL)
            offset = w.fmul(base, -self._scale)

            def power(at: Val, total: Val, line: Val = line, base: Val = base, offset: Val = offset) -> Val:
                place = w.gep(elem, line, at)
                x = w.load(self.vector, place)
                x = vmath.exp(w, w.fsub(x, base) if self._scale == 1 else w.fma(x, const(self.vector, self._scale), offset))
                w.store(x, place)
                return w.fadd(total, x)

            first, second = self._pairs(const(self.vector, 0.0), power)
            total, place = w.reduce(w.fadd(first, second), w.fadd), w.gep(elem, self.totals, index)
            w.store(total if self.a.in_one_block else w.fadd(w.load(elem, place), total), place)

    def _scale_down(self, index: Val, factor: Val) -> None:
        """What was summed of the row so far times `factor`."""
        w, width, elem = self.w, self.a.width_padded, self.a.elem
        row = w.gep(elem, self.sums, w.mul(index, width))
        many = w.splat(factor, PANEL)
        with w.loop(width, step=PANEL) as c:
            at = w.gep(elem, row, c)
            w.store(w.fmul(w.load(self.vector, at), many), at)
        total = w.gep(elem, self.totals, index)
        w.store(w.fmul(w.load(elem, total), factor), total)
