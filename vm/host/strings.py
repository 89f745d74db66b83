"""Functions on strings: arrays of objects that hold `str`.

What only moves, compares or looks up strings needs no function of its own: `string_encode` numbers the strings, kernels work on the
numbers, and `string_decode` turns numbers into strings again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...proto.dtypes import BOOL, BY_NAME, I64, STRING
from ...proto.errors import fail
from ...proto.value_types import ArrayType, Shape, ValueType
from .regex import Regex, compiled
from .table import Attributes, host
from .values import string_array


def _shape(x: ValueType, what: str = "the operand") -> Shape:
    """The shape of an array of strings."""
    if not isinstance(x, ArrayType) or x.dtype is not STRING:
        raise TypeError(f"{what} is an array of strings, not {x}")
    return x.shape


def _vector(x: ValueType, what: str) -> None:
    if len(_shape(x, what)) != 1:
        raise TypeError(f"{what} is a vector of strings, not {x}")


def _array(items: Iterable[str], shape: Sequence[int]) -> np.ndarray:
    return string_array(list(items)).reshape(shape)


def _numbers(items: Iterable[Any], x: np.ndarray, dtype: Any = np.int64) -> np.ndarray:
    return np.fromiter(items, dtype, x.size).reshape(x.shape)


def _witness_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    return (ArrayType(BOOL, (_shape(x)[int(attributes["axis"])], 0)),)


@host("string_witness", 1, _witness_type)
def _witness(attributes: Attributes, x: np.ndarray) -> np.ndarray:
    """An array without bytes whose first dim is dim `axis` of the operand: it tells kernels a size that only strings have."""
    return np.empty((x.shape[int(attributes["axis"])], 0), np.bool_)


def _encode_type(_: Attributes, *xs: ValueType) -> tuple[ValueType, ...]:
    return *(ArrayType(I64, _shape(x)) for x in xs), ArrayType(STRING, (None,))


@host("string_encode", None, _encode_type)
def _encode(_: Attributes, *xs: np.ndarray) -> tuple[np.ndarray, ...]:
    """Numbers for the strings of all operands, in their shapes, and the vector of strings that the numbers are places in.

    The vector is sorted by code points and has each string once. It begins with the empty string, whether that occurs or not.
    """
    pool = sorted({""}.union(*(x.flat for x in xs)))
    places = {s: n for n, s in enumerate(pool)}
    return *(_numbers((places[s] for s in x.flat), x) for x in xs), _array(pool, (len(pool),))


def _decode_type(_: Attributes, codes: ValueType, pool: ValueType) -> tuple[ValueType, ...]:
    _vector(pool, "the second operand")
    if not isinstance(codes, ArrayType) or codes.dtype is not I64:
        raise TypeError(f"places are of type i64, not {codes}")
    return (ArrayType(STRING, codes.shape),)


@host("string_decode", 2, _decode_type)
def _decode(_: Attributes, codes: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """The strings at these places of a vector of strings."""
    if codes.size and not 0 <= codes.min() <= codes.max() < len(pool):
        raise fail("run.index", f"places from {codes.min()} to {codes.max()} do not all lie in a vector of {len(pool)} strings")
    return _array(pool[codes.reshape(-1)], codes.shape)


def _find_type(_: Attributes, x: ValueType, keys: ValueType) -> tuple[ValueType, ...]:
    _vector(keys, "the second operand")
    return (ArrayType(I64, _shape(x)),)


@host("string_find", 2, _find_type)
def _find(_: Attributes, x: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The place of each string in a vector of strings, the last one if there are several, -1 if there is none."""
    places = {key: place for place, key in enumerate(keys.flat)}
    return _numbers((places.get(s, -1) for s in x.flat), x)


def _concat_type(_: Attributes, x: ValueType, y: ValueType) -> tuple[ValueType, ...]:
    shape, other = _shape(x), _shape(y, "the second operand")
    if shape != other:
        raise ValueError(f"the operands must have one shape, not {shape} and {other}")
    return (x,)


