"""Gradients of elementwise ops that choose, cut or take magnitudes."""

from ...ir.graph import Value
from ..nodes import node
from .common import (
    Cotangents,
    cast,
    compare,
    full,
    masked,
    spread,
    total,
    zeros_like,
)


def abs_grad(g: Value, x: Value) -> Cotangents:
    """g · sign(x); for complex numbers g · conj(sign(x))."""
    sign = node("sign", x)
    if not x.dtype.is_complex:
        return (node("multiply", g, sign),)
    conjugate = node("complex", node("real", sign), node("negate", node("imag", sign)))
    return (node("multiply", node("complex", g, zeros_like(g)), conjugate),)


def sign_grad(g: Value, x: Value) -> Cotangents:
    """None; for complex numbers x / |x| turns: its derivative along dx is i · sign · Im(dx / x)."""
    if not x.dtype.is_complex:
        return (None,)
    sign, size = node("sign", x), node("abs", x)
    at_zero = compare("EQ", size, zeros_like(size))
    turned = node("negate", node("imag", node("multiply", g, sign)))
    factor = node("divide", turned, node("select", at_zero, full(size.tensor, 1), size))
    conjugate = node("complex", node("real", sign), node("negate", node("imag", sign)))
    # Im(dx / x) = Re(-i · conj(sign) · dx) / |x|, and conj(sign) is 0 at 0.
    return (node("multiply", node("complex", zeros_like(factor), node("negate", factor)), conjugate),)


def _extreme_grad(g: Value, x: Value, y: Value, direction: str) -> Cotangents:
    """The whole to the operand that wins, halves to both where they are equal."""
    share = node("select", compare("EQ", x, y), full(g.tensor, 0.5), full(g.tensor, 1))
    shared = node("multiply", g, share)
    loses_x, loses_y = compare(direction, y, x), compare(direction, x, y)
    return node("select", loses_x, zeros_like(g), shared), node("select", loses_y, zeros_like(g), shared)


def maximum_grad(g: Value, x: Value, y: Value) -> Cotangents:
    """To the larger operand; halves where they are equal."""
    return _extreme_grad(g, x, y, "GT")


def minimum_grad(g: Value, x: Value, y: Value) -> Cotangents:
    """To the smaller operand; halves where they are equal."""
    return _extreme_grad(g, x, y, "LT")


def _as_bound(g: Value, bound: Value) -> Value:
    """The cotangent of a bound, which may be a scalar for all elements."""
    return g if bound.shape == g.shape else total(g, range(len(g.shape)))


def clamp_grad(g: Value, low: Value, x: Value, high: Value) -> Cotangents:
    """To whatever of the three the result is; nothing to the operand on a bound that it does not exceed is lost."""
    lo, hi = spread(low, x.tensor, range(len(low.shape))), spread(high, x.tensor, range(len(high.shape)))
    # The result is minimum(maximum(x, low), high): the upper bound wins if the two cross.
    is_high = compare("GT", node("maximum", x, lo), hi)
    is_low = node("and", node("not", is_high), compare("LT", x, lo))
    is_x = node("not", node("or", is_high, is_low))
    return _as_bound(masked(is_low, g), low), masked(is_x, g), _as_bound(masked(is_high, g), high)


def remainder_grad(g: Value, x: Value, y: Value) -> Cotangents:
    """x rem y = x - y · trunc(x / y)."""
    quotient = node("divide", x, y)
    size = node("multiply", node("sign", quotient), node("floor", node("abs", quotient)))
    return g, node("negate", node("multiply", g, size))


def power_grad(g: Value, x: Value, y: Value) -> Cotangents:
    """y·x^(y-1) and x^y·log(x); the first is 0 for y = 0, the second for x = 0, as their limits along the other operand are."""
    one, zero = full(x.tensor, 1), zeros_like(x)
    no_exponent, no_base = compare("EQ", y, zero), compare("EQ", x, zero)
    by_x = node("multiply", y, node("power", x, node("select", no_exponent, one, node("subtract", y, one))))
    by_y = node("multiply", node("log", node("select", no_base, one, x)), node("power", x, y))
    return node("multiply", g, node("select", no_exponent, zero, by_x)), node("multiply", g, by_y)


def convert_grad(g: Value, x: Value, *, result: object = None) -> Cotangents:
    """The cotangent converted back; of complex numbers that came from reals the real part."""
    return (cast(g, x.dtype) if x.dtype.is_float or x.dtype.is_complex else None,)


def complex_grad(g: Value, re: Value, im: Value) -> Cotangents:
    """Re(g · (dre + i·dim)) = Re(g)·dre - Im(g)·dim."""
    return node("real", g), node("negate", node("imag", g))


def real_grad(g: Value, x: Value) -> Cotangents:
    """The real part's cotangent as a complex number."""
    return (node("complex", g, zeros_like(g)) if x.dtype.is_complex else g,)


def imag_grad(g: Value, x: Value) -> Cotangents:
    """Re(-i·g · dx) = g · Im(dx)."""
    return (node("complex", zeros_like(g), node("negate", g)) if x.dtype.is_complex else None,)
