"""Constant folding stays within bounds, however much a small graph asks for."""

import pytest
from weft.compiler.ir.text import parse
from weft.compiler.passes import PASSES

CASES = {
    "a huge value on the way": """
      %0 = stablehlo.iota dim = 0 : tensor<4000000000xf32>
      %1 = stablehlo.slice %0 [5:6] : (tensor<4000000000xf32>) -> tensor<1xf32>
      return %1 : tensor<1xf32>""",
    "a long chain of values that are not stored": "\n".join(
        [
            "%x0 = stablehlo.iota dim = 0 : tensor<100000xf32>",
            *(f"%x{i + 1} = stablehlo.add %x{i}, %x{i} : tensor<100000xf32>" for i in range(1200)),
            "%r = stablehlo.slice %x1200 [5:6] : (tensor<100000xf32>) -> tensor<1xf32>",
            "return %r : tensor<1xf32>",
        ]
    ),
    "a product of large tensors": """
      %0 = stablehlo.iota dim = 0 : tensor<2000x2000xf32>
      %1 = stablehlo.dot_general %0, %0, contracting_dims = [1] x [0]
        : (tensor<2000x2000xf32>, tensor<2000x2000xf32>) -> tensor<2000x2000xf32>
      %2 = stablehlo.slice %1 [0:1, 0:1] : (tensor<2000x2000xf32>) -> tensor<1x1xf32>
      %3 = stablehlo.reshape %2 : (tensor<1x1xf32>) -> tensor<1xf32>
      return %3 : tensor<1xf32>""",
}


@pytest.mark.parametrize("body", CASES.values(), ids=CASES.keys())
def test_what_takes_too_much_stays(body: str):
    module = parse(f"func.func public @main() -> tensor<1xf32> {{\n{body}\n}}")
    assert PASSES["fold"](module) is module
