"""Branches and loops on values: `cond`, `switch`, `while_loop`, `fori_loop`, `scan`, `map`.

On eager tensors they run as Python does; in a traced function they become `if`, `case` and `while` of the graph. What a branch or body
uses from outside is captured by itself. States are trees of tensors; their dtypes and shapes stay the same from turn to turn. Branches
and bodies get operands and states by value: what they assign to them (`x[i] = v`) is not seen outside.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...compiler.ir.graph import Value, located
from ...compiler.ir.types import TensorType
from ...compiler.ops.gradients.common import full, inline, row, with_row
from ...compiler.ops.helpers import cast, const
from ...compiler.ops.nodes import node
from ...compiler.ops.registry import op_of
from ...proto.dtypes import BOOL, I32, I64, from_numpy
from ...proto.errors import WeftError, check, fail
from .lift import apart, as_value
from .place import user_loc
from .pytree import Tree, flatten, paths, unflatten
from .tensor import Tensor
from .trace import is_building, share_captures, trace_region


def _values(outs: Sequence[Any]) -> list[Value]:
    return [as_value(x) for x in outs]


def _is_traced(*trees: Any) -> bool:
    return any(isinstance(x, Tensor) and x.is_traced for t in trees for x in flatten(t)[0])


def _wrap(built: Any) -> list[Tensor]:
    return [Tensor(None, v) for v in (built if isinstance(built, tuple) else (built,))]


def _type(x: Any) -> TensorType:
    v = as_value(x) if not isinstance(x, Tensor) else x
    return v.tensor if isinstance(v, Value) else TensorType(from_numpy(v.dtype), v.shape)


def _agree(name: str, what: str, wanted: Sequence[TensorType], got: Sequence[TensorType], names: Sequence[str]) -> None:
    for w, g, n in zip(wanted, got, names, strict=True):
        help = "convert it with astype, or reshape it" if w.rank == g.rank else ""
        check(w == g, f"{name}.types", f"{what}: `{n}` is {w} before and {g} after", help=help)


def _check_turn(name: str, state: Any, after: Any) -> None:
    """What the body of a loop that runs eagerly returns must be like the state, as in a graph."""
    (before, tree), (leaves, its) = flatten(state), flatten(after)
    check(its == tree, f"{name}.structure", f"the body returns the state {its}, it was {tree}")
    _agree(name, "the state", list(map(_type, before)), list(map(_type, leaves)), paths(state, "state"))


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """`true_fun(*operands)` if `pred` (one boolean) holds, else `false_fun(*operands)`; both return trees of the same types."""
    if not (isinstance(pred, Tensor) and pred.is_traced):
        return (true_fun if bool(pred) else false_fun)(*apart(operands))
    with located(user_loc()):
        flag = as_value(pred)
        check(not flag.shape, "cond.pred", f"the condition must be one value, got {flag.type}")
        return _choose("if", cast(flag, BOOL), [true_fun, false_fun], operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`, the index clamped to those there are."""
    check(len(branches) > 0, "switch.branches", "there is no branch to choose")
    if not (isinstance(index, Tensor) and index.is_traced):
        return branches[min(max(int(index), 0), len(branches) - 1)](*apart(operands))
    with located(user_loc()):
        at = as_value(index)
        check(not at.shape and at.dtype.is_int, "switch.index", f"the index must be one integer, got {at.type}")
        last, zero = const(len(branches) - 1, at.dtype), const(0, at.dtype)
        return _choose("case", cast(op_of("clamp")(zero, at, last), I32), branches, operands)


