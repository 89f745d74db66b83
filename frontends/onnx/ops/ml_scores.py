"""What the classifiers and regressors of ai.onnx.ml have in common: transformed scores, and labels."""

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import const, full_like
from ....proto import dtypes
from .. import build, codes
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from . import reduction

_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
_NEAR_ZERO = 1e-7  # SOFTMAX_ZERO keeps scores that small out of the exponential


def transform_of(node: NodeView) -> str:
    """The name of a node's `post_transform`, which `TreeEnsemble` gives as a number."""
    if node.op_type == "TreeEnsemble":
        number = node.int("post_transform", 0)
        node.check(0 <= number < len(_TRANSFORMS), "attribute", f"`post_transform` is {number}")
        return _TRANSFORMS[number]
    name = node.string("post_transform", "NONE")
    node.check(name in _TRANSFORMS, "attribute", f"`post_transform` is {name!r}")
    return name


def transformed(name: str, scores: Value) -> Value:
    """Scores [N, C] after a `post_transform`."""
    match name:
        case "SOFTMAX":
            return build.softmax(scores, (1,))
        case "LOGISTIC":
            return op("logistic", scores)
        case "SOFTMAX_ZERO":
            return _softmax_zero(scores)
        case "PROBIT":
            return _probit(scores)
        case _:
            return scores


def _softmax_zero(x: Value) -> Value:
    """Softmax where what is zero stays zero; a row without anything else is 0.5 throughout."""
    top = build.reduce(x, "max", (1,), keep=True)
    small = compare("LE", op("abs", x), scalar(_NEAR_ZERO, x))
    share = elementwise("multiply", x, op("exponential", op("negate", top)))
    e = select(small, share, op("exponential", elementwise("subtract", x, top)))
    total = build.reduce(e, "add", (1,), keep=True)
    return select(compare("EQ", total, full_like(total, 0)), scalar(0.5, x), elementwise("divide", e, total))


def _probit(x: Value) -> Value:
    """√2·erf⁻¹(2x - 1), the inverse by Winitzki's approximation, as runtimes agree on."""
    a = 0.147
    y = op("subtract", op("multiply", x, scalar(2, x)), scalar(1, x))
    rest = op("multiply", op("subtract", scalar(1, x), y), op("add", scalar(1, x), y))
    log = op("log", rest)
    v = op("add", scalar(2 / (np.pi * a), x), op("multiply", scalar(0.5, x), log))
    inner = op("subtract", op("multiply", v, v), op("multiply", scalar(1 / a, x), log))
    root = op("sqrt", op("subtract", op("sqrt", inner), v))
    signed = select(compare("LT", y, scalar(0, y)), op("negate", root), root)
    return op("multiply", scalar(1.41421356, x), select(compare("EQ", rest, scalar(0, x)), scalar(0, x), signed))


def labels_of(node: NodeView, ints: str) -> np.ndarray:
    """The class labels of a classifier: i64 from the attribute `ints`, or strings."""
    numbers, names = node.ints(ints, ()), node.strings("classlabels_strings", ())
    node.check(bool(numbers) != bool(names), "attribute", f"`{node.op_type}` needs class labels, integers or strings")
    return np.array(numbers, np.int64) if numbers else np.array(names, object)


def best_label(scores: Value, labels: np.ndarray) -> Value:
    """The label [N] of the first of the greatest scores [N, C]."""
    return label_at(reduction.first_maximum(scores, 1), labels)


def label_at(place: Value, labels: np.ndarray) -> Value:
    """The labels at places (i64)."""
    if labels.dtype == object:
        return codes.labels_of(place, labels.tolist())
    if (labels == np.arange(len(labels))).all():
        return place
    return build.take(const(labels), place, 0)


def choice(pred: Value, labels: np.ndarray) -> Value:
    """labels[1] where `pred`, else labels[0]."""
    zero = const(0, dtypes.I64)
    place = op("convert", pred, result=pred.tensor.with_dtype(dtypes.I64))
    return label_at(elementwise("add", place, zero), labels)


def two_columns(first: Value, second: Value) -> Value:
    """[N, 1] and [N, 1] as [N, 2]."""
    return build.concatenate([first, second], 1)
