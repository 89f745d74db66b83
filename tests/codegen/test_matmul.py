"""Matrix products: every plan on every level against numpy in float64, through whatever epilogue."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.cpu.matmul import emit_matmul
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.blocked import matmul, pack_columns
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import BY_NAME, from_numpy

# Levels beyond these only add instructions that products of f32 do not use.
RUNNABLE = [t for t in LEVELS.values() if supported(t) and not t.has_bf16]
Run = Callable[..., list[np.ndarray]]


def fusion(build: Callable[..., Value], *types: TensorType) -> Node:
    params = [param(t) for t in types]
    body = region(params, [build(*params)])
    return Node("weft.fusion", tuple(param(t) for t in types), {"kind": "contraction"}, (body,), body.result_types)


def tensor(shape: tuple, dtype: str = "f32") -> TensorType:
    return TensorType(BY_NAME[dtype], shape)


def data(shape: tuple[int, ...], seed: int = 0, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def close(got: np.ndarray, want: np.ndarray, depth: int) -> None:
    assert got.shape == want.shape
    eps = np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, want, rtol=8 * eps, atol=eps * (depth + 8))


# lhs shape, rhs shape, spec. Sizes are chosen around tiles, panels and steps: below, at and beyond each.
PLAIN = [
    ((1, 1), (1, 1), "mk,kn->mn"),
    ((5, 7), (7, 16), "mk,kn->mn"),
    ((14, 300), (300, 32), "mk,kn->mn"),
    ((33, 64), (64, 50), "mk,kn->mn"),
    ((1, 129), (129, 200), "mk,kn->mn"),
    ((3, 40), (40, 130), "mk,kn->mn"),
    ((250, 20), (20, 17), "mk,kn->mn"),
    ((9, 600), (600, 48), "mk,kn->mn"),
    ((20, 33), (37, 33), "mk,nk->mn"),
    ((33, 20), (33, 21), "km,kn->mn"),
    ((18, 35), (40, 18), "km,nk->mn"),
    ((31, 1024), (1024, 18), "mk,kn->mn"),
    ((2, 3, 17, 8), (2, 3, 8, 20), "abmk,abkn->abmn"),
    ((2, 17, 3, 8), (2, 20, 3, 8), "amhk,anhk->ahmn"),
    ((2, 3, 17, 20), (2, 20, 3, 8), "ahmk,akhn->amhn"),
    ((4, 6, 8), (8, 24), "bmk,kn->bmn"),
    ((2, 40, 8), (8, 24), "mbk,kn->bmn"),
    ((5, 9), (3, 9, 11), "mk,bkn->bmn"),
    ((9,), (9, 40), "k,kn->n"),
    ((6, 9), (9,), "mk,k->m"),
    ((5, 3, 4), (6, 4, 1), "amk,bkn->abmn"),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("left", "right", "spec"), PLAIN, ids=str)
def test_products_in_place_copied_and_transposed(target: Target, left: tuple, right: tuple, spec: str, run: Run) -> None:
    a, b = data(left), data(right, 1)
    kernel = emit_matmul(fusion(lambda x, y: matmul(x, y, spec=spec), tensor(left), tensor(right)), target)
    want = np.einsum(spec, a.astype(np.float64), b.astype(np.float64))
    close(run(kernel, target, [a, b], [want.shape])[0], want, 1024)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 300, 260), (2, 64, 10), (7, 31, 96), (40, 513, 70), (64, 1024, 33)])
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_packed_rhs(target: Target, m: int, k: int, n: int, dtype: str, run: Run) -> None:
    a, b = data((m, k)).astype(BY_NAME[dtype].numpy), data((k, n), 1).astype(BY_NAME[dtype].numpy)
    packed = pack_columns(b)
    node = fusion(lambda x, y: matmul(x, y, spec="mk,kn->mn", columns=n), tensor((m, k), dtype), tensor(packed.shape, dtype))
    close(run(emit_matmul(node, target), target, [a, packed], [(m, n)])[0], a.astype(np.float64) @ b, k)


def test_batched_packed_rhs(run: Run) -> None:
    a, b = data((3, 20, 40)), data((3, 40, 50), 1)
    packed = pack_columns(b)
    node = fusion(lambda x, y: matmul(x, y, spec="bmk,bkn->bmn", columns=50), tensor(a.shape), tensor(packed.shape))
    close(run(emit_matmul(node, RUNNABLE[-1]), RUNNABLE[-1], [a, packed], [(3, 20, 50)])[0], a.astype(np.float64) @ b, 40)


def bias_add_relu(x: Value, w: Value, bias: Value, other: Value) -> Value:
    y = matmul(x, w, spec="mk,kn->mn")
    spread = op_of("broadcast_in_dim")(bias, broadcast_dimensions=(1,), result=y.type)
    return op_of("maximum")(op_of("add")(op_of("add")(y, spread), other), zeros_like(y))


def zeros_like(x: Value) -> Value:
    zero = op_of("constant")(value=scalar(0.0))
    return op_of("broadcast_in_dim")(zero, broadcast_dimensions=(), result=x.type)


def scalar(x: float) -> object:
    from weft.compiler.ir.attrs import Tensor

    return Tensor(np.float32(x).reshape(()))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("m", "k", "n"), [(20, 30, 64), (20, 600, 64), (20, 30, 40), (3, 700, 21)])
def test_bias_add_and_relu_in_registers(target: Target, m: int, k: int, n: int, run: Run) -> None:
    x, w, bias, other = data((m, k)), data((k, n), 1), data((n,), 2), data((m, n), 3)
    kernel = emit_matmul(fusion(bias_add_relu, *(tensor(a.shape) for a in (x, w, bias, other))), target)
    assert kernel.plan.epilogue == "bias + add + relu"
    want = np.maximum(x.astype(np.float64) @ w + bias + other, 0)
    close(run(kernel, target, [x, w, bias, other], [(m, n)])[0], want, k)


def bias_and_tanh(x: Value, w: Value, bias: Value) -> Value:
    y = matmul(x, w, spec="bmk,kn->bmn")
    return op_of("tanh")(op_of("add")(y, op_of("broadcast_in_dim")(bias, broadcast_dimensions=(2,), result=y.type)))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_other_epilogues_pass_over_the_tile(target: Target, run: Run) -> None:
    x, w, bias = data((2, 9, 50)), data((50, 44), 1), data((44,), 2)
    kernel = emit_matmul(fusion(bias_and_tanh, *(tensor(a.shape) for a in (x, w, bias))), target)
    close(run(kernel, target, [x, w, bias], [(2, 9, 44)])[0], np.tanh(x.astype(np.float64) @ w + bias), 50)


def test_relu_keeps_nan(run: Run) -> None:
    def build(x: Value, w: Value) -> Value:
        y = matmul(x, w, spec="mk,kn->mn")
        return op_of("maximum")(y, zeros_like(y))

    x, w = data((4, 8)), data((8, 32), 1)
    x[2, 3] = np.nan
    kernel = emit_matmul(fusion(build, tensor(x.shape), tensor(w.shape)), RUNNABLE[-1])
    out = run(kernel, RUNNABLE[-1], [x, w], [(4, 32)])[0]
    assert np.isnan(out[2]).all() and not np.isnan(np.delete(out, 2, 0)).any()


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_symbolic_dims(target: Target, run: Run) -> None:
    m, n, k = symbol("M"), symbol("N"), symbol("K")
    node = fusion(lambda x, y: matmul(x, y, spec="bmk,bkn->bmn"), tensor((2, m, k)), tensor((2, k, n)))
    kernel = emit_matmul(node, target)
    for size in ((1, 1, 1), (15, 40, 3), (14, 32, 256), (29, 9, 600), (3, 20, 0), (0, 4, 4)):
        a, b = data((2, size[0], size[2])), data((2, size[2], size[1]), 1)
        got = run(kernel, target, [a, b], [(2, size[0], size[1])], dict(zip("MNK", size, strict=True)))[0]
        close(got, a.astype(np.float64) @ b, 600)


@pytest.mark.parametrize("rows", [1, 13, 14, 27, 100])
def test_symbolic_rows_of_a_packed_product(rows: int, run: Run) -> None:
    w = pack_columns(data((60, 70), 1))
    kernel = emit_matmul(
        fusion(lambda x, y: matmul(x, y, spec="mk,kn->mn", columns=70), tensor((symbol("M"), 60)), tensor(w.shape)), RUNNABLE[-1]
    )
    x = data((rows, 60))
    got = run(kernel, RUNNABLE[-1], [x, w], [(rows, 70)], {"M": rows})[0]
    close(got, x.astype(np.float64) @ data((60, 70), 1), 60)


def test_chunks_do_not_depend_on_who_runs_them(run: Run) -> None:
    x, w = data((500, 300)), data((300, 260), 1)
    kernel = emit_matmul(fusion(lambda a, b: matmul(a, b, spec="mk,kn->mn"), tensor(x.shape), tensor(w.shape)), RUNNABLE[-1])
    assert kernel.chunks > 1
    whole = run(kernel, RUNNABLE[-1], [x, w], [(500, 260)])[0]
    apart = run(kernel, RUNNABLE[-1], [x, w], [(500, 260)], one_by_one=True)[0]
    np.testing.assert_array_equal(whole, apart)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("left", "right", "spec"), [
    ((100, 37), (100, 50), "km,kn->mn"),
    ((600, 33), (600, 64), "km,kn->mn"),
    ((2, 40, 20), (2, 40, 16), "bkm,bkn->bmn"),
], ids=str)  # fmt: skip
def test_a_transposed_lhs_is_read_by_columns(target: Target, left: tuple, right: tuple, spec: str, run: Run) -> None:
    a, b = data(left), data(right, 1)
    kernel = emit_matmul(fusion(lambda x, y: matmul(x, y, spec=spec), tensor(left), tensor(right)), target)
    assert kernel.plan.lhs == "columns"
    want = np.einsum(spec, a.astype(np.float64), b.astype(np.float64))
    close(run(kernel, target, [a, b], [want.shape])[0], want, left[-2])


@pytest.mark.parametrize("taken", ["lhs", "rhs"])
@pytest.mark.parametrize(("at", "inside"), [(np.int64(1), 1), (np.int32(-5), 0), (np.uint64((1 << 64) - 1), 2), (np.int8(7), 2)])
def test_an_operand_taken_of_a_stack(taken: str, at: np.generic, inside: int, run: Run) -> None:
    a, b = data((3, 20, 33) if taken == "lhs" else (20, 33)), data((3, 33, 40) if taken == "rhs" else (33, 40), 1)
    types = tensor(a.shape), tensor(b.shape), tensor((), from_numpy(at.dtype).name)
    kernel = emit_matmul(fusion(lambda x, y, i: matmul(x, y, i, spec="mk,kn->mn", taken=taken), *types), RUNNABLE[-1])
    left, right = (x[inside] if x.ndim == 3 else x for x in (a, b))
    [got] = run(kernel, RUNNABLE[-1], [a, b, np.asarray(at)], [(20, 40)])
    close(got, left.astype(np.float64) @ right, 33)
