"""What the micro-kernels of products multiply: units of 4 or 8 bytes, each one float or several narrower numbers that lie together along k.

A unit of A meets a unit of every column of B, so a product of narrow numbers is one of units to whoever cuts and packs it: a panel is 16
units wide, and only what is done with a pair of units differs. That is one instruction where the target has it (`vpdpbusd`, `vdpbf16ps`);
elsewhere both units are taken apart into parts that are multiplied on their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...ops.blocked import PANEL
from ..lltypes import Val, bits_of, const, elem_of, vec
from ..target import Target
from ..writer import Writer


@dataclass(frozen=True, slots=True)
class Units:
    """The numbers of a product: `memory` is the type of a unit of A or B as it is loaded, `sum` that of the sums, both of `size` bytes."""

    name: str
    memory: str
    sum: str
    group: int = 1  # numbers in a unit

    @property
    def size(self) -> int:
        return bits_of(self.memory) // 8

    @property
    def align(self) -> int:
        """Bytes of one number, which is all that an operand is aligned to."""
        return self.size // self.group


UNITS = {
    units.name: units
    for units in (
        Units("float", "float", "float"),
        Units("double", "double", "double"),
        Units("bytes", "i32", "i32", 4),  # unsigned bytes of A by signed ones of B
        Units("bfloats", "i32", "float", 2),
    )
}
_OF_DTYPE = {"f32": "float", "f64": "double", "ui8": "bytes", "bf16": "bfloats"}


def units_of(dtype: str) -> Units:
    """The units of a product whose lhs has that dtype."""
    return UNITS[_OF_DTYPE[dtype]]


def parts_of(units: Units, target: Target) -> int:
    """Into how many parts a unit is taken."""
    match units.name:
        case "bytes":
            return 1 if target.has_vnni else 2 if target.arch == "x86_64" else 4
        case "bfloats":
            return 1 if target.has_bf16 else 2
        case _:
            return 1


def is_fused(units: Units, target: Target) -> bool:
    """Whether a product is added to a sum without a register in between."""
    return target.has_vnni if units.name == "bytes" else target.has_fma


def split(w: Writer, units: Units, x: Val, *, signed: bool) -> list[Val]:
    """The parts of a vector of units; `signed` tells B's bytes from A's."""
    match units.name, parts_of(units, w.target):
        case "bytes", 2:
            halves = vec("i16", 2 * PANEL)
            whole = w.bitcast(x, halves)
            if signed:
                return [w.ashr(w.shl(whole, 8), 8), w.ashr(whole, 8)]
            return [w.bitcast(w.and_(x, 0x00FF00FF), halves), w.lshr(whole, 8)]
        case "bytes", 4:
            return [_byte(w, x, i, signed) for i in range(4)]
        case "bfloats", 2:
            return [w.bitcast(w.shl(x, 16), vec("float", PANEL)), w.bitcast(w.and_(x, -1 << 16), vec("float", PANEL))]
        case _:
            return [x]


def _byte(w: Writer, x: Val, i: int, signed: bool) -> Val:
    return w.ashr(w.shl(x, 24 - 8 * i), 24) if signed else w.and_(w.lshr(x, 8 * i), 255)


def accumulate(w: Writer, units: Units, sums: Val, left: Sequence[Val], right: Sequence[Val]) -> Val:
    """`sums` plus the products of the parts of a unit of A, in all lanes, with those of a panel of B."""
    for x, y in zip(left, right, strict=True):
        sums = _one(w, units, sums, x, y)
    return sums


def _one(w: Writer, units: Units, sums: Val, x: Val, y: Val) -> Val:
    match units.name:
        case "bytes" if w.target.has_vnni:
            name = "llvm.x86.avx512.vpdpbusd.512"
            return w.call(name, sums.type, [sums, w.bitcast(x, "<64 x i8>"), w.bitcast(y, "<64 x i8>")])
        case "bytes" if elem_of(x.type) == "i16":
            return w.add(sums, _pair_sums(w, x, y))
        case "bytes":
            return w.add(sums, w.mul(x, y))
        case "bfloats" if w.target.has_bf16:
            name = "llvm.x86.avx512bf16.dpbf16ps.512"
            return w.call(name, sums.type, [sums, w.bitcast(x, "<32 x bfloat>"), w.bitcast(y, "<32 x bfloat>")])
        case _:
            return w.fma(x, y, sums)


_MADD = {16: "llvm.x86.sse2.pmadd.wd", 32: "llvm.x86.avx2.pmadd.wd", 64: "llvm.x86.avx512.pmaddw.d.512"}


def _pair_sums(w: Writer, x: Val, y: Val) -> Val:
    """x[2i]·y[2i] + x[2i+1]·y[2i+1] of i16 in i32; exact, since one factor is a byte and the other a signed one."""
    width = w.target.vector_bytes // 2
    result = vec("i32", width // 2)
    found: list[Val] = []
    for at in range(0, 2 * PANEL, width):
        pieces = [v if width == 2 * PANEL else w.shuffle(v, None, range(at, at + width)) for v in (x, y)]
        found.append(w.call(_MADD[w.target.vector_bytes], result, pieces))
    while len(found) > 1:
        found = [w.concat(a, b) for a, b in zip(found[::2], found[1::2], strict=True)]
    return found[0]


def add(w: Writer, x: Val, y: Val) -> Val:
    """The sum of two sums."""
    return w.add(x, y) if elem_of(x.type) == "i32" else w.fadd(x, y)


def relu(w: Writer, x: Val, cap: float | None = None) -> Val:
    """max(0, x), of floats then min(cap, that): in this order because that keeps a NaN, as StableHLO's maximum and minimum do."""
    none = const(x.type, 0)
    if elem_of(x.type) == "i32":
        return w.int_minmax("smax", x, none)
    positive = w.fmax(none, x)
    return positive if cap is None else w.fmin(const(x.type, cap), positive)
