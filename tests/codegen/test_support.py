"""The support library: bit for bit C's functions and IEEE conversions, and the only symbols LLVM may leave undefined."""

import ctypes
from collections.abc import Callable, Iterator

import ml_dtypes
import numpy as np
import pytest
from weft.compiler.codegen.link import Image, link, undefined_symbols
from weft.compiler.codegen.lltypes import Val, bits_of, vec
from weft.compiler.codegen.llvm import compile_module, compile_modules
from weft.compiler.codegen.support import EXTERNS, support_objects
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.codegen.writer import Module, Writer

RUNNABLE = [t for t in LEVELS.values() if supported(t)]
Call = Callable[..., int]


def loop_over(target: Target, params: list[str], result: str, body: Callable[[Writer, list[Val]], Val]) -> Image:
    """An image whose `f(a, …, out, n)` applies `body` to each element."""
    module = Module(target)
    w = module.function("f", "i64", ["ptr"] * (len(params) + 1) + ["i64"])
    *inputs, out, n = w.params
    with w.loop(n) as i:
        values = [w.load(type_, w.gep(type_, p, i)) for type_, p in zip(params, inputs, strict=True)]
        w.store(body(w, values), w.gep(result, out, i))
    w.ret(0)
    return link([compile_module(module.text(), target)], support_objects(target))


