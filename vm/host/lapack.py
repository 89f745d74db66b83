"""LAPACK's routines as JAX calls them on CPUs (`lapack_sgeqrf_ffi` is `lapack_geqrf` here): factorizations of batches of matrices.

Characters are their codes, as in the calls: 76 is `L`. `info` is 0, or positive where a matrix has no factorization.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from ...proto.dtypes import BY_NAME, I32
from ...proto.value_types import ArrayType, ValueType
from .table import Attributes, host, lookup

_REAL = {"complex<f32>": "f32", "complex<f64>": "f64"}
_COMPLEX = {"f32": "complex<f32>", "f64": "complex<f64>"}


def _matrices(t: ValueType) -> ArrayType:
    if not isinstance(t, ArrayType) or len(t.shape) < 2:
        raise TypeError(f"matrices are wanted, not {t}")
    return t


def _char(attributes: Attributes, name: str, default: str) -> str:
    return chr(int(attributes.get(name, ord(default))))


def _info(t: ArrayType) -> ArrayType:
    return ArrayType(I32, t.shape[:-2])


def _each(x: np.ndarray, function: Callable[[np.ndarray], tuple[np.ndarray, ...]], *outs: np.ndarray) -> np.ndarray:
    """Apply to each matrix of a batch; 1 where it fails, and NaN in its results."""
    info = np.zeros(x.shape[:-2], np.int32)
    for at in np.ndindex(x.shape[:-2]):
        try:
            found = function(x[at])
        except np.linalg.LinAlgError:
            info[at] = 1
            continue
        for out, value in zip(outs, found, strict=True):
            out[at] = value
    return info


def _nan(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return np.full(shape, np.nan if dtype.kind in "fc" else 0, dtype)


def _like(_: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    return a, _info(_matrices(a))


@host("lapack_potrf", 1, _like)
def _potrf(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Cholesky factor in the triangle `uplo`; the other triangle is that of `a`."""
    lower = _char(attributes, "uplo", "L") == "L"
    out = a.copy()

    def factor(m: np.ndarray) -> tuple[np.ndarray, ...]:
        if lower:
            return (np.tril(np.linalg.cholesky(np.tril(m))) + np.triu(m, 1),)
        return (np.triu(np.linalg.cholesky(np.tril(np.conj(m.T))).conj().T) + np.tril(m, -1),)

    info = _each(a, factor, out)
    return out, info


