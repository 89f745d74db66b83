"""Logarithms to the bases 2 and 10, whose powers they give back exactly.

In double precision x is m · 2^e with m in [√½, √2), so that log2 x = e + log2 m. Of e · log10 2 the upper half is exact: large results
have the one rounding of the last sum. Single precision is rounded from double.
"""

import math

from ....compiler.ir.graph import Value
from ....compiler.ops.formula import Term, apply, log, where
from ....compiler.ops.helpers import cast
from ....proto.dtypes import F32, F64, I64

HIGH, LOW = 0.3010299955494702, 1.1451100898021838e-10
"""log10 2 as 31 bits, which a whole number of 11 bits multiplies exactly, and the rest"""


def log2(v: Value) -> Value:
    """log2 of real floats."""
    x = Term(v)
    if v.dtype == F32:
        return cast((log(x.cast(F64)) / math.log(2)).value, F32)
    if v.dtype != F64:
        return (log(x) / math.log(2)).value
    m, e = _parts(x)
    return _ordinary(x, e + log(m) / math.log(2))


def log10(v: Value) -> Value:
    """log10 of real floats."""
    x = Term(v)
    if v.dtype == F32:
        return cast((log(x.cast(F64)) / math.log(10)).value, F32)
    if v.dtype != F64:
        return (log(x) / math.log(10)).value
    m, e = _parts(x)
    return _ordinary(x, e * HIGH + (e * LOW + log(m) / math.log(10)))


def _ordinary(x: Term, found: Term) -> Value:
    """What is found of positive finite numbers; ±∞ and NaN as log has them."""
    return where((x > 0.0) & apply("is_finite", x), found, log(x)).value


def _parts(x: Term) -> tuple[Term, Term]:
    """m and e of positive finite numbers. To the derivative powers of two are constants: m is x times one."""
    # Into the middle of the range first, where 2^-e is an ordinary number, and so is what was subnormal.
    before = where(x < 2.0**-500, 600.0, where(x > 2.0**500, -600.0, x.like(0.0)))
    middle = x * where(x < 2.0**-500, 2.0**600, where(x > 2.0**500, 2.0**-600, x.like(1.0)))
    bits = apply("weft.stop_gradient", middle).bitcast(I64)
    # Less the bits of √½, so that the exponent changes at √2.
    e = apply("shift_right_arithmetic", bits - _ROOT, bits.like(52))
    scale = apply("shift_left", bits.like(1023) - e, bits.like(52)).bitcast(F64)
    return middle * scale, e.cast(F64) - before


_ROOT = 0x3FE6A09E667F3BCD
"""the bits of √½"""
