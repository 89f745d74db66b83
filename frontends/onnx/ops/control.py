"""`If`, `Loop`."""

from collections.abc import Sequence

from ....compiler.ir import dims as symbolic
from ....compiler.ir.dims import Dim, Expr
from ....compiler.ir.graph import Value, param
from ....compiler.ir.types import ANY_DIM, TensorType, Type, is_host
from ....compiler.ops.helpers import const, reshape_to
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build, dynamic
from ..array import Array
from ..build import op
from ..join import adapted, common_type
from ..loops import Loop, all_opened, import_body, results_of
from ..node import NodeView
from ..registry import handles
from ..scope import Scope, close

_FIRST_CHUNK = 64  # turns


def _scalar(node: NodeView, value: Value, what: str) -> Value:
    node.check(value.tensor.size == 1, "shape", f"{what} of `{node.op_type}` must be one element, got {value.type}")
    return reshape_to(value, ())


@handles("If", host=True)
def if_(node: NodeView, condition: Value) -> tuple[Value, ...]:
    """The results of a branch; where the condition follows from the shapes, only that branch is imported."""
    known = node.known(condition)
    if known is not None and known.size == 1 and isinstance(known.flat[0], bool):
        branch = node.graph("then_branch" if known.flat[0] else "else_branch")
        return tuple(node.scope.nested(branch, [], inline=True)[1])
    predicate = _scalar(node, condition, "the condition")
    (then, yes), (other, no) = (node.scope.nested(node.graph(name), []) for name in ("then_branch", "else_branch"))
    node.check(len(yes) == len(no), "nested", f"the branches of `If` have {len(yes)} and {len(no)} results")
    yes, no = _same_ranks(then, yes, no), _same_ranks(other, no, yes)
    if [v.type for v in yes] == [v.type for v in no] and not any(is_host(v.type) for v in yes):
        captures, regions = close((then, other), (((), yes), ((), no)))
        return results_of(op_of("if")(predicate, true_branch=regions[0], false_branch=regions[1], captures=captures))
    types = [_common(node, a, b) for a, b in zip(yes, no, strict=True)]
    yes, no = _adapted(then, yes, types), _adapted(other, no, types)
    captures, regions = close((other, then), (((), no), ((), yes)))
    results, symbols = all_opened(types)
    return results_of(op_of("weft.case")(predicate, branches=regions, captures=captures, symbols=symbols, result=results))


def _same_ranks(scope: Scope, xs: Sequence[Value], others: Sequence[Value]) -> list[Value]:
    """Single elements with as many dims as the other branch gives them: exporters take a scalar for a vector of one, and back."""
    found = list(xs)
    for i, (x, other) in enumerate(zip(xs, others, strict=True)):
        match x.type, other.type:
            case TensorType(shape=a), TensorType(shape=b) if len(a) < len(b) and {*a, *b} == {1} and not is_host(x.type):
                with scope.building():
                    found[i] = reshape_to(x, b)
            case _:
                pass
    return found


def _common(node: NodeView, a: Value, b: Value) -> Type:
    found = common_type([a, b])
    if found is None:
        raise node.error("type", f"a value of `{node.op_type}` is {a.type} or {b.type}")
    return found


def _adapted(scope: Scope, xs: Sequence[Value], types: Sequence[Type]) -> list[Value]:
    with scope.building():
        return [adapted(x, t) for x, t in zip(xs, types, strict=True)]


def _flag(node: NodeView, value: Value | None) -> bool | None:
    """What is known of a condition: True also where it is left out, None if it depends on data."""
    known = node.known(value)
    if value is None:
        return True
    return known.flat[0] if known is not None and known.size == 1 and isinstance(known.flat[0], bool) else None


