"""What vectorisation is made of: values with and without the batch, the rules of the ops, and the loop for ops that have none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...proto.dtypes import I64
from ...proto.errors import fail
from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value, in_place_of, param, region
from ..ir.types import TensorType, Type
from ..ops.decomposition import expand
from ..ops.gradients.common import compare, full, row, scalar, spread, with_row
from ..ops.gradients.indexing import size_of
from ..ops.nodes import node, results_of
from ..ops.registry import op_of


@dataclass(frozen=True, slots=True)
class Batched:
    """A value of the batched graph: with the batch along dim 0, or the same for all of it."""

    value: Value
    batched: bool


Rule = Callable[["Batch", Node, Sequence[Batched]], Sequence[Batched]]
_RULES: dict[str, Rule] = {}


def rule(*ops: str) -> Callable[[Rule], Rule]:
    """Enter a rule for ops."""

    def enter(f: Rule) -> Rule:
        _RULES.update(dict.fromkeys(ops, f))
        return f

    return enter


@dataclass(frozen=True, slots=True)
class Batch:
    """The size of the batch, and what is written with it."""

    size: Dim

    def whole(self, x: Batched) -> Value:
        """The value with the batch along dim 0, repeated if it is the same for all."""
        if x.batched:
            return x.value
        t = x.value.tensor
        return spread(x.value, t.with_shape((self.size, *t.shape)), range(1, t.rank + 1))

    def run(self, body: Region, args: Sequence[Batched]) -> list[Batched]:
        """The results of a region for these arguments, as new nodes."""
        values = dict(zip(body.params, args, strict=True))
        for n in body.nodes:
            operands = [values[v] for v in n.operands]
            with in_place_of(n):
                results = self.node(n, operands)
            values.update(zip(n.results, results, strict=True))
        return [values[v] for v in body.results]

    def node(self, n: Node, operands: Sequence[Batched]) -> Sequence[Batched]:
        """The results of one node."""
        if not any(x.batched for x in operands):
            return [Batched(v, False) for v in n.with_operands(x.value for x in operands).results]
        if n.op in _RULES:
            return _RULES[n.op](self, n, operands)
        op = op_of(n)
        if op.is_elementwise:
            return elementwise(self, n, operands)
        if op.decompose is not None and not n.regions:
            return self._decomposed(n, operands)
        return self.one_by_one(n, operands)

    def one_by_one(self, n: Node, operands: Sequence[Batched]) -> Sequence[Batched]:
        """A loop over the batch, for what has no rule, or none for what differs within the batch here."""
        if op_of(n).has_effect or n.attrs.get("has_side_effect") or not all(isinstance(t, TensorType) for t in (*n.types, *_types(n))):
            raise fail("vmap.op", f"`{n.op}` cannot be vectorised", loc=n.loc, help="call it outside of weft.vmap")
        if "symbols" in op_of(n).traits:
            fact = f"the size {n.dims('symbols')[0]} differs from example to example: it depends on their elements"
            help = "x[mask] = number and weft.numpy.where(mask, x, y) keep sizes; weft.map goes through examples one by one"
            raise fail("vmap.sizes", fact, loc=n.loc, help=help)
        stacks = [full(v.tensor.with_shape((self.size, *v.shape)), 0) for v in n.results]
        start = [scalar(0, I64), *stacks]
        given = [x.value for x in operands]
        test = [param(v.type) for v in (*start, *given)]
        turn = [param(v.type) for v in (*start, *given)]
        k = len(start)
        at = turn[0]
        rows = [row(v, at) if x.batched else v for v, x in zip(turn[k:], operands, strict=True)]
        made = n.with_operands(rows).results
        kept = [with_row(stack, v, at) for stack, v in zip(turn[1:k], made, strict=True)]
        cond = region(test, (compare("LT", test[0], size_of(self.size)),))
        body = region(turn, (node("add", at, scalar(1, I64)), *kept))
        built = results_of(op_of("while")(*start, captures=given, cond=cond, body=body))
        return [Batched(v, True) for v in built[1:]]

    def _decomposed(self, n: Node, operands: Sequence[Batched]) -> Sequence[Batched]:
        params = [param(v.type) for v in n.operands]
        return self.run(region(params, expand(op_of(n), params, n.attrs, n.regions, n.types)), operands)


def with_batch(v: Value, size: Dim) -> TensorType:
    """The type of a value with the batch along dim 0."""
    return v.tensor.with_shape((size, *v.shape))


def _types(n: Node) -> tuple[Type, ...]:
    return tuple(v.type for v in n.operands)


def again(n: Node, operands: Sequence[Value], size: Dim, **changed: object) -> list[Batched]:
    """The node's op on batched operands with some attributes changed; a result type that is given gets the batch dim."""
    op = op_of(n)
    keywords: dict[str, object] = {**n.attrs, **changed, **op.bind_regions(n.regions)}
    if op.result_keyword:
        types = tuple(t.with_shape((size, *t.shape)) if isinstance(t, TensorType) else t for t in n.types)
        keywords["result"] = types if op.result_keyword == "results" else types[0]
    count = len(operands) - n.captures
    own, captured = operands[:count], operands[count:]
    return [Batched(v, True) for v in results_of(op(*own, captures=captured, **keywords))]  # type: ignore[arg-type]


def any_batched(xs: Sequence[Batched]) -> bool:
    """Whether one of them differs within the batch."""
    return any(x.batched for x in xs)


def attr(n: Node, name: str) -> tuple[int, ...]:
    """An attribute that lists dims."""
    return n.ints(name)


def up(dims: Sequence[int]) -> tuple[int, ...]:
    """Dims behind that of the batch."""
    return tuple(d + 1 for d in dims)


def elementwise(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    """The same op on all elements of the batch."""
    shape = (b.size, *n.results[0].shape)

    def fit(x: Batched, v: Value) -> Value:
        whole = b.whole(x)
        # A scalar beside tensors (the predicate of a select, the bounds of a clamp) is one per element of the batch.
        return whole if whole.shape == shape else spread(whole, whole.tensor.with_shape(shape), (0,))

    return again(n, [fit(x, v) for x, v in zip(xs, n.operands, strict=True)], b.size)
