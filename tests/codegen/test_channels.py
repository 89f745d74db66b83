"""Channels of blocked images in another order, on every level against the reference."""

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32, F64, DType

from .run import TARGETS, fusion, run_fusion

RNG = np.random.default_rng(0)
CASES = {
    "in place": tuple(range(16)),
    "shuffle of four": tuple(np.arange(80).reshape(4, 20).T.reshape(-1).tolist()),
    "from everywhere": tuple(RNG.integers(-1, 80, 64).tolist()),
    "holes": (*range(70, 77), *[-1] * 9),
    "nothing": (-1,) * 16,
}


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("dtype", [F32, F64], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_lanes(target: Target, dtype: DType, case: str) -> None:
    batch, height = symbol("N"), symbol("H")
    params = [param(TensorType(dtype, (batch, blocks, height, 7, 16))) for blocks in (2, 3)]
    node = fusion("channels", params, [op_of("weft.channels")(*params, source=CASES[case])])
    for n, h in ((0, 3), (1, 1), (3, 50)):
        arrays = [RNG.standard_normal((n, blocks, h, 7, 16)).astype(dtype.numpy) for blocks in (2, 3)]
        want = op_of("weft.channels").reference(*arrays, source=CASES[case])
        for order in (1, -1):
            np.testing.assert_array_equal(run_fusion(node, arrays, target, order=order)[0], want)
