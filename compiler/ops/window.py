"""Windows sliding over padded and dilated arrays: `reduce_window`, `select_and_scatter`, and the geometry convolution shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ...proto.dtypes import BOOL, I64
from ...proto.errors import check
from ..ir.dims import Dim, floordiv, maximum, mod
from ..ir.graph import Node, Region
from ..ir.types import Shape, TensorType
from .accumulate import spread, widen
from .bodies import Body, check_fold, check_region, listed
from .builder import E, ElementBuilder, Index
from .gather_scatter import scatter_rounds
from .gradients.reduction import reduce_window_grad, select_and_scatter_grad
from .numeric import narrow
from .reduction import finish, fold, fold_dtypes, fold_ufuncs, halves, start
from .registry import define

Sizes = tuple[Dim, ...] | None
Padding = tuple[tuple[Dim, Dim], ...] | None


@dataclass(frozen=True, slots=True)
class Window:
    """A window over the dims of a base array, every default filled in; one entry per dim.

    Place k of window o reads position `o·stride + k·dilation - low` of the base after its elements are `base_dilation` apart.
    """

    size: tuple[Dim, ...]
    stride: tuple[Dim, ...]
    dilation: tuple[Dim, ...]
    base_dilation: tuple[Dim, ...]
    padding: tuple[tuple[Dim, Dim], ...]

    def out_shape(self, base: Shape) -> Shape:
        """How many windows fit: StableHLO's `num_windows`."""
        shape: list[Dim] = []
        for n, k, s, d, bd, (lo, hi) in zip(base, self.size, self.stride, self.dilation, self.base_dilation, self.padding, strict=True):
            dilated = n if bd == 1 else maximum(0, (n - 1) * bd + 1)
            room = lo + dilated + hi - ((k - 1) * d + 1)
            shape.append(maximum(0, floordiv(room + s, s)))
        return tuple(shape)

    def position(self, out: Index, place: Index) -> Index:
        """Where place `place` of window `out` falls on the dilated base; may be outside it."""
        return tuple(o * s + k * d - lo for o, k, s, d, (lo, _) in zip(out, place, self.stride, self.dilation, self.padding, strict=True))

    def bounds(self, position: Index, base: Shape) -> tuple[list[tuple[Dim, Dim, Dim]], Index]:
        """The conditions lo <= x < hi under which a position holds an element of the base, and that element's index."""
        conditions: list[tuple[Dim, Dim, Dim]] = []
        index: list[Dim] = []
        for p, n, bd in zip(position, base, self.base_dilation, strict=True):
            conditions.append((0, p, n if bd == 1 else (n - 1) * bd + 1))
            if bd != 1:
                conditions.append((0, mod(p, bd), 1))
            index.append(p if bd == 1 else floordiv(p, bd))
        return conditions, tuple(index)

    def views(self, base: np.ndarray, value: np.ndarray) -> "tuple[tuple[int, ...], Callable[[tuple[int, ...]], np.ndarray]]":
        """The output shape of a concrete window, and a function from a place in the window to the elements there of all windows."""
        shape = tuple(int(n) for n in self.out_shape(base.shape))  # type: ignore[arg-type]
        padded = spread(base, value, [int(lo) for lo, _ in self.padding], [int(hi) for _, hi in self.padding], self.base_dilation)  # type: ignore[arg-type]

        def view(place: tuple[int, ...]) -> np.ndarray:
            cut: list[slice] = []
            for k, d, s, n in zip(place, self.dilation, self.stride, shape, strict=True):
                first = int(k * d)  # type: ignore[arg-type]
                cut.append(slice(first, first + (n - 1) * int(s) + 1, int(s)) if n else slice(0, 0))  # type: ignore[arg-type]
            return padded[tuple(cut)]

        return shape, view


