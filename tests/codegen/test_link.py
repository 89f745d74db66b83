"""The linker: layout, relocations, what it refuses."""

from collections.abc import Callable

import pytest
from weft.compiler.codegen.link import Image, link, undefined_symbols
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.target import LEVELS
from weft.proto.errors import InternalError

V2, ARM = LEVELS["x86-64-v2"], LEVELS["aarch64"]
TABLE = """@table = private unnamed_addr constant [4 x i64] [i64 10, i64 20, i64 30, i64 40], align 64
declare i64 @twice(i64)
define i64 @pick(i64 %i) nounwind {
  %p = getelementptr i64, ptr @table, i64 %i
  %v = load i64, ptr %p
  %r = call i64 @twice(i64 %v)
  ret i64 %r
}"""
TWICE = "define i64 @twice(i64 %x) nounwind { %y = shl i64 %x, 1\n ret i64 %y }"
ADDRESS = "declare i64 @twice(i64)\ndefine i64 @where() nounwind { %p = ptrtoint ptr @twice to i64\n ret i64 %p }"
SWITCH = """define i64 @case(i64 %i) nounwind {
  switch i64 %i, label %d [ i64 0, label %a
  i64 1, label %b
  i64 2, label %c
  i64 3, label %e
  i64 4, label %f ]
a: ret i64 11
b: ret i64 2
c: ret i64 -7
d: ret i64 99
e: ret i64 5
f: ret i64 123456789
}"""


def test_calls_and_constants_across_objects(call: Callable[..., int]) -> None:
    image = link([compile_module(TABLE, V2), compile_module(TWICE, V2)])
    assert [call(image, "pick", i) for i in range(4)] == [20, 40, 60, 80]
    assert all(offset % 64 == 0 for offset in image.symbols.values())


def test_addresses_through_the_got_are_computed(mapped: Callable[[Image], dict[str, int]], call: Callable[..., int]) -> None:
    image = link([compile_module(ADDRESS, V2), compile_module(TWICE, V2)])
    difference = call(image, "where") - image.symbols["twice"]
    assert difference % 4096 == 0  # the base it was mapped at


def test_jump_tables(call: Callable[..., int]) -> None:
    image = link([compile_module(SWITCH, V2)])
    assert [call(image, "case", i) for i in range(6)] == [11, 2, -7, 5, 123456789, 99]


@pytest.mark.parametrize("ir", [TABLE, ADDRESS, SWITCH])
def test_aarch64_links(ir: str) -> None:
    image = link([compile_module(ir, ARM)], [compile_module(TWICE, ARM)])
    assert len(image.data) % 64 == 0


def test_library_members_come_only_when_needed() -> None:
    unused = compile_module(TWICE.replace("twice", "thrice"), V2)
    image = link([compile_module(TABLE, V2)], [unused, compile_module(TWICE, V2)])
    assert set(image.symbols) == {"pick", "twice"}


def test_equal_objects_are_taken_once() -> None:
    twice = compile_module(TWICE, V2)
    assert link([twice, twice]).data == link([twice]).data


def test_undefined_symbols_are_named() -> None:
    table = compile_module(TABLE, V2)
    assert undefined_symbols([table]) == {"twice"}
    with pytest.raises(InternalError, match="undefined symbols in generated code: twice"):
        link([table])


@pytest.mark.parametrize(
    ("ir", "problem"),
    [
        ("@g = global i64 1", "writable"),
        ("@g = global i64 0", "writable"),
        ("@f = constant ptr @h\ndefine void @h() nounwind { ret void }", "writable or relocated"),
        ("@t = thread_local global i64 0", "writable"),
    ],
)
def test_what_an_image_cannot_hold(ir: str, problem: str) -> None:
    with pytest.raises(InternalError, match=problem):
        link([compile_module(ir, V2)])


def test_two_definitions_of_one_symbol() -> None:
    with pytest.raises(InternalError, match="twice is defined by two objects"):
        link([compile_module(TWICE, V2), compile_module(TWICE.replace("1", "2"), V2)])
