"""Prepared graphs give what the interpreter gives."""

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Region, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import broadcast, const, scalar_region
from weft.compiler.ops.registry import op_of
from weft.compiler.prepared import prepare
from weft.proto.dtypes import F32, I64
from weft.proto.errors import WeftError

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], np.float32)


def op(name: str, *operands: Value, **attrs: object) -> Value:
    built = op_of(name)(*operands, **attrs)  # type: ignore[arg-type]
    assert isinstance(built, Value)
    return built


def same(body: Region, *arrays: np.ndarray) -> None:
    run = prepare(body)
    for _ in range(2):
        for got, want in zip(run(*arrays), evaluate(body, *arrays), strict=True):
            assert (got.dtype, got.shape) == (want.dtype, want.shape)
            np.testing.assert_array_equal(got, want)


def test_ops_regions_and_constants() -> None:
    x = param(TensorType(F32, (2, 3)))
    line = op("iota", iota_dimension=1, result=x.tensor)
    shifted = op("add", x, op("multiply", line, broadcast(const(2.0, F32), (2, 3), ())))
    total = op("reduce", shifted, const(0.0, F32), dimensions=(1,), body=scalar_region("add", F32))
    same(region([x], [total, shifted, x, line]), X)


def test_decompositions() -> None:
    x = param(TensorType(F32, (2, 3)))
    same(region([x], [op("weft.asinh", x), op("weft.next_after", x, op("negate", x))]), X)


def test_captures() -> None:
    """A loop whose body reads a value from outside."""
    x = param(TensorType(F32, (2, 3)))
    count, inside, outside = (param(t) for t in (TensorType(I64, ()), x.tensor, x.tensor))
    more = op("compare", count, const(3, I64), comparison_direction="LT")
    own = [param(v.type) for v in (count, inside, outside)]
    step = [op("add", own[0], const(1, I64)), op("add", own[1], own[2])]
    built = op_of("while")(
        const(0, I64), x, cond=region([count, inside, outside], [more]), body=region(own, step), captures=[op("negate", x)]
    )
    assert isinstance(built, tuple)
    same(region([x], list(built)), X)


def test_symbolic_sizes_go_to_the_interpreter() -> None:
    x = param(TensorType(F32, (symbol("n"), 3)))
    same(region([x], [op("negate", x)]), X)


def test_errors_keep_their_code() -> None:
    x = param(TensorType(I64, (1,)))
    s = symbol("n")
    (witness,) = (op_of("weft.bind_dims")(x, symbols=(s,)),)
    run = prepare(region([x], [witness]))  # type: ignore[list-item]
    with pytest.raises(WeftError):
        run(np.array([-1]))
