"""Random bits are the reference's, bit for bit."""

import numpy as np
import pytest
from weft.compiler.ir.types import TensorType
from weft.proto.dtypes import BY_NAME, F32, U8, U32, U64

from .run import HOST, SOME_TARGETS, check, fusion
from .test_map import op, p

STATES = {2: [0x123456789ABCDEF0, 0xFFFFFFFFFFFFFFF0], 3: [7, 0xFFFFFFFFFFFFFFF8, 3]}


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (64,), (3, 5), (4, 33), (2, 3, 5), (70, 40)], ids=str)
@pytest.mark.parametrize("algorithm, size", [("THREE_FRY", 2), ("PHILOX", 2), ("PHILOX", 3), ("DEFAULT", 3)])
def test_bits(algorithm, size, shape, target):
    for dtype in (U32, U64, U8, BY_NAME["i16"]) if target is HOST else (U32,):
        state = p(U64, size)
        results = op("rng_bit_generator", state, rng_algorithm=algorithm, result=(state.type, TensorType(dtype, shape)))
        check(fusion("rng", [state], list(results)), [np.array(STATES[size], np.uint64)], target)


def test_floats_and_one_result():
    state = p(U64, 2)
    results = op("rng_bit_generator", state, rng_algorithm="THREE_FRY", result=(state.type, TensorType(F32, (50,))))
    check(fusion("rng", [state], [results[1]]), [np.array(STATES[2], np.uint64)])
