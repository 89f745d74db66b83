"""Cutting rows into tiles of nearly equal height."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from ...ir.dims import Dim
from ..lltypes import Val, const
from ..writer import Writer


def is_balanced(rows: Dim, block: Dim) -> bool:
    """Whether tiles are of nearly equal height, which takes many micro-kernels unless the number of rows is known."""
    return isinstance(rows, int) and isinstance(block, int)


@contextmanager
def rows_of(w: Writer, rows: Val, most: int, balanced: bool = True) -> Generator[tuple[Val, Val]]:
    """A loop over tiles of at most `most` rows: (first row, height).

    Balanced tiles differ in height by at most one; others are as high as may be, then powers of two.
    """
    if balanced:
        count = w.udiv(w.add(rows, most - 1), const("i64", most))
        low = w.udiv(rows, w.int_minmax("smax", count, 1))
        longer = w.sub(rows, w.mul(low, count))
        with w.loop(count) as t:
            first = w.add(w.mul(t, low), w.int_minmax("smin", t, longer))
            yield first, w.add(low, w.zext(w.icmp("slt", t, longer), "i64"))
        return
    rest = w.urem(rows, const("i64", most))
    count = w.add(w.udiv(rows, const("i64", most)), w.intrinsic("ctpop", "i64", [rest]))
    with w.carry(count, [const("i64", 0)]) as loop:
        [first] = loop.values
        left = w.sub(rows, first)
        leading = w.value("i64", f"call i64 @llvm.ctlz.i64({left}, i1 true)")
        w.module.declare("llvm.ctlz.i64", "i64", ["i64", "i1"])
        power = w.shl(1, w.sub(63, leading))
        height = w.select(w.icmp("sge", left, most), const("i64", most), power)
        yield first, height
        loop.next([w.add(first, height)])


def heights(rows: Dim, block: Dim, most: int) -> list[int]:
    """The heights that `rows_of` can give for blocks of `block` out of `rows` rows."""
    if not (isinstance(rows, int) and isinstance(block, int)):
        return sorted({most, *(1 << i for i in range(most.bit_length()) if 1 << i < most)})
    found: set[int] = set()
    for n in {min(block, rows), rows % block}:
        if n:
            count = -(-n // most)
            found |= {n // count, -(-n // count)}
    return sorted(found)


def by_height(w: Writer, height: Val, choices: Sequence[int], body: Callable[[int], None]) -> None:
    """`body(h)` for the one of `choices` that `height` is."""
    *others, last = choices
    labels = {h: w.label("height") for h in others}
    default, done = w.label("height"), w.label("tile")
    if others:
        w.switch(height, default, labels)
    for h, label in (*labels.items(), (last, default)):
        w.at(label)
        body(h)
        w.br(done)
    w.at(done)
