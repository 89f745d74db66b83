"""Files that appear whole or not at all, and files mapped for reading."""

import mmap
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

from .errors import Loc, WeftError, fail
from .limits import DEFAULT, Limits

Path = str | os.PathLike[str]


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """A file to write that takes the place of `path`, synced, when the block ends without an exception, and otherwise leaves no trace.

    WeftError `file.write` if it cannot be written.
    """
    final = os.path.realpath(path)
    folder, name = os.path.split(final)
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, final)
        _sync_folder(folder)
    except OSError as e:
        raise fail("file.write", f"cannot write: {_reason(e)}", loc=Loc(os.fspath(path))) from e
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class MappedFile:
    """A regular file opened and mapped read-only. Closing it leaves views of `data` valid: the mapping lives as long as its last view.

    WeftError `file.read` if it cannot be opened or is no regular file, `file.size` if it is larger than the limit. A file that
    another process shortens meanwhile is beyond our reach.
    """

    fd = -1

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        self.loc = Loc(os.fspath(path))
        self._limits = limits
        try:
            # Without O_NONBLOCK a named pipe would hang here.
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self.data = self._map()
        except (OSError, ValueError) as e:
            self.close()
            raise self._unreadable(_reason(e)) from e

    def _map(self) -> memoryview:
        status = os.fstat(self.fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise self._unreadable("not a regular file")
        if status.st_size > self._limits.file_bytes:
            self.close()
            raise self._limits.exceeded("file_bytes", f"the file has {status.st_size} bytes", code="file.size", loc=self.loc)
        if status.st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(self.fd, status.st_size, access=mmap.ACCESS_READ))

    def _unreadable(self, why: str) -> WeftError:
        return fail("file.read", f"cannot read: {why}", loc=self.loc)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
