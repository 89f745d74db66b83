"""The public suite of ONNX does no worse than the stored table says, and kernels do nearly all of its work."""

import subprocess
import sys
from pathlib import Path

from .onnx_page import PAGE, page
from .onnx_suite import TABLE
from .onnx_table import Table

_ROOT = Path(__file__).parents[2]
_LEAST_SHARE = 0.95


def test_the_suite_does_as_stored() -> None:
    """In a process of its own: cases run in its children."""
    done = subprocess.run([sys.executable, "-m", "tests.conformance.onnx_suite"], cwd=_ROOT, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_kernels_do_the_work() -> None:
    table = Table.read(TABLE)
    assert min(table.shares()) > _LEAST_SHARE
    ops, in_kernels = table.ops()
    assert in_kernels > _LEAST_SHARE * ops


def test_the_page_is_of_this_table() -> None:
    """docs/onnx.md holds what `make conformance` writes to it."""
    text = PAGE.read_text()
    assert page(text, Table.read(TABLE)) == text
