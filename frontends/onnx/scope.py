"""Importing a graph: names to values, nodes through the table of operators, nested graphs with what they capture."""

from collections.abc import Mapping, Sequence

import onnx

from ...compiler.ir.attrs import Tensor
from ...compiler.ir.dims import Dim, symbol
from ...compiler.ir.graph import Region, Value, located, param, region
from ...compiler.ops.registry import op_of
from ...proto.errors import Loc, WeftError, fail
from . import registry
from .contents import Contents
from .node import NodeView
from .reader import Reader, tensor_type


class Assumption(Exception):
    """Raised where a graph only makes sense for some values of a symbol.

    The import starts again with the symbol bounded below by `lo`, or equal to `value`. The program checks both when it is called.
    """

    def __init__(self, name: str, *, lo: int | None = None, value: int | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.lo = lo
        self.value = value


class Scope:
    """The names of one graph. A nested graph has a scope of its own that looks names up outside and turns what it finds into captures."""

    def __init__(
        self,
        reader: Reader,
        opsets: Mapping[str, int],
        file: str,
        outer: "Scope | None" = None,
        symbols: Mapping[str, Dim] | None = None,
    ) -> None:
        self.reader = reader
        self.opsets = opsets
        self.file = file
        self.outer = outer
        self.symbols = symbols or {}
        self.values: dict[str, Value] = {}
        self.contents = outer.contents if outer else Contents()
        self.captured: dict[Value, Value] = {}
        self.errors: list[WeftError] = outer.errors if outer else []
        self._unavailable: set[str] = set()

    def loc(self, name: str) -> Loc:
        """The place of a node or value of this model."""
        return Loc(self.file, name)

    def lookup(self, name: str, loc: Loc) -> Value:
        """The value called `name`; WeftError `onnx.name` if there is none."""
        if name in self.values:
            return self.values[name]
        if self.outer is None:
            raise fail("onnx.name", f"nothing defines `{name}`", loc=loc, help="the nodes of an ONNX graph must be sorted")
        found = self.outer.lookup(name, loc)
        if found.op == "constant":
            return found
        if found not in self.captured:
            self.captured[found] = param(found.type, name)
            contents = self.contents.of(found)
            if contents is not None:
                self.contents.set(self.captured[found], contents)
        return self.captured[found]

    def is_unavailable(self, name: str) -> bool:
        """Whether the node that defines `name` could not be imported: what uses it is not reported again."""
        return name in self._unavailable or (self.outer is not None and self.outer.is_unavailable(name))

    def constant(self, tensor: onnx.TensorProto) -> None:
        """Define an initializer."""
        loc = self.loc(tensor.name)
        with located(loc):
            value = op_of("constant")(value=Tensor(self.reader.array(tensor, loc), tensor.name), names=(tensor.name,))
        assert isinstance(value, Value)
        self.values[tensor.name] = value

    def input(self, info: onnx.ValueInfoProto) -> Value:
        """A parameter for a graph input."""

        def dim(d: onnx.TensorShapeProto.Dimension, axis: int) -> Dim:
            name = d.dim_param or f"{info.name}_dim{axis}"
            return self.symbols.get(name, symbol(name))

        value = param(tensor_type(info.type, self.reader, dim, self.loc(info.name)), info.name)
        self.values[info.name] = value
        return value

    def run(self, nodes: Sequence[onnx.NodeProto]) -> None:
        """Import nodes in order. Problems are collected, so that all of a model's are reported at once."""
        for proto in nodes:
            try:
                self._node(proto)
            except WeftError as error:
                self.errors.append(error.at(self.loc(proto.name or (proto.output[0] if proto.output else ""))))
                self._unavailable.update(proto.output)

    def _node(self, proto: onnx.NodeProto) -> None:
        loc = self.loc(proto.name or (proto.output[0] if proto.output else ""))
        domain = "" if proto.domain == "ai.onnx" else proto.domain
        view = NodeView(proto, self, self.opsets.get(domain, 0), loc)
        handler = registry.find(view)
        if handler is None:
            name = f"{domain}.{proto.op_type}" if domain else proto.op_type
            raise fail("onnx.unsupported", f"operator `{name}` (opset {view.opset}) is not supported", loc=loc)
        if any(self.is_unavailable(name) for name in proto.input):
            self._unavailable.update(proto.output)
            return
        inputs = [self.lookup(name, loc) if name else None for name in proto.input]
        with located(loc):
            results = handler(view, *inputs)
        values = results if isinstance(results, tuple) else (results,)
        for name, value in zip(proto.output, values, strict=False):
            if name and value is not None:
                self._define(name, value)

    def _define(self, name: str, value: Value) -> None:
        self.values[name] = value
        value.name = value.name or name

    def nested(self, graph: onnx.GraphProto, params: Sequence[Value]) -> tuple["Scope", list[Value]]:
        """Import a graph attribute with these parameters; its scope (which knows what it captured) and its results."""
        inner = Scope(self.reader, self.opsets, self.file, self)
        for info, value in zip(graph.input, params, strict=True):
            inner.values[info.name] = value
        for tensor in graph.initializer:
            inner.constant(tensor)
        inner.run(graph.node)
        if any(inner.is_unavailable(o.name) for o in graph.output):
            raise fail("onnx.nested", "a nested graph could not be imported", loc=self.loc(graph.name))
        return inner, [inner.lookup(o.name, self.loc(o.name)) for o in graph.output]


def close(scopes: Sequence[Scope], bodies: Sequence[tuple[Sequence[Value], Sequence[Value]]]) -> tuple[list[Value], list[Region]]:
    """Regions of one op from (params, results) pairs: every region takes what any of them captured, in one order.

    Returns the captured outer values and the regions, whose params end with them.
    """
    outer: dict[Value, None] = {}
    for scope in scopes:
        outer.update(dict.fromkeys(scope.captured))
    regions: list[Region] = []
    for scope, (params, results) in zip(scopes, bodies, strict=True):
        inner = [scope.captured.get(v) or param(v.type, v.name) for v in outer]
        regions.append(region([*params, *inner], results))
    return list(outer), regions
