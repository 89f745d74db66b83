"""Every rule of a valid program, by a program that breaks only that rule."""

from collections.abc import Callable

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.proto.artifact import CodeImage, Program
from weft.proto.errors import WeftError
from weft.vm import VM
from weft.vm.isa import Args, BranchIfFalse, Buffer, Copy, Host, HostCall, Jump, Kernel, Launch, Return, Switch
from weft.vm.isa import Target as To

from .builder import (
    ARENA,
    CONSTANT,
    INPUT,
    OUTPUT,
    READ,
    VIEW,
    WRITE,
    FunctionBuilder,
    ProgramBuilder,
    add,
    add_program,
    counting_program,
    dim,
    status,
    tensor,
)
from .rejection import PB, rejected


def main(p: ProgramBuilder) -> FunctionBuilder:
    return p.functions[0]


def test_the_programs_changed_here_are_valid() -> None:
    VM(threads=1).load(add_program().build())
    VM(threads=1).load(counting_program(locs=True).build())


# -- the message --------------------------------------------------------------------------------------------------------------


def test_not_a_message() -> None:
    program = add_program().build()
    with pytest.raises(WeftError, match=r"program\.message"):
        VM().load(Program(b"\xff" * 20, program.code, program.weights))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("program.version", lambda pb: setattr(pb, "min_reader", 4)),
        ("program.version", lambda pb: setattr(pb, "version", 0)),
        ("program.image", lambda pb: pb.ClearField("images")),
        ("program.image", lambda pb: pb.images[0].kernel_offsets.append(0)),
        ("program.image", lambda pb: pb.images[0].kernel_offsets.__setitem__(0, 1 << 40)),
        ("program.image", lambda pb: setattr(pb.images[0], "level", "another")),
        ("program.runtime", lambda pb: setattr(pb.images[0], "runtime_abi", 99)),
        ("program.runtime", lambda pb: pb.images[0].runtime.pop("weft_stop")),
        ("program.image", lambda pb: pb.images[0].runtime.__setitem__("weft_run", 1 << 40)),
        ("program.function", lambda pb: pb.functions.append(pb.functions[0])),
        ("program.dtype", lambda pb: setattr(pb.functions[0].inputs[0].type, "dtype", 99)),
        ("program.dtype", lambda pb: setattr(pb.kernels[0].params[0], "dtype", 99)),
        ("program.access", lambda pb: setattr(pb.kernels[0].params[0], "access", 9)),
        ("program.align", lambda pb: setattr(pb.kernels[0].params[0], "align", 3)),
        ("program.buffer", lambda pb: setattr(pb.functions[0].buffers[0], "kind", 9)),
        ("program.loc", lambda pb: pb.locs.add(parts=[7])),
        ("program.loc", lambda pb: pb.functions[0].locs.append(0)),
        ("program.loc", lambda pb: pb.functions[0].locs.extend([0, 7])),
        ("host.unknown", lambda pb: pb.host_calls.add(name="os.system")),
        ("host.attributes", lambda pb: pb.host_calls.add(name="fft", attributes="{")),
        ("isa.opcode", lambda pb: setattr(pb.functions[0], "code", b"\xee")),
        ("isa.operand", lambda pb: setattr(pb.functions[0], "code", b"\x10")),
    ],
)
def test_message(code: str, change: Callable[[PB], object]) -> None:
    rejected(add_program(), code, change=change)


def test_features_the_machine_lacks() -> None:
    error = rejected(add_program(), "cpu.features", change=lambda pb: pb.images[0].features.append("flux_capacitor"))
    assert "needs flux_capacitor" in str(error) and "weft compile" in str(error)
    rejected(add_program(), "cpu.features", "architecture m68k", lambda pb: setattr(pb.images[0], "arch", "m68k"))


def test_level_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_CPU", "x86-64-v9")
    rejected(add_program(), "cpu.level", "asks for x86-64-v9")
    best, other = Target.host().name, "aside"
    program = add_program().build()
    pb = PB.FromString(program.pb)
    pb.images.append(pb.images[0])
    pb.images[1].level = other
    both = Program(pb.SerializeToString(), {best: program.code[best], other: CodeImage(program.code[best].data)}, program.weights)
    monkeypatch.setenv("WEFT_CPU", other)
    assert VM().load(both).level == other
    monkeypatch.delenv("WEFT_CPU")
    assert VM().load(both).level == best


# -- the signature ------------------------------------------------------------------------------------------------------------


def test_symbol_that_no_input_determines() -> None:
    p = add_program(("N 2 //",), ("N",))
    rejected(p, "program.symbol", "N is no dimension of an input")


def test_names_of_inputs_and_symbols_are_distinct() -> None:
    rejected(add_program(), "program.signature", change=lambda pb: setattr(pb.functions[0].inputs[1], "name", "x"))
    p = add_program(("N",), ("N",))
    rejected(p, "program.signature", change=lambda pb: pb.functions[0].symbols.add(name="N"))


