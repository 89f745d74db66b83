"""`sim:N`: the CPU as a device with a memory of its own.

It runs the same kernels as the host, on copies: nothing here is ever an array of the host's or of another device. Two threads serve it,
one that runs functions and one that copies, as a GPU has streams. Its memory can be limited.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np

from ...proto.errors import fail
from .. import model
from ..function import Function
from ..image import Image
from ..model import Kind, Model
from .base import Cancelled, DeviceArray, HostArray, Task


class Memory:
    """The bytes of a device, counted."""

    def __init__(self, name: str, limit: int | None) -> None:
        self.name = name
        self.limit = limit
        self.used = 0
        self._lock = Lock()

    def take(self, nbytes: int, what: str) -> None:
        """Count bytes as used. Raises `WeftError` (`run.memory`) if there is no room for them."""
        with self._lock:
            if self.limit is not None and self.used + nbytes > self.limit:
                fact = f"{self.name} has no room for {what}: {nbytes} bytes, while {self.used} of {self.limit} are in use"
                way_out = "use smaller inputs or more devices, or allow more: VM(device_memory={…})"
                raise fail("run.memory", fact, help=way_out)
            self.used += nbytes

    def give_back(self, nbytes: int) -> None:
        """Count bytes as free again."""
        with self._lock:
            self.used -= nbytes


class Buffer:
    """An array in the memory of a simulated device. Its bytes are free again when nothing refers to it."""

    __slots__ = ("_memory", "array")

    def __init__(self, memory: Memory, array: np.ndarray) -> None:
        self.array = array
        self._memory = memory

    def __del__(self) -> None:
        self._memory.give_back(self.array.nbytes)


class SimDevice:
    """A simulated device. Threads of its own do what it is asked, and end with it."""

    def __init__(self, name: str, memory: int | None = None, threads: int = 1) -> None:
        self.name = name
        self.memory = Memory(name, memory)
        self.threads = threads
        self._compute = ThreadPoolExecutor(1, thread_name_prefix=f"weft-{name}")
        self._copies = ThreadPoolExecutor(1, thread_name_prefix=f"weft-{name}-copy")
        self._constants: dict[int, np.ndarray] = {}

    def load(self, decoded: Model, function: model.Function, image: Image, constants: Sequence[np.ndarray]) -> "SimFunction":
        """Make a function ready, its constants in the memory of the device. Raises `WeftError` (`run.memory`) if there is no room."""
        needed = {b.index for b in function.buffers if b.kind is Kind.CONSTANT}
        for n in sorted(needed - self._constants.keys()):
            self.memory.take(constants[n].nbytes, f"constant {decoded.constants[n].name!r}")
            self._constants[n] = np.array(constants[n], order="C")
        own = [self._constants.get(n, c) for n, c in enumerate(constants)]
        limit = self.memory.limit
        return SimFunction(self, Function(decoded, function, image, own, self.threads, limit if limit is not None else 1 << 62))

    def receive(self, value: np.ndarray | HostArray | DeviceArray, task: Task, at: int) -> DeviceArray:
        """Copy an array of the host, or of another device, to this one."""
        source = None if isinstance(value, np.ndarray) else value.future

        def copy() -> tuple[Buffer]:
            return (self._copy(_elements(value)),)

        future = self._after(source, task.guarded(at, copy))
        found = DeviceArray(self, value.shape, value.dtype, future)
        task.add(future)
        task.moved(found.nbytes)
        return found

    def send(self, value: DeviceArray, task: Task, at: int) -> HostArray:
        """Copy an array of this device to the host."""
        future = self._after(value.future, task.guarded(at, lambda: self.read(value).copy()))
        task.add(future)
        task.moved(value.nbytes)
        return HostArray(value.shape, value.dtype, future)

    def read(self, value: DeviceArray) -> np.ndarray:
        """The elements of an array of this device, once they are there, to be copied at once."""
        buffer: Buffer = value.handle()
        return buffer.array

    def submit(self, operation: Callable[[], Any]) -> "Future[Any]":
        """Run an operation after those that were submitted before."""
        return self._compute.submit(operation)

    def keep(self, array: np.ndarray) -> Buffer:
        """A result, whose bytes have been counted, as an array of this device."""
        return Buffer(self.memory, array)

    def _copy(self, array: np.ndarray) -> Buffer:
        self.memory.take(array.nbytes, "an array that is transferred")
        return Buffer(self.memory, np.array(array, order="C"))

    def _after(self, source: "Future[Any] | None", operation: Callable[[], Any]) -> "Future[Any]":
        """Copy when the source is there; other copies do not wait for that."""
        if source is None or source.done():
            return self._copies.submit(operation)
        result: Future[Any] = Future()
        source.add_done_callback(lambda _: self._copies.submit(_settle, result, operation))
        return result


class SimFunction:
    """A native function of a simulated device."""

    def __init__(self, device: SimDevice, function: Function) -> None:
        self._device = device
        self._function = function

    def invoke(self, arrays: Sequence[DeviceArray], task: Task, at: int) -> list[DeviceArray]:
        """Have it run on arrays of its device for the instruction at a position; its results."""
        device, runner = self._device, self._function.runner
        ready = runner.find(arrays)  # type: ignore[arg-type]  # of which it reads shapes alone
        results = sum(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize for shape, dtype in ready.outputs)

        def run() -> list[Buffer]:
            inputs = [a.handle().array for a in arrays]
            device.memory.take(ready.nbytes, f"a call of {self._function.name!r}")
            try:
                found = runner.call(*inputs, timeout=task.remaining())
            except BaseException:
                device.memory.give_back(results)
                raise
            finally:
                device.memory.give_back(ready.nbytes - results)
            return [device.keep(a) for a in (found if isinstance(found, tuple) else (found,))]

        future = device.submit(task.guarded(at, run))
        task.add(future)
        return [DeviceArray(device, shape, dtype, future, n) for n, (shape, dtype) in enumerate(ready.outputs)]


def _elements(value: np.ndarray | HostArray | DeviceArray) -> np.ndarray:
    match value:
        case np.ndarray():
            return value
        case HostArray():
            return value.result()
        case DeviceArray():
            return value.device.read(value)


def _settle(result: "Future[Any]", operation: Callable[[], Any]) -> None:
    try:
        result.set_result(operation())
    except Cancelled as error:
        result.set_exception(error)
