"""`Runner`: how a function is run. It checks arguments, keeps plans and frames, and executes."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from threading import get_ident
from typing import Any

import numpy as np
from numpy import empty, may_share_memory, ndarray

from ..proto.errors import WeftError, fail
from . import fastcall, isa, model
from . import native_abi as abi
from .dims import evaluate
from .frame import Frame
from .image import Image
from .model import Model
from .plan import Plan, make_plan
from .pool import POOL
from .resume import Code
from .signature import bind_symbols, make_signature
from .watch import WATCH

MAX_PLANS = 32  # shapes a function remembers
MAX_VARIANTS = 16  # of these, the ones the fast call looks at
MAX_IDLE_BYTES = 256 << 20  # of frames for other shapes, kept by a function when it needs another frame
BRIEF_LAUNCHES, BRIEF_BYTES = 8, 16 << 10
# Kernels that take some nanoseconds per element: with the limits above a call takes microseconds.
_BRIEF_KINDS = frozenset(("map", "rows", "reduce"))
_DATA_OFFSET = fastcall.data_offset()

Shapes = tuple[tuple[int, ...], ...]


class Ready:
    """A plan, what it gives, the bytes that a call takes, and the frames made for it that are not in use."""

    __slots__ = ("free", "nbytes", "outputs", "plan", "shared", "variant")

    def __init__(self, plan: Plan, dtypes: Sequence[np.dtype], nbytes: int) -> None:
        self.plan = plan
        self.nbytes = nbytes
        self.outputs = tuple(zip(plan.outputs, dtypes, strict=True))
        self.shared = plan.shared
        self.free: list[Frame] = []
        self.variant: fastcall.Owner | None = None
        """what the fast call needs to know of it"""


class Runner:
    """Runs one function of a program. Any number of threads may use it at once."""

    def __init__(
        self, model: Model, function: model.Function, image: Image, constants: Sequence[np.ndarray], threads: int, memory: int
    ) -> None:
        self.signature = make_signature(function)
        self.code = Code(model, function, image, constants)
        self.threads = threads
        self.memory = memory
        """the bytes that a call may take"""
        self.plans: dict[Shapes, Ready] = {}
        self.variants: list[fastcall.Owner] = []
        """those that the fast call tries"""
        self._function = function
        self._run = image.run
        self._addresses = [c.__array_interface__["data"][0] for c in constants]
        self._dtypes = tuple(i.dtype for i in self.signature.inputs)
        self._single = len(self.signature.outputs) == 1
        ports = len(self.signature.inputs) + len(self.signature.outputs)
        self.fast = ports <= abi.CALL_PORTS and fastcall.api() is not None
        """whether there may be a fast call"""
        if not function.symbols:
            plan = make_plan(model, function, ())
            if self._nbytes(plan) <= memory:  # otherwise calls say so
                shapes = tuple(tuple(evaluate(d, ()) for d in i.shape) for i in self.signature.inputs)
                ready = self.plans[shapes] = self._ready(plan, shapes)
                self._publish(ready)

    def call(self, *args: Any, timeout: float | None = None, **named: Any) -> Any:
        """Run on `args` and return new arrays.

        Raises `WeftError`: `call.*` for wrong arguments, `run.timeout`, `run.kernel`, `run.memory`.
        """
        if named:
            args = self.signature.arrange(args, named)
        ready, arrays, results = self.prepare(args)
        if self._function.symbols:
            self._publish(ready)
        self._execute(ready, arrays, results, timeout)
        return results[0] if self._single else tuple(results)

    def run_into(self, inputs: Sequence[Any] | Mapping[str, Any], outputs: Sequence[np.ndarray], timeout: float | None) -> None:
        """Run and write the results to `outputs`."""
        args = self.signature.arrange((), inputs) if isinstance(inputs, Mapping) else tuple(inputs)
        arrays = self._arrays(args)
        ready = self.find(arrays)
        results = self.signature.check_outputs(outputs, ready.plan.outputs)
        if self._function.aliases or any(may_share_memory(a, r) for a in arrays for r in results):
            arrays = self._apart(arrays, results)
        self._execute(ready, arrays, results, timeout)

    def prepare(self, args: Sequence[Any]) -> tuple[Ready, Sequence[ndarray], list[ndarray]]:
        """The plan for `args`, these as arrays that kernels can read, and new arrays for the results."""
        arrays = self._arrays(args)
        ready = self.find(arrays)
        try:
            results = [empty(shape, dtype) for shape, dtype in ready.outputs]
        except (MemoryError, ValueError) as error:  # numpy's ValueError: no array can have so many elements
            raise self._too_much(ready.nbytes) from error
        return ready, self._donate(arrays, results) if self._function.aliases else arrays, results

    # -- arguments ------------------------------------------------------------------------------------------------------------

    def _arrays(self, args: Sequence[Any]) -> Sequence[ndarray]:
        """`args` themselves if all of them can be read as they are."""
        if len(args) == len(self._dtypes):
            for a, dtype in zip(args, self._dtypes, strict=True):
                if type(a) is not ndarray or a.dtype is not dtype or a.flags.num & abi.CALL_FLAGS != abi.CALL_FLAGS:
                    break
            else:
                return args
        return self.signature.convert(args)

    def _apart(self, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> Sequence[ndarray]:
        """Inputs that share no memory with outputs, but for donated ones: those are brought into their output and are it."""
        donated = dict(self._function.aliases)
        others = [a for i, a in enumerate(arrays) if i not in donated or a is not results[donated[i]]]
        if len(others) + len(donated) == len(arrays) and _are_apart([*others, *results]):
            return arrays
        apart: list[ndarray] = []
        for i, array in enumerate(arrays):
            others = [r for o, r in enumerate(results) if donated.get(i) != o]
            apart.append(array.copy() if any(may_share_memory(array, r) for r in others) else array)
        for i, o in donated.items():
            if apart[i] is not results[o]:
                results[o][...] = apart[i]
                apart[i] = results[o]
        return apart

    def _donate(self, arrays: Sequence[ndarray], results: list[ndarray]) -> Sequence[ndarray]:
        """Let aliased outputs be the arrays of their inputs, or copies of those that cannot be written."""
        for i, o in self._function.aliases:
            results[o] = arrays[i] if arrays[i].flags.writeable else arrays[i].copy()
        return self._apart(arrays, results)

    # -- plans and frames -----------------------------------------------------------------------------------------------------

    def find(self, arrays: Sequence[ndarray]) -> Ready:
        """The plan for the shapes of `arrays`. Raises `WeftError`: `call.*`, `program.*` where these do not fit, `run.memory`."""
        return self.plans.get(tuple([a.shape for a in arrays])) or self._plan_for(arrays)

    def _plan_for(self, arrays: Sequence[ndarray]) -> Ready:
        shapes, f = tuple(a.shape for a in arrays), self._function
        values = bind_symbols(f.name, f.symbols, f.inputs, arrays)
        self._check_memory(evaluate(f.arena, values) + self._result_bytes(values))  # before sizes meet other limits
        plan = make_plan(self.code.model, f, values)
        self._check_memory(self._nbytes(plan))
        ready = self._ready(plan, shapes)
        with POOL.lock:
            while len(self.plans) >= MAX_PLANS:
                old = self.plans.pop(next(iter(self.plans)))
                self.variants[:] = [v for v in self.variants if v is not old.variant]
            return self.plans.setdefault(shapes, ready)

    def _nbytes(self, plan: Plan) -> int:
        """The memory that a call takes: frame and results."""
        return plan.arena + plan.scratch * (self.threads if plan.shared else 1) + self._result_bytes(plan.values)

    def _result_bytes(self, values: Sequence[int]) -> int:
        return sum(port.type.nbytes(values) for port in self._function.outputs)

    def _check_memory(self, nbytes: int) -> None:
        if nbytes > self.memory:
            raise self._too_much(nbytes)

    def _too_much(self, nbytes: int) -> WeftError:
        return out_of_memory(f"{self.signature.name} needs {nbytes} bytes", self.memory)

    def _ready(self, plan: Plan, shapes: Shapes) -> Ready:
        ready = Ready(plan, [o.dtype for o in self.signature.outputs], self._nbytes(plan))
        if self.fast:
            ready.variant = fastcall.variant(
                tuple(zip(self._dtypes, shapes, strict=True)),
                tuple((dtype, shape) for shape, dtype in ready.outputs),
                ready.free,
                partial(_resume, self.code, ready.plan),
                aliases={o: i for i, o in self._function.aliases},
                as_tuple=not self._single,
                brief=_is_brief(self.code.model, ready.plan),
                state=POOL.state,
                workers=self.threads - 1 if ready.shared else 0,
            )
        return ready

    def _publish(self, ready: Ready) -> None:
        """Let the fast call take arguments of these shapes."""
        if ready.variant is not None and not any(v is ready.variant for v in self.variants):
            self.variants.insert(0, ready.variant)
            del self.variants[MAX_VARIANTS:]

    def new_frame(self, ready: Ready) -> Frame:
        """A frame for `ready`, for which those of other shapes may have to go."""
        with POOL.lock:
            idle = 0
            for other in [r for r in reversed(self.plans.values()) if r is not ready]:
                idle += sum(frame.nbytes for frame in other.free)
                if idle > MAX_IDLE_BYTES:
                    other.free.clear()
        threads = self.threads if ready.shared else 1
        try:
            return Frame(ready.plan, self.code.image, self._addresses, POOL.state, threads, _DATA_OFFSET)
        except MemoryError as error:
            raise self._too_much(ready.nbytes) from error

    def start(self, ready: Ready, frame: Frame, arrays: Sequence[ndarray], results: Sequence[ndarray]) -> None:
        """Have the workers that `ready` needs, and the frame at the beginning of a call."""
        if ready.shared and POOL.workers < self.threads - 1:
            POOL.ensure(self.threads - 1, self.code.image)
        if _DATA_OFFSET:
            frame.bind(*map(id, arrays), *map(id, results))
        else:
            frame.bind(*(a.__array_interface__["data"][0] for a in (*arrays, *results)))
        frame.pc.value = 0

    # -- execution ------------------------------------------------------------------------------------------------------------

    def _execute(self, ready: Ready, arrays: Sequence[ndarray], results: Sequence[ndarray], timeout: float | None) -> None:
        try:
            frame = ready.free.pop()
        except IndexError:
            frame = self.new_frame(ready)
        self.start(ready, frame, arrays, results)
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
                self.code.resume(frame, ready.plan, stop, arrays, results, timeout)
        finally:
            if main:
                WATCH.main = None
            if timeout is not None:
                WATCH.remove(frame)
        # A deadline that passed after the end of the call leaves a cancelled frame, of no use to the next one.
        if len(ready.free) < abi.CALL_FREE and (timeout is None or frame.cancelled != abi.CANCEL_STOP):
            ready.free.append(frame)


def _are_apart(arrays: Sequence[ndarray]) -> bool:
    """Whether no two of these, row-major, share memory."""
    spans = sorted((a.__array_interface__["data"][0], a.nbytes) for a in arrays if a.nbytes)
    return all(start + size <= following for (start, size), (following, _) in pairwise(spans))


def out_of_memory(fact: str, limit: int) -> WeftError:
    """The error for what takes more memory than there is."""
    way_out = "use smaller inputs, or allow more: VM(memory=…), weft run --memory"
    return fail("run.memory", f"{fact}, and a call may use {limit}", help=way_out)


def _resume(code: Code, plan: Plan, frame: Frame, stop: int, *arrays: ndarray) -> None:
    """End a fast call that stopped. `arrays` are its inputs and outputs. It must not refer to the runner, which keeps the variants."""
    inputs = len(code.function.inputs)
    main = get_ident() == WATCH.main_thread
    try:
        if main:
            WATCH.main = frame
            if WATCH.parked:
                WATCH.wake()
        code.resume(frame, plan, stop, arrays[:inputs], arrays[inputs:], None)
    finally:
        if main:
            WATCH.main = None


def _is_brief(model: Model, plan: Plan) -> bool:
    """Whether a call takes so little time that giving up the GIL is not worth while."""
    code, size = plan.function.code, sum(place.bytes for place in plan.places)
    if plan.shared or len(code) > BRIEF_LAUNCHES + 1 or size > BRIEF_BYTES:
        return False
    kinds = {model.kernels[i.kernel].kind for i in code if isinstance(i, isa.Launch)}
    return kinds <= _BRIEF_KINDS and all(isinstance(i, isa.Launch | isa.Copy | isa.Return) for i in code)
