"""Mistakes are told with the line of the user's code, and with a way out."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from weft import numpy as wnp

DOORS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "bool": (lambda x: 1 if x.sum() > 0 else 2, "weft.cond"),
    "and": (lambda x: x[0, 0] > 0 and x[0, 1] > 0, "weft.cond"),
    "sorted": (lambda x: sorted(x[0]), "weft.cond"),
    "int": (lambda x: int(x[0, 0]), "astype"),
    "float": (lambda x: math.sin(x[0, 0]), "functions of math"),
    "range": (lambda x: range(x[0, 0].astype(np.int32)), "weft.scan"),
    "list": (lambda x: [1, 2][x[0, 0].astype(np.int32)], "weft.scan"),
    "asarray": (np.asarray, "weft.numpy has numpy's functions"),
    "ufunc": (lambda x: np.sin(x) + 1, "weft.numpy has numpy's functions"),
    "in": (lambda x: 1.0 in x, "weft.numpy.any"),
    "item": (lambda x: x[0, 0].item(), "static argument"),
    "format": (lambda x: f"{x[0, 0]:.2f}", "static argument"),
}


@pytest.mark.parametrize("name", DOORS)
def test_every_door_to_the_elements_says_what_to_do(name: str) -> None:
    f, way_out = DOORS[name]
    with pytest.raises(weft.WeftError) as e:
        weft.function(f)(np.ones((2, 3), np.float32))
    assert e.value.code == "trace.value"
    assert way_out in str(e.value)
    assert "test_mistakes.py" in str(e.value)


def test_the_size_of_a_symbolic_dim_is_no_number() -> None:
    for f in (len, lambda x: [row for row in x]):  # noqa: C416 - the loop is what is tested
        with pytest.raises(weft.WeftError, match=r"f32\[n, 3\]"):
            weft.function(f).lower(weft.Spec(("n", 3)))
    assert 1.0 in wnp.ones(3)
    assert 2.0 not in wnp.ones(3)


@pytest.mark.parametrize(
    "f",
    [
        lambda g, x: g(x),
        lambda g, x: weft.function(g)(x),
        lambda g, x: weft.grad(lambda x: g(x).sum())(x),
        lambda g, x: weft.vmap(g)(x[None]),
        lambda g, x: weft.function(lambda x: weft.scan(lambda s, _: (g(s), ()), x, None, length=2))(x),
        lambda g, x: weft.function(lambda x: weft.cond(x.sum() > 0, lambda: g(x), lambda: x))(x),
    ],
)
def test_shapes_that_do_not_fit_are_both_named_with_the_line(f: Callable[..., Any]) -> None:
    def added(x: Any) -> Any:
        return x + wnp.ones((4,))

    with pytest.raises(weft.WeftError, match=r"\(2, 3\) and \(4\) do not broadcast: 3 and 4") as e:
        f(added, wnp.ones((2, 3)))
    assert f"test_mistakes.py:{added.__code__.co_firstlineno + 1}" in str(e.value)
