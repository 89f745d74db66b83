"""Arithmetic in the graph with Python's operators: for the sizes, indices and coordinates that importers compute from data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np

from ...compiler.ir.dims import Dim, Expr
from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops import helpers
from ...compiler.ops.bodies import identity_of
from ...compiler.ops.helpers import const
from ...proto.dtypes import BOOL, I64, DType
from . import build
from .build import op

Number = Union["Array", Expr, bool, int, float]


@dataclass(frozen=True, eq=False)
class Array:
    """A tensor of the graph. Operators broadcast as numpy's do; `//` and `%` round as Python's; numbers take the array's element type."""

    value: Value

    @property
    def dtype(self) -> DType:
        return self.value.dtype

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.value.shape

    def _like(self, other: Number) -> Value:
        match other:
            case Array():
                return other.value
            case Expr():
                return dim(other).cast(self.dtype).value
            case _:
                return const(other, self.dtype)

    def _op(self, name: str, other: Number) -> "Array":
        return Array(build.elementwise(name, self.value, self._like(other)))

    def _rop(self, name: str, other: Number) -> "Array":
        return Array(build.elementwise(name, self._like(other), self.value))

    def _compare(self, direction: str, other: Number) -> "Array":
        return Array(build.compare(direction, self.value, self._like(other)))

    def __add__(self, other: Number) -> "Array":
        return self._op("add", other)

    __radd__ = __add__

    def __sub__(self, other: Number) -> "Array":
        return self._op("subtract", other)

    def __rsub__(self, other: Number) -> "Array":
        return self._rop("subtract", other)

    def __mul__(self, other: Number) -> "Array":
        return self._op("multiply", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> "Array":
        return self._op("divide", other)

    def __rtruediv__(self, other: Number) -> "Array":
        return self._rop("divide", other)

    def __mod__(self, other: Number) -> "Array":
        by = Array(self._like(other))
        rest = self._op("remainder", by)
        wrong = rest.differs(0) & (rest < 0).differs(by < 0)
        return wrong.where(rest + by, rest)

    def __floordiv__(self, other: Number) -> "Array":
        by = Array(self._like(other))
        return (self - self % by) / by

    def __neg__(self) -> "Array":
        return Array(op("negate", self.value))

    def __invert__(self) -> "Array":
        return Array(op("not", self.value))

    def __and__(self, other: Number) -> "Array":
        return self._op("and", other)

    def __or__(self, other: Number) -> "Array":
        return self._op("or", other)

    def __lt__(self, other: Number) -> "Array":
        return self._compare("LT", other)

    def __le__(self, other: Number) -> "Array":
        return self._compare("LE", other)

    def __gt__(self, other: Number) -> "Array":
        return self._compare("GT", other)

    def __ge__(self, other: Number) -> "Array":
        return self._compare("GE", other)

    def equals(self, other: Number) -> "Array":
        """Where the elements are equal."""
        return self._compare("EQ", other)

    def differs(self, other: Number) -> "Array":
        """Where the elements are not equal."""
        return self._compare("NE", other)

    def where(self, yes: Number, no: Number) -> "Array":
        """`yes` where this (of bool) holds, else `no`; one of them is an array."""
        like = yes if isinstance(yes, Array) else no
        assert isinstance(like, Array)
        return Array(build.select(self.value, like._like(yes), like._like(no)))

    def minimum(self, other: Number) -> "Array":
        """The smaller of each two elements."""
        return self._op("minimum", other)

    def maximum(self, other: Number) -> "Array":
        """The larger of each two elements."""
        return self._op("maximum", other)

    def clip(self, low: Number, high: Number) -> "Array":
        """Elements moved into [low, high]; `high` where that is empty."""
        return self.maximum(low).minimum(high)

    def floor(self) -> "Array":
        return Array(op("floor", self.value))

    def ceil(self) -> "Array":
        return Array(op("ceil", self.value))

    def abs(self) -> "Array":
        return Array(op("abs", self.value))

    def cast(self, dtype: DType) -> "Array":
        """The elements converted."""
        return Array(helpers.cast(self.value, dtype))

    def reduce(self, monoid: str, axes: Sequence[int] | None = None, keep: bool = False) -> "Array":
        """The elements combined by add, mul, max, min, and, or over `axes`, or all."""
        over = range(len(self.shape)) if axes is None else axes
        init = const(identity_of(monoid, self.dtype), self.dtype)
        body = helpers.scalar_region({"and": "and", "or": "or", **build.MONOID_OPS}[monoid], self.dtype)
        result = op("reduce", self.value, init, dimensions=tuple(over), body=body)
        return Array(build.keep_dims(result, self.shape, tuple(over)) if keep else result)

    def sum(self) -> "Array":
        return self.reduce("add")

    def prod(self) -> "Array":
        return self.reduce("mul")

    def all(self) -> "Array":
        return self.reduce("and")

    def any(self) -> "Array":
        return self.reduce("or")

    def __getitem__(self, i: int) -> "Array":
        """Element `i` of a vector, as a scalar."""
        return Array(helpers.reshape_to(build.slice_axis(self.value, 0, i, i + 1), ()))

    def items(self) -> "list[Array]":
        """The elements of a vector of known length."""
        (n,) = self.value.tensor.static_shape
        return [self[i] for i in range(n)]

    def column(self, axis: int, rank: int) -> "Array":
        """A vector as a tensor of `rank` dims that lies along `axis`."""
        return self.reshape(tuple(self.shape[0] if a == axis else 1 for a in range(rank)))

    def reshape(self, shape: Sequence[Dim]) -> "Array":
        return Array(helpers.reshape_to(self.value, tuple(shape)))

    def broadcast(self, shape: Sequence[Dim]) -> "Array":
        return Array(helpers.broadcast_to(self.value, tuple(shape)))


def array(value: object, dtype: DType = I64) -> Array:
    """A constant."""
    return Array(const(np.asarray(value), dtype))


def iota(shape: Sequence[Dim] | Dim, axis: int = 0, dtype: DType = I64) -> Array:
    """The indices along one axis of a shape; of a vector, if it is one dim."""
    dims = (shape,) if isinstance(shape, (int, Expr)) else tuple(shape)
    return Array(op("iota", iota_dimension=axis, result=TensorType(dtype, dims)))


def dim(d: Dim) -> Array:
    """A dim as an i64 scalar."""
    if isinstance(d, int):
        return array(d)
    carrier = helpers.splat(False, TensorType(BOOL, (d,)))
    return Array(helpers.cast(op("get_dimension_size", carrier, dimension=0), I64))


def sizes(x: Value) -> Array:
    """The shape as an i64 vector."""
    return vector(x.shape)


def vector(items: Sequence[Number]) -> Array:
    """An i64 vector of numbers, dims and scalars."""
    if all(isinstance(d, int) for d in items):
        return array(np.array(items, np.int64).reshape(-1))
    parts = [d if isinstance(d, Array) else dim(d) for d in items]  # type: ignore[arg-type]
    return Array(build.concatenate([helpers.reshape_to(p.value, (1,)) for p in parts], 0))
