"""docs/python.md: its code runs, and prints what the page says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "python.md"
BLOCK = re.compile(r"```python\n(.*?)```(?:\n```text\n(.*?)```)?", re.DOTALL)


def test_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = BLOCK.findall(PAGE.read_text())
    names: dict[str, object] = {"__name__": "page"}
    for code, printed in blocks:
        exec(compile(code, str(PAGE), "exec"), names)
        assert capsys.readouterr().out == printed, code
    assert len(blocks) > 10
