"""`weft.numpy.linalg`: the array API's extension for linear algebra, over matrices in the last two dims.

Factorisations are LAPACK's, called by the host; everything else is ordinary ops.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, broadcast_shapes, broadcast_to, cast, const, full_like, reshape_to
from ....compiler.ops.nodes import node, nodes
from ....proto.dtypes import C64, C128, F32, F64, I64
from ..faults import check
from ..lift import lifted
from .dtypes import floating, together
from .elementwise import abs as abs_of
from .elementwise import conj, where
from .linear import matmul, matrix_transpose, tensordot, vecdot
from .reductions import axes_of, fold, ordered_axes

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip

_REAL = {C64: F32, C128: F64}


def _matrices(x: Any, square: bool = False) -> Value:
    v = floating(x)
    check(len(v.shape) >= 2, "linalg.rank", f"matrices are needed, got {v.type}")
    check(not square or v.shape[-1] == v.shape[-2], "linalg.square", f"square matrices are needed, got {v.type}")
    return v


@lifted
def cholesky(x: Any, /, *, upper: bool = False) -> Value:
    """The Cholesky factor L of positive definite matrices, x = L Lᴴ; Lᴴ with `upper`."""
    v = _matrices(x, True)
    factor = node("cholesky", v, lower=True)
    return conj(matrix_transpose(factor)) if upper else factor


@lifted
def diagonal(x: Any, /, *, offset: int = 0) -> Value:
    """The elements on diagonal `offset` of the matrices."""
    from .indexing import getitem

    (v,) = together(x)
    rows, columns = v.shape[-2], v.shape[-1]
    first_row, first_column = max(-offset, 0), max(offset, 0)
    n = max(min(rows - first_row, columns - first_column), 0)
    places = np.arange(n)
    return getitem(v, (Ellipsis, const(places + first_row), const(places + first_column)))


@lifted
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Value:
    """The sum of a diagonal."""
    from .reductions import sum as sum_of

    return sum_of(diagonal(x, offset=offset), axis=-1, dtype=dtype)


@lifted
def outer(x1: Any, x2: Any, /) -> Value:
    """All products of the elements of two vectors."""
    x, y = together(x1, x2)
    return node("multiply", broadcast(x, (x.shape[0], y.shape[0]), (0,)), broadcast(y, (x.shape[0], y.shape[0]), (1,)))


@lifted
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Value:
    """The vector product of vectors of 3 along an axis."""
    from .indexing import getitem
    from .manipulation import moveaxis, stack

    x, y = together(x1, x2)
    shape = broadcast_shapes(x.shape, y.shape)
    x, y = (moveaxis(broadcast_to(v, shape), axis, -1) for v in (x, y))
    check(x.shape[-1] == 3, "linalg.cross", f"vectors of 3 are needed, got {x.type}")
    a, b = ([getitem(v, (Ellipsis, i)) for i in range(3)] for v in (x, y))

    def part(i: int, j: int) -> Value:
        return node("subtract", node("multiply", a[i], b[j]), node("multiply", a[j], b[i]))

    return moveaxis(stack((part(1, 2), part(2, 0), part(0, 1)), axis=-1), -1, axis)


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """An orthogonal and an upper triangular factor."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Left singular vectors, singular values in descending order, right singular vectors."""

    U: Any
    S: Any
    Vh: Any


class SlogdetResult(NamedTuple):
    """The sign of a determinant and the logarithm of its magnitude."""

    sign: Any
    logabsdet: Any


def _host(name: str, operands: tuple[Value, ...], attributes: dict[str, object], results: list[TensorType]) -> tuple[Value, ...]:
    config = json.dumps(attributes, sort_keys=True) if attributes else ""
    return nodes("custom_call", *operands, call_target_name=name, backend_config=config, result=tuple(results))


