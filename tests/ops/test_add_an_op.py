"""docs/add-an-op.md, followed to the letter."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from weft.compiler import ops
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import function, param, tensor_type_of
from weft.compiler.ops.registry import OPS

from .harness import Row, check_gradient, check_rejection, check_row

PAGE = Path(__file__).parents[2] / "docs" / "add-an-op.md"


def blocks() -> dict[str, str]:
    """The code of the page by the comment above it."""
    return dict(re.findall(r"<!-- (.*?) -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL))


def load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def softplus(tmp_path):
    """The op's module and its rows, in place for one test."""
    if "weft.softplus" in OPS:
        pytest.skip("the page's op is in place")
    code = blocks()
    (tmp_path / "softplus.py").write_text(code["file compiler/ops/softplus.py"])
    (tmp_path / "rows_softplus.py").write_text(code["file tests/ops/rows_softplus.py"])
    names = (f"{ops.__name__}.softplus", f"{__package__}.rows_softplus")
    try:
        module = load(names[0], tmp_path / "softplus.py")
        exec(code["line of compiler/ops/__init__.py"], vars(ops))
        yield module, load(names[1], tmp_path / "rows_softplus.py")
    finally:
        OPS.pop("weft.softplus", None)
        vars(ops).pop("softplus", None)
        for name in names:
            sys.modules.pop(name, None)


def test_page(softplus):
    module, rows = softplus
    for row in rows.ROWS:
        check_row(row)
    for case in rows.REJECTIONS:
        check_rejection(case)
    check_gradient(Row("weft.softplus", ("5xf64",)))
    data = np.array([-1000, -1, 0, 1, 1000], np.float32)
    x = param(tensor_type_of(data))
    (y,) = evaluate(function("main", (x,), (module.softplus(x),)), data)
    np.testing.assert_allclose(y, [0, 0.3132617, 0.6931472, 1.3132617, 1000], rtol=1e-6)
