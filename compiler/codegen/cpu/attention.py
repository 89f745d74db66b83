"""Attention: softmax(body(query · key)) · value without the scores ever leaving the cache.

A chunk is a block of queries of one batch entry. For every block of keys, keys and values are packed; then each tile of queries goes
through both products by the shared micro-kernels, with the softmax (`softpass.py`) between them while its scores are in the first-level
cache. Rows with more keys than a block are summed up online. `attentionplan.py` decides; chunks depend on shapes alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...ir.dims import Dim
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ..index import Indices, Scopes
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..lltypes import Val, const, vec
from ..target import Target
from ..writer import Module, Writer
from . import microkernel, packing, softpass, tiles
from .attentionplan import Attention, Batch
from .microkernel import MicroKernel


def emit_attention(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion of kind `attention`."""
    a = Attention(fusion, target)
    name = kernel_name(fusion, target)
    module = Module(target)
    _Driver(a, module.kernel(name)).emit()
    softpass.define(module, a)
    return Kernel(name, module.text(), fusion_symbols(fusion), a.chunks, a.places[1], a.plan, (), tuple(sorted(a.needs)))


class _Driver:
    """Writes the kernel function."""

    def __init__(self, a: Attention, w: Writer) -> None:
        self.a, self.w, self.elem = a, w, a.elem
        self.dims = Indices(Scopes(w), 1)
        fusion = a.fusion
        first = len(fusion.operands) + len(fusion.results)
        for i, name in enumerate(fusion_symbols(fusion)):
            self.dims.define(name, w.symbol(first + i))
        params = fusion.regions[0].params
        self.query, self.key, self.value = (w.operand(params.index(v)) for v in a.core.operands[:3])
        self.out = w.operand(len(fusion.operands))
        offsets, _ = a.places
        scratch = w.scratch()
        self.tile, self.keys, self.values, self.sums, self.queries, self.greatest, self.totals = (w.offset(scratch, n) for n in offsets)
        self.zeros = w.module.constant(np.zeros(max(a.panels, 1) * PANEL, a.dtype.numpy).tobytes())
        self.vector = vec(self.elem, PANEL)

    def number(self, d: Dim) -> Val:
        return self.dims.scalar(d)

    def emit(self) -> None:
        w, a = self.w, self.a
        self._prepare()
        with w.loop(w.end, start=w.begin) as chunk:
            rest, block = self._split(chunk, a.row_blocks)
            row0 = w.mul(block, self.number(a.rows))
            outer: list[Val] = []
            for axis in reversed(a.batch):
                rest, at = self._split(rest, axis.extent)
                outer.insert(0, at)
            self._chunk(row0, outer)
        w.ret(0)

    def _split(self, x: Val, extent: Dim) -> tuple[Val, Val]:
        """(x // extent, x % extent)"""
        if extent == 1:
            return x, const("i64", 0)
        n = self.number(extent)
        return self.w.udiv(x, n), self.w.urem(x, n)

    def _prepare(self) -> None:
        """What chunks share, computed before the loop over them."""
        a, w = self.a, self.w
        strides = [s for axis in a.batch for s in (axis.extent, axis.query, axis.key, axis.value, axis.out)]
        self.rows_in_all, self.keys_in_all, *_ = (self.number(d) for d in (a.queries, a.keys, a.rows, a.row_blocks, *strides))
        self.q_row, self.q_step = (self.number(a.query[c]) for c in "mk")
        self.k_row, self.k_step = (self.number(a.key[c]) for c in "nk")
        self.v_row, self.v_step = (self.number(a.value[c]) for c in "nv")
        self.out_row = self.number(a.out["m"])
        row = self.q_row if a.reads_queries else const("i64", a.query_stride)
        lanes, stride, width = const("i64", PANEL), const("i64", a.score_stride), const("i64", a.width_padded)
        common = {"c_panel": lanes}
        panel = const("i64", a.depth * PANEL)
        self.scoring = microkernel.fields(w, nk=const("i64", a.depth), row=row, b_row=lanes, b_panel=panel, c_row=stride, **common)
        start = {} if a.in_one_block else {"start_row": width, "start_panel": lanes}
        self.mixing = microkernel.fields(w, row=stride, b_row=width, b_panel=lanes, c_row=width, **start, **common)

    def _at(self, base: Val, index: Val) -> Val:
        return self.w.gep(self.elem, base, index)

    def _placed(self, base: Val, outer: list[Val], stride: Callable[[Batch], Dim], shared: bool = False) -> Val:
        """Where an operand's part of a batch entry begins."""
        w = self.w
        for axis, index in zip(self.a.batch, outer, strict=True):
            at = w.udiv(index, const("i64", axis.shared)) if shared and axis.shared > 1 else index
            base = self._at(base, w.mul(at, self.number(stride(axis))))
        return base

    # -- one chunk ------------------------------------------------------------------------------------------------------------

    def _chunk(self, row0: Val, outer: list[Val]) -> None:
        w, a = self.w, self.a
        rows = w.int_minmax("smin", w.sub(self.rows_in_all, row0), self.number(a.rows))
        query = self._queries(self._at(self._placed(self.query, outer, lambda b: b.query), w.mul(row0, self.q_row)), rows)
        key = self._placed(self.key, outer, lambda b: b.key, shared=True)
        value = self._placed(self.value, outer, lambda b: b.value, shared=True)
        out = self._at(self._placed(self.out, outer, lambda b: b.out), w.mul(row0, self.out_row))
        if a.in_one_block:
            self._block(_Block(query, key, value, row0, rows, const("i64", 0), self.keys_in_all, outer))
        else:
            self._clear(rows)
            with w.loop(self.keys_in_all, step=a.block) as first:
                count = w.int_minmax("smin", w.sub(self.keys_in_all, first), a.block)
                self._block(_Block(query, key, value, row0, rows, first, count, outer))
        self._finish(out, rows)

    def _queries(self, query: Val, rows: Val) -> Val:
        """Where the rows of the chunk's queries begin, brought into scratch where they cannot be read along."""
        a = self.a
        if a.reads_queries:
            return query
        depth, stride = const("i64", a.depth), const("i64", a.query_stride)
        # Transposing writes whole vectors: by sixteen rows at a time their place is known to suffice.
        self._pack(packing.transpose_name(self.elem), query, self.q_step, depth, rows, self.queries, stride)
        return self.queries

    def _pack(self, name: str, *args: Val) -> None:
        self.a.needs.add(name)
        packing.call(self.w, name, *args)

    def _clear(self, rows: Val) -> None:
        """Nothing is summed yet, and nothing seen."""
        w, a = self.w, self.a
        with w.loop(rows) as r:
            w.store(const(self.elem, -np.inf), self._at(self.greatest, r))
            w.store(const(self.elem, 0.0), self._at(self.totals, r))
            with w.loop(a.width_padded, step=PANEL) as c:
                w.store(const(self.vector, 0.0), self._at(self.sums, w.add(w.mul(r, a.width_padded), c)))

    def _block(self, b: "_Block") -> None:
        """One block of keys for all rows."""
        w, a = self.w, self.a
        self._pack_keys(self._at(b.key, w.mul(b.first, self.k_row)), b.count)
        self._pack_values(self._at(b.value, w.mul(b.first, self.v_row)), b.count)
        microkernel.set_field(w, self.mixing, "nk", b.count)
        balanced = tiles.is_balanced(a.queries, a.rows)
        heights = tiles.heights(a.queries, a.rows, a.tile_rows)
        panels = w.lshr(w.add(b.count, PANEL - 1), 4)
        with tiles.rows_of(w, b.rows, a.tile_rows, balanced) as (offset, count):
            row = self._at(b.query, w.mul(offset, self.q_row if a.reads_queries else const("i64", a.query_stride)))
            sums = self._at(self.sums, w.mul(offset, a.width_padded))
            tiles.by_height(w, count, heights, lambda height, row=row: self._scores(height, row, panels))
            greatest, totals = self._at(self.greatest, offset), self._at(self.totals, offset)
            softpass.call(w, w.slots, self.tile, w.add(b.row0, offset), count, b.first, b.count, sums, greatest, totals, *b.outer)
            tiles.by_height(w, count, heights, lambda height, sums=sums: self._mix(height, sums))

    def _pack_keys(self, source: Val, count: Val) -> None:
        """Keys as panels of 16, `[panel][k][16]`."""
        w, a = self.w, self.a
        depth, lanes = const("i64", a.depth), const("i64", PANEL)
        with w.loop(count, step=PANEL) as first:
            width = w.int_minmax("smin", w.sub(count, first), PANEL)
            part, out = self._at(source, w.mul(first, self.k_row)), self._at(self.keys, w.mul(first, depth))
            if a.key["k"] == 1 or a.depth == 1:
                self._pack(packing.transpose_name(self.elem), part, self.k_row, width, depth, out, lanes)
            else:
                self._pack(packing.copy_name(self.elem), part, self.k_step, depth, width, out, lanes)

    def _pack_values(self, source: Val, count: Val) -> None:
        """Values in rows beside each other."""
        a = self.a
        width, row = const("i64", a.width), const("i64", a.width_padded)
        if a.value["v"] == 1 or a.width == 1:
            self._pack(packing.copy_name(self.elem), source, self.v_row, count, width, self.values, row)
        else:
            self._pack(packing.transpose_name(self.elem), source, self.v_step, width, count, self.values, row)

    def _kernel(self, height: int, panels: int) -> MicroKernel:
        kernel = MicroKernel(self.elem, height, panels)
        self.a.needs.add(kernel.name)
        return kernel

    def _scores(self, height: int, query: Val, panels: Val) -> None:
        """The scores of a tile of rows and the block's keys."""
        w, a = self.w, self.a

        def product(panel: Val, group: int) -> None:
            keys = self._at(self.keys, w.mul(panel, a.depth * PANEL))
            out = self._at(self.tile, w.mul(panel, PANEL))
            microkernel.call(w, self._kernel(height, group), query, keys, out, self.zeros, out, self.scoring)

        whole = w.and_(panels, -a.panels)
        with w.loop(whole, step=a.panels) as panel:
            product(panel, a.panels)
        if a.panels > 1:
            with w.loop(panels, start=whole) as panel:
                product(panel, 1)

    def _mix(self, height: int, sums: Val) -> None:
        """Adds the values, weighted by a tile's scores, to the sums of its rows."""
        w, a = self.w, self.a
        panels, at = a.width_padded // PANEL, 0
        while at < panels:
            group = min(a.panels, panels - at)
            values, out = (self._at(base, const("i64", at * PANEL)) for base in (self.values, sums))
            start = self.zeros if a.in_one_block else out
            microkernel.call(w, self._kernel(height, group), self.tile, values, out, start, out, self.mixing)
            at += group

    def _finish(self, out: Val, rows: Val) -> None:
        """Divides by the sums of the weights, into the result."""
        w, a = self.w, self.a
        rest = a.width % PANEL
        mask = w.tail_mask(const("i64", rest), PANEL)
        with w.loop(rows) as r:
            total = w.load(self.elem, self._at(self.totals, r))
            if not isinstance(a.keys, int):
                total = w.select(w.icmp("eq", self.keys_in_all, 0), const(self.elem, 1.0), total)  # sums of nothing are zeros
            divisor = w.splat(total, PANEL)
            source, line = self._at(self.sums, w.mul(r, a.width_padded)), self._at(out, w.mul(r, self.out_row))
            for c in range(0, a.width_padded, PANEL):
                place = const("i64", c)
                x = w.fdiv(w.load(self.vector, self._at(source, place)), divisor)
                if c + PANEL <= a.width:
                    w.store(x, self._at(line, place))
                else:
                    w.masked_store(x, self._at(line, place), mask)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of keys and the rows that go over it: addresses of the rows' queries and of the batch entry's keys and values, the first row
    and how many, the first key and how many, the batch indices.
    """

    query: Val
    key: Val
    value: Val
    row0: Val
    rows: Val
    first: Val
    count: Val
    outer: list[Val]
