"""Builds programs by hand: kernels from a writer, dims as postfix text (`"N 4 *"`), buffers and instructions as calls."""

import json
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from weft.compiler.codegen.link import link
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.runtime import runtime_object
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import Target
from weft.compiler.codegen.writer import Module, Writer
from weft.proto import graph_pb2, program_pb2
from weft.proto.artifact import CodeImage, Program
from weft.proto.dtypes import BY_NAME
from weft.proto.value_types import ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType
from weft.proto.weights import Weights
from weft.vm import isa
from weft.vm.native_abi import ENTRY_POINTS, RUNTIME_ABI

Dim = int | str
OPS = {"+": 2, "*": 3, "//": 4, "%": 5, "min": 6, "max": 7}
READ, WRITE, READWRITE = range(3)
INPUT, OUTPUT, CONSTANT, ARENA, VIEW = range(5)


@cache
def libraries(target: Target) -> tuple[bytes, tuple[bytes, ...]]:
    return runtime_object(target), tuple(support_objects(target))


def dim(d: Dim, names: Sequence[str] = ()) -> graph_pb2.Dim:
    if isinstance(d, int):
        return graph_pb2.Dim(size=d)
    steps: list[graph_pb2.Dim.Step] = []
    for word in d.split():
        if word in OPS:
            steps.append(graph_pb2.Dim.Step(op=OPS[word]))
        elif word in names:
            steps.append(graph_pb2.Dim.Step(op=1, value=list(names).index(word)))
        else:
            steps.append(graph_pb2.Dim.Step(op=0, value=int(word)))
    return graph_pb2.Dim(expr=graph_pb2.Dim.Expr(steps=steps))


def tensor(dtype: str, shape: Sequence[Dim], names: Sequence[str] = ()) -> graph_pb2.TensorType:
    return graph_pb2.TensorType(dtype=BY_NAME[dtype].number, dims=[dim(d, names) for d in shape])


def nbytes(dtype: str, shape: Sequence[Dim]) -> Dim:
    """The bytes of an array, as a dim."""
    size = BY_NAME[dtype].itemsize
    if all(isinstance(d, int) for d in shape):
        return size * int(np.prod([int(d) for d in shape], dtype=np.int64))
    return " ".join([str(size), *(f"{d} *" for d in shape)])


class FunctionBuilder:
    """One function; every method that makes a buffer returns its index."""

    def __init__(self, program: "ProgramBuilder", name: str, symbols: Sequence[str]) -> None:
        self.program = program
        self.names = list(symbols)
        self.pb = program_pb2.Function(name=name, symbols=[graph_pb2.Symbol(name=s) for s in symbols])
        self.code: list[isa.Instr] = []

    def buffer(self, kind: int, index: int, offset: Dim, size: Dim, type_: graph_pb2.TensorType | None = None) -> int:
        self.pb.buffers.add(kind=kind, index=index, offset=dim(offset, self.names), bytes=dim(size, self.names), type=type_)
        return len(self.pb.buffers) - 1

    def input(self, name: str, dtype: str, shape: Sequence[Dim]) -> int:
        t = tensor(dtype, shape, self.names)
        self.pb.inputs.add(name=name, type=t)
        return self.buffer(INPUT, len(self.pb.inputs) - 1, 0, nbytes(dtype, shape), t)

    def output(self, name: str, dtype: str, shape: Sequence[Dim]) -> int:
        t = tensor(dtype, shape, self.names)
        self.pb.outputs.add(name=name, type=t)
        return self.buffer(OUTPUT, len(self.pb.outputs) - 1, 0, nbytes(dtype, shape), t)

    def constant(self, array: np.ndarray, dtype: str) -> int:
        return self.buffer(CONSTANT, self.program.constant(array, dtype), 0, array.nbytes, tensor(dtype, array.shape))

    def arena(self, offset: Dim, dtype: str, shape: Sequence[Dim]) -> int:
        return self.buffer(ARENA, 0, offset, nbytes(dtype, shape), tensor(dtype, shape, self.names))

    def view(self, base: int, offset: Dim, size: Dim) -> int:
        return self.buffer(VIEW, base, offset, size)

    def args(self, buffers: Sequence[int], symbols: Sequence[Dim] = ()) -> isa.Args:
        self.pb.arg_lists.add(buffers=buffers, symbols=[dim(s, self.names) for s in symbols])
        return isa.Args(len(self.pb.arg_lists) - 1)

    def emit(self, *code: isa.Instr) -> int:
        """The index of the first of `code`."""
        self.code += code
        return len(self.code) - len(code)

    def launch(self, kernel: int, buffers: Sequence[int], symbols: Sequence[Dim] = ()) -> int:
        return self.emit(isa.Launch(isa.Kernel(kernel), self.args(buffers, symbols)))


