"""`Scan`: a loop over the slices of its inputs."""

from collections.abc import Sequence

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value, param
from ....compiler.ir.types import ANY_DIM, TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const
from ....proto.dtypes import I64
from .. import build, codes
from ..array import Array, array, dim
from ..build import op, take
from ..loops import Loop, import_body
from ..node import NodeView
from ..registry import handles

_INDEX = TensorType(I64, ())


def _split(node: NodeView, inputs: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
    """What the loop carries, and what it goes through."""
    n = node.int("num_scan_inputs")
    node.check(0 < n <= len(inputs), "attribute", f"`num_scan_inputs` is {n}, there are {len(inputs)} inputs")
    return inputs[: len(inputs) - n], inputs[len(inputs) - n :]


def _per_value(node: NodeView, name: str, count: int) -> tuple[int, ...]:
    given = node.ints(name, (0,) * count)
    node.check_length(given, count, f"`{name}`")
    return given


@handles("Scan", since=9, strings=True)
def scan(node: NodeView, *inputs: Value) -> tuple[Value, ...]:
    """The last `num_scan_inputs` inputs, along an axis of each."""
    carried, given = _split(node, inputs)
    n = len(given)
    axes = [node.axis(a, len(x.shape)) for a, x in zip(_per_value(node, "scan_input_axes", n), given, strict=True)]
    numbered, pools = _numbered(given)
    sources = build.agreeing(numbered, axes)
    length = sources[0].shape[axes[0]]
    node.check(all(x.shape[a] == length for x, a in zip(sources, axes, strict=True)), "shape", "the inputs of `Scan` differ in length")
    turn, whole = param(_INDEX), [param(x.type) for x in sources]
    back = _per_value(node, "scan_input_directions", n)
    slices = [take(x, _place(turn, length, b).value, a) for x, a, b in zip(whole, axes, back, strict=True)]
    texts = [param(p.type) for p in pools]
    slices = [codes.decode(v, texts[0]) if codes.is_string(x) else v for v, x in zip(slices, given, strict=True)]
    body = import_body(node, node.graph("body"), carried, after=slices)
    built = Loop(body.scope)
    _count(built, turn, dim(length).value)
    for x, inner in zip((*sources, *pools), (*whole, *texts), strict=True):
        built.keep(x, inner)
    for v, p, after, t in zip(carried, body.params, body.results, body.types, strict=False):
        built.carry(v, p, after, t)
    scanned = body.results[len(carried) :]
    to_axes, to_back = (_per_value(node, f"scan_output_{what}", len(scanned)) for what in ("axes", "directions"))
    for v, axis, b in zip(scanned, to_axes, to_back, strict=True):
        a, dims = node.axis(axis, len(v.shape) + 1), body.own_dims(v)
        if ANY_DIM not in dims:
            built.fill(v, (*v.shape[:a], length, *v.shape[a:]), [_place(turn, length, b)], [a])
            continue
        node.check(a == 0 and not b, "dynamic", "slices whose shape depends on data can only be put together along axis 0, forward")
        built.grow(v, dims)
    return built.build(_counting)[2 + n + len(pools) :]


def _numbered(xs: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    """The values with numbers for strings, and the strings that these are places of, if there are any."""
    if not any(map(codes.is_string, xs)):
        return list(xs), []
    numbers, pool = codes.encode(*filter(codes.is_string, xs))
    left = iter(numbers)
    return [next(left) if codes.is_string(x) else x for x in xs], [pool]


def _count(loop: Loop, turn: Value, total: Value) -> None:
    """The first two values carried: the turn's number, and how many turns there are."""
    with loop.scope.building():
        following = op("add", turn, const(1, I64))
    loop.carry(const(0, I64), turn, following)
    loop.keep(total, param(_INDEX))


def _counting(heads: Sequence[Value]) -> Value:
    return op("compare", heads[0], heads[1], comparison_direction="LT")


def _place(turn: Value, length: Dim, backwards: int) -> Array:
    return dim(length) - 1 - Array(turn) if backwards else Array(turn)


@handles("Scan")
def scan_batches(node: NodeView, lengths: Value | None, *inputs: Value) -> tuple[Value, ...]:
    """Opset 8: inputs [batch, sequence, …], of each batch as many slices as `lengths` says. One turn for each slice of each batch."""
    carried, given = _split(node, inputs)
    node.check(all(len(x.shape) > 1 for x in given) and all(x.shape for x in carried), "shape", "`Scan` needs inputs [batch, …]")
    given = build.agreeing(build.agreeing(given, [0] * len(given)), [1] * len(given))
    batches, steps = given[0].shape[:2]
    lens = array(0).broadcast((batches,)).value if lengths is None else helpers.cast(lengths, I64)
    turn, counts = param(_INDEX), param(lens.type)
    batch, step = Array(turn) / dim(steps).maximum(1), Array(turn) % dim(steps).maximum(1)
    count = dim(steps) if lengths is None else Array(take(counts, batch.value, 0))
    wholes, starts = ([param(x.type) for x in xs] for xs in (given, carried))
    states = [param(x.tensor.with_shape(x.shape[1:])) for x in carried]
    before = [build.select(step.equals(0).value, take(x, batch.value, 0), v) for x, v in zip(starts, states, strict=True)]
    at = [count - 1 - step if b else step for b in _per_value(node, "directions", len(given))]
    slices = [take(take(x, batch.value, 0), i.value, 0) for x, i in zip(wholes, at, strict=True)]
    scope, results = node.scope.nested(node.graph("body"), [*before, *slices])
    new, items = results[: len(carried)], results[len(carried) :]
    node.check([v.type for v in new] == [v.type for v in states], "shape", "what `Scan` carries must keep its shape from turn to turn")
    built, active = Loop(scope), (step < count).value
    _count(built, turn, (dim(batches) * steps).value)
    for x, inner in zip((lens, *given, *carried), (counts, *wholes, *starts), strict=True):
        built.keep(x, inner)
    with scope.building():
        kept = [build.select(active, v, old) for v, old in zip(new, before, strict=True)]
        shown = [build.select(active, v, helpers.full_like(v, 0)) for v in items]
    for v, after in zip(states, kept, strict=True):
        built.carry(helpers.splat(0, v.tensor), v, after)
    for x, after in zip(carried, kept, strict=True):
        built.fill(after, x.shape, [batch], [0])
    for v in shown:
        built.fill(v, (batches, steps, *v.shape), [batch, step], [0, 1])
    return built.build(_counting)[-len(results) :]
