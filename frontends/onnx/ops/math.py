"""Arithmetic and elementary functions."""

from functools import reduce as fold

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, full_like
from ....proto import dtypes
from .. import build
from ..build import elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles

_UNARY = {
    "Neg": "negate",
    "Ceil": "ceil",
    "Floor": "floor",
    "Round": "round_nearest_even",
    "Exp": "exponential",
    "Log": "log",
    "Sqrt": "sqrt",
    "Sin": "sine",
    "Cos": "cosine",
    "Tan": "tan",
    "Tanh": "tanh",
    "Sigmoid": "logistic",
    "Erf": "weft.erf",
}
_BINARY = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}


@handles(*_UNARY)
def unary(node: NodeView, x: Value) -> Value:
    """Operators that are one op."""
    return op(_UNARY[node.op_type], x)


@handles("Abs", "Sign")
def magnitude(node: NodeView, x: Value) -> Value:
    """|x|, or its sign; numbers without a sign are what they are, and 1 unless they are 0."""
    if not x.dtype.is_unsigned:
        return op(node.op_type.lower(), x)
    return x if node.op_type == "Abs" else op("minimum", x, scalar(1, x))


def legacy_broadcast(node: NodeView, x: Value, y: Value) -> tuple[Value, Value]:
    """Before opset 7 the second operand was aligned at `axis`, and only where `broadcast` said so."""
    if node.opset < 7 and node.int("broadcast", 0) and 0 < len(y.shape) < len(x.shape):
        axis = node.axis(node.int("axis", len(x.shape) - len(y.shape)), len(x.shape))
        node.check(axis + len(y.shape) <= len(x.shape), "axis", f"{y.type} does not fit into {x.type} at axis {axis}")
        y = helpers.reshape_to(y, (*y.shape, *(1,) * (len(x.shape) - axis - len(y.shape))))
    return x, y


@handles("Add", "Sub", "Mul", "Div")
def binary(node: NodeView, x: Value, y: Value) -> Value:
    """Broadcasting arithmetic; integer division truncates."""
    return elementwise(_BINARY[node.op_type], *legacy_broadcast(node, x, y))


@handles("Pow")
def power(node: NodeView, x: Value, y: Value) -> Value:
    """The result has the type of the base."""
    x, y = legacy_broadcast(node, x, y)
    if x.dtype == y.dtype:
        return elementwise("power", x, y)
    if x.dtype.is_float:
        return elementwise("power", x, cast(y, x.dtype))
    wide = dtypes.F64
    return cast(elementwise("power", cast(x, wide), cast(y, wide)), x.dtype)


@handles("Mod")
def mod(node: NodeView, x: Value, y: Value) -> Value:
    """`fmod=1`: the remainder has the dividend's sign; else the divisor's."""
    x, y = build.together(x, y)
    r = op("remainder", x, y)
    if node.int("fmod", 0) or r.dtype.is_unsigned:
        return r
    zero = scalar(0, r)
    opposite = op("compare", build.compare("LT", r, zero), build.compare("LT", y, zero), comparison_direction="NE")
    wrong = op("and", build.compare("NE", r, zero), opposite)
    return select(wrong, op("add", r, y), r)


@handles("Reciprocal")
def reciprocal(node: NodeView, x: Value) -> Value:
    """1 / x."""
    return op("divide", scalar(1, x), x)


@handles("Sum", "Max", "Min")
def variadic(node: NodeView, *xs: Value) -> Value:
    """Any number of operands, broadcast."""
    name = {"Sum": "add", "Max": "maximum", "Min": "minimum"}[node.op_type]
    return fold(lambda x, y: elementwise(name, x, y), xs)


@handles("Mean")
def mean(node: NodeView, *xs: Value) -> Value:
    """The mean of any number of operands, broadcast."""
    total = fold(lambda x, y: elementwise("add", x, y), xs)
    return op("divide", total, scalar(len(xs), total))


@handles("Clip")
def clip_attributes(node: NodeView, x: Value) -> Value:
    """Bounds as attributes."""
    lo, hi = node.float("min", float("-inf")), node.float("max", float("inf"))
    return op("clamp", const(lo, x.dtype), x, const(hi, x.dtype))


