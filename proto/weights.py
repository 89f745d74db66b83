"""`Weights`: the tensors of a file as one address space of aligned offsets, in memory or mapped from `weights.bin`."""

from collections.abc import Iterator
from math import prod

import numpy as np

from .container import Buffer
from .errors import Loc, fail

ALIGN = 64


class Weights:
    """Tensors by offset. Offsets are multiples of 64, and so is the address of every view.

    Built empty and filled with `add`, or mapped from a file with `Weights.mapped`, then read-only.
    """

    def __init__(self) -> None:
        self.size = 0
        self._arrays: dict[int, np.ndarray] = {}
        self._offsets: dict[object, int] = {}
        self._sources: list[np.ndarray] = []
        self._mapped: memoryview | None = None
        self._loc = Loc()

    @classmethod
    def mapped(cls, data: memoryview, loc: Loc) -> "Weights":
        """The weights in a read-only mapping; WeftError `weights.alignment` if it does not begin at a multiple of 64."""
        weights = cls()
        weights._mapped, weights._loc, weights.size = data, loc, len(data)
        if len(data) and np.frombuffer(data, np.uint8).ctypes.data % ALIGN:
            why = "the weights are not aligned in the file"
            raise fail("weights.alignment", why, loc=loc, help="it was repacked by another tool: write it with weft")
        return weights

    def add(self, array: np.ndarray) -> int:
        """Append an array (any numeric dtype) and return its offset; the same memory is stored once. Not copied: leave it unchanged."""
        if self._mapped is not None:
            raise ValueError("weights mapped from a file are read-only")
        if array.dtype.hasobject:
            raise ValueError(f"an array of {array.dtype} has no bytes to store")
        layout = array.nbytes if array.flags.c_contiguous else (array.shape, array.strides, array.itemsize)
        key = (array.ctypes.data, layout)
        if key not in self._offsets:
            self._offsets[key] = self.size
            self._arrays[self.size] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            self._sources.append(array)  # alive, so that its address stays its own
            # An empty array takes a slot too, so that no two arrays share an offset.
            self.size += max(ALIGN, -(-array.nbytes // ALIGN) * ALIGN)
        return self._offsets[key]

    def view(self, offset: int, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """The tensor at `offset`, read-only; WeftError `weights.range` if there is none of that size."""
        nbytes = prod(shape) * dtype.itemsize
        if offset < 0 or offset % ALIGN or min(shape, default=0) < 0 or dtype.hasobject:
            raise fail("weights.range", f"no tensor of {dtype}{list(shape)} can lie at offset {offset}", loc=self._loc)
        memory = self._memory(offset)
        if nbytes > len(memory):
            why = f"a tensor of {nbytes} bytes at offset {offset} reaches past the end of the weights"
            raise fail("weights.range", why, loc=self._loc)
        view = memory[:nbytes].view(dtype).reshape(shape)
        view.flags.writeable = False
        return view

    def items(self) -> Iterator[tuple[int, np.ndarray]]:
        """Offset and bytes of each array that was added, in order."""
        yield from self._arrays.items()

    def chunks(self) -> Iterator[Buffer]:
        """The bytes of `weights.bin`, in pieces."""
        if self._mapped is not None:
            yield self._mapped
            return
        offsets = [*self._arrays, self.size]
        for (offset, array), end in zip(self._arrays.items(), offsets[1:], strict=True):
            yield array.data
            yield bytes(end - offset - array.nbytes)

    def _memory(self, offset: int) -> np.ndarray:
        """The bytes from `offset` on: up to the end of the file, or of the array in memory that begins there."""
        if self._mapped is not None:
            return np.frombuffer(self._mapped, np.uint8)[min(offset, self.size) :]
        array = self._arrays.get(offset)
        if array is None:
            return np.empty(0, np.uint8)
        if array.ctypes.data % ALIGN:
            self._arrays[offset] = array = _aligned_copy(array)
        return array


def _aligned_copy(array: np.ndarray) -> np.ndarray:
    """A copy of bytes at an address that is a multiple of 64 (numpy itself promises 16)."""
    room = np.empty(array.nbytes + ALIGN, np.uint8)
    start = -room.ctypes.data % ALIGN
    copy = room[start : start + array.nbytes]
    copy[:] = array
    return copy
