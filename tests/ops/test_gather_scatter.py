"""gather and scatter."""

from dataclasses import replace

import numpy as np
import pytest
from weft.compiler.ir.attrs import GatherDims, ScatterDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import F16, F32, F64, I32, I64

from .calls import body, check, rejects, run, scalars
from .harness import array_of

gather, scatter = OPS["gather"], OPS["scatter"]


def random_gather(seed: int):
    """Operand and indices shapes, dimension numbers and slice sizes of every kind."""
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 5))
    shape = rng.integers(1, 4, rank).tolist()
    roles = rng.choice(["offset", "collapsed", "batching"], rank).tolist()
    collapsed = tuple(i for i in range(rank) if roles[i] == "collapsed")
    batching = tuple(i for i in range(rank) if roles[i] == "batching")
    free = [i for i in range(rank) if i not in batching]
    mapped = tuple(rng.permutation(free)[: rng.integers(0, len(free) + 1)].tolist())
    batch_rank = len(batching) + int(rng.integers(0, 2))
    batch = rng.integers(1, 4, batch_rank).tolist()
    places = rng.permutation(batch_rank)[: len(batching)].tolist()
    for i, p in zip(batching, places, strict=True):
        batch[p] = shape[i]
    vector = batch_rank if len(mapped) == 1 and rng.integers(2) else int(rng.integers(0, batch_rank + 1))
    implicit = len(mapped) == 1 and vector == batch_rank and bool(rng.integers(2))
    indices = batch if implicit else [*batch[:vector], len(mapped), *batch[vector:]]
    index_batching = tuple(p if implicit else p + (p >= vector) for p in places)
    offsets = roles.count("offset")
    offset_dims = tuple(sorted(rng.permutation(batch_rank + offsets)[:offsets].tolist()))
    sizes = tuple(int(rng.integers(0, shape[i] + 1)) if roles[i] == "offset" else 1 for i in range(rank))
    return tuple(shape), tuple(indices), GatherDims(offset_dims, collapsed, batching, index_batching, mapped, vector), sizes


def scatter_dims(d: GatherDims) -> ScatterDims:
    return ScatterDims(
        d.offset_dims, d.collapsed_slice_dims, d.operand_batching_dims, d.start_indices_batching_dims, d.start_index_map, d.index_vector_dim
    )


@pytest.mark.parametrize("seed", range(60))
def test_gather(seed):
    shape, indices, dims, sizes = random_gather(seed)
    rng = np.random.default_rng(seed)
    x, at = rng.integers(0, 99, shape).astype(np.int32), rng.integers(-3, 6, indices).astype(np.int64)
    check(lambda x, i: gather(x, i, dimension_numbers=dims, slice_sizes=sizes), x, at)


@pytest.mark.parametrize("seed", range(40))
def test_scatter(seed):
    shape, indices, dims, sizes = random_gather(seed)
    rng = np.random.default_rng(seed)
    x, at = rng.integers(0, 99, shape).astype(np.int32), rng.integers(-3, 6, indices).astype(np.int32)
    (out,) = run(lambda x, i: gather(x, i, dimension_numbers=dims, slice_sizes=sizes), x, at)
    u = rng.integers(1, 9, out.shape).astype(np.int32)
    for update in (body("add", I32), body("subtract", I32), body("maximum", I32), scalars(lambda a, b: b, I32, I32)):
        check(lambda x, i, u, f=update: scatter(x, i, u, scatter_dimension_numbers=scatter_dims(dims), update_computation=f), x, at, u)


ROWS = GatherDims((1,), (0,), (), (), (0,), 1)
INTO_ROWS = scatter_dims(ROWS)


