"""Radix sort of a line by one key: stable, in time proportional to its length.

A record is a key, as an unsigned integer of the same order, and the place it came from: keys of up to 32 bits share an i64 with it. One
pass makes the records and counts all digits, a byte each; then the records are distributed by one digit after the other, lowest first,
leaving out digits that are the same everywhere. In the end every operand is read at the places the records tell.
"""

from dataclasses import dataclass

from ....proto.dtypes import DType
from ...ir.dims import Dim, floordiv
from ..lltypes import Val, const
from ..writer import Writer
from .keys import ordered_key

_DIGIT = 8
_BUCKETS = 1 << _DIGIT


@dataclass(frozen=True, slots=True)
class RadixKey:
    """What is sorted by: elements of `dtype`, in the total order of floats or with equal zeros and no NaN."""

    dtype: DType
    descending: bool
    total: bool

    @property
    def bits(self) -> int:
        """Bits of a key that differ between elements."""
        if self.dtype.is_float:
            return 64 if self.dtype.bits == 64 else 32
        return max(8, self.dtype.bits)

    @property
    def words(self) -> int:
        """i64 per record."""
        return 2 if self.bits > 32 else 1

    @property
    def digits(self) -> int:
        return self.bits // _DIGIT

    def scratch(self, length: Dim) -> Dim:
        """Bytes for two sets of records and the counts."""
        return 2 * self.records(length) + 4 * _BUCKETS * self.digits

    def records(self, length: Dim) -> Dim:
        """Bytes for one set of records."""
        return floordiv(8 * self.words * length + 63, 64) * 64

    def unsigned(self, w: Writer, x: Val) -> Val:
        """The key of an element as an i64 whose low `bits` are in unsigned order."""
        signed = w.int_resize(ordered_key(w, self.dtype, x, descending=self.descending, total=self.total), "i64", signed=True)
        flipped = w.xor(signed, const("i64", 1 << (self.bits - 1)))
        return flipped if self.bits == 64 else w.and_(flipped, (1 << self.bits) - 1)


class Radix:
    """Emits the sort of one line after the other: `record` for each element, `distribute` once, then `place` of each result."""

    def __init__(self, w: Writer, key: RadixKey, base: Val, records_bytes: Val) -> None:
        self.w, self.key = w, key
        self.halves = base, w.offset(base, records_bytes)
        self.counts = w.offset(self.halves[1], records_bytes)

    def clear(self) -> None:
        """Before a line: no digit has been seen."""
        w, vector = self.w, "<16 x i32>"
        with w.loop(_BUCKETS * self.key.digits, 0, 16) as i:
            w.store(const(vector, 0), w.gep("i32", self.counts, i), align=4)

    def record(self, place: Val, x: Val) -> None:
        """Notes the element at a place."""
        w, key = self.w, self.key.unsigned(self.w, x)
        for digit in range(self.key.digits):
            count = self._count(digit, key)
            w.store(w.add(w.load("i32", count), 1), count)
        self._store(self.halves[0], place, (key, place))

    def _store(self, base: Val, place: Val, record: tuple[Val, Val]) -> None:
        w, (key, source) = self.w, record
        if self.key.words == 1:
            w.store(w.or_(w.shl(key, 32), source), w.gep("i64", base, place))
            return
        at = w.gep("i64", base, w.shl(place, 1))
        w.store(key, at)
        w.store(source, w.gep("i64", at, 1))

    def _load(self, base: Val, place: Val) -> tuple[Val, Val]:
        w = self.w
        if self.key.words == 1:
            both = w.load("i64", w.gep("i64", base, place))
            return w.lshr(both, 32), w.and_(both, 0xFFFF_FFFF)
        at = w.gep("i64", base, w.shl(place, 1))
        return w.load("i64", at), w.load("i64", w.gep("i64", at, 1))

    def _count(self, digit: int, key: Val) -> Val:
        w = self.w
        value = w.and_(w.lshr(key, _DIGIT * digit) if digit else key, _BUCKETS - 1)
        return w.gep("i32", self.counts, w.add(value, _BUCKETS * digit))

    def distribute(self, n: Val) -> Val:
        """Sorts the records of `n` elements; where they are then."""
        w = self.w
        source, target = self.halves
        for digit in range(self.key.digits):
            first, _ = self._load(source, const("i64", 0))
            same = w.icmp("eq", w.zext(w.load("i32", self._count(digit, first)), "i64"), n)

            def keep(source: Val = source, target: Val = target) -> list[Val]:
                return [source, target]

            def move(digit: int = digit, source: Val = source, target: Val = target) -> list[Val]:
                self._starts(digit)
                self._move(digit, n, source, target)
                return [target, source]

            source, target = w.cond(same, keep, move)
        return source

    def _starts(self, digit: int) -> None:
        """Counts become the places where each value of a digit begins."""
        w = self.w
        with w.carry(_BUCKETS, [const("i32", 0)]) as loop:
            at = w.gep("i32", self.counts, w.add(loop.index, _BUCKETS * digit))
            count = w.load("i32", at)
            w.store(loop.values[0], at)
            loop.next([w.add(loop.values[0], count)])

    def _move(self, digit: int, n: Val, source: Val, target: Val) -> None:
        w = self.w
        with w.loop(n) as i:
            record = self._load(source, i)
            at = self._count(digit, record[0])
            place = w.load("i32", at)
            w.store(w.add(place, 1), at)
            self._store(target, w.zext(place, "i64"), record)

    def source(self, records: Val, place: Val) -> Val:
        """The place that the element of a sorted place came from."""
        return self._load(records, place)[1]


def is_sortable(dtype: DType) -> bool:
    """Whether there is a key for elements of a dtype."""
    return dtype.is_float or dtype.is_int or dtype.is_bool
