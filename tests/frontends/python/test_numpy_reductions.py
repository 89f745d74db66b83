"""Reductions, products and Fourier transforms in `weft.numpy`, eager and compiled, against numpy."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import weft
import weft.vm
from weft import numpy as wnp

from .numpy_cases import COMPLEX, EVERY, FLOATS, NUMERIC, REAL, Case, agree, both, same_as_numpy, some

pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore::RuntimeWarning")

AXES: list[dict[str, Any]] = [
    {}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": ()}, {"keepdims": True}, {"axis": (-1, 0, 1)},
]  # fmt: skip
ALLOWED = {
    "all": EVERY,
    "any": EVERY,
    "max": REAL,
    "mean": FLOATS + COMPLEX,
    "min": REAL,
    "prod": NUMERIC,
    "std": FLOATS,
    "sum": NUMERIC,
    "var": FLOATS,
}


def reduction(name: str, keywords: dict[str, Any]) -> Any:
    return lambda m, x: getattr(m, name)(x, **keywords)


@pytest.mark.parametrize("name", ALLOWED)
def test_reductions(name: str) -> None:
    shapes = [(2, 3, 2), (2, 0, 3), ()] if name not in ("max", "min") else [(2, 3, 2)]
    cases: list[Case] = []
    for dtype in ALLOWED[name]:
        for shape in shapes:
            for keywords in AXES if shape else [{}, {"axis": ()}, {"keepdims": True}]:
                cases.append((f"{name} {keywords}", reduction(name, keywords), (some(dtype, shape),)))
    same_as_numpy(cases, 0 if name in ("all", "any", "max", "min") else 8)


def test_particulars_of_reductions() -> None:
    x, n = some("float32", (3, 4)), some("int16", (3, 4))
    nan = x.copy()
    nan[1, 2] = np.nan
    same_as_numpy(
        [
            ("sum as", lambda m, x: (m.sum(x, dtype=m.float64), m.prod(x, dtype=m.int16), m.sum(x, axis=0, dtype=m.uint8)), (n,)),
            ("corrected", lambda m, x: (m.var(x, correction=1), m.std(x, correction=1.5, axis=0)), (x,)),
            ("NaN", lambda m, x: [getattr(m, f)(x) for f in ("max", "min", "sum", "mean", "var", "std", "prod")], (nan,)),
            ("cumulative", lambda m, x: (m.cumulative_sum(x, axis=0), m.cumulative_sum(x, axis=-1, include_initial=True)), (x,)),
            ("cumulative int", lambda m, x: (m.cumulative_sum(x, axis=1), m.cumulative_prod(x, axis=0, include_initial=True)), (n,)),
            ("cumulative as", lambda m, x: (m.cumulative_sum(x[0], dtype=m.float64), m.cumulative_prod(x[0], dtype=m.int32)), (n,)),
            ("cumulative 0", lambda m, x: (m.cumulative_sum(x[:0, 0]), m.cumulative_prod(x[:0], axis=0, include_initial=True)), (x,)),
            ("cumulative complex", lambda m, x: (m.cumulative_sum(x, axis=0), m.cumulative_prod(x, axis=1)), (some("complex64", (3, 4)),)),
            ("count", lambda m, x: (m.count_nonzero(x), m.count_nonzero(x, axis=1, keepdims=True)), (n,)),
        ],
        16,
    )
    for got in both(lambda x: wnp.var(x, correction=5, axis=0), x):
        assert not np.isfinite(np.asarray(got)).any()


PRODUCTS: list[tuple[Any, tuple[Any, ...]]] = [
    (lambda m, x, y: (m.matmul(x, y), x @ y), ((2, 3), (3, 4))),
    (lambda m, x, y: m.matmul(x, y), ((3,), (3,))),
    (lambda m, x, y: m.matmul(x, y), ((3,), (2, 3, 4))),
    (lambda m, x, y: m.matmul(x, y), ((2, 4, 3), (3,))),
    (lambda m, x, y: m.matmul(x, y), ((2, 1, 4, 3), (5, 3, 2))),
    (lambda m, x, y: m.matmul(x, y), ((2, 0), (0, 3))),
    (lambda m, x, y: m.matmul(x, y), ((0, 2, 3), (3, 3))),
    (
        lambda m, x, y: (m.tensordot(x, y, axes=1), m.tensordot(x, y, axes=((0, 2), (2, 0))), m.tensordot(x, y, axes=0)),
        ((2, 3, 4), (4, 3, 2)),
    ),
    (lambda m, x, y: (m.vecdot(x, y), m.vecdot(x, y, axis=-2)), ((4, 2, 3), (1, 2, 3))),
    (lambda m, x, y: m.linalg.outer(x, y), ((2,), (3,))),
    (lambda m, x, y: (m.linalg.cross(x, y), m.linalg.cross(x, y, axis=-2)), ((4, 3, 3), (1, 3, 3))),
    (lambda m, x: (m.linalg.diagonal(x), m.linalg.diagonal(x, offset=1), m.linalg.diagonal(x, offset=-2)), ((2, 3, 4),)),
    (lambda m, x: (m.linalg.diagonal(x, offset=5), m.linalg.trace(x), m.linalg.trace(x, offset=-1)), ((2, 3, 4),)),
    (lambda m, x: (m.linalg.matrix_transpose(x), m.linalg.trace(x, dtype=m.complex128)), ((2, 3, 4),)),
]


@pytest.mark.parametrize("number", range(len(PRODUCTS)))
def test_products(number: int) -> None:
    f, shapes = PRODUCTS[number]
    same_as_numpy([(d, f, tuple(some(d, s, k) for k, s in enumerate(shapes))) for d in NUMERIC], 16)


NORMS: list[dict[str, Any]] = [{}, {"axis": 0}, {"axis": (0, 2)}, {"keepdims": True}, {"axis": -1, "keepdims": True}, {"axis": ()}]


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_norms(dtype: str) -> None:
    x = some(dtype, (3, 2, 4))
    cases: list[Case] = []
    for order in (2, 1, 0, np.inf, -np.inf, 3, -2.5):
        cases += [(f"vector_norm {order} {k}", lambda m, x, k=k, o=order: m.linalg.vector_norm(x, ord=o, **k), (x,)) for k in NORMS]
    for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        for keepdims in (False, True):
            cases.append((f"matrix_norm {order}", lambda m, x, k=keepdims, o=order: m.linalg.matrix_norm(x, ord=o, keepdims=k), (x,)))
    same_as_numpy(cases, 32)


def matrices(dtype: str, *shape: int) -> np.ndarray:
    return some(dtype, shape, 3)


def hermitian(dtype: str, n: int) -> np.ndarray:
    x = matrices(dtype, 2, n, n)
    return x + np.conj(np.swapaxes(x, -1, -2))


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_solutions(dtype: str) -> None:
    a, b, v = matrices(dtype, 2, 3, 3), matrices(dtype, 2, 3, 4), matrices(dtype, 3)
    h = hermitian(dtype, 3)
    definite = (h @ np.conj(np.swapaxes(h, -1, -2)) + np.eye(3)).astype(dtype)
    same_as_numpy(
        [
            ("solve", lambda m, a, b: m.linalg.solve(a, b), (a, b)),
            ("solve vector", lambda m, a, b: m.linalg.solve(a[0], b), (a, v)),
            ("solve 0", lambda m, a, b: m.linalg.solve(a[:, :0, :0], b[:, :0, :]), (a, b)),
            ("inv", lambda m, a: (m.linalg.inv(a), m.linalg.inv(a[:0])), (a,)),
            ("det", lambda m, a: (m.linalg.det(a), *m.linalg.slogdet(a), m.linalg.det(a * 0), m.linalg.det(a[:, :0, :0])), (a,)),
            ("det of one", lambda m, a: (m.linalg.det(a), *m.linalg.slogdet(a), *m.linalg.slogdet(a * 0)), (a[0],)),
            ("power", lambda m, a: [m.linalg.matrix_power(a, n) for n in (0, 1, 2, 5, -1, -2)], (a,)),
            ("rank", lambda m, a: (m.linalg.matrix_rank(a), m.linalg.matrix_rank(a * 0), m.linalg.matrix_rank(a, rtol=1e-3)), (b,)),
            ("pinv", lambda m, b: (m.linalg.pinv(b), m.linalg.pinv(b, rtol=1e-3)), (b,)),
            ("cholesky", lambda m, d: (m.linalg.cholesky(d), m.linalg.cholesky(d, upper=True)), (definite,)),
            ("values", lambda m, b, h: (m.linalg.svdvals(b), m.linalg.eigvalsh(h)), (b, h)),
        ],
        2000,
    )


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_decompositions(dtype: str) -> None:
    """Their factors are not unique: products and orthogonality are compared."""
    close = {"rtol": 1e-4, "atol": 1e-4}
    h = hermitian(dtype, 4)
    for values, vectors in both(wnp.linalg.eigh, h):
        w, q = np.asarray(values), np.asarray(vectors)
        assert (w.dtype, q.dtype) == (h.real.dtype, h.dtype)
        np.testing.assert_allclose(h @ q, q * w[..., None, :], **close)
        np.testing.assert_allclose(np.conj(np.swapaxes(q, -1, -2)) @ q, np.broadcast_to(np.eye(4), q.shape), **close)
    for shape in ((2, 3, 5), (5, 3), (2, 0, 3), (0, 2, 2)):
        x = matrices(dtype, *shape)
        for mode in ("reduced", "complete"):
            want = np.linalg.qr(x, mode=mode)
            for q, r in both(wnp.linalg.qr, x, mode=mode):
                assert [(q.dtype, q.shape), (r.dtype, r.shape)] == [(a.dtype, a.shape) for a in want]
                np.testing.assert_allclose(np.asarray(q) @ np.asarray(r), x, **close)
                np.testing.assert_array_equal(np.tril(np.asarray(r), -1), 0)
        for full in (True, False):
            want = np.linalg.svd(x, full_matrices=full)
            for u, s, vh in both(wnp.linalg.svd, x, full_matrices=full):
                assert [(a.dtype, a.shape) for a in (u, s, vh)] == [(a.dtype, a.shape) for a in want]
                k = s.shape[-1]
                product = (np.asarray(u)[..., :k] * np.asarray(s)[..., None, :]) @ np.asarray(vh)[..., :k, :]
                np.testing.assert_allclose(product, x, **close)


TRANSFORMS: dict[str, list[dict[str, Any]]] = {
    **{
        f: [{}, {"n": 3}, {"n": 8, "axis": 0}, {"norm": "ortho"}, {"norm": "forward", "axis": -2}] for f in ("fft", "ifft", "hfft", "irfft")
    },
    **{f: [{}, {"n": 3}, {"n": 8, "axis": 0}, {"norm": "ortho"}, {"norm": "forward"}] for f in ("rfft", "ihfft")},
    **{
        f: [{}, {"axes": (1, 0)}, {"s": (3, 8), "axes": (0, 1)}, {"norm": "ortho"}, {"norm": "forward", "axes": (-1,)}]
        for f in ("fftn", "ifftn", "rfftn", "irfftn")
    },
    **{f: [{}, {"axes": 0}, {"axes": (0, 1)}] for f in ("fftshift", "ifftshift")},
}
REAL_ONLY = ("rfft", "ihfft", "rfftn")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name: str) -> None:
    cases: list[Case] = []
    for dtype in FLOATS if name in REAL_ONLY else COMPLEX:
        for keywords in TRANSFORMS[name]:
            cases.append((f"{name} {keywords}", lambda m, x, k=keywords: getattr(m.fft, name)(x, **k), (some(dtype, (5, 6)),)))
    same_as_numpy(cases, 64)


def test_frequencies() -> None:
    agree(wnp.fft.fftfreq(7, d=0.5), np.fft.fftfreq(7, 0.5).astype(np.float32))
    agree(wnp.fft.rfftfreq(8, dtype=wnp.float64), np.fft.rfftfreq(8))


def test_over_sizes_that_are_open() -> None:
    x = some("float64", (4, 6))
    for name in ("mean", "var", "std"):
        f = weft.function(partial(getattr(wnp, name), axis=0))
        module = f.lower(weft.Spec(("n", 6), np.float64))
        found = weft.vm.VM().load(weft.compile(module))["main"](x)
        np.testing.assert_allclose(found, getattr(np, name)(x, axis=0), rtol=1e-12)


def test_numpys_own_functions_call_the_methods() -> None:
    x = wnp.asarray(some("float64", (4, 6)))
    for f in (np.sum, np.mean, np.max, np.argmax, np.std, np.var, np.cumsum, np.any):
        np.testing.assert_allclose(np.asarray(f(x)), f(np.asarray(x)), rtol=1e-12)
    np.testing.assert_allclose(float(x.std(ddof=1)), np.std(np.asarray(x), ddof=1), rtol=1e-12)
