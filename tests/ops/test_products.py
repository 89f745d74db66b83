"""dot_general and convolution."""

from dataclasses import replace

import numpy as np
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn, int4
from weft.compiler.ir.attrs import ConvDims, DotDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.contraction import dot
from weft.compiler.ops.convolution import conv, window_of_node
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import BOOL, C64, F32, F64, I8, I32, U8

from .calls import check, close, rejects, run

RTOL = {np.float16: 4e-3, bfloat16: 2e-2, np.float32: 1e-5, np.float64: 1e-12, np.complex64: 1e-5, float8_e4m3fn: 0.2}


def numbers(rng: np.random.Generator, shape, dtype) -> np.ndarray:
    x = rng.standard_normal(shape) * 3
    return np.asarray(x + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def random_dot(seed: int) -> tuple[tuple[int, ...], tuple[int, ...], DotDims]:
    rng = np.random.default_rng(seed)
    nb, nk, nl, nr = rng.integers(0, 3, 4)
    batch, k, left, right = (rng.integers(seed % 5 > 0, 5, n).tolist() for n in (nb, nk, nl, nr))
    lhs, rhs = rng.permutation(nb + nk + nl).tolist(), rng.permutation(nb + nk + nr).tolist()
    shapes = []
    for order, sizes in ((lhs, batch + k + left), (rhs, batch + k + right)):
        shape = [0] * len(order)
        for d, n in zip(order, sizes, strict=True):
            shape[d] = n
        shapes.append(tuple(shape))
    return shapes[0], shapes[1], DotDims(tuple(lhs[:nb]), tuple(rhs[:nb]), tuple(lhs[nb : nb + nk]), tuple(rhs[nb : nb + nk]))


@pytest.mark.parametrize("seed", range(30))
def test_dot_general(seed):
    left, right, dims = random_dot(seed)
    rng = np.random.default_rng(seed)
    # StableHLO's interpreter aborts where a dim is zero.
    whole = 0 not in (*left, *right)
    for dtype in (np.float32, np.int32, np.uint8):
        check(lambda x, y: dot(x, y, dims), numbers(rng, left, dtype), numbers(rng, right, dtype), rtol=1e-5, oracle=whole)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float64, np.complex64, np.int8, np.uint64, np.bool_, int4, float8_e4m3fn])
def test_dot_general_of_dtypes(dtype):
    rng = np.random.default_rng(0)
    x, y = numbers(rng, (3, 7), dtype), numbers(rng, (7, 2), dtype)
    # StableHLO's interpreter rounds every partial sum, so narrow floats are compared with our own elements alone.
    oracle = np.dtype(dtype).itemsize > 2 or x.dtype.kind in "iu"
    check(lambda x, y: dot(x, y, DotDims((), (), (1,), (0,))), x, y, rtol=RTOL.get(dtype, 0), oracle=oracle)


def test_the_result_may_be_wider():
    rng = np.random.default_rng(0)
    dims = DotDims((), (), (1,), (0,))
    x, y = numbers(rng, (3, 200), np.int8), numbers(rng, (200, 2), np.int8)
    (r,) = check(lambda x, y: dot(x, y, dims, I32), x, y)
    assert np.array_equal(r, x.astype(np.int32) @ y.astype(np.int32))
    x, y = x.astype(bfloat16), y.astype(bfloat16)
    (r,) = check(lambda x, y: dot(x, y, dims, F32), x, y, rtol=1e-6)
    assert np.array_equal(r, x.astype(np.float32) @ y.astype(np.float32))


def test_mixed_signs_and_widths():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (3, 300)).astype(np.uint8), rng.integers(-128, 128, (300, 2)).astype(np.int8)
    (r,) = check(lambda x, y: dot(x, y, DotDims((), (), (1,), (0,)), I32), x, y, oracle=False)
    assert np.array_equal(r, x.astype(np.int32) @ y.astype(np.int32))


def test_a_sum_of_nothing_is_zero():
    (r,) = check(lambda x, y: dot(x, y, DotDims((), (), (1,), (0,))), np.zeros((2, 0), np.int8), np.zeros((0, 3), np.int8), oracle=False)
    assert r.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_large_integers_wrap():
    x = np.full((1, 3), 2**62 + 5, np.int64)
    (r,) = check(lambda x, y: dot(x, y, DotDims((), (), (1,), (0,))), x, x.T.copy())
    assert r.item() == (3 * (2**62 + 5) ** 2 + 2**63) % 2**64 - 2**63


def test_nan_and_infinity():
    x = np.array([[np.nan, 1], [np.inf, 0], [1, 2]], np.float32)
    check(lambda x, y: dot(x, y, DotDims((), (), (1,), (0,))), x, np.array([[1, 0], [np.inf, 2]], np.float32), rtol=1e-6)


def test_symbolic_dot():
    n, k = symbol("N"), symbol("K")
    x, y = param(TensorType(F32, (n, 4, k))), param(TensorType(F32, (n, k, 5)))
    assert dot(x, y, DotDims((0,), (0,), (2,), (1,))).shape == (n, 4, 5)


def _p(*shape, dtype=F32):
    return param(TensorType(dtype, shape))


