"""Gradients of ops that move elements: broadcasts, concatenation, padding, sorting."""

from collections.abc import Sequence

from ....proto.dtypes import I32, I64
from ...ir.attrs import GatherDims
from ...ir.dims import Dim
from ...ir.graph import Region, Value, param, region
from ...ir.types import TensorType
from ..nodes import node, nodes
from .common import (
    Cotangents,
    has_cotangent,
    iota,
    pad,
    reshape,
    slice_of,
    total,
    transpose,
)


def broadcast_grad(g: Value, x: Value, *, broadcast_dimensions: Sequence[int], result: object = None) -> Cotangents:
    """Summed over the dims that the operand lacks or has only one element in."""
    at = dict(zip(broadcast_dimensions, range(len(x.shape)), strict=True))
    grown = {d for d, j in at.items() if x.shape[j] != g.shape[d]}
    summed = total(g, [d for d in range(len(g.shape)) if d not in at or d in grown])
    # The dims that are left come in the order of the result, the operand's in that of `broadcast_dimensions`.
    left = [at[d] for d in sorted(at) if d not in grown]
    ordered = transpose(summed, sorted(range(len(left)), key=left.__getitem__))
    return (reshape(ordered, x.shape),)


def concatenate_grad(g: Value, *xs: Value, dimension: int) -> Cotangents:
    """Each operand's own part."""
    found: list[Value] = []
    start: Dim = 0
    for x in xs:
        starts: list[Dim] = [0] * len(x.shape)
        limits = list(x.shape)
        starts[dimension], limits[dimension] = start, start + x.shape[dimension]
        found.append(slice_of(g, starts, limits))
        start = limits[dimension]
    return tuple(found)


def pad_grad(
    g: Value, x: Value, value: Value, *, edge_padding_low: Sequence[Dim], edge_padding_high: Sequence[Dim], interior_padding: Sequence[int]
) -> Cotangents:
    """The operand's elements where they are; the padding value's is the sum of the others."""
    inverse = pad(g, [-n for n in edge_padding_low], [-n for n in edge_padding_high])
    own = slice_of(inverse, [0] * len(x.shape), inverse.shape, [n + 1 for n in interior_padding])
    everything = range(len(g.shape))
    return own, node("subtract", total(g, everything), total(own, everything))


def take_along(x: Value, index: Value, dim: int) -> Value:
    """`x[..., index[...], ...]` along `dim`, every other dim shared; indices of the shape of `x`."""
    rank = len(x.shape)
    others = tuple(d for d in range(rank) if d != dim)
    dims = GatherDims((), (dim,), others, others, (dim,), rank)
    return node("gather", x, index, dimension_numbers=dims, slice_sizes=(1,) * rank)


def sorted_with(
    keys: Sequence[Value], extra: Value, dimension: int, comparator: Region, captured: Sequence[Value] = ()
) -> tuple[Value, ...]:
    """The sort of `keys` with one more operand, which no comparison looks at."""
    n = len(keys)
    scalar = TensorType(extra.dtype, ())
    params = (*comparator.params[: 2 * n], param(scalar), param(scalar), *comparator.params[2 * n :])
    widened = Region(params, comparator.nodes, comparator.results)
    return nodes("sort", *keys, extra, captures=captured, dimension=dimension, is_stable=True, comparator=widened)


def sort_grad(*gs_and_xs: Value, dimension: int, is_stable: bool, comparator: Region) -> Cotangents:
    """Cotangents go back to where their elements came from: gathered by the inverse of the permutation."""
    n = len(gs_and_xs) // 2
    gs, xs = gs_and_xs[:n], gs_and_xs[n:]
    if 0 in xs[0].shape:
        return gs  # nothing moves, and nothing could be gathered
    dim = dimension % len(xs[0].shape)
    places = iota(TensorType(I32 if isinstance(xs[0].shape[dim], int) else I64, xs[0].shape), dim)
    permutation = sorted_with(xs, places, dimension, comparator)[-1]
    a, b = param(TensorType(places.dtype, ())), param(TensorType(places.dtype, ()))
    ascending = region((a, b), (node("compare", a, b, comparison_direction="LT"),))
    inverse = sorted_with((permutation,), places, dimension, ascending)[-1]
    return tuple(take_along(g, inverse, dim) if has_cotangent(x) else None for g, x in zip(gs, xs, strict=True))
