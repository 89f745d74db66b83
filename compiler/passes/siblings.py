"""Kernels that read the same become one: reductions over the same rows, elementwise kernels over the same elements.

Neither needs the other, so `fuse`, which goes from users to producers, never meets them together. What is saved is reading the shared
operand a second time, and a launch.
"""

from dataclasses import replace

from ...proto.errors import merge_locs
from ..codegen.cpu.rowspace import row_space
from ..ir.graph import Node, Region, Value, param
from ..ops.registry import op_of

_MOST_RESULTS = 4
_MOST_NODES = 64
# How far a kernel may move down: what it reads lives as long.
_REACH = 32
_FREE = {"constant", "iota", "broadcast_in_dim"}

Origins = dict[Node, tuple[Node, ...]]


def merge_siblings(body: Region) -> tuple[Region, Origins]:
    """`body` with sibling kernels merged, and the kernels that each of its kernels was before.

    A kernel moves down to its sibling, so it must not be needed before: then it is not needed by the sibling either.
    """
    nodes = list(body.nodes)
    origins: Origins = {n: (n,) for n in nodes if n.op == "weft.fusion"}
    changed = False
    at = 0
    while at < len(nodes):
        before = _sibling(nodes, at) if nodes[at].op == "weft.fusion" else None
        if before is None:
            at += 1
            continue
        first, second = nodes[before], nodes[at]
        merged = _merged(first, second)
        origins[merged] = origins.pop(first) + origins.pop(second)
        new = dict(zip((*first.results, *second.results), merged.results, strict=True))
        nodes[at] = merged
        del nodes[before]
        nodes[at:] = [_renamed(n, new, origins) for n in nodes[at:]]
        body = replace(body, results=tuple(new.get(v, v) for v in body.results))
        changed = True
    return (replace(body, nodes=tuple(nodes)) if changed else body), origins


def _renamed(node: Node, new: dict[Value, Value], origins: Origins) -> Node:
    if not any(v in new for v in node.operands):
        return node
    made = replace(node, operands=tuple(new.get(v, v) for v in node.operands))
    if node in origins:
        origins[made] = origins.pop(node)
    new.update(zip(node.results, made.results, strict=True))
    return made


def _sibling(nodes: list[Node], at: int) -> int | None:
    """The nearest kernel before `at` to merge with."""
    second = nodes[at]
    read: set[Value] = set(second.operands)
    for k in range(at - 1, max(-1, at - 1 - _REACH), -1):
        first = nodes[k]
        if first.op == "weft.fusion" and read.isdisjoint(first.results) and _fit(first, second):
            return k
        read.update(first.operands)
    return None


def _fit(a: Node, b: Node) -> bool:
    """Whether one kernel can do what two do, and reads less."""
    shared = set(a.operands) & set(b.operands)
    (first,), (second,) = a.regions, b.regions
    if (
        not shared
        or a.device != b.device
        or len(a.results) + len(b.results) > _MOST_RESULTS
        or len(first.nodes) + len(second.nodes) > _MOST_NODES
    ):
        return False
    match a.attrs["kind"], b.attrs["kind"]:
        case "map", "map":
            shape = a.results[0].shape
            alike = all(v.shape == shape for v in (*a.results, *b.results))
            return alike and any(v.shape == shape for v in shared) and _is_plain(first) and _is_plain(second)
        case (("reduce" | "rows"), ("reduce" | "rows")):
            one, other = row_space(first), row_space(second)
            if one is None or other is None or one.shape != other.shape or not any(v.shape == one.shape for v in shared):
                return False
            return row_space(_merged(a, b).regions[0]) is not None
        case _:
            return False


def _is_plain(region: Region) -> bool:
    """Whether every element is computed from the elements at its own place."""
    return all(n.op in _FREE or op_of(n).is_elementwise for n in region.nodes)


def _merged(a: Node, b: Node) -> Node:
    """One kernel with the results of both."""
    inner: dict[Value, Value] = {}
    given: dict[Value, Value] = {}
    copies: list[Node] = []
    results: list[Value] = []
    for fusion in (a, b):
        (region,) = fusion.regions
        for outside, inside in zip(fusion.operands, region.params, strict=True):
            inner[inside] = given.setdefault(outside, param(inside.type, inside.name))
        for n in region.nodes:
            copy = n.with_operands(inner[v] for v in n.operands)
            inner.update(zip(n.results, copy.results, strict=True))
            copies.append(copy)
        results += [inner[v] for v in region.results]
    kinds = {a.attrs["kind"], b.attrs["kind"]}
    kind = "map" if kinds == {"map"} else "rows"
    return Node(
        "weft.fusion",
        tuple(given),
        {"kind": kind},
        (Region(tuple(given.values()), tuple(copies), tuple(results)),),
        (*a.types, *b.types),
        merge_locs((a.loc, b.loc)),
        names=(*(v.name for v in a.results), *(v.name for v in b.results)),
        device=b.device,
    )
