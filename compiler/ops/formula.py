"""Formulas written with Python's operators: how elementwise functions are made of elementwise ops.

`x * 2 + exp(y)` builds nodes on tensors (`Term`), or says what one element is (`Lane`); a number takes the type of what it meets. Every
operation rounds to the element type, as each of the ops does.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self, TypeVar, final

from ...proto.dtypes import DType
from ..ir.graph import Value
from ..ir.types import TensorType
from . import helpers
from .builder import Element, ElementBuilder
from .registry import op_of

Number = bool | int | float | complex


class Quantity(ABC):
    """What a formula computes with."""

    @property
    @abstractmethod
    def dtype(self) -> DType: ...

    @abstractmethod
    def like(self, x: Any) -> Self:
        """A number as a quantity of this one's type; a quantity as it is."""

    @abstractmethod
    def apply(self, name: str, *others: Any, **attrs: Any) -> Self:
        """The op `name` of this quantity and others."""

    @abstractmethod
    def select(self, x: Any, y: Any) -> Self:
        """x where this one is true, else y."""

    @abstractmethod
    def cast(self, dtype: DType) -> Self:
        """The quantity as another element type."""

    @abstractmethod
    def bitcast(self, dtype: DType) -> Self:
        """The bits as another element type of that width."""

    def __add__(self, y: Self | Number) -> Self:
        return apply("add", self, y)

    def __radd__(self, x: Number) -> Self:
        return apply("add", self.like(x), self)

    def __sub__(self, y: Self | Number) -> Self:
        return apply("subtract", self, y)

    def __rsub__(self, x: Number) -> Self:
        return apply("subtract", self.like(x), self)

    def __mul__(self, y: Self | Number) -> Self:
        return apply("multiply", self, y)

    def __rmul__(self, x: Number) -> Self:
        return apply("multiply", self.like(x), self)

    def __truediv__(self, y: Self | Number) -> Self:
        return apply("divide", self, y)

    def __rtruediv__(self, x: Number) -> Self:
        return apply("divide", self.like(x), self)

    def __pow__(self, y: Self | Number) -> Self:
        return apply("power", self, y)

    def __neg__(self) -> Self:
        return apply("negate", self)

    def __and__(self, y: Self | Number) -> Self:
        return apply("and", self, y)

    def __or__(self, y: Self | Number) -> Self:
        return apply("or", self, y)

    def __lt__(self, y: Self | Number) -> Self:
        return compare("LT", self, y)

    def __le__(self, y: Self | Number) -> Self:
        return compare("LE", self, y)

    def __gt__(self, y: Self | Number) -> Self:
        return compare("GT", self, y)

    def __ge__(self, y: Self | Number) -> Self:
        return compare("GE", self, y)


Q = TypeVar("Q", bound=Quantity)


@final
class Term(Quantity):
    """A tensor in a formula."""

    def __init__(self, value: Value) -> None:
        self.value = value

    @property
    def dtype(self) -> DType:
        return self.value.dtype

    @property
    def tensor(self) -> TensorType:
        return self.value.tensor

    def like(self, x: Any) -> Self:
        return x if isinstance(x, type(self)) else type(self)(helpers.full_like(self.value, x))

    def apply(self, name: str, *others: Any, **attrs: Any) -> Self:
        value = op_of(name)(self.value, *(y.value for y in others), **attrs)
        assert isinstance(value, Value)
        return type(self)(value)

    def select(self, x: Any, y: Any) -> Self:
        return self.apply("select", x, y)

    def cast(self, dtype: DType) -> Self:
        return type(self)(helpers.cast(self.value, dtype))

    def bitcast(self, dtype: DType) -> Self:
        return self.apply("bitcast_convert", result=self.tensor.with_dtype(dtype))


@final
class Lane(Quantity):
    """One element in a formula: what a code generator computes."""

    def __init__(self, builder: ElementBuilder[Element], element: Element) -> None:
        self.builder = builder
        self.element = element

    @property
    def dtype(self) -> DType:
        return self.element.dtype

    def like(self, x: Any) -> Self:
        return x if isinstance(x, type(self)) else type(self)(self.builder, self.builder.const(self.dtype, x))

    def apply(self, name: str, *others: Any, **attrs: Any) -> Self:
        op = op_of(name)
        assert op.lower is not None
        given = {k: attrs.get(k, default) for k, default in op.attrs.items()}
        found: Any = op.lower(self.builder, self.element, *(y.element for y in others), **given)
        return type(self)(self.builder, found)

    def select(self, x: Any, y: Any) -> Self:
        return type(self)(self.builder, self.builder.select(self.element, x.element, y.element))

    def cast(self, dtype: DType) -> Self:
        return self if dtype == self.dtype else type(self)(self.builder, self.builder.convert(self.element, dtype))

    def bitcast(self, dtype: DType) -> Self:
        return type(self)(self.builder, self.builder.bitcast(self.element, dtype))


def apply(name: str, x: Q, *others: Q | Number, **attrs: Any) -> Q:
    """The op `name` on a quantity and others of its type."""
    return x.apply(name, *(x.like(y) for y in others), **attrs)


def compare(direction: str, x: Q, y: Q | Number) -> Q:
    """x ? y, as booleans."""
    return apply("compare", x, y, comparison_direction=direction)


def equal(x: Q, y: Q | Number) -> Q:
    """x = y."""
    return compare("EQ", x, y)


def where(condition: Q, x: Q | Number, y: Q | Number) -> Q:
    """x where the condition holds, else y; one of them is a quantity."""
    if isinstance(x, Quantity):
        return condition.select(x, x.like(y))
    assert isinstance(y, Quantity)
    return condition.select(y.like(x), y)


def cast(x: Q, dtype: DType) -> Q:
    """x as another element type."""
    return x.cast(dtype)


def bitcast(x: Q, dtype: DType) -> Q:
    """The bits of x as another element type of that width."""
    return x.bitcast(dtype)


def exp(x: Q) -> Q:
    return apply("exponential", x)


def expm1(x: Q) -> Q:
    return apply("exponential_minus_one", x)


def log(x: Q) -> Q:
    return apply("log", x)


def log1p(x: Q) -> Q:
    return apply("log_plus_one", x)


def sqrt(x: Q) -> Q:
    return apply("sqrt", x)


def sin(x: Q) -> Q:
    return apply("sine", x)


def cos(x: Q) -> Q:
    return apply("cosine", x)


def absolute(x: Q) -> Q:
    return apply("abs", x)


def floor(x: Q) -> Q:
    return apply("floor", x)


def maximum(x: Q, y: Q | Number) -> Q:
    return apply("maximum", x, y)


def minimum(x: Q, y: Q | Number) -> Q:
    return apply("minimum", x, y)


def copysign(x: Q, sign: Q) -> Q:
    """|x| with the sign of `sign`, -0 among them; the sign of a NaN is none."""
    a = absolute(x)
    return where((sign < 0) | (equal(sign, 0) & (1.0 / sign < 0)), -a, a)


def polynomial(x: Q, coefficients: Sequence[float]) -> Q:
    """Σ coefficients[k] · x^k, by Horner's rule."""
    total = x.like(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total
