"""Every rule of driver code, by a program that breaks only that rule; and damage to drivers, which ends in `WeftError` alone."""

import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from weft.proto import program_pb2
from weft.proto.artifact import Program
from weft.proto.dtypes import BOOL, F32, I32, I64
from weft.proto.errors import WeftError
from weft.proto.value_types import ArrayType, OptionalType, SequenceType, UnrankedType
from weft.vm import VM
from weft.vm.isa import (
    BranchIfFalse,
    BranchUnless,
    Buffer,
    Constant,
    Copy,
    Function,
    Host,
    HostValue,
    Instr,
    Invoke,
    Jump,
    LoadConstant,
    Move,
    Register,
    Release,
    Return,
    SwitchOn,
    Target,
)

from .builder import DriverBuilder, ProgramBuilder
from .drivers import add_n, choosing_program, collecting_program, filling_program
from .rejection import PB, rejected

VECTOR = ArrayType(F32, ("N",))


def small() -> tuple[ProgramBuilder, DriverBuilder]:
    """main(x: f32[N], s: sequence of those, b: i1[], k: i32[]) in registers 0 to 3, with add_n; the code is to come."""
    p = ProgramBuilder()
    add_n(p)
    p.constant(np.ones(2, np.float32), "f32")
    p.host_call("sequence_at")
    d = p.driver(symbols=("N", "M"))
    d.input("x", VECTOR)
    d.input("s", SequenceType(ArrayType(F32, ("M",))))
    d.input("b", ArrayType(BOOL, ()))
    d.input("k", ArrayType(I32, ()))
    return p, d


X, S, B, K, Y = (Register(n) for n in range(5))
ADD, AT, ONES = Function(0), Host(0), Constant(0)


def test_the_programs_changed_here_are_valid() -> None:
    for make in (filling_program, collecting_program, choosing_program):
        VM(threads=1).load(make().build())
    p, d = small()
    d.register(VECTOR)
    d.emit(Invoke(ADD, (X, X), (Y,)), HostValue(AT, (S, K), (Y,)), LoadConstant(Y, ONES), BranchUnless(B, Target(4)), Release((Y, X)))
    d.emit(SwitchOn(K, (Target(6),)), Return())
    VM(threads=1).load(p.build())


def nest(driver: program_pb2.Driver, depth: int) -> None:
    for _ in range(depth):
        driver.types.add(sequence=len(driver.types) - 1)


@pytest.mark.parametrize(
    ("code", "match", "change"),
    [
        ("program.function", "two functions are called 'main'", lambda pb: setattr(pb.functions[0], "name", "main")),
        ("program.type", "kind that is not known", lambda pb: pb.drivers[0].types.add()),
        ("program.type", "which comes later", lambda pb: pb.drivers[0].types.add(sequence=9)),
        ("program.type", "nested more than 32 deep", lambda pb: nest(pb.drivers[0], 33)),
        ("program.dtype", "number 99", lambda pb: pb.drivers[0].types.add(unranked=99)),
        ("program.type", "keys of a map", lambda pb: pb.drivers[0].types.add(map=program_pb2.ValueType.Map(key=16, value=0))),
        ("program.register", "not in its table", lambda pb: pb.drivers[0].registers.append(99)),
        ("program.register", "'y' is in register 99", lambda pb: pb.drivers[0].outputs.add(name="y", register=99)),
        ("program.signature", "not distinct", lambda pb: setattr(pb.drivers[0].inputs[0], "name", "s")),
        ("program.signature", "not distinct", lambda pb: setattr(pb.drivers[0].symbols[1], "name", "N")),
        ("program.signature", "share a register", lambda pb: setattr(pb.drivers[0].inputs[1], "register", 0)),
        ("program.alias", "no such pair", lambda pb: pb.drivers[0].aliases.add(input=7, output=0)),
        ("program.loc", "2 locations for", lambda pb: pb.drivers[0].locs.extend([0, 0])),
        ("program.flow", "without a return", lambda pb: pb.drivers[0].ClearField("code")),
        ("isa.opcode", "unknown opcode", lambda pb: setattr(pb.drivers[0], "code", b"\xee")),
    ],
)
def test_message(code: str, match: str, change: Callable[[PB], object]) -> None:
    p, d = small()
    d.emit(Return())
    rejected(p, code, match, change)


