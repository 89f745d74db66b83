"""Driver code made ready to run: one object per instruction, which does it in a call and says which comes next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from time import monotonic
from typing import Any

import numpy as np

from ..proto.errors import WeftError, fail
from ..proto.value_types import ArrayType, ValueType
from . import host, isa
from .devices import Device, DeviceArray, DeviceFunction, HostArray, Task
from .function import Function
from .model import Driver, Model
from .runner import out_of_memory
from .values import Expected, arrays_in, bytes_of

END = -1
"""the instruction after a return"""


class Call:
    """One call of a driver: what its registers hold, the sizes of the symbols that `inputs` bind, its limits, what devices do for it."""

    __slots__ = ("_allocated", "_deadline", "_given", "_memory", "inputs", "registers", "sizes", "task", "timeout")

    def __init__(self, inputs: Sequence[Any], sizes: Sequence[int], registers: int, timeout: float | None, memory: int) -> None:
        self.inputs = inputs
        self.sizes = sizes
        self.registers: list[Any] = [None] * registers
        self.timeout = timeout
        self._deadline = None if timeout is None else monotonic() + timeout
        self._given = {id(a) for value in inputs for a in arrays_in(value)}
        self._memory = memory
        self._allocated = 0
        self.task = Task(self._deadline)

    def remaining(self) -> float:
        """The seconds that are left. Raises `WeftError` (`run.timeout`) if none are."""
        left = 0.0 if self._deadline is None else self._deadline - monotonic()
        if left <= 0:
            raise fail("run.timeout", "there is no time left")
        return left

    def poll(self) -> None:
        """End the call if its time is over."""
        if self._deadline is not None:
            self.remaining()

    def reserve(self, nbytes: int) -> None:
        """Raise `WeftError` (`run.memory`) unless there is room for `nbytes` beside what registers hold.

        What was allocated is added up; only when that reaches the limit is what is still held counted.
        """
        if self._allocated + nbytes > self._memory:
            self._allocated = self._held()
            if self._allocated + nbytes > self._memory:
                raise out_of_memory(f"{self._allocated} bytes are held and {nbytes} more are needed", self._memory)

    def allocated(self, nbytes: int) -> None:
        """Count results of so many bytes."""
        self._allocated += nbytes

    def is_given(self, array: object) -> bool:
        """Whether the caller passed this array."""
        return id(array) in self._given

    def _held(self) -> int:
        arrays = {id(a): a for value in self.registers for a in arrays_in(value)}
        # What does not own its elements is a view of a constant or of something counted; string constants are made by host functions.
        return bytes_of(a for key, a in arrays.items() if key not in self._given and (a.flags.owndata or a.dtype.hasobject))


Step = Callable[[Call], int]
"""Does one instruction; returns the position of the next."""


@dataclass(frozen=True, slots=True)
class _Invoke:
    function: Function
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    following: int

    def __call__(self, call: Call) -> int:
        registers, runner = call.registers, self.function.runner
        arrays = [registers[r] for r in self.inputs]
        try:
            ready = runner.find(arrays)
        except WeftError as error:
            raise _misfit(error) from error
        call.reserve(ready.nbytes)
        found = self.function(*arrays) if call.timeout is None else runner.call(*arrays, timeout=call.remaining())
        if len(self.outputs) == 1:
            found = (found,)
        for register, value in zip(self.outputs, found, strict=True):
            registers[register] = value
            call.allocated(value.nbytes)
        return self.following


@dataclass(frozen=True, slots=True)
class _InvokeOn:
    """Have a device run a function; its results are on their way when this returns."""

    function: DeviceFunction
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    following: int

    def __call__(self, call: Call) -> int:
        registers = call.registers
        try:
            found = self.function.invoke([registers[r] for r in self.inputs], call.task, self.following - 1)
        except WeftError as error:
            raise _misfit(error) from error
        for register, value in zip(self.outputs, found, strict=True):
            registers[register] = value
        return self.following


@dataclass(frozen=True, slots=True)
class _Transfer:
    """Have an array copied to a device, or to the host."""

    dst: int
    src: int
    device: Device | None
    following: int

    def __call__(self, call: Call) -> int:
        value: np.ndarray | HostArray | DeviceArray = call.registers[self.src]
        if self.device is not None:
            call.registers[self.dst] = self.device.receive(value, call.task, self.following - 1)
        elif isinstance(value, DeviceArray):
            call.registers[self.dst] = value.device.send(value, call.task, self.following - 1)
        return self.following


@dataclass(frozen=True, slots=True)
class _Settled:
    """A step of the host that waits for what it reads."""

    step: "Step"
    registers: tuple[int, ...]

    def __call__(self, call: Call) -> int:
        settle(call, self.registers)
        return self.step(call)


def settle(call: Call, registers: Sequence[int]) -> None:
    """Wait until the arrays in these registers, where they are on their way to the host, are there."""
    for r in registers:
        value = call.registers[r]
        if isinstance(value, HostArray):
            call.registers[r] = value.result()
            call.allocated(call.registers[r].nbytes)


def _misfit(error: WeftError) -> WeftError:
    """The error for sizes that came from data and do not suit a native function."""
    if error.code == "run.memory":
        return error
    found = "the sizes that follow from the data do not fit together: "
    way_out = "look at the inputs, and at the shapes that the model gives its tensors"
    return WeftError(*(replace(d, code="run.shape", message=found + d.message, help=way_out) for d in error.diagnostics))


@dataclass(frozen=True, slots=True)
class _HostValue:
    function: host.HostFunction
    attributes: host.Attributes
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    expected: Expected
    nbytes: int
    """of results whose size is known before"""
    following: int

    def __call__(self, call: Call) -> int:
        registers = call.registers
        values = [registers[r] for r in self.inputs]
        call.poll()
        call.reserve(self.nbytes)
        found = self.function.run(self.attributes, values)
        self.expected.check(found, call.sizes, self._name)
        for register, value in zip(self.outputs, found, strict=True):
            registers[register] = value
            if isinstance(value, list):  # what is in it came from the operands, or was cut from them
                call.allocated(bytes_of(v for v in values if isinstance(v, np.ndarray)))
            else:
                call.allocated(bytes_of(arrays_in(value)))
        return self.following

    def _name(self, n: int) -> str:
        return f"result {n} of host call {self.function.name!r}"


@dataclass(frozen=True, slots=True)
class _Load:
    dst: int
    value: Any
    following: int

    def __call__(self, call: Call) -> int:
        call.registers[self.dst] = self.value
        return self.following


@dataclass(frozen=True, slots=True)
class _Move:
    dst: int
    src: int
    expected: Expected | None
    following: int

    def __call__(self, call: Call) -> int:
        value = call.registers[self.src]
        if self.expected is not None:
            self.expected.check((_seen(value),), call.sizes, lambda _: "the value")
        call.registers[self.dst] = value
        return self.following


def _seen(value: Any) -> Any:
    """An array for what is one elsewhere, of its type and shape, for checks."""
    if isinstance(value, DeviceArray | HostArray):
        return np.broadcast_to(np.empty((), value.dtype), value.shape)
    return value


@dataclass(frozen=True, slots=True)
class _Release:
    registers: tuple[int, ...]
    following: int

    def __call__(self, call: Call) -> int:
        for register in self.registers:
            call.registers[register] = None
        return self.following


@dataclass(frozen=True, slots=True)
class _Jump:
    target: int
    back: bool

    def __call__(self, call: Call) -> int:
        if self.back:
            call.poll()
        return self.target


@dataclass(frozen=True, slots=True)
class _BranchUnless:
    pred: int
    target: int
    back: bool
    following: int

    def __call__(self, call: Call) -> int:
        if self.back:
            call.poll()
        return self.following if call.registers[self.pred] else self.target


@dataclass(frozen=True, slots=True)
class _SwitchOn:
    index: int
    targets: tuple[int, ...]
    back: bool

    def __call__(self, call: Call) -> int:
        if self.back:
            call.poll()
        at = int(call.registers[self.index])
        return self.targets[at if 0 <= at < len(self.targets) else -1]


def _return(_: Call) -> int:
    return END


def make_steps(
    model: Model,
    driver: Driver,
    functions: Sequence[Function | DeviceFunction],
    constants: Sequence[Any],
    devices: Sequence[Device | None] = (None,),
) -> list[Step]:
    """The steps of a driver that `verify` has passed. `functions`, `constants` and `devices` are those of the program, in order."""
    types = driver.registers
    spans = any(driver.devices)

    def step(at: int, i: isa.Instr) -> Step:
        waits = [r for r in _awaited(i) if not driver.devices[r]] if spans else []
        return _Settled(bare(at, i), tuple(waits)) if waits else bare(at, i)

    def bare(at: int, i: isa.Instr) -> Step:
        following = at + 1
        match i:
            case isa.Invoke(function, inputs, outputs):
                callee = functions[function]
                if isinstance(callee, Function):
                    return _Invoke(callee, inputs, outputs, following)
                return _InvokeOn(callee, inputs, outputs, following)
            case isa.Transfer(dst, src):
                return _Transfer(dst, src, devices[driver.devices[dst]], following)
            case isa.HostValue(number, inputs, outputs):
                name, text = model.host_calls[number]
                results = [types[r] for r in outputs]
                nbytes = sum(map(_known_bytes, results))
                return _HostValue(host.lookup(name), host.parse_attributes(text), inputs, outputs, Expected(results), nbytes, following)
            case isa.LoadConstant(dst, constant):
                return _Load(dst, constants[constant], following)
            case isa.Move(dst, src):
                return _Move(dst, src, _needed(types[src], types[dst]), following)
            case isa.Release(registers):
                return _Release(registers, following)
            case isa.Jump(target):
                return _Jump(target, target <= at)
            case isa.BranchUnless(pred, target):
                return _BranchUnless(pred, target, target <= at, following)
            case isa.SwitchOn(index, targets):
                return _SwitchOn(index, targets, min(targets) <= at)
            case isa.Return():
                return _return
            case _:
                raise NotImplementedError(i.mnemonic)

    return [step(at, i) for at, i in enumerate(driver.code)]


def _awaited(i: isa.Instr) -> Sequence[int]:
    """The registers whose values an instruction looks into."""
    match i:
        case isa.Invoke(_, inputs, _) | isa.HostValue(_, inputs, _):
            return inputs
        case isa.BranchUnless(register, _) | isa.SwitchOn(register, _):
            return (register,)
        case _:
            return ()


def _known_bytes(t: ValueType) -> int:
    """The size of an array of a fixed shape, 0 for what only data knows."""
    if not isinstance(t, ArrayType) or not all(isinstance(d, int) for d in t.shape):
        return 0
    return prod(t.shape) * t.dtype.itemsize


def _needed(src: ValueType, dst: ValueType) -> Expected | None:
    """The check of a move between registers of these types; None if they are one type."""
    return None if src == dst else Expected([dst])
