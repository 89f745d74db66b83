"""Common subexpressions: equal nodes on equal operands are computed once."""

from collections.abc import Hashable
from dataclasses import replace

from ...proto.errors import merge_locs
from ..ir.graph import Node, Region, Value
from .base import Context, region_pass
from .rewrite import effectful, rebuilt


@region_pass("cse")
def cse(body: Region, context: Context) -> Region:
    """Merge nodes with the same op, attributes, regions and operands; nodes with effects stay apart."""
    return merge_equal_nodes(body)


def merge_equal_nodes(body: Region) -> Region:
    """`body` with equal nodes merged, in nested regions too."""
    classes = _classes(body)
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    changed = False
    for first, *others in classes:
        current = _merged(first, others, new)
        changed |= current is not first or bool(others)
        nodes.append(current)
        for node in (first, *others):
            if node is not current:
                new.update(zip(node.results, current.results, strict=True))
    if not changed:
        return body
    return rebuilt(body, nodes, tuple(new.get(v, v) for v in body.results))


def _classes(body: Region) -> list[list[Node]]:
    """The nodes of `body` grouped by what they compute, groups in the order of their first members."""
    number: dict[Value, int] = {v: i for i, v in enumerate(body.params)}
    groups: dict[Hashable, list[Node]] = {}
    for node in body.nodes:
        key: Hashable = node if effectful(node) else _key(node, number)
        group = groups.setdefault(key, [])
        group.append(node)
        for value, same in zip(node.results, group[0].results, strict=True):
            number[value] = number[same] if node is not group[0] else len(number)
    return list(groups.values())


def _merged(first: Node, others: list[Node], new: dict[Value, Value]) -> Node:
    operands = tuple(new.get(v, v) for v in first.operands)
    regions = tuple(merge_equal_nodes(r) for r in first.regions)
    same = all(a is b for a, b in zip(operands + regions, first.operands + first.regions, strict=True))
    if same and not others:
        return first
    names = tuple(next((n.results[i].name for n in (first, *others) if n.results[i].name), "") for i in range(len(first.results)))
    loc = merge_locs(n.loc for n in (first, *others))
    return replace(first, operands=operands, regions=regions, loc=loc, names=names)


def _key(node: Node, number: dict[Value, int]) -> Hashable:
    operands = tuple(number[v] for v in node.operands)
    # 0.0 equals -0.0, but they are not the same attribute.
    attrs = tuple((k, v.hex() if isinstance(v, float) else v) for k, v in sorted(node.attrs.items(), key=lambda item: item[0]))
    return (node.op, node.device, operands, node.captures, attrs, node.types, tuple(region_key(r) for r in node.regions))


def region_key(body: Region) -> Hashable:
    """Equal for regions that compute the same: values are numbered in order of definition."""
    number: dict[Value, int] = {v: i for i, v in enumerate(body.params)}
    keys: list[Hashable] = [tuple(v.type for v in body.params)]
    for node in body.nodes:
        keys.append(_key(node, number))
        for v in node.results:
            number[v] = len(number)
    keys.append(tuple(number[v] for v in body.results))
    return tuple(keys)
