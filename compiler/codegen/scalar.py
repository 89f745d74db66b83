"""Arithmetic on elements: StableHLO's scalar semantics for every dtype, in scalar or vector instructions.

An `Elem` is one element or one per lane. An element that is the same in all lanes stays scalar until it meets one that is not, and is
computed outside every loop that it does not depend on.

Nothing here can fault: division and remainder, over-wide shifts and float to integer conversions are guarded. Floats narrower than
f32 are computed in f32 and every result is rounded to its type; accumulation in a wider type is up to the op (`convert`). `max` and
`min` propagate NaN and take -0 for less than +0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...proto.dtypes import BY_NAME, DType
from ...proto.errors import InternalError
from . import convert as conversion
from . import vmath
from .index import Scopes
from .lltypes import Val, bits_of, compute_type, const, lanes_of, memory_type, vec
from .writer import Writer


@dataclass(frozen=True, slots=True)
class Elem:
    """An element in registers: one value, or the real and the imaginary part; `depth` is the scope it was made in."""

    dtype: DType
    parts: tuple[Val, ...]
    depth: int = 0

    @property
    def val(self) -> Val:
        """The value of a real element."""
        (value,) = self.parts
        return value

    @property
    def lanes(self) -> int:
        return lanes_of(self.parts[0].type)


Number = bool | int | float | complex
_BOOL = BY_NAME["i1"]
_PREDICATE = {"EQ": "eq", "NE": "ne", "GE": "ge", "GT": "gt", "LE": "le", "LT": "lt"}


def part_type(dtype: DType) -> DType:
    """The dtype of a complex type's parts; a real type is its own."""
    if not dtype.is_complex:
        return dtype
    return BY_NAME["f32" if dtype.bits == 64 else "f64"]


