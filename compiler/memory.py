"""The memory plan: where in one arena each intermediate value lies.

Blocks whose lifetimes meet do not overlap. Blocks of known size are placed largest first, each at the lowest offset that is free
while it lives (greedy by size: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). Blocks of symbolic
size follow behind, in slots that blocks of equal size share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .ir.dims import Dim, Expr, floordiv

ALIGN = 64


@dataclass(frozen=True, slots=True)
class Block:
    """`size` bytes, alive from instruction `first` through instruction `last`."""

    size: Dim
    first: int
    last: int

    def meets(self, other: "Block") -> bool:
        """Whether both are alive at some instruction."""
        return self.first <= other.last and other.first <= self.last


def align_up(size: Dim) -> Dim:
    """The next multiple of `ALIGN`."""
    return floordiv(size + (ALIGN - 1), ALIGN) * ALIGN


def plan_memory(blocks: Sequence[Block]) -> tuple[list[Dim], Dim]:
    """(offset of each block, bytes of the arena); offsets are multiples of `ALIGN`."""
    offsets: list[Dim] = [0] * len(blocks)
    end = _place_static(blocks, offsets)
    total = _place_symbolic(blocks, offsets, end)
    return offsets, total


def _place_static(blocks: Sequence[Block], offsets: list[Dim]) -> int:
    static = [(int(align_up(b.size)), i) for i, b in enumerate(blocks) if isinstance(b.size, int)]  # type: ignore[arg-type]
    placed: list[tuple[int, int, Block]] = []
    end = 0
    for size, i in sorted(static, key=lambda item: (-item[0], blocks[item[1]].first)):
        if size == 0:
            continue
        offset = 0
        for start, stop, other in placed:
            if other.meets(blocks[i]) and offset < stop and start < offset + size:
                offset = stop
        placed.append((offset, offset + size, blocks[i]))
        # Sorted by start, so that one walk finds the lowest gap.
        placed.sort(key=lambda p: p[0])
        offsets[i] = offset
        end = max(end, offset + size)
    return end


def _place_symbolic(blocks: Sequence[Block], offsets: list[Dim], end: int) -> Dim:
    slots: list[tuple[Dim, Dim, list[Block]]] = []
    total: Dim = end
    for i in sorted(range(len(blocks)), key=lambda i: blocks[i].first):
        block = blocks[i]
        if not isinstance(block.size, Expr):
            continue
        for size, offset, tenants in slots:
            if size == block.size and not any(t.meets(block) for t in tenants):
                tenants.append(block)
                offsets[i] = offset
                break
        else:
            slots.append((block.size, total, [block]))
            offsets[i] = total
            total = total + align_up(block.size)
    return total


def lower_bound(blocks: Sequence[Block]) -> int:
    """The most bytes of known size that are alive at once: no plan needs less."""
    events: dict[int, int] = {}
    for b in blocks:
        if isinstance(b.size, int):
            size = align_up(b.size)
            assert isinstance(size, int)
            events[b.first] = events.get(b.first, 0) + size
            events[b.last + 1] = events.get(b.last + 1, 0) - size
    alive = peak = 0
    for position in sorted(events):
        alive += events[position]
        peak = max(peak, alive)
    return peak
