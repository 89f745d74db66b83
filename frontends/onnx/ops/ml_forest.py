"""Decision trees as tables: every branch tests `x[feature] <= split`, so that one loop of gathers walks all trees of a forest at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ....compiler.ir.attrs import GatherDims
from ....compiler.ir.graph import Value, param, region
from ....compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import op

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
_MOST_DEPTH = 1 << 12
_SWAPPED = {"BRANCH_GTE": "BRANCH_LT", "BRANCH_GT": "BRANCH_LEQ", "BRANCH_NEQ": "BRANCH_EQ"}


@dataclass(slots=True)
class Branches:
    """The inner nodes of all trees, node by node. A child is another node, or `~leaf`; a NaN goes to `yes` where `missing`."""

    feature: list[int] = field(default_factory=list)
    split: list[float] = field(default_factory=list)
    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)

    def add(self, feature: int, split: float, yes: int, no: int, missing: bool) -> int:
        """A node more; its number."""
        at = self.reserve(1)
        self.set(at, feature, split, yes, no, missing)
        return at

    def reserve(self, count: int) -> int:
        """Room for nodes that `set` fills in later; the number of the first."""
        first = len(self.split)
        for column in (self.feature, self.yes, self.no):
            column.extend([0] * count)
        self.split.extend([0.0] * count)
        self.missing.extend([False] * count)
        return first

    def set(self, at: int, feature: int, split: float, yes: int, no: int, missing: bool) -> None:
        """Fill in a node: to `yes` if x[feature] <= split."""
        self.feature[at], self.split[at], self.yes[at], self.no[at], self.missing[at] = feature, split, yes, no, missing


@dataclass(frozen=True, slots=True)
class Test:
    """What a node of a file asks: `mode` of x[feature] and `split`, or whether it is one of `members`."""

    mode: str
    feature: int
    split: float
    missing: bool
    members: Sequence[float] = ()


def add_test(branches: Branches, at: int, test: Test, yes: int, no: int, dtype: np.dtype) -> None:
    """Node `at` decides a test of numbers of type `dtype` by comparisons with `<=`, with further nodes where it takes several.

    `x < s` is `x <= s'`, s' the number before s. `x > s` is the opposite of `x <= s`, but for a NaN, which no comparison holds for.
    """
    mode, missing = test.mode, test.missing
    if mode in _SWAPPED:
        mode, yes, no, missing = _SWAPPED[mode], no, yes, mode != "BRANCH_NEQ" and not missing
    match mode:
        case "BRANCH_LEQ":
            branches.set(at, test.feature, test.split, yes, no, missing)
        case "BRANCH_LT":
            branches.set(at, test.feature, _before(test.split, dtype), yes, no, missing)
        case "BRANCH_EQ":
            low = branches.add(test.feature, _before(test.split, dtype), no, yes, False)
            branches.set(at, test.feature, test.split, low, no, missing)
        case _:
            _add_membership(branches, at, test, yes, no, dtype)


def _before(split: float, dtype: np.dtype) -> float:
    """The greatest number less than `split`; NaN, which nothing is less than or equal to, if there is none."""
    below = np.nextafter(dtype.type(split), dtype.type(-np.inf))
    return float(below) if below < split else float("nan")


def _add_membership(branches: Branches, at: int, test: Test, yes: int, no: int, dtype: np.dtype) -> None:
    """A search among the members, each of them the interval from the number before it, exclusive, to itself."""
    members = sorted({float(dtype.type(m)) for m in test.members})
    bounds = [b for m in members for b in (_before(m, dtype), m)]

    def search(lo: int, hi: int) -> int:
        """The node that finds which of intervals lo..hi, between the bounds, x lies in; every other one is a member."""
        if lo == hi:
            return yes if lo % 2 else no
        middle = (lo + hi) // 2
        return branches.add(test.feature, bounds[middle], search(lo, middle), search(middle + 1, hi), False)

    branches.set(at, test.feature, float("inf"), search(0, len(bounds)), yes if test.missing else no, False)


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees as tables. Numbers below `inner` are nodes, those from it on leaves, which are their own children."""

    feature: np.ndarray  # i32 [inner]
    split: np.ndarray  # [inner], of the type that is compared
    children: np.ndarray  # i32 [2·(inner + leaves)]: where x <= split, and else
    missing: np.ndarray  # bool [inner]
    roots: np.ndarray  # i32 [trees]
    inner: int
    leaves: int  # the last of them, which nothing leads to, is for trees that say nothing
    depth: int


