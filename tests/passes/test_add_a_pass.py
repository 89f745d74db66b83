"""docs/add-a-pass.md, followed to the letter."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from weft.compiler import passes
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.text import parse, to_text
from weft.compiler.passes import PASSES

PAGE = Path(__file__).parents[2] / "docs" / "add-a-pass.md"


def blocks() -> dict[str, str]:
    """The code of the page by the comment above it."""
    return dict(re.findall(r"<!-- (.*?) -->\n```\w*\n(.*?)```", PAGE.read_text(), re.DOTALL))


@pytest.fixture
def registered(tmp_path):
    """The page's pass, in place for one test."""
    if "subtract-constant" in PASSES:
        pytest.skip("the page's pass is in place")
    code = blocks()
    path = tmp_path / "subtract_constant.py"
    path.write_text(code["file compiler/passes/subtract_constant.py"])
    name = f"{passes.__name__}.subtract_constant"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        exec(code["line of compiler/passes/__init__.py"], vars(passes))
        yield PASSES["subtract-constant"]
    finally:
        PASSES.pop("subtract-constant", None)
        vars(passes).pop("subtract_constant", None)
        sys.modules.pop(name, None)


def test_page(registered):
    source, _, expected = blocks()["file tests/golden/passes/subtract-constant.mlir"].partition("// =>\n")
    before = parse(source)
    after = registered(before)
    assert to_text(after) == expected
    x, y = np.array([1.0, 2.0], np.float32), np.array([0.5, -1.0], np.float32)
    for a, b in zip(evaluate(before, x, y), evaluate(after, x, y), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_pass_returns_what_it_was_given_when_nothing_changes(registered):
    module = registered(parse(blocks()["file tests/golden/passes/subtract-constant.mlir"].partition("// =>\n")[0]))
    assert registered(module) is module
