"""Elementwise arithmetic: one result element from the operand elements at the same place.

Integers wrap. Division by an integer zero gives -1 (all bits set) and the remainder is the dividend; the least integer divided by -1 is
itself. Floats follow IEEE 754, `maximum` and `minimum` those of IEEE 754-2019: a NaN in gives a NaN out, and -0 < +0.
"""

import numpy as np

from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import rules
from .gradients.elementwise import maximum_grad, minimum_grad, power_grad, remainder_grad
from .numeric import Array, before, compute, dtype_of
from .registry import Function, Op, define
from .rules import Elements


def binary(
    name: str,
    elements: Elements,
    doc: str,
    *,
    reference: Function,
    lower: Function,
    grad: Function | None = None,
    commutative: bool = False,
) -> Op:
    """Define an op of two operands and a result of one type.  I1, I2: the element types; C1: equal types."""

    def infer(lhs: Type, rhs: Type) -> TensorType:
        x = rules.tensor(lhs, f"{name}.I1", "lhs", elements)
        y = rules.tensor(rhs, f"{name}.I2", "rhs", elements)
        rules.check_same_type(x, y, f"{name}.C1")
        return x

    text = f"{doc}\n\nI1, I2: tensors of {elements.phrase} type. C1: `lhs`, `rhs` and the result have the same type."
    traits = ("elementwise", "commutative") if commutative else ("elementwise",)
    return define(name, doc=text, infer=infer, reference=reference, lower=lower, grad=grad, traits=traits)


def unary(name: str, elements: Elements, doc: str, *, reference: Function, lower: Function, grad: Function | None = None) -> Op:
    """Define an op of one operand and a result of its type.  I1: the element type; C1: the result's type."""

    def infer(operand: Type) -> TensorType:
        return rules.tensor(operand, f"{name}.I1", "operand", elements)

    text = f"{doc}\n\nI1: a tensor of {elements.phrase} type. C1: the result has the operand's type."
    return define(name, doc=text, infer=infer, reference=reference, lower=lower, grad=grad, traits=("elementwise",))


