"""What LLVM calls where the machine has no instruction: the closed list of symbols kernels may leave undefined, defined here as our own IR.

Each function is an object of its own; the linker takes those a program needs. `tests/codegen/test_support.py` holds every function to C's
semantics bit by bit, and checks that no operation we emit leaks another symbol on any level.
"""

from collections.abc import Callable
from functools import cache

from ...proto.dtypes import BF16, F16
from .lltypes import Val, bits_of, elem_of
from .llvm import compile_modules
from .target import Target
from .vmath_convert import narrow, widen
from .writer import Module, Writer


@cache
def support_objects(target: Target) -> tuple[bytes, ...]:
    """The library to link kernels with: an object per function of `EXTERNS`; a process makes it once per target."""
    return tuple(compile_modules([_module(name, target) for name in EXTERNS], target))


def _module(name: str, target: Target) -> str:
    result, params, write = _FUNCTIONS[name]
    module = Module(target)
    write(module.function(name, result, params, attrs='"no-builtins"'))
    return module.text()


_BLOCK = 64


def _write_memmove(w: Writer) -> None:
    """`memmove`, which serves as `memcpy` too: everything is loaded before a store may reach it."""
    dst, src, n = w.params
    with w.when(w.icmp("ugt", n, _BLOCK)):
        _move_blocks(w, dst, src, n)
        w.ret(dst)
    for size, type_ in ((32, "<32 x i8>"), (16, "<16 x i8>"), (8, "i64"), (4, "i32"), (2, "i16"), (1, "i8")):
        with w.when(w.icmp("uge", n, size)):  # and n <= 2 * size: the first and the last `size` bytes cover it
            last = w.sub(n, size)
            head, tail = w.load(type_, src, align=1), w.load(type_, w.offset(src, last), align=1)
            w.store(head, dst, align=1)
            w.store(tail, w.offset(dst, last), align=1)
            w.ret(dst)
    w.ret(dst)


def _move_blocks(w: Writer, dst: Val, src: Val, n: Val) -> None:
    """More than a block: upwards with the last block loaded beforehand, or downwards with the first."""
    block = f"<{_BLOCK} x i8>"
    last = w.sub(n, _BLOCK)
    head, tail = w.load(block, src, align=1), w.load(block, w.offset(src, last), align=1)
    upwards = w.icmp("uge", w.sub(w.ptrtoint(dst), w.ptrtoint(src)), n)  # unsigned: dst is before src, or beyond its end

    def move_up() -> list[Val]:
        with w.loop(last, step=_BLOCK) as i:
            w.store(w.load(block, w.offset(src, i), align=1), w.offset(dst, i), align=1)
        w.store(tail, w.offset(dst, last), align=1)
        return []

    def move_down() -> list[Val]:
        with w.loop(last, step=_BLOCK) as i:
            at = w.sub(last, i)
            w.store(w.load(block, w.offset(src, at), align=1), w.offset(dst, at), align=1)
        w.store(head, dst, align=1)
        return []

    w.cond(upwards, move_up, move_down)


def _write_memset(w: Writer) -> None:
    dst, value, n = w.params
    byte = w.trunc(value, "i8")
    with w.when(w.icmp("ugt", n, _BLOCK)):
        fill = w.splat(byte, _BLOCK)
        last = w.sub(n, _BLOCK)
        with w.loop(last, step=_BLOCK) as i:
            w.store(fill, w.offset(dst, i), align=1)
        w.store(fill, w.offset(dst, last), align=1)
        w.ret(dst)
    for size in (32, 16, 8, 4, 2, 1):
        with w.when(w.icmp("uge", n, size)):
            fill = w.splat(byte, size)
            w.store(fill, dst, align=1)
            w.store(fill, w.offset(dst, w.sub(n, size)), align=1)
            w.ret(dst)
    w.ret(dst)


