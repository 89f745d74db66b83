"""The rules of vectorisation for branches, loops, and what else computes by regions of whole tensors."""

from collections.abc import Sequence

from ...proto.dtypes import BOOL
from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value, definitions, param, region
from ..ops.gradients.common import compare, full, inline, scalar, scalar_body, spread
from ..ops.nodes import node, results_of
from ..ops.registry import op_of
from .core import Batch, Batched, rule, with_batch


def _batched_region(b: Batch, body: Region, batched: Sequence[bool], wanted: Sequence[bool] | None = None) -> tuple[Region, list[bool]]:
    """`body` with these params batched, and which of its results are; those in `wanted` are made so."""
    params = [param(with_batch(p, b.size) if x else p.type, p.name) for p, x in zip(body.params, batched, strict=True)]
    with definitions() as definers:
        results = b.run(body, [Batched(p, x) for p, x in zip(params, batched, strict=True)])
        flags = [r.batched or (wanted is not None and wanted[i]) for i, r in enumerate(results)]
        outs = [b.whole(r) if f else r.value for r, f in zip(results, flags, strict=True)]
    return region(params, outs, definers=definers), flags


@rule("if", "case")
def _branches(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    selector, captured = xs[0], xs[1:]
    if selector.batched:
        return _select_branches(b, n, selector.value, captured)
    flags = [x.batched for x in captured]
    wanted = [any(column) for column in zip(*(_batched_region(b, r, flags)[1] for r in n.regions), strict=True)]
    regions = [_batched_region(b, r, flags, wanted)[0] for r in n.regions]
    op = op_of(n)
    keywords: dict[str, object] = {"branches": tuple(regions)} if n.op == "case" else dict(zip(op.regions, regions, strict=True))
    built = results_of(op(selector.value, captures=[x.value for x in captured], **keywords))  # type: ignore[arg-type]
    return [Batched(v, f) for v, f in zip(built, wanted, strict=True)]


def _select_branches(b: Batch, n: Node, selector: Value, captured: Sequence[Batched]) -> Sequence[Batched]:
    """All branches, and of each element of the batch the results of its own."""
    outs = [[b.whole(r) for r in b.run(body, captured)] for body in n.regions]
    if n.op == "if":
        picked = [(selector, outs[0])]
        last = outs[1]
    else:
        picked = [(compare("EQ", selector, full(selector.tensor, k)), o) for k, o in enumerate(outs[:-1])]
        last = outs[-1]
    found = list(last)
    for flag, values in picked[::-1]:
        found = [node("select", spread(flag, v.tensor.with_dtype(BOOL), (0,)), v, f) for v, f in zip(values, found, strict=True)]
    return [Batched(v, True) for v in found]


@rule("while")
def _while(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    cond, body = n.regions
    count = len(n.inputs)
    captured = xs[count:]
    rest = [x.batched for x in captured]
    state = [x.batched for x in xs[:count]]
    while True:
        turned = _batched_region(b, body, [*state, *rest])[1]
        differs = _batched_region(b, cond, [*state, *rest])[1][0]
        # Once some elements stop and others go on, every part of the state is of its own for each.
        grown = [True] * count if differs else [a or t for a, t in zip(state, turned, strict=True)]
        if grown == state:
            break
        state = grown
    start = [b.whole(x) if s else x.value for x, s in zip(xs[:count], state, strict=True)]
    flags = [*state, *rest]
    test, step = _batched_region(b, cond, flags)[0], _batched_region(b, body, flags, state)[0]
    if differs:
        test, step = _any(test, b.size), _where_going(b, test, step, count)
    built = results_of(op_of("while")(*start, captures=[x.value for x in captured], cond=test, body=step))
    return [Batched(v, s) for v, s in zip(built, state, strict=True)]


def _any(test: Region, size: Dim) -> Region:
    """Whether the condition holds for any element of the batch."""
    (flags,) = test.results
    some = node("reduce", flags, scalar(False, BOOL), dimensions=(0,), body=scalar_body("or", BOOL))
    return region(test.params, (some,))


def _where_going(b: Batch, test: Region, step: Region, count: int) -> Region:
    """A turn that only changes the elements of the batch for which the condition holds."""
    params = [param(p.type, p.name) for p in step.params]
    (going,) = inline(test, params)
    after = inline(step, params)
    kept = [node("select", spread(going, v.tensor.with_dtype(BOOL), (0,)), v, p) for v, p in zip(after, params[:count], strict=True)]
    return region(params, kept)


@rule("weft.custom_vjp")
def _custom_vjp(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    k = len(n.inputs)
    results = len(n.results)
    own, rest = [True] * k, [x.batched for x in xs[k:]]
    body = _batched_region(b, n.regions[0], [*own, *rest], [True] * results)[0]
    backward = _batched_region(b, n.regions[1], [*own, *[True] * results, *rest], [True] * k)[0]
    wholes = [b.whole(x) for x in xs[:k]]
    built = results_of(op_of("weft.custom_vjp")(*wholes, captures=[x.value for x in xs[k:]], body=body, backward=backward))
    return [Batched(v, True) for v in built]
