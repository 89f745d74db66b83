"""What stops a call short of its end, and how it goes on: host calls, signals, deadlines, failures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from ..proto.errors import InternalError, WeftError, fail
from . import host, isa
from . import native_abi as abi
from .frame import Frame
from .image import Image
from .model import Function, Kind, Model
from .plan import Plan
from .watch import WATCH


@dataclass(frozen=True, slots=True)
class Code:
    """A function of a program with all that its instructions refer to."""

    model: Model
    function: Function
    image: Image
    constants: Sequence[ndarray]

    def resume(
        self, frame: Frame, plan: Plan, stop: int, arrays: Sequence[ndarray], results: Sequence[ndarray], timeout: float | None
    ) -> None:
        """Do what the native code stopped for and go on, to the end. A frame whose call failed must not be used again.

        Raises `WeftError`: `run.timeout`, `run.kernel`, `run.host`.
        """
        while stop != abi.STOP_END:
            index = frame.pc.value - 1  # row 0 is no instruction
            match stop:
                case abi.STOP_HOST:
                    self._host_call(frame, plan, index, arrays, results)
                    frame.pc.value += 1
                case abi.STOP_CANCEL:
                    if WATCH.resume(frame) == abi.CANCEL_STOP:
                        loc = self.model.loc(self.function, index)
                        raise fail("run.timeout", f"{self.function.name} did not end within {timeout} s", loc=loc)
                case abi.STOP_FAULT:
                    i = self.function.code[index]
                    kernel = self.model.kernels[i.kernel].name if isinstance(i, isa.Launch) else i.mnemonic
                    loc = self.model.loc(self.function, index)
                    raise fail("run.kernel", f"kernel {kernel!r} failed with status {frame.status}", loc=loc)
                case _:
                    raise InternalError(f"the native runtime stopped with {stop} at row {index + 1} of {self.function.name}")
            stop = self.image.run(frame.address)

    def _host_call(self, frame: Frame, plan: Plan, index: int, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> None:
        i = self.function.code[index]
        if not isinstance(i, isa.HostCall):
            raise InternalError(f"the native runtime stopped for a host call at {i}")
        name, text = self.model.host_calls[i.call]
        function = host.lookup(name)
        views = [self._view(frame, plan, b, arrays, results) for b in self.function.arg_lists[i.args].buffers]
        operands = function.takes(len(views))
        try:
            found = function.run(host.parse_attributes(text), views[:operands])
        except WeftError as error:
            raise error.at(self.model.loc(self.function, index)) from error.__cause__
        for view, result in zip(views[operands:], found, strict=True):
            if view.shape != np.shape(result):
                fact = f"host call {name!r} gives {list(np.shape(result))} where {list(view.shape)} was declared"
                raise fail("run.host", fact, loc=self.model.loc(self.function, index))
            view[...] = result

    def _view(self, frame: Frame, plan: Plan, buffer: int, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> ndarray:
        """A buffer of this call as an array."""
        place, type_ = plan.places[buffer], self.function.buffers[buffer].type
        if type_ is None:
            raise InternalError(f"buffer {buffer} has no type")
        match place.kind:
            case Kind.ARENA:
                memory = frame.arena
            case Kind.CONSTANT:
                memory = self.constants[place.index]
            case Kind.INPUT:
                memory = arrays[place.index]
            case _:
                memory = results[place.index]
        flat = memory.reshape(-1).view(np.uint8)[place.offset : place.offset + place.bytes]
        shape = tuple(d if isinstance(d, int) else d.evaluate(plan.values) for d in type_.shape)
        return flat.view(type_.dtype.numpy).reshape(shape)
