"""Sparse initializers and constants of ONNX models: spelled out, and refused where they lie."""

import numpy as np
import onnx
import pytest
from onnx import SparseTensorProto, helper
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.proto.errors import WeftError

WANTED = np.array([[0, 5, 0], [0, 0, 7]], np.float32)


def sparse(places: list[int], shape: list[int], dims: list[int]) -> SparseTensorProto:
    return helper.make_sparse_tensor(helper.make_tensor("w", 1, [2], [5.0, 7.0]), helper.make_tensor("i", 7, shape, places), dims)


def model(w: SparseTensorProto, *, attribute: bool) -> onnx.ModelProto:
    x, y = helper.make_tensor_value_info("x", 1, [2, 3]), helper.make_tensor_value_info("y", 1, None)
    nodes = [helper.make_node("Constant", [], ["w"], sparse_value=w)] if attribute else []
    graph = helper.make_graph([*nodes, helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y])
    if not attribute:
        graph.sparse_initializer.add().CopyFrom(w)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.parametrize("attribute", [False, True])
@pytest.mark.parametrize(("places", "shape"), [([1, 5], [2]), ([0, 1, 1, 2], [2, 2])])
def test_both_forms(attribute: bool, places: list[int], shape: list[int]) -> None:
    module = from_model(model(sparse(places, shape, [2, 3]), attribute=attribute))
    np.testing.assert_array_equal(evaluate(module, np.zeros((2, 3), np.float32))[0], WANTED)


@pytest.mark.parametrize(
    ("places", "shape", "dims", "code"),
    [
        ([1, 6], [2], [2, 3], "onnx.tensor"),
        ([-1, 0], [2], [2, 3], "onnx.tensor"),
        ([0, 0, 1, 3], [2, 2], [2, 3], "onnx.tensor"),
        ([0, 1, 2], [3], [2, 3], "onnx.tensor"),
        ([0, 1], [2], [-2, -3], "onnx.tensor"),
        ([0, 1], [2], [1 << 32, 1 << 40], "onnx.size"),
    ],
)
def test_lies(places: list[int], shape: list[int], dims: list[int], code: str) -> None:
    with pytest.raises(WeftError) as e:
        from_model(model(sparse(places, shape, dims), attribute=False))
    assert e.value.code == code
