"""One function's instructions, buffers and argument lists.

Regions are flattened: a loop is a jump back, a branch a jump forward. Every tensor is a buffer; a reshape shares the buffer of its operand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...proto import program_pb2 as pb
from ...proto.dtypes import STRING
from ...proto.errors import Loc, fail
from ...vm import isa
from ..ir.attrs import Tensor
from ..ir.graph import Function, Node, Region, Value
from ..ir.types import TensorType, TokenType, TupleType
from ..serde.dims import encode_dim
from .buffers import Buffers
from .tables import Kernels, SymbolTable, Tables

# Their results are their operands, seen with another type.
VIEWS = ("reshape", "optimization_barrier")


def base_of(value: Value) -> Value:
    """The value whose memory `value` is a view of."""
    while value.node is not None and value.node.op in VIEWS:
        value = value.node.operands[value.index]
    return value


def _tensors(values: Iterable[Value]) -> list[Value]:
    """What takes memory of `values`: tokens only order effects, as the instructions already do."""
    return [v for v in values if not isinstance(v.type, TokenType)]


class FunctionEmitter:
    """Emits one function into the tables of its program."""

    def __init__(self, function: Function, tables: Tables, kernels: Kernels) -> None:
        self.function = function
        self.tables = tables
        self.kernels = kernels
        self.symbols = SymbolTable(function)
        self.buffers = Buffers()
        self.buffer_of: dict[Value, int] = {}
        self.code: list[tuple[isa.Instr, Loc]] = []
        self.labels: list[int] = []
        self.arg_lists: list[pb.ArgList] = []
        self.outputs: dict[Value, int] = {}
        self.donated: dict[Value, int] = {}
        self.uses: dict[Value, int] = {}
        self.local: set[Value] = set()

    def emit(self) -> pb.Function:
        """The function's message."""
        f = self.function
        self._check_types()
        for i, p in enumerate(f.params):
            self.buffer_of[p] = self.buffers.add(pb.Buffer.INPUT, p.tensor, i)
        self._assign_outputs()
        self._region(f)
        self._copy_results()
        self._instr(isa.Return(), f.loc)
        return self._message()

    def _check_types(self) -> None:
        """Tuples have no place in memory, and a caller can neither give nor take a token."""
        for v in (*self.function.params, *self.function.results):
            if not isinstance(v.type, TensorType):
                fact = f"`{self.function.name}` takes or returns a {v.type}; a program has tensors alone"
                raise fail("emit.type", fact, loc=self.function.loc)
        for node in self.function.walk():
            if any(isinstance(t, TupleType) for t in node.types):
                raise fail("emit.type", f"no memory can be planned for the tuple that `{node.op}` gives", loc=node.loc)
            if any(isinstance(t, TensorType) and t.dtype is STRING for t in node.types) and node.op != "custom_call":
                raise fail("emit.type", f"no kernel computes strings, as `{node.op}` does here", loc=node.loc)

    def _assign_outputs(self) -> None:
        """A result is computed where it is to go, unless it is an argument, a constant, or a result twice.

        One that overwrites a donated argument is too if that is not needed any more by then; else it is copied in the end.
        """
        for i, v in enumerate(self.function.results):
            base = base_of(v)
            if base.node is not None and base.node.op != "constant" and base not in self.outputs:
                places = self.donated if i in self.function.aliases else self.outputs
                places.setdefault(base, i)

    def _copy_results(self) -> None:
        aliases, params = self.function.aliases, self.function.params
        pending: list[tuple[int, int, Loc]] = []
        for i, v in enumerate(self.function.results):
            if self.outputs.get(base_of(v)) == i:
                continue
            source = self.buffer_of[v]
            if i in aliases and base_of(v) in params and base_of(v) is not params[aliases[i]]:
                # An argument that becomes the result in another argument's place, as in a swap: saved before either is overwritten.
                saved = self.buffers.add(pb.Buffer.ARENA, v.tensor)
                self._copy(saved, source, self.function.loc)
                source = saved
            pending.append((i, source, self.function.loc))
        # Donated arguments last: until then they may still be the source of another result.
        for i, source, loc in sorted(pending, key=lambda item: item[0] in aliases):
            self._copy(self.buffers.add(pb.Buffer.OUTPUT, self.function.results[i].tensor, i), source, loc)

    # Buffers

    def _define(self, value: Value) -> int:
        """The buffer a node writes `value` to."""
        if value in self.outputs:
            number = self.buffers.add(pb.Buffer.OUTPUT, value.tensor, self.outputs[value])
        else:
            number = self.buffers.add(pb.Buffer.ARENA, value.tensor)
        self.buffer_of[value] = number
        return number

    def _use(self, *buffers: int) -> None:
        """Note that the next instruction uses these buffers."""
        for b in buffers:
            self.buffers.use(b, len(self.code))

    def _typed(self, value: Value) -> int:
        """A buffer that carries exactly the type of `value`, for host calls."""
        number = self.buffer_of[value]
        return self.buffers.view(number, value.tensor)

    # Instructions

    def _instr(self, instruction: isa.Instr, loc: Loc) -> None:
        self.code.append((instruction, loc))

    def _copy(self, dst: int, src: int, loc: Loc) -> None:
        if dst != src:
            self._use(dst, src)
            self._instr(isa.Copy(isa.Buffer(dst), isa.Buffer(src)), loc)

    def _label(self) -> isa.Target:
        """A jump target to be placed later; until then instructions hold its number."""
        self.labels.append(-1)
        return isa.Target(len(self.labels) - 1)

    def _place(self, label: isa.Target) -> None:
        self.labels[label] = len(self.code)

    def _args(self, buffers: Sequence[int], symbols: Sequence[str] = ()) -> isa.Args:
        self._use(*buffers)
        dims = [encode_dim(self.symbols.named(name), self.symbols.number) for name in symbols]
        self.arg_lists.append(pb.ArgList(buffers=buffers, symbols=dims))
        return isa.Args(len(self.arg_lists) - 1)

    # Nodes

    def _region(self, body: Region, own: Iterable[Value] = ()) -> None:
        """Emit the nodes of a region; `own` are parameters whose buffers it may overwrite once their values are dead."""
        outer, self.local = self.local, {*own, *(v for node in body.nodes for v in node.results)}
        for v in (*(v for node in body.nodes for v in node.operands), *body.results):
            self.uses[base_of(v)] = self.uses.get(base_of(v), 0) + 1
        for node in body.nodes:
            self._node(node)
            for v in node.operands:
                self.uses[base_of(v)] -= 1
        self.local = outer

    def _node(self, node: Node) -> None:
        match node.op:
            case "constant":
                tensor = node.attrs["value"]
                assert isinstance(tensor, Tensor)
                number = self.tables.constant(tensor)
                self.buffer_of[node.result] = self.buffers.add(pb.Buffer.CONSTANT, node.result.tensor, number)
            case "reshape" | "optimization_barrier":
                for v, source in zip(_tensors(node.results), _tensors(node.operands), strict=True):
                    self.buffer_of[v] = self.buffer_of[source]
            case "weft.fusion":
                self._launch(node)
            case "while":
                self._while(node)
            case "if" | "case":
                self._branch(node)
            case "custom_call":
                self._host_call(node)
            case "after_all":
                pass
            case _:
                raise fail("emit.op", f"no kernel can be made for `{node.op}`", loc=node.loc)

    def _launch(self, node: Node) -> None:
        number, kernel = self.kernels.add(node)
        operands = [self.buffer_of[v] for v in node.operands]
        self._take_arguments(node, kernel.inplace)
        shared = self._shared_results(node, kernel.inplace)
        results = [shared[i] if i in shared else self._define(v) for i, v in enumerate(node.results)]
        self.buffer_of.update({node.results[i]: b for i, b in shared.items()})
        args = self._args([*operands, *results], kernel.symbols)
        self._instr(isa.Launch(isa.Kernel(number), args), node.loc)

    def _take_arguments(self, node: Node, inplace: Sequence[tuple[int, int]]) -> None:
        """Have results written over donated arguments that nothing reads from here on."""
        for r, v in enumerate(node.results):
            if v not in self.donated or v in self.outputs:
                continue
            argument = self.function.params[self.function.aliases[self.donated[v]]]
            reads = [o for o, operand in enumerate(node.operands) if base_of(operand) is argument]
            if self.uses.get(argument, 0) == len(reads) and all((o, r) in inplace for o in reads):
                self.outputs[v] = self.donated[v]

    def _shared_results(self, node: Node, inplace: Sequence[tuple[int, int]]) -> dict[int, int]:
        """Results that overwrite an operand which dies here: position of the result → buffer."""
        shared: dict[int, int] = {}
        for o, r in inplace:
            base, result = base_of(node.operands[o]), node.results[r]
            number = self.buffer_of[base]
            dies = base in self.local and self.uses[base] == 1
            fits = self.buffers.may_reuse(number, result.tensor, output=base.node is None)
            if dies and result not in self.outputs and number not in shared.values() and fits:
                shared.setdefault(r, number)
        return shared

    def _host_call(self, node: Node) -> None:
        call = self.tables.host_call(node)
        operands = [self._typed(v) for v in _tensors(node.operands)]
        results = [self._define(v) for v in _tensors(node.results)]
        self._instr(isa.HostCall(isa.Host(call), self._args([*operands, *results])), node.loc)

    def _while(self, node: Node) -> None:
        """Copy the state in; at the head compute the condition; copy the new state over the old; jump back."""
        cond, step = node.regions
        state = [self._define(v) for v in _tensors(node.results)]
        for dst, v in zip(state, _tensors(node.inputs), strict=True):
            self._copy(dst, self.buffer_of[v], node.loc)
        captured = [self.buffer_of[v] for v in _tensors(node.captured)]
        head, end = self._label(), self._label()
        self._place(head)
        self.buffers.open_loop(len(self.code))
        self._use(*state)
        (pred,) = self._inline(cond, [*state, *captured])
        self._use(pred)
        self._instr(isa.BranchIfFalse(isa.Buffer(pred), end), node.loc)
        self._assign(state, self._inline(step, [*state, *captured], own=len(state)), node)
        self._instr(isa.Jump(head), node.loc)
        self.buffers.close_loop(len(self.code) - 1)
        self._place(end)

    def _inline(self, body: Region, buffers: Sequence[int], own: int = 0) -> list[int]:
        """Emit a region with these buffers as its parameters, the first `own` of which it may overwrite; the buffers of its results."""
        params = _tensors(body.params)
        self.buffer_of.update(zip(params, buffers, strict=True))
        self._region(body, params[:own])
        return [self.buffer_of[v] for v in _tensors(body.results)]

    def _assign(self, targets: Sequence[int], sources: Sequence[int], node: Node) -> None:
        """Copy all sources to all targets as if at once: a source that is another target is saved first."""
        saved, results = list(sources), _tensors(node.results)
        for i, source in enumerate(sources):
            if source in targets and source != targets[i]:
                saved[i] = self.buffers.add(pb.Buffer.ARENA, results[i].tensor)
                self._copy(saved[i], source, node.loc)
        for target, source in zip(targets, saved, strict=True):
            self._copy(target, source, node.loc)

    def _branch(self, node: Node) -> None:
        """`if` and `case`: one block per region, each copying its results to the node's."""
        results = [self._define(v) for v in _tensors(node.results)]
        labels = [self._label() for _ in node.regions]
        end = self._label()
        chosen = self.buffer_of[node.operands[0]]
        self._use(chosen)
        if node.op == "if":
            self._instr(isa.BranchIfFalse(isa.Buffer(chosen), labels[1]), node.loc)
        else:
            self._instr(isa.Switch(isa.Buffer(chosen), tuple(labels)), node.loc)
        captured = [self.buffer_of[v] for v in _tensors(node.captured)]
        for label, body in zip(labels, node.regions, strict=True):
            self._place(label)
            self._assign(results, self._inline(body, captured), node)
            self._instr(isa.Jump(end), node.loc)
        self._place(end)
        self._use(*results)

    # The message

    def _resolved(self, i: isa.Instr) -> isa.Instr:
        match i:
            case isa.Jump() | isa.BranchIfFalse():
                return replace(i, target=isa.Target(self.labels[i.target]))
            case isa.Switch():
                return replace(i, targets=tuple(isa.Target(self.labels[t]) for t in i.targets))
            case _:
                return i

    def _message(self) -> pb.Function:
        f = self.function
        buffers, arena = self.buffers.messages(self.symbols.number)
        names = f.result_names or tuple(v.name or f"result{i}" for i, v in enumerate(f.results))
        return pb.Function(
            name=f.name,
            inputs=[self._port(name, p.tensor) for name, p in zip(f.param_names, f.params, strict=True)],
            outputs=[self._port(name, v.tensor) for name, v in zip(names, f.results, strict=True)],
            aliases=[pb.Alias(input=param, output=result) for result, param in sorted(f.aliases.items())],
            arena_bytes=encode_dim(arena, self.symbols.number),
            buffers=buffers,
            arg_lists=self.arg_lists,
            code=isa.encode(self._resolved(i) for i, _ in self.code),
            locs=[self.tables.loc(loc) for _, loc in self.code],
            symbols=self.symbols.messages(),
            private=not f.public,
        )

    def _port(self, name: str, type: TensorType) -> pb.Port:
        return pb.Port(name=name, type=self.symbols.tensor_type(type))
