"""`weft.numpy`'s elementwise functions, eager and compiled, with numpy as the oracle: every function, dtype, and awkward value."""

import itertools
import math

import numpy as np
import pytest
import weft
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from weft import numpy as wnp

from .numpy_cases import COMPLEX, EVERY, FLOATS, INTS, NUMERIC, REAL, SIGNED, agree, both, some

UNARY = {
    "abs": NUMERIC, "acos": FLOATS + COMPLEX, "acosh": FLOATS + COMPLEX, "asin": FLOATS + COMPLEX, "asinh": FLOATS + COMPLEX,
    "atan": FLOATS + COMPLEX, "atanh": FLOATS + COMPLEX, "bitwise_invert": ["bool", *INTS], "ceil": REAL, "conj": NUMERIC,
    "cos": FLOATS + COMPLEX, "cosh": FLOATS + COMPLEX, "exp": FLOATS + COMPLEX, "expm1": FLOATS + COMPLEX, "floor": REAL, "imag": COMPLEX,
    "isfinite": NUMERIC, "isinf": NUMERIC, "isnan": NUMERIC, "log": FLOATS + COMPLEX, "log10": FLOATS + COMPLEX, "log1p": FLOATS + COMPLEX,
    "log2": FLOATS + COMPLEX, "logical_not": ["bool"], "negative": NUMERIC, "positive": NUMERIC, "real": NUMERIC,
    "reciprocal": FLOATS + COMPLEX, "round": NUMERIC, "sign": NUMERIC, "signbit": FLOATS, "sin": FLOATS + COMPLEX, "sinh": FLOATS + COMPLEX,
    "sqrt": FLOATS + COMPLEX, "square": NUMERIC, "tan": FLOATS + COMPLEX, "tanh": FLOATS + COMPLEX, "trunc": REAL,
}  # fmt: skip
BINARY = {
    "add": NUMERIC, "atan2": FLOATS, "bitwise_and": ["bool", *INTS], "bitwise_left_shift": INTS, "bitwise_or": ["bool", *INTS],
    "bitwise_right_shift": INTS, "bitwise_xor": ["bool", *INTS], "copysign": FLOATS, "divide": FLOATS + COMPLEX, "equal": EVERY,
    "floor_divide": REAL, "greater": REAL, "greater_equal": REAL, "hypot": FLOATS, "less": REAL, "less_equal": REAL, "logaddexp": FLOATS,
    "logical_and": ["bool"], "logical_or": ["bool"], "logical_xor": ["bool"], "maximum": REAL, "minimum": REAL, "multiply": NUMERIC,
    "nextafter": FLOATS, "not_equal": EVERY, "pow": REAL, "remainder": REAL, "subtract": NUMERIC,
}  # fmt: skip
EXACT = {
    "abs",
    "ceil",
    "floor",
    "round",
    "trunc",
    "sign",
    "add",
    "subtract",
    "multiply",
    "nextafter",
    "copysign",
    "remainder",
    "floor_divide",
}


def values(dtype: str) -> np.ndarray:
    """Numbers of a type: ordinary ones, limits, signed zeros, infinities, NaN."""
    kind = np.dtype(dtype).kind
    rng = np.random.default_rng(7)
    if kind == "b":
        return np.array([False, True, True, False])
    if kind in "iu":
        limits = np.iinfo(dtype)
        low = -5 if kind == "i" else 0
        return np.array([0, 1, 2, 3, 7, limits.max, limits.min, limits.max - 1, *rng.integers(low, 99, 6)], dtype)
    tiny = np.finfo(dtype).tiny
    real = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 1e-3, 1e5, -1e5, float(tiny), np.inf, -np.inf, np.nan]
    real += list(rng.standard_normal(8) * 3)
    return np.array(real if kind == "f" else [complex(a, b) for a in rng.standard_normal(5) for b in rng.standard_normal(4)], dtype)


