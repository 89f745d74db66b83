"""Compiled objects on disk, so that a model that was compiled once compiles again at once.

The folder is `$XDG_CACHE_HOME/weft/objects` (`~/.cache` if that is not set); `WEFT_CACHE=0` turns the cache off. Any number of processes
may read and write: an entry appears whole or not at all, and one that was damaged counts as absent.
"""

import hashlib
import os
import tempfile
import time
from functools import cache
from pathlib import Path

LIMIT_BYTES = 256 << 20
_SWEEPS_PER_LIMIT = 8  # a process sweeps when it alone has added this fraction of the limit …
_SECONDS_PER_SWEEP = 600.0  # … and at its first entry, if no process has for so long
_MARK = "swept"
_DIGEST = 32


class ObjectCache:
    """Byte strings by key, about `limit` bytes in all at most; the least recently used go first.

    Trouble with the disk is never an error: what cannot be stored is compiled again.
    """

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit = limit
        self._added: int | None = None  # bytes since the last sweep that this process knows of

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, data = stored[:_DIGEST], stored[_DIGEST:]
        return data if hashlib.sha256(data).digest() == digest else None

    def put(self, key: str, data: bytes) -> None:
        """Keeps `data` under `key`."""
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(data).digest() + data)
                os.replace(name, path)
            except OSError:
                os.unlink(name)
                raise
        except OSError:
            return
        if self._added is None:
            self._added = self.limit if self._is_stale() else 0
        self._added += len(data)
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
            path.unlink(missing_ok=True)
            total -= size

    def _is_stale(self) -> bool:
        """Whether nobody has swept for long."""
        try:
            return time.time() - (self.folder / _MARK).stat().st_mtime > _SECONDS_PER_SWEEP
        except OSError:
            return True

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]


def default_cache() -> ObjectCache | None:
    """The user's cache, or None if `WEFT_CACHE=0`."""
    if os.environ.get("WEFT_CACHE", "") == "0":
        return None
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return _opened(Path(root) / "weft" / "objects")


@cache
def _opened(folder: Path) -> ObjectCache:
    """One cache object per folder and process: it counts what the process adds."""
    return ObjectCache(folder)
