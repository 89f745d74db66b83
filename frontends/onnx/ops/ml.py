"""ai.onnx.ml operators that scikit-learn's linear and neural models export."""

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..build import elementwise, op
from ..node import NodeView
from ..registry import handles
from . import indexing, reduction

ML = "ai.onnx.ml"


@handles("ArrayFeatureExtractor", domain=ML)
def array_feature_extractor(node: NodeView, x: Value, indices: Value) -> Value:
    """The elements of the last axis at these positions."""
    node.check(len(x.shape) > 0, "shape", f"`ArrayFeatureExtractor` of {x.type}")
    flat = reshape_to(indices, (indices.tensor.size,))
    known = node.known(flat)
    matrix = x if len(x.shape) > 1 else build.unsqueeze(x, [0])
    axis = len(matrix.shape) - 1
    if known is not None and all(isinstance(i, int) for i in known):
        pieces = [build.slice_axis(matrix, axis, i, i + 1) for i in known]
        return build.concatenate(pieces, axis)
    return indexing.take(matrix, flat, axis)


@handles("Scaler", domain=ML)
def scaler(node: NodeView, x: Value) -> Value:
    """(x - offset)·scale."""
    y = cast(x, dtypes.F32)
    lengths = {len(node.floats(name)) for name in ("offset", "scale")}
    node.check(len(y.shape) > 0 and lengths <= {1, y.shape[-1]}, "shape", f"offset and scale do not fit {x.type}")
    offset, scale = (const(np.array(node.floats(name), np.float32)) for name in ("offset", "scale"))
    return elementwise("multiply", elementwise("subtract", y, offset), scale)


@handles("Binarizer", domain=ML)
def binarizer(node: NodeView, x: Value) -> Value:
    """1 where x > threshold, else 0."""
    above = build.compare("GT", x, helpers.full_like(x, node.float("threshold", 0.0)))
    return cast(above, x.dtype)


@handles("Normalizer", domain=ML)
def normalizer(node: NodeView, x: Value) -> Value:
    """Rows divided by their norm."""
    y = cast(x, dtypes.F32)
    last = (node.axis(-1, len(y.shape)),)
    match node.string("norm", "MAX"):
        case "MAX":
            norm = build.reduce(y, "max", last, keep=True)
        case "L1":
            norm = build.reduce(op("abs", y), "add", last, keep=True)
        case _:
            norm = op("sqrt", build.reduce(op("multiply", y, y), "add", last, keep=True))
    safe = build.select(build.compare("EQ", norm, helpers.full_like(norm, 0)), helpers.full_like(norm, 1), norm)
    return elementwise("divide", y, safe)


@handles("LinearClassifier", domain=ML)
def linear_classifier(node: NodeView, x: Value) -> tuple[Value, Value]:
    """Label and scores of x·coefficientsᵀ + intercepts."""
    labels = np.array(node.ints("classlabels_ints", ()), np.int64)
    if not len(labels):
        raise node.error("unsupported", "`LinearClassifier` with string labels is not supported")
    scores = _linear(node, x)
    binary = scores.shape[-1] == 1 and len(labels) == 2
    if binary:
        scores = build.concatenate([op("negate", scores), scores], 1)
    best = reduction.first_maximum(scores, len(scores.shape) - 1)
    return _labels(best, labels), _post_transform(node, scores)


@handles("LinearRegressor", domain=ML)
def linear_regressor(node: NodeView, x: Value) -> Value:
    """x·coefficientsᵀ + intercepts."""
    return _post_transform(node, _linear(node, x))


def _linear(node: NodeView, x: Value) -> Value:
    y = cast(x, dtypes.F32)
    node.check_rank(y, 2)
    width, coefficients = y.shape[-1], node.floats("coefficients")
    if not isinstance(width, int) or width == 0 or len(coefficients) % width:
        raise node.error("shape", f"{len(coefficients)} coefficients do not fit {x.type}")
    weights = np.array(coefficients, np.float32).reshape(-1, width)
    scores = build.matmul(y, const(np.ascontiguousarray(weights.T)))
    intercepts = node.floats("intercepts", ())
    return elementwise("add", scores, const(np.array(intercepts, np.float32))) if intercepts else scores


def _labels(best: Value, labels: np.ndarray) -> Value:
    if (labels == np.arange(len(labels))).all():
        return best
    return indexing.take(const(labels), best, 0)


def _post_transform(node: NodeView, scores: Value) -> Value:
    match node.string("post_transform", "NONE"):
        case "NONE":
            return scores
        case "LOGISTIC":
            return op("logistic", scores)
        case "SOFTMAX":
            return build.softmax(scores, (len(scores.shape) - 1,))
        case other:
            raise node.error("unsupported", f"post_transform {other} of `{node.op_type}` is not supported")


@handles("ZipMap", domain=ML)
def zip_map(node: NodeView, scores: Value) -> Value:
    """The scores as they are: a matrix with one column per class, in the order of the class labels, where ONNX asks for a list of maps."""
    return scores
