"""`Variable`: a tensor with a name that can be assigned. A compiled function that assigns one writes its memory in place."""

from typing import Any

import numpy as np

from ...compiler.ir.types import TensorType
from ...proto.dtypes import from_numpy
from ...proto.errors import check
from .tape import forget, read
from .tensor import Tensor
from .trace import current


class Variable:
    """State. `v.value` is a tensor, `v.assign(x)` changes it; dtype and shape stay.

    In a `@weft.function` reading and assigning a variable makes it an input and an output of the compiled program that share memory:
    nothing is copied.
    """

    __slots__ = ("__weakref__", "array", "name")

    def __init__(self, initial: Any, name: str = "variable") -> None:
        array = initial.array if isinstance(initial, Tensor) else np.asarray(initial)
        check(array is not None, "variable.initial", f"`{name}` cannot begin as a traced tensor", help="create variables outside functions")
        # Its own memory, which a program may write.
        self.array = np.array(array)
        self.name = name

    @property
    def type(self) -> TensorType:
        return TensorType(from_numpy(self.array.dtype), self.array.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def value(self) -> Tensor:
        """What it is now."""
        trace = current()
        if trace:
            return trace.read(self, self.type, self.name)
        # The memory may be written by the next call: eager readers get a copy.
        watched = read(self)
        return Tensor(self.array.copy()) if watched is None else watched

    def assign(self, value: Any) -> None:
        """Make it another tensor of its dtype and shape."""
        given = value if isinstance(value, Tensor) else Tensor(np.asarray(value, self.array.dtype))
        same = (given.dtype, given.shape) == (self.array.dtype, self.array.shape)
        fact = f"`{self.name}` is {self.array.dtype}{list(self.array.shape)}, it cannot become {given.dtype}{list(given.shape)}"
        check(same, "variable.type", fact, help="cast or reshape the new value")
        trace = current()
        if trace:
            from .lift import as_value

            trace.assign(self, self.type, self.name, Tensor(None, as_value(given)))
        else:
            check(given.array is not None, "variable.traced", f"`{self.name}` is assigned a traced tensor outside of its function")
            self.array[...] = given.array
            forget(self)

    def __repr__(self) -> str:
        return f"Variable({self.name}: {self.type})"


def _operator(name: str) -> Any:
    def method(self: Variable, *others: Any) -> Any:
        return getattr(self.value, name)(*(o.value if isinstance(o, Variable) else o for o in others))

    return method


for _name in (
    "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__matmul__", "__rmatmul__",
    "__pow__", "__neg__", "__getitem__", "__lt__", "__le__", "__gt__", "__ge__", "__array__", "__float__", "__int__", "__bool__",
):  # fmt: skip
    setattr(Variable, _name, _operator(_name))
