"""Importing a graph: names to values, nodes through the table of operators, functions, nested graphs with what they capture."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import zip_longest

import numpy as np
import onnx

from ...compiler.ir.attrs import Tensor
from ...compiler.ir.bounds import check_type
from ...compiler.ir.dims import Dim, symbol
from ...compiler.ir.graph import Node, Region, Value, definitions, located, param, region
from ...compiler.ir.types import TensorType, is_host
from ...compiler.ops.registry import op_of
from ...proto.errors import Loc, WeftError, fail
from . import codes, host, registry
from .contents import Contents
from .facts import facts_of
from .join import is_nothing, ranked
from .node import NodeView
from .reader import Reader
from .schema import bind_attributes, body_of, check_call, has_body, schema_of
from .symbols import Names, naming
from .types import type_of
from .widened import Widened

FunctionKey = tuple[str, str, str]  # domain, name, overload


class Import:
    """What all scopes of one import share: the model, what is known of its tensors, the problems found so far."""

    def __init__(self, reader: Reader, functions: Mapping[FunctionKey, onnx.FunctionProto], file: str, symbols: Mapping[str, Dim]) -> None:
        self.reader = reader
        self.limits = reader.limits
        self.functions = functions
        self.file = file
        self.symbols = symbols
        self.contents = Contents(reader.limits)
        self.names = Names()
        self.errors: list[WeftError] = []
        self.loop = Widened()  # around what is being imported
        self._nodes = 0
        self._called = 0

    def count(self, nodes: int, loc: Loc) -> None:
        """Called with the number of nodes of every graph in the file."""
        self._nodes += nodes
        self.limits.check("nodes", self._nodes, f"the model has {self._nodes} nodes and more", code="onnx.size", loc=loc)

    def count_called(self, nodes: int, loc: Loc) -> None:
        """Called with the nodes of every function's body: calls of calls could make any number of them out of a small file."""
        self._called += nodes
        what = f"the functions of the model come to {self._called} nodes and more"
        self.limits.check("function_nodes", self._called, what, code="onnx.size", loc=loc)


