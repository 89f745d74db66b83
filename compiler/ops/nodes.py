"""Nodes by the name of their op: for code that ops themselves refer to, and for whoever builds graphs out of names."""

from typing import cast

from ..ir.graph import Value
from .registry import op_of


def node(name: str, *operands: Value, **keywords: object) -> Value:
    """The result of a new node of an op that has one. Raises the `WeftError` of the first constraint that does not hold."""
    built = op_of(name)(*operands, **keywords)  # type: ignore[arg-type]
    assert isinstance(built, Value)
    return built


def nodes(name: str, *operands: Value, **keywords: object) -> tuple[Value, ...]:
    """The results of a new node, however many. Raises the `WeftError` of the first constraint that does not hold."""
    return results_of(op_of(name)(*operands, **keywords))  # type: ignore[arg-type]


def results_of(built: object) -> tuple[Value, ...]:
    """What a call of an op gave: one result or several, as a tuple."""
    values: tuple[object, ...] = built if isinstance(built, tuple) else (built,)
    return cast("tuple[Value, ...]", values)
