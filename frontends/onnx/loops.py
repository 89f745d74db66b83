"""Loops under construction: importing a body whose values may change shape from turn to turn, and collecting what its turns give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import onnx

from ...compiler.drivers import needs_driver
from ...compiler.ir import dims as symbolic
from ...compiler.ir.attrs import ScatterDims
from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Node, Value, param, region
from ...compiler.ir.types import ANY_DIM, TensorType, Type, is_host, type_symbols
from ...compiler.ops import helpers
from ...compiler.ops.registry import op_of
from ...proto.errors import WeftError
from . import build, dynamic, host
from .array import Array, dim, vector
from .build import op
from .codes import blank, is_string
from .join import adapted, is_nothing, join, opened
from .node import NodeView
from .scope import Scope, close
from .widened import lasting, widened


def results_of(built: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    """The results of a node as a tuple."""
    return built if isinstance(built, tuple) else (built,)


def all_opened(types: Sequence[Type]) -> tuple[tuple[Type, ...], tuple[Dim, ...]]:
    """Types with new symbols for the dims that may be anything, and all these symbols."""
    parts = [opened(t) for t in types]
    return tuple(t for t, _ in parts), tuple(s for _, symbols in parts for s in symbols)


def is_open(t: Type) -> bool:
    """Whether it takes the driver to carry values of the type: host values, tensors with dims that change."""
    return is_host(t) or (isinstance(t, TensorType) and ANY_DIM in t.shape)


@dataclass(frozen=True, slots=True)
class Body:
    """The imported body of a loop: the types that what it carries has in every turn (`ANY_DIM` where a dim changes), and its results."""

    scope: Scope
    types: list[Type]
    params: list[Value]
    results: list[Value]

    @property
    def is_native(self) -> bool:
        """Whether nothing in the body needs the driver, and all shapes stay as they are."""
        if any(map(is_open, self.types)) or any(is_host(v.type) or ANY_DIM in self.own_dims(v) for v in self.results):
            return False
        found, stack = set[Node](), [v.node for v in self.results]
        while stack:
            node = stack.pop()
            if node is None or node in found:
                continue
            if needs_driver(node):
                return False
            found.add(node)
            stack += [v.node for v in node.operands]
        return not self.scope.definers

    def own_dims(self, item: Value) -> tuple[Dim, ...]:
        """The shape of a result, with `ANY_DIM` for dims that mean something inside a turn alone."""
        own = {name for n in self.scope.definers for name in n.defined_symbols}
        for t, p in zip(self.types, self.params, strict=True):
            own |= type_symbols(p.type).keys() - type_symbols(t).keys()
        return tuple(ANY_DIM if symbolic.symbols(d).keys() & own else d for d in item.shape)


def import_body(
    node: NodeView,
    graph: onnx.GraphProto,
    carried: Sequence[Value],
    before: Sequence[Value] = (),
    after: Sequence[Value] = (),
    skip: int = 0,
) -> Body:
    """Import the body of a loop with parameters `before`, `carried` and `after`; of its results, the first `skip` are not carried.

    A dim that is another one after a turn may be anything: then the body is imported again, until all types fit every turn. Where a
    sequence is empty or an optional has no value at first, the body is tried on just that, to see what it puts there.
    """
    shared = node.scope.shared
    around = shared.loop
    shared.loop = around.inside(graph.name)
    try:
        body = _import_body(node, graph, carried, before, after, skip)
        shared.loop.types = body.types
    finally:
        shared.loop = around
    return body


def _import_body(
    node: NodeView, graph: onnx.GraphProto, carried: Sequence[Value], before: Sequence[Value], after: Sequence[Value], skip: int
) -> Body:
    found, errors = node.scope.shared.loop, node.scope.shared.errors
    types, trial = [v.type for v in carried], any(map(is_nothing, carried))
    if len(found.types) == len(carried):
        pairs = zip(carried, found.types, strict=True)
        types, trial = [lasting(t) if is_nothing(v) else widened(v.type, t) for v, t in pairs], False
    while True:
        found.begin()
        params, known = [param(opened(t)[0]) for t in types], len(errors)
        given = [v if trial and is_nothing(v) else p for v, p in zip(carried, params, strict=True)]
        try:
            scope, results = node.scope.nested(graph, [*before, *given, *after])
        except WeftError:
            # Perhaps the sizes of the first turn make no sense in the body: a list that is empty at first.
            anything = types if trial else [_any_size(t) for t in types]
            if types == anything and not trial:
                raise
            types, trial = anything, False
            del errors[known:]
            continue
        least = skip + len(carried)
        node.check(len(results) >= least, "nested", f"the body of `{node.op_type}` must have {least} results at least")
        wider = [_wider(node, t, new, first) for t, new, first in zip(types, results[skip:], carried, strict=False)]
        if wider == types and not trial:
            return Body(scope, types, params, results)
        types, trial = wider, False


def _any_size(t: Type) -> Type:
    return t.with_shape((ANY_DIM,) * t.rank) if isinstance(t, TensorType) else t


def _wider(node: NodeView, t: Type, result: Value, first: Value) -> Type:
    """The type of what is of type `t` before a turn and `result` after it; a list without elements has any elements."""
    same_kind = type(t) is type(result.type)
    if same_kind and is_nothing(result):
        return t
    if same_kind and is_nothing(first) and t == first.type:
        return result.type
    found = join(t, result.type)
    if found is None:
        raise node.error("type", f"a value that `{node.op_type}` carries is {t} at first, then {result.type}")
    return found


def stored(x: Value, item: Value, places: Sequence[Array], axes: Sequence[int]) -> Value:
    """x with the slice at these places along these axes replaced."""
    if is_string(item):
        return host.call1("string_store", x, item, vector(places).value, axes=list(axes))
    old, new = param(TensorType(x.dtype, ())), param(TensorType(x.dtype, ()))
    at = tuple(axes)
    numbers = ScatterDims(tuple(range(len(item.shape))), at, (), (), at, 0)
    body = region((old, new), (new,))
    return op("scatter", x, vector(places).value, item, scatter_dimension_numbers=numbers, update_computation=body)


@dataclass(slots=True)
class Loop:
    """What a loop carries: for each value the first one, the parameter of a turn, what the turn makes of it, the type of all."""

    scope: Scope
    first: list[Value] = field(default_factory=list)
    inner: list[Value] = field(default_factory=list)
    after: list[Value] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)

    def carry(self, first: Value, inner: Value, after: Value, type: Type | None = None) -> None:
        """A value that changes."""
        self.first.append(first)
        self.inner.append(inner)
        self.after.append(after)
        self.types.append(type or first.type)

    def keep(self, first: Value, inner: Value) -> None:
        """A value that stays."""
        self.carry(first, inner, inner)

    def fill(self, item: Value, shape: Sequence[Dim], places: Sequence[Array], axes: Sequence[int]) -> None:
        """A tensor of that shape of which each turn stores a slice."""
        t = item.tensor.with_shape(tuple(shape))
        start = blank(t) if is_string(item) else helpers.splat(0, t)
        inner = param(t)
        with self.scope.building():
            after = stored(inner, item, places, axes)
        self.carry(start, inner, after)

    def grow(self, item: Value, dims: Sequence[Dim]) -> None:
        """A tensor that every turn makes longer by one slice; `dims` are those of all slices, `ANY_DIM` where the first one decides."""
        t, empty = item.tensor.with_shape((ANY_DIM, *dims)), item.tensor.with_shape((0, *(0 if d == ANY_DIM else d for d in dims)))
        start = blank(empty) if is_string(item) else helpers.splat(0, empty)
        inner = param(opened(t)[0])
        with self.scope.building():
            if is_string(item):
                self.carry(start, inner, host.call1("string_append", inner, item), t)
                return
            whole = inner
            for axis, d in enumerate(item.shape, 1):
                whole = _with_slices_of(whole, axis, d)
            after = build.concatenate([whole, build.unsqueeze(item, [0])], 0)
        self.carry(start, inner, after, t)

    def extend(self, part: Value, shape: Sequence[Dim]) -> None:
        """A tensor, of slices of that shape, that every turn makes longer by all of `part`."""
        t = part.tensor.with_shape((ANY_DIM, *shape))
        inner = param(opened(t)[0])
        with self.scope.building():
            after = build.concatenate([inner, part], 0)
        self.carry(helpers.splat(0, part.tensor.with_shape((0, *shape))), inner, after, t)

    def build(self, goes_on: Callable[[Sequence[Value]], Value]) -> tuple[Value, ...]:
        """The values after the last turn; `goes_on` computes from those carried whether there is another turn."""
        with self.scope.building():
            after = [adapted(v, t) for v, t in zip(self.after, self.types, strict=True)]
        heads = [param(p.type) for p in self.inner]
        assert self.scope.outer is not None
        none = Scope(self.scope.shared, self.scope.opsets, self.scope.outer)
        captures, (cond, body) = close((none, self.scope), ((heads, [goes_on(heads)]), (self.inner, after)))
        if not any(map(is_open, self.types)):
            return results_of(op_of("while")(*self.first, cond=cond, body=body, captures=captures))
        first = [adapted(v, t) for v, t in zip(self.first, self.types, strict=True)]
        types, symbols = all_opened(self.types)
        return results_of(op_of("weft.while")(*first, cond=cond, body=body, captures=captures, symbols=symbols, result=types))


def _with_slices_of(whole: Value, axis: int, size: Dim) -> Value:
    """A tensor of slices whose dim at an axis must be of this size, which a tensor without slices gets."""
    if whole.shape[axis] == size:
        return whole
    empty = Array(build.size_of(whole, 0)).equals(0)
    found = dynamic.bind_one(empty.where(dim(size), Array(build.size_of(whole, axis))))
    return build.with_dim(build.resized(whole, axis, 0, found), axis, size)
