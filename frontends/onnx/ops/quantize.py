"""Quantisation, and products of quantised integers."""

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const
from ....proto import dtypes
from ....proto.dtypes import DType
from .. import build
from ..build import elementwise, op
from ..contributed import DOMAIN
from ..node import NodeView
from ..registry import handles
from .conversion import convert
from .nn import convolve, per_channel


def _spread(node: NodeView, v: Value, x: Value) -> Value:
    """A scale or zero point in the shape of `x`: one number, one for each index of `axis`, or one for each block of `block_size`."""
    if len(v.shape) == 0 or v.shape == (1,):
        return helpers.broadcast(helpers.reshape_to(v, ()), x.shape, ())
    axis = node.axis(node.int("axis", 1), len(x.shape))
    if len(v.shape) == 1 and not node.int("block_size", 0):
        return helpers.broadcast(v, x.shape, (axis,))
    size = node.int("block_size", 0)
    node.check(size > 0 and len(v.shape) == len(x.shape), "shape", f"{v.type} does not fit {x.type} in blocks of {size}")
    blocks = v.shape[axis]
    repeated = helpers.broadcast(v, (*v.shape[: axis + 1], size, *v.shape[axis + 1 :]), [i + (i > axis) for i in range(len(v.shape))])
    whole = helpers.reshape_to(repeated, (*v.shape[:axis], blocks * size, *v.shape[axis + 1 :]))
    return build.slice_axis(whole, axis, 0, x.shape[axis])


@handles("DequantizeLinear", domain=DOMAIN)
@handles("DequantizeLinear")
def dequantize(node: NodeView, x: Value, scale: Value, zero: Value | None = None) -> Value:
    """(x - zero)·scale."""
    result = node.scope.reader.dtype(node.int("output_dtype"), node.loc) if node.int("output_dtype", 0) else scale.dtype
    inner = dtypes.F32 if scale.dtype.bits <= 32 else scale.dtype
    y = cast(x, inner)
    if zero is not None:
        y = op("subtract", y, cast(_spread(node, zero, x), inner))
    return cast(op("multiply", y, cast(_spread(node, scale, x), inner)), result)


@handles("QuantizeLinear", domain=DOMAIN)
@handles("QuantizeLinear")
def quantize(node: NodeView, x: Value, scale: Value, zero: Value | None = None) -> Value:
    """x/scale, rounded to even, plus zero, saturated."""
    named = node.int("output_dtype", 0)
    result = zero.dtype if zero is not None else node.scope.reader.dtype(named, node.loc) if named else dtypes.U8
    inner = dtypes.F32 if scale.dtype.bits <= 32 else scale.dtype
    y = op("divide", cast(x, inner), cast(_spread(node, scale, x), inner))
    if not result.is_int:
        return convert(node, y if zero is None else op("add", y, cast(_spread(node, zero, x), inner)), result)
    y = op("round_nearest_even", y)
    return _saturated(y if zero is None else op("add", y, cast(_spread(node, zero, x), inner)), result)


def _saturated(x: Value, dtype: DType) -> Value:
    low, high = (-(1 << dtype.bits - 1), (1 << dtype.bits - 1) - 1) if dtype.is_signed else (0, (1 << dtype.bits) - 1)
    clamped = op("clamp", const(float(low), x.dtype), x, const(float(high), x.dtype))
    return cast(cast(clamped, dtypes.I32), dtype) if dtype.bits < 8 else cast(clamped, dtype)


def _centred(x: Value, zero: Value | None, dims: tuple[int, ...]) -> Value:
    """x - zero as i32; a zero point that is a vector lies along `dims`."""
    wide = cast(x, dtypes.I32)
    if zero is None:
        return wide
    z = cast(zero, dtypes.I32)
    if len(z.shape) == 0 or z.shape == (1,):
        return op("subtract", wide, helpers.broadcast(helpers.reshape_to(z, ()), x.shape, ()))
    return op("subtract", wide, helpers.broadcast(z, x.shape, dims) if len(z.shape) == 1 else helpers.broadcast_to(z, x.shape))


def _integer_matmul(a: Value, b: Value, a_zero: Value | None, b_zero: Value | None) -> Value:
    rows, columns = (max(len(a.shape) - 2, 0),), (len(b.shape) - 1,)
    return build.matmul(_centred(a, a_zero, rows), _centred(b, b_zero, columns))


@handles("MatMulInteger")
def matmul_integer(node: NodeView, a: Value, b: Value, a_zero: Value | None = None, b_zero: Value | None = None) -> Value:
    """(a - a_zero)·(b - b_zero) in i32; zero points per row of a, per column of b."""
    return _integer_matmul(a, b, a_zero, b_zero)


@handles("ConvInteger")
def conv_integer(node: NodeView, x: Value, w: Value, x_zero: Value | None = None, w_zero: Value | None = None) -> Value:
    """Convolution of x - x_zero with w - w_zero in i32; the zero point of w may be one per output channel."""
    return convolve(node, _centred(x, x_zero, (1,)), _centred(w, w_zero, (0,)))


@handles("QLinearMatMul")
def matmul_quantized(
    node: NodeView, a: Value, a_scale: Value, a_zero: Value, b: Value, b_scale: Value, b_zero: Value, y_scale: Value, y_zero: Value
) -> Value:
    """The product of dequantised matrices, quantised."""
    total = cast(_integer_matmul(a, b, a_zero, b_zero), dtypes.F32)
    rows, columns = max(len(total.shape) - 2, 0), len(total.shape) - 1
    scales = [_along(s, total, at) for s, at in ((a_scale, rows), (b_scale, columns), (y_scale, rows))]
    return _requantized(total, scales, _along(y_zero, total, rows), y_zero.dtype)


@handles("QLinearConv")
def conv_quantized(
    node: NodeView,
    x: Value,
    x_scale: Value,
    x_zero: Value,
    w: Value,
    w_scale: Value,
    w_zero: Value,
    y_scale: Value,
    y_zero: Value,
    bias: Value | None = None,
) -> Value:
    """The convolution of dequantised tensors, quantised; the bias is in units of x_scale·w_scale."""
    total = convolve(node, _centred(x, x_zero, (1,)), _centred(w, w_zero, (0,)))
    if bias is not None:
        total = op("add", total, per_channel(bias, total))
    scales = [_along(s, total, 1) for s in (x_scale, w_scale, y_scale)]
    return _requantized(cast(total, dtypes.F32), scales, _along(y_zero, total, 1), y_zero.dtype)


def _along(v: Value, like: Value, axis: int) -> Value:
    """A number, or a vector along an axis, in the shape of `like`, as f32."""
    f = cast(v, dtypes.F32)
    if len(f.shape) == 0 or f.shape == (1,):
        return helpers.broadcast(helpers.reshape_to(f, ()), like.shape, ())
    return helpers.broadcast(f, like.shape, (axis,)) if len(f.shape) == 1 else helpers.broadcast_to(f, like.shape)


def _requantized(total: Value, scales: list[Value], zero: Value, dtype: DType) -> Value:
    x_scale, w_scale, y_scale = scales
    factor = elementwise("divide", op("multiply", x_scale, w_scale), y_scale)
    return _saturated(op("add", op("round_nearest_even", op("multiply", total, factor)), zero), dtype)