def _divide(x: Array, y: Array) -> Array:
    dtype = dtype_of(x)
    if not dtype.is_int:
        return compute(np.divide, x, y)

    def quotient(x: Array, y: Array) -> Array:
        safe = np.where(y == 0, y.dtype.type(1), y)
        if dtype.is_unsigned:
            return np.where(y == 0, np.invert(np.zeros_like(y)), x // safe)
        # -x wraps where x / -1 would trap.
        towards_zero = (x - np.fmod(x, np.where(safe == -1, y.dtype.type(1), safe))) // safe
        return np.where(y == 0, y.dtype.type(-1), np.where(y == -1, -x, towards_zero))

    return compute(quotient, x, y)


def _remainder(x: Array, y: Array) -> Array:
    if not dtype_of(x).is_int:
        return compute(np.fmod, x, y)

    def rest(x: Array, y: Array) -> Array:
        trivial = (y == 0) | ((y == -1) if y.dtype.kind == "i" else False)
        return np.where(y == 0, x, np.where(trivial, x.dtype.type(0), np.fmod(x, np.where(trivial, y.dtype.type(1), y))))

    return compute(rest, x, y)


def _integer_power(x: Array, y: Array) -> Array:
    """x to the y by squaring, wrapping; a negative power of anything but 1 and -1 is 0."""
    result, base, left = np.ones_like(x * y), x, np.maximum(y, 0)
    while (left > 0).any():
        result = np.where(left & 1 != 0, result * base, result)
        base, left = base * base, left >> 1
    sign = np.where(y & 1 != 0, x, x.dtype.type(1))
    return np.where(y >= 0, result, np.where(np.abs(x) == 1, sign, x.dtype.type(0)))


def _power(x: Array, y: Array) -> Array:
    return compute(_integer_power, x, y) if dtype_of(x).is_int else compute(np.power, x, y, precise=True)


def _maximum(x: Array, y: Array) -> Array:
    if x.dtype.kind == "c":
        return np.where(before(y, x), x, y)
    # Of two zeros, +0 if there is one.
    return np.where((x == 0) & (y == 0), x + y, np.maximum(x, y)) if x.dtype.kind == "f" else np.maximum(x, y)


def _minimum(x: Array, y: Array) -> Array:
    if x.dtype.kind == "c":
        return np.where(before(x, y), x, y)
    return np.where((x == 0) & (y == 0), -(-x - y), np.minimum(x, y)) if x.dtype.kind == "f" else np.minimum(x, y)


def _atan2(y: Array, x: Array) -> Array:
    if not dtype_of(x).is_complex:
        return compute(np.arctan2, y, x, precise=True)
    return compute(lambda y, x: -1j * np.log((x + 1j * y) / np.sqrt(x * x + y * y)), y, x, precise=True)


def _atan2_grad(g: Value, y: Value, x: Value) -> tuple[Value, Value]:
    scaled = divide(g, add(multiply(x, x), multiply(y, y)))
    return multiply(scaled, x), negate(multiply(scaled, y))


add = binary(
    "add", rules.NUMBER_OR_BOOL, "lhs + rhs; logical or for booleans.",
    reference=lambda x, y: compute(np.add, x, y),
    lower=lambda b, x, y: b.add(x, y),
    grad=lambda g, x, y: (g, g),
    commutative=True,
)  # fmt: skip
subtract = binary(
    "subtract", rules.NUMBER, "lhs - rhs.",
    reference=lambda x, y: compute(np.subtract, x, y),
    lower=lambda b, x, y: b.sub(x, y),
    grad=lambda g, x, y: (g, negate(g)),
)  # fmt: skip
multiply = binary(
    "multiply", rules.NUMBER_OR_BOOL, "lhs · rhs; logical and for booleans.",
    reference=lambda x, y: compute(np.multiply, x, y),
    lower=lambda b, x, y: b.mul(x, y),
    grad=lambda g, x, y: (multiply(g, y), multiply(g, x)),
    commutative=True,
)  # fmt: skip
divide = binary(
    "divide", rules.NUMBER, "lhs / rhs; integers round towards zero, x / 0 = -1 (all bits set).",
    reference=_divide,
    lower=lambda b, x, y: b.div(x, y),
    grad=lambda g, x, y: (divide(g, y), negate(divide(multiply(divide(g, y), x), y))),
)  # fmt: skip
remainder = binary(
    "remainder", rules.REAL, "lhs - rhs · trunc(lhs / rhs), with the sign of lhs; integers: x rem 0 = x.",
    reference=_remainder,
    lower=lambda b, x, y: b.rem(x, y),
    grad=remainder_grad,
)  # fmt: skip
power = binary(
    "power", rules.NUMBER, "lhs to the power rhs; integers wrap, and a negative power of anything but 1 and -1 is 0.",
    reference=_power,
    lower=lambda b, x, y: b.pow(x, y),
    grad=power_grad,
)  # fmt: skip
maximum = binary(
    "maximum", rules.NUMBER_OR_BOOL, "The larger; logical or for booleans, lexicographic for complex numbers.",
    reference=lambda x, y: compute(_maximum, x, y),
    lower=lambda b, x, y: b.max(x, y),
    commutative=True,
    grad=maximum_grad,
)  # fmt: skip
minimum = binary(
    "minimum", rules.NUMBER_OR_BOOL, "The smaller; logical and for booleans, lexicographic for complex numbers.",
    reference=lambda x, y: compute(_minimum, x, y),
    lower=lambda b, x, y: b.min(x, y),
    commutative=True,
    grad=minimum_grad,
)  # fmt: skip
atan2 = binary(
    "atan2", rules.FLOAT_OR_COMPLEX, "The angle of the point (rhs, lhs), in [-π, π].",
    reference=_atan2,
    lower=lambda b, y, x: b.atan2(y, x),
    grad=_atan2_grad,
)  # fmt: skip

negate = unary(
    "negate", rules.NUMBER, "-x; integers wrap.",
    reference=lambda x: compute(np.negative, x),
    lower=lambda b, x: b.neg(x),
    grad=lambda g, x: (negate(g),),
)  # fmt: skip
