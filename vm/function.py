"""`Function`: a function of a loaded program as a Python callable on numpy arrays."""

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import numpy as np
from numpy import empty, may_share_memory, ndarray

from ..proto.errors import InternalError, fail
from . import host, isa, model
from . import native_abi as abi
from .dims import evaluate
from .frame import Frame
from .image import Image
from .model import Kind, Model
from .plan import Plan, make_plan
from .pool import POOL
from .signature import bind_symbols, make_signature
from .watch import WATCH

MAX_PLANS = 32  # shapes a function remembers
MAX_FREE = 16  # frames kept for reuse, per plan
MAX_IDLE_BYTES = 256 << 20  # of frames for other shapes, kept by a function when it needs another frame
_CONTIGUOUS_ALIGNED = 0x0001 | 0x0100

Shapes = tuple[tuple[int, ...], ...]


class _Ready:
    """A plan, what it gives, and the frames made for it that are not in use."""

    __slots__ = ("free", "outputs", "plan", "shared")

    def __init__(self, plan: Plan, dtypes: Sequence[np.dtype]) -> None:
        self.plan = plan
        self.outputs = tuple(zip(plan.outputs, dtypes, strict=True))
        self.shared = plan.shared
        self.free: list[Frame] = []


class Function:
    """Call it with arrays by position or by name; the result is an array, or a tuple of them if there are several.

    Any number of threads may call it at once. Inputs are never written unless the signature says that they are donated; results
    are new arrays. `timeout` is in seconds.
    """

    def __init__(self, model: Model, function: model.Function, image: Image, constants: Sequence[np.ndarray], threads: int) -> None:
        self.signature = make_signature(function)
        self._model = model
        self._function = function
        self._image = image
        self._run = image.run
        self._constants = constants
        self._addresses = [c.__array_interface__["data"][0] for c in constants]
        self._threads = threads
        self._dtypes = tuple(i.dtype for i in self.signature.inputs)
        self._single = len(self.signature.outputs) == 1
        self._plans: dict[Shapes, _Ready] = {}
        if not function.symbols:
            shapes = tuple(tuple(evaluate(d, ()) for d in i.shape) for i in self.signature.inputs)
            self._plans[shapes] = self._ready(())

    @property
    def name(self) -> str:
        """The name of the function in the program."""
        return self._function.name

    def __repr__(self) -> str:
        return f"<weft function {self.signature}>"

    def __call__(self, *args: Any, timeout: float | None = None, **named: Any) -> Any:
        """Run on `args`. Raises `WeftError`: `call.*` for wrong arguments, `run.timeout`, `run.kernel`."""
        if named:
            args = self.signature.arrange(args, named)
        arrays = self._arrays(args)
        ready = self._plans.get(tuple([a.shape for a in arrays])) or self._plan_for(arrays)
        results = [empty(shape, dtype) for shape, dtype in ready.outputs]
        if self._function.aliases:
            arrays = self._donate(arrays, results)
        self._execute(ready, arrays, results, timeout)
        return results[0] if self._single else tuple(results)

    def run_into(self, inputs: Sequence[Any] | Mapping[str, Any], outputs: Sequence[np.ndarray], *, timeout: float | None = None) -> None:
        """Run and write the results to `outputs`, which must be row-major, of the exact dtype and shape.

        Nothing is allocated if the inputs need no conversion. An input that overlaps an output is copied first.
        """
        args = self.signature.arrange((), inputs) if isinstance(inputs, Mapping) else tuple(inputs)
        arrays = self._arrays(args)
        ready = self._plans.get(tuple([a.shape for a in arrays])) or self._plan_for(arrays)
        results = self.signature.check_outputs(outputs, ready.plan.outputs)
        if self._function.aliases or any(may_share_memory(a, r) for a in arrays for r in results):
            arrays = self._apart(arrays, results)
        self._execute(ready, arrays, results, timeout)

    def _apart(self, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> Sequence[ndarray]:
        """Inputs that share no memory with outputs, but for donated ones: those are brought into their output and are it."""
        donated = dict(self._function.aliases)
        apart: list[ndarray] = []
        for i, array in enumerate(arrays):
            others = [r for o, r in enumerate(results) if donated.get(i) != o]
            apart.append(array.copy() if any(may_share_memory(array, r) for r in others) else array)
        for i, o in donated.items():
            if apart[i] is not results[o]:
                results[o][...] = apart[i]
                apart[i] = results[o]
        return apart

    def _arrays(self, args: Sequence[Any]) -> Sequence[ndarray]:
        """`args` themselves if all of them can be read as they are."""
        if len(args) == len(self._dtypes):
            for a, dtype in zip(args, self._dtypes, strict=True):
                if type(a) is not ndarray or a.dtype is not dtype or a.flags.num & _CONTIGUOUS_ALIGNED != _CONTIGUOUS_ALIGNED:
                    break
            else:
                return args
        return self.signature.convert(args)

    def _plan_for(self, arrays: Sequence[ndarray]) -> _Ready:
        ready = self._ready(bind_symbols(self._function, arrays))
        with POOL.lock:
            while len(self._plans) >= MAX_PLANS:
                del self._plans[next(iter(self._plans))]
            return self._plans.setdefault(tuple(a.shape for a in arrays), ready)

    def _ready(self, values: tuple[int, ...]) -> _Ready:
        return _Ready(make_plan(self._model, self._function, values), [o.dtype for o in self.signature.outputs])

    def _frame(self, ready: _Ready) -> Frame:
        with POOL.lock:
            idle = 0
            for other in [r for r in reversed(self._plans.values()) if r is not ready]:
                idle += sum(frame.nbytes for frame in other.free)
                if idle > MAX_IDLE_BYTES:
                    other.free.clear()
        threads = self._threads if ready.shared else 1
        return Frame(ready.plan, self._image, self._addresses, POOL.state, threads, _DATA_OFFSET)

    def _donate(self, arrays: Sequence[ndarray], results: list[ndarray]) -> Sequence[ndarray]:
        """Let aliased outputs be the arrays of their inputs, or copies of those that cannot be written."""
        for i, o in self._function.aliases:
            results[o] = arrays[i] if arrays[i].flags.writeable else arrays[i].copy()
        return self._apart(arrays, results)

    def _execute(self, ready: _Ready, arrays: Sequence[ndarray], results: Sequence[ndarray], timeout: float | None) -> None:
        if ready.shared and POOL.workers < self._threads - 1:
            POOL.ensure(self._threads - 1, self._image)
        try:
            frame = ready.free.pop()
        except IndexError:
            frame = self._frame(ready)
        if _DATA_OFFSET:
            frame.bind(*map(id, arrays), *map(id, results))
        else:
            frame.bind(*(a.__array_interface__["data"][0] for a in (*arrays, *results)))
        frame.pc.value = 0
        if timeout is not None:
            WATCH.add(frame, timeout)
        main = get_ident() == WATCH.main_thread
        try:
            if main:
                WATCH.main = frame
                if WATCH.parked:
                    WATCH.wake()
            stop = self._run(frame.address)
            if stop:
                self._resume(frame, ready.plan, stop, arrays, results, timeout)
        finally:
            if main:
                WATCH.main = None
            if timeout is not None:
                WATCH.remove(frame)
        # A deadline that passed after the end of the call leaves a cancelled frame, of no use to the next one.
        if len(ready.free) < MAX_FREE and (timeout is None or frame.cancelled != abi.CANCEL_STOP):
            ready.free.append(frame)

    def stepping(self, args: Sequence[Any]) -> "Stepping":
        """A call on `args` to be run one instruction at a time."""
        arrays = self._arrays(args)
        ready = self._plans.get(tuple([a.shape for a in arrays])) or self._plan_for(arrays)
        results = [empty(shape, dtype) for shape, dtype in ready.outputs]
        if self._function.aliases:
            arrays = self._donate(arrays, results)
        if ready.shared:
            POOL.ensure(self._threads - 1, self._image)
        frame = self._frame(ready)
        if _DATA_OFFSET:
            frame.bind(*map(id, arrays), *map(id, results))
        else:
            frame.bind(*(a.__array_interface__["data"][0] for a in (*arrays, *results)))
        return Stepping(frame, self._run, self._model, self._function, (*arrays, *results))

    def _resume(
        self,
        frame: Frame,
        plan: Plan,
        stop: int,
        arrays: Sequence[ndarray],
        results: Sequence[ndarray],
        timeout: float | None,
    ) -> None:
        """Do what the native code stopped for and go on, to the end. A frame whose call failed is not used again."""
        while stop != abi.STOP_END:
            index = frame.pc.value - 1  # row 0 is no instruction
            match stop:
                case abi.STOP_HOST:
                    self._host_call(frame, plan, index, arrays, results)
                    frame.pc.value += 1
                case abi.STOP_CANCEL:
                    if WATCH.resume(frame) == abi.CANCEL_STOP:
                        raise fail("run.timeout", f"{self.name} did not end within {timeout} s", loc=self._model.loc(self._function, index))
                case abi.STOP_FAULT:
                    i = self._function.code[index]
                    kernel = self._model.kernels[i.kernel].name if isinstance(i, isa.Launch) else i.mnemonic
                    loc = self._model.loc(self._function, index)
                    raise fail("run.kernel", f"kernel {kernel!r} failed with status {frame.status}", loc=loc)
                case _:
                    raise InternalError(f"the native runtime stopped with {stop} at row {index + 1} of {self.name}")
            stop = self._run(frame.address)

    def _host_call(self, frame: Frame, plan: Plan, index: int, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> None:
        i = self._function.code[index]
        if not isinstance(i, isa.HostCall):
            raise InternalError(f"the native runtime stopped for a host call at {i}")
        name, text = self._model.host_calls[i.call]
        function = host.lookup(name)
        views = [self._view(frame, plan, b, arrays, results) for b in self._function.arg_lists[i.args].buffers]
        try:
            with np.errstate(all="ignore"):
                found = function.call(host.parse_attributes(text), *views[: function.operands])
        except (ValueError, TypeError, np.linalg.LinAlgError) as error:
            raise fail("run.host", f"host call {name!r} failed: {error}", loc=self._model.loc(self._function, index)) from error
        for view, result in zip(views[function.operands :], found, strict=True):
            view[...] = result

    def _view(self, frame: Frame, plan: Plan, buffer: int, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> ndarray:
        """A buffer of this call as an array."""
        place, type_ = plan.places[buffer], self._function.buffers[buffer].type
        if type_ is None:
            raise InternalError(f"buffer {buffer} has no type")
        match place.kind:
            case Kind.ARENA:
                memory = frame.arena
            case Kind.CONSTANT:
                memory = self._constants[place.index]
            case Kind.INPUT:
                memory = arrays[place.index]
            case _:
                memory = results[place.index]
        flat = memory.reshape(-1).view(np.uint8)[place.offset : place.offset + place.bytes]
        shape = tuple(d if isinstance(d, int) else d.evaluate(plan.values) for d in type_.shape)
        return flat.view(type_.dtype.numpy).reshape(shape)


@dataclass(frozen=True, slots=True)
class Stepping:
    """A call under way, with what describes its instructions. `keep` are the arrays its frame points into."""

    frame: Frame
    run: Callable[[int], int]
    model: Model
    function: model.Function
    keep: tuple[ndarray, ...]

    def step(self, row: int, following: Sequence[int]) -> int:
        """Run the row `row`, which goes on at one of `following`, and stop there; the row it stopped at."""
        with self.frame.ending(following):
            self.frame.pc.value = row
            stop = self.run(self.frame.address)
        if stop != abi.STOP_END:
            raise fail("run.kernel", f"instruction {row - 1} of {self.function.name} stopped with {stop}, status {self.frame.status}")
        return self.frame.pc.value


def _data_offset() -> int:
    """Where an ndarray object holds the address of its data: right after the object's head in CPython; 0 if that does not prove true."""
    offset = object.__basicsize__
    if sys.implementation.name != "cpython" or ndarray.__basicsize__ < offset + 8:
        return 0
    probes = (empty(3), empty((2, 5), np.int8), empty(100)[7:])
    same = all(ctypes.c_void_p.from_address(id(p) + offset).value == p.__array_interface__["data"][0] for p in probes)
    return offset if same else 0


_DATA_OFFSET = _data_offset()
