"""Weights as safetensors files: named arrays, for exchange with other tools.

The format (huggingface/safetensors, README "Format"): the length of a JSON header as u64; the header, which gives each name's dtype,
shape and range of bytes; the bytes. Written without gaps, largest elements first, so that every tensor is aligned to its element; read
mapped, without copying. Elements of less than a byte, `complex<f64>` and strings have no spelling here.
"""

import json
import struct
from collections.abc import Mapping
from itertools import pairwise
from math import prod

import numpy as np

from .dtypes import BOOL, BY_NAME, DType, from_numpy
from .errors import Loc, WeftError, fail
from .files import MappedFile, Path, replacing
from .limits import DEFAULT, Limits

_NAMES = {
    "BOOL": "i1", "U8": "ui8", "I8": "i8", "U16": "ui16", "I16": "i16", "U32": "ui32", "I32": "i32", "U64": "ui64", "I64": "i64",
    "F8_E5M2": "f8E5M2", "F8_E4M3": "f8E4M3FN", "F8_E8M0": "f8E8M0FNU",
    "F16": "f16", "BF16": "bf16", "F32": "f32", "F64": "f64", "C64": "complex<f32>",
}  # fmt: skip
_DTYPES = {theirs: BY_NAME[ours] for theirs, ours in _NAMES.items()}
_SPELLING = {dtype: theirs for theirs, dtype in _DTYPES.items()}


def save(tensors: Mapping[str, np.ndarray], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays by name; WeftError `safetensors.dtype` for one the format cannot hold, `file.write`."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    arrays: list[np.ndarray] = []
    offset = 0
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        dtype = from_numpy(array.dtype)
        if dtype not in _SPELLING:
            raise fail("safetensors.dtype", f"{name!r} has elements of {dtype}, which safetensors does not know")
        data = np.ascontiguousarray(array.astype(dtype.numpy, copy=False)).reshape(-1).view(np.uint8)
        header[name] = {"dtype": _SPELLING[dtype], "shape": list(array.shape), "data_offsets": [offset, offset + data.nbytes]}
        arrays.append(data)
        offset += data.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for data in arrays:
            file.write(data.data)


def load(path: Path, *, limits: Limits | None = None) -> dict[str, np.ndarray]:
    """The arrays of a file by name, read-only views of the mapped file, perhaps not aligned to 64 bytes.

    `limits` bounds what the file may ask for. WeftError `file.read`, `safetensors.truncated`, `.header`, `.dtype`, `.range`, `.overlap`.
    """
    limits = limits or DEFAULT
    file = MappedFile(path, limits)
    try:
        return _Reader(file.data, file.loc, limits).tensors()
    finally:
        file.close()


class _Reader:
    def __init__(self, data: memoryview, loc: Loc, limits: Limits) -> None:
        self._loc = loc
        self._limits = limits
        (length,) = struct.unpack("<Q", data[:8]) if len(data) >= 8 else (0,)
        if not 2 <= length <= len(data) - 8:
            raise self._bad("truncated", f"no header of {length} bytes in a file of {len(data)}")
        limits.check("header_bytes", length, f"a header of {length} bytes", code="safetensors.header", loc=loc)
        self._header = _parse(bytes(data[8 : 8 + length]), loc)
        self._data = data[8 + length :]

    def tensors(self) -> dict[str, np.ndarray]:
        ranges: list[tuple[int, int, str]] = []
        found: dict[str, np.ndarray] = {}
        for name, entry in self._header.items():
            if name == "__metadata__":
                continue
            dtype, shape, begin, end = self._entry(name, entry)
            array = np.frombuffer(self._data[begin:end], np.uint8).view(dtype.numpy).reshape(shape)
            if dtype is BOOL and (array.view(np.uint8) > 1).any():
                raise self._bad("range", f"{name!r} is of i1 and holds bytes other than 0 and 1")
            found[name] = array
            ranges.append((begin, end, name))
        for left, right in pairwise(sorted(ranges)):
            if left[1] > right[0]:
                raise self._bad("overlap", f"{left[2]!r} and {right[2]!r} overlap")
        return found

    def _entry(self, name: str, entry: object) -> tuple[DType, tuple[int, ...], int, int]:
        """(dtype, shape, begin, end), consistent with each other and with the file."""
        match entry:
            case {"dtype": str(spelling), "shape": [*dims], "data_offsets": [int(begin), int(end)]}:
                shape = tuple(d for d in dims if type(d) is int and d >= 0)
            case _:
                raise self._bad("header", f"{name!r} has no dtype, shape and data_offsets")
        if spelling not in _DTYPES:
            raise self._bad("dtype", f"{name!r} has elements of {spelling!r}, which weft cannot read from safetensors")
        if len(shape) != len(dims):
            raise self._bad("header", f"{name!r} has a shape that cannot be: {dims[:8]}")
        full = prod(max(d, 1) for d in shape) * _DTYPES[spelling].itemsize
        for limit, amount in (("rank", len(shape)), ("tensor_bytes", full)):
            self._limits.check(limit, amount, f"{name!r} of shape {dims[:64]}", code="safetensors.header", loc=self._loc)
        nbytes = prod(shape) * _DTYPES[spelling].itemsize
        if not 0 <= begin <= end <= len(self._data) or end - begin != nbytes:
            raise self._bad("range", f"{name!r} takes {nbytes} bytes, but lies at {begin}..{end} of {len(self._data)}")
        return _DTYPES[spelling], shape, begin, end

    def _bad(self, code: str, why: str) -> WeftError:
        return fail(f"safetensors.{code}", why, loc=self._loc)


def _parse(header: bytes, loc: Loc) -> dict[str, object]:
    try:
        match json.loads(header, object_pairs_hook=_unique):
            case dict() as entries:
                return {str(name): entry for name, entry in entries.items()}
            case _:
                raise ValueError("not an object")
    except (ValueError, RecursionError) as e:
        raise fail("safetensors.header", f"the header is damaged: {e}", loc=loc) from e


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found