class Arithmetic:
    """The arithmetic half of an element builder."""

    def __init__(self, scopes: Scopes, lanes: int) -> None:
        self.scopes = scopes
        self.lanes = lanes

    # -- emission -------------------------------------------------------------------------------------------------------------

    def emit(self, dtype: DType, args: Sequence[Elem], fn: Callable[..., Val | tuple[Val, ...]]) -> Elem:
        """`fn(writer, *parts of args)` as an element of `dtype`, written in the outermost scope that knows all of `args`."""
        if any(a.lanes > 1 for a in args):
            args = [self.spread(a) for a in args]
        depth = max((a.depth for a in args), default=0)
        with self.scopes.at(depth) as w:
            out = fn(w, *(p for a in args for p in a.parts))
        return Elem(dtype, (out,) if isinstance(out, Val) else out, depth)

    def spread(self, x: Elem) -> Elem:
        """The element with a value per lane."""
        if self.lanes == 1 or x.lanes > 1:
            return x
        return Elem(x.dtype, tuple(self._splat(p, x.depth) for p in x.parts), x.depth)

    def _splat(self, x: Val, depth: int) -> Val:
        if x.ref[0] != "%":
            return Val(f"splat ({x})", vec(x.type, self.lanes))
        known = self.scopes.recall(("splat", x.ref))
        if isinstance(known, Val):
            return known
        with self.scopes.at(depth) as w:
            y = w.splat(x, self.lanes)
        self.scopes.remember(("splat", x.ref), y, depth)
        return y

    def const(self, dtype: DType, value: Number) -> Elem:
        """The same constant in all lanes, rounded to `dtype`."""
        if dtype.is_complex:
            elem, z = memory_type(dtype), complex(value)
            return Elem(dtype, (const(elem, z.real), const(elem, z.imag)))
        if isinstance(value, complex):
            value = value.real
        if dtype.is_float and dtype.bits < 32:
            return Elem(dtype, (const("float", float(conversion.rounded(dtype, value))),))
        return Elem(dtype, (const(compute_type(dtype), value),))

    def _rounded(self, dtype: DType, fn: Callable[..., Val]) -> Callable[..., Val]:
        if not dtype.is_float or dtype.bits >= 32:
            return fn
        return lambda w, *vals: conversion.round_to(w, dtype, fn(w, *vals))

    def _wrapped(self, dtype: DType, fn: Callable[..., Val]) -> Callable[..., Val]:
        if not dtype.is_int or dtype.bits >= 8:
            return fn
        return lambda w, *vals: conversion.wrap(w, dtype, fn(w, *vals))

    def _float(self, x: Elem, fn: Callable[..., Val], *more: Elem) -> Elem:
        return self.emit(x.dtype, (x, *more), self._rounded(x.dtype, fn))

    def _int(self, x: Elem, fn: Callable[..., Val], *more: Elem) -> Elem:
        return self.emit(x.dtype, (x, *more), self._wrapped(x.dtype, fn))

    def _math(self, name: str, x: Elem, *more: Elem) -> Elem:
        """A function of the vector math library, by parts for complex numbers."""
        if x.dtype.is_complex:
            return getattr(complexmath, name)(self, x, *more)
        function = getattr(vmath, name)
        return self._float(x, function, *more)

    # -- parts ----------------------------------------------------------------------------------------------------------------

    def real(self, x: Elem) -> Elem:
        return Elem(part_type(x.dtype), x.parts[:1], x.depth)

    def imag(self, x: Elem) -> Elem:
        return Elem(part_type(x.dtype), x.parts[1:], x.depth) if x.dtype.is_complex else self.const(x.dtype, 0)

    def complex(self, re: Elem, im: Elem) -> Elem:
        dtype = BY_NAME["complex<f32>" if re.dtype.bits == 32 else "complex<f64>"]
        return self.emit(dtype, (re, im), lambda w, a, b: (a, b))

    def _by_parts(self, x: Elem, y: Elem, op: Callable[[Elem, Elem], Elem]) -> Elem:
        return self.complex(op(self.real(x), self.real(y)), op(self.imag(x), self.imag(y)))

    # -- conversions ----------------------------------------------------------------------------------------------------------

    def convert(self, x: Elem, dtype: DType) -> Elem:
        """StableHLO `convert`; to a real type, of a complex number its real part."""
        if x.dtype == dtype:
            return x
        if dtype.is_complex:
            part = part_type(dtype)
            imag = self.convert(self.imag(x), part) if x.dtype.is_complex else self.const(part, 0)
            return self.complex(self.convert(self.real(x), part), imag)
        if x.dtype.is_complex:
            if dtype.is_bool:
                return self.compare("NE", x, self.const(x.dtype, 0), "FLOAT")
            x = self.real(x)
        source = x.dtype
        return self.emit(dtype, (x,), lambda w, v: conversion.convert(w, v, source, dtype))

    def bitcast(self, x: Elem, dtype: DType) -> Elem:
        """The same bits as another dtype of the same width."""
        if x.dtype == dtype:
            return x
        if x.dtype.is_complex or dtype.is_complex:
            raise InternalError(f"no bitcast between {x.dtype} and {dtype}")
        return self.emit(dtype, (x,), lambda w, v: conversion.bitcast(w, v, x.dtype, dtype))

    def reduce_precision(self, x: Elem, exponent_bits: int, mantissa_bits: int) -> Elem:
        return self.emit(x.dtype, (x,), lambda w, v: conversion.reduce_precision(w, v, x.dtype, exponent_bits, mantissa_bits))

    # -- choice ---------------------------------------------------------------------------------------------------------------

    def select(self, pred: Elem, on_true: Elem, on_false: Elem) -> Elem:
        """`on_true` where `pred`, else `on_false`."""
        n = len(on_true.parts)

        def choose(w: Writer, p: Val, *vals: Val) -> tuple[Val, ...]:
            return tuple(w.select(p, a, b) for a, b in zip(vals[:n], vals[n:], strict=True))

        return self.emit(on_true.dtype, (pred, on_true, on_false), choose)

    def compare(self, direction: str, x: Elem, y: Elem, compare_type: str = "") -> Elem:
        """direction EQ NE GE GT LE LT; compare_type FLOAT, TOTALORDER, or anything else to follow the dtype."""
        name = _PREDICATE[direction]
        if x.dtype.is_complex:
            return self._compare_complex(direction, x, y)
        if not x.dtype.is_float:
            order = "" if name in ("eq", "ne") else "s" if x.dtype.is_signed else "u"
            return self.emit(_BOOL, (x, y), lambda w, a, b: w.icmp(order + name, a, b))
        if compare_type == "TOTALORDER":
            order = "" if name in ("eq", "ne") else "s"
            dtype = x.dtype
            return self.emit(_BOOL, (x, y), lambda w, a, b: w.icmp(order + name, *(_total_order(w, dtype, v) for v in (a, b))))
        return self.emit(_BOOL, (x, y), lambda w, a, b: w.fcmp("une" if name == "ne" else "o" + name, a, b))

    def _compare_complex(self, direction: str, x: Elem, y: Elem) -> Elem:
        re = self.compare(direction, self.real(x), self.real(y))
        im = self.compare(direction, self.imag(x), self.imag(y))
        if direction == "EQ":
            return self.and_(re, im)
        if direction == "NE":
            return self.or_(re, im)
        # Lexicographic: by the real parts, by the imaginary parts where those are equal.
        return self.select(self.compare("EQ", self.real(x), self.real(y)), im, re)

    def max(self, x: Elem, y: Elem) -> Elem:
        return self._extreme("max", x, y)

    def min(self, x: Elem, y: Elem) -> Elem:
        return self._extreme("min", x, y)

    def _extreme(self, name: str, x: Elem, y: Elem) -> Elem:
        dtype = x.dtype
        if dtype.is_float:
            return self.emit(dtype, (x, y), lambda w, a, b: _float_extreme(w, name, a, b))
        if dtype.is_complex:
            return self.select(self.compare("GE" if name == "max" else "LE", x, y), x, y)
        if dtype.is_bool:
            return self.or_(x, y) if name == "max" else self.and_(x, y)
        return self.emit(dtype, (x, y), lambda w, a, b: w.int_minmax(("s" if dtype.is_signed else "u") + name, a, b))

    # -- arithmetic -----------------------------------------------------------------------------------------------------------

    def add(self, x: Elem, y: Elem) -> Elem:
        if x.dtype.is_complex:
            return self._by_parts(x, y, self.add)
        if x.dtype.is_float:
            return self._float(x, Writer.fadd, y)
        return self.or_(x, y) if x.dtype.is_bool else self._int(x, Writer.add, y)

    def sub(self, x: Elem, y: Elem) -> Elem:
        if x.dtype.is_complex:
            return self._by_parts(x, y, self.sub)
        if x.dtype.is_float:
            return self._float(x, Writer.fsub, y)
        return self.xor(x, y) if x.dtype.is_bool else self._int(x, Writer.sub, y)

    def mul(self, x: Elem, y: Elem) -> Elem:
        if x.dtype.is_complex:
            return complexmath.mul(self, x, y)
        if x.dtype.is_float:
            return self._float(x, Writer.fmul, y)
        return self.and_(x, y) if x.dtype.is_bool else self._int(x, Writer.mul, y)

    def div(self, x: Elem, y: Elem) -> Elem:
        """Integers truncate; division by zero gives -1 (all ones), the least integer over -1 itself."""
        if x.dtype.is_complex:
            return complexmath.div(self, x, y)
        if x.dtype.is_float:
            return self._float(x, Writer.fdiv, y)
        return self._int(x, lambda w, a, b: _divide(w, x.dtype, a, b)[0], y)

    def rem(self, x: Elem, y: Elem) -> Elem:
        """The sign is the dividend's; the remainder by zero is the dividend."""
        if x.dtype.is_float:
            return self._float(x, Writer.frem, y)
        return self._int(x, lambda w, a, b: _divide(w, x.dtype, a, b)[1], y)

    def pow(self, x: Elem, y: Elem) -> Elem:
        if x.dtype.is_int:
            return self._int(x, lambda w, a, b: _int_power(w, x.dtype, a, b), y)
        if x.dtype.is_float and (root := _ROOTS.get(y.val.ref)) is not None:
            return self._float(x, root)
        return self._math("pow", x, y)

    def and_(self, x: Elem, y: Elem) -> Elem:
        return self.emit(x.dtype, (x, y), Writer.and_)

    def or_(self, x: Elem, y: Elem) -> Elem:
        return self.emit(x.dtype, (x, y), Writer.or_)

    def xor(self, x: Elem, y: Elem) -> Elem:
        return self.emit(x.dtype, (x, y), Writer.xor)

    def not_(self, x: Elem) -> Elem:
        return self._int(x, Writer.not_)

    def shl(self, x: Elem, y: Elem) -> Elem:
        bits = x.dtype.bits
        return self._int(x, lambda w, a, b: _guarded(w, bits, b, lambda s: w.shl(a, s), lambda: const(a.type, 0)), y)

    def shr_logical(self, x: Elem, y: Elem) -> Elem:
        bits = x.dtype.bits

        def shift(w: Writer, a: Val, b: Val) -> Val:
            low = w.and_(a, (1 << bits) - 1) if bits < 8 else a
            return _guarded(w, bits, b, lambda s: w.lshr(low, s), lambda: const(a.type, 0))

        return self._int(x, shift, y)

    def shr_arithmetic(self, x: Elem, y: Elem) -> Elem:
        bits, signed = x.dtype.bits, x.dtype.is_signed

        def shift(w: Writer, a: Val, b: Val) -> Val:
            if bits < 8 and not signed:  # the sign bit is the type's highest, not the register's
                a = w.ashr(w.shl(a, 8 - bits), 8 - bits)
            return _guarded(w, bits, b, lambda s: w.ashr(a, s), lambda: w.ashr(a, bits_of(a.type) - 1))

        return self._int(x, shift, y)

    def neg(self, x: Elem) -> Elem:
        if x.dtype.is_complex:
            return self.complex(self.neg(self.real(x)), self.neg(self.imag(x)))
        return self.emit(x.dtype, (x,), Writer.fneg) if x.dtype.is_float else self._int(x, Writer.neg)

    def abs(self, x: Elem) -> Elem:
        if x.dtype.is_complex:
            return complexmath.abs(self, x)
        if x.dtype.is_float:
            return self.emit(x.dtype, (x,), Writer.fabs)
        return self._int(x, lambda w, a: w.int_minmax("smax", a, w.neg(a))) if x.dtype.is_signed else x

    def sign(self, x: Elem) -> Elem:
        if x.dtype.is_complex:
            return complexmath.sign(self, x)
        if x.dtype.is_float:
            return self.emit(x.dtype, (x,), _float_sign)
        if x.dtype.is_unsigned:
            return self.min(x, self.const(x.dtype, 1))
        return self.max(self.min(x, self.const(x.dtype, 1)), self.const(x.dtype, -1))

    def is_finite(self, x: Elem) -> Elem:
        return self.emit(_BOOL, (x,), lambda w, a: w.fcmp("olt", w.fabs(a), float("inf")))

    def popcnt(self, x: Elem) -> Elem:
        bits = x.dtype.bits

        def count(w: Writer, a: Val) -> Val:
            return w.intrinsic("ctpop", a.type, [w.and_(a, (1 << bits) - 1) if bits < 8 else a])

        return self._int(x, count)

    def clz(self, x: Elem) -> Elem:
        bits = x.dtype.bits

        def count(w: Writer, a: Val) -> Val:
            low = w.and_(a, (1 << bits) - 1) if bits < 8 else a
            n = w.intrinsic("ctlz", a.type, [low, const("i1", False)])
            return w.sub(n, 8 - bits) if bits < 8 else n

        return self._int(x, count)

    # -- functions ------------------------------------------------------------------------------------------------------------

    def floor(self, x: Elem) -> Elem:
        return self.emit(x.dtype, (x,), Writer.floor)

    def ceil(self, x: Elem) -> Elem:
        return self.emit(x.dtype, (x,), Writer.ceil)

    def round_nearest_even(self, x: Elem) -> Elem:
        return self.emit(x.dtype, (x,), Writer.round_even)

    def round_nearest_afz(self, x: Elem) -> Elem:
        return self.emit(x.dtype, (x,), Writer.round_away)

    def sqrt(self, x: Elem) -> Elem:
        return complexmath.sqrt(self, x) if x.dtype.is_complex else self._float(x, Writer.sqrt)

    def rsqrt(self, x: Elem) -> Elem:
        if x.dtype.is_complex:
            return self.div(self.const(x.dtype, 1), self.sqrt(x))
        return self._float(x, vmath.rsqrt)

    def cbrt(self, x: Elem) -> Elem:
        return self._math("cbrt", x)

    def exp(self, x: Elem) -> Elem:
        return self._math("exp", x)

    def expm1(self, x: Elem) -> Elem:
        return self._math("expm1", x)

    def log(self, x: Elem) -> Elem:
        return self._math("log", x)

    def log1p(self, x: Elem) -> Elem:
        return self._math("log1p", x)

    def logistic(self, x: Elem) -> Elem:
        return self._math("logistic", x)

    def tanh(self, x: Elem) -> Elem:
        return self._math("tanh", x)

    def tan(self, x: Elem) -> Elem:
        return self._math("tan", x)

    def sin(self, x: Elem) -> Elem:
        return self._math("sin", x)

    def cos(self, x: Elem) -> Elem:
        return self._math("cos", x)

    def erf(self, x: Elem) -> Elem:
        return self._math("erf", x)

    def atan2(self, x: Elem, y: Elem) -> Elem:
        return self._math("atan2", x, y)


