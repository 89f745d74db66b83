"""Profiles: every instruction that runs is timed, loops as often as they go round."""

import numpy as np
from weft.compiler.driver import compile
from weft.compiler.ir.text import parse
from weft.vm import VM
from weft.vm.profile import profile, table

LOOP = """
func.func @main(%n: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0:2 = stablehlo.while(%i = %zero, %a = %x) : tensor<i32>, tensor<4xf32>
  cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %b = stablehlo.exponential %a : tensor<4xf32>
    stablehlo.return %j, %b : tensor<i32>, tensor<4xf32>
  }
  return %0#1 : tensor<4xf32>
}
"""


def test_a_loop_is_counted():
    main = VM(threads=1).load(compile(parse(LOOP)))["main"]
    samples = profile(main, [np.array(5, np.int32), np.zeros(4, np.float32)], repeat=2)
    launches = [s for s in samples if s.kind == "map"]
    assert sorted(s.runs for s in launches) == [5, 5, 6]
    assert all(s.seconds > 0 for s in samples)
    assert "branch_if_false" in table(samples)
    # The function itself is as it was.
    np.testing.assert_allclose(main(np.array(1, np.int32), np.zeros(4, np.float32)), np.ones(4), rtol=1e-6)
