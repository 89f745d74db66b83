"""Host functions that decompose matrices: what they promise, what they refuse, and what a matrix without a decomposition gives."""

import numpy as np
import pytest
from weft.proto.dtypes import BY_NAME, F32, I32
from weft.proto.errors import WeftError
from weft.proto.value_types import ArrayType
from weft.vm.host import lookup

C64 = BY_NAME["complex<f32>"]


@pytest.mark.parametrize(
    ("name", "attributes", "given", "promised"),
    [
        ("linalg_eigh", {}, [(C64, (2, 3, 3))], [(C64, (2, 3, 3)), (F32, (2, 3))]),
        ("linalg_qr", {"mode": "reduced"}, [(F32, ("n", 3, 2))], [(F32, ("n", 3, 2)), (F32, ("n", 2, 2))]),
        ("linalg_qr", {"mode": "complete"}, [(F32, (3, None))], [(F32, (3, 3)), (F32, (3, None))]),
        ("linalg_svd", {"full_matrices": False}, [(F32, (2, 3))], [(F32, (2, 2)), (F32, (2,)), (F32, (2, 3))]),
        ("linalg_svd", {"full_matrices": True}, [(C64, (2, None))], [(C64, (2, 2)), (F32, (None,)), (C64, (None, None))]),
        ("linalg_solve", {}, [(F32, (3, 3)), (F32, (3, 2))], [(F32, (3, 2))]),
        ("linalg_slogdet", {}, [(C64, (5, 2, 2))], [(C64, (5,)), (F32, (5,))]),
    ],
)
def test_promises(name: str, attributes: dict[str, object], given: list, promised: list) -> None:
    assert lookup(name).promise(attributes, [ArrayType(*t) for t in given]) == tuple(ArrayType(*t) for t in promised)


@pytest.mark.parametrize(
    ("name", "attributes", "given"),
    [
        ("linalg_eigh", {}, [(F32, (2, 3))]),
        ("linalg_eigh", {}, [(I32, (2, 2))]),
        ("linalg_qr", {}, [(F32, (2, 2))]),
        ("linalg_qr", {"mode": "r"}, [(F32, (2, 2))]),
        ("linalg_svd", {"full_matrices": True}, [(F32, (3,))]),
        ("linalg_solve", {}, [(F32, (3, 3)), (C64, (3, 1))]),
    ],
)
def test_refusals(name: str, attributes: dict[str, object], given: list) -> None:
    with pytest.raises(WeftError, match=r"host\.operands"):
        lookup(name).promise(attributes, [ArrayType(*t) for t in given])


def test_a_singular_matrix_spoils_no_other() -> None:
    a = np.array([[[2, 0], [0, 4]], [[1, 1], [1, 1]]], np.float32)
    (x,) = lookup("linalg_solve").run({}, [a, np.ones((2, 2, 1), np.float32)])
    np.testing.assert_array_equal(x[0, :, 0], [0.5, 0.25])
    assert x.dtype == np.float32
    assert np.isnan(x[1]).all()


def test_infinite_matrices_give_nan() -> None:
    a = np.stack([np.eye(2), np.full((2, 2), np.inf)]).astype(np.float32)
    for name, attributes in (("linalg_svd", {"full_matrices": True}), ("linalg_eigh", {})):
        for found in lookup(name).run(attributes, [a]):
            assert np.isfinite(found[0]).all()
            assert np.isnan(found[1]).all()