def same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equal bits, or NaN on both sides."""
    unsigned = f"u{a.itemsize}"
    return (a.view(unsigned) == b.view(unsigned)) | (np.isnan(a) & np.isnan(b))


def float_samples(dtype: type, count: int = 20_000) -> np.ndarray:
    """Every sign, exponent and leading mantissa bits, each also next to a tie, and random bits."""
    bits = np.dtype(dtype).itemsize * 8
    unsigned = np.dtype(f"u{bits // 8}")
    top = (np.arange(1 << 12, dtype=np.uint64) << np.uint64(bits - 12)).astype(unsigned)
    near = [top + unsigned.type(k) for k in (0, 1, (1 << (bits - 12)) - 1)]
    rng = np.random.default_rng(1)
    return np.concatenate([*near, rng.integers(0, 1 << bits, count, dtype=np.uint64).astype(unsigned)]).view(dtype)


# -- memory -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_memmove(target: Target, mapped: Callable[[Image], dict[str, int]]) -> None:
    names = ("memmove", "memcpy")
    image = link([o for o, name in zip(support_objects(target), EXTERNS, strict=True) if name in names])
    addresses = mapped(image)
    move, copy = (ctypes.CFUNCTYPE(ctypes.c_void_p, *[ctypes.c_void_p] * 2, ctypes.c_size_t)(addresses[n]) for n in names)
    content = np.random.default_rng(0).integers(0, 256, 1200, dtype=np.uint8)
    for n in [*range(140), 191, 192, 193, 500]:
        for dst, src in ((300, 300), (300, 301), (301, 300), (300, 340), (340, 300), (300, 363), (364, 300), (0, 600)):
            actual, expected = content.copy(), content.copy()
            expected[dst : dst + n] = content[src : src + n]
            assert move(actual.ctypes.data + dst, actual.ctypes.data + src, n) == actual.ctypes.data + dst
            assert np.array_equal(actual, expected), (n, dst, src)
        actual = np.zeros(n + 2, np.uint8)
        copy(actual.ctypes.data + 1, content.ctypes.data, n)
        assert np.array_equal(actual[1:-1], content[:n]) and not actual[0] and not actual[-1]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_memset(target: Target, mapped: Callable[[Image], dict[str, int]]) -> None:
    image = link([support_objects(target)[EXTERNS.index("memset")]])
    fill = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)(mapped(image)["memset"])
    for n in [*range(140), 1000]:
        actual = np.zeros(n + 2, np.uint8)
        assert fill(actual.ctypes.data + 1, 0x1A7, n) == actual.ctypes.data + 1
        assert (actual[1:-1] == 0xA7).all() and not actual[0] and not actual[-1]


# -- arithmetic ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("type_", "dtype"), [("float", np.float32), ("double", np.float64), ("half", np.float16)])
def test_frem_is_fmod(type_: str, dtype: type, target: Target, call: Call) -> None:
    image = loop_over(target, [type_, type_], type_, lambda w, v: w.frem(*v))
    rng = np.random.default_rng(2)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 3, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype)
    special = np.concatenate([special, [np.finfo(dtype).smallest_subnormal, np.finfo(dtype).smallest_subnormal * dtype(7)]])
    samples = float_samples(dtype)
    x = np.concatenate([np.repeat(special, len(special)), samples, rng.standard_normal(1000).astype(dtype) * dtype(100)])
    y = np.concatenate([np.tile(special, len(special)), rng.permutation(samples), rng.standard_normal(1000).astype(dtype)])
    out = np.empty_like(x)
    call(image, "f", x, y, out, len(x))
    with np.errstate(invalid="ignore"):
        expected = np.fmod(x, y)
    assert same(out, expected).all()


CONVERSIONS = [
    ("half", np.float16, "float", np.float32),
    ("float", np.float32, "half", np.float16),
    ("double", np.float64, "half", np.float16),
    ("float", np.float32, "bfloat", ml_dtypes.bfloat16),
    ("double", np.float64, "bfloat", ml_dtypes.bfloat16),
]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize(("source", "source_dtype", "result", "result_dtype"), CONVERSIONS)
def test_float_conversions(source: str, source_dtype: type, result: str, result_dtype: type, target: Target, call: Call) -> None:
    if target.has_bf16 and (source, result) == ("float", "bfloat"):
        pytest.skip("the instruction, which flushes denormals; `vmath_convert.narrow` does not use it")
    if target.arch == "aarch64" and (source, result) == ("double", "bfloat"):
        pytest.skip("LLVM's own sequence of instructions; `vmath_convert.narrow` does not use it either")
    cast = "fpext" if bits_of(source) < bits_of(result) else "fptrunc"
    image = loop_over(target, [source], result, lambda w, v: w.value(result, f"{cast} {v[0]} to {result}"))
    x = float_samples(source_dtype)
    out = np.empty(len(x), result_dtype)
    call(image, "f", x, out, len(x))
    with np.errstate(over="ignore", invalid="ignore"):
        expected = round_once(x, result_dtype)
    assert same(out, expected).all()


def round_once(x: np.ndarray, dtype: type) -> np.ndarray:
    """ml_dtypes rounds f64 to f32 first; cutting to f32 with a sticky last bit makes that the only rounding."""
    if x.dtype == np.float64 and dtype is ml_dtypes.bfloat16:
        nearest = x.astype(np.float32)
        bits = nearest.view(np.uint32) - (np.abs(nearest.astype(np.float64)) > np.abs(x))
        inexact = (nearest.astype(np.float64) != x) & ~np.isnan(x)
        x = np.where(inexact, bits | 1, bits).astype(np.uint32).view(np.float32)
    return x.astype(dtype)


# -- the closed list ----------------------------------------------------------------------------------------------------------

FLOATS = ("half", "bfloat", "float", "double")
INTS = ("i8", "i16", "i32", "i64")


def every_operation(target: Target, lanes: int) -> Iterator[str]:
    """A module for each operation the writer offers on each element type."""

    def module(params: list[str], result: str, body: Callable[[Writer], Val]) -> str:
        m = Module(target)
        w = m.function("f", vec(result, lanes), [vec(p, lanes) for p in params])
        w.ret(body(w))
        return m.text()

    for a in FLOATS:
        for b in FLOATS:
            if bits_of(a) < bits_of(b):
                yield module([a], b, lambda w, b=b: w.fpext(w.params[0], b))
            if bits_of(a) > bits_of(b):
                yield module([a], b, lambda w, b=b: w.fptrunc(w.params[0], b))
        for i in INTS:
            for cast in (Writer.sitofp, Writer.uitofp):
                yield module([i], a, lambda w, a=a, cast=cast: cast(w, w.params[0], a))
            for cast in (Writer.fptosi, Writer.fptoui):
                yield module([a], i, lambda w, i=i, cast=cast: cast(w, w.params[0], i))
            for signed in (False, True):
                yield module([a], i, lambda w, i=i, signed=signed: w.fp_to_int_sat(w.params[0], i, signed))
        for op in (Writer.fadd, Writer.fdiv, Writer.frem, Writer.minimum, Writer.maximum, Writer.copysign, Writer.fmin):
            yield module([a, a], a, lambda w, op=op: op(w, *w.params))
        for op in (Writer.sqrt, Writer.floor, Writer.ceil, Writer.ftrunc, Writer.round_even, Writer.round_away, Writer.fabs):
            yield module([a], a, lambda w, op=op: op(w, w.params[0]))
    for a in ("float", "double"):
        yield module([a, a, a], a, lambda w: w.fma(*w.params))
    for i in (*INTS, "i128"):
        for op in (Writer.mul, Writer.shl, Writer.lshr, Writer.ashr, Writer.udiv, Writer.sdiv, Writer.urem, Writer.srem)[
            : 4 if i == "i128" else 8
        ]:
            yield module([i, i], i, lambda w, op=op: op(w, *w.params))
        yield module([i], i, lambda w, i=i: w.intrinsic("ctpop", vec(i, lanes), w.params))


def memory_intrinsics(target: Target) -> Iterator[str]:
    for name, source, suffix in (("memcpy", "ptr", "p0.p0.i64"), ("memmove", "ptr", "p0.p0.i64"), ("memset", "i8", "p0.i64")):
        m = Module(target)
        w = m.function("f", "void", ["ptr", source, "i64"])
        m.declare(f"llvm.{name}.{suffix}", "void", ["ptr", source, "i64", "i1"])
        w.line(f"call void @llvm.{name}.{suffix}({', '.join(map(str, w.params))}, i1 false)")
        w.ret()
        yield m.text()


@pytest.mark.parametrize("target", LEVELS.values(), ids=str)
def test_llvm_calls_nothing_else(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CACHE", "0")
    texts = [*every_operation(target, 1), *every_operation(target, 8), *memory_intrinsics(target)]
    leaked = set().union(*(undefined_symbols([o]) for o in compile_modules(texts, target)))
    assert leaked <= set(EXTERNS)


@pytest.mark.parametrize("target", LEVELS.values(), ids=str)
def test_the_library_needs_nothing_itself(target: Target) -> None:
    assert undefined_symbols(support_objects(target)) == set()
    assert set(link(support_objects(target)).symbols) == set(EXTERNS)
