"""Calls of compiled functions: the second call of a signature takes a short way, which must notice whatever is different."""

from collections import namedtuple
from functools import partial

import numpy as np
import pytest
import weft
from weft import numpy as wnp

Pair = namedtuple("Pair", "a b")


def test_every_change_of_the_arguments_is_seen() -> None:
    @weft.function
    def f(tree, k):  # type: ignore[no-untyped-def]
        total = sum(weft.pytree.flatten(tree)[0], start=wnp.asarray(np.float32(0)))
        return {"sum": wnp.sum(total) * k, "tree": tree, "note": None}

    x, y = np.ones(3, np.float32), np.full(3, 2, np.float32)
    trees = [
        {"a": x, "b": y}, {"b": x, "a": y}, {"a": x, "c": y}, {"a": x}, [x, y], (x, y), Pair(x, y), Pair(y, wnp.asarray(x)), [x, (y,)], x,
        np.ones((2, 3), np.float32), np.float32(4), 5.0, [x, y, x],
    ]  # fmt: skip
    for tree in [t for t in trees for _ in range(3)]:
        for k in (2, 2, 3.0):
            found = f(tree, k)
            leaves, shape = weft.pytree.flatten(tree)
            np.testing.assert_allclose(found["sum"], np.sum(sum(np.asarray(v) for v in leaves)) * k)
            again, same = weft.pytree.flatten(found["tree"])
            assert same == shape
            assert found["note"] is None
            for a, b in zip(again, leaves, strict=True):
                np.testing.assert_array_equal(a, b)


def test_static_arguments_and_keywords_go_the_long_way() -> None:
    @weft.function(static="n")
    def f(x, n):  # type: ignore[no-untyped-def]
        return x * n

    x = np.ones(2, np.float32)
    assert [float(f(x, n)[0]) for n in (2, 2, 3, 2)] == [2, 2, 3, 2]
    assert float(f(n=4, x=x)[0]) == 4


def test_registered_classes_are_compared_by_their_facts() -> None:
    class Scaled:
        def __init__(self, by: float, x: object) -> None:
            self.by, self.x = by, x

    weft.pytree.register(Scaled, lambda s: ([s.x], s.by), lambda by, children: Scaled(by, children[0]))  # type: ignore[arg-type, return-value]

    @weft.function
    def f(s):  # type: ignore[no-untyped-def]
        return Scaled(s.by, s.x * s.by)

    for by in (2.0, 2.0, 3.0, 2.0):
        assert float(f(Scaled(by, np.float32(5))).x) == 5 * by


def test_donated_state_of_many_arrays_is_updated_in_place() -> None:
    @weft.function(donate="state")
    def step(state, x):  # type: ignore[no-untyped-def]
        return [s + x for s in state]

    state = [wnp.asarray(np.full(4, n, np.float32)) for n in range(80)]
    state = step(state, np.float32(1))
    places = [s.array.ctypes.data for s in state]
    for _ in range(2):
        state = step(state, np.float32(1))
        assert [s.array.ctypes.data for s in state] == places
    np.testing.assert_array_equal(np.stack([np.asarray(s) for s in state])[:, 0], np.arange(80) + 3)


def test_donated_memory_that_others_hold_is_left_to_them() -> None:
    step = weft.function(lambda s: s + 1, donate="s")
    state = wnp.asarray([1.0, 2.0, 3.0])
    for n in range(3):
        part, turned, seen, same = state[1:], state[::-1], np.asarray(state), wnp.positive(state)
        state = step(state)
        np.testing.assert_array_equal(np.asarray(part), np.array([2, 3]) + n)
        np.testing.assert_array_equal(np.asarray(turned), np.array([3, 2, 1]) + n)
        np.testing.assert_array_equal(seen, np.array([1, 2, 3]) + n)
        np.testing.assert_array_equal(np.asarray(same), seen)
    np.testing.assert_array_equal(np.asarray(step(state[1:])), [6, 7])
    np.testing.assert_array_equal(np.asarray(state), [4, 5, 6])


def test_donated_tensors_are_of_no_use() -> None:
    step = weft.function(lambda p, x: ({"w": p["w"] + x}, p["w"].sum()), donate="p")
    p = {"w": wnp.ones(3)}
    for turn in range(3):  # traced, found again, and by the short way
        new, _ = step(p, 1.0)
        for use in (lambda p: p["w"] + 1, lambda p: np.asarray(p["w"]), lambda p: p["w"].shape, lambda p: step(p, 1.0)):
            with pytest.raises(weft.WeftError, match="donated") as caught:
                use(p)
            assert "test_calls.py" in str(caught.value)
        p = new
        assert np.asarray(p["w"]).tolist() == [turn + 2.0] * 3


def test_traced_tensors_are_of_no_use_outside() -> None:
    kept: list[weft.Tensor] = []

    def f(x: weft.Tensor) -> weft.Tensor:
        kept.append(x * 2)
        return x

    for trace in (lambda: weft.function(f)(np.ones(2)), lambda: weft.vmap(f)(np.ones((3, 2)))):
        trace()
        with pytest.raises(weft.WeftError, match="used after the function that made it was traced") as caught:
            _ = kept[-1] + 1
        assert "test_calls.py" in str(caught.value)


@pytest.mark.parametrize("wrap", [lambda f: f, weft.function])
def test_loops_keep_their_types(wrap) -> None:  # type: ignore[no-untyped-def]
    """Eagerly as in a graph."""
    x = np.ones(2)
    for code, f in {
        "scan": lambda x: weft.scan(lambda s, r: (wnp.concat([s, s]), r), x, x),
        "while_loop": lambda x: weft.while_loop(lambda s: s.sum() < 9, lambda s: wnp.astype(s, np.float32) * 3, x),
        "fori_loop": lambda x: weft.fori_loop(0, 2, lambda i, s: (s, s), x),
    }.items():
        with pytest.raises(weft.WeftError, match=rf"{code}|while_loop"):
            wrap(f)(x)


def test_both_shapes_are_named() -> None:
    for wrap in (lambda f: f, weft.function):
        with pytest.raises(weft.WeftError, match=r"\(2, 3\) and \(4\) do not broadcast: 3 and 4") as caught:
            wrap(lambda a, b: a * 2 + b)(wnp.ones((2, 3)), wnp.ones(4))
        assert "test_calls.py" in str(caught.value)


def test_defaults_stay_python_values() -> None:
    @weft.function
    def f(x, axis=0, scale=2.0):  # type: ignore[no-untyped-def]
        return x.sum(axis) * scale

    x = np.arange(6.0).reshape(2, 3)
    assert np.asarray(f(x)).tolist() == [6, 10, 14]
    assert np.asarray(f(x, scale=3.0)).tolist() == [9, 15, 21]
    assert np.asarray(weft.function(partial(wnp.sum, axis=1))(x)).tolist() == [3, 12]


def test_numpy_arrays_are_never_donated() -> None:
    """They are the caller's, whom nothing could tell that they hold something else now."""
    given = {"w": np.ones((8, 8), np.float32), "b": np.ones(8, np.float32)}

    @weft.function(donate="p")
    def step(p, x):
        return {k: v + x for k, v in p.items()}

    for turn in range(3):  # the first call traces, the second knows the way
        found = step(given, np.float32(turn))
        assert float(found["w"][0, 0]) == 1 + turn
        assert (given["w"] == 1).all() and (given["b"] == 1).all()
