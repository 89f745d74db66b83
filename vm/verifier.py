"""Checks that a program is what `program.proto` says, before any of it runs. Every problem found is reported.

Sizes that depend on symbols are checked when they are known, by `plan.py`; everything else is checked here, at load.
"""

from collections.abc import Iterator

from ..proto import program_pb2
from ..proto.dtypes import Kind as DTypeKind
from ..proto.errors import Diagnostic, WeftError
from . import host, isa, native_abi
from .code_checks import CodeChecks
from .dims import Expr, bound_symbols
from .flow import Effect, flow_problem, read_too_early
from .isa import Args, BranchIfFalse, Buffer, Copy, Host, HostCall, Kernel, Launch, Return, Switch, Target
from .model import HOST, Access, Function, Kind, Model

ALIGN = 64


def verify(model: Model) -> None:
    """Raise a `WeftError` with every problem of `model`."""
    problems = [*_program(model)]
    for function in model.functions:
        problems += _Function(model, function).check()
    if model.drivers:
        from .verify_driver import DriverChecks  # few programs have any, and a start counts

        for driver in model.drivers:
            problems += DriverChecks(model, driver).check()
    if problems:
        raise WeftError(*problems)


def verify_image(image: program_pb2.Image, size: int, kernels: int) -> None:
    """Raise a `WeftError` unless `image`, of `size` bytes, has a known runtime and all kernels inside it."""
    problems: list[Diagnostic] = []
    if image.runtime_abi != native_abi.RUNTIME_ABI:
        fact = f"the image for {image.level} has runtime ABI {image.runtime_abi}, this VM has {native_abi.RUNTIME_ABI}"
        problems.append(Diagnostic("program.runtime", fact, help="compile the model with a weft of this version"))
    problems += [
        Diagnostic("program.runtime", f"the image for {image.level} does not export {name}")
        for name in native_abi.ENTRY_POINTS
        if name not in image.runtime
    ]
    if len(image.kernel_offsets) != kernels:
        fact = f"the image for {image.level} has {len(image.kernel_offsets)} kernels, the program {kernels}"
        problems.append(Diagnostic("program.image", fact))
    if any(offset >= size for offset in (*image.kernel_offsets, *image.runtime.values())):
        problems.append(Diagnostic("program.image", f"an entry lies outside the image for {image.level} of {size} bytes"))
    if problems:
        raise WeftError(*problems)


