"""Code images in memory: mapped read-execute from the file they are in, never writable and executable at once."""

import ctypes
import mmap
import os
import weakref
from collections.abc import Mapping, Sequence

from ..proto.artifact import CodeImage
from ..proto.errors import InternalError

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_MAP_FAILED = ctypes.c_void_p(-1).value

RUN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
WORKER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
STOP = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Image:
    """One mapped image: the addresses of its kernels and of its native runtime. Unmapped when nothing refers to it any more.

    `run`, `worker` and `stop` are the entry points of `native_abi`; calling them releases the GIL.
    """

    def __init__(self, level: str, code: CodeImage, runtime: Mapping[str, int], kernel_offsets: Sequence[int]) -> None:
        self.level = level
        self.base = _map(code)
        # At exit the mapping stays: a worker may still be parked in it while the interpreter goes away.
        weakref.finalize(self, _libc.munmap, self.base, len(code.data)).atexit = False
        self.kernels = tuple(self.base + offset for offset in kernel_offsets)
        self.run = RUN(self.base + runtime["weft_run"])
        self.worker = WORKER(self.base + runtime["weft_worker"])
        self.stop = STOP(self.base + runtime["weft_stop"])
        self.call_address = self.base + runtime["weft_call"]


def _map(code: CodeImage) -> int:
    if code.file is not None:
        return _map_file(*code.file, len(code.data))
    fd = os.memfd_create("weft", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(code.data)
        return _map_file(fd, 0, len(code.data))
    finally:
        os.close(fd)


def _map_file(fd: int, offset: int, size: int) -> int:
    address = _libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE, fd, offset)
    if address == _MAP_FAILED or address is None:
        raise InternalError(f"cannot map {size} bytes of code: {os.strerror(ctypes.get_errno())}")
    return address


def allocate(size: int) -> int:
    """The address of `size` zeroed bytes, page-aligned, that are never freed."""
    address = _libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if address == _MAP_FAILED or address is None:
        raise InternalError(f"cannot allocate {size} bytes: {os.strerror(ctypes.get_errno())}")
    return address
