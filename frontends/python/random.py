"""Random numbers from explicit keys: a counter-based generator, so the same key gives the same numbers everywhere.

    key = weft.random.key(0)
    key, sub = weft.random.split(key)
    w = weft.random.normal(sub, (784, 64))

The generator is Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3; SC 2011). Keys, splitting and the
order of the numbers are those of `jax.random` with its default (partitionable) Threefry, so that programs can be compared with it.
"""

from collections.abc import Sequence
from math import erf, prod, sqrt
from typing import Any

import numpy as np

from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType
from ...compiler.ops.helpers import broadcast_to, cast, const, reshape_to
from ...compiler.ops.registry import op_of
from ...proto.dtypes import F32, F64, I64, U32, U64, DType
from ...proto.errors import check
from .lift import lifted
from .numpy.dtypes import DEFAULT_FLOAT, together, weft_dtype
from .tensor import Tensor

__all__ = [
    "bernoulli", "bits", "categorical", "choice", "exponential", "fold_in", "gumbel", "key", "laplace", "normal", "permutation", "randint",
    "split", "truncated_normal", "uniform",
]  # fmt: skip

Shape = Sequence[int]
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def _node(name: str, *operands: Value, **attrs: Any) -> Value:
    built = op_of(name)(*operands, **attrs)
    assert isinstance(built, Value)
    return built


def _u32(n: int) -> Value:
    return const(np.uint32(n))


def _like(v: Value, n: int) -> Value:
    return broadcast_to(const(np.asarray(n, v.dtype.numpy)), v.shape)


def _rotated(v: Value, by: int) -> Value:
    return _node("or", _node("shift_left", v, _like(v, by)), _node("shift_right_logical", v, _like(v, 32 - by)))


def _threefry(k0: Value, k1: Value, x0: Value, x1: Value) -> tuple[Value, Value]:
    """Two words of every counter (x0, x1), all u32 of one shape, enciphered with the key (k0, k1) of rank 0."""
    k2 = _node("xor", _node("xor", k0, k1), _u32(0x1BD11BDA))
    keys = [broadcast_to(k, x0.shape) for k in (k0, k1, k2)]
    x0, x1 = _node("add", x0, keys[0]), _node("add", x1, keys[1])
    for group in range(5):
        for by in _ROTATIONS[group % 2]:
            x0 = _node("add", x0, x1)
            x1 = _node("xor", _rotated(x1, by), x0)
        x0 = _node("add", x0, keys[(group + 1) % 3])
        x1 = _node("add", x1, _node("add", keys[(group + 2) % 3], _like(x1, group + 1)))
    return x0, x1


def _words(key: Value) -> tuple[Value, Value]:
    check(key.shape == (2,) and key.dtype == U32, "random.key", f"a key is made by weft.random.key(seed), got {key.type}")
    parts = [_node("slice", key, start_indices=(i,), limit_indices=(i + 1,), strides=(1,)) for i in range(2)]
    return reshape_to(parts[0], ()), reshape_to(parts[1], ())


def _counted(key: Value, shape: Shape) -> tuple[Value, Value]:
    """The two words for every element's position in row-major order."""
    count = prod(shape)
    place = _node("iota", iota_dimension=0, result=TensorType(U64, (count,)))
    high = cast(_node("shift_right_logical", place, _like(place, 32)), U32)
    low = cast(_node("and", place, _like(place, 0xFFFFFFFF)), U32)
    words = _threefry(*_words(key), high, low)
    return reshape_to(words[0], tuple(shape)), reshape_to(words[1], tuple(shape))


def key(seed: int) -> Tensor:
    """A key: the seed as two words, u32[2]."""
    n = int(seed) & 0xFFFFFFFFFFFFFFFF
    return Tensor(np.array([n >> 32, n & 0xFFFFFFFF], np.uint32))


@lifted
def split(key: Any, num: int = 2) -> Value:
    """`num` keys, u32[num, 2]: use each once."""
    high, low = _counted(together(key)[0], (num,))
    return _node("concatenate", reshape_to(high, (num, 1)), reshape_to(low, (num, 1)), dimension=1)


