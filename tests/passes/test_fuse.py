"""How far a kernel reaches: what golden tests would be too long for."""

import pytest
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import broadcast, const
from weft.compiler.ops.registry import op_of
from weft.compiler.passes import Context, fuse
from weft.proto.dtypes import F32


@pytest.mark.parametrize(("operations", "kernels"), [(64, 1), (65, 2), (200, 4)])
def test_constants_and_broadcasts_do_not_count(operations: int, kernels: int) -> None:
    x, row = param(TensorType(F32, (5, 7))), param(TensorType(F32, (7,)))
    y = x
    for i in range(operations):
        other = broadcast(row, x.shape, (1,)) if i % 2 else broadcast(const(float(i), F32), x.shape, ())
        y = op_of("add")(y, other)
    fused = fuse(module(function("main", [x, row], [y])), Context())
    assert [n.op for n in fused.main.nodes] == ["weft.fusion"] * kernels
