"""Vectorisation of graphs: a region computed for many values of its parameters at once (`weft.vmap`).

    batch(region, size, batched=[True, False])    region over (B, ...) for the first parameter; results (B, ...)

Every value is either the same for the whole batch, or has a new first dim. Each op has a rule that builds the same computation with
that dim; elementwise ops need none, ops that are made of others are taken apart, branches and loops go on region by region. What is
left is called in a loop over the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..proto.dtypes import BOOL, I64
from ..proto.errors import fail
from .ir.attrs import ConvDims, DotDims, GatherDims, ScatterDims
from .ir.dims import Dim
from .ir.graph import Node, Region, Value, definitions, located, param, region
from .ir.types import TensorType, Type
from .ops.gradients.common import compare, concatenate, full, inline, node, reshape, scalar, scalar_body, spread, transpose
from .ops.gradients.indexing import size_of
from .ops.registry import op_of


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
            with located(n.loc):
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
            return _elementwise(self, n, operands)
        if op.decompose is not None and not n.regions:
            return self._decomposed(n, operands)
        return self.one_by_one(n, operands)

    def one_by_one(self, n: Node, operands: Sequence[Batched]) -> Sequence[Batched]:
        """A loop over the batch, for what has no rule, or none for what differs within the batch here."""
        if op_of(n).has_effect or n.attrs.get("has_side_effect") or not all(isinstance(t, TensorType) for t in (*n.types, *_types(n))):
            raise fail("vmap.op", f"`{n.op}` cannot be vectorised", loc=n.loc, help="call it outside of weft.vmap")
        stacks = [full(v.tensor.with_shape((self.size, *v.shape)), 0) for v in n.results]
        start = [scalar(0, I64), *stacks]
        given = [x.value for x in operands]
        test = [param(v.type) for v in (*start, *given)]
        turn = [param(v.type) for v in (*start, *given)]
        k = len(start)
        at = turn[0]
        rows = [_row(v, at) if x.batched else v for v, x in zip(turn[k:], operands, strict=True)]
        made = n.with_operands(rows).results
        kept = [_put(stack, row, at) for stack, row in zip(turn[1:k], made, strict=True)]
        cond = region(test, (compare("LT", test[0], size_of(self.size)),))
        body = region(turn, (node("add", at, scalar(1, I64)), *kept))
        built = _built(op_of("while")(*start, captures=given, cond=cond, body=body))
        return [Batched(v, True) for v in built[1:]]

    def _decomposed(self, n: Node, operands: Sequence[Batched]) -> Sequence[Batched]:
        op = op_of(n)
        assert op.decompose is not None
        keywords: dict[str, object] = dict(n.attrs)
        if op.result_keyword or "result" in op.decompose.__code__.co_varnames:
            keywords[op.result_keyword or "result"] = n.types if op.result_keyword == "results" else n.types[0]
        params = [param(v.type) for v in n.operands]
        built = op.decompose(*params, **keywords)
        return self.run(region(params, _built(built)), operands)


def batch(body: Region, size: Dim, batched: Sequence[bool]) -> Region:
    """The region that computes `body` for a batch: parameters marked in `batched` and all results have a new first dim of this size.

    Raises `WeftError` `vmap.op` at an op that cannot be vectorised.
    """
    params = [param(_with_batch(p, size) if b else p.type, p.name) for p, b in zip(body.params, batched, strict=True)]
    b = Batch(size)
    with definitions() as definers:
        results = b.run(body, [Batched(p, x) for p, x in zip(params, batched, strict=True)])
        outs = [b.whole(r) for r in results]
    return region(params, outs, definers=definers)


def _with_batch(v: Value, size: Dim) -> TensorType:
    return v.tensor.with_shape((size, *v.shape))


def _types(n: Node) -> tuple[Type, ...]:
    return tuple(v.type for v in n.operands)


def _row(stack: Value, at: Value) -> Value:
    """Element `at` of the batch."""
    zero = scalar(0, I64)
    row = node("dynamic_slice", stack, at, *(zero for _ in stack.shape[1:]), slice_sizes=(1, *stack.shape[1:]))
    return reshape(row, stack.shape[1:])


def _put(stack: Value, row: Value, at: Value) -> Value:
    """The batch with another element `at`."""
    zero = scalar(0, I64)
    return node("dynamic_update_slice", stack, reshape(row, (1, *row.shape)), at, *(zero for _ in row.shape))


def _built(built: object) -> tuple[Value, ...]:
    return built if isinstance(built, tuple) else (built,)  # type: ignore[return-value]


def _again(n: Node, operands: Sequence[Value], size: Dim, **changed: object) -> list[Batched]:
    """The node's op on batched operands with some attributes changed; a result type that is given gets the batch dim."""
    op = op_of(n)
    keywords: dict[str, object] = {**n.attrs, **changed, **op.bind_regions(n.regions)}
    if op.result_keyword:
        types = tuple(t.with_shape((size, *t.shape)) if isinstance(t, TensorType) else t for t in n.types)
        keywords["result"] = types if op.result_keyword == "results" else types[0]
    count = len(operands) - n.captures
    own, captured = operands[:count], operands[count:]
    return [Batched(v, True) for v in _built(op(*own, captures=captured, **keywords))]  # type: ignore[arg-type]