def _choose(op: str, selector: Value, functions: Sequence[Callable[..., Any]], operands: Sequence[Any]) -> Any:
    trees: list[tuple[Tree, list[str]]] = []

    def branch(f: Callable[..., Any]) -> Callable[[Sequence[Tensor]], list[Value]]:
        def body(_: Sequence[Tensor]) -> list[Value]:
            result = f(*apart(operands))
            outs, tree = flatten(result)
            trees.append((tree, paths(result, "result")))
            return _values(outs)

        return body

    parts = [trace_region(branch(f), []) for f in functions]
    first = parts[0][0].results
    for k, ((region, _), (tree, _)) in enumerate(zip(parts, trees, strict=True)):
        same = tree == trees[0][0]
        check(same, f"{op}.structure", f"branches must return the same tree, branch {k} returns {tree}, branch 0 {trees[0][0]}")
        _agree(op, f"branch 0 and branch {k}", [v.tensor for v in first], [v.tensor for v in region.results], trees[0][1])
    captured, regions = share_captures(parts, [0] * len(parts))
    if not first:
        return unflatten(trees[0][0], [])
    keywords: dict[str, Any] = {"true_branch": regions[0], "false_branch": regions[1]} if op == "if" else {"branches": tuple(regions)}
    return unflatten(trees[0][0], _wrap(op_of(op)(selector, captures=captured, **keywords)))


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """The state after `state = body_fun(state)` for as long as `cond_fun(state)` holds."""
    if not is_building() and not _is_traced(init):
        state, first = apart(init), True
        while bool(cond_fun(state)):
            before, state = state, body_fun(state)
            if first:
                _check_turn("while_loop", before, state)
                first = False
        return state
    with located(user_loc()):
        return _while(cond_fun, body_fun, init)


def _while(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    leaves, tree = flatten(init)
    start = _values(leaves)
    types = [v.tensor for v in start]

    def test(ps: Sequence[Tensor]) -> list[Value]:
        flag = as_value(cond_fun(unflatten(tree, ps)))
        check(not flag.shape, "while_loop.cond", f"the condition must be one value, got {flag.type}")
        return [cast(flag, BOOL)]

    def turn(ps: Sequence[Tensor]) -> list[Value]:
        outs, its = flatten(body_fun(unflatten(tree, ps)))
        check(its == tree, "while_loop.structure", f"the body returns {its}, the state is {tree}")
        after = _values(outs)
        _agree("while_loop", "the state", types, [v.tensor for v in after], paths(init, "state"))
        return after

    parts = [trace_region(test, types), trace_region(turn, types)]
    captured, (test_region, turn_region) = share_captures(parts, [len(types)] * 2)
    if not start:
        raise fail("while_loop.state", "a loop without state cannot end differently from how it began", loc=user_loc())
    return unflatten(tree, _wrap(op_of("while")(*start, captures=captured, cond=test_region, body=turn_region)))


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init: Any) -> Any:
    """The state after `state = body_fun(i, state)` for i from `lower` up to `upper`."""
    if not is_building() and not _is_traced(init, lower, upper):
        state = apart(init)
        for i in range(int(lower), int(upper)):
            before, state = state, body_fun(i, state)
            if i == int(lower):
                _check_turn("fori_loop", before, state)
        return state
    with located(user_loc()):
        first, last = (Tensor(None, cast(as_value(v), I64)) for v in (lower, upper))
        turned = _while(lambda s: s[0] < last, lambda s: (s[0] + 1, body_fun(s[0], s[1])), (first, init))
    return turned[1]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """`state, y = f(state, x)` for every x along the first dim of the tensors in `xs`; the last state, and the ys stacked.

    `xs` may be None when `length` is given. `reverse` goes from the last to the first.
    """
    leaves, tree = flatten(xs)
    try:
        count = _length(leaves, length)
        if not is_building() and not _is_traced(init, xs):
            return _eager_scan(f, init, leaves, tree, count, reverse)
        with located(user_loc()):
            return _scan(f, init, _values(leaves), tree, count, reverse)
    except WeftError as error:
        raise error.at(user_loc()) from None


_PAIR = "the body of a scan returns (state, y)"


