"""Convolutions by strips: images of any size and dilated inputs, on every level against the reference."""

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Value, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.phases import phases_of
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32

from .run import TARGETS, fusion, run_fusion

CONV = op_of("weft.conv")
SIZES = ((0, 4, 4), (1, 1, 1), (1, 5, 6), (2, 17, 61), (1, 30, 29))
SAME = ((1, 1), (1, 1))
# layout, channels or blocks of the input, weights, attributes
CASES = {
    "3x3": ("blocked", 2, (3, 2, 3, 3, 16, 16), {"padding": SAME}),
    "pointwise": ("blocked", 5, (3, 5, 1, 1, 16, 16), {}),
    "strided, in steps": ("blocked", 20, (3, 20, 3, 3, 16, 16), {"padding": SAME, "strides": (2, 2)}),
    "dilated, cropped": ("blocked", 2, (2, 2, 3, 3, 16, 16), {"padding": ((-1, 3), (4, -1)), "dilation": (2, 3)}),
    "groups": ("blocked", 9, (5, 9, 3, 3, 16, 16), {"padding": SAME, "first": (0, 0, 0, 5, 5), "counts": (5, 5, 9, 4, 4)}),
    "pointwise groups": ("blocked", 9, (5, 9, 1, 1, 16, 16), {"first": (0, 0, 0, 5, 5), "counts": (5, 5, 9, 4, 4)}),
    "transposed 4x4": ("blocked", 2, (3, 2, 4, 4, 16, 16), {"padding": ((2, 2), (2, 2)), "input_dilation": (2, 2)}),
    "transposed 3x3, in steps": ("blocked", 20, (3, 20, 3, 3, 16, 16), {"padding": ((1, 2), (1, 2)), "input_dilation": (2, 2)}),
    "transposed 2x3": ("blocked", 2, (1, 2, 2, 3, 16, 16), {"padding": ((1, 1), (2, 2)), "input_dilation": (2, 3)}),
    "both dilations": ("blocked", 2, (1, 2, 5, 7, 16, 16), {"padding": ((5, 5), (2, 2)), "input_dilation": (2, 3), "dilation": (3, 2)}),
    "few channels": ("nchw", 3, (3, 7, 7, 3, 16), {"padding": ((3, 3), (3, 3)), "strides": (2, 2)}),
    "few channels last": ("nhwc", 5, (2, 3, 3, 5, 16), {"padding": ((1, 1), (2, 2)), "dilation": (1, 2)}),
    "few channels, transposed": ("nchw", 3, (2, 3, 3, 3, 16), {"padding": SAME, "input_dilation": (2, 2)}),
}


def arrays_of(case: str, size: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    layout, channels, weights, _ = CASES[case]
    n, h, w = size
    shape = {"blocked": (n, channels, h, w, 16), "nchw": (n, channels, h, w), "nhwc": (n, h, w, channels)}[layout]
    rng = np.random.default_rng([len(case), *size])
    return rng.standard_normal(shape).astype(np.float32), rng.standard_normal(weights).astype(np.float32)


def epilogue(y: Value, bias: Value, other: Value, heavy: bool) -> Value:
    y = op_of("add")(op_of("add")(y, op_of("broadcast_in_dim")(bias, broadcast_dimensions=(1, 4), result=y.type)), other)
    return op_of("negate")(y) if heavy else y


def check(target: Target, case: str, size: tuple[int, int, int], ending: str, is_open: bool, order: int = 1) -> None:
    layout, _, _, attrs = CASES[case]
    x, w = arrays_of(case, size)
    places = {"blocked": (0, 2, 3), "nchw": (0, 2, 3), "nhwc": (0, 1, 2)}[layout]
    named = dict(zip(places, (symbol("N"), symbol("H"), symbol("W")), strict=True)) if is_open else {}
    params = [param(TensorType(F32, tuple(named.get(d, n) for d, n in enumerate(x.shape)))), param(TensorType(F32, w.shape))]
    y = CONV(*params, layout=layout, **attrs)
    want = CONV.reference(x.astype(np.float64), w.astype(np.float64), **{**CONV.attrs, "layout": layout, **attrs})
    arrays = [x, w]
    if ending != "none":
        rng = np.random.default_rng(1)
        arrays += [rng.standard_normal((w.shape[0], 16)).astype(np.float32), rng.standard_normal(want.shape).astype(np.float32)]
        params += [param(TensorType(F32, (w.shape[0], 16))), param(y.type)]
        y = epilogue(y, params[2], params[3], ending == "heavy")
        want = want + arrays[2][None, :, None, None] + arrays[3]
        want = -want if ending == "heavy" else want
    got = run_fusion(fusion("contraction", params, [y]), arrays, target, symbols=dict(zip("NHW", size, strict=True)), order=order)[0]
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, atol=4e-6 * np.abs(want).max(initial=1.0), rtol=2e-5)


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_images_of_any_size(target: Target, case: str) -> None:
    for size in SIZES if target is TARGETS[-1] else SIZES[-1:]:
        check(target, case, size, "none", is_open=True)