@lifted
def fold_in(key: Any, data: Any) -> Value:
    """A key made of a key and a number (a step, a layer)."""
    n = cast(together(data)[0], U32)
    high, low = _threefry(*_words(together(key)[0]), _u32(0), n)
    return _node("concatenate", reshape_to(high, (1,)), reshape_to(low, (1,)), dimension=0)


def _bits(key: Value, shape: Shape, dtype: DType) -> Value:
    high, low = _counted(key, shape)
    if dtype == U64:
        wide = _node("shift_left", cast(high, U64), broadcast_to(const(np.uint64(32)), tuple(shape)))
        return _node("or", wide, cast(low, U64))
    return cast(_node("xor", high, low), dtype)


@lifted
def bits(key: Any, shape: Shape = (), dtype: Any = np.uint32) -> Value:
    """Random bits: u8, u16, u32 or u64."""
    wanted = weft_dtype(dtype)
    check(wanted.is_unsigned, "random.bits", f"bits are unsigned integers, got {wanted}")
    return _bits(together(key)[0], tuple(shape), wanted)


def _unit(key: Value, shape: Shape, dtype: DType) -> Value:
    """Floats in [0, 1): the bits of a mantissa behind the exponent of 1, less 1."""
    if dtype not in (F32, F64):
        return cast(_unit(key, shape, F32), dtype)
    wide, mantissa, one = (U32, 23, 0x3F800000) if dtype == F32 else (U64, 52, 0x3FF0000000000000)
    raw = _bits(key, shape, wide)
    ones = _node("or", _node("shift_right_logical", raw, _like(raw, wide.bits - mantissa)), _like(raw, one))
    return _node("subtract", _node("bitcast_convert", ones, result=ones.tensor.with_dtype(dtype)), _like_float(ones, dtype, 1.0))


def _like_float(v: Value, dtype: DType, value: float) -> Value:
    return broadcast_to(const(value, dtype), v.shape)


@lifted
def uniform(key: Any, shape: Shape = (), dtype: Any = DEFAULT_FLOAT, minval: Any = 0.0, maxval: Any = 1.0) -> Value:
    """Floats in [minval, maxval)."""
    wanted = weft_dtype(dtype)
    low, high = (broadcast_to(cast(together(v)[0], wanted), tuple(shape)) for v in (minval, maxval))
    unit = _unit(together(key)[0], shape, wanted)
    scaled = _node("add", _node("multiply", unit, _node("subtract", high, low)), low)
    return _node("maximum", low, scaled)


@lifted
def normal(key: Any, shape: Shape = (), dtype: Any = DEFAULT_FLOAT) -> Value:
    """Floats from the standard normal distribution: √2 · erf⁻¹ of uniform numbers in (-1, 1)."""
    wanted = weft_dtype(dtype)
    inner = wanted if wanted in (F32, F64) else F32
    least = float(np.nextafter(inner.numpy.type(-1), inner.numpy.type(0)))
    unit = uniform(together(key)[0], shape, inner.numpy, least, 1.0)
    return cast(_node("multiply", _node("weft.erf_inv", unit), _like_float(unit, inner, sqrt(2))), wanted)


@lifted
def bernoulli(key: Any, p: Any = 0.5, shape: Shape | None = None) -> Value:
    """True with probability p."""
    chance = together(p)[0]
    wanted = tuple(chance.shape if shape is None else shape)
    floats = cast(chance, chance.dtype if chance.dtype.is_float else F32)
    return _node("compare", _unit(together(key)[0], wanted, floats.dtype), broadcast_to(floats, wanted), comparison_direction="LT")


@lifted
def randint(key: Any, shape: Shape, minval: int, maxval: int, dtype: Any = np.int64) -> Value:
    """Integers in [minval, maxval). 64 random bits are taken to the range by a remainder: its bias is below (maxval - minval) / 2^64."""
    wanted = weft_dtype(dtype)
    check(wanted.is_int and minval < maxval, "random.range", f"there is no {wanted} in [{minval}, {maxval})")
    raw = _bits(together(key)[0], tuple(shape), U64)
    rest = _node("remainder", raw, _like(raw, maxval - minval))
    return cast(_node("add", cast(rest, I64), broadcast_to(const(minval, I64), tuple(shape))), wanted)


