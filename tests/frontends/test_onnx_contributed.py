"""Quantised operators of ONNX Runtime's domain, against ONNX Runtime: the same bytes, but for one between two that are as near."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.proto.errors import WeftError

runtime = pytest.importorskip("onnxruntime")

Operands = list[tuple[str, Any]]
SCALES = {"a": (0.03137, 113), "b": (0.02141, 140), "y": (0.0419, 121), "unit": (1 / 256, 0)}


def model(op: str, operands: Operands, **attributes: Any) -> onnx.ModelProto:
    """One node; arrays named `x…` are its inputs, others constants."""
    node = helper.make_node(op, [name for name, _ in operands], ["out"], domain="com.microsoft", **attributes)
    arrays = {name: np.asarray(a) for name, a in operands}
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for name, a in arrays.items()
        if name[0] == "x"
    ]
    constants = [numpy_helper.from_array(a, name) for name, a in arrays.items() if name[0] != "x"]
    graph = helper.make_graph([node], "g", inputs, [onnx.ValueInfoProto(name="out")], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def check(op: str, operands: Operands, **attributes: Any) -> None:
    made = model(op, operands, **attributes)
    inputs = {name: a for name, a in operands if name[0] == "x"}
    [want] = runtime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)
    [got] = evaluate(from_model(made).main, *inputs.values())
    assert got.dtype == want.dtype and got.shape == want.shape
    if want.dtype == np.float32:
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
        return
    off = np.abs(got.astype(np.int64) - want.astype(np.int64))
    assert off.max() <= 1 and (off > 0).mean() < 0.02


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def scaled(name: str) -> Operands:
    scale, zero = SCALES[name]
    return [(f"{name}_scale", np.float32(scale)), (f"{name}_zero", np.uint8(zero))]


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
def test_binary(op: str) -> None:
    check(op, [("xa", data(3, 4, 16)), *scaled("a"), ("xb", data(4, 16, seed=1)), *scaled("b"), *scaled("y")])


@pytest.mark.parametrize(("op", "result", "attributes"), [
    ("QLinearSigmoid", "unit", {}),
    ("QLinearLeakyRelu", "y", {"alpha": 0.2}),
    ("QLinearSoftmax", "unit", {"axis": -1, "opset": 13}),
    ("QLinearSoftmax", "unit", {"axis": 1, "opset": 11}),
    ("QLinearGlobalAveragePool", "y", {"channels_last": 0}),
    ("QLinearAveragePool", "y", {"kernel_shape": [2, 2], "strides": [2, 2]}),
])  # fmt: skip
def test_unary(op: str, result: str, attributes: dict[str, Any]) -> None:
    check(op, [("x", data(2, 5, 6, 8)), *scaled("a"), *scaled(result)], **attributes)


def test_concatenation() -> None:
    check("QLinearConcat", [*scaled("y"), ("xa", data(2, 3)), *scaled("a"), ("xb", data(2, 5)), *scaled("b")], axis=1)


@pytest.mark.parametrize("quantised", [True, False])
@pytest.mark.parametrize("channels", [True, False])
def test_gemm(quantised: bool, channels: bool) -> None:
    scale = np.linspace(0.01, 0.03, 6, dtype=np.float32) if channels else np.float32(0.02)
    weights = data(6, 32).view(np.int8)
    b = [("b", weights), ("b_scale", scale), ("b_zero", np.zeros(6, np.int8) if channels else np.int8(0))]
    bias = ("c", np.arange(6, dtype=np.int32) * 300)
    check("QGemm", [("xa", data(5, 32)), *scaled("a"), *b, bias, *(scaled("y") if quantised else [])], transB=1)


def test_a_missing_input_is_told() -> None:
    with pytest.raises(WeftError, match=r"onnx\.arity"):
        from_model(model("QLinearSigmoid", [("x", data(2, 3)), *scaled("a")]))
