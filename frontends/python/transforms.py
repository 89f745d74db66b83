"""Derivatives of Python functions: `grad`, `value_and_grad`, `vjp`, `jvp`, `stop_gradient`, `checkpoint`.

All of them trace the function to a graph and transform that. On eager tensors the result is interpreted at once; inside a
`@weft.function` it becomes part of its graph.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...compiler.autodiff import pullback
from ...compiler.interpreter import evaluate
from ...compiler.ir.graph import Region, Value, definitions, located, param, region, tensor_type_of
from ...compiler.ops.gradients.common import full, has_cotangent, inline, zeros_like
from ...compiler.ops.registry import op_of
from ...proto.errors import WeftError, check, fail
from .close import close, mark
from .lift import apart, as_value, lifted
from .place import user_loc
from .pytree import Tree, flatten, tree_map, unflatten
from .tape import record, recording, seen
from .tensor import METHODS, Tensor
from .trace import building, is_building, share_captures, trace_region

Argnums = int | Sequence[int]


class Linearised:
    """A function traced at some arguments: the region of its results, and what it captures."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], has_aux: bool) -> None:
        self.leaves, self.tree = flatten(tuple(args))
        self.values = [_leaf(x) for x in self.leaves]
        self.start = mark()
        self.params = [param(v.type if isinstance(v, Value) else tensor_type_of(v)) for v in self.values]
        with building(), definitions() as self.definers:
            inputs = unflatten(self.tree, [Tensor(None, p) for p in self.params])
            result = f(*inputs)
        self.aux: Any = None
        if has_aux:
            check(isinstance(result, tuple) and len(result) == 2, "grad.aux", "with has_aux the function returns (result, aux)")
            result, self.aux = result
        outs, self.out_tree = flatten(result)
        self.aux_leaves, self.aux_tree = flatten(self.aux)
        self.results = [as_value(x) for x in outs]

    def run(self, wanted: Sequence[Value], seeds: Sequence[tuple[Value, Any]] = ()) -> list[Tensor]:
        """Values built on the parameters (and on seeds) as tensors: part of the graph being traced, or interpreted at once."""
        params = [*self.params, *(p for p, _ in seeds)]
        body, captured = close(params, wanted, since=self.start, definers=self.definers)
        return applied(body, [*self.leaves, *(s for _, s in seeds)], captured)


def applied(body: Region, leaves: Sequence[Any], captured: Sequence[Value]) -> list[Tensor]:
    """What a region computes of leaves of trees, and of what it captures: part of the graph being traced, or interpreted at once.

    What is captured eagerly are tensors that an open tape watches.
    """
    watched = [Tensor(seen(v), v) for v in captured]
    if any(_traced(x) for x in (*leaves, *watched)) or (captured and is_building()):
        return [Tensor(None, v) for v in inline(body, [*(as_value(_leaf(x)) for x in leaves), *captured])]
    return interpreted(body, [*leaves, *watched])


def interpreted(body: Region, leaves: Sequence[Any]) -> list[Tensor]:
    """What a region computes of eager tensors, arrays and numbers, seen by the open tapes."""
    given = [_leaf(x) for x in leaves]
    data = evaluate(body, *given)
    values: Sequence[Value | None] = [None] * len(data)
    if recording() and any(isinstance(x, Tensor) and x.recorded is not None for x in leaves):
        sources = [x.value if isinstance(x, Tensor) and x.recorded is not None else as_value(g) for x, g in zip(leaves, given, strict=True)]
        values = inline(body, sources)
        for v, d in zip(values, data, strict=True):
            record(v, d)
    return [Tensor(d, v) for d, v in zip(data, values, strict=True)]


