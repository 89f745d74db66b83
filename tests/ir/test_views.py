"""Graphs as Graphviz and JSON."""

import json

from weft.compiler.ir.dot import to_dot
from weft.compiler.ir.jsondump import to_json
from weft.compiler.ir.text import parse

TEXT = """
func.func @main(%x: tensor<?x3xf32, #weft.dims<"N", 3>>, %k: tensor<f32>) -> (tensor<?xf32, #weft.dims<"N">> {weft.name = "total"}) {
  %zero = stablehlo.constant dense<0x7F800000> : tensor<f32>
  %r = "stablehlo.reduce"(%x, %zero) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.multiply %b, %k : tensor<f32>
    %d = stablehlo.add %a, %c : tensor<f32>
    stablehlo.return %d : tensor<f32>
  }) : (tensor<?x3xf32, #weft.dims<"N", 3>>, tensor<f32>) -> tensor<?xf32, #weft.dims<"N">> loc("Sum_1"("model.onnx":7:0))
  return %r : tensor<?xf32, #weft.dims<"N">>
}
"""


def test_json() -> None:
    (main,) = json.loads(json.dumps(to_json(parse(TEXT)), allow_nan=False))["functions"]
    assert main["params"][0] == {"value": 0, "name": "x", "type": {"dtype": "f32", "shape": ["N", 3]}}
    assert main["results"] == [{"value": 8, "name": "total", "type": {"dtype": "f32", "shape": ["N"]}}]
    constant, reduce = main["nodes"]
    assert constant["attrs"]["value"] == {"dtype": "float32", "shape": [], "elements": ["inf"]}
    assert reduce["operands"] == [0, 2, 1]
    assert reduce["captures"] == 1
    assert reduce["loc"] == {"file": "model.onnx", "name": "Sum_1", "line": 7}
    assert [n["op"] for n in reduce["regions"][0]["nodes"]] == ["multiply", "add"]


def test_dot() -> None:
    text = to_dot(parse(TEXT))
    assert text.count("{") == text.count("}")
    assert text.count("->") == 3 + 2 + 2 + 2
    assert 'label="tensor<?x3xf32>"' in text
    assert "subgraph" in text and "multiply" in text
    assert "multiply" not in to_dot(parse(TEXT), regions=False)
