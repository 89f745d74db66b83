"""Cutting work into chunks that threads share evenly: by shape alone, whatever the number of threads."""

from collections.abc import Sequence
from itertools import product as pairs

_THREADS = (2, 4)  # that few chunks are to keep busy
_MANY = 16  # chunks that any few threads share well
_LEAST = 1 << 19  # multiply-adds worth handing to another thread: some 4 µs
_HANDING = 1 << 16  # what handing a chunk over costs, in multiply-adds
_READING = 14  # what reading a weight costs, likewise


def balanced(count: int, most: int, unit: int) -> int:
    """The size of parts of `count`, multiples of `unit`, at most `most` and about equal."""
    parts = max(1, -(-count // max(most, 1)))
    return min(count, -(-count // (parts * unit)) * unit)


def pointwise_chunk(images: int, pixels: tuple[int, int, int], blocks: tuple[int, int, int], work: int) -> tuple[int, int]:
    """Pixels and output blocks of a chunk: both are given as (number, most in a chunk, unit); `work` is multiply-adds of one by one.

    Many chunks are of about that size; few are cut further, so that they come out even. Every chunk reads its blocks' weights.
    """
    (count, most_pixels, row), (out, most_blocks, group) = pixels, blocks
    first = balanced(count, most_pixels, row), balanced(out, max(most_blocks, group), group)

    def parts(sizes: tuple[int, int]) -> int:
        return images * -(-count // sizes[0]) * -(-out // sizes[1])

    def finer(whole: int, size: int, unit: int) -> list[int]:
        fewest = -(-whole // size)
        return sorted({balanced(whole, -(-whole // n), unit) for n in range(fewest, _MANY + 1)}, reverse=True)

    choices = pairs(finer(count, first[0], row), finer(out, first[1], group))
    allowed = [c for c in choices if c[0] * c[1] * work >= _LEAST and parts(c) <= _MANY]

    def time(sizes: tuple[int, int]) -> int:
        costs = [(p + _READING) * b * work + _HANDING for b in _cut(out, sizes[1]) for p in _cut(count, sizes[0])] * images
        return sum(threads * _finish(costs, threads) for threads in _THREADS)

    return min(allowed, key=time, default=first)


def _cut(count: int, size: int) -> list[int]:
    return [min(size, count - at) for at in range(0, count, size)]


def _finish(costs: Sequence[int], threads: int) -> int:
    """When the last of the chunks is done if each is taken, in order, by the first thread that is free."""
    ends = [0] * threads
    for cost in costs:
        ends[ends.index(min(ends))] += cost
    return max(ends)
