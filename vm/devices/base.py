"""What a device can do: hold arrays, run native functions on them, and pass arrays to and from the host.

All of it is asynchronous. An operation is a `Task` of a call: it begins when what it reads is there, in the order in which the driver asked
for it on the device, and what it gives can be handed on at once. The first task that fails stops the call: tasks that have not begun are
dropped, and the driver raises the error with the place of the instruction.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Protocol

import numpy as np

from ...proto.errors import WeftError, fail
from .. import model
from ..image import Image
from ..model import Model

_PRUNE = 256  # operations of a call, after which those that have ended are forgotten


class Cancelled(Exception):
    """A task was not begun, because another one of the call failed."""


class Task:
    """What a call has under way on devices: its operations, the first failure, and how much time is left."""

    def __init__(self, deadline: float | None = None) -> None:
        self._deadline = deadline
        self._futures: list[Future[Any]] = []
        self._lock = Lock()
        self.failure: tuple[BaseException, int] | None = None
        """the first error and the position of its instruction"""
        self.transfers = 0
        self.transferred = 0
        """how often, and how many bytes in all, values went from one memory to another"""

    def add(self, future: "Future[Any]") -> None:
        """Note an operation to wait for."""
        self._futures.append(future)
        if len(self._futures) >= _PRUNE:
            self._futures = [f for f in self._futures if not f.done()]

    def moved(self, nbytes: int) -> None:
        """Count a transfer."""
        self.transfers += 1
        self.transferred += nbytes

    def guarded(self, at: int, operation: Callable[[], Any]) -> Callable[[], Any]:
        """`operation` of the instruction at a position: not begun after a failure, its own failure noted."""

        def run() -> Any:
            if self.failure is not None:
                raise Cancelled
            try:
                return operation()
            except Cancelled:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever it is, the call ends with it
                if isinstance(error, WeftError):
                    error.__traceback__ = None  # its frames hold arrays
                self.cancel(error, at)
                raise Cancelled from None

        return run

    def remaining(self) -> float | None:
        """The seconds that are left, None for any number. Raises `WeftError` (`run.timeout`) if none are."""
        if self._deadline is None:
            return None
        left = self._deadline - monotonic()
        if left <= 0:
            raise fail("run.timeout", "there is no time left")
        return left

    def cancel(self, error: BaseException, at: int) -> None:
        """Note a failure, unless there was one before: what has not begun is dropped."""
        with self._lock:
            self.failure = self.failure or (error, at)

    def finish(self) -> None:
        """Wait until nothing of the call is under way."""
        for future in self._futures:
            future.exception()
        self._futures = []


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """An array in the memory of a device, or on its way there: `future` gives what the device calls it by, `item` of several."""

    device: "Device"
    shape: tuple[int, ...]
    dtype: np.dtype
    future: "Future[Any]"
    item: int = 0

    @property
    def nbytes(self) -> int:
        """The bytes of its elements."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def handle(self) -> Any:
        """What the device calls it by, once it is there. Raises `Cancelled` if it will never be."""
        return self.future.result()[self.item]


@dataclass(frozen=True, slots=True)
class HostArray:
    """An array on its way to the host."""

    shape: tuple[int, ...]
    dtype: np.dtype
    future: "Future[np.ndarray]"

    def result(self) -> np.ndarray:
        """The array, once it is there. Raises `Cancelled` if it will never be."""
        return self.future.result()


class DeviceFunction(Protocol):
    """A native function on a device."""

    def invoke(self, arrays: Sequence[DeviceArray], task: Task, at: int) -> list[DeviceArray]:
        """Have it run on arrays of its device for the instruction at a position; its results.

        Raises `WeftError` for shapes that do not fit it.
        """
        ...


class Device(Protocol):
    """A device that is not the host."""

    name: str

    def load(self, decoded: Model, function: model.Function, image: Image, constants: Sequence[np.ndarray]) -> DeviceFunction:
        """Make a function ready, its constants in the memory of the device. Raises `WeftError` (`run.memory`) if there is no room."""
        ...

    def receive(self, value: "np.ndarray | HostArray | DeviceArray", task: Task, at: int) -> DeviceArray:
        """Copy an array of the host, or of another device, to this one."""
        ...

    def send(self, value: DeviceArray, task: Task, at: int) -> HostArray:
        """Copy an array of this device to the host."""
        ...

    def read(self, value: DeviceArray) -> np.ndarray:
        """The elements of an array of this device, once they are there, to be copied at once."""
        ...
