"""The thread that watches over calls: it ends those that are past their deadline and lets Python handle signals during long ones.

A native call cannot be interrupted from outside; it polls its frame's cancel word. Python delivers signals (KeyboardInterrupt) to
the main thread only while that executes Python, so every `TICK` seconds a call of the main thread is asked to come back between two
instructions, and then goes on.
"""

import ctypes
import os
import threading
import time
from typing import Protocol

from . import native_abi as abi
from .image import allocate

TICK = 0.05
PARK_AFTER = 20  # ticks without a call


class Cancellable(Protocol):
    """What a call runs in."""

    @property
    def cancelled(self) -> int:
        """The cancel word."""
        ...

    def cancel(self, how: int) -> None:
        """Write the cancel word; a request to yield does not overwrite one to stop."""


class Watch:
    """One thread per process, started on first use; only it writes cancel words other than 0."""

    def __init__(self) -> None:
        self.words = allocate(2 * 8)
        """the address of `main_thread` and `parked` for native code"""
        self._start(threading.main_thread().ident)

    def reset(self) -> None:
        """Start over without a thread in a forked child, whose main thread is the one that forked."""
        self._start(threading.get_ident())

    def _start(self, main_thread: int | None) -> None:
        self.main_thread = main_thread
        self.main: Cancellable | None = None
        """the frame the main thread is in"""
        ctypes.c_uint64.from_address(self.words).value = main_thread or 0
        self._park(True)
        self._condition = threading.Condition()
        self._deadlines: dict[Cancellable, float] = {}
        self._thread: threading.Thread | None = None

    def _park(self, parked: bool) -> None:
        self.parked = parked
        """whether nobody will look at `main` before `wake`"""
        ctypes.c_int64.from_address(self.words + 8).value = parked

    def wake(self) -> None:
        """Watch `main` from now on."""
        with self._condition:
            self._park(False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="weft-watch", daemon=True)
                self._thread.start()
            self._condition.notify()

    def add(self, frame: Cancellable, seconds: float) -> None:
        """Stop `frame` once `seconds` have passed, unless it is removed."""
        with self._condition:
            self._deadlines[frame] = time.monotonic() + seconds
        self.wake()

    def remove(self, frame: Cancellable) -> None:
        """The call in `frame` is over; its cancel word is not written any more."""
        with self._condition:
            self._deadlines.pop(frame, None)

    def resume(self, frame: Cancellable) -> int:
        """Why `frame` came back; unless it is to stop it can go on."""
        with self._condition:
            why = frame.cancelled
            if why != abi.CANCEL_STOP:
                frame.cancel(abi.CANCEL_NONE)
            return why

    def _loop(self) -> None:
        idle = 0
        with self._condition:
            while True:
                self._expire()
                frame = self.main
                idle = 0 if frame is not None or self._deadlines else idle + 1
                if frame is not None:
                    frame.cancel(abi.CANCEL_YIELD)
                if idle < PARK_AFTER:
                    self._condition.wait(self._pause())
                    continue
                self._park(True)
                if self.main is None:  # a call that came before `parked` was set did not wake us
                    self._condition.wait_for(lambda: not self.parked)
                self._park(False)
                idle = 0

    def _pause(self) -> float:
        first = min(self._deadlines.values(), default=time.monotonic() + TICK)
        return min(max(first - time.monotonic(), 0), TICK)

    def _expire(self) -> None:
        now = time.monotonic()
        for frame in [f for f, deadline in self._deadlines.items() if deadline <= now]:
            frame.cancel(abi.CANCEL_STOP)
            del self._deadlines[frame]


WATCH = Watch()
os.register_at_fork(after_in_child=WATCH.reset)
