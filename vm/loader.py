"""`VM` and `LoadedProgram`: from a `.weftx` file, or a `Program` in memory, to callable functions.

    vm = VM(threads=2)
    program = vm.load("model.weftx")
    main = program["main"]

What a valid program is stands in `proto/program.proto`. Loading, in order: parse `program.pb` and check its version; decode it; take
the best image for this CPU (`cpu.choose`); verify everything (`verifier`); check that the constants lie inside the weights; map the
code; plan the functions that have no symbols, which checks their sizes. The file's own digests were checked when it was opened.
Nothing of the program has run until then. A program is code, to be trusted like a shared library: these checks find mistakes and
damage, not malice.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..proto.artifact import Program
from ..proto.errors import Loc, WeftError, fail
from . import cpu, model
from .function import Function
from .image import Image
from .model import Model
from .pool import cpu_count, memory_limit
from .verifier import verify, verify_image

if TYPE_CHECKING:
    from .driver import DriverFunction

ALIGN = 64


class LoadedProgram:
    """The functions of a program, by name. They, and the code and constants under them, live as long as anything refers to them."""

    def __init__(self, functions: "Mapping[str, Function | DriverFunction]", decoded: Model, level: str) -> None:
        self._functions = functions
        self._model = decoded
        self.level = level
        """the CPU level of the code that runs"""

    def __getitem__(self, name: str) -> "Function | DriverFunction":
        """The function `name`. Raises `WeftError` (`program.no_function`) that lists the ones there are."""
        try:
            return self._functions[name]
        except KeyError:
            names = ", ".join(self._functions) or "none"
            raise fail("program.no_function", f"the program has no function {name!r}", help=f"its functions are: {names}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def disassemble(self) -> str:
        """The program as text: signatures, buffers, instructions with the kernels they run, and where they come from."""
        from .disassembler import disassemble  # for people who look inside, not for every start

        return disassemble(self._model)


class VM:
    """Loads programs and runs them on up to `threads` CPUs at a time per call, the caller's thread included.

    Default: as many as this process may use. The worker threads belong to the process: several VMs share them.

    `memory` limits what one call may take in bytes, besides inputs and constants; a call that needs more is a `WeftError`
    (`run.memory`). Default: three quarters of the machine's, or of the control group's. Sizes may come from data, so this is what
    keeps an input from taking all there is. `device_memory` limits what a program may have on other devices, constants included:
    `{"sim:1": 1 << 30}`.
    """

    def __init__(self, threads: int | None = None, memory: int | None = None, device_memory: Mapping[str, int] | None = None) -> None:
        if threads is not None and threads < 1:
            raise ValueError(f"a VM needs at least one thread, not {threads}")
        if memory is not None and memory < 0:
            raise ValueError(f"a VM cannot use {memory} bytes")
        self.threads = cpu_count() if threads is None else threads
        self.memory = memory_limit() if memory is None else memory
        self.device_memory = dict(device_memory or {})

    def load(self, program: str | os.PathLike[str] | Program, *, verify_weights: bool = False) -> LoadedProgram:
        """Load a file or a program in memory. Weights are compared with their digest only if asked: that reads all of them.

        Raises `WeftError`: `container.*` for a damaged file, `program.*`, `isa.*` and `host.*` for an invalid program, `cpu.*` if
        this machine cannot run it.
        """
        if isinstance(program, Program):
            return self._load(program, verify_weights)
        with Program.open(program) as opened:
            try:
                return self._load(opened, verify_weights)
            except WeftError as error:
                raise error.at(Loc(os.fspath(program))) from None

    def _load(self, program: Program, verify_weights: bool) -> LoadedProgram:
        if verify_weights:
            program.verify()
        message = model.parse(program.pb)
        decoded = model.decode(message)
        if not message.images:
            raise fail("program.image", "the program holds no code")
        chosen = cpu.choose(message.images)
        if chosen.level not in program.code:
            raise fail("program.image", f"the code for {chosen.level} is missing")
        code = program.code[chosen.level]
        verify_image(chosen, len(code.data), len(decoded.kernels))
        verify(decoded)
        constants = _constants(decoded, program)
        image = Image(chosen.level, code, chosen.runtime, chosen.kernel_offsets)
        functions = self._functions(decoded, image, constants)
        return LoadedProgram(functions, decoded, chosen.level)

    def _functions(self, decoded: Model, image: Image, constants: Sequence[np.ndarray]) -> "dict[str, Function | DriverFunction]":
        """The public functions by name."""
        if decoded.drivers or len(decoded.devices) > 1:
            return self._driven(decoded, image, constants)
        native = [Function(decoded, f, image, constants, self.threads, self.memory) for f in decoded.functions]
        return {f.name: loaded for f, loaded in zip(decoded.functions, native, strict=True) if not f.private}

    def _driven(self, decoded: Model, image: Image, constants: Sequence[np.ndarray]) -> "dict[str, Function | DriverFunction]":
        """The same of a program with drivers, or for several devices."""
        # Few programs have these, and to import them would be a tenth of a start.
        from .devices import DeviceFunction, open_devices
        from .driver import DriverFunction

        devices = open_devices(decoded.devices, self.device_memory, self.threads)
        native: list[Function | DeviceFunction] = []
        functions: dict[str, Function | DriverFunction] = {}
        for f in decoded.functions:
            device = devices[f.device]
            if device is None:
                native.append(Function(decoded, f, image, constants, self.threads, self.memory))
            else:
                native.append(device.load(decoded, f, image, constants))
            if isinstance(native[-1], Function) and not f.private:
                functions[f.name] = native[-1]
        return functions | {d.name: DriverFunction(decoded, d, native, constants, self.memory, devices) for d in decoded.drivers}


def _constants(decoded: Model, program: Program) -> Sequence[np.ndarray]:
    """The constants where they lie in the weights, never copied."""
    found: list[np.ndarray] = []
    for constant in decoded.constants:
        shape = tuple(d for d in constant.type.shape if isinstance(d, int))
        try:
            found.append(program.weights.view(constant.offset, constant.type.dtype.numpy, shape))
        except WeftError as error:
            raise error.at(Loc(), context=f"loading constant {constant.name!r}") from None
    return found
