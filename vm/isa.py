"""The instruction set of the VM: one class per instruction. Everything else that depends on it derives from this table.

    code = encode([Launch(Kernel(0), Args(0)), Return()])      # bytes for `Function.code`
    decode(code)                                               # and back; WeftError if it is not a sequence of instructions
    print(reference())                                         # docs/isa.md

The fields of a class are its encoding: an opcode byte, then each field in order. An index is an unsigned LEB128 number below 2**32,
a tuple is its length and then its items. The type of a field says what its number is an index of. Opcodes are never reused.

There are two kinds of code. *Native* code (`Function.code`) works on buffers and is executed by the native runtime; *driver* code
(`Driver.code`) works on registers and is executed in Python (`driver.py`). Which an instruction belongs to follows from its operands:
registers, or buffers, kernels and argument lists; those with neither (`return`, `jump`) belong to both.

How driver code is emitted. Each value of the graph gets a register (`Driver.registers`, its type); inputs are in theirs at the start.

    call of a native function          Invoke(function, operands, results)
    custom_call on values, bind_dims   HostValue(call, operands, results); witnesses are ordinary results
    constant                           LoadConstant(dst, constant); strings: HostValue of `string_constant`
    weft.while                         Move the inits to registers of the results' own; head: the condition; BranchUnless(pred, end);
                                       the body; Moves of its results to those registers, through others where one would be
                                       overwritten before it is read; Jump(head); end. A register has one type: give the carried
                                       registers the types of the region's parameters, whose open symbols may change
    weft.case                          SwitchOn(index, branches); in each its body, Moves to the results' registers, Jump(end)
    value needed on another device     Transfer(dst, src), between registers of the two
    last use of a value                Release, after the instruction or on entering a branch where it is dead; what is not
                                       released lives to the end of the call
    results                            `Driver.outputs` names their registers; Return

On every path to an instruction the registers that it reads must have been written since they were last released; the verifier refuses
a program where that is not certain. Releasing a register that may be empty is allowed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NewType, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from ..proto.errors import fail

Kernel = NewType("Kernel", int)
"""of `Program.kernels`"""
Args = NewType("Args", int)
"""of the function's `arg_lists`"""
Buffer = NewType("Buffer", int)
"""of the function's `buffers`"""
Host = NewType("Host", int)
"""of `Program.host_calls`"""
Target = NewType("Target", int)
"""of the function's instructions: where to go on"""
Register = NewType("Register", int)
"""of the driver's `registers`"""
Function = NewType("Function", int)
"""of `Program.functions`"""
Constant = NewType("Constant", int)
"""of `Program.constants`"""

OPERAND_KINDS: dict[object, str] = {
    Kernel: "index of a kernel of the program",
    Args: "index of an argument list of the function",
    Buffer: "index of a buffer of the function",
    Host: "index of a host call of the program",
    Target: "index of the instruction to go on at",
    Register: "index of a register of the driver",
    Function: "index of a native function of the program",
    Constant: "index of a constant of the program",
}
_DRIVER_KINDS: frozenset[object] = frozenset((Register,))
_NATIVE_KINDS: frozenset[object] = frozenset((Kernel, Args, Buffer))
LIMIT = 1 << 32


class Instr:
    """An instruction. Subclasses are frozen dataclasses declared with `@instr(opcode)`."""

    opcode: ClassVar[int]
    mnemonic: ClassVar[str]
    operands: ClassVar[tuple[tuple[str, object, bool], ...]]
    """(field, kind, whether it is a tuple) in order of encoding"""


TABLE: dict[int, type[Instr]] = {}
_Class = TypeVar("_Class", bound=type[Instr])


@dataclass_transform(frozen_default=True)
def instr(opcode: int) -> Callable[[_Class], _Class]:
    """Enter a class into the table under `opcode`, a number that no other instruction has or ever had."""

    def enter(cls: _Class) -> _Class:
        declared = dataclass(frozen=True, slots=True)(cls)
        hints = {name: hint for name, hint in get_type_hints(cls).items() if name not in Instr.__annotations__}
        if opcode in TABLE:
            raise ValueError(f"opcode {opcode:#04x} belongs to {TABLE[opcode].__name__}")
        declared.opcode = opcode
        declared.mnemonic = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")
        declared.operands = tuple(_operand(name, hint) for name, hint in hints.items())
        TABLE[opcode] = declared
        return declared

    return enter


