"""Matrices in the last two dims: decompositions, solutions, determinants, norms.

Factorisations are LAPACK's, called by the host; everything else is ordinary ops.
"""

import json
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
from .reductions import axes_of, fold

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power", "matrix_rank",
    "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
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


def tolerance(v: Value, largest: Value, rtol: Any) -> Value:
    """Up to where singular values of matrices count as zero: `rtol` times the largest, by default as rounding makes them."""
    eps = float(np.finfo(_REAL.get(v.dtype, v.dtype).numpy).eps)
    factor = (
        full_like(largest, max(v.shape[-2], v.shape[-1]) * eps)
        if rtol is None
        else broadcast_to(cast(together(largest, rtol)[1], largest.dtype), largest.shape)
    )
    return node("multiply", largest, factor)


@lifted
def matrix_rank(x: Any, /, *, rtol: Any = None) -> Value:
    """How many singular values exceed rtol times the largest, int64."""
    v = _matrices(x)
    values = svdvals(v)
    limit = tolerance(v, fold(values, "max", -1, False), rtol)
    above = node("compare", values, broadcast(limit, values.shape, range(len(limit.shape))), comparison_direction="GT")
    return fold(cast(above, I64), "add", -1, False)


@lifted
def pinv(x: Any, /, *, rtol: Any = None) -> Value:
    """The Moore-Penrose inverse; singular values up to rtol times the largest count as zero."""
    v = _matrices(x)
    u, s, vh = svd(v, full_matrices=False)
    limit = tolerance(v, fold(s, "max", -1, False), rtol)
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
