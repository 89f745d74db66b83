"""Nodes that cost nothing: constants, index ranges, and views of these. Whoever reads one computes it again."""

from ..ir.graph import Node, Region
from ..ir.types import is_host

_OPS = {"constant", "iota"}
_VIEWS = {"broadcast_in_dim", "reshape", "transpose", "convert", "slice"}


def sources(body: Region) -> set[Node]:
    """The nodes of a region that cost nothing and depend on nothing else."""
    found: set[Node] = set()
    for n in body.nodes:
        if any(map(is_host, n.types)):
            continue
        if n.op in _OPS or (n.op in _VIEWS and all(v.node in found for v in n.operands)):
            found.add(n)
    return found
