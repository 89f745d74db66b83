"""Attention: kernels on every level against the reference, for any layout, mask and number of keys, with bits that chunks do not change."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from weft.compiler.codegen.cpu.attention import emit_attention
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Node, Value, param, region
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.attention import attention
from weft.compiler.ops.blocked import parse_spec
from weft.compiler.ops.helpers import broadcast, full_like
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import BOOL, F32, F64, I32, DType

RUNNABLE = [t for t in LEVELS.values() if supported(t) and not t.has_bf16]
BEST = RUNNABLE[-1]
Run = Callable[..., list[np.ndarray]]
Body = Callable[..., Value]


def plain(scores: Value) -> Value:
    return scores


def scaled_and_masked(scores: Value, shown: Value) -> Value:
    """By a mask [b, n], as `where` gives it."""
    rank = scores.tensor.rank
    mask = broadcast(shown, scores.shape, (0, rank - 1))
    return op_of("select")(mask, op_of("multiply")(scores, full_like(scores, 0.25)), full_like(scores, -np.inf))


def causal(scores: Value) -> Value:
    """A query sees the keys up to its own."""
    kind = scores.tensor.with_dtype(I32)
    rank = scores.tensor.rank
    seen = op_of("compare")(
        op_of("iota")(iota_dimension=rank - 2, result=kind), op_of("iota")(iota_dimension=rank - 1, result=kind), comparison_direction="GE"
    )
    return op_of("select")(seen, scores, full_like(scores, float(np.finfo(np.float32).min)))


def biased(scores: Value, bias: Value) -> Value:
    """A bias for every head and place, and a soft cap."""
    capped = op_of("multiply")(op_of("tanh")(op_of("divide")(scores, full_like(scores, 5.0))), full_like(scores, 5.0))
    return op_of("add")(capped, broadcast(bias, scores.shape, (1, 2, 3)))


def built(scores: str, mix: str, types: Sequence[TensorType], body: Body, full: tuple, **more: object) -> Node:
    params = [param(t) for t in types]
    inner = [param(TensorType(types[0].dtype, full)), *(param(t) for t in types[3:])]
    made = attention(*params, scores=scores, mix=mix, body=region(inner, [body(*inner)]), **more)
    outer = region(params, [made])
    return Node("weft.fusion", tuple(param(t) for t in types), {"kind": "attention"}, (outer,), outer.result_types)


def verify(run: Run, target: Target, scores: str, mix: str, sizes: dict[str, int], body: Body = plain, extras: Sequence[np.ndarray] = (),
           dtype: DType = F32, opens: str = "", **more: object) -> np.ndarray:  # fmt: skip
    """Dims of the letters `opens` are symbols of the kernel."""
    rng = np.random.default_rng(sorted(sizes.values()))
    left, right, full = parse_spec(scores)
    values = parse_spec(mix)[1]
    shared, repeats = more.get("repeated"), more.get("repeats", 1)

    def shape(letters: str, sizes: dict, divided: bool = False) -> tuple:
        return tuple(sizes[c] // repeats if divided and c == shared else sizes[c] for c in letters)

    arrays = [rng.standard_normal(shape(c, sizes, i > 0)).astype(dtype.numpy) for i, c in enumerate((left, right, values))]
    arrays = [*arrays, *extras]
    dims = {c: symbol(f"s_{c}", 1, 4096) if c in opens else n for c, n in sizes.items()}
    types = [TensorType(dtype, shape(c, dims, i > 0)) for i, c in enumerate((left, right, values))]
    types += [TensorType(BOOL if x.dtype == np.bool_ else dtype, x.shape) for x in extras]
    node = built(scores, mix, types, body, shape(full, dims), **more)
    fixed = [TensorType(BOOL if x.dtype == np.bool_ else dtype, x.shape) for x in arrays]
    (want,) = evaluate(built(scores, mix, fixed, body, shape(full, sizes), **more).regions[0], *arrays)
    bound = {f"s_{c}": sizes[c] for c in opens}
    kernel = emit_attention(node, target)
    got, again = (run(kernel, target, arrays, [want.shape], bound, one_by_one=split)[0] for split in (False, True))
    assert got.tobytes() == again.tobytes()
    eps = np.finfo(dtype.numpy).eps
    np.testing.assert_allclose(got, want, rtol=64 * eps, atol=64 * eps)
    return got


HEADS = ("ambk,anbk->abmn", "abmn,anbv->ambv")  # of [batch, place, head, dim]
# Sizes around tiles (14, 12 or fewer rows), panels of 16, blocks of 256 keys and chunks of 224 queries.
SIZES = [
    (1, 1, 1, 1, 1, 1),
    (2, 3, 5, 7, 4, 4),
    (1, 2, 14, 16, 16, 16),
    (1, 3, 29, 33, 20, 35),
    (1, 2, 17, 600, 64, 64),
    (1, 1, 300, 31, 8, 17),
    (1, 9, 40, 513, 3, 16),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_sizes(target: Target, sizes: tuple[int, ...], run: Run) -> None:
    verify(run, target, *HEADS, dict(zip("abmnkv", sizes, strict=True)))


@pytest.mark.parametrize("opens", ["m", "n", "abmn"])
@pytest.mark.parametrize("sizes", [(2, 3, 5, 7, 4, 4), (1, 2, 130, 300, 24, 20)], ids=str)
def test_open_sizes(opens: str, sizes: tuple[int, ...], run: Run) -> None:
    verify(run, BEST, *HEADS, dict(zip("abmnkv", sizes, strict=True)), opens=opens)


@pytest.mark.parametrize(
    ("scores", "mix"),
    [
        ("mk,nk->mn", "mn,nv->mv"),
        ("abmk,abkn->abmn", "abmn,abnv->abmv"),  # keys transposed
        ("abkm,abnk->abmn", "abmn,abvn->abmv"),  # queries and values transposed
        ("bamk,nbk->abmn", "abmn,bnv->mabv"),  # keys and values for all of a batch
        ("abmk,ank->bamn", "bamn,anv->abmv"),  # one head of keys for all
    ],
)  # fmt: skip
def test_layouts(scores: str, mix: str, run: Run) -> None:
    for n in (19, 530):
        verify(run, BEST, scores, mix, {"a": 2, "b": 3, "m": 21, "n": n, "k": 12, "v": 20})


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("n", [23, 520])
def test_bodies(target: Target, n: int, run: Run) -> None:
    sizes = {"a": 2, "b": 3, "m": 18, "n": n, "k": 16, "v": 16}
    rng = np.random.default_rng(n)
    shown = rng.random((2, n)) < 0.3
    shown[0, 0], shown[1] = True, False
    got = verify(run, target, *HEADS, sizes, scaled_and_masked, [shown])
    assert np.isfinite(got[0]).all()
    assert np.isnan(got[1]).all()  # nothing is shown
    verify(run, target, *HEADS, sizes, causal)
    verify(run, target, *HEADS, sizes, biased, [rng.standard_normal((3, 18, n)).astype(np.float32)])


def test_grouped_queries(run: Run) -> None:
    sizes = {"a": 2, "b": 6, "m": 9, "n": 40, "k": 8, "v": 8}
    verify(run, BEST, *HEADS, sizes, repeated="b", repeats=3)


def test_doubles(run: Run) -> None:
    verify(run, BEST, *HEADS, {"a": 1, "b": 2, "m": 33, "n": 530, "k": 20, "v": 24}, dtype=F64)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38, -3e38])
def test_extreme_scores(value: float, run: Run) -> None:
    """One in every block of keys: a row of NaN where the unfused graph has one, and nowhere else."""
    bias = np.zeros((1, 20, 600), np.float32)
    bias[0, 3, [5, 300]] = value
    bias[0, 4, :256] = -np.inf
    got = verify(run, BEST, *HEADS, {"a": 1, "b": 1, "m": 20, "n": 600, "k": 4, "v": 16}, biased, [bias])
    assert np.isnan(got[0, 3]).all() == (np.isnan(value) or value == np.inf)
    assert np.isfinite(np.delete(got[0], 3, axis=0)).all()