@handles("Clip", since=11)
def clip(node: NodeView, x: Value, lo: Value | None = None, hi: Value | None = None) -> Value:
    """min(max(x, lo), hi)."""
    if lo is not None:
        x = op("maximum", x, helpers.broadcast(helpers.reshape_to(lo, ()), x.shape, ()))
    if hi is not None:
        x = op("minimum", x, helpers.broadcast(helpers.reshape_to(hi, ()), x.shape, ()))
    return x


@handles("Relu")
def relu(node: NodeView, x: Value) -> Value:
    """max(x, 0)."""
    return op("maximum", x, scalar(0, x))


@handles("LeakyRelu")
def leaky_relu(node: NodeView, x: Value) -> Value:
    """x where x ≥ 0, else alpha·x."""
    return select(build.compare("LT", x, scalar(0, x)), op("multiply", x, scalar(node.float("alpha", 0.01), x)), x)


@handles("PRelu")
def prelu(node: NodeView, x: Value, slope: Value) -> Value:
    """x where x ≥ 0, else slope·x. Before opset 7 a slope was one number or one per channel."""
    if node.opset < 7 and len(slope.shape) == 1 and len(x.shape) > 1:
        slope = helpers.reshape_to(slope, (*slope.shape, *(1,) * (len(x.shape) - 2)))
    return select(build.compare("LT", x, scalar(0, x)), elementwise("multiply", x, slope), x)


@handles("Elu")
def elu(node: NodeView, x: Value) -> Value:
    """x where x > 0, else alpha·(eˣ - 1)."""
    low = op("multiply", scalar(node.float("alpha", 1.0), x), op("exponential_minus_one", x))
    return select(build.compare("LT", x, scalar(0, x)), low, x)


@handles("Selu")
def selu(node: NodeView, x: Value) -> Value:
    """gamma·x where x > 0, else gamma·alpha·(eˣ - 1)."""
    alpha, gamma = node.float("alpha", 1.67326319217681884765625), node.float("gamma", 1.05070102214813232421875)
    low = op("multiply", scalar(alpha, x), op("exponential_minus_one", x))
    return op("multiply", scalar(gamma, x), select(build.compare("GT", x, scalar(0, x)), x, low))


@handles("Celu")
def celu(node: NodeView, x: Value) -> Value:
    """max(0, x) + min(0, alpha·(e^{x/alpha} - 1))."""
    alpha = scalar(node.float("alpha", 1.0), x)
    low = op("multiply", alpha, op("exponential_minus_one", op("divide", x, alpha)))
    return op("add", op("maximum", x, scalar(0, x)), op("minimum", low, scalar(0, x)))


@handles("HardSigmoid")
def hard_sigmoid(node: NodeView, x: Value) -> Value:
    """max(0, min(1, alpha·x + beta))."""
    line = op("add", op("multiply", x, scalar(node.float("alpha", 0.2), x)), scalar(node.float("beta", 0.5), x))
    return op("maximum", op("minimum", line, scalar(1, x)), scalar(0, x))


@handles("HardSwish")
def hard_swish(node: NodeView, x: Value) -> Value:
    """x·max(0, min(1, x/6 + 1/2))."""
    line = op("add", op("multiply", x, scalar(1 / 6, x)), scalar(0.5, x))
    return op("multiply", x, op("maximum", op("minimum", line, scalar(1, x)), scalar(0, x)))


@handles("Softplus")
def softplus(node: NodeView, x: Value) -> Value:
    """log(eˣ + 1)."""
    return _softplus(x)


def _softplus(x: Value) -> Value:
    """log(eˣ + 1) = max(x, 0) + log(1 + e^-|x|), without overflow."""
    tail = op("log_plus_one", op("exponential", op("negate", op("abs", x))))
    return op("add", op("maximum", x, scalar(0, x)), tail)


@handles("Softsign")
def softsign(node: NodeView, x: Value) -> Value:
    """x / (1 + |x|)."""
    return op("divide", x, op("add", op("abs", x), scalar(1, x)))


@handles("Gelu")
def gelu(node: NodeView, x: Value) -> Value:
    """x·Φ(x), or its tanh approximation."""
    half = scalar(0.5, x)
    if node.string("approximate", "none") == "tanh":
        cubic = op("add", x, op("multiply", scalar(0.044715, x), op("multiply", x, op("multiply", x, x))))
        inner = op("tanh", op("multiply", scalar(float(np.sqrt(2 / np.pi)), x), cubic))
    else:
        inner = op("weft.erf", op("multiply", x, scalar(float(np.sqrt(0.5)), x)))
    return op("multiply", op("multiply", half, x), op("add", inner, scalar(1, x)))


