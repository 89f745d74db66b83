"""The buffers of one function while it is emitted, and their lifetimes as ranges of instruction positions."""

from collections.abc import Callable
from dataclasses import dataclass

from ...proto import graph_pb2
from ...proto import program_pb2 as pb
from ..ir.dims import Dim, Symbol
from ..ir.types import TensorType
from ..memory import Block, plan_memory
from ..serde.dims import encode_dim


@dataclass
class _Buffer:
    kind: "pb.Buffer.Kind"
    type: TensorType
    index: int
    first: int = -1
    last: int = -1


class Buffers:
    """Numbers buffers and records who uses them when. What a loop uses from before it lives to the loop's end."""

    def __init__(self) -> None:
        self._all: list[_Buffer] = []
        self._views: dict[tuple[int, TensorType], int] = {}
        self._loops: list[tuple[int, set[int]]] = []

    def add(self, kind: "pb.Buffer.Kind", type: TensorType, index: int = 0) -> int:
        """A new buffer that holds a `type`; `index` is that of the input, output or constant."""
        self._all.append(_Buffer(kind, type, index))
        return len(self._all) - 1

    def view(self, number: int, type: TensorType) -> int:
        """The buffer seen with another type of as many bytes."""
        if self._all[number].type == type:
            return number
        if (number, type) not in self._views:
            self._views[number, type] = self.add(pb.Buffer.VIEW, type, number)
        return self._views[number, type]

    def may_reuse(self, number: int, type: TensorType, *, output: bool = False) -> bool:
        """Whether a `type` may overwrite the buffer once its value is dead; with `output` also one that becomes an output in the end."""
        buffer = self._all[number]
        kinds = (pb.Buffer.ARENA, pb.Buffer.OUTPUT) if output else (pb.Buffer.ARENA,)
        return buffer.kind in kinds and buffer.type.dtype == type.dtype and buffer.type.nbytes == type.nbytes

    def use(self, number: int, position: int) -> None:
        """The instruction at `position` reads or writes the buffer."""
        buffer = self._all[number]
        if buffer.kind == pb.Buffer.VIEW:
            self.use(buffer.index, position)
        if buffer.first < 0:
            buffer.first = position
        buffer.last = max(buffer.last, position)
        for start, used in self._loops:
            if buffer.first < start:
                used.add(number)

    def open_loop(self, start: int) -> None:
        """A loop begins at the instruction `start`."""
        self._loops.append((start, set()))

    def close_loop(self, end: int) -> None:
        """The innermost loop ends with the instruction `end`, its jump back."""
        _, used = self._loops.pop()
        for number in used:
            self.use(number, end)

    def messages(self, number: Callable[[Symbol], int]) -> tuple[list[pb.Buffer], Dim]:
        """The buffers with their places in the arena, and the arena's size."""
        arena = [b for b in self._all if b.kind == pb.Buffer.ARENA]
        offsets, total = plan_memory([Block(b.type.nbytes, b.first, b.last) for b in arena])
        place = {id(b): offset for b, offset in zip(arena, offsets, strict=True)}

        def message(b: _Buffer) -> pb.Buffer:
            dims = [encode_dim(d, number) for d in b.type.shape]
            return pb.Buffer(
                kind=b.kind,
                index=b.index,
                offset=encode_dim(place.get(id(b), 0), number),
                bytes=encode_dim(b.type.nbytes, number),
                type=graph_pb2.TensorType(dtype=b.type.dtype.number, dims=dims),
            )

        return [message(b) for b in self._all], total
