"""Every elementwise op on every element type it takes."""

from dataclasses import replace

import pytest
from weft.compiler.ops.registry import OPS
from weft.proto.dtypes import DType
from weft.proto.errors import WeftError

from .harness import DTYPES, Row, check_gradient, check_row, infer, parse_type, row_modules

# Attributes and result types that an op needs; its other calls follow from its signature.
ATTRS = {
    "compare": [{"comparison_direction": d} for d in ("EQ", "NE", "GE", "GT", "LE", "LT")],
    "reduce_precision": [{"exponent_bits": e, "mantissa_bits": m} for e, m in ((5, 3), (8, 0), (3, 1))],
}
# Ops whose results need not have every bit the oracle computes.
ROUNDED = {
    "atan2", "cbrt", "cosine", "exponential", "exponential_minus_one", "log", "log_plus_one", "logistic", "power", "rsqrt", "sine", "tan",
    "tanh",
}  # fmt: skip
# Integer ops that the oracle does not define everywhere; their edges are tested by value in test_edges.py.
TAME = {"divide", "remainder", "power"}
# StableHLO's interpreter has no NaN for these, or takes them for signed.
NO_ORACLE = {"f8E8M0FNU", "f4E2M1FN", "f6E2M3FN", "f6E3M2FN"}


def has_oracle(row: Row, dtype: DType) -> bool:
    """Whether StableHLO's interpreter can be asked: it lacks weft's ops, aborts on orders of complex numbers and cannot round f8E3M4."""
    if row.op == "compare" and dtype.is_complex:
        return row.attrs["comparison_direction"] in ("EQ", "NE")
    if row.op == "reduce_precision" and dtype.name.endswith("FNUZ"):
        return False  # it takes their exponents' bias for one less
    rounding = row.op in ("floor", "ceil") or row.op.startswith("round")
    return not row.op.startswith("weft.") and dtype.name not in NO_ORACLE and not (rounding and dtype.name == "f8E3M4")


# Ops of weft's own that code generators compute in one step.
SINGLE = {"weft.erf"}
# What the rows of an op ask for holds for its other calls too.
DECLARED = {row.op: row.ulps for module in row_modules() for row in module.ROWS}
ELEMENTWISE = sorted(name for name, op in OPS.items() if op.is_elementwise and name != "convert")


def rows(name: str):
    arity = len(OPS[name].operands)
    for dtype in DTYPES:
        if name not in SINGLE and name.startswith("weft.") and dtype.name == "f8E8M0FNU":
            continue  # neither zero nor signs: what an op made of several steps gives there is open
        for attrs in ATTRS.get(name, [{}]):
            row = Row(name, (f"2xNx5x{dtype}",) * arity, attrs)
            try:
                infer(row)
            except WeftError as e:
                assert e.code.startswith(f"{name}.I"), e
                continue
            yield row, dtype


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    count = 0
    for row, dtype in rows(name):
        rounded = name in ROUNDED or (dtype.is_complex and name in ("abs", "divide", "multiply", "sign", "sqrt"))
        # Where complex functions of infinities end is left open.
        tame = (rounded and dtype.is_complex) or (name in TAME and dtype.is_int)
        ulps = max(4 if rounded else 0, DECLARED.get(name, 0))
        check_row(replace(row, oracle=has_oracle(row, dtype), ulps=ulps, tame=tame))
        count += 1
    assert count, "no element type is accepted"


def _has_slope(name: str) -> bool:
    """Whether the op has a gradient, and that is the slope of what it computes."""
    return OPS[name].grad is not None and not OPS[name].attrs and name != "weft.stop_gradient"


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if _has_slope(name)])
def test_gradient(name):
    row = Row(name, ("2x3xf64",) * len(OPS[name].operands))
    if infer(row) == (parse_type("2x3xf64"),):
        check_gradient(row)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_scalars_and_nothing(name):
    row, dtype = next(rows(name))
    for shape in ("", "0x3x", "Zx2x"):
        arity = len(row.operands)
        check_row(replace(row, operands=(f"{shape}{dtype}",) * arity, oracle=has_oracle(row, dtype), ulps=4, tame=name in TAME))
