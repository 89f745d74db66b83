"""The rewrite engine: rules say what a node becomes; the driver owns traversal, locations and the rebuilding of what uses it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...proto.errors import InternalError
from ..ir.graph import Node, Region, Value, in_place_of, sort_nodes
from ..ops.registry import op_of

# Each round may uncover what the next one matches, at most once per node; a rule that keeps firing beyond that is a bug of ours: two
# rules undo each other.
_MIN_ROUNDS = 32


def effectful(node: Node) -> bool:
    """Whether `node`, or a node in one of its regions, has an effect: it is kept even if its results are not used."""
    if node.op == "custom_call":
        return bool(node.attrs.get("has_side_effect"))
    return op_of(node).has_effect or (bool(node.regions) and any(effectful(inner) for region in node.regions for inner in region.nodes))


class Uses:
    """How often each value is used in the region being rewritten, its results included."""

    def __init__(self, body: Region) -> None:
        self._counts: dict[Value, int] = {}
        for node in body.nodes:
            for v in node.operands:
                self._counts[v] = self._counts.get(v, 0) + 1
        for v in body.results:
            self._counts[v] = self._counts.get(v, 0) + 1

    def __call__(self, value: Value) -> int:
        # A value made by a rule in this round has exactly the use it was made for.
        return self._counts.get(value, 1)

    def __contains__(self, value: Value) -> bool:
        return value in self._counts

    def inherit(self, new: Sequence[Value], old: Sequence[Value]) -> None:
        """`new` takes over the uses of `old`."""
        for n, o in zip(new, old, strict=True):
            self._counts[n] = self._counts.get(o, 1)


@dataclass(frozen=True)
class Inlined:
    """What a region computes as part of another: its results and the nodes that stay even if no result needs them.

    `effects` stay for what they do, `definers` if the symbols they define are mentioned.
    """

    results: tuple[Value, ...]
    effects: tuple[Node, ...]
    definers: tuple[Node, ...] = ()


Result = Value | tuple[Value, ...] | Inlined | None
RuleFunction = Callable[[Node, Uses], Result]


@dataclass(frozen=True)
class Rule:
    """A rewrite of nodes of certain ops: `apply` returns what replaces the node's results, or None where it does not match."""

    name: str
    ops: tuple[str, ...]
    apply: RuleFunction


def rewrite(name: str, *ops: str) -> Callable[[RuleFunction], Rule]:
    """Make a rule of a function; its docstring states the law, `before -> after`."""

    def make(apply: RuleFunction) -> Rule:
        return Rule(name, ops, apply)

    return make


def apply_rules(body: Region, rules: Sequence[Rule]) -> Region:
    """`body` rewritten until no rule matches, nested regions included; the same object if none ever did."""
    by_op: dict[str, list[Rule]] = {}
    for rule in rules:
        for op in rule.ops:
            by_op.setdefault(op, []).append(rule)
    for _ in range(_MIN_ROUNDS + sum(1 for _ in body.walk())):
        new = _Round(body, by_op).run()
        if new is body:
            return body
        body = new
    raise InternalError(f"rewriting does not end; rules: {', '.join(r.name for r in rules)}")


class _Round:
    """One walk over a region in order, replacing as it goes."""

    def __init__(self, body: Region, by_op: Mapping[str, list[Rule]]) -> None:
        self.body = body
        self.by_op = by_op
        self.uses = Uses(body)
        self.new: dict[Value, Value] = {}
        self.effects: list[Node] = []
        self.definers: list[Node] = []
        self.changed = False

    def run(self) -> Region:
        for node in self.body.nodes:
            self._visit(node)
        results = tuple(self.new.get(v, v) for v in self.body.results)
        nodes = sort_nodes(self.body.params, results, self.effects, self.definers)
        if not self.changed and len(nodes) == len(self.body.nodes):
            return self.body
        return rebuilt(self.body, nodes, results)

    def _visit(self, node: Node) -> None:
        current = self._rebuild(node)
        if current is not node:
            self.uses.inherit(current.results, node.results)
        replacement = self._match(current)
        if replacement is not None:
            self.changed = True
            fresh = [(new, old) for new, old in zip(replacement, node.results, strict=True) if new not in self.uses]
            self.uses.inherit([new for new, _ in fresh], [old for _, old in fresh])
            for old, new in zip(node.results, replacement, strict=True):
                self.new[old] = new
            return
        if current is not node:
            for old, new in zip(node.results, current.results, strict=True):
                self.new[old] = new
        if effectful(current):
            self.effects.append(current)
        elif current.defined_symbols:
            self.definers.append(current)

    def _rebuild(self, node: Node) -> Node:
        operands = tuple([self.new.get(v, v) for v in node.operands])
        # Kernels are opaque to rules.
        regions = node.regions if node.op == "weft.fusion" else tuple([_Round(r, self.by_op).run() for r in node.regions])
        if all(a is b for a, b in zip(regions, node.regions, strict=True)):
            return node if operands == node.operands else replace(node, operands=operands)
        self.changed = True
        return replace(node, operands=operands, regions=regions)

    def _match(self, node: Node) -> tuple[Value, ...] | None:
        rules = self.by_op.get(node.op)
        if not rules:
            return None
        with in_place_of(node):
            for rule in rules:
                result = rule.apply(node, self.uses)
                if result is not None:
                    return self._replacement(rule, node, result)
        return None

    def _replacement(self, rule: Rule, node: Node, result: Value | tuple[Value, ...] | Inlined) -> tuple[Value, ...]:
        if isinstance(result, Inlined):
            self.effects += result.effects
            self.definers += result.definers
            result = result.results
        values = result if isinstance(result, tuple) else (result,)
        _check_types(rule, node, values)
        return tuple(_named(v, old) for v, old in zip(values, node.results, strict=True))


def _check_types(rule: Rule, node: Node, values: Sequence[Value]) -> None:
    if tuple(v.type for v in values) != node.types:
        raise InternalError(
            f"rule {rule.name} turned {node.op} of type {', '.join(map(str, node.types))} into {', '.join(str(v.type) for v in values)}"
        )


def _named(new: Value, old: Value) -> Value:
    # The name a person knows the value by must survive the rewriting of the node that made it.
    if old.name and not new.name:
        new.name = old.name
    return new


def rebuilt(body: Region, nodes: Iterable[Node], results: tuple[Value, ...]) -> Region:
    """`body` with other nodes and results, still a `Function` if it was one."""
    return replace(body, nodes=tuple(nodes), results=results)


def with_each(body: Region, change: Callable[[Node], Node]) -> Region:
    """The region with what `change` makes of each of its nodes, which has the node's operands and result types."""
    new: dict[Value, Value] = {p: p for p in body.params}
    nodes: list[Node] = []
    for node in body.nodes:
        nodes.append(change(node).with_operands(new[v] for v in node.operands))
        new.update(zip(node.results, nodes[-1].results, strict=True))
    return rebuilt(body, nodes, tuple(new[v] for v in body.results))


def inline(body: Region, args: Sequence[Value], device: str = "") -> Inlined:
    """`body` with its parameters replaced by `args`, as new nodes, on `device` where they do not say another."""
    new = dict(zip(body.params, args, strict=True))
    effects: list[Node] = []
    definers: list[Node] = []
    for node in body.nodes:
        copy = replace(node, operands=tuple(new[v] for v in node.operands), device=node.device or device)
        new.update(zip(node.results, copy.results, strict=True))
        if effectful(copy):
            effects.append(copy)
        elif copy.defined_symbols:
            definers.append(copy)
    return Inlined(tuple(new[v] for v in body.results), tuple(effects), tuple(definers))
