"""Exporters of elementwise ops."""

import math
from collections.abc import Callable

from ....compiler.ir.graph import Node
from ....proto.dtypes import BF16, F32, I32
from ....proto.errors import fail
from .writer import Emitter, Names, Writer, exports

_SAME = {
    "abs": "Abs", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "round_nearest_even": "Round", "sqrt": "Sqrt",
    "exponential": "Exp", "log": "Log", "logistic": "Sigmoid", "tanh": "Tanh", "sine": "Sin", "cosine": "Cos", "tan": "Tan",
    "weft.erf": "Erf", "weft.stop_gradient": "Identity", "subtract": "Sub", "divide": "Div", "power": "Pow", "select": "Where",
    "weft.acos": "Acos", "weft.acosh": "Acosh", "weft.asin": "Asin", "weft.asinh": "Asinh", "weft.atan": "Atan", "weft.atanh": "Atanh",
    "weft.cosh": "Cosh", "weft.sinh": "Sinh",
}  # fmt: skip
# Operators that opset 21 has for f16, f32 and f64 alone.
_NOT_BRAIN = {"Round", "Sin", "Cos", "Tan", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh"}
_WITH_BOOL = {"add": ("Add", "Or"), "multiply": ("Mul", "And"), "maximum": ("Max", "Or"), "minimum": ("Min", "And")}
_BITWISE = {"and": ("BitwiseAnd", "And"), "or": ("BitwiseOr", "Or"), "xor": ("BitwiseXor", "Xor"), "not": ("BitwiseNot", "Not")}
_COMPARE = {"EQ": "Equal", "NE": "Equal", "LT": "Less", "LE": "LessOrEqual", "GT": "Greater", "GE": "GreaterOrEqual"}


def elementwise(*ops: str) -> Callable[[Emitter], Emitter]:
    """Enter an exporter for elementwise ops, which ONNX has of real numbers alone."""

    def enter(f: Emitter) -> Emitter:
        def checked(w: Writer, n: Node, xs: list[str]) -> Names:
            if any(v.dtype.is_complex for v in (*n.operands, *n.results)):
                raise fail("export.type", f"ONNX has no `{n.op}` of complex numbers")
            return f(w, n, xs)

        exports(*ops)(checked)
        return f

    return enter


@elementwise(*_SAME)
def same(w: Writer, n: Node, xs: list[str]) -> str:
    """An operator of the same meaning."""
    operator, dtype = _SAME[n.op], n.result.dtype
    if operator in _NOT_BRAIN and dtype == BF16:
        return w.cast(w.node(operator, [w.cast(x, F32) for x in xs]), dtype)
    return w.node(operator, xs)


@elementwise("negate")
def negate(w: Writer, n: Node, xs: list[str]) -> str:
    """Neg; unsigned integers, which it does not take, from zero."""
    dtype = n.result.dtype
    return w.node("Sub", [w.number(0, dtype), *xs]) if dtype.is_unsigned else w.node("Neg", xs)


@elementwise("weft.erfc")
def erfc(w: Writer, n: Node, xs: list[str]) -> str:
    """1 - erf(x), as exact as that is."""
    return w.node("Sub", [w.number(1, n.result.dtype), w.node("Erf", xs)])


@elementwise("map")
def map_(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """The computation on whole tensors: what it does with single elements operators do with all of them."""
    from . import emit

    body = n.regions[0]
    for p, x in zip(body.params, xs, strict=True):
        w.names[p] = x
    emit(w, body)
    return [w.node("Expand", [w.names[v], w.vector(r.shape)]) for v, r in zip(body.results, n.results, strict=True)]


@elementwise(*_WITH_BOOL, *_BITWISE)
def with_bool(w: Writer, n: Node, xs: list[str]) -> str:
    """One operator for numbers and another for booleans."""
    numeric, boolean = (_WITH_BOOL | _BITWISE)[n.op]
    return w.node(boolean if n.operands[0].dtype.is_bool else numeric, xs)


@elementwise("remainder")
def remainder(w: Writer, n: Node, xs: list[str]) -> str:
    """The remainder with the sign of the dividend."""
    return w.node("Mod", xs, fmod=1)


@elementwise("compare")
def compare(w: Writer, n: Node, xs: list[str]) -> str:
    """A comparison; booleans are compared as integers."""
    direction = str(n.attrs["comparison_direction"])
    if n.attrs["compare_type"] == "TOTALORDER":
        raise fail("export.op", "ONNX has no comparison of floats in total order")
    if n.operands[0].dtype.is_bool and direction not in ("EQ", "NE"):
        xs = [w.cast(x, I32) for x in xs]
    found = w.node(_COMPARE[direction], xs)
    return w.node("Not", [found]) if direction == "NE" else found


@elementwise("clamp")
def clamp(w: Writer, n: Node, xs: list[str]) -> str:
    """Max, then Min."""
    low, x, high = xs
    return w.node("Min", [w.node("Max", [x, low]), high])


@elementwise("convert")
def convert(w: Writer, n: Node, xs: list[str]) -> str:
    """Cast."""
    return w.cast(xs[0], n.result.dtype)


@elementwise("rsqrt")
def rsqrt(w: Writer, n: Node, xs: list[str]) -> str:
    """1 / √x."""
    return w.node("Reciprocal", [w.node("Sqrt", xs)])


@elementwise("cbrt")
def cbrt(w: Writer, n: Node, xs: list[str]) -> str:
    """sign(x) · |x|^(1/3)."""
    size = w.node("Pow", [w.node("Abs", xs), w.number(1 / 3, n.result.dtype)])
    return w.node("Mul", [w.node("Sign", xs), size])


@elementwise("exponential_minus_one")
def expm1(w: Writer, n: Node, xs: list[str]) -> str:
    """2t / (1 - t) with t = tanh(x / 2): accurate near 0, and infinite where e^x is."""
    dtype = n.result.dtype
    t = w.node("Tanh", [w.node("Mul", [xs[0], w.number(0.5, dtype)])])
    near = w.node("Div", [w.node("Mul", [t, w.number(2, dtype)]), w.node("Sub", [w.number(1, dtype), t])])
    far = w.node("Sub", [w.node("Exp", xs), w.number(1, dtype)])
    small = w.node("Less", [w.node("Abs", xs), w.number(0.5, dtype)])
    return w.node("Where", [small, near, far])


@elementwise("log_plus_one")
def log1p(w: Writer, n: Node, xs: list[str]) -> str:
    """log(u) · x / (u - 1) with u = 1 + x, x where u is 1 (Goldberg, 1991)."""
    dtype = n.result.dtype
    one = w.number(1, dtype)
    u = w.node("Add", [xs[0], one])
    flat = w.node("Equal", [u, one])
    rest = w.node("Sub", [w.node("Where", [flat, w.number(2, dtype), u]), one])
    scaled = w.node("Div", [w.node("Mul", [w.node("Log", [u]), xs[0]]), rest])
    infinite = w.node("IsInf", [u])
    return w.node("Where", [flat, xs[0], w.node("Where", [infinite, u, scaled])])


@elementwise("round_nearest_afz")
def round_afz(w: Writer, n: Node, xs: list[str]) -> str:
    """sign(x) · ⌊|x| + 1/2⌋."""
    raised = w.node("Floor", [w.node("Add", [w.node("Abs", xs), w.number(0.5, n.result.dtype)])])
    return w.node("Mul", [w.node("Sign", xs), raised])


@elementwise("is_finite")
def is_finite(w: Writer, n: Node, xs: list[str]) -> str:
    """Neither infinite nor NaN."""
    return w.node("Not", [w.node("Or", [w.node("IsInf", xs), w.node("IsNaN", xs)])])


@elementwise("atan2")
def atan2(w: Writer, n: Node, xs: list[str]) -> str:
    """Atan of the quotient, moved by ±π left of the y axis."""
    y, x = xs
    dtype = n.result.dtype
    zero, half = w.number(0, dtype), w.number(math.pi / 2, dtype)
    vertical = w.node("Equal", [x, zero])
    plain = w.node("Atan", [w.node("Div", [y, w.node("Where", [vertical, w.number(1, dtype), x])])])
    turn = w.node("Where", [w.node("Less", [y, zero]), w.number(-math.pi, dtype), w.number(math.pi, dtype)])
    left = w.node("Where", [w.node("Less", [x, zero]), w.node("Add", [plain, turn]), plain])
    return w.node("Where", [vertical, w.node("Mul", [w.node("Sign", [y]), half]), left])


@elementwise("shift_left", "shift_right_logical")
def shift(w: Writer, n: Node, xs: list[str]) -> str:
    """BitShift, which unsigned integers alone have; over-wide shifts give 0."""
    dtype = n.result.dtype
    if not dtype.is_unsigned:
        raise fail("export.op", f"ONNX shifts unsigned integers alone, not {dtype}")
    found = w.node("BitShift", xs, direction="LEFT" if n.op == "shift_left" else "RIGHT")
    wide = w.node("GreaterOrEqual", [xs[1], w.number(dtype.bits, dtype)])
    return w.node("Where", [wide, w.number(0, dtype), found])
