"""Optionals. A value that is no optional is one that is there."""

from ....compiler.ir.graph import Value
from ....compiler.ir.types import OptionalType
from ....compiler.ops.helpers import const
from .. import host
from ..node import NodeView
from ..registry import handles
from ..types import type_of


def _held(x: Value) -> Value | None:
    """The value in an optional, where it is known to be there."""
    if not isinstance(x.type, OptionalType):
        return x
    return x.node.operands[0] if x.node is not None and host.target(x) == "optional_some" else None


@handles("Optional", host=True)
def optional(node: NodeView, x: Value | None = None) -> Value:
    """Holding the operand, or nothing of a given type."""
    if x is not None:
        return host.call1("optional_some", x)
    element = type_of(node.type("type"), node.scope.reader, node.loc)
    return host.declared("optional_none", [OptionalType(element)])[0]


@handles("OptionalHasElement", host=True)
def optional_has_element(node: NodeView, x: Value | None = None) -> Value:
    """Whether there is a value."""
    if x is None or host.target(x) == "optional_none":
        return const(False)
    return const(True) if _held(x) is not None else host.call1("optional_has", x)


@handles("OptionalGetElement", host=True)
def optional_get_element(node: NodeView, x: Value) -> Value:
    """The value; that there is none is an error when the program meets it."""
    held = _held(x)
    return host.call1("optional_get", x) if held is None else held