def _program(model: Model) -> Iterator[Diagnostic]:
    if model.devices[0] != HOST or len(set(model.devices)) < len(model.devices):
        yield Diagnostic("program.device", f"the devices of a program are the host, {HOST}, and others, not {', '.join(model.devices)}")
    for f in model.functions:
        if f.device >= len(model.devices) or (f.device and not f.private):
            fact = f"function {f.name!r} is on device {f.device}, but only private ones may be elsewhere than on the host"
            yield Diagnostic("program.device", fact)
    names = [f.name for f in (*model.functions, *model.drivers)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Diagnostic("program.function", f"two functions are called {name!r}")
    for name, attributes in model.host_calls:
        try:
            host.lookup(name)
            host.parse_attributes(attributes)
        except WeftError as error:
            yield from error.diagnostics
    for constant in model.constants:
        if any(isinstance(dim, Expr) for dim in constant.type.shape):
            yield Diagnostic("program.constant", f"constant {constant.name!r} has type {constant.type}, not a fixed one")
    for kernel in model.kernels:
        if any(p.align & (p.align - 1) or p.align > ALIGN for p in kernel.params):
            yield Diagnostic("program.align", f"kernel {kernel.name!r} asks for an alignment that is no power of two up to {ALIGN}")


class _Function(CodeChecks):
    """The checks of one function."""

    what = "function"

    def __init__(self, model: Model, function: Function) -> None:
        counts: dict[object, int] = {
            Kernel: len(model.kernels),
            Args: len(function.arg_lists),
            Buffer: len(function.buffers),
            Host: len(model.host_calls),
            Target: len(function.code),
        }
        super().__init__(model, function, counts)
        self.function = function

    def check(self) -> list[Diagnostic]:
        self._signature()
        self._aliases()
        self._locs()
        if self._buffers():  # the rest follows views and looks at roots
            for index, i in enumerate(self.function.code):
                if self._operands(index, i):
                    self._instruction(index, i)
            if not self.problems:
                self._flow()
        return self.problems

    def _signature(self) -> None:
        f = self.function
        for names, what in (([s.name for s in f.symbols], "symbols"), ([p.name for p in f.inputs], "inputs")):
            if len(set(names)) < len(names) or (what == "symbols" and "" in names):
                self._report("signature", f"the {what} are {', '.join(map(repr, names))}, not distinct names")
        found = bound_symbols([port.type.shape for port in f.inputs])
        for index, symbol in enumerate(f.symbols):
            if index not in found:
                self._report("symbol", f"symbol {symbol.name} is no dimension of an input, so nothing says its value")
        for port in (*f.inputs, *f.outputs):
            if port.type.dtype.kind is DTypeKind.STRING:
                self._report("signature", f"{port.name!r} is an array of strings, which no instruction handles")

    def _aliases(self) -> None:
        f = self.function
        inputs, outputs = [i for i, _ in f.aliases], [o for _, o in f.aliases]
        for i, o in f.aliases:
            if i >= len(f.inputs) or o >= len(f.outputs) or f.inputs[i].type != f.outputs[o].type:
                self._report("alias", f"output {o} cannot be input {i}: there is no such pair of one type")
        if len(set(inputs)) < len(inputs) or len(set(outputs)) < len(outputs):
            self._report("alias", "an input or an output is aliased twice")

    def _buffers(self) -> bool:
        """Whether the buffers can be followed to their roots."""
        f = self.function
        limits = {Kind.INPUT: len(f.inputs), Kind.OUTPUT: len(f.outputs), Kind.CONSTANT: len(self.model.constants)}
        before = len(self.problems)
        for n, buffer in enumerate(f.buffers):
            limit = limits.get(buffer.kind, n if buffer.kind is Kind.VIEW else 1)
            if buffer.index >= limit:
                self._report("buffer", f"buffer {n} is {buffer.kind.name} {buffer.index}, which does not exist or comes later")
            if buffer.kind is Kind.ARENA and isinstance(buffer.offset, int) and buffer.offset % ALIGN:
                self._report("arena", f"buffer {n} lies at {buffer.offset} in the arena, which is no multiple of {ALIGN}")
            if buffer.type is not None and buffer.type.dtype.kind is DTypeKind.STRING:
                self._report("buffer", f"buffer {n} holds strings, which no instruction handles")
        for n, args in enumerate(f.arg_lists):
            if any(b >= len(f.buffers) for b in args.buffers):
                self._report("args", f"argument list {n} names a buffer that is not there")
        return len(self.problems) == before

    def _operands(self, index: int, i: isa.Instr) -> bool:
        """Whether an instruction is one of native code, with every index in range."""
        if not isa.in_native_code(type(i)):
            self._report("operand", f"{i.mnemonic} is no instruction of native code", index)
            return False
        return self._indices(index, i)

    def _instruction(self, index: int, i: isa.Instr) -> None:
        match i:
            case Launch(kernel, args):
                self._launch(index, kernel, args)
            case Copy(dst, _):
                self._writable(index, dst)
            case HostCall(call, args):
                self._host_call(index, call, args)
            case BranchIfFalse(pred, _):
                self._long_enough(index, pred, 1)
            case Switch(selector, targets):
                self._long_enough(index, selector, 4)
                if not targets:
                    self._report("switch", "a switch needs a target", index)
            case _:
                pass

    def _launch(self, index: int, kernel: int, args: int) -> None:
        k, given = self.model.kernels[kernel], self.function.arg_lists[args]
        if len(given.buffers) != len(k.params) or len(given.symbols) != len(k.symbols):
            wanted = f"{len(k.params)} buffers and {len(k.symbols)} symbols"
            got = f"{len(given.buffers)} and {len(given.symbols)}"
            self._report("args", f"kernel {k.name!r} takes {wanted}, argument list {args} has {got}", index)
            return
        for n, (param, buffer) in enumerate(zip(k.params, given.buffers, strict=True)):
            if param.access is not Access.READ:
                self._writable(index, buffer)
            held = self.function.buffers[buffer].type
            if param.dtype is not None and held is not None and held.dtype != param.dtype:
                self._report("dtype", f"parameter {n} of kernel {k.name!r} is {param.dtype}, buffer {buffer} holds {held.dtype}", index)
            if not self._aligned(buffer, param.align):
                self._report("align", f"parameter {n} of kernel {k.name!r} needs {param.align}-byte alignment", index)

    def _host_call(self, index: int, call: int, args: int) -> None:
        name, attributes = self.model.host_calls[call]
        function = host.find(name)
        buffers = self.function.arg_lists[args].buffers
        types = [self.function.buffers[b].type for b in buffers]
        if function is None:
            return  # reported for the program
        operands = function.takes(len(buffers))
        if len(buffers) < operands or None in types:
            self._report("host", f"host call {name!r} takes {operands} operands and then its results, in buffers with types", index)
            return
        for buffer in buffers[operands:]:
            self._writable(index, buffer)
        given = [host.ArrayType(t.dtype, t.shape) for t in types if t is not None]
        try:
            results = function.promise(host.parse_attributes(attributes), given[:operands])
        except WeftError as error:
            self._report("host", f"with attributes {attributes}: {error.diagnostics[0].message}", index)
            return
        held = given[operands:]
        if len(results) != len(held) or not all(map(_holds, held, results)):
            self._report("host", f"host call {name!r} gives other results than its buffers hold", index)

    def _writable(self, index: int, buffer: int) -> None:
        root = self.function.root(buffer)
        donated = {i for i, _ in self.function.aliases}
        if root.kind is Kind.CONSTANT or (root.kind is Kind.INPUT and root.index not in donated):
            self._report("write", f"buffer {buffer} is written, but is part of {root.kind.name.lower()} {root.index}", index)

    def _aligned(self, buffer: int, align: int) -> bool:
        """Whether `align` is certain: input and output arrays are as aligned as their elements, constants and the arena to 64."""
        f = self.function
        b = f.buffers[buffer]
        while b.kind is Kind.VIEW:
            if align > 1 and not (isinstance(b.offset, int) and b.offset % align == 0):
                return False
            b = f.buffers[b.index]
        if b.kind in (Kind.CONSTANT, Kind.ARENA):
            return True
        ports = f.inputs if b.kind is Kind.INPUT else f.outputs
        return align <= ports[b.index].type.dtype.numpy.alignment

    def _long_enough(self, index: int, buffer: int, size: int) -> None:
        length = self.function.buffers[buffer].bytes
        if isinstance(length, int) and length < size:
            self._report("bounds", f"buffer {buffer} has {length} bytes, the instruction reads {size}", index)

    def _flow(self) -> None:
        """Every path reaches `return`; what it reads of the arena and of outputs, and all outputs at the return, it has written before."""
        code = self.function.code
        problem, at = flow_problem(code)
        if problem:
            self._report("flow", problem, at)
            return
        written = _Memory(self.model, self.function)
        for index, bits in read_too_early(code, [written.effect(i) for i in code], written.at_start):
            self._report("unwritten", f"{written.name(bits)} is read, but not written on every path to here", index)


class _Memory:
    """The buffers of the arena and the outputs as bits. Writing a part counts as writing the whole: sizes may not be known yet."""

    def __init__(self, model: Model, function: Function) -> None:
        self.model = model
        self.function = function
        aliased = {o for _, o in function.aliases}
        roots = [self._root(n) for n in range(len(function.buffers))]
        names = dict.fromkeys(r for r in roots if r is not None)
        names |= dict.fromkeys(("output", n) for n in range(len(function.outputs)))
        self._names = list(names)
        numbers = {root: n for n, root in enumerate(names)}
        self._bits = [0 if r is None else 1 << numbers[r] for r in roots]
        outputs = {n: 1 << numbers["output", n] for n, port in enumerate(function.outputs) if 0 not in port.type.shape}
        self.at_start = sum(bit for n, bit in outputs.items() if n in aliased)
        self._results = sum(outputs.values())

    def _root(self, number: int) -> tuple[str, int] | None:
        """What a buffer is a part of, None for inputs, constants and what is empty."""
        buffers, size = self.function.buffers, self.function.buffers[number].bytes
        while buffers[number].kind is Kind.VIEW:
            number = buffers[number].index
        match buffers[number].kind:
            case Kind.ARENA if size != 0:
                return "buffer", number
            case Kind.OUTPUT if size != 0:
                return "output", buffers[number].index
            case _:
                return None

    def name(self, bits: int) -> str:
        """The first of `bits` in words."""
        what, number = self._names[(bits & -bits).bit_length() - 1]
        return f"{what} {number}"

    def effect(self, i: isa.Instr) -> Effect:
        """What an instruction reads and writes."""
        match i:
            case Copy(dst, src):
                return Effect(self._bits[src], self._bits[dst])
            case BranchIfFalse(buffer, _) | Switch(buffer, _):
                return Effect(self._bits[buffer])
            case Return():
                return Effect(self._results)
            case Launch(kernel, args):
                accesses = [p.access for p in self.model.kernels[kernel].params]
            case HostCall(call, args):
                count = len(self.function.arg_lists[args].buffers)
                operands = host.lookup(self.model.host_calls[call][0]).takes(count)
                accesses = [Access.READ if n < operands else Access.WRITE for n in range(count)]
            case _:
                return Effect()
        reads = writes = 0
        for access, buffer in zip(accesses, self.function.arg_lists[args].buffers, strict=True):
            reads |= 0 if access is Access.WRITE else self._bits[buffer]
            writes |= 0 if access is Access.READ else self._bits[buffer]
        return Effect(reads, writes)


def _holds(buffer: host.ArrayType, result: host.ValueType) -> bool:
    """Whether a result goes into a buffer: its dims are the buffer's, or known only when it is there."""
    if not isinstance(result, host.ArrayType) or buffer.dtype != result.dtype or len(buffer.shape) != len(result.shape):
        return False
    return all(r is None or d == r for d, r in zip(buffer.shape, result.shape, strict=True))
