"""A program as the VM sees it: `program.proto` decoded into plain immutable objects, dims checked to be expressions.

What a message alone cannot be wrong about is checked here, everything that relates its parts in `verifier.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from google.protobuf.message import DecodeError

from ..proto import graph_pb2, program_pb2
from ..proto.dtypes import BY_NUMBER, DType
from ..proto.dtypes import Kind as DTypeKind
from ..proto.errors import UNKNOWN, Loc, fail
from ..proto.value_types import ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType
from . import dims, isa
from .dims import Dim, Symbol

VERSION = 3
HOST = "cpu:0"
"""the device where programs start; arguments and results are in its memory"""
MAX_NESTING = 32  # of sequences, optionals and maps


class Access(IntEnum):
    """What a kernel does to a parameter."""

    READ = 0
    WRITE = 1
    READWRITE = 2


class Kind(IntEnum):
    """What a buffer is a part of."""

    INPUT = 0
    OUTPUT = 1
    CONSTANT = 2
    ARENA = 3
    VIEW = 4


@dataclass(frozen=True, slots=True)
class Type:
    """Element type and dims of an array."""

    dtype: DType
    shape: tuple[Dim, ...]

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"

    def nbytes(self, values: Sequence[int]) -> int:
        """The bytes of an array of this type for these symbol values."""
        size = self.dtype.itemsize
        for dim in self.shape:
            size *= dims.evaluate(dim, values)
        if size >= dims.LIMIT:
            raise fail("program.dim", f"{self} is too large")
        return size


@dataclass(frozen=True, slots=True)
class Param:
    """What a kernel does with an operand."""

    access: Access
    dtype: DType | None  # None: untyped bytes
    bytes: Dim
    align: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel of the program."""

    name: str
    kind: str
    description: str
    params: tuple[Param, ...]
    symbols: tuple[str, ...]
    chunks: Dim
    scratch: Dim


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant, where it lies in the weights."""

    name: str
    type: Type
    offset: int


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a function."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory of a function."""

    kind: Kind
    index: int
    offset: Dim
    bytes: Dim
    type: Type | None