def forest(branches: Branches, roots: Sequence[int], leaves: int, dtype: np.dtype) -> Forest | None:
    """The tables of trees whose roots are given as children are; None if a tree has a loop."""
    if not branches.feature:
        branches.add(0, 0.0, ~0, ~0, False)
    inner, leaves = len(branches.feature), leaves + 1
    pairs = np.array([branches.yes, branches.no], np.int64).T
    children = np.concatenate([_numbered(pairs, inner), np.repeat(np.arange(inner, inner + leaves)[:, None], 2, axis=1)])
    starts = _numbered(np.array(roots, np.int64), inner)
    depth = _depth(children, starts, inner)
    if depth is None:
        return None
    split = np.array(branches.split, np.float64).astype(dtype)
    tables = np.array(branches.feature, np.int32), split, children.reshape(-1).astype(np.int32), np.array(branches.missing, np.bool_)
    return Forest(*tables, starts.astype(np.int32), inner, leaves, depth)


def _numbered(children: np.ndarray, inner: int) -> np.ndarray:
    return np.where(children < 0, inner + ~children, children)


def _depth(children: np.ndarray, roots: np.ndarray, inner: int) -> int | None:
    """The length of the longest way from a root to a leaf; None if a way comes back to where it was, or is too long to be a tree's."""
    waiting = np.zeros(inner, np.int64)
    reached, level = np.zeros(inner, np.bool_), np.unique(roots[roots < inner])
    while len(level):  # what can be reached, and from how many sides
        reached[level] = True
        below = children[level].reshape(-1)
        below = below[below < inner]
        np.add.at(waiting, below, 1)
        below = np.unique(below)
        level = below[~reached[below]]
    depth, done = 0, 0
    level = np.flatnonzero(reached & (waiting == 0))
    while len(level) and depth < _MOST_DEPTH:  # nodes whose parents all are done
        depth, done = depth + 1, done + len(level)
        below = children[level].reshape(-1)
        below = below[below < inner]
        np.subtract.at(waiting, below, 1)
        below = np.unique(below)
        level = below[waiting[below] == 0]
    return depth if done == reached.sum() else None


def leaves_of(trees: Forest, roots: np.ndarray, x: Value) -> Value:
    """The leaf (i32 [N, T]) that each row of x [N, F] ends up in, from each of the roots [T]."""
    start = broadcast(const(roots), (x.shape[0], len(roots)), (1,))
    tables = [const(trees.feature), const(trees.split), const(trees.children)]
    if trees.missing.any() and not trees.missing.all():
        tables.append(const(trees.missing))
    state, outer = [const(0, dtypes.I32), start], [x, *tables]
    head, body = ([param(v.type) for v in (*state, *outer)] for _ in range(2))
    holds = op("compare", head[0], const(trees.depth, dtypes.I32), comparison_direction="LT")
    deeper = [op("add", body[0], const(1, dtypes.I32)), _step(body[1], body[2], body[3:], bool(trees.missing.all()))]
    results = op_of("while")(*state, cond=region(head, [holds]), body=region(body, deeper), captures=tuple(outer))
    assert isinstance(results, tuple)
    return op("subtract", results[1], full_like(results[1], trees.inner))


