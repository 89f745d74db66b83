"""Formulas on whole tensors, written with Python's operators: how ops are decomposed into elementwise ops.

`x * 2 + exp(y)` builds the nodes; a number takes the type and shape of what it meets. Every operation rounds to the element type, as
each of the ops does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...proto.dtypes import DType
from ..ir.graph import Value
from ..ir.types import TensorType
from . import helpers
from .registry import op_of

Number = bool | int | float | complex


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A tensor in a formula."""

    value: Value

    @property
    def dtype(self) -> DType:
        return self.value.dtype

    @property
    def type(self) -> TensorType:
        return self.value.tensor

    def like(self, x: "Operand") -> "Term":
        """A number as a tensor of this one's type; a term as it is."""
        return x if isinstance(x, Term) else Term(helpers.full_like(self.value, x))

    def __add__(self, y: "Operand") -> "Term":
        return apply("add", self, y)

    def __radd__(self, x: Number) -> "Term":
        return apply("add", self.like(x), self)

    def __sub__(self, y: "Operand") -> "Term":
        return apply("subtract", self, y)

    def __rsub__(self, x: Number) -> "Term":
        return apply("subtract", self.like(x), self)

    def __mul__(self, y: "Operand") -> "Term":
        return apply("multiply", self, y)

    def __rmul__(self, x: Number) -> "Term":
        return apply("multiply", self.like(x), self)

    def __truediv__(self, y: "Operand") -> "Term":
        return apply("divide", self, y)

    def __rtruediv__(self, x: Number) -> "Term":
        return apply("divide", self.like(x), self)

    def __pow__(self, y: "Operand") -> "Term":
        return apply("power", self, y)

    def __neg__(self) -> "Term":
        return apply("negate", self)

    def __invert__(self) -> "Term":
        return apply("not", self)

    def __and__(self, y: "Operand") -> "Term":
        return apply("and", self, y)

    def __or__(self, y: "Operand") -> "Term":
        return apply("or", self, y)

    def __lt__(self, y: "Operand") -> "Term":
        return compare("LT", self, y)

    def __le__(self, y: "Operand") -> "Term":
        return compare("LE", self, y)

    def __gt__(self, y: "Operand") -> "Term":
        return compare("GT", self, y)

    def __ge__(self, y: "Operand") -> "Term":
        return compare("GE", self, y)


Operand = Term | Number


def apply(name: str, x: Term, *others: Operand, **attrs: object) -> Term:
    """The op `name` on a term and others of its type."""
    value = op_of(name)(x.value, *(x.like(y).value for y in others), **attrs)
    assert isinstance(value, Value)
    return Term(value)


def compare(direction: str, x: Term, y: Operand) -> Term:
    """x ? y, as booleans."""
    return apply("compare", x, y, comparison_direction=direction)


def equal(x: Term, y: Operand) -> Term:
    """x = y."""
    return compare("EQ", x, y)


def where(condition: Term, x: Operand, y: Operand) -> Term:
    """x where the condition holds, else y; one of them is a term."""
    first = x if isinstance(x, Term) else y
    assert isinstance(first, Term)
    value = op_of("select")(condition.value, first.like(x).value, first.like(y).value)
    assert isinstance(value, Value)
    return Term(value)


def cast(x: Term, dtype: DType) -> Term:
    """x as another element type."""
    return Term(helpers.cast(x.value, dtype))


def bitcast(x: Term, dtype: DType) -> Term:
    """The bits of x as another element type of that width."""
    value = op_of("bitcast_convert")(x.value, result=x.type.with_dtype(dtype))
    assert isinstance(value, Value)
    return Term(value)


def exp(x: Term) -> Term:
    return apply("exponential", x)


def expm1(x: Term) -> Term:
    return apply("exponential_minus_one", x)


def log(x: Term) -> Term:
    return apply("log", x)


def log1p(x: Term) -> Term:
    return apply("log_plus_one", x)


def sqrt(x: Term) -> Term:
    return apply("sqrt", x)


def sin(x: Term) -> Term:
    return apply("sine", x)


def cos(x: Term) -> Term:
    return apply("cosine", x)


def absolute(x: Term) -> Term:
    return apply("abs", x)


def floor(x: Term) -> Term:
    return apply("floor", x)


def maximum(x: Term, y: Operand) -> Term:
    return apply("maximum", x, y)


def minimum(x: Term, y: Operand) -> Term:
    return apply("minimum", x, y)


def copysign(x: Term, sign: Term) -> Term:
    """|x| with the sign of `sign`, -0 among them. Without a NaN's sign."""
    a = absolute(x)
    return where((sign < 0) | (equal(sign, 0) & (1.0 / sign < 0)), -a, a)


def polynomial(x: Term, coefficients: Sequence[float]) -> Term:
    """Σ coefficients[k] · x^k, by Horner's rule."""
    total = x.like(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total
