"""Shapes: reshape, transpose, broadcast, join."""

from collections.abc import Sequence
from typing import Any

from ....compiler.ir.dims import Dim, floordiv, product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.formula import Term
from ....compiler.ops.nodes import node
from ....proto.dtypes import I64
from ..faults import check
from ..lift import lifted
from . import division
from .dtypes import together
from .reductions import axes_of, ordered_axes

__all__ = [
    "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flip", "moveaxis", "permute_dims", "repeat", "reshape", "roll", "squeeze",
    "stack", "tile", "transpose", "unstack",
]  # fmt: skip


@lifted
def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Value:
    """The elements in row-major order in another shape; one dim may be -1."""
    (v,) = together(x)
    wanted: list[Dim] = list(shape) if isinstance(shape, (tuple, list)) else [shape]
    if -1 in wanted:
        rest = product(n for n in wanted if not (isinstance(n, int) and n == -1))
        wanted[wanted.index(-1)] = floordiv(product(v.shape), rest)
    return helpers.reshape_to(v, tuple(wanted))


@lifted
def transpose(x: Any, /, axes: Sequence[int] | None = None) -> Value:
    """The dims permuted; reversed if no order is given."""
    (v,) = together(x)
    order = tuple(range(len(v.shape)))[::-1] if axes is None else ordered_axes(tuple(axes), len(v.shape))
    check(len(order) == len(v.shape), "numpy.axes", f"{axes} is no order of the dims of {v.type}")
    return node("transpose", v, permutation=order)


@lifted
def broadcast_to(x: Any, /, shape: Any) -> Value:
    """x repeated to a larger shape."""
    (v,) = together(x)
    wanted = tuple(shape)
    check(helpers.broadcast_shapes(v.shape, wanted) == wanted, "numpy.broadcast", f"{v.type} does not broadcast to {list(wanted)}")
    return helpers.broadcast_to(v, wanted)


@lifted
def expand_dims(x: Any, /, axis: Any = 0) -> Value:
    """A dim of size 1 more, or several."""
    (v,) = together(x)
    rank = len(v.shape) + (len(axis) if isinstance(axis, tuple) else 1)
    added = axes_of(axis, rank)
    rest = iter(v.shape)
    return helpers.reshape_to(v, tuple(1 if i in added else next(rest) for i in range(rank)))


@lifted
def squeeze(x: Any, /, axis: Any = None) -> Value:
    """Without dims of size 1: those given, or all that are known to be."""
    (v,) = together(x)
    axes = tuple(i for i, n in enumerate(v.shape) if n == 1) if axis is None else axes_of(axis, len(v.shape))
    bad = [a for a in axes if v.shape[a] != 1]
    check(not bad, "numpy.squeeze", f"dims {bad} of {v.type} are not 1")
    return helpers.reshape_to(v, tuple(n for i, n in enumerate(v.shape) if i not in axes))


@lifted
def concat(arrays: Any, /, axis: int | None = 0) -> Value:
    """Tensors one after the other."""
    values = together(*arrays)
    if axis is None:
        values, axis = tuple(helpers.reshape_to(v, (product(v.shape),)) for v in values), 0
    (d,) = axes_of(axis, len(values[0].shape))
    return values[0] if len(values) == 1 else node("concatenate", *values, dimension=d)


@lifted
def stack(arrays: Any, /, axis: int = 0) -> Value:
    """Tensors of one shape along a new dim."""
    return concat(tuple(expand_dims(v, axis=axis) for v in together(*arrays)), axis=axis % (len(together(*arrays)[0].shape) + 1))


@lifted
def permute_dims(x: Any, /, axes: Sequence[int]) -> Value:
    """The dims in another order."""
    (v,) = together(x)
    order = ordered_axes(tuple(axes), len(v.shape))
    check(len(order) == len(v.shape), "numpy.axes", f"{tuple(axes)} is no order of the dims of {v.type}")
    return node("transpose", v, permutation=order)


@lifted
def moveaxis(x: Any, source: Any, destination: Any, /) -> Value:
    """Dims moved to other places, the others in their order."""
    (v,) = together(x)
    rank = len(v.shape)
    sources, targets = ordered_axes(source, rank), ordered_axes(destination, rank)
    check(len(sources) == len(targets), "numpy.axes", f"{len(sources)} dims are moved to {len(targets)} places")
    order = [i for i in range(rank) if i not in sources]
    for target, s in sorted(zip(targets, sources, strict=True)):
        order.insert(target, s)
    return node("transpose", v, permutation=tuple(order))


