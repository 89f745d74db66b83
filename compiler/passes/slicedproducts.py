"""Products read one operand of a stack where it lies: what a loop takes of its rows in every turn is not copied first."""

from dataclasses import replace

from ..ir.graph import Node, Region, Value, located, users
from ..ops.nodes import node
from .base import Context, region_pass
from .rewrite import rebuilt

# Whoever else writes to the stack may do so in place only if no product has yet to read it.
_READERS = {"dynamic_slice", "weft.matmul"}


@region_pass("sliced-products")
def sliced_products(body: Region, context: Context) -> Region:
    """weft.matmul(reshape(dynamic_slice(x, i, 0, …)), y) -> weft.matmul(x, y, i), and likewise y, for slices that are one row of x."""
    return _in_region(body)


def _in_region(body: Region) -> Region:
    readers = users(body)
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    changed = False
    for n in body.nodes:
        regions = n.regions if n.op == "weft.fusion" else tuple(map(_in_region, n.regions))
        current = replace(n, operands=tuple(new.get(v, v) for v in n.operands), regions=regions)
        taken = _taken(n, readers)
        if taken is not None:
            with located(n.loc):
                made = node("weft.matmul", *(new.get(v, v) for v in taken[1:]), **{**n.attrs, "taken": taken[0]})
            assert made.node is not None
            current = made.node
        elif all(a is b for a, b in zip((*current.operands, *regions), (*n.operands, *n.regions), strict=True)):
            current = n
        changed |= current is not n
        new |= dict(zip(n.results, current.results, strict=True))
        nodes.append(current)
    return rebuilt(body, nodes, tuple(new.get(v, v) for v in body.results)) if changed else body


def _taken(n: Node, readers: dict[Value, list[Node]]) -> tuple[str, Value, Value, Value] | None:
    """Which operand of a product is a row of a stack, and the operands that say so instead."""
    if n.op != "weft.matmul" or n.attrs["taken"] or n.operands[0].dtype != n.results[0].dtype:
        return None
    lhs, rhs = n.operands
    for name, v in (("lhs", lhs), ("rhs", rhs)):
        found = None if name == "rhs" and n.attrs["columns"] else _row(v)
        if found is not None and all(u.op in _READERS for u in readers.get(found[0], ())):
            return (name, found[0], rhs, found[1]) if name == "lhs" else (name, lhs, *found)
    return None


def _row(v: Value) -> tuple[Value, Value] | None:
    """The stack and the index, if `v` is one row of a stack without its first dim."""
    if v.node is None or v.op != "reshape":
        return None
    n = v.node.operands[0].node
    if n is None or n.op != "dynamic_slice":
        return None
    stack, index, *_ = n.operands
    sizes = n.attrs["slice_sizes"]
    return (stack, index) if sizes == (1, *stack.shape[1:]) and v.shape == stack.shape[1:] else None
