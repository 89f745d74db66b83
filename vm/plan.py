"""A function for one set of symbol values: where every buffer lies and how much of everything there is.

For a function without symbols this is made, and so checked, at load; otherwise when the shapes come along for the first time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..proto.errors import WeftError, fail
from .dims import Expr, evaluate
from .isa import BranchIfFalse, Copy, HostCall, Instr, Launch, Switch
from .model import Access, Buffer, Function, Kernel, Kind, Model

MAX_CHUNKS = (1 << 31) - 1
ALIGN = 64


@dataclass(frozen=True, slots=True)
class Place:
    """`bytes` bytes at `offset` of an input, an output, a constant (by `index`) or the arena."""

    kind: Kind
    index: int
    offset: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """The numbers of one launch."""

    chunks: int
    scratch: int
    symbols: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`launches` is by instruction; `scratch` is per worker and a multiple of 64; `shared` says whether any launch has several chunks."""

    function: Function
    values: tuple[int, ...]
    outputs: tuple[tuple[int, ...], ...]
    places: tuple[Place, ...]
    launches: dict[int, LaunchPlan]
    arena: int
    scratch: int = field(init=False)
    shared: bool = field(init=False)

    def __post_init__(self) -> None:
        scratch = max((launch.scratch for launch in self.launches.values()), default=0)
        object.__setattr__(self, "scratch", -(-scratch // ALIGN) * ALIGN)
        object.__setattr__(self, "shared", any(launch.chunks > 1 for launch in self.launches.values()))


def make_plan(model: Model, function: Function, values: tuple[int, ...]) -> Plan:
    """The plan for these symbol values. Raises `WeftError` (`program.*`) where the sizes in the program do not fit together."""
    try:
        arena = evaluate(function.arena, values)
        places: list[Place] = []
        for buffer in function.buffers:
            places.append(_place(model, function, buffer, values, places, arena))
        launches: dict[int, LaunchPlan] = {}
        for index, i in enumerate(function.code):
            try:
                _check(function, i, places)
                if isinstance(i, Launch):
                    launches[index] = _launch(model.kernels[i.kernel], function, i, places, values)
            except WeftError as error:
                raise error.at(model.loc(function, index)) from None
        outputs = tuple(tuple(evaluate(d, values) for d in port.type.shape) for port in function.outputs)
    except WeftError as error:
        bound = ", ".join(f"{s.name} = {v}" for s, v in zip(function.symbols, values, strict=True))
        raise error.at(error.diagnostics[0].loc, context=f"planning {function.name!r}" + (f" for {bound}" if bound else "")) from None
    return Plan(function, values, outputs, tuple(places), launches, arena)


def _place(model: Model, f: Function, buffer: Buffer, values: Sequence[int], earlier: Sequence[Place], arena: int) -> Place:
    size, offset = evaluate(buffer.bytes, values), evaluate(buffer.offset, values)
    what = f"buffer {len(earlier)}"
    if buffer.type is not None and buffer.type.nbytes(values) != size:
        raise fail("program.bounds", f"{what} has {size} bytes and holds {buffer.type}, which is {buffer.type.nbytes(values)}")
    match buffer.kind:
        case Kind.ARENA:
            if offset % ALIGN:
                raise fail("program.arena", f"{what} lies at {offset} in the arena, which is no multiple of {ALIGN}")
            _inside(what, offset, size, "the arena", arena)
            return Place(Kind.ARENA, 0, offset, size)
        case Kind.VIEW:
            base = earlier[buffer.index]
            _inside(what, offset, size, f"buffer {buffer.index}", base.bytes)
            return Place(base.kind, base.index, base.offset + offset, size)
        case Kind.INPUT:
            type_ = f.inputs[buffer.index].type
        case Kind.OUTPUT:
            type_ = f.outputs[buffer.index].type
        case Kind.CONSTANT:
            type_ = model.constants[buffer.index].type
    if type_.nbytes(values) != size:
        whole = f"{buffer.kind.name.lower()} {buffer.index}, {type_}"
        raise fail("program.bounds", f"{what} has {size} bytes, but {whole} has {type_.nbytes(values)}")
    return Place(buffer.kind, buffer.index, 0, size)


def _inside(what: str, offset: int, size: int, whole: str, limit: int) -> None:
    if offset + size > limit:
        raise fail("program.bounds", f"{what} is [{offset}, {offset + size}) of {whole}, which has {limit} bytes")


def _check(f: Function, i: Instr, places: Sequence[Place]) -> None:
    match i:
        case Copy(dst, src) if places[dst].bytes != places[src].bytes:
            raise fail("program.bounds", f"copy of {places[src].bytes} bytes (buffer {src}) to {places[dst].bytes} bytes (buffer {dst})")
        case BranchIfFalse(buffer, _) if places[buffer].bytes < 1:
            raise fail("program.bounds", f"buffer {buffer} is empty, and a branch reads it")
        case Switch(buffer, _) if places[buffer].bytes < 4:
            raise fail("program.bounds", f"buffer {buffer} has {places[buffer].bytes} bytes, and a switch reads 4")
        case HostCall(_, args) if any(f.buffers[b].type is None for b in f.arg_lists[args].buffers):
            raise fail("program.host", f"argument list {args} of a host call has a buffer without a type")
        case _:
            pass


def _launch(kernel: Kernel, f: Function, i: Launch, places: Sequence[Place], values: Sequence[int]) -> LaunchPlan:
    args = f.arg_lists[i.args]
    symbols = tuple(dim.evaluate(values) if isinstance(dim, Expr) else dim for dim in args.symbols)
    written: list[int] = []
    for n, (param, buffer) in enumerate(zip(kernel.params, args.buffers, strict=True)):
        needed = evaluate(param.bytes, symbols)
        written += [needed] if param.access is not Access.READ else []
        if places[buffer].bytes < needed:
            fact = f"parameter {n} of kernel {kernel.name!r} takes {needed} bytes, buffer {buffer} has {places[buffer].bytes}"
            raise fail("program.bounds", fact)
    # Where all results are empty there is nothing to do, however often the loops would turn.
    chunks = evaluate(kernel.chunks, symbols) if any(written) or not written else 0
    if chunks > MAX_CHUNKS:
        raise fail("program.chunks", f"kernel {kernel.name!r} has {chunks} chunks, more than {MAX_CHUNKS}")
    return LaunchPlan(chunks, evaluate(kernel.scratch, symbols), symbols)