def _float_extreme(w: Writer, name: str, a: Val, b: Val) -> Val:
    """NaN if either is NaN; -0 is less than +0.

    The x86 instruction gives its second operand where one is NaN, and where both are zeros. A constant goes first, so that a NaN comes
    through and so does the other zero, unless it is the constant that must win. Without a constant both orders are taken: they differ
    only for those two cases, and the bits of both together are a NaN, or the lesser zero; the greater one is that less its sign.
    """
    if b.ref[0] != "%":
        a, b = b, a
    extreme = w.fmax if name == "max" else w.fmin
    if _is_plain_constant(a):
        y = extreme(a, b)
        return w.fadd(y, 0.0) if name == "max" and _ZERO in a.ref else y
    first, second = w.bits(extreme(a, b)), w.bits(extreme(b, a))
    either = w.bitcast(w.or_(first, second), a.type)
    if name == "min":
        return either
    return w.fsub(either, w.bitcast(w.xor(first, second), a.type))


_ZERO = "0x0000000000000000"


def _is_plain_constant(x: Val) -> bool:
    """Whether `x` is one constant in all lanes, and neither NaN nor -0."""
    return x.ref[0] in "0s" and not any(bits in x.ref for bits in ("7FF8", "FFF8", "0x8000000000000000"))


