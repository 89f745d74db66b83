"""Reductions over any dims with any body, and elementwise work around them."""

import numpy as np
import pytest
from weft.compiler.codegen.cpu.rows import RowsPlan
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.compiler.ops.bodies import identity_of
from weft.compiler.ops.helpers import const
from weft.proto.dtypes import ALL, BF16, BOOL, C64, F16, F32, F64, I8, I32, STRING
from weft.proto.errors import WeftError

from .run import HOST, TARGETS, Loaded, assert_close, check, fusion, reference
from .test_elemental import samples
from .test_map import op, p
from .test_rows import body, numbers, reduce

N, M = symbol("N", 0), symbol("M", 0)
MONOIDS = {"add": "add", "multiply": "mul", "maximum": "max", "minimum": "min", "and": "and", "or": "or", "xor": "xor"}


def values(dtype, shape, rng):
    n = int(np.prod(shape))
    if dtype.is_float or dtype.is_complex:
        return (rng.integers(1, 3, n) / 2).astype(dtype.numpy).reshape(shape)
    return samples(dtype, rng, n + 20)[:n].reshape(shape)


@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1), (0, 1, 2), ()], ids=str)
@pytest.mark.parametrize("target", [TARGETS[0], TARGETS[1], HOST], ids=str)
def test_any_dims(dims, target):
    x = p(F32, 5, 6, 37)
    rng = np.random.default_rng(len(dims))
    for name in ("add", "maximum"):
        check(fusion("reduce", [x], [reduce(x, name, dims)]), [numbers(x, rng)], target, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [d for d in ALL if d is not STRING], ids=str)
def test_monoids_of_every_dtype(dtype):
    rng = np.random.default_rng(5)
    for name, monoid in MONOIDS.items():
        for dims in ((0,), (1,)):
            try:
                init = const(identity_of(monoid, dtype), dtype)
                x = p(dtype, 4, 45)
                result = op("reduce", x, init, dimensions=dims, body=body(name, dtype))
            except (WeftError, ValueError):
                continue
            tolerance = 1e-5 if dtype.is_complex or (dtype.is_float and dtype.bits >= 16) else 0
            check(fusion("reduce", [x], [result]), [values(dtype, (4, 45), rng)], rtol=tolerance, atol=tolerance)


def test_first_value_counts_once():
    x = p(F32, 7, 70)
    result = reduce(x, "add", (1,), init=5.0)
    check(fusion("reduce", [x], [result]), [numbers(x, np.random.default_rng(0))], rtol=1e-5)


def test_prologue_and_epilogue():
    x, y, c = p(F32, 9, 130), p(F32, 9, 130), p(F32, 9)
    total = op("add", reduce(op("multiply", x, y), "add", (1,)), c)
    rng = np.random.default_rng(1)
    loaded = check(fusion("reduce", [x, y, c], [op("maximum", total, c)]), [numbers(v, rng) for v in (x, y, c)], rtol=1e-5, atol=1e-4)
    assert isinstance(loaded.kernel.plan, RowsPlan)


def _argmax(x, i, dims):
    a, ai, b, bi = p(F32), p(I32), p(F32), p(I32)
    better = op("compare", a, b, comparison_direction="GE")
    tie = op("and", op("compare", a, b, comparison_direction="EQ"), op("compare", bi, ai, comparison_direction="LT"))
    first = op("and", better, op("not", tie))
    pick = region((a, ai, b, bi), (op("select", first, a, b), op("select", first, ai, bi)))
    return op("reduce", x, i, const(-np.inf, F32), const(0, I32), dimensions=dims, body=pick)


@pytest.mark.parametrize("dims", [(0,), (1,), (0, 1)], ids=str)
def test_several_operands(dims):
    x, i = p(F32, 12, 50), p(I32, 12, 50)
    rng = np.random.default_rng(6)
    arrays = [np.round(numbers(x, rng)), np.arange(600, dtype=np.int32).reshape(12, 50)]
    check(fusion("reduce", [x, i], list(_argmax(x, i, dims))), arrays)


@pytest.mark.parametrize("dims", [(0,), (1,), (0, 1)], ids=str)
def test_symbolic_sizes(dims):
    x = p(F32, N, M)
    loaded = Loaded(fusion("reduce", [x], [reduce(x, "add", dims)]))
    for n, m in ((1, 1), (0, 3), (3, 0), (17, 33), (1000, 40), (2, 5000)):
        rng = np.random.default_rng(n + m)
        arrays = [numbers(x, rng, N=n, M=m)]
        for got, want in zip(loaded(arrays), reference(loaded.node, arrays), strict=True):
            assert_close(got, want, 1e-4, 1e-3)


@pytest.mark.parametrize("shape, dims", [((1 << 20,), (0,)), ((1 << 18, 3), (0,)), ((3, 1 << 18), (1,)), ((1 << 18, 16), (0,))], ids=str)
def test_long_sums_stay_accurate(shape, dims):
    """Rounding errors of a plain loop over 2**18 values near 1 would be a hundred times as large."""
    x = p(F32, *shape)
    array = (np.random.default_rng(2).random(shape) + 0.5).astype(np.float32)
    (got,) = Loaded(fusion("reduce", [x], [reduce(x, "add", dims)]))([array])
    want = array.astype(np.float64).sum(axis=dims)
    np.testing.assert_allclose(got, want, rtol=2e-6)


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
def test_narrow_floats_are_summed_in_f32(dtype):
    x = p(dtype, 2, 3000)
    array = np.full((2, 3000), 1.0).astype(dtype.numpy)
    for dims, view in (((1,), array), ((0,), array)):
        check(fusion("reduce", [x], [reduce(x, "add", dims)]), [view])


def test_booleans_and_small_integers():
    for dtype, name in ((BOOL, "or"), (BOOL, "and"), (I8, "add"), (F64, "minimum"), (C64, "add")):
        init = const(identity_of(MONOIDS[name], dtype), dtype)
        x = p(dtype, 3, 100)
        result = op("reduce", x, init, dimensions=(1,), body=body(name, dtype))
        check(fusion("reduce", [x], [result]), [values(dtype, (3, 100), np.random.default_rng(9))], rtol=1e-5)
