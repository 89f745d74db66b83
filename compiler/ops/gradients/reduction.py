"""Gradients of `reduce` and `reduce_window`: sums, extremes, products, and folds of any body."""

from collections.abc import Mapping, Sequence

from ....proto.dtypes import I64
from ....proto.errors import fail
from ...ir.attrs import GatherDims
from ...ir.dims import Dim, product
from ...ir.graph import Region, Value, param, region
from ...ir.types import TensorType
from ..bodies import monoid_of
from ..nodes import node, nodes
from .common import (
    Cotangents,
    compare,
    full,
    inline,
    iota,
    masked,
    reshape,
    scalar,
    scalar_body,
    spread,
    total,
    transpose,
    zeros_like,
)
from .indexing import size_of

Sizes = tuple[Dim, ...]
Edges = tuple[tuple[Dim, Dim], ...]


def _kept(x: Value, dimensions: Sequence[int]) -> list[int]:
    return [d for d in range(len(x.shape)) if d not in dimensions]


def reduce_grad(*gs_and_operands: Value, dimensions: Sequence[int], body: Region) -> Cotangents:
    """Of a sum, product, maximum or minimum. Extremes share the cotangent among all elements that reach them, as JAX does."""
    monoid = monoid_of(body)
    g, x, init = gs_and_operands
    everything = range(len(g.shape))
    kept = _kept(x, dimensions)
    if monoid == "add":
        return spread(g, x.tensor, kept), total(g, everything)
    if monoid == "mul":
        return _product_grad(g, x, init, dimensions, kept)
    y = node("reduce", x, init, dimensions=tuple(dimensions), body=body)
    reached = compare("EQ", x, spread(y, x.tensor, kept))
    by_init = compare("EQ", spread(init, y.tensor, ()), y)
    one_each = node("convert", reached, result=x.type)
    count = node("add", total(one_each, dimensions), node("convert", by_init, result=y.type))
    share = node("divide", g, count)
    return masked(reached, spread(share, x.tensor, kept)), total(masked(by_init, share), everything)


def _product_grad(g: Value, x: Value, init: Value, dimensions: Sequence[int], kept: Sequence[int]) -> Cotangents:
    """The product of all others: exclusive products from both ends, exact at zeros, where dividing is not."""
    count = product(x.shape[d] for d in dimensions)
    rows = reshape(transpose(x, [*kept, *dimensions]), (*(x.shape[d] for d in kept), count))
    last = len(kept)
    before, after = _exclusive_product(rows, last, False), _exclusive_product(rows, last, True)
    others = node("multiply", before, after)
    scaled = node("multiply", g, spread(init, g.tensor, ()))
    spread_rows = node("multiply", others, spread(scaled, rows.tensor, range(last)))
    moved = reshape(spread_rows, [x.shape[d] for d in (*kept, *dimensions)])
    order = [*kept, *dimensions]
    own = transpose(moved, sorted(range(len(order)), key=order.__getitem__))
    whole = node("reduce", x, full(TensorType(x.dtype, ()), 1), dimensions=tuple(dimensions), body=scalar_body("multiply", x.dtype))
    return own, total(node("multiply", g, whole), range(len(g.shape)))


def _exclusive_product(x: Value, dim: int, reverse: bool) -> Value:
    """For every element of a row the product of those before it (after it): doubling steps, whose derivative is made of the same."""
    one = full(TensorType(x.dtype, ()), 1)
    n = x.shape[dim]
    if not isinstance(n, int):
        raise fail("grad.reduce", f"the product over a dim of the symbolic size {n} cannot be differentiated", help="give the dim a number")

    def shifted(v: Value, by: int) -> Value:
        low, high = [0] * len(v.shape), [0] * len(v.shape)
        low[dim], high[dim] = (-by, by) if reverse else (by, -by)
        inner = (0,) * len(v.shape)
        return node("pad", v, one, edge_padding_low=tuple(low), edge_padding_high=tuple(high), interior_padding=inner)

    found = shifted(x, 1) if n else x
    step = 1
    while step < n:
        found = node("multiply", found, shifted(found, step))
        step *= 2
    return found


