"""Expressions over symbolic dims that grow with every operation end in an error, soon."""

import time
from collections.abc import Callable

import pytest
from weft.compiler.ir.dims import Dim, floordiv, maximum, minimum, mod, symbol
from weft.proto.errors import WeftError

N, M = symbol("N"), symbol("M")


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x * x,
        lambda x: (x + M) * (x + 1),
        lambda x: x * 3,
        lambda x: floordiv(x + M, 2) * M + 1,
        lambda x: minimum(x, floordiv(x + 1, 3)),
        lambda x: maximum(2 * x - 7, mod(x + 1, 3) + x),
    ],
)
def test_growth_ends(step: Callable[[Dim], Dim]) -> None:
    start, x = time.process_time(), N
    with pytest.raises(WeftError) as e:
        for _ in range(1000):
            x = step(x)
    assert e.value.code == "dim.size" and time.process_time() - start < 5
