"""Sorting along any dim, with several operands and any comparator."""

import numpy as np
import pytest
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.proto.dtypes import ALL, BF16, F16, F32, F64, I8, I32, STRING, U8, U64

from .run import SOME_TARGETS, Loaded, check, fusion, reference
from .test_elemental import samples
from .test_map import op, p


def order(*dtypes, direction="LT", kind=None):
    """Compares the first operand's elements."""
    params = [p(d) for d in dtypes for _ in range(2)]
    return region(params, (op("compare", params[0], params[1], comparison_direction=direction, compare_type=kind),))


def sort(*xs, dim, **how):
    found = op("sort", *xs, dimension=dim, is_stable=True, comparator=order(*(x.dtype for x in xs), **how))
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 16, 100, 257])
def test_lengths(n, target):
    x = p(F32, 3, n)
    check(fusion("sort", [x], sort(x, dim=1)), [np.random.default_rng(n).standard_normal((3, n)).astype(np.float32)], target)


def test_any_dim_and_payload():
    rng = np.random.default_rng(0)
    for dim in (0, 1, 2):
        x, i = p(F32, 5, 8, 6), p(I32, 5, 8, 6)
        arrays = [np.round(rng.standard_normal((5, 8, 6))).astype(np.float32), np.arange(240, dtype=np.int32).reshape(5, 8, 6)]
        for direction in ("LT", "GT"):
            check(fusion("sort", [x, i], sort(x, i, dim=dim, direction=direction)), arrays)


@pytest.mark.parametrize("dtype", [d for d in ALL if d is not STRING], ids=str)
def test_element_types(dtype):
    """NaN among the floats: the order is then whatever a merge sort makes of the comparator, the same as the reference's."""
    x = p(dtype, 77)
    check(fusion("sort", [x], sort(x, dim=0)), [samples(dtype, np.random.default_rng(1))])


def test_total_order():
    for dtype in (F16, F32, F64):
        x = p(dtype, 77)
        check(fusion("sort", [x], sort(x, dim=0, kind="TOTALORDER")), [samples(dtype, np.random.default_rng(2))])


def test_symbolic_length():
    n = symbol("N", 0)
    x = p(F32, 2, n)
    loaded = Loaded(fusion("sort", [x], sort(x, dim=1)))
    for size in (0, 1, 5, 333):
        array = np.random.default_rng(size).standard_normal((2, size)).astype(np.float32)
        np.testing.assert_array_equal(loaded([array])[0], reference(loaded.node, [array])[0])


@pytest.mark.parametrize("dtype", [BF16, F32, F64, I8, U8, I32, U64], ids=str)
def test_digits_keep_the_order_of_equals(dtype):
    """Long enough for a radix sort, with many equal keys, zeros of both signs and digits that are the same everywhere."""
    rng = np.random.default_rng(4)
    x, i = p(dtype, 2, 700), p(I32, 2, 700)
    keys = rng.integers(0 if dtype.is_unsigned else -9, 9, (2, 700)).astype(dtype.numpy)
    if dtype.is_float:
        keys[keys == 3] = -0.0
    arrays = [keys, np.arange(1400, dtype=np.int32).reshape(2, 700)]
    for direction in ("LT", "GT"):
        loaded = check(fusion("sort", [x, i], sort(x, i, dim=1, direction=direction)), arrays)
        assert loaded.kernel.plan.digits
