"""What the graph may look like after a pass: the stages of the pipeline, each with the check that a module has reached it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..proto.errors import Diagnostic
from .drivers import is_driver, stays_in_driver
from .ir.graph import Function, Module, Node, Region

# What may stand beside kernels: data, views, control flow, library calls, ordering.
_BESIDE_KERNELS = {"constant", "reshape", "optimization_barrier", "while", "if", "case", "custom_call", "after_all", "weft.fusion"}
_CALLS = {"call", "composite"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A name and the nodes that do not belong: `strays(module)` says why each does not."""

    name: str
    strays: Callable[[Module], list[Diagnostic]]


def _nodes(body: Region) -> Iterator[Node]:
    """The nodes of `body` and of the regions of control flow, not those inside kernels or folds."""
    for node in body.nodes:
        yield node
        if node.op in ("while", "if", "case", "weft.while", "weft.case"):
            for region in node.regions:
                yield from _nodes(region)


def _calls(module: Module) -> list[Diagnostic]:
    return [
        Diagnostic("stage.inlined", f"`{node.op}` is left after inlining", node.loc)
        for function in module.functions.values()
        for node in function.walk()
        if node.op in _CALLS
    ]


def _not_outlined(module: Module) -> list[Diagnostic]:
    """Nodes that kernels should compute in a driver function, and calls in functions that are none."""
    found: list[Diagnostic] = []
    for function in module.functions.values():
        driver = is_driver(function)
        strays = (n for n in _nodes(function) if (not _may_stay(n) if driver else n.op in _CALLS))
        found += [Diagnostic("stage.outlined", f"`{n.op}` is left after outlining", n.loc) for n in strays]
    return found


def _may_stay(node: Node) -> bool:
    return node.op in ("call", "constant", "weft.transfer") or stays_in_driver(node)


def _segments(module: Module) -> list[Function]:
    """The functions that become native code."""
    return [f for f in module.functions.values() if not is_driver(f)]


def _unfused(module: Module) -> list[Diagnostic]:
    return _not_outlined(module) + [
        Diagnostic("emit.op", f"no kernel can be made for `{node.op}`", node.loc)
        for function in _segments(module)
        for node in _nodes(function)
        if node.op not in _BESIDE_KERNELS
    ]


INLINED = Stage("inlined", _calls)
"""No calls: every function is one body."""
OUTLINED = Stage("outlined", _not_outlined)
"""No calls but those in driver functions, which have nothing else that computes."""
FUSED = Stage("fused", _unfused)
"""Every node that computes is inside a `weft.fusion`."""
