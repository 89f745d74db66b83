"""Tensors in memory as elements: which instruction reads or writes one element per lane.

The offset of an access says it: where it does not depend on the lane, one scalar; where it grows by one per lane, a vector; by two, or
backwards, vectors and a shuffle; otherwise a gather or scatter. Under a mask nothing else is touched.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...proto.dtypes import BOOL, DType
from ..ir.dims import Dim
from ..ir.types import TensorType
from ..ops.builder import Index
from .convert import decode, encode
from .index import Indices, Scopes, simplify
from .lltypes import Val, const, elem_of, like, memory_type, vec
from .scalar import Arithmetic, Elem
from .writer import Writer

# Elements so far apart that gathering them one by one would cost less than loading what lies between.
MOST_STRIDE = 4


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory of one tensor: where it starts and the type that says how it is laid out."""

    pointer: Val
    type: TensorType
    depth: int

    def offset(self, index: Index) -> Dim:
        """The row-major place of an element."""
        return row_major(self.type.shape, index)


def row_major(shape: Sequence[Dim], index: Index) -> Dim:
    """The place of `index` in a dense array of `shape`, simplified."""
    total: Dim = 0
    for n, i in zip(shape, index, strict=True):
        total = total * n + i
    return simplify(total)


class Memory(Arithmetic):
    """The half of an emitter that reads and writes memory. In vector loops `lanes` is `width`, elsewhere 1."""

    def __init__(self, w: Writer, width: int) -> None:
        super().__init__(Scopes(w), 1)
        self.w = w
        self.width = width
        self.indices = Indices(self.scopes, width)
        self.mask: Elem | None = None

    def elem(self, dtype: DType, *parts: Val) -> Elem:
        """Register values made in the current scope as an element."""
        return Elem(dtype, parts, self.scopes.depth)

    def memory(self, type_: TensorType, pointer: Val) -> Buffer:
        """A dense tensor at `pointer`, known in the current scope; for `write` and `load`."""
        return Buffer(pointer, type_, self.scopes.depth)

    @contextmanager
    def masked(self, mask: Val | None) -> Generator[None]:
        """Inside, memory is touched only in the lanes of `mask`."""
        outer = self.mask
        self.mask = None if mask is None else Elem(BOOL, (mask,), self.scopes.depth)
        yield
        self.mask = outer

    def load(self, buffer: Buffer, index: Index) -> Elem:
        """An element of a tensor in memory, read anew every time."""
        return self.load_at(buffer, buffer.offset(index))

    def load_at(self, buffer: Buffer, offset: Dim) -> Elem:
        """The element at a row-major place."""
        dtype = buffer.type.dtype
        split = self.indices.split(offset)
        if split.stride == 0:
            return self._load_uniform(buffer, offset)
        if split.stride == 1:
            return self._load_vector(buffer, offset)
        strided = isinstance(split.stride, int) and (split.stride == -1 or 2 <= split.stride <= MOST_STRIDE)
        if strided and self.mask is None and not dtype.is_complex:
            return self._load_strided(buffer, offset, int(split.stride))  # type: ignore[arg-type]
        return self._gather(buffer, offset)

    def prefetch(self, buffer: Buffer, index: Index, distance: int) -> None:
        """Asks for what lies `distance` bytes after an element; nothing need be there."""
        self.w.prefetch(self.w.offset(self._address(buffer, buffer.offset(index)), distance))

    def _load_uniform(self, buffer: Buffer, offset: Dim) -> Elem:
        dtype = buffer.type.dtype
        depth = max(self.indices.depth(offset), self.scopes.read_depth, buffer.depth)
        parts = 2 if dtype.is_complex else 1
        address = self._address(buffer, offset * parts)
        with self.scopes.at(depth) as w:
            elem = memory_type(dtype)
            loaded = [w.load(elem, w.gep(elem, address, k) if k else address) for k in range(parts)]
            return Elem(dtype, tuple(decode(w, dtype, x) for x in loaded), depth)

    def _address(self, buffer: Buffer, offset: Dim) -> Val:
        """The address of an element counted in parts; what of the offset belongs to outer scopes is added there."""
        if isinstance(offset, int) and offset == 0:
            return buffer.pointer
        key = ("address", buffer.pointer, buffer.type.dtype, offset)
        known = self.scopes.recall(key)
        if isinstance(known, Val):
            return known
        outer, inner = self.indices.outer_part(offset)
        base = self._address(buffer, outer)
        index = self.indices.scalar(inner)
        depth = max(self.indices.depth(offset), buffer.depth)
        with self.scopes.at(depth) as w:
            address = w.gep(memory_type(buffer.type.dtype), base, index)
        self.scopes.remember(key, address, depth)
        return address

    def _load_vector(self, buffer: Buffer, offset: Dim) -> Elem:
        dtype, w = buffer.type.dtype, self.w
        elem = memory_type(dtype)
        parts = 2 if dtype.is_complex else 1
        address = self._address(buffer, offset * parts)
        loaded = self._contiguous(vec(elem, self.lanes * parts), address, parts)
        if parts == 1:
            return self.elem(dtype, decode(w, dtype, loaded))
        halves = [w.shuffle(loaded, None, range(k, 2 * self.lanes, 2)) for k in range(2)]
        return self.elem(dtype, *halves)

    def _contiguous(self, type_: str, address: Val, parts: int) -> Val:
        if self.mask is None:
            return self.w.load(type_, address)
        return self.w.masked_load(type_, address, self._part_mask(parts))

    def _part_mask(self, parts: int) -> Val:
        assert self.mask is not None
        mask = self.mask.val
        return mask if parts == 1 else self.w.shuffle(mask, None, [k // parts for k in range(parts * self.lanes)])

    def _load_strided(self, buffer: Buffer, offset: Dim, stride: int) -> Elem:
        """Lanes in reverse, or every second, third or fourth element: contiguous loads and shuffles."""
        w, n, dtype = self.w, self.lanes, buffer.type.dtype
        type_ = vec(memory_type(dtype), n)
        if stride == -1:
            loaded = w.load(type_, self._address(buffer, offset - (n - 1)))
            return self.elem(dtype, decode(w, dtype, w.shuffle(loaded, None, range(n - 1, -1, -1))))
        # The last load overlaps the one before, so that nothing after the last element wanted is touched.
        starts = [*range(0, (stride - 1) * n, n), (n - 1) * stride - (n - 1)]
        lanes, found = w.load(type_, self._address(buffer, offset)), {p: p for p in range(n)}
        for start in starts[1:]:
            part = w.load(type_, self._address(buffer, offset + start))
            found |= {start + k: n + k for k in range(n) if start + k not in found}
            lanes = w.shuffle(lanes, part, [found.get(lane * stride, -1) for lane in range(n)])
            # From here on each element is in its own lane.
            found = {p: p // stride if p % stride == 0 else -1 for p in range(start + n)}
        return self.elem(dtype, decode(w, dtype, lanes))

    def _gather(self, buffer: Buffer, offset: Dim) -> Elem:
        w, dtype = self.w, buffer.type.dtype
        elem = memory_type(dtype)
        parts = 2 if dtype.is_complex else 1
        indices = self.indices.vector(offset * parts)
        addresses = w.gep(elem, buffer.pointer, indices)
        loaded: list[Val] = []
        for k in range(parts):
            at = addresses if k == 0 else w.gep(elem, addresses, const(like(indices.type, "i64"), k))
            loaded.append(w.gather(elem, at, self.mask.val if self.mask else None))
        return self.elem(dtype, *(decode(w, dtype, x) for x in loaded))

    def write(self, buffer: Buffer, index: Index, x: Elem) -> None:
        """Stores an element of a dense tensor; in a vector loop, one per lane."""
        self.store(buffer, buffer.offset(index), x)

    def store(self, buffer: Buffer, offset: Dim, x: Elem) -> None:
        """Stores at an element offset; lanes must be in consecutive places or, if they are not, in different ones."""
        dtype, w = buffer.type.dtype, self.w
        split = self.indices.split(offset)
        if self.lanes == 1 or split.stride == 0:
            parts = x.parts if x.lanes == 1 else tuple(w.extract(p, 0) for p in x.parts)
            address = self._address(buffer, offset * len(parts))
            for k, part in enumerate(parts):
                stored = encode(w, dtype, part)
                w.store(stored, w.gep(stored.type, address, k) if k else address)
            return
        stored = [encode(w, dtype, p) for p in self.spread(x).parts]
        if split.stride == 1:
            self._store_vector(buffer, offset, stored)
        else:
            self._scatter(buffer, offset, stored)

    def _store_vector(self, buffer: Buffer, offset: Dim, parts: list[Val]) -> None:
        w, n = self.w, self.lanes
        address = self._address(buffer, offset * len(parts))
        value = parts[0]
        if len(parts) == 2:
            value = w.shuffle(parts[0], parts[1], [k // 2 + (k % 2) * n for k in range(2 * n)])
        if self.mask is None:
            w.store(value, address)
        else:
            w.masked_store(value, address, self._part_mask(len(parts)))

    def _scatter(self, buffer: Buffer, offset: Dim, parts: list[Val]) -> None:
        w = self.w
        elem = elem_of(parts[0].type)
        indices = self.indices.vector(offset * len(parts))
        addresses = w.gep(elem, buffer.pointer, indices)
        for k, part in enumerate(parts):
            at = addresses if k == 0 else w.gep(elem, addresses, const(like(indices.type, "i64"), k))
            w.scatter(part, at, self.mask.val if self.mask else None)
