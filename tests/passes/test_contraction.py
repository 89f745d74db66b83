"""dot_general becomes weft.matmul without changing what the graph computes."""

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import DotDims, Tensor
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Function, Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.compiler.passes.base import Context
from weft.compiler.passes.contraction import canonicalize_contractions
from weft.proto.dtypes import BF16, F16, F32, I8, I32, U8, DType


def tensor(*shape: object, dtype: DType = F32) -> TensorType:
    return TensorType(dtype, tuple(shape))  # type: ignore[arg-type]


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def dot(x: Value, y: Value, *, batch: tuple = ((), ()), contracting: tuple = ((1,), (0,))) -> Value:
    dims = DotDims(batch[0], batch[1], contracting[0], contracting[1])
    shape = [x.shape[i] for i in batch[0]]
    shape += [d for i, d in enumerate(x.shape) if i not in batch[0] and i not in contracting[0]]
    shape += [d for i, d in enumerate(y.shape) if i not in batch[1] and i not in contracting[1]]
    return op_of("dot_general")(x, y, dot_dimension_numbers=dims, result=TensorType(x.dtype, tuple(shape)))


def transpose(x: Value, *permutation: int) -> Value:
    return op_of("transpose")(x, permutation=permutation)


def constant(array: np.ndarray) -> Value:
    return op_of("constant")(value=Tensor(array))


def after(main: Function, level: str = "x86-64-v4") -> Function:
    return canonicalize_contractions(module(main), Context(Target(level))).main


