"""`weft check`: every problem at once, with its operator and place; nothing but host calls where there is none."""

import json
from pathlib import Path

import onnx
import pytest
import weft
from onnx import TensorProto, helper
from weft.tools.cli import main

_F32 = TensorProto.FLOAT


def _saved(path: Path, nodes: list[onnx.NodeProto], *inner: str) -> Path:
    """A model from x to y, both 2x3 floats; `inner` values have declared types too."""
    x, y, *declared = (helper.make_tensor_value_info(name, _F32, [2, 3]) for name in ("x", "y", *inner))
    graph = helper.make_graph(nodes, "g", [x], [y], value_info=declared)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 3)]), path)
    return path


def test_a_model_that_compiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _saved(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])])
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: supported: 1 kernel (1 map), 0 host calls\n"
    assert weft.check(path).supported


def test_every_problem_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown operator, behind it an attribute that is out of range: the model says what type the unknown one gives."""
    nodes = [
        helper.make_node("Gizmo", ["x"], ["a"], name="first", domain="com.example", turns=2),
        helper.make_node("Softmax", ["a"], ["b"], name="second", axis=7),
        helper.make_node("Widget", ["b"], ["y"], name="third"),
    ]
    path = _saved(tmp_path / "m.onnx", nodes, "a", "b")
    assert main(["check", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["supported"]
    first, second, third = found["problems"]
    assert first | {"message": ""} == {
        "code": "onnx.unsupported",
        "message": "",
        "help": first["help"],
        "place": {"file": str(path), "node": "first"},
        "domain": "com.example",
        "operator": "Gizmo",
        "version": "3",
        "inputs": "tensor<2x3xf32>",
        "attributes": "turns = 2",
    }
    assert (second["code"], second["operator"], second["attributes"]) == ("onnx.axis", "Softmax", "axis = 7")
    assert (third["operator"], third["version"], third["domain"]) == ("Widget", "17", "ai.onnx")


def test_host_calls_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.mlir"
    config = '{call_target_name = "cholesky", backend_config = "{\\"lower\\": true}"}'
    body = f'  %0 = "stablehlo.custom_call"(%a) {config} : (tensor<2x2xf64>) -> tensor<2x2xf64>\n  return %0 : tensor<2x2xf64>\n'
    path.write_text(f"func.func public @main(%a: tensor<2x2xf64>) -> tensor<2x2xf64> {{\n{body}}}\n")
    assert main(["check", str(path)]) == 0
    host, end = capsys.readouterr().out.splitlines()
    assert host.startswith("on the host: cholesky (")
    assert end == f"{path}: supported: 0 kernels, 1 host call"


def test_wrong_usage_and_missing_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.onnx")]) == 1
    assert "file.read" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "m.onnx"), "--shape", "x"]) == 2
    with pytest.raises(SystemExit) as usage:
        main(["check"])
    assert usage.value.code == 2