def oracle(name: str, *args: np.ndarray) -> np.ndarray:
    """numpy's answer, in the dtype the standard asks for."""
    with np.errstate(all="ignore"):
        if name == "floor_divide" and args[0].dtype.kind == "f":  # numpy has NaN for ∞ // 1 and -1 for 1 // -∞, the standard ∞ and -0
            x, y = args
            return np.where(np.isinf(x) != np.isinf(y), x / y, np.floor_divide(x, y))
        return np.asarray(getattr(np, name)(*args))


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    args = [values(d) for d in UNARY[name]]
    want = [oracle(name, x) for x in args]
    for how in both(lambda *xs: tuple(getattr(wnp, name)(x) for x in xs), *args):
        for x, got, w in zip(args, how, want, strict=True):
            agree(got, w, f"{name}({x.dtype})", 0 if name in EXACT and x.dtype.kind != "c" else 8)


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    pairs = []
    for dtype in BINARY[name]:
        x = values(dtype)
        a, b = (np.array(side, dtype) for side in zip(*itertools.product(x, x), strict=True))
        if dtype in INTS and name in ("floor_divide", "remainder"):
            a, b = a[b != 0], b[b != 0]
            fits = ~((a == np.iinfo(dtype).min) & (b == -1)) if dtype in SIGNED else slice(None)
            a, b = a[fits], b[fits]
        if dtype in INTS and ("shift" in name or name == "pow"):
            a, b = a[b >= 0], b[b >= 0]
        pairs.append((a, b))
    want = [oracle(name, a, b) for a, b in pairs]
    flat = [x for pair in pairs for x in pair]
    for how in both(lambda *xs: tuple(getattr(wnp, name)(a, b) for a, b in zip(xs[::2], xs[1::2], strict=True)), *flat):
        for (a, b), got, w in zip(pairs, how, want, strict=True):
            same = (np.asarray(got) == w) | ((np.asarray(got) != np.asarray(got)) & (w != w))
            bad = [(a[i], b[i], np.asarray(got)[i], w[i]) for i in np.flatnonzero(~same)[:5]]
            agree(got, w, f"{name}({a.dtype}) {bad}", 0 if name in EXACT and w.dtype.kind != "c" else 8)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4, max_side=4))
def test_broadcasting(data: st.DataObject, shapes: hnp.BroadcastableShapes) -> None:
    name = data.draw(st.sampled_from(sorted(BINARY)))
    dtype = data.draw(st.sampled_from(BINARY[name]))
    x, y = (some(dtype, shape, k) for k, shape in enumerate(shapes.input_shapes))
    if name in ("floor_divide", "remainder") and np.dtype(dtype).kind in "iu":
        y = np.maximum(y, 1).astype(dtype)
    got = getattr(wnp, name)(wnp.asarray(x), wnp.asarray(y))
    agree(got, oracle(name, x, y), f"{name} {dtype} {x.shape} {y.shape}", 8)


