"""Short ways to build common nodes, for frontends and passes: constants, broadcasting, casts, regions of scalars."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import STRING, DType
from ...proto.errors import WeftError, check, fail
from ..ir.attrs import Tensor
from ..ir.dims import Dim
from ..ir.graph import Region, Value, param, region
from ..ir.types import Shape, TensorType
from . import numeric
from .nodes import node

Scalar = bool | int | float | complex


def const(value: object, dtype: DType | None = None, name: str = "") -> Value:
    """A constant: an array, or whatever numpy makes one of, converted to `dtype` if given (as StableHLO converts)."""
    array = np.asarray(value)
    if array.dtype.kind in "US":
        array = array.astype(np.object_)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if dtype is not None and dtype is not STRING:
        array = numeric.convert(array, dtype)
    return node("constant", value=Tensor(array, name))


def splat(value: Scalar, type: TensorType) -> Value:
    """A tensor of `type` whose elements all are `value`: a broadcast scalar constant."""
    return broadcast(const(value, type.dtype), type.shape, ())


def full_like(x: Value, value: Scalar) -> Value:
    """A tensor of the type of `x` whose elements all are `value`."""
    return splat(value, x.tensor)


def cast(x: Value, dtype: DType) -> Value:
    """`x` converted to `dtype`; `x` itself if it has it."""
    return x if x.dtype == dtype else node("convert", x, result=x.tensor.with_dtype(dtype))


def broadcast(x: Value, shape: Shape, dims: Sequence[int]) -> Value:
    """`x` in a larger shape, its dim j being dim `dims[j]` there; `x` itself if that changes nothing."""
    if x.shape == tuple(shape) and tuple(dims) == tuple(range(len(shape))):
        return x
    return node("broadcast_in_dim", x, broadcast_dimensions=tuple(dims), result=x.tensor.with_shape(tuple(shape)))


def broadcast_to(x: Value, shape: Shape) -> Value:
    """`x` in a larger shape as numpy broadcasts: dims aligned at the end."""
    return broadcast(x, shape, range(len(shape) - len(x.shape), len(shape)))


def broadcast_dims(x: Dim, y: Dim) -> Dim:
    """The dim two dims broadcast to, as in numpy; `WeftError` if they are not known to be equal and neither is 1."""
    if x == y or y == 1:
        return x
    help = "" if isinstance(x, int) and isinstance(y, int) else "symbolic dims must be the same expression"
    check(x == 1, "broadcast.dims", f"{x} and {y} are neither equal nor 1", help=help)
    return y


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that shapes broadcast to, as in numpy."""
    rank = max((len(s) for s in shapes), default=0)
    result: list[Dim] = [1] * rank
    for shape in shapes:
        for k, d in enumerate(shape, rank - len(shape)):
            try:
                result[k] = broadcast_dims(result[k], d)
            except WeftError as error:
                listed = " and ".join(f"({', '.join(map(str, s))})" for s in shapes)
                why, help = error.diagnostics[0].message, error.diagnostics[0].help
                raise fail("broadcast.dims", f"the shapes {listed} do not broadcast: {why}", help=help) from None
    return tuple(result)


def broadcast_together(xs: Sequence[Value]) -> tuple[Value, ...]:
    """The values in the shape they broadcast to, as in numpy."""
    shape = broadcast_shapes(*(x.shape for x in xs))
    return tuple(broadcast_to(x, shape) for x in xs)


def reshape_to(x: Value, shape: Shape) -> Value:
    """`x` in another shape; `x` itself if it has it."""
    return x if x.shape == tuple(shape) else node("reshape", x, result=x.tensor.with_shape(tuple(shape)))


def scalar_region(op: str, dtype: DType) -> Region:
    """The region `(x, y) -> op(x, y)` of scalars: the body of a reduction."""
    t = TensorType(dtype, ())
    x, y = param(t), param(t)
    return region((x, y), (node(op, x, y),))