def _any_batched(xs: Sequence[Batched]) -> bool:
    return any(x.batched for x in xs)


def _attr(n: Node, name: str) -> tuple[int, ...]:
    return tuple(n.attrs[name])  # type: ignore[arg-type]


def _up(dims: Sequence[int]) -> tuple[int, ...]:
    return tuple(d + 1 for d in dims)


# Elements and shapes


def _elementwise(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    shape = (b.size, *n.results[0].shape)

    def fit(x: Batched, v: Value) -> Value:
        whole = b.whole(x)
        # A scalar beside tensors (the predicate of a select, the bounds of a clamp) is one per element of the batch.
        return whole if whole.shape == shape else spread(whole, whole.tensor.with_shape(shape), (0,))

    return _again(n, [fit(x, v) for x, v in zip(xs, n.operands, strict=True)], b.size)


@rule("select", "clamp", "bitcast_convert")
def _like_elementwise(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _elementwise(b, n, xs) if n.op != "bitcast_convert" else _again(n, [b.whole(xs[0])], b.size)


@rule("broadcast_in_dim")
def _broadcast(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [xs[0].value], b.size, broadcast_dimensions=(0, *_up(_attr(n, "broadcast_dimensions"))))


@rule("reshape", "weft.check_shape")
def _reshape(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [xs[0].value], b.size)


@rule("optimization_barrier")
def _barrier(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    held = _built(op_of("optimization_barrier")(*(x.value for x in xs)))
    return [Batched(v, x.batched) for v, x in zip(held, xs, strict=True)]


@rule("transpose")
def _transpose(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [xs[0].value], b.size, permutation=(0, *_up(_attr(n, "permutation"))))


@rule("reverse")
def _reverse(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [xs[0].value], b.size, dimensions=_up(_attr(n, "dimensions")))


@rule("concatenate")
def _concatenate(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [b.whole(x) for x in xs], b.size, dimension=int(n.attrs["dimension"]) + 1)  # type: ignore[arg-type]


@rule("slice")
def _slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    a = n.attrs
    starts, limits, strides = (0, *a["start_indices"]), (b.size, *a["limit_indices"]), (1, *a["strides"])  # type: ignore[misc]
    return _again(n, [xs[0].value], b.size, start_indices=starts, limit_indices=limits, strides=strides)


@rule("pad")
def _pad(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    edges = {name: (0, *n.attrs[name]) for name in names}  # type: ignore[misc]
    if not xs[1].batched:
        return _again(n, [b.whole(xs[0]), xs[1].value], b.size, **edges)
    # A padding value of its own for each: pad with zeros and put the value where the padding is.
    zero = scalar(0, xs[0].value.dtype)
    (padded,) = _again(n, [b.whole(xs[0]), zero], b.size, **edges)
    inside = full(b.whole(xs[0]).tensor.with_dtype(BOOL), True)
    kept = node("pad", inside, scalar(False, BOOL), **edges)
    value = spread(xs[1].value, padded.value.tensor, (0,))
    return [Batched(node("select", kept, padded.value, value), True)]


@rule("get_dimension_size")
def _dimension_size(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    size = node("get_dimension_size", xs[0].value, dimension=int(n.attrs["dimension"]) + 1)  # type: ignore[arg-type]
    return [Batched(size, False)]


# Folds, sorts, windows


@rule("reduce")
def _reduce(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    half = len(n.inputs) // 2
    if _any_batched(xs[half:]):
        return b.one_by_one(n, xs)
    wholes = [b.whole(x) for x in xs[:half]]
    return _again(n, [*wholes, *(x.value for x in xs[half:])], b.size, dimensions=_up(_attr(n, "dimensions")))


@rule("reduce_window", "select_and_scatter")
def _window(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    count = 2 if n.op == "select_and_scatter" else len(n.inputs) // 2
    if _any_batched(xs[count:]):
        return b.one_by_one(n, xs)
    changed: dict[str, object] = {}
    for name, first in (
        ("window_dimensions", 1),
        ("window_strides", 1),
        ("base_dilations", 1),
        ("window_dilations", 1),
        ("padding", (0, 0)),
    ):
        given = n.attrs.get(name)
        if given is not None:
            changed[name] = (first, *given)  # type: ignore[misc]
    return _again(n, [*(b.whole(x) for x in xs[:count]), *(x.value for x in xs[count:])], b.size, **changed)


@rule("sort")
def _sort(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    rank = len(n.inputs[0].shape)
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if _any_batched(captured):
        return b.one_by_one(n, xs)
    return _again(n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, dimension=int(n.attrs["dimension"]) % rank + 1)  # type: ignore[arg-type]


# Linear algebra


@rule("dot_general")
def _dot(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d: DotDims = n.attrs["dot_dimension_numbers"]  # type: ignore[assignment]
    lhs, rhs = xs
    if lhs.batched and rhs.batched:
        dims = DotDims((0, *_up(d.lhs_batch)), (0, *_up(d.rhs_batch)), _up(d.lhs_contracting), _up(d.rhs_contracting))
        return _again(n, [lhs.value, rhs.value], b.size, dot_dimension_numbers=dims)
    if lhs.batched:
        dims = DotDims(_up(d.lhs_batch), d.rhs_batch, _up(d.lhs_contracting), d.rhs_contracting)
        # The batch is the first free dim of its side.
        at = len(d.lhs_batch)
    else:
        dims = DotDims(d.lhs_batch, _up(d.rhs_batch), d.lhs_contracting, _up(d.rhs_contracting))
        at = len(lhs.value.shape) - len(d.lhs_contracting)
    shape = list(n.results[0].shape)
    shape.insert(at, b.size)
    keywords = {"precision_config": n.attrs["precision_config"], "algorithm": n.attrs["algorithm"]}
    result = n.results[0].tensor.with_shape(tuple(shape))
    y = node("dot_general", lhs.value, rhs.value, dot_dimension_numbers=dims, result=result, **keywords)
    return [Batched(_to_front(y, at), True)]


def _to_front(v: Value, axis: int) -> Value:
    return transpose(v, (axis, *(i for i in range(len(v.shape)) if i != axis)))


def _merge(v: Value, axis: int) -> Value:
    """The first dim merged into the dim that is `axis` without it, as its outer part."""
    order = [i + 1 for i in range(len(v.shape) - 1)]
    order.insert(axis, 0)
    moved = transpose(v, order)
    shape = list(moved.shape)
    shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
    return reshape(moved, shape)


def _split(v: Value, axis: int, outer: Dim, inner: Dim) -> Value:
    """Dim `axis` as two, the outer one moved to the front."""
    shape = list(v.shape)
    shape[axis : axis + 1] = [outer, inner]
    return _to_front(reshape(v, shape), axis)


@rule("convolution")
def _convolution(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d: ConvDims = n.attrs["dimension_numbers"]  # type: ignore[assignment]
    out = list(n.results[0].shape)
    groups, batch_groups = int(n.attrs["feature_group_count"]), int(n.attrs["batch_group_count"])  # type: ignore[arg-type]
    if batch_groups > 1 or (xs[1].batched and groups > 1):
        return b.one_by_one(n, xs)
    changed: dict[str, object] = {}
    if not xs[1].batched:
        left, right, at = _merge(xs[0].value, d.input_batch), xs[1].value, d.output_batch
    elif not xs[0].batched:
        left, right, at = xs[0].value, _merge(xs[1].value, d.kernel_output_feature), d.output_feature
    else:
        if not isinstance(b.size, int):
            return b.one_by_one(n, xs)
        left, right = _merge(xs[0].value, d.input_feature), _merge(xs[1].value, d.kernel_output_feature)
        changed["feature_group_count"], at = b.size, d.output_feature
    out[at] = out[at] * b.size
    keywords: dict[str, object] = {**n.attrs, **changed, "result": n.results[0].tensor.with_shape(tuple(out))}
    y = node("convolution", left, right, **keywords)
    return [Batched(_split(y, at, b.size, n.results[0].shape[at]), True)]


@rule("cholesky", "triangular_solve", "fft")
def _linear_algebra(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    return _again(n, [b.whole(x) for x in xs], b.size)


@rule("custom_call")
def _host(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    """Factorisations take batches of matrices; other host functions are called for each element of the batch."""
    if not str(n.attrs["call_target_name"]).startswith("linalg_"):
        return b.one_by_one(n, xs)
    return _again(n, [b.whole(x) for x in xs], b.size)


@rule("map")
def _map(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if _any_batched(captured):
        return b.one_by_one(n, xs)
    return _again(n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, dimensions=(0, *_up(_attr(n, "dimensions"))))


# Places that are computed


@rule("gather")
def _gather(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d: GatherDims = n.attrs["dimension_numbers"]  # type: ignore[assignment]
    sizes: tuple[Dim, ...] = n.attrs["slice_sizes"]  # type: ignore[assignment]
    x, at = xs
    if not at.batched:
        dims = GatherDims(
            (0, *_up(d.offset_dims)), _up(d.collapsed_slice_dims), _up(d.operand_batching_dims),
            d.start_indices_batching_dims, _up(d.start_index_map), d.index_vector_dim,
        )  # fmt: skip
        return _again(n, [x.value, at.value], b.size, dimension_numbers=dims, slice_sizes=(b.size, *sizes))
    if not x.batched:
        dims = replace(
            d, offset_dims=_up(d.offset_dims), start_indices_batching_dims=_up(d.start_indices_batching_dims),
            index_vector_dim=d.index_vector_dim + 1,
        )  # fmt: skip
        return _again(n, [x.value, at.value], b.size, dimension_numbers=dims, indices_are_sorted=False)
    dims = GatherDims(
        _up(d.offset_dims), _up(d.collapsed_slice_dims), (0, *_up(d.operand_batching_dims)),
        (0, *_up(d.start_indices_batching_dims)), _up(d.start_index_map), d.index_vector_dim + 1,
    )  # fmt: skip
    return _again(n, [x.value, at.value], b.size, dimension_numbers=dims, slice_sizes=(1, *sizes), indices_are_sorted=False)


@rule("scatter")
def _scatter(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    d: ScatterDims = n.attrs["scatter_dimension_numbers"]  # type: ignore[assignment]
    dims = ScatterDims(
        _up(d.update_window_dims), _up(d.inserted_window_dims), (0, *_up(d.input_batching_dims)),
        (0, *_up(d.scatter_indices_batching_dims)), _up(d.scatter_dims_to_operand_dims), d.index_vector_dim + 1,
    )  # fmt: skip
    own, captured = xs[: len(n.inputs)], xs[len(n.inputs) :]
    if _any_batched(captured):
        return b.one_by_one(n, xs)
    return _again(
        n, [*(b.whole(x) for x in own), *(x.value for x in captured)], b.size, scatter_dimension_numbers=dims, indices_are_sorted=False
    )


def _starts(b: Batch, starts: Sequence[Batched]) -> Value:
    """Start indices, one scalar each, as one tensor [B, rank] of i64."""
    columns: list[Value] = []
    for s in starts:
        v = b.whole(s)
        wide = v if v.dtype == I64 else node("convert", v, result=v.tensor.with_dtype(I64))
        columns.append(reshape(wide, (b.size, 1)))
    return concatenate(columns, 1)


@rule("dynamic_slice")
def _dynamic_slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    sizes: tuple[Dim, ...] = n.attrs["slice_sizes"]  # type: ignore[assignment]
    x, *starts = xs
    if not starts:
        return [x]
    if not any(s.batched for s in starts):
        zero = scalar(0, starts[0].value.dtype)
        return _again(n, [x.value, zero, *(s.value for s in starts)], b.size, slice_sizes=(b.size, *sizes))
    dims = tuple(range(1, len(sizes) + 1))
    wanted = GatherDims(dims, (), (0,), (0,), dims, 1)
    y = node("gather", b.whole(x), _starts(b, starts), dimension_numbers=wanted, slice_sizes=(1, *sizes))
    return [Batched(y, True)]


@rule("dynamic_update_slice")
def _dynamic_update_slice(b: Batch, n: Node, xs: Sequence[Batched]) -> Sequence[Batched]:
    x, update, *starts = xs
    if not starts:
        return [update]
    if not any(s.batched for s in starts):
        zero = scalar(0, starts[0].value.dtype)
        return _again(n, [b.whole(x), b.whole(update), zero, *(s.value for s in starts)], b.size)
    whole, part = b.whole(x), b.whole(update)
    dims = tuple(range(1, len(starts) + 1))
    at = _starts(b, starts)
    room = [reshape(size_of(n - k), (1,)) for n, k in zip(whole.shape[1:], part.shape[1:], strict=True)]
    limits = spread(concatenate(room, 0), at.tensor, (1,))
    at = node("clamp", full(at.tensor, 0), at, limits)
    body = scalar_body("add", whole.dtype)
    second = Region(body.params, (), (body.params[1],))
    wanted = ScatterDims(dims, (), (0,), (0,), dims, 1)
    y = node("scatter", whole, at, part, scatter_dimension_numbers=wanted, unique_indices=True, update_computation=second)
    return [Batched(y, True)]


# Regions


def _batched_region(b: Batch, body: Region, batched: Sequence[bool], wanted: Sequence[bool] | None = None) -> tuple[Region, list[bool]]:
    """`body` with these params batched, and which of its results are; those in `wanted` are made so."""
    params = [param(_with_batch(p, b.size) if x else p.type, p.name) for p, x in zip(body.params, batched, strict=True)]
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
    built = _built(op(selector.value, captures=[x.value for x in captured], **keywords))  # type: ignore[arg-type]
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
    built = _built(op_of("while")(*start, captures=[x.value for x in captured], cond=test, body=step))
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
    built = _built(op_of("weft.custom_vjp")(*wholes, captures=[x.value for x in xs[k:]], body=body, backward=backward))
    return [Batched(v, True) for v in built]
