"""The graph: values in SSA form, immutable nodes, regions, functions, modules.

A pass never changes a node; it builds new ones and a new `Region` around them, or returns the object it was given when there is nothing
to do.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TypeVar, cast

import numpy as np

from ...proto.dtypes import DType, from_numpy
from ...proto.errors import UNKNOWN, Loc, fail
from .attrs import Attr, attr_symbols
from .dims import Dim, Expr, Symbol, symbol_of, with_bounds
from .types import TensorType, Type, type_symbols

_Kind = TypeVar("_Kind")
_serial = count()
_loc: ContextVar[Loc] = ContextVar("loc", default=UNKNOWN)
_device: ContextVar[str] = ContextVar("device", default="")
_definitions: ContextVar["list[Node] | None"] = ContextVar("definitions", default=None)


@contextmanager
def located(loc: Loc) -> Generator[None]:
    """Nodes built inside carry `loc` unless they are given another."""
    token = _loc.set(loc)
    try:
        yield
    finally:
        _loc.reset(token)


@contextmanager
def on_device(device: str) -> Generator[None]:
    """Nodes built inside are to run on `device` (`Node.device`) unless they are given another."""
    token = _device.set(device)
    try:
        yield
    finally:
        _device.reset(token)


@contextmanager
def in_place_of(node: "Node") -> Generator[None]:
    """Nodes built inside have the location and the device of `node`, which they replace or derive from."""
    with located(node.loc), on_device(node.device):
        yield


@contextmanager
def definitions() -> Generator["list[Node]"]:
    """Collects the nodes built inside that define symbols: what `function` and `region` take as `definers`."""
    found: list[Node] = []
    token = _definitions.set(found)
    try:
        yield found
    finally:
        _definitions.reset(token)


class Value:
    """One result of a node, or one parameter of a region (`node` is None). Compared by identity."""

    __slots__ = ("index", "name", "node", "type")

    def __init__(self, type: Type, node: "Node | None" = None, index: int = 0, name: str = "") -> None:
        self.type = type
        self.node = node
        self.index = index
        self.name = name

    @property
    def tensor(self) -> TensorType:
        """The type of a value known to be a tensor; TypeError otherwise."""
        if not isinstance(self.type, TensorType):
            raise TypeError(f"{self} is a {self.type}, not a tensor")
        return self.type

    @property
    def dtype(self) -> DType:
        return self.tensor.dtype

    @property
    def shape(self) -> tuple:  # tuple[Dim, ...]
        return self.tensor.shape

    @property
    def op(self) -> str:
        """The op that made this value, "" for a parameter."""
        return self.node.op if self.node else ""

    def __repr__(self) -> str:
        source = f"{self.node.op}#{self.index}" if self.node else "param"
        return f"<{self.name or source}: {self.type}>"


def param(type: Type, name: str = "") -> Value:
    """A fresh region parameter."""
    return Value(type, name=name)


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """A body: parameters, nodes in an order that respects dependencies, results.

    A region refers to nothing outside itself; what it captures is passed as trailing operands of the node that owns it
    (`Node.captures`) and arrives as the same number of trailing parameters.
    """

    params: tuple[Value, ...]
    nodes: "tuple[Node, ...]"
    results: tuple[Value, ...]

    @property
    def result_types(self) -> tuple[Type, ...]:
        return tuple(v.type for v in self.results)

    def walk(self) -> "Iterator[Node]":
        """Every node, those of nested regions after the node that owns them."""
        for node in self.nodes:
            yield node
            for region in node.regions:
                yield from region.walk()


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation.

    `op` is StableHLO's name without its prefix, or `weft.…`. `operands` are the op's own inputs followed by `captures` captured values.
    `names` are optional source names of the results, for people and for `--fetch`. `device` says where it is to run (`"sim:1"`); ""
    leaves that to the compiler.
    """

    op: str
    operands: tuple[Value, ...]
    attrs: Mapping[str, Attr]
    regions: tuple[Region, ...]
    types: tuple[Type, ...]
    loc: Loc = field(default_factory=_loc.get)
    captures: int = 0
    names: tuple[str, ...] = ()
    device: str = field(default_factory=_device.get)
    results: tuple[Value, ...] = field(init=False)
    serial: int = field(init=False, default_factory=lambda: next(_serial))

    def __post_init__(self) -> None:
        names = self.names or ("",) * len(self.types)
        results = tuple(Value(t, self, i, n) for i, (t, n) in enumerate(zip(self.types, names, strict=True)))
        object.__setattr__(self, "results", results)
        collected = _definitions.get()
        if collected is not None and self.defined_symbols:
            collected.append(self)

    @property
    def defined_symbols(self) -> frozenset[str]:
        """The names of the symbols that this node defines: those its attribute `symbols` lists."""
        listed = self.attrs.get("symbols")
        if not listed or not isinstance(listed, tuple):
            return frozenset()
        return frozenset(s.name for d in listed if isinstance(d, Expr) and (s := symbol_of(d)))

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The operands without the captures."""
        return self.operands[: len(self.operands) - self.captures]

    @property
    def captured(self) -> tuple[Value, ...]:
        return self.operands[len(self.operands) - self.captures :]

    @property
    def result(self) -> Value:
        """The only result; ValueError if there are several."""
        (value,) = self.results
        return value

    def attr(self, name: str, kind: type[_Kind]) -> _Kind:
        """The attribute `name`, which is a `kind`; TypeError if it is something else."""
        value = self.attrs[name]
        if not isinstance(value, kind):
            raise TypeError(f"{self.op} has {name} = {value!r}, which is no {kind.__name__}")
        return value

    def ints(self, name: str) -> tuple[int, ...]:
        """An attribute that is a list of numbers; () where it is None."""
        return cast("tuple[int, ...]", self.attrs[name] or ())

    def dims(self, name: str) -> tuple[Dim, ...]:
        """An attribute that is a list of dims, symbolic ones among them; () where it is None."""
        return cast("tuple[Dim, ...]", self.attrs[name] or ())

    def pairs(self, name: str) -> tuple[tuple[Dim, Dim], ...]:
        """An attribute that is a list of pairs of dims, such as padding; () where it is None."""
        return cast("tuple[tuple[Dim, Dim], ...]", self.attrs[name] or ())

    def with_operands(self, operands: Iterable[Value]) -> "Node":
        """The same operation on other operands (of the same types)."""
        return replace(self, operands=tuple(operands), names=self.value_names)

    @property
    def value_names(self) -> tuple[str, ...]:
        """The source names of the results, those included that they got after the node was made; empty if there are none."""
        names = tuple(v.name for v in self.results)
        return names if any(names) else ()

    def __repr__(self) -> str:
        return f"<{self.op} {list(self.operands)} -> {list(map(str, self.types))}>"


@dataclass(frozen=True, eq=False, slots=True)
class Function(Region):
    """A named region that can be called or run.

    `aliases` maps a result to the parameter whose buffer it may overwrite (donation). `device` is where all of it runs, once nodes have
    been placed; "" is the host's CPU.
    """

    name: str = "main"
    result_names: tuple[str, ...] = ()
    public: bool = True
    aliases: Mapping[int, int] = field(default_factory=dict)
    loc: Loc = UNKNOWN
    device: str = ""

    @property
    def param_names(self) -> tuple[str, ...]:
        """The name of every parameter; `arg0`, `arg1`, … where it has none of its own."""
        return tuple(p.name or f"arg{i}" for i, p in enumerate(self.params))


@dataclass(frozen=True, eq=False, slots=True)
class Module:
    """Functions by name; the public ones are what a program made of it can run.

    `meta` holds facts about the source (producer, opset, …).
    """

    functions: Mapping[str, Function]
    name: str = "module"
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> Function:
        """The function `main`, or the only public one."""
        if "main" in self.functions:
            return self.functions["main"]
        public = [f for f in self.functions.values() if f.public]
        if len(public) != 1:
            there = ", ".join(self.functions) or "none"
            raise fail("module.main", f"the module has no function `main`, and not one public function alone; there are: {there}")
        return public[0]

    def with_function(self, function: Function) -> "Module":
        """The module with the function of that name replaced or added."""
        return replace(self, functions={**self.functions, function.name: function})


def used_symbols(node: Node) -> set[str]:
    """The names of all symbols in the types and attributes of a node and of the nodes in its regions, defined there or not.

    Those that the bounds of others mention are among them.
    """
    return set(with_bounds(_symbols_of(node)))


def _symbols_of(node: Node) -> dict[str, Symbol]:
    found: dict[str, Symbol] = {}
    for t in node.types:
        found |= type_symbols(t)
    for a in node.attrs.values():
        found |= attr_symbols(a)
    for body in node.regions:
        found |= symbols_in(body)
    return found


def symbols_in(body: Region) -> dict[str, Symbol]:
    """Every symbol in the types and attributes of a region, by name."""
    found: dict[str, Symbol] = {}
    for p in body.params:
        found |= type_symbols(p.type)
    for node in body.nodes:
        found |= _symbols_of(node)
    return found


def sort_nodes(
    params: Iterable[Value], results: Iterable[Value], effects: Iterable[Node] = (), definers: Iterable[Node] = ()
) -> tuple[Node, ...]:
    """The nodes that `results` and `effects` need, operands before users, otherwise in the order they were built.

    Nodes that define symbols come before all that mention these. Of `definers` those are added whose symbols are mentioned. ValueError
    if a value is reached that is neither a parameter nor computed (a value of another region).
    """
    allowed = set(params)
    found: set[Node] = set()
    stack: list[Node] = list(effects)
    for v in results:
        if v.node is not None:
            stack.append(v.node)
        elif v not in allowed:
            raise ValueError(f"{v!r} is not a parameter of this region")
    _reach(stack, allowed, found)
    candidates = [n for n in definers if n not in found]
    if not candidates and not any(n.defined_symbols for n in found):
        # A node is built after its operands, so the serial number is a topological order.
        return tuple(sorted(found, key=lambda n: n.serial))
    used: dict[Node, set[str]] = {}
    mentioned: set[str] = set()
    new = list(found)
    while new:
        for n in new:
            used[n] = used_symbols(n)
            mentioned |= used[n]
        needed = [n for n in candidates if n.defined_symbols & mentioned]
        new = _reach(needed, allowed, found)
        candidates = [n for n in candidates if n not in found]
    return _by_symbols(used)


def _reach(stack: list[Node], allowed: set[Value], found: set[Node]) -> list[Node]:
    """Add the nodes on the stack and all that their operands need to `found`; returns those that are new there."""
    new: list[Node] = []
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        new.append(node)
        for v in node.operands:
            if v.node is not None:
                stack.append(v.node)
            elif v not in allowed:
                raise ValueError(f"{v!r}, an operand of {node.op}, is not a parameter of this region")
    return new


def in_order(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """All these nodes, definitions of symbols before what mentions them and otherwise as they are."""
    if not any(n.defined_symbols for n in nodes):
        return tuple(nodes)
    return _by_symbols({n: used_symbols(n) for n in nodes})


def _by_symbols(used: Mapping[Node, set[str]]) -> tuple[Node, ...]:
    """Nodes in an order that respects operands and symbols: a node rebuilt late may define what older ones mention."""
    definer = {name: n for n in used for name in n.defined_symbols}
    before = {
        n: {v.node for v in n.operands if v.node is not None} | {definer[s] for s in names if s in definer} for n, names in used.items()
    }
    after: dict[Node, list[Node]] = {n: [] for n in used}
    waiting: dict[Node, int] = {}
    for n, needs in before.items():
        needs.discard(n)
        waiting[n] = len(needs)
        for m in needs:
            after[m].append(n)
    ready = [(n.serial, n) for n, count in waiting.items() if not count]
    heapify(ready)
    order: list[Node] = []
    while ready:
        _, node = heappop(ready)
        order.append(node)
        for n in after[node]:
            waiting[n] -= 1
            if not waiting[n]:
                heappush(ready, (n.serial, n))
    if len(order) < len(used):
        raise ValueError("a symbol is mentioned by what its definition depends on")
    return tuple(order)


def region(params: Iterable[Value], results: Iterable[Value], effects: Iterable[Node] = (), definers: Iterable[Node] = ()) -> Region:
    """The region that computes `results` from `params`; see `sort_nodes` for the rest."""
    params, results = tuple(params), tuple(results)
    return Region(params, sort_nodes(params, results, effects, definers), results)


def function(
    name: str,
    params: Iterable[Value],
    results: Iterable[Value],
    *,
    result_names: Iterable[str] = (),
    public: bool = True,
    effects: Iterable[Node] = (),
    definers: Iterable[Node] = (),
    loc: Loc = UNKNOWN,
) -> Function:
    """The function that computes `results` from `params`; see `sort_nodes` for `effects` and `definers`."""
    params, results = tuple(params), tuple(results)
    return Function(params, sort_nodes(params, results, effects, definers), results, name, tuple(result_names), public, {}, loc)


def module(*functions: Function, name: str = "module") -> Module:
    """A module of these functions."""
    return Module({f.name: f for f in functions}, name)


def users(body: Region) -> dict[Value, list[Node]]:
    """The nodes that use each value of `body` (a node once per use); results of the region are not counted."""
    uses: dict[Value, list[Node]] = {}
    for node in body.nodes:
        for v in node.operands:
            uses.setdefault(v, []).append(node)
    return uses


def tensor_type_of(array: np.ndarray) -> TensorType:
    """The type of a numpy array."""
    return TensorType(from_numpy(array.dtype), tuple(array.shape))
