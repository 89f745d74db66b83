"""`dot_general`: products of matrices and of everything shaped like them."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import DType, Kind, from_numpy
from ...proto.errors import Loc, check
from ..ir.attrs import DotDims
from ..ir.dims import Dim
from ..ir.graph import Node, Value
from ..ir.types import Shape, TensorType
from .accumulate import accumulator_of
from .builder import E, ElementBuilder, Index
from .gradients.contraction import dot_grad
from .numeric import narrow
from .registry import define

Precision = tuple[str, ...]
PRECISIONS = ("DEFAULT", "HIGH", "HIGHEST")


def others(rank: int, *taken: Sequence[int]) -> tuple[int, ...]:
    """The dims of a rank that are in none of `taken`, in order."""
    used = {d for dims in taken for d in dims}
    return tuple(d for d in range(rank) if d not in used)


def dot_shape(lhs: Shape, rhs: Shape, dims: DotDims) -> Shape:
    """The shape of a product: batch dims, then the lhs's free dims, then the rhs's."""
    free_l = others(len(lhs), dims.lhs_batch, dims.lhs_contracting)
    free_r = others(len(rhs), dims.rhs_batch, dims.rhs_contracting)
    return tuple(lhs[d] for d in (*dims.lhs_batch, *free_l)) + tuple(rhs[d] for d in free_r)


def check_precision(precision: Precision, code: str) -> None:
    """One precision per operand."""
    good = len(precision) == 2 and all(p in PRECISIONS for p in precision)
    check(good, code, f"`precision_config` must be two of {', '.join(PRECISIONS)}, got {precision}")


def check_product(lhs: DType, rhs: DType, result: DType, code: str) -> None:
    """Operands of a product are numbers of one sort, and so is the result, or a float or complex number that can hold it."""
    sorts = [Kind.INT if d.kind is Kind.UINT else d.kind for d in (lhs, rhs)]
    same = sorts[0] is sorts[1] and sorts[0] is not Kind.STRING
    check(same, code, f"the operands must be numbers of one sort, got {lhs} and {rhs}", help="convert one of them first")
    good = {
        Kind.COMPLEX: result.is_complex,
        Kind.FLOAT: result.is_float or result.is_complex,
        Kind.INT: result.is_int or result.is_float,
        Kind.BOOL: result.is_bool or result.is_int or result.is_float,
    }
    check(good[sorts[0]], code, f"a product of {lhs} and {rhs} cannot be {result}")


def _check_side(name: str, x: TensorType, batch: tuple[int, ...], contracting: tuple[int, ...], codes: tuple[str, str, str]) -> None:
    unique, in_batch, in_contracting = codes
    both = batch + contracting
    check(len(set(both)) == len(both), unique, f"{name} batching dims {batch} and contracting dims {contracting} must be unique")
    check(all(0 <= d < x.rank for d in batch), in_batch, f"{name} batching dims {batch} must lie in [0, {x.rank}): {name} is {x}")
    in_range = all(0 <= d < x.rank for d in contracting)
    check(in_range, in_contracting, f"{name} contracting dims {contracting} must lie in [0, {x.rank}): {name} is {x}")


def _infer_dot_general(
    lhs: TensorType,
    rhs: TensorType,
    *,
    dot_dimension_numbers: DotDims,
    precision_config: Precision = ("DEFAULT", "DEFAULT"),
    algorithm: str | None = None,
    result: TensorType,
) -> TensorType:
    d, op = dot_dimension_numbers, "dot_general"
    check(len(d.lhs_batch) == len(d.rhs_batch), f"{op}.C1", f"as many lhs as rhs batching dims, got {d.lhs_batch} and {d.rhs_batch}")
    same = len(d.lhs_contracting) == len(d.rhs_contracting)
    check(same, f"{op}.C2", f"as many lhs as rhs contracting dims, got {d.lhs_contracting} and {d.rhs_contracting}")
    _check_side("lhs", lhs, d.lhs_batch, d.lhs_contracting, (f"{op}.C3", f"{op}.C5", f"{op}.C6"))
    _check_side("rhs", rhs, d.rhs_batch, d.rhs_contracting, (f"{op}.C4", f"{op}.C7", f"{op}.C8"))
    for code, what, left, right in (
        ("C9", "batching", d.lhs_batch, d.rhs_batch),
        ("C10", "contracting", d.lhs_contracting, d.rhs_contracting),
    ):
        for i, j in zip(left, right, strict=True):
            fact = f"{what} dims differ: {lhs.shape[i]} (lhs dim {i}) and {rhs.shape[j]} (rhs dim {j})"
            check(lhs.shape[i] == rhs.shape[j], f"{op}.{code}", fact)
    check_precision(precision_config, f"{op}.C11")
    shape = dot_shape(lhs.shape, rhs.shape, d)
    good = result.shape == shape
    check(good, f"{op}.C12", f"the product of {lhs} and {rhs} has shape {'x'.join(map(str, shape)) or 'of a scalar'}, given as {result}")
    check_product(lhs.dtype, rhs.dtype, result.dtype, f"{op}.C13")
    return result


def exact_matmul(x: np.ndarray, y: np.ndarray, dtype: DType) -> np.ndarray:
    """The matrix product rounded to `dtype` once: floats in float64, integers wrapping, bool as or of ands.

    Integers go through float64 where every partial sum is exact there.
    """
    if dtype.is_bool:
        return np.asarray(np.matmul(x.astype(np.float64), y.astype(np.float64)) > 0)
    if dtype.is_complex:
        return narrow(np.matmul(x.astype(np.complex128), y.astype(np.complex128)), dtype)
    bits = [from_numpy(a.dtype).bits for a in (x, y)] if dtype.is_int else [0, 0]
    if sum(bits) + max(1, x.shape[-1]).bit_length() <= 52:
        product = np.matmul(x.astype(np.float64), y.astype(np.float64))
        return narrow(product.astype(np.int64), dtype) if dtype.is_int else narrow(product, dtype)
    # Two's complement: the low bits of a wrapped product do not depend on signs.
    return narrow(np.matmul(x.astype(np.int64), y.astype(np.int64)), dtype)


def _reference_dot_general(
    lhs: np.ndarray,
    rhs: np.ndarray,
    *,
    dot_dimension_numbers: DotDims,
    precision_config: Precision = ("DEFAULT", "DEFAULT"),
    algorithm: str | None = None,
    result: TensorType,
) -> np.ndarray:
    d = dot_dimension_numbers
    free_l = others(lhs.ndim, d.lhs_batch, d.lhs_contracting)
    free_r = others(rhs.ndim, d.rhs_batch, d.rhs_contracting)

    def size(x: np.ndarray, dims: tuple[int, ...]) -> int:
        return int(np.prod([x.shape[i] for i in dims], dtype=np.int64))

    batch, k = size(lhs, d.lhs_batch), size(lhs, d.lhs_contracting)
    x = lhs.transpose(d.lhs_batch + free_l + d.lhs_contracting).reshape(batch, size(lhs, free_l), k)
    y = rhs.transpose(d.rhs_batch + d.rhs_contracting + free_r).reshape(batch, k, size(rhs, free_r))
    return exact_matmul(x, y, result.dtype).reshape(result.static_shape)


def product_dtype(node: Node) -> DType:
    """The type in which a `dot_general` or `convolution` accumulates."""
    return accumulator_of(node.result.dtype)


def multiply_add(b: ElementBuilder[E], acc: E, x: E, y: E) -> E:
    """acc + x·y in acc's type; or of ands for bool."""
    x, y = b.convert(x, acc.dtype), b.convert(y, acc.dtype)
    return b.or_(acc, b.and_(x, y)) if acc.dtype.is_bool else b.add(acc, b.mul(x, y))


