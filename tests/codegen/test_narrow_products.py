"""Products of bytes and of bf16, on every level: bytes bit for bit, bf16 within what its sums in f32 allow."""

from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest
from weft.compiler.codegen.cpu.matmul import emit_matmul
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.blocked import matmul, pack_columns, unpack_columns
from weft.compiler.ops.helpers import broadcast, cast, full_like
from weft.compiler.ops.nodes import node as op
from weft.proto import dtypes

RUNNABLE = [t for t in LEVELS.values() if supported(t)]
Run = Callable[..., list[np.ndarray]]


def kernel_of(target: Target, build: Callable[..., Value], *types: TensorType) -> Kernel:
    params = [param(t) for t in types]
    body = region(params, [build(*params)])
    return emit_matmul(Node("weft.fusion", tuple(param(t) for t in types), {"kind": "contraction"}, (body,), body.result_types), target)


def bytes_of(shape: tuple[int, ...], dtype: type, seed: int = 0) -> np.ndarray:
    """Random bytes with the extremes among them, so that sums of pairs would leave 16 bits."""
    info = np.iinfo(dtype)
    x = np.random.default_rng([seed, *shape]).integers(info.min, info.max + 1, shape, dtype)
    return np.where(np.random.default_rng(seed).random(shape) < 0.5, info.max if seed % 2 else x, x)


def exact(spec: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum(spec, a.astype(np.int64), b.astype(np.int64)).astype(np.int32)


SHAPES = [
    ((1, 4), (4, 1), "mk,kn->mn"),
    ((5, 8), (8, 16), "mk,kn->mn"),
    ((14, 300), (300, 32), "mk,kn->mn"),
    ((33, 64), (64, 50), "mk,kn->mn"),
    ((2, 128), (128, 200), "mk,kn->mn"),
    ((9, 2400), (2400, 48), "mk,kn->mn"),
    ((20, 36), (37, 36), "mk,nk->mn"),
    ((20, 4096), (40, 4096), "mk,nk->mn"),
    ((2, 3, 17, 8), (2, 3, 8, 20), "abmk,abkn->abmn"),
    ((2, 17, 3, 8), (2, 20, 3, 8), "amhk,anhk->ahmn"),
    ((2, 3, 17, 20), (2, 20, 3, 8), "ahmk,akhn->amhn"),
    ((6, 12), (12,), "mk,k->m"),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("left", "right", "spec"), SHAPES, ids=str)
def test_bytes_are_multiplied_exactly(target: Target, left: tuple, right: tuple, spec: str, run: Run) -> None:
    a, b = bytes_of(left, np.uint8, 1), bytes_of(right, np.int8)
    types = TensorType(dtypes.U8, left), TensorType(dtypes.I8, right)
    kernel = kernel_of(target, lambda x, y: matmul(x, y, spec=spec), *types)
    want = exact(spec, a, b)
    [got] = run(kernel, target, [a, b], [want.shape], dtypes=[np.int32])
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("left", "right", "spec"), SHAPES, ids=str)
def test_bf16_is_summed_in_f32(target: Target, left: tuple, right: tuple, spec: str, run: Run) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(s).astype(ml_dtypes.bfloat16) for s in (left, right))
    types = TensorType(dtypes.BF16, left), TensorType(dtypes.BF16, right)
    kernel = kernel_of(target, lambda x, y: matmul(x, y, spec=spec), *types)
    x, y = a.astype(np.float64), b.astype(np.float64)
    want, size = np.einsum(spec, x, y), np.einsum(spec, abs(x), abs(y))
    [got] = run(kernel, target, [a, b], [want.shape], dtypes=[np.float32])
    assert (abs(got - want) <= 16 * 2**-24 * size).all()


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 300, 260), (7, 32, 96), (40, 2052, 70), (65, 1024, 33)])
def test_packed_bytes_in_chunks_one_by_one(target: Target, m: int, k: int, n: int, run: Run) -> None:
    a, b = bytes_of((m, k), np.uint8, 1), bytes_of((k, n), np.int8, 3)
    packed = pack_columns(b, 4)
    np.testing.assert_array_equal(unpack_columns(packed, n, 4), b)
    types = TensorType(dtypes.U8, a.shape), TensorType(dtypes.I8, packed.shape)
    kernel = kernel_of(target, lambda x, y: matmul(x, y, spec="mk,kn->mn", columns=n), *types)
    [got] = run(kernel, target, [a, packed], [(m, n)], dtypes=[np.int32], one_by_one=True)
    np.testing.assert_array_equal(got, exact("mk,kn->mn", a, b))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("rows", [1, 29])
def test_symbolic_rows_and_a_requantised_result(target: Target, rows: int, run: Run) -> None:
    a, b = bytes_of((rows, 64), np.uint8), bytes_of((64, 40), np.int8)
    start, scale = np.arange(40, dtype=np.int32) * 100, np.linspace(0.001, 0.002, 40, dtype=np.float32)

    def build(x: Value, y: Value, s: Value, f: Value) -> Value:
        total = op("add", matmul(x, y, spec="mk,kn->mn", columns=40), broadcast(s, (symbol("M"), 40), (1,)))
        scaled = op("round_nearest_even", op("multiply", cast(total, dtypes.F32), broadcast(f, (symbol("M"), 40), (1,))))
        return cast(op("maximum", op("minimum", scaled, full_like(scaled, 127)), full_like(scaled, -128)), dtypes.I8)

    packed = pack_columns(b, 4)
    types = [(dtypes.U8, (symbol("M"), 64)), (dtypes.I8, packed.shape), (dtypes.I32, (40,)), (dtypes.F32, (40,))]
    kernel = kernel_of(target, build, *(TensorType(*t) for t in types))
    [got] = run(kernel, target, [a, packed, start, scale], [(rows, 40)], {"M": rows}, dtypes=[np.int8])
    want = np.rint((exact("mk,kn->mn", a, b) + start).astype(np.float32) * scale).clip(-128, 127).astype(np.int8)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_start_sum_and_relu_of_integers_in_registers(target: Target, run: Run) -> None:
    a, b = bytes_of((20, 64), np.uint8), bytes_of((64, 32), np.int8)
    start, other = np.arange(32, dtype=np.int32), bytes_of((20, 32), np.int8, 5).astype(np.int32) * 99

    def build(x: Value, y: Value, s: Value, o: Value) -> Value:
        total = op("add", op("add", matmul(x, y, spec="mk,kn->mn"), broadcast(s, (20, 32), (1,))), o)
        return op("maximum", total, full_like(total, 0))

    types = [(dtypes.U8, a.shape), (dtypes.I8, b.shape), (dtypes.I32, (32,)), (dtypes.I32, (20, 32))]
    kernel = kernel_of(target, build, *(TensorType(*t) for t in types))
    assert kernel.plan.epilogue == "bias + add + relu"
    [got] = run(kernel, target, [a, b, start, other], [(20, 32)], dtypes=[np.int32])
    np.testing.assert_array_equal(got, np.maximum(exact("mk,kn->mn", a, b) + start + other, 0))