D = DotDims((0,), (0,), (2,), (1,))


def _dot(x=None, y=None, dims=D, result=None, **attrs):
    types = TensorType(F32, (2, 3, 5)) if result is None else result
    return lambda: OPS["dot_general"](x or _p(2, 3, 4), y or _p(2, 4, 5), dot_dimension_numbers=dims, result=types, **attrs)


DOT = [
    ("C1", _dot(dims=replace(D, rhs_batch=()))),
    ("C2", _dot(dims=replace(D, rhs_contracting=()))),
    ("C3", _dot(dims=replace(D, lhs_contracting=(0,)))),
    ("C4", _dot(dims=replace(D, rhs_contracting=(0,)))),
    ("C5", _dot(dims=replace(D, lhs_batch=(3,)))),
    ("C6", _dot(dims=replace(D, lhs_contracting=(-1,)))),
    ("C7", _dot(dims=replace(D, rhs_batch=(3,)))),
    ("C8", _dot(dims=replace(D, rhs_contracting=(4,)))),
    ("C9", _dot(y=_p(3, 4, 5))),
    ("C10", _dot(y=_p(2, 3, 5))),
    ("C10", _dot(x=_p(2, 3, symbol("K")), y=_p(2, symbol("L"), 5))),
    ("C11", _dot(precision_config=("DEFAULT",))),
    ("C11", _dot(precision_config=("DEFAULT", "BEST"))),
    ("C12", _dot(result=TensorType(F32, (2, 5, 3)))),
    ("C13", _dot(y=_p(2, 4, 5, dtype=I32))),
    ("C13", _dot(y=_p(2, 4, 5, dtype=C64))),
    ("C13", _dot(result=TensorType(BOOL, (2, 3, 5)))),
]


@pytest.mark.parametrize(("code", "build"), DOT, ids=[c for c, _ in DOT])
def test_dot_rejections(code, build):
    rejects(f"dot_general.{code}", build)


def random_conv(seed: int, dtype=np.float32):
    """Input, kernel, and the arguments of `conv`, of one to two spatial dims in any order, with groups, dilations, reversal."""
    rng = np.random.default_rng(seed)
    spatial = int(rng.integers(0, 3))
    features = int(rng.choice([1, 1, 2, 3]))
    batches = 1 if features > 1 else int(rng.choice([1, 1, 2]))
    some = rng.integers(1, 3, 3).tolist()
    inputs, outputs, batch = features * some[0], features * batches * some[1], batches * some[2]
    size, kernel = rng.integers(2, 7, spatial).tolist(), rng.integers(1, 4, spatial).tolist()
    orders = [rng.permutation(spatial + 2).tolist() for _ in range(3)]
    (ib, if_, *isp), (ki, ko, *ksp), (ob, of, *osp) = orders
    dims = ConvDims(ib, if_, tuple(isp), ki, ko, tuple(ksp), ob, of, tuple(osp))
    lhs = dict(zip(orders[0], (batch, inputs, *size), strict=True))
    rhs = dict(zip(orders[1], (inputs // features, outputs, *kernel), strict=True))
    pick = lambda hi: tuple(rng.integers(1, hi, spatial).tolist())  # noqa: E731
    keywords = {
        "strides": pick(4), "lhs_dilation": pick(4), "rhs_dilation": pick(3), "reversal": tuple(map(bool, rng.integers(0, 2, spatial))),
        "padding": tuple((int(a), int(b)) for a, b in rng.integers(-1, 3, (spatial, 2))),
        "feature_groups": features, "batch_groups": batches,
    }  # fmt: skip
    shapes = [tuple(s[d] for d in range(spatial + 2)) for s in (lhs, rhs)]
    return numbers(rng, shapes[0], dtype), numbers(rng, shapes[1], dtype), dims, keywords


def lax_conv(x: np.ndarray, w: np.ndarray, d: ConvDims, k: dict) -> np.ndarray:
    """What JAX makes of a convolution; StableHLO's interpreter aborts on some that are legal."""
    lax = pytest.importorskip("jax.lax")
    numbers = lax.ConvDimensionNumbers(
        (d.input_batch, d.input_feature, *d.input_spatial),
        (d.kernel_output_feature, d.kernel_input_feature, *d.kernel_spatial),
        (d.output_batch, d.output_feature, *d.output_spatial),
    )
    flipped = np.flip(w, [at for at, f in zip(d.kernel_spatial, k["reversal"], strict=True) if f])
    return np.asarray(lax.conv_general_dilated(
        x, flipped, k["strides"], k["padding"], k["lhs_dilation"], k["rhs_dilation"], numbers, k["feature_groups"], k["batch_groups"]
    ))  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_convolution(seed):
    x, w, dims, keywords = random_conv(seed)
    (r,) = check(lambda x, w: conv(x, w, dims, **keywords), x, w, rtol=1e-5, oracle=False)
    close(r, lax_conv(x, w, dims, keywords), 1e-5)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float64, np.complex64, np.int8, np.uint32, np.bool_])
def test_convolution_of_dtypes(dtype):
    for seed in (2, 7, 11):
        x, w, dims, keywords = random_conv(seed, dtype)
        (r,) = check(lambda x, w: conv(x, w, dims, **keywords), x, w, rtol=RTOL.get(dtype, 0), oracle=False)  # noqa: B023
        if dtype not in (np.float64, np.bool_):  # JAX has no f64 by default, and no products of booleans
            close(r, lax_conv(x, w, dims, keywords), RTOL.get(dtype, 0))


NHWC = ConvDims(0, 3, (1, 2), 2, 3, (0, 1), 0, 3, (1, 2))


def test_integer_convolution_of_mixed_signs():
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 256, (1, 5, 5, 40)).astype(np.uint8), rng.integers(-128, 128, (3, 3, 40, 2)).astype(np.int8)
    (r,) = check(lambda x, w: conv(x, w, NHWC, I32), x, w, oracle=False)
    assert r[0, 0, 0, 1] == (x[0, :3, :3].astype(np.int32) * w[..., 1]).sum()


