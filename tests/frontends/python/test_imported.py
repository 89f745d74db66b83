"""Imported graphs as functions of their weights."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import weft
from onnx import helper, numpy_helper
from weft import nn
from weft import numpy as wnp

DIGITS = Path(__file__).parents[3] / "examples/digits"
IMAGES = np.load(DIGITS / "images.npz")["images"][:20].astype(np.float32)


def test_with_the_weights_as_they_are_it_computes_what_the_module_does() -> None:
    module = weft.load(DIGITS / "digits.onnx")
    fn, params = weft.trainable(module, cut=["out_activations_result", "argmax_output"])
    chances, label = fn(params, IMAGES)
    compiled = weft.function(fn)(params, IMAGES)
    np.testing.assert_allclose(compiled[0], chances, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(compiled[1])[:, 0], np.load(DIGITS / "labels.npy")[:20])
    np.testing.assert_array_equal(label, compiled[1])


def test_its_gradient_is_that_of_finite_differences() -> None:
    fn, params = weft.trainable(weft.load(DIGITS / "digits.onnx"), cut="add_result2", freeze=["coefficient*", "intercepts"])
    assert sorted(params) == ["intercepts1", "intercepts2"]

    def loss(p: dict[str, weft.Tensor]) -> weft.Tensor:
        return wnp.mean(wnp.square(fn(p, IMAGES)))

    grads = weft.grad(loss)(params)
    step = np.zeros((1, 32), np.float32)
    step[0, 5] = 0.05
    up, down = (float(loss({**params, "intercepts1": np.asarray(params["intercepts1"]) + s * step})) for s in (1, -1))
    np.testing.assert_allclose(np.asarray(grads["intercepts1"])[0, 5], (up - down) / 0.1, rtol=2e-2)


def test_what_was_saved_by_weft_is_trained_on(tmp_path: Path) -> None:
    scale = np.arange(8, dtype=np.float32).reshape(4, 2)
    weft.save(tmp_path / "m.weft", lambda x: x @ scale, signatures={"main": [weft.Spec(("n", 4))]})
    fn, params = weft.trainable(weft.load(tmp_path / "m.weft"))
    np.testing.assert_array_equal(params["weight0"], scale)
    np.testing.assert_allclose(fn(params, np.ones((5, 4), np.float32)), np.ones((5, 4)) @ scale)
    grads = weft.grad(lambda p: wnp.sum(fn(p, np.ones((5, 4), np.float32))))(params)
    np.testing.assert_array_equal(grads["weight0"], np.full((4, 2), 5.0))


LOOPED = """
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %shift = stablehlo.constant dense<[5.0, 7.0]> : tensor<2xf32>
  %i = stablehlo.constant dense<0> : tensor<i32>
  %0:2 = stablehlo.while(%s = %x, %k = %i) : tensor<2xf32>, tensor<i32>
  cond {
    %n = stablehlo.constant dense<3> : tensor<i32>
    %p = stablehlo.compare LT, %k, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %1 = func.call @scaled(%s) : (tensor<2xf32>) -> tensor<2xf32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %j = stablehlo.add %k, %one : tensor<i32>
    stablehlo.return %1, %j : tensor<2xf32>, tensor<i32>
  }
  %2 = stablehlo.add %0#0, %shift : tensor<2xf32>
  return %2 : tensor<2xf32>
}
func.func private @scaled(%a: tensor<2xf32>) -> tensor<2xf32> {
  %w = stablehlo.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = stablehlo.multiply %a, %w : tensor<2xf32>
  return %0 : tensor<2xf32>
}
"""


def test_weights_in_loops_and_called_functions_are_trained(tmp_path: Path) -> None:
    """x · w³ + shift, with w in a function that a loop calls."""
    (tmp_path / "m.mlir").write_text(LOOPED)
    module = weft.load(tmp_path / "m.mlir")
    fn, params = weft.trainable(module, constants=True)
    assert sorted(p.tolist() for p in params.values()) == [[2, 3], [5, 7]]
    (name,) = (n for n, p in params.items() if p.tolist() == [2, 3])
    x = np.array([1.0, 10.0], np.float32)
    grads = weft.grad(lambda p: fn(p, x).sum())(params)
    np.testing.assert_allclose(grads[name], 3 * x * np.array([4, 9]))
    body, rest = weft.trainable(module, cut=next(e.name for e in weft.tensors(module) if e.op == "while"), constants=True)
    assert list(rest) == [name]
    np.testing.assert_allclose(body(rest, x), x * np.array([8, 27]))
    with pytest.raises(weft.WeftError, match="is inside a branch or a loop"):
        weft.trainable(module, cut="j")


def test_what_a_graph_is_made_of_is_listed() -> None:
    module = weft.load(DIGITS / "digits.onnx")
    entries = weft.tensors(module)
    kinds = {kind: [e.name for e in entries if e.kind == kind] for kind in ("input", "weight", "value", "result")}
    assert {"coefficient", "intercepts"} <= set(kinds["weight"])
    assert "digits.onnx" in next(e.place for e in entries if e.name == "next_activations1")
    whole = weft.trainable(module, cut=kinds["value"] + kinds["input"] + kinds["result"])
    assert len(whole[0](whole[1], IMAGES)) == sum(len(kinds[k]) for k in ("value", "input", "result"))


def residual(training: int) -> onnx.ModelProto:
    """Images [n, 1, 8, 8] through a convolution, a normalisation by batches, and a linear layer."""
    rng = np.random.default_rng(0)
    weights = {
        "kernel": rng.standard_normal((16, 1, 3, 3)) / 3, "scale": np.ones(16), "bias": np.zeros(16), "running_mean": np.zeros(16),
        "running_var": np.ones(16), "dense": rng.standard_normal((16 * 9, 10)) / 12,
    }  # fmt: skip
    normal = ["normal", "mean.new", "var.new"] if training else ["normal"]
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["conv"], name="conv", strides=[2, 2], pads=[0, 0, 0, 0]),
        helper.make_node(
            "BatchNormalization", ["conv", "scale", "bias", "running_mean", "running_var"], normal, name="norm", training_mode=training
        ),
        helper.make_node("Relu", ["normal"], ["relu"], name="relu"),
        helper.make_node("Flatten", ["relu"], ["flat"], name="flat"),
        helper.make_node("MatMul", ["flat", "dense"], ["logits"], name="head"),
    ]
    outputs = [helper.make_tensor_value_info(n, 1, None) for n in ("logits", *normal[1:])]
    inputs = [helper.make_tensor_value_info("x", 1, ["n", 1, 8, 8])]
    tensors = [numpy_helper.from_array(a.astype(np.float32), n) for n, a in weights.items()]
    graph = helper.make_graph(nodes, "digits", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("training", [0, 1])
def test_an_onnx_model_with_batch_normalisation_is_fine_tuned(training: int, tmp_path: Path) -> None:
    """Frozen statistics stay what they are; those of a model in training mode are results, which the caller carries along."""
    onnx.save(residual(training), tmp_path / "net.onnx")
    module = weft.load(tmp_path / "net.onnx")
    data = np.load(DIGITS.parent / "train/digits.npz")
    order = np.random.default_rng(0).permutation(len(data["labels"]))
    images, labels = (data["images"][order, None] / 16).astype(np.float32), data["labels"][order].astype(np.int32)
    fn, params = weft.trainable(module, freeze=() if training else "running_*")
    optimizer = weft.optim.adam(0.01)
    state = optimizer.init(params)

    @weft.function(donate=("params", "state"))
    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        def loss(p: Any) -> Any:
            outs = fn(p, x)
            logits, *running = outs if training else (outs,)
            return nn.cross_entropy(logits, y), running

        (loss, running), grads = weft.value_and_grad(loss, has_aux=True)(params)
        params, state = optimizer.update(params, grads, state)
        if training:
            params = {**params, "running_mean": running[0], "running_var": running[1]}
        return params, state, loss

    for epoch in range(4):
        for x, y in weft.data.batches((images[:1400], labels[:1400]), 70, seed=0, epoch=epoch):
            params, state, _ = step(params, state, x, y)
    tuned = weft.retrained(module, params)
    weft.save(tmp_path / "tuned.weft", tuned)
    weft.export(weft.load(tmp_path / "tuned.weft"), tmp_path / "tuned.onnx")
    if training:
        assert not np.allclose(params["running_mean"], 0, atol=0.01)
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(tmp_path / "tuned.onnx", providers=["CPUExecutionProvider"])
    logits = session.run(None, {"x": images[1400:]})[0]
    assert (logits.argmax(1) == labels[1400:]).mean() > 0.9
    outs = weft.vm.VM().load(weft.compile(tuned))["main"](images[1400:])
    np.testing.assert_allclose(logits, outs[0] if training else outs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("trainable.cut", lambda m: weft.trainable(m, cut="nothing")),
        ("trainable.freeze", lambda m: weft.trainable(m, freeze="*weight*")),
        ("trainable.weights", lambda m: weft.trainable(m, cut="mul_result")[0]({}, IMAGES)),
        ("trainable.inputs", lambda m: weft.trainable(m, cut="mul_result", freeze="*")[0]({}, IMAGES[:, :3])),
        ("trainable.inputs", lambda m: weft.trainable(m, cut="mul_result", freeze="*")[0]({}, IMAGES, IMAGES)),
    ],
)
def test_mistakes_are_explained(code: str, call: object) -> None:
    with pytest.raises(weft.WeftError) as caught:
        call(weft.load(DIGITS / "digits.onnx"))  # type: ignore[operator]
    assert caught.value.code == code
