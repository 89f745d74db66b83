"""`reduce` and `map`: folding and mapping with a region of scalars."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import DType, from_numpy
from ...proto.errors import check
from ..ir.graph import Node, Region
from ..ir.types import TensorType
from .accumulate import accumulator_of, combine, ufunc_of, widen
from .bodies import Body, check_fold, check_region, listed, monoids_of, region_of
from .builder import E, ElementBuilder, Index
from .gradients.reduction import reduce_grad
from .numeric import narrow
from .picks import body_pick
from .registry import define

Pairs = tuple[TensorType, ...]


def halves(op: str, xs: Pairs) -> tuple[Pairs, Pairs]:
    """Inputs and initial values of a fold, checked to be as many of one as of the other, and at least one (C1 or C3 of `op`)."""
    code = f"{op}.C3" if op == "reduce" else f"{op}.C1"
    n = len(xs) // 2
    check(n > 0 and len(xs) % 2 == 0, code, f"`{op}` takes N inputs and N initial values, N > 0; {len(xs)} operands given")
    return xs[:n], xs[n:]


def _infer_reduce(*xs: TensorType, dimensions: tuple[int, ...], body: Region) -> tuple[TensorType, ...]:
    inputs, inits = halves("reduce", xs)
    first = inputs[0]
    for x, init in zip(inputs, inits, strict=True):
        check(x.shape == first.shape, "reduce.C1", f"inputs must have one shape, got {listed(inputs)}")
        check(init.rank == 0, "reduce.C2", f"initial values must be scalars, got {init}")
        check(x.dtype == init.dtype, "reduce.C2", f"the initial value of a reduction of {x} must be {x.dtype}, got {init}")
    in_range = all(0 <= d < first.rank for d in dimensions)
    check(in_range, "reduce.C4", f"dimensions {dimensions} must lie in [0, {first.rank})")
    check(len(set(dimensions)) == len(dimensions), "reduce.C5", f"dimensions {dimensions} must be unique")
    dtypes = check_fold(body, inputs, "reduce.C6")
    shape = tuple(n for d, n in enumerate(first.shape) if d not in dimensions)
    return tuple(TensorType(e, shape) for e in dtypes)


def fold_dtypes(inputs: Sequence[np.ndarray], body: Body) -> tuple[DType, ...]:
    """What a folding body's state is made of."""
    region = region_of(body)
    return tuple(v.dtype for v in region.results) if region else tuple(from_numpy(x.dtype) for x in inputs)


def fold_ufuncs(inputs: Sequence[np.ndarray], body: Body) -> tuple[np.ufunc, ...] | None:
    """The body as one ufunc per result, on widened arrays; None if it is not made of standard monoids."""
    region = region_of(body)
    monoids = monoids_of(region) if region else None
    if monoids is None:
        return None
    ufuncs = [ufunc_of(m, e) for m, e in zip(monoids, fold_dtypes(inputs, body), strict=True)]
    return None if None in ufuncs else tuple(f for f in ufuncs if f)


