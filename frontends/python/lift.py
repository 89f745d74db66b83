"""From functions that build graphs out of values to functions of tensors.

`@lifted` decorates a builder: its tensors become values, and what it returns tensors. If all of them hold their elements, the little
graph it builds is run at once by the reference interpreter; such graphs are kept with the builder, by the types of the arguments, so
that the second call only runs. Python numbers stay as they are: they take the type of the tensors beside them. To builders that are
`lifted_numbers` they are tensors of rank 0 in eager calls, so that one graph does for all numbers.
"""

import operator
from collections.abc import Callable, Sequence
from functools import reduce, wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from ...compiler.ir.dims import Expr
from ...compiler.ir.graph import Region, Value, definitions, located, param, region
from ...compiler.ir.types import TensorType
from ...compiler.ops.gradients.common import inline
from ...compiler.ops.helpers import broadcast, const
from ...compiler.ops.numeric import convert
from ...compiler.prepared import Run, prepare
from ...proto.dtypes import from_numpy
from ...proto.errors import WeftError
from .faults import expected, fail
from .place import user_loc
from .promotion import promote, weak_type
from .pytree import tree_map
from .sizes import has_sizes, size_value
from .tape import record, recording, seen
from .tensor import Tensor
from .trace import current, is_building

P = ParamSpec("P")
R = TypeVar("R")
_MOST_KEPT = 1024  # of one builder


class _Kept(NamedTuple):
    """The graph of an eager call, for all calls whose arguments are alike."""

    shape: Any
    """how results are arranged"""
    body: Region
    run: Run


_Graphs = dict[tuple[Any, ...], _Kept]
"""The graphs of one builder by its arguments. They hold the constants that it closes over, so they end with it."""


class _Slot:
    """The place of tensor number `n` in the arguments of a call."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


def _note(x: Any, tensors: list[Tensor], key: list[Any]) -> bool:
    """Collect the tensors in an argument, and what calls must have in common for one graph: types, and the values of all else.

    False if it holds a value of a graph.
    """
    kind = type(x)
    if kind is Tensor:
        tensors.append(x)
        array = x.array
        if array is not None:
            key += (Tensor, array.dtype, array.shape)
    elif kind is Value:
        return False
    elif isinstance(x, (np.ndarray, np.generic)):
        return _note(Tensor(np.asarray(x)), tensors, key)
    elif kind is tuple or kind is list:
        key += (tuple, len(x))
        return all(_note(part, tensors, key) for part in x)
    elif kind is slice:
        key.append(slice)
        return all(_note(n, tensors, key) for n in _bounds(x))
    else:
        # 1, 1.0 and True are equal keys and different arguments, and so are 0.0 and -0.0, also as parts of complex numbers.
        key += (kind, str(x)) if kind is complex or (kind is float and not x) else (kind, x)
    return True


def _bounds(x: slice) -> list[Any]:
    return [operator.index(n) if isinstance(n, (Tensor, np.integer)) else n for n in (x.start, x.stop, x.step)]


def _slots(x: Any, count: list[int]) -> Any:
    """An argument with slots for the tensors inside."""
    kind = type(x)
    if kind is Tensor or isinstance(x, (np.ndarray, np.generic)):
        count[0] += 1
        return _Slot(count[0] - 1)
    if kind is tuple or kind is list:
        return tuple([_slots(part, count) for part in x])
    return slice(*_bounds(x)) if kind is slice else x


def _put(x: Any, values: Sequence[Value]) -> Any:
    if isinstance(x, _Slot):
        return values[x.n]
    return tuple([_put(part, values) for part in x]) if isinstance(x, tuple) else x


def _weak(args: tuple[Any, ...], first: int) -> tuple[Any, ...]:
    """Python numbers as tensors of the type that they take beside eager tensors: one graph does for all numbers."""
    dtypes: list[np.dtype] = []
    numbers: list[Any] = []
    for x in args[first:]:
        if type(x) is Tensor or isinstance(x, (np.ndarray, np.generic)):
            if type(x) is Tensor and x.array is None:
                return args
            dtypes.append(x.dtype)
        elif type(x) in _NUMBERS:
            numbers.append(x)
    if not numbers or not dtypes:
        return args
    common = reduce(promote, dtypes) if len(dtypes) > 1 else dtypes[0]
    for x in numbers:
        common = weak_type(x, common)
    return (*args[:first], *[Tensor(number(x, common)) if type(x) in _NUMBERS else x for x in args[first:]])


_NUMBERS = frozenset((bool, int, float, complex))


def number(x: Any, dtype: np.dtype) -> np.ndarray:
    """A Python number as an array of rank 0; OverflowError if an integer type cannot hold it."""
    # What every float type holds needs no care.
    if dtype.kind in "biu" or (type(x) is float and -6e4 < x < 6e4 and dtype.isbuiltin):
        return np.asarray(x, dtype)
    with np.errstate(over="ignore"):
        return np.asarray(x, dtype) if dtype.isbuiltin else convert(np.asarray(x), from_numpy(dtype))


def lifted(build: Callable[P, R]) -> Callable[P, Any]:
    """The function of tensors that a builder of values describes. Called with values, it is the builder itself."""
    return _lifted(build, None)


def lifted_numbers(first: int) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """`lifted` for builders whose arguments from number `first` on are tensors and numbers beside them."""
    return lambda build: _lifted(build, first)


def _lifted(build: Callable[P, R], first: int | None) -> Callable[P, Any]:
    kept: _Graphs = {}

    @wraps(build)
    def call(*args: Any, **keywords: Any) -> Any:
        tensors: list[Tensor] = []
        key: list[Any] = []
        try:
            given = args if first is None else _weak(args, first)
            for a in given:
                if not _note(a, tensors, key):
                    return build(*args, **keywords)
            for name, a in keywords.items():
                key.append(name)
                if not _note(a, tensors, key):
                    return build(*args, **keywords)
            if _is_traced(tensors):
                return _written(build, given, keywords, tensors)
            return _eager(build, kept, tuple(key), (given, keywords), tensors)
        except WeftError as error:
            raise expected(error).at(user_loc()) from None

    return call


def _written(build: Callable[..., Any], given: tuple[Any, ...], keywords: dict[str, Any], tensors: Sequence[Tensor]) -> Any:
    """What a builder adds to the graph that is being traced."""
    check_inside(tensors)
    with located(user_loc()):
        return _wrap(_built(build, given, keywords, [as_value(t) for t in tensors]))


def _is_traced(tensors: Sequence[Tensor]) -> bool:
    for t in tensors:  # noqa: SIM110 - a generator would cost more than the loop
        if t.array is None:
            return True
    return False


def check_inside(tensors: Sequence[Tensor]) -> None:
    """A tensor without elements is of use only while the graph it is part of is written: `trace.leak` elsewhere."""
    for t in tensors:
        if t.array is None and not is_building():
            fact = f"a traced tensor, {t.value.type}, is used after the function that made it was traced: it has no elements"
            raise fail(
                "trace.leak", fact, help="return it from the function; what is stored elsewhere while tracing stays a part of the graph"
            )


def placed(f: Callable[P, R]) -> Callable[P, R]:
    """A function whose errors say where in the user's code it was called."""

    @wraps(f)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return f(*args, **keywords)
        except WeftError as error:
            raise expected(error).at(user_loc()) from None

    return call