def _pivoted(_: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    x = _matrices(a)
    return x, ArrayType(I32, (*x.shape[:-2], _least(x))), _info(x)


def _least(x: ArrayType) -> int | None:
    m, n = x.shape[-2:]
    if isinstance(m, int) and isinstance(n, int):
        return min(m, n)
    return m if m == n else None


@host("lapack_getrf", 1, _pivoted)
def _getrf(_: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Triangular factors of a row-permuted matrix, in one matrix, and the rows (from 1) that were exchanged."""
    out = a.copy()
    m, n = a.shape[-2:]
    pivots = np.zeros((*a.shape[:-2], min(m, n)), np.int32)
    info = np.zeros(a.shape[:-2], np.int32)
    for at in np.ndindex(a.shape[:-2]):
        u = out[at]
        for k in range(min(m, n)):
            size = np.abs(np.real(u[k:, k])) + np.abs(np.imag(u[k:, k]))
            p = k + int(np.argmax(size))
            pivots[at][k] = p + 1
            if u[p, k] == 0:
                info[at] = info[at] or k + 1
                continue
            u[[k, p]] = u[[p, k]]
            u[k + 1 :, k] /= u[k, k]
            u[k + 1 :, k + 1 :] -= np.outer(u[k + 1 :, k], u[k, k + 1 :])
    return out, pivots, info


def _reflected(_: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    x = _matrices(a)
    return x, ArrayType(x.dtype, (*x.shape[:-2], _least(x)))


@host("lapack_geqrf", 1, _reflected)
def _geqrf(_: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The upper factor of a = QR, below it the reflectors whose product Q is, and their factors tau."""
    h, tau = np.linalg.qr(a, mode="raw")
    return np.swapaxes(h, -1, -2).astype(a.dtype), tau.astype(a.dtype)


def _orthogonal(_: Attributes, a: ValueType, tau: ValueType) -> tuple[ValueType, ...]:
    return (_matrices(a),)


def _product_of_reflectors(attributes: Attributes, a: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """The columns of Q, the product of the reflectors that `lapack_geqrf` gives."""
    m, n = a.shape[-2:]
    out = np.zeros_like(a)
    for at in np.ndindex(a.shape[:-2]):
        q = np.eye(m, n, dtype=a.dtype)
        for k in reversed(range(tau.shape[-1])):
            v = np.concatenate([np.zeros(k, a.dtype), np.ones(1, a.dtype), a[at][k + 1 :, k]])
            q -= tau[at][k] * np.outer(v, np.conj(v) @ q)
        out[at] = q
    return out


host("lapack_orgqr", 2, _orthogonal)(_product_of_reflectors)
host("lapack_ungqr", 2, _orthogonal)(_product_of_reflectors)


def _solution(_: Attributes, a: ValueType, b: ValueType) -> tuple[ValueType, ...]:
    return (_matrices(b),)


@host("lapack_trsm", 2, _solution)
def _trsm(attributes: Attributes, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Solutions of a triangular system; `side`, `uplo`, `trans_x` and `diag` as in BLAS."""
    transpose = {"N": "NO_TRANSPOSE", "T": "TRANSPOSE", "C": "ADJOINT"}[_char(attributes, "trans_x", "N")]
    chosen = {
        "left_side": _char(attributes, "side", "L") == "L",
        "lower": _char(attributes, "uplo", "L") == "L",
        "unit_diagonal": _char(attributes, "diag", "N") == "U",
        "transpose_a": transpose,
    }
    return lookup("triangular_solve").call(chosen, a, b)[0]


def _values(_: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    x = _matrices(a)
    real = BY_NAME[_REAL.get(x.dtype.name, x.dtype.name)]
    return x, ArrayType(real, x.shape[:-1]), _info(x)


def _eigenvectors(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Eigenvectors and ascending eigenvalues of Hermitian matrices, of which the triangle `uplo` is read."""
    vectors, values = _nan(a.shape, a.dtype), _nan(a.shape[:-1], np.real(a).dtype)
    triangle: Literal["L", "U"] = "U" if _char(attributes, "uplo", "L") == "U" else "L"
    info = _each(a, lambda m: tuple(np.linalg.eigh(m, triangle))[::-1], vectors, values)
    return vectors, values, info


host("lapack_syevd", 1, _values)(_eigenvectors)
host("lapack_heevd", 1, _values)(_eigenvectors)


def _singular(attributes: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    x = _matrices(a)
    *batch, m, n = x.shape
    k = _least(x)
    real = BY_NAME[_REAL.get(x.dtype.name, x.dtype.name)]
    whole = _char(attributes, "mode", "S") == "A"
    u = ArrayType(x.dtype, (*batch, m, m if whole else k))
    vt = ArrayType(x.dtype, (*batch, n if whole else k, n))
    return x, ArrayType(real, (*batch, k)), u, vt, _info(x)


@host("lapack_gesdd", 1, _singular)
def _gesdd(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Singular values and vectors; `mode` is S for as many vectors as values, A for all, N for none that mean anything."""
    *batch, m, n = a.shape
    k, whole = min(m, n), _char(attributes, "mode", "S") == "A"
    s = _nan((*batch, k), np.real(a).dtype)
    u, vt = _nan((*batch, m, m if whole else k), a.dtype), _nan((*batch, n if whole else k, n), a.dtype)
    info = _each(a, lambda x: tuple(np.linalg.svd(x, full_matrices=whole))[0:3], u, s, vt)
    return a, s, u, vt, info


def _eigen(_: Attributes, a: ValueType) -> tuple[ValueType, ...]:
    x = _matrices(a)
    values = ArrayType(x.dtype, x.shape[:-1])
    vectors = ArrayType(BY_NAME[_COMPLEX.get(x.dtype.name, x.dtype.name)], x.shape)
    # Of real matrices real and imaginary parts come apart.
    return *((values,) if x.dtype.is_complex else (values, values)), vectors, vectors, _info(x)


@host("lapack_geev", 1, _eigen)
def _geev(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Eigenvalues and eigenvectors of general matrices, the left ones (`compute_left`) those of the adjoint; vectors have length 1."""
    wide = np.result_type(a.dtype, np.complex64)
    w = _nan(a.shape[:-1], wide)
    left, right = _nan(a.shape, wide), _nan(a.shape, wide)

    def decompose(m: np.ndarray) -> tuple[np.ndarray, ...]:
        values, vectors = np.linalg.eig(m)
        if _char(attributes, "compute_left", "N") != "V":
            return values, np.zeros_like(vectors), vectors
        rows = np.conj(np.linalg.inv(vectors)).T
        return values, rows / np.linalg.norm(rows, axis=0), vectors

    info = _each(a, decompose, w, left, right)
    parts = (w,) if a.dtype.kind == "c" else (np.real(w).astype(a.dtype), np.imag(w).astype(a.dtype))
    return *parts, left, right, info
