"""`TreeEnsemble`, `TreeEnsembleClassifier`, `TreeEnsembleRegressor`: from the attributes of a file to a forest."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const
from ....proto import dtypes
from ....proto.dtypes import DType, from_numpy
from .. import build
from ..build import compare, elementwise, op, scalar
from ..node import NodeView
from ..registry import handles
from .ml_forest import MODES, Branches, Forest, Test, Votes, add_test, aggregate, forest
from .ml_scores import best_label, choice, label_at, labels_of, transform_of, transformed, two_columns

ML = "ai.onnx.ml"
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")


@handles("TreeEnsemble", domain=ML)
def tree_ensemble(node: NodeView, x: Value) -> Value:
    """Scores [N, targets] of rows [N, F]; inner nodes and leaves are numbered apart."""
    node.check_rank(x, 2)
    splits, weights = node.tensor("nodes_splits"), node.tensor("leaf_weights")
    x, dtype = _comparable(x, splits)
    yes, no = (_children(node, side, len(splits), len(weights)) for side in ("true", "false"))
    tests = _tests(node, splits, node.tensor("nodes_modes"), len(splits))
    branches = Branches()
    branches.reserve(len(splits))
    for i, test in enumerate(tests):
        add_test(branches, i, test, yes[i], no[i], dtype)
    roots = node.ints("tree_roots")
    node.check(all(0 <= r < len(splits) for r in roots), "attribute", "`tree_roots` names nodes that are not there")
    trees = _checked(node, forest(branches, roots, len(weights), dtype))
    targets, count = np.array(node.ints("leaf_targetids"), np.int64), node.int("n_targets", 1)
    votes = _votes(node, np.arange(len(weights)), targets, weights, count)
    number = node.int("aggregate_function", 1)
    node.check(0 <= number < len(_AGGREGATES), "attribute", f"`aggregate_function` is {number}")
    return transformed(transform_of(node), aggregate(trees, votes, x, _AGGREGATES[number]))


def _comparable(x: Value, splits: np.ndarray) -> tuple[Value, np.dtype]:
    """x in the type that it is compared with `splits` in: the wider one, f32 for integers."""
    given = x.dtype if x.dtype.is_float else dtypes.F32
    wide: DType = max(given, from_numpy(splits.dtype), key=lambda t: t.bits)
    return cast(x, wide), wide.numpy


def _children(node: NodeView, side: str, inner: int, leaves: int) -> list[int]:
    ids, is_leaf = node.ints(f"nodes_{side}nodeids"), node.ints(f"nodes_{side}leafs")
    node.check_length(ids, inner, f"`nodes_{side}nodeids`")
    node.check_length(is_leaf, inner, f"`nodes_{side}leafs`")
    for i, leaf in zip(ids, is_leaf, strict=True):
        node.check(0 <= i < (leaves if leaf else inner), "attribute", f"`nodes_{side}nodeids` names {i}, which is not there")
    return [~i if leaf else i for i, leaf in zip(ids, is_leaf, strict=True)]


def _tests(node: NodeView, splits: np.ndarray, modes: np.ndarray, count: int) -> list[Test]:
    """The tests of the nodes of a `TreeEnsemble`; sets of members stand one after the other, a NaN behind each."""
    features = node.ints("nodes_featureids")
    missing = node.ints("nodes_missing_value_tracks_true", ()) or (0,) * count
    for values, what in ((modes, "`nodes_modes`"), (features, "`nodes_featureids`"), (missing, "`nodes_missing_value_tracks_true`")):
        node.check(len(values) == count, "attribute", f"{what} has {len(values)} entries for {count} nodes")
    node.check(all(0 <= m < len(MODES) for m in modes), "attribute", "`nodes_modes` has a mode that is unknown")
    _check_features(node, features)
    members = node.tensor("membership_values") if node.has("membership_values") else np.zeros(0)
    sets = iter(np.split(members, np.flatnonzero(np.isnan(members)) + 1)[:-1])
    tests: list[Test] = []
    for i in range(count):
        mode = MODES[int(modes[i])]
        found = next(sets, None) if mode == "BRANCH_MEMBER" else ()
        if found is None:
            raise node.error("attribute", "`membership_values` has fewer sets than there are nodes that test membership")
        values = [float(v) for v in found if not np.isnan(v)]
        tests.append(Test(mode, features[i], float(splits[i]), bool(missing[i]), values))
    return tests


def _check_features(node: NodeView, features: Sequence[int]) -> None:
    wrong = next((f for f in features if not 0 <= f < 1 << 31), None)
    node.check(wrong is None, "attribute", f"`nodes_featureids` names {wrong}, which no feature can be called")


def _checked(node: NodeView, trees: Forest | None) -> Forest:
    if trees is None:
        raise node.error("attribute", f"a tree of `{node.op_type}` leads back to itself, or is too deep")
    return trees


def _votes(node: NodeView, leaf: np.ndarray, target: np.ndarray, weight: np.ndarray, targets: int) -> Votes:
    node.check(len(leaf) == len(target) == len(weight), "attribute", f"the leaves of `{node.op_type}` have lists of different lengths")
    good = targets > 0 and bool((target >= 0).all() and (target < targets).all())
    node.check(good, "attribute", f"the leaves of `{node.op_type}` name targets beyond the {targets} there are")
    node.check_limit("table_elements", targets * (len(leaf) + 1), f"has {targets} targets and {len(leaf)} leaves")
    return Votes(leaf, target, weight, targets)


@handles("TreeEnsembleRegressor", domain=ML)
def tree_regressor(node: NodeView, x: Value) -> Value:
    """Scores [N, targets] as f32; nodes are named by tree and number, leaves are nodes too."""
    function = node.string("aggregate_function", "SUM")
    node.check(function in _AGGREGATES, "attribute", f"`aggregate_function` is {function!r}")
    count = node.int("n_targets", 1)
    scores, _ = _scores(node, x, "target", count, function)
    base = _floats(node, "base_values")
    node.check(len(base) in (0, 1, count), "attribute", f"{len(base)} base values for {count} targets")
    if len(base):
        scores = elementwise("add", scores, const(base.astype(scores.dtype.numpy)))
    return transformed(transform_of(node), cast(scores, dtypes.F32))


@handles("TreeEnsembleClassifier", domain=ML)
def tree_classifier(node: NodeView, x: Value) -> tuple[Value, Value]:
    """Labels [N] and scores [N, classes] as f32."""
    labels = labels_of(node, "classlabels_int64s")
    scores, votes = _scores(node, x, "class", max(len(labels), 2), "SUM")
    used, base = np.unique(votes.target), _floats(node, "base_values")
    if len(labels) <= 2 and list(used) == [0]:
        return _binary(node, _of_one_class(node, scores, base), labels, bool((votes.weight >= 0).all()))
    if len(base):
        node.check(len(base) == scores.shape[1], "attribute", f"{len(base)} base values for {len(labels)} classes")
        scores = elementwise("add", scores, const(base.astype(scores.dtype.numpy)))
    scores = cast(scores, dtypes.F32)
    return best_label(scores, labels), transformed(transform_of(node), scores)


def _of_one_class(node: NodeView, scores: Value, base: np.ndarray) -> Value:
    """The scores [N, 1] of the first class, where leaves speak for no other."""
    score = build.slice_axis(scores, 1, 0, 1)
    node.check(len(base) in (0, 1, 2), "attribute", f"{len(base)} base values for one class")
    if len(base):
        score = op("add", score, scalar(float(base[0]), score))
    return cast(score, dtypes.F32)


def _binary(node: NodeView, score: Value, labels: np.ndarray, probabilities: bool) -> tuple[Value, Value]:
    """One score [N, 1] says how much the second class is preferred: a probability if no weight is negative, else more than 0.

    The standard leaves this open; it is what runtimes agree on.
    """
    name = transform_of(node)
    flat = build.squeeze(score, [1])
    above = compare("GT", flat, scalar(0.5 if probabilities else 0, flat))
    label = choice(above, labels) if len(labels) == 2 else label_at(cast(above, dtypes.I64), np.array([0, 1]))
    if name == "LOGISTIC":
        return label, transformed(name, two_columns(op("negate", score), score))
    first = op("subtract", scalar(1, score), score) if probabilities or name == "PROBIT" else op("negate", score)
    both = two_columns(first, score)
    return label, transformed(name, both) if name == "PROBIT" else both


def _scores(node: NodeView, x: Value, kind: str, targets: int, function: str) -> tuple[Value, Votes]:
    """What the trees say, in the type they are computed in, and what their leaves are."""
    if len(x.shape) == 1:
        x = build.unsqueeze(x, [0])
    node.check_rank(x, 2)
    splits = _floats(node, "nodes_values")
    x, dtype = _comparable(x, splits)
    keys = _keys(node, node.ints("nodes_treeids"), node.ints("nodes_nodeids"), "nodes")
    at = {key: i for i, key in enumerate(keys)}
    node.check(len(at) == len(keys), "attribute", f"`{node.op_type}` has a node twice")
    branches, leaf_at = _branches(node, keys, at, splits, dtype)
    roots: dict[int, int] = {}
    for i, (tree, _) in enumerate(keys):
        roots.setdefault(tree, leaf_at.get(i, i))
    trees = _checked(node, forest(branches, list(roots.values()), len(leaf_at), dtype))
    named = _keys(node, node.ints(f"{kind}_treeids"), node.ints(f"{kind}_nodeids"), f"{kind}es")
    node.check(
        all(at.get(key) in leaf_at for key in named), "attribute", f"weights of `{node.op_type}` belong to leaves that are not there"
    )
    leaf = np.array([~leaf_at[at[key]] for key in named], np.int64)
    votes = _votes(node, leaf, np.array(node.ints(f"{kind}_ids"), np.int64), _floats(node, f"{kind}_weights"), targets)
    return aggregate(trees, votes, x, function), votes


def _floats(node: NodeView, name: str) -> np.ndarray:
    """A list of floats, or the tensor that may stand in for it."""
    tensor = f"{name}_as_tensor"
    return node.tensor(tensor).reshape(-1) if node.has(tensor) else np.array(node.floats(name, ()), np.float32)


def _keys(node: NodeView, trees: Sequence[int], numbers: Sequence[int], what: str) -> list[tuple[int, int]]:
    node.check(len(trees) == len(numbers), "attribute", f"{len(trees)} trees and {len(numbers)} numbers of {what} of `{node.op_type}`")
    return list(zip(trees, numbers, strict=True))


def _branches(
    node: NodeView, keys: Sequence[tuple[int, int]], at: dict[tuple[int, int], int], splits: np.ndarray, dtype: np.dtype
) -> tuple[Branches, dict[int, int]]:
    """The inner nodes, at their places in the file, and `~leaf` for the places of leaves, where no inner node is."""
    count = len(keys)
    modes, features = node.strings("nodes_modes"), node.ints("nodes_featureids")
    yes, no = node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids")
    missing = node.ints("nodes_missing_value_tracks_true", ()) or (0,) * count
    lists = {"modes": modes, "featureids": features, "truenodeids": yes, "falsenodeids": no, "values": splits, "missing_value": missing}
    for name, values in lists.items():
        node.check(len(values) == count, "attribute", f"`nodes_{name}` has {len(values)} entries for {count} nodes")
    _check_features(node, features)
    leaf_at = {i: ~k for k, i in enumerate(i for i in range(count) if modes[i] == "LEAF")}
    branches = Branches()
    branches.reserve(count)
    for i, (tree, _) in enumerate(keys):
        if i in leaf_at:
            continue
        node.check(modes[i] in MODES[:-1], "attribute", f"`nodes_modes` has {modes[i]!r}, which is unknown")
        left, right = (at.get((tree, child), -1) for child in (yes[i], no[i]))
        node.check(min(left, right) >= 0, "attribute", f"node {keys[i]} of `{node.op_type}` has a child that is not there")
        test = Test(modes[i], features[i], float(splits[i]), bool(missing[i]))
        add_test(branches, i, test, leaf_at.get(left, left), leaf_at.get(right, right), dtype)
    return branches, leaf_at
