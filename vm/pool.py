"""The worker threads: one pool per process, shared by all programs, started when a launch first has something to share.

Workers are daemon Python threads parked in native code (`weft_worker`) with the GIL released. After a fork the child starts over with none.
"""

import atexit
import ctypes
import os
import threading
from pathlib import Path

from . import native_abi as abi
from .image import Image, allocate

SPIN = 4000  # pauses before a thread sleeps: some tens of microseconds


def cpu_count() -> int:
    """CPUs this process may use; the environment variable WEFT_THREADS overrides it."""
    asked = os.environ.get("WEFT_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else len(os.sched_getaffinity(0))


def memory_limit() -> int:
    """The bytes that one call may use unless a VM says otherwise: three quarters of what this machine, or its control group, has."""
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of version 2 and of version 1
        try:
            text = Path("/sys/fs/cgroup", name).read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            size = min(size, int(text))
    return size // 4 * 3


class Pool:
    """The native state and the threads that work in it."""

    def __init__(self) -> None:
        self.state = allocate(abi.STATE_BYTES)
        self.workers = 0
        self.reset()

    def ensure(self, workers: int, image: Image) -> None:
        """Have at least `workers` threads; new ones run `image`'s worker loop, which stays mapped for good."""
        if self.workers >= workers or self._closed:
            return
        with self.lock:
            while self.workers < workers:
                self.workers += 1  # first: whatever interrupts us, no two workers have one index
                self._start(self.workers, image)

    def _start(self, index: int, image: Image) -> None:
        self._images.append(image)
        thread = threading.Thread(target=image.worker, args=(self.state, index), name=f"weft-{index}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads; calls get along without
            return
        self._threads.append(thread)
        self._write(abi.STATE_WORKERS, len(self._threads))

    def close(self) -> None:
        """End the workers; later calls run without any."""
        with self.lock:
            self._closed = True
            if self._images:
                self._write(abi.STATE_WORKERS, 0)
                self._images[0].stop(self.state)
            for thread in self._threads:
                thread.join(timeout=1)

    def reset(self) -> None:
        """A state without workers, at the same address: in a forked child it is a copy that nobody else sees."""
        self.lock = threading.Lock()
        """held for changes of the pool, and of what functions remember; a forked child gets a new one"""
        self._threads: list[threading.Thread] = []
        self._images: list[Image] = []
        self._closed = False
        self.workers = 0
        ctypes.memset(self.state, 0, abi.STATE_BYTES)
        self._write(abi.STATE_VERSION, abi.RUNTIME_ABI)
        self._write(abi.STATE_SPIN, SPIN if cpu_count() > 1 else 0)
        self._write(abi.STATE_SYSCALL, ctypes.cast(ctypes.CDLL(None).syscall, ctypes.c_void_p).value or 0)

    def _write(self, offset: int, value: int) -> None:
        ctypes.c_int64.from_address(self.state + offset).value = value


POOL = Pool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.reset)
