"""How the functions here write nodes."""

from typing import Any

from ....compiler.ir.graph import Value
from ....compiler.ops.registry import op_of


def node(name: str, *operands: Value, **attrs: Any) -> Value:
    """A node of one result."""
    built = op_of(name)(*operands, **attrs)
    assert isinstance(built, Value)
    return built
