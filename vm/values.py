"""Values as Python passes them: what they become inside, and whether one is of a type.

Inside, an array is an ndarray, of `object` with `str` in it for strings; a sequence is a list, an optional None or the value, a map a
dict with `int` or `str` keys. All of them are shared freely and never changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..proto.dtypes import STRING, DType
from ..proto.errors import fail
from ..proto.value_types import ArrayType, MapType, OptionalType, SequenceType, Shape, UnrankedType, ValueType
from .dims import Expr, describe

OPEN = -1
"""the value of a symbol that has none"""
_READABLE = 0x0001 | 0x0100  # C_CONTIGUOUS, ALIGNED
# What a Python number may become without a change of kind.
_WIDER = {"b": "bviufcV", "i": "iufcV", "u": "iufcV", "f": "fcV", "c": "c"}


def type_text(t: ValueType) -> str:
    """`float32[N, 4]`, `sequence<float32[…]>`, `map<string, int64[]>`."""
    match t:
        case ArrayType(dtype, shape):
            return f"{_dtype_text(dtype)}[{', '.join(map(str, shape))}]"
        case UnrankedType(dtype):
            return f"{_dtype_text(dtype)}[…]"
        case SequenceType(element):
            return f"sequence<{type_text(element)}>"
        case OptionalType(element):
            return f"optional<{type_text(element)}>"
        case MapType(key, value):
            return f"map<{_dtype_text(key)}, {type_text(value)}>"
        case _:
            return "anything"


def _dtype_text(dtype: DType) -> str:
    return "string" if dtype is STRING else str(dtype.numpy)


def arrays_in(value: object) -> list[np.ndarray]:
    """Every array in a value."""
    match value:
        case np.ndarray():
            return [value]
        case list():
            return [a for v in value for a in arrays_in(v)]
        case dict():
            return [a for v in value.values() for a in arrays_in(v)]
        case _:
            return []


def bytes_of(arrays: Iterable[np.ndarray]) -> int:
    """The memory that arrays take: their elements, and each string in them once, with a byte per character."""
    total, texts = 0, dict[int, int]()
    for a in arrays:
        total += a.nbytes
        if a.dtype.hasobject:
            texts.update((id(text), len(text)) for text in a.flat)
    return total + sum(texts.values())


# -- from a caller ------------------------------------------------------------------------------------------------------------


def convert(what: str, t: ValueType, value: object) -> Any:
    """`value` as one of type `t` for use inside; containers are copied, arrays only if they are not row-major and aligned.

    Dims are not looked at, except of arrays in containers. Raises `WeftError` (`call.dtype`, `call.value`, `call.rank`).
    """
    match t:
        case ArrayType(dtype, _) | UnrankedType(dtype):
            return convert_strings(what, value) if dtype is STRING else convert_array(what, dtype.numpy, value)
        case SequenceType(element):
            if not isinstance(value, list | tuple):
                raise fail("call.value", f"{what} is {_described(value)}, expected a list: {type_text(t)}")
            return [_convert_inner(f"element {n} of {what}", element, v) for n, v in enumerate(value)]
        case OptionalType(element):
            return None if value is None else _convert_inner(what, element, value)
        case MapType(key, inner):
            if not isinstance(value, Mapping):
                raise fail("call.value", f"{what} is {_described(value)}, expected a dict: {type_text(t)}")
            return {_convert_key(what, key, k): _scalar(_convert_inner(f"{what} at {k!r}", inner, v)) for k, v in value.items()}
        case _:
            return value


def _convert_inner(what: str, t: ValueType, value: object) -> Any:
    found = convert(what, t, value)
    if isinstance(t, ArrayType):
        problem = shape_problem(t, found, ())
        if problem:
            raise fail("call.rank" if found.ndim != len(t.shape) else "call.shape", f"{what} {problem}")
    return found


def _scalar(value: Any) -> Any:
    """A value as maps hold it: what an array without dims contains."""
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def _convert_key(what: str, dtype: DType, key: object) -> int | str:
    if dtype is STRING:
        if isinstance(key, str):
            return str(key)
    elif isinstance(key, int | np.integer) and not isinstance(key, bool):
        return int(key)
    raise fail("call.value", f"{what} has the key {key!r}, expected {_dtype_text(dtype)}")


def convert_array(what: str, dtype: np.dtype, value: object) -> np.ndarray:
    """Anything that numpy takes for an array, or Python numbers in lists, as an array of `dtype`: row-major and aligned."""
    if type(value) is np.ndarray and value.dtype is dtype and value.flags.num & _READABLE == _READABLE:
        return value
    if isinstance(value, bool | int | float | complex | list | tuple) and not isinstance(value, np.generic):
        return _convert_numbers(what, dtype, value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise fail("call.value", f"{what} is no array: {error}") from error
    if array.dtype != dtype and array.dtype.newbyteorder("=") != dtype:
        hint = "" if array.dtype.hasobject else f"convert it: astype({dtype.name!r})"
        raise fail("call.dtype", f"{what} has dtype {array.dtype}, expected {dtype}", help=hint)
    return _direct(array, dtype)


def _convert_numbers(what: str, dtype: np.dtype, value: object) -> np.ndarray:
    """Python numbers, nested in lists, as far as they keep their kind: an int may become a float, a float no int."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise fail("call.value", f"{what} is no array: {error}") from error
    if array.size and dtype.kind not in _WIDER.get(array.dtype.kind, ""):
        raise fail("call.dtype", f"{what} holds values of {array.dtype}, expected {dtype}")
    converted = _direct(array, dtype)
    if array.dtype.kind in "iu" and array.size and not np.array_equal(converted.astype(array.dtype), array):
        raise fail("call.value", f"{what} holds integers that {dtype} cannot represent")
    return converted