@pytest.mark.parametrize("dtype", ["f32", "bf16", "i4", "ui64", "i1", "complex<f32>"])
def test_rows_of_dtypes(dtype):
    from weft.proto.dtypes import BY_NAME

    x = array_of(TensorType(BY_NAME[dtype], (5, 3)), 0)
    for index in (np.int8, np.uint64, np.int64):
        at = np.array([4, 0, np.iinfo(index).max, 1], index)
        (r,) = check(lambda x, i: gather(x, i, dimension_numbers=ROWS, slice_sizes=(1, 3)), x, at, oracle=index != np.uint64)
        assert np.array_equal(r[2], x[4], equal_nan=dtype not in ("i4", "ui64", "i1"))


def test_nothing_to_gather():
    for columns, rows in ((3, 0), (0, 2)):
        x, at = np.ones((5, columns), np.float32), np.zeros((rows,), np.int32)
        (r,) = check(lambda x, i, n=columns: gather(x, i, dimension_numbers=ROWS, slice_sizes=(1, n)), x, at)
        assert r.shape == (rows, columns)


def test_later_updates_win_and_wild_ones_are_skipped():
    x, at = np.zeros((4, 2), np.float32), np.array([1, 9, 1, -1, 3])
    u = np.arange(10, dtype=np.float32).reshape(5, 2)
    keep = scalars(lambda a, b: b, F32, F32)
    (r,) = check(lambda x, i, u: scatter(x, i, u, scatter_dimension_numbers=INTO_ROWS, update_computation=keep), x, at, u)
    assert r.tolist() == [[0, 0], [4, 5], [0, 0], [8, 9]]


def test_scatter_of_several_operands():
    x, y = np.zeros((4, 2), np.float32), np.ones((4, 2), np.int32)
    f = scalars(lambda a, i, b, j: (OPS["add"](a, b), OPS["multiply"](i, j)), F32, I32, F32, I32)
    u, v = np.ones((3, 2), np.float32), np.full((3, 2), 3, np.int32)
    at = np.array([1, 1, 2])
    got = run(lambda *xs: scatter(*xs, scatter_dimension_numbers=INTO_ROWS, update_computation=f), x, y, at, u, v)
    assert got[0][:, 0].tolist() == [0, 2, 1, 0] and got[1][:, 0].tolist() == [1, 9, 3, 1]


def test_symbolic_gather():
    n, m = symbol("N"), symbol("M")
    x, i = param(TensorType(F32, (n, 8))), param(TensorType(I64, (m, 3)))
    assert gather(x, i, dimension_numbers=replace(ROWS, offset_dims=(2,), index_vector_dim=2), slice_sizes=(1, 8)).shape == (m, 3, 8)


def _p(*shape, dtype=F32):
    return param(TensorType(dtype, shape))


# A batch of 2, rows of 4 chosen among 5, from two-component indices.
G = GatherDims((2,), (1,), (0,), (0,), (1, 2), 2)


def _gather(dims=G, x=(2, 5, 4), i=(2, 3, 2), sizes=(1, 1, 4), it=I32):
    return lambda: gather(_p(*x), _p(*i, dtype=it), dimension_numbers=dims, slice_sizes=sizes)


GATHER = [
    ("I2", _gather(it=F32)),
    ("C1", _gather(x=(2, 5, 4, 1), sizes=(1, 1, 4, 1))),
    ("C2", _gather(replace(G, index_vector_dim=4))),
    ("C3", _gather(replace(G, start_index_map=(1,)))),
    ("C4", _gather(replace(G, offset_dims=(2, 1), collapsed_slice_dims=()))),
    ("C5", _gather(replace(G, offset_dims=(3,)))),
    ("C6", _gather(replace(G, collapsed_slice_dims=(0,)))),
    ("C7", _gather(GatherDims((2,), (1, 0), (), (), (1, 2), 2))),
    ("C8", _gather(replace(G, collapsed_slice_dims=(3,)))),
    ("C9", _gather(sizes=(1, 2, 4))),
    ("C10", _gather(replace(G, operand_batching_dims=(1, 0), collapsed_slice_dims=(), start_indices_batching_dims=(0, 1)))),
    ("C11", _gather(replace(G, operand_batching_dims=(3,)))),
    ("C12", _gather(sizes=(2, 1, 4))),
    ("C13", _gather(replace(G, start_indices_batching_dims=(0, 0)))),
    ("C14", _gather(replace(G, start_indices_batching_dims=(3,)))),
    ("C15", _gather(replace(G, start_indices_batching_dims=(2,)))),
    ("C16", _gather(replace(G, start_indices_batching_dims=(0, 1)))),
    ("C17", _gather(replace(G, start_indices_batching_dims=(1,)))),
    ("C18", _gather(replace(G, start_index_map=(1, 0)))),
    ("C19", _gather(replace(G, start_index_map=(1, 3)))),
    ("C20", _gather(sizes=(1, 1))),
    ("C21", _gather(sizes=(1, 1, 5))),
    ("C21", _gather(sizes=(1, 1, -1))),
]
S = scatter_dims(G)


