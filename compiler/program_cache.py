"""Whole programs on disk: a model that was compiled before, with the same options, is a program again without any pass.

An entry holds the program's message, its code, and those of its constants that the compiler made (packed and folded weights). Constants
that are the module's own are not stored again: the entry says in which of its tensors they lie. The key digests everything a program
depends on: the graph, the contents of its weights, the options, and the sources of the compiler itself.
"""

import hashlib
import json
import os
import shutil
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from ..proto import container as proto_package
from ..proto.artifact import CodeImage, Program
from ..proto.container import Buffer
from ..proto.errors import WeftError
from ..proto.version import weft_version
from ..proto.weights import Weights
from ..vm import isa as vm_package
from .codegen.cache import DiskCache, cache_folder
from .codegen.llvm import toolchain
from .ir.graph import Module
from .serde.encode import Encoder

LIMIT_BYTES = 2 << 30
WORTH_SECONDS = 0.1  # what compiles faster is not kept
_LARGEST_SHARE = 2  # an entry takes this fraction of the limit at most …
_FREE_SHARE = 8  # … and this fraction of the space that is left on the disk
_ALIGN = 64
_HASHED_AT_ONCE = 16 << 20
_HEADER = struct.Struct("<8sQ32s")
_MAGIC = b"weftprog"


class ProgramCache:
    """Programs by module and options."""

    def __init__(self, store: DiskCache) -> None:
        self._store = store

    def entry(self, module: Module, options: str) -> "Entry | None":
        """The place of a module's program; `options` is a text of all that `compile` was asked for. None if it cannot be written down."""
        weights = Weights()
        try:
            message = Encoder(weights).module(module).SerializeToString(deterministic=True)
        except WeftError:
            return None
        tensors = [data for _, data in weights.items()]
        digest = hashlib.sha256(f"{_compiler_digest()}\n{options}\n".encode())
        digest.update(message)
        for part in _digests(tensors):
            digest.update(part)
        return Entry(self._store, digest.hexdigest(), tensors)


class Entry:
    """The place of one program in the cache. `tensors` are the contents of the module's large constants, in order."""

    def __init__(self, store: DiskCache, key: str, tensors: Sequence[np.ndarray]) -> None:
        self._store = store
        self._key = key
        self._tensors = tensors
        self._addresses = sorted((tensor.ctypes.data, number) for number, tensor in enumerate(tensors))

    def load(self) -> Program | None:
        """The program, its constants mapped; None if there is none, or it is damaged."""
        data = self._store.map(self._key)
        if data is None or len(data) < _HEADER.size:
            return None
        magic, length, digest = _HEADER.unpack_from(data)
        head = data[_HEADER.size : _HEADER.size + length]
        if magic != _MAGIC or hashlib.sha256(head).digest() != digest:
            return None
        return self._restored(_Reader(data, _aligned(_HEADER.size + length)), json.loads(bytes(head)))

    def _restored(self, reader: "_Reader", head: dict[str, list[list]]) -> Program | None:
        message = reader.piece(*head["message"][0])
        code = {str(level): reader.piece(*place) for level, *place in head["code"]}
        weights = Weights()
        for offset, tensor, at, size, check in head["weights"]:
            piece = self._tensors[tensor][at : at + size].data if tensor >= 0 else reader.piece(at, size, check)
            if piece is None or weights.add(np.frombuffer(piece, np.uint8)) != offset:
                return None
        if message is None or None in code.values():
            return None
        return Program(bytes(message), {level: CodeImage(image) for level, image in code.items() if image is not None}, weights)

    def store(self, program: Program) -> None:
        """Keep a program, if it is not too large for the cache or for the disk."""
        writer = _Pieces()
        message = writer.add(program.pb)
        code = [[level, *writer.add(image.data)] for level, image in program.code.items()]
        rows: list[list[int]] = []
        for offset, data in program.weights.items():
            place = self._place(data)
            rows.append([offset, *place, data.nbytes, 0] if place else [offset, -1, *writer.add(data.data)])
        head = json.dumps({"message": [message], "code": code, "weights": rows}).encode()
        if self._is_welcome(writer.size):
            self._store.write(self._key, _file(head, writer.pieces))

    def _place(self, data: np.ndarray) -> tuple[int, int] | None:
        """(tensor of the module, position in it) if the bytes lie there."""
        address = data.ctypes.data
        before = bisect_right(self._addresses, (address, len(self._tensors))) - 1
        if before < 0 or not data.nbytes:
            return None
        start, number = self._addresses[before]
        return (number, address - start) if address - start + data.nbytes <= self._tensors[number].nbytes else None

    def _is_welcome(self, size: int) -> bool:
        if size * _LARGEST_SHARE > self._store.limit:
            return False
        try:
            self._store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return size * _FREE_SHARE <= shutil.disk_usage(self._store.folder).free
        except OSError:
            return False


class _Pieces:
    """The pieces of an entry's body, each aligned, with their checksums."""

    def __init__(self) -> None:
        self.pieces: list[Buffer] = []
        self.size = 0

    def add(self, data: Buffer) -> tuple[int, int, int]:
        """Append a piece: (where it begins, its bytes, their CRC-32)."""
        start, view = self.size, memoryview(data).cast("B")
        self.size = _aligned(start + len(view))
        self.pieces += [view, bytes(self.size - start - len(view))]
        return start, len(view), zlib.crc32(view)


class _Reader:
    """The pieces of a mapped entry; the body begins at `start`."""

    def __init__(self, data: memoryview, start: int) -> None:
        self._body = data[start:]

    def piece(self, start: int, size: int, check: int) -> memoryview | None:
        """A piece where it lies, or None if it is not what was written."""
        data = self._body[start : start + size]
        return data if len(data) == size and zlib.crc32(data) == check else None


def _file(head: bytes, pieces: Iterable[Buffer]) -> Iterator[Buffer]:
    yield _HEADER.pack(_MAGIC, len(head), hashlib.sha256(head).digest())
    yield head
    yield bytes(_aligned(_HEADER.size + len(head)) - _HEADER.size - len(head))
    yield from pieces


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _digests(tensors: Sequence[np.ndarray]) -> Iterable[bytes]:
    """Digests of the tensors' bytes in order, computed side by side."""
    parts = [t.data[at : at + _HASHED_AT_ONCE] for t in tensors for at in range(0, t.nbytes, _HASHED_AT_ONCE)]
    if sum(p.nbytes for p in parts) < _HASHED_AT_ONCE:
        return [hashlib.sha256(part).digest() for part in parts]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        return list(threads.map(lambda part: hashlib.sha256(part).digest(), parts))


@cache
def _compiler_digest() -> str:
    """A digest of all that turns modules into programs: our own sources, and the libraries that take part."""
    digest = hashlib.sha256(f"{weft_version()} {toolchain()} numpy {np.__version__}".encode())
    for module in (__file__, proto_package.__file__, vm_package.__file__):
        folder = Path(module).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"\n{path.relative_to(folder)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def default_programs() -> ProgramCache | None:
    """The user's cache of programs, or None if `WEFT_CACHE=0`."""
    folder = cache_folder()
    return None if folder is None else _opened(folder / "programs")


@cache
def _opened(folder: Path) -> ProgramCache:
    return ProgramCache(DiskCache(folder, LIMIT_BYTES))
