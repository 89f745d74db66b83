"""Products of quantised numbers become products of bytes: the same integers, and floats that differ in their last bits."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import DotDims
from weft.compiler.ir.graph import Function, Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.helpers import broadcast, cast, const
from weft.compiler.ops.nodes import node
from weft.compiler.passes import canonicalize, fold_constants
from weft.compiler.passes.base import Context
from weft.compiler.passes.quantized import quantized_products
from weft.proto.dtypes import F32, I8, I32, U8, DType

BATCH = DotDims((0,), (0,), (2,), (1,))
PLAIN = DotDims((), (), (1,), (0,))
Build = Callable[[Value], Value]


def data(shape: tuple[int, ...], dtype: DType, seed: int = 0) -> np.ndarray:
    info = np.iinfo(dtype.numpy)
    return np.random.default_rng([seed, *shape]).integers(info.min, info.max + 1, shape).astype(dtype.numpy)


def rewritten(main: Function) -> Function:
    steps = (canonicalize, quantized_products, fold_constants)
    made = module(main)
    for step in steps:
        made = step(made, Context(Target("x86-64-v4")))
    return made.main


def products(main: Function) -> list[str]:
    return [" ".join(str(v.dtype) for v in (*n.operands, n.result)) for n in main.nodes if n.op == "dot_general"]


def check(main: Function, *args: np.ndarray, exact: bool = True) -> Function:
    new = rewritten(main)
    [want], [got] = evaluate(main, *args), evaluate(new, *args)
    if exact:
        np.testing.assert_array_equal(got, want)
    else:
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * abs(want).max())
    return new


def centred(x: Value, zero: Value | None, dim: int = 0, dtype: DType = I32) -> Value:
    wide = cast(x, dtype)
    if zero is None:
        return wide
    return node("subtract", wide, broadcast(cast(zero, dtype), x.shape, (dim,) if zero.shape else ()))


@pytest.mark.parametrize("left", [U8, I8], ids=str)
@pytest.mark.parametrize("right", [U8, I8], ids=str)
@pytest.mark.parametrize("zeros", ["none", "numbers", "vectors"])
@pytest.mark.parametrize("known", [True, False], ids=["weights", "both computed"])
def test_integers_stay_the_same(left: DType, right: DType, zeros: str, known: bool) -> None:
    a, b = data((5, 7), left), data((7, 6), right, 1)
    x, y = param(TensorType(left, a.shape)), const(b) if known else param(TensorType(right, b.shape))
    shapes = {"none": None, "numbers": ((), ()), "vectors": ((5,), (6,))}[zeros]
    zx, zy = (None, None) if shapes is None else (const(data(s, d, 2)) for s, d in zip(shapes, (left, right), strict=True))
    main = function("main", [x] if known else [x, y], [dot(centred(x, zx), centred(y, zy, 1), PLAIN, I32)])
    new = check(main, *([a] if known else [a, b]))
    assert products(new) == ["ui8 i8 i32"]


def test_zero_points_that_are_computed_and_a_batch() -> None:
    a, b, zero = data((3, 5, 8), U8), data((3, 8, 4), I8, 1), np.float32(117.2)
    x, y, z = (param(TensorType(d, v.shape)) for d, v in ((U8, a), (I8, b), (F32, zero)))
    main = function("main", [x, y, z], [dot(centred(x, cast(z, U8)), centred(y, None), BATCH, I32)])
    assert products(check(main, a, b, zero)) == ["ui8 i8 i32"]


def dequantised(x: Value, zero: int, scale: object, dim: int = 0) -> Value:
    s = const(np.asarray(scale, np.float32))
    wide = centred(x, const(np.array(zero, x.dtype.numpy)), dtype=F32)
    return node("multiply", wide, broadcast(s, x.shape, (dim,) if s.shape else ()))


def test_dequantised_products_are_summed_in_integers() -> None:
    a, b = data((5, 7), U8), data((7, 6), I8, 1)
    x = param(TensorType(U8, a.shape))
    weights = dequantised(const(b), 0, np.linspace(0.01, 0.02, 6), 1)
    new = check(function("main", [x], [dot(dequantised(x, 117, 0.03), weights, PLAIN)]), a, exact=False)
    assert products(new) == ["ui8 i8 i32"]
    assert sum(n.op == "multiply" for n in new.nodes) == 1


def test_through_transposes_and_reshapes() -> None:
    a, b = data((5, 2, 8), I8), data((10, 8), I8, 1)
    x, y = param(TensorType(I8, a.shape)), param(TensorType(I8, b.shape))
    left = node("reshape", dequantised(x, 3, 0.03), result=TensorType(F32, (10, 8)))
    right = node("transpose", dequantised(y, -7, np.linspace(0.01, 0.02, 10)), permutation=(1, 0))
    new = check(function("main", [x, y], [dot(left, right, PLAIN)]), a, b, exact=False)
    assert products(new) == ["ui8 i8 i32"]


@pytest.mark.parametrize("build", [
    lambda x: dequantised(x, 3, np.linspace(1, 2, 7), 1),  # the scale is another for each k
    lambda x: node("sqrt", dequantised(x, 0, 0.5)),
    lambda x: node("subtract", cast(x, F32), broadcast(const(np.float32(0.5)), x.shape, ())),  # no integer
    lambda x: node("multiply", dequantised(x, 3, 0.5), dequantised(x, 3, 0.5)),
])  # fmt: skip
def test_what_else_stays_a_product_of_floats(build: Build) -> None:
    x = param(TensorType(U8, (5, 7)))
    main = function("main", [x], [dot(build(x), dequantised(const(data((7, 6), I8)), 0, 0.1), PLAIN)])
    assert products(rewritten(main)) == ["f32 f32 f32"]


def test_sums_that_might_leave_i32_stay_floats() -> None:
    x = param(TensorType(U8, (1, 40_000)))
    main = function("main", [x], [dot(dequantised(x, 3, 0.5), dequantised(const(np.ones((40_000, 1), np.int8)), 0, 0.1), PLAIN)])
    assert products(rewritten(main)) == ["f32 f32 f32"]
