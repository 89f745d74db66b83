"""Numeric operators on shapes unlike those of the public cases, against numpy, onnxruntime, and ONNX's reference implementation."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from .single import model, run, run_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 6, 11, 9)).astype(np.float32)
REGIONS = np.array([[0, 0, 8, 10], [2.4, 3.2, 7.7, 4.1], [5, 5, 5, 5], [-3, -2, 20, 30], [20, 20, 25, 25]], np.float32)
IMAGES = np.array([0, 1, 0, 1, 0])


@pytest.mark.parametrize("shape", [(4, 4), (2, 5, 7, 7), (3, 1, 1), (2, 0, 0), (20, 20)])
def test_determinants(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    (y,) = run("Det", {"x": x})
    np.testing.assert_allclose(y, np.linalg.det(x), rtol=1e-9)


def test_determinants_of_singular_matrices_of_any_size() -> None:
    x = RNG.normal(size=(3, 5, 5)).astype(np.float32)
    x[1, 2], x[2, 0, 0] = x[1, 0] * 2, 0
    (y,) = run("Det", {"x": x}, shapes={"x": ("B", "N", "N")}, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(y, np.linalg.det(x.astype(np.float64)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("groups", "moved", "stride", "dilation", "kernel"), [(1, 1, 1, 1, (3, 3)), (2, 3, 2, 1, (3, 2)), (3, 2, 1, 2, (2, 3))]
)
def test_deformed_convolution(groups: int, moved: int, stride: int, dilation: int, kernel: tuple[int, int]) -> None:
    out = [(n + 3 - d - (k - 1) * dilation - 1) // stride + 1 for n, k, d in zip((11, 9), kernel, (1, 0), strict=True)]
    taps = kernel[0] * kernel[1]
    inputs = {
        "x": X,
        "w": RNG.normal(size=(6, 6 // groups, *kernel)).astype(np.float32),
        "o": RNG.normal(size=(2, moved * taps * 2, *out)).astype(np.float32) * 1.5,
        "b": RNG.normal(size=6).astype(np.float32),
        "m": RNG.random(size=(2, moved * taps, *out)).astype(np.float32),
    }
    options = {"group": groups, "offset_group": moved, "strides": [stride] * 2, "dilations": [dilation] * 2, "pads": [1, 2, 1, 1]}
    (wanted,) = ReferenceEvaluator(model("DeformConv", inputs, opset=19, **options)).run(None, inputs)
    shapes = {n: ("N", *inputs[n].shape[1:]) for n in "xom"}
    (got,) = run("DeformConv", inputs, opset=19, shapes=shapes, rtol=1e-4, atol=1e-5, **options)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def in_onnxruntime(op: str, inputs: dict[str, np.ndarray], **options: Any) -> np.ndarray:
    proto = model(op, inputs, **options)
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("opset", [10, 16])
def test_regions_by_samples(opset: int, mode: str, ratio: int) -> None:
    """Samples as many as a region is long, or a number of them; regions that are empty, and beyond the image."""
    inputs = {"x": X, "r": REGIONS, "b": IMAGES}
    options = {"opset": opset, "output_height": 3, "output_width": 2, "sampling_ratio": ratio, "mode": mode, "spatial_scale": 0.75}
    (got,) = run("RoiAlign", inputs, shapes={"r": ("R", 4), "b": ("R",)}, **options)
    np.testing.assert_allclose(got, in_onnxruntime("RoiAlign", inputs, **options), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bins", [[3, 2], [5, 7]])
def test_regions_by_their_maximum(bins: list[int]) -> None:
    inputs = {"x": X, "r": np.concatenate([IMAGES[:, None].astype(np.float32), REGIONS], 1)}
    options = {"opset": 1, "pooled_shape": bins, "spatial_scale": 0.5}
    (got,) = run("MaxRoiPool", inputs, **options)
    np.testing.assert_allclose(got, in_onnxruntime("MaxRoiPool", inputs, **options), rtol=1e-6)


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_writing_into_a_cache(mode: str) -> None:
    past, update = RNG.normal(size=(2, 3, 7, 4)).astype(np.float32), RNG.normal(size=(2, 3, 3, 4)).astype(np.float32)
    inputs = {"p": past, "u": update, "s": np.array([1, 6 if mode == "circular" else 4])}
    (got,) = run("TensorScatter", inputs, opset=24, shapes={"p": ("B", 3, "S", 4), "u": ("B", 3, "T", 4), "s": ("B",)}, mode=mode)
    for b, start in enumerate(inputs["s"]):
        past[b][:, np.arange(start, start + 3) % 7] = update[b]
    assert np.array_equal(got, past)


@pytest.mark.parametrize(("op", "kinds"), [("Adagrad", 3), ("Adam", 4), ("Momentum", 3)])
@pytest.mark.parametrize("step", [0, 5])
def test_optimizers(op: str, kinds: int, step: int) -> None:
    """Two parameters of different shapes; the first step and a later one."""
    tensors = {f"t{i}": RNG.random(size=s).astype(np.float32) for i, s in enumerate([(2, 3), (4,)] * kinds)}
    inputs = {"r": np.array(0.1, np.float32), "t": np.array(step), **tensors}
    options: dict[str, Any] = {"norm_coefficient": 0.01}
    options |= {"alpha": 0.9, "beta": 0.8, "mode": "nesterov"} if op == "Momentum" else {}
    outputs = 2 * (kinds - 1)
    proto = model(op, inputs, outputs, opset=1, domain="ai.onnx.preview.training", **options)
    wanted = ReferenceEvaluator(proto).run(None, inputs)
    for a, b in zip(run(op, inputs, outputs, opset=1, domain="ai.onnx.preview.training", **options), wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_gradient_where_the_values_are_others() -> None:
    """y = (a·b)·a, differentiated by a and b at given values; and a tensor on the way, differentiated by."""
    nodes = [
        helper.make_node("Mul", ["a", "b"], ["c"]),
        helper.make_node("Mul", ["c", "a"], ["y"]),
        helper.make_node("Gradient", ["p", "b"], ["dp", "db"], domain="ai.onnx.preview.training", xs=["a", "b"], y="y"),
        helper.make_node("Gradient", ["c", "a"], ["dc"], domain="ai.onnx.preview.training", xs=["c"], zs=["a"], y="y"),
    ]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [3]) for n in "abp"]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [3]) for n in ("y", "dp", "db", "dc")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.preview.training", 1)]
    proto = helper.make_model(helper.make_graph(nodes, "g", inputs, outputs), opset_imports=opsets)
    a, b, p = (RNG.normal(size=3).astype(np.float32) for _ in range(3))
    for got, wanted in zip(run_model(proto, a, b, p), [a * b * a, 2 * p * b, p * p, a], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


@pytest.mark.parametrize(("size", "wanted"), [(3, 3), (300, 44)])
def test_a_size_in_a_narrow_integer_wraps(size: int, wanted: int) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["n"]),
        helper.make_node("Cast", ["n"], ["narrow"], to=TensorProto.INT8),
        helper.make_node("Cast", ["narrow"], ["s"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["s"], ["y"]),
    ]
    x, y = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"]), helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    proto = helper.make_model(helper.make_graph(nodes, "g", [x], [y]), opset_imports=[helper.make_opsetid("", 17)])
    assert run_model(proto, np.zeros(size, np.float32))[0].shape == (wanted,)
