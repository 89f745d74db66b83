"""`Tensor`: an array that is there (eager), or will be (traced: a value of the graph that is being written)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...compiler.ir.dims import Expr
from ...compiler.ir.graph import Value
from ...proto.dtypes import from_numpy
from ...proto.errors import WeftError, fail
from .place import user_loc
from .scope import Scope, scope

METHODS: dict[str, Callable[..., Any]] = {}
"""The functions behind operators and methods, by name; `numpy/__init__.py` fills it in."""


def _unary(name: str) -> Callable[["Tensor"], Any]:
    def method(self: "Tensor", /) -> Any:
        return METHODS[name](self)

    return method


def _binary(name: str, swap: bool = False) -> Callable[["Tensor", Any], Any]:
    def method(self: "Tensor", other: Any, /) -> Any:
        if not _is_operand(other):
            return NotImplemented
        return METHODS[name](other, self) if swap else METHODS[name](self, other)

    return method


def _method(name: str) -> Callable[..., Any]:
    """The function of `weft.numpy`, with the tensor as its first argument."""

    def method(self: "Tensor", /, *args: Any, **keywords: Any) -> Any:
        if "out" in keywords or "ddof" in keywords:  # as numpy's own functions call methods
            keywords = {"correction" if k == "ddof" else k: v for k, v in keywords.items() if v is not None}
        return METHODS[name](self, *args, **keywords)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`weft.numpy.{name}` of the tensor."
    return method


def _is_operand(x: object) -> bool:
    return isinstance(x, (Tensor, Value, bool, int, float, complex, np.ndarray, np.generic, Expr))


class Tensor:
    """An n-dimensional array of one element type.

    Its elements never change where others can see it. `x.at[i].set(v)` gives a changed copy, and `x[i] = v` makes `x` that copy: what was
    computed or cut from `x` before, recorded or traced, stays as it is.

    Outside of a traced function it holds its elements (`numpy.asarray(x)` reads them). Inside it stands for a value of the graph: its
    shape and dtype are known, its elements are not.
    """

    __slots__ = ("__weakref__", "array", "recorded", "scope")
    __array_priority__ = 1000

    def __init__(self, data: np.ndarray | None = None, value: Value | None = None) -> None:
        self.array = data
        self.recorded = value
        self.scope: Scope | None = scope()

    # Facts

    @property
    def is_traced(self) -> bool:
        """Whether the elements are not known yet."""
        return self.array is None

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the dims: numbers, or symbolic expressions in a function traced for any size."""
        return self.array.shape if self.array is not None else self.value.shape

    @property
    def dtype(self) -> np.dtype:
        """The element type, as numpy's."""
        return self.array.dtype if self.array is not None else self.value.dtype.numpy

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Any:
        """The number of elements."""
        found: Any = 1
        for n in self.shape:
            found = found * n
        return found

    @property
    def value(self) -> Value:
        """The value of the graph that this tensor stands for."""
        if self.recorded is None:
            fact = "the tensor is used after its memory was donated to a call of a compiled function"
            raise fail("tensor.donated", fact, loc=user_loc(), help="go on with what the function returned, or do not donate it")
        return self.recorded

    def give_up(self) -> None:
        """Forget the elements: a call has taken over their memory."""
        self.array = self.recorded = None

    @property
    def device(self) -> str:
        return "cpu:0"

    def to_device(self, device: str, /, *, stream: object = None) -> "Tensor":
        """The tensor itself: eager tensors are the host's. `weft.device` places what a traced function computes."""
        if device != self.device:
            raise ValueError(f"there is no device {device!r}; the devices are 'cpu:0'")
        return self

    @property
    def T(self) -> "Tensor":
        """The matrix transposed."""
        return METHODS["matrix_transpose"](self)

    @property
    def mT(self) -> "Tensor":
        """The matrices in the last two dims transposed."""
        return METHODS["matrix_transpose"](self)

    @property
    def at(self) -> Any:
        """`x.at[index].set(v)`, `.add`, `.multiply`, `.min`, `.max`: a copy changed at these places."""
        return METHODS["at"](self)

    # Elements

    def numpy(self) -> np.ndarray:
        """The elements as a numpy array that cannot be written. `WeftError` in a traced function."""
        if self.array is None:
            raise self._unknown("numpy.asarray")
        view = self.array.view()
        view.flags.writeable = False
        return view

    def item(self) -> Any:
        """The only element as a Python number."""
        return self._element("item").item()

    def tolist(self) -> Any:
        """The elements as nested lists."""
        return self.numpy().tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy or (dtype is not None and np.dtype(dtype) != self.dtype):
            if self.array is None:
                raise self._unknown("numpy.asarray")
            return np.array(self.array, dtype, copy=True if copy is None else copy)
        return self.numpy()

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        return METHODS["namespace"](api_version)

    def __dlpack__(self, /, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None) -> Any:
        """The elements for another library, which must not write them.

        Consumers before version 1.0 of the protocol cannot be told so: they get a copy, unless `copy` is False.
        """
        told = max_version is not None and max_version[0] >= 1
        if not told and copy is False and self.array is not None:
            return self.array.__dlpack__(stream=stream, dl_device=dl_device, copy=False)
        copied = True if copy is None and not told else copy
        return self.numpy().__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copied)

    def __dlpack_device__(self, /) -> tuple[Any, int]:
        return self.numpy().__dlpack_device__()

    def _element(self, what: str) -> np.ndarray:
        if self.array is None:
            raise self._unknown(what)
        if self.array.size != 1:
            raise TypeError(f"{what}() takes a tensor of one element, this one has shape {self.shape}")
        return self.array.reshape(())

    def _real(self, what: str) -> np.ndarray:
        found = self._element(what)
        if found.dtype.kind == "c":
            raise TypeError(f"{what}() of a complex number: take its real part first, weft.numpy.real(x)")
        return found

    def _unknown(self, what: str) -> WeftError:
        instead = {
            "in": "weft.numpy.any(x == element) is a tensor",
            "bool": "weft.cond(pred, f, g, ...) and weft.while_loop(cond, body, state) branch; weft.numpy.where chooses",
            "index": "weft.scan, weft.while_loop and x[i] with a tensor i work with values that are computed",
            "len": "x.shape[0] is its size, as an expression that arithmetic, shapes and loop bounds take",
            "numpy.asarray": "weft.numpy has numpy's functions, for traced tensors too; elements are read outside of the function",
            "int": "x.astype(int) converts; what has to be a Python number is a static argument",
            "float": "x.astype(float) converts, weft.numpy has the functions of math; what has to be a Python number is a static argument",
            "iter": "weft.scan(f, state, xs) and weft.map(f, xs) go through the first dim",
        }.get(what, "return the tensor from the function and read it outside, or pass what it is needed for as a static argument")
        what = what if what == "in" else f"{what}()"
        fact = f"the elements of a traced tensor ({self._shown()}) are not known while the function is traced; {what} needs them"
        return fail("trace.value", fact, loc=user_loc(), help=instead)

    def __bool__(self, /) -> bool:
        return bool(self._element("bool"))

    def __int__(self, /) -> int:
        return int(self._real("int"))

    def __float__(self, /) -> float:
        return float(self._real("float"))

    def __complex__(self, /) -> complex:
        return complex(self._element("complex"))

    def __index__(self, /) -> int:
        found = self._element("index")
        if found.dtype.kind not in "iu":
            raise TypeError(f"only integer tensors can be indices, this one is {self.dtype}")
        return int(found)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of rank 0 has no len()")
        if not isinstance(self.shape[0], int):
            raise self._unknown("len")
        return self.shape[0]

    def __contains__(self, x: Any, /) -> bool:
        if self.array is None:
            raise self._unknown("in")
        return bool(np.any(self.array == np.asarray(x)))

    def __iter__(self) -> Any:
        if not self.shape:
            raise TypeError("a tensor of rank 0 cannot be iterated over")
        if self.array is None and not isinstance(self.shape[0], int):
            raise self._unknown("iter")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, key: Any, /) -> "Tensor":
        return METHODS["getitem"](self, key)

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Make this tensor its copy with `value` at `key`. `WeftError` inside a branch, loop body or function traced since it was made."""
        METHODS["setitem"](self, key, value)

    def _shown(self) -> str:
        return f"{from_numpy(self.dtype)}[{', '.join(map(str, self.shape))}]"

    def __repr__(self) -> str:
        if self.array is None:
            return f"Tensor<traced {self._shown()}>"
        return f"Tensor({np.array2string(self.array, separator=', ', prefix='Tensor(')}, dtype={self.dtype})"

    def __str__(self) -> str:
        return repr(self) if self.array is None else str(self.array)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else str(self)

    # Methods of numpy's arrays that programs use all the time

    def astype(self, dtype: Any, /, *, copy: bool = True) -> "Tensor":
        """The elements converted."""
        return METHODS["astype"](self, dtype, copy=copy)

    def reshape(self, *shape: Any) -> "Tensor":
        """The elements in another shape, one dim of which may be -1."""
        return METHODS["reshape"](self, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)

    def transpose(self, *axes: int) -> "Tensor":
        """The dims permuted; reversed without arguments."""
        return METHODS["transpose"](self, axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes or None)

    sum, prod, mean, std, var = map(_method, ("sum", "prod", "mean", "std", "var"))
    max, min, argmax, argmin, ptp = map(_method, ("max", "min", "argmax", "argmin", "ptp"))
    all, any, cumsum, cumprod = map(_method, ("all", "any", "cumsum", "cumprod"))
    argsort, nonzero, searchsorted = map(_method, ("argsort", "nonzero", "searchsorted"))
    flatten, ravel, squeeze, swapaxes = map(_method, ("ravel", "ravel", "squeeze", "swapaxes"))
    repeat, take, compress, diagonal = map(_method, ("repeat", "take", "compress", "diagonal"))
    dot, trace, clip, round, conj = map(_method, ("dot", "trace", "clip", "around", "conj"))

    @property
    def real(self) -> "Tensor":
        """The real parts."""
        return METHODS["real"](self)

    @property
    def imag(self) -> "Tensor":
        """The imaginary parts."""
        return METHODS["imag"](self)

    # Operators

    __add__, __radd__ = _binary("add"), _binary("add", True)
    __sub__, __rsub__ = _binary("subtract"), _binary("subtract", True)
    __mul__, __rmul__ = _binary("multiply"), _binary("multiply", True)
    __truediv__, __rtruediv__ = _binary("divide"), _binary("divide", True)
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _binary("floor_divide", True)
    __mod__, __rmod__ = _binary("remainder"), _binary("remainder", True)
    __pow__, __rpow__ = _binary("pow"), _binary("pow", True)
    __matmul__, __rmatmul__ = _binary("matmul"), _binary("matmul", True)
    __and__, __rand__ = _binary("bitwise_and"), _binary("bitwise_and", True)
    __or__, __ror__ = _binary("bitwise_or"), _binary("bitwise_or", True)
    __xor__, __rxor__ = _binary("bitwise_xor"), _binary("bitwise_xor", True)
    __lshift__, __rlshift__ = _binary("bitwise_left_shift"), _binary("bitwise_left_shift", True)
    __rshift__, __rrshift__ = _binary("bitwise_right_shift"), _binary("bitwise_right_shift", True)
    __eq__, __ne__ = _binary("equal"), _binary("not_equal")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __neg__, __pos__ = _unary("negative"), _unary("positive")
    __abs__, __invert__ = _unary("abs"), _unary("bitwise_invert")