def _scatter(dims=S, x=(2, 5, 4), i=(2, 3, 2), u=(2, 3, 4), it=I32, ut=F32, f=None, more=()):
    f = f or body("add")
    return lambda: scatter(_p(*x), _p(*i, dtype=it), _p(*u, dtype=ut), *more, scatter_dimension_numbers=dims, update_computation=f)


PAIRS = scalars(lambda a, b, c, d: (a, b), F32, F32, F32, F32)


def _two(x2=(2, 5, 4), u2=(2, 3, 4)):
    return lambda: scatter(
        _p(2, 5, 4), _p(*x2), _p(2, 3, 2, dtype=I32), _p(2, 3, 4), _p(*u2), scatter_dimension_numbers=S, update_computation=PAIRS
    )


SCATTER = [
    ("I2", _scatter(it=F32)),
    ("C1", _two(x2=(2, 5, 3))),
    ("C2", _scatter(x=(2, 5, 4, 1))),
    ("C3", _two(u2=(2, 3, 3))),
    ("C4", _scatter(u=(2, 2, 4))),
    ("C4", _scatter(u=(2, 3, 5))),
    ("C5", _scatter(more=(_p(2),))),
    ("C6", _scatter(ut=F64)),
    ("C7", _scatter(replace(S, update_window_dims=(2, 1), inserted_window_dims=()))),
    ("C8", _scatter(replace(S, update_window_dims=(3,)))),
    ("C9", _scatter(replace(S, inserted_window_dims=(0,)))),
    ("C10", _scatter(ScatterDims((2,), (1, 0), (), (), (1, 2), 2))),
    ("C11", _scatter(replace(S, inserted_window_dims=(3,)))),
    ("C12", _scatter(replace(S, input_batching_dims=(1, 0), inserted_window_dims=(), scatter_indices_batching_dims=(0, 1)))),
    ("C13", _scatter(replace(S, input_batching_dims=(3,)))),
    ("C14", _scatter(replace(S, scatter_indices_batching_dims=(0, 0)))),
    ("C15", _scatter(replace(S, scatter_indices_batching_dims=(3,)))),
    ("C16", _scatter(replace(S, scatter_indices_batching_dims=(2,)))),
    ("C17", _scatter(replace(S, scatter_indices_batching_dims=(0, 1)))),
    ("C18", _scatter(replace(S, scatter_indices_batching_dims=(1,)))),
    ("C19", _scatter(replace(S, scatter_dims_to_operand_dims=(1,)))),
    ("C20", _scatter(replace(S, scatter_dims_to_operand_dims=(1, 0)))),
    ("C21", _scatter(replace(S, scatter_dims_to_operand_dims=(1, 3)))),
    ("C22", _scatter(replace(S, index_vector_dim=4))),
    ("C23", _scatter(f=body("add", F16))),
    ("C23", _scatter(f=PAIRS)),
]
REJECTIONS = [(f"gather.{c}", f) for c, f in GATHER] + [(f"scatter.{c}", f) for c, f in SCATTER]


@pytest.mark.parametrize(("code", "build"), REJECTIONS, ids=[c for c, _ in REJECTIONS])
def test_rejections(code, build):
    rejects(code, build)
