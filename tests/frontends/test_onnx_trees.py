"""Forests of trees made at random, against onnxruntime and ONNX's reference implementation."""

from itertools import product
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import weft
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from weft.frontends.onnx import from_model

from .single import run_model

ML = "ai.onnx.ml"
COMPARISONS = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
FEATURES = 5
Node = tuple[str, int, float, int, int, int]  # mode, feature, value, true and false child, whether NaN goes to the true one


def tree(rng: np.random.Generator, depth: int, modes: list[str]) -> list[Node]:
    nodes: list[Node] = []

    def grow(depth: int) -> int:
        at = len(nodes)
        nodes.append(("LEAF", 0, 0.0, 0, 0, 0))
        if depth and rng.random() > 0.15:
            children = grow(depth - 1), grow(depth - 1)
            mode = modes[rng.integers(len(modes))]
            nodes[at] = (mode, int(rng.integers(FEATURES)), float(rng.integers(-3, 4)), *children, int(rng.integers(2)))
        return at

    grow(depth)
    return nodes


def forest(kind: str, targets: int, per_tree: bool = False, modes: list[str] = COMPARISONS, **attributes: Any) -> onnx.ModelProto:
    """Nine trees, each for all targets or, as boosting makes them, for one."""
    rng, names = np.random.default_rng(7), ("modes", "featureids", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")
    lists: dict[str, list[Any]] = {f"nodes_{n}": [] for n in ("treeids", "nodeids", *names)}
    what = "target" if kind == "Regressor" else "class"
    leaves: dict[str, list[Any]] = {f"{what}_{n}": [] for n in ("treeids", "nodeids", "ids", "weights")}
    for t in range(9):
        for i, node in enumerate(tree(rng, 4, modes)):
            for values, v in zip(lists.values(), (t, i, *node), strict=True):
                values.append(v)
            for k in [t % targets] if per_tree else range(targets):
                if node[0] == "LEAF":
                    for values, v in zip(leaves.values(), (t, i, k, float(np.float32(rng.random() - (kind == "Regressor")))), strict=True):
                        values.append(v)
    return single(f"TreeEnsemble{kind}", 3, **lists, **leaves, **attributes)


def single(op: str, opset: int, **attributes: Any) -> onnx.ModelProto:
    outputs = ["label", "y"] if op.endswith("Classifier") else ["y"]
    node = helper.make_node(op, ["x"], outputs, domain=ML, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", FEATURES])
    types = {"label": TensorProto.INT64, "y": TensorProto.FLOAT}
    graph = helper.make_graph([node], "g", [x], [helper.make_tensor_value_info(o, types[o], None) for o in outputs])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(ML, opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def rows(nan: bool = False) -> np.ndarray:
    rng = np.random.default_rng(1)
    x = rng.integers(-4, 5, (37, FEATURES)).astype(np.float32)
    x[rng.random(x.shape) < (0.2 if nan else 0)] = np.nan
    return x


def check(proto: onnx.ModelProto, x: np.ndarray) -> None:
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    for got, wanted in zip(run_model(proto, x), session.run(None, {"x": x}), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("function", ["SUM", "AVERAGE", "MIN", "MAX"])
@pytest.mark.parametrize(("targets", "per_tree"), [(1, False), (3, False), (3, True)])
def test_regression(function: str, targets: int, per_tree: bool) -> None:
    check(forest("Regressor", targets, per_tree, n_targets=targets, aggregate_function=function, base_values=[0.5] * targets), rows())


@pytest.mark.parametrize("modes", [COMPARISONS[:1], COMPARISONS])
def test_missing_values(modes: list[str]) -> None:
    check(forest("Regressor", 2, modes=modes, n_targets=2), rows(nan=True))


@pytest.mark.parametrize(("classes", "transform"), [*product([2, 3], ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"]), (3, "PROBIT")])
def test_classification(classes: int, transform: str) -> None:
    """Of two classes the leaves speak for one, as those of a boosted model do."""
    labels = list(range(10, 10 + classes))
    check(forest("Classifier", 1 if classes == 2 else 3, classlabels_int64s=labels, post_transform=transform), rows())


def ensemble(modes: list[int], members: list[float], **attributes: Any) -> onnx.ModelProto:
    """A tree of opset 5 with three inner nodes, the first of which has the others as children, and four leaves."""
    dtype = TensorProto.FLOAT
    lists: dict[str, Any] = {
        "nodes_splits": helper.make_tensor("s", dtype, [3], [0.0, 1.0, -1.0]),
        "nodes_featureids": [0, 1, 2],
        "nodes_modes": helper.make_tensor("m", TensorProto.UINT8, [3], modes),
        "nodes_truenodeids": [1, 0, 2],
        "nodes_falsenodeids": [2, 1, 3],
        "nodes_trueleafs": [0, 1, 1],
        "nodes_falseleafs": [0, 1, 1],
        "leaf_targetids": [0, 1, 1, 0],
        "leaf_weights": helper.make_tensor("w", dtype, [4], [1.0, 2.0, 4.0, 8.0]),
        "tree_roots": [0],
        "n_targets": 2,
    }
    if members:
        lists["membership_values"] = helper.make_tensor("v", dtype, [len(members)], members)
    return single("TreeEnsemble", 5, **{**lists, **attributes})


@pytest.mark.parametrize("missing", [[0, 0, 0], [1, 0, 1]])
@pytest.mark.parametrize("function", [0, 1])
def test_sets_of_members(missing: list[int], function: int) -> None:
    """A search among the members takes the place of a node; neighbours and zero among them."""
    nan = float("nan")
    members = [3.0, -2.0, 1.0, float(np.nextafter(np.float32(1), np.float32(2))), nan, -4.0, nan]
    proto = ensemble([6, 1, 6], members, nodes_missing_value_tracks_true=missing, aggregate_function=function)
    x = rows(nan=True)
    (wanted,) = ReferenceEvaluator(proto).run(None, {"x": x})
    (got,) = run_model(proto, x)
    np.testing.assert_allclose(got, wanted)


@pytest.mark.parametrize("wrong", [{"nodes_truenodeids": [0, 0, 2]}, {"nodes_truenodeids": [7, 0, 2]}, {"leaf_targetids": [0, 1, 2, 0]}])
def test_what_is_no_tree_is_told(wrong: dict[str, list[int]]) -> None:
    with pytest.raises(weft.WeftError, match=r"onnx\.attribute"):
        from_model(ensemble([0, 1, 2], [], **wrong))
