"""Calls and composites are replaced by the bodies they name."""

from collections.abc import Mapping

from ...proto.errors import fail
from ..ir.attrs import Symref
from ..ir.dims import Dim
from ..ir.graph import Function, Module, Node
from ..ir.instantiate import instantiate
from ..ir.types import unify
from .base import Context, module_pass, with_body
from .rewrite import Result, Rule, Uses, apply_rules, inline


def callee_of(node: Node) -> str:
    """The name of the function that a `call` or `composite` refers to."""
    target = node.attrs["callee" if node.op == "call" else "decomposition"]
    assert isinstance(target, Symref)
    return target.name


def _rule(functions: Mapping[str, Function]) -> Rule:
    def replace_call(n: Node, uses: Uses) -> Result:
        name = callee_of(n)
        if name not in functions:
            raise fail("call.callee", f"the module has no function `{name}`", loc=n.loc)
        return inline(_at_call(functions[name], n), n.operands)

    return Rule("inline", ("call", "composite"), replace_call)


def _at_call(callee: Function, call: Node) -> Function:
    """The callee with its symbols, which are its own, replaced by the dims it is called with."""
    values: dict[str, Dim] = {}
    for p, v in zip(callee.params, call.operands, strict=True):
        unify(p.type, v.type, values)
    return instantiate(callee, values) if values else callee


@module_pass("inline")
def inline_calls(module: Module, context: Context) -> Module:
    """call(@f, x) -> the body of f, composite -> its decomposition, innermost functions first."""
    done: dict[str, Function] = {}
    for name in call_order(module):
        function = module.functions[name]
        done[name] = with_body(function, apply_rules(function, [_rule(done)]))
    if all(done[name] is module.functions[name] for name in done):
        return module
    return Module({name: done[name] for name in module.functions}, module.name, module.meta)


def call_order(module: Module) -> list[str]:
    """Function names, callees before callers; a `WeftError` if functions call each other in a circle."""
    calls = {
        name: {callee_of(n) for n in f.walk() if n.op in ("call", "composite")} & set(module.functions)
        for name, f in module.functions.items()
    }
    order: list[str] = []
    while len(order) < len(calls):
        ready = [name for name in calls if name not in order and calls[name] <= set(order)]
        if not ready:
            circle = ", ".join(sorted(set(calls) - set(order)))
            raise fail("call.cycle", f"functions call each other in a circle: {circle}", help="a dataflow graph has no recursion")
        order += ready
    return order