class DriverBuilder:
    """One driver. Types are those of `value_types`, with dims as text; every method that makes a register returns it."""

    def __init__(self, program: "ProgramBuilder", name: str, symbols: Sequence[str]) -> None:
        self.program = program
        self.names = list(symbols)
        self.pb = program_pb2.Driver(name=name, symbols=[graph_pb2.Symbol(name=s) for s in symbols])
        self.code: list[isa.Instr] = []

    def type(self, t: ValueType) -> int:
        match t:
            case ArrayType(dtype, shape):
                message = program_pb2.ValueType(tensor=tensor(dtype.name, shape, self.names))
            case UnrankedType(dtype):
                message = program_pb2.ValueType(unranked=dtype.number)
            case SequenceType(element):
                message = program_pb2.ValueType(sequence=self.type(element))
            case OptionalType(element):
                message = program_pb2.ValueType(optional=self.type(element))
            case MapType(key, value):
                message = program_pb2.ValueType(map=program_pb2.ValueType.Map(key=key.number, value=self.type(value)))
            case _:
                raise TypeError(t)
        self.pb.types.append(message)
        return len(self.pb.types) - 1

    def register(self, t: ValueType) -> isa.Register:
        self.pb.registers.append(self.type(t))
        return isa.Register(len(self.pb.registers) - 1)

    def registers(self, *types: ValueType) -> tuple[isa.Register, ...]:
        return tuple(self.register(t) for t in types)

    def input(self, name: str, t: ValueType) -> isa.Register:
        register = self.register(t)
        self.pb.inputs.add(name=name, register=register)
        return register

    def output(self, name: str, register: isa.Register) -> None:
        self.pb.outputs.add(name=name, register=register)

    def emit(self, *code: isa.Instr) -> isa.Target:
        """The position of the first of `code`."""
        self.code += code
        return isa.Target(len(self.code) - len(code))

    def invoke(self, f: FunctionBuilder, inputs: Sequence[isa.Register], *outputs: ValueType) -> tuple[isa.Register, ...]:
        found = self.registers(*outputs)
        self.emit(isa.Invoke(isa.Function(self.program.functions.index(f)), tuple(inputs), found))
        return found

    def host(self, name: str, inputs: Sequence[isa.Register], *outputs: ValueType, **attributes: object) -> tuple[isa.Register, ...]:
        found = self.registers(*outputs)
        self.emit(isa.HostValue(self.program.host_call(name, **attributes), tuple(inputs), found))
        return found

    def constant(self, array: np.ndarray, dtype: str) -> isa.Register:
        register = self.register(ArrayType(BY_NAME[dtype], array.shape))
        self.emit(isa.LoadConstant(register, isa.Constant(self.program.constant(array, dtype))))
        return register


class ProgramBuilder:
    """A program under construction. `build()` compiles the kernels for `target` and links them with the runtime."""

    def __init__(self, target: Target | None = None) -> None:
        self.target = target or Target.host()
        self.pb = program_pb2.Program(version=1, min_reader=1, producer="tests", locs=[program_pb2.Loc()])
        self.module = Module(self.target)
        self.weights = Weights()
        self.functions: list[FunctionBuilder] = []
        self.drivers: list[DriverBuilder] = []

    def kernel(
        self,
        write: Callable[[Writer], None],
        params: Sequence[tuple[int, str, Dim]],
        symbols: Sequence[str] = (),
        chunks: Dim = 1,
        scratch: Dim = 0,
    ) -> int:
        """A kernel from (access, dtype, bytes) of its parameters."""
        k = self.pb.kernels.add(name=f"{write.__name__}{len(self.pb.kernels)}", kind="map", symbols=symbols)
        for access, dtype, size in params:
            k.params.add(access=access, dtype=BY_NAME[dtype].number, bytes=dim(size, symbols))
        k.chunks.CopyFrom(dim(chunks, symbols))
        k.scratch_bytes.CopyFrom(dim(scratch, symbols))
        write(self.module.kernel(k.name))
        return len(self.pb.kernels) - 1

    def function(self, name: str = "main", symbols: Sequence[str] = ()) -> FunctionBuilder:
        self.functions.append(FunctionBuilder(self, name, symbols))
        return self.functions[-1]

    def driver(self, name: str = "main", symbols: Sequence[str] = ()) -> DriverBuilder:
        """A driver; its native functions are called something else and are private."""
        self.drivers.append(DriverBuilder(self, name, symbols))
        return self.drivers[-1]

    def constant(self, array: np.ndarray, dtype: str) -> int:
        """The index of a constant."""
        self.pb.constants.add(name=f"c{len(self.pb.constants)}", type=tensor(dtype, array.shape), offset=self.weights.add(array))
        return len(self.pb.constants) - 1

    def host_call(self, name: str, **attributes: object) -> isa.Host:
        """The index of a host call."""
        self.pb.host_calls.add(name=name, attributes=json.dumps(attributes) if attributes else "")
        return isa.Host(len(self.pb.host_calls) - 1)

    def build(self) -> Program:
        runtime, support = libraries(self.target)
        image = link([runtime, compile_module(self.module.text(), self.target)], support)
        self.pb.images.add(
            level=self.target.name,
            arch=self.target.arch,
            features=self.target.cpuinfo,
            runtime_abi=RUNTIME_ABI,
            runtime={name: image.symbols[name] for name in ENTRY_POINTS},
            kernel_offsets=[image.symbols[k.name] for k in self.pb.kernels],
        )
        for f in self.functions:
            f.pb.code = isa.encode(f.code)
            f.pb.private = bool(self.drivers)
            self.pb.functions.append(f.pb)
        for d in self.drivers:
            d.pb.code = isa.encode(d.code)
            self.pb.drivers.append(d.pb)
        return Program(self.pb.SerializeToString(), {self.target.name: CodeImage(image.data)}, self.weights)


