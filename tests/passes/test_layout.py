"""Blocked layout: the graph computes what it did, and stays blocked from the first convolution to the last."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import ConvDims
from weft.compiler.ir.dims import mod, symbol
from weft.compiler.ir.graph import Function, Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops import helpers
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.helpers import broadcast, const, full_like, scalar_region
from weft.compiler.ops.registry import op_of
from weft.compiler.passes.layout import block_layout
from weft.proto.dtypes import BF16, F32

NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
NHWC = ConvDims(0, 3, (1, 2), 2, 3, (0, 1), 0, 3, (1, 2))
SAME = ((1, 1), (1, 1))


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def build(body: Callable[[Value], Value], *shape: object) -> Function:
    x = param(TensorType(F32, tuple(shape)))  # type: ignore[arg-type]
    return function("main", [x], [body(x)])


def check(main: Function, *args: np.ndarray) -> Function:
    """The rewritten function, after comparing what both compute."""
    new = block_layout(module(main)).main
    for want, got in zip(evaluate(main, *args), evaluate(new, *args), strict=True):
        assert got.dtype == want.dtype
        got, want = got.astype(np.float64), want.astype(np.float64)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4 * max(1, np.abs(want).max(initial=0)))
    return new


def ops(main: Function) -> list[str]:
    return [n.op for n in main.nodes if n.op not in ("constant", "broadcast_in_dim")]


def op(name: str, *args: Value, **attrs: object) -> Value:
    return op_of(name)(*args, **attrs)


def conv3(x: Value, features: int, seed: int = 0, **attrs: object) -> Value:
    return conv(x, const(0.1 * data(features, x.shape[1], 3, 3, seed=seed)), NCHW, padding=SAME, **attrs)


def relu(x: Value) -> Value:
    return op("maximum", x, full_like(x, 0.0))


def per_channel(numbers: np.ndarray, like: Value, dim: int = 1) -> Value:
    return broadcast(const(numbers), like.shape, (dim,))


def pool(x: Value, monoid: str, init: float, window: tuple, strides: tuple, padding: tuple) -> Value:
    body = scalar_region(monoid, F32)
    return op("reduce_window", x, const(np.float32(init)), window_dimensions=window, window_strides=strides, padding=padding, body=body)


def mean(x: Value, dims: tuple[int, ...]) -> Value:
    return op("reduce", x, const(np.float32(0)), dimensions=dims, body=scalar_region("add", F32))


def test_residual_network_stays_blocked() -> None:
    def net(x: Value) -> Value:
        y = relu(op("add", conv3(x, 32), per_channel(data(32), conv3(x, 32))))
        z = pool(y, "maximum", -np.inf, (1, 1, 3, 3), (1, 1, 2, 2), ((0, 0), (0, 0), *SAME))
        a = relu(conv3(z, 32, 1))
        b = op("add", conv3(a, 32, 2), z)
        return mean(relu(b), (2, 3))

    new = check(build(net, 2, 16, 9, 9), data(2, 16, 9, 9))
    assert "convolution" not in ops(new)
    assert ops(new).count("transpose") == 1  # of the input; the result needs none
    assert ops(new).count("weft.conv") == 3


def test_batch_normalisation_folds_into_weights() -> None:
    def net(x: Value) -> Value:
        y = op("add", conv3(x, 32), per_channel(data(32), conv3(x, 32)))
        y = op("multiply", y, per_channel(data(32, seed=1), y))
        y = op("subtract", y, per_channel(data(32, seed=2), y))
        return op("divide", y, per_channel(1 + data(32, seed=3) ** 2, y))

    new = check(build(net, 1, 16, 6, 6), data(1, 16, 6, 6))
    kinds = ops(new)
    assert kinds.count("weft.conv") == 1 and kinds.count("add") == 1
    assert not {"multiply", "divide", "subtract"} & set(kinds)


def test_a_convolution_used_twice_keeps_its_weights() -> None:
    def net(x: Value) -> Value:
        y = conv3(x, 32)
        return op("add", y, op("multiply", y, per_channel(data(32), y)))

    assert ops(check(build(net, 1, 16, 6, 6), data(1, 16, 6, 6))).count("multiply") == 1


@pytest.mark.parametrize(("channels", "features"), [(3, 20), (24, 40), (1, 1), (16, 7)])
def test_channels_that_do_not_fill_blocks(channels: int, features: int) -> None:
    def net(x: Value) -> Value:
        return conv3(relu(conv3(x, features)), 5, 1)

    check(build(net, 2, channels, 6, 7), data(2, channels, 6, 7))


@pytest.mark.parametrize("name", ["log", "rsqrt", "exponential", "negate"])
def test_padding_never_leaks(name: str) -> None:
    def net(x: Value) -> Value:
        y = op("abs", conv3(x, 20))
        y = op("add", y, full_like(y, 0.5)) if name != "log" else op("multiply", y, y)
        y = op(name, y)
        y = op("divide", y, per_channel(1 + data(20) ** 2, y))
        return conv3(y, 24, 1)

    result = check(build(net, 1, 16, 6, 7), data(1, 16, 6, 7))
    assert np.isfinite(evaluate(result, data(1, 16, 6, 7))[0]).all()


def test_infinite_padding_is_cleaned_before_a_convolution() -> None:
    def net(x: Value) -> Value:
        y = conv3(x, 20)
        y = op("divide", full_like(y, 1.0), y)
        return conv3(y, 24, 1)

    assert "select" in ops(check(build(net, 1, 16, 6, 7), data(1, 16, 6, 7)))


def test_nhwc() -> None:
    def net(x: Value) -> Value:
        y = relu(conv(x, const(0.1 * data(3, 3, 3, 32)), NHWC, padding=SAME))
        y = op("add", y, per_channel(data(32), y, 3))
        y = conv(y, const(0.1 * data(3, 3, 32, 16)), NHWC, padding=SAME)
        return mean(y, (1, 2))

    new = check(build(net, 2, 8, 9, 3), data(2, 8, 9, 3))
    assert "transpose" not in ops(new)


def test_changing_order_of_dims_costs_nothing() -> None:
    def net(x: Value) -> Value:
        y = op("transpose", conv3(x, 32), permutation=(0, 2, 3, 1))
        y = relu(op("add", y, per_channel(data(32), y, 3)))
        return mean(conv3(op("transpose", y, permutation=(0, 3, 1, 2)), 16, 1), (2, 3))

    assert ops(check(build(net, 1, 3, 6, 7), data(1, 3, 6, 7))).count("transpose") == 0


@pytest.mark.parametrize("groups", [2, 4, 8])
@pytest.mark.parametrize("per_group", [(4, 4), (6, 28), (17, 3), (16, 16), (8, 32)])
def test_groups(groups: int, per_group: tuple[int, int]) -> None:
    inner, outer = per_group[0], per_group[1] * groups

    def net(x: Value) -> Value:
        return conv(x, const(data(outer, inner, 3, 3)), NCHW, padding=SAME, feature_groups=groups)

    assert "weft.conv" in ops(check(build(net, 1, inner * groups, 5, 6), data(1, inner * groups, 5, 6)))


@pytest.mark.parametrize("channels", [16, 40])
def test_depthwise(channels: int) -> None:
    def net(x: Value) -> Value:
        return conv(x, const(data(channels, 1, 3, 3)), NCHW, padding=SAME, strides=(2, 1), feature_groups=channels)

    assert "weft.depthwise" in ops(check(build(net, 2, channels, 7, 6), data(2, channels, 7, 6)))


@pytest.mark.parametrize(("features", "slices"), [(64, 1), (24, 0)])
def test_pixels_of_a_strided_pointwise_convolution_are_put_side_by_side(features: int, slices: int) -> None:
    def net(x: Value) -> Value:
        return conv(x, const(data(features, 16, 1, 1)), NCHW, strides=(2, 3))

    assert ops(check(build(net, 2, 16, 7, 9), data(2, 16, 7, 9))).count("slice") == slices + (features % 16 > 0)


def test_transposed_and_dilated_convolutions() -> None:
    swapped = ConvDims(0, 1, (2, 3), 0, 1, (2, 3), 0, 1, (2, 3))

    def net(x: Value) -> Value:
        y = conv(x, const(data(16, 20, 4, 4)), swapped, padding=((2, 2), (2, 2)), lhs_dilation=(2, 2), reversal=(True, True))
        return conv(y, const(data(8, 20, 3, 3)), NCHW, padding=((2, 2), (3, 3)), rhs_dilation=(2, 3))

    assert ops(check(build(net, 1, 16, 5, 6), data(1, 16, 5, 6))).count("weft.conv") == 2


def test_one_spatial_dim() -> None:
    dims = ConvDims(0, 1, (2,), 1, 0, (2,), 0, 1, (2,))

    def net(x: Value) -> Value:
        y = relu(conv(x, const(data(20, 3, 5)), dims, padding=((2, 2),), strides=(2,)))
        y = op("add", y, per_channel(data(20), y))
        y = conv(y, const(data(32, 20, 3)), dims, rhs_dilation=(2,))
        return pool(y, "add", 0, (1, 1, 2), (1, 1, 2), ((0, 0),) * 3)

    assert ops(check(build(net, 2, 3, 30), data(2, 3, 30))).count("weft.conv") == 2


def test_concatenation_and_slices_of_whole_blocks() -> None:
    def net(x: Value) -> Value:
        y = op("concatenate", conv3(x, 16), conv3(x, 24, 1), dimension=1)
        part = op("slice", y, start_indices=(0, 16, 1, 0), limit_indices=(1, 40, 6, 7), strides=(1, 1, 2, 1))
        return conv3(part, 16, 2)

    new = check(build(net, 1, 3, 6, 7), data(1, 3, 6, 7))
    assert ops(new).count("transpose") == 1


def shuffled(x: Value, *order: int, factors: tuple[int, ...]) -> Value:
    n, c, h, w = x.shape
    split = op("reshape", x, result=x.tensor.with_shape((n, *factors, h, w)))
    turned = op("transpose", split, permutation=(0, *(1 + d for d in order), 1 + len(factors), 2 + len(factors)))
    return op("reshape", turned, result=x.tensor.with_shape((n, c, h, w)))


@pytest.mark.parametrize("shape", [(2, 6, 7), (symbol("N"), 6, 7)])
def test_channels_in_another_order_stay_blocked(shape: tuple) -> None:
    def net(x: Value) -> Value:
        y = op("concatenate", conv3(x, 20), conv3(x, 24, 1), conv3(x, 5, 2), conv3(x, 3, 3), dimension=1)
        y = shuffled(shuffled(y, 1, 0, factors=(4, 13)), 2, 0, 1, factors=(2, 2, 13))
        part = op("slice", y, start_indices=(0, 3, 1, 0), limit_indices=(y.shape[0], 50, 6, 7), strides=(1, 2, 2, 1))
        return conv3(part, 16, 4)

    new = check(build(net, shape[0], 3, *shape[1:]), data(2, 3, 6, 7))
    assert ops(new).count("transpose") == 1  # of the result
    assert ops(new).count("weft.channels") == 1  # all of that at once


def test_a_transpose_that_is_no_shuffle_is_plain() -> None:
    def net(x: Value) -> Value:
        y = conv3(x, 16)
        split = op("reshape", y, result=y.tensor.with_shape((1, 2, 8, 6, 6)))
        return op("reshape", op("transpose", split, permutation=(0, 2, 1, 4, 3)), result=y.tensor)

    assert "weft.channels" not in ops(check(build(net, 1, 3, 6, 6), data(1, 3, 6, 6)))


def test_gates_and_clamps() -> None:
    def net(x: Value) -> Value:
        y = conv3(x, 20)
        gate = op("logistic", mean(y, (2, 3)))
        y = op("multiply", y, helpers.broadcast(gate, y.shape, (0, 1)))
        return conv3(op("clamp", const(np.float32(0)), y, const(np.float32(6))), 16, 1)

    assert ops(check(build(net, 2, 16, 6, 7), data(2, 16, 6, 7))).count("transpose") == 2


def test_padding_before_a_convolution_is_its_own() -> None:
    def net(x: Value) -> Value:
        none = (0, 0, 0, 0)
        y = op("pad", x, const(np.float32(0)), edge_padding_low=(0, 0, 1, 2), edge_padding_high=(0, 0, 2, 1), interior_padding=none)
        return conv3(y, 16)

    new = check(build(net, 1, 16, 6, 7), data(1, 16, 6, 7))
    assert "pad" not in ops(new)


def test_pooling_with_average_at_edges() -> None:
    def net(x: Value) -> Value:
        y = conv3(x, 20)
        total = pool(y, "add", 0, (1, 1, 3, 3), (1, 1, 1, 1), ((0, 0), (0, 0), *SAME))
        counts = const(4 + np.abs(data(*total.shape[2:])))
        return conv3(op("divide", total, helpers.broadcast(counts, total.shape, (2, 3))), 16, 1)

    new = check(build(net, 1, 16, 6, 7), data(1, 16, 6, 7))
    assert "select" not in ops(new)


def test_symbolic_batch() -> None:
    new = check(build(lambda x: mean(relu(conv3(conv3(x, 16), 40, 1)), (2, 3)), symbol("N"), 3, 6, 7), data(3, 3, 6, 7))
    assert "convolution" not in ops(new)


def test_biases_of_two_branches_become_one() -> None:
    def net(x: Value) -> Value:
        y, z = conv3(x, 16), conv3(x, 16, 1)
        return op("add", op("add", y, per_channel(data(16), y)), op("add", z, per_channel(data(16, seed=1), z)))

    assert ops(check(build(net, 1, 16, 6, 7), data(1, 16, 6, 7))).count("add") == 2


def test_narrow_floats_are_convolved_in_f32() -> None:
    x = param(TensorType(BF16, (1, 16, 6, 7)))
    weights = const(data(16, 16, 3, 3).astype(BF16.numpy))
    new = check(function("main", [x], [conv(x, weights, NCHW)]), data(1, 16, 6, 7).astype(BF16.numpy))
    assert "weft.conv" in ops(new)


@pytest.mark.parametrize(("weights", "groups"), [((20, 16, 3, 2), 1), ((20, 3, 3, 2), 1), ((24, 1, 3, 2), 24)])
def test_weights_that_are_computed(weights: tuple, groups: int) -> None:
    x, w = param(TensorType(F32, (2, weights[1] * groups, 6, 7))), param(TensorType(F32, weights))
    y = conv(x, op("multiply", w, w), NCHW, reversal=(True, False), feature_groups=groups)
    new = check(function("main", [x, w], [y]), data(*x.shape), data(*weights))
    assert "convolution" not in ops(new)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
def test_three_spatial_dims(reverse: bool, groups: int) -> None:
    dims = ConvDims(0, 4, (1, 2, 3), 3, 4, (0, 1, 2), 0, 4, (1, 2, 3))
    attrs = {"strides": (2, 1, 2), "padding": ((1, 2), (1, 1), (0, 1)), "rhs_dilation": (2, 1, 1), "lhs_dilation": (1, 2, 1)}
    main = build(
        lambda x: conv(x, const(data(3, 2, 3, 4, 6)), dims, **attrs, reversal=(reverse,) * 3, feature_groups=groups), 2, 6, 5, 7, 4 * groups
    )
    assert ops(check(main, data(2, 6, 5, 7, 4 * groups))).count("weft.conv") == 3


def test_padding_that_depends_on_sizes() -> None:
    height = symbol("H", 3)
    main = build(lambda x: conv(x, const(data(4, 16, 3, 3)), NCHW, padding=((mod(height, 2), 1), (0, 0)), strides=(2, 1)), 1, 16, height, 6)
    assert ops(check(main, data(1, 16, 7, 6))).count("weft.conv") == 1


@pytest.mark.parametrize("case", ["groups", "phases"])
def test_what_has_no_kernel_stays(case: str) -> None:
    x, w = param(TensorType(F32, (1, 16, symbol("H", 3), 6))), const(data(4, 16, 3, 3))
    match case:
        case "groups":
            x, other = param(TensorType(F32, (1, 32, 6, 6))), param(TensorType(F32, (4, 16, 3, 3)))
            main = function("main", [x, other], [conv(x, other, NCHW, feature_groups=2)])
        case _:
            main = function("main", [x], [conv(x, w, NCHW, lhs_dilation=(4, 1))])
    assert ops(block_layout(module(main)).main) == ["convolution"]


def test_images_of_any_size() -> None:
    def net(x: Value) -> Value:
        y = relu(conv3(x, 32))
        z = pool(y, "maximum", -np.inf, (1, 1, 3, 3), (1, 1, 2, 2), ((0, 0), (0, 0), *SAME))
        z = conv(z, const(data(32, 1, 3, 3)), NCHW, padding=SAME, feature_groups=32)
        up = conv(z, const(data(8, 32, 2, 2)), NCHW, padding=SAME, lhs_dilation=(2, 2))
        return mean(conv3(up, 16, 1), (2, 3))

    new = check(build(net, symbol("N"), 3, symbol("H"), symbol("W")), data(2, 3, 9, 14))
    assert "convolution" not in ops(new)
    assert "transpose" not in ops(new)
