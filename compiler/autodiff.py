"""Reverse-mode differentiation of graphs: `pullback` builds, out of ops, the cotangents of some values from those of others.

It walks from results to inputs once and asks every op's `grad` entry for the cotangents of its operands; what has regions is
differentiated here, region by region. The result is ordinary graph, so it can be differentiated again, compiled, and saved; `vjp` and
`gradient` do this for functions, whoever wrote them.

    vjp(f)                           (x..., ct...) -> (y..., x̄...)
    gradient(module, wrt=["w"])      the module with a function `main.grad`: (x...) -> (loss, w̄...)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..proto.dtypes import I64
from ..proto.errors import WeftError, fail
from .ir.graph import Function, Module, Node, Region, Value, definitions, function, located, param, region
from .ir.types import TensorType
from .ops.gradients.common import (
    compare,
    full,
    has_cotangent,
    inline,
    total,
    zeros_like,
)
from .ops.nodes import node
from .ops.registry import Op, op_of
from .passes import Context, inline_calls


def pullback(results: Sequence[Value], seeds: Sequence[Value | None], wrt: Sequence[Value]) -> list[Value | None]:
    """The cotangents of `wrt` when those of `results` are `seeds`; None for a value that no result depends on.

    A seed of None stands for zeros. Raises `WeftError` `grad.*` at the first op on the way that has no derivative.
    """
    cotangents: dict[Value, Value] = {}
    for v, seed in zip(results, seeds, strict=True):
        if seed is not None and has_cotangent(v):
            _add(cotangents, v, seed)
    for current in _between(results, wrt):
        gs = [cotangents.pop(v, None) if v not in wrt else cotangents.get(v) for v in current.results]
        if all(g is None for g in gs):
            continue
        filled = tuple(zeros_like(v) if g is None else g for v, g in zip(current.results, gs, strict=True) if has_cotangent(v))
        with located(current.loc):
            for v, ct in zip(current.operands, _operand_cotangents(current, filled), strict=True):
                if ct is not None:
                    _add(cotangents, v, ct)
    return [cotangents.get(v) for v in wrt]


def _add(cotangents: dict[Value, Value], v: Value, ct: Value) -> None:
    known = cotangents.get(v)
    cotangents[v] = ct if known is None else node("add", known, ct)


def _between(results: Sequence[Value], wrt: Sequence[Value]) -> list[Node]:
    """The nodes that `results` need and that depend on `wrt` by floats, users before operands."""
    reached: set[Node] = set()
    stack = [v.node for v in results if v.node is not None]
    while stack:
        current = stack.pop()
        if current not in reached:
            reached.add(current)
            stack += [v.node for v in current.operands if v.node is not None and has_cotangent(v)]
    depends = set(wrt)
    active: list[Node] = []
    for current in sorted(reached, key=lambda n: n.serial):
        if any(v in depends for v in current.operands):
            active.append(current)
            depends.update(v for v in current.results if has_cotangent(v))
    return active[::-1]


def _operand_cotangents(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """The cotangents of all operands, captures too. `gs` are those of the results that can have one."""
    if current.op in _CONTROL:
        return _CONTROL[current.op](current, gs)
    op = op_of(current)
    if op.grad is None:
        return _by_decomposition(op, current, gs)
    if current.captures:
        fact = f"`{current.op}` whose region captures values cannot be differentiated"
        raise fail("grad.captures", fact, loc=current.loc)
    keywords = dict(current.attrs) | op.bind_regions(current.regions)
    every = iter(gs)
    whole = [next(every) if has_cotangent(v) else v for v in current.results]
    try:
        return op.grad(*whole, *current.operands, **keywords)  # type: ignore[return-value]
    except WeftError as error:
        raise error.at(current.loc) from None


def _by_decomposition(op: Op, current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """Through the ops that the op is made of."""
    if not any(has_cotangent(v) for v in current.operands):
        return [None] * len(current.operands)
    if op.decompose is None or current.regions:
        fact = f"`{current.op}` has no derivative"
        raise fail("grad.op", fact, loc=current.loc, help="stop_gradient(x) says that none is wanted")
    keywords = dict(current.attrs)
    if op.result_keyword or "result" in op.decompose.__code__.co_varnames:
        keywords |= {op.result_keyword or "result": current.types if op.result_keyword == "results" else current.types[0]}
    built = op.decompose(*current.operands, **keywords)
    outs: tuple[Value, ...] = built if isinstance(built, tuple) else (built,)  # type: ignore[assignment]
    wanted = [v for v in outs if has_cotangent(v)]
    return pullback(wanted, gs, current.operands)


# Regions


def _floats(values: Iterable[Value]) -> list[Value]:
    return [v for v in values if has_cotangent(v)]


def _region_pullback(body: Region, n: int) -> Region:
    """(params of `body`, cotangents of its results) -> cotangents of its params, zeros where nothing depends on them.

    Only floats have cotangents. `n` of the params come first, as parameters of a region's own; the rest are captures.
    """
    params = [param(p.type, p.name) for p in body.params]
    seeds = [param(v.type) for v in _floats(body.results)]
    with definitions() as definers:
        results = inline(body, params)
        floats = _floats(params)
        cts = pullback(_floats(results), seeds, floats)
        filled = [zeros_like(p) if ct is None else ct for p, ct in zip(floats, cts, strict=True)]
    return region([*params[:n], *seeds, *params[n:]], filled, definers=definers)


def _branches_grad(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """`if` and `case`: the same choice among the branches' pullbacks. Branches have captures alone."""
    branches = [_region_pullback(branch, 0) for branch in current.regions]
    op = op_of(current)
    names = [name for name in op.regions if not name.startswith("*")]
    keywords: dict[str, object] = dict(zip(names, branches, strict=True)) if names else {"branches": tuple(branches)}
    built = op(*current.inputs, captures=(*gs, *current.captured), **keywords)  # type: ignore[arg-type]
    cts = iter(built if isinstance(built, tuple) else (built,))
    return [None] * len(current.inputs) + [next(cts) if has_cotangent(v) else None for v in current.captured]


