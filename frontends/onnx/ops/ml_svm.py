"""`SVMClassifier` and `SVMRegressor`: kernels of rows and support vectors, then the decisions of libsvm (Chang and Lin 2011)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to, splat
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .ml_scores import best_label, choice, labels_of, transform_of, transformed, two_columns

ML = "ai.onnx.ml"
_LEAST = 1e-7  # how close to 0 and 1 the probability of one class against another may be
_MOST_CLASSES = 256  # each pair of classes has a score


@handles("SVMRegressor", domain=ML)
def svm_regressor(node: NodeView, x: Value) -> Value:
    """Σ coefficient·kernel(x, support vector) + rho as [N, 1]; its sign with `one_class`."""
    x, count, rho = _rows(node, x), node.int("n_supports", 0), node.floats("rho", ())
    node.check(len(rho) > 0, "attribute", "`SVMRegressor` needs `rho`")
    coefficients = np.array(node.floats("coefficients", ()), np.float32)
    values = _kernel(node, x, _vectors(node, count)) if count > 0 else x
    node.check(len(coefficients) == values.shape[1], "attribute", f"{len(coefficients)} coefficients for {values.type}")
    y = build.matmul(values, const(coefficients[:, None]))
    y = op("add", y, scalar(rho[0], y))
    if node.int("one_class", 0):
        y = select(compare("GT", y, scalar(0, y)), scalar(1, y), scalar(-1, y))
    return transformed(transform_of(node), y)


def _rows(node: NodeView, x: Value) -> Value:
    rows = cast(build.unsqueeze(x, [0]) if len(x.shape) == 1 else x, dtypes.F32)
    node.check_rank(rows, 2)
    return rows


def _vectors(node: NodeView, count: int) -> np.ndarray:
    vectors = np.array(node.floats("support_vectors", ()), np.float32)
    node.check(len(vectors) > 0 and len(vectors) % count == 0, "attribute", f"{len(vectors)} numbers for {count} support vectors")
    return vectors.reshape(count, -1)


def _kernel(node: NodeView, x: Value, vectors: np.ndarray) -> Value:
    """kernel(x, v) for rows x [N, F] and vectors v [S, F]: [N, S]."""
    node.check(x.shape[1] == vectors.shape[1], "shape", f"{x.type} does not fit support vectors of {vectors.shape[1]} numbers")
    parameters = node.floats("kernel_params", ()) or (0.0, 0.0, 0.0)
    node.check_length(parameters, 3, "`kernel_params`")
    gamma, offset, degree = parameters
    name = node.string("kernel_type", "LINEAR")
    if name == "RBF":
        difference = elementwise("subtract", build.unsqueeze(x, [1]), const(vectors))
        square = build.reduce(op("multiply", difference, difference), "add", (2,))
        return op("exponential", op("multiply", square, scalar(-gamma, square)))
    product = build.matmul(x, const(np.ascontiguousarray(vectors.T)))
    if name == "LINEAR":
        return product
    line = op("add", op("multiply", product, scalar(gamma, product)), scalar(offset, product))
    node.check(name in ("POLY", "SIGMOID"), "attribute", f"`kernel_type` is {name!r}")
    return op("tanh", line) if name == "SIGMOID" else _power(line, int(degree))


def _power(x: Value, exponent: int) -> Value:
    """x to a whole power, by squaring."""
    result, square, rest = scalar(1, x), x, abs(exponent)
    while rest:
        if rest % 2:
            result = op("multiply", result, square)
        square, rest = op("multiply", square, square), rest // 2
    return op("divide", scalar(1, x), result) if exponent < 0 else result


@handles("SVMClassifier", domain=ML)
def svm_classifier(node: NodeView, x: Value) -> tuple[Value, Value]:
    """Labels [N], by votes of pairs of classes, and scores: of pairs, or probabilities of classes.

    Without support vectors it is a linear model with a score for each class.
    """
    x, labels, name = _rows(node, x), labels_of(node, "classlabels_ints"), transform_of(node)
    node.check(len(labels) <= _MOST_CLASSES, "size", f"`SVMClassifier` of {len(labels)} classes")
    per_class = node.ints("vectors_per_class", ())
    if not sum(per_class):
        return _linear(node, x, labels, name)
    node.check_length(per_class, len(labels), "`vectors_per_class`")
    node.check(min(per_class) >= 0, "attribute", "`vectors_per_class` must not be negative")
    pairs = list(combinations(range(len(labels)), 2))
    scores = _pair_scores(node, _kernel(node, x, _vectors(node, sum(per_class))), per_class, pairs)
    wins = compare("GT", scores, scalar(0, scores))
    votes = _votes(wins, pairs, len(labels))
    if node.floats("prob_a", ()):
        return best_label(votes, labels), transformed(name, _probabilities(node, scores, pairs, len(labels)))
    both = two_columns(op("negate", scores), scores) if len(labels) == 2 else scores
    return best_label(votes, labels), transformed(name, both)


def _linear(node: NodeView, x: Value, labels: np.ndarray, name: str) -> tuple[Value, Value]:
    coefficients, rho = np.array(node.floats("coefficients"), np.float32), node.floats("rho")
    node.check(
        len(coefficients) == len(labels) * x.shape[1] and len(rho) > 0, "attribute", f"{len(coefficients)} coefficients for {x.type}"
    )
    scores = build.matmul(x, const(np.ascontiguousarray(coefficients.reshape(len(labels), -1).T)))
    scores = op("add", scores, scalar(next(iter(rho)), scores))
    if len(labels) != 1:
        return best_label(scores, labels), transformed(name, scores)
    flat = build.squeeze(scores, [1])
    return choice(compare("GT", flat, scalar(0, flat)), np.array([0, 1])), transformed(name, scores)


def _pair_scores(node: NodeView, kernels: Value, per_class: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Value:
    """The score of each pair of classes [N, P], in which only their support vectors take part: one product."""
    total, rho = sum(per_class), node.floats("rho")
    coefficients = np.array(node.floats("coefficients"), np.float32)
    node.check(
        len(coefficients) == total * (len(per_class) - 1), "attribute", f"{len(coefficients)} coefficients for {total} support vectors"
    )
    node.check_length(rho, len(pairs), "`rho`")
    rows, starts = coefficients.reshape(-1, total), np.cumsum((0, *per_class))
    weights = np.zeros((total, len(pairs)), np.float32)
    for k, (i, j) in enumerate(pairs):
        of_i, of_j = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
        weights[of_i, k], weights[of_j, k] = rows[j - 1, of_i], rows[i, of_j]
    return elementwise("add", build.matmul(kernels, const(weights)), const(np.array(rho, np.float32)))


def _votes(wins: Value, pairs: Sequence[tuple[int, int]], classes: int) -> Value:
    """How many pairs each class wins [N, C]: the first of a pair where `wins`, else the second."""
    first, second = np.zeros((len(pairs), classes), np.float32), np.zeros((len(pairs), classes), np.float32)
    for k, (i, j) in enumerate(pairs):
        first[k, i], second[k, j] = 1, 1
    won = build.matmul(cast(wins, dtypes.F32), const(first))
    return op("add", won, build.matmul(cast(op("not", wins), dtypes.F32), const(second)))


def _probabilities(node: NodeView, scores: Value, pairs: Sequence[tuple[int, int]], classes: int) -> Value:
    """Of each class [N, C], from those of pairs: 1/(1 + e^(a·score + b)) (Platt), coupled by Wu, Lin and Weng's second method (2004)."""
    a, b = (np.array(node.floats(name), np.float32) for name in ("prob_a", "prob_b"))
    node.check(len(a) == len(b) == len(pairs), "attribute", f"`prob_a` and `prob_b` must have {len(pairs)} entries, one for each pair")
    line = elementwise("add", elementwise("multiply", scores, const(a)), const(b))
    p = op("clamp", const(_LEAST, dtypes.F32), op("logistic", op("negate", line)), const(1 - _LEAST, dtypes.F32))
    zero = build.slice_axis(full_like(p, 0), 1, 0, 1)
    at = {pair: build.slice_axis(p, 1, k, k + 1) for k, pair in enumerate(pairs)}
    both = at | {(j, i): op("subtract", scalar(1, v), v) for (i, j), v in at.items()}
    cells = [both.get((i, j), zero) for i in range(classes) for j in range(classes)]
    return _coupled(reshape_to(build.concatenate(cells, 1), (scores.shape[0], classes, classes)), classes)


