"""`rng` kernels: `rng_bit_generator` with Threefry-2x32 and Philox-4x32, every element from its own counter.

Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); variants and the order of the words are those of `ops/rng.py`.
A block of the generator yields several elements; each computes the block and takes its word, so that lanes are independent.
"""

from collections.abc import Sequence

from ....proto.dtypes import BY_NAME, U32, U64
from ....proto.errors import fail
from ...ir.dims import Dim, ceildiv, floordiv, maximum, mod, product
from ...ir.graph import Node
from ...ops.builder import Index
from ..elemental import Emitter
from ..kernel import Kernel
from ..memory import row_major
from ..scalar import Elem
from ..target import Target
from .frame import open_kernel
from .map import MapLoops, plain_plan

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_COST = 150.0

Words = tuple[Elem, ...]


def emit_rng(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion of one `rng_bit_generator` node."""
    (region,) = fusion.regions
    (node,) = [n for n in region.nodes if n.op == "rng_bit_generator"]
    after, bits = node.results
    if node.attrs["rng_algorithm"] == "THREE_FRY" and bits.dtype.bits < 64 and not bits.tensor.is_static:
        # Which dim the words lie along depends on which sizes are even.
        raise fail("emit.op", f"Threefry cannot fill {bits.type}: it needs fixed sizes", loc=node.loc, help="fix them with `shapes`")
    lanes = target.lanes(4)
    long = [d for d, n in enumerate(bits.shape) if n != 1]
    plan = plain_plan([bits.shape[d] for d in long], _COST, lanes)
    frame = open_kernel(fusion, target, lanes)
    e = frame.e
    generator = _Threefry(e, node) if node.attrs["rng_algorithm"] == "THREE_FRY" else _Philox(e, node)
    outputs = dict(zip(region.results, frame.outputs, strict=True))
    if after in outputs:
        with e.scopes.open(barrier=True), frame.w.when(frame.w.icmp("eq", frame.w.begin, 0)):
            for k in range(after.shape[0]):
                e.write(outputs[after], (k,), generator.state_after(k))

    def element(loops: Index) -> None:
        index: list[Dim] = [0] * len(bits.shape)
        for d, i in zip(long, loops, strict=True):
            index[d] = i
        e.write(outputs[bits], tuple(index), generator.element(tuple(index)))

    if bits in outputs:
        e.guard([(0, 0, product(bits.shape))], MapLoops(frame, plan, element).emit)
    # One chunk at least: the state advances even if no bits are asked for.
    return Kernel(frame.name, frame.finish(), frame.symbols, maximum(1, plan.grid.chunks), 0, plan)


class _Generator:
    """What the two have in common: 32-bit words, the state, how words become elements."""

    def __init__(self, e: Emitter, node: Node) -> None:
        self.e = e
        self.state, self.shape, self.dtype = node.operands[0], node.results[1].shape, node.results[1].dtype

    def at(self, k: int) -> Elem:
        """An element of the initial state."""
        return self.e.read(self.state, (k,))

    def halves(self, x: Elem) -> Words:
        """Low and high word of a u64."""
        return self.e.convert(x, U32), self.e.convert(self.e.shr_logical(x, self.e.const(U64, 32)), U32)

    def joined(self, low: Elem, high: Elem) -> Elem:
        e = self.e
        return e.or_(e.convert(low, U64), e.shl(e.convert(high, U64), e.const(U64, 32)))

    def word(self, value: int) -> Elem:
        return self.e.const(U32, value)

    def plus(self, x: Elem, k: Dim) -> Elem:
        """A u64 plus an index expression."""
        return self.e.add(x, self.e.position(k, U64))

    def pick(self, words: Sequence[Elem], k: Dim) -> Elem:
        """Word number `k`, as an element of the result."""
        e = self.e
        chosen, number = words[0], e.position(k, U32)
        for i, other in enumerate(words[1:], 1):
            chosen = e.select(e.compare("EQ", number, self.word(i)), other, chosen)
        unsigned = BY_NAME[f"ui{self.dtype.bits}"]
        return e.bitcast(e.convert(chosen, unsigned), self.dtype)


class _Threefry(_Generator):
    """Two words per block of a counter over half the result: they lie beside each other along one dim."""

    def state_after(self, k: int) -> Elem:
        return self.at(0) if k == 0 else self.plus(self.at(1), self._count())

    def _split(self) -> int:
        """The first even dim, else the largest."""
        even = [d for d, n in enumerate(self.shape) if isinstance(n, int) and n % 2 == 0]
        sizes = [n if isinstance(n, int) else 0 for n in self.shape]
        return even[0] if even else max(range(len(sizes)), key=lambda d: (sizes[d], -d))

    def _half(self) -> tuple[Dim, ...]:
        if not self.shape:
            return (1,)
        d = self._split()
        return (*self.shape[:d], ceildiv(self.shape[d], 2), *self.shape[d + 1 :])

    def _count(self) -> Dim:
        return product(self.shape if self.dtype.bits == 64 else self._half())

    def element(self, index: Index) -> Elem:
        """The bits at one index."""
        if self.dtype.bits == 64:
            return self.pick([self.joined(*self._block(row_major(self.shape, index)))], 0)
        if not self.shape:
            return self.pick(self._block(0)[:1], 0)
        d = self._split()
        place = (*index[:d], floordiv(index[d], 2), *index[d + 1 :])
        return self.pick(self._block(row_major(self._half(), place)), mod(index[d], 2))

    def _block(self, counter: Dim) -> Words:
        e = self.e
        k0, k1 = self.halves(self.at(0))
        keys = (k0, k1, e.xor(e.xor(k0, k1), self.word(0x1BD11BDA)))
        x0, x1 = self.halves(self.plus(self.at(1), counter))
        x0, x1 = e.add(x0, k0), e.add(x1, k1)
        for group in range(5):
            for rotation in _ROTATIONS[group % 2]:
                x0 = e.add(x0, x1)
                turned = e.or_(e.shl(x1, self.word(rotation)), e.shr_logical(x1, self.word(32 - rotation)))
                x1 = e.xor(x0, turned)
            x0 = e.add(x0, keys[(group + 1) % 3])
            x1 = e.add(e.add(x1, keys[(group + 2) % 3]), self.word(group + 1))
        return x0, x1


class _Philox(_Generator):
    """Four words per block of a 128-bit counter, elements in row-major order."""

    def _blocks(self) -> Dim:
        return ceildiv(product(self.shape), 2 if self.dtype.bits == 64 else 4)

    def state_after(self, k: int) -> Elem:
        e = self.e
        if k == 0:
            return self.at(0)
        low = self.plus(self.at(1), self._blocks())
        if k == 1:
            return low
        return e.add(self.at(2), e.convert(e.compare("LT", low, self.at(1)), U64))

    def element(self, index: Index) -> Elem:
        """The bits at one index."""
        place = row_major(self.shape, index)
        if self.dtype.bits == 64:
            x = self._block(floordiv(place, 2))
            pairs = [self.joined(x[0], x[1]), self.joined(x[2], x[3])]
            return self.pick(pairs, mod(place, 2))
        return self.pick(self._block(floordiv(place, 4)), mod(place, 4))

    def _block(self, block: Dim) -> Words:
        e = self.e
        k0, k1 = self.halves(self.at(0))
        low = self.plus(self.at(1), block)
        carry = e.convert(e.compare("LT", low, self.at(1)), U64)
        # Of 128 bits of counter, a short state holds the low half; the key stands in for the high one.
        high = e.add(carry, self.at(2 if self.state.shape[0] == 3 else 0))
        x0, x1, x2, x3 = *self.halves(low), *self.halves(high)
        for _ in range(10):
            low0, high0 = self._product(x0, 0xD2511F53)
            low1, high1 = self._product(x2, 0xCD9E8D57)
            x0, x1, x2, x3 = e.xor(e.xor(high1, x1), k0), low1, e.xor(e.xor(high0, x3), k1), low0
            k0, k1 = e.add(k0, self.word(0x9E3779B9)), e.add(k1, self.word(0xBB67AE85))
        return x0, x1, x2, x3

    def _product(self, x: Elem, factor: int) -> Words:
        return self.halves(self.e.mul(self.e.convert(x, U64), self.e.const(U64, factor)))