@lifted
def eigh(x: Any, /) -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian matrices, of which the lower triangle is read."""
    v = _matrices(x, True)
    values = v.tensor.with_dtype(_REAL.get(v.dtype, v.dtype)).with_shape(v.shape[:-1])
    vectors, found = _host("linalg_eigh", (v,), {}, [v.tensor, values])
    return EighResult(found, vectors)


@lifted
def eigvalsh(x: Any, /) -> Value:
    """Eigenvalues of Hermitian matrices in ascending order."""
    return eigh(x).eigenvalues


@lifted
def qr(x: Any, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """x = Q R; with mode "complete" Q is square."""
    check(mode in ("reduced", "complete"), "linalg.qr", f'mode is "reduced" or "complete", got {mode!r}')
    v = _matrices(x)
    m, n = v.shape[-2:]
    k = m if mode == "complete" else min(m, n)
    lead = v.shape[:-2]
    q, r = _host("linalg_qr", (v,), {"mode": mode}, [v.tensor.with_shape((*lead, m, k)), v.tensor.with_shape((*lead, k, n))])
    return QRResult(q, r)


@lifted
def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """x = U diag(S) Vh."""
    v = _matrices(x)
    m, n = v.shape[-2:]
    k, lead = min(m, n), v.shape[:-2]
    left, right = (m, n) if full_matrices else (k, k)
    values = TensorType(_REAL.get(v.dtype, v.dtype), (*lead, k))
    types = [v.tensor.with_shape((*lead, m, left)), values, v.tensor.with_shape((*lead, right, n))]
    return SVDResult(*_host("linalg_svd", (v,), {"full_matrices": full_matrices}, types))


@lifted
def svdvals(x: Any, /) -> Value:
    """Singular values in descending order."""
    return svd(x, full_matrices=False).S


@lifted
def solve(x1: Any, x2: Any, /) -> Value:
    """The solution of x1 · y = x2; x2 is matrices, or one vector."""
    a, b = together(floating(x1), floating(x2))
    _matrices(a, True)
    single = len(b.shape) == 1
    right = reshape_to(b, (*b.shape, 1)) if single else b
    lead = broadcast_shapes(a.shape[:-2], right.shape[:-2])
    a, right = broadcast_to(a, (*lead, *a.shape[-2:])), broadcast_to(right, (*lead, *right.shape[-2:]))
    (y,) = _host("linalg_solve", (a, right), {}, [right.tensor])
    return reshape_to(y, y.shape[:-1]) if single else y


@lifted
def inv(x: Any, /) -> Value:
    """The inverse of square matrices."""
    v = _matrices(x, True)
    unit = const(np.eye(v.shape[-1]), v.dtype)
    return solve(v, broadcast_to(unit, v.shape))


@lifted
def slogdet(x: Any, /) -> SlogdetResult:
    """The sign and the logarithm of the magnitude of determinants."""
    v = _matrices(x, True)
    lead = v.tensor.with_shape(v.shape[:-2])
    sign, size = _host("linalg_slogdet", (v,), {}, [lead, lead.with_dtype(_REAL.get(v.dtype, v.dtype))])
    return SlogdetResult(sign, size)


@lifted
def det(x: Any, /) -> Value:
    """Determinants of square matrices; of singular ones the derivative is right, too."""
    v = _matrices(x, True)
    (found,) = _host("linalg_det", (v,), {}, [v.tensor.with_shape(v.shape[:-2])])
    return found


@lifted
def matrix_power(x: Any, n: int, /) -> Value:
    """Square matrices to an integer power, by squaring; negative powers of the inverse."""
    v = _matrices(x, True)
    if n < 0:
        v, n = inv(v), -n
    result: Value | None = None
    while n:
        result = (v if result is None else matmul(result, v)) if n & 1 else result
        v, n = (matmul(v, v), n >> 1) if n > 1 else (v, 0)
    return broadcast_to(const(np.eye(v.shape[-1]), v.dtype), v.shape) if result is None else result


def _tolerance(v: Value, largest: Value, rtol: Any) -> Value:
    eps = float(np.finfo(_REAL.get(v.dtype, v.dtype).numpy).eps)
    factor = (
        full_like(largest, max(v.shape[-2], v.shape[-1]) * eps)
        if rtol is None
        else broadcast_to(cast(together(rtol)[0], largest.dtype), largest.shape)
    )
    return node("multiply", largest, factor)


@lifted
def matrix_rank(x: Any, /, *, rtol: Any = None) -> Value:
    """How many singular values exceed rtol times the largest, int64."""
    v = _matrices(x)
    values = svdvals(v)
    limit = _tolerance(v, fold(values, "max", -1, False), rtol)
    above = node("compare", values, broadcast(limit, values.shape, range(len(limit.shape))), comparison_direction="GT")
    return fold(cast(above, I64), "add", -1, False)


@lifted
def pinv(x: Any, /, *, rtol: Any = None) -> Value:
    """The Moore-Penrose inverse; singular values up to rtol times the largest count as zero."""
    v = _matrices(x)
    u, s, vh = svd(v, full_matrices=False)
    limit = _tolerance(v, fold(s, "max", -1, False), rtol)
    above = node("compare", s, broadcast(limit, s.shape, range(len(limit.shape))), comparison_direction="GT")
    inverse = where(above, node("divide", full_like(s, 1), where(above, s, full_like(s, 1))), full_like(s, 0))
    scaled = node("multiply", conj(matrix_transpose(u)), broadcast(cast(inverse, u.dtype), (*s.shape, u.shape[-2]), range(len(s.shape))))
    return matmul(conj(matrix_transpose(vh)), scaled)


@lifted
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Value:
    """The norm of order `ord` of the elements along an axis, several, or all."""
    v = floating(x)
    size = abs_of(v)
    axes = axes_of(axis, len(v.shape))
    if ord in (np.inf, -np.inf):
        return fold(size, "max" if ord > 0 else "min", axes, keepdims)
    if ord == 0:
        return fold(cast(node("compare", size, full_like(size, 0), comparison_direction="NE"), size.dtype), "add", axes, keepdims)
    if ord == 1:
        return fold(size, "add", axes, keepdims)
    if ord == 2:
        return node("sqrt", fold(node("multiply", size, size), "add", axes, keepdims))
    total = fold(node("power", size, full_like(size, ord)), "add", axes, keepdims)
    return node("power", total, full_like(total, 1 / ord))


@lifted
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Value:
    """The norm of matrices: "fro", "nuc", ±1, ±2, ±inf."""
    v = _matrices(x)
    size = abs_of(v)
    if ord == "fro":
        return node("sqrt", fold(node("multiply", size, size), "add", (-2, -1), keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        summed, rest = (-2, -1) if ord in (1, -1) else (-1, -2)
        totals = fold(size, "add", summed, True)
        y = fold(totals, "max" if ord > 0 else "min", rest, True)
    else:
        check(ord in ("nuc", 2, -2), "linalg.norm", f"there is no matrix norm {ord!r}")
        values = svdvals(v)
        y = fold(values, {"nuc": "add", 2: "max", -2: "min"}[ord], -1, True)
        y = reshape_to(y, (*y.shape, 1))
    return y if keepdims else reshape_to(y, y.shape[:-2])


@lifted
def norm(x: Any, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    """NumPy's norm: of all elements; of vectors along one axis; of matrices in two. `ord` as in `vector_norm` and `matrix_norm`."""
    v = floating(x)
    axes = ordered_axes(axis, len(v.shape))
    if ord is None or (axis is None and len(v.shape) == 1) or len(axes) == 1:
        return vector_norm(v, axis=axis, keepdims=keepdims, ord=2 if ord is None else ord)
    check(len(axes) == 2, "linalg.norm", f"a norm of order {ord!r} is one of vectors or matrices, not of {len(axes)} dims of {v.type}")
    rest = [d for d in range(len(v.shape)) if d not in axes]
    y = matrix_norm(node("transpose", v, permutation=(*rest, *axes)), ord=ord)
    return reshape_to(y, tuple(1 if d in axes else n for d, n in enumerate(v.shape))) if keepdims else y


@lifted
def cond(x: Any, /, p: Any = None) -> Value:
    """The condition number of matrices: the ratio of extreme singular values (p None, 2 or -2), else ‖x‖ₚ · ‖x⁻¹‖ₚ."""
    v = _matrices(x)
    if p in (None, 2, -2):
        values = svdvals(v)
        most, least = (fold(values, how, -1, False) for how in ("max", "min"))
        return node("divide", least, most) if p == -2 else node("divide", most, least)
    return node("multiply", matrix_norm(v, ord=p), matrix_norm(inv(v), ord=p))


class LstsqResult(NamedTuple):
    x: Any
    residuals: Any
    rank: Any
    s: Any


@lifted
def lstsq(a: Any, b: Any, /, rcond: Any = None) -> LstsqResult:
    """x with the least ‖a·x - b‖₂, and of those the shortest, by the pseudo-inverse; the squared residuals of each column of b (also where
    numpy leaves them out), the rank of a, its singular values. Singular values up to `rcond` times the largest count as zero."""
    left, right = together(floating(a), floating(b))
    check(len(left.shape) == 2, "linalg.rank", f"a matrix is needed, got {left.type}")
    x = matmul(pinv(left, rtol=rcond), right)
    error = abs_of(node("subtract", right, matmul(left, x)))
    squared = node("multiply", error, error)
    return LstsqResult(x, fold(squared, "add", 0, False), matrix_rank(left, rtol=rcond), svdvals(left))


def multi_dot(arrays: Sequence[Any], /) -> Any:
    """The product of matrices in the order of the fewest multiplications (a vector may be first or last)."""
    check(len(arrays) >= 2, "linalg.multi_dot", "a chain of products has two matrices or more")
    shapes = [np.shape(a) if not hasattr(a, "shape") else tuple(a.shape) for a in arrays]
    sizes = [shapes[0][0] if len(shapes[0]) == 2 else 1, *(s[0] for s in shapes[1:]), shapes[-1][1] if len(shapes[-1]) == 2 else 1]
    return _in_order(arrays, _cheapest(tuple(sizes)), 0, len(arrays) - 1)


def _in_order(arrays: Sequence[Any], cut: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return arrays[i]
    k = cut[i, j]
    return matmul(_in_order(arrays, cut, i, k), _in_order(arrays, cut, k + 1, j))


def _cheapest(sizes: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to cut each part of a chain of matrices, number i having sizes[i] rows and sizes[i + 1] columns."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            cut[i, j] = min(costs, key=lambda k: costs[k])
            cost[i, j] = costs[cut[i, j]]
    return cut
