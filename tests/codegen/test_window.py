"""Sliding windows: pooling in every layout, padding, strides, dilations, running folds, any body."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weft.compiler.codegen.cpu.window import ScanPlan
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.compiler.ops.helpers import const
from weft.proto.dtypes import BF16, F16, F32, F64, I32, U8

from .run import SOME_TARGETS, TARGETS, Loaded, assert_close, check, fusion, reference
from .test_map import op, p
from .test_rows import IDENTITY, body


def window(x, name, size, *, stride=None, pad=None, dilation=None, base=None, init=None):
    rank = x.tensor.rank
    start = const(IDENTITY[name] if init is None else init, x.dtype)
    return op(
        "reduce_window", x, start, window_dimensions=tuple(size), window_strides=stride or (1,) * rank, base_dilations=base,
        window_dilations=dilation, padding=pad or ((0, 0),) * rank, body=body(name, x.dtype),
    )  # fmt: skip


def numbers(v, rng):
    return (rng.integers(-20, 20, v.tensor.shape) / 4).astype(v.dtype.numpy)


POOLS = {
    "NCHW 3x3s2": ((2, 5, 17, 19), (1, 1, 3, 3), (1, 1, 2, 2), ((0, 0), (0, 0), (1, 1), (1, 1))),
    "NCHW 2x2s2": ((1, 3, 16, 34), (1, 1, 2, 2), (1, 1, 2, 2), ((0, 0),) * 4),
    "NCHW 3x3s1": ((1, 4, 14, 14), (1, 1, 3, 3), (1, 1, 1, 1), ((0, 0), (0, 0), (1, 1), (1, 1))),
    "NHWC 3x3s2": ((1, 9, 9, 20), (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0))),
    "blocked 3x3s2": ((1, 2, 11, 11, 16), (1, 1, 3, 3, 1), (1, 1, 2, 2, 1), ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0))),
    "everything": ((1, 7, 7, 7), (1, 1, 7, 7), (1, 1, 1, 1), ((0, 0),) * 4),
    "uneven padding": ((3, 40), (1, 5), (1, 3), ((0, 0), (4, 2))),
    "more padding than input": ((2, 3), (1, 4), (1, 2), ((0, 0), (7, 9))),
}


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("case", POOLS)
def test_pools(case, target):
    shape, size, stride, pad = POOLS[case]
    x = p(F32, *shape)
    for name in ("maximum", "add"):
        check(fusion("window", [x], [window(x, name, size, stride=stride, pad=pad)]), [numbers(x, np.random.default_rng(0))], target)


@pytest.mark.parametrize("dtype", [F16, BF16, F64, I32, U8], ids=str)
def test_element_types(dtype):
    x = p(dtype, 2, 3, 8, 20)
    array = np.abs(numbers(x, np.random.default_rng(1)).astype(np.float32)).astype(dtype.numpy)
    result = window(x, "add", (1, 1, 3, 3), pad=((0, 0), (0, 0), (1, 1), (1, 1)))
    check(fusion("window", [x], [result]), [array], rtol=1e-2 if dtype.bits < 32 else 0)


def test_dilations_and_initial_value():
    x = p(F32, 2, 9, 23)
    pad = ((0, 0), (1, 2), (3, 0))
    result = window(x, "add", (1, 2, 3), stride=(1, 2, 1), pad=pad, dilation=(1, 2, 3), base=(1, 3, 2), init=0.5)
    check(fusion("window", [x], [result]), [numbers(x, np.random.default_rng(2))])


def test_epilogue():
    x = p(F32, 1, 4, 12, 12)
    pooled = window(x, "add", (1, 1, 2, 2), stride=(1, 1, 2, 2))
    check(fusion("window", [x], [op("multiply", pooled, pooled)]), [numbers(x, np.random.default_rng(3))])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_running_folds(dim, backwards):
    for dtype, name in ((F32, "add"), (F64, "multiply"), (I32, "add"), (F32, "maximum")):
        x = p(dtype, 5, 7, 20)
        n = x.tensor.shape[dim]
        pad = [(0, 0)] * 3
        pad[dim] = (0, n - 1) if backwards else (n - 1, 0)
        size = [n if d == dim else 1 for d in range(3)]
        array = np.sign(numbers(x, np.random.default_rng(4))) if name == "multiply" else numbers(x, np.random.default_rng(4))
        loaded = check(fusion("window", [x], [window(x, name, size, pad=tuple(pad))]), [array], rtol=1e-6)
        assert isinstance(loaded.kernel.plan, ScanPlan)


def test_padding_that_counts():
    """The padding of a window is the initial value, so a running fold must not start with it once."""
    x = p(F32, 9)
    loaded = check(fusion("window", [x], [window(x, "add", (9,), pad=((8, 0),), init=5.0)]), [numbers(x, np.random.default_rng(6))])
    assert not isinstance(loaded.kernel.plan, ScanPlan)


def test_symbolic_image():
    n, h = symbol("N", 0), symbol("H", 1)
    x = p(F32, n, 3, h, h)
    result = window(x, "maximum", (1, 1, 3, 3), stride=(1, 1, 2, 2), pad=((0, 0), (0, 0), (1, 1), (1, 1)))
    loaded = Loaded(fusion("window", [x], [result]))
    for a, b in ((1, 1), (2, 5), (1, 40), (0, 3)):
        array = np.random.default_rng(b).standard_normal((a, 3, b, b)).astype(np.float32)
        for got, want in zip(loaded([array]), reference(loaded.node, [array]), strict=True):
            assert_close(got, want, 0, 0)


def test_a_body_that_is_no_monoid():
    x = p(F32, 4, 30)
    a, b = p(F32), p(F32)
    half = op("multiply", op("add", a, b), const(0.5, F32))
    result = op(
        "reduce_window", x, const(1.0, F32), window_dimensions=(1, 3), window_strides=(1, 2), base_dilations=None, window_dilations=None,
        padding=((0, 0), (1, 1)), body=region((a, b), (half,)),
    )  # fmt: skip
    check(fusion("window", [x], [result]), [numbers(x, np.random.default_rng(5))])


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_random_windows(draw):
    rng = np.random.default_rng(draw.draw(st.integers(0, 2**31)))
    shape = tuple(int(n) for n in rng.integers(1, 24, 3))
    size = tuple(int(k) for k in rng.integers(1, 5, 3))
    pad = tuple((int(a), int(b)) for a, b in rng.integers(-1, 4, (3, 2)))
    options = [tuple(int(k) for k in rng.integers(1, 4, 3)) for _ in range(3)]
    x = p(F32, *shape)
    result = window(x, "add", size, stride=options[0], pad=pad, dilation=options[1], base=options[2])
    check(fusion("window", [x], [result]), [numbers(x, rng)], TARGETS[rng.integers(len(TARGETS))])
