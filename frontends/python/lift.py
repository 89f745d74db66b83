"""From functions that build graphs out of values to functions of tensors.

`@lifted` decorates a builder: its tensors become values, and what it returns tensors. If all of them hold their elements, the little
graph it builds is run at once by the reference interpreter; such graphs are kept, by the types of the arguments, so that the second
call only runs. Python numbers stay as they are: they take the type of the tensors beside them.
"""

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ...compiler.ir.graph import Region, Value, definitions, located, param, region, tensor_type_of
from ...compiler.ops.gradients.common import inline
from ...compiler.ops.helpers import const
from ...compiler.prepared import Run, prepare
from ...proto.errors import WeftError
from .faults import expected
from .place import user_loc
from .tape import record, recording, seen
from .tensor import Tensor
from .trace import current, is_building

P = ParamSpec("P")
R = TypeVar("R")


class _Slot:
    """The place of tensor number `n` in the arguments of a call."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Slot) and other.n == self.n

    def __hash__(self) -> int:
        return hash(("slot", self.n))


def _take(x: Any, tensors: list[Tensor]) -> Any:
    """`x` with slots for the tensors inside, which are collected."""
    kind = type(x)
    if kind is Tensor:
        tensors.append(x)
        return _Slot(len(tensors) - 1)
    if isinstance(x, (np.ndarray, np.generic)):
        tensors.append(Tensor(np.asarray(x)))
        return _Slot(len(tensors) - 1)
    if kind is list or kind is tuple:
        return tuple(_take(part, tensors) for part in x)
    if kind is slice:
        return slice(*(operator.index(n) if isinstance(n, (Tensor, np.integer)) else n for n in (x.start, x.stop, x.step)))
    return x


def _put(x: Any, values: Sequence[Value]) -> Any:
    if isinstance(x, _Slot):
        return values[x.n]
    return tuple(_put(part, values) for part in x) if isinstance(x, tuple) else x


def _is_value(x: Any) -> bool:
    return isinstance(x, Value) or (type(x) in (tuple, list) and any(map(_is_value, x)))


def lifted(build: Callable[P, R]) -> Callable[P, Any]:
    """The function of tensors that a builder of values describes. Called with values, it is the builder itself."""

    @wraps(build)
    def call(*args: P.args, **keywords: P.kwargs) -> Any:
        if any(map(_is_value, args)) or any(map(_is_value, keywords.values())):
            return build(*args, **keywords)
        tensors: list[Tensor] = []
        slots = tuple(_take(a, tensors) for a in args)
        named = tuple((k, _take(v, tensors)) for k, v in keywords.items())
        try:
            if any(t.is_traced for t in tensors):
                with located(user_loc()):
                    return _wrap(build(*_put(slots, [as_value(t) for t in tensors]), **_named(named, [as_value(t) for t in tensors])))
            return _eager(build, slots, named, tensors)
        except WeftError as error:
            raise expected(error).at(user_loc()) from None

    return call


def _named(named: tuple[tuple[str, Any], ...], values: Sequence[Value]) -> dict[str, Any]:
    return {k: _put(v, values) for k, v in named}


def as_value(t: Any) -> Value:
    """The value of a graph that a tensor is, or a constant of its elements."""
    if isinstance(t, Value):
        return t
    if isinstance(t, Tensor):
        return t.value if t.array is None or _is_closed_over(t) else constant(t.array)
    return constant(np.asarray(t))


def _is_closed_over(t: Tensor) -> bool:
    """Whether a tensor that a tape watches is used in a graph written beside: of its elements the tape has to know."""
    return t.recorded is not None and is_building() and current() is None and seen(t.recorded) is not None


def constant(array: np.ndarray) -> Value:
    """A constant; one element repeated takes no memory."""
    if array.size > 1 and not any(array.strides):
        from ...compiler.ops.helpers import broadcast

        return broadcast(const(array[(0,) * array.ndim]), array.shape, ())
    return const(array)


def _wrap(built: Any) -> Any:
    if isinstance(built, Value):
        return Tensor(None, built)
    return type(built)(*map(_wrap, built)) if hasattr(built, "_fields") else tuple(map(_wrap, built)) if isinstance(built, tuple) else built


def _eager(build: Callable[..., Any], slots: Any, named: Any, tensors: list[Tensor]) -> Any:
    types = tuple((t.array.dtype, t.array.shape) for t in tensors)  # type: ignore[union-attr]
    try:
        shape, body, run = _kept(build, slots, named, types)
    except TypeError:  # an argument that has no hash
        shape, body, run = _graph(build, slots, named, types)
    data = run(*[t.array for t in tensors])
    values: Sequence[Value | None] = (None,) * len(data)
    if recording() and any(t.recorded is not None for t in tensors):
        with located(user_loc()):
            values = inline(body, [t.recorded or as_value(t) for t in tensors])
        for v, d in zip(values, data, strict=True):
            record(v, d)
    outs = iter([Tensor(d, v) for d, v in zip(data, values, strict=True)])
    return _fill(shape, outs)


def _fill(shape: Any, outs: Any) -> Any:
    if shape is _OUT:
        return next(outs)
    if isinstance(shape, tuple):
        parts = [_fill(s, outs) for s in shape]
        return type(shape)(*parts) if hasattr(shape, "_fields") else tuple(parts)
    return shape


_OUT = object()


def _outs(built: Any, found: list[Value]) -> Any:
    if isinstance(built, Value):
        found.append(built)
        return _OUT
    if isinstance(built, tuple):
        parts = [_outs(b, found) for b in built]
        return type(built)(*parts) if hasattr(built, "_fields") else tuple(parts)
    return built


def _graph(build: Callable[..., Any], slots: Any, named: Any, types: Any) -> tuple[Any, Region, Run]:
    params = [param(tensor_type_of(np.empty((0,), dtype)).with_shape(shape)) for dtype, shape in types]
    with definitions() as definers:
        built = build(*_put(slots, params), **_named(named, params))
    results: list[Value] = []
    shape = _outs(built, results)
    body = region(params, results, definers=definers)
    return shape, body, prepare(body)


_cached = lru_cache(maxsize=4096)(_graph)


def _kept(build: Callable[..., Any], slots: Any, named: Any, types: Any) -> tuple[Any, Region, Run]:
    # 1, 1.0 and True are equal keys and different arguments.
    return _cached(build, _Exact(slots), _Exact(named), types)


class _Exact(tuple):  # type: ignore[type-arg]
    """A tuple that equals another only if its parts are of the same types too."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and _typed(self) == _typed(other)

    def __hash__(self) -> int:
        return hash(_typed(self))

    def __iter__(self) -> Any:
        return super().__iter__()


def _typed(x: Any) -> Any:
    kind = type(x)
    if isinstance(x, tuple):
        return tuple, tuple(map(_typed, tuple.__iter__(x)))
    if kind is slice:  # which has no hash in Python 3.11
        return slice, _typed(x.start), _typed(x.stop), _typed(x.step)
    # 0.0 and -0.0 are equal, too.
    return (kind, str(x)) if (kind is float or kind is complex) and not x else (kind, x)


def concrete(x: Any) -> np.ndarray:
    """The elements of a tensor that is there, or of what numpy makes an array of."""
    return x.array if isinstance(x, Tensor) and x.array is not None else np.asarray(x)
