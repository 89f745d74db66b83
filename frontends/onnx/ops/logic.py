"""Comparisons, logic, selection."""

from functools import reduce as fold

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import full_like
from .. import build
from ..build import elementwise, op
from ..node import NodeView
from ..registry import handles
from .math import legacy_broadcast

_DIRECTIONS = {"Equal": "EQ", "Greater": "GT", "GreaterOrEqual": "GE", "Less": "LT", "LessOrEqual": "LE"}
_BITWISE = {"And": "and", "Or": "or", "Xor": "xor", "BitwiseAnd": "and", "BitwiseOr": "or", "BitwiseXor": "xor"}


@handles(*_DIRECTIONS)
def compare(node: NodeView, x: Value, y: Value) -> Value:
    """Broadcasting comparison."""
    return build.compare(_DIRECTIONS[node.op_type], *legacy_broadcast(node, x, y))


@handles(*_BITWISE)
def binary(node: NodeView, x: Value, y: Value) -> Value:
    """Broadcasting logic, bit by bit for integers."""
    return elementwise(_BITWISE[node.op_type], *legacy_broadcast(node, x, y))


@handles("Not", "BitwiseNot")
def invert(node: NodeView, x: Value) -> Value:
    """Logical or bitwise not."""
    return op("not", x)


@handles("BitShift")
def shift(node: NodeView, x: Value, y: Value) -> Value:
    """Shift of integers; to the right with the sign."""
    right = "shift_right_logical" if x.dtype.is_unsigned else "shift_right_arithmetic"
    return elementwise("shift_left" if node.string("direction") == "LEFT" else right, x, y)


@handles("Where")
def where(node: NodeView, pred: Value, x: Value, y: Value) -> Value:
    """Broadcasting selection."""
    return build.select(pred, x, y)


@handles("IsNaN")
def is_nan(node: NodeView, x: Value) -> Value:
    """x ≠ x."""
    return build.compare("NE", x, x)


@handles("IsInf")
def is_inf(node: NodeView, x: Value) -> Value:
    """Which elements are infinite, of the signs asked for."""
    signs = []
    if node.int("detect_positive", 1):
        signs.append(build.compare("EQ", x, full_like(x, float("inf"))))
    if node.int("detect_negative", 1):
        signs.append(build.compare("EQ", x, full_like(x, float("-inf"))))
    if not signs:
        return build.compare("NE", full_like(x, 0), full_like(x, 0))
    return fold(lambda a, b: op("or", a, b), signs)


@handles("Identity", host=True)
def identity(node: NodeView, x: Value) -> Value:
    """The operand."""
    return x
