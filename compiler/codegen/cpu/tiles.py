"""Cutting rows into tiles of nearly equal height."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from ...ir.dims import Dim
from ..lltypes import Val, const
from ..writer import Writer


@contextmanager
def rows_of(w: Writer, rows: Val, most: int) -> Generator[tuple[Val, Val]]:
    """A loop over tiles of at most `most` rows whose heights differ by at most one: (first row, height)."""
    count = w.udiv(w.add(rows, most - 1), const("i64", most))
    low = w.udiv(rows, w.int_minmax("smax", count, 1))
    longer = w.sub(rows, w.mul(low, count))
    with w.loop(count) as t:
        first = w.add(w.mul(t, low), w.int_minmax("smin", t, longer))
        yield first, w.add(low, w.zext(w.icmp("slt", t, longer), "i64"))


def heights(rows: Dim, block: Dim, most: int) -> list[int]:
    """The heights that `rows_of` can give for blocks of `block` out of `rows` rows."""
    if not isinstance(rows, int) or not isinstance(block, int):
        return list(range(1, most + 1))
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
