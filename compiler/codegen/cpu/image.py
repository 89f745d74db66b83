"""Copies of input rows in scratch, as a convolution's micro-kernel wants them: padded, dilated, and with few channels interleaved."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...ops.blocked import PANEL
from ..lltypes import Val, const, vec, zero
from ..writer import Writer


@dataclass(frozen=True, slots=True)
class Window:
    """How rows of an image become rows of scratch: in one dim, `left` zeros, `size` elements `dilation` apart, zeros up to `extent`.

    Negative `left` crops.
    """

    size: int
    extent: int
    left: int
    dilation: int = 1

    @property
    def skipped(self) -> int:
        """Elements of the source before the first that is copied."""
        return -(self.left // self.dilation) if self.left < 0 else 0

    @property
    def start(self) -> int:
        """Where in scratch the first copied element goes."""
        return self.left + self.skipped * self.dilation

    @property
    def count(self) -> int:
        """Elements copied."""
        room = self.extent - self.start
        return max(0, min(self.size - self.skipped, -(-room // self.dilation)))


def clear(w: Writer, elem: str, dst: Val, count: int | Val) -> None:
    """Zeros `count` elements; writes whole vectors, up to 15 elements more."""
    with w.loop(count, step=PANEL) as i:
        w.store(zero(vec(elem, PANEL)), w.gep(elem, dst, i))


def copy_pixels(w: Writer, elem: str, window: Window, src: Val, dst: Val) -> None:
    """One row of a blocked image: pixels of 16 lanes."""
    if window.dilation == 1:
        clear(w, elem, dst, window.start * PANEL)
    else:
        clear(w, elem, dst, window.extent * PANEL)
    type_ = vec(elem, PANEL)
    first = w.gep(elem, src, window.skipped * PANEL)
    out = w.gep(elem, dst, window.start * PANEL)
    with w.loop(window.count) as i:
        pixel = w.load(type_, w.gep(elem, first, w.mul(i, PANEL)))
        w.store(pixel, w.gep(elem, out, w.mul(i, PANEL * window.dilation)))
    done = window.start + window.count
    if window.dilation == 1:
        clear(w, elem, w.gep(elem, dst, done * PANEL), (window.extent - done) * PANEL)


def interleave(w: Writer, elem: str, window: Window, channels: int, planes: list[Val], dst: Val) -> None:
    """One row of an image of few channels, `planes` holding the row in each channel, as pixels of `channels` elements."""
    clear(w, elem, dst, window.extent * channels)
    sources = [w.gep(elem, p, window.skipped) for p in planes]
    out = w.gep(elem, dst, window.start * channels)
    whole = 0
    if window.dilation == 1 and window.count >= PANEL:
        whole = window.count
        # The last round overlaps the one before, so that it ends where the row does.
        with w.loop(whole, step=PANEL) as i:
            at = w.int_minmax("smin", i, whole - PANEL)
            rows = [w.load(vec(elem, PANEL), w.gep(elem, s, at)) for s in sources]
            for part, x in enumerate(_interleaved(w, rows)):
                w.store(x, w.gep(elem, out, w.add(w.mul(at, channels), part * PANEL)))
    with w.loop(window.count, start=whole) as i:
        at = w.mul(i, channels * window.dilation)
        for c, source in enumerate(sources):
            w.store(w.load(elem, w.gep(elem, source, i)), w.gep(elem, out, w.add(at, c)))


def _interleaved(w: Writer, rows: list[Val]) -> list[Val]:
    """Lane 0 of every row, then lane 1, …, as vectors."""
    count = len(rows)
    parts: list[Val] = []
    for part in range(count):
        places = [divmod(part * PANEL + lane, count) for lane in range(PANEL)]
        x = rows[0] if count == 1 else w.shuffle(rows[0], None, [i if c == 0 else -1 for i, c in places])
        for k in range(1, count):
            x = w.shuffle(x, rows[k], [PANEL + i if c == k else (lane if c < k else -1) for lane, (i, c) in enumerate(places)])
        parts.append(x)
    return parts


def copy_elements(w: Writer, elem: str, window: Window, channels: int, src: Val, dst: Val) -> None:
    """One row of an image whose pixels are `channels` elements already."""
    clear(w, elem, dst, window.extent * channels)
    first, out = w.gep(elem, src, window.skipped * channels), w.gep(elem, dst, window.start * channels)
    if window.dilation == 1:
        count = window.count * channels
        whole = count // PANEL * PANEL
        with w.loop(whole, step=PANEL) as i:
            w.store(w.load(vec(elem, PANEL), w.gep(elem, first, i)), w.gep(elem, out, i))
        with w.loop(count, start=whole) as i:
            w.store(w.load(elem, w.gep(elem, first, i)), w.gep(elem, out, i))
        return
    with w.loop(window.count) as i:
        for c in range(channels):
            x = w.load(elem, w.gep(elem, first, w.add(w.mul(i, channels), c)))
            w.store(x, w.gep(elem, out, w.add(w.mul(i, channels * window.dilation), c)))


def source_row(w: Writer, window: Window, row: Val) -> tuple[Val, Val]:
    """Which row of the image a row of scratch holds, and whether it holds any."""
    place = w.sub(row, window.left)
    index, good = place, w.icmp("sge", place, 0)
    if window.dilation > 1:
        index = w.sdiv(place, const("i64", window.dilation))
        good = w.and_(good, w.icmp("eq", w.mul(index, window.dilation), place))
    return index, w.and_(good, w.icmp("slt", index, window.size))


def copy_vectors(w: Writer, elem: str, src: Val, dst: Val, count: Val) -> None:
    """Copies `count` elements, a multiple of 16."""
    with w.loop(count, step=PANEL) as i:
        w.store(w.load(vec(elem, PANEL), w.gep(elem, src, i)), w.gep(elem, dst, i))


def inside(w: Writer, left: Val, columns: int, size: Val) -> tuple[Val, Val]:
    """Of `columns` places, the first of which is place `left` of something of `size`: the first that exists, and the one after the last."""
    begin = w.int_minmax("smin", w.int_minmax("smax", w.neg(left), 0), columns)
    return begin, w.int_minmax("smax", w.int_minmax("smin", w.sub(size, left), columns), begin)


def copy_part(w: Writer, elem: str, columns: int, source: Val, dst: Val, first: Val, last: Val) -> None:
    """Pixels [first, last) of a blocked row in scratch, from `source` on; the others of its `columns` become zeros."""
    begin, end = w.mul(first, PANEL), w.mul(last, PANEL)
    clear(w, elem, dst, begin)
    copy_vectors(w, elem, source, w.gep(elem, dst, begin), w.sub(end, begin))
    clear(w, elem, w.gep(elem, dst, end), w.sub(columns * PANEL, end))


def interleave_columns(w: Writer, elem: str, planes: Sequence[Val], dst: Val, count: Val) -> None:
    """The first `count` elements of every plane as pixels: whole vectors first."""
    channels = len(planes)
    whole = w.and_(count, -PANEL)
    with w.loop(whole, step=PANEL) as i:
        rows = [w.load(vec(elem, PANEL), w.gep(elem, p, i)) for p in planes]
        for part, x in enumerate(_interleaved(w, rows)):
            w.store(x, w.gep(elem, dst, w.add(w.mul(i, channels), part * PANEL)))
    with w.loop(count, start=whole) as i:
        for c, plane in enumerate(planes):
            w.store(w.load(elem, w.gep(elem, plane, i)), w.gep(elem, dst, w.add(w.mul(i, channels), c)))
