"""Recurrent layers against ONNX Runtime where ONNX's own cases do not reach: all options at once, other activations, ragged batches."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import weft
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

T, B, WIDTH, H = 5, 3, 4, 6
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def model(kind: str, *, lengths: list[int] | None = None, sparse: bool = False, **attributes: Any) -> ModelProto:
    """A layer of random weights; `sparse`: without optional inputs but the lengths."""
    d = 2 if attributes.get("direction") == "bidirectional" else 1
    rng, g = np.random.default_rng(0), GATES[kind]
    tensors = {"w": (d, g * H, WIDTH), "r": (d, g * H, H), "b": (d, 2 * g * H), "h": (d, B, H), "c": (d, B, H), "p": (d, 3 * H)}
    used = "wr" if sparse else "wrbhcp" if kind == "LSTM" else "wrbh"
    constants = [numpy_helper.from_array((rng.standard_normal(tensors[k]) * 0.5).astype(np.float32), k) for k in used]
    if lengths is not None:
        constants.append(numpy_helper.from_array(np.array(lengths, np.int32), "lengths"))
    b, h, c, p = (k if k in used else "" for k in "bhcp")
    names = ["x", "w", "r", b, "lengths" if lengths else "", h, c, p]
    outputs = ["y", "y_h", "y_c"][: 3 if kind == "LSTM" else 2]
    last = {"RNN": 6, "GRU": 6, "LSTM": 8}[kind]
    node = helper.make_node(kind, names[:last], outputs, hidden_size=H, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [T, B, WIDTH])
    results = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
    graph = helper.make_graph([node], "layer", [x], results, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


CASES: dict[str, dict[str, Any]] = {
    "bidirectional": {"direction": "bidirectional"},
    "reverse-ragged": {"direction": "reverse", "lengths": [5, 1, 3]},
    "bidirectional-ragged": {"direction": "bidirectional", "lengths": [2, 5, 4]},
    "clip": {"clip": 0.3},
    "bare": {"sparse": True},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("kind", GATES)
def test_as_onnx_runtime(kind: str, options: dict[str, Any]) -> None:
    run(model(kind, **options))


def test_reset_after_the_product() -> None:
    run(model("GRU", linear_before_reset=1, direction="bidirectional", lengths=[5, 2, 4]))


def test_coupled_gates() -> None:
    run(model("LSTM", input_forget=1))


@pytest.mark.parametrize(
    ("names", "alpha", "beta"),
    [
        (["HardSigmoid", "Relu"], [0.3], [0.4]),
        (["Sigmoid", "ScaledTanh"], [1.5], [0.5]),
        (["Affine", "LeakyRelu"], [0.2, 0.1], [0.5]),
        (["Sigmoid", "Softsign"], [], []),
        (["Sigmoid", "Softplus"], [], []),
        (["Sigmoid", "Elu"], [0.7], []),
        (["Sigmoid", "ThresholdedRelu"], [0.2], []),
    ],
)
def test_activations(names: list[str], alpha: list[float], beta: list[float]) -> None:
    run(model("GRU", activations=names, activation_alpha=alpha or None, activation_beta=beta or None))


def run(proto: ModelProto) -> None:
    x = np.random.default_rng(1).standard_normal((T, B, WIDTH)).astype(np.float32)
    wanted = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})
    module = from_model(proto)
    for got in (evaluate(module, x), VM(threads=1).load(weft.compile(module))["main"](x)):
        for a, b in zip(got, wanted, strict=True):
            np.testing.assert_allclose(a, np.asarray(b), rtol=1e-4, atol=1e-5)


def test_a_sequence_of_any_length() -> None:
    """Compiled once; a sequence has at least one step."""
    names = ["x", "w", "r"]
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, (["T", 2, 3], [1, 16, 3], [1, 16, 4]), strict=True)
    ]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("y", "h")]
    node = helper.make_node("LSTM", names, ["y", "h"], hidden_size=4)
    model = helper.make_model(helper.make_graph([node], "g", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)])
    main = VM(threads=1).load(weft.compile(from_model(model)))["main"]
    rng = np.random.default_rng(0)
    w, r = (rng.standard_normal(s).astype(np.float32) for s in ((1, 16, 3), (1, 16, 4)))
    for length in (1, 2, 7):
        x = rng.standard_normal((length, 2, 3)).astype(np.float32)
        want = ReferenceEvaluator(model).run(None, {"x": x, "w": w, "r": r})
        for got, expected in zip(main(x, w, r), want, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(weft.WeftError):
        main(np.zeros((0, 2, 3), np.float32), w, r)


@pytest.mark.parametrize("options", [{}, {"lengths": [2, 5, 4]}], ids=["whole", "ragged"])
@pytest.mark.parametrize("kind", GATES)
def test_as_many_steps_as_data_says(kind: str, options: dict[str, Any]) -> None:
    """Steps that are not all zero are kept; where none is, the states are the first ones."""
    whole = model(kind, direction="bidirectional", **options)
    del whole.graph.input[:]
    whole.graph.input.append(helper.make_tensor_value_info("all", TensorProto.FLOAT, ["T", B, WIDTH]))
    zero, axes = (numpy_helper.from_array(np.array(v), k) for k, v in (("zero", np.float32(0)), ("axes", np.array([1, 2]))))
    whole.graph.initializer.extend([zero, axes])
    before = [
        helper.make_node("ReduceL1", ["all", "axes"], ["norms"], keepdims=0),
        helper.make_node("Greater", ["norms", "zero"], ["kept"]),
        helper.make_node("Compress", ["all", "kept"], ["x"], axis=0),
    ]
    for n in reversed(before):
        whole.graph.node.insert(0, n)
    del whole.opset_import[:]
    whole.opset_import.append(helper.make_opsetid("", 18))
    module = from_model(whole)
    main = VM(threads=1).load(weft.compile(module))["main"]
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    first = {i.name: numpy_helper.to_array(i) for i in whole.graph.initializer}
    for kept in (5, 7, 0):
        x = np.random.default_rng(1).standard_normal((7, B, WIDTH)).astype(np.float32) * (np.arange(7) < kept)[:, None, None]
        want = session.run(None, {"all": x}) if kept else [np.zeros((0, 2, B, H), np.float32), first["h"], first.get("c")]
        for got in (evaluate(module, x), main(x)):
            for a, b in zip(got, want, strict=False):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
