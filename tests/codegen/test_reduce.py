"""Reductions over any dims with any body, and elementwise work around them."""

import numpy as np
import pytest
from weft.compiler.codegen.cpu.map import MapPlan
from weft.compiler.codegen.cpu.pick import PickPlan
from weft.compiler.codegen.cpu.rows import RowsPlan
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.bodies import identity_of
from weft.compiler.ops.helpers import const
from weft.compiler.ops.picks import body_pick, pick_body, pick_of
from weft.proto.dtypes import ALL, BF16, BOOL, C64, F16, F32, F64, I8, I32, STRING
from weft.proto.errors import WeftError

from .run import SOME_TARGETS, Loaded, assert_close, check, fusion, reference
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
@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
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


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (1, 2), (0, 1, 2)], ids=str)
def test_picks_along_any_dims(dims, target):
    """The place of an extreme, found in vectors; ties, infinities, NaN, and rows that hold nothing but the identity."""
    rng = np.random.default_rng(7)
    x = p(F32, 3, 5, 133)
    flat = op("reshape", op("iota", iota_dimension=0, result=TensorType(I32, (3 * 5 * 133,))), result=x.tensor.with_dtype(I32))
    counted = op("iota", iota_dimension=dims[0], result=x.tensor.with_dtype(I32)) if len(dims) == 1 else flat
    array = np.round(numbers(x, rng))
    array[1, 2] = -np.inf
    array[2, 3, 50:] = np.inf
    array[0, 1, [3, 70, 132]] = np.nan
    for monoid, last in (("max", False), ("min", False), ("max", True), ("min", True)):
        start = const(identity_of(monoid, F32), F32), const(-1 if last else 1 << 30, I32)
        results = op("reduce", x, counted, *start, dimensions=dims, body=pick_body(F32, I32, monoid, last))
        loaded = check(fusion("reduce", [x], list(results)), [array], target)
        assert isinstance(loaded.kernel.plan, (PickPlan, MapPlan))


def test_picks_of_integers_and_of_what_is_computed():
    rng = np.random.default_rng(8)
    x, n = p(I8, 4, N), 1000
    index = op("iota", iota_dimension=1, result=x.tensor.with_dtype(I32))
    start = const(127, I8), const(0, I32)
    results = op("reduce", op("negate", x), index, *start, dimensions=(1,), body=pick_body(I8, I32, "min"))
    node = fusion("reduce", [x], [op("add", results[1], results[1])])
    array = rng.integers(-100, 100, (4, n)).astype(np.int8)
    for size in (1, 15, 64, n):
        (got,) = Loaded(node)([array[:, :size]])
        np.testing.assert_array_equal(got, 2 * (-array[:, :size]).argmin(axis=1))


def test_other_bodies_are_no_picks():
    """The better of two, but of equal ones neither the first nor the last; and a start that could be the result."""
    x, i = p(F32, 4, 70), op("iota", iota_dimension=1, result=p(I32, 4, 70).tensor)
    bounded = op("reduce", x, i, const(0.0, F32), const(0, I32), dimensions=(1,), body=pick_body(F32, I32, "max"))
    assert pick_of(bounded[0].node) is None
    a, ai, b, bi = p(F32), p(I32), p(F32), p(I32)
    nan_loses = op("compare", a, b, comparison_direction="GE")
    body = region((a, ai, b, bi), (op("select", nan_loses, a, b), op("select", nan_loses, ai, bi)))
    assert body_pick(body) is None
