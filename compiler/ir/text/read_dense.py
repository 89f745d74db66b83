"""Reading MLIR text: the contents of tensors. Nothing is allocated before the data is known to be as long as the type says."""

import re
from dataclasses import dataclass
from math import prod

import ml_dtypes
import numpy as np

from ....proto.dtypes import DType
from .lexer import Lexer, unescape

_ITEM = re.compile(r'\s*+(?:([\[\](),])|(-?[A-Za-z0-9_.+\-]++)|("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"))')
_MAX_DEPTH = 64


@dataclass(slots=True)
class Literal:
    """What stands between `dense<` and `>`: `raw` bytes, or `items` in a nesting of `shape` (None: a splat)."""

    start: int
    raw: str = ""
    items: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    pairs: bool = False


class _Nesting:
    """Checks that lists are nested evenly, and learns their shape."""

    def __init__(self) -> None:
        self.shape: dict[int, int] = {}
        self.counts: list[int] = []
        self.leaf_depth: int | None = None

    def open(self) -> bool:
        self.counts.append(0)
        return len(self.counts) <= _MAX_DEPTH

    def close(self) -> bool:
        n = self.counts.pop()
        depth = len(self.counts)
        self.count()
        return self.shape.setdefault(depth, n) == n

    def leaf(self) -> bool:
        depth = len(self.counts)
        self.count()
        if self.leaf_depth is None:
            self.leaf_depth = depth
        return self.leaf_depth == depth

    def count(self) -> None:
        if self.counts:
            self.counts[-1] += 1


def read_literal(lx: Lexer) -> Literal:
    """What follows `dense<`, up to and with `>`."""
    start = lx.pos
    if lx.at("…"):
        raise lx.error("mlir.elided", "the contents of this constant were left out when the text was printed")
    if lx.take(">"):
        return Literal(start, shape=(0,))
    if lx.text.startswith('"0x', lx.pos):
        literal = Literal(start, raw=lx.raw_string()[3:-1])
        lx.expect(">")
        return literal
    nesting = _Nesting()
    items: list[str] = []
    pairs = False
    pos = lx.pos
    while True:
        m = _ITEM.match(lx.text, pos)
        if m is None:
            break
        punct, item, string = m.groups()
        good = True
        if punct == "[":
            good = nesting.open()
        elif punct == "]":
            good = bool(nesting.counts) and nesting.close()
        elif punct == "(":
            pairs = True
        elif punct == ")":
            # A pair counts once: its two parts were counted as one leaf each.
            good = nesting.leaf() and pairs
        elif punct is None:
            items.append(item or string)
            good = pairs or nesting.leaf()
        if not good:
            raise lx.error("mlir.dense", "the lists are not nested evenly", m.start(m.lastindex or 0))
        pos = m.end()
    lx.pos = pos
    lx.skip_space()
    if nesting.counts:
        raise lx.expected("an element or `]`")
    lx.expect(">")
    shape = tuple(n for _, n in sorted(nesting.shape.items())) if nesting.shape else None
    if shape is not None and nesting.leaf_depth is not None and nesting.leaf_depth != len(shape):
        raise lx.error("mlir.dense", "the lists are not nested evenly", start)
    return Literal(start, items=tuple(items), shape=shape, pairs=pairs)


