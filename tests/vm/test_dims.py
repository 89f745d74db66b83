"""Size expressions: evaluation like Python's, rejection of what is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from weft.proto.errors import WeftError
from weft.vm import VM
from weft.vm.dims import LIMIT, Expr, evaluate, from_pb

from .builder import add_program, dim

NAMES = ("N", "M")


def value(text: str, *values: int) -> int:
    return evaluate(from_pb(dim(text, NAMES), NAMES), values)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_operations_are_pythons(n: int, m: int) -> None:
    assert value("N M +", n, m) == n + m
    assert value("N M *", n, m) == n * m
    assert value("N M //", n, m) == n // m
    assert value("N M %", n, m) == n % m
    assert value("N M min", n, m) == min(n, m)
    assert value("N M max 3 +", n, m) == max(n, m) + 3
    assert value("N -1 * 1000 +", n, m) == 1000 - n


def test_text() -> None:
    assert str(from_pb(dim("N 2 *", NAMES), NAMES)) == "N * 2"
    assert str(from_pb(dim("N 2 * M + 3 //", NAMES), NAMES)) == "floordiv(((N * 2) + M), 3)"
    symbol = from_pb(dim("M", NAMES), NAMES)
    assert isinstance(symbol, Expr) and symbol.linear == (1, 1, 0)
    assert from_pb(dim("1 M *", NAMES), NAMES) == symbol


@pytest.mark.parametrize(("text", "expected"), [
    ("M", (1, 1, 0)), ("N 2 *", (0, 2, 0)), ("3 N * N + -5 +", (0, 4, -5)), ("N 1 + 2 *", (0, 2, 2)),
    ("N M +", None), ("N N *", None), ("N 2 //", None), ("N -1 * 9 +", None), ("N 0 *", None), ("5", None),
])  # fmt: skip
def test_linear(text: str, expected: tuple[int, int, int] | None) -> None:
    e = from_pb(dim(text, NAMES), NAMES)
    assert isinstance(e, Expr) and e.linear == expected


def test_a_call_finds_a_symbol_behind_a_factor() -> None:
    main = VM(threads=1).load(add_program(("N 2 * 1 +",), ("N",)).build())["main"]
    x = np.arange(7, dtype=np.float32)
    assert main(x, x).tolist() == (x + x).tolist()
    with pytest.raises(WeftError, match=r"call\.shape"):
        main(x[:6], x[:6])


@pytest.mark.parametrize("text", ["", "N +", "N M", "+", "N M + +", "N " + "1 + " * 2000])
def test_not_an_expression(text: str) -> None:
    with pytest.raises(WeftError, match=r"program\.dim"):
        from_pb(dim(text, NAMES), NAMES)


def test_unknown_symbol() -> None:
    with pytest.raises(WeftError, match="symbol 1"):
        from_pb(dim("M", NAMES), ("N",))


@pytest.mark.parametrize("text", ["N 0 //", "N 0 %", "N -5 *", f"N {LIMIT // 2} *", "N N * N * N * N * N * N * N *"])
def test_not_a_size(text: str) -> None:
    with pytest.raises(WeftError, match="N = 900"):
        value(text, 900, 0)
