"""The container of `.weft` and `.weftx`: a zip file whose members are stored, aligned and digested.

Ordinary zip tools can list and unpack it. `manifest.json` comes last and holds the format, its version, and size and SHA-256 of every
other member. Members that are mapped begin at a multiple of the page size, so their bytes are used where they lie in the file.
"""

import hashlib
import json
import mmap
import os
import stat
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from .errors import Loc, WeftError, fail
from .zip64 import MAX_MEMBERS, Entry, directory, entries_of, is_name, local_header

PAGE = 4096
VERSION = 1
MANIFEST = "manifest.json"
METADATA_LIMIT = 64 << 20  # a graph of 300 000 nodes; more would let a small file ask for gigabytes once decoded
_MANIFEST_LIMIT = 1 << 20
_CHUNK = 1 << 20

Buffer = bytes | memoryview | np.ndarray


@dataclass(frozen=True, slots=True)
class _Listed:
    size: int
    sha256: str


class Writer:
    """Writes a container beside its final place and moves it there, synced, when the `with` block ends without an exception.

        with Writer("model.weft", "weft") as w:
            w.add("graph.pb", [data])
            w.add("weights.bin", chunks, align=PAGE)

    WeftError `container.write` if the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], format: str) -> None:
        self._path = os.path.realpath(path)
        self._format = format
        self._entries: list[Entry] = []
        self._listed: dict[str, _Listed] = {}
        folder, name = os.path.split(self._path)
        self._temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")

    def __enter__(self) -> Self:
        try:
            self._file = open(self._temporary, "xb")  # noqa: SIM115 (closed by __exit__)
        except OSError as e:
            raise self._failed(e) from e
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            with self._file:
                if kind is None:
                    self._finish()
            if kind is None:
                os.replace(self._temporary, self._path)
                _sync_folder(os.path.dirname(self._path))
        except OSError as e:
            raise self._failed(e) from e
        finally:
            if os.path.lexists(self._temporary):
                os.unlink(self._temporary)

    def add(self, name: str, chunks: Iterable[Buffer], *, align: int = 64) -> None:
        """Write one member, its bytes given in pieces, beginning at a multiple of `align` (at most `PAGE`)."""
        if not is_name(name) or name in self._listed or len(self._listed) >= MAX_MEMBERS - 1:
            raise ValueError(f"cannot add a member {name!r}")
        try:
            self._add(name, chunks, align)
        except OSError as e:
            raise self._failed(e) from e

    def _add(self, name: str, chunks: Iterable[Buffer], align: int) -> None:
        header = self._file.tell()
        self._file.write(local_header(name, header, align))
        start = self._file.tell()
        crc, digest = 0, hashlib.sha256()
        for chunk in chunks:
            whole = memoryview(chunk).cast("B")
            for at in range(0, len(whole), _CHUNK):
                piece = whole[at : at + _CHUNK]
                crc = zlib.crc32(piece, crc)
                digest.update(piece)
                self._write(piece)
        end = self._file.tell()
        self._file.seek(header)
        self._file.write(local_header(name, header, align, end - start, crc))
        self._file.seek(end)
        self._entries.append(Entry(name, header, start, end - start, crc))
        self._listed[name] = _Listed(end - start, digest.hexdigest())

    def _write(self, piece: memoryview) -> None:
        """Write a piece; a whole chunk of zeros becomes a hole in the file."""
        if len(piece) == _CHUNK and not np.frombuffer(piece, np.uint64).any():
            self._file.seek(_CHUNK, os.SEEK_CUR)
        else:
            self._file.write(piece)

    def _finish(self) -> None:
        members = {name: {"size": m.size, "sha256": m.sha256} for name, m in self._listed.items()}
        manifest = {"format": self._format, "version": VERSION, "members": members}
        self._add(MANIFEST, [json.dumps(manifest, indent=1).encode()], 64)
        self._file.write(directory(self._entries, self._file.tell()))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _failed(self, error: OSError) -> WeftError:
        return fail("container.write", f"cannot write: {error.strerror or error}", loc=Loc(self._path))


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Container:
    """A container opened for reading, mapped into memory; closing it leaves views that were taken valid.

    WeftError `container.open`, `.magic`, `.truncated`, `.directory`, `.overlap`, `.manifest`, `.format`, `.version`, `.missing`,
    `.size`, `.digest` and those of `zip64.entries_of`. A file that another process shortens while it is mapped is beyond this check.
    """

    _fd = -1

    def __init__(self, path: str | os.PathLike[str], format: str) -> None:
        self.loc = Loc(os.fspath(path))
        self._fd = _open_regular(path, self.loc)
        try:
            size = os.fstat(self._fd).st_size
            if size == 0:
                raise fail("container.magic", "the file is empty", loc=self.loc)
            self._map = mmap.mmap(self._fd, size, access=mmap.ACCESS_READ)
            self._data = memoryview(self._map)
            self._entries = entries_of(self._data, self.loc)
            self._listed = self._manifest(format)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The mapping lives as long as its last view."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def names(self) -> tuple[str, ...]:
        """The members, without the manifest."""
        return tuple(self._listed)

    def view(self, name: str) -> memoryview:
        """The bytes of a member where they lie in the file, read-only and unchecked."""
        entry = self._entry(name)
        return self._data[entry.start : entry.end]

    def verify(self, name: str) -> None:
        """Compare a member with its digest; WeftError `container.digest`."""
        if hashlib.sha256(self.view(name)).hexdigest() != self._listed[name].sha256:
            raise fail("container.digest", f"member {name!r} is damaged: its SHA-256 differs from the manifest's", loc=self.loc)

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        """A verified copy of a member of at most `limit` bytes; WeftError `container.size`."""
        view = self.view(name)
        if len(view) > limit:
            raise fail("container.size", f"member {name!r} has {len(view)} bytes, more than {limit}", loc=self.loc)
        self.verify(name)
        return bytes(view)

    def place(self, name: str) -> tuple[int, int]:
        """(file descriptor, offset) to map a member from; the descriptor is the container's and closes with it."""
        return self._fd, self._entry(name).start

    def _entry(self, name: str) -> Entry:
        if name not in self._listed:
            raise fail("container.missing", f"the file has no member {name!r}", loc=self.loc)
        return self._entries[name]

    def _manifest(self, format: str) -> dict[str, _Listed]:
        entry = self._entries.get(MANIFEST)
        if entry is None or entry.size > _MANIFEST_LIMIT:
            raise fail("container.manifest", f"a zip file, but not weft's: no {MANIFEST}", loc=self.loc)
        raw = bytes(self._data[entry.start : entry.end])
        if zlib.crc32(raw) != entry.crc:
            raise fail("container.digest", f"member {MANIFEST!r} is damaged", loc=self.loc)
        found, version, listed = _parse_manifest(raw, self.loc)
        if found != format:
            raise fail("container.format", f"a {found!r} file, not a {format!r} file", loc=self.loc)
        if version > VERSION:
            why = f"container version {version}; this weft reads up to {VERSION}"
            raise fail("container.version", why, loc=self.loc, help="upgrade weft")
        sizes = {name: e.size for name, e in self._entries.items() if name != MANIFEST}
        if sizes != {name: m.size for name, m in listed.items()}:
            raise fail("container.manifest", "the manifest and the directory list different members", loc=self.loc)
        return listed


def _open_regular(path: str | os.PathLike[str], loc: Loc) -> int:
    try:
        # Without O_NONBLOCK a named pipe would hang here.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as e:
        raise fail("container.open", f"cannot open: {getattr(e, 'strerror', None) or e}", loc=loc) from e
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise fail("container.open", "not a regular file", loc=loc)


def _parse_manifest(raw: bytes, loc: Loc) -> tuple[str, int, dict[str, _Listed]]:
    try:
        match json.loads(raw):
            case {"format": str(format), "version": int(version), "members": dict(members)}:
                return format, version, {str(name): _listed(member) for name, member in members.items()}
            case _:
                raise ValueError("format, version or members missing")
    except (ValueError, RecursionError) as e:
        raise fail("container.manifest", f"{MANIFEST} is damaged: {e}", loc=loc) from e


def _listed(member: object) -> _Listed:
    match member:
        case {"size": int(size), "sha256": str(sha256)}:
            return _Listed(size, sha256)
        case _:
            raise ValueError("a member without size and sha256")
