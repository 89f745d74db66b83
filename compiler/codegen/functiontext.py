"""The text of one function under construction: fresh names, blocks, terminators."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...proto.errors import InternalError
from .lltypes import Number, Val, const

if TYPE_CHECKING:
    from .writer import Module

Operand = Val | Number


class Stream:
    """Instructions under construction and where they stand: a stretch of a function that can be set aside and continued."""

    __slots__ = ("block", "closed", "lines")

    def __init__(self, lines: list[str], block: str, closed: bool) -> None:
        self.lines = lines
        self.block = block
        self.closed = closed


class Text:
    """Writes one function, line by line, at the end of the current block."""

    def __init__(self, module: "Module", name: str, result: str, params: Sequence[str], linkage: str, attrs: str) -> None:
        self.module = module
        self.target = module.target
        self.name = name
        self.params = [Val(f"%a{i}", p.split(" ", 1)[0] if p[0] != "<" else p[: p.index(">") + 1]) for i, p in enumerate(params)]
        arguments = ", ".join(f"{p} %a{i}" for i, p in enumerate(params))
        self._head = f"define {linkage}{result} @{name}({arguments}) #0 {attrs}".rstrip() + " {"
        self._result = result
        self._lines: list[str] = []
        self._allocas: list[str] = []
        self._count = 0
        self.block = "entry"
        self._closed = False

    def fresh(self, type_: str) -> Val:
        """A new name of `type_`, for lines written with `line`."""
        self._count += 1
        return Val(f"%v{self._count}", type_)

    def line(self, text: str) -> None:
        """One instruction as text, for what has no method."""
        self._lines.append("  " + text)

    def value(self, type_: str, text: str) -> Val:
        """One instruction as text whose result has `type_`."""
        self._count += 1
        ref = f"%v{self._count}"
        self._lines.append(f"  {ref} = {text}")
        return Val(ref, type_)

    def label(self, hint: str = "b") -> str:
        """A new block's name; start the block with `at`."""
        self._count += 1
        return f"{hint}{self._count}"

    def at(self, label: str) -> None:
        """Starts block `label`; falls through into it if the block before was left open."""
        if not self._closed:
            self.br(label)
        self._lines.append(f"{label}:")
        self.block = label
        self._closed = False

    def text(self) -> str:
        """The function's definition."""
        if not self._closed:
            raise InternalError(f"function {self.name} ends in block {self.block} without a terminator")
        return "\n".join([self._head, "entry:", *self._allocas, *self._lines, "}"])

    def fork(self) -> Stream:
        """Sets the stream being written aside and starts one that will follow it; until `join`, `swap` can go back to the former."""
        parent = self.swap(Stream([], "", True))
        label = self.label("sub")
        self._lines.append(f"{label}:")
        self.block, self._closed = label, False
        return parent

    def join(self, parent: Stream) -> None:
        """Appends the stream being written to `parent` and continues there."""
        child = self.swap(parent)
        self.br(child.lines[0][:-1])
        self._lines.extend(child.lines)
        self.block, self._closed = child.block, child.closed

    def swap(self, stream: Stream) -> Stream:
        """Continues writing in `stream`; returns the one that was being written."""
        current = Stream(self._lines, self.block, self._closed)
        self._lines, self.block, self._closed = stream.lines, stream.block, stream.closed
        return current

    def br(self, label: str) -> None:
        self._close(f"br label %{label}")

    def cbr(self, cond: Val, then: str, otherwise: str) -> None:
        """Branches on an i1."""
        self._close(f"br i1 {cond.ref}, label %{then}, label %{otherwise}")

    def switch(self, on: Val, default: str, cases: dict[int, str]) -> None:
        table = " ".join(f"{on.type} {value}, label %{label}" for value, label in cases.items())
        self._close(f"switch {on}, label %{default} [ {table} ]")

    def ret(self, value: Operand | None = None) -> None:
        """Returns `value`, a constant of the function's result type if it is a number."""
        if value is None:
            self._close("ret void")
        else:
            self._close(f"ret {value if isinstance(value, Val) else const(self._result, value)}")

    def unreachable(self) -> None:
        self._close("unreachable")

    def _close(self, text: str) -> None:
        self._lines.append("  " + text)
        self._closed = True

    def phi(self, type_: str, incoming: Sequence[tuple[Val, str]]) -> Val:
        """The value of `(value, label)` whose block control came from; only at the start of a block."""
        return self.value(type_, f"phi {type_} " + ", ".join(f"[ {v.ref}, %{label} ]" for v, label in incoming))