def _step(at: Value, x: Value, tables: Sequence[Value], nan_to_yes: bool) -> Value:
    """One level down. What is read for a leaf does not matter: both its children are itself."""
    value, split = _element(x, build.take(tables[0], at, 0)), build.take(tables[1], at, 0)
    no = op("compare", value, split, comparison_direction="GT") if nan_to_yes else op("not", build.compare("LE", value, split))
    if len(tables) > 3:
        nan = build.compare("NE", value, value)
        no = op("and", no, op("not", op("and", nan, build.take(tables[3], at, 0))))
    child = op("add", op("multiply", at, full_like(at, 2)), cast(no, dtypes.I32))
    return build.take(tables[2], child, 0)


def _element(x: Value, feature: Value) -> Value:
    """x[n, feature[n, t]]."""
    numbers = GatherDims((), (1,), (0,), (0,), (1,), 2)
    return op("gather", x, feature, dimension_numbers=numbers, slice_sizes=(1, 1))


@dataclass(frozen=True, slots=True)
class Votes:
    """What leaves add to targets: leaf, target and weight of each contribution."""

    leaf: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    targets: int


_FOLDS = {"SUM": ("add", np.add), "AVERAGE": ("add", np.add), "MIN": ("min", np.minimum), "MAX": ("max", np.maximum)}


def aggregate(trees: Forest, votes: Votes, x: Value, function: str) -> Value:
    """What all trees together say of each row: [N, targets], by SUM, AVERAGE, MIN or MAX of the weights of the leaves."""
    monoid, fold = _FOLDS[function]
    info = np.finfo(votes.weight.dtype)
    neutral = {"add": 0, "min": info.max, "max": info.min}[monoid]
    roots = _roots_by_target(trees, votes)
    if roots is None:
        table = np.full((trees.leaves, votes.targets), neutral, votes.weight.dtype)
        fold.at(table, (votes.leaf, votes.target), votes.weight)
        y = build.reduce(build.take(const(table), leaves_of(trees, trees.roots, x), 0), monoid, (1,))
    else:
        table = np.full(trees.leaves, neutral, votes.weight.dtype)
        fold.at(table, votes.leaf, votes.weight)
        weights = build.take(const(table), leaves_of(trees, roots.reshape(-1), x), 0)
        y = build.reduce(reshape_to(weights, (x.shape[0], *roots.shape)), monoid, (2,))
    return op("divide", y, full_like(y, len(trees.roots))) if function == "AVERAGE" else y


def _roots_by_target(trees: Forest, votes: Votes) -> np.ndarray | None:
    """The roots [targets, most trees of one] if each tree is for one target alone, as boosted trees are; the idle leaf fills up.

    None if they are not, or if that would fill up too much.
    """
    if votes.targets == 1 or not len(trees.roots):
        return trees.roots[None] if votes.targets == 1 else None
    first, last = _owners(trees)
    reached = last[votes.leaf] >= 0
    owner, targets = last[votes.leaf][reached], votes.target[reached]
    target = np.full(len(trees.roots), -1)
    target[owner] = targets
    if (first[votes.leaf][reached] < owner).any() or (target[owner] != targets).any():
        return None
    counts = np.bincount(target[target >= 0], minlength=votes.targets)
    if counts.max() * votes.targets > 2 * len(target):
        return None
    roots = np.full((votes.targets, counts.max()), trees.inner + trees.leaves - 1, np.int32)
    for k in range(votes.targets):
        roots[k, : counts[k]] = trees.roots[target == k]
    return roots


def _owners(trees: Forest) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last tree that each leaf belongs to: they are one unless trees share it. No tree is the last of an idle leaf."""
    children = trees.children.reshape(-1, 2)[: trees.inner].reshape(-1)
    first, last = (np.full(trees.inner + trees.leaves, v) for v in (len(trees.roots), -1))
    trees_in_order = np.arange(len(trees.roots))
    np.minimum.at(first, trees.roots, trees_in_order)
    np.maximum.at(last, trees.roots, trees_in_order)
    for _ in range(trees.depth):
        np.minimum.at(first, children, np.repeat(first[: trees.inner], 2))
        np.maximum.at(last, children, np.repeat(last[: trees.inner], 2))
    return first[trees.inner :], last[trees.inner :]
