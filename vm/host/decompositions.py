"""Decompositions of matrices and solutions of linear systems, over the last two dims, by numpy's LAPACK.

A matrix without one (it is singular, or the iteration does not end) gives NaN.
"""

from collections.abc import Callable

import numpy as np

from ...proto.dtypes import BY_NAME, DType, from_numpy
from ...proto.value_types import ArrayType, Shape, ValueType
from .table import Attributes, host

_REAL = {"complex<f32>": "f32", "complex<f64>": "f64"}


def _matrices(t: ValueType) -> ArrayType:
    if not isinstance(t, ArrayType) or len(t.shape) < 2:
        raise TypeError(f"matrices are wanted, not {t}")
    if t.dtype.name not in ("f32", "f64", *_REAL):
        raise TypeError(f"matrices of f32, f64 or complex numbers are wanted, not {t}")
    return t


def _square(t: ValueType) -> ArrayType:
    x = _matrices(t)
    rows, columns = x.shape[-2:]
    if rows != columns and None not in (rows, columns):
        raise TypeError(f"square matrices are wanted, not {t}")
    return x


def _real(dtype: DType) -> DType:
    return BY_NAME[_REAL.get(dtype.name, dtype.name)]


def _least(m: object, n: object) -> int | None:
    return min(m, n) if isinstance(m, int) and isinstance(n, int) else None


def _batched(function: Callable[..., tuple[np.ndarray, ...]], results: list[ArrayType], *operands: np.ndarray) -> tuple[np.ndarray, ...]:
    """All matrices at once; one after the other if one of them fails, with NaN for those that do."""
    try:
        found = function(*operands)
        return tuple(np.asarray(f, t.dtype.numpy, order="C") for f, t in zip(found, results, strict=True))
    except np.linalg.LinAlgError:
        lead = operands[0].shape[:-2]
        if not lead:
            return tuple(np.full(_numbers(t.shape), np.nan, t.dtype.numpy) for t in results)
        each = [_batched(function, [_one(t) for t in results], *(x[i] for x in operands)) for i in range(lead[0])]
        return tuple(np.stack(parts) for parts in zip(*each, strict=True))


def _one(t: ArrayType) -> ArrayType:
    return ArrayType(t.dtype, t.shape[1:])


def _numbers(shape: Shape) -> tuple[int, ...]:
    return tuple(int(n) for n in shape)  # type: ignore[arg-type]


def _type(x: np.ndarray) -> ArrayType:
    return ArrayType(from_numpy(x.dtype), x.shape)


def _eigh_type(_: Attributes, a: ValueType) -> tuple[ArrayType, ...]:
    x = _square(a)
    return x, ArrayType(_real(x.dtype), x.shape[:-1])


@host("linalg_eigh", 1, _eigh_type)
def _eigh(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The eigenvectors of Hermitian matrices, as columns, and the eigenvalues in ascending order; the lower triangle is read."""
    return _batched(lambda m: np.linalg.eigh(m)[::-1], list(_eigh_type(attributes, _type(a))), a)


def _qr_type(attributes: Attributes, a: ValueType) -> tuple[ArrayType, ...]:
    x = _matrices(a)
    lead, (m, n) = x.shape[:-2], x.shape[-2:]
    k = {"complete": m, "reduced": _least(m, n)}[attributes["mode"]]
    return ArrayType(x.dtype, (*lead, m, k)), ArrayType(x.dtype, (*lead, k, n))


@host("linalg_qr", 1, _qr_type)
def _qr(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The factors Q, orthogonal, and R, upper triangular, of matrices; with `mode` "complete" Q is square, else it is "reduced"."""
    return _batched(lambda m: np.linalg.qr(m, mode=attributes["mode"]), list(_qr_type(attributes, _type(a))), a)


def _svd_type(attributes: Attributes, a: ValueType) -> tuple[ArrayType, ...]:
    x = _matrices(a)
    lead, (m, n) = x.shape[:-2], x.shape[-2:]
    k = _least(m, n)
    left, right = (m, n) if attributes["full_matrices"] else (k, k)
    return (
        ArrayType(x.dtype, (*lead, m, left)),
        ArrayType(_real(x.dtype), (*lead, k)),
        ArrayType(x.dtype, (*lead, right, n)),
    )


@host("linalg_svd", 1, _svd_type)
def _svd(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Left singular vectors, singular values in descending order, and right singular vectors; square ones with `full_matrices`."""
    full = bool(attributes["full_matrices"])
    return _batched(lambda m: np.linalg.svd(m, full_matrices=full), list(_svd_type(attributes, _type(a))), a)


def _solve_type(_: Attributes, a: ValueType, b: ValueType) -> tuple[ArrayType, ...]:
    if _square(a).dtype != _matrices(b).dtype:
        raise TypeError(f"a system of one element type is wanted, not {a} and {b}")
    return (_matrices(b),)


@host("linalg_solve", 2, _solve_type)
def _solve(_: Attributes, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
    """The matrices x for which a x = b, of batches of one shape."""
    return _batched(lambda a, b: (np.linalg.solve(a, b),), [_type(b)], a, b)


def _slogdet_type(_: Attributes, a: ValueType) -> tuple[ArrayType, ...]:
    x = _square(a)
    return ArrayType(x.dtype, x.shape[:-2]), ArrayType(_real(x.dtype), x.shape[:-2])


@host("linalg_slogdet", 1, _slogdet_type)
def _slogdet(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The signs of determinants, of complex ones the directions, and the logarithms of their magnitudes."""
    return _batched(np.linalg.slogdet, list(_slogdet_type(attributes, _type(a))), a)


def _det_type(_: Attributes, a: ValueType) -> tuple[ArrayType, ...]:
    x = _square(a)
    return (ArrayType(x.dtype, x.shape[:-2]),)


@host("linalg_det", 1, _det_type)
def _det(attributes: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The determinants of square matrices."""
    return _batched(lambda m: (np.linalg.det(m),), list(_det_type(attributes, _type(a))), a)


def _adjugates(m: np.ndarray) -> tuple[np.ndarray]:
    """From m = u s vh: det(u) det(vh) · vhᴴ adj(s) uᴴ, where adj(s) has the products of the others on its diagonal."""
    u, s, vh = np.linalg.svd(m)
    one = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([one, s[..., :-1]], -1), -1)[..., : s.shape[-1]]
    after = np.cumprod(np.concatenate([one, s[..., :0:-1]], -1), -1)[..., : s.shape[-1]][..., ::-1]
    turn = np.linalg.slogdet(u @ vh)[0]
    left, right = (np.conj(np.swapaxes(x, -1, -2)) for x in (vh, u))
    return (np.asarray(turn)[..., None, None] * ((left * (before * after)[..., None, :]) @ right),)


@host("linalg_adjugate", 1, lambda _, a: (_square(a),))
def _adjugate(_: Attributes, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """The transposed matrices of cofactors: det(a) · a⁻¹, which singular matrices have as well."""
    return _batched(_adjugates, [_type(a)], a)
