"""`weft explain`: the kernels of a graph, what they compute, and why they are not fewer."""

import json
from pathlib import Path

import pytest
from weft.tools.cli import main

GRAPH = """
func.func public @main(%x: tensor<8x64xf32>, %w: tensor<64x64xf32>) -> (tensor<8x64xf32>, tensor<64x8xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<8x64xf32>, tensor<64x64xf32>) -> tensor<8x64xf32>
  %1 = stablehlo.tanh %0 : tensor<8x64xf32>
  %2 = stablehlo.negate %1 : tensor<8x64xf32>
  %3 = stablehlo.transpose %1, dims = [1, 0] : (tensor<8x64xf32>) -> tensor<64x8xf32>
  return %2, %3 : tensor<8x64xf32>, tensor<64x8xf32>
}
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "model.mlir"
    path.write_text(GRAPH)
    return str(path)


def test_kernels_and_reasons(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", model, "--fusion"]) == 0
    said = capsys.readouterr().out
    assert "contraction: MatmulPlan" in said
    assert "tanh" in said
    assert "without tanh tensor<8x64xf32>" in said
    assert "other kernels read it too" in said
    assert "transposition" in said


def test_as_json(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", model, "--json"]) == 0
    kernels = json.loads(capsys.readouterr().out)["kernels"]
    assert {"weft.matmul", "tanh"} <= set(kernels[0]["operations"])
    assert any(o["reason"] == "other kernels read it too" for k in kernels for o in k["outside"])


def test_only_some(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", model, "--node", "nowhere"]) == 0
    assert capsys.readouterr().out.strip() == ""
