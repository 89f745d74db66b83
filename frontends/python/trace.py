"""What is being traced: the function whose graph is written, and the variables it touches."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ...compiler.ir.graph import Node, Region, Value, definitions, on_device, param
from ...compiler.ir.types import TensorType
from ...proto.errors import fail
from .close import close, mark
from .place import user_loc
from .scope import entered
from .tensor import Tensor


@dataclass(eq=False)
class Trace:
    """One function being traced. `variables` are those read or assigned: what they were on entry, and what they are now."""

    name: str
    variables: dict[Any, tuple[Value, Tensor]] = field(default_factory=dict)
    regions: int = 0
    """how many branches and loop bodies deep the trace is"""

    def read(self, variable: Any, type: TensorType, name: str) -> Tensor:
        """What a variable is now."""
        if variable not in self.variables:
            start = param(type, name)
            self.variables[variable] = (start, Tensor(None, start))
        # A tensor of the reader's own: assigning to it does not assign to the variable.
        return Tensor(None, self.variables[variable][1].value)

    def assign(self, variable: Any, type: TensorType, name: str, value: Tensor) -> None:
        """What a variable is from now on."""
        if self.regions:
            fact = f"the variable `{name}` is assigned inside a branch or a loop body, which may run any number of times"
            raise fail("trace.assign", fact, loc=user_loc(), help="return the new value from the body and assign the result")
        self.read(variable, type, name)
        self.variables[variable] = (self.variables[variable][0], value)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_building: ContextVar[bool] = ContextVar("building", default=False)


def is_building() -> bool:
    """Whether a graph is being written: loops then become part of it, even if their state is known."""
    return _building.get()


@contextmanager
def building() -> Generator[None]:
    """Write a graph inside, which is a scope of its own."""
    token = _building.set(True)
    try:
        with entered():
            yield
    finally:
        _building.reset(token)


def current() -> Trace | None:
    """The innermost function being traced."""
    return _current.get()


@contextmanager
def tracing(name: str) -> Generator[Trace]:
    """Trace a function."""
    trace = Trace(name)
    token = _current.set(trace)
    try:
        with building(), on_device(""):  # a trace serves calls from anywhere
            yield trace
    finally:
        _current.reset(token)


def trace_region(body: Callable[[Sequence[Tensor]], Sequence[Value]], types: Sequence[TensorType]) -> tuple[Region, list[Value]]:
    """The region of a branch or loop body called with tensors of these types, and the values it captures."""
    start = mark()
    params = [param(t) for t in types]
    trace = current()
    if trace:
        trace.regions += 1
    try:
        with entered(), definitions() as definers:
            results = body([Tensor(None, p) for p in params])
    finally:
        if trace:
            trace.regions -= 1
    return close(params, results, since=start, definers=_own(definers, start))


def _own(definers: Sequence[Node], start: int) -> list[Node]:
    return [n for n in definers if n.serial > start]


def share_captures(parts: Sequence[tuple[Region, Sequence[Value]]], owned: Sequence[int]) -> tuple[list[Value], list[Region]]:
    """Regions of one op must capture the same values: all of what any of them does, in one order. `owned` are the counts of own params."""
    every = list(dict.fromkeys(v for _, captured in parts for v in captured))
    regions: list[Region] = []
    for (body, captured), n in zip(parts, owned, strict=True):
        have = dict(zip(captured, body.params[n:], strict=True))
        regions.append(Region((*body.params[:n], *(have.get(v) or param(v.type, v.name) for v in every)), body.nodes, body.results))
    return every, regions
