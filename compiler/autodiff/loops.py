"""Derivatives of loops: turns are undone from the last to the first.

A turn's pullback needs the state before it. Where the number of turns is known while differentiating, a first pass keeps what is needed of
all states; otherwise a second pass counts the turns, and states are computed again from checkpoints (see `checkpoints`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value
from ..ir.types import TensorType
from ..ops.gradients.common import compare, full, has_cotangent, inline, row, with_row, zeros_like
from ..ops.gradients.indexing import size_of
from ..ops.nodes import node
from . import checkpoints
from .reverse import dependent, region_pullback, rule
from .sums import accumulated
from .taken import Loop, Values, loop, number
from .turns import trip_count


@rule("while")
def while_(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """The cotangents of the first state and of what the loop captures."""
    whole = Loop(current.inputs, current.captured, *current.regions)
    state, captured = _active(whole, active)
    given = iter(gs)
    all_gs = [next(given) if has_cotangent(v) else None for v in whole.state]
    own = [g for k in state if (g := all_gs[k]) is not None]
    turns = trip_count(current)
    if turns == 0:
        return [*all_gs, *([None] * len(whole.captured))]
    if not state:
        return [None] * len(current.operands)
    n = len(whole.state)
    step = region_pullback(whole.body, n, state, [*state, *(n + k for k in captured)])
    read = {v for inner in step.nodes for v in inner.operands} | set(step.results)
    wanted = [k for k in range(n) if step.params[k] in read]
    slots = [*wanted, *range(n, len(step.params))]
    undo = Region(tuple(step.params[k] for k in slots), step.nodes, step.results)
    kept = whole.needed(wanted)
    totals = [zeros_like(whole.captured[k]) for k in captured]
    back = _Backwards(whole.carrying(kept), [kept.index(k) for k in wanted], undo, own, totals)
    found = iter(back.from_records(turns) if turns is not None else back.from_checkpoints(_counted(whole)))
    cts: dict[int, Value] = dict(zip([*state, *(n + k for k in captured)], found, strict=True))
    return [cts.get(k) for k in range(n + len(whole.captured))]


def _active(whole: Loop, active: Collection[Value]) -> tuple[list[int], list[int]]:
    """Which values of the state, and which captures, the derivative goes through."""
    n = len(whole.state)
    captured = [k for k, v in enumerate(whole.captured) if v in active]
    state = {k for k, v in enumerate(whole.state) if v in active}
    while True:
        start = [whole.body.params[k] for k in (*state, *(n + k for k in captured))]
        found = dependent(whole.body.nodes, start)
        grown = state | {k for k, v in enumerate(whole.body.results) if v in found}
        if grown == state:
            return sorted(state), captured
        state = grown


def _counted(whole: Loop) -> Value:
    """How often the loop turns, as a value."""
    return loop(
        (number(0), *whole.state), whole.captured,
        lambda s, c: inline(whole.cond, [*s[1:], *c])[0],
        lambda s, c: (node("add", s[0], number(1)), *whole.turned(s[1:], c)),
    )[0]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Backwards:
    """What the loop from the last turn to the first is made of.

    `undo` is (what of the state `wanted` names, cotangents of the state, captured values) -> cotangents of the state before, of captures.
    """

    forward: Loop
    wanted: list[int]
    undo: Region
    gs: list[Value]
    totals: list[Value]

    def undone(self, state: Values, cts: Values, captured: Values) -> Values:
        """The cotangents a turn earlier: those of the state, and sums of those of the captures."""
        n = len(self.gs)
        found = inline(self.undo, [*state, *cts[:n], *captured])
        return [*found[:n], *(accumulated(t, c) for t, c in zip(cts[n:], found[n:], strict=True))]

    def from_records(self, turns: Dim) -> tuple[Value, ...]:
        """With the states before every turn recorded by a first pass."""
        stacks = _recorded(self.forward, self.wanted, turns)
        k = len(stacks)

        def turn(s: Values, c: Values) -> Values:
            at = node("subtract", s[0], number(1))
            return at, *self.undone([row(stack, at) for stack in c[:k]], s[1:], c[k:])

        return loop((size_of(turns), *self.gs, *self.totals), (*stacks, *self.forward.captured), _positive, turn)[1:]

    def from_checkpoints(self, turns: Value) -> tuple[Value, ...]:
        """With the states before the turns computed again, from the nearest of a bounded number of checkpoints."""
        first = checkpoints.begun(self.forward)
        n = 1 + len(first)

        def turn(s: Values, c: Values) -> Values:
            at = node("subtract", s[0], number(1))
            held = checkpoints.moved(self.forward, s[1:n], at, c)
            state = checkpoints.latest(held)
            return at, *held, *self.undone([state[k] for k in self.wanted], s[n:], c)

        return loop((turns, *first, *self.gs, *self.totals), self.forward.captured, _positive, turn)[n:]


def _positive(state: Values, _: Values) -> Value:
    return compare("GT", state[0], number(0))


def _recorded(forward: Loop, wanted: Sequence[int], turns: Dim) -> tuple[Value, ...]:
    """What of the states before every turn is `wanted`, each as one tensor with the turns along a new first dim."""
    n = 1 + len(forward.state)
    stacks = [full(TensorType(v.dtype, (turns, *v.shape)), 0) for v in (forward.state[k] for k in wanted)]
    last = size_of(turns)

    def turn(s: Values, c: Values) -> Values:
        kept = [with_row(stack, s[1 + k], s[0]) for stack, k in zip(s[n:], wanted, strict=True)]
        return node("add", s[0], number(1)), *forward.turned(s[1:n], c[1:]), *kept

    return loop((number(0), *forward.state, *stacks), (last, *forward.captured), lambda s, c: compare("LT", s[0], c[0]), turn)[n:]