def _length(leaves: Sequence[Any], length: int | None) -> Any:
    sizes = [_type(x).shape[0] for x in leaves if _type(x).rank]
    check(len(sizes) == len(leaves), "scan.xs", "every tensor of xs needs a first dim to go through")
    if length is not None:
        sizes.append(length)
    check(bool(sizes), "scan.length", "without xs, scan needs to know how often: length=")
    check(all(n == sizes[0] for n in sizes), "scan.length", f"the first dims of xs (and length) differ: {', '.join(map(str, sizes))}")
    return sizes[0]


def _eager_scan(f: Callable[..., Any], init: Any, leaves: Sequence[Any], tree: Tree, count: int, reverse: bool) -> tuple[Any, Any]:
    from .numpy import stack

    state, rows, kind = apart(init), [], None
    for i in reversed(range(count)) if reverse else range(count):
        result = f(state, unflatten(tree, [Tensor(np.asarray(x)[i]) if not isinstance(x, Tensor) else x[i] for x in leaves]))
        check(isinstance(result, tuple) and len(result) == 2, "scan.result", _PAIR)
        if not rows:
            _check_turn("scan", state, result[0])
        state, y = result
        row, kind = flatten(y)
        rows.append(row)
    if kind is None:
        raise fail("scan.empty", "an eager scan over no elements cannot know what f returns", help="call it in a weft.function")
    rows = rows[::-1] if reverse else rows
    return state, unflatten(kind, [stack(column) for column in zip(*rows, strict=True)])


def _scan(f: Callable[..., Any], init: Any, xs: list[Value], tree: Tree, count: Any, reverse: bool) -> tuple[Any, Any]:
    state, state_tree = flatten(init)
    start = _values(state)
    types = [v.tensor for v in start]
    shown: list[Any] = []

    def once(ps: Sequence[Tensor]) -> list[Value]:
        result = f(unflatten(state_tree, ps[: len(types)]), unflatten(tree, ps[len(types) :]))
        check(isinstance(result, tuple) and len(result) == 2, "scan.result", _PAIR)
        after, after_tree = flatten(result[0])
        check(after_tree == state_tree, "scan.structure", f"the body returns the state {after_tree}, it was {state_tree}")
        ys, y_tree = flatten(result[1])
        shown.append(y_tree)
        found = _values(after)
        _agree("scan", "the state", types, [v.tensor for v in found], paths(init, "state"))
        return [*found, *_values(ys)]

    step, outer = trace_region(once, [*types, *(x.tensor.with_shape(x.shape[1:]) for x in xs)])
    stacks = [full(v.tensor.with_shape((count, *v.shape)), 0) for v in step.results[len(types) :]]
    if count == 0:  # which nothing can be read from
        return init, unflatten(shown[0], _wrap(tuple(stacks)))
    limit = const(count, I64) if isinstance(count, int) else cast(node("get_dimension_size", xs[0], dimension=0), I64)
    one = const(1, I64)

    def test(ps: Sequence[Tensor]) -> list[Value]:
        return [node("compare", ps[0].value, limit, comparison_direction="LT")]

    def turn(ps: Sequence[Tensor]) -> list[Value]:
        i, *own = (p.value for p in ps)
        at = node("subtract", node("subtract", limit, one), i) if reverse else i
        made = inline(step, [*own[: len(types)], *(row(x, at) for x in xs), *outer])
        kept = [with_row(stack, y, at) for stack, y in zip(own[len(types) :], made[len(types) :], strict=True)]
        return [node("add", i, one), *made[: len(types)], *kept]

    carried = [const(0, I64), *start, *stacks]
    every = [v.tensor for v in carried]
    parts = [trace_region(test, every), trace_region(turn, every)]
    captured, (test_region, turn_region) = share_captures(parts, [len(every)] * 2)
    outs = _wrap(op_of("while")(*carried, captures=captured, cond=test_region, body=turn_region))
    n = 1 + len(types)
    return unflatten(state_tree, outs[1:n]), unflatten(shown[0], outs[n:])


def map_(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of every element along the first dim of the tensors in `xs`, one after the other, stacked; `vmap` does them at once."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]