def test_nothing_to_convolve():
    for shape in ((0, 5, 5, 2), (1, 2, 5, 2)):
        (r,) = check(lambda x, w: conv(x, w, NHWC), np.zeros(shape, np.float32), np.zeros((3, 3, 2, 4), np.float32), oracle=False)
        assert r.size == 0
    (r,) = check(lambda x, w: conv(x, w, NHWC), np.zeros((1, 5, 5, 0), np.float32), np.zeros((3, 3, 0, 4), np.float32), oracle=False)
    assert r.shape == (1, 3, 3, 4) and not r.any()


def test_symbolic_convolution():
    n, h = symbol("N"), symbol("H", 1)
    x, w = param(TensorType(F32, (n, h, h, 8))), param(TensorType(F32, (3, 3, 8, 16)))
    y = conv(x, w, NHWC, padding=((1, 1), (1, 1)))
    assert y.shape == (n, h, h, 16) and window_of_node(y.node).stride == (1, 1)
    assert [str(d) for d in conv(x, w, NHWC, padding=((1, 1), (1, 1)), strides=(2, 2)).shape] == ["N", *["floordiv(H + 1, 2)"] * 2, "16"]


XS, WS, YS = (4, 6, 6, 4), (3, 3, 4, 8), (4, 4, 4, 8)


def _conv(x=XS, w=WS, y=YS, dims=NHWC, xt=F32, wt=F32, yt=F32, **attrs):
    return lambda: OPS["convolution"](_p(*x, dtype=xt), _p(*w, dtype=wt), dimension_numbers=dims, result=TensorType(yt, y), **attrs)


CONV = [
    ("C1", _conv(w=(3, 4, 8))),
    ("C2", _conv(window_strides=(1,))),
    ("C3", _conv(window_strides=(1, 0))),
    ("C4", _conv(padding=((0, 0),))),
    ("C5", _conv(lhs_dilation=(1, 1, 1))),
    ("C6", _conv(lhs_dilation=(0, 1))),
    ("C7", _conv(rhs_dilation=(1,))),
    ("C8", _conv(rhs_dilation=(1, -1))),
    ("C9", _conv(window_reversal=(True,))),
    ("C10", _conv(batch_group_count=3)),
    ("C11", _conv(feature_group_count=3)),
    ("C12", _conv(dims=replace(NHWC, input_spatial=(1,)))),
    ("C13", _conv(dims=replace(NHWC, input_spatial=(1, 0)))),
    ("C13", _conv(dims=replace(NHWC, input_spatial=(1, 4)))),
    ("C14", _conv(w=(3, 3, 3, 8))),
    ("C14", _conv(feature_group_count=2)),
    ("C15", _conv(w=(3, 3, 4, 6), batch_group_count=4)),
    ("C16", _conv(w=(3, 3, 2, 7), feature_group_count=2)),
    ("C17", _conv(dims=replace(NHWC, kernel_spatial=(0,)))),
    ("C18", _conv(dims=replace(NHWC, kernel_spatial=(0, 2)))),
    ("C19", _conv(dims=replace(NHWC, output_spatial=(1, 2, 3)))),
    ("C20", _conv(dims=replace(NHWC, output_spatial=(1, -2)))),
    ("C21", _conv(feature_group_count=0)),
    ("C22", _conv(batch_group_count=0)),
    ("C23", _conv(feature_group_count=2, batch_group_count=2)),
    ("C24", _conv(precision_config=())),
    ("C25", _conv(y=(4, 5, 4, 8))),
    ("C26", _conv(y=(4, 4, 8))),
    ("C27", _conv(wt=I8)),
    ("C27", _conv(yt=U8)),
    ("C27", _conv(xt=I8, wt=I8, yt=BOOL)),
]


@pytest.mark.parametrize(("code", "build"), CONV, ids=[c for c, _ in CONV])
def test_convolution_rejections(code, build):
    rejects(f"convolution.{code}", build)


def test_f64_is_not_rounded_on_the_way():
    x = np.array([[1.0, 2.0**-40]])
    (r,) = run(lambda x, y: dot(x, y, DotDims((), (), (1,), (1,)), F64), x, np.ones((1, 2)))
    assert r.item() == 1 + 2.0**-40
