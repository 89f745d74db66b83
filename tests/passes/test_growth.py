"""Graphs that are long, wide, or double with every node compile in a time that their size explains."""

import numpy as np
import pytest
import weft
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32
from weft.vm import VM


def op(name: str, *operands: Value, **attrs: object) -> Value:
    value = op_of(name)(*operands, **attrs)  # type: ignore[arg-type]
    assert isinstance(value, Value)
    return value


def test_a_long_chain() -> None:
    x = y = param(TensorType(F32, (4,)), "x")
    for _ in range(2500):
        y = op("negate", op("tanh", y))
    program = weft.compile(module(function("main", [x], [y])))
    assert VM(threads=1).load(program)["main"](np.zeros(4, np.float32)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("count", [3, 9, 65, 1000])
def test_a_wide_concatenation(count: int) -> None:
    xs = [param(TensorType(F32, (1 + i % 3, 2)), f"x{i}") for i in range(7)]
    used = [xs[i % 7] for i in range(count)]
    main = VM(threads=1).load(weft.compile(module(function("main", xs, [op("concatenate", *used, dimension=0)]))))["main"]
    arrays = [np.arange(v.tensor.static_shape[0] * 2, dtype=np.float32).reshape(-1, 2) + 10 * i for i, v in enumerate(xs)]
    np.testing.assert_array_equal(main(*arrays), np.concatenate([arrays[i % 7] for i in range(count)]))


def test_a_graph_that_doubles() -> None:
    x = y = param(TensorType(F32, (symbol("N"),)), "x")
    for _ in range(40):
        y = op("tanh", op("concatenate", y, y, dimension=0))
    main = VM(threads=1).load(weft.compile(module(function("main", [x], [y]))))["main"]
    assert main(np.zeros(0, np.float32)).shape == (0,)
