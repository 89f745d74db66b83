"""The walk from results to inputs."""

from collections.abc import Callable, Collection, Iterable, Sequence

from ...proto.errors import WeftError, fail
from ..ir.graph import Node, Region, Value, definitions, in_place_of, param, region
from ..ir.types import TensorType
from ..ops.decomposition import expand
from ..ops.gradients.common import has_cotangent, inline, zeros_like
from ..ops.registry import op_of
from .sums import accumulated

Rule = Callable[[Node, Sequence[Value], Collection[Value]], Sequence[Value | None]]
"""(node, cotangents of its floating results, the values that the derivative is taken through) -> cotangents of all operands"""
RULES: dict[str, Rule] = {}


def rule(*ops: str) -> Callable[[Rule], Rule]:
    """Enter the rule of ops whose regions compute with whole tensors."""

    def enter(f: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops, f))
        return f

    return enter


def pullback(results: Sequence[Value], seeds: Sequence[Value | None], wrt: Sequence[Value], *, ends: bool = False) -> list[Value | None]:
    """The cotangents of `wrt` when those of `results` are `seeds`; None for a value that no result depends on.

    A seed of None stands for zeros. Where one of `wrt` is computed from another, that one's cotangent counts this way too, unless the
    walk `ends` at all of them. Raises `WeftError` `grad.*` at the first op on the way that has no derivative.
    """
    cotangents: dict[Value, Value] = {}
    for v, seed in zip(results, seeds, strict=True):
        if seed is not None and has_cotangent(v):
            _add(cotangents, v, seed)
    nodes, active = _between(results, wrt, set(wrt) if ends else ())
    for current in nodes:
        gs = [cotangents.pop(v, None) if v not in wrt else cotangents.get(v) for v in current.results]
        if all(g is None for g in gs):
            continue
        filled = tuple(zeros_like(v) if g is None else g for v, g in zip(current.results, gs, strict=True) if has_cotangent(v))
        with in_place_of(current):
            for v, ct in zip(current.operands, _operand_cotangents(current, filled, active), strict=True):
                if ct is not None and v in active:
                    _add(cotangents, v, ct)
    return [cotangents.get(v) for v in wrt]


def _add(cotangents: dict[Value, Value], v: Value, ct: Value) -> None:
    known = cotangents.get(v)
    cotangents[v] = ct if known is None else accumulated(known, ct)


def _between(results: Sequence[Value], wrt: Sequence[Value], ends: Collection[Value]) -> tuple[list[Node], set[Value]]:
    """The nodes that `results` need and that depend on `wrt` by floats, users before operands; and the values that depend so."""
    reached: set[Node] = set()
    stack = [v.node for v in results if v.node is not None and v not in ends]
    while stack:
        current = stack.pop()
        if current not in reached:
            reached.add(current)
            stack += [v.node for v in current.operands if v.node is not None and v not in ends]
    ordered = sorted(reached, key=lambda n: n.serial)
    active = dependent(ordered, wrt)
    _refuse_opaque(ordered, active)
    return [n for n in reversed(ordered) if any(v in active for v in n.operands)], active


_ROUNDING = ("uniform_quantize", "bitcast_convert")
_TO_FLOATS = ("uniform_dequantize", "bitcast_convert", "convert")


def _refuse_opaque(nodes: Iterable[Node], active: Collection[Value]) -> None:
    """Raise where floats become floats again by way of a quantized type, of their bits, or of a host value: zero would be wrong there."""
    hidden: set[Value] = set()
    for n in nodes:
        if any(v in hidden for v in n.operands) and (n.op in _TO_FLOATS or not _is_tensor(n.operands[0])) and floats(n.results):
            fact = f"what `{n.op}` gives depends on the variables of the derivative by way of bits, rounded numbers or host values"
            help = "x + stop_gradient(f(x) - x) takes f for the identity; stop_gradient(f(x)) for a constant"
            raise fail("grad.opaque", fact, loc=n.loc, help=help)
        if any(v in hidden or (v in active and n.op in _ROUNDING) for v in n.operands):
            hidden.update(v for v in n.results if _is_tensor(v) and v.dtype.is_int)
        if any(v in hidden or v in active for v in n.operands):
            hidden.update(v for v in n.results if not _is_tensor(v))


def _is_tensor(v: Value) -> bool:
    return isinstance(v.type, TensorType)


def dependent(nodes: Iterable[Node], start: Iterable[Value]) -> set[Value]:
    """`start`, and what of the results of `nodes`, operands before users, depends on it by floats."""
    found = set(start)
    for n in nodes:
        if n.op != "weft.stop_gradient" and any(v in found for v in n.operands):
            found.update(v for v in n.results if has_cotangent(v))
    return found


def _operand_cotangents(current: Node, gs: tuple[Value, ...], active: Collection[Value]) -> Sequence[Value | None]:
    """The cotangents of all operands, captures too. `gs` are those of the results that can have one."""
    if current.op in RULES:
        return RULES[current.op](current, gs, active)
    if op_of(current).grad is None:
        return _by_decomposition(current, gs)
    return own_rule(current, gs)


def own_rule(current: Node, gs: Sequence[Value]) -> Sequence[Value | None]:
    """By the `grad` of the op's entry, for a node without captures."""
    op = op_of(current)
    assert op.grad is not None and not current.captures
    keywords = dict(current.attrs) | op.bind_regions(current.regions)
    every = iter(gs)
    whole = [next(every) if has_cotangent(v) else v for v in current.results]
    try:
        return op.grad(*whole, *current.operands, **keywords)  # type: ignore[return-value]
    except WeftError as error:
        raise error.at(current.loc) from None


def _by_decomposition(current: Node, gs: tuple[Value, ...]) -> Sequence[Value | None]:
    """Through the ops that the op is made of."""
    op = op_of(current)
    if op.decompose is None or current.captures:
        fact = f"`{current.op}` has no derivative"
        raise fail("grad.op", fact, loc=current.loc, help="stop_gradient(x) says that none is wanted")
    return through(current, expand(op, current.operands, current.attrs, current.regions, current.types), gs)


def through(current: Node, outs: Sequence[Value], gs: Sequence[Value]) -> Sequence[Value | None]:
    """The cotangents of a node's operands by way of `outs`, values built on these, which are what the node computes."""
    whole = pullback(floats(outs), gs, current.operands, ends=True)
    # An operand that stands twice has one cotangent, all of it.
    return [None if v in current.operands[:k] else ct for k, (v, ct) in enumerate(zip(current.operands, whole, strict=True))]


def floats(values: Iterable[Value]) -> list[Value]:
    """Those that can have a cotangent."""
    return [v for v in values if has_cotangent(v)]


def region_pullback(body: Region, own: int, given: Sequence[int], wanted: Sequence[int]) -> Region:
    """(params of `body`, cotangents of its results `given`) -> cotangents of its params `wanted`, zeros where nothing depends on them.

    The first `own` params come first, then the cotangents, as parameters of a region's own; the rest are captures.
    """
    params = [param(p.type, p.name) for p in body.params]
    seeds = [param(body.results[k].type) for k in given]
    with definitions() as definers:
        results = inline(body, params)
        targets = [params[k] for k in wanted]
        cts = pullback([results[k] for k in given], seeds, targets)
        filled = [zeros_like(p) if ct is None else ct for p, ct in zip(targets, cts, strict=True)]
    return region([*params[:own], *seeds, *params[own:]], filled, definers=definers)
