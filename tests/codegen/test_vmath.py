"""Vector math: errors within what docs/numerics.md states, special values, equal bits in scalars and vectors.

The reference is numpy and scipy in f64 for f32, mpmath for f64. Run as a script, this measures and prints the table of the page.
"""

import ctypes
import mmap
import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.special as special
from mpmath import mp, mpf
from weft.compiler.codegen import vmath
from weft.compiler.codegen.link import Image, link
from weft.compiler.codegen.lltypes import vec
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.codegen.writer import Module

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "numerics.md"
RUNNABLE = [t for t in LEVELS.values() if supported(t) and not t.has_bf16]
PAIRS = ("pow", "atan2")
NUMPY: dict[str, Callable[..., np.ndarray]] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log1p": np.log1p,
    "pow": np.power,
    "tanh": np.tanh,
    "logistic": special.expit,
    "erf": special.erf,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan2": np.arctan2,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "cbrt": np.cbrt,
}
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def _tanh(x: mpf) -> mpf:
    t = mp.expm1(-2 * abs(x))
    return mp.sign(x) * -t / (t + 2)


EXACT: dict[str, Callable[..., mpf]] = {
    **{name: getattr(mp, name) for name in ("exp", "expm1", "log", "log1p", "erf", "sin", "cos", "tan", "atan2", "sqrt")},
    "exp2": lambda x: mpf(2) ** x,
    "log2": lambda x: mp.log(x, 2),
    "pow": mp.power,
    "tanh": _tanh,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
}

Function = Callable[..., np.ndarray]


class Compiled:
    """A function of the library over arrays, `lanes` elements at a time."""

    def __init__(self, name: str, target: Target, elem: str, lanes: int) -> None:
        self.inputs = 2 if name in PAIRS else 1
        self.lanes = lanes
        self.dtype = np.float32 if elem == "float" else np.float64
        module = Module(target)
        w = module.function("f", "i64", ["ptr"] * (self.inputs + 1) + ["i64"])
        *inputs, out, n = w.params
        with w.loop(n, step=lanes) as i:
            values = [w.load(vec(elem, lanes), w.gep(elem, p, i)) for p in inputs]
            w.store(getattr(vmath, name)(w, *values), w.gep(elem, out, i))
        w.ret(0)
        self._entry = self._map(link([compile_module(module.text(), target)]))

    def _map(self, image: Image) -> Callable[..., int]:
        handle = os.memfd_create("weft-test")
        os.write(handle, image.data)
        self._memory = mmap.mmap(handle, len(image.data), prot=mmap.PROT_READ | mmap.PROT_EXEC)
        os.close(handle)
        address = np.frombuffer(self._memory, np.uint8).ctypes.data + image.symbols["f"]
        return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * (self.inputs + 1), ctypes.c_int64)(address)

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        count = len(arrays[0])
        padded = [np.concatenate([a, np.ones(-count % self.lanes)]).astype(self.dtype) for a in arrays]
        out = np.empty_like(padded[0])
        self._entry(*(a.ctypes.data for a in padded), out.ctypes.data, len(out))
        return out[:count]


# -- samples and errors -------------------------------------------------------------------------------------------------------


def samples(dtype: type, count: int) -> np.ndarray:
    """Random bits, all middling magnitudes alike, and where the functions are interesting: around 0 and 1, as far as exp reaches."""
    rng = np.random.default_rng(0)
    bits = np.dtype(dtype).itemsize * 8
    scattered = rng.integers(0, 1 << bits, count, dtype=np.uint64).astype(f"u{bits // 8}").view(dtype)
    reach = 110 if dtype is np.float32 else 750
    spans = [rng.uniform(-a, a, count) for a in (1.5, 20, reach, 1e6)]
    magnitudes = 10 ** rng.uniform(-20, 20, count) * rng.choice((-1, 1), count)
    return np.concatenate([scattered, *spans, 1 + rng.uniform(-0.01, 0.01, count), magnitudes]).astype(dtype)


def arguments(name: str, dtype: type, count: int) -> list[np.ndarray]:
    """Samples within the domain where the result is finite and of interest."""
    x = samples(dtype, count)
    if name in ("log", "log2", "sqrt", "rsqrt", "pow"):
        x = np.abs(x)
    if name not in PAIRS:
        return [x]
    y = np.random.default_rng(1).permutation(x)
    if name == "pow":  # powers spread over all magnitudes
        reach = 100 if dtype is np.float32 else 740
        y = (np.random.default_rng(2).uniform(-reach, reach, len(x)) / np.log(x.astype(np.float64))).astype(dtype)
    return [x, y]


def ulp_errors_f32(name: str, arrays: list[np.ndarray], out: np.ndarray) -> np.ndarray:
    exact = NUMPY[name](*(a.astype(np.float64) for a in arrays))
    rounded = exact.astype(np.float32)
    ulp = np.spacing(np.minimum(np.abs(rounded), np.finfo(np.float32).max)).astype(np.float64)
    errors = np.abs(out.astype(np.float64) - exact) / ulp
    agrees = (out == rounded) & np.isinf(rounded) | np.isnan(out) & np.isnan(exact)
    return np.where(agrees, 0, np.where(np.isnan(errors), np.inf, errors))


