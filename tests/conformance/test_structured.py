"""The structured ops, compiled, against the reference interpreter: at the machine's own level and at every level it can run."""

import numpy as np
import pytest
import weft
from weft.compiler.codegen.target import LEVELS, supported
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import function, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import F32, U32, U64
from weft.proto.errors import WeftError

from .batch import Batch
from .structured import KINDS

RUNNABLE = [name for name, target in LEVELS.items() if supported(target)]


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("kind", KINDS)
def test_structured(kind: str, level: str) -> None:
    KINDS[kind](RUNNABLE.index(level)).check(level)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 22))
@pytest.mark.parametrize("kind", KINDS)
def test_structured_at_length(kind: str, seed: int) -> None:
    KINDS[kind](seed).check(RUNNABLE[seed % len(RUNNABLE)])


@pytest.mark.parametrize("algorithm", ["PHILOX", "THREE_FRY"])
def test_random_bits_of_an_open_size(algorithm: str) -> None:
    """Philox fills any size; where Threefry's words lie depends on which sizes are even, so an open one is refused."""
    state, like = param(TensorType(U64, (2,))), param(TensorType(F32, (symbol("N"), 3)))
    results = (state.tensor, TensorType(U32, like.shape))
    bits = OPS["rng_bit_generator"](state, rng_algorithm=algorithm, result=results)
    batch, start = Batch(), np.array([7, 9], np.uint64)
    batch.add(algorithm, function("main", (state, like), bits), *([start, np.zeros((n, 3), np.float32)] for n in (0, 1, 4, 5)))
    if algorithm == "PHILOX":
        batch.check()
        return
    with pytest.raises(WeftError, match="fixed sizes"):
        weft.compile(batch.module)
