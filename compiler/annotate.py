"""Annotations by name: which nodes of a graph are to run where."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from ..proto.errors import Loc, fail
from .devices import device
from .ir.graph import Module, Node, Region
from .passes.base import with_body
from .passes.rewrite import with_each


def place(module: Module, rules: Mapping[str, str]) -> Module:
    """The module with nodes annotated to run on devices: `place(module, {"encoder/*": "sim:1"})`.

    A rule's pattern (`*`, `?`, `[…]`) is matched with the name of the source node, of each result, and with the op (`stablehlo.tanh`);
    where several match, the last rule counts. The nodes that no rule names are placed by estimates of cost. Raises `WeftError`:
    `device.name`, `place.pattern` for a pattern that matches nothing.
    """
    named = {pattern: device(name).name for pattern, name in rules.items()}
    used: set[str] = set()
    functions = {key: with_body(f, _annotated(f, named, used)) for key, f in module.functions.items()}
    for pattern in named.keys() - used:
        names = sorted({n for f in module.functions.values() for node in f.walk() for n in _names(node) if n})
        close = get_close_matches(pattern.strip("*"), names, 5, 0.3) or names[:5]
        raise fail("place.pattern", f"no node is called {pattern!r}", help=f"there are, for example: {', '.join(close)}")
    return replace(module, functions=functions)


def _annotated(body: Region, rules: Mapping[str, str], used: set[str]) -> Region:
    def change(node: Node) -> Node:
        regions = tuple(_annotated(r, rules, used) for r in node.regions)
        return replace(node, regions=regions, device=_device(node, rules, used))

    return with_each(body, change)


def _device(node: Node, rules: Mapping[str, str], used: set[str]) -> str:
    names = _names(node)
    matching = [pattern for pattern in rules if any(fnmatchcase(name, pattern) for name in names)]
    used.update(matching)
    return rules[matching[-1]] if matching else node.device


def _names(node: Node) -> set[str]:
    op = node.op if node.op.startswith("weft.") else f"stablehlo.{node.op}"
    return {op, *_loc_names(node.loc), *(v.name for v in node.results if v.name)}


def _loc_names(loc: Loc) -> set[str]:
    return {loc.name, *(name for part in loc.parts for name in _loc_names(part))} - {""}