@handles("Loop", host=True)
def loop(node: NodeView, count: Value | None, condition: Value | None, *carried: Value) -> tuple[Value, ...]:
    """At most `count` times, as long as the condition holds.

    A scan output is made at its full length if the number of turns is known before the first one, else it grows: by as much as there is, if
    the body is native, else by a slice every turn.
    """
    index, again = param(TensorType(dtypes.I64, ())), param(TensorType(dtypes.BOOL, ()))
    body = import_body(node, node.graph("body"), carried, before=[index, again], skip=1)
    goes_on, new, scanned = body.results[0], body.results[1 : len(carried) + 1], body.results[len(carried) + 1 :]
    limit = const((1 << 63) - 1, dtypes.I64) if count is None else _scalar(node, count, "the trip count")
    first = const(True) if condition is None else _scalar(node, condition, "the condition")
    always = (goes_on is again or _flag(node, goes_on) is True) and _flag(node, condition) is True
    shapes = [body.own_dims(v) for v in scanned]
    settled = scanned and always and count is not None and not any(ANY_DIM in s for s in shapes)
    length = _turns(node, count) if settled and count is not None else None
    if scanned and length is None and body.is_native:
        return _in_chunks(node, limit, first, carried)
    with body.scope.building():
        goes_on, following = _scalar(node, goes_on, "the condition"), op("add", index, const(1, dtypes.I64))
    built = Loop(body.scope)
    built.carry(const(0, dtypes.I64), index, following)
    built.keep(limit, param(limit.type))
    built.carry(first, again, goes_on)
    for v, p, after, t in zip(carried, body.params, new, body.types, strict=True):
        built.carry(v, p, after, t)
    for v, dims in zip(scanned, shapes, strict=True):
        if length is None:
            built.grow(v, dims)
        else:
            built.fill(v, (length, *v.shape), [Array(index)], [0])
    return built.build(_goes_on)[3:]


def _in_chunks(node: NodeView, limit: Value, first: Value, carried: Sequence[Value]) -> tuple[Value, ...]:
    """A loop of native loops. Each fills a chunk of the scan outputs as long as all before it together, so that little is copied."""
    chunk = Scope(node.scope.shared, node.scope.opsets, node.scope)
    turn, end, go, *state = [param(v.type) for v in (const(0, dtypes.I64), limit, first, *carried)]
    with chunk.building():
        room = (Array(end) - Array(turn)).minimum(Array(turn).maximum(_FIRST_CHUNK))
        length, stop = dynamic.bind_one(room), (Array(turn) + room).value
        index, again, start = param(turn.type), param(go.type), param(turn.type)
        view = NodeView(node.proto, chunk, node.opset, node.loc, node.attributes)
        body = import_body(view, node.graph("body"), state, before=[index, again], skip=1)
        with body.scope.building():
            goes_on, following = _scalar(node, body.results[0], "the condition"), op("add", index, const(1, dtypes.I64))
        inner = Loop(body.scope)
        inner.carry(turn, index, following)
        inner.keep(stop, param(stop.type))
        inner.carry(go, again, goes_on)
        inner.keep(turn, start)
        for v, p, after in zip(state, body.params, body.results[1:], strict=False):
            inner.carry(v, p, after)
        scanned = body.results[1 + len(carried) :]
        for v in scanned:
            inner.fill(v, (length, *v.shape), [Array(index) - Array(start)], [0])
        reached, _, goes_on, _, *final = inner.build(_goes_on)
    outer = Loop(chunk)
    outer.carry(const(0, dtypes.I64), turn, reached)
    outer.keep(limit, end)
    outer.carry(first, go, goes_on)
    for v, p, after in zip(carried, state, final, strict=False):
        outer.carry(v, p, after)
    for v, part in zip(scanned, final[len(carried) :], strict=True):
        outer.extend(part, v.shape)
    turns, _, _, *results = outer.build(_goes_on)
    count = dynamic.bind_one(Array(turns))
    return (*results[: len(carried)], *(build.resized(v, 0, 0, count) for v in results[len(carried) :]))


def _goes_on(heads: Sequence[Value]) -> Value:
    """Whether there is another turn. Carried first: its number, how many there are, the condition."""
    return op("and", op("compare", heads[0], heads[1], comparison_direction="LT"), heads[2])


def _turns(node: NodeView, count: Value) -> Dim:
    """The number of turns as a dim."""
    (known,) = node.items(count, "the trip count")
    return symbolic.maximum(known, 0) if isinstance(known, int | Expr) else dynamic.bind_one(dynamic.integer(count).maximum(0))
