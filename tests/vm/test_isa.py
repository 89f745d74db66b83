"""The instruction table and what derives from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from weft.proto.errors import WeftError
from weft.vm import isa
from weft.vm.isa import Args, Buffer, Jump, Kernel, Launch, Return, Switch, Target, decode, disassemble, encode

INDICES = st.integers(0, isa.LIMIT - 1)


@st.composite
def instructions(draw: st.DrawFn) -> isa.Instr:
    cls = draw(st.sampled_from(list(isa.TABLE.values())))
    return cls(*(tuple(draw(st.lists(INDICES, max_size=4))) if many else draw(INDICES) for _, _, many in cls.operands))


@given(st.lists(instructions(), max_size=8))
def test_decode_is_the_inverse_of_encode(code: list[isa.Instr]) -> None:
    assert decode(encode(code)) == code


@given(st.binary(max_size=40))
def test_any_bytes_are_code_or_an_error(data: bytes) -> None:
    try:
        decode(data)
    except WeftError as error:
        assert error.code in ("isa.opcode", "isa.operand")


def test_encoding_of_one_launch() -> None:
    assert encode([Launch(Kernel(3), Args(300)), Return()]) == bytes([0x10, 3, 0xAC, 0x02, 0x01])


def test_opcodes_are_declared_once() -> None:
    with pytest.raises(ValueError, match="belongs to Return"):

        @isa.instr(Return.opcode)
        class Again(isa.Instr):
            """Taken."""


def test_operands_have_a_range() -> None:
    with pytest.raises(ValueError, match="not in"):
        encode([Jump(Target(1 << 32))])
    with pytest.raises(WeftError, match=r"isa\.operand"):
        decode(bytes([0x02, 0x80, 0x80, 0x80, 0x80, 0x10]))


def test_disassembly() -> None:
    text = disassemble([Switch(Buffer(1), (Target(0), Target(1))), Return()])
    assert text.splitlines() == ["   0  switch index=1 targets=[0, 1]", "   1  return"]


def test_reference_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs/isa.md"
    assert page.read_text() == isa.reference(), "run `python -m weft.vm.isa > docs/isa.md`"