class Scope:
    """The names of one graph or function.

    A nested graph has a scope of its own that looks names up outside. What it finds becomes a capture, unless the graph is imported in
    place (`inline`). A function sees nothing of its caller's but its inputs and attributes.
    """

    def __init__(self, shared: Import, opsets: Mapping[str, int], outer: "Scope | None" = None, *, inline: bool = False) -> None:
        self.shared = shared
        self.reader = shared.reader
        self.contents = shared.contents
        self.opsets = opsets
        self.outer = outer
        self.inline = inline
        self.prefix = outer.prefix if outer else ""
        self.depth = outer.depth + 1 if outer else 0
        self.attributes: dict[str, onnx.AttributeProto] = outer.attributes if outer else {}
        self.values: dict[str, Value | None] = {}  # None: an input that the caller of a function leaves out
        self.captured: dict[Value, Value] = {}
        self.definers: list[Node] = []  # nodes that define symbols, of a nested graph's region
        self.declared: dict[str, onnx.ValueInfoProto] = {}  # types that the model gives for values of this graph
        self._unavailable: set[str] = set()

    @contextmanager
    def building(self) -> Generator[None]:
        """Nodes built inside belong to the region of this nested graph."""
        with definitions() as found:
            yield
        self.definers += found

    def loc(self, name: str) -> Loc:
        """The place of a node or value of this model."""
        return Loc(self.shared.file, self.prefix + name)

    def lookup(self, name: str, loc: Loc) -> Value:
        """The value called `name`; WeftError `onnx.name` if there is none."""
        found = self.find(name, loc)
        if found is None:
            raise fail("onnx.name", f"`{name}` is an input that is not given", loc=loc)
        return found

    def find(self, name: str, loc: Loc) -> Value | None:
        """The value called `name`, None for an absent input of a function."""
        if name in self.values:
            return self.values[name]
        if self.outer is None:
            raise fail("onnx.name", f"nothing defines `{name}`", loc=loc, help="the nodes of an ONNX graph must be sorted")
        found = self.outer.find(name, loc)
        if found is None or self.inline or found.op == "constant" or is_nothing(found):
            return found
        return self.capture(found)

    def capture(self, outer: Value) -> Value:
        """What a value of the scope around is in this one."""
        if outer not in self.captured:
            self.captured[outer] = param(outer.type, outer.name)
            self.contents.inherit(self.captured[outer], outer)
        return self.captured[outer]

    def is_unavailable(self, name: str) -> bool:
        """Whether the node that defines `name` could not be imported: what uses it is not reported again."""
        return name in self._unavailable or (self.outer is not None and self.outer.is_unavailable(name))

    def constants(self, graph: onnx.GraphProto) -> None:
        """Define a graph's initializers, dense and sparse ones."""
        for tensor in graph.initializer:
            self._constant(tensor.name, self.reader.array(tensor, self.loc(tensor.name)))
        for sparse in graph.sparse_initializer:
            self._constant(sparse.values.name, self.reader.sparse(sparse, self.loc(sparse.values.name)))

    def _constant(self, name: str, array: np.ndarray) -> None:
        loc = self.loc(name)
        if name in self.values:
            raise fail("onnx.name", f"two initializers are called `{name}`", loc=loc)
        with located(loc):
            value = op_of("constant")(value=Tensor(array, name), names=(name,))
        assert isinstance(value, Value)
        self.values[name] = value

    def input(self, info: onnx.ValueInfoProto) -> Value:
        """A parameter for a graph input."""
        if info.name in self.values or not info.name:
            raise fail("onnx.name", f"two inputs are called `{info.name}`", loc=self.loc(info.name))

        def dim(d: onnx.TensorShapeProto.Dimension, axis: int) -> Dim:
            name = d.dim_param or f"{info.name}_dim{axis}"
            self.shared.names.inputs.add(name)
            return self.shared.symbols.get(name, symbol(name))

        value = param(type_of(info.type, self.reader, self.loc(info.name), dim), info.name)
        self.values[info.name] = value
        return value

    def run(self, nodes: Sequence[onnx.NodeProto]) -> None:
        """Import nodes in order. Problems are collected, so that all of a model's are reported at once."""
        for proto in nodes:
            loc = self.loc(proto.name or next(iter(proto.output), ""))
            try:
                self._node(proto, loc)
            except WeftError as error:
                version = self.opsets.get("" if proto.domain == "ai.onnx" else proto.domain, 0)
                facts = facts_of(proto, version, [self._seen(name) for name in proto.input])
                self.shared.errors.append(error.at(loc).about(**facts))
                self._give_up(proto.output)

    def _seen(self, name: str) -> Value | None:
        """The value called `name`, if there is one by now."""
        if name in self.values or self.outer is None:
            return self.values.get(name)
        return self.outer._seen(name)

    def _give_up(self, names: Iterable[str]) -> None:
        """Go on without what a node gives: the model will not be imported, but more may be said of the rest of it.

        A value whose type the model declares is taken for an input; what uses another is not looked at.
        """
        for name in filter(None, names):
            try:
                self.input(self.declared[name])
            except (KeyError, WeftError):
                self._unavailable.add(name)

    def _node(self, proto: onnx.NodeProto, loc: Loc) -> None:
        domain = "" if proto.domain == "ai.onnx" else proto.domain
        view = NodeView(proto, self, self.opsets.get(domain, 0), loc, bind_attributes(proto, self.attributes))
        function = self.shared.functions.get((domain, proto.op_type, proto.overload))
        schema = schema_of(view)
        entry = registry.find(view) if schema and not function else None
        if entry is None and function is None and not (schema and has_body(schema)):
            raise _unsupported(view)
        if any(self.is_unavailable(name) for name in proto.input):
            self._give_up(proto.output)
            return
        inputs = [self.find(name, loc) if name else None for name in proto.input]
        if schema and not function:
            check_call(view, inputs, schema)
            function = None if entry else body_of(view, inputs, schema)
        if function is not None:
            values = self._call(view, function, inputs)
            if values is None:
                self._give_up(proto.output)
                return
        elif entry is not None:
            with located(loc), naming(self.shared.names, proto.output[0] if proto.output else proto.op_type):
                results = codes.run(view, entry, inputs)
                several = results if isinstance(results, tuple) else (results,)
                values = [self._ranked(name, v, loc) for name, v in zip_longest(proto.output, several)]
        else:
            raise _unsupported(view)
        self._define(proto, values, loc)

    def _ranked(self, name: str | None, value: Value | None, loc: Loc) -> Value | None:
        """A host value with the ranks that the model declares, which are checked when the program runs."""
        info = self.declared.get(name or "")
        if value is None or info is None or not is_host(value.type) or host.target(value) in ("sequence_construct", "sequence_empty"):
            return value
        found = ranked(value.type, type_of(info.type, self.reader, loc)) if info.type.WhichOneof("value") else value.type
        return value if found == value.type else host.declared("identity", [found], value)[0]

    def _define(self, proto: onnx.NodeProto, values: Sequence[Value | None], loc: Loc) -> None:
        for name, value in zip_longest(proto.output, values):
            if not name:
                continue
            if name in self.values:
                raise fail("onnx.name", f"`{name}` is defined twice", loc=loc)
            if value is None:
                raise fail("onnx.unsupported", f"output `{name}` of `{proto.op_type}` is not supported", loc=loc)
            if isinstance(value.type, TensorType):
                check_type(value.type, self.shared.limits, "onnx.size", loc)
            self.values[name] = value
            value.name = value.name or self.prefix + name

    def _call(self, node: NodeView, function: onnx.FunctionProto, inputs: Sequence[Value | None]) -> list[Value | None] | None:
        """The results of a function's body in place of its call; None if it has problems, which are collected."""
        what = f"function `{function.name}`"
        self.shared.limits.check("calls", self.depth + 1, f"{what} is nested too deeply", code="onnx.nesting", loc=node.loc)
        node.check(len(inputs) <= len(function.input), "arity", f"{what} has {len(function.input)} inputs, {len(inputs)} given")
        self.shared.count_called(len(function.node) or 1, node.loc)
        scope = Scope(self.shared, {**self.opsets, **opsets_of(function.opset_import)})
        scope.depth, scope.prefix = self.depth + 1, f"{node.loc.name}/"
        scope.attributes = {a.name: a for a in function.attribute_proto} | dict(node.attributes)
        scope.values = dict(zip_longest(function.input, inputs))
        before = len(self.shared.errors)
        scope.run(function.node)
        if len(self.shared.errors) > before:
            return None
        wanted = zip(function.output, node.proto.output, strict=False)
        return [scope.find(name, node.loc) if result else None for name, result in wanted]

    def nested(self, graph: onnx.GraphProto, params: Sequence[Value], *, inline: bool = False) -> tuple["Scope", list[Value]]:
        """Import a graph attribute with these parameters; its scope (which knows what it captured) and its results."""
        loc = self.loc(graph.name)
        self.shared.limits.check("calls", self.depth + 1, "graphs are nested too deeply", code="onnx.nesting", loc=loc)
        self.shared.count(len(graph.node), loc)
        if len(graph.input) != len(params):
            raise fail("onnx.nested", f"the nested graph must have {len(params)} inputs, it has {len(graph.input)}", loc=loc)
        inner = Scope(self.shared, self.opsets, self, inline=inline)
        inner.declared = {i.name: i for i in (*graph.value_info, *graph.output)}
        before = len(self.shared.errors)
        for info, value in zip(graph.input, params, strict=True):
            inner.values[info.name] = value
        with nullcontext() if inline else inner.building():
            inner.constants(graph)
            inner.run(graph.node)
        if len(self.shared.errors) > before or any(inner.is_unavailable(o.name) for o in graph.output):
            raise fail("onnx.nested", "a nested graph could not be imported", loc=loc)
        return inner, [inner.lookup(o.name, self.loc(o.name)) for o in graph.output]


