"""Places: what is not there, masks that are used again, lists, rolled symbolic dims; and numbers beside eager tensors."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import weft
from weft import numpy as wnp
from weft.compiler.ir.types import type_symbols
from weft.compiler.ops.elementwise import add
from weft.compiler.ops.helpers import splat
from weft.frontends.python import lift
from weft.vm import VM

from .numpy_cases import EVERY, FLOATS, INTS, agree, both, some


@pytest.mark.parametrize(
    "get",
    [
        lambda x, i: x[i],
        lambda x, i: x[:, i],
        lambda x, i: wnp.take(x, i, axis=1),
        lambda x, i: wnp.take_along_axis(x, wnp.reshape(i, (-1, 1)), axis=1),
        lambda x, i: x.at[i].add(1),
        lambda x, i: x.at[..., i].set(1),
    ],
)
def test_places_that_are_not_there(get: Any) -> None:
    """IndexError where they are known, which they are in eager code and for constants; else the nearest element."""
    x = wnp.arange(9).reshape(3, 3)
    for places in ([0, 3, 1], [-4, 0, 2]):
        index = wnp.asarray(places)

        def found(x: Any, index: Any = index) -> Any:
            return get(x, index)

        for f in (found, lambda x, found=found: weft.function(lambda x: found(x))(x)):  # noqa: PLW0108 - the index is no argument
            with pytest.raises(IndexError, match=r"numpy\.index.*of a dim of size 3\n.*test_numpy_indexing\.py"):
                f(x)
        with weft.GradientTape() as tape:
            watched = x.astype(np.float32)
            tape.watch(watched)
            with pytest.raises(IndexError):
                get(watched, index)
    agree(weft.function(lambda x, i: x[i])(x, np.array([-9, 7])), np.arange(9).reshape(3, 3)[[0, 2]])
    agree(wnp.take(wnp.zeros((0, 2)), wnp.asarray([], dtype=wnp.int64), axis=0), np.zeros((0, 2), np.float32))


def test_lists_are_index_arrays() -> None:
    x = some("float32", (3, 4))
    for index in ([0, 2], [], [True, False, True], ([1, 0], [2, 3]), (slice(None), [1])):
        for got in both(lambda x, index=index: (x[index], wnp.take(x, [2, 0], axis=0)), x):
            agree(got, (x[index], x[[2, 0]]))


def test_a_mask_gives_one_size() -> None:
    """However often it is used; so what it selects fits together."""
    f = weft.function(lambda x, y: (lambda m: x[m] * 2 + y[m])(x > 0))
    module = f.lower(weft.Spec(("n",)), weft.Spec(("n",)))
    made = {s for node in module.main.nodes for t in node.types for s in type_symbols(t)} - {"n"}
    assert len(made) == 1
    x, y = some("float32", (7,)), some("float32", (7,), 1)
    agree(f(x, y), x[x > 0] * 2 + y[x > 0])


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_rolled_symbolic_dims(n: int) -> None:
    x = some("float32", (n, 3))
    along = weft.function(lambda x: (wnp.roll(x, 2, axis=0), wnp.roll(x, (1, -4), axis=(1, 0)), wnp.roll(x, 5)))
    program = VM().load(weft.compile(along.lower(weft.Spec(("n", 3)))))["main"]
    agree(program(x), (np.roll(x, 2, 0), np.roll(x, (1, -4), (1, 0)), np.roll(x, 5)))
    for got in both(lambda x, k: wnp.roll(x, k, axis=0), x, np.int64(-3)):
        agree(got, np.roll(x, -3, 0))


def test_numbers_share_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eager loop over Python numbers writes no graph per number."""
    built: list[Any] = []
    graph = lift._graph
    monkeypatch.setattr(lift, "_graph", lambda *args: built.append(args) or graph(*args))
    x = wnp.zeros((3, 5, 7))
    for k in range(20):
        x = wnp.where(x > k, x * (k + 0.5), x + k) / 2.0**k
    assert len(built) <= 5
    for k in range(2, 5):
        x = x.at[k - 2, k - 1, k].add(k / 2).at[..., k].multiply(k).at[k - 2].min(k)
    assert len(built) <= 8
    x = wnp.asarray(x).at[:].set(np.asarray(x)[0, 0, 0])
    agree(x, np.zeros((3, 5, 7), np.float32) + np.asarray(x)[0, 0, 0])


def test_parts_of_complex_numbers_keep_their_zeros() -> None:
    """1+0j and 1-0j are equal and not the same: of two such calls each has its own graph."""

    @lift.lifted
    def filled(x: Any, number: complex) -> Any:
        return splat(number, x.tensor)

    x = wnp.zeros(2, dtype=wnp.complex64)
    for number in (complex(1, 0.0), complex(1, -0.0), complex(0.0, 1), complex(-0.0, 1)):
        got = np.asarray(filled(x, number))
        assert np.signbit(got.imag).tolist() == [np.signbit(number.imag)] * 2
        assert np.signbit(got.real).tolist() == [np.signbit(number.real)] * 2


def test_graphs_end_with_their_builder() -> None:
    """They hold what it closes over, such as the weights of a model."""

    def adder(weights: np.ndarray) -> Any:
        return lift.lifted(lambda x: add(x, lift.constant(weights)))

    weights = np.ones(3, np.float32)
    f, gone = adder(weights), weakref.ref(weights)
    agree(f(wnp.zeros(3)), np.ones(3, np.float32))
    del f, weights
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("dtype", EVERY)
def test_numbers_take_the_type_beside_them(dtype: str) -> None:
    """The same eager as traced, where they are constants."""
    x = some(dtype, (2, 3))
    numbers = [True, 2, *([0.5, -0.0] if dtype not in INTS else [0.5]), *([1j] if dtype in ("complex64", "float64") else [])]
    for n in numbers:

        def f(x: Any, n: Any = n) -> Any:
            outs = [wnp.equal(x, n), wnp.where(x == x, x, n), wnp.where(x == x, n, x)]
            plain = dtype != "bool" or not isinstance(n, bool)
            return outs + ([x + n, n - x, x * n, wnp.subtract(n, x)] if plain else [])

        eager, traced = both(f, x)
        for e, t in zip(eager, traced, strict=True):
            agree(e, t)


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(OverflowError):
        wnp.zeros(2, dtype=wnp.uint8) + 256
    for dtype in FLOATS:
        got = wnp.ones(2, dtype=dtype) * 1e300
        assert got.dtype == dtype and bool(wnp.all(wnp.isinf(got))) == (dtype == "float32")


def test_sizes_of_data_in_branches_and_loops() -> None:
    """What defines a size there may depend on what is captured."""
    x = some("float32", (7,))
    programs = [
        lambda x: weft.cond(x[0] > 0, lambda: x[x > 0].sum() * 2, lambda: x[x < 0].sum() * 3),
        lambda x: weft.fori_loop(0, 3, lambda i, s: s + x[x > i - 1].sum(), np.float32(0)),
        lambda x: weft.map(lambda y: (y * x[x > y]).sum(), x),
    ]
    for f in programs:
        agree(weft.function(f)(x), f(wnp.asarray(x)), ulps=4)


def test_sizes_of_data_do_not_fit_into_a_batch() -> None:
    with pytest.raises(weft.WeftError, match=r"vmap\.sizes.*\n.*test_numpy_indexing\.py"):
        weft.vmap(lambda x: x[x > 0].sum())(wnp.ones((2, 3)))