@pytest.mark.parametrize(
    ("code", "match", "instructions"),
    [
        ("program.operand", "no instruction of driver code", (Copy(Buffer(0), Buffer(0)),)),
        ("program.operand", "no instruction of driver code", (BranchIfFalse(Buffer(0), Target(0)),)),
        ("program.operand", "dst is 9, but there are 5", (Move(Register(9), X),)),
        ("program.operand", "function is 1, but there are 1", (Invoke(Function(1), (X, X), (Y,)),)),
        ("program.operand", "constant is 1, but there are 1", (LoadConstant(Y, Constant(1)),)),
        ("program.operand", "call is 1, but there are 1", (HostValue(Host(1), (S, K), (Y,)),)),
        ("program.operand", "target is 9", (Jump(Target(9)),)),
        ("program.args", "has 2 inputs and 1 outputs, not 1 and 1", (Invoke(ADD, (X,), (Y,)),)),
        ("program.args", "not 2 and 2", (Invoke(ADD, (X, X), (Y, X)),)),
        ("program.type", r"input 'y' of 'add_n' is float32\[N\], register 2 holds bool", (Invoke(ADD, (X, B), (Y,)),)),
        ("program.type", "input 'y' of 'add_n' is an array of known rank, register 1", (Invoke(ADD, (X, S), (Y,)),)),
        ("program.type", "output 'z' of 'add_n'", (Invoke(ADD, (X, X), (K,)),)),
        ("program.host", "takes 2 operands, not 1", (HostValue(AT, (S,), (Y,)),)),
        ("program.host", "the operand is a sequence", (HostValue(AT, (X, K), (Y,)),)),
        ("program.host", "gives 1 results, not 2", (HostValue(AT, (S, K), (Y, X)),)),
        ("program.type", "result 0 of host call 'sequence_at'", (HostValue(AT, (S, K), (K,)),)),
        ("program.register", "two results go to one register", (HostValue(AT, (S, K), (Y, Y)),)),
        ("program.type", "register 1 is sequence", (Move(Y, S),)),
        ("program.type", r"constant 0 is float32\[2\], register 3", (LoadConstant(K, ONES),)),
        ("program.type", "a branch reads a scalar of i1", (BranchUnless(K, Target(1)),)),
        ("program.type", "a switch reads a scalar of i32", (SwitchOn(B, (Target(1),)),)),
        ("program.switch", "a switch needs a target", (SwitchOn(K, ()),)),
        ("program.flow", "no return can be reached", (Jump(Target(0)),)),
        ("program.unwritten", "register 4 is read", (Move(X, Y),)),
        ("program.unwritten", "register 0 is read", (Release((X,)), Move(Y, X))),
        ("program.unwritten", "register 4 is read", (BranchUnless(B, Target(2)), Move(Y, X), Move(X, Y))),
        ("program.unwritten", "register 0 is read", (Move(Y, X), Release((X,)), BranchUnless(B, Target(0)))),
    ],
)
def test_instructions(code: str, match: str, instructions: tuple[Instr, ...]) -> None:
    p, d = small()
    d.register(VECTOR)
    d.emit(*instructions, Return())
    error = rejected(p, code, match)
    assert "driver 'main'" in str(error)


def test_results_are_written_on_every_path() -> None:
    p, d = small()
    d.output("y", d.register(VECTOR))
    d.emit(BranchUnless(B, Target(2)), Move(Y, X), Return())
    rejected(p, "program.unwritten", "register 4 is read")


def test_symbols_of_inputs() -> None:
    p, d = small()
    d.input("z", ArrayType(F32, ("N M *",)))
    d.emit(Return())
    rejected(p, "program.symbol", "symbol M is no dimension of an input")


def test_functions_that_overwrite_their_input_are_not_invoked() -> None:
    p, d = small()
    p.functions[0].pb.aliases.add(input=0, output=0)
    d.emit(Invoke(ADD, (X, X), (d.register(VECTOR),)), Return())
    rejected(p, "program.alias", "overwrites an input")


def test_aliases_are_tensors() -> None:
    p, d = small()
    d.output("s", S)
    d.pb.aliases.add(input=1, output=0)
    d.emit(Return())
    rejected(p, "program.alias", "no such pair of tensors")


def test_native_code_has_no_registers() -> None:
    p, d = small()
    p.functions[0].code.insert(0, Move(X, X))
    d.emit(Return())
    rejected(p, "program.operand", "no instruction of native code")


def test_programs_without_drivers_have_the_old_format() -> None:
    """Nothing is refused that a reader of version 1 accepts."""
    p = ProgramBuilder()
    add_n(p)
    assert p.pb.version == p.pb.min_reader == 1
    VM(threads=1).load(p.build())


# -- damage -------------------------------------------------------------------------------------------------------------------

ARGUMENTS = {
    "filling": (filling_program, (1.0, [3, 2])),
    "collecting": (collecting_program, (np.ones(3, np.float32), 4)),
    "choosing": (choosing_program, (1, np.ones(3, np.float32))),
}


def damaged(driver: bytes, rng: random.Random) -> bytes:
    """A driver's message with bytes changed, put in, taken out or moved."""
    out = bytearray(driver)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(out))
        match rng.randrange(4):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at] = rng.randrange(12)
            case 2:
                del out[at : at + rng.randrange(4)]
            case _:
                start = rng.randrange(len(out))
                out[at : at + rng.randrange(6)] = out[start : start + rng.randrange(8)]
        if not out:
            break
    return bytes(out)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_damaged_drivers(name: str) -> None:
    make, arguments = ARGUMENTS[name]
    program = make().build()
    whole = PB.FromString(program.pb)
    original, rng = whole.drivers[0].SerializeToString(), random.Random(5)
    loaded = 0
    for _ in range(400):
        try:
            whole.drivers[0].ParseFromString(damaged(original, rng))
        except DecodeError:
            continue
        start = time.process_time()
        try:
            functions = VM(threads=1, memory=10**8).load(Program(whole.SerializeToString(), program.code, program.weights))
            loaded += 1
            for found in functions:
                functions[found](*arguments, timeout=0.05)
        except WeftError:
            pass
        assert time.process_time() - start < 5
    assert loaded > 10


def test_optionals_are_checked_like_what_they_hold() -> None:
    p = ProgramBuilder()
    p.host_call("optional_get")
    d = p.driver()
    x = d.input("x", OptionalType(UnrankedType(I64)))
    y = d.register(ArrayType(I64, (2,)))
    d.output("y", y)
    d.emit(HostValue(Host(0), (x,), (y,)), Return())
    main = VM(threads=1).load(p.build())["main"]
    assert main([1, 2]).tolist() == [1, 2]
    with pytest.raises(WeftError, match=r"run\.type"):
        main([[1, 2]])
    with pytest.raises(WeftError, match=r"run\.shape"):
        main([1, 2, 3])
    with pytest.raises(WeftError, match="holds no value"):
        main(None)
