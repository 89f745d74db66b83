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
    "Abs": "abs",
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
    "Sign": "sign",
}
_BINARY = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "BitShift": ""}


@handles(*_UNARY)
def unary(node: NodeView, x: Value) -> Value:
    """Operators that are one op."""
    return op(_UNARY[node.op_type], x)


def legacy_broadcast(node: NodeView, x: Value, y: Value) -> tuple[Value, Value]:
    """Before opset 7 the second operand was aligned at `axis`, and only where `broadcast` said so."""
    if node.opset < 7 and node.int("broadcast", 0) and len(y.shape) < len(x.shape):
        axis = node.int("axis", len(x.shape) - len(y.shape)) % len(x.shape)
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
    r = elementwise("remainder", x, y)
    if node.int("fmod", 0) or r.dtype.is_unsigned:
        return r
    _, y = helpers.broadcast_together((r, y))
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
    """x where x ≥ 0, else slope·x."""
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
    """log(eˣ + 1), without overflow."""
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
    return op("multiply", x, op("tanh", softplus(node, x)))


@handles("Swish")
def swish(node: NodeView, x: Value) -> Value:
    """x·σ(alpha·x)."""
    return op("multiply", x, op("logistic", op("multiply", x, scalar(node.float("alpha", 1.0), x))))


@handles("ThresholdedRelu")
def thresholded_relu(node: NodeView, x: Value) -> Value:
    """x where x > alpha, else 0."""
    return select(build.compare("GT", x, scalar(node.float("alpha", 1.0), x)), x, scalar(0, x))


@handles("MatMul")
def matmul(node: NodeView, x: Value, y: Value) -> Value:
    """numpy's matmul."""
    return build.matmul(x, y)


@handles("Gemm")
def gemm(node: NodeView, a: Value, b: Value, c: Value | None = None) -> Value:
    """alpha·A'·B' + beta·C."""
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


@handles("Cast")
def convert(node: NodeView, x: Value) -> Value:
    """Another element type."""
    if node.opset < 6:
        from onnx import TensorProto

        names = dict(TensorProto.DataType.items())
        return cast(x, node.scope.reader.dtype(names.get(node.string("to"), -1), node.loc))
    return cast(x, node.scope.reader.dtype(node.int("to"), node.loc))


@handles("CastLike")
def cast_like(node: NodeView, x: Value, like: Value) -> Value:
    """The element type of another value."""
    return cast(x, like.dtype)


@handles("CumSum")
def cumulative_sum(node: NodeView, x: Value, axis: Value) -> Value:
    """Sums of prefixes, as a sum over a window that reaches back to the start."""
    (a,) = node.numbers(axis, "the axis")
    a %= len(x.shape)
    n = x.shape[a]
    if not isinstance(n, int):
        raise node.error("dynamic", "`CumSum` needs a static size along its axis")
    reverse, exclusive = node.int("reverse", 0), node.int("exclusive", 0)
    window = [1] * len(x.shape)
    window[a] = max(n, 1)
    before, after = (0, n - 1) if reverse else (n - 1, 0)
    if exclusive:
        before, after = (before - 1, after + 1) if reverse else (before + 1, after - 1)
    padding = tuple((before, after) if i == a else (0, 0) for i in range(len(x.shape)))
    if n == 0:
        return x
    body = helpers.scalar_region("add", x.dtype)
    return op("reduce_window", x, const(0, x.dtype), window_dimensions=tuple(window), padding=padding, body=body)
