"""States of a loop computed again: which of them to keep (Griewank and Walther, Algorithm 799: revolve, 2000).

The states before all turns are wanted, from the last to the first, with room for `SLOTS` of them. With f free slots, and every turn
computed again at most t times, C(f + t, f) turns can be undone; the next checkpoint is set so that what comes after it needs t passes with
one slot less, and what comes before it t - 1 passes. So 32 slots serve 32 turns with one more pass over them, 528 with two, 5,984 with
three, 52,360 with four.

What is carried along: how many slots are taken, the turns whose states they hold, in ascending order, and the states.
"""

from collections.abc import Sequence
from math import comb

import numpy as np

from ...proto.dtypes import I64
from ..ir.attrs import Tensor
from ..ir.graph import Value
from ..ir.types import TensorType
from ..ops.gradients.common import compare, full, row, total, with_row
from ..ops.nodes import node
from .taken import Loop, loop, number

SLOTS = 32
_MOST = 1 << 62
# Column k of row f says how many turns f free slots are enough for with k - 1 passes. The last one is enough for any number.
_PASSES = next(t for t in range(_MOST) if comb(SLOTS - 1 + t, t) >= _MOST)
TURNS = np.array([[0, *(min(comb(f + t, t), _MOST) for t in range(_PASSES + 1))] for f in range(SLOTS)])


def begun(forward: Loop) -> list[Value]:
    """The first state as the only checkpoint."""
    slots = [full(TensorType(v.dtype, (SLOTS, *v.shape)), 0) for v in forward.state]
    held = [with_row(slot, v, number(0)) for slot, v in zip(slots, forward.state, strict=True)]
    return [number(1), full(TensorType(I64, (SLOTS,)), 0), *held]


def latest(held: Sequence[Value]) -> list[Value]:
    """The state of the last checkpoint."""
    last = node("subtract", held[0], number(1))
    return [row(slot, last) for slot in held[2:]]


def _latest_turn(held: Sequence[Value]) -> Value:
    return row(held[1], node("subtract", held[0], number(1)))


def moved(forward: Loop, held: Sequence[Value], at: Value, captured: Sequence[Value]) -> Sequence[Value]:
    """The checkpoints when the last of them is the state before turn `at`; before, it is no later than that of the turn after."""
    late = node("convert", compare("GT", _latest_turn(held), at), result=at.type)
    start = [node("subtract", held[0], late), *held[1:]]

    def going(s: Sequence[Value], c: Sequence[Value]) -> Value:
        return compare("LT", _latest_turn(s), c[0])

    def turn(s: Sequence[Value], c: Sequence[Value]) -> Sequence[Value]:
        begin = _latest_turn(s)
        free = node("subtract", number(SLOTS), s[0])
        length = node("add", node("subtract", c[0], begin), number(1))
        steps = _stride(free, length)
        state = _advanced(forward, latest(s), steps, c[1:])
        slots = [with_row(slot, v, s[0]) for slot, v in zip(s[2:], state, strict=True)]
        return node("add", s[0], number(1)), with_row(s[1], node("add", begin, steps), s[0]), *slots

    return loop(start, (at, *captured), going, turn)


def _stride(free: Value, length: Value) -> Value:
    """After how many turns the next checkpoint is set when `length` turns are to be undone and `free` slots are left."""
    table = node("constant", value=Tensor(TURNS))
    own, next_own = row(table, free), row(table, node("subtract", free, number(1)))
    fewer = compare("LT", own, node("broadcast_in_dim", length, broadcast_dimensions=(), result=own.type))
    enough = total(node("convert", fewer, result=own.type), (0,))
    before = row(own, node("subtract", enough, number(2)))
    after = node("subtract", length, row(next_own, enough))
    return node("maximum", number(1), node("maximum", before, after))


def _advanced(forward: Loop, state: Sequence[Value], steps: Value, captured: Sequence[Value]) -> tuple[Value, ...]:
    """The state after as many turns."""
    return loop(
        (number(0), *state), (steps, *captured),
        lambda s, c: compare("LT", s[0], c[0]),
        lambda s, c: (node("add", s[0], number(1)), *forward.turned(s[1:], c[1:])),
    )[1:]  # fmt: skip
