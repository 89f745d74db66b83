"""The elemental emitter: any value of a fused region, at any index, as scalar or vector instructions.

    e = Emitter(w, lanes=16)
    e.buffer(param, pointer)                              # a region parameter in memory, dense and row-major
    e.bind(value, lambda index: element)                  # or any value the kernel has in registers
    e.define("N", w.symbol(3))                            # a symbol of the shapes
    out = e.memory(result.tensor, pointer)
    e.vector_loop("j", 0, n, lambda j: e.write(out, (i, j), e.read(result, (i, j))))    # 16 consecutive j at a time

Indices are dims over the symbols that loops define. In a vector loop its symbol stands for one value per lane, and what is read
follows from how the offset depends on it: not at all is one scalar load outside the loop, one apart is a vector load, anything else a
strided load or a gather. What is asked for twice is computed once; what does not depend on a loop is computed before it.

`Emitter` is the `ElementBuilder` that the ops' `lower` and `element` functions are written against.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product as cartesian

import numpy as np

from ...proto.dtypes import BOOL, I32, I64, DType
from ..ir.attrs import Tensor
from ..ir.dims import Dim, Expr, is_nonnegative, is_positive, product, symbol
from ..ir.graph import Node, Value
from ..ir.types import TensorType
from ..ops.builder import Index
from ..ops.registry import Op
from .convert import decode, encode
from .index import Indices, Scopes, simplify
from .lltypes import Val, bits_of, const, const_vector, elem_of, lanes_of, like, memory_type, vec, zero
from .scalar import Arithmetic, Elem
from .walk import Walk
from .writer import Writer

Elems = tuple[Elem, ...]

# Loops of at most this many rounds are written out, so that their conditions resolve one by one.
UNROLL_LIMIT = 16


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


class Emitter(Arithmetic, Walk[Elem]):
    """Emits elements at the place where `w` stands. `lanes` is the width of vector loops; outside them everything is scalar."""

    def __init__(self, w: Writer, lanes: int = 1) -> None:
        Arithmetic.__init__(self, Scopes(w), 1)
        Walk.__init__(self)
        self.w = w
        self.width = lanes
        self.indices = Indices(self.scopes, lanes)
        self.mask: Elem | None = None
        self._buffers: dict[Value, Buffer] = {}
        self._fresh = 0

    # -- what the kernel provides ---------------------------------------------------------------------------------------------

    def define(self, name: str, value: Val) -> None:
        """Binds a symbol to an i64 (or to one per lane) in the current scope."""
        self.indices.define(name, value)

    def buffer(self, value: Value, pointer: Val) -> Buffer:
        """The elements of `value` are in memory."""
        self._buffers[value] = made = self.memory(value.tensor, pointer)
        return made

    def memory(self, type_: TensorType, pointer: Val) -> Buffer:
        """A dense tensor at `pointer`, known in the current scope; for `write` and `load`."""
        return Buffer(pointer, type_, self.scopes.depth)

    def buffer_of(self, value: Value) -> Buffer:
        """The memory given for `value`."""
        return self._buffers[value]

    def load(self, buffer: Buffer, index: Index) -> Elem:
        """An element of a tensor in memory, read anew every time."""
        return self.load_at(buffer, buffer.offset(index))

    def elem(self, dtype: DType, *parts: Val) -> Elem:
        """Register values made in the current scope as an element."""
        return Elem(dtype, parts, self.scopes.depth)

    # -- loops ----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def loop_over(self, name: str, start: Dim, stop: Dim, step: int = 1) -> Generator[Expr]:
        """A loop whose index is the symbol `name`. It must run at least once, or only read what exists if it does not."""
        at = symbol(name, start, stop - 1)
        first, last = self.indices.scalar(start), self.indices.scalar(stop)
        begin, end = (start, stop) if isinstance(start, int) and isinstance(stop, int) else (first, last)
        with self.scopes.open(), self.w.loop(end, begin, step) as i:
            self.indices.define(name, i)
            yield at
            self.scopes.forget()

    def fold(self, name: str, start: Dim, stop: Dim, step: int, state: Elems, body: Callable[[Expr, Elems], Elems]) -> Elems:
        """`state = body(symbol, state)` for `start`, `start + step`, … below `stop`; like `loop_over`, carrying elements."""
        first, last = self.indices.scalar(start), self.indices.scalar(stop)
        begin, end = (start, stop) if isinstance(start, int) and isinstance(stop, int) else (first, last)
        parts = [p for x in state for p in x.parts]
        with self.scopes.open(), self.w.carry(end, parts, begin, step) as loop:
            self.indices.define(name, loop.index)
            after = body(symbol(name, start, stop - 1), self._regroup(state, loop.values))
            self.scopes.forget()
            loop.next([p for x in after for p in x.parts])
        return self._regroup(state, loop.results)

    @contextmanager
    def vectorized(self, name: str) -> Generator[None]:
        """Inside, symbol `name` counts lanes: `width` consecutive values at a time."""
        outer = self.indices.lane, self.lanes
        self.indices.lane, self.lanes = name, self.width
        yield
        self.indices.lane, self.lanes = outer

    @contextmanager
    def masked(self, mask: Val | None) -> Generator[None]:
        """Inside, memory is touched only in the lanes of `mask`."""
        outer = self.mask
        self.mask = None if mask is None else Elem(BOOL, (mask,), self.scopes.depth)
        yield
        self.mask = outer

    def vector_loop(self, name: str, start: Dim, stop: Dim, body: Callable[[Expr], None]) -> None:
        """`body(symbol)` for `start` <= symbol < `stop`, `width` at a time; what is left over at the end under a mask."""
        width, count = self.width, stop - start
        if width == 1:
            with self.loop_over(name, start, stop) as at:
                body(at)
            return
        whole = start + count // width * width if isinstance(count, int) else simplify(start + (count // width) * width)
        if is_positive(whole - start) or isinstance(whole - start, Expr):
            with self._vector_steps(name, start, whole, stop) as at:
                body(at)
        rest = stop - whole
        if not (isinstance(rest, int) and rest == 0):
            self._tail(name, whole, stop, body)

    @contextmanager
    def _vector_steps(self, name: str, start: Dim, whole: Dim, stop: Dim) -> Generator[Expr]:
        with self.loop_over(name, start, whole, self.width), self.vectorized(name):
            yield symbol(name, start, stop - 1)

    def tail_mask(self, count: Dim) -> Val:
        """The mask of the first `count` lanes, less than `width`."""
        if isinstance(count, int):
            return const_vector("i1", [k < count for k in range(self.width)])
        return self.w.tail_mask(self.indices.scalar(count), self.width)

    def _tail(self, name: str, whole: Dim, stop: Dim, body: Callable[[Expr], None]) -> None:
        first, count = self.indices.scalar(whole), stop - whole
        if count == 1:
            # Not only cheaper: LLVM 22 makes too wide a store of a truncated vector under a constant mask of one lane.
            with self.scopes.open():
                self.indices.define(name, first)
                body(symbol(name, whole, whole))
            return
        left = None if isinstance(count, int) else self.indices.scalar(count)
        with self.scopes.open(barrier=True):
            w = self.w
            done = w.label("done")
            if left:
                inside = w.label("tail")
                w.cbr(w.icmp("sgt", left, 0), inside, done)
                w.at(inside)
            self.indices.define(name, first)
            with self.vectorized(name), self.masked(self.tail_mask(count)):
                body(symbol(name, whole, stop - 1))
            self.scopes.forget()
            w.at(done)

    # -- reading --------------------------------------------------------------------------------------------------------------

    def _key(self, value: Value, index: Index) -> object:
        return ("elem", value, index, self.mask.val.ref if self.mask and self._vary(index) else None)

    def _vary(self, index: Index) -> bool:
        """Whether an index differs from lane to lane."""
        return any(map(self.indices.is_varying, index))

    def _recall(self, value: Value, index: Index) -> Elem | None:
        known = self.scopes.recall(self._key(value, index))
        return known if isinstance(known, Elem) else None

    def _remember(self, value: Value, index: Index, elem: Elem) -> None:
        self.scopes.remember(self._key(value, index), elem, elem.depth)

    def _is_parameter(self, value: Value) -> bool:
        return value in self._buffers

    def _parameter(self, value: Value, index: Index) -> Elem | None:
        return self.load(self._buffers[value], index) if value in self._buffers else None

    def _call_element(self, op: Op, node: Node, index: Index, inlined: bool) -> object:
        assert op.element is not None
        if inlined or self._vary(index):
            return op.element(self, node, index)
        # The same in all lanes: computed once, as far out as memory may be read.
        depth = max((self.indices.depth(d) for d in index), default=0)
        with self._uniform(), self.scopes.hoist(max(depth, self.scopes.read_depth)):
            return op.element(self, node, index)

    @contextmanager
    def _uniform(self) -> Generator[None]:
        outer = self.indices.lane, self.lanes, self.mask
        self.lanes, self.mask = 1, None
        yield
        self.indices.lane, self.lanes, self.mask = outer

    def _constant(self, node: Node, index: Index) -> Elem:
        tensor = node.attrs["value"]
        assert isinstance(tensor, Tensor)
        dtype, array = node.result.dtype, tensor.array
        content = np.ascontiguousarray(array).tobytes()
        first = array.reshape(-1)[:1]
        if array.size and content == first.tobytes() * array.size:
            return self.const(dtype, first[0].item() if first.dtype.kind != "V" else float(first[0]))
        data = self.w.module.constant(content)
        return self.load(Buffer(data, node.result.tensor, 0), index)

    # -- memory ---------------------------------------------------------------------------------------------------------------

    def load_at(self, buffer: Buffer, offset: Dim) -> Elem:
        """The element at a row-major place."""
        dtype = buffer.type.dtype
        split = self.indices.split(offset)
        if split.stride == 0:
            return self._load_uniform(buffer, offset)
        if split.stride == 1:
            return self._load_vector(buffer, offset)
        if split.stride in (-1, 2) and self.mask is None and not dtype.is_complex:
            return self._load_strided(buffer, offset, -1 if split.stride == -1 else 2)
        return self._gather(buffer, offset)

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
        """Lanes in reverse, or every second element: contiguous loads and a shuffle."""
        w, n, dtype = self.w, self.lanes, buffer.type.dtype
        elem = memory_type(dtype)
        type_ = vec(elem, n)
        if stride == -1:
            loaded = w.load(type_, self._address(buffer, offset - (n - 1)))
            lanes = w.shuffle(loaded, None, range(n - 1, -1, -1))
        else:
            # The second load overlaps the first, so that nothing after the last element wanted is touched.
            low = w.load(type_, self._address(buffer, offset))
            high = w.load(type_, self._address(buffer, offset + (n - 1)))
            lanes = w.shuffle(low, high, [2 * k if 2 * k < n else 2 * k + 1 for k in range(n)])
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

    # -- index expressions and elements ---------------------------------------------------------------------------------------

    def position(self, d: Dim, dtype: DType) -> Elem:
        """An index expression as an element."""
        return self.convert(self._position(simplify(d)), dtype)

    def _position(self, d: Dim) -> Elem:
        value = self.indices.vector(d) if self.indices.is_varying(d) else self.indices.scalar(d)
        return Elem(I32 if bits_of(value.type) == 32 else I64, (value,), self.indices.depth(d))

    def index(self, x: Elem, lo: Dim, hi: Dim) -> Dim:
        """An integer element as an index expression, clamped to [lo, hi]."""
        key = ("index", x.parts, lo, hi)
        known = self.scopes.recall(key)
        if isinstance(known, Expr):
            return known
        bounds = [Elem(I64, (self.indices.scalar(d),), self.indices.depth(d)) for d in (lo, hi)]
        signed = x.dtype.is_signed

        def clamp(w: Writer, v: Val, least: Val, most: Val) -> Val:
            wide = w.int_resize(v, "i64", signed)
            capped = w.int_minmax("smin" if signed else "umin", wide, most)
            return w.int_minmax("smax", capped, least)

        clamped = self.emit(I64, (x, *bounds), clamp)
        self._fresh += 1
        name = f"%{self._fresh}"
        self.indices.define(name, clamped.val, clamped.depth)
        found = symbol(name, lo, hi)
        self.scopes.remember(key, found, clamped.depth)
        return found

    # -- structure ------------------------------------------------------------------------------------------------------------

    def within(self, bounds: Sequence[tuple[Dim, Dim, Dim]], then: Callable[[], Elem], otherwise: Callable[[], Elem]) -> Elem:
        """`then()` where lo <= x < hi for every (lo, x, hi), else `otherwise()`; `then` reads nothing where the condition is false."""
        open_bounds = undecided(bounds)
        if open_bounds is None:
            return otherwise()
        if not open_bounds:
            return then()
        uniform = [b for b in open_bounds if not self._vary(b)]
        if uniform:
            rest = [b for b in open_bounds if b not in uniform]
            cond = self._all([self._in_range(b) for b in uniform])
            return self._arms(cond.val, lambda: (self.within(rest, then, otherwise),), lambda: (otherwise(),))[0]
        return self._choose(open_bounds, then, otherwise)

    def _in_range(self, bound: tuple[Dim, Dim, Dim]) -> Elem:
        """Whether lo <= x < hi, one comparison per side that is not certain."""
        lo, x, hi = bound
        return self._all([self._at_least(d, 0) for d in (x - lo, hi - 1 - x) if not is_nonnegative(d)])

    def _at_least(self, d: Dim, least: int) -> Elem:
        return self.emit(BOOL, (self._position(simplify(d)),), lambda w, v: w.icmp("sge", v, least))

    def _all(self, conds: Sequence[Elem]) -> Elem:
        first, *others = conds
        for other in others:
            first = self.and_(first, other)
        return first

    def _arms(self, cond: Val, then: Callable[[], Elems], otherwise: Callable[[], Elems]) -> Elems:
        """The results of one of two arms, chosen by a scalar condition; both have a value per lane where lanes are on."""
        w = self.w
        arms: list[tuple[Elems, str]] = []
        with self.scopes.open(barrier=True):
            yes, no, done = w.label("then"), w.label("else"), w.label("done")
            w.cbr(cond, yes, no)
            for label, arm in ((yes, then), (no, otherwise)):
                w.at(label)
                arms.append((tuple(map(self.spread, arm())), w.block))
                self.scopes.forget()
                w.br(done)
            w.at(done)
            (left, left_block), (right, right_block) = arms
            merged = [
                tuple(w.phi(a.type, [(a, left_block), (b, right_block)]) for a, b in zip(x.parts, y.parts, strict=True))
                for x, y in zip(left, right, strict=True)
            ]
        return tuple(self.elem(x.dtype, *parts) for x, parts in zip(left, merged, strict=True))

    def _choose(self, bounds: Sequence[tuple[Dim, Dim, Dim]], then: Callable[[], Elem], otherwise: Callable[[], Elem]) -> Elem:
        """A condition that differs between lanes: either side runs under its mask, and only if that is not empty."""
        cond = self.spread(self._all([self._in_range(b) for b in bounds]))
        w, outer = self.w, self.mask
        yes = w.and_(cond.val, outer.val) if outer else cond.val
        no = w.and_(w.not_(cond.val), outer.val) if outer else w.not_(cond.val)
        sides = [self._under(mask, side) for mask, side in ((yes, then), (no, otherwise))]
        return self.select(cond, *sides)

    def _under(self, mask: Val, side: Callable[[], Elem]) -> Elem:
        w = self.w
        some = w.icmp("ne", w.bitcast(mask, f"i{lanes_of(mask.type)}"), 0)
        blank: list[Elem] = []

        def run() -> Elems:
            with self.masked(mask):
                x = side()
            blank.append(Elem(x.dtype, tuple(zero(p.type) for p in self.spread(x).parts)))
            return (x,)

        return self._arms(some, run, lambda: (blank[0],))[0]

    def guard(self, bounds: Sequence[tuple[Dim, Dim, Dim]], then: Callable[[], None]) -> None:
        """Runs `then`, which may write, where lo <= x < hi for every (lo, x, hi); none of them may differ between lanes."""
        left = undecided(bounds)
        if left is None:
            return
        cond = self._all([self._in_range(b) for b in left]) if left else None
        with self.scopes.open(barrier=True):
            if cond is None:
                then()
            else:
                with self.w.when(cond.val):
                    then()

    def when(self, count: Val, then: Callable[[], Elems], otherwise: Elems) -> Elems:
        """`then()` if the i64 `count` is positive, else `otherwise`."""
        cond = self.w.icmp("sgt", count, 0)
        return self._arms(cond, then, lambda: otherwise)

    def loop(self, extents: Sequence[Dim], init: Elems, body: Callable[[Index, Elems], Elems]) -> Elems:
        """Fold `body(index, state)` over the index space in row-major order."""
        if any(isinstance(n, int) and n <= 0 for n in extents):
            return init
        unrolled = unrolled_extents(extents)
        rolled = list(extents[: len(extents) - len(unrolled)])

        def step(outer: Index, state: Elems) -> Elems:
            for inner in cartesian(*map(range, unrolled)):
                state = body((*outer, *inner), state)
            return state

        if not rolled:
            return step((), init)
        empty = [n for n in rolled if not is_positive(n)]
        if not empty:
            return self._nest(rolled, (), tuple(map(self.spread, init)), step)
        cond = self._all([self._at_least(n, 1) for n in empty])
        return self._arms(cond.val, lambda: self._nest(rolled, (), tuple(map(self.spread, init)), step), lambda: init)

    def _nest(self, extents: list[Dim], outer: Index, state: Elems, step: Callable[[Index, Elems], Elems]) -> Elems:
        """Loops over extents known to be positive, carrying the state."""
        if not extents:
            return tuple(map(self.spread, step(outer, state)))
        n, *rest = extents
        self._fresh += 1

        def body(k: Expr, carried: Elems) -> Elems:
            return self._nest(rest, (*outer, k), carried, step)

        return self.fold(f"%k{self._fresh}", 0, n, 1, state, body)

    def _regroup(self, like_: Elems, parts: Sequence[Val]) -> Elems:
        left = iter(parts)
        return tuple(self.elem(x.dtype, *(next(left) for _ in x.parts)) for x in like_)


def undecided(bounds: Sequence[tuple[Dim, Dim, Dim]]) -> list[tuple[Dim, Dim, Dim]] | None:
    """The conditions lo <= x < hi that ranges of symbols leave open; None if one is certainly false."""
    left: list[tuple[Dim, Dim, Dim]] = []
    for lo, x, hi in bounds:
        if is_positive(lo - x) or is_nonnegative(x - hi):
            return None
        if not (is_nonnegative(x - lo) and is_nonnegative(hi - 1 - x)):
            left.append((lo, x, hi))
    return left


def unrolled_extents(extents: Sequence[Dim]) -> list[int]:
    """The trailing extents of a loop nest that are written out."""
    unrolled: list[int] = []
    for n in reversed(extents):
        if not isinstance(n, int) or n * product(unrolled) > UNROLL_LIMIT:  # type: ignore[operator]
            break
        unrolled.insert(0, n)
    return unrolled