@dataclass(frozen=True, slots=True)
class _State:
    """Where the coupling stands: turns made, probabilities [N, C], whether each row [N, 1] has yet to go on."""

    turn: Value
    p: Value
    going: Value

    def values(self) -> tuple[Value, ...]:
        return self.turn, self.p, self.going


def _coupled(r: Value, classes: int) -> Value:
    """The p [N, C] that minimises Σ (r[j, i]·p[i] - r[i, j]·p[j])², by as many rounds as its rows need."""
    q = _quadratic(r, classes)
    rows: tuple[Dim, ...] = (r.shape[0], 1)
    start = _State(
        const(0, dtypes.I32), splat(1 / classes, TensorType(r.dtype, (r.shape[0], classes))), splat(True, TensorType(dtypes.BOOL, rows))
    )
    head = [param(v.type) for v in (*start.values(), q)]
    unfinished = build.reduce(cast(head[2], dtypes.I32), "max", (0, 1))
    more = compare("LT", head[0], const(max(100, classes), dtypes.I32))
    holds = op("and", more, compare("GT", unfinished, const(0, dtypes.I32)))
    body = [param(v.type) for v in (*start.values(), q)]
    after = _round(_State(*body[:3]), body[3], classes)
    results = op_of("while")(*start.values(), cond=region(head, [holds]), body=region(body, after.values()), captures=(q,))
    assert isinstance(results, tuple)
    return results[1]


