"""Driver functions: those that Python must conduct, because shapes in them depend on data, because they handle host values, or because
they run on several devices."""

from .ir.graph import Function, Node, Region
from .ir.types import TokenType, is_host

# What makes dims of data, or holds them against data.
_SIZES = {"weft.bind_dims", "weft.check_shape"}
# Control flow whose regions the driver itself runs.
CONTROL = {"weft.while", "weft.case"}
# Control flow that is native unless something inside needs the driver, and what it is then.
NATIVE_CONTROL = {"while": "weft.while", "if": "weft.case", "case": "weft.case"}


def needs_driver(node: Node) -> bool:
    """Whether a node cannot be part of a native function: it makes dims of data or touches host values, or something inside it does."""
    if node.op in _SIZES or node.op in CONTROL or node.defined_symbols:
        return True
    if any(is_host(v.type) for v in node.operands) or any(map(is_host, node.types)):
        return True
    return any(needs_driver(inner) for region in node.regions for inner in region.nodes)


def stays_in_driver(node: Node) -> bool:
    """Whether, in a driver function, a node is no part of a segment: what only the driver runs, and loops over several devices."""
    return only_in_driver(node) or _spans_devices(node)


def only_in_driver(node: Node) -> bool:
    """Whether no device can run a node by itself: what needs the driver, and what is ordered among it."""
    ordered = any(isinstance(t, TokenType) for t in node.types) or any(isinstance(v.type, TokenType) for v in node.operands)
    return ordered or (node.op == "custom_call" and bool(node.attrs.get("has_side_effect"))) or needs_driver(node)


def is_driver(function: Function) -> bool:
    """Whether a function needs the driver, spans devices, or is what `outline` has left of one that does."""
    return _is_driver(function) or any(is_host(v.type) for v in (*function.params, *function.results))


def _is_driver(body: Region) -> bool:
    return any(node.op == "call" or node.device or needs_driver(node) or _spans_devices(node) for node in body.nodes)


def _spans_devices(node: Node) -> bool:
    """Whether nodes inside have been placed apart from the host; loops on one device say so themselves."""
    return not node.device and any(inner.device for region in node.regions for inner in region.walk())
