"""Special functions against mpmath, interpreted and compiled, in f64 and f32."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import F32, F64, DType
from weft.vm import VM

N = 60
rng = np.random.default_rng(0)


def uniform(lo: float, hi: float) -> np.ndarray:
    return rng.uniform(lo, hi, N)


def scales(lo: float, hi: float) -> np.ndarray:
    return 10 ** rng.uniform(lo, hi, N)


UNIT = np.concatenate([uniform(-1, 1), 1 - scales(-15, -1), scales(-20, 0) * 0.99])
POSITIVE = np.concatenate([uniform(0.01, 4), uniform(0, 30), scales(-20, 30)])
ORDERS = rng.integers(0, 5, 3 * N).astype(np.float64)
# name: arguments, the function, the greatest error in units in the last place of the result, or of `floor` where that is larger.
CASES: dict[str, tuple[tuple[np.ndarray, ...], Callable[..., object], float, float]] = {
    "acos": ((UNIT,), mp.acos, 3, 0),
    "asin": ((UNIT,), mp.asin, 3, 0),
    "atan": ((np.concatenate([uniform(-9, 9), scales(-20, 20)]),), mp.atan, 3, 0),
    "acosh": ((1 + np.concatenate([uniform(0, 9), scales(-14, 30)]),), mp.acosh, 4, 0),
    "asinh": ((np.concatenate([uniform(-9, 9), scales(-20, 30)]),), mp.asinh, 4, 0),
    "atanh": ((UNIT,), mp.atanh, 4, 0),
    "sinh": ((np.concatenate([uniform(-80, 80), scales(-20, 1.9)]),), mp.sinh, 5, 0),
    "cosh": ((np.concatenate([uniform(-80, 80), scales(-20, 1.9)]),), mp.cosh, 5, 0),
    "erfc": ((np.concatenate([uniform(-6, 9), uniform(0, 26)]),), mp.erfc, 6, 0),
    "erf_inv": ((UNIT,), mp.erfinv, 4, 0),
    "lgamma": ((POSITIVE,), lambda x: mp.re(mp.loggamma(x)), 8, 0),
    "lgamma of negatives": ((uniform(-20, -0.1),), lambda x: mp.log(abs(mp.gamma(x))), 16, 1),
    "digamma": ((POSITIVE,), mp.digamma, 16, 1),
    "digamma of negatives": ((uniform(-20, -0.1),), mp.digamma, 64, 1),
    "zeta": ((1 + np.concatenate([uniform(0, 20), scales(-4, 1)]), np.concatenate([uniform(0.1, 30), scales(-1, 3)])), mp.zeta, 10, 0),
    "polygamma": ((ORDERS, POSITIVE[: 3 * N].clip(1e-3, 1e3)), lambda n, x: mp.polygamma(int(n), x), 40, 1),
    "bessel_i1e": (
        (np.concatenate([uniform(-10, 10), uniform(-99, 99), scales(-20, 9)]),),
        lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
        6,
        0,
    ),
}


@pytest.mark.parametrize("dtype", [F64, F32], ids=str)
@pytest.mark.parametrize("name", CASES)
def test_accuracy(name: str, dtype: DType) -> None:
    given, exact, ulps, floor = CASES[name]
    arrays = [x.astype(dtype.numpy) for x in given]
    if name == "erf_inv" or dtype == F32:
        arrays = [np.where(np.abs(x) >= 1, 0.5, x).astype(dtype.numpy) if given[0] is UNIT else x for x in arrays]
    params = [param(TensorType(dtype, x.shape)) for x in arrays]
    main = function("main", params, [op_of(f"weft.{name.split()[0]}")(*params)])
    mp.mp.prec = 250
    want = [mp.mpf(exact(*(mp.mpf(float(x)) for x in at))) for at in zip(*arrays, strict=True)]
    bound = 1.5 if dtype == F32 and ulps > 5 else ulps
    for results in (evaluate(main, *arrays)[0], VM(threads=1).load(weft.compile(module(main)))["main"](*arrays)):
        for at, got, w in zip(zip(*arrays, strict=True), results, want, strict=True):
            nearest = dtype.numpy.type(float(w))
            if not np.isfinite(nearest) or abs(nearest) < np.finfo(dtype.numpy).tiny:
                continue
            unit = np.spacing(max(abs(nearest), dtype.numpy.type(floor if dtype == F64 else 0)))
            assert abs(mp.mpf(float(got)) - w) <= bound * mp.mpf(float(unit)), (at, got, float(w))


EDGES: dict[str, list[tuple[float, float]]] = {
    "acos": [(1, 0), (-1, np.pi), (1.5, np.nan)],
    "acosh": [(1, 0), (0.5, np.nan), (-1e30, np.nan), (np.inf, np.inf)],
    "asinh": [(0, 0), (-0.0, -0.0), (np.inf, np.inf), (-np.inf, -np.inf)],
    "atanh": [(1, np.inf), (-1, -np.inf), (2, np.nan), (-0.0, -0.0)],
    "sinh": [(-0.0, -0.0), (710, np.sinh(710.0)), (800, np.inf), (-800, -np.inf)],
    "cosh": [(0, 1), (-710, np.cosh(710.0)), (np.inf, np.inf)],
    "erfc": [(-np.inf, 2), (np.inf, 0), (np.nan, np.nan), (0, 1), (40, 0)],
    "erf_inv": [(1, np.inf), (-1, -np.inf), (0, 0), (-0.0, -0.0), (1.1, np.nan)],
    "lgamma": [(1, 0), (2, 0), (0, np.inf), (-1, np.inf), (-3, np.inf), (np.inf, np.inf), (-np.inf, np.inf), (np.nan, np.nan)],
    "digamma": [(0, -np.inf), (-0.0, np.inf), (-1, np.nan), (np.inf, np.inf), (np.nan, np.nan)],
    "bessel_i1e": [(0, 0), (-0.0, -0.0), (np.nan, np.nan)],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    x, want = (np.array(column, np.float64) for column in zip(*EDGES[name], strict=True))
    p = param(TensorType(F64, x.shape))
    main = function("main", [p], [op_of(f"weft.{name}")(p)])
    for got in (evaluate(main, x)[0], VM(threads=1).load(weft.compile(module(main)))["main"](x)):
        np.testing.assert_allclose(got, want, rtol=1e-14)
        assert (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()


def test_next_after() -> None:
    x = np.array([0, 0, 1, -1, 1, np.inf, np.nan, 5e-324, 3], np.float64)
    y = np.array([1, -1, 2, 2, -np.inf, 0, 1, -1, 3], np.float64)
    a, b = param(TensorType(F64, x.shape)), param(TensorType(F64, x.shape))
    main = function("main", [a, b], [op_of("weft.next_after")(a, b)])
    np.testing.assert_array_equal(evaluate(main, x, y)[0], np.nextafter(x, y))
    np.testing.assert_array_equal(VM(threads=1).load(weft.compile(module(main)))["main"](x, y), np.nextafter(x, y))
