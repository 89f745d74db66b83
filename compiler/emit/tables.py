"""The tables of a program: kernels, constants, host calls, locations, symbols; equal entries are stored once."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...proto import graph_pb2
from ...proto import program_pb2 as pb
from ...proto.dtypes import from_numpy
from ...proto.errors import UNKNOWN, InternalError, Loc
from ...proto.weights import Weights
from ...vm import host
from ..codegen.cpu import emit_kernel
from ..codegen.kernel import Kernel, kernel_key
from ..codegen.target import Target
from ..ir.attrs import Tensor
from ..ir.dims import Dim, Symbol, symbol, symbols, with_bounds
from ..ir.graph import Function, Node
from ..ir.types import TensorType, type_symbols
from ..serde.dims import encode_dim


class SymbolTable:
    """The symbols of one function or kernel in the order they are numbered."""

    def __init__(self, function: Function | None = None, names: Sequence[str] = ()) -> None:
        self._numbers: dict[str, int] = {name: i for i, name in enumerate(names)}
        self._symbols: dict[str, Symbol] = {}
        found = {name: s for p in (function.params if function else ()) for name, s in type_symbols(p.type).items()}
        for s in found.values():
            self._enter(s, found)

    def _enter(self, s: Symbol, others: Mapping[str, Symbol]) -> None:
        """Number a symbol, after those that its bounds mention."""
        for name in with_bounds({s.name: s}):
            if name in others and name not in self._symbols and name != s.name:
                self._enter(others[name], others)
        self.number(s)

    def number(self, found: Symbol) -> int:
        """Its place in the table; a new symbol goes to the end."""
        self._symbols.setdefault(found.name, found)
        return self._numbers.setdefault(found.name, len(self._numbers))

    def named(self, name: str) -> Dim:
        """The symbol of that name as a dim."""
        if name not in self._symbols:
            raise InternalError(f"a kernel needs the symbol {name}, which no argument of the function determines")
        known = self._symbols[name]
        return symbol(name, known.lo, known.hi)

    def tensor_type(self, t: TensorType) -> graph_pb2.TensorType:
        """The message of a type over this table."""
        return graph_pb2.TensorType(dtype=t.dtype.number, dims=[encode_dim(d, self.number) for d in t.shape])

    def messages(self) -> list[graph_pb2.Symbol]:
        """The table; bounds that mention what comes later are left out, which are bounds of open symbols of drivers."""
        made: list[graph_pb2.Symbol] = []
        for name, n in self._numbers.items():
            s = self._symbols[name]
            earlier = [all(self._numbers.get(i, n) < n for i in symbols(b)) if b is not None else False for b in (s.lo, s.hi)]
            lo, hi = (encode_dim(b, self.number) if b is not None and ok else None for b, ok in zip((s.lo, s.hi), earlier, strict=True))
            made.append(graph_pb2.Symbol(name=name, lo=lo, hi=hi))
        return made


class Kernels:
    """The kernels of a program: fusions that compute the same share one."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.made: list[tuple[Kernel, Node]] = []
        self._numbers: dict[str, int] = {}

    def add(self, fusion: Node) -> tuple[int, Kernel]:
        """The number and the kernel for a fusion."""
        key = kernel_key(fusion, self.target)
        if key not in self._numbers:
            self._numbers[key] = len(self.made)
            self.made.append((emit_kernel(fusion, self.target), fusion))
        number = self._numbers[key]
        return number, self.made[number][0]

    def messages(self) -> list[pb.Kernel]:
        """The descriptors, in order of number."""
        return [_descriptor(kernel, fusion) for kernel, fusion in self.made]


def _descriptor(kernel: Kernel, fusion: Node) -> pb.Kernel:
    symbols = SymbolTable(names=kernel.symbols)
    params = [
        pb.Kernel.Param(access=access, dtype=v.dtype.number, bytes=encode_dim(v.tensor.nbytes, symbols.number))
        for access, values in ((pb.Kernel.READ, fusion.operands), (pb.Kernel.WRITE, fusion.results))
        for v in values
    ]
    return pb.Kernel(
        name=kernel.name,
        kind=str(fusion.attrs["kind"]),
        description=str(kernel.plan),
        params=params,
        symbols=kernel.symbols,
        chunks=encode_dim(kernel.chunks, symbols.number),
        scratch_bytes=encode_dim(kernel.scratch_bytes, symbols.number),
    )


class Tables:
    """Constants, host calls and locations of a program."""

    def __init__(self) -> None:
        self.weights = Weights()
        self.constants: list[pb.Constant] = []
        self.host_calls: list[pb.HostCall] = []
        self.locs: list[pb.Loc] = [pb.Loc()]
        self._constants: dict[Tensor, int] = {}
        self._host_calls: dict[tuple[str, str], int] = {}
        self._locs: dict[Loc, int] = {UNKNOWN: 0}

    def constant(self, tensor: Tensor) -> int:
        """The number of a constant."""
        if tensor not in self._constants:
            array = np.ascontiguousarray(tensor.array)
            dtype = from_numpy(array.dtype)
            type_message = graph_pb2.TensorType(dtype=dtype.number, dims=[graph_pb2.Dim(size=d) for d in tensor.array.shape])
            offset = self.weights.add(array)
            self._constants[tensor] = len(self.constants)
            self.constants.append(pb.Constant(name=tensor.name, type=type_message, offset=offset))
        return self._constants[tensor]

    def host_call(self, node: Node) -> int:
        """The number of a host call; a `WeftError` if the closed list has no such function."""
        return self.host_entry(str(node.attrs["call_target_name"]), str(node.attrs.get("backend_config") or ""))

    def host_entry(self, name: str, attributes: str) -> int:
        """The number of a call of the host function `name`; a `WeftError` if the closed list has none."""
        key = (host.lookup(name).name, attributes)
        if key not in self._host_calls:
            self._host_calls[key] = len(self.host_calls)
            self.host_calls.append(pb.HostCall(name=key[0], attributes=key[1]))
        return self._host_calls[key]

    def loc(self, loc: Loc) -> int:
        """The number of a location."""
        if loc not in self._locs:
            parts = [self.loc(part) for part in loc.parts]
            self.locs.append(pb.Loc(file=loc.file, name=loc.name, line=loc.line, column=loc.column, parts=parts))
            self._locs[loc] = len(self.locs) - 1
        return self._locs[loc]
