"""`x[i] = v`: x becomes its changed copy, and nothing else does. Eager, recorded and traced, against numpy."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from weft import numpy as wnp

from .numpy_cases import EVERY, agree, some

KEYS: list[Any] = [
    1, -1, (0, 2), (slice(None), 1), (Ellipsis, slice(None, None, -2)), (slice(2, 0, -1), None, -1), Ellipsis, (), slice(0, 0),
    [2, 0, 0], np.array([[1, -1]]), (np.array([0, 2]), np.array([3, 1])), (1, np.array([0, 3])), True, False,
    np.arange(12).reshape(3, 4) % 3 == 0, (slice(None), np.array([True, False, False, True])), np.array([False, True, True]),
]  # fmt: skip


def _assigned(x: Any, key: Any, value: Any) -> Any:
    x[key] = value
    return x


@pytest.mark.parametrize("dtype", EVERY)
def test_as_numpy(dtype: str) -> None:
    x, value = some(dtype, (3, 4)), some(dtype, (1,), 1)[0]
    number = value.item()
    for key in KEYS:
        part = some(dtype, x[key].shape, 2)
        for v in (value, part, number):
            expected = _assigned(x.copy(), key, v)
            before = wnp.asarray(x)
            agree(before.at[key].set(v), expected)
            agree(_assigned(wnp.asarray(x), key, wnp.asarray(v, dtype=x.dtype)), expected)
            agree(before, x)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
def test_any_places(data: st.DataObject, shape: tuple[int, ...]) -> None:
    """Numbers, slices, integer arrays and masks: eager, and as the graph that a tape records."""
    x = some("float32", shape)
    masks = hnp.arrays(bool, st.integers(1, len(shape)).map(lambda k: shape[:k]))
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True) | hnp.integer_array_indices(shape) | masks)
    part = some("float32", data.draw(hnp.broadcastable_shapes(x[key].shape, max_dims=x[key].ndim, max_side=1).map(tuple)), 1)
    part = part if np.broadcast_shapes(part.shape, x[key].shape) == x[key].shape else some("float32", x[key].shape, 1)
    eager, watched = wnp.asarray(x), wnp.asarray(x)
    with weft.GradientTape() as tape:
        tape.watch(watched)
        recorded = watched.at[key].set(part)
    agree([_assigned(eager, key, part), recorded], [_assigned(x.copy(), key, part)] * 2, str(key))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_traced_as_eager(key: Any) -> None:
    x = some("float32", (3, 4))
    part = some("float32", x[key].shape, 2)
    for v in (2.5, part):
        expected = _assigned(x.copy(), key, v)
        agree(weft.function(lambda x, v: _assigned(x, key, v))(x, v), expected)
    if isinstance(key, np.ndarray):
        agree(weft.function(_assigned)(x, key, 2.5), _assigned(x.copy(), key, 2.5))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1, 1)])
def test_small_shapes(shape: tuple[int, ...]) -> None:
    x = np.ones(shape, np.int16)
    agree(_assigned(wnp.asarray(x), Ellipsis, 3), np.full(shape, 3, np.int16))
    agree(_assigned(wnp.asarray(x), wnp.asarray(x > 0), 3), np.full(shape, 3, np.int16))
    agree(_assigned(wnp.asarray(x), (), wnp.asarray(4, dtype=wnp.int8)), np.full(shape, 4, np.int16))


def test_conversions() -> None:
    agree(_assigned(wnp.zeros(2, dtype=wnp.int32), 0, 2.7), np.array([2, 0], np.int32))
    agree(_assigned(wnp.zeros(2, dtype=wnp.float64), slice(None), [0.1, 0.2]), np.array([0.1, 0.2]))
    agree(_assigned(wnp.zeros((2, 3)), 0, np.ones((1, 1, 3))), np.array([[1, 1, 1], [0, 0, 0]], np.float32))
    for make in (lambda x: _assigned(x, 0, 1j), weft.function(lambda x: _assigned(x, 0, 1j))):
        with pytest.raises(TypeError, match=r"numpy\.dtype"):
            make(wnp.zeros(2))
    with pytest.raises(OverflowError):
        wnp.zeros(2, dtype=wnp.int8)[0] = 300


def test_errors_leave_the_tensor() -> None:
    x = wnp.arange(3)
    for key, value, kind in (
        (3, 0, IndexError),
        (wnp.asarray([0, -4]), 0, IndexError),
        (slice(None), wnp.arange(2), ValueError),
        ("a", 0, IndexError),
    ):
        with pytest.raises(kind) as caught:
            x[key] = value
        assert __file__ in str(caught.value)
    agree(x, np.arange(3))


def test_nothing_else_changes() -> None:
    """No views: whatever was made of a tensor before stays, and so do arrays that numpy was given."""
    x = wnp.asarray([1.0, 2.0, 3.0])
    same, part, whole, twin, seen, view = x, x[1:], x.reshape(3, 1), wnp.asarray(x, copy=True), np.asarray(x), x.numpy()
    copied, flat = copy.copy(x), wnp.positive(x)
    x[1] = 9
    agree(same, np.array([1, 9, 3], np.float32))
    assert not seen.flags.writeable and np.array(x).flags.writeable and np.asarray(x, np.float64).flags.writeable
    for kept in (twin, seen, view, copied, flat):
        agree(kept, np.array([1, 2, 3], np.float32))
    agree((part, whole), (np.array([2, 3], np.float32), np.array([[1], [2], [3]], np.float32)))
    part[0] = 7
    x[1:] = x[:-1]
    agree(x, np.array([1, 1, 9], np.float32))


def test_memory_of_its_own_is_written_in_place() -> None:
    x = wnp.zeros(8) + 1
    place = x.array.ctypes.data
    for i in range(8):
        x[i] = i
    assert x.array.ctypes.data == place
    agree(x, np.arange(8, dtype=np.float32))


def test_arguments_are_taken_by_value() -> None:
    """A compiled function cannot change the tensors of its caller, so neither does it where it runs as Python."""

    @weft.function
    def f(x: Any) -> Any:
        x[0] = 5
        return x * 2

    x = wnp.ones(2)
    agree(f(x), np.array([10, 2], np.float32))
    with weft.GradientTape() as tape:
        tape.watch(x)
        y = f(x).sum()
    agree(tape.gradient(y, x), np.array([0, 2], np.float32))
    agree(weft.function(lambda x: (f(x), x))(x), (np.array([10, 2], np.float32), np.ones(2, np.float32)))
    state = wnp.zeros(2)
    for run in (lambda g: g(state), lambda g: weft.function(g)(state)):
        agree(run(lambda s: weft.cond(s.sum() < 1, lambda a: _assigned(a, 0, 1), lambda a: a, s)), np.array([1, 0], np.float32))
        agree(run(lambda s: weft.fori_loop(0, 2, lambda i, a: _assigned(a, i, 3), s)), np.array([3, 3], np.float32))
        agree(run(lambda s: weft.while_loop(lambda a: a[0] < 2, lambda a: _assigned(a, 0, a[0] + 1), s)), np.array([2, 0], np.float32))
        agree(run(lambda s: weft.scan(lambda a, i: (_assigned(a, i, 1), a[0]), s, wnp.arange(2))[0]), np.ones(2, np.float32))
        agree(run(weft.checkpoint(lambda a: _assigned(a, 1, 4))), np.array([0, 4], np.float32))
    agree(state, np.zeros(2, np.float32))


def test_derivatives() -> None:
    def f(x: Any, v: Any) -> Any:
        y = x * 2
        y[0] = v
        y[y > 5] = 0.0
        y[1:] *= 3
        return (y**2).sum()

    x, v = wnp.asarray([1.0, 2.0, 4.0]), wnp.asarray(3.0)
    expected = (np.array([0, 144, 0], np.float32), np.float32(6))
    for g in (weft.grad(f, argnums=(0, 1)), weft.function(weft.grad(f, argnums=(0, 1)))):
        agree(g(x, v), expected)
    with weft.GradientTape() as tape:
        tape.watch((x, v))
        y = f(x, v)
    agree(tape.gradient(y, (x, v)), expected)
    agree(weft.vmap(weft.grad(f), in_axes=(0, None))(wnp.stack([x, x]), v), np.stack([expected[0]] * 2))


def test_tapes_keep_what_was_recorded() -> None:
    x = wnp.asarray([1.0, 2.0])
    with weft.GradientTape() as tape:
        tape.watch(x)
        before = (x**2).sum()
        old = x.at[0].get()
        x[0] = 10.0
        after = (x**2).sum()
    agree(tape.gradient(after, x), np.array([20, 4], np.float32))  # by x as it is now
    agree((before, old), (np.float32(5), np.float32(1)))
    x[1] = 3.0
    with pytest.raises(weft.WeftError, match=r"tape\.source"):
        tape.gradient(after, x)


def test_variables_are_assigned_by_assign_alone() -> None:
    v = weft.Variable(np.zeros(2, np.float32))

    @weft.function
    def f() -> Any:
        x = v.value
        x[0] = 1
        return x + v.value

    agree(f(), np.array([1, 0], np.float32))
    agree(v.value, np.zeros(2, np.float32))
    with weft.GradientTape():
        x = v.value
        x[0] = 1
        agree(v.value, np.zeros(2, np.float32))


def test_constants_and_donated_arguments() -> None:
    c, x = wnp.ones(2), wnp.zeros(2)
    f = weft.function(lambda x: x + c)
    agree(f(x), np.ones(2, np.float32))
    c[0] = 5  # a constant of the trace already
    agree(f(x), np.ones(2, np.float32))
    step = weft.function(lambda s: s + 1, donate="s")
    state = step(wnp.zeros(3))
    kept = state
    state[1] = 4
    agree((step(state), kept is state), (np.array([2, 5, 2], np.float32), np.True_))


OUTSIDE: dict[str, Callable[[Any, Any], Any]] = {
    "function": lambda out, x: weft.function(lambda x: _assigned(out, 0, x[0]).sum())(x),
    "grad": lambda out, x: weft.grad(lambda x: _assigned(out, 0, x[0]).sum())(x),
    "vmap": lambda out, x: weft.vmap(lambda x: _assigned(out, 0, x).sum())(x),
    "constant": lambda out, x: weft.function(lambda x: _assigned(out, 0, 1).sum() + x)(x),
    "loop": lambda out, x: weft.function(lambda x: weft.fori_loop(0, 2, lambda i, s: s + _assigned(x, i, 1.0), x))(x),
    "branch": lambda out, x: weft.function(lambda x: weft.cond(x[0] > 0, lambda: _assigned(x, 0, 1.0), lambda: x))(x),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_tensors_from_outside_of_a_trace(case: str) -> None:
    out = wnp.zeros(2)
    with pytest.raises(weft.WeftError, match=r"trace\.setitem.*\n.*test_assignment\.py"):
        OUTSIDE[case](out, wnp.ones(2))
    agree(out, np.zeros(2, np.float32))


def test_tensors_made_inside_of_a_trace() -> None:
    @weft.function
    def f(x: Any) -> Any:
        table = wnp.zeros((2, 2))
        table[0, 0] = 1
        table[1] = x
        return table

    agree(f(np.array([2, 3], np.float32)), np.array([[1, 0], [2, 3]], np.float32))


def test_a_mask_and_a_number_keep_sizes_known() -> None:
    f = weft.function(lambda x: _assigned(x, x < 0, 0.0))
    assert not any(s in str(f.lower(weft.Spec((3,)))) for s in ("bind_dims", "scatter"))
    agree(f(np.array([1, -1, 2], np.float32)), np.array([1, 0, 2], np.float32))


def test_copies_that_are_none() -> None:
    x = wnp.ones(2)
    one, other = x.astype(wnp.float32, copy=False), x.astype(wnp.float32)
    assert wnp.asarray(x) is x and one is x and x.to_device("cpu:0") is x
    x[0] = 5
    agree(other, np.ones(2, np.float32))