@handles("Mish")
def mish(node: NodeView, x: Value) -> Value:
    """x·tanh(softplus(x))."""
    return op("multiply", x, op("tanh", _softplus(x)))


@handles("Swish")
def swish(node: NodeView, x: Value) -> Value:
    """x·σ(alpha·x)."""
    return op("multiply", x, op("logistic", op("multiply", x, scalar(node.float("alpha", 1.0), x))))


@handles("Shrink")
def shrink(node: NodeView, x: Value) -> Value:
    """x + bias where x < -lambd, x - bias where x > lambd, else 0."""
    wide = x if x.dtype.is_float else cast(x, dtypes.F64)
    bias, bound = node.float("bias", 0.0), node.float("lambd", 0.5)
    above = select(build.compare("GT", wide, scalar(bound, wide)), op("subtract", wide, scalar(bias, wide)), scalar(0, wide))
    return cast(select(build.compare("LT", wide, scalar(-bound, wide)), op("add", wide, scalar(bias, wide)), above), x.dtype)


@handles("ThresholdedRelu")
def thresholded_relu(node: NodeView, x: Value) -> Value:
    """x where x > alpha, else 0."""
    return select(build.compare("GT", x, scalar(node.float("alpha", 1.0), x)), x, scalar(0, x))


@handles("MatMul")
def matmul(node: NodeView, x: Value, y: Value) -> Value:
    """numpy's matmul."""
    node.check(len(x.shape) > 0 and len(y.shape) > 0, "shape", f"`MatMul` of {x.type} and {y.type}: a scalar has no rows")
    return build.matmul(x, y)


@handles("Gemm")
def gemm(node: NodeView, a: Value, b: Value, c: Value | None = None) -> Value:
    """alpha·A'·B' + beta·C."""
    node.check_rank(a, 2)
    node.check_rank(b, 2)
    if node.int("transA", 0):
        a = build.transpose(a, (1, 0))
    if node.int("transB", 0):
        b = build.transpose(b, (1, 0))
    y = build.matmul(a, b)
    alpha, beta = node.float("alpha", 1.0), node.float("beta", 1.0)
    if alpha != 1.0:
        y = op("multiply", y, full_like(y, alpha))
    if c is None or beta == 0.0:
        return y
    return elementwise("add", y, c if beta == 1.0 else op("multiply", c, full_like(c, beta)))


@handles("Sinh", "Cosh")
def hyperbolic(node: NodeView, x: Value) -> Value:
    """(eˣ ∓ e⁻ˣ)/2; the sine by eˣ - 1, exact near 0."""
    half = scalar(0.5, x)
    if node.op_type == "Cosh":
        return op("multiply", half, op("add", op("exponential", x), op("exponential", op("negate", x))))
    up, down = op("exponential_minus_one", x), op("exponential_minus_one", op("negate", x))
    return op("multiply", half, op("subtract", up, down))


@handles("Asin", "Acos", "Atan")
def inverse(node: NodeView, x: Value) -> Value:
    """Arc functions by the angle of a point."""
    one = scalar(1, x)
    if node.op_type == "Atan":
        return op("atan2", x, one)
    other = op("sqrt", op("multiply", op("subtract", one, x), op("add", one, x)))
    return op("atan2", x, other) if node.op_type == "Asin" else op("atan2", other, x)


@handles("Asinh", "Acosh", "Atanh")
def inverse_hyperbolic(node: NodeView, x: Value) -> Value:
    """Logarithms, written so that small arguments lose nothing."""
    one = scalar(1, x)
    match node.op_type:
        case "Asinh":
            a = op("abs", x)
            square = op("multiply", a, a)
            root = op("sqrt", op("add", square, one))
            return op("multiply", op("sign", x), op("log_plus_one", op("add", a, op("divide", square, op("add", root, one)))))
        case "Acosh":
            t = op("subtract", x, one)
            return op("log_plus_one", op("add", t, op("sqrt", op("multiply", t, op("add", x, one)))))
        case _:
            difference = op("subtract", op("log_plus_one", x), op("log_plus_one", op("negate", x)))
            return op("multiply", scalar(0.5, x), difference)
