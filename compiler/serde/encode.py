"""A module as a protobuf message: every table interned, everything flat."""

import struct
from collections.abc import Iterable
from dataclasses import fields

import numpy as np

from ...proto import graph_pb2 as pb
from ...proto.dtypes import STRING, DType, from_numpy
from ...proto.errors import UNKNOWN, InternalError, Loc, fail
from ...proto.version import weft_version
from ...proto.weights import Weights
from ..ir.attrs import Attr, ConvDims, Dict, DotDims, GatherDims, ScatterDims, Symref, Tensor
from ..ir.dims import Dim, Expr, Symbol
from ..ir.graph import Function, Module, Node, Region, Value
from ..ir.types import HostType, MapType, OptionalType, SequenceType, TensorType, TokenType, TupleType, Type, UnrankedTensorType
from .dims import encode_dim, int64
from .limits import ATTR_DEPTH, FIRST_VERSION, INLINE_BYTES, INT64, REGION_DEPTH, VERSION


class Encoder:
    """Builds one message. Contents of constants go to `weights`."""

    def __init__(self, weights: Weights) -> None:
        self._graph = pb.Graph(version=VERSION, min_reader=FIRST_VERSION, producer=f"weft {weft_version()}", files=[""], locs=[pb.Loc()])
        self._weights = weights
        self._symbols: dict[Symbol, int] = {}
        self._types: dict[Type, int] = {}
        self._files: dict[str, int] = {"": 0}
        self._locs: dict[Loc, int] = {UNKNOWN: 0}
        self._tensors: dict[tuple[int, str], int] = {}

    def module(self, module: Module) -> pb.Graph:
        """The message; WeftError `graph.depth`, `.integer`, `.string` for what the format cannot hold."""
        g = self._graph
        try:
            g.name = module.name
            g.meta.extend(pb.Fact(key=k, value=v) for k, v in module.meta.items())
            for function in module.functions.values():
                g.functions.append(self._function(function))
        except UnicodeEncodeError as e:
            raise fail("graph.string", f"a name or text is not Unicode: {e.object[:80]!r}") from e
        return g

    def _function(self, f: Function) -> pb.Function:
        aliases = [pb.Function.Alias(result=r, param=p) for r, p in f.aliases.items()]
        region = self._region(f, 0)
        return pb.Function(
            name=f.name,
            region=region,
            result_names=f.result_names,
            public=f.public,
            aliases=aliases,
            loc=self._loc(f.loc),
            device=f.device,
        )

    def _region(self, region: Region, depth: int) -> int:
        if depth > REGION_DEPTH:
            raise fail("graph.depth", f"regions are nested more than {REGION_DEPTH} deep")
        numbers: dict[Value, int] = {}
        message = pb.Region()
        for p in region.params:
            numbers[p] = len(numbers)
            message.params.append(pb.Region.Param(type=self._type(p.type), name=p.name))
        for node in region.nodes:
            message.nodes.append(self._node(node, numbers, depth))
            for v in node.results:
                numbers[v] = len(numbers)
        message.results.extend(_number(v, numbers) for v in region.results)
        self._graph.regions.append(message)
        return len(self._graph.regions) - 1

    def _node(self, node: Node, numbers: dict[Value, int], depth: int) -> pb.Node:
        if "symbols" in node.attrs:
            self._graph.min_reader = VERSION
        return pb.Node(
            op=node.op,
            operands=[_number(v, numbers) for v in node.operands],
            captures=node.captures,
            attrs=self._entries(node.attrs.items(), 0),
            regions=[self._region(r, depth + 1) for r in node.regions],
            types=[self._type(t) for t in node.types],
            # A pass may have named a result after it made the node.
            names=[v.name for v in node.results] if any(v.name for v in node.results) else (),
            loc=self._loc(node.loc),
            device=node.device,
        )

    def _loc(self, loc: Loc) -> int:
        if loc not in self._locs:
            parts = [self._loc(part) for part in _leaves(loc)] if loc.parts else []
            file = self._files.setdefault(loc.file, len(self._files))
            if file == len(self._graph.files):
                self._graph.files.append(loc.file)
            self._graph.locs.append(pb.Loc(file=file, name=loc.name, line=loc.line, column=loc.column, parts=parts))
            self._locs[loc] = len(self._graph.locs) - 1
        return self._locs[loc]

    def _type(self, t: Type) -> int:
        if t not in self._types:
            self._graph.types.append(self._type_message(t))
            self._types[t] = len(self._graph.types) - 1
        return self._types[t]

    def _type_message(self, t: Type) -> pb.Type:
        match t:
            case TensorType(dtype, shape):
                return pb.Type(tensor=pb.TensorType(dtype=dtype.number, dims=[self._dim(d) for d in shape]))
            case TokenType():
                return pb.Type(token=pb.Type.Token())
            case TupleType(types):
                return pb.Type(tuple=pb.TupleType(types=[self._type(part) for part in types]))
            case SequenceType() | OptionalType() | MapType() | UnrankedTensorType():
                self._graph.min_reader = VERSION
                return self._host_type(t)

    def _host_type(self, t: HostType) -> pb.Type:
        match t:
            case SequenceType(element):
                return pb.Type(sequence=self._type(element))
            case OptionalType(element):
                return pb.Type(optional=self._type(element))
            case MapType(key, value):
                return pb.Type(map=pb.MapType(key=key.number, value=self._type(value)))
            case UnrankedTensorType(dtype):
                return pb.Type(unranked=dtype.number)

    def _dim(self, dim: Dim) -> pb.Dim:
        return encode_dim(dim, self._symbol)

    def _symbol(self, symbol: Symbol) -> int:
        if symbol not in self._symbols:
            lo, hi = (None if bound is None else self._dim(bound) for bound in (symbol.lo, symbol.hi))
            self._graph.symbols.append(pb.Symbol(name=symbol.name, lo=lo, hi=hi))
            self._symbols[symbol] = len(self._graph.symbols) - 1
        return self._symbols[symbol]

    def _entries(self, items: Iterable[tuple[str, Attr]], depth: int) -> list[pb.Entry]:
        return [pb.Entry(key=key, value=self._attr(value, depth)) for key, value in items]

    def _attr(self, value: Attr, depth: int) -> pb.Attr:
        if depth > ATTR_DEPTH:
            raise fail("graph.depth", f"an attribute is nested more than {ATTR_DEPTH} deep")
        match value:
            case None:
                return pb.Attr(none=True)
            case bool():
                return pb.Attr(flag=value)
            case int():
                return pb.Attr(unsigned=value) if 1 << 63 <= value < 1 << 64 else pb.Attr(integer=int64(value))
            case float():
                return pb.Attr(real=struct.unpack("<Q", struct.pack("<d", value))[0])
            case str():
                return pb.Attr(text=value)
            case DType():
                return pb.Attr(dtype=value.number)
            case Expr():
                return pb.Attr(dim=self._dim(value))
            case Tensor():
                return pb.Attr(tensor=self._tensor(value))
            case Symref(name):
                return pb.Attr(symref=name)
            case TensorType() | TokenType() | TupleType() | SequenceType() | OptionalType() | MapType() | UnrankedTensorType():
                return pb.Attr(type=self._type(value))
            case tuple():
                return self._tuple(value, depth)
            case Dict(items):
                return pb.Attr(dict=pb.Attr.Dict(entries=self._entries(items, depth + 1)))
            case DotDims() | ConvDims() | GatherDims() | ScatterDims():
                pairs = [(f.name, getattr(value, f.name)) for f in fields(value)]
                return pb.Attr(record=pb.Attr.Record(kind=type(value).__name__, fields=self._entries(pairs, depth + 1)))
            case _:
                raise InternalError(f"an attribute is a {type(value).__name__}: {value!r}")

    def _tuple(self, items: tuple[Attr, ...], depth: int) -> pb.Attr:
        if all(type(i) is int and i in INT64 for i in items):
            return pb.Attr(ints=pb.Attr.Ints(values=items))  # type: ignore[arg-type]
        return pb.Attr(list=pb.Attr.List(items=[self._attr(i, depth + 1) for i in items]))

    def _tensor(self, tensor: Tensor) -> int:
        key = (id(tensor.array), tensor.name)
        if key not in self._tensors:
            self._graph.tensors.append(self._tensor_message(tensor.array, tensor.name))
            self._tensors[key] = len(self._graph.tensors) - 1
        return self._tensors[key]

    def _tensor_message(self, array: np.ndarray, name: str) -> pb.Tensor:
        dtype = from_numpy(array.dtype)
        message = pb.Tensor(dtype=dtype.number, shape=array.shape, name=name)
        if dtype is STRING:
            message.strings.values.extend(_strings(array))
            message.strings.SetInParent()
            return message
        array = array.astype(dtype.numpy, copy=False)  # to the machine's (little-endian) byte order
        if array.nbytes <= INLINE_BYTES:
            message.data = array.tobytes()
        else:
            message.offset = self._weights.add(array)
        return message


def _leaves(loc: Loc) -> Iterable[Loc]:
    """The places a merged location stands for."""
    for part in loc.parts:
        if part.parts:
            yield from _leaves(part)
        else:
            yield part


def _number(value: Value, numbers: dict[Value, int]) -> int:
    if value not in numbers:
        raise InternalError(f"{value!r} is used outside the region that computes it")
    return numbers[value]


def _strings(array: np.ndarray) -> Iterable[str]:
    for item in array.reshape(-1).tolist():
        if not isinstance(item, str):
            raise InternalError(f"a string tensor holds a {type(item).__name__}")
        yield item
