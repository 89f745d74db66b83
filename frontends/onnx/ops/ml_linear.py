"""Linear models of ai.onnx.ml."""

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const, full_like
from ....proto import dtypes
from .. import build
from ..build import compare, elementwise, op
from ..node import NodeView
from ..registry import handles
from .ml_scores import best_label, choice, labels_of, transform_of, transformed, two_columns

ML = "ai.onnx.ml"


@handles("LinearClassifier", domain=ML)
def linear_classifier(node: NodeView, x: Value) -> tuple[Value, Value]:
    """Labels and scores of x·coefficientsᵀ + intercepts; one score for two labels is that of the second."""
    labels, name = labels_of(node, "classlabels_ints"), transform_of(node)
    scores = _linear(node, x)
    if scores.shape[1] == 1 and len(labels) == 1:
        scores = transformed(name, scores)
        flat = build.squeeze(scores, [1])
        nothing = np.array(["", labels[0]], object) if labels.dtype == object else np.array([0, labels[0]])
        return choice(compare("GE", flat, full_like(flat, 0 if name == "NONE" else 0.5)), nothing), scores
    if scores.shape[1] == 1 and len(labels) == 2:
        scores = two_columns(op("negate", scores), scores)
    node.check(scores.shape[1] == len(labels), "shape", f"{scores.shape[1]} scores for {len(labels)} labels")
    return best_label(scores, labels), transformed(name, scores)


@handles("LinearRegressor", domain=ML)
def linear_regressor(node: NodeView, x: Value) -> Value:
    """x·coefficientsᵀ + intercepts."""
    return transformed(transform_of(node), _linear(node, x))


def _linear(node: NodeView, x: Value) -> Value:
    y = cast(x, dtypes.F32)
    if len(y.shape) == 1:
        y = build.unsqueeze(y, [0])
    node.check_rank(y, 2)
    width, coefficients = y.shape[-1], node.floats("coefficients")
    if not isinstance(width, int) or width == 0 or len(coefficients) % width:
        raise node.error("shape", f"{len(coefficients)} coefficients do not fit {x.type}")
    weights = np.array(coefficients, np.float32).reshape(-1, width)
    scores = build.matmul(y, const(np.ascontiguousarray(weights.T)))
    intercepts = node.floats("intercepts", ())
    return elementwise("add", scores, const(np.array(intercepts, np.float32))) if intercepts else scores
