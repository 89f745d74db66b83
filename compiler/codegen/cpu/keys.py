"""Numbers as signed integers of the same order, for kernels that search and sort."""

from ....proto.dtypes import DType
from ..lltypes import Val, bits_of, const
from ..writer import Writer


def ordered_key(w: Writer, dtype: DType, x: Val, *, descending: bool = False, total: bool = False) -> Val:
    """Signed integers, of 32 bits or those of a wider dtype, that grow with the numbers, or fall.

    Both zeros are one, and so are all NaNs, the greatest of all in either direction; with `total` each bit pattern is a number of its own,
    in the order of IEEE 754's totalOrder.
    """
    if not dtype.is_float:
        return _integer_key(w, dtype, x, descending)
    if not total:
        x = w.fadd(w.fneg(x) if descending else x, const(x.type, 0.0))
    bits = w.bits(x)
    top = const(bits.type, (1 << (bits_of(bits.type) - 1)) - 1)
    ordered = w.xor(bits, w.and_(w.ashr(bits, bits_of(bits.type) - 1), top))
    if total:
        return w.not_(ordered) if descending else ordered
    return w.select(w.fcmp("uno", x, x), top, ordered)


def _integer_key(w: Writer, dtype: DType, x: Val, descending: bool) -> Val:
    signed = w.zext(x, "i8") if dtype.is_bool else x if dtype.is_signed else w.xor(x, const(x.type, 1 << (bits_of(x.type) - 1)))
    wide = w.int_resize(signed, "i32", signed=True) if bits_of(signed.type) < 32 else signed
    return w.not_(wide) if descending else wide
