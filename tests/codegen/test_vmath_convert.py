"""Conversions to and from narrow floats, bit for bit those of numpy and ml_dtypes."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.link import Image, link
from weft.compiler.codegen.lltypes import Val, elem_of, memory_type, vec
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.codegen.vmath_convert import narrow, widen
from weft.compiler.codegen.writer import Module, Writer
from weft.proto.dtypes import ALL, DType

RUNNABLE = [t for t in LEVELS.values() if supported(t) and not t.has_bf16]
NARROW = [d for d in ALL if d.is_float and d.bits < 32]
Call = Callable[..., int]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def convert(target: Target, source: str, lanes: int, body: Callable[[Writer, Val], Val]) -> Image:
    module = Module(target)
    w = module.function("f", "i64", ["ptr", "ptr", "i64"])
    x, y, n = w.params
    with w.loop(n, step=lanes) as i:
        result = body(w, w.load(vec(source, lanes), w.gep(source, x, i)))
        w.store(result, w.gep(elem_of(result.type), y, i))
    w.ret(0)
    return link([compile_module(module.text(), target)])


def samples() -> np.ndarray:
    """All upper halves of an f32, exactly, next to and at ties of the narrower formats; and random bits."""
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    near = [upper + np.uint32(k) for k in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]
    return np.concatenate([*near, np.random.default_rng(0).integers(0, 1 << 32, 1 << 16, dtype=np.uint32)]).view(np.float32)


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_widen_is_exact(dtype: DType, target: Target, call: Call) -> None:
    unsigned = np.dtype(f"u{dtype.itemsize}")
    codes = np.arange(1 << dtype.bits, dtype=np.uint32).astype(unsigned)
    out = np.empty(len(codes), np.float32)
    call(convert(target, memory_type(dtype), 8, lambda w, x: widen(w, x, dtype)), "f", codes, out, len(codes))
    np.testing.assert_array_equal(out, codes.view(dtype.numpy).astype(np.float32))
    zeros = out == 0
    assert np.array_equal(np.signbit(out[zeros]), np.signbit(codes.view(dtype.numpy).astype(np.float32)[zeros]))


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_narrow_f32(dtype: DType, target: Target, call: Call) -> None:
    x = samples()
    out = np.empty(len(x), f"u{dtype.itemsize}")
    call(convert(target, "float", 8, lambda w, v: narrow(w, v, dtype)), "f", x, out, len(x))
    expected = x.astype(dtype.numpy)
    same = out == expected.view(out.dtype)
    assert (same | (np.isnan(x) & np.isnan(out.view(dtype.numpy).astype(np.float32)))).all()


@pytest.mark.parametrize("dtype", [d for d in NARROW if d.bits >= 8 and d.name != "f8E8M0FNU"], ids=str)
def test_narrow_f64_rounds_once(dtype: DType, call: Call) -> None:
    """Just above a tie of the narrow type, by less than an f32 can tell."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    low = np.arange(1, 20, dtype=unsigned) + unsigned.type(1 << (dtype.bits - 3))
    steps = low.view(dtype.numpy).astype(np.float64), (low + unsigned.type(1)).view(dtype.numpy).astype(np.float64)
    tie = (steps[0] + steps[1]) / 2
    x = np.concatenate([np.nextafter(tie, np.inf), np.nextafter(tie, -np.inf)])
    out = np.empty(len(x), unsigned)
    call(convert(RUNNABLE[-1], "double", 1, lambda w, v: narrow(w, v, dtype)), "f", x, out, len(x))
    assert np.array_equal(out, np.concatenate([low + unsigned.type(1), low]))