def _float_sign(w: Writer, x: Val) -> Val:
    """What is neither less nor greater than zero stays: a zero of either sign, or NaN."""
    below = w.select(w.fcmp("olt", x, 0.0), const(x.type, -1.0), x)
    return w.select(w.fcmp("ogt", x, 0.0), const(x.type, 1.0), below)


def _total_order(w: Writer, dtype: DType, x: Val) -> Val:
    """Integers that compare as `-NaN < -inf < … < -0 < +0 < … < inf < NaN`."""
    bits = w.bits(conversion.encode(w, dtype, x))
    if dtype.bits < 8:
        bits = w.shl(bits, 8 - dtype.bits)
    return w.xor(bits, w.lshr(w.ashr(bits, bits_of(bits.type) - 1), 1))


def _guarded(w: Writer, bits: int, amount: Val, shift: Callable[[Val], Val], over: Callable[[], Val]) -> Val:
    fits = w.icmp("ult", amount, bits)
    return w.select(fits, shift(w.select(fits, amount, const(amount.type, 0))), over())


def _divide(w: Writer, dtype: DType, a: Val, b: Val) -> tuple[Val, Val]:
    """Quotient and remainder with the exceptional divisors taken out first."""
    zero = w.icmp("eq", b, 0)
    special = w.or_(zero, w.icmp("eq", b, -1)) if dtype.is_signed else zero
    safe = w.select(special, const(b.type, 1), b)
    bits = bits_of(a.type)
    if lanes_of(a.type) > 1 and bits <= 32:
        # Vectors have no integer division. A quotient of integers this short, rounded to the wider float, never rounds up to an integer.
        elem = "double" if bits == 32 else "float"
        up, down = (w.sitofp, w.fptosi) if dtype.is_signed else (w.uitofp, w.fptoui)
        quotient = down(w.fdiv(up(a, elem), up(safe, elem)), f"i{bits}")
    else:
        quotient = w.sdiv(a, safe) if dtype.is_signed else w.udiv(a, safe)
    rest = w.sub(a, w.mul(quotient, safe))
    if dtype.is_signed:
        quotient = w.select(special, w.neg(a), quotient)
    all_ones = const(a.type, (1 << dtype.bits) - 1 if dtype.is_unsigned else -1)
    return w.select(zero, all_ones, quotient), w.select(zero, a, rest)


