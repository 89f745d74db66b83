"""Shapes, indices, order and search in `weft.numpy`, eager and compiled, against numpy: every dtype, rank 0, dims of 0."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from weft import numpy as wnp

from .numpy_cases import EVERY, FLOATS, REAL, Case, agree, both, same_as_numpy, some

pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")

F = Callable[..., Any]

SHAPES: dict[str, tuple[F, tuple[Any, ...]]] = {
    "broadcast_arrays": (lambda m, x, y: m.broadcast_arrays(x, y), ((2, 1, 3), (4, 1))),
    "broadcast_arrays 0": (lambda m, x, y: m.broadcast_arrays(x, y), ((1, 0), ())),
    "broadcast_to": (lambda m, x: m.broadcast_to(x, (2, 2, 3)), ((2, 3),)),
    "broadcast_to 0": (lambda m, x: m.broadcast_to(x, (0, 3)), ((),)),
    "concat": (lambda m, x, y: m.concat((x, y), axis=1), ((2, 3), (2, 0))),
    "concat negative": (lambda m, x, y: m.concat([x, y], axis=-2), ((2, 3), (1, 3))),
    "concat flat": (lambda m, x, y: m.concat((x, y), axis=None), ((2, 3), ())),
    "expand_dims": (lambda m, x: m.expand_dims(x, axis=-2), ((2, 3),)),
    "flip": (lambda m, x: m.flip(x), ((2, 3),)),
    "flip axes": (lambda m, x: m.flip(x, axis=(0, -1)), ((2, 3, 2),)),
    "flip scalar": (lambda m, x: m.flip(x), ((),)),
    "matrix_transpose": (lambda m, x: (m.matrix_transpose(x), x.mT), ((2, 3, 4),)),
    "meshgrid": (lambda m, x, y, z: m.meshgrid(x, y, z), ((2,), (3,), (4,))),
    "meshgrid ij": (lambda m, x, y: m.meshgrid(x, y, indexing="ij"), ((2,), (0,))),
    "moveaxis": (lambda m, x: m.moveaxis(x, (0, -1), (1, 0)), ((2, 3, 4),)),
    "moveaxis one": (lambda m, x: m.moveaxis(x, -1, 0), ((2, 3, 4),)),
    "permute_dims": (lambda m, x: (m.permute_dims(x, (2, 0, -2)), m.permute_dims(x, axes=(1, 0, 2))), ((2, 3, 4),)),
    "repeat": (lambda m, x: (m.repeat(x, 2), m.repeat(x, 3, axis=-2), m.repeat(x, 0, axis=1)), ((2, 3),)),
    "repeat scalar": (lambda m, x: m.repeat(x, 2), ((),)),
    "reshape": (lambda m, x: (m.reshape(x, (3, -1)), m.reshape(x, (6,), copy=True), x.reshape(1, 6)), ((2, 3),)),
    "reshape 0": (lambda m, x: (m.reshape(x, (3, -1)), m.reshape(x, (0, 5))), ((0, 3),)),
    "roll": (lambda m, x: (m.roll(x, 2), m.roll(x, -1, axis=0), m.roll(x, (1, 4), axis=(0, 1)), m.roll(x, 7, axis=(0, 1))), ((2, 3),)),
    "roll 0": (lambda m, x: (m.roll(x, 2), m.roll(x, 2, axis=-1)), ((2, 0),)),
    "roll scalar": (lambda m, x: m.roll(x, 2), ((),)),
    "squeeze": (lambda m, x: (m.squeeze(x, 0), m.squeeze(x, axis=(0, -2)), m.squeeze(x, ())), ((1, 3, 1, 2),)),
    "stack": (lambda m, x, y: (m.stack((x, y)), m.stack([x, y], axis=-1), m.stack((x, y), axis=1)), ((2, 3), (2, 3))),
    "stack scalars": (lambda m, x, y: m.stack((x, y)), ((), ())),
    "T": (lambda m, x: x.T, ((2, 3),)),
    "tile": (lambda m, x: (m.tile(x, (2,)), m.tile(x, (2, 1, 3)), m.tile(x, ()), m.tile(x, (0, 2))), ((2, 3),)),
    "transpose": (lambda m, x: (m.permute_dims(x, ()), m.tile(x, (2, 2))), ((),)),
    "tril": (lambda m, x: (m.tril(x), m.tril(x, k=1), m.tril(x, k=-9)), ((2, 3, 4),)),
    "triu": (lambda m, x: (m.triu(x), m.triu(x, k=-1), m.triu(x, k=9)), ((2, 3, 0),)),
    "unstack": (lambda m, x: (*m.unstack(x), *m.unstack(x, axis=-1)), ((2, 3),)),
    "astype": (lambda m, x: [m.astype(x, getattr(m, d)) for d in ("bool", "int32", "float64", "complex64")], ((2, 3),)),
    "where": (lambda m, x, y: m.where(m.astype(x, m.bool), x, y), ((2, 3), (2, 1))),
    "where 0": (lambda m, x, y: m.where(m.astype(x, m.bool), x, y), ((), (0, 1))),
    "full_like": (lambda m, x: (m.full_like(x, 1), m.zeros_like(x), m.ones_like(x, dtype=m.float32)), ((2, 0),)),
    "take": (lambda m, x: (m.take(x, m.asarray([2, 0, -1]), axis=1), m.take(x, m.asarray([], dtype=m.int64), axis=0)), ((2, 3),)),
    "take nd": (lambda m, x: m.take(x, m.asarray([[1, 0], [0, -1]]), axis=-2), ((2, 3),)),
    "take_along_axis": (lambda m, x: m.take_along_axis(x, m.asarray([[0, 2, 2, -1]]), axis=1), ((2, 3),)),
    "count_nonzero": (lambda m, x: (m.count_nonzero(x, axis=0), m.count_nonzero(x, axis=(0, 1), keepdims=True)), ((2, 3),)),
    "nonzero": (lambda m, x: m.nonzero(x), ((4, 3),)),
    "nonzero 0": (lambda m, x: m.nonzero(x), ((4, 0),)),
    "diff": (
        lambda m, x: (m.diff(x), m.diff(x, axis=0, n=2), m.diff(x, n=0), m.diff(x, prepend=x, axis=0), m.diff(x, append=x[:, :1])),
        ((4, 3),),
    ),
    "mask": (lambda m, x: (x[m.astype(x, m.bool)], x[m.astype(x[:, 0], m.bool)], x[:, m.asarray([True, False, True])]), ((4, 3),)),
    "mask scalar": (lambda m, x: (x[m.asarray(True)], x[m.asarray(False)], x[m.asarray(True), ...]), ((4, 3),)),
    "index": (
        lambda m, x: (x[1, ::-2], x[..., None, 0], x[-1], x[:, -3:2], x[3:1, ...], x[()], x[None], x[1, 2], x[-1:-4:-1, 1:]),
        ((4, 3),),
    ),
    "index scalar": (lambda m, x: (x[()], x[...], x[None, ...]), ((),)),
    "index arrays": (lambda m, x: (x[m.asarray([0, -1])], x[:, m.asarray([2, 0])], x[m.asarray([[0], [1]]), m.asarray([0, 2])]), ((4, 3),)),
    "index mixed": (lambda m, x: (x[0, :, m.asarray([1, 0])], x[:, 0, m.asarray([1, 0])], x[None, m.asarray([1]), ..., 1]), ((4, 3, 2),)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    f, shapes = SHAPES[name]
    dtypes = [d for d in EVERY if not (name == "diff" and d == "bool")]
    if "mask" in name:  # compiling sizes that depend on data takes longer, and is no matter of types
        dtypes = ["bool", "float32", "complex64"]
    same_as_numpy([(f"{name} {d}", f, tuple(some(d, s, k) for k, s in enumerate(shapes))) for d in dtypes])


def awkward(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    x = some(dtype, shape)
    if x.dtype.kind == "f" and x.size > 5:
        x.flat[:6] = [0.0, -0.0, np.inf, np.nan, -np.nan, -np.inf]
    return x


@pytest.mark.parametrize("dtype", REAL)
def test_order(dtype: str) -> None:
    x = awkward(dtype, (3, 5))
    cases: list[Case] = [
        ("sort", lambda m, x: (m.sort(x), m.sort(x, axis=0), m.sort(x[:0]), m.sort(x, stable=True)), (x,)),
        ("argsort", lambda m, x: (m.argsort(x, stable=True), m.argsort(x, axis=0, stable=True)), (x,)),
        ("argmax", lambda m, x: (m.argmax(x), m.argmin(x, axis=0), m.argmax(x, axis=-1, keepdims=True), m.argmin(x[0, 0])), (x,)),
        ("argmax keepdims", lambda m, x: (m.argmax(x, keepdims=True), m.argmin(x, keepdims=True)), (x,)),
    ]
    same_as_numpy(cases)
    y = some(dtype, (2, 6))
    for ordered, places in both(lambda y: (wnp.sort(y, descending=True), wnp.argsort(y, descending=True, stable=True)), y):
        agree(ordered, -np.sort(-y) if y.dtype.kind in "if" else np.sort(y)[:, ::-1])
        agree(places, np.array([sorted(range(6), key=lambda i: -float(row[i])) for row in y]))


@pytest.mark.parametrize("dtype", EVERY)
def test_sets(dtype: str) -> None:
    x = some(dtype, (4, 3))
    if x.dtype.kind == "f":
        x[0, :] = [np.nan, np.nan, -0.0]
        x[1, :] = [0.0, 2.0, 2.0]
    if x.dtype.kind == "c":
        x[0, 0] = x[1, 2]
    want = np.unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)

    def every(x: Any) -> Any:
        return (*wnp.unique_all(x), wnp.unique_values(x), *wnp.unique_counts(x), *wnp.unique_inverse(x), *wnp.unique_all(x[:0]))

    for got in both(every, x):
        inverse = want[2].reshape(x.shape)
        expected = [want[0], want[1], inverse, want[3], want[0], want[0], want[3], want[0], inverse]
        for g, w in zip(got, expected, strict=False):
            np.testing.assert_array_equal(np.asarray(g), w)
        assert [np.asarray(g).shape for g in got[9:]] == [(0,), (0,), (0, 3), (0,)]


@pytest.mark.parametrize("dtype", [*FLOATS, "int32", "uint8"])
def test_searchsorted(dtype: str) -> None:
    keys, x = np.sort(some(dtype, (7,))), some(dtype, (3, 4), 1)
    order = np.argsort(some(dtype, (7,)))
    same_as_numpy(
        [
            ("searchsorted", lambda m, k, x: (m.searchsorted(k, x), m.searchsorted(k, x, side="right"), m.searchsorted(k, k)), (keys, x)),
            ("searchsorted 0", lambda m, k, x: (m.searchsorted(k[:0], x), m.searchsorted(k, x[:0])), (keys, x)),
            ("sorter", lambda m, k, x, o: m.searchsorted(k, x, sorter=o), (some(dtype, (7,)), x, order)),
        ]
    )


def test_repeat_by_tensor() -> None:
    cases: list[Case] = [
        ("repeat", lambda m, x, n: (m.repeat(x, n, axis=0), m.repeat(x, n[:1], axis=1)), (some("int32", (4, 3)), np.array([2, 0, 1, 3]))),
        ("repeat none", lambda m, x, n: m.repeat(x, n * 0, axis=0), (some("float32", (4, 3)), np.array([2, 0, 1, 3]))),
    ]
    same_as_numpy(cases)


def _indexed(x: np.ndarray, index: Any) -> list[Any]:
    """x[index] as eager code has it, and as the graph that a tape records."""
    watched = wnp.asarray(x)
    with weft.GradientTape() as tape:
        tape.watch(watched)
        return [wnp.asarray(x)[index], watched[index]]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
def test_basic_indices(data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = some("float32", shape)
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    agree(_indexed(x, index), [x[index]] * 2, str(index))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
def test_integer_indices(data: st.DataObject, shape: tuple[int, ...]) -> None:
    x = some("int64", shape)
    index = data.draw(hnp.integer_array_indices(shape))
    agree(_indexed(x, tuple(map(wnp.asarray, index))), [x[index]] * 2, str(index))


UPDATES: dict[str, Any] = {
    "number": (1, 2), "slice": (slice(1, 3),), "step": (slice(None, None, -2), 0), "dots": (..., 1), "none": (None, 1),
    "all": (), "array": (np.array([0, 2]),), "two arrays": (np.array([0, 2]), np.array([1, 1])),
    "mask": (np.array([True, False, True, False]),),
}  # fmt: skip


@pytest.mark.parametrize("name", UPDATES)
def test_changed_copies(name: str) -> None:
    x = some("float32", (4, 3))
    index = UPDATES[name]

    def f(x: Any) -> Any:
        at = x.at[index]
        return at.set(7), at.add(1.5), at.multiply(2), at.min(0.5), at.max(0.5), at.get(), at.set(at.get() * 3)

    def want(change: Callable[[np.ndarray], Any]) -> np.ndarray:
        y = x.copy()
        y[index] = change(y[index])
        return y

    changes = [
        lambda y: 7, lambda y: y + np.float32(1.5), lambda y: y * 2, lambda y: np.minimum(y, 0.5), lambda y: np.maximum(y, 0.5),
    ]  # fmt: skip
    for got in both(f, x):
        for g, change in zip(got, changes, strict=False):
            agree(g, want(change), name)
        agree(got[5], x[index], name)
        agree(got[6], want(lambda y: y * 3), name)


def test_sizes_of_data_stay_symbolic() -> None:
    """In a traced function what depends on data goes on as an array of unknown size."""

    def f(x: Any) -> Any:
        found = x[x > 0]
        (where,) = wnp.nonzero(x > 0)
        return wnp.sum(found * 2), wnp.sort(found), wnp.concat((found, found)), where + 1, wnp.unique_counts(wnp.floor(x)).counts

    g = weft.function(f)
    for n in (5, 0, 9):
        x = some("float32", (n,), n)
        found = x[x > 0]
        want = [np.sum(found * 2), np.sort(found), np.concat((found, found)), np.flatnonzero(x > 0) + 1]
        for got in (f(wnp.asarray(x)), g(x)):
            agree(got[:4], want, str(n), 8)
            agree(got[4], np.unique(np.floor(x), return_counts=True)[1])
