"""Donated arguments: the result is the argument's array, and is right whatever else reads the argument."""

import numpy as np
import pytest
from weft.compiler.driver import compile
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.vm import VM, isa

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


UPDATE = """
func.func public @main(%w: tensor<40x24xf32> {tf.aliasing_output = 0 : i32}, %x: tensor<16x40xf32>, %g: tensor<16x24xf32>)
    -> (tensor<40x24xf32>, tensor<16x24xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<16x40xf32>, tensor<40x24xf32>) -> tensor<16x24xf32>
  %1 = stablehlo.add %0, %g : tensor<16x24xf32>
  %2 = stablehlo.dot_general %x, %1, contracting_dims = [0] x [0] : (tensor<16x40xf32>, tensor<16x24xf32>) -> tensor<40x24xf32>
  %3 = stablehlo.multiply %2, %w : tensor<40x24xf32>
  %4 = stablehlo.subtract %w, %3 : tensor<40x24xf32>
  return %4, %1 : tensor<40x24xf32>, tensor<16x24xf32>
}
"""


def test_a_product_updates_its_argument_without_a_copy():
    module = parse(UPDATE)
    rng = np.random.default_rng(0)
    main = VM(threads=1).load(compile(module))["main"]
    assert not any(isinstance(i, isa.Copy) for i in main.runner.code.function.code)
    w, x, g = (rng.standard_normal(s, np.float32) for s in ((40, 24), (16, 40), (16, 24)))
    expected = evaluate(module, w.copy(), x, g)
    results = main(w, x, g)
    assert results[0] is w
    for got, want in zip(results, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_an_argument_that_is_read_later_is_not_overwritten_early():
    text = STEP.replace("return %0, %1", "return %1, %0")
    module = parse(text)
    main = VM(threads=1).load(compile(module))["main"]
    x, y = np.array([1, 2, 3, 4], np.float32), np.array([5, 7, 9, 11], np.float32)
    expected = evaluate(module, x.copy(), y.copy())
    for got, want in zip(main(x, y), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_donated_argument_that_shares_memory_or_cannot_be_written_is_copied():
    main = VM(threads=1).load(compile(parse(STEP)))["main"]
    memory = np.arange(6, dtype=np.float32)
    expected = memory[:4] - memory[2:]
    np.testing.assert_array_equal(main(memory[:4], memory[2:])[0], expected)
    fixed = np.ones(4, np.float32)
    fixed.flags.writeable = False
    assert main(fixed, fixed)[0] is not fixed and fixed.all()