def _operand(name: str, hint: object) -> tuple[str, object, bool]:
    many = get_origin(hint) is tuple
    kind = get_args(hint)[0] if many else hint
    if kind not in OPERAND_KINDS:
        raise TypeError(f"field {name}: {kind} is no operand kind")
    return name, kind, many


@instr(0x01)
class Return(Instr):
    """End the call. In driver code the results are what the registers of the outputs hold."""


@instr(0x02)
class Jump(Instr):
    """Go on at `target`. Going back polls the call's cancel word, or its deadline."""

    target: Target


@instr(0x03)
class BranchIfFalse(Instr):
    """Go on at `target` if the first byte of buffer `pred` is 0, otherwise at the next instruction."""

    pred: Buffer
    target: Target


@instr(0x04)
class Switch(Instr):
    """Go on at `targets[i]`, where i is the i32 in buffer `index`; at the last one if i is out of range (StableHLO `case`)."""

    index: Buffer
    targets: tuple[Target, ...]


@instr(0x10)
class Launch(Instr):
    """Run kernel `kernel` on argument list `args`, over all of its chunks."""

    kernel: Kernel
    args: Args


@instr(0x11)
class Copy(Instr):
    """Copy buffer `src` to buffer `dst`, which is as long. They may overlap."""

    dst: Buffer
    src: Buffer


@instr(0x20)
class HostCall(Instr):
    """Call host function `call` in Python on argument list `args`: its operands, then its results. Buffers carry their types."""

    call: Host
    args: Args


@instr(0x40)
class Invoke(Instr):
    """Run native function `function` on `inputs`, its inputs in order; its outputs, new arrays, go to `outputs`.

    The function's symbols are bound to the shapes of the inputs, as in every call. Inputs are not donated.
    """

    function: Function
    inputs: tuple[Register, ...]
    outputs: tuple[Register, ...]


@instr(0x41)
class HostValue(Instr):
    """Call host function `call` on `inputs`; what it returns goes to `outputs` and must be of their types."""

    call: Host
    inputs: tuple[Register, ...]
    outputs: tuple[Register, ...]


@instr(0x42)
class LoadConstant(Instr):
    """Put a view of constant `constant` into `dst`."""

    dst: Register
    constant: Constant


@instr(0x43)
class Move(Instr):
    """Let `dst` hold what `src` holds, without a copy. Dims that the type of `dst` fixes are checked."""

    dst: Register
    src: Register


@instr(0x44)
class Release(Instr):
    """Empty `registers`, so that the memory of values that nothing else holds is freed."""

    registers: tuple[Register, ...]


@instr(0x45)
class BranchUnless(Instr):
    """Go on at `target` if `pred`, a scalar of i1, is false, otherwise at the next instruction."""

    pred: Register
    target: Target


@instr(0x46)
class SwitchOn(Instr):
    """Go on at `targets[i]`, where i is the scalar of i32 in `index`; at the last one if i is out of range (StableHLO `case`)."""

    index: Register
    targets: tuple[Target, ...]


@instr(0x47)
class Transfer(Instr):
    """Copy what `src` holds, an array, to the memory of the device of `dst`. It need not be done when the next instruction begins."""

    dst: Register
    src: Register


def in_native_code(cls: type[Instr]) -> bool:
    """Whether the instruction may stand in `Function.code`."""
    return not any(kind in _DRIVER_KINDS for _, kind, _ in cls.operands)


def in_driver_code(cls: type[Instr]) -> bool:
    """Whether the instruction may stand in `Driver.code`."""
    return not any(kind in _NATIVE_KINDS for _, kind, _ in cls.operands)


