"""Host functions on arrays: what they compute, and that the types they promise are the types they give."""

import numpy as np
import pytest
from weft.proto.dtypes import from_numpy
from weft.vm.host import Attributes, lookup, table

RNG = np.random.default_rng(0)
SPD = np.eye(4) * 5 + 1


def calls() -> list[tuple[str, Attributes, tuple[np.ndarray, ...]]]:
    wave, spectrum = RNG.standard_normal((2, 4, 6)), RNG.standard_normal((2, 4, 6)) + 1j * RNG.standard_normal((2, 4, 6))
    solve = {"left_side": True, "lower": True, "unit_diagonal": False, "transpose_a": "NO_TRANSPOSE"}
    batch = RNG.standard_normal((3, 4, 4))
    return [
        ("fft", {"kind": "FFT", "length": [4, 6]}, (spectrum,)),
        ("fft", {"kind": "IFFT", "length": [6]}, (spectrum.astype(np.complex64),)),
        ("fft", {"kind": "RFFT", "length": [6]}, (wave.astype(np.float32),)),
        ("fft", {"kind": "IRFFT", "length": [7]}, (spectrum[..., :4],)),
        ("cholesky", {"lower": True}, (np.stack([SPD, 2 * SPD]),)),
        ("cholesky", {"lower": False}, (SPD.astype(np.complex64),)),
        ("triangular_solve", solve, (batch, RNG.standard_normal((3, 4, 2)))),
        ("triangular_solve", {**solve, "left_side": False, "transpose_a": "ADJOINT"}, (batch, RNG.standard_normal((3, 2, 4)))),
        ("triangular_solve", {**solve, "unit_diagonal": True, "lower": False}, (batch, RNG.standard_normal((3, 4, 1)))),
    ]


@pytest.mark.parametrize(("name", "attributes", "operands"), calls())
def test_types(name: str, attributes: Attributes, operands: tuple[np.ndarray, ...]) -> None:
    function = lookup(name)
    assert len(operands) == function.operands
    promised = function.results(attributes, *((from_numpy(x.dtype), x.shape) for x in operands))
    given = function.call(attributes, *operands)
    assert [(from_numpy(y.dtype), y.shape) for y in given] == list(promised)


def test_every_host_function_is_documented() -> None:
    assert all(function.doc for function in table().values())


@pytest.mark.parametrize("lower", [True, False])
def test_cholesky_reads_one_triangle(lower: bool) -> None:
    a = SPD + 1j * (np.tri(4) - np.tri(4).T) * 0.1
    garbage = np.tril(a) + np.triu(np.full((4, 4), 99), 1) if lower else np.triu(a) + np.tril(np.full((4, 4), 99), -1)
    (factor,) = lookup("cholesky").call({"lower": lower}, garbage)
    product = factor @ factor.conj().T if lower else factor.conj().T @ factor
    np.testing.assert_allclose(product, a, atol=1e-12)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("transpose", ["NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"])
def test_triangular_solve(left: bool, lower: bool, unit: bool, transpose: str) -> None:
    a = RNG.standard_normal((3, 3)) + 1j * RNG.standard_normal((3, 3)) + 3 * np.eye(3)
    b = RNG.standard_normal((3, 3)) + 0j
    attributes = {"left_side": left, "lower": lower, "unit_diagonal": unit, "transpose_a": transpose}
    (x,) = lookup("triangular_solve").call(attributes, a, b)
    t = np.tril(a) if lower else np.triu(a)
    if unit:
        np.fill_diagonal(t, 1)
    t = {"NO_TRANSPOSE": t, "TRANSPOSE": t.T, "ADJOINT": t.conj().T}[transpose]
    np.testing.assert_allclose(t @ x if left else x @ t, b, atol=1e-12)
