"""The memory plan: where in one arena each intermediate value lies.

Blocks whose lifetimes meet do not overlap. Blocks whose sizes are multiples of one quantity (1, for known sizes; a product of symbols such
as the batch) are placed together, one after the other, each at the lowest offset that is free while it lives (greedy: Pisarchyk and Lee,
"Efficient Memory Management for Deep Neural Net Inference", 2020: by size, by breadth). The result hangs on the order, so several are
tried. What is alive at once is a lower bound, where the search ends.

Other symbolic sizes follow behind, in slots that blocks of equal size share.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .ir.dims import Dim, Expr, Monomial, evaluate, floordiv

ALIGN = 64
_COARSE = ALIGN * ALIGN  # rounding such a size up to `ALIGN` loses less than two percent
_WORK = 4_000_000  # pairs of blocks that are looked at before no other order is tried


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
    total: Dim = 0
    others: list[int] = []
    for unit, members in _families(blocks).items():
        if unit is None:
            others = [i for i, _ in members]
            continue
        # Of a symbolic family, every offset is a multiple of the unit and, as a number, of `ALIGN`.
        scale: Dim = Expr(((unit, 1),)) if unit else 1
        places, end = _pack([_Sized(blocks[i].first, blocks[i].last, _aligned(times)) for i, times in members])
        for (i, _), place in zip(members, places, strict=True):
            offsets[i] = total + scale * place
        total = total + scale * end
    return offsets, _place_in_slots(blocks, others, offsets, total)


def _families(blocks: Sequence[Block]) -> dict[Monomial | None, list[tuple[int, int]]]:
    """Blocks, by number, with how often they hold the quantity that all of their family are multiples of; None: of no one quantity, or
    of one that cannot be aligned without waste."""
    families: dict[Monomial | None, list[tuple[int, int]]] = {}
    for i, block in enumerate(blocks):
        match block.size:
            case Expr(terms=((unit, times),)) if times > 0 and (times % ALIGN == 0 or times >= _COARSE):
                families.setdefault(unit, []).append((i, times))
            case Expr():
                families.setdefault(None, []).append((i, 0))
            case size:
                families.setdefault((), []).append((i, size))
    return families


@dataclass(frozen=True, slots=True)
class _Sized:
    first: int
    last: int
    size: int


def _pack(blocks: Sequence[_Sized]) -> tuple[list[int], int]:
    """The best plan of several orders: (offset of each block, the end of the last)."""
    bound = _most_alive(blocks)
    best: tuple[list[int], int] | None = None
    for tried, order in enumerate(_orders(blocks), 1):
        plan = _place(blocks, order)
        if best is None or plan[1] < best[1]:
            best = plan
        if best[1] == bound or tried * len(blocks) ** 2 > _WORK:
            break
    assert best
    return best


def _orders(blocks: Sequence[_Sized]) -> Iterator[list[int]]:
    """The largest first; or what is alive where most bytes are, then what is alive where fewer are, each from its beginning, from its
    end, or the longest lives first; or the largest areas."""
    numbers = range(len(blocks))
    yield sorted(numbers, key=lambda i: (-blocks[i].size, blocks[i].first))
    crowds = _crowds(blocks)
    yield _by_crowd(crowds, lambda i: (blocks[i].first, -blocks[i].size))
    yield _by_crowd(crowds, lambda i: (-blocks[i].last, -blocks[i].size))
    yield _by_crowd(crowds, lambda i: (blocks[i].first - blocks[i].last, -blocks[i].size))
    yield sorted(numbers, key=lambda i: (-blocks[i].size * (blocks[i].last - blocks[i].first + 1), blocks[i].first))


def _crowds(blocks: Sequence[_Sized]) -> list[list[int]]:
    """The blocks that are alive together at each instruction where one begins, the most bytes first."""
    ordered = sorted(range(len(blocks)), key=lambda i: blocks[i].first)
    crowds: list[list[int]] = []
    alive: list[int] = []
    for i in ordered:
        alive = [j for j in alive if blocks[j].last >= blocks[i].first] + [i]
        crowds.append(alive)
    return sorted(crowds, key=lambda crowd: -sum(blocks[i].size for i in crowd))


def _by_crowd(crowds: Sequence[Sequence[int]], rank: Callable[[int], tuple[int, ...]]) -> list[int]:
    return list(dict.fromkeys(i for crowd in crowds for i in sorted(crowd, key=rank)))


def _place(blocks: Sequence[_Sized], order: Sequence[int]) -> tuple[list[int], int]:
    """Every block, in this order, at the lowest offset that is free while it lives."""
    places, end = [0] * len(blocks), 0
    placed: list[tuple[int, int, int, int]] = []  # start, stop, first, last: sorted, so that one walk finds the lowest gap
    for i in order:
        block = blocks[i]
        if block.size == 0:
            continue
        at = 0
        for start, stop, first, last in placed:
            if start >= at + block.size:
                break
            if at < stop and first <= block.last and block.first <= last:
                at = stop
        places[i] = at
        insort(placed, (at, at + block.size, block.first, block.last))
        end = max(end, at + block.size)
    return places, end


def _place_in_slots(blocks: Sequence[Block], others: Sequence[int], offsets: list[Dim], end: Dim) -> Dim:
    slots: list[tuple[Dim, Dim, list[Block]]] = []
    total = end
    for i in sorted(others, key=lambda i: blocks[i].first):
        block = blocks[i]
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


def lower_bound(blocks: Sequence[Block], values: Mapping[str, int] | None = None) -> int:
    """The most bytes that are alive at once, with these values of the symbols: no plan needs less."""
    return _most_alive([_Sized(b.first, b.last, _aligned(evaluate(b.size, values or {}))) for b in blocks])


def _most_alive(blocks: Sequence[_Sized]) -> int:
    events: dict[int, int] = {}
    for b in blocks:
        events[b.first] = events.get(b.first, 0) + b.size
        events[b.last + 1] = events.get(b.last + 1, 0) - b.size
    alive = peak = 0
    for position in sorted(events):
        alive += events[position]
        peak = max(peak, alive)
    return peak


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN
