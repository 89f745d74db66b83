"""rng_bit_generator, bit for bit with XLA."""

import numpy as np
import pytest
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.compiler.ops.rng import philox4x32, threefry2x32
from weft.proto.dtypes import BOOL, F16, F32, I8, I32, U8, U16, U32, U64, DType

from .calls import rejects, run

# XLA compiles each combination anew, so few of them: every layout for the words of 32 bits, one for the others.
LAYOUTS = [(), (7,), (3, 4), (5, 3)]


def bits(algorithm: str, state: np.ndarray, dtype: DType, shape) -> list[np.ndarray]:
    results = (TensorType(U64, state.shape), TensorType(dtype, shape))
    return run(lambda s: OPS["rng_bit_generator"](s, rng_algorithm=algorithm, result=results), state)


def test_published_vectors():
    # Random123's known answers.
    word = lambda *xs: tuple(np.array([x], np.uint32) for x in xs)  # noqa: E731
    ones = 0xFFFFFFFF
    with np.errstate(all="ignore"):
        assert [int(x[0]) for x in threefry2x32(word(0, 0), word(0, 0))] == [0x6B200159, 0x99BA4EFE]
        assert [int(x[0]) for x in threefry2x32(word(ones, ones), word(ones, ones))] == [0x1CB996FC, 0xBB002BE7]
        assert [int(x[0]) for x in philox4x32(word(0, 0), word(0, 0, 0, 0))] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
        found = philox4x32(word(ones, ones), word(ones, ones, ones, ones))
    assert [int(x[0]) for x in found] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def test_example_of_the_specification():
    state, out = bits("THREE_FRY", np.array([1, 2], np.uint64), U64, (2, 2))
    assert state.tolist() == [1, 6]
    assert out.tolist() == [[9236835810183407956, 16087790271692313299], [18212823393184779219, 2658481902456610144]]


@pytest.mark.parametrize(
    ("algorithm", "dtype", "shapes"),
    [(a, d, LAYOUTS if d is U32 else [(3, 3)]) for a in ("THREE_FRY", "PHILOX") for d in (U16, U32, U64)] + [("DEFAULT", U32, [(6,)])],
)
def test_the_bits_of_xla(algorithm, dtype, shapes):
    jax = pytest.importorskip("jax")
    number = getattr(jax.lax.RandomAlgorithm, f"RNG_{algorithm}")
    for words in ([5, 6, 7, 8], [5, 6, 2**32 - 2, 2**32 - 1]):
        state = np.array(words, np.uint32)
        for shape in shapes:
            with jax.enable_x64(True):
                after, want = jax.lax.rng_bit_generator(state, shape, dtype=dtype.numpy, algorithm=number)
            state_after, got = bits(algorithm, state.view(np.uint64), dtype, shape)
            assert np.array_equal(state_after.view(np.uint32), after) and np.array_equal(got, want), (shape, words)


def test_a_counter_of_128_bits_carries():
    last = 2**64 - 1
    state, out = bits("PHILOX", np.array([1, last, 5], np.uint64), U32, (8,))
    assert state.tolist() == [1, 1, 6]
    _, second = bits("PHILOX", np.array([1, 0, 6], np.uint64), U32, (4,))
    assert np.array_equal(out[4:], second)


def test_floats_are_bits():
    state = np.array([1, 2], np.uint64)
    for dtype, as_int in ((F32, U32), (F16, U16), (I8, U8), (I32, U32)):
        assert np.array_equal(bits("PHILOX", state, dtype, (5,))[1].view(as_int.numpy), bits("PHILOX", state, as_int, (5,))[1])


def _rng(state=(2,), algorithm="PHILOX", after=None, out=None, dtype=U64):
    t = TensorType(dtype, state)
    results = (after or t, out or TensorType(U32, (4,)))
    return lambda: OPS["rng_bit_generator"](param(t), rng_algorithm=algorithm, result=results)


CASES = [
    ("I1", _rng(dtype=U32)),
    ("I1", _rng((2, 1))),
    ("I2", _rng(algorithm="MERSENNE")),
    ("C1", _rng(after=TensorType(U64, (3,)))),
    ("C2", _rng((4,))),
    ("C2", _rng((3,), "THREE_FRY")),
    ("O2", _rng(out=TensorType(BOOL, (4,)))),
]


@pytest.mark.parametrize(("code", "build"), CASES, ids=[c for c, _ in CASES])
def test_rejections(code, build):
    rejects(f"rng_bit_generator.{code}", build)


@pytest.mark.parametrize("algorithm", ["THREE_FRY", "PHILOX"])
@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_no_bits(algorithm, shape):
    state, out = bits(algorithm, np.array([1, 2], np.uint64), U32, shape)
    assert state.tolist() == [1, 2] and out.shape == shape
