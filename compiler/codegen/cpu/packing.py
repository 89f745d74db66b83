"""Shared functions that copy a matrix into the order a micro-kernel reads: with another row stride, or transposed.

    weft_copy_T(src, src_stride, rows, columns, dst, dst_stride)        dst[r][c] = src[r][c]
    weft_transpose_T(src, src_stride, rows, columns, dst, dst_stride)   dst[c][r] = src[r][c]

Strides count elements. `copy` reads and writes exactly the matrix. `transpose` reads exactly the matrix and writes whole vectors of 16: the
rows of `dst` must have room for `rows` rounded up to 16, and what is beyond is arbitrary.
"""

from functools import cache

from ...ops.blocked import PANEL
from ..lltypes import Val, vec
from ..target import Target
from ..writer import Module, Writer

_PARAMS = ("ptr noalias readonly", "i64", "i64", "i64", "ptr noalias", "i64")


def copy_name(elem: str) -> str:
    return f"weft_copy_{elem}"


def transpose_name(elem: str) -> str:
    return f"weft_transpose_{elem}"


def call(w: Writer, name: str, src: Val, src_stride: Val, rows: Val, columns: Val, dst: Val, dst_stride: Val) -> None:
    """Calls one of the functions."""
    w.call(name, "void", [src, src_stride, rows, columns, dst, dst_stride])


@cache
def source(name: str, target: Target) -> str | None:
    """The LLVM module that defines `name`; None if it is not a function of this file."""
    for elem in ("float", "double"):
        for known, body in ((copy_name(elem), _copy), (transpose_name(elem), _transpose)):
            if name == known:
                module = Module(target)
                body(module.function(name, "void", _PARAMS, attrs="noinline"), elem)
                return module.text()
    return None


def _copy(w: Writer, elem: str) -> None:
    src, src_stride, rows, columns, dst, dst_stride = w.params
    type_ = vec(elem, PANEL)
    whole = w.and_(columns, -PANEL)
    mask = w.tail_mask(w.sub(columns, whole), PANEL)
    with w.loop(rows) as r:
        line, out = w.gep(elem, src, w.mul(r, src_stride)), w.gep(elem, dst, w.mul(r, dst_stride))
        with w.loop(whole, step=PANEL) as c:
            w.store(w.load(type_, w.gep(elem, line, c)), w.gep(elem, out, c))
        with w.when(w.icmp("slt", whole, columns)):
            w.masked_store(w.masked_load(type_, w.gep(elem, line, whole), mask), w.gep(elem, out, whole), mask)
    w.ret()


def _transpose(w: Writer, elem: str) -> None:
    src, src_stride, rows, columns, dst, dst_stride = w.params
    type_ = vec(elem, PANEL)
    last = w.sub(rows, 1)
    with w.loop(rows, step=PANEL) as r:
        # Rows past the last repeat it, so that nothing outside is read.
        lines = [w.gep(elem, src, w.mul(w.int_minmax("smin", w.add(r, i), last), src_stride)) for i in range(PANEL)]
        with w.loop(columns, step=PANEL) as c:
            left = w.sub(columns, c)
            block = w.cond(
                w.icmp("sge", left, PANEL),
                lambda lines=lines, c=c: [w.load(type_, w.gep(elem, line, c)) for line in lines],
                lambda lines=lines, c=c, left=left: _masked_rows(w, elem, lines, c, left),
            )
            base = w.gep(elem, dst, r)
            for i, x in enumerate(transposed(w, block)):
                with w.when(w.icmp("sgt", left, i)):
                    w.store(x, w.gep(elem, base, w.mul(w.add(c, i), dst_stride)))
    w.ret()


def _masked_rows(w: Writer, elem: str, lines: list[Val], c: Val, left: Val) -> list[Val]:
    mask = w.tail_mask(left, PANEL)
    return [w.masked_load(vec(elem, PANEL), w.gep(elem, line, c), mask) for line in lines]


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
