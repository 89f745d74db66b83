"""Uniform random numbers from the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), in the graph.

ONNX leaves generators open. These are the numbers that numpy's `RandomState(seed)` draws, and with it ONNX's reference implementation,
so that a seed means the same everywhere.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ....compiler.ir.dims import Dim, floordiv, product
from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import cast, const, full_like, reshape_to, splat
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import compare, op, select

_WORDS = 624  # of the state, which is renewed as a whole
_AHEAD = 397
_BLOCK = 64  # rounds
_UPPER, _LOWER, _MATRIX = 0x80000000, 0x7FFFFFFF, 0x9908B0DF


def uniform(shape: Sequence[Dim], seed: int) -> Value:
    """f64 in [0, 1), of 53 bits each: the first numbers after a seed, whose low 32 bits count."""
    size = product(shape)
    words = _words(seed, floordiv(2 * size, _WORDS) + 1)
    first = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, (size,)))
    first = op("multiply", first, full_like(first, 2))
    high, low = build.take(words, first, 0), build.take(words, op("add", first, full_like(first, 1)), 0)
    a, b = (cast(op("shift_right_logical", w, full_like(w, n)), dtypes.F64) for w, n in ((high, 5), (low, 6)))
    whole = op("add", op("multiply", a, full_like(a, 2.0**26)), b)
    return reshape_to(op("multiply", whole, full_like(whole, 2.0**-53)), tuple(shape))


def _words(seed: int, rounds: Dim) -> Value:
    """As many times 624 words, u32, or more. In blocks, as a loop that fills a tensor writes all of it in every turn."""
    start = const(_seeded(seed))
    if isinstance(rounds, int) and rounds <= _BLOCK:
        return _filled(start, rounds, 1, _round)[1]
    return _filled(start, floordiv(rounds - 1, _BLOCK) + 1, _BLOCK, lambda state: _filled(state, _BLOCK, 1, _round))[1]


def _round(old: Value) -> tuple[Value, Value]:
    state = _renewed(old)
    return state, _tempered(state)


def _filled(state: Value, turns: Dim, rounds: int, turn: Callable[[Value], tuple[Value, Value]]) -> tuple[Value, Value]:
    """The state after so many turns, and the words [turns·rounds·624] that they give."""
    step = rounds * _WORDS
    out = splat(0, TensorType(dtypes.U32, (turns * step,)))
    end = cast(op("get_dimension_size", out, dimension=0), dtypes.I64)
    start = [const(0, dtypes.I64), state, out]
    head, body = ([param(v.type) for v in (*start, end)] for _ in range(2))
    after, words = turn(body[1])
    stored = op("dynamic_update_slice", body[2], words, body[0])
    results = op_of("while")(
        *start,
        cond=region(head, [compare("LT", head[0], head[3])]),
        body=region(body, [op("add", body[0], const(step, dtypes.I64)), after, stored]),
        captures=(end,),
    )
    assert isinstance(results, tuple)
    return results[1], results[2]


def _seeded(seed: int) -> np.ndarray:
    """The state of a seed, by Knuth's linear congruential generator."""
    words = [seed & 0xFFFFFFFF]
    for i in range(1, _WORDS):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + i) & 0xFFFFFFFF)
    return np.array(words, np.uint32)


def _renewed(old: Value) -> Value:
    """new[k] = twist(old[k], old[k + 1]) ^ old[k + 397]: in parts, as from k = 227 on the last is one of the new words."""
    step = _WORDS - _AHEAD
    first = op("xor", _twisted(old, 0, step), build.slice_axis(old, 0, _AHEAD, _WORDS))
    second = op("xor", _twisted(old, step, 2 * step), first)
    third = op("xor", _twisted(old, 2 * step, _WORDS - 1), build.slice_axis(second, 0, 0, _WORDS - 1 - 2 * step))
    last = _twist(build.slice_axis(old, 0, _WORDS - 1, _WORDS), build.slice_axis(first, 0, 0, 1))
    at = _AHEAD - 1 - step
    return build.concatenate([first, second, third, op("xor", last, build.slice_axis(second, 0, at, at + 1))], 0)


def _twisted(old: Value, start: int, limit: int) -> Value:
    return _twist(build.slice_axis(old, 0, start, limit), build.slice_axis(old, 0, start + 1, limit + 1))


def _twist(x: Value, y: Value) -> Value:
    """The highest bit of one word and the others of the next, times a matrix over GF(2)."""
    both = op("or", op("and", x, full_like(x, _UPPER)), op("and", y, full_like(y, _LOWER)))
    odd = compare("NE", op("and", both, full_like(both, 1)), full_like(both, 0))
    return op("xor", op("shift_right_logical", both, full_like(both, 1)), select(odd, full_like(both, _MATRIX), full_like(both, 0)))


def _tempered(y: Value) -> Value:
    for shift, by, mask in (
        ("shift_right_logical", 11, 0xFFFFFFFF),
        ("shift_left", 7, 0x9D2C5680),
        ("shift_left", 15, 0xEFC60000),
        ("shift_right_logical", 18, 0xFFFFFFFF),
    ):
        y = op("xor", y, op("and", op(shift, y, full_like(y, by)), full_like(y, mask)))
    return y