def window_of(
    rank: int, size: Sequence[Dim], stride: Sizes, dilation: Sizes = None, base_dilation: Sizes = None, padding: Padding = None
) -> Window:
    """A window with StableHLO's defaults (strides and dilations 1, no padding) in place of None."""
    ones = (1,) * rank
    pairs = ((0, 0),) * rank if padding is None else tuple((lo, hi) for lo, hi in padding)
    return Window(tuple(size), tuple(stride or ones), tuple(dilation or ones), tuple(base_dilation or ones), pairs)


def reduce_window_of(node: Node) -> Window:
    """The window of a `reduce_window` or `select_and_scatter` node."""
    a = node.attrs
    size: tuple[Dim, ...] = a["window_dimensions"]  # type: ignore[assignment]
    return window_of(len(size), size, a["window_strides"], a.get("window_dilations"), a.get("base_dilations"), a["padding"])  # type: ignore[arg-type]


def check_sizes(values: Sizes, rank: int, name: str, count_code: str, positive_code: str) -> None:
    """A window attribute has one entry per dim, each positive."""
    if values is None:
        return
    check(len(values) == rank, count_code, f"`{name}` needs {rank} entries, got {tuple(values)}")
    check(all(not isinstance(v, int) or v > 0 for v in values), positive_code, f"`{name}` must be positive, got {tuple(values)}")


def check_padding(padding: Padding, rank: int, code: str) -> None:
    """Padding is one (low, high) pair per dim."""
    good = padding is None or (len(padding) == rank and all(len(pair) == 2 for pair in padding))
    check(good, code, f"`padding` needs {rank} pairs, got {padding}")


def _infer_reduce_window(
    *xs: TensorType,
    window_dimensions: tuple[Dim, ...],
    window_strides: Sizes = None,
    base_dilations: Sizes = None,
    window_dilations: Sizes = None,
    padding: Padding = None,
    body: Region,
) -> tuple[TensorType, ...]:
    inputs, inits = halves("reduce_window", xs)
    base = inputs[0]
    for x, init in zip(inputs, inits, strict=True):
        check(x.shape == base.shape, "reduce_window.C2", f"inputs must have one shape, got {listed(inputs)}")
        good = init.rank == 0 and init.dtype == x.dtype
        check(good, "reduce_window.C3", f"the initial value for {x} must be a scalar of {x.dtype}, got {init}")
    check_sizes(window_dimensions, base.rank, "window_dimensions", "reduce_window.C4", "reduce_window.C5")
    check_sizes(window_strides, base.rank, "window_strides", "reduce_window.C6", "reduce_window.C7")
    check_sizes(base_dilations, base.rank, "base_dilations", "reduce_window.C8", "reduce_window.C9")
    check_sizes(window_dilations, base.rank, "window_dilations", "reduce_window.C10", "reduce_window.C11")
    check_padding(padding, base.rank, "reduce_window.C12")
    dtypes = check_fold(body, inputs, "reduce_window.C13")
    window = window_of(base.rank, window_dimensions, window_strides, window_dilations, base_dilations, padding)
    shape = window.out_shape(base.shape)
    return tuple(TensorType(e, shape) for e in dtypes)


def _reference_reduce_window(
    *xs: np.ndarray,
    window_dimensions: tuple[int, ...],
    window_strides: Sizes = None,
    base_dilations: Sizes = None,
    window_dilations: Sizes = None,
    padding: Padding = None,
    body: Body,
) -> tuple[np.ndarray, ...]:
    n = len(xs) // 2
    rank = xs[0].ndim
    window = window_of(rank, window_dimensions, window_strides, window_dilations, base_dilations, padding)
    dtypes = fold_dtypes(xs[:n], body)
    cast = [narrow(x, e) for x, e in zip(xs, dtypes * 2, strict=True)]
    ufuncs = fold_ufuncs(xs[:n], body)
    if ufuncs:
        cast = [widen(x) for x in cast]
    shapes, views = zip(*(window.views(x, init) for x, init in zip(cast[:n], cast[n:], strict=True)), strict=True)
    state = tuple(np.broadcast_to(init, shapes[0]) for init in cast[n:])
    for place in product(*map(range, window_dimensions)):
        slices = [view(place) for view in views]
        state = tuple(f(s, x) for f, s, x in zip(ufuncs, state, slices, strict=True)) if ufuncs else body(*state, *slices)
    return tuple(narrow(s, e) for s, e in zip(state, dtypes, strict=True))