def _quadratic(r: Value, classes: int) -> Value:
    """Q: Σⱼ r[j, t]² on the diagonal, -r[j, t]·r[t, j] elsewhere."""
    turned = build.transpose(r, (0, 2, 1))
    squares = build.reduce(op("multiply", turned, turned), "add", (2,), keep=True)
    diagonal = const(np.eye(classes, dtype=np.bool_)[None])
    return select(diagonal, squares, op("negate", op("multiply", r, turned)))


def _round(state: _State, q: Value, classes: int) -> _State:
    """One round over the classes; rows that have converged stay as they are."""
    p = state.p
    qp = build.reduce(elementwise("multiply", q, build.unsqueeze(p, [1])), "add", (2,))
    pqp = build.reduce(op("multiply", p, qp), "add", (1,), keep=True)
    error = build.reduce(op("abs", elementwise("subtract", qp, pqp)), "max", (1,), keep=True)
    going = op("and", state.going, op("not", compare("LT", error, scalar(0.005 / classes, error))))
    for t in range(classes):
        row = reshape_to(build.slice_axis(q, 1, t, t + 1), p.shape)
        own, at = build.slice_axis(row, 1, t, t + 1), build.slice_axis(qp, 1, t, t + 1)
        step = op("divide", op("subtract", pqp, at), own)
        whole = op("add", step, scalar(1, step))
        grown = op("multiply", step, op("add", op("multiply", step, own), op("multiply", scalar(2, at), at)))
        pqp = op("divide", op("add", pqp, grown), op("multiply", whole, whole))
        unit = const(np.eye(classes, dtype=np.float32)[t : t + 1])
        p = elementwise("divide", elementwise("add", p, elementwise("multiply", unit, step)), whole)
        qp = elementwise("divide", elementwise("add", qp, elementwise("multiply", row, step)), whole)
    kept = op("select", broadcast(going, p.shape, (0, 1)), p, state.p)
    return _State(op("add", state.turn, const(1, dtypes.I32)), kept, going)