@dataclass(frozen=True, slots=True)
class ArgList:
    """The arguments of a launch."""

    buffers: tuple[int, ...]
    symbols: tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A native function."""

    name: str
    symbols: tuple[Symbol, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    aliases: tuple[tuple[int, int], ...]  # (input, output)
    arena: Dim
    buffers: tuple[Buffer, ...]
    arg_lists: tuple[ArgList, ...]
    code: tuple[isa.Instr, ...]
    locs: tuple[int, ...]
    private: bool = False
    device: int = 0

    def root(self, buffer: int) -> Buffer:
        """The buffer that a view finally looks into."""
        found = self.buffers[buffer]
        while found.kind is Kind.VIEW:
            found = self.buffers[found.index]
        return found


@dataclass(frozen=True, slots=True)
class Driver:
    """A function in driver code. `inputs` and `outputs` are (name, register); dims of `registers` are over `symbols`."""

    name: str
    symbols: tuple[Symbol, ...]
    registers: tuple[ValueType, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    aliases: tuple[tuple[int, int], ...]  # (input, output)
    code: tuple[isa.Instr, ...]
    locs: tuple[int, ...]
    devices: tuple[int, ...] = ()
    """of each register, of `Model.devices`; 0 is the host"""


@dataclass(frozen=True, slots=True)
class Model:
    """All of a program but its code images."""

    producer: str
    kernels: tuple[Kernel, ...]
    constants: tuple[Constant, ...]
    functions: tuple[Function, ...]
    host_calls: tuple[tuple[str, str], ...]  # (name, attributes)
    locs: tuple[Loc, ...]
    drivers: tuple[Driver, ...] = ()
    devices: tuple[str, ...] = (HOST,)

    def loc(self, function: Function | Driver, instr: int) -> Loc:
        """Where an instruction comes from."""
        return self.locs[function.locs[instr]] if function.locs and self.locs else UNKNOWN


def parse(data: bytes) -> program_pb2.Program:
    """The message in `data`. Raises `WeftError` (`program.message`, `program.version`)."""
    message = program_pb2.Program()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise fail("program.message", f"this is no program: {error}", help="the file is damaged: compile the model again") from error
    if message.min_reader > VERSION or message.version < 1:
        raise fail(
            "program.version",
            f"the program has format {message.version} and needs a reader of format {message.min_reader}; this one reads {VERSION}",
            help=f"upgrade weft; the program was made by {message.producer or 'an unknown producer'}",
        )
    return message


def decode(message: program_pb2.Program) -> Model:
    """The model of a message. Raises `WeftError` (`program.*`, `isa.*`) for a dim, dtype, location or instruction that is none."""
    return Model(
        message.producer,
        tuple(_kernel(k) for k in message.kernels),
        tuple(Constant(c.name, _type(c.type, ()), c.offset) for c in message.constants),
        tuple(_function(f) for f in message.functions),
        tuple((h.name, h.attributes) for h in message.host_calls),
        _locs(message.locs),
        tuple(_driver(d) for d in message.drivers),
        tuple(message.devices) or (HOST,),
    )


def _dtype(number: int) -> DType:
    if number not in BY_NUMBER:
        raise fail("program.dtype", f"there is no element type number {number}")
    return BY_NUMBER[number]


def _type(message: graph_pb2.TensorType, names: tuple[str, ...]) -> Type:
    return Type(_dtype(message.dtype), tuple(dims.from_pb(d, names) for d in message.dims))


def _kernel(message: program_pb2.Kernel) -> Kernel:
    names = tuple(message.symbols)
    return Kernel(
        message.name,
        message.kind,
        message.description,
        tuple(_param(p, names) for p in message.params),
        names,
        dims.from_pb(message.chunks, names),
        dims.from_pb(message.scratch_bytes, names),
    )


def _param(message: program_pb2.Kernel.Param, names: tuple[str, ...]) -> Param:
    if message.access not in Access.__members__.values():
        raise fail("program.access", f"a kernel parameter has unknown access {message.access}")
    dtype = _dtype(message.dtype) if message.dtype else None
    return Param(Access(message.access), dtype, dims.from_pb(message.bytes, names), message.align)


def _function(message: program_pb2.Function) -> Function:
    names = tuple(s.name for s in message.symbols)
    return Function(
        message.name,
        tuple(_symbol(s, names[:n]) for n, s in enumerate(message.symbols)),
        tuple(Port(p.name, _type(p.type, names)) for p in message.inputs),
        tuple(Port(p.name, _type(p.type, names)) for p in message.outputs),
        tuple((a.input, a.output) for a in message.aliases),
        dims.from_pb(message.arena_bytes, names),
        tuple(_buffer(b, names) for b in message.buffers),
        tuple(ArgList(tuple(a.buffers), tuple(dims.from_pb(d, names) for d in a.symbols)) for a in message.arg_lists),
        tuple(isa.decode(message.code)),
        tuple(message.locs),
        message.private,
        message.device,
    )


def _driver(message: program_pb2.Driver) -> Driver:
    names = tuple(s.name for s in message.symbols)
    types: list[ValueType] = []
    depths: list[int] = []
    for t in message.types:
        types.append(_value_type(t, names, types))
        inner = {"sequence": t.sequence, "optional": t.optional, "map": t.map.value}.get(t.WhichOneof("type") or "")
        depths.append(0 if inner is None else depths[inner] + 1)
        if depths[-1] > MAX_NESTING:
            raise fail("program.type", f"driver {message.name!r}: a type is nested more than {MAX_NESTING} deep")
    if any(number >= len(types) for number in message.registers):
        raise fail("program.register", f"driver {message.name!r}: a register has a type that is not in its table of {len(types)}")
    return Driver(
        message.name,
        tuple(_symbol(s, names[:n]) for n, s in enumerate(message.symbols)),
        tuple(types[number] for number in message.registers),
        tuple((p.name, p.register) for p in message.inputs),
        tuple((p.name, p.register) for p in message.outputs),
        tuple((a.input, a.output) for a in message.aliases),
        tuple(isa.decode(message.code)),
        tuple(message.locs),
        tuple(message.devices),
    )


def _value_type(message: program_pb2.ValueType, names: tuple[str, ...], earlier: Sequence[ValueType]) -> ValueType:
    def part(number: int) -> ValueType:
        if number >= len(earlier):
            raise fail("program.type", f"type {len(earlier)} is made of type {number}, which comes later")
        return earlier[number]

    match message.WhichOneof("type"):
        case "tensor":
            type_ = _type(message.tensor, names)
            return ArrayType(type_.dtype, type_.shape)
        case "unranked":
            return UnrankedType(_dtype(message.unranked))
        case "sequence":
            return SequenceType(part(message.sequence))
        case "optional":
            return OptionalType(part(message.optional))
        case "map":
            key = _dtype(message.map.key)
            if not key.is_int and key.kind is not DTypeKind.STRING:
                raise fail("program.type", f"the keys of a map are integers or strings, not {key}")
            return MapType(key, part(message.map.value))
        case _:
            raise fail("program.type", f"type {len(earlier)} is of a kind that is not known")


def _symbol(message: graph_pb2.Symbol, earlier: tuple[str, ...]) -> Symbol:
    lo = dims.from_pb(message.lo, earlier) if message.HasField("lo") else 0
    hi = dims.from_pb(message.hi, earlier) if message.HasField("hi") else dims.LIMIT - 1
    return Symbol(message.name, lo, hi)


def _buffer(message: program_pb2.Buffer, names: tuple[str, ...]) -> Buffer:
    if message.kind not in Kind.__members__.values():
        raise fail("program.buffer", f"a buffer has unknown kind {message.kind}")
    type_ = _type(message.type, names) if message.HasField("type") else None
    offset, size = dims.from_pb(message.offset, names), dims.from_pb(message.bytes, names)
    return Buffer(Kind(message.kind), message.index, offset, size, type_)


def _locs(messages: Sequence[program_pb2.Loc]) -> tuple[Loc, ...]:
    found: list[Loc] = []
    for m in messages:
        if any(part >= len(found) for part in m.parts):
            raise fail("program.loc", f"location {len(found)} is made of later ones")
        found.append(Loc(m.file, m.name, m.line, m.column, tuple(found[part] for part in m.parts)))
    return tuple(found)
