"""Graphs that are long, wide, or double with every node compile in a time that their size explains."""

import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Value, function, module, param
from weft.compiler.ir.text import parse
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32
from weft.proto.errors import WeftError
from weft.vm import VM

F4 = "tensor<4xf32>"


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


def nested_calls(count: int, calls: int) -> weft.Module:
    """Functions that each call the next so many times."""
    text = ""
    for k in range(count):
        lines = [f"%{j} = func.call @f{k + 1}({'%x' if j == 0 else f'%{j - 1}'}) : ({F4}) -> {F4}" for j in range(calls)]
        body = lines if k < count - 1 else [f"%0 = stablehlo.tanh %x : {F4}"]
        name = "public @main" if k == 0 else f"private @f{k}"
        text += f"func.func {name}(%x: {F4}) -> {F4} {{\n" + "\n".join(body) + f"\nreturn %{len(body) - 1} : {F4}\n}}\n"
    return parse(text)


def test_functions_that_call_each_other() -> None:
    for count, calls in ((1500, 1), (10, 2)):
        main = VM(threads=1).load(weft.compile(nested_calls(count, calls)))["main"]
        assert main(np.zeros(4, np.float32)).tolist() == [0, 0, 0, 0]
    with pytest.raises(WeftError, match="function_nodes"):
        weft.compile(nested_calls(30, 2))
    with pytest.raises(WeftError, match="calls"):
        evaluate(nested_calls(1500, 1), np.zeros(4, np.float32))


def test_control_flow_in_the_body_of_a_reduction() -> None:
    text = """func.func @main(%x: tensor<4xf32>, %t: tensor<i1>, %z: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.reduce(%x init: %z) across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
        reducer(%a: tensor<f32>, %b: tensor<f32>) {
          %1 = stablehlo.while(%i = %a) : tensor<f32> cond { stablehlo.return %t : tensor<i1> } do { stablehlo.return %i : tensor<f32> }
          stablehlo.return %1 : tensor<f32>
        }
      return %0 : tensor<f32>
    }"""
    with pytest.raises(WeftError) as e:
        weft.compile(parse(text))
    assert e.value.code == "emit.op" and "while" in str(e.value)
