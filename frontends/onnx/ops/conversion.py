"""Conversions between element types."""

import ml_dtypes
import numpy as np
from onnx import TensorProto

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const, full_like
from ....proto import dtypes
from ....proto.dtypes import STRING, DType
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles
from .strings import formatted, parsed


@handles("Cast", strings=True)
def cast_to_name(node: NodeView, x: Value) -> Value:
    """Another element type, given by its name."""
    numbers = dict(TensorProto.DataType.items())
    return convert(node, x, node.scope.reader.dtype(numbers.get(node.string("to"), -1), node.loc))


@handles("Cast", since=6, strings=True)
def cast_to(node: NodeView, x: Value) -> Value:
    """Another element type."""
    return convert(node, x, node.scope.reader.dtype(node.int("to"), node.loc))


@handles("CastLike", strings=True)
def cast_like(node: NodeView, x: Value, like: Value) -> Value:
    """The element type of another value."""
    return convert(node, x, like.dtype)


@handles("BitCast")
def bit_cast(node: NodeView, x: Value) -> Value:
    """The same bits as another type of the same width."""
    dtype = node.scope.reader.dtype(node.int("to"), node.loc)
    bits = [8 if t.is_bool else t.bits for t in (x.dtype, dtype)]  # a bool is a byte, 0 or 1
    node.check(STRING not in (x.dtype, dtype) and bits[0] == bits[1], "type", f"the bits of {x.type} cannot be {dtype}")
    whole = cast(x, dtypes.U8) if x.dtype.is_bool else x
    if dtype.is_bool:
        byte = op("bitcast_convert", whole, result=x.tensor.with_dtype(dtypes.U8))
        return build.compare("NE", byte, full_like(byte, 0))
    return op("bitcast_convert", whole, result=x.tensor.with_dtype(dtype))


def convert(node: NodeView, x: Value, dtype: DType) -> Value:
    """ONNX's `Cast`: floats of 8 bits saturate unless `saturate` is 0, integers of fewer than 8 bits take the low bits."""
    if x.dtype is STRING and dtype is STRING:
        return x
    if x.dtype is STRING:
        narrow = dtype.is_float and dtype.bits < 32
        return convert(node, parsed(x, dtypes.F32), dtype) if narrow else parsed(x, dtype)
    if dtype is STRING:
        return formatted(x)
    if dtype.name == "f8E8M0FNU" and x.dtype.is_float:
        return _scale(node, x, dtype)
    if dtype.name.startswith("f8") and node.int("saturate", 1):
        return cast(_clamped(x, dtype), dtype)
    if dtype.is_int and dtype.bits < 8 and x.dtype.is_float:
        return cast(cast(x, dtypes.I32), dtype)
    return cast(x, dtype)


def _clamped(x: Value, dtype: DType) -> Value:
    """x within the finite range of `dtype`; NaN stays."""
    wide = x if x.dtype.is_float and x.dtype.bits >= 16 else cast(x, dtypes.F32)
    info = ml_dtypes.finfo(dtype.numpy)
    return op("clamp", const(float(info.min), wide.dtype), wide, const(float(info.max), wide.dtype))


def _scale(node: NodeView, x: Value, dtype: DType) -> Value:
    """Powers of two, rounded as `round_mode` says."""
    wide = cast(x, dtypes.F32)
    if node.int("saturate", 1):
        wide = op("clamp", const(2.0**-127, dtypes.F32), wide, const(2.0**127, dtypes.F32))
    bits = op("bitcast_convert", wide, result=wide.tensor.with_dtype(dtypes.U32))
    mantissa = {"up": 0x7FFFFF, "down": 0, "nearest": 0x400000}.get(node.string("round_mode", "up"))
    if mantissa is None:
        raise node.error("attribute", f"`round_mode` is {node.string('round_mode')!r}")
    carried = op("and", op("add", bits, full_like(bits, mantissa)), full_like(bits, int(np.uint32(0xFF800000))))
    rounded = op("bitcast_convert", carried, result=wide.tensor)
    # Below 2^-126 the mantissa has no leading one: of these only 2^-127 can be written.
    exact = build.compare("LE", op("abs", wide), full_like(wide, 2.0**-127))
    finite = op("is_finite", wide)
    return cast(build.select(op("and", finite, op("not", exact)), rounded, wide), dtype)
