"""Sequences: lists of values of one type, as in ONNX. Positions are integer scalars and count from the end if negative."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...proto.dtypes import I64
from ...proto.errors import fail
from ...proto.value_types import ANY, AnyType, ArrayType, SequenceType, UnrankedType, ValueType, compatible
from .table import Attributes, host

MOST_PIECES = 1 << 20


def _sequence(x: ValueType) -> SequenceType:
    if not isinstance(x, SequenceType):
        raise TypeError(f"the operand is a sequence, not {x}")
    return x


def _position(types: Sequence[ValueType], most: int) -> None:
    """At most `most` further operands, each of them an integer."""
    if len(types) > most:
        raise TypeError(f"there are {len(types) - most} operands too many")
    for t in types:
        if not isinstance(t, ArrayType) or not t.dtype.is_int:
            raise TypeError(f"a position is an integer, not {t}")


def _element(x: ValueType) -> ArrayType | UnrankedType:
    """The type of the arrays in a sequence."""
    element = _sequence(x).element
    if not isinstance(element, ArrayType | UnrankedType):
        raise TypeError(f"the sequence holds arrays, not {element}")
    return element


def _open(like: ArrayType | UnrankedType, more: int = 0) -> ValueType:
    """An array of as many dims as `like` and `more`, of any size."""
    if isinstance(like, UnrankedType):
        return like
    return ArrayType(like.dtype, (None,) * (len(like.shape) + more))


def _general(a: ValueType, b: ValueType) -> ValueType:
    """A type of values of both types."""
    if a == b:
        return a
    if isinstance(a, ArrayType) and isinstance(b, ArrayType) and len(a.shape) == len(b.shape):
        return _open(a)
    return UnrankedType(a.dtype) if isinstance(a, ArrayType | UnrankedType) else a


def _empty_type(_: Attributes) -> tuple[ValueType, ...]:
    return (SequenceType(ANY),)


@host("sequence_empty", 0, _empty_type)
def _empty(_: Attributes) -> list[Any]:
    """A sequence without elements."""
    return []


def _construct_type(_: Attributes, first: ValueType, *others: ValueType) -> tuple[ValueType, ...]:
    element = first
    for other in others:
        if _loose(element) != _loose(other):
            raise TypeError(f"the elements of a sequence are of one type, not {element} and {other}")
        element = _general(element, other)
    return (SequenceType(element),)


def _loose(x: ValueType) -> ValueType:
    """The type without ranks."""
    return UnrankedType(x.dtype) if isinstance(x, ArrayType) else x


@host("sequence_construct", None, _construct_type)
def _construct(_: Attributes, *elements: Any) -> list[Any]:
    """The sequence of the operands, of which there is at least one."""
    return list(elements)


def _insert_type(_: Attributes, sequence: ValueType, element: ValueType, *position: ValueType) -> tuple[ValueType, ...]:
    _position(position, 1)
    held = _sequence(sequence).element
    if not compatible(_loose(held), _loose(element)):
        raise TypeError(f"{element} is no element of {sequence}")
    return (SequenceType(element if isinstance(held, AnyType) else _general(held, element)),)


@host("sequence_insert", None, _insert_type)
def _insert(_: Attributes, sequence: list[Any], element: Any, position: np.ndarray | None = None) -> list[Any]:
    """The sequence with the second operand before `position`, or at its end."""
    at = len(sequence) if position is None else _index(sequence, position, len(sequence) + 1)
    return [*sequence[:at], element, *sequence[at:]]


def _erase_type(_: Attributes, sequence: ValueType, *position: ValueType) -> tuple[ValueType, ...]:
    _position(position, 1)
    return (_sequence(sequence),)


@host("sequence_erase", None, _erase_type)
def _erase(_: Attributes, sequence: list[Any], position: np.ndarray | None = None) -> list[Any]:
    """The sequence without the element at `position`, or without its last one."""
    at = _index(sequence, np.asarray(-1) if position is None else position, len(sequence))
    return [*sequence[:at], *sequence[at + 1 :]]


def _at_type(_: Attributes, sequence: ValueType, position: ValueType) -> tuple[ValueType, ...]:
    _position((position,), 1)
    return (_sequence(sequence).element,)


@host("sequence_at", 2, _at_type)
def _at(_: Attributes, sequence: list[Any], position: np.ndarray) -> Any:
    """The element at `position`."""
    return sequence[_index(sequence, position, len(sequence))]


def _index(sequence: list[Any], position: np.ndarray, limit: int) -> int:
    """`position` as one in [0, limit)."""
    at = int(position.item())
    found = at + len(sequence) if at < 0 else at
    if not 0 <= found < limit:
        raise fail("run.index", f"position {at} is outside a sequence of {len(sequence)} elements")
    return found


def _length_type(_: Attributes, sequence: ValueType) -> tuple[ValueType, ...]:
    _sequence(sequence)
    return (ArrayType(I64, ()),)


@host("sequence_length", 1, _length_type)
def _length(_: Attributes, sequence: list[Any]) -> np.ndarray:
    """The number of elements."""
    return np.array(len(sequence), np.int64)


def _concat_type(attributes: Attributes, sequence: ValueType) -> tuple[ValueType, ...]:
    int(attributes["axis"])
    return (_open(_element(sequence), int(bool(attributes.get("new_axis")))),)


@host("sequence_concat", 1, _concat_type)
def _concat(attributes: Attributes, sequence: list[np.ndarray]) -> np.ndarray:
    """The arrays of a sequence joined along `axis`, or stacked along a new one with `new_axis`."""
    if not sequence:
        raise fail("run.value", "an empty sequence cannot be concatenated")
    return (np.stack if attributes.get("new_axis") else np.concatenate)(sequence, axis=int(attributes["axis"]))


def _split_type(attributes: Attributes, x: ValueType, *split: ValueType) -> tuple[ValueType, ...]:
    int(attributes["axis"])
    _position(split, 1)
    if not isinstance(x, ArrayType | UnrankedType):
        raise TypeError(f"an array is split, not {x}")
    drops = not split and not attributes.get("keepdims", True)
    return (SequenceType(_open(x, -1 if drops else 0)),)


@host("sequence_split", None, _split_type)
def _split(attributes: Attributes, x: np.ndarray, split: np.ndarray | None = None) -> list[np.ndarray]:
    """An array cut along `axis`: to the lengths in a vector `split`, to pieces as long as a scalar, or to single slices.

    Slices lose the axis unless `keepdims`. Pieces are copies.
    """
    axis = int(attributes["axis"])
    length = x.shape[axis]
    if length > MOST_PIECES and x.size == 0:  # arrays without bytes may be of any length
        raise fail("run.memory", f"an array without elements is not cut to {length} pieces")
    if split is None and not attributes.get("keepdims", True):
        return [piece.copy() for piece in np.moveaxis(x, axis, 0)]
    if split is None or split.ndim == 0:
        step = 1 if split is None else int(split.item())
        if step < 1:
            raise fail("run.value", f"an array cannot be cut to pieces of length {step}")
        ends = [*range(step, length, step), *([length] if length else [])]
    else:
        if split.size and (split.min() < 0 or split.sum() != length):
            raise fail("run.value", f"lengths {split.tolist()} do not add up to the dimension, {length}")
        ends = np.cumsum(split).tolist()
    starts = [0, *ends][: len(ends)]
    cut: list[slice] = [slice(None)] * x.ndim
    pieces: list[np.ndarray] = []
    for start, end in zip(starts, ends, strict=True):
        cut[axis] = slice(start, end)
        pieces.append(x[tuple(cut)].copy())
    return pieces
