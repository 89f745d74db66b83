"""Attention is recognised however it is spelled, means the same afterwards, and is left alone where its parts are used elsewhere."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from weft.compiler.codegen.target import Target
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import DotDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Function, Node, Value, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to, scalar_region
from weft.compiler.ops.registry import op_of
from weft.compiler.passes import canonicalize
from weft.compiler.passes.base import Context
from weft.compiler.passes.contraction import canonicalize_contractions
from weft.proto.dtypes import BF16, BOOL, F32, DType

B, S, T, H, D = 2, 6, 5, 4, 8
QUERY, KEY = (B, S, H, D), (B, T, H, D)
Step = Callable[[Value], Value]


def f32(*shape: object, dtype: DType = F32) -> Value:
    return param(TensorType(dtype, tuple(shape)))  # type: ignore[arg-type]


def data(value: Value, seed: int) -> np.ndarray:
    shape = tuple(5 if not isinstance(d, int) else d for d in value.shape)
    x = np.random.default_rng(seed).standard_normal(shape)
    return x > 0 if value.dtype == BOOL else x.astype(value.dtype.numpy)


def product(x: Value, y: Value, contracting: tuple[int, int], batch: int = 2) -> Value:
    """Over the first `batch` dims of both and the contracted ones."""
    dims = DotDims(tuple(range(batch)), tuple(range(batch)), (contracting[0],), (contracting[1],))
    shape = [d for i, d in enumerate(x.shape) if i != contracting[0]]
    shape += [d for i, d in enumerate(y.shape) if i >= batch and i != contracting[1]]
    return op_of("dot_general")(x, y, dot_dimension_numbers=dims, result=TensorType(x.dtype, tuple(shape)))


def heads(x: Value, *order: int) -> Value:
    return op_of("transpose")(x, permutation=order or (0, 2, 1, 3))


def fold(x: Value, op: str, start: float, axis: int) -> Value:
    return op_of("reduce")(x, const(start, x.dtype), dimensions=(axis,), body=scalar_region(op, x.dtype))


def across(row: Value, shape: Sequence, axis: int, keep: bool) -> Value:
    """One number per row for all of it, by way of a dim of one if that is to be kept."""
    dims = [d for d in range(len(shape)) if d != axis]
    if keep:
        row = reshape_to(row, tuple(1 if d == axis else n for d, n in enumerate(shape)))
        dims = list(range(len(shape)))
    return broadcast(row, tuple(shape), dims)


def softmax(x: Value, axis: int = 3, keep: bool = False, start: float = -np.inf) -> Value:
    greatest = fold(x, "maximum", start, axis)
    power = op_of("exponential")(op_of("subtract")(x, across(greatest, x.shape, axis, keep)))
    return op_of("divide")(power, across(fold(power, "add", 0, axis), x.shape, axis, keep))


def times(x: Value, factor: float) -> Value:
    return op_of("multiply")(x, full_like(x, factor))


def attended(q: Value, k: Value, v: Value, step: Step = lambda s: s, soft: Step = softmax) -> Value:
    scores = product(heads(q), heads(k), (3, 3))
    return heads(product(soft(step(scores)), heads(v), (3, 2)))


def nodes(new: Function, op: str = "weft.attention") -> list[Node]:
    return [n for n in new.nodes if n.op == op]


def check(params: Sequence[Value], *results: Value, found: int = 1) -> Function:
    """The function after the passes, with as many attentions as are to be found in it; it computes what it did."""
    main = function("main", params, results)
    new = canonicalize_contractions(canonicalize(module(main)), Context(Target("x86-64-v3"))).main
    arrays = [data(p, i) for i, p in enumerate(params)]
    for want, got in zip(evaluate(main, *arrays), evaluate(new, *arrays), strict=True):
        tolerance = 1e-5 if got.dtype == np.float32 else 0.02
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=tolerance, atol=tolerance)
    assert len(nodes(new)) == found
    return new


def inputs(query: tuple = QUERY, key: tuple = KEY) -> list[Value]:
    return [f32(*query), f32(*key), f32(*key)]


@pytest.mark.parametrize("keep", [False, True])
def test_reads_heads_where_they_are(keep: bool) -> None:
    x = inputs()
    new = check(x, attended(*x, soft=lambda s: softmax(s, keep=keep)))
    (made,) = nodes(new)
    assert made.attrs["scores"] == "ambk,anbk->abmn"
    assert made.attrs["mix"] == "abmn,anbv->ambv"
    assert made.operands == tuple(new.params)


def test_masks_and_biases_stay_inside() -> None:
    x, shown, bias = inputs(), f32(S, T, dtype=BOOL), f32(B, T)

    def step(scores: Value) -> Value:
        masked = op_of("select")(broadcast(shown, scores.shape, (2, 3)), times(scores, 0.3), full_like(scores, -1e9))
        return op_of("add")(masked, broadcast(bias, scores.shape, (0, 3)))

    new = check([*x, shown, bias], attended(*x, step))
    assert nodes(new)[0].operands[3:] == (new.params[3], new.params[4])


def test_factors_of_queries_and_keys_move_to_the_scores() -> None:
    """As PyTorch exports it: both sides are scaled after they were transposed."""
    q, k, v = x = inputs()
    scores = product(times(heads(q), 0.5), times(heads(k, 0, 2, 3, 1), 0.7), (3, 2))
    new = check(x, product(softmax(scores), heads(v), (3, 2)))
    assert nodes(new)[0].operands == tuple(new.params)


def test_grouped_queries_share_keys() -> None:
    q, k, v = x = inputs(key=(B, T, 2, D))

    def repeated(y: Value) -> Value:
        return reshape_to(broadcast(heads(y), (B, 2, H // 2, T, D), (0, 1, 3, 4)), (B, H, T, D))

    new = check(x, product(softmax(product(heads(q), repeated(k), (3, 3))), repeated(v), (3, 2)))
    assert (nodes(new)[0].attrs["repeated"], nodes(new)[0].attrs["repeats"]) == ("b", 2)
    assert nodes(new)[0].operands == tuple(new.params)


def test_softmax_in_f32_between_products_of_bf16() -> None:
    q, k, v = x = [f32(*shape, dtype=BF16) for shape in (QUERY, KEY, KEY)]
    weights = softmax(cast(product(heads(q), heads(k), (3, 3)), F32))
    check(x, product(cast(weights, BF16), heads(v), (3, 2)))


def test_open_sizes() -> None:
    n = symbol("n", 1, 100)
    x = inputs((B, n, H, D), (B, n, H, D))
    check(x, attended(*x))


def test_softmax_over_another_dim_stays() -> None:
    x = inputs((B, T, H, D))
    check(x, attended(*x, soft=lambda s: softmax(s, axis=2)), found=0)


def test_keys_by_queries() -> None:
    """Scores that were computed transposed, and a softmax over their rows."""
    q, k, v = x = inputs()
    scores = product(heads(k), heads(q), (3, 3))
    check(x, product(softmax(scores, axis=2), heads(v), (2, 2)))


@pytest.mark.parametrize("used", ["scores", "weights"])
def test_what_is_used_elsewhere_stays(used: str) -> None:
    q, k, v = x = inputs()
    scores = product(heads(q), heads(k), (3, 3))
    weights = softmax(scores)
    check(x, product(weights, heads(v), (3, 2)), scores if used == "scores" else weights, found=0)


def test_a_maximum_that_does_not_start_at_the_lowest_stays() -> None:
    x = inputs()
    check(x, attended(*x, soft=lambda s: softmax(s, start=0.0)), found=0)


def test_few_queries_stay_matrix_times_vector() -> None:
    x = inputs((B, 1, H, D))
    check(x, attended(*x), found=0)


def test_layers_share_a_mask() -> None:
    x, shown = inputs((B, T, H, D)), f32(T, T, dtype=BOOL)
    mask = broadcast(shown, (B, H, T, T), (2, 3))

    def step(scores: Value) -> Value:
        return op_of("select")(mask, scores, full_like(scores, -1e9))

    first = attended(*x, step)
    check([*x, shown], attended(first, *x[1:], step), found=2)