def _element_reduce_window(b: ElementBuilder[E], node: Node, index: Index) -> E | tuple[E, ...]:
    window = reduce_window_of(node)
    n = len(node.inputs) // 2
    inputs, inits = node.inputs[:n], node.inputs[n:]

    def step(place: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        conditions, at = window.bounds(window.position(index, place), inputs[0].shape)
        read = [
            b.within(conditions, lambda x=x: b.read(x, at), lambda init=init: b.read(init, ()))
            for x, init in zip(inputs, inits, strict=True)
        ]
        return fold(b, node, read, state)

    return finish(b, node, b.loop(window.size, start(b, node), step))


reduce_window = define(
    "reduce_window",
    doc="""Folds every window of the padded, dilated inputs with `body`, starting from the initial values; padding is the initial value.

    Operands: N inputs, then N scalars. None stands for strides and dilations of 1 and no padding. C1: N > 0 of each. C2: inputs
    have one shape. C3: initial values are scalars of the inputs' element types. C4-C11: `window_dimensions`, `window_strides`,
    `base_dilations`, `window_dilations` have one positive entry per dim. C12: `padding` is one pair per dim. C13: `body` is
    (E..., E...) -> E... on scalars, inputs promotable to E. C14-C16: results have as many elements per dim as windows fit, and
    element types E.""",
    infer=_infer_reduce_window,
    reference=_reference_reduce_window,
    element=_element_reduce_window,
    regions=("body",),
    grad=reduce_window_grad,
)


def _infer_select_and_scatter(
    operand: TensorType,
    source: TensorType,
    init_value: TensorType,
    *,
    window_dimensions: tuple[Dim, ...],
    window_strides: Sizes = None,
    padding: Padding = None,
    select: Region,
    scatter: Region,
) -> TensorType:
    op = "select_and_scatter"
    check(operand.dtype == source.dtype, f"{op}.C1", f"`operand` and `source` must have one element type, got {operand} and {source}")
    good = init_value.rank == 0 and init_value.dtype == operand.dtype
    check(good, f"{op}.C3", f"`init_value` must be a scalar of {operand.dtype}, got {init_value}")
    check_sizes(window_dimensions, operand.rank, "window_dimensions", f"{op}.C4", f"{op}.C5")
    check_sizes(window_strides, operand.rank, "window_strides", f"{op}.C6", f"{op}.C7")
    check_padding(padding, operand.rank, f"{op}.C8")
    windows = window_of(operand.rank, window_dimensions, window_strides, padding=padding).out_shape(operand.shape)
    check(source.shape == windows, f"{op}.C2", f"`source` must have the shape {windows} of the windows, got {source}")
    scalar = TensorType(operand.dtype, ())
    boolean = TensorType(BOOL, ())
    check_region(select, (scalar, scalar), (boolean,), f"{op}.C9", "`select`")
    (e,) = check_fold(scatter, (operand,), f"{op}.C10")
    return TensorType(e, operand.shape)


def _reference_select_and_scatter(
    operand: np.ndarray,
    source: np.ndarray,
    init_value: np.ndarray,
    *,
    window_dimensions: tuple[int, ...],
    window_strides: Sizes = None,
    padding: Padding = None,
    select: Body,
    scatter: Body,
) -> np.ndarray:
    window = window_of(operand.ndim, window_dimensions, window_strides, padding=padding)
    (dtype,) = fold_dtypes([operand], scatter)
    # Padding is never selected: each place carries the flat index of its element, -1 where there is none.
    places = np.arange(operand.size).reshape(operand.shape)
    shape, index_view = window.views(places, np.asarray(-1))
    _, value_view = window.views(operand, np.zeros((), operand.dtype))
    best = np.zeros(shape, operand.dtype)
    chosen = np.full(shape, -1)
    for place in product(*map(range, window_dimensions)):
        value, at = value_view(place), index_view(place)
        (keep,) = select(best, value)
        take = (at >= 0) & ((chosen < 0) | ~keep)
        best, chosen = np.where(take, value, best), np.where(take, at, chosen)
    start_from = np.full(operand.size, narrow(init_value, dtype))
    (result,) = scatter_rounds([start_from], chosen.ravel(), [narrow(source, dtype).ravel()], scatter)
    return result.reshape(operand.shape)


def _element_select_and_scatter(b: ElementBuilder[E], node: Node, index: Index) -> E:
    """Visits the windows that hold the element, in row-major order, and adds the source of those that select it."""
    _, source, init = node.inputs
    select, scatter = node.regions
    window = reduce_window_of(node)
    dtype = scatter.results[0].dtype
    captured = [b.read(c, ()) for c in node.captured]

    def visit(at: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        # The last place first: that is the first window.
        place = tuple(n - 1 - k for n, k in zip(window.size, at, strict=True))
        starts = [i + lo - k for i, k, (lo, _) in zip(index, place, window.padding, strict=True)]
        out = tuple(floordiv(d, s) for d, s in zip(starts, window.stride, strict=True))
        exists = [(0, mod(d, s), 1) for d, s in zip(starts, window.stride, strict=True)]
        exists += [(0, o, n) for o, n in zip(out, source.shape, strict=True)]

        def add() -> E:
            update = b.convert(b.read(source, out), dtype)
            (sum_,) = b.inline(scatter, [state[0], update, *captured])
            chosen = _selected(b, node, window, out, select, captured)
            return b.select(b.compare("EQ", chosen, b.position(_place_number(window, place), I64), "SIGNED"), sum_, state[0])

        return (b.within(exists, add, lambda: state[0]),)

    (total,) = b.loop(window.size, (b.convert(b.read(init, ()), dtype),), visit)
    return total


def _place_number(window: Window, place: Index) -> Dim:
    """The row-major number of a place in a window."""
    number: Dim = 0
    for n, k in zip(window.size, place, strict=True):
        number = number * n + k
    return number


def _selected(b: ElementBuilder[E], node: Node, window: Window, out: Index, select: Region, captured: list[E]) -> E:
    """The number of the place that `select` chooses in window `out`, -1 if the window lies in the padding."""
    operand = node.inputs[0]
    nothing = b.const(operand.dtype, 0)

    def compare(place: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        best, chosen = state
        conditions, at = window.bounds(window.position(out, place), operand.shape)
        value = b.within(conditions, lambda: b.read(operand, at), lambda: nothing)
        inside = b.within(conditions, lambda: b.const(BOOL, True), lambda: b.const(BOOL, False))
        (keep,) = b.inline(select, [best, value, *captured])
        none = b.compare("LT", chosen, b.const(I64, 0), "SIGNED")
        take = b.and_(inside, b.or_(none, b.not_(keep)))
        return b.select(take, value, best), b.select(take, b.position(_place_number(window, place), I64), chosen)

    return b.loop(window.size, (nothing, b.const(I64, -1)), compare)[1]


select_and_scatter = define(
    "select_and_scatter",
    doc="""Scatters `source` to the elements that `select` chooses in the windows of `operand`, combining with `scatter` from `init_value`.

    C1: operand and source have one element type. C2: source has one element per window. C3: init_value is a scalar of that type.
    C4-C8: window attributes have one (positive) entry per dim. C9: `select` is (E, E) -> i1. C10: `scatter` is (E', E') -> E', E
    promotable to E'. C11: the result has the operand's shape and element type E'.""",
    infer=_infer_select_and_scatter,
    reference=_reference_select_and_scatter,
    element=_element_select_and_scatter,
    regions=("select", "scatter"),
    grad=select_and_scatter_grad,
)
