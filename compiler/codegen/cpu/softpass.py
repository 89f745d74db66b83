"""What attention does to the scores of a tile between its two products: the fusion's own arithmetic, then the softmax as far as it is known.

A function of its own in the kernel's module:

    void soften(ptr slots, ptr tile, i64 row, i64 rows, i64 key, i64 keys, ptr sums, ptr greatest, ptr totals, i64 …)

`tile` holds `rows` rows of scores for `keys` keys, of the queries from `row` on; the trailing numbers are the batch indices. Scores become
exp(score - greatest so far); `totals` become their sums. Where a row has more keys than a block, `greatest` keeps its maximum, and what was
summed before a greater one was seen is scaled down (Milakov and Gimelshein, 2018; Dao et al., 2022).
"""

import math

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
        w, e = self.w, self.e
        row0 = symbol("%row0")
        vectors = w.and_(w.add(self.keys, PANEL - 1), -PANEL)
        last = w.sub(vectors, PANEL)
        beyond = w.tail_mask(w.sub(self.keys, last), PANEL)
        with e.loop_over("%row", row0, row0 + symbol("%rows", 1)) as r:
            index = w.sub(e.indices.scalar(r), self.row)
            line = w.gep(self.a.elem, self.tile, w.mul(index, self.a.score_stride))
            self._own_arithmetic(r, line)
            end = w.gep(self.a.elem, line, last)
            w.store(w.select(beyond, w.load(self.vector, end), -math.inf), end)
            self._softmax(index, line, vectors)
        w.ret()

    def _own_arithmetic(self, row: Dim, line: Val) -> None:
        """The attention's body, in place."""
        w, e, body = self.w, self.e, self.a.core.regions[0]
        score, (result,) = body.params[0], body.results
        if result is score:
            return
        start, stop = symbol("%key0"), symbol("%key0") + symbol("%keys", 1)
        batch = iter(symbol(f"%outer{i}", 0, axis.extent - 1) for i, axis in enumerate(self.a.batch))
        place: list[Dim | None] = [row if c == "m" else None if c == "n" else next(batch) for c in self.a.letters]

        def vector(column: Dim) -> None:
            at = w.gep(self.a.elem, line, w.sub(e.indices.scalar(column), self.key))
            raw = e.elem(self.a.dtype, w.load(self.vector, at))
            e.bind(score, lambda _: raw)
            w.store(e.spread(e.read(result, tuple(column if d is None else d for d in place))).val, at)

        e.vector_loop("%column", start, stop, vector)

    def _softmax(self, index: Val, line: Val, vectors: Val) -> None:
        w, elem = self.w, self.a.elem
        lowest = const(self.vector, -math.inf)
        with w.carry(vectors, [lowest], step=PANEL, runs=True) as loop:
            loop.next([w.fmax(loop.values[0], w.load(self.vector, w.gep(elem, line, loop.index)))])
        greatest = w.reduce(loop.results[0], w.fmax)
        kept = w.gep(elem, self.greatest, index)
        before = None if self.a.in_one_block else w.load(elem, kept)
        if before is not None:
            greatest = w.fmax(before, greatest)
        # A row of -inf alone is exp(-inf) = 0 everywhere, and 0 / 0 in the end.
        base = w.select(w.fcmp("oeq", greatest, -math.inf), const(elem, 0.0), greatest)
        shift = w.splat(base, PANEL)
        with w.carry(vectors, [const(self.vector, 0.0)], step=PANEL, runs=True) as loop:
            at = w.gep(elem, line, loop.index)
            power = vmath.exp(w, w.fsub(w.load(self.vector, at), shift))
            w.store(power, at)
            loop.next([w.fadd(loop.values[0], power)])
        total, place = w.reduce(loop.results[0], w.fadd), w.gep(elem, self.totals, index)
        if before is not None:
            less = vmath.exp(w, w.fsub(before, base))
            total = w.fma(w.load(elem, place), less, total)
            w.store(greatest, kept)
            self._scale(index, less)
        w.store(total, place)

    def _scale(self, index: Val, factor: Val) -> None:
        """What was summed of the row so far times `factor`."""
        w, width = self.w, self.a.width_padded
        row = w.gep(self.a.elem, self.sums, w.mul(index, width))
        many = w.splat(factor, PANEL)
        with w.loop(width, step=PANEL) as c:
            at = w.gep(self.a.elem, row, c)
            w.store(w.fmul(w.load(self.vector, at), many), at)


