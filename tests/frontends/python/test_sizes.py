"""Sizes that are not known while a function is traced: they are numbers, shapes and bounds like others."""

import numpy as np
import pytest
import weft
import weft.numpy as wnp
from weft import nn
from weft.vm import VM

ROWS = weft.Spec(("n", 4))

PROGRAMS = {
    "zeros": lambda x: wnp.zeros((x.shape[0], 2)),
    "ones_like": lambda x: wnp.ones_like(x) + x,
    "full": lambda x: wnp.full(x.shape[0], 7),
    "eye": lambda x: wnp.eye(x.shape[0], 3, k=1),
    "arange": lambda x: wnp.arange(x.shape[0]),
    "arange down": lambda x: wnp.arange(2 * x.shape[0], 1, -3, dtype=np.float32),
    "arange of none": lambda x: wnp.arange(x.shape[0], 0),
    "rows": lambda x: x[wnp.arange(x.shape[0]), wnp.argmax(x, axis=1)],
    "mean": lambda x: x.sum(axis=0) / x.shape[0],
    "both sides": lambda x: x.shape[0] * x - (x.shape[0] // 2 - x) / x.size,
    "root": lambda x: x / wnp.sqrt(x.shape[0]),
    "half": lambda x: x[: x.shape[0] // 2],
    "last": lambda x: weft.fori_loop(0, x.shape[0], lambda i, s: s + i * x[i], wnp.zeros(4)),
    "state": lambda x: weft.scan(lambda c, v: (nn.sigmoid(c + v), c), wnp.zeros(x.shape[0]), x.T)[1],
    "size": lambda x: wnp.stack([wnp.asarray(0), x.shape[0] + wnp.asarray(0)]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_symbolic_size_is_a_number(name: str) -> None:
    f = PROGRAMS[name]
    run = VM().load(weft.compile(weft.function(f).lower(ROWS)))["main"]
    for n in (1, 2, 5):
        x = np.random.default_rng(n).standard_normal((n, 4)).astype(np.float32)
        wanted = np.asarray(f(wnp.asarray(x)))
        found = run(x)
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_random_numbers_of_a_symbolic_shape_are_those_of_the_shape() -> None:
    f = weft.function(lambda x: nn.dropout(weft.random.key(3), x + weft.random.normal(weft.random.key(1), x.shape), 0.5))
    run = VM().load(f.compile(ROWS))["main"]
    x = np.ones((6, 4), np.float32)
    np.testing.assert_allclose(run(x), f(x), rtol=1e-5)


def test_python_cannot_have_the_number() -> None:
    with pytest.raises(weft.WeftError, match=r"len\(\) needs them") as found:
        weft.function(lambda x: x * len(x)).lower(ROWS)
    assert "x.shape[0]" in str(found.value)
    with pytest.raises(weft.WeftError, match="the step not 0"):
        weft.function(lambda x: wnp.arange(0, x.shape[0], 0)).lower(ROWS)
