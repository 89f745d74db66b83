"""Tuples are taken apart: functions and control flow have the parts as parameters, state and results."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..ir.graph import Function, Module, Node, Region, Value, param
from ..ir.types import TupleType, Type
from ..ops.nodes import node
from .base import Context, module_pass

# Ops whose operands and results are those of their regions.
_CARRIERS = {"while", "if", "case"}


@module_pass("tuples")
def flatten_tuples(module: Module, context: Context) -> Module:
    """f(tuple<a, b>) -> f(a, b), and so for results, the state of loops and what branches give."""
    functions = {name: _function(f) for name, f in module.functions.items()}
    if all(functions[name] is f for name, f in module.functions.items()):
        return module
    return replace(module, functions=functions)


def _has_tuple(types: Iterable[Type]) -> bool:
    return any(isinstance(t, TupleType) for t in types)


def _carries(body: Region) -> bool:
    """Whether a tuple is a parameter or result of a region, or of control flow in it."""
    if _has_tuple(p.type for p in body.params) or _has_tuple(body.result_types):
        return True
    return any(_has_tuple(n.types) or any(map(_carries, n.regions)) for n in body.nodes if n.op in _CARRIERS)


def _function(f: Function) -> Function:
    if not _carries(f):
        return f
    body = _Flattener().region(f)
    names: list[str] = []
    for name, t in zip(f.result_names, f.result_types, strict=False):
        names += _part_names(name, t)
    return replace(f, params=body.params, nodes=body.nodes, results=body.results, result_names=tuple(names), aliases={})


def _part_names(name: str, t: Type) -> list[str]:
    if not isinstance(t, TupleType):
        return [name]
    return [part for i, inner in enumerate(t.types) for part in _part_names(f"{name}.{i}" if name else "", inner)]


class _Flattener:
    """Rebuilds one region; `new` has what stands for each of its values."""

    def __init__(self) -> None:
        self.new: dict[Value, Value] = {}
        self.nodes: list[Node] = []

    def region(self, body: Region) -> Region:
        """The region with parts for tuples."""
        params: list[Value] = []
        for p in body.params:
            self.new[p] = self._param(p.type, p.name, params)
        for n in body.nodes:
            self._node(n)
        results = [part for v in body.results for part in self._parts(self.new[v])]
        return Region(tuple(params), tuple(self.nodes), tuple(results))

    def _param(self, t: Type, name: str, params: list[Value]) -> Value:
        """A parameter, or the tuple of those that take its place."""
        if not isinstance(t, TupleType):
            params.append(param(t, name))
            return params[-1]
        parts = [self._param(inner, f"{name}.{i}" if name else "", params) for i, inner in enumerate(t.types)]
        return self._build("tuple", parts)

    def _build(self, op: str, operands: Sequence[Value], **attrs: object) -> Value:
        built = node(op, *operands, **attrs)
        assert built.node is not None
        self.nodes.append(built.node)
        return built

    def _parts(self, v: Value) -> list[Value]:
        """The values that are no tuples in a value."""
        if not isinstance(v.type, TupleType):
            return [v]
        return [part for i in range(len(v.type.types)) for part in self._parts(self._build("get_tuple_element", [v], index=i))]

    def _joined(self, t: Type, parts: list[Value]) -> Value:
        """The value of a type made of the first parts, which are taken off the list."""
        if not isinstance(t, TupleType):
            return parts.pop(0)
        return self._build("tuple", [self._joined(inner, parts) for inner in t.types])

    def _node(self, node: Node) -> None:
        operands = [self.new[v] for v in node.operands]
        if node.op not in _CARRIERS or not (
            _has_tuple(node.types) or _has_tuple(v.type for v in operands) or any(map(_carries, node.regions))
        ):
            current = replace(node, operands=tuple(operands))
            self.nodes.append(current)
            self.new.update(zip(node.results, current.results, strict=True))
            return
        first = len(node.inputs)
        inputs = [part for v in operands[:first] for part in self._parts(v)]
        captured = [part for v in operands[first:] for part in self._parts(v)]
        regions = tuple(_Flattener().region(r) for r in node.regions)
        types = regions[-1].result_types if node.op == "while" else regions[0].result_types
        flat = replace(node, operands=(*inputs, *captured), regions=regions, types=types, captures=len(captured), names=())
        self.nodes.append(flat)
        left = list(flat.results)
        self.new.update({v: self._joined(v.type, left) for v in node.results})