@host("string_concat", 2, _concat_type)
def _concat(_: Attributes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each string followed by the one at its place in the second operand."""
    return _array(map(str.__add__, x.flat, y.flat), x.shape)


def _store_type(attributes: Attributes, x: ValueType, item: ValueType, places: ValueType) -> tuple[ValueType, ...]:
    shape, axes = _shape(x), [int(a) for a in attributes["axes"]]
    if (
        len(_shape(item, "the second operand")) != len(shape) - len(axes)
        or not isinstance(places, ArrayType)
        or places.shape != (len(axes),)
    ):
        raise TypeError(f"{item} at {places} does not fit into {x}")
    return (x,)


@host("string_store", 3, _store_type)
def _store(attributes: Attributes, x: np.ndarray, item: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The first operand with the second in place of the slice at `places`, one for each of `axes`."""
    at: list[Any] = [slice(None)] * x.ndim
    for axis, place in zip(attributes["axes"], places.tolist(), strict=True):
        if not 0 <= place < x.shape[axis]:
            raise fail("run.index", f"there is no slice {place} along dim {axis} of {list(x.shape)}")
        at[axis] = place
    stored = x.copy()
    stored[(*at, ...)] = item  # the slice is an array, also where it is one string
    return stored


def _append_type(_: Attributes, x: ValueType, item: ValueType) -> tuple[ValueType, ...]:
    if len(_shape(x)) != len(_shape(item, "the second operand")) + 1:
        raise TypeError(f"{item} is no slice of {x}")
    return (ArrayType(STRING, (None, *_shape(item))),)


@host("string_append", 2, _append_type)
def _append(_: Attributes, x: np.ndarray, item: np.ndarray) -> np.ndarray:
    """The first operand with the second as one more slice at its end; where it has none yet, that alone."""
    if len(x) and x.shape[1:] != item.shape:
        raise fail("run.value", f"a slice of shape {list(item.shape)} does not fit to those of shape {list(x.shape[1:])}")
    return np.concatenate([x, item[None]]) if len(x) else item[None].copy()


def _split_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    _split_arguments(attributes)
    return ArrayType(STRING, (*_shape(x), None)), ArrayType(I64, _shape(x))


def _split_arguments(attributes: Attributes) -> tuple[str | None, int]:
    return str(attributes.get("delimiter", "")) or None, int(attributes.get("maxsplit", -1))


@host("string_split", 1, _split_type)
def _split(attributes: Attributes, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts of each string in a new last dim, filled up with empty strings, and their number (ONNX `StringSplit`).

    Parts are separated by `delimiter`, or else by any white space, and at most `maxsplit` times if that is given.
    """
    arguments = _split_arguments(attributes)
    parts = [s.split(*arguments) for s in x.flat]
    filled = np.full((x.size, max(map(len, parts), default=0)), "", np.object_)
    for row, found in zip(filled, parts, strict=True):
        row[: len(found)] = found
    return filled.reshape((*x.shape, filled.shape[1])), _numbers(map(len, parts), x)


_CASES = {"LOWER": str.lower, "UPPER": str.upper, "NONE": str}


def _normalize_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    shape, change = _shape(x), attributes["case"]
    if len(shape) not in (1, 2) or (len(shape) == 2 and isinstance(shape[0], int) and shape[0] != 1):
        raise ValueError(f"the operand has the shape [C] or [1, C], not {shape}")
    if change not in _CASES or not all(isinstance(w, str) for w in attributes["stopwords"]):
        raise ValueError("`case` is LOWER, UPPER or NONE, `stopwords` a list of strings")
    return (ArrayType(STRING, (*(1 for _ in shape[1:]), None)),)


@host("string_normalize", 1, _normalize_type)
def _normalize(attributes: Attributes, x: np.ndarray) -> np.ndarray:
    """The strings without `stopwords`, then in `case`: LOWER, UPPER or NONE (ONNX `StringNormalizer`); if none is left, the empty string.

    Stop words are compared in lower case unless `case_sensitive`.
    """
    if x.shape[:-1] not in ((), (1,)):
        raise fail("run.value", f"strings of shape [C] or [1, C] are needed, not {list(x.shape)}")
    change = _CASES[attributes["case"]]
    if attributes.get("case_sensitive"):
        stop = set(attributes["stopwords"])
        kept = [change(s) for s in x.flat if s not in stop]
    else:
        stop = {w.lower() for w in attributes["stopwords"]}
        kept = [change(s) for s in x.flat if s.lower() not in stop]
    return _array(kept or [""], (*x.shape[:-1], max(len(kept), 1)))


def _match_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    _regex(attributes)
    return (ArrayType(BOOL, _shape(x)),)


def _regex(attributes: Attributes) -> Regex:
    return compiled(str(attributes["pattern"]))


@host("string_match", 1, _match_type)
def _match(attributes: Attributes, x: np.ndarray) -> np.ndarray:
    """Whether each string matches `pattern`, a regular expression of RE2's syntax, as a whole (ONNX `RegexFullMatch`)."""
    return _numbers(map(_regex(attributes).fullmatch, x.flat), x, np.bool_)


_PARSED = ("f64", "i64", "ui64", "i1")


def _parse_type(attributes: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    if attributes["dtype"] not in _PARSED:
        raise ValueError(f"`dtype` is one of {', '.join(_PARSED)}")
    return (ArrayType(BY_NAME[attributes["dtype"]], _shape(x)),)


@host("string_parse", 1, _parse_type)
def _parse(attributes: Attributes, x: np.ndarray) -> np.ndarray:
    """The numbers, of type `dtype` (f64, i64, ui64 or i1), that strings show in plain or scientific notation.

    Integers may have a fraction, which is dropped. Booleans are true, false, or a number. With `blank` the empty string is 0.
    """
    name, blank = str(attributes["dtype"]), bool(attributes.get("blank"))
    return _numbers((_number("0" if blank and not s else s, name) for s in x.flat), x, BY_NAME[name].numpy)


def _number(text: str, name: str) -> bool | int | float:
    try:
        match name, text.strip().lower():
            case "f64", word:
                return float(word)
            case "i1", "true" | "false" as word:
                return word == "true"
            case "i1", word:
                return float(word) != 0
            case _, word:
                value = _integer(word)
    except (ValueError, OverflowError) as error:
        raise fail("run.value", f"{text[:40]!r} is not a number of type {name}") from error
    info = np.iinfo(BY_NAME[name].numpy)
    if not info.min <= value <= info.max:
        raise fail("run.value", f"{text[:40]!r} is not in the range of {name}, from {info.min} to {info.max}")
    return value


def _integer(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        return int(float(word))


def _format_type(_: Attributes, x: ValueType) -> tuple[ValueType, ...]:
    if not isinstance(x, ArrayType):
        raise TypeError(f"the operand is an array, not {x}")
    return (ArrayType(STRING, x.shape),)


@host("string_format", 1, _format_type)
def _format(_: Attributes, x: np.ndarray) -> np.ndarray:
    """Numbers as strings, the shortest that read back as the same number of their type."""
    return _array(map(str, x.flat), x.shape)
