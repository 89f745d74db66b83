"""docs/add-an-instruction.md is followed, block by block, on a copy of the tree."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- (.*?) -->\n```python\n(.*?)```", re.DOTALL)
PRELUDE = """
import pytest
from vm_builder import ProgramBuilder
from weft.proto.errors import WeftError
from weft.vm import VM, isa
"""


def copy_tree(to: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "api", to / "weft", ignore=ignore)
    for name in ("proto", "vm", "compiler"):
        shutil.copytree(ROOT / name, to / "weft" / name, ignore=ignore)
    shutil.copy(ROOT / "tests/vm/builder.py", to / "vm_builder.py")


def insert(file: Path, block: str, before: str, after: str) -> None:
    """Put `block` before the first line `before` that follows `after`, indented like it."""
    text = file.read_text()
    found = re.compile(rf"^( *){re.escape(before)}", re.MULTILINE).search(text, text.index(after))
    assert found, f"no {before!r} after {after!r} in {file.name}"
    file.write_text(text[: found.start()] + textwrap.indent(block, found[1]) + text[found.start() :])


def test_following_the_page(tmp_path: Path) -> None:
    if "class CopyPrefix(" in (ROOT / "vm/isa.py").read_text():
        pytest.skip("the page's instruction is in place")
    copy_tree(tmp_path)
    steps = 0
    for where, block in BLOCK.findall((ROOT / "docs/add-an-instruction.md").read_text()):
        steps += 1
        match where.split():
            case ["run"]:
                (tmp_path / "check.py").write_text(PRELUDE + block)
            case ["case", "of", function, "in", file]:
                insert(tmp_path / "weft" / file, block, "case _:", f"def {function}(")
            case [*_, "in", file]:
                insert(tmp_path / "weft" / file, block + "\n\n", "def encode(", "class Launch(")
            case _:
                raise AssertionError(where)
    assert steps == 5
    done = subprocess.run([sys.executable, "check.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    page = subprocess.run([sys.executable, "-m", "weft.vm.isa"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "## `0x7f` copy_prefix" in page.stdout