def test_strings() -> None:
    rejected(add_program(), "program.signature", change=lambda pb: setattr(pb.functions[0].inputs[0].type, "dtype", 31))


@pytest.mark.parametrize("pairs", [[(2, 0)], [(0, 1)], [(0, 0), (1, 0)]])
def test_aliases(pairs: list[tuple[int, int]]) -> None:
    p = add_program()
    for i, o in pairs:
        main(p).pb.aliases.add(input=i, output=o)
    rejected(p, "program.alias")


# -- buffers ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "buffer"),
    [
        ("program.buffer", (INPUT, 2, 0, 16)),
        ("program.buffer", (OUTPUT, 1, 0, 16)),
        ("program.buffer", (CONSTANT, 0, 0, 16)),
        ("program.buffer", (VIEW, 3, 0, 16)),  # of itself
        ("program.bounds", (INPUT, 0, 0, 17)),
        ("program.bounds", (OUTPUT, 0, 0, 15)),
        ("program.bounds", (VIEW, 0, 8, 9)),
        ("program.bounds", (ARENA, 0, 64, 65)),
        ("program.arena", (ARENA, 0, 32, 1)),
        ("program.dim", (ARENA, 0, 0, "-1")),
    ],
)
def test_buffer(code: str, buffer: tuple[int, int, int, int | str]) -> None:
    p = add_program()
    main(p).pb.arena_bytes.size = 128
    main(p).buffer(*buffer)
    rejected(p, code)


def test_type_of_a_buffer_has_its_size() -> None:
    p = add_program()
    main(p).buffer(VIEW, 0, 0, 8, tensor("f32", (3,)))
    rejected(p, "program.bounds", "has 8 bytes and holds")


def test_constant_outside_the_weights() -> None:
    rejected(counting_program(), "weights.range", change=lambda pb: setattr(pb.constants[0], "offset", 1 << 30))


def test_constant_of_symbolic_type() -> None:
    p = counting_program()
    rejected(p, "program.dim", change=lambda pb: pb.constants[0].type.dims.append(dim("N", ("N",))))
    rejected(counting_program(), "program.constant", change=lambda pb: pb.constants[0].type.dims.append(dim("1")))


def test_sizes_that_fit_only_some_shapes_are_checked_with_the_shapes() -> None:
    p = add_program(("N",), ("N",))
    main(p).buffer(VIEW, 0, 0, 16)
    f = VM(threads=1).load(p.build())["main"]
    four = np.ones(4, np.float32)
    assert f(four, four).tolist() == [2] * 4
    with pytest.raises(WeftError, match=r"program\.bounds.*\n.*for N = 3"):
        f(four[:3], four[:3])


# -- instructions -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("instr", [Launch(Kernel(1), Args(0)), Launch(Kernel(0), Args(1)), Jump(To(3)), HostCall(Host(0), Args(0))])
def test_operand_out_of_range(instr: Launch | Jump | HostCall) -> None:
    p = add_program()
    main(p).code.insert(0, instr)
    assert "|    0  " in str(rejected(p, "program.operand", "but there are"))


def test_argument_list_names_buffers_that_exist() -> None:
    rejected(add_program(), "program.args", change=lambda pb: pb.functions[0].arg_lists.add(buffers=[9]))


@pytest.mark.parametrize(("buffers", "symbols"), [([0, 1], [4]), ([0, 1, 2], []), ([0, 1, 2, 2], [4])])
def test_argument_list_fits_the_kernel(buffers: list[int], symbols: list[int]) -> None:
    p = add_program()
    main(p).launch(0, buffers, symbols)
    rejected(p, "program.args", "takes 3 buffers and 1 symbols")


def test_parameter_longer_than_its_buffer() -> None:
    p = add_program()
    main(p).code.clear()
    main(p).launch(0, [0, 1, 2], [5])
    main(p).emit(Return())
    rejected(p, "program.bounds", "takes 20 bytes, buffer 0 has 16")


def test_inputs_and_constants_are_not_written() -> None:
    p = add_program()
    main(p).launch(0, [0, 1, 0], [4])
    rejected(p, "program.write", "part of input 0")
    p = counting_program()
    f = main(p)
    f.code.insert(0, Copy(Buffer(f.view(f.view(4, 0, 8), 0, 8)), Buffer(2)))
    rejected(p, "program.write", "part of constant 0")


def test_alignment_that_is_not_certain() -> None:
    def asks(pb: PB) -> None:
        pb.kernels[0].params[1].align = 64

    rejected(add_program(), "program.align", "parameter 1", asks)


