"""What was compiled, on disk, so that a model that was compiled once compiles again at once.

The folder is `$XDG_CACHE_HOME/weft` (`~/.cache` if that is not set), with `objects` of single kernels and `programs` (`program_cache`)
below it; `WEFT_CACHE=0` turns both off. Any number of processes may read and write: an entry appears whole or not at all, and one
that was damaged counts as absent.
"""

import hashlib
import mmap
import os
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ...proto.container import Buffer

OBJECT_BYTES = 256 << 20
_SWEEPS_PER_LIMIT = 8  # a process sweeps when it alone has added this fraction of the limit …
_SECONDS_PER_SWEEP = 600.0  # … and at its first entry, if no process has for so long
_MARK = "swept"
_DIGEST = 32


class DiskCache:
    """Files by key, about `limit` bytes in all at most; the least recently used go first.

    Trouble with the disk is never an error: what cannot be stored is made again.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._added: int | None = None  # bytes since the last sweep that this process knows of

    def read(self, key: str) -> bytes | None:
        """What was written under `key`, unchecked, or None."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return stored

    def map(self, key: str) -> memoryview | None:
        """The same without reading it: a read-only mapping, which outlives the file."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            os.utime(path)
        except (OSError, ValueError):  # ValueError: an empty file
            return None
        return memoryview(mapped)

    def write(self, key: str, pieces: Iterable[Buffer]) -> None:
        """Keep the pieces, one after the other, under `key`."""
        path, size = self._path(key), 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    for piece in pieces:
                        file.write(piece)
                        size += memoryview(piece).nbytes
                os.replace(name, path)
            except OSError:
                os.unlink(name)
                raise
        except OSError:
            return
        if self._added is None:
            self._added = self.limit if self._is_stale() else 0
        self._added += size
        if self._added * _SWEEPS_PER_LIMIT >= self.limit:
            self.sweep()

    def sweep(self) -> None:
        """Deletes the least recently used entries beyond the limit, and what interrupted writers left.

        This reads the whole folder, which holds tens of thousands of entries if kernels are small.
        """
        self._added = 0
        try:
            (self.folder / _MARK).touch()
        except OSError:
            return
        entries: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*/*"):
            try:
                status = path.stat()
            except OSError:
                continue
            entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit:
                break
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue
            total -= size

    def _is_stale(self) -> bool:
        """Whether nobody has swept for long."""
        try:
            return time.time() - (self.folder / _MARK).stat().st_mtime > _SECONDS_PER_SWEEP
        except OSError:
            return True

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]


class ObjectCache(DiskCache):
    """Byte strings by key, each with its digest."""

    def __init__(self, folder: Path, limit: int = OBJECT_BYTES) -> None:
        super().__init__(folder, limit)

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""
        stored = self.read(key)
        if stored is None or hashlib.sha256(stored[_DIGEST:]).digest() != stored[:_DIGEST]:
            return None
        return stored[_DIGEST:]

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`."""
        self.write(key, (hashlib.sha256(data).digest(), data))


def cache_folder() -> Path | None:
    """The user's folder for what weft keeps, or None if `WEFT_CACHE=0`."""
    if os.environ.get("WEFT_CACHE", "") == "0":
        return None
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "weft"


def default_cache() -> ObjectCache | None:
    """The user's cache of objects, or None if `WEFT_CACHE=0`."""
    folder = cache_folder()
    return None if folder is None else _opened(folder / "objects")


@cache
def _opened(folder: Path) -> ObjectCache:
    """One cache object per folder and process: it counts what the process adds."""
    return ObjectCache(folder)
