"""Ops on bits: logic, shifts, counting."""

import numpy as np

from . import rules
from .elementwise import binary, unary
from .numeric import Array, compute, dtype_of, limits, unsigned
from .registry import Function

and_ = binary(
    "and", rules.INTEGER_OR_BOOL, "Bitwise and; logical for booleans.",
    reference=lambda x, y: compute(np.bitwise_and, x, y),
    lower=lambda b, x, y: b.and_(x, y),
    commutative=True,
)  # fmt: skip
or_ = binary(
    "or", rules.INTEGER_OR_BOOL, "Bitwise or; logical for booleans.",
    reference=lambda x, y: compute(np.bitwise_or, x, y),
    lower=lambda b, x, y: b.or_(x, y),
    commutative=True,
)  # fmt: skip
xor = binary(
    "xor", rules.INTEGER_OR_BOOL, "Bitwise exclusive or; logical for booleans.",
    reference=lambda x, y: compute(np.bitwise_xor, x, y),
    lower=lambda b, x, y: b.xor(x, y),
    commutative=True,
)  # fmt: skip
not_ = unary(
    "not", rules.INTEGER_OR_BOOL, "Bitwise complement; logical for booleans.",
    reference=lambda x: compute(np.invert, x),
    lower=lambda b, x: b.not_(x),
)  # fmt: skip


def _shift(f: Function) -> Function:
    """A reference from `f(bits, amount, x)` for amounts in [0, width); `bits` and `amount` are unsigned, wider amounts give `f`'s limit."""

    def reference(x: Array, y: Array) -> Array:
        dtype = dtype_of(x)
        amount = unsigned(y)
        wide = amount >= dtype.bits
        result = np.asarray(f(x, np.where(wide, amount.dtype.type(0), amount), wide, dtype.bits))
        return result.astype(np.int8 if dtype.is_signed and dtype.bits < 8 else result.dtype).astype(dtype.numpy)

    return reference


def _shift_right_arithmetic(x: Array, amount: Array, wide: Array, bits: int) -> Array:
    if dtype_of(x).is_unsigned:
        # The top bit is copied whatever the sign of the type.
        word = unsigned(x)
        top = word >> word.dtype.type(bits - 1) != 0
        ones = word.dtype.type(limits(dtype_of(x))[1])
        kept = word >> amount
        filled = kept | (ones ^ (ones >> amount))
        return np.where(wide, np.where(top, ones, word.dtype.type(0)), np.where(top, filled, kept))
    number = x.astype(np.int64)
    return number >> np.where(wide, bits - 1, amount).astype(np.int64)


shift_left = binary(
    "shift_left", rules.INTEGER, "lhs · 2^rhs, wrapping; 0 where rhs (as an unsigned number) is not less than the width.",
    reference=_shift(lambda x, n, wide, bits: np.where(wide, unsigned(x).dtype.type(0), unsigned(x) << n)),
    lower=lambda b, x, y: b.shl(x, y),
)  # fmt: skip
shift_right_logical = binary(
    "shift_right_logical", rules.INTEGER, "The bits of lhs moved right by rhs, zeros coming in; rhs counts unsigned, up to the width.",
    reference=_shift(lambda x, n, wide, bits: np.where(wide, unsigned(x).dtype.type(0), unsigned(x) >> n)),
    lower=lambda b, x, y: b.shr_logical(x, y),
)  # fmt: skip
shift_right_arithmetic = binary(
    "shift_right_arithmetic", rules.INTEGER,
    "The bits of lhs moved right by rhs, copies of the top bit coming in; rhs counts unsigned, up to the width.",
    reference=_shift(_shift_right_arithmetic),
    lower=lambda b, x, y: b.shr_arithmetic(x, y),
)  # fmt: skip


def _leading_zeros(x: Array) -> Array:
    word = unsigned(x)
    bits = dtype_of(x).bits
    for k in (1, 2, 4, 8, 16, 32):
        word = word | (word >> word.dtype.type(k) if k < word.dtype.itemsize * 8 else word)
    return (bits - np.bitwise_count(word)).astype(x.dtype)


popcnt = unary(
    "popcnt", rules.INTEGER, "The number of bits that are 1.",
    reference=lambda x: np.bitwise_count(unsigned(x)).astype(x.dtype),
    lower=lambda b, x: b.popcnt(x),
)  # fmt: skip
count_leading_zeros = unary(
    "count_leading_zeros", rules.INTEGER, "The number of zero bits above the highest that is 1; the width for 0.",
    reference=_leading_zeros,
    lower=lambda b, x: b.clz(x),
)  # fmt: skip