def encode(code: Iterable[Instr]) -> bytes:
    """The bytes of `Function.code`."""
    out = bytearray()
    for i in code:
        out.append(i.opcode)
        for name, _, many in i.operands:
            value = getattr(i, name)
            if many:
                _put(out, len(value))
            for number in value if many else (value,):
                _put(out, number)
    return bytes(out)


def decode(data: bytes) -> list[Instr]:
    """The instructions of `data`. Raises `WeftError` (`isa.opcode`, `isa.operand`)."""
    code: list[Instr] = []
    at = 0
    while at < len(data):
        cls = TABLE.get(data[at])
        if cls is None:
            raise fail(
                "isa.opcode",
                f"instruction {len(code)} (byte {at}) has unknown opcode {data[at]:#04x}",
                help="the program was made for a newer reader, or is damaged",
            )
        at += 1
        values: list[int | tuple[int, ...]] = []
        for _, _, many in cls.operands:
            if many:
                count, at = _get(data, at)
                items: list[int] = []
                for _ in range(count):
                    item, at = _get(data, at)
                    items.append(item)
                values.append(tuple(items))
            else:
                value, at = _get(data, at)
                values.append(value)
        code.append(cls(*values))
    return code


def _put(out: bytearray, number: int) -> None:
    if not 0 <= number < LIMIT:
        raise ValueError(f"operand {number} is not in [0, 2**32)")
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _get(data: bytes, at: int) -> tuple[int, int]:
    """(number, position after it) of the LEB128 number at `at`."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            raise fail("isa.operand", f"the code ends inside an instruction, at byte {at}", help="the program is damaged")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        value = LIMIT
    if value >= LIMIT:
        raise fail("isa.operand", f"an operand before byte {at} is too large", help="the program is damaged")
    return value, at


def format_instr(i: Instr, show: Callable[[object, int], str] = lambda _, number: str(number)) -> str:
    """One line of a disassembly: `launch kernel=3 args=0`. `show(kind, number)` may print an index by what it stands for."""
    parts = [i.mnemonic]
    for name, kind, many in i.operands:
        value = getattr(i, name)
        text = "[" + ", ".join(show(kind, v) for v in value) + "]" if many else show(kind, value)
        parts.append(f"{name}={text}")
    return " ".join(parts)


def targets(i: Instr) -> tuple[int, ...]:
    """The instructions that `i` may jump to."""
    found: list[int] = []
    for name, kind, many in i.operands:
        if kind is Target:
            value = getattr(i, name)
            found += value if many else (value,)
    return tuple(found)


def falls_through(i: Instr) -> bool:
    """Whether the next instruction may follow."""
    return not isinstance(i, Return | Jump | Switch | SwitchOn)


def disassemble(code: Sequence[Instr]) -> str:
    """One instruction per line with its index, as bare numbers; `LoadedProgram.disassemble` knows names."""
    return "\n".join(f"{n:4}  {format_instr(i)}" for n, i in enumerate(code))


def reference() -> str:
    """The reference page, docs/isa.md."""
    lines = [
        "# Instruction set",
        "",
        "Generated from `vm/isa.py` by `python -m weft.vm.isa`; a test keeps it current.",
        "",
        "An instruction is an opcode byte and its fields in order. A field is an index, an unsigned LEB128 number below 2³²;",
        "a field that holds several is their count and then each of them. Native code works on buffers and is executed by the native",
        "runtime, driver code works on registers and is executed in Python.",
        "",
    ]
    for opcode, cls in sorted(TABLE.items()):
        where = {(True, True): "native and driver code", (True, False): "native code", (False, True): "driver code"}
        lines += [f"## `{opcode:#04x}` {cls.mnemonic}", "", where[in_native_code(cls), in_driver_code(cls)].capitalize() + ".", ""]
        lines += [" ".join((cls.__doc__ or "").split()), ""]
        if cls.operands:
            lines += ["| field | |", "|---|---|"]
            lines += [f"| `{name}` | {'several: ' if many else ''}{OPERAND_KINDS[kind]} |" for name, kind, many in cls.operands]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(reference(), end="")
