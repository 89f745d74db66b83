"""Quantised operators of ONNX Runtime's domain: each is an operator on dequantised values, quantised again."""

from collections.abc import Callable

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import full_like
from .. import build
from ..build import elementwise, op
from ..contributed import DOMAIN
from ..node import NodeView
from ..registry import Result, handles
from . import pooling
from .math import gemm, leaky_relu
from .quantize import dequantize, quantize

_Unary = Callable[[NodeView, Value], Result]


@handles("QLinearAdd", "QLinearMul", domain=DOMAIN)
def binary(
    node: NodeView, a: Value, a_scale: Value, a_zero: Value | None, b: Value, b_scale: Value, b_zero: Value | None,
    scale: Value, zero: Value | None = None,
) -> Result:  # fmt: skip
    """The sum or product of dequantised values, quantised."""
    name = "add" if node.op_type == "QLinearAdd" else "multiply"
    return _quantized(node, elementwise(name, _floats(node, a, a_scale, a_zero), _floats(node, b, b_scale, b_zero)), scale, zero, a)


def _floats(node: NodeView, x: Value, scale: Value, zero: Value | None) -> Value:
    return _one(dequantize(node, x, scale, zero))


def _one(result: Result) -> Value:
    assert isinstance(result, Value)
    return result


def _quantized(node: NodeView, y: Value, scale: Value, zero: Value | None, like: Value) -> Result:
    """Quantised to the type of `like`, whose zero point is 0 where there is none."""
    return quantize(node, y, scale, helpers.const(0, like.dtype) if zero is None else zero)


def _register(name: str, of: _Unary) -> None:
    def handler(node: NodeView, x: Value, x_scale: Value, x_zero: Value | None, scale: Value, zero: Value | None = None) -> Result:
        return _quantized(node, _one(of(node, _floats(node, x, x_scale, x_zero))), scale, zero, x)

    handles(name, domain=DOMAIN)(handler)


def _softmax(node: NodeView, x: Value) -> Value:
    """Over one axis; before opset 13 over all dims from `axis` on, as one."""
    rank, one = len(x.shape), node.int("opset", 13) >= 13
    axis = node.axis(node.int("axis", -1 if one else 1), rank)
    return build.softmax(x, (axis,)) if one else helpers.reshape_to(build.softmax(build.flatten(x, axis), (1,)), x.shape)


def _channels_first(pool: _Unary) -> _Unary:
    def of(node: NodeView, x: Value) -> Result:
        if not node.int("channels_last", 0):
            return pool(node, x)
        rank = len(x.shape)
        y = _one(pool(node, build.transpose(x, (0, rank - 1, *range(1, rank - 1)))))
        return build.transpose(y, (0, *range(2, rank), 1))

    return of


def _global_mean(node: NodeView, x: Value) -> Value:
    node.check(len(x.shape) > 2, "shape", f"`{node.op_type}` needs an image [N, C, …], got {x.type}")
    return build.mean(x, tuple(range(2, len(x.shape))), keep=True)


_register("QLinearSigmoid", lambda _, x: op("logistic", x))
_register("QLinearLeakyRelu", leaky_relu)
_register("QLinearSoftmax", _softmax)
_register("QLinearGlobalAveragePool", _channels_first(_global_mean))
_register("QLinearAveragePool", _channels_first(pooling.average_pool))


@handles("QLinearConcat", domain=DOMAIN)
def concat(node: NodeView, scale: Value, zero: Value, *parts: Value) -> Result:
    """Dequantised values side by side, quantised; `parts` are triples of value, scale and zero point."""
    node.check(len(parts) % 3 == 0, "arity", f"`{node.op_type}` needs a scale and a zero point for each value, got {len(parts)} inputs")
    triples = [parts[i : i + 3] for i in range(0, len(parts), 3)]
    floats = [_floats(node, x, s, z) for x, s, z in triples]
    return quantize(node, op("concatenate", *floats, dimension=node.axis(node.int("axis"), len(floats[0].shape))), scale, zero)


@handles("QGemm", domain=DOMAIN)
def quantized_gemm(
    node: NodeView, a: Value, a_scale: Value, a_zero: Value, b: Value, b_scale: Value, b_zero: Value,
    c: Value | None = None, scale: Value | None = None, zero: Value | None = None,
) -> Result:  # fmt: skip
    """alpha·A'·B' + C of dequantised values, C in units of both scales; quantised if there is a scale."""
    node.check_rank(a, 2)
    node.check_rank(b, 2)
    columns = b_scale if len(b_scale.shape) == 0 else helpers.broadcast(b_scale, b.shape, (0 if node.int("transB", 0) else 1,))
    floats = helpers.cast(b, b_scale.dtype)
    zeros = helpers.cast(b_zero, b_scale.dtype)
    spread = zeros if len(b_zero.shape) == 0 else helpers.broadcast(zeros, b.shape, (0 if node.int("transB", 0) else 1,))
    weights = elementwise("multiply", elementwise("subtract", floats, spread), columns)
    y = _one(gemm(node, _floats(node, a, a_scale, a_zero), weights))
    if c is not None:
        unit = elementwise("multiply", elementwise("multiply", a_scale, b_scale), full_like(a_scale, node.float("alpha", 1.0)))
        y = elementwise("add", y, elementwise("multiply", helpers.cast(c, a_scale.dtype), unit))
    return y if scale is None else quantize(node, y, scale, zero)
