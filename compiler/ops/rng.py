"""Random bits: `rng_bit_generator` with the counter-based generators of Salmon et al.

"Parallel random numbers: as easy as 1, 2, 3", SC 2011.

The specification leaves the variants open; these are XLA's, bit for bit, so that a program imported from JAX draws the same numbers.
"""

import numpy as np

from ...proto.dtypes import U64, from_numpy
from ...proto.errors import check
from ..ir.types import TensorType, Type
from .registry import define

ALGORITHMS = ("DEFAULT", "THREE_FRY", "PHILOX")

Words = tuple[np.ndarray, ...]  # arrays of u32
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def _halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The low and high words of u64."""
    return (x & _LOW).astype(np.uint32), (x >> _32).astype(np.uint32)


def _join(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """u64 of low and high words."""
    return low.astype(np.uint64) | (high.astype(np.uint64) << _32)


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry2x32(key: Words, x: Words) -> Words:
    """Threefry-2x32 with 20 rounds: two words from a key of two words and a counter of two."""
    keys = (*key, key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x0, x1 = x[0] + keys[0], x[1] + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = (x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))
            x1 = x0 ^ x1
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def philox4x32(key: Words, x: Words) -> Words:
    """Philox-4x32 with 10 rounds: four words from a key of two words and a counter of four."""
    x0, x1, x2, x3 = x
    k0, k1 = key
    for _ in range(10):
        low0, high0 = _halves(x0.astype(np.uint64) * np.uint64(0xD2511F53))
        low1, high1 = _halves(x2.astype(np.uint64) * np.uint64(0xCD9E8D57))
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0, k1 = k0 + np.uint32(0x9E3779B9), k1 + np.uint32(0xBB67AE85)
    return x0, x1, x2, x3


def _split_dim(shape: tuple[int, ...]) -> int:
    """The dim along which Threefry's two words of a counter are laid out: the first even one, else the largest."""
    even = [d for d, n in enumerate(shape) if n % 2 == 0]
    return even[0] if even else max(range(len(shape)), key=lambda d: (shape[d], -d))


def _threefry(state: np.ndarray, shape: tuple[int, ...], bits: int) -> tuple[np.ndarray, np.ndarray]:
    key = _halves(state[0])
    if bits == 64:
        count = int(np.prod(shape, dtype=np.int64))
        out = _join(*threefry2x32(key, _halves(state[1] + np.arange(count, dtype=np.uint64)))).reshape(shape)
    else:
        whole = shape or (1,)
        d = _split_dim(whole)
        half = (*whole[:d], -(-whole[d] // 2), *whole[d + 1 :])
        count = int(np.prod(half, dtype=np.int64))
        words = threefry2x32(key, _halves(state[1] + np.arange(count, dtype=np.uint64)))
        both = np.stack([w.reshape(half) for w in words], axis=d + 1).reshape(*half[:d], 2 * half[d], *half[d + 1 :])
        out = np.take(both, range(whole[d]), axis=d).reshape(shape)
    return np.array([state[0], state[1] + np.uint64(count)], np.uint64), out


def _philox(state: np.ndarray, shape: tuple[int, ...], bits: int) -> tuple[np.ndarray, np.ndarray]:
    count = int(np.prod(shape, dtype=np.int64))
    blocks = -(-count // (2 if bits == 64 else 4))
    low = state[1] + np.arange(blocks, dtype=np.uint64)
    carry = (low < state[1]).astype(np.uint64)
    # Of 128 bits of counter, a short state holds the low half; the key stands in for the high one.
    high = carry + state[2 if len(state) == 3 else 0]
    words = philox4x32(_halves(state[0]), (*_halves(low), *_halves(high)))
    pairs = (_join(words[0], words[1]), _join(words[2], words[3])) if bits == 64 else words
    out = np.stack(pairs, axis=1).reshape(-1)[:count].reshape(shape)
    after = state.copy()
    after[1] = state[1] + np.uint64(blocks)
    if len(state) == 3 and after[1] < state[1]:
        after[2] += np.uint64(1)
    return after, out


def _infer(initial_state: TensorType, *, rng_algorithm: str, results: tuple[Type, ...]) -> tuple[Type, ...]:
    op = "rng_bit_generator"
    check(rng_algorithm in ALGORITHMS, f"{op}.I2", f"`rng_algorithm` must be one of {', '.join(ALGORITHMS)}, got {rng_algorithm!r}")
    check(len(results) == 2, f"{op}.C1", f"`{op}` has two results, a state and bits, got {len(results)}")
    after, out = results
    good = initial_state.rank == 1 and initial_state.dtype == U64
    check(good, f"{op}.I1", f"`initial_state` must be a vector of ui64, got {initial_state}")
    check(after == initial_state, f"{op}.C1", f"the state must keep its type {initial_state}, got {after}")
    sizes = (2,) if rng_algorithm == "THREE_FRY" else (2, 3)
    fact = f"the state of {rng_algorithm} has {' or '.join(map(str, sizes))} elements, got {initial_state}"
    check(initial_state.shape[0] in sizes, f"{op}.C2", fact)
    good = isinstance(out, TensorType) and (out.dtype.is_int or out.dtype.is_float) and out.dtype.bits in (8, 16, 32, 64)
    check(good, f"{op}.O2", f"the bits must be integers or floats of 8 to 64 bits, got {out}")
    return results


def _reference(initial_state: np.ndarray, *, rng_algorithm: str, results: tuple[TensorType, ...]) -> tuple[np.ndarray, np.ndarray]:
    out = results[1]
    generate = _threefry if rng_algorithm == "THREE_FRY" else _philox
    after, words = generate(initial_state, out.static_shape, out.dtype.bits)
    bits = words.astype(f"u{out.dtype.itemsize}")
    return after, bits if from_numpy(bits.dtype) == out.dtype else bits.view(out.dtype.numpy)


rng_bit_generator = define(
    "rng_bit_generator",
    doc="""Uniform random bits and the next state, from a key (the state's first element) and a counter (the rest).

    DEFAULT is PHILOX. I1: the state is a vector of ui64. I2: the algorithm is known. C1: the state keeps its type. C2: it has 2
    elements, or 3 for PHILOX. O2: the bits are integers or floats of 8 to 64 bits; those of 8 and 16 are the low bits of 32.""",
    infer=_infer,
    reference=_reference,
)