def ulp_errors_f64(name: str, arrays: list[np.ndarray], out: np.ndarray) -> np.ndarray:
    rough = NUMPY[name](*arrays)
    errors = np.zeros(len(out))
    with mp.workprec(160):
        for i, (got, near) in enumerate(zip(out.tolist(), rough.tolist(), strict=True)):
            if (np.isnan(got) and np.isnan(near)) or (got == near and (near == 0 or np.isinf(near))):
                continue  # nothing to measure; what is finite is measured even where numpy agrees, for numpy is off too
            if not np.isfinite(got) or np.isnan(near):
                errors[i] = np.inf
                continue
            exact = EXACT[name](*(mpf(float(a[i])) for a in arrays))
            errors[i] = abs(mpf(got) - exact) / mpf(float(np.spacing(abs(float(exact)))))
    return errors


def greatest_error(name: str, target: Target, elem: str, count: int) -> float:
    dtype, measure = (np.float32, ulp_errors_f32) if elem == "float" else (np.float64, ulp_errors_f64)
    arrays = arguments(name, dtype, count)
    out = Compiled(name, target, elem, target.lanes(np.dtype(dtype).itemsize))(*arrays)
    return float(measure(name, arrays, out).max())


def stated() -> dict[str, tuple[float, float]]:
    """The table of docs/numerics.md: greatest errors in f32 and f64."""
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \|", PAGE.read_text(), re.MULTILINE)
    return {name: (float(f32), float(f64)) for name, f32, f64 in rows}


# -- tests --------------------------------------------------------------------------------------------------------------------


def test_the_page_states_every_function() -> None:
    assert set(stated()) == set(vmath.__all__) == set(NUMPY)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("name", NUMPY)
def test_f32_errors(name: str, target: Target) -> None:
    assert greatest_error(name, target, "float", 100_000) <= stated()[name][0]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("name", NUMPY)
def test_f64_errors(name: str, target: Target) -> None:
    assert greatest_error(name, target, "double", 150) <= stated()[name][1]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("elem", ["float", "double"])
@pytest.mark.parametrize("name", NUMPY)
def test_special_values(name: str, elem: str, target: Target) -> None:
    dtype = np.float32 if elem == "float" else np.float64
    info = np.finfo(dtype)
    positive = [0, 1, 2, 3, 0.5, 2.5, np.inf, info.max, info.tiny, info.smallest_subnormal, info.max / 2, 2.0**53, 1e22]
    x = np.array([*positive, *(-v for v in positive), np.nan], dtype)
    arrays = [np.repeat(x, len(x)), np.tile(x, len(x))] if name in PAIRS else [x]
    out = Compiled(name, target, elem, 1)(*arrays)
    expected = NUMPY[name](*(a.astype(np.float64) for a in arrays)).astype(dtype)
    close = np.isclose(out, expected, rtol=8 * info.eps, atol=info.smallest_subnormal, equal_nan=True)
    signs = np.isnan(expected) | (np.signbit(out) == np.signbit(expected))
    wrong = ~(close & signs)
    assert not wrong.any(), [(*(a[wrong][0] for a in arrays), out[wrong][0], expected[wrong][0])]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("elem", ["float", "double"])
@pytest.mark.parametrize("name", NUMPY)
def test_scalars_and_vectors_agree_bit_for_bit(name: str, elem: str, target: Target) -> None:
    arrays = arguments(name, np.float32 if elem == "float" else np.float64, 400)
    results = [Compiled(name, target, elem, lanes)(*arrays).tobytes() for lanes in (1, 4, 16)]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("target", LEVELS.values(), ids=str)
def test_nothing_is_called(target: Target) -> None:
    for elem in ("float", "double"):
        for lanes in (1, 16):
            for name in NUMPY:
                module = Module(target)
                type_ = vec(elem, lanes)
                w = module.function("f", type_, [type_] * (2 if name in PAIRS else 1))
                w.ret(getattr(vmath, name)(w, *w.params))
                link([compile_module(module.text(), target)])


def test_the_tables_are_what_the_fit_makes() -> None:
    made = runpy.run_path(str(HERE / "fit_vmath.py"))["tables"]()
    assert made.strip() == (HERE.parents[1] / "compiler" / "codegen" / "vmath_tables.py").read_text().strip()


def main(count_f32: int, count_f64: int) -> None:
    for name in NUMPY:
        columns = [
            max(greatest_error(name, t, elem, count) for t in RUNNABLE) for elem, count in (("float", count_f32), ("double", count_f64))
        ]
        print(f"| `{name}` | " + " | ".join(f"{np.ceil(c * 10) / 10:.1f}" for c in columns) + " |", flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(*map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (1_000_000, 3000))
