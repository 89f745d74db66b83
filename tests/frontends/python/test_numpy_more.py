"""What `weft.numpy` has of NumPy beside the standard, eager and compiled, against numpy: odd shapes, dims of 0, NaN."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from weft import numpy as wnp

from .numpy_cases import COMPLEX, FLOATS, INTS, agree, both, same_as_numpy, some

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")

F = Callable[..., Any]
Table = dict[str, tuple[F, tuple[Any, ...]]]


def checked(table: Table, dtypes: list[str], ulps: float = 0, change: Callable[[np.ndarray], np.ndarray] = lambda x: x) -> None:
    """Every row: a function of a library and arrays, and their shapes."""
    same_as_numpy(
        [
            (f"{name} {d}", f, tuple(change(some(d, shape, i)) for i, shape in enumerate(shapes)))
            for name, (f, shapes) in table.items()
            for d in dtypes
        ],
        ulps,
    )


PRODUCTS: Table = {
    "dot": (lambda m, x, y: (m.dot(x, y), m.dot(x[0], y), m.dot(x, y[:, 0]), m.dot(x[0], y[:, 1]), m.dot(x[0, 0], y)), ((2, 3), (3, 4))),
    "dot batches": (lambda m, x, y: m.dot(x, y), ((2, 1, 3), (4, 3, 2))),
    "inner": (lambda m, x, y: (m.inner(x, y), m.inner(x[0], y[1]), m.inner(x[0, 0], y)), ((2, 3), (4, 3))),
    "outer": (lambda m, x, y: (m.outer(x, y), m.outer(x[0, 0], y), m.outer(x[:0], y)), ((2, 3), (4,))),
    "vdot": (lambda m, x, y: m.vdot(x, y), ((2, 3), (3, 2))),
    "kron": (lambda m, x, y: (m.kron(x, y), m.kron(x[0], y), m.kron(x, y[0]), m.kron(x[0, 0], y)), ((2, 3), (3, 2))),
    "kron of ranks": (lambda m, x, y: m.kron(x, y), ((2, 1, 3), (2, 2))),
    "trace": (lambda m, x: (m.trace(x), m.trace(x, 1), m.trace(x, -1, 2, 0)), ((3, 4, 2),)),
    "diagonal": (lambda m, x: (m.diagonal(x), m.diagonal(x, 1), m.diagonal(x, -1, -1, 0), m.diagonal(x, 9)), ((3, 4, 2),)),
    "cross": (lambda m, x, y: (m.cross(x, y), m.cross(x[..., None], y[..., None], axis=-2)), ((2, 3), (3,))),
    "matrix": (lambda m, x, y: m.einsum("ij,jk->ik", x, y), ((2, 3), (3, 4))),
    "einsum": (lambda m, x, y: (m.einsum("...i,...i", x, y), m.einsum("b...i, b...i -> b...", x, y)), ((2, 3, 4), (2, 3, 4))),
    "chain": (lambda m, x, y, z: m.einsum("ij,jk,kl", x, y, z), ((2, 3), (3, 4), (4, 2))),
    "diagonals": (lambda m, x: [m.einsum(s, x) for s in ("ii", "ii->i", "ij->ji", "ij", "ij->", "ij->j")], ((3, 3),)),
    "shared": (lambda m, x, y: (m.einsum("ij,ij->ij", x, y), m.einsum("ij,kj->ik", x, y), m.einsum("ij,kl->", x, y)), ((2, 3), (2, 3))),
    "nothing": (lambda m, x, y: (m.einsum("ij,jk", x, y), m.dot(x, y), m.inner(x, x)), ((2, 0), (0, 3))),
}


@pytest.mark.parametrize("dtype", ["int64", *FLOATS, *COMPLEX])
def test_products(dtype: str) -> None:
    checked(PRODUCTS, [dtype], 200)


def test_products_of_stacks() -> None:
    for dtype in FLOATS + COMPLEX:
        a, v = some(dtype, (2, 3, 4)), some(dtype, (4,))
        for got in both(lambda a, v: (wnp.matvec(a, v), wnp.vecmat(v[:3], a)), a, v):
            agree(got, (a @ v, np.conj(v[:3]) @ a), dtype, 50)


def nest(m: Any, x: Any, y: Any) -> Any:
    return m.block([[x, y], [y, x]]), m.block([x, y]), m.block([[x[0], y[0]]])


PIECES: Table = {
    "atleast": (lambda m, x, y: (*m.atleast_1d(x, y), *m.atleast_2d(x, y), *m.atleast_3d(x, y)), ((), (3,))),
    "atleast more": (lambda m, x: (m.atleast_1d(x), m.atleast_2d(x), m.atleast_3d(x), m.atleast_3d(x[None, None])), ((2, 3),)),
    "ravel": (lambda m, x: (m.ravel(x), m.ravel(x[0, 0])), ((2, 3),)),
    "swapaxes": (lambda m, x: (m.swapaxes(x, 0, -1), m.swapaxes(x, 1, 1)), ((2, 3, 4),)),
    "rollaxis": (lambda m, x: [m.rollaxis(x, a, s) for a in (0, 1, -1) for s in (0, 1, 3, -1)], ((2, 3, 4),)),
    "concatenate": (
        lambda m, x, y: (m.concatenate((x, y), 1), m.concatenate([x, y[:, :3]]), m.concatenate((x, y), None)),
        ((2, 3), (2, 4)),
    ),
    "append": (lambda m, x, y: (m.append(x, y), m.append(x, y, 1)), ((2, 3), (2, 0))),
    "stacks": (lambda m, x, y: (m.hstack((x, y)), m.vstack((x, y)), m.dstack((x, y)), m.column_stack((x, y))), ((2, 3), (2, 3))),
    "stacked vectors": (lambda m, x, y: (m.hstack((x, y)), m.vstack((x, y)), m.dstack((x, y)), m.column_stack((x, y))), ((3,), (3,))),
    "stacked numbers": (lambda m, x, y: (m.hstack((x, y)), m.vstack((x, y)), m.column_stack((x, y))), ((), ())),
    "block": (nest, ((2, 3), (2, 3))),
    "split": (lambda m, x: (*m.split(x, 2), *m.split(x, [1, 3, 9], 1), *m.split(x, 3, axis=-1)), ((4, 6),)),
    "array_split": (lambda m, x: (*m.array_split(x, 3), *m.array_split(x, 9, 1), *m.array_split(x, [2, 1])), ((4, 5),)),
    "other splits": (lambda m, x: (*m.hsplit(x, 2), *m.vsplit(x, [1]), *m.dsplit(x, 3), *m.hsplit(x[0, 0], 3)), ((2, 4, 3),)),
    "turned": (lambda m, x: (*[m.rot90(x, k) for k in range(-1, 5)], m.fliplr(x), m.flipud(x)), ((2, 3),)),
    "turned planes": (lambda m, x: [m.rot90(x, k, a) for k in (1, 3) for a in ((0, 2), (2, 1))], ((2, 3, 4),)),
    "resize": (lambda m, x: (m.resize(x, (3, 4)), m.resize(x, 2), m.resize(x[:0], (2, 2))), ((2, 3),)),
    "delete": (lambda m, x: (m.delete(x, 1, 1), m.delete(x, [0, -1]), m.delete(x, slice(0, 3, 2), axis=1), m.delete(x, [], 0)), ((2, 4),)),
    "pad": (lambda m, x: (m.pad(x, 1), m.pad(x, (0, 2)), m.pad(x, ((1, 0), (2, 3)), constant_values=3), m.pad(x, 0)), ((2, 3),)),
    "pad by x": (lambda m, x: [m.pad(x, ((3, 2), (0, 4)), k) for k in ("edge", "reflect", "symmetric", "wrap")], ((2, 3),)),
    "diag": (lambda m, x: (m.diag(x), m.diag(x, -1), m.diag(x[0]), m.diag(x[0], 2), m.diag(x[0], -1), m.diagflat(x, 1)), ((2, 3),)),
}


@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "complex128"])
def test_pieces(dtype: str) -> None:
    checked(PIECES, [dtype])


ARITHMETIC = {
    "cbrt": FLOATS, "exp2": FLOATS, "fabs": FLOATS, "deg2rad": FLOATS, "rad2deg": FLOATS, "sinc": FLOATS, "isposinf": FLOATS,
    "isneginf": FLOATS, "isreal": FLOATS + COMPLEX + INTS, "iscomplex": FLOATS + COMPLEX + INTS, "angle": FLOATS + COMPLEX,
    "nan_to_num": FLOATS + COMPLEX + INTS, "modf": FLOATS, "fix": FLOATS, "rint": FLOATS, "bitwise_count": INTS, "arcsin": FLOATS,
}  # fmt: skip
OF_TWO = {
    "fmax": FLOATS + INTS, "fmin": FLOATS + INTS, "fmod": FLOATS, "heaviside": FLOATS, "logaddexp2": FLOATS, "float_power": ["float64"],
    "isclose": FLOATS, "arctan2": FLOATS, "power": FLOATS,
}  # fmt: skip


def awkward(dtype: str) -> np.ndarray:
    kind = np.dtype(dtype).kind
    if kind in "iu":
        return np.array([0, 1, 2, 3, 100, np.iinfo(dtype).max], dtype)
    real = np.array([0.0, -0.0, 1, -1, 0.5, -2.5, 3.75, 1e-3, 90, -180, np.inf, -np.inf, np.nan])
    return (real if kind == "f" else real[:8, None] + 1j * real[:8]).astype(dtype)


def test_elementwise() -> None:
    cases = [(f"{f} {d}", lambda m, x, f=f: getattr(m, f)(x), (awkward(d),)) for f, dtypes in ARITHMETIC.items() for d in dtypes]
    pairs = {d: [side.ravel() for side in np.meshgrid(awkward(d), awkward(d))] for d in FLOATS + INTS}
    cases += [(f"{f} {d}", lambda m, x, y, f=f: getattr(m, f)(x, y), tuple(pairs[d])) for f, dtypes in OF_TWO.items() for d in dtypes]
    finite = np.array([0.25, -1.5, 2.5, 123.456, -0.05, 1e6 + 0.5])
    cases += [("around", lambda m, x, n=n: m.around(x, n), (finite.astype(d),)) for n in (0, 1, 2, -1, -2) for d in FLOATS]
    cases += [("around of integers", lambda m, x, n=n: m.around(x, n), (np.arange(-30, 31),)) for n in (0, 2, -1, -2)]
    cases += [("divmod", lambda m, x: (*m.divmod(x, 0.75), *m.divmod(x, -2.0)), (finite,))]
    x, y = np.array([1, 2, np.nan]), np.array([1 + 1e-9, 2, np.nan])
    for m in ("allclose", "array_equal"):
        cases += [(m, lambda lib, x, y, m=m, k=k: getattr(lib, m)(x, y, equal_nan=k), (x, y)) for k in (True, False)]
    cases += [("array_equiv", lambda m, x, y: (m.array_equiv(x, y), m.array_equal(x, y)), (np.ones((2, 3)), np.ones(3)))]
    same_as_numpy(cases, 16)


STATISTICS: Table = {
    "median": (lambda m, x: (m.median(x), m.median(x, 0), m.median(x, axis=(0, 2), keepdims=True), m.median(x, -1)), ((3, 4, 5),)),
    "quantile": (lambda m, x: [m.quantile(x, q, a) for q in (0.0, 0.3, 1.0) for a in (None, 0, (1, 2))], ((3, 4, 5),)),
    "percentile": (
        lambda m, x: (m.percentile(x, m.asarray([[0, 12.5], [50, 99]], dtype=x.dtype), 1), m.percentile(x, 30, None, keepdims=True)),
        ((3, 5),),
    ),
    "methods": (lambda m, x: [m.quantile(x, m.asarray([0, 0.2, 0.5, 0.77, 1], dtype=x.dtype), 0, method=k) for k in METHODS], ((6, 3),)),
    "nanmedian": (lambda m, x: (m.nanmedian(x), m.nanmedian(x, 0), m.nanquantile(x, 0.2, 1), m.nanpercentile(x, 40, -1)), ((4, 5),)),
    "ptp": (lambda m, x: (m.ptp(x), m.ptp(x, 0), m.ptp(x, axis=-1, keepdims=True), m.amax(x, 0), m.amin(x)), ((3, 4),)),
    "running": (lambda m, x: (m.cumsum(x), m.cumsum(x, 0), m.cumprod(x, axis=1), m.nancumsum(x, 1), m.nancumprod(x)), ((3, 4),)),
    "nan": (lambda m, x: [getattr(m, f)(x, a) for f in OF_NUMBERS for a in (None, 0, 1)], ((4, 5),)),
    "nan kept": (lambda m, x: [getattr(m, f)(x, axis=(0, 2), keepdims=True) for f in OF_NUMBERS], ((4, 2, 3),)),
    "average": (lambda m, x, w: (m.average(x), m.average(x, 1), m.average(x, 1, w), *m.average(x, 1, w, True)), ((3, 4), (4,))),
    "average of all": (
        lambda m, x, w: (m.average(x, weights=w), m.average(x, 0, w, keepdims=True), *m.average(x, 0, None, True)),
        ((3, 4), (3, 4)),
    ),
    "cov": (
        lambda m, x, y: (m.cov(x), m.cov(x, y), m.cov(x, rowvar=False), m.cov(x, bias=True), m.cov(x[0]), m.cov(x, ddof=0)),
        ((3, 6), (2, 6)),
    ),
    "corrcoef": (lambda m, x, y: (m.corrcoef(x), m.corrcoef(x, y), m.corrcoef(x[0], y[0]), m.corrcoef(x[0])), ((3, 6), (2, 6))),
}
METHODS = ["linear", "lower", "higher", "midpoint", "nearest"]
OF_NUMBERS = ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("holes", [False, True])
def test_statistics(dtype: str, holes: bool) -> None:
    def pierced(x: np.ndarray) -> np.ndarray:
        return np.where(np.arange(x.size).reshape(x.shape) % 5 == 2, np.nan, x) if holes else x

    left_out = {"cov", "corrcoef"} if dtype == "float32" else set()  # which numpy has in float64
    left_out |= {"cov", "corrcoef", "average", "average of all"} if holes else set()
    table = {k: v for k, v in STATISTICS.items() if k not in left_out}
    checked(table, [dtype], 200, pierced)


def test_what_is_all_nan() -> None:
    x = np.full((2, 3), np.nan)
    same_as_numpy([(f, lambda m, x, f=f: getattr(m, f)(x, 1), (x,)) for f in [*OF_NUMBERS, "nanmedian"]])
    y = np.array([[np.nan, 2, 5, 5], [1, np.nan, -3, np.nan]])
    same_as_numpy([("nanargmax", lambda m, y: (m.nanargmax(y, 1), m.nanargmin(y, 0), m.nanargmin(y)), (y[:, 1:3],))])


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_histograms(dtype: str) -> None:
    x, w = some(dtype, (40,)), some("float64", (40,), 3)
    edges = np.array([-1, 0, 0.5, 2]).astype("float64" if dtype == "int64" else dtype)
    for got in both(
        lambda x, w, edges: (*wnp.histogram(x, edges), *wnp.histogram(x, edges, weights=w), *wnp.histogram(x, edges, density=True)),
        x,
        w,
        edges,
    ):
        want = (*np.histogram(x, edges), *np.histogram(x, edges, weights=w), *np.histogram(x, edges, density=True))
        for g, n in zip(got, want, strict=True):
            np.testing.assert_allclose(np.asarray(g), n, rtol=1e-6)
    for given in ({}, {"bins": 7}, {"bins": 3, "range": (-1, 1.5)}):
        for got in both(lambda x, given=given: wnp.histogram(x, **given), x):
            counts, limits = np.histogram(x, **given)
            assert got[0].dtype == counts.dtype
            np.testing.assert_allclose(np.asarray(got[1]), limits, rtol=1e-6)
            assert abs(np.asarray(got[0]) - counts).sum() <= 2  # an element may lie on an edge, which is rounded
    constant = np.full(5, 2, dtype)
    agree(wnp.histogram(constant, 4)[0], np.histogram(constant, 4)[0])
    inside = np.digitize(x, edges), np.digitize(x, edges, True), np.digitize(x, edges[::-1]), np.digitize(x, edges[::-1], True)
    for got in both(
        lambda x, b: (wnp.digitize(x, b), wnp.digitize(x, b, True), wnp.digitize(x, b[::-1]), wnp.digitize(x, b[::-1], True)), x, edges
    ):
        agree(got, inside)


def test_bincount() -> None:
    for dtype in ("int8", "uint16", "int64"):
        x, w = some(dtype, (9,)), some("float64", (9,))
        for got in both(lambda x, w: (wnp.bincount(x), wnp.bincount(x, w), wnp.bincount(x, minlength=8), wnp.bincount(x[:0])), x, w):
            agree(got, (np.bincount(x), np.bincount(x, w), np.bincount(x, minlength=8), np.bincount(x[:0])), dtype, 4)
        for got in both(lambda x: wnp.bincount(x, length=3), x):
            agree(got, np.bincount(x, minlength=3)[:3])


def test_choosing() -> None:
    x, y = some("int64", (3, 4)), some("int64", (4,), 1)
    same_as_numpy(
        [
            ("select", lambda m, x, y: m.select([x > 2, x < 1], [x, y], 7), (x, y)),
            ("choose", lambda m, x, y: m.choose(y % 3, [x, y, x * 2]), (x, y)),
            ("choose wrapped", lambda m, x, y: (m.choose(y - 2, [x, y], mode="wrap"), m.choose(y - 2, [x, y], mode="clip")), (x, y)),
            ("piecewise", lambda m, x: m.piecewise(x, [x < 1, x > 2], [-1, lambda v: v * v, 9]), (x,)),
            ("piecewise of one", lambda m, x: m.piecewise(x, [x < 1], [lambda v: v - 5]), (x,)),
            ("isin", lambda m, x, y: (m.isin(x, y[:2]), m.isin(x, y[:2], invert=True), m.isin(y, x[:0])), (x, y)),
            ("lexsort", lambda m, x: (m.lexsort((x[0], x[1])), m.lexsort(x), m.lexsort((x, x[::-1]), axis=0)), (x,)),
            ("lexsort of floats", lambda m, x: m.lexsort((x[0], x[1])), (some("float32", (2, 9)).round(),)),
            ("unravel", lambda m, x: (*m.unravel_index(x, (2, 3, 4)), m.ravel_multi_index((x % 2, x), (3, 5))), (x,)),
        ]
    )
    z = np.array([5, 1, 4, 1, 3])
    for got in both(lambda z: (wnp.partition(z, 2), wnp.take(z, wnp.argpartition(z, 2), axis=0)), z):
        assert all(np.asarray(p)[2] == 3 and set(np.asarray(p)[:2]) == {1} for p in got)


@pytest.mark.parametrize("dtype", ["bool", "int32", "float64", "complex64"])
def test_choosing_as_many_as_there_are(dtype: str) -> None:
    x, y = some(dtype, (3, 4)), some(dtype, (5,), 1)
    if dtype == "float64":
        x[0, 1] = x[2, 2] = y[3] = np.nan
    mask = x != 0
    f: F = lambda m, x, y, mask: [  # noqa: E731
        m.compress(mask[0, :3], x, 1), m.compress(mask[0], x), m.extract(mask, x), m.flatnonzero(x), m.argwhere(x), m.argwhere(x[0, 0]),
        *m.unique(x, return_index=True, return_inverse=True, return_counts=True), m.unique(x), m.unique(y, return_counts=True)[1],
        m.union1d(x, y), m.intersect1d(x, y), m.setdiff1d(x, y), m.setxor1d(x[:2], y),
    ]  # fmt: skip
    for got in both(lambda *args: f(wnp, *args), x, y, mask):
        want = f(np, x, y, mask)
        if dtype == "float64":  # numpy has NaN apart in these
            got, want = got[:-4], want[:-4]
        agree(got, want, dtype)


def waves(dtype: str, *shape: int) -> np.ndarray:
    return (np.sin(np.arange(np.prod(shape)) * 2.3) * 5).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_signals(dtype: str) -> None:
    x, y = waves(dtype, 7), waves(dtype, 3)
    m2, at = waves(dtype, 5, 4), np.linspace(-2, 9, 23).astype(dtype)
    tu = np.array([0, 1, 1.5, 4, 4.5, 6, 7], dtype)
    wide = tuple(a.astype("float64") for a in (at, tu, x))  # numpy's interp has no other
    cases: list[tuple[str, F, tuple[np.ndarray, ...]]] = [
        (f"{f} {mode}", lambda m, x, y, f=f, mode=mode: (getattr(m, f)(x, y, mode), getattr(m, f)(y, x, mode)), (x, y))
        for f in ("convolve", "correlate")
        for mode in ("full", "same", "valid")
    ]
    cases += [
        ("even taps", lambda m, x, y: (m.convolve(x, y[:2], "same"), m.correlate(x, y[:2], "same"), m.convolve(y[:1], y[:1])), (x, y)),
        ("interp", lambda m, at, t, x: (m.interp(at, t, x), m.interp(at, t, x, left=-1, right=2), m.interp(at, t[:1], x[:1])), wide),
        ("interp of a period", lambda m, at, t, x: m.interp(at, t[::-1], x, period=7.5), wide),
        ("gradient", lambda m, x: (m.gradient(x), m.gradient(x, 0.5), m.gradient(x[:2])), (x,)),
        ("gradient at places", lambda m, x, t: m.gradient(x, t), (x, tu)),
        ("gradients", lambda m, x: (*m.gradient(x), *m.gradient(x, 2.0, 0.5), m.gradient(x, axis=1), *m.gradient(x, axis=(1, 0))), (m2,)),
        (
            "trapezoid",
            lambda m, x, t, z: (m.trapezoid(x), m.trapezoid(x, t), m.trapezoid(z, dx=0.5, axis=0), m.trapezoid(z, t[:4])),
            (x, tu, m2),
        ),
        ("ediff1d", lambda m, x, z: (m.ediff1d(z), m.ediff1d(x, to_end=x[:2], to_begin=-1), m.ediff1d(x[:1])), (x, m2)),
        ("unwrap", lambda m, x, z: (m.unwrap(x * 2), m.unwrap(z * 3, axis=0), m.unwrap(x, period=4)), (x, m2)),
        (
            "polyval",
            lambda m, x, y: (m.polyval(x, y), m.polyval(x[:1], y), m.polyadd(x, y), m.polysub(y, x), m.polymul(x, y)),
            (x / 5 + 1, y + 1),
        ),
        (
            "polyder",
            lambda m, x: (m.polyder(x), m.polyder(x, 2), m.polyint(x), m.polyint(x, 2), m.vander(x), m.vander(x, 3, True)),
            (wide[2] / 5 + 1,),
        ),
    ]
    same_as_numpy(cases, 400)


def test_grids() -> None:
    cases: list[tuple[F, str]] = [
        (lambda m: m.identity(3), "f"),
        (lambda m: m.tri(3, 4, -1), "f"),
        (lambda m: m.logspace(0, 2, 5), "f"),
        (lambda m: m.geomspace(1, 64, 4), "f"),
        (lambda m: m.hamming(7), "f"),
        (lambda m: m.hanning(6), "f"),
        (lambda m: m.kaiser(5, 8.6), "f"),
        (lambda m: m.blackman(5), "f"),
        (lambda m: m.bartlett(5), "f"),
        (lambda m: m.indices((2, 3)), "i"),
        (lambda m: m.diag_indices(3), "i"),
        (lambda m: m.tril_indices(3, 1, 4), "i"),
        (lambda m: m.triu_indices(3, -1), "i"),
        (lambda m: m.triu_indices_from(m.ones((2, 4)), 1), "i"),
        (lambda m: m.tril_indices_from(m.ones((2, 4))), "i"),
        (lambda m: m.ix_([0, 2], [True, False, True], []), "i"),
        (lambda m: m.fromfunction(lambda i, j: i + 2 * j, (2, 3)), "f"),
    ]
    for f, kind in cases:
        got, want = f(wnp), f(np)
        for g, w in zip(*((x,) if not isinstance(x, tuple) else x for x in (got, want)), strict=True):
            agree(g, w.astype("float32" if kind == "f" else "int64"), "", 4)


def test_what_is_refused() -> None:
    x = wnp.ones((2, 3))
    for code, f in {
        "numpy.einsum": lambda: wnp.einsum("ij,jk", x, x),
        "numpy.dot": lambda: wnp.dot(x, x),
        "numpy.split": lambda: wnp.split(x, 2, axis=1),
        "numpy.pad": lambda: wnp.pad(x, 1, "mean"),
        "numpy.quantile": lambda: wnp.quantile(x, 0.5, method="weibull"),
        "numpy.empty": lambda: wnp.median(x[:0]),
        "numpy.bincount": lambda: wnp.bincount(x[0]),
        "numpy.select": lambda: wnp.select([x > 0], []),
        "numpy.gradient": lambda: wnp.gradient(x[:1]),
        "numpy.block": lambda: wnp.block([[x], x]),
        "numpy.delete": lambda: wnp.delete(x, x),
        "numpy.average": lambda: wnp.average(x, 1, x[0, :2]),
    }.items():
        with pytest.raises(weft.WeftError, match=code.replace(".", r"\.")):
            f()


def test_derivatives() -> None:
    """What is made of ops has their derivatives."""
    x = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, 1.0]])
    for f in (
        lambda x: wnp.quantile(x, 0.3, axis=1).sum(), lambda x: (wnp.einsum("ij,kj->ik", x, x) ** 2).sum(), lambda x: wnp.cov(x).sum(),
        lambda x: (wnp.convolve(x[0], x[1]) ** 2).sum(), lambda x: (wnp.pad(x, 2, "reflect") ** 2).sum(), wnp.nanstd,
        lambda x: wnp.interp(x, np.array([-2.0, 0.3, 1.7, 5]), np.array([1.0, 4, 0, 2])).sum(), lambda x: wnp.sinc(x).sum(),
    ):  # fmt: skip
        step = 1e-6
        bumps = step * np.eye(6).reshape(6, 2, 3)
        slopes = [(float(f(wnp.asarray(x + b))) - float(f(wnp.asarray(x - b)))) / (2 * step) for b in bumps]
        np.testing.assert_allclose(np.asarray(weft.grad(f)(x)), np.reshape(slopes, (2, 3)), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_norms(dtype: type) -> None:
    rng = np.random.default_rng(5)
    x = (rng.standard_normal((2, 3, 4)) + 1j * rng.standard_normal((2, 3, 4))).astype(dtype)
    t = wnp.array(x)
    for ord, axis in (
        (None, None), (None, 1), (None, (0, 2)), (1, 0), (np.inf, 2), (0, 1), (3, -1), ("fro", (1, 2)), ("nuc", (0, 2)), (1, (2, 0)),
        (-2, (0, 1)),
    ):  # fmt: skip
        for keep in (False, True):
            want = np.linalg.norm(x, ord, axis, keep)
            np.testing.assert_allclose(np.asarray(wnp.linalg.norm(t, ord, axis, keep)), want, rtol=1e-12)
    for p in (None, 2, -2, 1, np.inf, "fro"):
        np.testing.assert_allclose(np.asarray(wnp.linalg.cond(t[:, :, :3], p)), np.linalg.cond(x[:, :, :3], p), rtol=1e-9)


def test_least_squares_and_chains() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    got, want = wnp.linalg.lstsq(a, b), np.linalg.lstsq(a, b)
    for x, y in zip(got, want, strict=True):
        np.testing.assert_allclose(np.asarray(x), y, rtol=1e-10)
    chain = [rng.standard_normal(s) for s in ((5,), (5, 7), (7, 2), (2, 9), (9,))]
    np.testing.assert_allclose(float(wnp.linalg.multi_dot(chain)), np.linalg.multi_dot(chain), rtol=1e-12)


def test_facts() -> None:
    x = wnp.zeros((2, 3))
    assert (wnp.shape(x), wnp.ndim(x), wnp.size(x), wnp.size(x, 1), wnp.shape(1.0)) == ((2, 3), 2, 6, 3, ())
    assert wnp.broadcast_shapes((2, 1), 3, (1, 1, 3)) == (1, 2, 3)
    assert wnp.promote_types("int8", "uint8") == np.int16
    assert wnp.iscomplexobj(1j) and wnp.isrealobj(x) and wnp.isscalar(2.0) and not wnp.isscalar(x)
    own = wnp.copy(x)
    own[0] = 1
    assert float(x.sum()) == 0


LINALG: Table = {
    "norm": (lambda m, x: [m.linalg.norm(x[0], o) for o in (None, 1, 2, -1, 0.5, np.inf, -np.inf, 0)], ((2, 5),)),
    "norms": (lambda m, x: [m.linalg.norm(x, o) for o in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)], ((3, 5),)),
    "norm of dims": (
        lambda m, x: (m.linalg.norm(x), m.linalg.norm(x, 1, (0, 2), True), m.linalg.norm(x, axis=1, keepdims=True)),
        ((2, 3, 4),),
    ),
    "cond": (lambda m, x: [m.linalg.cond(x + 3 * m.eye(4, dtype=x.dtype), p) for p in (None, 2, -2, 1, -1, "fro", np.inf)], ((2, 4, 4),)),
    "chains": (
        lambda m, x, y, z: (m.linalg.multi_dot([x, y, z]), m.linalg.multi_dot([x[0], y, z]), m.linalg.multi_dot([x, y, z[:, 1]])),
        ((9, 2), (2, 7), (7, 3)),
    ),
    "lstsq": (lambda m, a, b: (*m.linalg.lstsq(a, b), *m.linalg.lstsq(a, b[:, 0])), ((6, 3), (6, 2))),
    "wide lstsq": (lambda m, a, b: (*m.linalg.lstsq(a, b), *m.linalg.lstsq(a, b[:, 0])), ((3, 5), (3, 2))),
}


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_linear_algebra(dtype: str) -> None:
    cases = [(k, f, tuple(some(dtype, shape, i) for i, shape in enumerate(shapes))) for k, (f, shapes) in LINALG.items()]
    with np.errstate(all="ignore"):
        for name, f, args in cases:
            wanted = f(np, *args)
            for how in both(lambda *args, f=f: f(wnp, *args), *args):
                flat = zip(weft.pytree.flatten(how)[0], weft.pytree.flatten(wanted)[0], strict=True)
                for got, want in flat:
                    assert np.shape(got) == np.shape(want), name
                    np.testing.assert_allclose(
                        np.asarray(got), want, rtol=2e-3 if dtype in ("float32", "complex64") else 1e-9, atol=1e-5, err_msg=name
                    )


def test_planes_of_frequencies() -> None:
    x = some("complex128", (2, 4, 6))
    same_as_numpy(
        [(f, lambda m, x, f=f: (getattr(m.fft, f)(x), getattr(m.fft, f)(x, (3, 8), (0, 1))), (x,)) for f in ("fft2", "ifft2", "irfft2")], 64
    )
    same_as_numpy([("rfft2", lambda m, x: m.fft.rfft2(x), (x.real.copy(),))], 64)


@pytest.mark.parametrize("n", [33, 64, 100])
def test_searching_among_many(n: int) -> None:
    """Beyond a few keys by bisection; NaN is greater than every number."""
    for dtype in ("int8", "float32", "complex128"):
        keys, x = np.sort(some(dtype, (n,)) * np.array(3, dtype)), some(dtype, (4, 5), 1) * np.array(2, dtype)
        if dtype != "int8":
            keys[-2:] = x[0, 0] = np.nan
        f: F = lambda m, k, x: (m.searchsorted(k, x), m.searchsorted(k, x, "right"), m.isin(x, k), m.isin(k, x))  # noqa: E731
        for got in both(lambda *args, f=f: f(wnp, *args), keys, x):
            agree(got, f(np, keys, x), dtype)


METHOD_CALLS: Table = {
    "reductions": (
        lambda m, x: [getattr(x, f)(1) for f in ("sum", "prod", "mean", "std", "var", "max", "min", "argmax", "argmin")],
        ((3, 4),),
    ),
    "whole": (lambda m, x: (x.all(), x.any(), (x > 0).all(axis=0), x.sum(axis=0, keepdims=True), x.cumsum(), x.cumprod(1)), ((3, 4),)),
    "places": (lambda m, x: (x.argsort(0), *x.nonzero(), m.sort(x[0]).searchsorted(x[1]), x.diagonal(), x.trace(1)), ((3, 3),)),
    "shapes": (
        lambda m, x: (x.flatten(), x.ravel(), x[:, None].squeeze(), x[:, None].squeeze(1), x.swapaxes(0, 1), x.repeat(2, 1)),
        ((3, 4),),
    ),
    "others": (lambda m, x: (x.clip(0.5, 1), x.round(1), x.conj(), x.real, x.imag, x.dot(x.T), x.take(m.asarray([1, 0]), 1)), ((3, 4),)),
    "by position": (
        lambda m, x: (m.stack((x, x), 1), m.flip(x, 0), m.roll(x, 1, 1), m.take(x, m.asarray([0]), 1), m.expand_dims(x, 1)),
        ((3, 4),),
    ),
}


def test_methods() -> None:
    checked(METHOD_CALLS, FLOATS, 64)
