"""Regions out of values: what a function computes, and what it takes from outside.

A value of a graph knows the node that made it, and so on back to parameters. To make a region of what a function has built one must
know where to stop: at its parameters; at values that were there before it was called, which it captures; and at constants, which
every region has for itself.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from ...compiler.ir.graph import Node, Region, Value, definitions, param, region, used_symbols

_Outside = Callable[[Value], bool]


def mark() -> int:
    """The present, for `close`: nodes built later are inside."""
    from ...compiler.ops.helpers import const

    node = const(0).node
    assert node is not None
    return node.serial


def close(
    params: Sequence[Value],
    results: Sequence[Value],
    *,
    since: int = -1,
    known: Collection[Value] = (),
    definers: Iterable[Node] = (),
) -> tuple[Region, list[Value]]:
    """The region that computes `results` from `params` and captured values, which become its last parameters; and these values.

    Captured are the values in `known`, those made at or before `since`, and parameters of others.
    """
    inside = set(params)
    captured: dict[Value, Value] = {}
    new: dict[Value, Value] = {p: p for p in params}

    def outside(v: Value) -> bool:
        return v not in inside and (v in known or v.node is None or (v.node.serial <= since and v.op != "constant"))

    own: list[Node] = []
    with definitions():  # what is copied here defines symbols in the region alone
        for node in _sorted(results, outside, definers):
            operands = [_taken(v, outside, captured, new) for v in node.operands]
            same = all(a is b for a, b in zip(operands, node.operands, strict=True))
            own.append(node if same else node.with_operands(operands))
            new.update(zip(node.results, own[-1].results, strict=True))
    outs = [_taken(v, outside, captured, new) for v in results]
    return region([*params, *captured.values()], outs, definers=[n for n in own if n.defined_symbols]), list(captured)


def _taken(v: Value, outside: _Outside, captured: dict[Value, Value], new: Mapping[Value, Value]) -> Value:
    if outside(v):
        return captured.setdefault(v, param(v.type, v.name))
    return new[v]


def _sorted(results: Sequence[Value], outside: _Outside, definers: Iterable[Node]) -> list[Node]:
    """The nodes inside that `results` need, operands first; among them those that define the symbols of their types."""
    found: set[Node] = set()
    _reach([v.node for v in results if v.node is not None and not outside(v)], outside, found)
    left = list(definers)
    while left:
        mentioned = set[str]().union(*map(used_symbols, found))
        needed = [n for n in left if n not in found and n.defined_symbols & mentioned]
        if not needed:
            break
        _reach(needed, outside, found)
    return sorted(found, key=lambda n: n.serial)


def _reach(stack: list[Node], outside: _Outside, found: set[Node]) -> None:
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [v.node for v in node.operands if v.node is not None and not outside(v)]
