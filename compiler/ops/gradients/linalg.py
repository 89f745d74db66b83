"""Gradients of `fft`, `cholesky` and `triangular_solve`."""

from math import prod

from ....proto.dtypes import I64
from ...ir.attrs import DotDims
from ...ir.dims import Dim
from ...ir.graph import Value
from ...ir.types import TensorType
from ..nodes import node
from .common import (
    Cotangents,
    compare,
    full,
    iota,
    masked,
    pad,
    slice_of,
    transpose,
)


def adjoint(x: Value) -> Value:
    """The transposed conjugates of matrices in the last two dims."""
    rank = len(x.shape)
    return conj(transpose(x, (*range(rank - 2), rank - 1, rank - 2)))


def conj(x: Value) -> Value:
    """The complex conjugate; real numbers as they are."""
    return node("complex", node("real", x), node("negate", node("imag", x))) if x.dtype.is_complex else x


def _swap(x: Value) -> Value:
    rank = len(x.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def matmul(x: Value, y: Value) -> Value:
    """The products of matrices in the last two dims, of batches of one shape."""
    batch = tuple(range(len(x.shape) - 2))
    dims = DotDims(batch, batch, (len(batch) + 1,), (len(batch),))
    shape = (*x.shape[:-1], y.shape[-1])
    return node("dot_general", x, y, dot_dimension_numbers=dims, precision_config=("HIGHEST", "HIGHEST"), result=TensorType(x.dtype, shape))


def triangle(x: Value, lower: bool, strict: bool = False) -> Value:
    """The elements on one side of the diagonal, with it unless `strict`."""
    rank = len(x.shape)
    grid = x.tensor.with_dtype(I64)
    row, column = iota(grid, rank - 2), iota(grid, rank - 1)
    direction = ("GT" if strict else "GE") if lower else ("LT" if strict else "LE")
    return masked(compare(direction, row, column), x)


def _half_diagonal(x: Value) -> Value:
    """The lower triangle with half the diagonal."""
    below = triangle(x, True, True)
    return node("multiply", node("add", below, triangle(x, True)), full(x.tensor, 0.5))


def _solve(a: Value, b: Value, *, left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: str) -> Value:
    return node("triangular_solve", a, b, left_side=left_side, lower=lower, unit_diagonal=unit_diagonal, transpose_a=transpose_a)


def cholesky_grad(g: Value, a: Value, *, lower: bool) -> Cotangents:
    """Murray, Differentiation of the Cholesky decomposition (2016), equation 10: L⁻ᴴ Φ(Lᴴ ḡ) L⁻¹, symmetrised.

    The decomposition reads one triangle, so the cotangent lies in that one.
    """
    factor = node("cholesky", a, lower=lower)
    low, bar = (factor, g) if lower else (adjoint(factor), _swap(g))
    # Cotangents here pair without conjugation: work on the conjugate, and conjugate back.
    bar = conj(bar)
    middle = _half_diagonal(matmul(adjoint(low), bar))
    inner = _solve(low, middle, left_side=False, lower=True, unit_diagonal=False, transpose_a="NO_TRANSPOSE")
    full_bar = _solve(low, inner, left_side=True, lower=True, unit_diagonal=False, transpose_a="ADJOINT")
    both = node("add", full_bar, adjoint(full_bar))
    diagonal = node("subtract", triangle(both, True), triangle(both, True, True))
    half = node("multiply", diagonal, full(both.tensor, 0.5))
    own = node("add", triangle(both, True, True), half)
    return (conj(own if lower else adjoint(own)),)


def triangular_solve_grad(
    g: Value, a: Value, b: Value, *, left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: str
) -> Cotangents:
    """The system with the transposed matrix gives the right side's cotangent c; the matrix's is -c xᵀ in its triangle."""
    x = _solve(a, b, left_side=left_side, lower=lower, unit_diagonal=unit_diagonal, transpose_a=transpose_a)
    # op(a)ᵀ y = g: transposing `a` undoes TRANSPOSE; ADJOINT is undone on the conjugate.
    if transpose_a == "NO_TRANSPOSE":
        c = _solve(a, g, left_side=left_side, lower=lower, unit_diagonal=unit_diagonal, transpose_a="TRANSPOSE")
    elif transpose_a == "TRANSPOSE":
        c = _solve(a, g, left_side=left_side, lower=lower, unit_diagonal=unit_diagonal, transpose_a="NO_TRANSPOSE")
    else:
        c = _solve(conj(a), g, left_side=left_side, lower=lower, unit_diagonal=unit_diagonal, transpose_a="NO_TRANSPOSE")
    by_op = node("negate", matmul(c, _swap(x)) if left_side else matmul(_swap(x), c))
    by_a = {"NO_TRANSPOSE": by_op, "TRANSPOSE": _swap(by_op)}.get(transpose_a) or conj(_swap(by_op))
    return triangle(by_a, lower, unit_diagonal), c


def fft_grad(g: Value, x: Value, *, fft_type: str, fft_length: tuple[int, ...]) -> Cotangents:
    """Transforms are symmetric matrices; those of real numbers count the frequencies they leave out."""
    if fft_type in ("FFT", "IFFT"):
        return (node("fft", g, fft_type=fft_type, fft_length=fft_length),)
    last = fft_length[-1]
    lead = [0] * (len(x.shape) - 1)
    if fft_type == "RFFT":
        missing: Dim = last - g.shape[-1]
        whole = pad(g, [*lead, 0], [*lead, missing])
        return (node("real", node("fft", whole, fft_type="FFT", fft_length=fft_length)),)
    spectrum = node("fft", g, fft_type="RFFT", fft_length=fft_length)
    scale = full(spectrum.tensor, 1 / prod(fft_length))
    doubled = slice_of(spectrum, [*lead, 1], [*spectrum.shape[:-1], 1 + (last - 1) // 2])
    twice = pad(doubled, [*lead, 1], [*lead, spectrum.shape[-1] - 1 - (last - 1) // 2])
    return (node("multiply", conj(node("add", spectrum, twice)), scale),)