def check(main: Function, *args: np.ndarray, level: str = "x86-64-v4") -> Function:
    """The rewritten function, after comparing what both compute."""
    new = after(main, level)
    for want, got in zip(evaluate(main, *args), evaluate(new, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    return new


def ops(main: Function) -> list[str]:
    return [n.op for n in main.nodes]


def specs(main: Function) -> list[str]:
    return [str(n.attrs["spec"]) for n in main.nodes if n.op == "weft.matmul"]


def test_plain_product() -> None:
    x, y = param(tensor(3, 4)), param(tensor(4, 5))
    assert specs(check(function("main", [x, y], [dot(x, y)]), data(3, 4), data(4, 5))) == ["mk,kn->mn"]


def test_constant_rhs_is_packed() -> None:
    x = param(tensor(3, 4))
    new = check(function("main", [x], [dot(x, constant(data(4, 20)))]), data(3, 4))
    assert ops(new) == ["constant", "weft.matmul"]
    assert new.nodes[0].result.shape == (2, 4, 16)


def test_constant_given_transposed() -> None:
    x = param(tensor(3, 4))
    new = check(function("main", [x], [dot(x, constant(data(20, 4)), contracting=((1,), (1,)))]), data(3, 4))
    assert ops(new) == ["constant", "weft.matmul"]


def test_constant_with_two_free_dims_is_packed_as_one() -> None:
    x = param(tensor(3, 4))
    new = check(function("main", [x], [dot(x, constant(data(4, 5, 6)))]), data(3, 4))
    assert ops(new) == ["constant", "weft.matmul", "reshape"]


def test_attention_materialises_no_transpose() -> None:
    q, k, v = (param(tensor(2, 7, 3, 8)) for _ in range(3))
    heads = [transpose(x, 0, 2, 1, 3) for x in (q, k, v)]
    scores = dot(heads[0], heads[1], batch=((0, 1), (0, 1)), contracting=((3,), (3,)))
    out = dot(scores, heads[2], batch=((0, 1), (0, 1)), contracting=((3,), (2,)))
    main = function("main", [q, k, v], [transpose(out, 0, 2, 1, 3)])
    new = check(main, data(2, 7, 3, 8), data(2, 7, 3, 8, seed=1), data(2, 7, 3, 8, seed=2))
    assert ops(new) == ["weft.matmul", "weft.matmul"]
    assert specs(new) == ["ambk,anbk->abmn", "abmk,akbn->ambn"]


def test_transposed_result_swaps_the_operands() -> None:
    x, y = param(tensor(3, 4)), param(tensor(4, 5))
    new = check(function("main", [x, y], [transpose(dot(x, y), 1, 0)]), data(3, 4), data(4, 5))
    assert ops(new) == ["weft.matmul"]
    assert specs(new) == ["km,nk->mn"]


def test_transposed_result_with_another_use_stays() -> None:
    x, y = param(tensor(3, 4)), param(tensor(4, 5))
    z = dot(x, y)
    assert "transpose" in ops(check(function("main", [x, y], [z, transpose(z, 1, 0)]), data(3, 4), data(4, 5)))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_several_contracting_dims(order: tuple[int, ...]) -> None:
    x, y = param(tensor(3, 4, 5)), param(tensor(4, 5, 6))
    moved = transpose(x, *order)
    places = tuple(order.index(i) for i in (1, 2))
    new = check(function("main", [x, y], [dot(moved, y, contracting=(places, (0, 1)))]), data(3, 4, 5), data(4, 5, 6))
    assert "dot_general" not in ops(new)
    assert "transpose" not in ops(new)


def test_contracting_dims_apart_are_brought_together() -> None:
    x, y = param(tensor(4, 3, 5)), param(tensor(4, 5, 6))
    new = check(function("main", [x, y], [dot(x, y, contracting=((0, 2), (0, 1)))]), data(4, 3, 5), data(4, 5, 6))
    assert ops(new).count("transpose") == 1


def test_vectors_and_several_free_dims() -> None:
    x, y = param(tensor(2, 3, 4)), param(tensor(4))
    check(function("main", [x, y], [dot(x, y, contracting=((2,), (0,))), dot(y, x, contracting=((0,), (2,)))]), data(2, 3, 4), data(4))


def test_symbolic_rows() -> None:
    x = param(tensor(symbol("N"), 4))
    new = check(function("main", [x], [dot(x, constant(data(4, 20)))]), data(3, 4))
    assert ops(new) == ["constant", "weft.matmul"]


def test_integers_stay() -> None:
    x, y = param(tensor(3, 4, dtype=I32)), param(tensor(4, 5, dtype=I32))
    main = function("main", [x, y], [dot(x, y)])
    assert after(main) is main


@pytest.mark.parametrize("dtype", [BF16, F16], ids=str)
def test_narrow_floats_are_multiplied_in_f32(dtype: DType) -> None:
    x = param(tensor(3, 4, dtype=dtype))
    weights = constant(data(4, 5).astype(dtype.numpy))
    new = check(function("main", [x], [dot(x, weights)]), data(3, 4).astype(dtype.numpy))
    assert ops(new) == ["constant", "convert", "weft.matmul", "convert"] or ops(new) == ["convert", "constant", "weft.matmul", "convert"]


def test_bf16_stays_where_the_target_multiplies_it() -> None:
    x = param(tensor(3, 5, dtype=BF16))
    main = function("main", [x], [dot(x, constant(data(5, 5).astype(BF16.numpy)))])
    new = check(main, data(3, 5).astype(BF16.numpy), level="x86-64-v4-bf16-vnni")
    assert sorted(ops(new)) == ["constant", "constant", "convert", "pad", "weft.matmul"]
    strict = Context(Target("x86-64-v4-bf16-vnni"), precision="strict")
    assert "pad" not in ops(canonicalize_contractions(module(main), strict).main)


@pytest.mark.parametrize("contracting", [((1,), (0,)), ((0,), (0,)), ((1,), (1,)), ((0,), (1,))])
def test_bytes_are_padded_to_groups(contracting: tuple) -> None:
    a, b = np.random.default_rng(0).integers(0, 127, (2, 7, 7))
    x, y = param(tensor(7, 7, dtype=U8)), param(tensor(7, 7, dtype=I8))
    dims = DotDims((), (), *contracting)
    product = op_of("dot_general")(x, y, dot_dimension_numbers=dims, result=tensor(7, 7, dtype=I32))
    new = check(function("main", [x, y], [product]), a.astype(np.uint8), b.astype(np.int8))
    assert ops(new).count("pad") == 2 and "weft.matmul" in ops(new)


@pytest.mark.parametrize(
    ("left", "right", "contracting"),
    [((6, 4), (4,), ((1,), (0,))), ((6, 4), (4, 1), ((1,), (0,))), ((1, 4), (6, 4), ((1,), (1,))), ((2, 6, 4), (4,), ((2,), (0,)))],
)
def test_a_matrix_times_a_vector_is_a_reduction(left: tuple, right: tuple, contracting: tuple) -> None:
    x, y = param(tensor(*left)), param(tensor(*right))
    assert "reduce" in ops(check(function("main", [x, y], [dot(x, y, contracting=contracting)]), data(*left), data(*right)))


def test_batches_of_matrices_times_vectors() -> None:
    x, y = param(tensor(2, 6, 4)), param(tensor(2, 4))
    main = function("main", [x, y], [dot(x, y, batch=((0,), (0,)), contracting=((2,), (1,)))])
    assert "reduce" in ops(check(main, data(2, 6, 4), data(2, 4)))


def test_empty_and_outer_products_stay() -> None:
    x, y = param(tensor(3, 0)), param(tensor(0, 5))
    main = function("main", [x, y], [dot(x, y)])
    assert after(main) is main
    u, v = param(tensor(3)), param(tensor(5))
    main = function("main", [u, v], [dot(u, v, contracting=((), ()))])
    assert after(main) is main