def test_too_many_chunks() -> None:
    p = ProgramBuilder()
    k = p.kernel(add, [(READ, "f32", 4), (READ, "f32", 4), (WRITE, "f32", 4)], ("N",), "N")
    f = p.function()
    x, z = f.input("x", "f32", (1,)), f.output("z", "f32", (1,))
    f.launch(k, [x, x, z], [1 << 31])
    f.emit(Return())
    rejected(p, "program.chunks")


def test_copy_between_lengths() -> None:
    p = add_program()
    f = main(p)
    f.code.insert(0, Copy(Buffer(2), Buffer(f.view(0, 0, 8))))
    rejected(p, "program.bounds", "copy of 8 bytes")


def test_predicate_and_index_are_long_enough() -> None:
    p = add_program()
    f = main(p)
    f.code.insert(0, BranchIfFalse(Buffer(f.view(0, 16, 0)), To(1)))
    rejected(p, "program.bounds", "reads 1")
    p = add_program()
    f = main(p)
    f.code.insert(0, Switch(Buffer(f.view(0, 0, 3)), (To(1),)))
    rejected(p, "program.bounds", "reads 4")
    p = add_program(("N",), ("N",))
    f = main(p)
    f.code.insert(0, BranchIfFalse(Buffer(0), To(1)))
    empty = np.empty(0, np.float32)
    with pytest.raises(WeftError, match=r"program\.bounds.*is empty"):
        VM().load(p.build())["main"](empty, empty)


def test_switch_needs_a_target() -> None:
    p = add_program()
    main(p).code.insert(0, Switch(Buffer(0), ()))
    rejected(p, "program.switch")


def test_host_call_operands() -> None:
    def program(attributes: str, *shapes: tuple[int, ...]) -> ProgramBuilder:
        p = ProgramBuilder()
        p.pb.host_calls.add(name="cholesky", attributes=attributes)
        f = p.function()
        buffers = [f.input("x", "f32", shapes[0]), *(f.output(f"y{n}", "f32", s) for n, s in enumerate(shapes[1:]))]
        f.emit(HostCall(Host(0), f.args(buffers)), Return())
        return p

    VM().load(program('{"lower": true}', (2, 2), (2, 2)).build())
    rejected(program('{"lower": true}', (2, 2), (2, 3)), "program.host", "other results")
    rejected(program('{"lower": true}', (2, 2)), "program.host", "gives other results")
    untyped = program('{"lower": true}', (2, 2), (2, 2))
    rejected(untyped, "program.host", "with types", lambda pb: pb.functions[0].buffers[0].ClearField("type"))
    written = program('{"lower": true}', (2, 2), (2, 2))
    main(written).pb.arg_lists[0].buffers[1] = 0
    rejected(written, "program.write")


# -- control flow -------------------------------------------------------------------------------------------------------------


def test_running_past_the_end() -> None:
    p = add_program()
    main(p).code.pop()
    rejected(p, "program.flow", "past the end")
    p = ProgramBuilder()
    p.kernel(status, [(READ, "i32", 4)])
    p.function()
    rejected(p, "program.flow", "past the end")


def test_loop_without_a_way_out() -> None:
    p = add_program()
    main(p).code.insert(0, Jump(To(0)))
    rejected(p, "program.flow", "no return can be reached")


# -- what is read was written -------------------------------------------------------------------------------------------------


def test_arena_is_written_before_it_is_read() -> None:
    p = add_program()
    f = main(p)
    f.pb.arena_bytes.size = 16
    between = f.arena(0, "f32", (4,))
    f.launch(0, [0, 1, between], [4])
    f.code[0], f.code[2] = Copy(Buffer(2), Buffer(between)), f.code[0]
    f.emit(Return())
    rejected(p, "program.unwritten", "buffer 3 is read, but not written")
    f.code[0] = Copy(Buffer(f.view(between, 0, 16)), Buffer(0))  # writing a view of it will do
    f.code[1] = Copy(Buffer(2), Buffer(between))
    p.pb.ClearField("functions")
    p.pb.ClearField("images")
    VM(threads=1).load(p.build())


def test_every_path_writes_what_is_read() -> None:
    p = counting_program()
    f = main(p)
    f.code[0] = BranchIfFalse(Buffer(0), To(1))  # the counter has no beginning
    rejected(p, "program.unwritten", "is read, but not written on every path to here")


def test_outputs_are_written_on_every_path() -> None:
    p = add_program()
    f = main(p)
    f.code.insert(0, BranchIfFalse(Buffer(0), To(2)))
    rejected(p, "program.unwritten", "output 0 is read")
    p = ProgramBuilder()
    f = p.function()
    f.output("nothing", "f32", (0, 4))
    f.emit(Return())
    VM(threads=1).load(p.build())


def test_every_problem_is_reported() -> None:
    p = add_program()
    f = main(p)
    f.launch(0, [0, 1, 0], [4])
    f.emit(Switch(Buffer(0), ()))
    error = rejected(p, "program.write")
    assert [d.code for d in error.diagnostics] == ["program.write", "program.switch"]
