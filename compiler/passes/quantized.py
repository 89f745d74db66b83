"""Products of quantised numbers: of bytes, with zero points and scales taken out of the sums.

    Σ (a - za)·(b - zb) = Σ a·b + za·(k·zb - Σ b) - zb·Σ a

Σ b is known where b is constant, and so is the vector that the sums begin with. What is left is one product of unsigned bytes by signed
ones, the form that processors multiply; bytes of the other sort are moved by 128, and their zero points with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...proto.dtypes import F32, I8, I32, U8, DType
from ..ir.attrs import DotDims
from ..ir.dims import Dim, product
from ..ir.graph import Node, Region, Value
from ..ops.contraction import dot, others
from ..ops.helpers import broadcast, cast, const, full_like, scalar_region
from ..ops.nodes import node
from .affine import Affine, Spread, affine_of
from .base import Context, region_pass
from .canonicalize import constant_of, splat_of
from .rewrite import Result, Uses, apply_rules, rewrite

_MOST = 255 * 255  # the greatest product of two centred bytes


@dataclass(frozen=True, slots=True)
class _Side:
    """An operand: bytes of the sort that stands on its side, the zero point that belongs to them, and where its dims are in the result."""

    bytes: Value
    zero: Spread | None
    contracting: Sequence[int]
    places: Sequence[int]


@rewrite("product-of-bytes", "dot_general")
def product_of_bytes(n: Node, uses: Uses) -> Result:
    """dot_general(x - zx, y - zy) of bytes as i32 -> dot_general(x, y) of bytes, corrected by sums over rows and columns."""
    found = _operands(n)
    if found is None or n.results[0].dtype is not I32 or any(a.scale for a in found):
        return None
    if all(v.dtype in (I8, U8) for v in n.operands) and (n.operands[0].dtype, n.operands[1].dtype) == (U8, I8):
        return None
    return byte_product(*found, _dims(n))


@rewrite("product-of-quantised", "dot_general")
def product_of_quantised(n: Node, uses: Uses) -> Result:
    """dot_general((x - zx)·sx, (y - zy)·sy) in floats -> dot_general(x - zx, y - zy)·(sx·sy), summed in i32: exact but for the last steps.

    Where scales differ along what is summed over, or a sum might leave i32, the product stays one of floats.
    """
    found = _operands(n)
    result = n.results[0].dtype
    if found is None or not result.is_float or result.bits > 32 or not all(v.dtype.is_float for v in n.operands):
        return None
    depth = product(n.operands[0].shape[i] for i in _dims(n).lhs_contracting)
    if not isinstance(depth, int) or depth * _MOST >= 1 << 31:
        return None
    sides = _places(_dims(n), *(v.tensor.rank for v in n.operands))
    scales = [(a.scale, a.scale.moved(places)) for a, places in zip(found, sides, strict=True) if a.scale is not None]
    if any(moved is None for _, moved in scales):
        return None
    total = byte_product(*found, _dims(n))
    return None if total is None else cast(scaled(total, [moved for _, moved in scales if moved is not None]), result)


def scaled(total: Value, scales: Sequence[Spread]) -> Value:
    """The integers times the scales, in f32."""
    y = cast(total, F32)
    for factor in _joined([Spread(cast(s.value, F32), s.dim) for s in scales]):
        y = node("multiply", y, factor.over(y.shape))
    return y


def _joined(scales: list[Spread]) -> list[Spread]:
    """The factors, two as one where that is no larger than the larger."""
    if len(scales) < 2:
        return scales
    a, b = scales if scales[1].dim is not None else scales[::-1]
    if a.dim is not None and a.dim != b.dim:
        return scales
    return [Spread(node("multiply", broadcast(a.value, b.value.shape, () if a.dim is None else (0,)), b.value), b.dim)]


def _dims(n: Node) -> DotDims:
    d = n.attrs["dot_dimension_numbers"]
    assert isinstance(d, DotDims)
    return d


def _operands(n: Node) -> tuple[Affine, Affine] | None:
    """What both operands are, if they are made of bytes."""
    x, y = (Affine(v) if v.dtype in (I8, U8) else affine_of(v) for v in n.operands)
    return None if x is None or y is None else (x, y)


def _places(d: DotDims, left_rank: int, right_rank: int) -> tuple[list[int], list[int]]:
    """For each dim of either operand its place in the result, -1 for what is summed over."""
    free = [others(left_rank, d.lhs_batch, d.lhs_contracting), others(right_rank, d.rhs_batch, d.rhs_contracting)]
    count = len(d.lhs_batch)
    left, right = [-1] * left_rank, [-1] * right_rank
    for i, dim in enumerate((*d.lhs_batch, *free[0])):
        left[dim] = i
    for i, dim in enumerate(d.rhs_batch):
        right[dim] = i
    for i, dim in enumerate(free[1]):
        right[dim] = count + len(free[0]) + i
    return left, right


def byte_product(x: Affine, y: Affine, d: DotDims) -> Value | None:
    """The product of centred bytes in i32, whatever their scales; None where zero points differ along what is summed over."""
    left_places, right_places = _places(d, x.bytes.tensor.rank, y.bytes.tensor.rank)
    left = _Side(*as_bytes(x, U8, 128), d.lhs_contracting, left_places)
    right = _Side(*as_bytes(y, I8, -128), d.rhs_contracting, right_places)
    total = dot(left.bytes, right.bytes, d, I32)
    depth = product(left.bytes.shape[i] for i in d.lhs_contracting)
    zx, zy = _moved(left), _moved(right)
    if (left.zero and zx is None) or (right.zero and zy is None) or (zx and zy and not isinstance(depth, int)):
        return None
    if zx is not None:
        sums = _negated(_sums(right))
        if zy is not None:
            shared = node("multiply", zy.value, full_like(zy.value, depth))  # type: ignore[arg-type]
            sums = _combined("add", sums, Spread(shared, zy.dim), total)
        total = node("add", total, _over(_combined("multiply", sums, zx, total), total))
    if zy is not None:
        total = node("subtract", total, _over(_combined("multiply", _sums(left), zy, total), total))
    return total


def as_bytes(a: Affine, dtype: DType, shift: int) -> tuple[Value, Spread | None]:
    """The bytes as `dtype`, those of the other sort moved by `shift`, and their zero point, None if it is zero."""
    zero = a.zero
    if a.bytes.dtype is dtype:
        return a.bytes, None if zero is None or splat_of(zero.value) == 0 else zero
    array = constant_of(a.bytes)
    if array is not None:
        moved = const((array.astype(np.int16) + shift).astype(dtype.numpy))
    else:
        plain = a.bytes if dtype is I8 else cast(a.bytes, U8)
        moved = node("xor", plain, full_like(plain, 128))
        moved = moved if dtype is U8 else cast(moved, I8)
    zero = zero or Spread(const(0, I32))
    value = node("add", zero.value, full_like(zero.value, shift))
    known = constant_of(zero.value)
    if known is not None:
        value = const((known + shift).astype(np.int32))
    return moved, None if splat_of(value) == 0 else Spread(value, zero.dim)


def _moved(side: _Side) -> Spread | None:
    return side.zero and side.zero.moved(side.places)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Numbers and the dims of the product that they lie along."""

    value: Value
    dims: tuple[int, ...]


