"""Scatter: any body, duplicates in order, places out of bounds, windows and batching dims."""

import numpy as np
import pytest
from weft.compiler.ir.attrs import ScatterDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.proto.dtypes import BF16, F32, I32, I64, U8, U64

from .run import SOME_TARGETS, Loaded, assert_close, check, fusion, reference
from .test_map import op, p

ROWS = ScatterDims((1,), (0,), (), (), (0,), 1)
POINTS = ScatterDims((), (0, 1), (), (), (0, 1), 1)


def body(name, *dtypes):
    old, new = [p(d) for d in dtypes], [p(d) for d in dtypes]
    if name == "replace":
        return region((*old, *new), new)
    return region((*old, *new), [op(name, a, b) for a, b in zip(old, new, strict=True)])


def scatter(xs, i, us, dims, name):
    dtypes = [x.dtype for x in xs]
    found = op("scatter", *xs, i, *us, scatter_dimension_numbers=dims, update_computation=body(name, *dtypes))
    return list(found) if isinstance(found, tuple) else [found]


def numbers(rng, shape, dtype):
    return (rng.integers(-8, 9, shape) / 2).astype(dtype.numpy)


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("name", ["add", "replace", "maximum", "subtract"])
def test_rows(name, target):
    x, i, u = p(F32, 9, 70), p(I32, 6, 1), p(F32, 6, 70)
    rng = np.random.default_rng(0)
    at = np.array([[3], [8], [3], [-1], [9], [0]], np.int32)
    arrays = [numbers(rng, (9, 70), F32), at, numbers(rng, (6, 70), F32)]
    check(fusion("scatter", [x, i, u], scatter([x], i, [u], ROWS, name)), arrays, target)


@pytest.mark.parametrize("dtype", [BF16, U8, I64], ids=str)
@pytest.mark.parametrize("index", [I32, U64], ids=str)
def test_points(dtype, index):
    x, i, u = p(dtype, 5, 6), p(index, 40, 2), p(dtype, 40)
    rng = np.random.default_rng(1)
    at = rng.integers(0, 8, (40, 2)).astype(index.numpy)
    at[3] = np.iinfo(index.numpy).max
    arrays = [rng.integers(0, 9, (5, 6)).astype(dtype.numpy), at, rng.integers(0, 3, 40).astype(dtype.numpy)]
    check(fusion("scatter", [x, i, u], scatter([x], i, [u], POINTS, "add")), arrays)


def test_windows_that_stick_out():
    """A window is skipped element by element where it leaves the input."""
    dims = ScatterDims((0, 1), (), (), (), (0, 1), 1)
    x, i, u = p(F32, 8, 20), p(I32, 5, 2), p(F32, 3, 18, 5)
    rng = np.random.default_rng(2)
    at = np.array([[0, 0], [6, 1], [-2, 0], [2, 5], [2**31 - 1, 0]], np.int32)
    check(fusion("scatter", [x, i, u], scatter([x], i, [u], dims, "add")), [numbers(rng, (8, 20), F32), at, numbers(rng, (3, 18, 5), F32)])


def test_batching_dims_and_several_inputs():
    dims = ScatterDims((1,), (1,), (0,), (0,), (1,), 2)
    xs, i, us = [p(F32, 4, 7, 33), p(I32, 4, 7, 33)], p(I32, 4, 3, 1), [p(F32, 4, 33, 3), p(I32, 4, 33, 3)]
    rng = np.random.default_rng(3)
    arrays = [*(numbers(rng, x.tensor.shape, x.dtype) for x in xs), rng.integers(-1, 8, (4, 3, 1)).astype(np.int32)]
    arrays += [numbers(rng, u.tensor.shape, u.dtype) for u in us]
    check(fusion("scatter", [*xs, i, *us], scatter(xs, i, us, dims, "add")), arrays)


def test_chunks_share_nothing():
    x, i, u = p(F32, 50, 1000), p(I32, 30, 1), p(F32, 30, 1000)
    rng = np.random.default_rng(4)
    arrays = [numbers(rng, (50, 1000), F32), rng.integers(0, 50, (30, 1)).astype(np.int32), numbers(rng, (30, 1000), F32)]
    loaded = check(fusion("scatter", [x, i, u], scatter([x], i, [u], ROWS, "subtract")), arrays)
    assert loaded.kernel.chunks > 4
    assert loaded.kernel.inplace == ((0, 0),)


def test_symbolic_sizes():
    n, m, k = symbol("N", 0), symbol("M", 0), symbol("K", 0)
    x, i, u = p(F32, n, m), p(I32, k, 1), p(F32, k, m)
    loaded = Loaded(fusion("scatter", [x, i, u], scatter([x], i, [u], ROWS, "add")))
    for a, b, c in ((3, 4, 5), (10, 100, 0), (0, 5, 2), (7, 0, 3), (20, 333, 50)):
        rng = np.random.default_rng(a)
        arrays = [numbers(rng, (a, b), F32), rng.integers(-1, a + 1, (c, 1)).astype(np.int32), numbers(rng, (c, b), F32)]
        for got, want in zip(loaded(arrays), reference(loaded.node, arrays), strict=True):
            assert_close(got, want, 1e-6, 0)