def _built(build: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], values: Sequence[Value]) -> Any:
    """What a builder makes of arguments with values in place of the tensors."""
    count = [0]
    slots = _slots(args, count)
    named = {k: _slots(v, count) for k, v in keywords.items()}
    return build(*_put(slots, values), **{k: _put(v, values) for k, v in named.items()})


def as_value(t: Any) -> Value:
    """The value of a graph that a tensor is, or a constant of its elements."""
    if isinstance(t, Value):
        return t
    if isinstance(t, Expr):
        return size_value(t)
    if isinstance(t, Tensor):
        return t.value if t.array is None or _is_closed_over(t) else constant(t.array)
    return constant(np.asarray(t))


def _is_closed_over(t: Tensor) -> bool:
    """Whether a tensor that a tape watches is used in a graph written beside: of its elements the tape has to know."""
    return t.recorded is not None and is_building() and current() is None and seen(t.recorded) is not None


def constant(array: np.ndarray) -> Value:
    """A constant; one element repeated takes no memory."""
    if array.size > 1 and not any(array.strides):
        return broadcast(const(array[(0,) * array.ndim]), array.shape, ())
    return const(array)


def apart(tree: Any) -> Any:
    """A tree with tensors of its own: assigning to one of these (`x[i] = v`) does not change the other."""
    return tree_map(lambda x: Tensor(x.array, x.recorded) if type(x) is Tensor else x, tree)


def _wrap(built: Any) -> Any:
    if isinstance(built, Value):
        return Tensor(None, built)
    return type(built)(*map(_wrap, built)) if hasattr(built, "_fields") else tuple(map(_wrap, built)) if isinstance(built, tuple) else built


def _eager(build: Callable[..., Any], kept: _Graphs, key: tuple[Any, ...], given: Any, tensors: list[Tensor]) -> Any:
    try:
        found, is_keepable = kept.get(key), True
    except TypeError:  # an argument that has no hash
        found, is_keepable = None, False
    if found is None:
        if has_sizes(given):
            return _written(build, given[0], given[1], tensors)
        found = _graph(build, given, tensors)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        if is_keepable:
            kept[key] = found
    data = found.run(*[t.array for t in tensors])
    if recording() and any(t.recorded is not None for t in tensors):
        return _fill(found.shape, iter(_recorded(found.body, tensors, data)))
    return Tensor(data[0]) if found.shape is _OUT else _fill(found.shape, iter([Tensor(d) for d in data]))


def _recorded(body: Region, tensors: Sequence[Tensor], data: Sequence[np.ndarray]) -> list[Tensor]:
    with located(user_loc()):
        values = inline(body, [as_value(t) if t.recorded is None else t.recorded for t in tensors])
    for v, d in zip(values, data, strict=True):
        record(v, d)
    return [Tensor(d, v) for d, v in zip(data, values, strict=True)]


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


def _graph(build: Callable[..., Any], given: tuple[tuple[Any, ...], dict[str, Any]], tensors: Sequence[Tensor]) -> _Kept:
    params = [param(TensorType(from_numpy(t.dtype), t.shape)) for t in tensors]
    with definitions() as definers:
        built = _built(build, *given, params)
    results: list[Value] = []
    shape = _outs(built, results)
    body = region(params, results, definers=definers)
    return _Kept(shape, body, prepare(body))


def concrete(x: Any) -> np.ndarray:
    """The elements of a tensor that is there, or of what numpy makes an array of."""
    return x.array if isinstance(x, Tensor) and x.array is not None else np.asarray(x)
