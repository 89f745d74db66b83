"""`If`, `Loop`, `Scan`."""

from collections.abc import Sequence

from ....compiler.ir.graph import Value, param
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const, reshape_to
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles
from ..scope import Scope, close


def _scalar(node: NodeView, value: Value, what: str) -> Value:
    node.check(value.tensor.size == 1, "shape", f"{what} of `{node.op_type}` must be one element, got {value.type}")
    return reshape_to(value, ())


def _results(built: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return built if isinstance(built, tuple) else (built,)


@handles("If", host=True)
def if_(node: NodeView, condition: Value) -> tuple[Value, ...]:
    """The results of a branch; where the condition follows from the shapes, only that branch is imported."""
    known = node.known(condition)
    if known is not None and known.size == 1 and isinstance(known.flat[0], bool):
        branch = node.graph("then_branch" if known.flat[0] else "else_branch")
        return tuple(node.scope.nested(branch, [], inline=True)[1])
    predicate = _scalar(node, condition, "the condition")
    (then, yes), (other, no) = (node.scope.nested(node.graph(name), []) for name in ("then_branch", "else_branch"))
    types = [tuple(str(v.type) for v in values) for values in (yes, no)]
    node.check(types[0] == types[1], "dynamic", f"the branches of `If` give {', '.join(types[0])} and {', '.join(types[1])}")
    captures, regions = close((then, other), (((), yes), ((), no)))
    return _results(op_of("if")(predicate, true_branch=regions[0], false_branch=regions[1], captures=captures))


def _while(
    node: NodeView, state: Sequence[Value], condition: tuple[list[Value], Value], scope: Scope, params: list[Value], results: list[Value]
) -> tuple[Value, ...]:
    """A `while` over `state`; the body's results must have the types of its parameters."""
    for before, after in zip(params, results, strict=True):
        node.check(
            before.type == after.type, "dynamic", f"a value that `{node.op_type}` carries is {before.type} at first, then {after.type}"
        )
    none = Scope(node.scope.shared, node.scope.opsets, node.scope)
    heads, holds = condition
    captures, (cond, body) = close((none, scope), ((heads, [holds]), (params, results)))
    return _results(op_of("while")(*state, cond=cond, body=body, captures=captures))


def _flag(node: NodeView, value: Value | None) -> bool | None:
    """What is known of a condition: True also where it is left out, None if it depends on data."""
    known = node.known(value)
    if value is None:
        return True
    return known.flat[0] if known is not None and known.size == 1 and isinstance(known.flat[0], bool) else None


@handles("Loop", host=True)
def loop(node: NodeView, count: Value | None, condition: Value | None, *carried: Value) -> tuple[Value, ...]:
    """At most `count` times, as long as the condition holds. Scan outputs need a number of turns that is known while importing."""
    graph = node.graph("body")
    index, again = param(TensorType(dtypes.I64, ())), param(TensorType(dtypes.BOOL, ()))
    params = [param(v.type) for v in carried]
    scope, results = node.scope.nested(graph, [index, again, *params])
    node.check(len(results) > len(carried), "nested", f"the body of `Loop` must have {len(carried) + 1} results at least")
    goes_on, new, scanned = results[0], results[1 : len(carried) + 1], results[len(carried) + 1 :]
    always = goes_on is again or _flag(node, goes_on) is True
    turns = None if count is None else node.known(count)
    if scanned and not (always and _flag(node, condition) and turns is not None and isinstance(turns.flat[0], int)):
        raise node.error("dynamic", "a `Loop` with scan outputs must have a number of turns that is known while importing")
    length = max(int(turns.flat[0]), 0) if turns is not None and scanned else 0
    buffers = [_Buffer(node, v, 0, length, False) for v in scanned]
    limit = const((1 << 63) - 1, dtypes.I64) if count is None else _scalar(node, count, "the trip count")
    first = const(True) if condition is None else _scalar(node, condition, "the condition")
    state = [const(0, dtypes.I64), limit, first, *carried, *(b.start for b in buffers)]
    end = param(limit.type)
    stored = [b.store(v, index) for b, v in zip(buffers, scanned, strict=True)]
    inner = [index, end, again, *params, *(b.inner for b in buffers)]
    after = [op("add", index, const(1, dtypes.I64)), end, _scalar(node, goes_on, "the condition"), *new, *stored]
    heads = [param(v.type) for v in state]
    holds = op("and", op("compare", heads[0], heads[1], comparison_direction="LT"), heads[2])
    return _while(node, state, (heads, holds), scope, inner, after)[3:]


class _Buffer:
    """A tensor that a loop fills slice by slice along `axis`, from the back if `backwards`."""

    def __init__(self, node: NodeView, item: Value, axis: int, length: int, backwards: bool) -> None:
        self.axis = node.axis(axis, len(item.shape) + 1)
        self.length, self.backwards = length, backwards
        shape = (*item.shape[: self.axis], length, *item.shape[self.axis :])
        self.start = helpers.splat(0, item.tensor.with_shape(shape))
        self.inner = param(self.start.type)

    def store(self, item: Value, turn: Value) -> Value:
        """The buffer after the turn's slice has been written."""
        place = _place(turn, self.length, self.backwards)
        starts = [place if a == self.axis else const(0, dtypes.I64) for a in range(len(self.inner.shape))]
        return op("dynamic_update_slice", self.inner, build.unsqueeze(item, [self.axis]), *starts)


def _place(turn: Value, length: int, backwards: bool) -> Value:
    return op("subtract", const(length - 1, dtypes.I64), turn) if backwards else turn


@handles("Scan", since=9, host=True)
def scan(node: NodeView, *inputs: Value) -> tuple[Value, ...]:
    """A loop over slices of the last `num_scan_inputs` inputs."""
    graph, n = node.graph("body"), node.int("num_scan_inputs")
    node.check(0 < n <= len(inputs), "attribute", f"`num_scan_inputs` is {n}, there are {len(inputs)} inputs")
    carried, sources = inputs[: len(inputs) - n], inputs[len(inputs) - n :]
    from_axes, from_back = node.ints("scan_input_axes", (0,) * n), node.ints("scan_input_directions", (0,) * n)
    node.check_length(from_axes, n, "`scan_input_axes`")
    node.check_length(from_back, n, "`scan_input_directions`")
    axes = [node.axis(a, len(x.shape)) for a, x in zip(from_axes, sources, strict=True)]
    length = sources[0].shape[axes[0]]
    if not isinstance(length, int) or any(x.shape[a] != length for a, x in zip(axes, sources, strict=True)):
        raise node.error("dynamic", "the inputs of `Scan` must have one static length along their scan axes")
    turn, params, whole = param(TensorType(dtypes.I64, ())), [param(v.type) for v in carried], [param(x.type) for x in sources]
    slices = [_cut(x, turn, a, length, bool(b)) for x, a, b in zip(whole, axes, from_back, strict=True)]
    scope, results = node.scope.nested(graph, [*params, *slices])
    node.check(len(results) >= len(carried), "nested", f"the body of `Scan` must have {len(carried)} results at least")
    new, scanned = results[: len(carried)], results[len(carried) :]
    to_axes, to_back = node.ints("scan_output_axes", (0,) * len(scanned)), node.ints("scan_output_directions", (0,) * len(scanned))
    node.check_length(to_axes, len(scanned), "`scan_output_axes`")
    node.check_length(to_back, len(scanned), "`scan_output_directions`")
    buffers = [_Buffer(node, v, a, length, bool(b)) for v, a, b in zip(scanned, to_axes, to_back, strict=True)]
    stored = [b.store(v, turn) for b, v in zip(buffers, scanned, strict=True)]
    state = [const(0, dtypes.I64), *carried, *sources, *(b.start for b in buffers)]
    after = [op("add", turn, const(1, dtypes.I64)), *new, *whole, *stored]
    heads = [param(v.type) for v in state]
    holds = op("compare", heads[0], const(length, dtypes.I64), comparison_direction="LT")
    final = _while(node, state, (heads, holds), scope, [turn, *params, *whole, *(b.inner for b in buffers)], after)
    return (*final[1 : len(carried) + 1], *final[1 + len(carried) + n :])


def _cut(x: Value, turn: Value, axis: int, length: int, backwards: bool) -> Value:
    starts = [_place(turn, length, backwards) if a == axis else const(0, dtypes.I64) for a in range(len(x.shape))]
    sizes = tuple(1 if a == axis else d for a, d in enumerate(x.shape))
    return build.squeeze(op("dynamic_slice", x, *starts, slice_sizes=sizes), [axis])
