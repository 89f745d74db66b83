"""Ops that are a library's work: Fourier transforms, Cholesky factors, triangular systems. Compiled, they are host calls."""

import json
from collections.abc import Callable
from typing import Literal

from ...proto.dtypes import C64, C128, F32, F64, DType
from ...proto.errors import check
from ...vm import host
from ..ir.dims import Dim
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import rules
from .gradients.linalg import cholesky_grad, fft_grad, triangular_solve_grad
from .helpers import cast
from .numeric import Array, dtype_of, narrow
from .registry import define, op_of

_COMPLEX = {F32: C64, F64: C128}
_REAL = {C64: F32, C128: F64}
FftType = Literal["FFT", "IFFT", "RFFT", "IRFFT"]
Transpose = Literal["NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"]


def host_call(name: str, operands: tuple[Value, ...], attributes: dict[str, object], result: TensorType) -> Value:
    """The host function `name` on operands, as a node."""
    built = op_of("custom_call")(*operands, call_target_name=name, backend_config=json.dumps(attributes, sort_keys=True), result=(result,))
    return built[0] if isinstance(built, tuple) else built


def _evaluate(name: str, attributes: dict[str, object], *arrays: Array) -> Array:
    (found,) = host.lookup(name).call(attributes, *arrays)
    return found


