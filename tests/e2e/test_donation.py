"""Donated arguments: the result is the argument's array, and is right whatever else reads the argument."""

import numpy as np
import pytest
from weft.compiler.driver import compile
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.vm import VM

STEP = """
func.func public @main(%w: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %g: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = stablehlo.subtract %w, %g : tensor<4xf32>
  %1 = stablehlo.multiply %w, %0 : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
"""
SWAP = """
func.func public @main(%a: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<4xf32> {tf.aliasing_output = 1 : i32})
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  return %b, %a, %a : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
"""


@pytest.mark.parametrize("text", [STEP, SWAP])
def test_results_are_right_and_in_place(text: str):
    module = parse(text)
    main = VM(threads=1).load(compile(module))["main"]
    x, y = np.array([1, 2, 3, 4], np.float32), np.array([5, 7, 9, 11], np.float32)
    expected = evaluate(module, x.copy(), y.copy())
    donated = [i for i, port in enumerate(main.signature.inputs) if port.donated]
    assert donated
    results = main(x, y)
    for got, want in zip(results, expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert results[0] is x
