"""Linear algebra and Fourier transforms, by numpy's LAPACK and pocketfft."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import BY_NAME, DType, from_numpy
from ...proto.value_types import ArrayType
from .table import Attributes, host


def _same(_: Attributes, x: ArrayType, *__: ArrayType) -> tuple[ArrayType, ...]:
    return (x,)


def _solution(_: Attributes, __: ArrayType, b: ArrayType) -> tuple[ArrayType, ...]:
    return (b,)


def _real(dtype: DType) -> DType:
    return {"complex<f32>": BY_NAME["f32"], "complex<f64>": BY_NAME["f64"]}.get(dtype.name, dtype)


def _complex(dtype: DType) -> DType:
    return {"f32": BY_NAME["complex<f32>"], "f64": BY_NAME["complex<f64>"]}.get(dtype.name, dtype)


def _fft_type(attributes: Attributes, x: ArrayType) -> tuple[ArrayType, ...]:
    dtype, shape = x
    length: Sequence[int] = attributes["length"]
    kept = shape[: len(shape) - len(length)]
    match attributes["kind"]:
        case "RFFT":
            return (ArrayType(_complex(dtype), (*kept, *length[:-1], length[-1] // 2 + 1)),)
        case "IRFFT":
            return (ArrayType(_real(dtype), (*kept, *length)),)
        case _:
            return (ArrayType(dtype, shape),)


@host("fft", 1, _fft_type)
def _fft(attributes: Attributes, x: np.ndarray) -> np.ndarray:
    """StableHLO `fft` over the last len(`length`) dimensions; `kind` is FFT, IFFT, RFFT or IRFFT."""
    length = tuple(attributes["length"])
    if x.size == 0 or 0 in length:
        ((dtype, shape),) = _fft_type(attributes, ArrayType(from_numpy(x.dtype), x.shape))
        return np.zeros(shape, dtype.numpy)
    transform = {"FFT": np.fft.fftn, "IFFT": np.fft.ifftn, "RFFT": np.fft.rfftn, "IRFFT": np.fft.irfftn}[attributes["kind"]]
    return transform(x, s=length, axes=tuple(range(x.ndim - len(length), x.ndim)))


@host("cholesky", 1, _same)
def _cholesky(attributes: Attributes, a: np.ndarray) -> np.ndarray:
    """StableHLO `cholesky` of a batch of matrices: the triangle `lower` is read and the factor has zeros in the other one.

    A matrix that is not positive definite gives NaN.
    """
    lower = bool(attributes["lower"])
    triangle = np.tril(a) if lower else np.conj(np.swapaxes(np.triu(a), -1, -2))
    factor = np.full_like(a, np.nan)
    for index in np.ndindex(a.shape[:-2]):
        try:
            factor[index] = np.linalg.cholesky(triangle[index])
        except np.linalg.LinAlgError:
            continue
    return factor if lower else np.conj(np.swapaxes(factor, -1, -2))


@host("triangular_solve", 2, _solution)
def _triangular_solve(attributes: Attributes, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """StableHLO `triangular_solve`: op(a) x = b, or x op(a) = b unless `left_side`; `transpose_a` is NO_TRANSPOSE, TRANSPOSE or ADJOINT.

    A singular matrix gives NaN.
    """
    a = np.tril(a) if attributes["lower"] else np.triu(a)
    if attributes["unit_diagonal"]:
        diagonal = np.arange(a.shape[-1])
        a[..., diagonal, diagonal] = 1
    if attributes["transpose_a"] != "NO_TRANSPOSE":
        a = np.swapaxes(a, -1, -2)
        a = np.conj(a) if attributes["transpose_a"] == "ADJOINT" else a
    left = bool(attributes["left_side"])
    if not left:
        a, b = np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)
    x = np.full(b.shape, np.nan, b.dtype)
    for index in np.ndindex(b.shape[:-2]):
        try:
            x[index] = np.linalg.solve(a[index], b[index])
        except np.linalg.LinAlgError:
            continue
    return x if left else np.swapaxes(x, -1, -2)
