"""Limits: every reader asks before it takes; the error names the limit, and raising it helps."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import weft
from onnx import TensorProto, helper
from weft.compiler.ir.text import parse
from weft.frontends.onnx import from_model
from weft.frontends.onnx.reader import parse as parse_onnx
from weft.frontends.onnx.wire import count_messages
from weft.proto import safetensors
from weft.proto.errors import Loc, WeftError
from weft.proto.limits import DEFAULT, Limits

T = "tensor<2x3xf32>"
TEXT = f"""func.func @main(%x: {T}) -> {T} {{
  %c = stablehlo.constant dense<2.0> : {T}
  %0 = stablehlo.add %x, %c : {T}
  %1 = stablehlo.tanh %0 : {T}
  return %1 : {T}
}}"""
CALLED = helper.make_function("f", "F", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], [helper.make_opsetid("", 17)])


def model(*nodes: onnx.NodeProto, shape: tuple[object, ...] = (2, 3), **graph: object) -> onnx.ModelProto:
    x, y = helper.make_tensor_value_info("x", 1, shape), helper.make_tensor_value_info("y", 1, None)
    made = helper.make_graph(list(nodes or [helper.make_node("Tanh", ["x"], ["y"])]), "g", [x], [y], **graph)  # type: ignore[arg-type]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    return helper.make_model(made, opset_imports=opsets, functions=[CALLED])


CONSTANT = helper.make_tensor("w", TensorProto.FLOAT, [2, 3], [0.0] * 6)
CONVOLVED = model(helper.make_node("Resize", ["x", "", "s"], ["y"]), initializer=[helper.make_tensor("s", 1, [2], [1.0, 9.0])])
SPARSE = model(helper.make_node("Add", ["x", "w"], ["y"]))
SPARSE.graph.sparse_initializer.add().CopyFrom(
    helper.make_sparse_tensor(helper.make_tensor("w", 1, [2], [1.0, 2.0]), helper.make_tensor("i", 7, [2], [0, 5]), [2, 3])
)
ONNX: dict[str, tuple[onnx.ModelProto, int]] = {
    "rank": (model(), 1),
    "tensor_bytes": (model(), 23),
    "weight_bytes": (model(helper.make_node("Add", ["x", "w"], ["y"]), initializer=[CONSTANT]), 23),
    "nodes": (model(helper.make_node("Tanh", ["x"], ["t"]), helper.make_node("Tanh", ["t"], ["y"])), 1),
    "function_nodes": (model(helper.make_node("F", ["x"], ["y"], domain="f")), 0),
    "calls": (model(helper.make_node("F", ["x"], ["y"], domain="f")), 0),
    "table_elements": (CONVOLVED, 8),
    "expanded_bytes": (SPARSE, 23),
}


@pytest.mark.parametrize("name", ONNX)
def test_onnx(name: str) -> None:
    made, low = ONNX[name]
    bounded(name, low, lambda limits: from_model(made, limits=limits))


def bounded(name: str, low: int, load: Callable[[Limits], object]) -> None:
    """`load` succeeds by default, and fails by the limit `name` when that is `low`."""
    load(DEFAULT)
    with pytest.raises(WeftError, match=f"the limit `{name}` is {low}") as e:
        load(replace(DEFAULT, **{name: low}))
    assert f"weft.Limits({name}=" in e.value.diagnostics[0].help


@pytest.mark.parametrize(("name", "low"), [("rank", 1), ("tensor_bytes", 23), ("nodes", 2)])
def test_text(name: str, low: int) -> None:
    bounded(name, low, lambda limits: parse(TEXT, limits=limits))


@pytest.mark.parametrize(
    ("name", "low"), [("rank", 1), ("tensor_bytes", 23), ("nodes", 2), ("weight_bytes", 23), ("metadata_bytes", 9), ("file_bytes", 9)]
)
def test_weft(name: str, low: int, tmp_path: Path) -> None:
    weft.save(parse(TEXT), tmp_path / "m.weft")
    bounded(name, low, lambda limits: weft.load(tmp_path / "m.weft", limits=limits))


@pytest.mark.parametrize("extension", ["mlir", "onnx"])
def test_sizes_of_files(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m.{extension}"
    path.write_bytes(TEXT.encode() if extension == "mlir" else model().SerializeToString())
    for name in ("file_bytes", "text_bytes")[: 2 if extension == "mlir" else 1]:
        bounded(name, 9, lambda limits: weft.load(path, limits=limits))


@pytest.mark.parametrize(("name", "low"), [("rank", 1), ("tensor_bytes", 23), ("header_bytes", 9), ("file_bytes", 9)])
def test_safetensors(name: str, low: int, tmp_path: Path) -> None:
    safetensors.save({"w": np.zeros((2, 3), np.float32)}, tmp_path / "w")
    bounded(name, low, lambda limits: safetensors.load(tmp_path / "w", limits=limits))


def test_names() -> None:
    data = model(helper.make_node("Tanh", ["x"], ["y"], name="n" * 100)).SerializeToString()
    bounded("name_bytes", 50, lambda limits: parse_onnx(data, Loc("m.onnx"), limits))


def test_messages_are_counted_before_they_are_made() -> None:
    made = model(*(helper.make_node("Tanh", [f"x{i}"], [f"y{i}"]) for i in range(100)))
    data = made.SerializeToString()
    count = count_messages(memoryview(data), onnx.ModelProto.DESCRIPTOR, 1 << 20)
    assert 400 <= count <= 450
    assert 300 < count_messages(memoryview(data), onnx.ModelProto.DESCRIPTOR, 300) < 310
    nothing = b"\x3a\xff\xff\xff\x7f" + b"\x0a\x00" * (9 << 20)  # nodes without contents, two bytes each
    with pytest.raises(WeftError, match="messages"):
        parse_onnx(nothing, Loc("m.onnx"), Limits(messages=1 << 16))


def test_values_that_are_no_limits() -> None:
    for value in (-1, 2.5, None, True):
        with pytest.raises(WeftError, match="rank"):
            Limits(rank=value)  # type: ignore[arg-type]
    assert {f.name for f in fields(Limits)} == set(Limits.__slots__)
