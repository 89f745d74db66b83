"""What a loop takes of a stack in every turn is read by the product where it lies, unless something else writes to the stack."""

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.blocked import matmul
from weft.compiler.ops.helpers import const
from weft.compiler.ops.nodes import node
from weft.compiler.passes import dce
from weft.compiler.passes.slicedproducts import sliced_products
from weft.proto.dtypes import F32, I64


def row(stack: Value, at: Value, start: int = 0) -> Value:
    indices = (at, *(const(np.int64(start)) for _ in stack.shape[1:]))
    part = node("dynamic_slice", stack, *indices, slice_sizes=(1, *stack.shape[1:]))
    return node("reshape", part, result=part.tensor.with_shape(stack.shape[1:]))


@pytest.mark.parametrize("at", [-1, 1, 9])
@pytest.mark.parametrize("side", ["lhs", "rhs"])
def test_rows_of_stacks_are_operands(at: int, side: str) -> None:
    stack, other, i = param(TensorType(F32, (3, 4, 4))), param(TensorType(F32, (4, 4))), param(TensorType(I64, ()))
    operands = (row(stack, i), other) if side == "lhs" else (other, row(stack, i))
    main = function("main", [stack, other, i], [matmul(*operands, spec="mk,kn->mn"), matmul(*operands, spec="km,kn->mn")])
    new = dce(sliced_products(module(main))).main
    assert [(n.op, n.attrs["taken"]) for n in new.nodes] == [("weft.matmul", side)] * 2
    arrays = [np.random.default_rng(0).random(p.tensor.static_shape, np.float32) for p in (stack, other)]
    for want, got in zip(evaluate(main, *arrays, np.int64(at)), evaluate(new, *arrays, np.int64(at)), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_stack_that_is_written_to_is_copied_from() -> None:
    stack, other, i = param(TensorType(F32, (3, 4, 4))), param(TensorType(F32, (4, 4))), param(TensorType(I64, ()))
    zero = const(np.int64(0))
    written = node("dynamic_update_slice", stack, const(np.zeros((1, 4, 4), np.float32)), i, zero, zero)
    made = module(function("main", [stack, other, i], [matmul(row(stack, i), other, spec="mk,kn->mn"), written]))
    assert sliced_products(made) is made