@dataclass(frozen=True)
class _Loop:
    """A `while` taken apart: its state, its captures, and how often it turns."""

    state: tuple[Value, ...]
    captured: tuple[Value, ...]
    cond: Region
    body: Region


_COUNT = TensorType(I64, ())


def _while_grad(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """Turns are undone from the last to the first.

    Where the number of turns is known while differentiating, the states before every turn are kept; otherwise each is computed again
    from the first, which takes no memory but time that grows with the square of the turns.
    """
    loop = _Loop(current.inputs, current.captured, current.regions[0], current.regions[1])
    turns = trip_count(current)
    if turns == 0:
        passed = iter(gs)
        return [next(passed) if has_cotangent(v) else None for v in loop.state] + [None] * len(loop.captured)
    if turns is not None:
        stacks = _recorded(loop, turns)
        count: Value = full(_COUNT, turns)
    else:
        stacks = ()
        count = _counted(loop)
    return _backwards(loop, gs, count, stacks)


def _one() -> Value:
    return full(_COUNT, 1)


def _counted(loop: _Loop) -> Value:
    """How often the loop turns, as a value."""
    n = len(loop.state)
    cond = [param(_COUNT), *(param(p.type) for p in loop.cond.params)]
    body = [param(_COUNT), *(param(p.type) for p in loop.body.params)]
    turned = (node("add", body[0], _one()), *inline(loop.body, body[1:]))
    built = op_of("while")(
        full(_COUNT, 0), *loop.state, captures=loop.captured,
        cond=region(cond, inline(loop.cond, cond[1:])), body=region(body, turned),
    )  # fmt: skip
    assert isinstance(built, tuple) and len(built) == n + 1
    return built[0]


def _recorded(loop: _Loop, turns: int) -> tuple[Value, ...]:
    """The states before every turn, each as one tensor with the turns along a new first dim."""
    n = len(loop.state)
    stack_types = [TensorType(v.dtype, (turns, *v.shape)) for v in loop.state]
    types = [_COUNT, *(v.type for v in loop.state), *stack_types]

    def params(rest: Sequence[Value]) -> list[Value]:
        return [*(param(t) for t in types), *(param(v.type) for v in rest)]

    c = params(loop.captured)
    cond = region(c, (compare("LT", c[0], full(_COUNT, turns)),))
    p = params(loop.captured)
    at, state, stacks, captured = p[0], p[1 : n + 1], p[n + 1 : 2 * n + 1], p[2 * n + 1 :]
    kept = [_write(stack, v, at) for stack, v in zip(stacks, state, strict=True)]
    body = region(p, (node("add", at, _one()), *inline(loop.body, [*state, *captured]), *kept))
    start = [full(_COUNT, 0), *loop.state, *(full(t, 0) for t in stack_types)]
    built = op_of("while")(*start, captures=loop.captured, cond=cond, body=body)
    assert isinstance(built, tuple)
    return built[n + 1 :]


def _write(stack: Value, v: Value, at: Value) -> Value:
    zero = full(_COUNT, 0)
    update = node("reshape", v, result=v.tensor.with_shape((1, *v.shape)))
    return node("dynamic_update_slice", stack, update, at, *(zero for _ in v.shape))


def _read(stack: Value, at: Value) -> Value:
    zero = full(_COUNT, 0)
    row = node("dynamic_slice", stack, at, *(zero for _ in stack.shape[1:]), slice_sizes=(1, *stack.shape[1:]))
    return node("reshape", row, result=row.tensor.with_shape(stack.shape[1:]))


def _state_before(loop: _Loop, start: Sequence[Value], captured: Sequence[Value], at: Value) -> Sequence[Value]:
    """The state after `at` turns, computed anew."""
    n = len(start)
    types = [_COUNT, *(v.type for v in start)]
    c = [*(param(t) for t in types), *(param(v.type) for v in captured), param(_COUNT)]
    p = [*(param(t) for t in types), *(param(v.type) for v in captured), param(_COUNT)]
    turned = (node("add", p[0], _one()), *inline(loop.body, p[1:-1]))
    built = op_of("while")(
        full(_COUNT, 0), *start, captures=(*captured, at),
        cond=region(c, (compare("LT", c[0], c[-1]),)), body=region(p, turned),
    )  # fmt: skip
    assert isinstance(built, tuple)
    return built[1 : n + 1]


def _backwards(loop: _Loop, gs: tuple[Value, ...], count: Value, stacks: Sequence[Value]) -> Sequence[Value | None]:
    """The loop over turns from the last to the first; its state: the turn, cotangents of the state, of the captures."""
    floats, captured_floats = _floats(loop.state), _floats(loop.captured)
    if not floats:
        return [None] * (len(loop.state) + len(loop.captured))
    step = _region_pullback(loop.body, len(loop.state))
    start = [count, *gs, *(zeros_like(v) for v in captured_floats)]
    # Without stacks, the first state comes along to compute the others from.
    beside = [*(stacks or loop.state), *loop.captured]
    cond_params = [param(v.type) for v in (*start, *beside)]
    cond = region(cond_params, (compare("GT", cond_params[0], full(_COUNT, 0)),))
    p = [param(v.type) for v in (*start, *beside)]
    k = len(start)
    at = node("subtract", p[0], _one())
    state_source, captured = p[k : k + len(loop.state)], p[k + len(loop.state) :]
    state = [_read(s, at) for s in state_source] if stacks else _state_before(loop, state_source, captured, at)
    cts = inline(step, [*state, *p[1 : 1 + len(floats)], *captured])
    state_cts, more = cts[: len(floats)], cts[len(floats) :]
    totals = [node("add", a, b) for a, b in zip(p[1 + len(floats) : k], more, strict=True)]
    built = op_of("while")(*start, captures=beside, cond=cond, body=region(p, (at, *state_cts, *totals)))
    assert isinstance(built, tuple)
    found = iter(built[1:])
    return [next(found) if has_cotangent(v) else None for v in (*loop.state, *loop.captured)]


def trip_count(loop: Node) -> int | None:
    """How often a `while` turns that counts from a constant, by a constant, while the counter is below a constant; None for others."""
    cond, body = loop.regions
    (pred,) = cond.results
    if pred.node is None or pred.op != "compare" or pred.node.attrs["comparison_direction"] != "LT":
        return None
    counter, limit = pred.node.operands
    n = len(loop.inputs)
    if counter not in cond.params[:n]:
        return None
    k = cond.params.index(counter)
    first, last = _number(loop.operands[k]), _captured_number(limit, cond, loop)
    step = _step(body.results[k], body.params[k], body, loop)
    if first is None or last is None or step is None or step <= 0:
        return None
    return max(0, -(-(last - first) // step))


def _number(v: Value) -> int | None:
    """The integer a value is known to hold, perhaps through reshapes and conversions."""
    if v.node is None or not v.dtype.is_int or v.shape:
        return None
    if v.op in ("reshape", "convert"):
        n = _number(v.node.operands[0])
        return None if n is None else int(np.asarray(n).astype(v.dtype.numpy))  # a narrower type wraps
    return int(v.node.attrs["value"].array) if v.op == "constant" else None  # type: ignore[union-attr]


def _captured_number(v: Value, body: Region, owner: Node) -> int | None:
    """The same for a value of a region, which may be a capture."""
    if v in body.params:
        place = body.params.index(v)
        return _number(owner.operands[place]) if place >= len(owner.inputs) else None
    return _number(v)


def _step(result: Value, counter: Value, body: Region, owner: Node) -> int | None:
    if result.node is None or result.op != "add":
        return None
    x, y = result.node.operands
    other = y if x is counter else x if y is counter else None
    return None if other is None else _captured_number(other, body, owner)


def _call_grad(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    raise fail("grad.call", "calls are differentiated after they are inlined", loc=current.loc, help="gradient(module) inlines them")


def _custom_grad(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """By the op's own rule; what it captures has no derivative."""
    given = iter(gs)
    cts = [next(given) if has_cotangent(v) else zeros_like(v) for v in current.results]
    found = inline(current.regions[1], [*current.inputs, *cts, *current.captured])
    return [ct if has_cotangent(v) else None for v, ct in zip(current.inputs, found, strict=True)] + [None] * current.captures


def _map_grad(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """One `map` for the cotangents of each operand; what the computation captures is shared by all elements."""
    step = _region_pullback(current.regions[0], len(current.inputs))
    found: list[Value] = []
    for result in step.results:
        one = region(step.params, (result,))
        made = op_of("map")(*current.inputs, *gs, captures=current.captured, computation=one, dimensions=current.attrs["dimensions"])
        assert isinstance(made, Value)
        found.append(made)
    cts = iter(found)
    own = [next(cts) if has_cotangent(v) else None for v in current.inputs]
    shared = [next(cts) if has_cotangent(v) else None for v in current.captured]
    return [*own, *(None if ct is None else total(ct, range(len(ct.shape))) for ct in shared)]


_CONTROL = {
    "map": _map_grad,
    "if": _branches_grad,
    "case": _branches_grad,
    "while": _while_grad,
    "weft.custom_vjp": _custom_grad,
    "call": _call_grad,
    "composite": _call_grad,
}


# Functions


def vjp(f: Function, *, name: str | None = None) -> Function:
    """The function `(x..., ct...) -> (y..., x̄...)`: results of `f`, and the cotangents of its float parameters from those of its results.

    There is a `ct` for every result of float or complex type, and an x̄ for every such parameter, zeros where nothing depends on it.
    """
    params = [param(p.type, p.name) for p in f.params]
    with definitions() as definers:
        results = inline(f, params)
        taken = set(f.param_names)
        seeds = [param(v.type, _fresh(f"ct.{i}", taken)) for i, v in enumerate(_floats(results))]
        floats = _floats(params)
        cts = pullback(_floats(results), seeds, floats)
        filled = [zeros_like(p) if ct is None else ct for p, ct in zip(floats, cts, strict=True)]
    names = [*f.result_names, *(f"grad.{p.name}" for p in floats)] if f.result_names else []
    return function(name or f"{f.name}.vjp", [*params, *seeds], [*results, *filled], result_names=names, definers=definers, loc=f.loc)


def _fresh(name: str, taken: set[str]) -> str:
    """`name`, with as many primes as make it new; entered into `taken`."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def gradient(module: Module, wrt: Sequence[str], *, of: str | None = None, name: str | None = None) -> Module:
    """The module with one more function: the results of `main`, then the gradients of its result `of` by the parameters `wrt`.

    `of` must be one number; None stands for the only result. Raises `WeftError`: `grad.wrt`, `grad.of`, or where an op has no
    derivative.
    """
    module = inline_calls(module, Context())
    main = module.main
    by_name = dict(zip(main.param_names, main.params, strict=True))
    for wanted in wrt:
        if wanted not in by_name or not has_cotangent(by_name[wanted]):
            raise fail("grad.wrt", f"`{wanted}` is no float parameter", help=f"the parameters are {', '.join(by_name)}")
    place = _result_place(main, of)
    params = [param(p.type, p.name) for p in main.params]
    new = dict(zip(main.params, params, strict=True))
    with definitions() as definers:
        results = inline(main, params)
        targets = [new[by_name[w]] for w in wrt]
        one = full(results[place].tensor, 1)
        cts = pullback([results[place]], [one], targets)
        filled = [zeros_like(t) if ct is None else ct for t, ct in zip(targets, cts, strict=True)]
    names = [*(main.result_names or [f"result{i}" for i in range(len(results))]), *(f"grad.{w}" for w in wrt)]
    made = function(name or f"{main.name}.grad", params, [*results, *filled], result_names=names, definers=definers, loc=main.loc)
    return module.with_function(made)


def _result_place(main: Function, of: str | None) -> int:
    names = list(main.result_names) or [f"result{i}" for i in range(len(main.results))]
    if of is None and len(names) > 1:
        raise fail("grad.of", "the function has several results", help=f"say which of {', '.join(names)} is differentiated")
    if of is not None and of not in names:
        raise fail("grad.of", f"there is no result `{of}`", help=f"the results are {', '.join(names)}")
    place = 0 if of is None else names.index(of)
    v = main.results[place]
    if not has_cotangent(v) or v.shape:
        raise fail("grad.of", f"a gradient is taken of one float, `{names[place]}` is {v.type}", help="reduce it, or use vjp")
    return place
