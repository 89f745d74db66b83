"""Where the time of a call goes: each instruction timed on its own.

The call runs one native row at a time; the rows it may go on to are replaced by END meanwhile. So each time includes some overhead (a
microsecond), while what one kernel leaves in caches for the next is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from ..proto.errors import fail
from . import isa
from . import native_abi as abi
from .driver import DriverFunction
from .frame import Frame
from .function import Function
from .model import Function as Definition
from .model import Model


@dataclass(frozen=True, slots=True)
class Sample:
    """One instruction: its kernel's kind and plan, its place in the source, how often it ran in a call and how long in all."""

    index: int
    kind: str
    description: str
    location: str
    runs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Stepping:
    """A call under way, one instruction at a time. `keep` are the arrays its frame points into."""

    frame: Frame
    run: Callable[[int], int]
    model: Model
    function: Definition
    keep: tuple[np.ndarray, ...]

    def step(self, row: int, following: Sequence[int]) -> int:
        """Run the row `row`, which goes on at one of `following`, and stop there; the row it stopped at."""
        with self.frame.ending(following):
            self.frame.pc.value = row
            stop = self.run(self.frame.address)
        if stop != abi.STOP_END:
            raise fail("run.kernel", f"instruction {row - 1} of {self.function.name} stopped with {stop}, status {self.frame.status}")
        return self.frame.pc.value


def _start(function: Function, args: Sequence[object]) -> _Stepping:
    runner = function.runner
    ready, arrays, results = runner.prepare(args)
    frame = runner.new_frame(ready)
    runner.start(ready, frame, arrays, results)
    code = runner.code
    return _Stepping(frame, code.image.run, code.model, code.function, (*arrays, *results))


def profile(function: Function | DriverFunction, args: Sequence[object], repeat: int = 5) -> list[Sample]:
    """Run `function` on `args` a few times; the instructions that ran, each with the median of its time in a call, in order.

    Of a driver these are its own: a native function that it invokes counts as one. Raises `WeftError` as a call does, and
    `profile.host` for native functions with host calls.
    """
    if isinstance(function, DriverFunction):
        return _profile_driver(function, args, repeat)
    call = _start(function, args)
    first, *counted = [_timed(call) for _ in range(repeat + 1)]
    return [
        Sample(index, *_describe(call, index), len(first[index]), median(sum(times[index]) for times in counted)) for index in sorted(first)
    ]


def _profile_driver(function: DriverFunction, args: Sequence[object], repeat: int) -> list[Sample]:
    first, *counted = [_timed_driver(function, args) for _ in range(repeat + 1)]
    return [
        Sample(index, *function.describe(index), len(first[index]), median(sum(times[index]) for times in counted))
        for index in sorted(first)
    ]


def _timed_driver(function: DriverFunction, args: Sequence[object]) -> dict[int, list[float]]:
    times: dict[int, list[float]] = {}
    last, start = -1, perf_counter()
    for index in function.steps(function.start(args)):
        now = perf_counter()
        times.setdefault(last, []).append(now - start)
        last, start = index, perf_counter()
    return {index: found for index, found in times.items() if index >= 0}


def _timed(call: _Stepping) -> dict[int, list[float]]:
    """Run a call to its end: the seconds of each instruction, every time it ran."""
    times: dict[int, list[float]] = {}
    row = call.step(0, [1])
    while True:
        instruction = call.function.code[row - 1]
        if isinstance(instruction, isa.Return):
            return times
        if isinstance(instruction, isa.HostCall):
            raise fail("profile.host", f"{call.function.name} has host calls, which cannot be timed one by one")
        following = [at + 1 for at in _targets(row - 1, instruction)]
        start = perf_counter()
        following_row = call.step(row, following)
        times.setdefault(row - 1, []).append(perf_counter() - start)
        row = following_row


def _targets(index: int, instruction: isa.Instr) -> list[int]:
    """The instructions that may follow one."""
    match instruction:
        case isa.Jump(target):
            return [target]
        case isa.BranchIfFalse(_, target):
            return [index + 1, target]
        case isa.Switch(_, targets):
            return list(targets)
        case _:
            return [index + 1]


def _describe(call: _Stepping, index: int) -> tuple[str, str, str]:
    instruction = call.function.code[index]
    location = str(call.model.loc(call.function, index))
    if isinstance(instruction, isa.Launch):
        kernel = call.model.kernels[instruction.kernel]
        return kernel.kind, kernel.description, location
    return instruction.mnemonic, instruction.mnemonic, location


def table(samples: Sequence[Sample], most: int = 25) -> str:
    """The kinds by their share of the time, then the `most` expensive instructions."""
    total = sum(s.seconds for s in samples) or 1.0
    kinds: dict[str, list[float]] = {}
    for s in samples:
        kinds.setdefault(s.kind, []).append(s.seconds)
    lines = [f"{'kind':<16}{'count':>6}{'ms':>10}{'share':>8}"]
    for kind, seconds in sorted(kinds.items(), key=lambda item: -sum(item[1])):
        lines.append(f"{kind:<16}{len(seconds):>6}{sum(seconds) * 1e3:>10.3f}{sum(seconds) / total:>8.1%}")
    lines.append("")
    for s in sorted(samples, key=lambda s: -s.seconds)[:most]:
        lines.append(f"{s.seconds * 1e3:>9.3f} ms {s.seconds / total:>6.1%}  {s.description}  [{s.location}]")
    return "\n".join(lines)
