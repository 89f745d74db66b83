"""The special cases that the array API standard names, as a table: eager and compiled, of both precisions.

A row is the conditions on the operands (of a complex one on both of its parts), then the result. Of a complex function the rows of the
upper half plane are given; what the standard says of conjugates and of odd functions (`CONJUGATE`, `ODD`) is checked of every row.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import weft
from weft import numpy as wnp

INF, NAN = math.inf, math.nan
FINITE = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-30, 1e30]
NONZERO = [x for x in FINITE if x]
OPERANDS: dict[str, list[float]] = {
    "nan": [NAN], "inf": [INF], "-inf": [-INF], "±inf": [INF, -INF], "0": [0.0], "-0": [-0.0], "±0": [0.0, -0.0], "1": [1.0],
    "-1": [-1.0], "±1": [1.0, -1.0], "fin": FINITE, "nz": NONZERO, "pos": [x for x in NONZERO if x > 0],
    "neg": [x for x in NONZERO if x < 0], ">0": [x for x in [*NONZERO, INF] if x > 0], "<0": [x for x in [*NONZERO, -INF] if x < 0],
    ">1": [3.0, 1e30, INF], "<-1": [-2.5, -1e30, -INF], "<1": [0.5, -0.0, -1e30, -INF], "any": [*FINITE, INF, -INF, NAN],
    "number": [*FINITE, INF, -INF], "large": [3.0, -2.5, 1e30, INF, -INF], "small": [0.5, 0.0, -0.0, 1e-30],
    "odd": [1.0, 3.0], "even": [0.5, 1e30, 2.0, INF], "-odd": [-1.0, -3.0], "-even": [-2.5, -2.0, -1e30, -INF], "broken": [0.5, -2.5],
}  # fmt: skip
RESULTS = {"π": math.pi, "π/2": math.pi / 2, "π/4": math.pi / 4, "3π/4": 3 * math.pi / 4}

UNARY = """
abs: nan nan | -0 0 | ±inf inf
acos: nan nan | >1 nan | <-1 nan | 1 0
acosh: nan nan | <1 nan | 1 0 | inf inf
asin: nan nan | >1 nan | <-1 nan | 0 0 | -0 -0
asinh: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
atan: nan nan | 0 0 | -0 -0 | inf π/2 | -inf -π/2
atanh: nan nan | >1 nan | <-1 nan | 1 inf | -1 -inf | 0 0 | -0 -0
ceil: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
cos: nan nan | ±0 1 | ±inf nan
cosh: nan nan | ±0 1 | ±inf inf
exp: nan nan | ±0 1 | inf inf | -inf 0
expm1: nan nan | 0 0 | -0 -0 | inf inf | -inf -1
floor: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
isfinite: nan 0 | ±inf 0 | fin 1
isinf: nan 0 | ±inf 1 | fin 0
isnan: nan 1 | ±inf 0 | fin 0
log: nan nan | <0 nan | ±0 -inf | 1 0 | inf inf
log10: nan nan | <0 nan | ±0 -inf | 1 0 | inf inf
log1p: nan nan | <-1 nan | -1 -inf | 0 0 | -0 -0 | inf inf
log2: nan nan | <0 nan | ±0 -inf | 1 0 | inf inf
reciprocal: nan nan | inf 0 | -inf -0 | 0 inf | -0 -inf
round: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
sign: nan nan | <0 -1 | >0 1 | ±0 0
signbit: >0 0 | <0 1 | 0 0 | -0 1
sin: nan nan | 0 0 | -0 -0 | ±inf nan
sinh: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
sqrt: nan nan | <0 nan | 0 0 | -0 -0 | inf inf
square: nan nan | ±0 0 | ±inf inf
tan: nan nan | 0 0 | -0 -0 | ±inf nan
tanh: nan nan | 0 0 | -0 -0 | inf 1 | -inf -1
trunc: nan nan | 0 0 | -0 -0 | inf inf | -inf -inf
"""
BINARY = """
add: nan any nan | any nan nan | inf -inf nan | -inf inf nan | inf inf inf | -inf -inf -inf | inf fin inf | fin -inf -inf | -0 -0 -0
add: -0 0 0 | 0 -0 0 | ±0 nz y | nz ±0 x
atan2: nan any nan | any nan nan | >0 ±0 π/2 | 0 >0 0 | 0 0 0 | 0 -0 π | 0 <0 π | -0 >0 -0 | -0 0 -0 | -0 -0 -π | -0 <0 -π | <0 ±0 -π/2
atan2: pos inf 0 | pos -inf π | neg inf -0 | neg -inf -π | inf fin π/2 | -inf fin -π/2 | inf inf π/4 | inf -inf 3π/4 | -inf inf -π/4
atan2: -inf -inf -3π/4
divide: nan any nan | any nan nan | ±inf ±inf nan | ±0 ±0 nan | 0 >0 0 | -0 >0 -0 | 0 <0 -0 | -0 <0 0 | >0 0 inf | >0 -0 -inf | <0 0 -inf
divide: <0 -0 inf | inf pos inf | inf neg -inf | -inf pos -inf | -inf neg inf | pos inf 0 | pos -inf -0 | neg inf -0 | neg -inf 0
equal: nan any 0 | any nan 0 | inf inf 1 | -inf -inf 1 | ±0 ±0 1 | inf -inf 0
floor_divide: nan any nan | any nan nan | ±inf ±inf nan | ±0 ±0 nan | 0 >0 0 | -0 >0 -0 | 0 <0 -0 | -0 <0 0 | >0 0 inf | >0 -0 -inf
floor_divide: <0 0 -inf | <0 -0 inf | inf pos inf | inf neg -inf | -inf pos -inf | -inf neg inf | pos inf 0 | pos -inf -0 | neg inf -0
floor_divide: neg -inf 0
hypot: ±inf any inf | any ±inf inf | ±0 pos y | pos ±0 x | fin nan nan | nan fin nan | nan nan nan
logaddexp: nan any nan | any nan nan | inf number inf | number inf inf
maximum: nan any nan | any nan nan
minimum: nan any nan | any nan nan
multiply: nan any nan | any nan nan | ±inf ±0 nan | ±0 ±inf nan | inf >0 inf | inf <0 -inf | -inf >0 -inf | <0 -inf inf | 0 neg -0
multiply: -0 neg 0
nextafter: nan any nan | any nan nan | -0 0 0 | 0 -0 -0
not_equal: nan any 1 | any nan 1 | inf -inf 1 | -inf inf 1 | ±0 ±0 0
pow: large nan nan | any ±0 1 | nan nz nan | large inf inf | large -inf 0 | ±1 ±inf 1 | 1 number 1 | small inf 0 | small -inf inf
pow: inf >0 inf | inf <0 0 | -inf odd -inf | -inf even inf | -inf -odd -0 | -inf -even 0 | 0 >0 0 | 0 <0 inf | -0 odd -0 | -0 even 0
pow: -0 -odd -inf | -0 -even inf | neg broken nan
remainder: nan any nan | any nan nan | ±inf any nan | any ±0 nan | 0 >0 0 | -0 >0 0 | 0 <0 -0 | -0 <0 -0 | pos inf x | pos -inf y
remainder: neg inf y | neg -inf x
"""
COMPLEX = """
abs: ±inf any inf 0 | any ±inf inf 0 | ±0 pos y 0 | pos ±0 x 0 | nan fin nan 0 | fin nan nan 0 | nan nan nan 0
acos: ±0 0 π/2 -0 | ±0 nan π/2 nan | fin inf π/2 -inf | nz nan nan nan | -inf pos π -inf | inf pos 0 -inf | -inf inf 3π/4 -inf
acos: inf inf π/4 -inf | ±inf nan nan ~inf | nan fin nan nan | nan inf nan -inf | nan nan nan nan
acosh: ±0 0 0 π/2 | fin inf inf π/2 | nz nan nan nan | 0 nan nan ~π/2 | -inf pos inf π | inf pos inf 0 | -inf inf inf 3π/4 | inf inf inf π/4
acosh: ±inf nan inf nan | nan fin nan nan | nan inf inf nan | nan nan nan nan
asinh: 0 0 0 0 | pos inf inf π/2 | fin nan nan nan | inf pos inf 0 | inf inf inf π/4 | nan 0 nan 0 | nan nz nan nan | nan inf ~inf nan
asinh: nan nan nan nan
atanh: 0 0 0 0 | 0 nan 0 nan | 1 0 inf 0 | pos inf 0 π/2 | nz nan nan nan | inf pos 0 π/2 | inf inf 0 π/2 | inf nan 0 nan | nan fin nan nan
atanh: nan inf ~0 π/2 | nan nan nan nan
cosh: 0 0 1 0 | 0 inf nan ~0 | 0 nan nan ~0 | nz inf nan nan | nz nan nan nan | inf 0 inf 0 | inf inf ~inf nan | inf nan inf nan
cosh: nan ±0 nan ~0 | nan nz nan nan | nan nan nan nan
exp: ±0 0 1 0 | fin inf nan nan | fin nan nan nan | inf 0 inf 0 | -inf inf ~0 ~0 | inf inf ~inf nan | -inf nan ~0 ~0 | inf nan ~inf nan
exp: nan 0 nan 0 | nan nz nan nan | nan nan nan nan | -inf 1 0 0 | inf 1 inf inf
expm1: ±0 0 0 0 | fin inf nan nan | fin nan nan nan | inf 0 inf 0 | -inf inf -1 ~0 | inf inf ~inf nan | -inf nan -1 ~0 | inf nan ~inf nan
expm1: nan 0 nan 0 | nan nz nan nan | nan nan nan nan | -inf 1 -1 0 | inf 1 inf inf
log: -0 0 -inf π | 0 0 -inf 0 | fin inf inf π/2 | fin nan nan nan | -inf pos inf π | inf pos inf 0 | -inf inf inf 3π/4 | inf inf inf π/4
log: ±inf nan inf nan | nan fin nan nan | nan inf inf nan | nan nan nan nan
log1p: -1 0 -inf 0 | fin inf inf π/2 | fin nan nan nan | -inf pos inf π | inf pos inf 0 | -inf inf inf 3π/4 | inf inf inf π/4
log1p: ±inf nan inf nan | nan fin nan nan | nan inf inf nan | nan nan nan nan
sign: ±0 ±0 0 0 | nan any nan nan | any nan nan nan
sinh: 0 0 0 0 | 0 inf ~0 nan | 0 nan ~0 nan | pos inf nan nan | pos nan nan nan | inf 0 inf 0 | inf inf ~inf nan | inf nan ~inf nan
sinh: nan 0 nan 0 | nan nz nan nan | nan nan nan nan
sqrt: ±0 0 0 0 | any inf inf inf | fin nan nan nan | -inf pos 0 inf | inf pos inf 0 | -inf nan nan ~inf | inf nan inf nan | nan fin nan nan
sqrt: nan nan nan nan
tanh: 0 0 0 0 | nz inf nan nan | 0 inf 0 nan | nz nan nan nan | 0 nan 0 nan | inf pos 1 ~0 | inf inf 1 ~0 | inf nan 1 ~0 | nan 0 nan 0
tanh: nan nz nan nan | nan nan nan nan
"""
CONJUGATE = {"acos", "acosh", "asinh", "atanh", "cosh", "exp", "expm1", "log", "log1p", "sinh", "sqrt", "tanh"}
ODD = {"asinh", "atanh", "sinh", "tanh"}

Row = tuple[str, list[str]]


def rows(table: str) -> Iterator[Row]:
    for line in table.strip().split("\n"):
        name, _, cases = line.partition(": ")
        yield from ((name, case.split(" ")) for case in cases.split(" | "))


def number(text: str, x: float = NAN, y: float = NAN) -> float:
    """A result, of which a `~` in front says that it may have either sign."""
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("~"))
    return {"x": x, "y": y}[plain] if plain in "xy" else sign * (RESULTS[plain] if plain in RESULTS else float(plain))


def same(got: float, text: str, x: float = NAN, y: float = NAN) -> bool:
    want = number(text, x, y)
    if math.isnan(want):
        return math.isnan(got)
    size, expected = abs(got), abs(want)
    close = size == expected if expected in (0, 1, INF) else math.isclose(size, expected, rel_tol=1e-6)
    return close and (text.startswith("~") or math.copysign(1, got) == math.copysign(1, want))


def real_cases(table: str) -> list[tuple[str, str, tuple[float, ...]]]:
    """(function, result, operands) of every row and every choice of operands."""
    return [(f, case[-1], xs) for f, case in rows(table) for xs in itertools.product(*(OPERANDS[c] for c in case[:-1]))]


def answers(cases: list[tuple[str, tuple[np.ndarray, ...]]]) -> list[list[np.ndarray]]:
    """What the functions give: eagerly, and compiled as one program."""

    def every(operands: Any) -> list[Any]:
        return [getattr(wnp, f)(*xs) for (f, _), xs in zip(cases, operands, strict=True)]

    given = [xs for _, xs in cases]
    eager = every([tuple(map(wnp.asarray, xs)) for xs in given])
    return [list(map(np.asarray, found)) for found in (eager, weft.function(every)(given))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("table", [UNARY, BINARY], ids=["unary", "binary"])
def test_real(table: str, dtype: str) -> None:
    cases = real_cases(table)
    names = sorted({f for f, _, _ in cases})
    own = [[(want, xs) for f, want, xs in cases if f == name] for name in names]
    columns = [tuple(np.array(side, dtype) for side in zip(*(xs for _, xs in mine), strict=True)) for mine in own]
    for how in answers(list(zip(names, columns, strict=True))):
        for name, mine, found, given in zip(names, own, how, columns, strict=True):
            for (want, _), got, *xs in zip(mine, found, *given, strict=True):
                assert same(float(got), want, *map(float, xs)), f"{name}{tuple(map(float, xs))} = {got}, not {want}"


MIRRORS: list[tuple[Callable[[str], bool], int, int]] = [
    (lambda f: True, 1, 1),
    (lambda f: f in CONJUGATE, 1, -1),
    (lambda f: f in ODD, -1, -1),
    (lambda f: f in CONJUGATE & ODD, -1, 1),
]
"""Where a row holds with the signs of its parts changed: of operands and of results alike."""


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex(dtype: str) -> None:
    table = list(rows(COMPLEX))
    names = sorted({f for f, _ in table})
    own = [
        [
            (case, complex(r * x, i * y), r, i)
            for f, case in table
            for x, y in itertools.product(OPERANDS[case[0]], OPERANDS[case[1]])
            for holds, r, i in MIRRORS
            if f == name and holds(f)
        ]
        for name in names
    ]
    columns = [(np.array([z for _, z, _, _ in mine], dtype),) for mine in own]
    for how in answers(list(zip(names, columns, strict=True))):
        for name, mine, found in zip(names, own, how, strict=True):
            for (case, z, r, i), got in zip(mine, found, strict=True):
                real, imag = r * float(got.real), i * float(got.imag)
                fits = same(real, case[2], abs(z.real), abs(z.imag)) and same(imag, case[3])
                assert fits, f"{name}({z!r}) = {got}, not {case[2]} and {case[3]} (of {case[0]} and {case[1]})"


def test_reductions_of_nothing_and_of_nan() -> None:
    nothing, spoiled = np.zeros((0,), np.float32), np.array([1.0, NAN, -INF], np.float32)
    names = ["mean", "prod", "std", "sum", "var"]
    for how in answers([(f, (nothing,)) for f in names]):
        assert [str(float(x)) for x in how] == ["nan", "1.0", "nan", "0.0", "nan"]
    names = ["max", "mean", "min", "prod", "std", "sum", "var"]
    for how in answers([(f, (spoiled,)) for f in names]):
        assert np.isnan(how).all()
