"""The rows of every `rows_*.py`, and that none is missing: each op has a row, each constraint that inference checks has a rejection."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from weft.compiler import ops
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import STRING
from weft.proto.errors import WeftError

from .harness import DTYPES, Rejection, check_gradient, check_rejection, check_row, infer, row_modules, spread

MODULES = row_modules()
ROWS = [row for module in MODULES for row in module.ROWS]
REJECTIONS = [case for module in MODULES for case in module.REJECTIONS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row(row):
    for one in spread(row):
        check_row(one)
        check_row(one, seed=17)


def differentiable():
    """Rows of ops with a gradient that take f32 and give it, on f64 instead."""
    for row in ROWS:
        texts = (*row.operands, row.result or "")
        if OPS[row.op].grad is not None and any(t.endswith(("f32", "T")) for t in row.operands):
            *operands, result = (re.sub(r"(^|x)(f32|T)$", r"\1f64", t) for t in texts)
            if not result or result.endswith("f64"):
                yield replace(row, operands=tuple(operands), result=result or None)


@pytest.mark.parametrize("row", list(differentiable()), ids=str)
def test_gradient(row):
    check_gradient(row)


@pytest.mark.parametrize("case", REJECTIONS, ids=str)
def test_rejection(case):
    check_rejection(case)


@pytest.mark.parametrize("name", sorted(name for name, op in OPS.items() if op.is_elementwise and not op.attrs and not op.result_keyword))
def test_elementwise_ops_refuse(name):
    """Every element type the op is not for, operands that differ, and what is no tensor."""
    op = OPS[name]
    n = len(op.operands)
    for dtype in (*DTYPES, STRING):
        try:
            infer(Rejection("", name, (f"2x{dtype}",) * n))
            good = dtype
        except WeftError as e:
            assert e.code == f"{name}.I1"
            assert str(dtype) in str(e)
    check_rejection(Rejection(f"{name}.I1", name, ("token",) * n))
    if n == 2:
        check_rejection(Rejection(f"{name}.I2", name, (f"2x{good}", "token")))
        check_rejection(Rejection(f"{name}.C1", name, (f"2x{good}", f"3x{good}")))
        check_rejection(Rejection(f"{name}.C1", name, (f"Nx{good}", f"Mx{good}")))


# Ops whose tests build regions or run functions: reductions, control flow and the like have test files of their own.
def owned(module: str) -> set[str]:
    source = (Path(ops.__file__).parent / f"{module}.py").read_text()
    return set(re.findall(r'(?:define|unary|binary)\(\s*"([\w.]+)"', source))


FAMILIES = ("constant", "convert", "shape", "indexing", "compare")


def test_each_op_has_a_row():
    names = {name for family in FAMILIES for name in owned(family)}
    tested = {row.op for row in ROWS} | {name for name, op in OPS.items() if op.is_elementwise}
    assert names and names <= tested


def test_each_constraint_has_a_rejection():
    sources = [(Path(ops.__file__).parent / f"{family}.py").read_text() for family in (*FAMILIES, "structure")]
    codes = {code for source in sources for code in re.findall(r'"(\w+\.[CIO]\d+)"', source)}
    assert codes and codes <= {case.code for case in REJECTIONS}
