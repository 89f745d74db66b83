"""Every row of tests/ops, compiled: with the symbols of its shapes and run at several sizes, nothing included, or on its numbers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from weft.compiler.interpreter import concrete_attr, concrete_type
from weft.compiler.ir.dims import Dim, symbol
from weft.compiler.ir.graph import Function, function, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.errors import WeftError

from ..ops.harness import SIZES, Row, array_of, infer, parse_type, spread
from ..ops.test_elementwise import ELEMENTWISE, rows
from ..ops.test_rows import ROWS
from .batch import Batch, results_of
from .bounds import bound_of

# Sizes for the symbols N, M and B (Z is always 0): those of the rows, ones, and some that fill vectors and leave a rest.
CHOICES = (SIZES, {**SIZES, "N": 1, "M": 1, "B": 1}, {**SIZES, "N": 19, "M": 33, "B": 3}, {**SIZES, "N": 0, "M": 2, "B": 1})


def symbols_from(low: int) -> dict[str, Dim]:
    return {name: symbol(name, 0 if name == "Z" else low) for name in SIZES}


def build(row: Row, values: dict[str, Dim]) -> Function:
    """The function of a row with these dims for its symbols."""
    params = [param(concrete_type(parse_type(t), values)) for t in row.operands]  # type: ignore[arg-type]
    given = {"result": concrete_type(parse_type(row.result), values)} if row.result else {}  # type: ignore[arg-type]
    attrs = {k: concrete_attr(v, values) for k, v in row.attrs.items()}  # type: ignore[arg-type]
    return function("main", params, results_of(op_of(row.op)(*params, **given, **attrs, **row.regions)))


def add(batch: Batch, row: Row) -> None:
    """The row's function with symbols, from zero on if its constraints allow, with arguments at all sizes."""
    bound = bound_of(row.op, *(t.dtype.numpy for t in map(parse_type, row.operands) if isinstance(t, TensorType)))
    if not (named := symbols_of(row.operands)) or named != symbols_of([*row.operands, row.result or "", str(row.attrs)]):
        # No symbols, or some that no operand gives a value.
        numbers: dict[str, Dim] = dict(SIZES)
        batch.add(str(row), build(row, numbers), arguments(row, SIZES, 0), arguments(row, SIZES, 17), bound=bound)
        return
    try:
        made, choices = build(row, symbols_from(0)), CHOICES
    except WeftError:
        made, choices = build(row, symbols_from(1)), CHOICES[:3]
    batch.add(str(row), made, *(arguments(row, sizes, k) for k, sizes in enumerate(choices)), bound=bound)


def symbols_of(texts: Iterable[str]) -> set[str]:
    """The names of symbols in types and attributes."""
    return {name for text in texts for name in re.findall(r"\b\d*([NMBZ])(?=x|[-+]\d|\))", text)}


def arguments(row: Row, sizes: dict[str, int], seed: int) -> list[np.ndarray]:
    types = [concrete_type(parse_type(t), sizes) for t in row.operands]
    return [array_of(t, seed + k, row.tame) for k, t in enumerate(types) if isinstance(t, TensorType)]


def can_run(row: Row) -> bool:
    """Whether the row is about tensors: programs take and return nothing else."""
    return all(isinstance(parse_type(t), TensorType) for t in row.operands) and all(isinstance(t, TensorType) for t in infer(row))


def elementwise(name: str) -> Iterator[Row]:
    """The rows of an elementwise op, on data for which its result is not left open."""
    for row, dtype in rows(name):
        rounded = bool(bound_of(name, dtype.numpy).real)
        yield replace(row, tame=rounded and dtype.is_complex)


GROUPS: dict[str, list[Row]] = defaultdict(list)
for _row in ROWS:
    # Conversions are many: one program for each type they start from.
    _key = f"convert {_row.operands[0].rsplit('x', 1)[-1]}" if _row.op == "convert" else _row.op
    GROUPS[_key] += [r for r in spread(_row) if can_run(r)]


@pytest.mark.parametrize("name", sorted(name for name, found in GROUPS.items() if found))
def test_rows(name: str) -> None:
    batch = Batch()
    for row in GROUPS[name]:
        add(batch, row)
    batch.check()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    batch = Batch()
    for row in elementwise(name):
        add(batch, row)
    batch.check()


@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_elementwise_at_every_level(level: str) -> None:
    """Each op on f32 or its first type; the levels differ in vectors, conversions and fused multiply-add."""
    from weft.compiler.codegen.target import LEVELS, supported

    if not supported(LEVELS[level]):
        pytest.skip(f"this machine is no {level}")
    batch = Batch()
    for name in ELEMENTWISE:
        found = list(elementwise(name))
        add(batch, next((r for r in found if r.operands[0].endswith("xf32")), found[0]))
    batch.check(level)