def reduce_window_grad(
    *gs_and_operands: Value,
    window_dimensions: tuple[Dim, ...],
    window_strides: tuple[Dim, ...] | None,
    base_dilations: tuple[Dim, ...] | None,
    window_dilations: tuple[Dim, ...] | None,
    padding: tuple[tuple[Dim, Dim], ...] | None,
    body: Region,
) -> Cotangents:
    """Of sums: windows over the dilated cotangent. Of extremes over windows without dilations: to the first element of each window that
    reaches it, none to the initial value."""
    monoid = monoid_of(body)
    g, x, _ = gs_and_operands
    ones = (1,) * len(x.shape)
    strides, dilations = window_strides or ones, window_dilations or ones
    edges = padding or ((0, 0),) * len(x.shape)
    base = base_dilations or ones
    if monoid == "add":
        window = (window_dimensions, strides, base, dilations, edges)
        return _window_sum_grad(g, x, window), total(node("multiply", g, _initials(g, x, window)), range(len(g.shape)))
    pick = _comparison("GE" if monoid == "max" else "LE", x)
    add = scalar_body("add", x.dtype)
    own = node(
        "select_and_scatter", x, g, full(TensorType(x.dtype, ()), 0),
        window_dimensions=window_dimensions, window_strides=strides, padding=edges, select=pick, scatter=add,
    )  # fmt: skip
    return own, None


def windows(x: Value, init: Value, counts: Sizes, attrs: Mapping[str, object]) -> Value:
    """The windows of a `reduce_window` spelled out: [windows, places, windows, places, ...], padding being `init`.

    As many elements as all windows have. `attrs` are those of the op, `counts` the windows along each dim.
    """
    ones = (1,) * len(x.shape)
    sizes: Sizes = attrs["window_dimensions"]  # type: ignore[assignment]
    strides: Sizes = attrs["window_strides"] or ones  # type: ignore[assignment]
    base: Sizes = attrs["base_dilations"] or ones  # type: ignore[assignment]
    dilations: Sizes = attrs["window_dilations"] or ones  # type: ignore[assignment]
    edges: Edges = attrs["padding"] or ((0, 0),) * len(x.shape)  # type: ignore[assignment]
    low, high = tuple(lo for lo, _ in edges), tuple(hi for _, hi in edges)
    inner = tuple(b - 1 for b in base)
    found = node("pad", x, init, edge_padding_low=low, edge_padding_high=high, interior_padding=inner)
    for d, (m, k, stride, dilation) in enumerate(zip(counts, sizes, strides, dilations, strict=True)):
        at = TensorType(I64, (m, k))
        first = node("multiply", iota(at, 0), spread(size_of(stride), at, ()))
        places = node("add", first, node("multiply", iota(at, 1), spread(size_of(dilation), at, ())))
        found = _taken(found, places, 2 * d)
    return found


def _along(v: Value, dim: int) -> tuple[GatherDims, Sizes]:
    """The gather that puts v[..., places[i, j], ...] along two dims in the place of one."""
    offsets = tuple(d for d in range(len(v.shape) + 1) if d not in (dim, dim + 1))
    return GatherDims(offsets, (dim,), (), (), (dim,), 2), tuple(1 if d == dim else n for d, n in enumerate(v.shape))


def _taken(v: Value, places: Value, dim: int) -> Value:
    dims, sizes = _along(v, dim)
    return node("gather", v, places, dimension_numbers=dims, slice_sizes=sizes)


def _comparison(direction: str, x: Value) -> Region:
    """The region `(a, b) -> a ? b` of scalars of the element type of `x`."""
    a, b = param(TensorType(x.dtype, ())), param(TensorType(x.dtype, ()))
    return region((a, b), (compare(direction, a, b),))


