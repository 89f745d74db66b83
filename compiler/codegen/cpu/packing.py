"""Shared functions that copy a matrix into the order a micro-kernel reads: with another row stride, transposed, or by units.

    weft_copy_T(src, src_stride, rows, columns, dst, dst_stride)        dst[r][c] = src[r][c]
    weft_transpose_T(src, src_stride, rows, columns, dst, dst_stride)   dst[c][r] = src[r][c]
    weft_interleave_T(src, src_stride, rows, columns, dst, dst_stride)  dst[r][c] = src[g·r][c] … src[g·r + g - 1][c]

T is a name of `units.UNITS`, g the numbers in its unit. Strides, rows and columns count units, but for `interleave`'s `src`, which is a
matrix of numbers. `copy` reads and writes exactly the matrix. `transpose` reads exactly the matrix and writes whole vectors of 16: the
rows of `dst` must have room for `rows` rounded up to 16, and what is beyond is arbitrary. So does `interleave` with columns, zeros being
beyond.
"""

from functools import cache

from ...ops.blocked import PANEL
from ..lltypes import Val, bits_of, vec
from ..target import Target
from ..writer import Module, Writer
from .units import UNITS, Units

_PARAMS = ("ptr noalias readonly", "i64", "i64", "i64", "ptr noalias", "i64")


def copy_name(elem: str) -> str:
    return f"weft_copy_{elem}"


def transpose_name(elem: str) -> str:
    return f"weft_transpose_{elem}"


def interleave_name(elem: str) -> str:
    return f"weft_interleave_{elem}"


def call(w: Writer, name: str, src: Val, src_stride: Val, rows: Val, columns: Val, dst: Val, dst_stride: Val) -> None:
    """Calls one of the functions."""
    w.call(name, "void", [src, src_stride, rows, columns, dst, dst_stride])


@cache
def source(name: str, target: Target) -> str | None:
    """The LLVM module that defines `name`; None if it is not a function of this file."""
    for units in UNITS.values():
        known = {copy_name: _copy, transpose_name: _transpose} | ({interleave_name: _interleave} if units.group > 1 else {})
        for of, body in known.items():
            if name == of(units.name):
                module = Module(target)
                body(module.function(name, "void", _PARAMS, attrs="noinline"), units)
                return module.text()
    return None


def _copy(w: Writer, units: Units) -> None:
    src, src_stride, rows, columns, dst, dst_stride = w.params
    elem, align = units.memory, units.align
    type_ = vec(elem, PANEL)
    whole = w.and_(columns, -PANEL)
    mask = w.tail_mask(w.sub(columns, whole), PANEL)
    with w.loop(rows) as r:
        line, out = w.gep(elem, src, w.mul(r, src_stride)), w.gep(elem, dst, w.mul(r, dst_stride))
        with w.loop(whole, step=PANEL) as c:
            w.store(w.load(type_, w.gep(elem, line, c), align), w.gep(elem, out, c))
        with w.when(w.icmp("slt", whole, columns)):
            w.masked_store(w.masked_load(type_, w.gep(elem, line, whole), mask, align=align), w.gep(elem, out, whole), mask)
    w.ret()


def _transpose(w: Writer, units: Units) -> None:
    src, src_stride, rows, columns, dst, dst_stride = w.params
    elem = units.memory
    type_ = vec(elem, PANEL)
    last = w.sub(rows, 1)
    with w.loop(rows, step=PANEL) as r:
        # Rows past the last repeat it, so that nothing outside is read.
        lines = [w.gep(elem, src, w.mul(w.int_minmax("smin", w.add(r, i), last), src_stride)) for i in range(PANEL)]
        with w.loop(columns, step=PANEL) as c:
            left = w.sub(columns, c)
            block = w.cond(
                w.icmp("sge", left, PANEL),
                lambda lines=lines, c=c: [w.load(type_, w.gep(elem, line, c), units.align) for line in lines],
                lambda lines=lines, c=c, left=left: _masked_rows(w, elem, lines, c, left, units.align),
            )
            base = w.gep(elem, dst, r)
            for i, x in enumerate(transposed(w, block)):
                with w.when(w.icmp("sgt", left, i)):
                    w.store(x, w.gep(elem, base, w.mul(w.add(c, i), dst_stride)))
    w.ret()


def _masked_rows(w: Writer, elem: str, lines: list[Val], c: Val, left: Val, align: int = 0) -> list[Val]:
    mask = w.tail_mask(left, PANEL)
    return [w.masked_load(vec(elem, PANEL), w.gep(elem, line, c), mask, align=align) for line in lines]


def _interleave(w: Writer, units: Units) -> None:
    src, src_stride, rows, columns, dst, dst_stride = w.params
    elem = f"i{8 * units.align}"
    with w.loop(rows) as r:
        first = w.mul(r, units.group)
        lines = [w.gep(elem, src, w.mul(w.add(first, i), src_stride)) for i in range(units.group)]
        with w.loop(columns, step=PANEL) as c:
            left = w.sub(columns, c)
            parts = w.cond(
                w.icmp("sge", left, PANEL),
                lambda lines=lines, c=c: [w.load(vec(elem, PANEL), w.gep(elem, line, c)) for line in lines],
                lambda lines=lines, c=c, left=left: _masked_rows(w, elem, lines, c, left),
            )
            out = w.gep(units.memory, dst, w.add(w.mul(r, dst_stride), c))
            w.store(_zipped(w, parts), out, units.align)
    w.ret()


def _zipped(w: Writer, parts: list[Val]) -> Val:
    """Lane 0 of every vector, then lane 1 of every vector, …; of two vectors, or four."""
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        woven = [w.shuffle(a, b, [lane for i in range(PANEL) for lane in (i, PANEL + i)]) for a, b in pairs]
        parts = [w.bitcast(x, vec(f"i{2 * bits_of(x.type)}", PANEL)) for x in woven]
    return parts[0]


def transposed(w: Writer, rows: list[Val]) -> list[Val]:
    """The columns of a square block of vectors: halves of every size are exchanged, one bit of the index at a time."""
    n = len(rows)
    bit = 1
    while bit < n:
        low = [j if not j & bit else n + (j ^ bit) for j in range(n)]
        high = [j | bit if not j & bit else n + j for j in range(n)]
        for i in range(n):
            if not i & bit:
                a, b = rows[i], rows[i | bit]
                rows[i], rows[i | bit] = w.shuffle(a, b, low), w.shuffle(a, b, high)
        bit *= 2
    return rows