@lifted
def permutation(key: Any, n: int) -> Value:
    """0 … n-1 in random order, int64: sorted by random keys of 64 bits."""
    from .numpy.sorting import order_by

    return order_by(_bits(together(key)[0], (n,), U64))


@lifted
def categorical(key: Any, logits: Any, axis: int = -1) -> Value:
    """An index drawn with probabilities softmax(logits) along an axis, int64 (the Gumbel-max trick)."""
    from .numpy.reductions import argmax

    scores = together(logits)[0]
    tiny = float(np.finfo(np.float32).tiny)
    unit = uniform(together(key)[0], scores.shape, scores.dtype.numpy, tiny, 1.0)
    gumbel = _node("negate", _node("log", _node("negate", _node("log", unit))))
    return argmax(_node("add", scores, gumbel), axis=axis)


@lifted
def exponential(key: Any, shape: Shape = (), dtype: Any = DEFAULT_FLOAT) -> Value:
    """Floats of the exponential distribution of mean 1: -log(1 - u)."""
    unit = uniform(together(key)[0], shape, dtype)
    return _node("negate", _node("log_plus_one", _node("negate", unit)))


@lifted
def gumbel(key: Any, shape: Shape = (), dtype: Any = DEFAULT_FLOAT) -> Value:
    """Floats of the standard Gumbel distribution: -log(-log u)."""
    wanted = weft_dtype(dtype)
    unit = uniform(together(key)[0], shape, wanted.numpy, _least(wanted), 1.0)
    return _node("negate", _node("log", _node("negate", _node("log", unit))))


@lifted
def laplace(key: Any, shape: Shape = (), dtype: Any = DEFAULT_FLOAT) -> Value:
    """Floats of the Laplace distribution of mean 0 and scale 1."""
    wanted = weft_dtype(dtype)
    kind = wanted.numpy.type
    unit = uniform(together(key)[0], shape, wanted.numpy, float(kind(-1) + np.finfo(kind).epsneg), 1.0)
    return _node("multiply", _node("sign", unit), _node("log_plus_one", _node("negate", _node("abs", unit))))


@lifted
def truncated_normal(key: Any, lower: float, upper: float, shape: Shape = (), dtype: Any = DEFAULT_FLOAT) -> Value:
    """Floats of the standard normal distribution, of those between two bounds."""
    wanted = weft_dtype(dtype)
    check(wanted in (F32, F64) and lower < upper, "random.range", f"there is no {wanted} in ({lower}, {upper})")
    kind = wanted.numpy.type
    low, high = (float(kind(erf(b / sqrt(2)))) for b in (lower, upper))
    unit = uniform(together(key)[0], shape, wanted.numpy, low, high)
    drawn = _node("multiply", _node("weft.erf_inv", unit), _like_float(unit, wanted, sqrt(2)))
    first, last = np.nextafter(kind(lower), kind(np.inf)), np.nextafter(kind(upper), kind(-np.inf))
    return _node("clamp", _like_float(drawn, wanted, float(first)), drawn, _like_float(drawn, wanted, float(last)))


def choice(key: Any, x: Any, shape: Shape = (), replace: bool = True, p: Any = None, axis: int = 0) -> Any:
    """Entries of an array along an axis, or of 0 … x-1, drawn with probabilities `p` or alike, with or without `replace`ment."""
    from .numpy import asarray, log, reshape, take
    from .numpy.sorting import argsort

    n = x if isinstance(x, int) else x.shape[axis]
    count = prod(shape)
    if replace:
        places = randint(key, shape, 0, n) if p is None else categorical(key, _repeated(log(asarray(p)), shape))
    else:
        check(count <= n, "random.choice", f"{count} of {n} entries cannot be drawn without replacement")
        order = permutation(key, n) if p is None else argsort(-(log(asarray(p)) + gumbel(key, (n,))))
        places = reshape(order[:count], tuple(shape))
    return places if isinstance(x, int) else take(asarray(x), places, axis=axis)


def _repeated(x: Any, shape: Shape) -> Any:
    from .numpy import broadcast_to as spread

    return spread(x, (*shape, *x.shape))


def _least(dtype: DType) -> float:
    return float(np.finfo(dtype.numpy.type).tiny)
