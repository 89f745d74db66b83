"""Driver functions taken apart: what kernels can compute moves into private functions, the segments; calls of them remain.

Which nodes form a segment, and in which order all are dealt with, is for `phases` to say. A value goes once to each device that reads it,
as soon as it is there. A symbol that a segment mentions must be the whole of a dim of one of its inputs: where none is, a value that has
such a dim (at best a witness, which has no bytes) becomes one more input.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...proto.dtypes import BOOL
from ...proto.errors import Loc, fail, merge_locs
from ..devices import HOST, HOST_NAME
from ..drivers import NATIVE_CONTROL, is_driver
from ..ir.attrs import Symref
from ..ir.dims import Dim, Expr, Symbol
from ..ir.graph import Function, Module, Node, Region, Value, param, used_symbols
from ..ir.types import TensorType, Type, is_host, type_symbols
from ..ops.registry import op_of
from .base import Context, module_pass, with_body
from .phases import Segment, schedule
from .sources import sources


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

    def add(self, params: Sequence[Value], nodes: Sequence[Node], results: Sequence[Value], device: str) -> str:
        """Enter a private function that runs on a device; its name."""
        n = len(self.made)
        while (name := f"{self.function.name}.{n}") in self.taken:
            n += 1
        self.taken.add(name)
        body = Function(tuple(params), tuple(nodes), tuple(results), name, (), False, {}, self.function.loc, device)
        self.made[name] = body
        return name


class _Body:
    """One region of a driver function while its native nodes become segments."""

    def __init__(
        self,
        segments: _Segments,
        body: Region,
        outer: "_Body | None",
        constants: Mapping[Value, Node] | None = None,
        homes: Mapping[Value, str] | None = None,
        ends: Sequence[str] = (),
    ) -> None:
        self.segments = segments
        self.body = body
        self.outer = outer
        # Parameters that stand for a constant outside: it is repeated inside instead, where kernels can have it as a constant.
        self.constants = constants or {}
        self.params = [param(p.type, p.name) for p in body.params if p not in self.constants]
        self.new: dict[Value, Value] = dict(zip((p for p in body.params if p not in self.constants), self.params, strict=True))
        # The devices on which new values are; the host where nothing is said. Then what they are on further devices.
        self.home = {self.new[p]: d for p, d in (homes or {}).items() if p in self.new}
        self.copies: dict[tuple[Value, str], Value] = {}
        self.ends = ends  # the devices where the results must be
        self.sources = sources(body)
        self.readers = _readers(body)
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
        order = schedule(self.body, self.sources)
        for item in order.items:
            if isinstance(item, Segment):
                self._segment(item, order.used)
            else:
                self._stay(item)
        ends = self.ends or (HOST,) * len(self.body.results)
        self.results = tuple(self._value(v, end) for v, end in zip(self.body.results, ends, strict=True))

    def _constant(self, v: Value) -> Node | None:
        """The node of a value that is a constant, here or where it was captured."""
        return self.constants.get(v) or (v.node if v.op == "constant" else None)

    def _value(self, v: Value, device: str = HOST) -> Value:
        """What a value of the old region is in the new one, on a device; constants are put there when they are first needed."""
        if v not in self.new:
            constant = self._constant(v)
            assert constant is not None
            copy = replace(constant, device=HOST)
            self.nodes.append(copy)
            self.new[v] = copy.result
        return self._on(self.new[v], device)

    def _on(self, v: Value, device: str) -> Value:
        """A value of the new region on a device, moved there when it is first needed."""
        if self.home.get(v, HOST) == device:
            return v
        if (v, device) not in self.copies:
            loc = v.node.loc if v.node else self.segments.function.loc
            moved = op_of("weft.transfer")(v, device=device or HOST_NAME, loc=loc)
            assert isinstance(moved, Value) and moved.node is not None
            self.nodes.append(moved.node)
            self.copies[v, device] = moved
        return self.copies[v, device]

    # Segments

    def _segment(self, segment: Segment, used: frozenset[Value]) -> None:
        """Native nodes of one device become a function of what they read, giving what others read, and a call of it."""
        device = segment.device
        nodes = self._with_sources(segment.nodes)
        inside = {v for n in nodes for v in n.results}
        read = dict.fromkeys(v for n in nodes for v in n.operands if v not in inside)
        inputs = [v for v in read if self._constant(v) is None]
        outputs = [v for n in nodes for v in n.results if v in used]
        arguments = [self._value(v, device) for v in inputs]
        mentioned = {name for n in nodes for name in used_symbols(n)} | {name for v in inputs for name in type_symbols(v.type)}
        arguments += [self._on(w, device) for w in self._needed_witnesses(mentioned, arguments)]
        names = _unique_names(arguments)
        params = [param(a.type, name) for a, name in zip(arguments, names, strict=True)]
        local = dict(zip(inputs, params, strict=False))
        made: list[Node] = []
        for v in read:
            constant = self._constant(v)
            if constant is not None:
                copy = replace(constant, device=HOST)
                made.append(copy)
                local[v] = copy.result
        for n in nodes:
            copy = replace(n, operands=tuple(local[v] for v in n.operands), device=HOST)
            made.append(copy)
            local.update(zip(n.results, copy.results, strict=True))
        name = self.segments.add(params, made, [local[v] for v in outputs], device)
        self._call(name, arguments, outputs, merge_locs((nodes[0].loc, nodes[-1].loc)))
        self._made(outputs, [device] * len(outputs))

    def _with_sources(self, nodes: Sequence[Node]) -> list[Node]:
        """The nodes of a segment after those that cost nothing and are read by them; constants are seen to elsewhere."""
        found: dict[Node, None] = {}

        def add(n: Node) -> None:
            for v in n.operands:
                if v.node in self.sources and v.node.op != "constant":
                    add(v.node)
            found[n] = None

        for n in nodes:
            add(n)
        return list(found)

    def _made(self, outputs: Sequence[Value], devices: Sequence[str]) -> None:
        """Note where new values are, and send them on their way to where they are read."""
        for v, device in zip(outputs, devices, strict=True):
            if device != HOST:
                self.home[self.new[v]] = device
            for reader in self.readers.get(v, ()):
                self._on(self.new[v], reader)

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
            self.home[self.witnesses[w]] = self.outer.home.get(w, HOST)
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
        devices: Sequence[str] = (HOST,) * len(node.results)
        if current.regions:
            devices = _result_devices(current)
            current = self._with_regions(current, devices)
        else:
            operands = [self._value(v) for v in current.operands]
            if current.op == "weft.check_shape":
                operands += self._needed_witnesses(set(type_symbols(current.types[0])), operands[1:])
            current = current.with_operands(operands)
        self.nodes.append(current)
        self.new.update(zip(node.results, current.results, strict=True))
        self.available += current.results
        self._made(node.results, devices)

    def _with_regions(self, node: Node, devices: Sequence[str]) -> Node:
        """A node whose regions are taken apart too, its results on `devices`.

        Constants are no longer captured; witnesses that segments inside need are.
        """
        constant = [self._constant(v) for v in node.captured]
        kept = [v for v, c in zip(node.captured, constant, strict=True) if c is None]
        bodies: list[_Body] = []
        loop = node.op == "weft.while"
        held = _capture_devices(node, {v: self.home.get(self.new[v], HOST) for v in kept if v in self.new})
        for r in node.regions:
            own = len(r.params) - node.captures
            constants = {p: c for p, c in zip(r.params[own:], constant, strict=True) if c is not None}
            homes = {p: held[v] for p, v in zip(r.params[own:], node.captured, strict=True) if v in held}
            homes |= dict(zip(r.params[:own], devices, strict=True)) if loop else {}
            ends = () if loop and r is node.regions[0] else devices
            bodies.append(_Body(self.segments, r, self, constants, homes, ends))
            bodies[-1].build()
        witnesses = list(dict.fromkeys(w for b in bodies for w in b.witnesses))
        captured = [*(self._value(v, held[v]) for v in kept), *witnesses]
        inputs = [self._value(v, d) for v, d in zip(node.inputs, devices, strict=True)] if loop else list(map(self._value, node.inputs))
        regions = tuple(b.region(witnesses) for b in bodies)
        attrs = {**node.attrs, "devices": tuple(devices) if any(devices) else ()}
        return replace(node, operands=(*inputs, *captured), attrs=attrs, regions=regions, captures=len(captured), device=HOST)


def _readers(body: Region) -> dict[Value, list[str]]:
    """The devices other than the host on which the nodes of a region read each value, in order."""
    free = sources(body)
    found: dict[Value, dict[str, None]] = {}
    for node in body.nodes:
        if node.device != HOST:
            for v in node.operands:
                if v.node in free:
                    continue
                found.setdefault(v, {})[node.device] = None
    return {v: list(devices) for v, devices in found.items()}


def _result_devices(node: Node) -> tuple[str, ...]:
    """Where control flow that the driver runs leaves its results: where all branches, or the turns of the loop, compute them."""
    bodies = node.regions[1:] if node.op == "weft.while" else node.regions
    found: list[str] = []
    for i in range(len(node.results)):
        devices = {v.node.device if (v := r.results[i]).node is not None else _reader(r, v) for r in bodies}
        found.append(devices.pop() if len(devices) == 1 else HOST)
    return tuple(found)


def _reader(body: Region, v: Value) -> str:
    """The one device whose nodes read a value; the host if there are several."""
    devices = {n.device for n in body.nodes if v in n.operands}
    return devices.pop() if len(devices) == 1 else HOST


def _capture_devices(node: Node, homes: Mapping[Value, str]) -> dict[Value, str]:
    """Where the regions of `node` find each value they capture: on the device that alone reads it there, so that it moves once."""
    found: dict[Value, str] = {}
    for i, v in enumerate(node.captured):
        if v in homes:
            devices = {n.device for r in node.regions for n in r.nodes if r.params[len(r.params) - node.captures + i] in n.operands}
            found[v] = devices.pop() if len(devices) == 1 else HOST
    return found


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
