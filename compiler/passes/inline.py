"""Calls and composites are replaced by the bodies they name."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ...proto.errors import fail
from ...proto.limits import Limits
from ..ir.attrs import Symref
from ..ir.dims import Dim, symbol
from ..ir.graph import Function, Module, Node, Value, symbols_in
from ..ir.instantiate import concrete_dim, instantiate
from ..ir.types import unify_all
from ..ops.composite import known_composite
from ..ops.registry import op_of
from .base import Context, module_pass, with_body
from .rewrite import Result, Rule, Uses, apply_rules, inline

_CALLS = ("call", "composite")


def callee_of(node: Node) -> str:
    """The name of the function that a `call` or `composite` refers to."""
    target = node.attrs["callee" if node.op == "call" else "decomposition"]
    assert isinstance(target, Symref)
    return target.name


def _known_op(n: Node) -> tuple[Value, ...] | None:
    """The op of weft's own that a composite is, which is as exact as its decomposition at least, on the composite's operands."""
    known = known_composite(n.attrs, [v.type for v in n.inputs])
    if known is None:
        return None
    name, attrs = known
    keywords: dict[str, Any] = dict(attrs)
    built = op_of(name)(*n.inputs, **keywords)
    results = built if isinstance(built, tuple) else (built,)
    return results if tuple(v.type for v in results) == n.types else None


def _rule(functions: Mapping[str, Function], taken: set[str]) -> Rule:
    def replace_call(n: Node, uses: Uses) -> Result:
        known = _known_op(n) if n.op == "composite" else None
        if known is not None:
            return known
        name = callee_of(n)
        if name not in functions:
            raise fail("call.callee", f"the module has no function `{name}`", loc=n.loc)
        return inline(_at_call(functions[name], n, taken), n.operands, n.device)

    return Rule("inline", _CALLS, replace_call)


def _at_call(callee: Function, call: Node, taken: set[str]) -> Function:
    """The callee with its symbols, which are its own, replaced by the dims it is called with.

    Those that its nodes define get names that are not `taken`, and take them.
    """
    values: dict[str, Dim] = {}
    unify_all([p.type for p in callee.params], [v.type for v in call.operands], values)
    bound = dict(values)
    for name, s in symbols_in(callee).items():
        if name not in bound:
            lo, hi = (None if b is None else concrete_dim(b, bound) for b in (s.lo, s.hi))
            values[name] = symbol(_fresh(name, taken), lo, hi)
    return instantiate(callee, values) if values else callee


def _fresh(name: str, taken: set[str]) -> str:
    """The name, with a number if it is taken, which it is from now on."""
    found, n = name, 0
    while found in taken:
        n += 1
        found = f"{name}.{n}"
    taken.add(found)
    return found


@module_pass("inline")
def inline_calls(module: Module, context: Context) -> Module:
    """call(@f, x) -> the body of f, composite -> the op weft has for it or its decomposition, innermost functions first."""
    order = call_order(module)
    _check_copies(module, order, context.limits)
    done: dict[str, Function] = {}
    for name in order:
        function = module.functions[name]
        rule = _rule(done, set(symbols_in(function)))
        done[name] = with_body(function, apply_rules(function, [rule]))
    if all(done[name] is module.functions[name] for name in done):
        return module
    return Module({name: done[name] for name in module.functions}, module.name, module.meta)


def _check_copies(module: Module, order: Sequence[str], limits: Limits) -> None:
    """What inlining copies must be bounded: functions that call each other twice double with every one."""
    sizes: dict[str, int] = {}
    for name in order:
        function = module.functions[name]
        nodes = list(function.walk())
        sizes[name] = len(nodes) + sum(sizes.get(callee_of(n), 0) for n in nodes if n.op in _CALLS)
        copied = sizes[name] - sum(sizes[other] for other in {callee_of(n) for n in nodes if n.op in _CALLS} & sizes.keys())
        what = f"calls in `{name}` stand for {copied} operations and more"
        limits.check("function_nodes", copied - len(nodes), what, code="call.size", loc=function.loc)


def call_order(module: Module) -> list[str]:
    """Function names, callees before callers; a `WeftError` if functions call each other in a circle."""
    calls = {
        name: sorted({callee_of(n) for n in f.walk() if n.op in _CALLS} & module.functions.keys()) for name, f in module.functions.items()
    }
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise fail("call.cycle", f"functions call each other in a circle: {circle}", help="a dataflow graph has no recursion") from None
