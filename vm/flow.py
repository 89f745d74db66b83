"""The paths through a function's instructions: where they lead, and what is certain to have been written on all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from . import isa


@dataclass(frozen=True, slots=True)
class Effect:
    """What an instruction reads, writes and empties, as sets of bits; it reads before it writes."""

    reads: int = 0
    writes: int = 0
    empties: int = 0


def successors(code: Sequence[isa.Instr]) -> list[tuple[int, ...]]:
    """The instructions that may follow each one; a target is one of `code`, or one past its end."""
    return [(*isa.targets(i), *((index + 1,) if isa.falls_through(i) else ())) for index, i in enumerate(code)]


def flow_problem(code: Sequence[isa.Instr]) -> tuple[str, int | None]:
    """What is wrong with the paths, and at which instruction; ("", None) if all of them reach a return and none runs past the end."""
    following = successors(code)
    reached = _closure([0] if code else [], following)
    if len(code) in reached or not code:
        return "the instructions run past the end without a return", None
    predecessors: list[list[int]] = [[] for _ in code]
    for index, after in enumerate(following):
        for s in after:
            if s < len(code):
                predecessors[s].append(index)
    ends = _closure([n for n, i in enumerate(code) if isinstance(i, isa.Return)], predecessors)
    stuck = sorted(reached - ends)
    return ("no return can be reached from here", stuck[0]) if stuck else ("", None)


def _closure(start: Sequence[int], following: Sequence[Sequence[int]]) -> set[int]:
    """Everything reachable from `start`, which it includes; one past the end has no successors."""
    seen = set(start)
    todo = list(start)
    while todo:
        at = todo.pop()
        for after in following[at] if at < len(following) else ():
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


def read_too_early(code: Sequence[isa.Instr], effects: Sequence[Effect], written: int) -> list[tuple[int, int]]:
    """(instruction, bits) where it reads bits that some path to it has not written, if `written` is at the start.

    `code` has no problem of `flow_problem`.
    """
    following = successors(code)
    before: list[int | None] = [None] * len(code)  # None: not reached yet, so everything may hold
    before[0] = written
    todo, waiting = [0], {0}
    while todo:  # in order of position, which is nearly the order of execution: few instructions are looked at twice
        at = heappop(todo)
        waiting.discard(at)
        effect, state = effects[at], before[at]
        after = ((state or 0) | effect.writes) & ~effect.empties
        for s in following[at]:
            known = before[s]
            merged = after if known is None else known & after
            if merged != known:
                before[s] = merged
                if s not in waiting:
                    waiting.add(s)
                    heappush(todo, s)
    return [
        (index, effect.reads & ~state)
        for index, (effect, state) in enumerate(zip(effects, before, strict=True))
        if state is not None and effect.reads & ~state
    ]