def _int_power(w: Writer, dtype: DType, base: Val, exponent: Val) -> Val:
    """By squaring. A negative exponent truncates 1/x: 0 unless the base is 1 or -1 (and, by zero, the quotient -1)."""
    one = const(base.type, 1)
    with w.carry(dtype.bits, [one, base, exponent]) as loop:
        result, square, left = loop.values
        odd = w.icmp("ne", w.and_(left, 1), 0)
        result = w.select(odd, w.mul(result, square), result)
        loop.next([result, w.mul(square, square), w.lshr(left, 1)])
    result = loop.results[0]
    if not dtype.is_signed:
        return result
    sign = w.select(w.icmp("eq", w.and_(exponent, 1), 0), one, base)
    unit = w.select(w.icmp("eq", base, -1), sign, const(base.type, 0))
    negative = w.select(w.icmp("eq", base, 1), one, unit)
    return w.select(w.icmp("slt", exponent, 0), negative, result)


def _root_power(quarters: int) -> Callable[[Writer, Val], Val]:
    """x to the power of `quarters` / 4, for 1 to 3, by square roots; like `pow`, of -inf infinity and of -0 zero."""

    def root(w: Writer, x: Val) -> Val:
        positive = w.select(w.fcmp("oeq", x, float("-inf")), const(x.type, float("inf")), w.fadd(x, 0.0))
        half = w.sqrt(positive)
        if quarters == 2:
            return half
        quarter = w.sqrt(half)
        return quarter if quarters == 1 else w.fmul(half, quarter)

    return root


# By the spelling of a constant exponent.
_ROOTS: dict[str, Callable[[Writer, Val], Val]] = {
    const(elem, value).ref: function
    for elem in ("float", "double")
    for value, function in (
        (0.25, _root_power(1)),
        (0.5, _root_power(2)),
        (0.75, _root_power(3)),
        (2.0, lambda w, x: w.fmul(x, x)),
        (-0.5, lambda w, x: w.fdiv(1.0, _root_power(2)(w, x))),
    )
}


from . import complexmath  # noqa: E402  (its functions take an Arithmetic)
