"""`weft bench kernels`: the cases agree with NumPy, and what is measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from weft.frontends.python import numpy as wnp
from weft.tools.bench.kernel_cases import CASES, Case
from weft.tools.cli import main


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.kind}, {c.name}")
def test_cases_mean_the_same_in_both_modules(case: Case) -> None:
    arrays = case.make(1024)
    with np.errstate(all="ignore"):
        want = case.compute(np, *arrays)
    np.testing.assert_allclose(np.asarray(case.compute(wnp, *arrays)), want, rtol=1e-3, atol=1e-3)


def test_a_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    assert main(["bench", "kernels", "--kernel", "square", "--size", "L1", "--against", "numpy", "--json", str(figures)]) == 0
    assert "| map | square | L1 |" in capsys.readouterr().out
    (record,) = json.loads(figures.read_text())
    (figure,) = record["kernels"]
    assert figure["bytes"] == 2 * 4 * 4096
    assert figure["roofline"] > 0
    assert figure["ratios"]["numpy"] > 0


def test_unknown_sizes_and_peers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "kernels", "--size", "L7"]) == 2
    assert main(["bench", "kernels", "--kernel", "square", "--against", "openvino"]) == 2
    assert "numpy, torch" in capsys.readouterr().err
