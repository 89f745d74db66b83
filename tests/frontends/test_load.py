"""`weft.load`: every format by its extension."""

import sys
from pathlib import Path

import numpy as np
import pytest
import weft
from weft.compiler.ir.graph import Function, Module, module
from weft.proto.optional import require


def test_weft_files(tmp_path: Path) -> None:
    weft.save(Module({"main": Function((), (), ())}, "net"), tmp_path / "m.WEFT")
    assert weft.load(tmp_path / "m.WEFT").name == "net"
    assert weft.load(str(tmp_path / "m.WEFT")).name == "net"


def test_onnx_files(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2, 3])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2, 3])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "x"], ["y"])], "g", [x], [y])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    assert weft.load(tmp_path / "m.onnx").main.param_names == ("x",)


def test_text_files(tmp_path: Path) -> None:
    path = tmp_path / "m.mlir"
    path.write_text("""
        func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
          %y = stablehlo.add %x, %x : tensor<2xf32>
          return %y : tensor<2xf32>
        }""")
    assert [n.op for n in weft.load(path).main.nodes] == ["add"]
    path.write_bytes(b"module \xff")
    with pytest.raises(weft.WeftError) as e:
        weft.load(path)
    assert e.value.code == "mlir.encoding"


@pytest.mark.parametrize(("name", "hint"), [("m.weftx", "weft.vm"), ("m.txt", ".onnx"), ("m", ".onnx")])
def test_other_extensions(name: str, hint: str) -> None:
    with pytest.raises(weft.WeftError) as e:
        weft.load(name)
    assert e.value.code == "load.format" and hint in e.value.diagnostics[0].help


@pytest.mark.parametrize("name", ["m.weft", "m.onnx", "m.mlir"])
def test_files_that_are_not_there(name: str) -> None:
    with pytest.raises(weft.WeftError) as e:
        weft.load(name)
    assert e.value.code == "file.read" and name in str(e.value)


def test_a_missing_dependency_names_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(weft.WeftError) as e:
        weft.load(tmp_path / "m.onnx")
    assert e.value.code == "dependency.onnx" and "weft[onnx]" in e.value.diagnostics[0].help


def test_a_broken_dependency_is_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed, but lacking something it needs: not an extra to install."""
    (tmp_path / "broken.py").write_text("import something_else_entirely")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_else_entirely"):
        require("broken", "compiler", "this test")


def test_the_same_graph_after_save_and_load(tmp_path: Path) -> None:
    m = module(Function((), (), (), "f"))
    weft.save(m, tmp_path / "m.weft")
    assert np.array_equal(list(weft.load(tmp_path / "m.weft").functions), ["f"])