# -- kernels ------------------------------------------------------------------------------------------------------------------


def add(w: Writer) -> None:
    """z[i] = x[i] + y[i] of f32, one element per chunk."""
    with w.loop(w.end, start=w.begin) as i:
        x, y = (w.load("float", w.gep("float", w.operand(n), i)) for n in (0, 1))
        w.store(w.fadd(x, y), w.gep("float", w.operand(2), i))
    w.ret(0)


def increment(w: Writer) -> None:
    """The i64 at slot 1 becomes the one at slot 0, plus 1."""
    w.store(w.add(w.load("i64", w.operand(0)), 1), w.operand(1))
    w.ret(0)


def less(w: Writer) -> None:
    """Whether the i64 at slot 0 is less than the one at slot 1, as a bool to slot 2."""
    a, b = w.load("i64", w.operand(0)), w.load("i64", w.operand(1))
    w.store(w.zext(w.icmp("slt", a, b), "i8"), w.operand(2))
    w.ret(0)


def fill(w: Writer) -> None:
    """z[i] = the f32 at slot 0, one element per chunk; the operand between is a witness."""
    value = w.load("float", w.operand(0))
    with w.loop(w.end, start=w.begin) as i:
        w.store(value, w.gep("float", w.operand(2), i))
    w.ret(0)


def status(w: Writer) -> None:
    """Fails with the i32 at slot 0."""
    w.ret(w.load("i32", w.operand(0)))


def add_program(shape: Sequence[Dim] = (4,), symbols: Sequence[str] = (), target: Target | None = None) -> ProgramBuilder:
    """main(x, y) = x + y, with a kernel that knows its extent at run time."""
    p = ProgramBuilder(target)
    size = "4 N *"
    k = p.kernel(add, [(READ, "f32", size), (READ, "f32", size), (WRITE, "f32", size)], ("N",), "N")
    f = p.function(symbols=symbols)
    x, y = f.input("x", "f32", shape), f.input("y", "f32", shape)
    z = f.output("z", "f32", shape)
    count = " ".join(["1", *(f"{d} *" for d in shape)])
    f.launch(k, [x, y, z], [count])
    f.emit(isa.Return())
    return p


def counting_program(locs: bool = False) -> ProgramBuilder:
    """main(n: i64[]) counts from 0 up to n in a loop: arena holds the counter and the condition."""
    p = ProgramBuilder()
    inc = p.kernel(increment, [(READ, "i64", 8), (WRITE, "i64", 8)])
    test = p.kernel(less, [(READ, "i64", 8), (READ, "i64", 8), (WRITE, "i1", 1)])
    f = p.function()
    n, result = f.input("n", "i64", ()), f.output("count", "i64", ())
    f.pb.arena_bytes.size = 128
    counter, more = f.arena(0, "i64", ()), f.arena(64, "i1", ())
    zero = f.constant(np.zeros((), np.int64), "i64")
    f.emit(isa.Copy(isa.Buffer(counter), isa.Buffer(zero)))
    head = f.launch(test, [counter, n, more])
    f.emit(isa.BranchIfFalse(isa.Buffer(more), isa.Target(head + 4)))
    f.launch(inc, [counter, counter])
    f.emit(isa.Jump(isa.Target(head)))
    f.emit(isa.Copy(isa.Buffer(result), isa.Buffer(counter)), isa.Return())
    if locs:
        p.pb.locs.add(file="model.onnx", name="loop")
        f.pb.locs.extend([1] * len(f.code))
    return p