def _direct(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    array = np.require(array, dtype, ("C", "A"))
    return array.view(np.ndarray) if type(array) is not np.ndarray else array


def convert_strings(what: str, value: object) -> np.ndarray:
    """A string, lists of strings, or an array of strings or bytes (UTF-8) as a new array of `object` that holds `str`."""
    try:
        array = np.array(value, np.object_)
    except ValueError as error:
        raise fail("call.value", f"{what} is no array: {error}") from error
    flat = array.reshape(-1)
    for n, item in enumerate(flat):
        if isinstance(item, bytes):
            try:
                item = item.decode()
            except UnicodeDecodeError as error:
                raise fail("call.value", f"{what} holds bytes that are no UTF-8: {error}") from error
        if not isinstance(item, str):
            raise fail("call.dtype", f"{what} holds {_described(item)}, expected strings")
        flat[n] = str(item)
    return array


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype}{list(value.shape)}"
    return f"a {type(value).__name__}"


# -- from the program ---------------------------------------------------------------------------------------------------------


def is_of_kind(t: ValueType, value: object) -> bool:
    """Whether a value that the program computed is of a type; containers are not looked into, nor dims at."""
    match t:
        case ArrayType(dtype, shape):
            return isinstance(value, np.ndarray) and value.dtype == dtype.numpy and value.ndim == len(shape)
        case UnrankedType(dtype):
            return isinstance(value, np.ndarray) and value.dtype == dtype.numpy
        case SequenceType():
            return isinstance(value, list)
        case OptionalType(element):
            return value is None or is_of_kind(element, value)
        case MapType():
            return isinstance(value, dict)
        case _:
            return True


def shape_problem(t: ArrayType, array: np.ndarray, sizes: Sequence[int]) -> str:
    """What is wrong with the shape of `array`, "" if nothing; dims over symbols without a value in `sizes` fit any size."""
    if array.ndim != len(t.shape):
        return f"has rank {array.ndim}, expected {type_text(t)}"
    for axis, (dim, size) in enumerate(zip(t.shape, array.shape, strict=True)):
        if isinstance(dim, Expr):
            if any(s >= len(sizes) or sizes[s] == OPEN for s in dim.symbols):
                continue
            wanted = dim.evaluate(sizes)
        else:
            wanted = dim
        if wanted != size:
            why = ""
            if isinstance(dim, Expr):
                used = sorted(dim.symbols)
                why = f" ({dim}, where {describe([dim.names[s] for s in used], [sizes[s] for s in used])})" if used else ""
            return f"has shape {list(array.shape)}, expected {type_text(t)}: dimension {axis} is {size}, not {wanted}{why}"
    return ""


class Expected:
    """The types of values that are defined together, ready to check many of them."""

    def __init__(self, types: Sequence[ValueType]) -> None:
        self._types = tuple(types)
        self._fixed: list[tuple[int, int, int]] = []  # (value, axis, size)
        self._linear: list[tuple[int, int, tuple[int, int, int]]] = []  # (value, axis, (symbol, factor, offset))
        self._others: list[tuple[int, int, Expr, frozenset[int]]] = []
        for n, t in enumerate(types):
            shape: Shape = t.shape if isinstance(t, ArrayType) else ()
            for axis, dim in enumerate(shape):
                match dim:
                    case Expr():
                        linear = dim.linear
                        if linear is None:
                            self._others.append((n, axis, dim, dim.symbols))
                        else:
                            self._linear.append((n, axis, linear))
                    case _:
                        self._fixed.append((n, axis, dim))

    def check(self, values: Sequence[Any], sizes: Sequence[int], what: Callable[[int], str]) -> None:
        """Raise `WeftError` (`run.type`, `run.shape`) unless `values` are of the types, with symbols as in `sizes`.

        Symbols that are OPEN there have one value among `values`. `what(n)` names value n.
        """
        for n, (t, value) in enumerate(zip(self._types, values, strict=True)):
            if not is_of_kind(t, value):
                raise fail("run.type", f"{what(n)} is {_described(value)}, expected {type_text(t)}")
        local = self._bind(values, sizes) if self._linear else sizes
        if self._fits(values, local):
            return
        for n, t in enumerate(self._types):
            problem = shape_problem(t, values[n], local) if isinstance(t, ArrayType) else ""
            if problem:
                raise fail("run.shape", f"{what(n)} {problem}")

    def _bind(self, values: Sequence[Any], sizes: Sequence[int]) -> Sequence[int]:
        local = list(sizes)
        for n, axis, (symbol, factor, offset) in self._linear:
            if local[symbol] == OPEN:
                local[symbol] = (values[n].shape[axis] - offset) // factor
        return local

    def _fits(self, values: Sequence[Any], sizes: Sequence[int]) -> bool:
        return (
            all(values[n].shape[axis] == size for n, axis, size in self._fixed)
            and all(values[n].shape[axis] == sizes[symbol] * factor + offset for n, axis, (symbol, factor, offset) in self._linear)
            and all(
                any(sizes[s] == OPEN for s in symbols) or values[n].shape[axis] == dim.evaluate(sizes)
                for n, axis, dim, symbols in self._others
            )
        )