def _infer_fft(operand: Type, *, fft_type: FftType, fft_length: tuple[int, ...]) -> TensorType:
    real = fft_type == "RFFT"
    x = rules.tensor(operand, "fft.C2", "operand", rules.FLOAT if real else rules.FLOAT_OR_COMPLEX)
    known = _COMPLEX if real else _REAL
    check(x.dtype in known, "fft.C2", f"the operand of {fft_type} must be {' or '.join(map(str, known))}, got {x.dtype}")
    n = len(fft_length)
    check(n <= x.rank, "fft.C1", f"`fft_length` {rules.listed(fft_length)} has more entries than {x} has dims")
    check(1 <= n <= 3, "fft.C3", f"`fft_length` must have 1 to 3 entries, got {rules.listed(fft_length)}")
    check(all(k >= 0 for k in fft_length), "fft.C3", f"`fft_length` must not be negative, got {rules.listed(fft_length)}")
    kept, sizes = x.shape[: x.rank - n], tuple(fft_length)
    if fft_type == "IRFFT":
        check(x.shape[-1] == (sizes[-1] // 2 + 1 if sizes[-1] else 0), "fft.C5", f"the last dim of {x} must be {sizes[-1]} / 2 + 1")
        check(x.shape[x.rank - n : -1] == sizes[:-1], "fft.C4", f"the last dims of {x} must be {rules.listed(sizes)}")
        return TensorType(_REAL[x.dtype], (*kept, *sizes))
    check(x.shape[x.rank - n :] == sizes, "fft.C4", f"the last dims of {x} must be {rules.listed(sizes)}")
    if not real:
        return x
    return TensorType(_COMPLEX[x.dtype], (*kept, *sizes[:-1], sizes[-1] // 2 + 1 if sizes[-1] else 0))


def _fft_attributes(fft_type: str, fft_length: tuple[int, ...]) -> dict[str, object]:
    return {"kind": fft_type, "length": list(fft_length)}


fft = define(
    "fft",
    doc="""The discrete Fourier transform over the last dims: FFT and IFFT of complex numbers, RFFT of reals, IRFFT to reals.

    C1: `fft_length` has at most rank(operand) entries. C2: the element type suits `fft_type`: complex for FFT, IFFT and IRFFT, f32 or f64
    for RFFT. C3: 1 to 3 lengths. C4: the last dims are `fft_length`. C5: that of IRFFT is length / 2 + 1, as the result's of RFFT is.""",
    infer=_infer_fft,
    reference=lambda x, *, fft_type, fft_length: _evaluate("fft", _fft_attributes(fft_type, fft_length), x),
    decompose=lambda x, *, fft_type, fft_length, result: host_call("fft", (x,), _fft_attributes(fft_type, fft_length), result),
    grad=fft_grad,
)


def _check_square(x: TensorType, code: str, what: str) -> Dim:
    check(x.rank >= 2, code, f"`{what}` must be matrices, got {x}")
    check(x.shape[-1] == x.shape[-2], code, f"`{what}` must be square matrices, got {x}")
    return x.shape[-1]


def _infer_cholesky(a: Type, *, lower: bool = False) -> TensorType:
    x = rules.tensor(a, "cholesky.I1", "a", rules.FLOAT_OR_COMPLEX)
    check(x.rank >= 2, "cholesky.C2", f"`a` must be matrices, got {x}")
    _check_square(x, "cholesky.C3", "a")
    return x


def _wide(dtype: DType) -> DType:
    """The type LAPACK computes in."""
    return dtype if dtype in (F32, F64, C64, C128) else F32


def _in_wide(f: Callable[..., Value], *xs: Value, result: TensorType) -> Value:
    """`f` of the operands in a type that LAPACK has, converted back."""
    wide = _wide(result.dtype)
    return cast(f(*(cast(x, wide) for x in xs), result.with_dtype(wide)), result.dtype)


def _decompose_cholesky(a: Value, *, lower: bool, result: TensorType) -> Value:
    return _in_wide(lambda a, t: host_call("cholesky", (a,), {"lower": lower}, t), a, result=result)


def _reference_cholesky(a: Array, *, lower: bool) -> Array:
    wide = _wide(dtype_of(a)).numpy
    return narrow(_evaluate("cholesky", {"lower": lower}, a.astype(wide)), dtype_of(a))


cholesky = define(
    "cholesky",
    doc="""The Cholesky factor of a batch of matrices, of which the triangle `lower` says is read; the other triangle of the result is zero.

    A matrix that is not positive definite gives NaN. I1: floats or complex numbers. C1: the result has the type of `a`. C2: rank ≥ 2.
    C3: the matrices are square.""",
    infer=_infer_cholesky,
    reference=_reference_cholesky,
    decompose=_decompose_cholesky,
    grad=cholesky_grad,
)


def _infer_triangular_solve(a: Type, b: Type, *, left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: Transpose) -> TensorType:
    op = "triangular_solve"
    x = rules.tensor(a, f"{op}.I1", "a", rules.FLOAT_OR_COMPLEX)
    y = rules.tensor(b, f"{op}.I2", "b", rules.FLOAT_OR_COMPLEX)
    rules.check_same_dtype(x, y, f"{op}.C1", ("a", "b"))
    check(x.rank == y.rank >= 2, f"{op}.C2", f"`a` and `b` must have one rank of at least 2, got {x} and {y}")
    check(x.shape[:-2] == y.shape[:-2], f"{op}.C3", f"`a` and `b` must have the same batch dims, got {x} and {y}")
    n = _check_square(x, f"{op}.C3", "a")
    other = y.shape[-2 if left_side else -1]
    check(n == other, f"{op}.C3", f"the matrices of `a` are {n}x{n}, `b` is {y}", help="left_side says on which side they stand")
    return y


def _solve_attributes(left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: str) -> dict[str, object]:
    return {"left_side": left_side, "lower": lower, "unit_diagonal": unit_diagonal, "transpose_a": transpose_a}


def _decompose_solve(
    a: Value, b: Value, *, left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: Transpose, result: TensorType
) -> Value:
    attributes = _solve_attributes(left_side, lower, unit_diagonal, transpose_a)
    return _in_wide(lambda a, b, t: host_call("triangular_solve", (a, b), attributes, t), a, b, result=result)


def _reference_solve(a: Array, b: Array, *, left_side: bool, lower: bool, unit_diagonal: bool, transpose_a: Transpose) -> Array:
    attributes = _solve_attributes(left_side, lower, unit_diagonal, transpose_a)
    wide = _wide(dtype_of(b)).numpy
    return narrow(_evaluate("triangular_solve", attributes, a.astype(wide), b.astype(wide)), dtype_of(b))


triangular_solve = define(
    "triangular_solve",
    doc="""Solutions x of op(a) · x = b, or of x · op(a) = b unless `left_side`; only the triangle `lower` says is read of `a`.

    `transpose_a` is NO_TRANSPOSE, TRANSPOSE or ADJOINT; `unit_diagonal` takes the diagonal for ones. A singular matrix gives NaN.
    I1, I2: floats or complex numbers. C1: one element type. C2: one rank ≥ 2. C3: equal batch dims, square matrices that fit `b`.
    C4: the result has the type of `b`.""",
    infer=_infer_triangular_solve,
    reference=_reference_solve,
    decompose=_decompose_solve,
    grad=triangular_solve_grad,
)
