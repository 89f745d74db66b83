"""Loops taken apart, and written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...proto.dtypes import I64
from ..ir.graph import Region, Value, param, region
from ..ir.types import TensorType
from ..ops.gradients.common import full, inline
from ..ops.nodes import nodes
from ..passes.dce import reached, with_signature

COUNT = TensorType(I64, ())
Values = Sequence[Value]


def number(value: int) -> Value:
    """A constant i64."""
    return full(COUNT, value)


@dataclass(frozen=True, slots=True)
class Loop:
    """A `while` taken apart, and what of it the derivative concerns."""

    state: tuple[Value, ...]
    captured: tuple[Value, ...]
    cond: Region
    body: Region

    def carrying(self, kept: Sequence[int]) -> "Loop":
        """The loop with these values of its state alone; the condition is not to be asked any more."""
        slots = [*kept, *range(len(self.state), len(self.body.params))]
        body = with_signature(self.body, slots, tuple(self.body.results[k] for k in kept))
        return Loop(tuple(self.state[k] for k in kept), self.captured, self.cond, body)

    def turned(self, state: Sequence[Value], captured: Sequence[Value]) -> tuple[Value, ...]:
        """The state after one more turn."""
        return inline(self.body, [*state, *captured])

    def needed(self, wanted: Sequence[int]) -> list[int]:
        """What of the state has to be carried along for the values `wanted` of it."""
        found = set(wanted)
        while True:
            read = reached(self.body, [self.body.results[k] for k in found])
            more = {k for k in range(len(self.state)) if self.body.params[k] in read}
            if more <= found:
                return sorted(found)
            found |= more


def loop(
    start: Values, captured: Values, going: Callable[[Values, Values], Value], turn: Callable[[Values, Values], Values]
) -> tuple[Value, ...]:
    """A `while` written by two functions of (state, captured values)."""
    n = len(start)
    c, p = ([param(v.type) for v in (*start, *captured)] for _ in range(2))
    cond, body = region(c, (going(c[:n], c[n:]),)), region(p, turn(p[:n], p[n:]))
    return nodes("while", *start, captures=captured, cond=cond, body=body)
