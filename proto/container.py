"""The container of `.weft` and `.weftx`: a zip file whose members are stored, aligned and digested.

Ordinary zip tools can list and unpack it. `manifest.json` comes last and holds the format, its version, and size and SHA-256 of every
other member. Members that are mapped begin at a multiple of the page size, so their bytes are used where they lie in the file.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from .errors import Loc, fail
from .files import MappedFile, Path, replacing
from .limits import DEFAULT, Limits
from .zip64 import MAX_MEMBERS, Entry, directory, entries_of, is_name, local_header

PAGE = 4096
VERSION = 1
MANIFEST = "manifest.json"
_MANIFEST_LIMIT = 1 << 20
_CHUNK = 1 << 20

Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the manifest says of a member."""

    size: int
    sha256: str


class Writer:
    """Writes the members of a container; made by `write_container`."""

    def __init__(self, file: BinaryIO, format: str) -> None:
        self._file = file
        self._format = format
        self._entries: list[Entry] = []
        self._listed: dict[str, _Listed] = {}

    def add(self, name: str, chunks: Iterable[Buffer], *, align: int = 64) -> None:
        """Write one member, its bytes given in pieces, beginning at a multiple of `align` (at most `PAGE`)."""
        if not is_name(name) or name in self._listed or len(self._listed) >= MAX_MEMBERS - 1:
            raise ValueError(f"cannot add a member {name!r}")
        header = self._file.tell()
        self._file.write(local_header(name, header, align))
        start = self._file.tell()
        crc, digest = 0, hashlib.sha256()
        for piece in _pieces(chunks):
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

    def finish(self) -> None:
        """Write the manifest and the directory."""
        members = {name: {"size": m.size, "sha256": m.sha256} for name, m in self._listed.items()}
        manifest = {"format": self._format, "version": VERSION, "members": members}
        self.add(MANIFEST, [json.dumps(manifest, indent=1).encode()])
        self._file.write(directory(self._entries, self._file.tell()))


@contextmanager
def write_container(path: Path, format: str) -> Generator[Writer]:
    """A writer for the members of a container that replaces `path` at once and whole when the block ends; WeftError `file.write`."""
    with replacing(path) as file:
        writer = Writer(file, format)
        yield writer
        writer.finish()


def _pieces(chunks: Iterable[Buffer]) -> Iterator[memoryview]:
    for chunk in chunks:
        whole = memoryview(chunk).cast("B")
        for at in range(0, len(whole), _CHUNK):
            yield whole[at : at + _CHUNK]


class Container:
    """A container opened for reading, mapped into memory; closing it leaves views that were taken valid.

    WeftError `file.read`, those of `zip64.entries_of`, and `container.manifest`, `.format`, `.version`, `.missing`, `.size`, `.digest`.
    """

    def __init__(self, path: Path, format: str, limits: Limits = DEFAULT) -> None:
        self._file = MappedFile(path, limits)
        self._limits = limits
        self.loc = self._file.loc
        self._entries = entries_of(self._file.data, self.loc)
        self._listed = self._manifest(format)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The mapping lives as long as its last view."""
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The members, without the manifest."""
        return tuple(self._listed)

    def view(self, name: str) -> memoryview:
        """The bytes of a member where they lie in the file, read-only and unchecked."""
        entry = self._entry(name)
        return self._file.data[entry.start : entry.end]

    def verify(self, name: str) -> None:
        """Compare a member with its digest; WeftError `container.digest`."""
        if hashlib.sha256(self.view(name)).hexdigest() != self._listed[name].sha256:
            raise fail("container.digest", f"member {name!r} is damaged: its SHA-256 differs from the manifest's", loc=self.loc)

    def read(self, name: str) -> bytes:
        """A verified copy of a member that holds metadata; WeftError `container.size`."""
        view = self.view(name)
        self._limits.check("metadata_bytes", len(view), f"member {name!r} has {len(view)} bytes", code="container.size", loc=self.loc)
        self.verify(name)
        return bytes(view)

    def place(self, name: str) -> tuple[int, int]:
        """(file descriptor, offset) to map a member from; the descriptor is the container's and closes with it."""
        return self._file.fd, self._entry(name).start

    def _entry(self, name: str) -> Entry:
        if name not in self._listed:
            raise fail("container.missing", f"the file has no member {name!r}", loc=self.loc)
        return self._entries[name]

    def _manifest(self, format: str) -> dict[str, _Listed]:
        entry = self._entries.get(MANIFEST)
        if entry is None or entry.size > _MANIFEST_LIMIT:
            raise fail("container.manifest", f"a zip file, but not weft's: no {MANIFEST}", loc=self.loc)
        raw = bytes(self._file.data[entry.start : entry.end])
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
