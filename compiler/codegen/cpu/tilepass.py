"""The pass over a tile that a micro-kernel has just computed: the rest of a fusion, from registers' worth of scratch to the results.

It is a function of its own in the kernel's module, written by the elemental emitter:

    void finish(ptr slots, ptr tile, i64 row, i64 rows, i64 column, i64 columns, i64 …)

`tile` holds rows of `stride` elements; `row` and `column` say where in the result it belongs, the trailing numbers are the remaining
coordinates.
"""

from collections.abc import Callable, Sequence

from ...ir.dims import Dim, Expr, symbol
from ...ir.graph import Node, Value
from ...ops.blocked import PANEL
from ..elemental import Emitter
from ..kernel import fusion_symbols
from ..lltypes import Val, memory_type, vec
from ..writer import Module, Writer

NAME = "finish"
Coordinates = Callable[[Dim, Dim, Sequence[Dim]], tuple[Dim, ...]]


def define(
    module: Module, fusion: Node, core: Value, stride: int, outer: Sequence[Dim], index: Coordinates, columns: int | None = None
) -> None:
    """Defines the function.

    `index(row, column, others)` is the place in the result; `outer` are the extents of the other coordinates. With `columns`, it is always
    called for columns 0 to that.
    """
    w = module.function(NAME, "void", ("ptr", "ptr", *["i64"] * (4 + len(outer))), internal=True, attrs="noinline")
    slots, tile, row, rows, column, width, *others = w.params
    e = Emitter(w, PANEL)
    body = fusion.regions[0]
    _bind_slots(e, w, fusion, slots)
    for name, value in (("%row0", row), ("%rows", rows), ("%column0", column), ("%columns", width)):
        e.define(name, value)
    for i, value in enumerate(others):
        e.define(f"%outer{i}", value)
    place = [symbol(f"%outer{i}", 0, n - 1) for i, n in enumerate(outer)]
    row0 = symbol("%row0")
    column0, stop = (symbol("%column0"), symbol("%column0") + symbol("%columns", 1)) if columns is None else (0, columns)
    elem = memory_type(core.dtype)
    first = len(fusion.operands)
    outputs = [e.memory(v.tensor, w.load("ptr", w.offset(slots, 8 * (first + i)), align=8)) for i, v in enumerate(body.results)]

    with e.loop_over("%row", row0, row0 + symbol("%rows", 1)) as r:
        line = w.gep(elem, tile, w.mul(w.sub(e.indices.scalar(r), row), stride))

        def vector(c: Expr) -> None:
            at = index(r, c, place)
            offset = w.sub(e.indices.scalar(c), column)
            raw = e.elem(core.dtype, w.load(vec(elem, PANEL), w.gep(elem, line, offset)))
            e.bind(core, lambda _: raw)
            for result, output in zip(body.results, outputs, strict=True):
                e.write(output, at, e.read(result, at))

        e.vector_loop("%column", column0, stop, vector)
    w.ret()


def _bind_slots(e: Emitter, w: Writer, fusion: Node, slots: Val) -> None:
    """Operands and symbols, out of the kernel's argument slots."""
    for i, p in enumerate(fusion.regions[0].params):
        e.buffer(p, w.load("ptr", w.offset(slots, 8 * i), align=8))
    first = len(fusion.operands) + len(fusion.results)
    for i, name in enumerate(fusion_symbols(fusion)):
        e.define(name, w.load("i64", w.offset(slots, 8 * (first + i)), align=8))


def call(w: Writer, tile: Val, row: Val, rows: Val, column: Val, columns: Val, others: Sequence[Val]) -> None:
    w.call(NAME, "void", [w.slots, tile, row, rows, column, columns, *others])