OF_COMPLEX = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cosh",
    "sinh",
    "sqrt",
    "log",
    "log1p",
    "expm1",
    "tan",
    "tanh",
    "abs",
    "sign",
]


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_numbers_of_any_size(dtype: str) -> None:
    """Nothing overflows before its result does, and signs of zeros choose the side of a branch cut."""
    huge = 1e30 if dtype == "complex64" else 1e250
    parts = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-8, 1e8, -1e8, huge, -huge, 100.0, -80.0]
    z = np.array([complex(x, y) for x in parts for y in parts], dtype)
    for got in both(lambda z: tuple(getattr(wnp, name)(z) for name in OF_COMPLEX), z):
        for name, g in zip(OF_COMPLEX, got, strict=True):
            with np.errstate(all="ignore"):
                want = getattr(np, name)(z.astype(np.complex128)).astype(np.asarray(g).dtype)
            there = np.isfinite(want)
            np.testing.assert_allclose(np.asarray(g)[there], want[there], rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", ["acos", "acosh", "asinh", "atanh", "cosh", "log", "log1p", "log2", "log10", "sqrt", "abs"])
def test_complex_infinities_and_nan(name: str) -> None:
    """They go where C's Annex G wants them, as in numpy."""
    parts = [0.0, -0.0, 1.0, -1.0, 2.5, -0.5, np.inf, -np.inf, np.nan]
    z = np.array([complex(x, y) for x in parts for y in parts])
    with np.errstate(all="ignore"):
        want = getattr(np, name)(z)
    for how in both(getattr(wnp, name), z):
        got = np.asarray(how)
        for g, w in ((got.real, want.real), (got.imag, want.imag)):
            np.testing.assert_allclose(g, w, rtol=1e-14, atol=1e-15)
            np.testing.assert_array_equal(np.signbit(g)[~np.isnan(w)], np.signbit(w)[~np.isnan(w)])


def test_complex_particulars() -> None:
    """Where numpy does not do what the standard says."""
    inf, nan = np.inf, np.nan
    cases = {
        "expm1": [
            (0, 0, 0, 0),
            (inf, 0, inf, 0),
            (-inf, inf, -1, 0),
            (inf, inf, inf, nan),
            (-inf, nan, -1, 0),
            (inf, nan, inf, nan),
            (nan, 0, nan, 0),
        ],
        "exp": [(-inf, inf, 0, 0), (-inf, nan, 0, 0), (inf, nan, inf, nan), (inf, inf, inf, nan), (nan, 0, nan, 0), (inf, 0, inf, 0)],
        "tanh": [(inf, 2.5, 1, 0), (inf, nan, 1, 0), (0, inf, 0, nan), (nan, 0, nan, 0), (nan, 1, nan, nan), (1, inf, nan, nan)],
        "sinh": [(0, inf, 0, nan), (inf, inf, inf, nan), (inf, 0, inf, 0), (nan, 0, nan, 0), (1, inf, nan, nan)],
        "sign": [(0, 0, 0, 0), (-0.0, -0.0, 0, 0), (nan, 1, nan, nan), (3, 4, 0.6, 0.8), (inf, 1, 1, 0)],
    }
    for name, rows in cases.items():
        z = np.array([complex(x, y) for x, y, _, _ in rows])
        for how in both(getattr(wnp, name), z):
            got = np.asarray(how)
            for i, (x, y, a, b) in enumerate(rows):
                np.testing.assert_allclose([got[i].real, got[i].imag], [a, b], err_msg=f"{name}({x}, {y})")


@pytest.mark.parametrize("dtype", FLOATS)
def test_logarithms_of_powers(dtype: str) -> None:
    """Powers of the base are exact, others within 2.5 ulp, subnormal and huge ones included; and the slope is that of a logarithm."""
    limits = np.finfo(dtype)
    twos = np.arange(limits.minexp - limits.nmant, limits.maxexp)
    tens = np.arange(math.ceil(math.log10(limits.tiny)), 22 if dtype == "float64" else 10)
    rng = np.random.default_rng(5)
    others = np.concatenate([np.exp(rng.uniform(-80, 80, 500)), 1 + rng.uniform(-0.4, 0.5, 500), [limits.max, limits.smallest_subnormal]])
    x = (np.ldexp(1.0, twos).astype(dtype), np.array([float(f"1e{k}") for k in tens], dtype), others.astype(dtype))
    with np.errstate(all="ignore"):
        exact = [f(x[2].astype(np.longdouble)) for f in (np.log2, np.log10)]
    for two, ten, *found in both(lambda a, b, c: (wnp.log2(a), wnp.log10(b), wnp.log2(c), wnp.log10(c)), *x):
        agree(two, twos.astype(dtype))
        agree(np.asarray(ten)[tens >= 0], tens[tens >= 0].astype(dtype))
        agree(ten, tens.astype(dtype), ulps=1)
        for got, want in zip(found, exact, strict=True):
            near = np.abs(np.asarray(got) - want) <= 2.5 * np.spacing(np.abs(want).astype(dtype))
            assert near.all(), (x[2][~near], np.asarray(got)[~near])
    for f, base in ((wnp.log2, math.log(2)), (wnp.log10, math.log(10))):
        slope = weft.grad(lambda v, f=f: f(v).sum())(x[2][:-2])
        np.testing.assert_allclose(np.asarray(slope), 1 / (x[2][:-2] * base), rtol=1e-5)
