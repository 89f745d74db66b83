"""A module out of a protobuf message that nobody vouches for.

Tables are read in order and refer to smaller indices only, so nothing here recurses with the file's depth and no cycle can be written.
"""

import struct
from collections.abc import Sequence
from dataclasses import Field, fields
from math import prod
from typing import TypeVar

import numpy as np

from ...proto import graph_pb2 as pb
from ...proto.dtypes import BOOL, BY_NUMBER, STRING, DType
from ...proto.errors import UNKNOWN, Loc, WeftError, fail
from ...proto.limits import DEFAULT, Limits
from ...proto.weights import Weights
from ..ir.attrs import Attr, ConvDims, Dict, DotDims, GatherDims, Record, ScatterDims, Symref, Tensor
from ..ir.bounds import check_type
from ..ir.graph import Function, Module, Node, Region, Value, param
from ..ir.types import MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType
from ..ops.registry import op_of
from .dims import DimDecoder
from .limits import ATTR_DEPTH, ENTRIES, TUPLE_LEAVES, VALUES, VERSION

T = TypeVar("T")
_RECORDS: dict[str, type[Record]] = {c.__name__: c for c in (DotDims, ConvDims, GatherDims, ScatterDims)}


class Decoder:
    """Reads one message."""

    def __init__(self, graph: pb.Graph, weights: Weights, loc: Loc, limits: Limits = DEFAULT) -> None:
        self._graph = graph
        self._weights = weights
        self._file = loc
        self._limits = limits
        self._weight_bytes = 0
        self._types: list[Type] = []
        self._leaves: list[int] = []
        self._type_depths: list[int] = []
        self._locs: list[Loc] = []
        self._tensors: list[Tensor] = []
        self._regions: list[Region | None] = []
        self._depths: list[int] = []
        self._values = 0

    def module(self) -> Module:
        """The module; WeftError `graph.*`, `weights.*`, `op.unknown`."""
        g = self._graph
        if g.min_reader > VERSION:
            why = f"written by {g.producer!r} for readers of schema {g.min_reader}; this weft reads up to {VERSION}"
            raise fail("graph.version", why, loc=self._file, help="upgrade weft")
        if g.version == 0:
            raise self._bad("version", "no schema version")
        self._check_sizes()
        self._dims = DimDecoder(g.symbols, self._file, self._limits)
        for t in g.types:
            self._types.append(self._type(t))
        self._read_locs()
        self._tensors = [self._tensor(t) for t in g.tensors]
        for r in g.regions:
            self._read_region(r)
        functions = self._functions()
        if any(r is not None for r in self._regions):
            raise self._bad("region", "a region belongs to no node and no function")
        return Module(functions, g.name, {fact.key: fact.value for fact in g.meta})

    def _check_sizes(self) -> None:
        g = self._graph
        tables = [g.symbols, g.types, g.locs, g.files, g.tensors, g.regions, g.functions, g.meta]
        nodes = sum(len(region.nodes) for region in g.regions)
        self._limits.check("nodes", nodes, f"the graph has {nodes} nodes", code="graph.size", loc=self._file)
        if max(map(len, tables)) > ENTRIES:
            raise self._bad("size", f"the graph has a table of more than {ENTRIES} entries")

    def _bad(self, code: str, why: str, loc: Loc = UNKNOWN) -> WeftError:
        return fail(f"graph.{code}", why, loc=loc or self._file)

    def _pick(self, table: Sequence[T], index: int, what: str) -> T:
        if not 0 <= index < len(table):
            raise self._bad("index", f"{what} {index} of {len(table)}")
        return table[index]

    def _dtype(self, number: int) -> DType:
        if number not in BY_NUMBER:
            raise self._bad("dtype", f"element type {number} is not known to this weft")
        return BY_NUMBER[number]

    def _type(self, t: pb.Type) -> Type:
        parts = _parts(t)
        leaves = 1 + sum(self._pick(self._leaves, i, "type") for i in parts)
        depth = 1 + max((self._type_depths[i] for i in parts), default=0)
        self._limits.check("nesting", depth, "types are nested too deeply", code="graph.type", loc=self._file)
        if leaves > TUPLE_LEAVES:
            raise self._bad("type", f"a type has more than {TUPLE_LEAVES} parts")
        match t.WhichOneof("type"):
            case "tensor":
                result: Type = self._tensor_type(t.tensor)
            case "token":
                result = TokenType()
            case "tuple":
                result = TupleType(tuple(self._types[i] for i in t.tuple.types))
            case "sequence":
                result = SequenceType(self._types[t.sequence])
            case "optional":
                result = OptionalType(self._types[t.optional])
            case "map":
                result = MapType(self._dtype(t.map.key), self._types[t.map.value])
            case "unranked":
                result = UnrankedTensorType(self._dtype(t.unranked))
            case _:
                raise self._bad("type", "a type is empty or of a kind this weft does not know")
        self._leaves.append(leaves)
        self._type_depths.append(depth)
        return result

    def _tensor_type(self, t: pb.TensorType) -> TensorType:
        self._limits.check("rank", len(t.dims), f"a tensor of rank {len(t.dims)}", code="graph.type", loc=self._file)
        dims = tuple(self._dims.dim(d) for d in t.dims)
        if any(isinstance(d, int) and d < 0 for d in dims):
            raise self._bad("type", f"a tensor type has a negative dimension: {list(map(str, dims))}")
        result = TensorType(self._dtype(t.dtype), dims)
        check_type(result, self._limits, "graph.type", self._file)
        return result

    def _read_locs(self) -> None:
        for i, message in enumerate(self._graph.locs):
            parts = tuple(self._pick(self._locs, p, "location") for p in message.parts)
            if any(part.parts for part in parts):
                raise self._bad("loc", f"location {i} merges merged locations")
            file = self._pick(self._graph.files, message.file, "file") if message.file else ""
            self._locs.append(Loc(file, message.name, message.line, message.column, parts))

    def _loc(self, index: int) -> Loc:
        return self._pick(self._locs, index, "location") if index else UNKNOWN

    def _tensor(self, t: pb.Tensor) -> Tensor:
        dtype, shape = self._dtype(t.dtype), tuple(t.shape)
        nbytes = prod(max(d, 1) for d in shape) * dtype.itemsize
        self._weight_bytes += nbytes
        for limit, amount in (("rank", len(shape)), ("tensor_bytes", nbytes), ("weight_bytes", self._weight_bytes)):
            self._limits.check(limit, amount, f"a constant of shape {list(shape)[:64]}", code="graph.tensor", loc=self._file)
        contents = t.WhichOneof("contents")
        if (dtype is STRING) != (contents == "strings"):
            raise self._bad("tensor", f"a constant of {dtype} holds {contents}")
        match contents:
            case "strings":
                array = self._strings(t, shape)
            case "data":
                array = self._inline(t.data, dtype, shape)
            case "offset":
                array = self._weights.view(t.offset, dtype.numpy, shape)
            case _:
                raise self._bad("tensor", "a constant has no contents this weft knows")
        if dtype is BOOL and (array.view(np.uint8) > 1).any():
            raise self._bad("tensor", "a constant of i1 holds bytes other than 0 and 1")
        return Tensor(array, t.name)

    def _strings(self, t: pb.Tensor, shape: tuple[int, ...]) -> np.ndarray:
        if prod(shape) != len(t.strings.values):
            raise self._bad("tensor", f"a constant of shape {list(shape)} holds {len(t.strings.values)} strings")
        array = np.empty(len(t.strings.values), np.object_)
        array[:] = list(t.strings.values)
        array.flags.writeable = False
        return array.reshape(shape)

    def _inline(self, data: bytes, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
        if prod(shape) * dtype.itemsize != len(data):
            raise self._bad("tensor", f"a constant of {dtype} and shape {list(shape)} holds {len(data)} bytes")
        return np.frombuffer(data, np.uint8).view(dtype.numpy).reshape(shape)

    def _read_region(self, message: pb.Region) -> None:
        self._count(len(message.params))
        params = tuple(param(self._pick(self._types, p.type, "type"), p.name) for p in message.params)
        values: list[Value] = list(params)
        nodes: list[Node] = []
        depth = 0
        for n in message.nodes:
            for r in n.regions:
                depth = max(depth, 1 + self._pick(self._depths, r, "region"))
            node = self._node(n, values)
            nodes.append(node)
            values.extend(node.results)
        self._limits.check("nesting", depth, "regions are nested too deeply", code="graph.depth", loc=self._file)
        results = tuple(self._pick(values, i, "value") for i in message.results)
        self._regions.append(Region(params, tuple(nodes), results))
        self._depths.append(depth)

    def _take_region(self, index: int) -> Region:
        region = self._pick(self._regions, index, "region")
        if region is None:
            raise self._bad("region", f"region {index} has two owners")
        self._regions[index] = None
        return region

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > VALUES:
            raise self._bad("size", f"the graph has more than {VALUES} values")

    def _node(self, n: pb.Node, values: list[Value]) -> Node:
        loc = self._loc(n.loc)
        try:
            op_of(n.op)
        except WeftError as e:
            raise e.at(loc or self._file) from e
        self._count(len(n.types))
        if n.captures > len(n.operands) or len(n.names) not in (0, len(n.types)):
            raise self._bad("node", f"`{n.op}` has more captures than operands, or names for other results than it has", loc)
        operands = tuple(self._pick(values, i, "value") for i in n.operands)
        regions = tuple(self._take_region(i) for i in n.regions)
        types = tuple(self._pick(self._types, i, "type") for i in n.types)
        return Node(n.op, operands, self._entries(n.attrs, 0), regions, types, loc, n.captures, tuple(n.names), n.device)

    def _entries(self, entries: Sequence[pb.Entry], depth: int) -> dict[str, Attr]:
        found = {e.key: self._attr(e.value, depth) for e in entries}
        if len(found) != len(entries):
            raise self._bad("attribute", "an attribute is given twice")
        return found

    def _attr(self, a: pb.Attr, depth: int) -> Attr:
        if depth > ATTR_DEPTH:
            raise self._bad("depth", f"an attribute is nested more than {ATTR_DEPTH} deep")
        match kind := a.WhichOneof("value"):
            case "none":
                return None
            case "flag" | "integer" | "unsigned" | "text":
                return getattr(a, kind)
            case "real":
                return struct.unpack("<d", struct.pack("<Q", a.real))[0]
            case "dtype":
                return self._dtype(a.dtype)
            case "dim":
                return self._dims.dim(a.dim)
            case "tensor":
                return self._pick(self._tensors, a.tensor, "tensor")
            case "symref":
                return Symref(a.symref)
            case "type":
                return self._pick(self._types, a.type, "type")
            case "ints":
                return tuple(a.ints.values)
            case "list":
                return tuple(self._attr(item, depth + 1) for item in a.list.items)
            case "dict":
                return Dict(tuple(sorted(self._entries(a.dict.entries, depth + 1).items())))
            case "record":
                return self._record(a.record, depth)
            case _:
                raise self._bad("attribute", "an attribute is empty or of a kind this weft does not know")

    def _record(self, r: pb.Attr.Record, depth: int) -> Record:
        if r.kind not in _RECORDS:
            raise self._bad("attribute", f"attributes of kind {r.kind!r} are not known to this weft")
        cls = _RECORDS[r.kind]
        values = self._entries(r.fields, depth + 1)
        expected = {f.name: f for f in fields(cls)}
        if values.keys() != expected.keys() or not all(_fits(values[name], f) for name, f in expected.items()):
            raise self._bad("attribute", f"the fields of a {r.kind} are not as they should be: {list(values)}")
        return cls(**values)  # type: ignore[arg-type]

    def _functions(self) -> dict[str, Function]:
        functions: dict[str, Function] = {}
        for f in self._graph.functions:
            if not f.name or f.name in functions:
                raise self._bad("function", f"a function is called {f.name!r}: names are unique and not empty")
            functions[f.name] = self._function(f)
        return functions

    def _function(self, f: pb.Function) -> Function:
        body = self._take_region(f.region)
        if len(f.result_names) not in (0, len(body.results)):
            raise self._bad("function", f"{f.name!r} has {len(body.results)} results and {len(f.result_names)} names for them")
        aliases = {a.result: a.param for a in f.aliases}
        for result, source in aliases.items():
            self._pick(body.results, result, "result")
            self._pick(body.params, source, "parameter")
        names = tuple(f.result_names)
        return Function(body.params, body.nodes, body.results, f.name, names, f.public, aliases, self._loc(f.loc), f.device)


def _parts(t: pb.Type) -> Sequence[int]:
    """The types that a type is made of, as indices."""
    match t.WhichOneof("type"):
        case "tuple":
            return t.tuple.types
        case "sequence":
            return (t.sequence,)
        case "optional":
            return (t.optional,)
        case "map":
            return (t.map.value,)
        case _:
            return ()


def _fits(value: Attr, field: Field[object]) -> bool:
    """Whether a value suits a field of a record: an int, or a tuple of ints."""
    if field.type is int:
        return type(value) is int
    return isinstance(value, tuple) and all(type(item) is int for item in value)