def _write_fmod(w: Writer) -> None:
    """C's `fmod`: exact, the sign of `x`. Long division of the mantissas, as many quotient bits a step as an i64 has room for."""
    x, y = w.params
    mantissa_bits = 52 if elem_of(x.type) == "double" else 23
    width = bits_of(x.type)
    infinity = ((1 << (width - 1 - mantissa_bits)) - 1) << mantissa_bits
    ix, iy = w.zext(w.bits(x), "i64"), w.zext(w.bits(y), "i64")
    ax, ay = w.and_(ix, (1 << (width - 1)) - 1), w.and_(iy, (1 << (width - 1)) - 1)
    invalid = w.or_(w.icmp("eq", ay, 0), w.or_(w.icmp("uge", ax, infinity), w.icmp("ugt", ay, infinity)))
    with w.when(invalid):
        product = w.fmul(x, y)
        w.ret(w.fdiv(product, product))
    with w.when(w.icmp("ult", ax, ay)):
        w.ret(x)
    (mx, ex), (my, ey) = _unpack(w, ax, mantissa_bits), _unpack(w, ay, mantissa_bits)
    step = 63 - mantissa_bits

    def divide(state: list[Val]) -> list[Val]:
        remainder, left = state
        now = w.int_minmax("umin", left, step)
        return [w.urem(w.shl(remainder, now), my), w.sub(left, now)]

    remainder, _ = w.while_([w.urem(mx, my), w.sub(ex, ey)], lambda s: w.icmp("ne", s[1], 0), divide)
    magnitude = w.select(w.icmp("eq", remainder, 0), 0, _pack(w, remainder, ey, mantissa_bits))
    signed = w.or_(magnitude, w.and_(ix, 1 << (width - 1)))
    w.ret(w.bitcast(w.trunc(signed, f"i{width}"), x.type))


def _unpack(w: Writer, magnitude: Val, mantissa_bits: int) -> tuple[Val, Val]:
    """Mantissa and exponent (1 for denormals) with value = mantissa * 2**exponent up to a common scale."""
    field = w.lshr(magnitude, mantissa_bits)
    fraction = w.and_(magnitude, (1 << mantissa_bits) - 1)
    is_normal = w.icmp("ne", field, 0)
    return w.select(is_normal, w.or_(fraction, 1 << mantissa_bits), fraction), w.int_minmax("umax", field, 1)


def _pack(w: Writer, mantissa: Val, exponent: Val, mantissa_bits: int) -> Val:
    """The bits of mantissa * 2**exponent for a mantissa of 1 to `mantissa_bits + 1` bits: shifted left as far as the exponent allows."""
    zeros = w.sub(_leading_zeros(w, mantissa), 63 - mantissa_bits)
    shift = w.int_minmax("umin", zeros, w.sub(exponent, 1))
    shifted = w.shl(mantissa, shift)
    # A leading bit that reached its place adds one to the exponent field.
    return w.add(shifted, w.shl(w.sub(w.sub(exponent, shift), 1), mantissa_bits))


def _leading_zeros(w: Writer, x: Val) -> Val:
    w.module.declare("llvm.ctlz.i64", "i64", ("i64", "i1"))
    return w.value("i64", f"call i64 @llvm.ctlz.i64({x}, i1 false)")


_Write = Callable[[Writer], None]
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...], _Write]] = {
    "memcpy": ("ptr", ("ptr", "ptr", "i64"), _write_memmove),
    "memmove": ("ptr", ("ptr", "ptr", "i64"), _write_memmove),
    "memset": ("ptr", ("ptr", "i32", "i64"), _write_memset),
    "fmod": ("double", ("double", "double"), _write_fmod),
    "fmodf": ("float", ("float", "float"), _write_fmod),
    "__extendhfsf2": ("float", ("half",), lambda w: w.ret(widen(w, w.params[0], F16))),
    "__truncsfhf2": ("half", ("float",), lambda w: w.ret(narrow(w, w.params[0], F16))),
    "__truncdfhf2": ("half", ("double",), lambda w: w.ret(narrow(w, w.params[0], F16))),
    "__truncsfbf2": ("bfloat", ("float",), lambda w: w.ret(narrow(w, w.params[0], BF16))),
    "__truncdfbf2": ("bfloat", ("double",), lambda w: w.ret(narrow(w, w.params[0], BF16))),
}
EXTERNS = tuple(_FUNCTIONS)
