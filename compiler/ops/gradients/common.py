"""What gradient rules are written with: sums, masks, constants."""

from collections.abc import Sequence

import numpy as np

from ....proto.dtypes import I64, DType
from ...ir.attrs import GatherDims, ScatterDims, Tensor
from ...ir.dims import Dim
from ...ir.graph import Region, Value, param, region
from ...ir.types import TensorType
from ..nodes import node

Cotangents = tuple[Value | None, ...]


def has_cotangent(v: Value) -> bool:
    """Whether a value can have a derivative: floats and complex numbers can."""
    return isinstance(v.type, TensorType) and (v.dtype.is_float or v.dtype.is_complex)


def scalar(value: bool | int | float | complex, dtype: DType) -> Value:
    """A constant of rank 0."""
    return node("constant", value=Tensor(np.asarray(value).astype(dtype.numpy)))


def full(type: TensorType, value: bool | int | float | complex) -> Value:
    """A tensor whose elements all are `value`."""
    return spread(scalar(value, type.dtype), type, ())


def zeros_like(v: Value) -> Value:
    """Zeros of the type of `v`."""
    return full(v.tensor, 0)


def spread(v: Value, type: TensorType, dims: Sequence[int]) -> Value:
    """`v` broadcast to the shape of `type`, its dim j being dim `dims[j]` there."""
    if v.shape == type.shape and tuple(dims) == tuple(range(type.rank)):
        return v
    return node("broadcast_in_dim", v, broadcast_dimensions=tuple(dims), result=v.tensor.with_shape(type.shape))


def scalar_body(name: str, dtype: DType) -> Region:
    """The region `(x, y) -> name(x, y)` of scalars."""
    x, y = param(TensorType(dtype, ())), param(TensorType(dtype, ()))
    return region((x, y), (node(name, x, y),))


def total(v: Value, dims: Sequence[int]) -> Value:
    """The sum over `dims`."""
    if not dims:
        return v
    return node("reduce", v, scalar(0, v.dtype), dimensions=tuple(dims), body=scalar_body("add", v.dtype))


def compare(direction: str, x: Value, y: Value) -> Value:
    """x ? y."""
    return node("compare", x, y, comparison_direction=direction)


def masked(pred: Value, v: Value) -> Value:
    """`v` where `pred`, else 0."""
    return node("select", pred, v, zeros_like(v))


def reshape(v: Value, shape: Sequence[Dim]) -> Value:
    """`v` in another shape."""
    return v if v.shape == tuple(shape) else node("reshape", v, result=v.tensor.with_shape(tuple(shape)))


def transpose(v: Value, permutation: Sequence[int]) -> Value:
    """`v` with its dims permuted."""
    return v if tuple(permutation) == tuple(range(len(v.shape))) else node("transpose", v, permutation=tuple(permutation))


def iota(type: TensorType, dim: int) -> Value:
    """Indices along a dim."""
    return node("iota", iota_dimension=dim, result=type)


def concatenate(parts: Sequence[Value], dim: int) -> Value:
    """The parts one after the other."""
    return parts[0] if len(parts) == 1 else node("concatenate", *parts, dimension=dim)


def cast(v: Value, dtype: DType) -> Value:
    """`v` converted; from complex to real numbers its real part."""
    if v.dtype == dtype:
        return v
    if v.dtype.is_complex and not dtype.is_complex:
        v = node("real", v)
    return node("convert", v, result=v.tensor.with_dtype(dtype))


def row(stack: Value, at: Value) -> Value:
    """Row `at` along the first dim, a scalar i64."""
    rest = stack.shape[1:]
    if isinstance(stack.shape[0], int):
        found = node("dynamic_slice", stack, at, *(scalar(0, I64) for _ in rest), slice_sizes=(1, *rest))
        return reshape(found, rest)
    # A slice of one row is not known to fit into a dim that may be 0.
    dims = GatherDims(tuple(range(len(rest))), (0,), (), (), (0,), 0)
    return node("gather", stack, reshape(at, (1,)), dimension_numbers=dims, slice_sizes=(1, *rest))


def with_row(stack: Value, v: Value, at: Value) -> Value:
    """The stack with another row `at`, a scalar i64."""
    if isinstance(stack.shape[0], int):
        return node("dynamic_update_slice", stack, reshape(v, (1, *v.shape)), at, *(scalar(0, I64) for _ in v.shape))
    dims = ScatterDims(tuple(range(len(v.shape))), (0,), (), (), (0,), 0)
    old, new = param(TensorType(v.dtype, ())), param(TensorType(v.dtype, ()))
    second = region((old, new), (new,))
    return node("scatter", stack, reshape(at, (1,)), v, scatter_dimension_numbers=dims, unique_indices=True, update_computation=second)


def slice_of(v: Value, starts: Sequence[Dim], limits: Sequence[Dim], strides: Sequence[int] | None = None) -> Value:
    """A box of `v`."""
    steps = tuple(strides or (1,) * len(starts))
    return node("slice", v, start_indices=tuple(starts), limit_indices=tuple(limits), strides=steps)


def pad(v: Value, low: Sequence[Dim], high: Sequence[Dim], interior: Sequence[int] | None = None) -> Value:
    """`v` with zeros around and between."""
    inner = tuple(interior or (0,) * len(low))
    keywords = {"edge_padding_low": tuple(low), "edge_padding_high": tuple(high), "interior_padding": inner}
    return node("pad", v, scalar(0, v.dtype), **keywords)


def inline(body: Region, args: Sequence[Value]) -> tuple[Value, ...]:
    """What `body` computes of `args`, as new nodes."""
    new = dict(zip(body.params, args, strict=True))
    for n in body.nodes:
        new.update(zip(n.results, n.with_operands(new[v] for v in n.operands).results, strict=True))
    return tuple(new[v] for v in body.results)
