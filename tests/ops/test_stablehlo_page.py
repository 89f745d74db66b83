"""Every op of StableHLO and CHLO has an entry, a way to be evaluated and a way to run; docs/stablehlo.md says which."""

import pytest
from weft.compiler.ops.registry import OPS

from .stablehlo_page import CHLO, OLDER, PAGE, SPECIFICATION, entry, page, reference, runs_as

# CHLO's internal helper for complex arc functions, and a loop with a body of its own that no frontend has been seen to write.
NOT_READ = {"_asin_acos_kernel", "scan"}


def test_the_page_is_fresh() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run `python -m tests.ops.stablehlo_page`"


def test_every_op_can_be_evaluated_and_run() -> None:
    for dialect, names in (("stablehlo", SPECIFICATION + OLDER), ("chlo", CHLO)):
        for name in names:
            op = entry(dialect, name)
            assert reference(op) != "none" and runs_as(op) != "none", name


def test_nothing_of_the_dialects_is_missing() -> None:
    stablehlo = pytest.importorskip("jaxlib.mlir.dialects.stablehlo")
    chlo = pytest.importorskip("jaxlib.mlir.dialects.chlo")
    named = {
        getattr(d, n).OPERATION_NAME
        for d in (stablehlo, chlo)
        for n in dir(d)
        if n.endswith("Op") and hasattr(getattr(d, n), "OPERATION_NAME")
    }
    listed = {f"stablehlo.{n}" for n in (*SPECIFICATION, *OLDER, "return")} | {f"chlo.{n}" for n in CHLO}
    assert {n for n in named - listed if n.split(".", 1)[1] not in NOT_READ} == set()
    assert len(SPECIFICATION) == len(set(SPECIFICATION)) and set(SPECIFICATION) <= set(OPS)
