"""Attention, however it was spelled: two products with a softmax between them become `weft.attention`, whose scores stay in cache.

Recognised on `weft.matmul`, where transposes are part of the spec already. The scores may go through elementwise ops (scales, masks,
biases, a soft cap); scalar factors of queries and keys are moved there too, so that both can be read where they are. Nothing is fused
whose scores or weights are used elsewhere.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ..ir.graph import Node, Region, Value, param, region
from ..ops.attention import attention
from ..ops.blocked import is_fast, parse_spec
from ..ops.bodies import monoid_of
from ..ops.helpers import reshape_to, splat
from ..ops.nodes import node as new_node
from ..ops.registry import op_of
from .canonicalize import splat_of
from .rewrite import Result, Uses, rewrite

_BATCH = "abcdefghijopqrst"
_FEW = 3  # queries for which reading keys and values once, row by row, is all the work
_MOST_VALUES = 48
# What may be computed again for every attention that reads it.
_LIGHT = {"compare", "and", "or", "not", "select", "add", "subtract", "multiply", "negate", "convert"}


@dataclass(frozen=True, slots=True)
class _Operand:
    """A query, key or value: where it is in memory, its letters, what the scores are to be multiplied by, and how often it is repeated."""

    value: Value
    letters: str
    factor: float = 1.0
    repeated: str = ""
    repeats: int = 1


@dataclass(slots=True)
class _Body:
    """What happens to the scores between the product and the softmax, as a region under construction. `new` holds what is inside."""

    core: Node
    scores: Value
    uses: Uses
    new: dict[Value, Value]
    extras: list[Value] = field(default_factory=list)
    params: list[Value] = field(default_factory=list)

    def copy(self, value: Value) -> Value | None:
        """`value` inside the region, as a copy or a parameter; None if it comes from the scores and cannot be there."""
        if value in self.new:
            return self.new[value]
        on_path = self._leads_to_core(value)
        made = self._copied(value) if self._may_copy(value, on_path) else None
        if made is None and not on_path:
            made = param(value.type, value.name)
            self.extras.append(value)
            self.params.append(made)
        if made is not None:
            self.new[value] = made
        return made

    def _copied(self, value: Value) -> Value | None:
        assert value.node is not None
        operands = [self.copy(v) for v in value.node.operands]
        inner = [v for v in operands if v is not None]
        return value.node.with_operands(inner).result if len(inner) == len(operands) else None

    def _may_copy(self, value: Value, on_path: bool) -> bool:
        node = value.node
        if node is None or len(node.results) != 1 or len(self.new) >= _MOST_VALUES:
            return False
        if on_path:
            return _is_elementwise(node) and (value is self.scores or self.uses(value) == 1)
        if node.op == "constant":
            return splat_of(value) is not None
        if node.op in ("broadcast_in_dim", "iota"):
            return True
        return _is_elementwise(node) and value.shape == self.core.result.shape and node.op in _LIGHT

    def _leads_to_core(self, value: Value) -> bool:
        return self.core in _sources(value)


def _is_elementwise(node: Node) -> bool:
    """Whether element i depends on the elements i of the operands alone; of `select` and `clamp` those may be scalars."""
    if node.op in ("select", "clamp"):
        return all(v.shape == node.result.shape for v in node.operands)
    return op_of(node).is_elementwise


def _sources(value: Value) -> set[Node]:
    """The products that `value` comes from through elementwise ops."""
    found: set[Node] = set()
    stack, seen = [value], set[Value]()
    while stack:
        v = stack.pop()
        if v in seen or v.node is None or v.shape != value.shape:
            continue
        seen.add(v)
        if v.op == "weft.matmul":
            found.add(v.node)
        elif _is_elementwise(v.node):
            stack += v.node.operands
    return found


@rewrite("attention", "weft.matmul")
def to_attention(n: Node, uses: Uses) -> Result:
    """weft.matmul(softmax(f(weft.matmul(q, k))), v) -> weft.attention(q, k, v) {f}, if nothing else reads what is in between. Weights are
    not rounded on the way, and factors of q and k are applied to the scores.
    """
    left, right, out = parse_spec(str(n.attrs["spec"]))
    if n.attrs["columns"]:
        return None
    for weights, names, value, value_names in ((0, left, 1, right), (1, right, 0, left)):
        source = _unrounded(n.operands[weights], uses)
        axis = names.index("k")
        scores = _softmax_of(source, axis, uses)
        core = _core(scores, uses) if scores is not None else None
        if scores is None or core is None:
            continue
        found = _built(core, scores, axis, (names, value_names, out), n.operands[value], uses)
        if found is not None:
            return found
    return None


def _unrounded(value: Value, uses: Uses) -> Value:
    """What a value was before conversions to a narrower type and back."""
    while value.node is not None and value.op == "convert" and uses(value) == 1 and value.node.operands[0].dtype.is_float:
        value = value.node.operands[0]
    return value


def _softmax_of(value: Value, axis: int, uses: Uses) -> Value | None:
    """x if `value` is softmax(x) along `axis` and nothing else reads its parts."""
    if value.node is None or value.op != "divide" or uses(value) != 1:
        return None
    powers, spread = value.node.operands
    total = _folded(spread, "add", axis, uses)
    if total is not powers or powers.node is None or powers.op != "exponential" or uses(powers) != 2:
        return None
    (shifted,) = powers.node.operands
    if shifted.node is None or shifted.op != "subtract" or uses(shifted) != 1:
        return None
    x, spread = shifted.node.operands
    return x if _folded(spread, "max", axis, uses) is x and uses(x) == 2 else None


def _folded(spread: Value, monoid: str, axis: int, uses: Uses) -> Value | None:
    """x if `spread` is the reduction of x along `axis`, broadcast along it again."""
    value, places = spread, list(range(spread.tensor.rank))  # for each dim of `value` the one of `spread` that it runs along
    while value.node is not None and value.op in ("broadcast_in_dim", "reshape") and uses(value) == 1:
        (source,) = value.node.operands
        if value.op == "broadcast_in_dim":
            dims = value.node.ints("broadcast_dimensions")
            places = [places[d] for d in dims]
        else:
            if [d for d in source.shape if d != 1] != [d for d in value.shape if d != 1]:
                return None
            long = iter([p for p, size in zip(places, value.shape, strict=True) if size != 1])
            places = [-1 if size == 1 else next(long) for size in source.shape]
        value = source
    node = value.node
    if node is None or node.op != "reduce" or len(node.results) != 1 or uses(value) != 1 or node.attrs["dimensions"] != (axis,):
        return None
    x, init = node.operands[:2]
    kept = [d for d in range(spread.tensor.rank) if d != axis]
    straight = x.shape == spread.shape and all(size == 1 or p == d for size, p, d in zip(value.shape, places, kept, strict=True))
    neutral = splat_of(init) == (0 if monoid == "add" else -np.inf)
    return x if straight and neutral and monoid_of(node.regions[0]) == monoid else None


def _core(scores: Value, uses: Uses) -> Node | None:
    """The one product that scores come from, if they alone do."""
    found = _sources(scores)
    core = next(iter(found), None)
    if core is None or len(found) > 1 or core.attrs["columns"]:
        return None
    return core if core.result is scores or uses(core.result) == 1 else None


def _built(core: Node, scores: Value, axis: int, mix: tuple[str, str, str], value: Value, uses: Uses) -> Value | None:
    """The attention of a product `core`, of what it becomes before the softmax along `axis`, and of `value` mixed by the spec `mix`."""
    names = _names(core, axis, mix)
    dtype = core.result.dtype
    if names is None or not is_fast(dtype) or any(v.dtype != dtype for v in (*core.operands, scores, value)):
        return None
    lhs, rhs = core.operands if names.query_first else reversed(core.operands)
    query, key, mixed = _operand(lhs, names.query), _operand(rhs, names.key), _operand(value, names.value, scaled=False)
    shared = _shared(key), _shared(mixed)
    if (shared[0].repeated, shared[0].repeats) == (shared[1].repeated, shared[1].repeats):
        key, mixed = shared
    if not _pays(query, mixed):
        return None
    body = _body(core, scores, query.factor * key.factor, uses)
    if body is None:
        return None
    inner, extras = body
    query, key, mixed = _readable(query, "km"), _readable(key, "kn"), _readable(mixed, "vn")
    return attention(
        query.value, key.value, mixed.value, *extras, body=inner, repeated=key.repeated, repeats=key.repeats,
        scores=f"{query.letters},{key.letters}->{names.full}", mix=f"{names.full},{mixed.letters}->{names.out}",
    )  # fmt: skip


def _pays(query: _Operand, value: _Operand) -> bool:
    """Whether there are enough queries to share the keys, and the rows of queries and values are of known length."""
    queries, depth = (query.value.shape[query.letters.index(c)] for c in "mk")
    width = value.value.shape[value.letters.index("v")]
    return isinstance(depth, int) and isinstance(width, int) and not (isinstance(queries, int) and queries <= _FEW)


@dataclass(frozen=True, slots=True)
class _Names:
    """Letters by their roles in attention: m queries, n keys, k and v the dims of keys and values, others batch dims."""

    query: str
    key: str
    value: str
    full: str
    out: str
    query_first: bool


def _names(core: Node, axis: int, mix: tuple[str, str, str]) -> _Names | None:
    """The letters of both products under one naming; None where they do not have the form of attention."""
    left, right, full = parse_spec(str(core.attrs["spec"]))
    weights, value, out = mix
    if full[axis] not in "mn" or len(full) > len(_BATCH):
        return None
    queries = "m" if full[axis] == "n" else "n"
    batch = iter(_BATCH)
    renamed = {c: "n" if i == axis else "m" if c == queries else next(batch) for i, c in enumerate(full)} | {"k": "k"}
    again = {w: renamed[c] for w, c in zip(weights, full, strict=True)}
    free = [c for c in value if c not in again]
    if len(free) != 1 or "m" not in renamed.values() or any(again.get(c) == "m" for c in value):
        return None
    again[free[0]] = "v"
    result = "".join(again[c] for c in out)
    query, key = (left, right) if queries == "m" else (right, left)
    query, key, values, whole = (
        "".join(naming[c] for c in part) for naming, part in ((renamed, query), (renamed, key), (again, value), (renamed, full))
    )
    return _Names(query, key, values, whole, result, queries == "m") if result.endswith("v") else None


def _operand(value: Value, letters: str, scaled: bool = True) -> _Operand:
    """What a query, key or value is a transpose of; where the scores can take it over, without scalar factors."""
    factor = 1.0
    while value.node is not None:
        node = value.node
        if node.op == "transpose":
            permutation = node.ints("permutation")
            letters = "".join(letters[permutation.index(i)] for i in range(len(permutation)))
            value = node.operands[0]
        elif scaled and node.op in ("multiply", "divide") and (number := _number(node.operands[1])) is not None:
            factor = factor * number if node.op == "multiply" else factor / number
            value = node.operands[0]
        else:
            break
    return _Operand(value, letters, factor)


def _number(value: Value) -> float | None:
    """The number of a splat that one can divide by."""
    number = splat_of(value)
    return number if isinstance(number, float) and abs(number) > 0 and np.isfinite(number) else None


def _shared(x: _Operand) -> _Operand:
    """`x` without the repetition of its heads, which is a broadcast and a reshape that merges the new dim with the one before it."""
    node = x.value.node
    wide = node.operands[0] if node is not None and node.op == "reshape" else x.value
    if wide.node is None or wide.op != "broadcast_in_dim" or wide is x.value:
        return x
    shape, split = x.value.shape, wide.shape
    source = wide.node.operands[0]
    dims = wide.node.ints("broadcast_dimensions")
    sizes = {d: size for d, size in zip(dims, source.shape, strict=True) if size != 1}
    for i in range(len(shape)):
        if len(split) != len(shape) + 1 or split[:i] != shape[:i] or split[i + 2 :] != shape[i + 1 :] or x.letters[i] in "mnkv":
            continue
        repeats = split[i + 1]
        whole = all(d == i + 1 or size in (1, sizes.get(d)) for d, size in enumerate(split))
        if whole and i + 1 not in sizes and isinstance(repeats, int) and repeats > 1 and list(dims) == sorted(dims):
            shared = reshape_to(source, (*shape[:i], split[i], *shape[i + 1 :]))
            return replace(_operand(shared, x.letters), factor=x.factor, repeated=x.letters[i], repeats=repeats)
    return x


def _readable(x: _Operand, contiguous: str) -> _Operand:
    """`x` with one of the `contiguous` letters innermost, transposed if it is not."""
    inner = next((c for c, size in zip(reversed(x.letters), reversed(x.value.shape), strict=True) if size != 1), contiguous[0])
    if inner in contiguous:
        return x
    order = [i for i, c in enumerate(x.letters) if c != contiguous[0]] + [x.letters.index(contiguous[0])]
    moved = new_node("transpose", x.value, permutation=tuple(order))
    return replace(x, value=moved, letters="".join(x.letters[i] for i in order))


def _body(core: Node, scores: Value, factor: float, uses: Uses) -> tuple[Region, list[Value]] | None:
    """What happens to the scores after `core`, as a region, and what else it reads."""
    start = param(core.result.type, core.result.name)
    scaled = start if factor == 1 else new_node("multiply", start, splat(factor, core.result.tensor))
    body = _Body(core, scores, uses, {core.result: scaled})
    result = body.copy(scores)
    return None if result is None else (region((start, *body.params), (result,)), body.extras)
