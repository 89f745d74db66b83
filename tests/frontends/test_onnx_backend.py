"""weft behind ONNX's backend interface: the forms of inputs and results, single operators, ranks that only a run tells."""

import numpy as np
import onnx
import onnx.backend.test
import pytest
import weft
from onnx import TensorProto, helper
from weft.frontends.onnx import backend

_X = np.array([[1.0, -2.0], [3.0, -4.0]], np.float32)


def _model(shape: list[int] | None) -> onnx.ModelProto:
    """y = relu(x) + w with an initializer w that is an input too."""
    x, w, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("w", [1]), ("y", None)))
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Add", ["a", "w"], ["y"])]
    constant = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    return helper.make_model(helper.make_graph(nodes, "g", [x, w], [y], [constant]), opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.parametrize("inputs", [[_X], (_X,), {"x": _X}, _X], ids=["list", "tuple", "dict", "array"])
def test_inputs_in_every_form(inputs: object) -> None:
    results = backend.prepare(_model([2, 2])).run(inputs)
    np.testing.assert_array_equal(results["y"], np.maximum(_X, 0) + 1)
    assert len(results) == 1 and results[0] is results["y"]


def test_a_rank_that_only_the_run_tells() -> None:
    rep = backend.prepare(_model(None))
    for x in (_X, _X[0], np.stack([_X, -_X])):
        np.testing.assert_array_equal(rep.run([x])[0], np.maximum(x, 0) + 1)


def test_single_operators() -> None:
    (product,) = backend.run_node(helper.make_node("MatMul", ["a", "b"], ["c"]), [_X, _X])
    np.testing.assert_array_equal(product, _X @ _X)
    (clipped,) = backend.run_node(helper.make_node("Clip", ["x", "", "max"], ["y"]), [_X, np.float32(1)], opset_version=13)
    np.testing.assert_array_equal(clipped, np.minimum(_X, 1))
    (joined,) = backend.run_node(helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0), [[_X, _X]])
    assert joined.shape == (4, 2)


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(weft.WeftError) as device:
        backend.prepare(_model([2, 2]), "CUDA:0")
    assert device.value.code == "onnx.device"
    with pytest.raises(weft.WeftError) as count:
        backend.prepare(_model([2, 2])).run([_X, _X, _X])
    assert count.value.code == "call.count"
    assert backend.supports_device("CPU") and not backend.supports_device("CUDA") and not backend.supports_device("TPU")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what the suite does to make its cases
def test_the_public_suite_in_three_lines() -> None:
    cases = onnx.backend.test.BackendTest(backend, __name__).test_cases["OnnxBackendNodeModelTest"]
    cases("test_relu_cpu").debug()