@lifted
def flip(x: Any, /, axis: Any = None) -> Value:
    """The elements in reverse order along an axis, several, or all."""
    (v,) = together(x)
    axes = axes_of(axis, len(v.shape))
    return node("reverse", v, dimensions=axes) if axes else v


@lifted
def roll(x: Any, /, shift: Any, axis: Any = None) -> Value:
    """Elements moved along an axis, those past the end to the beginning; without an axis in row-major order."""
    (v,) = together(x)
    if axis is None:
        return helpers.reshape_to(roll(helpers.reshape_to(v, (product(v.shape),)), shift, axis=0), v.shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    check(len(shifts) == len(axes), "numpy.roll", f"{len(shifts)} shifts along {len(axes)} axes")
    for by, a in zip(shifts, axes, strict=True):
        v = _rolled(v, by, axes_of(a, len(v.shape))[0])
    return v


def _rolled(v: Value, by: Any, d: int) -> Value:
    n = v.shape[d]
    if isinstance(by, Value) or not isinstance(n, int):
        return _rolled_unknown(v, by, d)
    cut = -by % n if n else 0
    if cut == 0:
        return v

    def part(first: int, last: int) -> Value:
        starts = [first if i == d else 0 for i in range(len(v.shape))]
        limits = [last if i == d else m for i, m in enumerate(v.shape)]
        return node("slice", v, start_indices=tuple(starts), limit_indices=tuple(limits), strides=(1,) * len(v.shape))

    return node("concatenate", part(cut, n), part(0, cut), dimension=d)


def _rolled_unknown(v: Value, by: Any, d: int) -> Value:
    """A dim of a symbolic size, or by a computed distance: every place takes the element at the distance back, counted round the end."""
    from .indexing import take

    places = node("iota", iota_dimension=0, result=TensorType(I64, (v.shape[d],)))
    size = helpers.broadcast(helpers.cast(node("get_dimension_size", v, dimension=d), I64), places.shape, ())
    distance = helpers.cast(by, I64) if isinstance(by, Value) else helpers.const(by, I64)
    back = node("subtract", places, helpers.broadcast_to(distance, places.shape))
    return take(v, division.remainder(Term(back), Term(size)).value, axis=d)


@lifted
def broadcast_arrays(*arrays: Any) -> tuple[Value, ...]:
    """Tensors in the shape they broadcast to."""
    return helpers.broadcast_together([together(a)[0] for a in arrays])


@lifted
def tile(x: Any, repetitions: Any, /) -> Value:
    """x repeated as a whole along every dim."""
    (v,) = together(x)
    reps = tuple(repetitions) if isinstance(repetitions, (tuple, list)) else (repetitions,)
    rank = max(len(reps), len(v.shape))
    shape, reps = (1,) * (rank - len(v.shape)) + tuple(v.shape), (1,) * (rank - len(reps)) + reps
    spread = tuple(n for pair in zip(reps, shape, strict=True) for n in pair)
    dims = tuple(2 * i + 1 for i in range(rank))
    return helpers.reshape_to(
        helpers.broadcast(helpers.reshape_to(v, shape), spread, dims), tuple(r * n for r, n in zip(reps, shape, strict=True))
    )


@lifted
def repeat(x: Any, repeats: Any, /, axis: int | None = None) -> Value:
    """Every element repeated: the same number of times, or each as a tensor of counts says, which must be known while tracing."""
    from .indexing import take

    (v,) = together(x)
    if axis is None:
        v, axis = helpers.reshape_to(v, (product(v.shape),)), 0
    (d,) = axes_of(axis, len(v.shape))
    if isinstance(repeats, int):
        shape = (*v.shape[: d + 1], repeats, *v.shape[d + 1 :])
        dims = tuple(i if i <= d else i + 1 for i in range(len(v.shape)))
        grown = tuple(n * repeats if i == d else n for i, n in enumerate(v.shape))
        return helpers.reshape_to(helpers.broadcast(v, shape, dims), grown)
    from .searching import counted

    return take(v, counted(helpers.broadcast_to(together(repeats)[0], (v.shape[d],))), axis=d)


@lifted
def unstack(x: Any, /, axis: int = 0) -> tuple[Value, ...]:
    """The slices along an axis."""
    from .indexing import getitem

    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    return tuple(getitem(v, (slice(None),) * d + (i,)) for i in range(v.shape[d]))