def to_array(lx: Lexer, literal: Literal, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
    """The array of a literal; an error at its place if the two do not fit."""
    size = prod(shape)
    if literal.raw:
        return _from_hex(lx, literal, dtype, shape)
    per_element = 2 if dtype.is_complex else 1
    if literal.items and literal.pairs != dtype.is_complex:
        raise lx.error("mlir.dense", f"elements of {dtype} are {'pairs' if dtype.is_complex else 'single numbers'}", literal.start)
    if literal.shape is None and len(literal.items) == per_element:
        return _splat(lx, literal.start, _elements(lx, literal, dtype), dtype, shape)
    given = literal.shape if literal.shape is not None else (len(literal.items) // per_element,)
    # MLIR writes `dense<>` for every empty tensor.
    if not (size == 0 and not literal.items) and (given != shape or len(literal.items) != size * per_element):
        raise lx.error("mlir.dense", f"the elements have the shape {list(given)}, the type says {list(shape)}", literal.start)
    return _elements(lx, literal, dtype).reshape(shape)


def _splat(lx: Lexer, start: int, one: np.ndarray, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
    # A splat takes no memory until somebody spells it out.
    lx.limit("tensor_bytes", prod(shape) * dtype.itemsize, f"a constant of {prod(shape)} elements", "mlir.size", start)
    return np.broadcast_to(one.reshape(()), shape)


def _elements(lx: Lexer, literal: Literal, dtype: DType) -> np.ndarray:
    try:
        if dtype.is_bool:
            return np.array([_BOOLS[x] for x in literal.items], np.bool_)
        if dtype.is_int:
            return _ints(literal.items, dtype)
        if dtype.is_float:
            return _floats(literal.items, dtype.numpy, dtype.bits)
        if dtype.is_complex:
            part = np.dtype(np.float32 if dtype.bits == 64 else np.float64)
            return _floats(literal.items, part, dtype.bits // 2).view(dtype.numpy)
        strings = np.empty(len(literal.items), np.object_)
        strings[:] = [unescape(x) for x in literal.items if x.startswith('"')]
        return strings
    except (ValueError, OverflowError, KeyError) as e:
        raise lx.error("mlir.dense", f"an element is not a number of type {dtype}: {str(e)[:80]}", literal.start) from e


_BOOLS = {"true": True, "false": False, "1": True, "0": False, "-1": True}


def _int(text: str) -> int:
    if len(text) > 40:
        raise ValueError("too many digits")
    return int(text, 0 if "x" in text else 10)


def _ints(items: tuple[str, ...], dtype: DType) -> np.ndarray:
    values = [_int(x) for x in items]
    info = ml_dtypes.iinfo(dtype.numpy)
    if values and not (int(info.min) <= min(values) and max(values) <= int(info.max)):
        raise ValueError(f"out of range [{info.min}, {info.max}]")
    wide = np.array(values, np.uint64 if dtype.is_unsigned else np.int64)
    return wide.astype(dtype.numpy)


def _floats(items: tuple[str, ...], numpy: np.dtype, bits: int) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = np.array([0.0 if "x" in x else float(x) for x in items], np.float64).astype(numpy)
    for i, x in enumerate(items):
        if "x" in x:
            pattern = _int(x)
            if not 0 <= pattern < 1 << bits:
                raise ValueError(f"`{x[:20]}` has more than {bits} bits")
            values[i] = np.array([pattern], f"u{numpy.itemsize}").view(numpy)[0]
    return values


def _from_hex(lx: Lexer, literal: Literal, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
    try:
        data = bytes.fromhex(literal.raw)
    except ValueError as e:
        raise lx.error("mlir.dense", "the bytes of the constant are not hexadecimal", literal.start) from e
    return from_bytes(lx, literal.start, data, dtype, shape)


def from_bytes(lx: Lexer, start: int, data: bytes, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
    """An array from little-endian bytes, one element's worth (a splat) or all; i1 may be packed, eight to a byte."""
    size = prod(shape)
    if dtype.numpy == np.object_:
        raise lx.error("mlir.dense", "strings have no byte form", start)
    if dtype.is_bool and len(data) == (size + 7) // 8 and size > 1:
        return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:size].astype(np.bool_).reshape(shape)
    if dtype.is_bool:
        data = bytes(map(bool, data))
    if len(data) == dtype.itemsize and size != 1:
        return _splat(lx, start, _view(data, dtype), dtype, shape)
    if len(data) != size * dtype.itemsize:
        raise lx.error("mlir.dense", f"the constant has {len(data)} bytes, its type says {size * dtype.itemsize}", start)
    return _view(data, dtype).reshape(shape)


def _view(data: bytes, dtype: DType) -> np.ndarray:
    if dtype.bits < 8 and not dtype.is_bool:
        mask = (1 << dtype.bits) - 1
        return (np.frombuffer(data, np.uint8) & mask).view(dtype.numpy)
    return np.frombuffer(data, dtype.numpy.newbyteorder("<")).astype(dtype.numpy, copy=False)
