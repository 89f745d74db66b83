"""Dead code: nodes nothing needs, loop-carried values nobody reads."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..ir.graph import Module, Node, Region, Value, sort_nodes, used_symbols
from .base import Context, module_pass, region_pass
from .rewrite import effectful, rebuilt


@region_pass("dce")
def dce(body: Region, context: Context) -> Region:
    """Keep what the results and the effects need; drop loop-carried values that feed only themselves."""
    return drop_dead(body)


def drop_dead(body: Region) -> Region:
    """`body` without dead nodes, in nested regions too; the same object if there were none.

    A node that defines symbols lives as long as a live node mentions one of them.
    """
    live: set[Value] = set(body.results)
    kept: set[Node] = set()
    carried: dict[Node, list[int]] = {}
    symbolic = any(node.defined_symbols for node in body.nodes)
    mentioned: set[str] = set()
    for node in reversed(body.nodes):
        if not effectful(node) and not any(v in live for v in node.results) and not node.defined_symbols & mentioned:
            continue
        kept.add(node)
        if symbolic:
            mentioned |= used_symbols(node)
        if node.op == "while":
            carried[node] = _needed_state(node, live)
            live.update(node.operands[i] for i in carried[node])
            live.update(node.captured)
        else:
            live.update(node.operands)
    return _rebuild(body, kept, carried)


def _rebuild(body: Region, live: set[Node], carried: dict[Node, list[int]]) -> Region:
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    for node in body.nodes:
        if node not in live:
            continue
        kept = carried.get(node, range(len(node.results)))
        current = _rebuild_node(node, list(kept), new)
        if current is not node:
            new.update(zip((node.results[i] for i in kept), current.results, strict=True))
        nodes.append(current)
    if len(nodes) == len(body.nodes) and not new:
        return body
    return rebuilt(body, nodes, tuple(new.get(v, v) for v in body.results))


def _rebuild_node(node: Node, kept: list[int], new: dict[Value, Value]) -> Node:
    regions = tuple(drop_dead(r) for r in node.regions)
    operands = tuple(new.get(v, v) for v in node.operands)
    if len(kept) < len(node.results):
        return _narrowed(replace(node, operands=operands, regions=regions), kept)
    same = all(a is b for a, b in zip(operands + regions, node.operands + node.regions, strict=True))
    return node if same else replace(node, operands=operands, regions=regions)


def _needed_state(node: Node, live: set[Value]) -> list[int]:
    """Which loop-carried values of a `while` its condition, its live results or its effects depend on."""
    cond, step = node.regions
    count = len(node.results)
    needed = {i for i in range(count) if node.results[i] in live}
    while True:
        read = reached(cond, cond.results) | reached(step, [step.results[i] for i in needed])
        more = {i for i in range(count) if cond.params[i] in read or step.params[i] in read}
        if more <= needed:
            return sorted(needed)
        needed |= more


def _narrowed(node: Node, kept: list[int]) -> Node:
    """A `while` that carries only the values at `kept`."""
    cond, step = node.regions
    slots = [*kept, *range(len(node.results), len(node.operands))]
    return replace(
        node,
        operands=tuple(node.operands[i] for i in slots),
        regions=(
            with_signature(cond, slots, cond.results),
            with_signature(step, slots, tuple(step.results[i] for i in kept)),
        ),
        types=tuple(node.types[i] for i in kept),
        names=tuple(node.results[i].name for i in kept),
    )


def _needed_nodes(body: Region, results: Iterable[Value]) -> tuple[Node, ...]:
    definers = [n for n in body.nodes if n.defined_symbols]
    return sort_nodes(body.params, results, [n for n in body.nodes if effectful(n)], definers)


def reached(body: Region, results: Iterable[Value]) -> set[Value]:
    """What `results` and the effects of `body` read, parameters included."""
    return {v for n in _needed_nodes(body, results) for v in n.operands} | set(results)


def with_signature(body: Region, params: Sequence[int], results: tuple[Value, ...]) -> Region:
    """`body` with these of its parameters, and other results."""
    return Region(tuple(body.params[i] for i in params), _needed_nodes(body, results), results)


@module_pass("drop-private")
def drop_private(module: Module, context: Context) -> Module:
    """Drop private functions: after inlining nothing refers to them."""
    public = {name: f for name, f in module.functions.items() if f.public}
    return module if len(public) == len(module.functions) else replace(module, functions=public)
