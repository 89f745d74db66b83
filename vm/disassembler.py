"""A program as text for people."""

from collections.abc import Callable, Iterator

from . import isa
from .dims import LIMIT
from .model import ArgList, Driver, Function, Kind, Model
from .signature import make_signature
from .values import type_text


def disassemble(model: Model) -> str:
    """Every function: its signature, its buffers or registers, its instructions with names for indices."""
    lines: list[str] = []
    for function in model.functions:
        lines += _function(model, function)
    for driver in model.drivers:
        lines += _driver(model, driver)
    return "\n".join(lines)


def _symbols(f: Function | Driver) -> Iterator[str]:
    for symbol in f.symbols:
        yield f"  symbol {symbol.name} in [{symbol.lo}, {'…' if symbol.hi == LIMIT - 1 else symbol.hi}]"


def _function(model: Model, f: Function) -> Iterator[str]:
    yield f"{'private ' if f.private else ''}function {make_signature(f)}" + (f" on {model.devices[f.device]}" if f.device else "")
    yield from _symbols(f)
    yield f"  arena {f.arena} bytes"
    for n in range(len(f.buffers)):
        yield f"  b{n} = {_buffer(model, f, n)}"
    yield from _code(model, f, lambda n: f.arg_lists[n])
    yield ""


def _driver(model: Model, d: Driver) -> Iterator[str]:
    yield f"driver {make_signature(d)}"
    yield from _symbols(d)
    names = {r: f"output {name!r}" for name, r in d.outputs} | {r: f"input {name!r}" for name, r in d.inputs}
    for n, t in enumerate(d.registers):
        device = f" on {model.devices[d.devices[n]]}" if d.devices and d.devices[n] else ""
        yield f"  r{n} = {type_text(t)}{device}" + (f", {names[n]}" if n in names else "")
    yield from _code(model, d, lambda _: ArgList((), ()))
    yield ""


def _code(model: Model, f: Function | Driver, args: Callable[[int], ArgList]) -> Iterator[str]:
    for index, i in enumerate(f.code):
        loc = model.loc(f, index)
        yield f"  {index:4}  {_instr(model, args, i)}" + (f"  ; {loc}" if loc else "")


def _buffer(model: Model, f: Function, n: int) -> str:
    b = f.buffers[n]
    match b.kind:
        case Kind.INPUT:
            text = f"input {f.inputs[b.index].name!r}"
        case Kind.OUTPUT:
            text = f"output {f.outputs[b.index].name!r}"
        case Kind.CONSTANT:
            text = f"constant {model.constants[b.index].name!r}"
        case Kind.ARENA:
            text = f"arena at {b.offset}"
        case Kind.VIEW:
            text = f"b{b.index} at {b.offset}"
    return f"{text}, {b.bytes} bytes" + (f", {b.type}" if b.type else "")


def _instr(model: Model, arg_list: Callable[[int], ArgList], i: isa.Instr) -> str:
    def show(kind: object, number: int) -> str:
        if kind is isa.Kernel:
            return model.kernels[number].name
        if kind is isa.Host:
            return "".join(model.host_calls[number])  # name and attributes
        if kind is isa.Buffer:
            return f"b{number}"
        if kind is isa.Register:
            return f"r{number}"
        if kind is isa.Function:
            return model.functions[number].name
        if kind is isa.Constant:
            return repr(model.constants[number].name)
        if kind is isa.Args:
            args = arg_list(number)
            return "(" + ", ".join([f"b{b}" for b in args.buffers] + [str(s) for s in args.symbols]) + ")"
        return str(number)

    return isa.format_instr(i, show)