def _unsupported(node: NodeView) -> WeftError:
    name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
    return node.error("unsupported", f"operator `{name}` (opset {node.opset}) is not supported")


def opsets_of(imports: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Opset versions by domain."""
    versions = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in imports}
    for domain, version in versions.items():
        if not 0 <= version < 1 << 31:
            raise fail("onnx.version", f"there is no version {version} of the operators of {domain or 'ai.onnx'!r}")
    return versions


def close(scopes: Sequence[Scope], bodies: Sequence[tuple[Sequence[Value], Sequence[Value]]]) -> tuple[list[Value], list[Region]]:
    """Regions of one op from (params, results) pairs: every region takes what any of them captured and uses, in one order.

    Returns the captured outer values and the regions, whose params end with them.
    """
    outer: dict[Value, None] = {}
    for scope, (params, results) in zip(scopes, bodies, strict=True):
        whole = region([*params, *scope.captured.values()], results, definers=scope.definers)
        used = {v for n in whole.nodes for v in n.operands}.union(results)
        outer.update(dict.fromkeys(v for v, inner in scope.captured.items() if inner in used))
    regions: list[Region] = []
    for scope, (params, results) in zip(scopes, bodies, strict=True):
        inner = [scope.captured.get(v) or param(v.type, v.name) for v in outer]
        regions.append(region([*params, *inner], results, definers=scope.definers))
    return list(outer), regions