def _element_dot_general(b: ElementBuilder[E], node: Node, index: Index) -> E:
    lhs, rhs = node.inputs
    d = node.attr("dot_dimension_numbers", DotDims)
    free_l = others(len(lhs.shape), d.lhs_batch, d.lhs_contracting)
    free_r = others(len(rhs.shape), d.rhs_batch, d.rhs_contracting)
    split = len(d.lhs_batch) + len(free_l)
    row = dict(zip((*d.lhs_batch, *free_l), index[:split], strict=True))
    column = dict(zip((*d.rhs_batch, *free_r), (*index[: len(d.rhs_batch)], *index[split:]), strict=True))

    def step(at: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        left = row | dict(zip(d.lhs_contracting, at, strict=True))
        right = column | dict(zip(d.rhs_contracting, at, strict=True))
        x = b.read(lhs, tuple(left[i] for i in range(len(lhs.shape))))
        y = b.read(rhs, tuple(right[i] for i in range(len(rhs.shape))))
        return (multiply_add(b, state[0], x, y),)

    extents: list[Dim] = [lhs.shape[i] for i in d.lhs_contracting]
    (total,) = b.loop(extents, (b.const(product_dtype(node), 0),), step)
    return b.convert(total, node.result.dtype)


dot_general = define(
    "dot_general",
    doc="""Sums products over contracting dims, for every batch index and every pair of free indices.

    The result's element type is given (StableHLO's preferred element type). `algorithm` is kept as text: it permits less precision
    than weft computes with. C1, C2: as many lhs as rhs batching and contracting
    dims. C3, C4: the dims of a side are unique. C5-C8: and in range. C9: batching dims agree. C10: contracting dims agree. C11:
    two precisions. C12: the result's shape is batch, lhs free, rhs free dims. C13: operands are numbers of one sort (weft also
    multiplies different widths and signs), the result is of that sort or a float.""",
    infer=_infer_dot_general,
    reference=_reference_dot_general,
    element=_element_dot_general,
    grad=dot_grad,
)


def dot(
    lhs: Value,
    rhs: Value,
    dims: DotDims,
    dtype: DType | None = None,
    *,
    precision: Precision = ("DEFAULT", "DEFAULT"),
    loc: Loc | None = None,
) -> Value:
    """Build a `dot_general` whose result has the lhs's element type unless `dtype` is given; out-of-range dims are its error to raise."""
    sides = ((lhs, dims.lhs_batch + dims.lhs_contracting), (rhs, dims.rhs_batch + dims.rhs_contracting))
    valid = all(0 <= i < len(v.shape) for v, used in sides for i in used)
    result = TensorType(dtype or lhs.dtype, dot_shape(lhs.shape, rhs.shape, dims) if valid else ())
    value = dot_general(lhs, rhs, dot_dimension_numbers=dims, precision_config=precision, result=result, loc=loc)
    assert isinstance(value, Value)
    return value
