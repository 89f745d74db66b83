"""One driver function's registers and instructions.

Regions are flattened, as in native functions. Each value has a register; values that a loop carries share those of its results.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...proto import program_pb2 as pb
from ...proto.dtypes import BOOL, STRING
from ...proto.errors import Loc, fail
from ...vm import isa
from ..devices import HOST, HOST_NAME
from ..ir.attrs import Symref, Tensor
from ..ir.dims import symbols
from ..ir.graph import Function, Node, Region, Value
from ..ir.types import (
    MapType,
    OptionalType,
    SequenceType,
    TensorType,
    TokenType,
    TupleType,
    Type,
    UnrankedTensorType,
)
from .tables import SymbolTable, Tables


def _values(values: Iterable[Value]) -> list[Value]:
    """What registers hold of `values`: tokens only order effects, as the instructions already do."""
    return [v for v in values if not isinstance(v.type, TokenType)]


@dataclass(frozen=True, slots=True)
class Callee:
    """A native function: its number in the program, and where it runs."""

    number: int
    device: str


class DriverEmitter:
    """Emits one driver function. `functions` are the native functions of the program by name, `devices` those of the program."""

    def __init__(self, function: Function, tables: Tables, functions: Mapping[str, Callee], devices: Sequence[str] = (HOST,)) -> None:
        self.function = function
        self.tables = tables
        self.functions = functions
        self.devices = devices
        self.symbols = SymbolTable(function)
        self.types: list[pb.ValueType] = []
        self.registers: list[int] = []
        self.places: list[int] = []
        self.register_of: dict[Value, isa.Register] = {}
        self.code: list[tuple[isa.Instr, Loc]] = []
        self.labels: list[int] = []
        self._numbers: dict[Type, int] = {}

    def emit(self) -> pb.Driver:
        """The function's message."""
        f = self.function
        for p in f.params:
            self._define(p)
        self._region(f, keep=f.params)
        self._instr(isa.Return(), f.loc)
        names = f.result_names or tuple(v.name or f"result{i}" for i, v in enumerate(f.results))
        return pb.Driver(
            name=f.name,
            types=self.types,
            registers=self.registers,
            inputs=self._ports(f.param_names, f.params),
            outputs=self._ports(names, f.results),
            aliases=[pb.Alias(input=param, output=result) for result, param in sorted(f.aliases.items())],
            code=isa.encode(self._resolved(i) for i, _ in self.code),
            locs=[self.tables.loc(loc) for _, loc in self.code],
            symbols=self.symbols.messages(),
            devices=self.places if any(self.places) else (),
        )

    def _ports(self, names: Sequence[str], values: Sequence[Value]) -> list[pb.Driver.Port]:
        return [pb.Driver.Port(name=name, register=self.register_of[v]) for name, v in zip(names, values, strict=True)]

    # Types and registers

    def _type(self, t: Type) -> int:
        """The number of a type in the driver's table."""
        if t not in self._numbers:
            message = self._type_message(t)
            self._numbers[t] = len(self.types)
            self.types.append(message)
        return self._numbers[t]

    def _type_message(self, t: Type) -> pb.ValueType:
        match t:
            case TensorType():
                for d in t.shape:
                    for s in symbols(d).values():
                        self.symbols.number(s)
                return pb.ValueType(tensor=self.symbols.tensor_type(t))
            case UnrankedTensorType(dtype):
                return pb.ValueType(unranked=dtype.number)
            case SequenceType(element):
                return pb.ValueType(sequence=self._type(element))
            case OptionalType(element):
                return pb.ValueType(optional=self._type(element))
            case MapType(key, value):
                return pb.ValueType(map=pb.ValueType.Map(key=key.number, value=self._type(value)))
            case TokenType() | TupleType():
                raise fail("emit.type", f"`{self.function.name}` handles a {t}, which no register holds", loc=self.function.loc)

    def _register(self, t: Type, device: str = HOST) -> isa.Register:
        self.registers.append(self._type(t))
        self.places.append(self.devices.index(device))
        return isa.Register(len(self.registers) - 1)

    def _define(self, v: Value, device: str = HOST) -> isa.Register:
        self.register_of[v] = self._register(v.type, device)
        return self.register_of[v]

    def _beside(self, register: isa.Register) -> isa.Register:
        """Another register of the same type on the same device."""
        self.registers.append(self.registers[register])
        self.places.append(self.places[register])
        return isa.Register(len(self.registers) - 1)

    def _of(self, values: Iterable[Value]) -> tuple[isa.Register, ...]:
        return tuple(self.register_of[v] for v in _values(values))

    # Instructions

    def _instr(self, instruction: isa.Instr, loc: Loc) -> None:
        self.code.append((instruction, loc))

    def _label(self) -> isa.Target:
        """A jump target to be placed later; until then instructions hold its number."""
        self.labels.append(-1)
        return isa.Target(len(self.labels) - 1)

    def _place(self, label: isa.Target) -> None:
        self.labels[label] = len(self.code)

    def _resolved(self, i: isa.Instr) -> isa.Instr:
        match i:
            case isa.Jump() | isa.BranchUnless():
                return replace(i, target=isa.Target(self.labels[i.target]))
            case isa.SwitchOn():
                return replace(i, targets=tuple(isa.Target(self.labels[t]) for t in i.targets))
            case _:
                return i

    def _release(self, registers: Iterable[isa.Register], loc: Loc) -> None:
        found = tuple(dict.fromkeys(registers))
        if found:
            self._instr(isa.Release(found), loc)

    # Nodes

    def _region(self, body: Region, keep: Sequence[Value]) -> None:
        """The nodes of a region, each register emptied after its last use but those of `keep` and of results."""
        last = {v: node for node in body.nodes for v in (*node.operands, *node.results)}
        kept = {self.register_of[v] for v in _values(keep)}
        for node in body.nodes:
            ending = {self.register_of[v] for v in _values(node.inputs) if last[v] is node} - kept - set(self._of(node.captured))
            self._node(node, ending)
            kept |= {self.register_of[v] for v in _values(body.results) if v in self.register_of}
            dead = [self.register_of[v] for v in _values((*node.operands, *node.results)) if last[v] is node]
            gone = ending if node.op == "weft.while" else set[isa.Register]()
            self._release([r for r in dead if r not in kept | gone], node.loc)

    def _node(self, node: Node, ending: set[isa.Register]) -> None:
        """`ending` are inputs that nothing needs after this node."""
        match node.op:
            case "constant":
                self._constant(node)
            case "call":
                callee = node.attrs["callee"]
                assert isinstance(callee, Symref)
                f = self.functions[callee.name]
                results = tuple(self._define(v, f.device) for v in node.results)
                self._instr(isa.Invoke(isa.Function(f.number), self._of(node.operands), results), node.loc)
            case "weft.transfer":
                name = str(node.attrs["device"])
                dst = self._define(node.result, HOST if name == HOST_NAME else name)
                self._instr(isa.Transfer(dst, self.register_of[node.operands[0]]), node.loc)
            case "weft.bind_dims":
                dims: Sequence[object] = node.dims("symbols")
                self._host("bind_dims", json.dumps({"symbols": [str(d) for d in dims]}), node)
            case "weft.check_shape":
                self._check_shape(node)
            case "custom_call":
                config = node.attrs["backend_config"]
                self._host(str(node.attrs["call_target_name"]), config if isinstance(config, str) else "", node)
            case "weft.while":
                self._while(node, ending)
            case "weft.case":
                self._case(node)
            case "optimization_barrier":
                for v, source in zip(_values(node.results), _values(node.operands), strict=True):
                    self._instr(isa.Move(self._define(v), self.register_of[source]), node.loc)
            case "after_all":
                pass
            case _:
                raise fail("emit.op", f"no kernel can be made for `{node.op}` on {_listed(node)}", loc=node.loc)

    def _constant(self, node: Node) -> None:
        tensor = node.attrs["value"]
        assert isinstance(tensor, Tensor)
        if node.result.dtype is STRING:
            attributes = {"shape": list(tensor.array.shape), "values": [str(x) for x in tensor.array.reshape(-1)]}
            self._host("string_constant", json.dumps(attributes), node)
        else:
            number = self.tables.constant(tensor)
            self._instr(isa.LoadConstant(self._define(node.result), isa.Constant(number)), node.loc)

    def _host(self, name: str, attributes: str, node: Node) -> None:
        call = self.tables.host_entry(name, attributes)
        operands, results = self._of(node.operands), tuple(map(self._define, _values(node.results)))
        self._instr(isa.HostValue(isa.Host(call), operands, results), node.loc)

    def _check_shape(self, node: Node) -> None:
        """The value beside the witnesses of its symbols: what one instruction defines is held against each other."""
        x, *witnesses = self._of(node.operands)
        seen = tuple(self._register(v.type) for v in node.operands[1:])
        call = self.tables.host_entry("check_shape", "")
        self._instr(isa.HostValue(isa.Host(call), (*witnesses, x), (*seen, self._define(node.result))), node.loc)
        self._release(seen, node.loc)

    def _inline(self, body: Region, own: Sequence[isa.Register], node: Node) -> tuple[isa.Register, ...]:
        """Emit a region whose parameters are in these registers, then the captures; the registers of its results.

        Of its parameters, those that a loop carries are emptied after their last use, as they are written again.
        """
        count = len(body.params) - node.captures
        self.register_of.update(zip(_values(body.params[:count]), own, strict=True))
        self.register_of.update(zip(_values(body.params[count:]), self._of(node.captured), strict=True))
        self._region(body, keep=body.params[count:] if body is node.regions[-1] else body.params)
        return self._of(body.results)

    def _while(self, node: Node, ending: set[isa.Register]) -> None:
        """Move the state in; at the head compute the condition; move the new state over the old; jump back."""
        cond, step = node.regions
        count = len(step.params) - node.captures
        devices = _places(node, step.params[:count])
        state = tuple(self._register(p.type, devices[p]) for p in _values(step.params[:count]))
        for dst, src in zip(state, self._of(node.inputs), strict=True):
            self._instr(isa.Move(dst, src), node.loc)
        self._release(sorted(ending), node.loc)
        head, end = self._label(), self._label()
        self._place(head)
        (pred,) = self._inline(cond, state, node)
        self._instr(isa.BranchUnless(pred, end), node.loc)
        self._assign(state, self._inline(step, state, node), node, self._of(node.captured))
        self._instr(isa.Jump(head), node.loc)
        self._place(end)
        for v, register, p in zip(_values(node.results), state, _values(step.params[:count]), strict=True):
            self.register_of[v] = register
            if v.type != p.type:  # what is known of its shape after the loop is more, or has another name
                self.register_of[v] = self._register(v.type, devices[p])
                self._instr(isa.Move(self.register_of[v], register), node.loc)
                self._release([register], node.loc)

    def _case(self, node: Node) -> None:
        """One block per branch, each moving its results to the node's."""
        devices = _places(node, node.results)
        results = tuple(self._define(v, devices[v]) for v in _values(node.results))
        labels, end = [self._label() for _ in node.regions], self._label()
        (index,) = self._of(node.inputs)
        order = list(range(len(node.regions)))
        if node.inputs[0].dtype is BOOL:
            self._instr(isa.BranchUnless(index, labels[0]), node.loc)
            order.reverse()
        else:
            self._instr(isa.SwitchOn(index, tuple(labels)), node.loc)
        for i in order:
            self._place(labels[i])
            self._assign(results, self._inline(node.regions[i], (), node), node, self._of(node.captured))
            self._instr(isa.Jump(end), node.loc)
        self._place(end)

    def _assign(self, targets: Sequence[isa.Register], sources: Sequence[isa.Register], node: Node, outer: Sequence[isa.Register]) -> None:
        """Move all sources to all targets as if at once, then empty sources that are no one else's."""
        saved = list(sources)
        for i, source in enumerate(sources):
            if source in targets and source != targets[i]:
                saved[i] = self._beside(source)
                self._instr(isa.Move(saved[i], source), node.loc)
        moved = [(target, source) for target, source in zip(targets, saved, strict=True) if target != source]
        for target, source in moved:
            self._instr(isa.Move(target, source), node.loc)
        self._release([source for _, source in moved if source not in targets and source not in outer], node.loc)


def _places(node: Node, values: Sequence[Value]) -> dict[Value, str]:
    """Where control flow has these values, one for each of its results."""
    devices = node.attrs["devices"]
    assert isinstance(devices, tuple)
    return dict(zip(values, map(str, devices or (HOST,) * len(values)), strict=True))


def _listed(node: Node) -> str:
    return ", ".join(str(v.type) for v in node.operands) or "nothing"
