"""Shared functions that move tiles of a blocked image into Winograd's space and back (`compiler/ops/winograd.py` has the matrices).

    weft_winograd_in_…(image, row, zeros, top, bottom, planes, plane, count)      Bᵀ d B of `count` patches beside each other
    weft_winograd_out_…(planes, plane, y, row, bias, add, count)                  Aᵀ M A of `count` tiles beside each other

`row` is from one row of the image to the next, `plane` from one of the (m+2)² positions to the next, in elements; within a plane, tiles are
16 lanes apart. Of the patches' rows only those from `top` to `bottom` are read, of their columns only those the function's name says; what
is outside is zero, and `zeros` is a row of zeros as long as the patches. `add` has the layout of `y`. A tile at the lower or right edge
stores, and computes, only those of its rows and columns that exist.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ...ops.blocked import PANEL
from ..lltypes import Val, const, vec, zero
from ..target import Target
from ..writer import Module, Writer
from .microkernel import ELEMENTS


@dataclass(frozen=True, slots=True)
class InputTransform:
    """Which function transforms patches: those whose columns from `left` to `right` lie in the image."""

    elem: str
    m: int
    left: int
    right: int

    @property
    def name(self) -> str:
        return f"weft_winograd_in_{self.elem}_m{self.m}_{self.left}to{self.right}"

    @staticmethod
    def parse(name: str) -> "InputTransform | None":
        """The function called `name`; None if it is something else."""
        match = re.fullmatch(r"weft_winograd_in_(float|double)_m(\d)_(\d)to(\d)", name)
        return InputTransform(match[1], int(match[2]), int(match[3]), int(match[4])) if match else None


@dataclass(frozen=True, slots=True)
class OutputTransform:
    """Which function brings tiles back: how many rows and columns of a tile exist, and what else it does before storing."""

    elem: str
    m: int
    rows: int
    columns: int
    add: bool = False
    relu: bool = False

    @property
    def name(self) -> str:
        return f"weft_winograd_out_{self.elem}_m{self.m}_{self.rows}x{self.columns}_{'a' * self.add}{'r' * self.relu}"

    @staticmethod
    def parse(name: str) -> "OutputTransform | None":
        """The function called `name`; None if it is something else."""
        match = re.fullmatch(r"weft_winograd_out_(float|double)_m(\d)_(\d)x(\d)_(a?)(r?)", name)
        if match is None:
            return None
        elem, m, rows, columns, add, relu = match.groups()
        return OutputTransform(elem, int(m), int(rows), int(columns), bool(add), bool(relu))


@cache
def source(name: str, target: Target) -> str | None:
    """The LLVM module that defines `name`; None if it is not a function of this file."""
    if (patches := InputTransform.parse(name)) is not None:
        module = Module(target)
        _input(module, patches)
        return module.text()
    if (tiles := OutputTransform.parse(name)) is not None:
        module = Module(target)
        _output(module, tiles)
        return module.text()
    return None


def call_input(w: Writer, kind: InputTransform, args: Sequence[Val]) -> None:
    """Calls it with its arguments in their order."""
    w.call(kind.name, "void", args)


def call_output(w: Writer, kind: OutputTransform, args: Sequence[Val]) -> None:
    """Calls it with its arguments in their order; `add` is any pointer if nothing is added."""
    w.call(kind.name, "void", args)


# -- one dimension ---------------------------------------------------------------------------------------------------------------


def input_line(w: Writer, x: Sequence[Val]) -> list[Val]:
    """Bᵀ x, with common terms shared; x has m + 2 entries."""
    if len(x) == 4:
        return [w.fsub(x[0], x[2]), w.fadd(x[1], x[2]), w.fsub(x[2], x[1]), w.fsub(x[1], x[3])]
    a, b = _scaled(w, x[2], -4, x[4]), _scaled(w, x[1], -4, x[3])
    c, d = w.fsub(x[4], x[2]), w.fsub(x[3], x[1])
    return [
        _scaled(w, x[0], 4, _scaled(w, x[2], -5, x[4])),
        w.fadd(a, b),
        w.fsub(a, b),
        _scaled(w, d, 2, c),
        _scaled(w, d, -2, c),
        _scaled(w, x[1], 4, _scaled(w, x[3], -5, x[5])),
    ]


def output_line(w: Writer, x: Sequence[Val], count: int) -> list[Val]:
    """The first `count` entries of Aᵀ x, with common terms shared; x has m + 2 entries."""
    if len(x) == 4:
        lines = [lambda: w.fadd(w.fadd(x[0], x[1]), x[2]), lambda: w.fsub(w.fsub(x[1], x[2]), x[3])]
        return [line() for line in lines[:count]]
    s, p = w.fadd(x[1], x[2]), w.fadd(x[3], x[4])
    made = [w.fadd(w.fadd(x[0], s), p)]
    if count > 1:
        d, q = w.fsub(x[1], x[2]), w.fsub(x[3], x[4])
        made.append(_scaled(w, q, 2, d))
        if count > 2:
            made.append(_scaled(w, p, 4, s))
        if count > 3:
            made.append(w.fadd(_scaled(w, q, 8, d), x[5]))
    return made


def _scaled(w: Writer, x: Val, factor: float, plus: Val) -> Val:
    return w.fma(x, const(x.type, factor), plus)


# -- two dimensions --------------------------------------------------------------------------------------------------------------


def _lanes(target: Target, elem: str) -> int:
    """Lanes taken at once: those of a register, since a patch fills all the registers there are."""
    return min(PANEL, target.vector_bytes // ELEMENTS[elem])


def _input(module: Module, kind: InputTransform) -> None:
    elem, side = kind.elem, kind.m + 2
    params = ("ptr", "i64", "ptr noalias readonly", "i64", "i64", "ptr noalias", "i64", "i64")
    w = module.function(kind.name, "void", params, attrs="noinline")
    image, row, zeros, top, bottom, planes, plane, count = w.params
    lanes = _lanes(module.target, elem)
    type_ = vec(elem, lanes)
    exists = [w.and_(w.icmp("sle", top, i), w.icmp("sgt", bottom, i)) for i in range(side)]
    rows = [w.select(there, line, zeros) for there, line in zip(exists, _strided(w, elem, image, row, side), strict=True)]
    nothing = [zero(type_)] * side
    with w.loop(count) as tile, w.loop(PANEL, step=lanes) as part:
        at = w.add(w.mul(tile, kind.m * PANEL), part)
        corners = [w.gep(elem, r, at) for r in rows]
        inside = range(kind.left, kind.right)
        columns = [
            input_line(w, [w.load(type_, w.gep(elem, c, j * PANEL)) for c in corners]) if j in inside else nothing for j in range(side)
        ]
        out = w.gep(elem, planes, w.add(w.mul(tile, PANEL), part))
        for line in zip(*columns, strict=True):
            for x in input_line(w, line):
                w.store(x, out)
                out = w.gep(elem, out, plane)
    w.ret()


def _output(module: Module, kind: OutputTransform) -> None:
    elem, m = kind.elem, kind.m
    params = ("ptr noalias readonly", "i64", "ptr", "i64", "ptr noalias readonly", "ptr", "i64")
    w = module.function(kind.name, "void", params, attrs="noinline")
    planes, plane, y, row, bias, add, count = w.params
    lanes = _lanes(module.target, elem)
    type_ = vec(elem, lanes)
    with w.loop(count) as tile, w.loop(PANEL, step=lanes) as part:
        at = w.gep(elem, planes, w.add(w.mul(tile, PANEL), part))
        place = w.add(w.mul(tile, m * PANEL), part)
        start = w.load(type_, w.gep(elem, bias, part))
        outs = _strided(w, elem, w.gep(elem, y, place), row, kind.rows)
        added = _strided(w, elem, w.gep(elem, add, place), row, kind.rows) if kind.add else []
        lines: list[list[Val]] = []
        for _ in range(m + 2):
            line: list[Val] = []
            for _ in range(m + 2):
                line.append(w.load(type_, at))
                at = w.gep(elem, at, plane)
            lines.append(output_line(w, line, kind.columns))
        for j, column in enumerate(zip(*lines, strict=True)):
            for i, x in enumerate(output_line(w, column, kind.rows)):
                x = w.fadd(x, start)
                if kind.add:
                    x = w.fadd(x, w.load(type_, w.gep(elem, added[i], j * PANEL)))
                if kind.relu:
                    # max(0, x) in this order keeps a NaN, as StableHLO's maximum does.
                    x = w.fmax(zero(type_), x)
                w.store(x, w.gep(elem, outs[i], j * PANEL))
    w.ret()


def _strided(w: Writer, elem: str, base: Val, stride: Val, count: int) -> list[Val]:
    """`count` addresses, `stride` elements apart."""
    addresses = [base]
    for _ in range(count - 1):
        addresses.append(w.gep(elem, addresses[-1], stride))
    return addresses
