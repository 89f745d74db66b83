"""sort."""

import numpy as np
import pytest
from ml_dtypes import bfloat16, int4
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.compiler.ops.sort import Order, order_of
from weft.proto.dtypes import F16, F32, I32, from_numpy

from .calls import body, check, rejects, run, scalars

sort, compare = OPS["sort"], OPS["compare"]


def by_first(dtype, direction="LT", kind=None, more=()):
    """The comparator of operand 0, with more operands carried along."""
    extra = {"compare_type": kind} if kind else {}
    return scalars(
        lambda a, b, *rest: compare(a, b, comparison_direction=direction, **extra), dtype, dtype, *(d for m in more for d in (m, m))
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float16, bfloat16, np.int8, np.uint64, int4, np.bool_])
@pytest.mark.parametrize("direction", ["LT", "GT"])
def test_sort_of_dtypes(dtype, direction):
    x = (np.random.default_rng(0).standard_normal((3, 17, 2)) * 3).astype(dtype)
    d = from_numpy(x.dtype)
    for dim in (0, 1, -1):
        (r,) = check(lambda x, dim=dim: sort(x, dimension=dim, is_stable=True, comparator=by_first(d, direction)), x)
        want = np.sort(x.astype(np.float64), axis=dim)
        assert np.array_equal(r.astype(np.float64), want if direction == "LT" else np.flip(want, dim))


def test_stable_with_companions():
    x = np.random.default_rng(0).integers(0, 4, (2, 40)).astype(np.int32)
    at = np.broadcast_to(np.arange(40, dtype=np.int32), (2, 40)).copy()
    for direction, order in (("LT", np.argsort(x, kind="stable")), ("GT", np.argsort(-x, kind="stable"))):
        f = by_first(I32, direction, more=(I32,))
        _, places = check(lambda x, i, f=f: sort(x, i, dimension=1, is_stable=True, comparator=f), x, at)
        assert np.array_equal(places, order)


def test_total_order():
    x = np.array([1, np.nan, -np.nan, -0.0, 0.0, np.inf, -np.inf, -1], np.float32)
    # StableHLO's interpreter compares as if it were FLOAT.
    (r,) = run(lambda x: sort(x, dimension=0, is_stable=True, comparator=by_first(F32, "LT", "TOTALORDER")), x)
    assert np.isnan(r[[0, -1]]).all() and np.signbit(r[0]) and r[1:-1].tolist() == [-np.inf, -1, 0, 0, 1, np.inf] and np.signbit(r[3])


def lexicographic():
    def f(a, b, c, d):
        less, same = compare(a, b, comparison_direction="LT"), compare(a, b, comparison_direction="EQ")
        return OPS["or"](less, OPS["and"](same, compare(c, d, comparison_direction="GT")))

    return scalars(f, I32, I32, F32, F32)


def test_a_comparator_of_two_operands():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (3, 13)).astype(np.int32), rng.standard_normal((3, 13)).astype(np.float32)
    a, b = check(lambda x, y: sort(x, y, dimension=1, comparator=lexicographic()), x, y)
    for row, (u, v) in enumerate(zip(a, b, strict=True)):
        order = np.lexsort((-y[row], x[row]))
        assert np.array_equal(u, x[row][order]) and np.array_equal(v, y[row][order])


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 31])
def test_merge_sort_is_stable(n):
    # A comparator that nothing recognises: x*x < y*y.
    def f(a, b, c, d):
        return compare(OPS["multiply"](a, a), OPS["multiply"](b, b), comparison_direction="LT")

    x = np.random.default_rng(n).integers(-3, 4, (4, n)).astype(np.int32)
    at = np.broadcast_to(np.arange(n, dtype=np.int32), x.shape).copy()
    _, places = check(lambda x, i: sort(x, i, dimension=1, is_stable=True, comparator=scalars(f, I32, I32, I32, I32)), x, at)
    assert np.array_equal(places, np.argsort(x * x, axis=1, kind="stable"))


def test_nan_with_a_partial_order_is_a_permutation():
    x = np.array([3, np.nan, 1, np.nan, 2], np.float32)
    (r,) = run(lambda x: sort(x, dimension=0, comparator=by_first(F32)), x)
    assert sorted(r[~np.isnan(r)]) == [1, 2, 3] and np.isnan(r).sum() == 2


def test_nothing_to_sort():
    for shape in ((0,), (3, 0), (0, 3)):
        (r,) = run(lambda x: sort(x, dimension=0, comparator=by_first(F32)), np.zeros(shape, np.float32))
        assert r.shape == shape


def test_orders_are_recognised():
    assert order_of(by_first(F32)) == Order(0, False, False)
    assert order_of(by_first(F32, "GT", "TOTALORDER")) == Order(0, True, True)
    assert order_of(scalars(lambda a, b: compare(b, a, comparison_direction="LT"), F32, F32)) == Order(0, True, False)
    assert order_of(scalars(lambda a, b, c, d: compare(c, d, comparison_direction="LT"), F32, F32, I32, I32)) == Order(1, False, False)
    assert order_of(by_first(F32, "LE")) is None
    assert order_of(lexicographic()) is None


def _p(*shape, dtype=F32):
    return param(TensorType(dtype, shape))


def test_symbolic_sort():
    n = symbol("N")
    assert sort(_p(n, 3), dimension=0, comparator=by_first(F32)).shape == (n, 3)


CASES = [
    ("C1", lambda: sort(dimension=0, comparator=by_first(F32))),
    ("C3", lambda: sort(_p(2), _p(3), dimension=0, comparator=by_first(F32, more=(F32,)))),
    ("C4", lambda: sort(_p(2), dimension=1, comparator=by_first(F32))),
    ("C4", lambda: sort(_p(2), dimension=-2, comparator=by_first(F32))),
    ("C5", lambda: sort(_p(2), dimension=0, comparator=body("add"))),
    ("C5", lambda: sort(_p(2), dimension=0, comparator=by_first(F16))),
    ("C5", lambda: sort(_p(2), _p(2), dimension=0, comparator=by_first(F32))),
]


@pytest.mark.parametrize(("code", "build"), CASES, ids=[c for c, _ in CASES])
def test_rejections(code, build):
    rejects(f"sort.{code}", build)
