"""Derivatives of functions and modules."""

from collections.abc import Sequence
from dataclasses import replace

from ...proto.errors import fail
from ..ir.graph import Function, Module, definitions, function, param
from ..ops.gradients.common import full, has_cotangent, inline, zeros_like
from ..passes import Context, flatten_tuples, inline_calls
from ..passes.canonicalize import tuple_element
from ..passes.decompose import decompose_node
from ..passes.rewrite import apply_rules
from .reverse import floats, pullback


def vjp(f: Function, *, name: str | None = None) -> Function:
    """The function `(x..., ct...) -> (y..., x̄...)`: results of `f`, and the cotangents of its float parameters from those of its results.

    There is a `ct` for every result of float or complex type, and an x̄ for every such parameter, zeros where nothing depends on it.
    """
    params = [param(p.type, p.name) for p in f.params]
    with definitions() as definers:
        results = inline(f, params)
        taken = set(f.param_names)
        seeds = [param(v.type, _fresh(f"ct.{i}", taken)) for i, v in enumerate(floats(results))]
        wrt = floats(params)
        cts = pullback(floats(results), seeds, wrt)
        filled = [zeros_like(p) if ct is None else ct for p, ct in zip(wrt, cts, strict=True)]
    names = [*f.result_names, *(f"grad.{p.name}" for p in wrt)] if f.result_names else []
    return function(name or f"{f.name}.vjp", [*params, *seeds], [*results, *filled], result_names=names, definers=definers, loc=f.loc)


def _fresh(name: str, taken: set[str]) -> str:
    """`name`, with as many primes as make it new; entered into `taken`."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def differentiable(module: Module) -> Module:
    """The module in the form that is differentiated: without calls, and without tuples inside."""
    context = Context()
    module = flatten_tuples(inline_calls(module, context), context)
    return replace(module, functions={name: _without_tuples(f) for name, f in module.functions.items()})


def _without_tuples(f: Function) -> Function:
    body = apply_rules(f, [replace(decompose_node, ops=("async_start", "async_done")), tuple_element])
    return replace(f, nodes=body.nodes, results=body.results)


def gradient(module: Module, wrt: Sequence[str], *, of: str | None = None, name: str | None = None) -> Module:
    """The module with one more function: the results of `main`, then the gradients of its result `of` by the parameters `wrt`.

    `of` must be one number; None stands for the only result. Raises `WeftError`: `grad.wrt`, `grad.of`, or where an op has no
    derivative.
    """
    module = differentiable(module)
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
