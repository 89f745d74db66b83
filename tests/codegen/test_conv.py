"""Convolution kernels: every plan on every level against the reference, over strides, padding, dilation, groups, layouts and epilogues."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.cpu.conv import emit_conv
from weft.compiler.codegen.cpu.depthwise import emit_depthwise
from weft.compiler.codegen.kernel import Kernel
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.ir.attrs import Tensor
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32, F64, DType

# Levels beyond these only add instructions that products of f32 do not use.
RUNNABLE = [t for t in LEVELS.values() if supported(t) and not t.has_bf16]
BEST = RUNNABLE[-1]
Run = Callable[..., list[np.ndarray]]


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


def compare(kernel: Kernel, target: Target, arrays: list[np.ndarray], want: np.ndarray, run: Run, **symbols: int) -> None:
    got = run(kernel, target, arrays, [want.shape], symbols)[0]
    scale = np.nanmax(np.abs(want), initial=1.0)
    np.testing.assert_allclose(got, want, atol=2e-6 * scale, rtol=2e-5)


def check_conv(target: Target, run: Run, x: np.ndarray, w: np.ndarray, **attrs: object) -> Kernel:
    kernel = emit_conv(fusion(lambda a, b: op_of("weft.conv")(a, b, **attrs), *types(x, w)), target)
    defaults = op_of("weft.conv").attrs
    want = op_of("weft.conv").reference(x.astype(np.float64), w.astype(np.float64), **{**defaults, **attrs})
    compare(kernel, target, [x, w], want, run)
    return kernel


# input [N, C/16, H, W], weights [O/16, B, KH, KW], attributes
BLOCKED = [
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((2, 2, 5, 9), (3, 2, 1, 1), {}),
    ((1, 5, 17, 19), (4, 5, 1, 1), {}),
    ((1, 3, 30, 31), (2, 3, 1, 1), {"strides": (2, 2)}),
    ((1, 2, 7, 7), (3, 2, 3, 3), {"padding": ((1, 1), (1, 1))}),
    ((2, 1, 13, 29), (2, 1, 3, 3), {}),
    ((1, 2, 15, 16), (2, 2, 3, 3), {"strides": (2, 2), "padding": ((0, 1), (0, 1))}),
    ((1, 1, 12, 40), (1, 1, 5, 3), {"strides": (1, 3), "padding": ((2, 2), (0, 5))}),
    ((1, 2, 11, 12), (2, 2, 3, 3), {"dilation": (2, 3), "padding": ((2, 2), (3, 3))}),
    ((1, 1, 5, 6), (2, 1, 4, 4), {"input_dilation": (2, 2), "padding": ((2, 2), (2, 2))}),
    ((1, 1, 5, 6), (2, 1, 3, 3), {"input_dilation": (3, 1), "padding": ((-1, 2), (1, -2))}),
    ((1, 1, 8, 9), (1, 1, 3, 3), {"padding": ((-1, -2), (-3, 1))}),
    ((1, 1, 2, 2), (1, 1, 3, 3), {"padding": ((4, 4), (4, 4))}),
    ((1, 20, 9, 8), (2, 20, 3, 3), {"padding": ((1, 1), (1, 1))}),
    ((1, 4, 9, 14), (4, 1, 3, 3), {"first": (0, 1, 2, 3), "padding": ((1, 1), (1, 1))}),
    ((1, 4, 9, 14), (5, 2, 1, 1), {"first": (0, 0, 1, 1, 2)}),
    ((1, 3, 6, 6), (3, 2, 3, 3), {"first": (0, 0, 1), "padding": ((1, 1), (1, 1))}),
    ((1, 9, 8, 9), (5, 9, 1, 1), {"first": (0, 0, 0, 5, 5), "counts": (5, 5, 9, 4, 4)}),
    ((2, 3, 7, 7), (5, 3, 1, 1), {}),
    ((1, 40, 5, 8), (6, 40, 3, 3), {"strides": (2, 2), "padding": ((1, 1), (1, 1))}),
    ((1, 2, 9, 14), (3, 2, 3, 3), {"dilation": (4, 1), "padding": ((4, 4), (1, 1))}),
    ((1, 20, 9, 14), (3, 20, 3, 3), {"dilation": (6, 6), "padding": ((6, 6), (6, 6))}),
    ((1, 2, 5, 5), (1, 2, 5, 3), {"dilation": (3, 1), "padding": ((20, 11), (1, 1)), "strides": (2, 1)}),
    ((1, 2, 33, 33), (3, 2, 3, 3), {"dilation": (12, 12), "padding": ((12, 12), (12, 12))}),
    ((1, 20, 6, 19), (2, 20, 1, 5), {"dilation": (1, 11), "padding": ((0, 0), (22, 22)), "strides": (1, 2)}),
    ((1, 4, 6, 6), (3, 3, 3, 3), {"first": (0, 1, 2), "counts": (2, 3, 2), "padding": ((1, 1), (1, 1))}),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("image", "weights", "attrs"), BLOCKED, ids=str)
def test_blocked_input(target: Target, image: tuple, weights: tuple, attrs: dict, run: Run) -> None:
    check_conv(target, run, data(*image, 16), data(*weights, 16, 16), **attrs)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize(
    ("channels", "size", "kernel", "attrs"),
    [
        (3, (30, 35), (7, 7), {"strides": (2, 2), "padding": ((3, 3), (3, 3))}),
        (1, (9, 16), (3, 3), {}),
        (4, (12, 50), (1, 1), {}),
        (5, (6, 7), (3, 2), {"dilation": (1, 2), "padding": ((1, 1), (2, 2))}),
        (3, (7, 20), (3, 3), {"input_dilation": (2, 2), "padding": ((1, 2), (-1, 2))}),
        (2, (40, 3), (2, 3), {"padding": ((0, 0), (-1, 1))}),
    ],
)
def test_few_channels(target: Target, layout: str, channels: int, size: tuple, kernel: tuple, attrs: dict, run: Run) -> None:
    shape = (2, channels, *size) if layout == "nchw" else (2, *size, channels)
    check_conv(target, run, data(*shape), data(3, *kernel, channels, 16), layout=layout, **attrs)


def spread(x: Value, over: Value) -> Value:
    return op_of("broadcast_in_dim")(x, broadcast_dimensions=(1, 4), result=over.type)


def relu(x: Value) -> Value:
    zero = op_of("constant")(value=Tensor(np.zeros((), np.float32)))
    return op_of("maximum")(x, op_of("broadcast_in_dim")(zero, broadcast_dimensions=(), result=x.type))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("blocks", [1, 20])
def test_bias_add_and_relu_in_registers(target: Target, blocks: int, run: Run) -> None:
    def build(x: Value, w: Value, bias: Value, other: Value) -> Value:
        y = op_of("weft.conv")(x, w, padding=((1, 1), (1, 1)))
        return relu(op_of("add")(op_of("add")(y, spread(bias, y)), other))

    arrays = [data(2, blocks, 6, 17, 16), data(3, blocks, 3, 3, 16, 16), data(3, 16), data(2, 3, 6, 17, 16)]
    kernel = emit_conv(fusion(build, *types(*arrays)), target)
    assert kernel.plan.epilogue == "bias + add + relu"
    x, w, bias, other = (a.astype(np.float64) for a in arrays)
    attrs = {**op_of("weft.conv").attrs, "padding": ((1, 1), (1, 1))}
    want = op_of("weft.conv").reference(x, w, **attrs) + bias[None, :, None, None] + other
    compare(kernel, target, arrays, np.maximum(want, 0), run)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("name", ["weft.conv", "weft.depthwise"])
def test_a_relu_with_a_cap_in_registers(target: Target, name: str, run: Run) -> None:
    def build(x: Value, w: Value) -> Value:
        cap = op_of("constant")(value=Tensor(np.array(0.25, np.float32)))
        y = relu(op_of(name)(x, w))
        return op_of("minimum")(y, op_of("broadcast_in_dim")(cap, broadcast_dimensions=(), result=y.type))

    x = data(2, 3, 7, 17, 16) / 16
    x[0, :, 2, 5] = np.nan
    arrays = [x, data(2, 3, 3, 3, 16, 16) if name == "weft.conv" else data(3, 3, 3, 16)]
    kernel = (emit_conv if name == "weft.conv" else emit_depthwise)(fusion(build, *types(*arrays)), target)
    assert kernel.plan.epilogue == "relu + cap"
    want = op_of(name).reference(*(a.astype(np.float64) for a in arrays), **op_of(name).attrs)
    assert np.isnan(want).any() and (want > 0.25).any()
    compare(kernel, target, arrays, np.minimum(np.maximum(want, 0), 0.25), run)


def test_a_bias_of_what_is_added_is_one_of_the_sum(run: Run) -> None:
    def build(x: Value, w: Value, bias: Value, other: Value) -> Value:
        y = op_of("weft.conv")(x, w)
        return relu(op_of("add")(op_of("add")(other, spread(bias, y)), y))

    arrays = [data(1, 2, 6, 17, 16), data(3, 2, 1, 1, 16, 16), data(3, 16), data(1, 3, 6, 17, 16)]
    kernel = emit_conv(fusion(build, *types(*arrays)), BEST)
    assert kernel.plan.epilogue == "bias + add + relu"
    x, w, bias, other = (a.astype(np.float64) for a in arrays)
    want = op_of("weft.conv").reference(x, w, **op_of("weft.conv").attrs) + bias[None, :, None, None] + other
    compare(kernel, BEST, arrays, np.maximum(want, 0), run)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_other_epilogues_pass_over_the_tile(target: Target, kernel_size: int, run: Run) -> None:
    def build(x: Value, w: Value, bias: Value, other: Value) -> Value:
        y = op_of("weft.conv")(x, w)
        return op_of("multiply")(op_of("abs")(op_of("add")(y, spread(bias, y))), other)

    size = 18 - kernel_size
    arrays = [data(2, 2, 17, 17, 16), data(3, 2, kernel_size, kernel_size, 16, 16), data(3, 16), data(2, 3, size, size, 16)]
    kernel = emit_conv(fusion(build, *types(*arrays)), target)
    x, w, bias, other = (a.astype(np.float64) for a in arrays)
    want = np.abs(op_of("weft.conv").reference(x, w, **op_of("weft.conv").attrs) + bias[None, :, None, None]) * other
    compare(kernel, target, arrays, want, run)


def test_symbolic_batch(run: Run) -> None:
    w = data(2, 1, 3, 3, 16, 16)
    kernel = emit_conv(fusion(op_of("weft.conv"), *types(data(1, 1, 9, 9, 16), w, batch=symbol("N"))), BEST)
    for n in (0, 1, 3):
        x = data(n, 1, 9, 9, 16)
        compare(kernel, BEST, [x, w], op_of("weft.conv").reference(x, w, **op_of("weft.conv").attrs), run, N=n)


def test_double_precision(run: Run) -> None:
    x, w = data(1, 2, 9, 20, 16).astype(np.float64), data(3, 2, 3, 3, 16, 16).astype(np.float64)
    for target in RUNNABLE:
        kernel = emit_conv(fusion(op_of("weft.conv"), *types(x, w, dtype=F64)), target)
        compare(kernel, target, [x, w], op_of("weft.conv").reference(x, w, **op_of("weft.conv").attrs), run)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(
    ("image", "taps", "attrs"),
    [
        ((2, 2, 9, 30), (3, 3), {"padding": ((1, 1), (1, 1))}),
        ((1, 1, 7, 7), (3, 3), {"padding": ((1, 1), (1, 1)), "strides": (2, 2)}),
        ((1, 3, 14, 5), (5, 5), {"padding": ((2, 2), (2, 2))}),
        ((1, 1, 20, 33), (3, 2), {"strides": (3, 2)}),
        ((1, 2, 12, 40), (3, 3), {"dilation": (2, 4), "padding": ((2, 2), (4, 4))}),
        ((1, 1, 9, 9), (1, 1), {}),
        ((1, 1, 3, 2), (3, 3), {"padding": ((5, 5), (6, 6))}),
        ((1, 1, 9, 20), (3, 3), {"padding": ((-1, -2), (-3, 2))}),
    ],
    ids=str,
)
def test_depthwise(target: Target, image: tuple, taps: tuple, attrs: dict, run: Run) -> None:
    x, w = data(*image, 16), data(image[1], *taps, 16)
    kernel = emit_depthwise(fusion(lambda a, b: op_of("weft.depthwise")(a, b, **attrs), *types(x, w)), target)
    want = op_of("weft.depthwise").reference(x, w, **{**op_of("weft.depthwise").attrs, **attrs})
    compare(kernel, target, [x, w], want, run)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("simple", [True, False])
def test_depthwise_epilogues(target: Target, simple: bool, run: Run) -> None:
    attrs = {"padding": ((1, 1), (1, 1))}

    def build(x: Value, w: Value, bias: Value, other: Value) -> Value:
        y = op_of("weft.depthwise")(x, w, **attrs)
        z = op_of("add")(op_of("add")(y, spread(bias, y)), other)
        return relu(z) if simple else op_of("abs")(z)

    arrays = [data(2, 2, 6, 17, 16), data(2, 3, 3, 16), data(2, 16), data(2, 2, 6, 17, 16, seed=3)]
    kernel = emit_depthwise(fusion(build, *types(*arrays)), target)
    x, w, bias, other = (a.astype(np.float64) for a in arrays)
    want = op_of("weft.depthwise").reference(x, w, strides=(1, 1), dilation=(1, 1), **attrs) + bias[None, :, None, None] + other
    compare(kernel, target, arrays, np.maximum(want, 0) if simple else np.abs(want), run)
