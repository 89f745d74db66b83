"""`DriverFunction`: a function in driver code as a Python callable on arrays, lists, dicts, strings and None.

The code is interpreted here, an instruction at a time; what computes are the native functions and host functions it calls. All state
is in a `Call`, so that any number of threads may run one driver. Values are shared freely inside and never changed; what leaves
belongs to the caller alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..proto.errors import WeftError, fail
from ..proto.value_types import ArrayType
from . import isa, model
from .devices import Device, DeviceFunction
from .devices.base import Cancelled
from .function import Function
from .model import Model, Port, Type
from .signature import Signature, bind_symbols, make_signature
from .steps import END, Call, make_steps, settle
from .values import Expected

MAX_SHAPES = 32  # of inputs, remembered


class DriverFunction:
    """Call it with values by position or by name; the result is a value, or a tuple of them if there are several.

    Sequences are lists, optionals None or the value, maps dicts, strings `object` arrays of `str` (any array or list of strings is
    taken). Inputs are never changed unless the signature says that they are donated; results are new. `timeout=` is in seconds.
    Raises `WeftError`: `call.*` for wrong arguments, `run.*` for what data makes impossible (`run.shape`, `run.index`, `run.memory`…).
    """

    def __init__(
        self,
        model: Model,
        driver: model.Driver,
        functions: Sequence[Function | DeviceFunction],
        constants: Sequence[np.ndarray],
        memory: int,
        devices: Sequence[Device | None] = (None,),
    ) -> None:
        self.signature: Signature = make_signature(driver)
        self._model = model
        self._driver = driver
        self._memory = memory
        self._steps = make_steps(model, driver, functions, constants, devices)
        self._tensors = [n for n, (_, r) in enumerate(driver.inputs) if isinstance(driver.registers[r], ArrayType)]
        self._ports = [_port(i.name, i.type) for i in self.signature.inputs if isinstance(i.type, ArrayType)]
        self._known: dict[tuple[tuple[int, ...], ...], tuple[int, ...]] = {}
        """the values of symbols for shapes of inputs"""
        self._results = Expected([driver.registers[r] for _, r in driver.outputs])

    @property
    def name(self) -> str:
        """The name of the function in the program."""
        return self.signature.name

    def __repr__(self) -> str:
        return f"<weft function {self.signature}>"

    def __call__(self, *args: Any, timeout: float | None = None, **named: Any) -> Any:
        """Run on `args` and return new values."""
        results = self._run(self.signature.arrange(args, named) if named else args, timeout)
        return results[0] if len(results) == 1 else tuple(results)

    def run_into(self, inputs: Sequence[Any] | Mapping[str, Any], outputs: Sequence[np.ndarray], *, timeout: float | None = None) -> None:
        """Run and copy the results, all of which are arrays, to `outputs`: row-major, of the exact dtype and shape.

        Which shape that is may depend on data. Then an output of another one is an error (`call.output`) after the run.
        """
        results = self._run(self.signature.arrange((), inputs) if isinstance(inputs, Mapping) else tuple(inputs), timeout)
        for argument, result in zip(self.signature.outputs, results, strict=True):
            if not isinstance(result, np.ndarray):
                raise fail("call.output", f"output {argument.name!r} of {self.name} is no array: {argument}")
        for array, result in zip(self.signature.check_outputs(outputs, [r.shape for r in results]), results, strict=True):
            array[...] = result

    def start(self, args: Sequence[Any], timeout: float | None = None) -> Call:
        """A call on `args`, before its first instruction. Raises `WeftError` (`call.*`)."""
        values = self.signature.convert(args)
        arrays = [values[n] for n in self._tensors]
        shapes = tuple(a.shape for a in arrays)
        sizes = self._known.get(shapes)
        if sizes is None:
            if len(self._known) >= MAX_SHAPES:
                self._known = {}
            sizes = self._known[shapes] = bind_symbols(self.name, self._driver.symbols, self._ports, arrays)
        call = Call(values, sizes, len(self._driver.registers), timeout, self._memory)
        for (_, register), value in zip(self._driver.inputs, values, strict=True):
            call.registers[register] = value
        return call

    def steps(self, call: Call) -> Iterator[int]:
        """Run a call, and give the position of each instruction before it is done.

        Raises `WeftError` with the place in the source.
        """
        at, steps = 0, self._steps
        while at != END:
            yield at
            try:
                at = steps[at](call)
            except WeftError as error:
                raise self._located(error, at, call.timeout) from error

    def describe(self, at: int) -> tuple[str, str, str]:
        """An instruction: its mnemonic, the function that it calls, its place in the source."""
        i = self._driver.code[at]
        match i:
            case isa.Invoke(function, _, _):
                what = self._model.functions[function].name
            case isa.HostValue(call, _, _):
                what = self._model.host_calls[call][0]
            case _:
                what = i.mnemonic
        return i.mnemonic, what, str(self._model.loc(self._driver, at))

    def _run(self, args: Sequence[Any], timeout: float | None) -> list[Any]:
        call = self.start(args, timeout)
        if self._driver.devices:
            return self._conduct(call)
        for _ in self.steps(call):
            pass
        return self._leave(call)

    def _conduct(self, call: Call) -> list[Any]:
        """Run a call that spans devices. When it ends, however it does, nothing of it is under way, and devices hold nothing for it."""
        task = call.task
        try:
            for _ in self.steps(call):
                if task.failure is not None:
                    raise Cancelled
            settle(call, [r for _, r in self._driver.outputs])
            results = self._leave(call)
            task.finish()
        except Cancelled:
            pass
        except BaseException as error:
            task.cancel(error, END)
            raise
        else:
            if task.failure is None:
                return results
        finally:
            task.finish()
            call.registers.clear()
        assert task.failure is not None
        error, at = task.failure
        raise self._located(error, at, call.timeout) if isinstance(error, WeftError) else error

    def _located(self, error: WeftError, at: int, timeout: float | None) -> WeftError:
        loc = self._model.loc(self._driver, at)
        if error.code == "run.timeout":
            return fail("run.timeout", f"{self.name} did not end within {timeout} s", loc=error.diagnostics[0].loc or loc)
        return error.at(loc)

    # -- results --------------------------------------------------------------------------------------------------------------

    def _leave(self, call: Call) -> list[Any]:
        """The results as values that nothing else holds."""
        found = [call.registers[r] for _, r in self._driver.outputs]
        self._results.check(found, call.sizes, lambda n: f"output {self.signature.outputs[n].name!r} of {self.name}")
        taken: set[int] = set()
        results = [_own(value, call, taken) for value in found]
        for i, o in self._driver.aliases:
            donated = call.inputs[i]
            if donated.flags.writeable and donated.shape == results[o].shape:
                donated[...] = results[o]
                results[o] = donated
        return results


def _port(name: str, t: ArrayType) -> Port:
    return Port(name, Type(t.dtype, t.shape))


def _own(value: Any, call: Call, taken: set[int]) -> Any:
    """`value` with copies of the arrays in it that are the caller's, constants, or in another result already."""
    match value:
        case np.ndarray():
            if call.is_given(value) or id(value) in taken or not value.flags.owndata:
                call.reserve(value.nbytes)
                return value.copy()
            taken.add(id(value))
            return value
        case list():
            return [_own(v, call, taken) for v in value]
        case dict():
            return {k: _own(v, call, taken) for k, v in value.items()}
        case _:
            return value
