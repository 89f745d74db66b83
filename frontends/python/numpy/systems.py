"""Linear algebra that NumPy has beside the standard's: norms by one name, condition numbers, least squares, products of chains."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, broadcast_to, cast, const, full_like, reshape_to
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from . import elementwise as e
from .dtypes import floating, together
from .indexing import getitem
from .linear import matmul, matrix_transpose
from .manipulation import moveaxis
from .matrices import inv, matrix_norm, svd, svdvals, tolerance, vector_norm
from .reductions import fold, ordered_axes
from .reductions import sum as sum_of

__all__ = ["LstsqResult", "cond", "lstsq", "multi_dot", "norm"]


@lifted
def norm(x: Any, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    """`vector_norm` along one axis, or of all elements without an `ord`; `matrix_norm` of two axes, or of a matrix with an `ord`."""
    v = floating(x)
    if axis is None and (ord is None or len(v.shape) == 1):
        return vector_norm(v, ord=2 if ord is None else ord, keepdims=keepdims)
    axes = ordered_axes(axis, len(v.shape))
    check(len(axes) in (1, 2), "linalg.norm", f"norms are along one axis or two, got {axes} of {v.type}")
    if len(axes) == 1:
        return vector_norm(v, axis=axes[0], ord=2 if ord is None else ord, keepdims=keepdims)
    found = matrix_norm(moveaxis(v, axes, (-2, -1)), ord="fro" if ord is None else ord)
    return reshape_to(found, tuple(1 if i in axes else n for i, n in enumerate(v.shape))) if keepdims else found


@lifted
def cond(x: Any, /, p: Any = None) -> Value:
    """How much larger the relative error of a solution can be than that of the system; with p of the norms of matrices and inverses."""
    v = floating(x)
    if p in (None, 2, -2):
        values = svdvals(v)
        ratio = e.divide(getitem(values, (..., 0)), getitem(values, (..., -1)))
        return e.reciprocal(ratio) if p == -2 else ratio
    return e.multiply(matrix_norm(v, ord=p), matrix_norm(inv(v), ord=p))


class LstsqResult(NamedTuple):
    """The solution, the sums of its squared errors, the rank of the matrix and its singular values."""

    x: Any
    residuals: Any
    rank: Any
    s: Any


@lifted
def lstsq(a: Any, b: Any, /, rcond: Any = None) -> LstsqResult:
    """The shortest x for which |a x - b| is least, of a matrix [M, N] and [M] or [M, K].

    Singular values up to `rcond` times the largest count as zero. There are residuals ([K], or [1]) where M > N, none otherwise.
    """
    m, right = together(floating(a), floating(b))
    fits = len(m.shape) == 2 and len(right.shape) in (1, 2)
    check(fits, "linalg.lstsq", f"a matrix and one vector or several are needed, got {m.type} and {right.type}")
    sides = right if len(right.shape) == 2 else reshape_to(right, (right.shape[0], 1))
    check(m.shape[0] == sides.shape[0], "linalg.lstsq", f"{m.type} has other rows than {right.type}")
    u, s, vh = svd(m, full_matrices=False)
    limit = tolerance(m, fold(s, "max", -1, False), rcond)
    above = e.greater(s, broadcast_to(limit, s.shape))
    inverse = e.where(above, e.reciprocal(e.where(above, s, full_like(s, 1))), full_like(s, 0))
    turned = matmul(e.conj(matrix_transpose(u)), sides)
    found = matmul(e.conj(matrix_transpose(vh)), e.multiply(broadcast(cast(inverse, turned.dtype), turned.shape, (0,)), turned))
    off = e.abs(e.subtract(matmul(m, found), sides))
    tall = m.shape[0] > m.shape[1]
    residuals = sum_of(e.multiply(off, off), axis=0) if tall else broadcast_to(const(0, off.dtype), (0,))
    solution = reshape_to(found, (m.shape[1],)) if sides is not right else found
    return LstsqResult(solution, residuals, fold(cast(above, I64), "add", 0, False), s)


@lifted
def multi_dot(arrays: Sequence[Any], /) -> Value:
    """The product of matrices, of which the first may be a row and the last a column, in the order that takes the fewest steps."""
    values = list(together(*arrays))
    check(len(values) > 1, "linalg.multi_dot", "a chain has two matrices at least")
    first, last = len(values[0].shape) == 1, len(values[-1].shape) == 1
    values[0] = reshape_to(values[0], (1, values[0].shape[0])) if first else values[0]
    values[-1] = reshape_to(values[-1], (values[-1].shape[0], 1)) if last else values[-1]
    found = _chained(values, _splits([*(v.shape[0] for v in values), values[-1].shape[1]]), 0, len(values) - 1)
    kept = [n for n, gone in zip(found.shape, (first, last), strict=True) if not gone]
    return reshape_to(found, tuple(kept))


def _splits(sizes: Sequence[Any]) -> dict[tuple[int, int], int]:
    """After which matrix a part of a chain is split (Cormen et al., Introduction to Algorithms, 14.2); from the left if sizes are open."""
    n = len(sizes) - 1
    if not all(isinstance(s, int) for s in sizes):
        return {(i, j): j - 1 for i in range(n) for j in range(i + 1, n)}
    cost = {(i, i): 0 for i in range(n)}
    best: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            best[i, j] = min(options, key=options.__getitem__)
            cost[i, j] = options[best[i, j]]
    return best


def _chained(values: Sequence[Value], best: dict[tuple[int, int], int], i: int, j: int) -> Value:
    if i == j:
        return values[i]
    k = best[i, j]
    return matmul(_chained(values, best, i, k), _chained(values, best, k + 1, j))
