"""`NonMaxSuppression`: the best boxes of every class, without those that overlap better ones."""

from collections.abc import Sequence

from ....compiler.ir.dims import Dim, Expr, product
from ....compiler.ir.graph import Value, param, region
from ....compiler.ops import helpers
from ....compiler.ops.helpers import reshape_to
from ....compiler.ops.registry import op_of
from ....proto.dtypes import F32
from .. import build, dynamic
from ..array import Array, array, dim, iota
from ..node import NodeView
from ..registry import handles

_NONE = 1 << 62


@handles("NonMaxSuppression")
def non_max_suppression(
    node: NodeView,
    boxes: Value,
    scores: Value,
    most: Value | None = None,
    overlap: Value | None = None,
    least: Value | None = None,
) -> Value:
    """[boxes chosen, 3]: batch, class and box, classes in order, boxes by falling score; of equal scores the first.

    All classes of all batches are treated at once: each turn of a loop takes the best box left of each, and drops what overlaps it.
    """
    node.check_rank(boxes, 3)
    node.check_rank(scores, 3)
    node.check(boxes.shape[2] == 4 or isinstance(boxes.shape[2], Expr), "shape", f"boxes need four numbers, got {boxes.type}")
    boxes = build.with_dim(boxes, 2, 4)
    boxes, scores = build.agreeing((boxes, scores), (0, 0))
    boxes, scores = build.agreeing((boxes, scores), (1, 2))
    batches, classes, count = scores.shape
    lines = product((batches, classes))
    limit = dynamic.integer(most).clip(0, dim(count)) if most is not None else array(0)
    score = Array(reshape_to(scores, (lines, count)))
    alive = score > _scalar(least) if least is not None else score.equals(score)
    edges = [_per_class(e, classes) for e in _edges(node, boxes)]
    chosen = _choose(score, alive, edges, _scalar(overlap) if overlap is not None else array(0.0, F32), limit)
    places = dynamic.compacted(Array(build.flat((chosen >= 0).value)))
    box = Array(build.take(build.flat(chosen.value), places.value, 0))
    line = places / dim(count).maximum(1)
    columns = (line / dim(classes).maximum(1), line % dim(classes).maximum(1), box)
    return build.concatenate([c.reshape((places.shape[0], 1)).value for c in columns], 1)


def _scalar(value: Value) -> Array:
    return Array(reshape_to(value, ()))


def _edges(node: NodeView, boxes: Value) -> list[Array]:
    """The lower and upper ends [batches, boxes] of the boxes along both axes."""
    parts = [Array(reshape_to(build.slice_axis(boxes, 2, i, i + 1), boxes.shape[:2])) for i in range(4)]
    if node.int("center_point_box", 0):
        x, y, width, height = parts
        return [y - height / 2, x - width / 2, y + height / 2, x + width / 2]
    a, b, c, d = parts
    return [a.minimum(c), b.minimum(d), a.maximum(c), b.maximum(d)]


def _per_class(x: Array, classes: Dim) -> Array:
    """[batches, boxes] as [batches · classes, boxes]."""
    batches, count = x.shape
    return Array(reshape_to(helpers.broadcast(x.value, (batches, classes, count), (0, 2)), (batches * classes, count)))


def _choose(score: Array, alive: Array, edges: Sequence[Array], overlap: Array, limit: Array) -> Array:
    """[lines, boxes]: the boxes chosen in each line in the order they were chosen, -1 behind them."""
    chosen = array(-1).broadcast(score.shape)
    carried = [array(0), alive, chosen, score, *edges, overlap, limit]
    heads, params = ([param(v.value.type) for v in carried] for _ in range(2))
    turn, left = Array(heads[0]), Array(heads[1])
    cond = region(heads, (((turn < Array(heads[-1])) & left.any()).value,))
    turn, left, picked, points, *inner = map(Array, params[:-1])
    at, left = _best(points, left, inner[:4], inner[4])
    slot = iota(score.shape, 1).equals(turn)
    picked = slot.where(at.reshape((score.shape[0], 1)).broadcast(score.shape), picked)
    body = region(params, [(turn + 1).value, left.value, picked.value, *params[3:]])
    results = op_of("while")(*(v.value for v in carried), cond=cond, body=body)
    assert isinstance(results, tuple)
    return Array(results[2])


def _best(score: Array, alive: Array, edges: Sequence[Array], overlap: Array) -> tuple[Array, Array]:
    """The best box of each line that is left, -1 if there is none, and what is left without it and all that overlap it."""
    lines, place = score.shape[0], iota(score.shape, 1)
    low = Array(helpers.full_like(score.value, float("-inf")))
    top = alive.where(score, low).reduce("max", [1], keep=True)
    first = (alive & score.equals(top)).where(place, _NONE).reduce("min", [1], keep=True)
    found = first < _NONE
    mine = place.equals(first)
    zero = Array(helpers.full_like(score.value, 0))
    best = [mine.where(e, zero).reduce("add", [1], keep=True) for e in edges]
    wide = [(edges[k + 2].minimum(best[k + 2]) - edges[k].maximum(best[k])).maximum(0) for k in (0, 1)]
    shared = wide[0] * wide[1]
    area, own = ((e[2] - e[0]) * (e[3] - e[1]) for e in (edges, best))
    union = area + own - shared
    covered = (union > 0) & (shared / union > overlap)
    return found.where(first, -1).reshape((lines,)), alive & ~mine & ~(covered & found)
