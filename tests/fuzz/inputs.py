"""Inputs of a module, by its types: plain ones, and ones that no caller should pass."""

import random

import numpy as np
from weft.compiler.ir.dims import Dim, evaluate, substitute, symbols
from weft.compiler.ir.graph import Function
from weft.compiler.ir.types import MapType, OptionalType, SequenceType, TensorType, Type, UnrankedTensorType
from weft.proto.dtypes import STRING

_MOST_BYTES = 1 << 24
_EXTREMES = (0, 1, -1, 2, 1 << 31, -(1 << 31), 1 << 62, (1 << 63) - 1, -(1 << 63))


class TooLarge(Exception):
    """The function takes more than the fuzzer gives."""


def inputs_of(function: Function, rng: random.Random) -> list[object]:
    """Values of the parameters' types; integers are small, or extreme, as indices may be."""
    env: dict[str, int] = {}
    return [_value(p.type, env, rng) for p in function.params]


def _size(d: Dim, env: dict[str, int], rng: random.Random) -> int:
    for name, s in symbols(d).items():
        lo = evaluate(s.lo, env) if s.lo is not None and not symbols(s.lo).keys() - env.keys() else 0
        hi = evaluate(s.hi, env) if s.hi is not None and not symbols(s.hi).keys() - env.keys() else lo + 5
        env.setdefault(name, rng.randint(lo, max(lo, min(hi, lo + 5))))
    n = substitute(d, env)
    return max(n, 0) if isinstance(n, int) else 1


def _value(t: Type, env: dict[str, int], rng: random.Random) -> object:
    match t:
        case TensorType():
            return _array(t, tuple(_size(d, env, rng) for d in t.shape), rng)
        case UnrankedTensorType(dtype):
            return _array(TensorType(dtype, ()), (2,) * rng.randrange(3), rng)
        case SequenceType(element):
            return [_value(element, env, rng) for _ in range(rng.randrange(3))]
        case OptionalType(element):
            return _value(element, env, rng) if rng.random() < 0.7 else None
        case MapType(key, value):
            return {("k" if key is STRING else 1): _value(value, env, rng)}
        case _:
            raise TooLarge


def _array(t: TensorType, shape: tuple[int, ...], rng: random.Random) -> np.ndarray:
    if np.prod(shape, dtype=float) * max(t.dtype.itemsize, 1) > _MOST_BYTES:
        raise TooLarge
    numbers = np.random.default_rng(rng.randrange(1 << 32))
    if t.dtype is STRING:
        return np.array(numbers.choice(["", "a", "é", "1.5", "b c"], shape), object)
    if t.dtype.is_bool:
        return numbers.integers(0, 2, shape).astype(np.bool_)
    if t.dtype.is_int:
        extreme = rng.random() < 0.3
        drawn = numbers.choice(np.array(_EXTREMES), shape) if extreme else numbers.integers(0, 4, shape)
        return np.asarray(drawn).astype(t.dtype.numpy)
    drawn = numbers.standard_normal(shape)
    if rng.random() < 0.3:
        drawn = np.where(numbers.random(shape) < 0.3, numbers.choice([np.nan, np.inf, -np.inf, 1e38, -0.0, 1e-42], shape), drawn)
    return np.asarray(drawn).astype(t.dtype.numpy)


def spoiled(values: list[object], rng: random.Random) -> list[object]:
    """The values with one that does not fit, or lies in memory in an odd way."""
    if not values:
        return [1]
    out = list(values)
    at = rng.randrange(len(out))
    x = out[at]
    if not isinstance(x, np.ndarray) or np.prod([max(n, 1) for n in x.shape]) > _MOST_BYTES:  # numpy takes hours to repeat empty rows
        out[at] = rng.choice([None, [], 3, "text"])
        return out
    match rng.randrange(9):
        case 0:
            out[at] = rng.choice([None, "text", object(), 1 << 70, [[1], [2, 3]], {}, float("nan")])
        case 1:
            out[at] = x.astype(rng.choice([np.int8, np.float16, np.uint64, np.complex64])) if x.dtype != object else 1
        case 2:
            out[at] = x[..., None]
        case 3:
            out[at] = np.broadcast_to(x, (rng.choice([0, 2, 5]), *x.shape))
        case 4 if x.ndim:
            out[at] = np.repeat(x, 2, rng.randrange(x.ndim))[..., ::2]
        case 5 if x.ndim:
            out[at] = np.flip(x)
        case 6 if x.dtype.kind in "iufc" and x.dtype.itemsize > 1:
            out[at] = x.astype(x.dtype.newbyteorder())
        case 7 if x.dtype != object:
            room = np.empty(x.nbytes + 1, np.uint8)
            room[1:] = np.ascontiguousarray(x).reshape(-1).view(np.uint8)
            out[at] = room[1:].view(x.dtype).reshape(x.shape)
        case _:
            del out[at]
    return out
