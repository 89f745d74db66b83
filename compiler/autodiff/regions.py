"""Derivatives of branches, maps, random numbers, and of functions that bring a derivative of their own."""

from collections.abc import Collection, Sequence

from ...proto.errors import fail
from ..ir.graph import Node, Value, region
from ..ops.gradients.common import has_cotangent, inline, spread, total, zeros_like
from ..ops.nodes import node, results_of
from ..ops.registry import op_of
from .reverse import region_pullback, rule


@rule("if", "case")
def branches(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """The same choice among the branches' pullbacks. Branches have captures alone."""
    given = [k for k, v in enumerate(current.results) if has_cotangent(v)]
    wanted = [k for k, v in enumerate(current.captured) if v in active]
    backwards = [region_pullback(branch, 0, given, wanted) for branch in current.regions]
    op = op_of(current)
    names = [name for name in op.regions if not name.startswith("*")]
    keywords: dict[str, object] = dict(zip(names, backwards, strict=True)) if names else {"branches": tuple(backwards)}
    cts = results_of(op(*current.inputs, captures=(*gs, *current.captured), **keywords))  # type: ignore[arg-type]
    own = dict(zip(wanted, cts, strict=True))
    return [None] * len(current.inputs) + [own.get(k) for k in range(current.captures)]


@rule("map")
def map_(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """One `map` for the cotangents of each operand; what the computation captures is shared by all elements."""
    wanted = [k for k, v in enumerate(current.operands) if v in active]
    step = region_pullback(current.regions[0], len(current.inputs), [0], wanted)
    found: dict[int, Value] = {}
    for k, result in zip(wanted, step.results, strict=True):
        one = region(step.params, (result,))
        ct = node("map", *current.inputs, *gs, captures=current.captured, computation=one, dimensions=current.attrs["dimensions"])
        found[k] = ct if k < len(current.inputs) else total(ct, range(len(ct.shape)))
    return [found.get(k) for k in range(len(current.operands))]


@rule("weft.custom_vjp")
def custom(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """By the op's own rule, which says nothing of what the function captures: a derivative by that is refused."""
    body, backward = current.regions
    read = {v for n in body.nodes for v in n.operands} | set(body.results)
    for p, v in zip(body.params[len(current.inputs) :], current.captured, strict=True):
        if p in read and v in active:
            what = f"`{v.name}`, {v.type}," if v.name else f"a value of type {v.type}"
            fact = f"the function of a custom_vjp closes over {what} which the derivative is taken through"
            help = "make it an argument, whose cotangent `backward` gives, or close over stop_gradient of it"
            raise fail("grad.closure", fact, loc=current.loc, help=help)
    given = iter(gs)
    cts = [next(given) if has_cotangent(v) else zeros_like(v) for v in current.results]
    found = inline(backward, [*current.inputs, *cts, *current.captured])
    return [ct if has_cotangent(v) else None for v, ct in zip(current.inputs, found, strict=True)] + [None] * current.captures


@rule("rng")
def drawn(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Of a + u · (b - a) or a + u · b, for the u that were drawn."""
    a, b, _ = current.operands
    y, (g,) = current.result, gs
    normal = current.attrs["rng_distribution"] == "NORMAL"
    span = b if normal else node("subtract", b, a)
    shift = node("subtract", y, spread(a, y.tensor, ()))
    u = node("divide", shift, spread(span, y.tensor, ()))
    everything = range(len(y.shape))
    by_b, whole = total(node("multiply", g, u), everything), total(g, everything)
    return whole if normal else node("subtract", whole, by_b), by_b, None


@rule("call", "composite")
def call(current: Node, gs: Sequence[Value], active: Collection[Value]) -> Sequence[Value | None]:
    """Not before they are inlined."""
    raise fail("grad.call", "calls are differentiated after they are inlined", loc=current.loc, help="gradient(module) inlines them")
