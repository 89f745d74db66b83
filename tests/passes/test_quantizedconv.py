"""Convolutions of quantised images become products of bytes over patches, in one order of dims until something else needs another."""

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import ConvDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Function, Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.convolution import conv_shape, conv_window
from weft.compiler.ops.helpers import broadcast, cast, const, full_like, scalar_region
from weft.compiler.ops.nodes import node
from weft.compiler.passes.base import Context
from weft.compiler.passes.canonicalize import canonicalize
from weft.compiler.passes.dce import dce
from weft.compiler.passes.quantizedconv import quantized_convolutions
from weft.proto.dtypes import F32, I8, I32, U8, DType

NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
NHWC = ConvDims(0, 3, (1, 2), 2, 3, (0, 1), 0, 3, (1, 2))


def data(shape: tuple[int, ...], dtype: DType, seed: int = 0) -> np.ndarray:
    info = np.iinfo(dtype.numpy)
    return np.random.default_rng([seed, *shape]).integers(info.min, info.max + 1, shape).astype(dtype.numpy)


def centred(x: Value, zero: Value, dtype: DType, dim: int = 0) -> Value:
    wide = cast(zero, dtype)
    return node("subtract", cast(x, dtype), broadcast(wide, x.shape, (dim,) if zero.shape else ()))


def convolution(x: Value, w: Value, dims: ConvDims = NCHW, **attrs: object) -> Value:
    window = conv_window(w.shape, dims, attrs.get("window_strides"), attrs.get("padding"), None, attrs.get("rhs_dilation"))  # type: ignore[arg-type]
    shape = conv_shape(x.shape[: len(x.shape)], w.shape, dims, window)
    return node("convolution", x, w, dimension_numbers=dims, result=x.tensor.with_shape(shape), **attrs)


def rewritten(main: Function, level: str = "x86-64-v4-bf16-vnni") -> Function:
    made = module(main)
    for step in (canonicalize, quantized_convolutions, canonicalize, dce):
        made = step(made, Context(Target(level)))
    return made.main


def check(main: Function, *args: np.ndarray, exact: bool = True) -> list[str]:
    """The ops of the rewritten function, after comparing what both compute."""
    new = rewritten(main)
    for want, got in zip(evaluate(main, *args), evaluate(new, *args), strict=True):
        if exact:
            np.testing.assert_array_equal(got, want)
        else:
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * abs(want).max())
    return [n.op for n in new.nodes]


@pytest.mark.parametrize("left", [U8, I8], ids=str)
@pytest.mark.parametrize("right", [U8, I8], ids=str)
@pytest.mark.parametrize("attrs", [
    {},
    {"padding": ((1, 1), (0, 2)), "window_strides": (2, 1)},
    {"padding": ((2, 2), (2, 2)), "rhs_dilation": (2, 2)},
], ids=str)  # fmt: skip
def test_integers_stay_the_same_at_the_edges_too(left: DType, right: DType, attrs: dict[str, object]) -> None:
    a, b = data((2, 3, 7, 6), left), data((5, 3, 3, 3), right, 1)
    x, z = param(TensorType(left, a.shape)), param(TensorType(left, ()))
    w = centred(const(b), const(data((5,), right, 2)), I32)
    main = function("main", [x, z], [convolution(centred(x, z, I32), w, **attrs)])
    assert "convolution" not in check(main, a, data((), left, 3))


def test_channels_last() -> None:
    a, b = data((1, 5, 5, 8), U8), data((1, 1, 8, 6), I8, 1)
    x = param(TensorType(U8, a.shape))
    main = function("main", [x], [convolution(cast(x, I32), cast(const(b), I32), NHWC)])
    assert "transpose" not in check(main, a)


def quantised(y: Value, scale: float, zero: float) -> Value:
    steps = node("add", node("round_nearest_even", node("divide", y, full_like(y, scale))), full_like(y, zero))
    return cast(node("clamp", const(np.float32(0)), steps, const(np.float32(255))), U8)


def dequantised(x: Value, scale: float, zero: int) -> Value:
    return node("multiply", centred(x, const(np.uint8(zero)), F32), full_like(cast(x, F32), scale))


def weights(outputs: int, inputs: int, seed: int) -> Value:
    w = const(data((outputs, inputs, 3, 3), I8, seed))
    scale = const(np.linspace(0.001, 0.002, outputs, dtype=np.float32))
    return node("multiply", cast(w, F32), broadcast(scale, w.shape, (0,)))


@pytest.mark.parametrize("padding", [((1, 1), (1, 1)), ((0, 0), (2, 1))], ids=str)
def test_symbolic_sizes_with_strides(padding: tuple[tuple[int, int], ...]) -> None:
    """What the slices of patches leave is written as the convolution writes it."""
    x, z = param(TensorType(U8, (symbol("n"), 5, symbol("h", 3), symbol("w", 3)))), param(TensorType(U8, ()))
    w = const(data((7, 5, 3, 3), I8))
    y = convolution(centred(x, z, I32), cast(w, I32), window_strides=(2, 3), padding=padding)
    for n, h, width in ((1, 3, 3), (2, 8, 7), (3, 11, 12)):
        ops = check(function("main", [x, z], [y]), data((n, 5, h, width), U8), np.array(117, np.uint8))
        assert "convolution" not in ops


def test_a_network_is_transposed_once_on_the_way_in() -> None:
    a = data((1, 4, 8, 8), U8)
    x = param(TensorType(U8, a.shape))
    same = {"padding": ((1, 1), (1, 1))}
    y = convolution(dequantised(x, 0.02, 117), weights(8, 4, 1), **same)
    first = quantised(node("add", y, broadcast(const(np.arange(8, dtype=np.float32)), y.shape, (1,))), 0.1, 110)
    y = convolution(dequantised(first, 0.1, 110), weights(8, 8, 2), **same)
    total = quantised(node("add", y, dequantised(first, 0.1, 110)), 0.2, 100)
    pooled = node(
        "reduce_window", total, const(np.uint8(0)), window_dimensions=(1, 1, 2, 2), window_strides=(1, 1, 2, 2),
        body=scalar_region("maximum", U8),
    )  # fmt: skip
    ops = check(function("main", [x], [pooled]), a)
    assert "convolution" not in ops and ops.count("transpose") == 2  # the input, and the result


def test_floats_stay_where_bytes_are_slow_and_groups_become_floats() -> None:
    x = param(TensorType(U8, (1, 4, 8, 8)))
    main = function("main", [x], [convolution(dequantised(x, 0.02, 117), weights(8, 4, 1))])
    assert "convolution" in [n.op for n in rewritten(main, "x86-64-v3").nodes]
    w = const(data((4, 1, 3, 3), I8))
    grouped = node(
        "convolution", cast(x, I32), cast(w, I32), dimension_numbers=NCHW, feature_group_count=4, result=TensorType(I32, (1, 4, 6, 6))
    )
    new = rewritten(function("main", [x], [grouped]))
    assert [str(n.result.dtype) for n in new.nodes if n.op == "convolution"] == ["f32"]
    check(function("main", [x], [grouped]), data((1, 4, 8, 8), U8))


def test_padding_that_depends_on_sizes_stays() -> None:
    """Nobody can tell whether n - 2 pads or crops."""
    n = symbol("n")
    x = param(TensorType(U8, (1, 2, n, n)), "x")
    y = convolution(cast(x, I32), cast(const(data((3, 2, 3, 3), I8)), I32), padding=((n - 2, 1), (0, 0)))
    assert "convolution" in check(function("main", [x], [y]), data((1, 2, 4, 4), U8))