def _fold(ufunc: np.ufunc, x: np.ndarray, init: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """`x` reduced by a ufunc. numpy leaves the sign of a zero extreme to chance; -0 is less than +0 here."""
    result = np.asarray(ufunc.reduce(x, axis=axes, initial=init))
    if ufunc not in (np.minimum, np.maximum) or x.dtype.kind != "f" or not (result == 0).any():
        return result
    least = ufunc is np.minimum
    wanted = (np.signbit(x) == least) & (x == 0)
    found = wanted.any(axis=axes) | ((np.signbit(init) == least) & (init == 0))
    return np.where(result == 0, np.where(found == least, -0.0, 0.0), result)


def _reference_reduce(*xs: np.ndarray, dimensions: tuple[int, ...], body: Body) -> tuple[np.ndarray, ...]:
    n = len(xs) // 2
    dtypes = fold_dtypes(xs[:n], body)
    cast = [narrow(x, e) for x, e in zip(xs, dtypes * 2, strict=True)]
    ufuncs = fold_ufuncs(xs[:n], body)
    if ufuncs:
        folded = [_fold(f, widen(x), widen(i)[()], dimensions) for f, x, i in zip(ufuncs, cast[:n], cast[n:], strict=True)]
        return tuple(narrow(r, e) for r, e in zip(folded, dtypes, strict=True))
    kept = [d for d in range(xs[0].ndim) if d not in dimensions]
    rest = tuple(xs[0].shape[d] for d in kept)
    rows = [x.transpose(*sorted(dimensions), *kept).reshape(-1, *rest) if x.size else x.reshape(0, *rest) for x in cast[:n]]
    state = tuple(np.broadcast_to(i, rest) for i in cast[n:])
    if len(rows[0]) > _MANY and (best := _picked(rows, body)):
        return body(*state, *best)
    for slices in zip(*rows, strict=True):
        state = body(*state, *map(np.asarray, slices))
    return state


_MANY = 64


def _picked(rows: Sequence[np.ndarray], body: Body) -> tuple[np.ndarray, ...] | None:
    """What a fold that picks the better of two pairs leaves of rows of pairs; None for other folds and indices that do not grow."""
    region = region_of(body)
    pick = body_pick(region) if region else None
    if pick is None or not (rows[1][1:] > rows[1][:-1]).all():
        return None
    values = widen(rows[0][::-1] if pick.last else rows[0])
    place = values.argmax(axis=0) if pick.monoid == "max" else values.argmin(axis=0)
    place = len(values) - 1 - place if pick.last else place
    return tuple(np.take_along_axis(x, place[None], axis=0)[0] for x in rows)


def fold(b: ElementBuilder[E], node: Node, inputs: Sequence[E], state: tuple[E, ...]) -> tuple[E, ...]:
    """One step of a fold over `inputs` in the accumulator types: `start` gives the first state, `finish` the results."""
    body = node.regions[0]
    monoids = monoids_of(body)
    if monoids:
        wide = [b.convert(x, s.dtype) for x, s in zip(inputs, state, strict=True)]
        return tuple(combine(b, m, s, x) for m, s, x in zip(monoids, state, wide, strict=True))
    cast = [b.convert(x, v.dtype) for x, v in zip(inputs, body.results, strict=True)]
    return b.inline(body, (*state, *cast, *(b.read(c, ()) for c in node.captured)))


def start(b: ElementBuilder[E], node: Node) -> tuple[E, ...]:
    """The first state of a fold: its initial values, in accumulator types where the body is made of sums and products."""
    body = node.regions[0]
    monoids = monoids_of(body)
    inits = node.inputs[len(node.inputs) // 2 :]
    dtypes = [v.dtype for v in body.results]
    if monoids:
        dtypes = [accumulator_of(e) if m in ("add", "mul") else e for m, e in zip(monoids, dtypes, strict=True)]
    return tuple(b.convert(b.read(v, ()), e) for v, e in zip(inits, dtypes, strict=True))


def finish(b: ElementBuilder[E], node: Node, state: tuple[E, ...]) -> E | tuple[E, ...]:
    """The results of a fold: one element, or a tuple of several."""
    results = tuple(b.convert(s, v.dtype) for s, v in zip(state, node.regions[0].results, strict=True))
    return results[0] if len(results) == 1 else results


def _element_reduce(b: ElementBuilder[E], node: Node, index: Index) -> E | tuple[E, ...]:
    inputs = node.inputs[: len(node.inputs) // 2]
    dimensions: tuple[int, ...] = tuple(sorted(node.ints("dimensions")))
    shape = inputs[0].shape

    def step(at: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        folded, kept = iter(at), iter(index)
        full = tuple(next(folded) if d in dimensions else next(kept) for d in range(len(shape)))
        return fold(b, node, [b.read(x, full) for x in inputs], state)

    return finish(b, node, b.loop([shape[d] for d in dimensions], start(b, node), step))


reduce = define(
    "reduce",
    doc="""Folds `inputs` over `dimensions` with `body`, starting from the initial values.

    Operands: N inputs, then N scalars. C1: inputs have one shape. C2: initial values are scalars of the inputs' element types.
    C3: N > 0 of each. C4: 0 <= dimensions < rank. C5: dimensions are unique. C6: `body` is (E..., E...) -> E... on scalars,
    inputs promotable to E. C7, C8: results have the inputs' shape without `dimensions`, and element types E.""",
    infer=_infer_reduce,
    reference=_reference_reduce,
    element=_element_reduce,
    regions=("body",),
    grad=reduce_grad,
)


def _infer_map(*inputs: TensorType, dimensions: tuple[int, ...], computation: Region) -> TensorType:
    check(len(inputs) > 0, "map.C2", "`map` needs an input")
    first = inputs[0]
    check(all(x.shape == first.shape for x in inputs), "map.C1", f"inputs must have one shape, got {listed(inputs)}")
    everything = tuple(range(first.rank))
    check(tuple(dimensions) == everything, "map.C3", f"dimensions must be {everything}, got {tuple(dimensions)}")
    scalars = [TensorType(x.dtype, ()) for x in inputs]
    check_region(computation, scalars, None, "map.C4", "`computation`")
    results = computation.result_types
    good = len(results) == 1 and isinstance(results[0], TensorType) and results[0].rank == 0
    check(good, "map.C4", f"`computation` must return one scalar, returns {listed(results)}")
    return TensorType(computation.results[0].dtype, first.shape)


def _reference_map(*inputs: np.ndarray, dimensions: tuple[int, ...], computation: Body) -> tuple[np.ndarray, ...]:
    return computation(*inputs)


def _element_map(b: ElementBuilder[E], node: Node, index: Index) -> E:
    captured = [b.read(c, ()) for c in node.captured]
    return b.inline(node.regions[0], [*(b.read(x, index) for x in node.inputs), *captured])[0]


map_ = define(
    "map",
    doc="""Applies `computation` to the elements of the inputs.

    C1: inputs and result have one shape. C2: at least one input. C3: `dimensions` are all dims, in order. C4: `computation` is
    (E0, ..., EN-1) -> E' on scalars.""",
    infer=_infer_map,
    reference=_reference_map,
    element=_element_map,
    regions=("computation",),
)