@pytest.mark.parametrize("case", [c for c in CASES if "transposed" in c])
def test_dilated_inputs_of_known_size(case: str) -> None:
    for size in SIZES[1:]:
        check(TARGETS[-1], case, size, "none", is_open=False, order=-1)


@pytest.mark.parametrize("ending", ["light", "heavy"])
@pytest.mark.parametrize("case", ["3x3", "pointwise", "strided, in steps", "transposed 4x4"])
def test_epilogues(case: str, ending: str) -> None:
    check(TARGETS[-1], case, (2, 17, 61), ending, is_open=True)


def test_phases_cover_each_tap_once() -> None:
    for taps, low, dilation, apart in [(4, 2, 1, 2), (3, 0, 1, 2), (5, -3, 2, 3), (7, 1, 3, 2)]:
        phases = phases_of(taps, 1, low, dilation, apart)
        assert sorted(p.first + i * p.step for p in phases for i in range(p.count)) == list(range(taps))
        for p in phases:
            for i in range(p.count):
                assert p.at + (p.first + i * p.step) * dilation - low == (p.offset + i * p.skip) * apart
    assert phases_of(2, 1, 0, 1, 3) == phases_of(3, 2, 1, 1, 2) == ()


DEPTHWISE = {
    "3x3": ((3, 3), {"padding": SAME}),
    "5x5, strided": ((5, 5), {"padding": ((2, 2), (1, 2)), "strides": (2, 2)}),
    "7x3, dilated": ((7, 3), {"padding": ((3, 6), (2, 2)), "dilation": (1, 2)}),
    "cropped": ((3, 3), {"padding": ((-1, 3), (4, -1)), "strides": (1, 3)}),
}


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("case", DEPTHWISE)
@pytest.mark.parametrize("ending", ["none", "light", "heavy"])
def test_depthwise_of_any_size(target: Target, case: str, ending: str) -> None:
    op = op_of("weft.depthwise")
    taps, attrs = DEPTHWISE[case]
    params = [param(TensorType(F32, (symbol("N"), 3, symbol("H"), symbol("W"), 16))), param(TensorType(F32, (3, *taps, 16)))]
    y = op(*params, **attrs)
    if ending != "none":
        params += [param(TensorType(F32, (3, 16))), param(y.type)]
        y = epilogue(y, params[2], params[3], ending == "heavy")
    node = fusion("contraction", params, [y])
    rng = np.random.default_rng(0)
    for n, h, w in SIZES if target is TARGETS[-1] else SIZES[-1:]:
        arrays = [rng.standard_normal((n, 3, h, w, 16)).astype(np.float32), rng.standard_normal((3, *taps, 16)).astype(np.float32)]
        want = op.reference(*(a.astype(np.float64) for a in arrays), **{**op.attrs, **attrs})
        if ending != "none":
            arrays += [rng.standard_normal((3, 16)).astype(np.float32), rng.standard_normal(want.shape).astype(np.float32)]
            want = want + arrays[2][None, :, None, None] + arrays[3]
        got = run_fusion(node, arrays, target, symbols={"N": n, "H": h, "W": w}, order=-1)[0]
        np.testing.assert_allclose(got, -want if ending == "heavy" else want, atol=1e-5, rtol=2e-5)
