"""Reshapes inside map kernels, where one loop may count through several dims."""

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.emit import emit_program
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse
from weft.vm import VM

SHAPES = [
    ((2, 4, 1, 8), (1, 2, 4, 8)),
    ((3, 1, 2), (3, 2)),
    ((3, 2), (3, 1, 2, 1)),
    ((1, 1, 6), (6,)),
    ((6, 5), (2, 3, 5)),
    ((2, 3, 5), (6, 5)),
    ((4, 6), (3, 8)),
]


@pytest.mark.parametrize(("before", "after"), SHAPES, ids=str)
def test_reshape(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    x, y = (f"tensor<{'x'.join(map(str, shape))}xf32>" for shape in (before, after))
    module = parse(f"""
        func.func public @main(%a: {x}) -> ({y}) {{
          %0 = "weft.fusion"(%a) <{{kind = "map"}}> ({{
          ^bb0(%p: {x}):
            %1 = stablehlo.reshape %p : ({x}) -> {y}
            %2 = stablehlo.negate %1 : {y}
            stablehlo.return %2 : {y}
          }}) : ({x}) -> {y}
          return %0 : {y}
        }}""")
    data = np.arange(np.prod(before), dtype=np.float32).reshape(before)
    got = VM(threads=1).load(emit_program(module, Target.host(), "test"))["main"](data)
    assert np.array_equal(got, evaluate(module, data)[0])
