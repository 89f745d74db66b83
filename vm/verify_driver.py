"""Checks of driver code, before any of it runs: registers and their types, calls, jumps, and that what is read was written.

Sizes are left to the values themselves: native functions bind their symbols when they are invoked, and what host functions return is
held against the types of its registers.
"""

from collections.abc import Sequence

from ..proto.dtypes import BOOL, I32, STRING
from ..proto.errors import Diagnostic, WeftError
from ..proto.value_types import ArrayType, MapType, OptionalType, SequenceType, ValueType, compatible
from . import host, isa
from .code_checks import CodeChecks
from .dims import Expr, bound_symbols
from .flow import Effect, flow_problem, read_too_early
from .isa import (
    BranchUnless,
    Constant,
    Function,
    Host,
    HostValue,
    Invoke,
    LoadConstant,
    Move,
    Register,
    Release,
    Return,
    SwitchOn,
    Target,
    Transfer,
)
from .model import Driver, Model, Port
from .values import type_text


class DriverChecks(CodeChecks):
    """The checks of one driver."""

    what = "driver"

    def __init__(self, model: Model, driver: Driver) -> None:
        counts: dict[object, int] = {
            Register: len(driver.registers),
            Function: len(model.functions),
            Constant: len(model.constants),
            Host: len(model.host_calls),
            Target: len(driver.code),
        }
        super().__init__(model, driver, counts)
        self.driver = driver

    def check(self) -> list[Diagnostic]:
        """Every problem found."""
        self._locs()
        if self._devices() and self._ports():
            self._symbols()
            self._aliases()
            for index, i in enumerate(self.driver.code):
                if self._operands(index, i):
                    self._instruction(index, i)
            if not self.problems:
                self._flow()
        return self.problems

    def _devices(self) -> bool:
        """Whether every register, if any is said to be elsewhere than on the host, is on a device of the program."""
        d = self.driver
        good = len(d.devices) in (0, len(d.registers)) and all(n < len(self.model.devices) for n in d.devices)
        if not good:
            self._report("device", f"{len(d.devices)} places for {len(d.registers)} registers, or one on a device that there is not")
        return good

    def _on(self, register: int) -> int:
        return self.driver.devices[register] if self.driver.devices else 0

    def _must_be_on(self, index: int | None, registers: Sequence[int], device: int) -> None:
        names = self.model.devices
        for r in registers:
            if self._on(r) != device:
                self._report("device", f"register {r} is on {names[self._on(r)]}, where one on {names[device]} is needed", index)

    # -- the signature --------------------------------------------------------------------------------------------------------

    def _ports(self) -> bool:
        """Whether inputs and outputs are registers, with names."""
        d = self.driver
        before = len(self.problems)
        for what, names in (("symbols", [s.name for s in d.symbols]), ("inputs", [name for name, _ in d.inputs])):
            if len(set(names)) < len(names) or (what == "symbols" and "" in names):
                self._report("signature", f"the {what} are {', '.join(map(repr, names))}, not distinct names")
        for name, register in (*d.inputs, *d.outputs):
            if register >= len(d.registers):
                self._report("register", f"{name!r} is in register {register}, but there are {len(d.registers)}")
            else:
                self._must_be_on(None, (register,), 0)
        if len({r for _, r in d.inputs}) < len(d.inputs):
            self._report("signature", "two inputs share a register")
        return len(self.problems) == before

    def _symbols(self) -> None:
        """The shapes of inputs and the bounds of bound symbols mention bound symbols alone."""
        d = self.driver
        types = [d.registers[r] for _, r in d.inputs]
        shapes = [t.shape for t in types if isinstance(t, ArrayType)]
        bound = bound_symbols(shapes)
        dims = [dim for shape in shapes for dim in shape] + [dim for n in sorted(bound) for dim in (d.symbols[n].lo, d.symbols[n].hi)]
        unknown = {s for dim in dims if isinstance(dim, Expr) for s in dim.symbols} - bound
        for n in sorted(unknown):
            fact = f"symbol {d.symbols[n].name} is no dimension of an input, but a shape or a bound needs its value"
            self._report("symbol", fact)

    def _aliases(self) -> None:
        d = self.driver
        for i, o in d.aliases:
            pair = (d.registers[d.inputs[i][1]], d.registers[d.outputs[o][1]]) if i < len(d.inputs) and o < len(d.outputs) else None
            if pair is None or pair[0] != pair[1] or not isinstance(pair[0], ArrayType):
                self._report("alias", f"output {o} cannot be input {i}: there is no such pair of tensors of one type")
        for numbers in zip(*d.aliases, strict=True):
            if len(set(numbers)) < len(numbers):
                self._report("alias", "an input or an output is aliased twice")

    # -- instructions ---------------------------------------------------------------------------------------------------------

    def _operands(self, index: int, i: isa.Instr) -> bool:
        """Whether an instruction is one of driver code, with every index in range."""
        if not isa.in_driver_code(type(i)):
            self._report("operand", f"{i.mnemonic} is no instruction of driver code", index)
            return False
        return self._indices(index, i)

    def _instruction(self, index: int, i: isa.Instr) -> None:
        types = self.driver.registers
        self._places(index, i)
        match i:
            case Invoke(function, inputs, outputs):
                self._distinct(index, outputs)
                self._invoke(index, function, inputs, outputs)
            case HostValue(call, inputs, outputs):
                self._distinct(index, outputs)
                self._host(index, call, inputs, outputs)
            case LoadConstant(dst, constant):
                type_ = self.model.constants[constant].type
                self._fits(index, f"constant {constant}", ArrayType(type_.dtype, type_.shape), dst)
            case Move(dst, src) | Transfer(dst, src):
                self._fits(index, f"register {src}", types[src], dst)
            case BranchUnless(pred, _):
                if types[pred] != ArrayType(BOOL, ()):
                    self._report("type", f"register {pred} holds {type_text(types[pred])}, a branch reads a scalar of i1", index)
            case SwitchOn(selector, targets):
                if types[selector] != ArrayType(I32, ()):
                    self._report("type", f"register {selector} holds {type_text(types[selector])}, a switch reads a scalar of i32", index)
                if not targets:
                    self._report("switch", "a switch needs a target", index)
            case _:
                pass

    def _places(self, index: int, i: isa.Instr) -> None:
        """Whether the registers of an instruction are on the devices that it works on."""
        match i:
            case Invoke(function, inputs, outputs):
                device = self.model.functions[function].device
                if device < len(self.model.devices):  # else the function has been reported
                    self._must_be_on(index, (*inputs, *outputs), device)
            case HostValue(_, inputs, outputs):
                self._must_be_on(index, (*inputs, *outputs), 0)
            case LoadConstant(register, _) | BranchUnless(register, _) | SwitchOn(register, _):
                self._must_be_on(index, (register,), 0)
            case Move(dst, src):
                self._must_be_on(index, (src,), self._on(dst))
            case Transfer(dst, src):
                held = self.driver.registers[src]
                if self._on(dst) == self._on(src) or not isinstance(held, ArrayType) or held.dtype is STRING:
                    self._report("device", f"a transfer takes an array of numbers to another device, not {type_text(held)}", index)
            case _:
                pass

    def _distinct(self, index: int, outputs: Sequence[int]) -> None:
        if len(set(outputs)) < len(outputs):
            self._report("register", "two results go to one register", index)

    def _fits(self, index: int, what: str, given: ValueType, register: int) -> None:
        held = self.driver.registers[register]
        if not compatible(given, held):
            self._report("type", f"{what} is {type_text(given)}, register {register} holds {type_text(held)}", index)

    def _invoke(self, index: int, function: int, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        f = self.model.functions[function]
        if len(inputs) != len(f.inputs) or len(outputs) != len(f.outputs):
            wanted = f"{len(f.inputs)} inputs and {len(f.outputs)} outputs"
            self._report("args", f"function {f.name!r} has {wanted}, not {len(inputs)} and {len(outputs)}", index)
            return
        if f.aliases:
            self._report("alias", f"function {f.name!r} overwrites an input, which other registers may hold", index)
        for ports, registers, what in ((f.inputs, inputs, "input"), (f.outputs, outputs, "output")):
            for port, register in zip(ports, registers, strict=True):
                self._port(index, f"{what} {port.name!r} of {f.name!r}", port, register)

    def _port(self, index: int, what: str, port: Port, register: int) -> None:
        """Whether a register may hold what a port takes or gives. Its type has a rank: native functions know no other arrays."""
        held = self.driver.registers[register]
        if not isinstance(held, ArrayType):
            self._report("type", f"{what} is an array of known rank, register {register} holds {type_text(held)}", index)
            return
        self._fits(index, what, ArrayType(port.type.dtype, port.type.shape), register)

    def _host(self, index: int, call: int, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        name, attributes = self.model.host_calls[call]
        function = host.find(name)
        if function is None:
            return  # reported for the program
        types = self.driver.registers
        try:
            promised = function.promise(host.parse_attributes(attributes), [_without_symbols(types[r]) for r in inputs])
        except WeftError as error:
            self._report("host", f"with attributes {attributes}: {error.diagnostics[0].message}", index)
            return
        if len(promised) != len(outputs):
            self._report("host", f"host call {name!r} gives {len(promised)} results, not {len(outputs)}", index)
            return
        for n, (t, register) in enumerate(zip(promised, outputs, strict=True)):
            self._fits(index, f"result {n} of host call {name!r}", t, register)

    # -- paths ----------------------------------------------------------------------------------------------------------------

    def _flow(self) -> None:
        """Every path reaches `return`, and has written a register before it is read."""
        d = self.driver
        problem, at = flow_problem(d.code)
        if problem:
            self._report("flow", problem, at)
            return
        given = _bits([r for _, r in d.inputs])
        for index, bits in read_too_early(d.code, [self._effect(i) for i in d.code], given):
            register = (bits & -bits).bit_length() - 1
            self._report("unwritten", f"register {register} is read, but not written on every path to here", index)

    def _effect(self, i: isa.Instr) -> Effect:
        match i:
            case Invoke(_, inputs, outputs) | HostValue(_, inputs, outputs):
                return Effect(_bits(inputs), _bits(outputs))
            case LoadConstant(dst, _):
                return Effect(writes=1 << dst)
            case Move(dst, src) | Transfer(dst, src):
                return Effect(1 << src, 1 << dst)
            case Release(registers):
                return Effect(empties=_bits(registers))
            case BranchUnless(register, _) | SwitchOn(register, _):
                return Effect(1 << register)
            case Return():
                return Effect(_bits([r for _, r in self.driver.outputs]))
            case _:
                return Effect()


def _bits(numbers: Sequence[int]) -> int:
    return sum(1 << n for n in set(numbers))


def _without_symbols(t: ValueType) -> ValueType:
    """The type with None for dims that only data knows: host functions look at types, not at expressions."""
    match t:
        case ArrayType(dtype, shape):
            return ArrayType(dtype, tuple(d if isinstance(d, int) else None for d in shape))
        case SequenceType(element):
            return SequenceType(_without_symbols(element))
        case OptionalType(element):
            return OptionalType(_without_symbols(element))
        case MapType(key, value):
            return MapType(key, _without_symbols(value))
        case _:
            return t
