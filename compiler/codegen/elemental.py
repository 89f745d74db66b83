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
from itertools import product as cartesian

import numpy as np

from ...proto.dtypes import BOOL, I32, I64, DType
from ..ir.attrs import Tensor
from ..ir.dims import Dim, Expr, is_nonnegative, is_positive, product, symbol
from ..ir.graph import Node, Value
from ..ops.builder import Index
from ..ops.registry import Op
from .index import simplify
from .lltypes import Val, bits_of, const_vector, lanes_of, zero
from .memory import Buffer, Memory
from .scalar import Elem
from .walk import Walk
from .writer import Writer

Elems = tuple[Elem, ...]

# Loops of at most this many rounds are written out, so that their conditions resolve one by one.
UNROLL_LIMIT = 16


class Emitter(Memory, Walk[Elem]):
    """Emits elements at the place where `w` stands. `lanes` is the width of vector loops; outside them everything is scalar."""

    def __init__(self, w: Writer, lanes: int = 1) -> None:
        Memory.__init__(self, w, lanes)
        Walk.__init__(self)
        self._buffers: dict[Value, Buffer] = {}
        self._bound_at: dict[Value, int] = {}
        self._fresh = 0

    # -- what the kernel provides ---------------------------------------------------------------------------------------------

    def define(self, name: str, value: Val) -> None:
        """Binds a symbol to an i64 (or to one per lane) in the current scope."""
        self.indices.define(name, value)

    def buffer(self, value: Value, pointer: Val) -> Buffer:
        """The elements of `value` are in memory."""
        self._buffers[value] = made = self.memory(value.tensor, pointer)
        return made

    def buffer_of(self, value: Value) -> Buffer:
        """The memory given for `value`."""
        return self._buffers[value]

    def bind(self, value: Value, element: Callable[[Index], Elem]) -> None:
        """The elements of `value` come from a function, which is not called for code outside the scope that is open now."""
        super().bind(value, element)
        self._bound_at[value] = self.scopes.depth

    def unbind(self, value: Value) -> None:
        """Undoes `bind`."""
        super().unbind(value)
        del self._bound_at[value]

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
        # The same in all lanes: computed once, as far out as memory may be read and what is bound is known.
        depth = max((*map(self.indices.depth, index), *self._bound_at.values(), self.scopes.read_depth))
        with self._uniform(), self.scopes.hoist(min(depth, self.scopes.depth)):
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