def _sums(side: _Side) -> _Sums:
    """The sums of an operand's bytes over what the product sums over."""
    kept = others(side.bytes.tensor.rank, side.contracting)
    dims = tuple(side.places[i] for i in kept)
    array = constant_of(side.bytes)
    if array is not None:
        return _Sums(const(array.sum(axis=tuple(side.contracting), dtype=np.int32)), dims)
    body = scalar_region("add", I32)
    return _Sums(node("reduce", cast(side.bytes, I32), const(0, I32), dimensions=tuple(sorted(side.contracting)), body=body), dims)


def _negated(x: _Sums) -> _Sums:
    array = constant_of(x.value)
    return _Sums(node("negate", x.value) if array is None else const(-array), x.dims)


def _combined(op: str, x: _Sums, y: Spread, like: Value) -> _Sums:
    """op(x, y), as small as both allow; of constants it is one."""
    dims = x.dims if y.dim is None or y.dim in x.dims else tuple(sorted((*x.dims, y.dim)))
    shape = tuple(like.shape[i] for i in dims)
    a = _placed(x.value, x.dims, dims, shape)
    b = _placed(y.value, () if y.dim is None else (y.dim,), dims, shape)
    return _Sums(node(op, a, b), dims)


def _placed(v: Value, at: tuple[int, ...], dims: tuple[int, ...], shape: tuple[Dim, ...]) -> Value:
    return broadcast(v, shape, [dims.index(i) for i in at])


def _over(x: _Sums, like: Value) -> Value:
    return broadcast(x.value, like.shape, x.dims)


@region_pass("quantized-products")
def quantized_products(body: Region, context: Context) -> Region:
    """Products of centred or dequantised bytes become products of bytes: see `product_of_bytes` and `product_of_quantised`."""
    return apply_rules(body, (product_of_bytes, product_of_quantised))
