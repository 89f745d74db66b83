"""A program as text for people."""

from collections.abc import Iterator

from . import isa
from .dims import LIMIT
from .model import Function, Kind, Model
from .signature import make_signature


def disassemble(model: Model) -> str:
    """Every function: its signature, its buffers, its instructions with names for indices."""
    lines: list[str] = []
    for function in model.functions:
        lines += _function(model, function)
    return "\n".join(lines)


def _function(model: Model, f: Function) -> Iterator[str]:
    yield f"function {make_signature(f)}"
    for symbol in f.symbols:
        yield f"  symbol {symbol.name} in [{symbol.lo}, {'…' if symbol.hi == LIMIT - 1 else symbol.hi}]"
    yield f"  arena {f.arena} bytes"
    for n in range(len(f.buffers)):
        yield f"  b{n} = {_buffer(model, f, n)}"
    for index, i in enumerate(f.code):
        loc = model.loc(f, index)
        yield f"  {index:4}  {_instr(model, f, i)}" + (f"  ; {loc}" if loc else "")
    yield ""


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


def _instr(model: Model, f: Function, i: isa.Instr) -> str:
    def show(kind: object, number: int) -> str:
        if kind is isa.Kernel:
            return model.kernels[number].name
        if kind is isa.Host:
            return model.host_calls[number][0]
        if kind is isa.Buffer:
            return f"b{number}"
        if kind is isa.Args:
            args = f.arg_lists[number]
            return "(" + ", ".join([f"b{b}" for b in args.buffers] + [str(s) for s in args.symbols]) + ")"
        return str(number)

    return isa.format_instr(i, show)
