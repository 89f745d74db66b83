"""External data of an ONNX model: plain files of the model's own folder, opened once, checked, and mapped.

A model names its files, so the names are a stranger's. Each component is opened relative to the folder that was opened before it, without
following links, and everything is checked on the descriptor that is then mapped: nobody can change the file between check and use.
(ONNX, docs/ExternalData.md.)
"""

import hashlib
import mmap
import os
import re
import stat
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...proto.errors import Loc, WeftError, fail
from ...proto.limits import Limits

_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
# A named pipe would hang without O_NONBLOCK.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies: `length` is None if the model does not say it, `checksum` the SHA-1 of the whole file or empty."""

    location: str
    offset: int
    length: int | None
    checksum: str


def entry_of(pairs: Iterable[tuple[str, str]], name: str, loc: Loc) -> Entry:
    """What the `external_data` of the tensor `name` says; WeftError `onnx.external`. Keys that ONNX does not define are not looked at."""
    info: dict[str, str] = {}
    for key, value in pairs:
        if info.setdefault(key, value) != value:
            raise fail("onnx.external", f"`{name}` has two different entries `{key}` for its external data", loc=loc)
    numbers = [info.get(key, "") for key in ("offset", "length")]
    if any(n and not _NUMBER.fullmatch(n) for n in numbers):
        raise fail("onnx.external", f"offset or length of `{name}` is not a number", loc=loc)
    offset, length = (int(n) if n else None for n in numbers)
    return Entry(info.get("location", ""), offset or 0, length, info.get("checksum", "").lower())


class ExternalFiles:
    """The files beside a model, mapped on first use. `folder` is None for a model that does not come from a file."""

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._files: dict[str, np.ndarray] = {}
        self._digests: dict[str, str] = {}

    def bytes_of(self, entry: Entry, need: int, name: str, loc: Loc) -> np.ndarray:
        """The `need` bytes of the tensor `name`, a read-only view of the mapped file; WeftError `onnx.external`."""
        location = entry.location
        if location not in self._files:
            self._files[location] = self._map(location, name, loc)
        data = self._files[location]
        length = need if entry.length is None else entry.length
        if length != need or entry.offset + length > len(data):
            why = f"`{name}` needs {need} bytes at offset {entry.offset} of {location!r}, which has {len(data)}"
            raise fail("onnx.external", why + (f"; the model says {length}" if length != need else ""), loc=loc)
        if entry.checksum and entry.checksum != self._digest(location):
            raise fail("onnx.external", f"{location!r}, which holds `{name}`, is damaged: its SHA-1 differs from the model's", loc=loc)
        return data[entry.offset : entry.offset + length]

    def _digest(self, location: str) -> str:
        if location not in self._digests:
            self._digests[location] = hashlib.sha1(self._files[location].data, usedforsecurity=False).hexdigest()
        return self._digests[location]

    def _map(self, location: str, name: str, loc: Loc) -> np.ndarray:
        if self._folder is None:
            raise fail("onnx.external", f"`{name}` is stored in {location!r}, but the model was not read from a file", loc=loc)
        parts = [p for p in location.split("/") if p not in ("", ".")]
        if not parts or location.startswith("/") or ".." in parts or "\0" in location:
            raise fail("onnx.external", f"`{name}` is stored in {location!r}, outside the model's folder", loc=loc)
        try:
            with ExitStack() as stack:
                fd = _open_inside(self._folder, parts, stack)
                size = os.fstat(fd).st_size
                self._limits.check("file_bytes", size, f"{location!r} has {size} bytes", code="onnx.size", loc=loc)
                mapped = mmap.mmap(fd, size, access=mmap.ACCESS_READ) if size else b""
        except _NotPlain as error:
            help = "external data must be plain files of the model's folder: put a copy in the place of a link"
            raise fail("onnx.external", f"{location!r}, which holds `{name}`, {error}", loc=loc, help=help) from None
        except (OSError, ValueError) as error:
            raise _unreadable(location, name, error, loc) from error
        return np.frombuffer(mapped, np.uint8)


class _NotPlain(Exception):
    """What a name stands for is not a file that may be read."""


def _open_inside(folder: Path, parts: list[str], stack: ExitStack) -> int:
    """A descriptor of the plain file at `parts` below `folder`, closed with the stack; OSError, _NotPlain."""

    def opened(name: str | Path, flags: int, parent: int | None = None) -> int:
        fd = os.open(name, flags, dir_fd=parent)
        stack.callback(os.close, fd)
        return fd

    fd = opened(folder, _FOLDER)
    for part in parts[:-1]:
        _check(os.stat(part, dir_fd=fd, follow_symlinks=False), stat.S_ISDIR)
        fd = opened(part, _FOLDER | _SAFE, fd)
    # Opening a device can already do something, hence the look before; the look that counts is the one at the descriptor.
    _check(os.stat(parts[-1], dir_fd=fd, follow_symlinks=False), stat.S_ISREG)
    file = opened(parts[-1], os.O_RDONLY | _SAFE, fd)
    _check(os.fstat(file), stat.S_ISREG)
    return file


def _check(status: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise _NotPlain("is or lies behind a symbolic link")
    if not is_kind(status.st_mode):
        raise _NotPlain("is not a plain file")
    if stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
        raise _NotPlain(f"has {status.st_nlink} hard links: other names in other folders")


def _unreadable(location: str, name: str, error: OSError | ValueError, loc: Loc) -> WeftError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return fail("onnx.external", f"{location!r}, which holds `{name}`, cannot be read: {why}", loc=loc)
