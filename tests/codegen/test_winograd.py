"""Winograd kernels: every level against the direct convolution in float64, over sizes, borders, batches, chunks and epilogues."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.cpu import winograd as module
from weft.compiler.codegen.cpu.winograd import emit_winograd
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.dims import evaluate, symbol
from weft.compiler.ir.graph import Node, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.compiler.ops.winograd import Padding
from weft.proto.dtypes import F32, F64, DType

RUNNABLE = [t for t in LEVELS.values() if supported(t)]
BEST = RUNNABLE[-1]
SAME: Padding = ((1, 1), (1, 1))
Run = Callable[..., list[np.ndarray]]
# Of the greatest output, for normally distributed inputs and weights (docs/numerics.md).
TOLERANCE = {2: 2e-6, 4: 1e-5}


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def fusion(build: Callable[..., Value], *types: TensorType) -> Node:
    params = [param(t) for t in types]
    body = region(params, [build(*params)])
    return Node("weft.fusion", tuple(param(t) for t in types), {"kind": "contraction"}, (body,), body.result_types)


def types(*arrays: np.ndarray, batch: object = None, dtype: DType = F32) -> list[TensorType]:
    shapes = [tuple(a.shape) for a in arrays]
    if batch is not None:
        shapes[0] = (batch, *shapes[0][1:])  # type: ignore[assignment]
    return [TensorType(dtype, s) for s in shapes]  # type: ignore[arg-type]


def transformed(w: np.ndarray, m: int) -> np.ndarray:
    return op_of("weft.winograd_weights").reference(w, m=m)


def direct(x: np.ndarray, w: np.ndarray, padding: Padding) -> np.ndarray:
    """The convolution in float64."""
    attrs = {**op_of("weft.conv").attrs, "padding": padding}
    return op_of("weft.conv").reference(x.astype(np.float64), w.astype(np.float64), **attrs)


def compare(kernel: Kernel, target: Target, arrays: list[np.ndarray], want: np.ndarray, m: int, run: Run, **symbols: int) -> None:
    for one_by_one in (False, True):
        got = run(kernel, target, arrays, [want.shape], symbols, one_by_one=one_by_one)[0]
        np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE[m] * np.abs(want).max(initial=1.0))


def check(target: Target, run: Run, image: tuple, panels: int, m: int, padding: Padding) -> Kernel:
    x, w = data(*image, 16), data(panels, image[1], 3, 3, 16, 16)
    arrays = [x, transformed(w, m)]
    kernel = emit_winograd(fusion(lambda a, b: op_of("weft.winograd")(a, b, m=m, padding=padding), *types(*arrays)), target)
    compare(kernel, target, arrays, direct(x, w, padding), m, run)
    return kernel


# input [N, C/16, H, W], output blocks, padding
CASES = [
    ((1, 1, 3, 3), 1, ((0, 0), (0, 0))),
    ((1, 1, 1, 1), 1, SAME),
    ((1, 2, 7, 7), 3, SAME),
    ((2, 1, 14, 14), 2, SAME),
    ((1, 3, 28, 28), 2, SAME),
    ((1, 1, 56, 56), 4, SAME),
    ((1, 2, 17, 35), 3, ((0, 0), (0, 0))),
    ((3, 1, 5, 9), 2, ((2, 0), (0, 2))),
    ((1, 1, 2, 40), 1, ((1, 1), (1, 1))),
    ((1, 2, 13, 6), 1, ((5, 7), (9, 6))),
    ((1, 20, 8, 8), 9, SAME),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize(("image", "panels", "padding"), CASES, ids=str)
def test_sizes(target: Target, m: int, image: tuple, panels: int, padding: Padding, run: Run) -> None:
    check(target, run, image, panels, m, padding)


@pytest.mark.parametrize("tiles", [1, 3, 14, 15, 40])
def test_any_cut_into_chunks_gives_the_same_bits(tiles: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 1)
    monkeypatch.setattr(module, "_CHUNKS", 1000)
    monkeypatch.setattr(module, "_CHANNELS", 32)
    x, w = data(2, 2, 19, 21, 16), transformed(data(5, 2, 3, 3, 16, 16), 4)
    node = fusion(lambda a, b: op_of("weft.winograd")(a, b, m=4, padding=SAME), *types(x, w))
    shape = (2, 5, 19, 21, 16)
    want = run(emit_winograd(node, BEST), BEST, [x, w], [shape])[0]
    monkeypatch.setattr(module._Winograd, "_tiles", lambda self: tiles)
    kernel = emit_winograd(node, BEST)
    assert evaluate(kernel.chunks, {}) == -(-60 // tiles) * 2
    np.testing.assert_array_equal(run(kernel, BEST, [x, w], [shape], one_by_one=True)[0], want)


def test_a_small_image_of_many_channels_has_chunks_for_two_threads() -> None:
    types_ = [TensorType(F32, (1, 32, 7, 7, 16)), TensorType(F32, (32, 4, 4, 32, 16, 16))]
    kernel = emit_winograd(fusion(lambda a, b: op_of("weft.winograd")(a, b, m=2, padding=SAME), *types_), BEST)
    assert evaluate(kernel.chunks, {}) >= 4


def spread(x: Value, over: Value) -> Value:
    return op_of("broadcast_in_dim")(x, broadcast_dimensions=(1, 4), result=over.type)


def relu(x: Value) -> Value:
    zero = op_of("constant")(value=Tensor(np.zeros((), np.float32)))
    return op_of("maximum")(x, op_of("broadcast_in_dim")(zero, broadcast_dimensions=(), result=x.type))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("size", [(6, 17), (12, 8)])
@pytest.mark.parametrize("simple", [True, False])
def test_epilogues(target: Target, m: int, size: tuple[int, int], simple: bool, run: Run) -> None:
    def build(x: Value, w: Value, bias: Value, other: Value) -> Value:
        y = op_of("weft.winograd")(x, w, m=m, padding=SAME)
        z = op_of("add")(y, spread(bias, y))
        return relu(op_of("add")(z, other)) if simple else op_of("multiply")(op_of("abs")(z), other)

    w = data(3, 2, 3, 3, 16, 16)
    arrays = [data(2, 2, *size, 16), transformed(w, m), data(3, 16), data(2, 3, *size, 16, seed=1)]
    kernel = emit_winograd(fusion(build, *types(*arrays)), target)
    assert kernel.plan.epilogue == ("bias + add + relu" if simple else "bias + …")  # type: ignore[attr-defined]
    sums = direct(arrays[0], w, SAME) + arrays[2][None, :, None, None]
    want = np.maximum(sums + arrays[3], 0) if simple else np.abs(sums) * arrays[3]
    compare(kernel, target, arrays, want, m, run)


def test_symbolic_batch(run: Run) -> None:
    w = data(3, 1, 3, 3, 16, 16)
    moved = transformed(w, 4)
    build = fusion(lambda a, b: op_of("weft.winograd")(a, b, m=4, padding=SAME), *types(data(1, 1, 9, 9, 16), moved, batch=symbol("N")))
    kernel = emit_winograd(build, BEST)
    for n in (0, 1, 3, 70):
        x = data(n, 1, 9, 9, 16)
        compare(kernel, BEST, [x, moved], direct(x, w, SAME), 4, run, N=n)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_double_precision(target: Target, run: Run) -> None:
    x, w = data(1, 2, 9, 20, 16).astype(np.float64), data(3, 2, 3, 3, 16, 16).astype(np.float64)
    arrays = [x, transformed(w, 4)]
    build = fusion(lambda a, b: op_of("weft.winograd")(a, b, m=4, padding=SAME), *types(*arrays, dtype=F64))
    got = run(emit_winograd(build, target), target, arrays, [(1, 3, 9, 20, 16)])[0]
    np.testing.assert_allclose(got, direct(x, w, SAME), rtol=0, atol=1e-12)


@pytest.mark.parametrize("m", [2, 4])
def test_the_reference_is_the_convolution(m: int) -> None:
    for image, panels, padding in CASES:
        x, w = data(*image, 16).astype(np.float64), data(panels, image[1], 3, 3, 16, 16).astype(np.float64)
        got = op_of("weft.winograd").reference(x, transformed(w, m), m=m, padding=padding)
        np.testing.assert_allclose(got, direct(x, w, padding), rtol=0, atol=1e-11)