def _traced(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_traced


def _leaf(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.value if x.array is None else x.array
    # Python's numbers are single precision, as arguments of a weft.function are; numpy's keep theirs.
    return np.asarray(x, {float: np.float32, complex: np.complex64}.get(type(x)))


def _scalar(v: Value) -> None:
    good = has_cotangent(v) and not v.shape and not v.dtype.is_complex
    check(
        good, "grad.scalar", f"grad needs a function whose result is one float, got {v.type}", help="reduce it with sum or mean, or use vjp"
    )


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives `(f(*args), gradients)`: by the argument `argnums`, a tree like it, or by several, a tuple of such trees.

    `f` returns one float; with `has_aux` a pair of it and anything. Raises `WeftError` `grad.*`.
    """

    def call(*args: Any, **keywords: Any) -> Any:
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        check(all(-len(args) <= n < len(args) for n in numbers), "grad.argnums", f"argnums {argnums} of {len(args)} arguments")
        try:
            with located(user_loc()):
                return _value_and_grad(
                    lambda *a: f(*a, **keywords), args, [n % len(args) for n in numbers], has_aux, isinstance(argnums, int)
                )
        except WeftError as error:
            raise error.at(user_loc()) from None

    return call


def _value_and_grad(f: Callable[..., Any], args: Sequence[Any], numbers: Sequence[int], has_aux: bool, single: bool) -> Any:
    linear = Linearised(f, args, has_aux)
    check(len(linear.results) == 1, "grad.scalar", f"grad needs a function of one result, got {linear.out_tree}")
    (loss,) = linear.results
    _scalar(loss)
    counts = [flatten(a)[1].leaves for a in args]
    targets: list[list[Value]] = []
    for n in numbers:
        own = linear.params[sum(counts[:n]) : sum(counts[: n + 1])]
        for p in own:
            fact = f"argument {n} has a leaf of type {p.type}, by which no derivative can be taken"
            check(has_cotangent(p), "grad.argument", fact, help="floats and complex numbers have derivatives")
        targets.append(own)
    flat = [p for own in targets for p in own]
    cts = pullback([loss], [full(loss.tensor, 1)], flat)
    filled = [zeros_like(p) if ct is None else ct for p, ct in zip(flat, cts, strict=True)]
    aux = [as_value(x) for x in linear.aux_leaves]
    found = linear.run([loss, *filled, *aux])
    rest = iter(found[1 : 1 + len(filled)])
    grads = tuple(unflatten(flatten(args[n])[1], [next(rest) for _ in own]) for n, own in zip(numbers, targets, strict=True))
    value = (found[0], unflatten(linear.aux_tree, found[1 + len(filled) :])) if has_aux else found[0]
    return value, grads[0] if single else grads


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function whose result is one float; with `has_aux` a pair of it and what else `f` returns."""
    both = value_and_grad(f, argnums, has_aux)

    def call(*args: Any, **keywords: Any) -> Any:
        value, grads = both(*args, **keywords)
        return (grads, value[1]) if has_aux else grads

    return call


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """`f(*primals)`, and the function from the cotangents of its results (a tree like them) to those of the primals."""
    linear = Linearised(f, primals, False)
    outs = linear.run(linear.results)

    def pull(ct: Any) -> tuple[Any, ...]:
        cts, tree = flatten(ct)
        check(tree == linear.out_tree, "vjp.structure", f"the cotangents are {tree}, the results {linear.out_tree}")
        return _transposed(linear, cts)

    return unflatten(linear.out_tree, outs), pull


def _transposed(linear: Linearised, cts: Sequence[Any]) -> tuple[Any, ...]:
    seeds = [param(v.type) for v in linear.results]
    found = pullback(linear.results, seeds, linear.params)
    filled = [zeros_like(p) if ct is None else ct for p, ct in zip(linear.params, found, strict=True)]
    arrays = [_alike("vjp.shape", "cotangent", c, v) for c, v in zip(cts, linear.results, strict=True)]
    return unflatten(linear.tree, linear.run(filled, list(zip(seeds, arrays, strict=True))))


def _alike(code: str, what: str, x: Any, v: Value) -> Any:
    """A cotangent or tangent of `v`, converted to its element type."""
    given = x if isinstance(x, Tensor) else np.asarray(x, v.dtype.numpy)
    if given.shape != v.shape:
        raise fail(code, f"a {what} of shape {given.shape} is given for {v.type}", loc=user_loc())
    return METHODS["astype"](given, v.dtype.numpy) if isinstance(given, Tensor) and given.dtype != v.dtype.numpy else given


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`f(*primals)` and its derivative along `tangents`: the transpose of the transpose (Radul et al., 2022)."""
    linear = Linearised(f, primals, False)
    leaves, tree = flatten(tuple(tangents))
    check(tree == linear.tree, "jvp.structure", f"the tangents are {tree}, the primals {linear.tree}")
    dummies = [zeros_like(v) for v in linear.results]
    pulled = pullback(linear.results, dummies, linear.params)
    seeds = [param(p.type) for p in linear.params]
    pairs = [(ct, s) for ct, s in zip(pulled, seeds, strict=True) if ct is not None]
    pushed = pullback([ct for ct, _ in pairs], [s for _, s in pairs], dummies) if pairs else [None] * len(dummies)
    filled = [zeros_like(v) if t is None else t for v, t in zip(linear.results, pushed, strict=True)]
    arrays = [_alike("jvp.shape", "tangent", t, p) for t, p in zip(leaves, linear.params, strict=True)]
    n = len(linear.results)
    outs = linear.run([*linear.results, *filled], list(zip(seeds, arrays, strict=True)))
    return unflatten(linear.out_tree, outs[:n]), unflatten(linear.out_tree, outs[n:])


@lifted
def _stopped(x: Any) -> Value:
    return as_value(op_of("weft.stop_gradient")(x))


def stop_gradient(x: Any) -> Any:
    """The tensors of a tree, as constants to derivatives."""
    return tree_map(_stopped, x)


def custom_vjp(f: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """`f` with a derivative of its own: `backward(args, ct)` gives a tuple of cotangents, one tree per argument.

    `args` is the tuple of arguments, `ct` a tree like the result. `backward` says nothing of what `f` closes over: a derivative by that is
    refused, as `grad.closure`.
    """

    def call(*args: Any) -> Any:
        leaves, tree = flatten(args)
        if not is_building() and not any(isinstance(x, Tensor) and x.recorded is not None for x in leaves):
            return f(*apart(args))
        shape: list[Tree] = []
        with located(user_loc()):
            found = _applied(lambda values: _custom(f, backward, values, tree, shape), leaves)
        return unflatten(shape[0], found)

    return call


def _applied(build: Callable[[Sequence[Value]], Sequence[Value]], leaves: Sequence[Any]) -> list[Tensor]:
    """What `build` makes of leaves: part of the graph being traced, or interpreted at once and seen by the open tapes."""
    if is_building() or any(_traced(x) for x in leaves):
        return [Tensor(None, v) for v in build([as_value(x) for x in leaves])]
    params = [param(tensor_type_of(_leaf(x))) for x in leaves]
    start = mark()
    with building(), definitions() as definers:
        results = build(params)
    body, captured = close(params, results, since=start, definers=definers)
    return applied(body, leaves, captured)


def _custom(
    f: Callable[..., Any], backward: Callable[..., Any], values: Sequence[Value], tree: Tree, shape: list[Tree]
) -> tuple[Value, ...]:
    """The `weft.custom_vjp` of values; `shape` gets the tree of its results."""
    types = [v.tensor for v in values]

    def body(ps: Sequence[Tensor]) -> list[Value]:
        outs, out_tree = flatten(f(*unflatten(tree, ps)))
        shape.append(out_tree)
        return [as_value(x) for x in outs]

    forward = trace_region(body, types)
    outs = [v.tensor for v in forward[0].results]

    def back(ps: Sequence[Tensor]) -> list[Value]:
        cts, ct_tree = flatten(tuple(backward(unflatten(tree, ps[: len(types)]), unflatten(shape[0], ps[len(types) :]))))
        check(ct_tree == tree, "custom_vjp.structure", f"`backward` returns {ct_tree}, the arguments are {tree}")
        return [as_value(x) for x in cts]

    parts = [forward, trace_region(back, [*types, *outs])]
    captured, regions = share_captures(parts, [len(types), len(types) + len(outs)])
    built = op_of("weft.custom_vjp")(*values, captures=captured, body=regions[0], backward=regions[1])
    return built if isinstance(built, tuple) else (built,)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose intermediate results are not kept for its derivative but computed again.

    What `f` closes over has derivatives too. Outside of a trace nothing is kept or computed again: it is `f`.
    """

    def call(*args: Any) -> Any:
        if not is_building():
            return f(*apart(args))
        leaves, tree = flatten(args)
        with located(user_loc()):
            return _recomputed(f, [as_value(x) for x in leaves], tree)

    return call


def _recomputed(f: Callable[..., Any], values: Sequence[Value], tree: Tree) -> Any:
    """A `weft.custom_vjp` of the values and of what `f` closes over, whose backward computes `f` again."""
    shape: list[Tree] = []

    def body(ps: Sequence[Tensor]) -> list[Value]:
        outs, out_tree = flatten(f(*unflatten(tree, ps)))
        shape.append(out_tree)
        return [as_value(x) for x in outs]

    forward, captured = trace_region(body, [v.tensor for v in values])
    inputs = [*values, *captured]
    made: Any = inline(forward, inputs)
    if any(has_cotangent(v) for v in inputs):
        made = op_of("weft.custom_vjp")(*inputs, body=forward, backward=_again(forward))
    return unflatten(shape[0], [Tensor(None, v) for v in (made if isinstance(made, tuple) else (made,))])


def _again(forward: Region) -> Region:
    """(params, cotangents of the results) -> cotangents of the params, by another run of `forward`."""
    params, seeds = [param(p.type) for p in forward.params], [param(v.type) for v in forward.results]
    with definitions() as definers:
        # Without the barrier, common subexpressions would be found and kept after all.
        held: Any = op_of("optimization_barrier")(*params)
        held = held if isinstance(held, tuple) else (held,)
        cts = pullback(inline(forward, held), seeds, held)
        filled = [zeros_like(p) if ct is None else ct for p, ct in zip(params, cts, strict=True)]
    return region([*params, *seeds], filled, definers=definers)