def _initials(g: Value, x: Value, window: tuple[Sizes, Sizes, Sizes, Sizes, Edges]) -> Value:
    """How often each windowed sum adds the initial value: once, and for every place in the padding."""
    sizes, strides, base, dilations, edges = window
    inside = node(
        "reduce_window", full(x.tensor, 1), scalar(0, x.dtype), window_dimensions=sizes, window_strides=strides, base_dilations=base,
        window_dilations=dilations, padding=edges, body=scalar_body("add", x.dtype),
    )  # fmt: skip
    places = node("convert", size_of(product(sizes) + 1), result=TensorType(x.dtype, ()))
    return node("subtract", spread(places, g.tensor, ()), inside)


def _window_sum_grad(g: Value, x: Value, window: tuple[Sizes, Sizes, Sizes, Sizes, Edges]) -> Value:
    """Position p of the base is read by window o at place k where o·stride + k·dilation - low = p·base."""
    sizes, strides, base, dilations, edges = window
    low: list[Dim] = []
    high: list[Dim] = []
    for n, m, k, s, b, d, (lo, _) in zip(x.shape, g.shape, sizes, strides, base, dilations, edges, strict=True):
        reach = (k - 1) * d
        spaced = (m - 1) * s + 1
        low.append(reach - lo)
        # As many windows of stride `base` as there are elements.
        high.append((n - 1) * b + 1 + lo - spaced)
    return node(
        "reduce_window", g, full(TensorType(g.dtype, ()), 0),
        window_dimensions=sizes, window_strides=base, base_dilations=strides, window_dilations=dilations,
        padding=tuple(zip(low, high, strict=True)), body=scalar_body("add", g.dtype),
    )  # fmt: skip


def select_and_scatter_grad(
    g: Value,
    x: Value,
    source: Value,
    init: Value,
    *,
    window_dimensions: Sizes,
    window_strides: Sizes | None,
    padding: Edges | None,
    select: Region,
    scatter: Region,
) -> Cotangents:
    """Linear in the source, as sums are scattered: each gets the cotangent of the element its window chose."""
    window = {"window_dimensions": window_dimensions, "window_strides": window_strides, "padding": padding}
    places = chosen(x, window, select)
    picked = node(
        "gather", reshape(g, (product(g.shape),)), places,
        dimension_numbers=GatherDims((), (0,), (), (), (0,), len(places.shape)), slice_sizes=(1,),
    )  # fmt: skip
    in_padding = compare("LT", places, zeros_like(places))
    return None, node("select", in_padding, zeros_like(source), picked), total(g, range(len(g.shape)))


def chosen(x: Value, window: Mapping[str, object], select: Region, captured: Sequence[Value] = ()) -> Value:
    """The row-major number of the element that each window chooses, -1 in the padding: a fold over pairs of values and numbers.

    `window` has the attributes of a `select_and_scatter`.
    """
    count = product(x.shape)
    numbers = reshape(iota(TensorType(I64, (count,)), 0), x.shape)
    value, number = TensorType(x.dtype, ()), TensorType(I64, ())
    best, at, other, there = param(value), param(number), param(value), param(number)
    outer = [param(v.type) for v in captured]
    (keeps,) = inline(select, (best, other, *outer))
    exists, none_yet = compare("GE", there, scalar(0, I64)), compare("LT", at, scalar(0, I64))
    take = node("and", exists, node("or", none_yet, node("not", keeps)))
    body = region((best, at, other, there, *outer), (node("select", take, other, best), node("select", take, there, at)))
    names = ("window_dimensions", "window_strides", "padding")
    return nodes(
        "reduce_window", x, numbers, scalar(0, x.dtype), scalar(-1, I64), captures=tuple(captured),
        **{name: window[name] for name in names}, body=body,
    )[1]  # fmt: skip
