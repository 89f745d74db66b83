"""docs/add-a-host-function.md is followed, block by block, on a copy of the tree."""

import subprocess
import sys
from pathlib import Path

from .test_add_an_instruction import BLOCK, ROOT, copy_tree

PRELUDE = """
import pytest
from weft.proto.dtypes import F32
from weft.proto.errors import WeftError
from weft.vm import host
"""


def test_following_the_page(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    blocks = BLOCK.findall((ROOT / "docs/add-a-host-function.md").read_text())
    assert [where for where, _ in blocks] == ["at the end of vm/host/sequences.py", "run"]
    module = tmp_path / "weft/vm/host/sequences.py"
    module.write_text(f"{module.read_text()}\n\n{blocks[0][1]}")
    (tmp_path / "check.py").write_text(PRELUDE + blocks[1][1])
    done = subprocess.run([sys.executable, "check.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
