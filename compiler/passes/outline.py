"""Driver functions taken apart: what kernels can compute moves into private functions, the segments; calls of them remain.

Nodes are dealt with in phases. A phase is one segment, then the nodes that stay in the driver; a native node that depends on one of those
belongs to a later phase. So there is one segment per phase, in each region. A symbol that a segment mentions must be the whole of a dim of
one of its inputs: where none is, a value that has such a dim (at best a witness, which has no bytes) becomes one more input.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...proto.dtypes import BOOL
from ...proto.errors import Loc, fail, merge_locs
from ..drivers import NATIVE_CONTROL, is_driver, stays_in_driver
from ..ir.attrs import Symref
from ..ir.dims import Dim, Expr, Symbol
from ..ir.graph import Function, Module, Node, Region, Value, param, used_symbols
from ..ir.types import TensorType, Type, is_host, type_symbols
from ..ops.registry import op_of
from .base import Context, module_pass, with_body
from .rewrite import effectful


@module_pass("outline")
def outline(module: Module, context: Context) -> Module:
    """Functions that need the driver keep control flow, host calls and `weft.bind_dims`; all else moves to functions that they call."""
    functions: dict[str, Function] = {}
    for name, function in module.functions.items():
        if not is_driver(function) or any(n.op == "call" for n in function.walk()):
            functions[name] = function
            continue
        segments = _Segments(function, {*module.functions, *functions})
        body = _Body(segments, function, None)
        body.build()
        functions[name] = with_body(function, body.region(()))
        functions |= segments.made
    return replace(module, functions=functions) if functions.keys() != module.functions.keys() else module


class _Segments:
    """The functions made of one driver function."""

    def __init__(self, function: Function, taken: Iterable[str]) -> None:
        self.function = function
        self.taken = set(taken)
        self.made: dict[str, Function] = {}

    def add(self, params: Sequence[Value], nodes: Sequence[Node], results: Sequence[Value]) -> str:
        """Enter a private function; its name."""
        n = len(self.made)
        while (name := f"{self.function.name}.{n}") in self.taken:
            n += 1
        self.taken.add(name)
        body = Function(tuple(params), tuple(nodes), tuple(results), name, (), False, {}, self.function.loc)
        self.made[name] = body
        return name


class _Body:
    """One region of a driver function while its native nodes become segments."""

    def __init__(self, segments: _Segments, body: Region, outer: "_Body | None", constants: "dict[Value, Node] | None" = None) -> None:
        self.segments = segments
        self.body = body
        self.outer = outer
        # Parameters that stand for a constant outside: it is repeated inside instead, where kernels can have it as a constant.
        self.constants = constants or {}
        self.params = [param(p.type, p.name) for p in body.params if p not in self.constants]
        self.new: dict[Value, Value] = dict(zip((p for p in body.params if p not in self.constants), self.params, strict=True))
        self.witnesses: dict[Value, Value] = {}  # values of the outer region beside the parameters that bring them here
        self.nodes: list[Node] = []
        self.available: list[Value] = list(self.params)
        self.results: tuple[Value, ...] = ()

    def region(self, witnesses: Iterable[Value]) -> Region:
        """What was built; its parameters end with one for each of these values of the outer region."""
        extra = [self.witnesses.get(w) or param(w.type, w.name) for w in witnesses]
        return Region((*self.params, *extra), tuple(self.nodes), self.results)

    def build(self) -> None:
        """Take the region apart."""
        stays = {node for node in self.body.nodes if stays_in_driver(node)}
        phase = _phases(self.body, stays)
        segments: dict[int, list[Node]] = {}
        staying: dict[int, list[Node]] = {}
        for node, number in phase.items():
            (staying if node in stays else segments).setdefault(number, []).append(node)
        used = _used_elsewhere(self.body, phase, stays)
        for number in range(max(phase.values(), default=-1) + 1):
            if number in segments:
                self._segment(segments[number], used)
            for node in staying.get(number, ()):
                self._stay(node)
        self.results = tuple(self._value(v) for v in self.body.results)

    def _constant(self, v: Value) -> Node | None:
        """The node of a value that is a constant, here or where it was captured."""
        return self.constants.get(v) or (v.node if v.op == "constant" else None)

    def _value(self, v: Value) -> Value:
        """What a value of the old region is in the new one; constants are put there when they are first needed."""
        if v not in self.new:
            constant = self._constant(v)
            assert constant is not None
            copy = replace(constant)
            self.nodes.append(copy)
            self.new[v] = copy.result
        return self.new[v]

    # Segments

    def _segment(self, nodes: Sequence[Node], used: set[Value]) -> None:
        """Native nodes become a function of what they read, giving what others read, and a call of it."""
        inside = {v for n in nodes for v in n.results}
        read = dict.fromkeys(v for n in nodes for v in n.operands if v not in inside)
        inputs = [v for v in read if self._constant(v) is None]
        outputs = [v for n in nodes for v in n.results if v in used]
        arguments = [self._value(v) for v in inputs]
        mentioned = {name for n in nodes for name in used_symbols(n)} | {name for v in inputs for name in type_symbols(v.type)}
        arguments += self._needed_witnesses(mentioned, arguments)
        names = _unique_names(arguments)
        params = [param(a.type, name) for a, name in zip(arguments, names, strict=True)]
        local = dict(zip(inputs, params, strict=False))
        made: list[Node] = []
        for v in read:
            constant = self._constant(v)
            if constant is not None:
                copy = replace(constant)
                made.append(copy)
                local[v] = copy.result
        for n in nodes:
            copy = n.with_operands(local[v] for v in n.operands)
            made.append(copy)
            local.update(zip(n.results, copy.results, strict=True))
        name = self.segments.add(params, made, [local[v] for v in outputs])
        self._call(name, arguments, outputs, merge_locs((nodes[0].loc, nodes[-1].loc)))

    def _call(self, name: str, arguments: Sequence[Value], outputs: Sequence[Value], loc: Loc) -> None:
        types, names = tuple(v.type for v in outputs), tuple(v.name for v in outputs)
        call = Node("call", tuple(arguments), {"callee": Symref(name)}, (), types, loc, names=names)
        self.nodes.append(call)
        self.new.update(zip(outputs, call.results, strict=True))
        self.available += call.results

    # Symbols

    def _needed_witnesses(self, symbols: set[str], arguments: Sequence[Value]) -> list[Value]:
        """Values that determine those of the symbols which the arguments do not."""
        known = {name for a in arguments for name in _determined(a.type)}
        found: list[Value] = []
        for name in sorted(symbols):
            if name not in known:
                found.append(self._witness(name))
                known |= _determined(found[-1].type)
        return found

    def _witness(self, name: str) -> Value:
        """A value here, or brought here, one of whose dims determines the symbol: the one that costs least to hold on to."""
        candidates = [v for v in self.available if name in _determined(v.type)]
        if candidates:
            return min(candidates, key=_weight)
        strings = [(v, axis) for v in self.available if is_host(v.type) for axis in _axes_of(name, v.type)]
        if strings:
            return self._string_witness(*strings[0])
        if self.outer is None:
            function = self.segments.function
            fact = f"no value that a kernel can take has the symbol `{name}` as a dim"
            raise fail("outline.symbol", f"`{function.name}`: {fact}", loc=function.loc)
        w = self.outer._witness(name)
        if w not in self.witnesses:
            self.witnesses[w] = param(w.type, w.name)
            self.available.append(self.witnesses[w])
        return self.witnesses[w]

    def _string_witness(self, strings: Value, axis: int) -> Value:
        """A witness for a dim that only strings have."""
        config, result = f'{{"axis": {axis}}}', TensorType(BOOL, (strings.shape[axis], 0))
        made = op_of("custom_call")(strings, call_target_name="string_witness", backend_config=config, result=result)
        assert isinstance(made, Value) and made.node is not None
        self.nodes.append(made.node)
        self.available.append(made)
        return made

    # Nodes of the driver

    def _stay(self, node: Node) -> None:
        current = _driver_form(node)
        if current.regions:
            current = self._with_regions(current)
        else:
            operands = [self._value(v) for v in current.operands]
            if current.op == "weft.check_shape":
                operands += self._needed_witnesses(set(type_symbols(current.types[0])), operands[1:])
            current = current.with_operands(operands)
        self.nodes.append(current)
        self.new.update(zip(node.results, current.results, strict=True))
        self.available += current.results

    def _with_regions(self, node: Node) -> Node:
        """A node whose regions are taken apart too. Constants are no longer captured; witnesses that segments inside need are."""
        constant = [self._constant(v) for v in node.captured]
        kept = [v for v, c in zip(node.captured, constant, strict=True) if c is None]
        bodies: list[_Body] = []
        for r in node.regions:
            own = len(r.params) - node.captures
            constants = {p: c for p, c in zip(r.params[own:], constant, strict=True) if c is not None}
            bodies.append(_Body(self.segments, r, self, constants))
            bodies[-1].build()
        witnesses = list(dict.fromkeys(w for b in bodies for w in b.witnesses))
        captured = [*(self._value(v) for v in kept), *witnesses]
        inputs = [self._value(v) for v in node.inputs]
        regions = tuple(b.region(witnesses) for b in bodies)
        return replace(node, operands=(*inputs, *captured), regions=regions, captures=len(captured))


def _phases(body: Region, stays: set[Node]) -> dict[Node, int]:
    """The phase of every node but constants: no earlier than those of what it depends on, later where a segment follows the driver."""
    phase: dict[Node, int] = {}
    definer: dict[str, Node] = {}
    last_effect: Node | None = None
    for node in body.nodes:
        if node.op == "constant" and not is_host(node.types[0]):
            continue
        needs = [v.node for v in node.operands if v.node is not None and v.node in phase]
        needs += [definer[s] for s in used_symbols(node) if s in definer]
        if effectful(node):
            needs += [last_effect] if last_effect else []
            last_effect = node
        phase[node] = max((phase[n] + (node not in stays and n in stays) for n in needs), default=0)
        definer |= dict.fromkeys(node.defined_symbols, node)
    return phase


def _used_elsewhere(body: Region, phase: dict[Node, int], stays: set[Node]) -> set[Value]:
    """The values that are results of the region, or read in the driver or in another phase than that of their node."""
    used = set(body.results)
    for node in body.nodes:
        used |= {v for v in node.operands if v.node in phase and (node in stays or phase[v.node] != phase[node])}
    return used


def _driver_form(node: Node) -> Node:
    """Native control flow around what needs the driver, as control flow of the driver."""
    if node.op not in NATIVE_CONTROL:
        return node
    regions = node.regions[::-1] if node.op == "if" else node.regions
    return replace(node, op=NATIVE_CONTROL[node.op], attrs={"symbols": ()}, regions=regions)


def _determined(t: Type) -> set[str]:
    """The symbols whose values follow from one dim of a tensor that a kernel can take."""
    if not isinstance(t, TensorType) or is_host(t):
        return set()
    return {name for d in t.shape for name in _whole(d)}


def _axes_of(name: str, t: Type) -> list[int]:
    """The dims of a tensor from which the symbol's value follows."""
    return [axis for axis, d in enumerate(t.shape) if name in _whole(d)] if isinstance(t, TensorType) else []


def _whole(d: Dim) -> set[str]:
    match d:
        case Expr(terms=(((Symbol(name=name),), _),)) | Expr(terms=(((Symbol(name=name),), _), ((), _))):
            return {name}
        case _:
            return set()


def _weight(v: Value) -> tuple[bool, int]:
    return (0 not in v.shape, len(v.shape))


def _unique_names(values: Sequence[Value]) -> list[str]:
    """The names of values as names of parameters: none where another has it."""
    names: list[str] = []
    for v in values:
        clash = v.name in names or v.name.startswith("arg")
        names.append("" if clash else v.name)
    return names
