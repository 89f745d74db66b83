"""The IR writer: what it writes, and that it computes what it says."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.link import Image, link
from weft.compiler.codegen.lltypes import Val, const, const_vector, elem_of, int_type, lanes_of, like, mangled, memory_type, register_type
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import LEVELS, Target, supported
from weft.compiler.codegen.writer import Module, Writer
from weft.proto import dtypes
from weft.proto.errors import InternalError

RUNNABLE = [t for t in LEVELS.values() if supported(t)]


def build(target: Target, params: list[str], body: Callable[[Writer], None]) -> Image:
    module = Module(target)
    body(module.function("f", "i64", params))
    return link([compile_module(module.text(), target)], support_objects(target))


def test_types() -> None:
    assert (lanes_of("<16 x float>"), elem_of("<16 x float>"), lanes_of("i8")) == (16, "float", 1)
    assert like("<4 x double>", "i1") == "<4 x i1>"
    assert int_type("<4 x double>") == "<4 x i64>"
    assert mangled("<8 x ptr>") == "v8p0"
    assert (memory_type(dtypes.BOOL), register_type(dtypes.BOOL)) == ("i8", "i1")
    assert [memory_type(d) for d in (dtypes.BY_NAME["ui4"], dtypes.U64, dtypes.BF16, dtypes.C128)] == ["i8", "i64", "bfloat", "double"]


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("float", 0.1, "0x3FB99999A0000000"),  # rounded to f32 first
        ("float", 1e40, "0x7FF0000000000000"),
        ("double", -0.0, "0x8000000000000000"),
        ("half", 1.5, "0xH3E00"),
        ("bfloat", 1.0, "0xR3F80"),
        ("i8", 255, "-1"),
        ("i64", 2**63, str(-(2**63))),
        ("<4 x i1>", 1, "splat (i1 true)"),
        ("ptr", 0, "null"),
    ],
)
def test_constants(type_: str, value: float, text: str) -> None:
    assert const(type_, value) == Val(text, type_)


def test_constant_vector() -> None:
    assert str(const_vector("i32", range(3))) == "<3 x i32> <i32 0, i32 1, i32 2>"
    assert str(const_vector("i32", [7])) == "i32 7"


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_loops_masks_and_gathers(target: Target, call: Callable[..., int]) -> None:
    def body(w: Writer) -> None:
        x, y, n = w.params
        with w.loop(n, step=8) as i:
            mask = w.tail_mask(w.sub(n, i), 8)
            reversed_index = w.iota("i64", 8, w.sub(w.sub(n, i), 1), -1)
            v = w.gather("float", w.gep("float", x, reversed_index), mask)
            w.masked_store(w.fma(v, 2.0, 1.0), w.gep("float", y, i), mask)
        w.ret(0)

    image = build(target, ["ptr", "ptr", "i64"], body)
    for n in (0, 1, 8, 13):
        x, y = np.arange(1, n + 1, dtype=np.float32), np.full(n + 1, -1, np.float32)
        call(image, "f", x, y, n)
        assert y.tolist() == [*(2 * x[::-1] + 1), -1]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_carried_values_branches_and_while(target: Target, call: Callable[..., int]) -> None:
    def body(w: Writer) -> None:
        [n] = w.params
        with w.carry(n, [const("i64", 0)], start=1) as loop:
            loop.next([w.add(loop.values[0], loop.index)])
        [total] = loop.results
        [even] = w.cond(w.icmp("eq", w.and_(total, 1), 0), lambda: [total], lambda: [w.neg(total)])
        [power] = w.while_([const("i64", 1)], lambda v: w.icmp("slt", v[0], n), lambda v: [w.shl(v[0], 1)])
        with w.when(w.icmp("eq", n, 7)):
            w.ret(77)
        w.ret(w.add(w.mul(even, 1000), power))

    image = build(target, ["i64"], body)
    assert [call(image, "f", n) for n in (0, 4, 6, 7)] == [1, 6004, -15000 + 8, 77]


@pytest.mark.parametrize("target", RUNNABLE, ids=str)
def test_reduce_combines_in_a_fixed_order(target: Target, call: Callable[..., int]) -> None:
    def body(w: Writer) -> None:
        x, y = w.params
        w.store(w.reduce(w.load("<8 x float>", x), w.fadd), y)
        w.ret(0)

    image = build(target, ["ptr", "ptr"], body)
    x = np.random.default_rng(0).standard_normal(8).astype(np.float32)
    y = np.zeros(1, np.float32)
    call(image, "f", x, y)
    expected = x[:4] + x[4:]
    expected = expected[:2] + expected[2:]
    assert y[0] == expected[0] + expected[1]


def test_equal_constants_are_stored_once() -> None:
    module = Module(LEVELS["x86-64-v3"])
    assert module.constant(b"ab") == module.constant(b"ab") != module.constant(b"abc")


def test_misuse_is_reported() -> None:
    w = Module(LEVELS["x86-64-v3"]).function("f", "void", ["float", "double"])
    with pytest.raises(InternalError, match="different types"):
        w.fadd(*w.params)
    with pytest.raises(InternalError, match="without a terminator"):
        w.text()
