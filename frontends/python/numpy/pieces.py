"""Joining, splitting, padding and turning, by NumPy's names."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_to, cast, const, reshape_to
from ....compiler.ops.nodes import node
from ..faults import check, fail
from ..lift import lifted
from .dtypes import together
from .indexing import getitem, take
from .manipulation import concat, flip, moveaxis
from .reductions import axes_of, ordered_axes

__all__ = [
    "append", "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "block", "column_stack", "concatenate", "delete", "dsplit",
    "dstack", "fliplr", "flipud", "hsplit", "hstack", "pad", "ravel", "resize", "rollaxis", "rot90", "split", "swapaxes", "vsplit",
    "vstack",
]  # fmt: skip


@lifted
def ravel(x: Any, /) -> Value:
    """The elements as a vector, in row-major order."""
    (v,) = together(x)
    return reshape_to(v, (product(v.shape),))


@lifted
def swapaxes(x: Any, axis1: int, axis2: int, /) -> Value:
    """Two dims exchanged."""
    (v,) = together(x)
    order = list(range(len(v.shape)))
    i, j = (axes_of(a, len(v.shape))[0] for a in (axis1, axis2))
    order[i], order[j] = j, i
    return node("transpose", v, permutation=tuple(order))


@lifted
def rollaxis(x: Any, axis: int, start: int = 0) -> Value:
    """A dim moved in front of dim `start`."""
    (v,) = together(x)
    rank = len(v.shape)
    (source,) = axes_of(axis, rank)
    check(-rank <= start <= rank, "numpy.axis", f"start {start} of a tensor of rank {rank} must lie in [-{rank}, {rank}]")
    target = start + rank if start < 0 else start
    return moveaxis(v, source, target - 1 if target > source else target)


def _ranked(v: Value, rank: int) -> Value:
    """With as many dims as wanted: new ones are in front; the third is put behind."""
    missing = rank - len(v.shape)
    if missing <= 0:
        return v
    behind = 1 if rank == 3 and len(v.shape) in (1, 2) else 0
    return reshape_to(v, (1,) * (missing - behind) + tuple(v.shape) + (1,) * behind)


def _at_least(rank: int) -> Callable[..., Any]:
    def build(*arrays: Any) -> Value | tuple[Value, ...]:
        found = tuple(_ranked(together(a)[0], rank) for a in arrays)
        return found[0] if len(found) == 1 else found

    build.__name__ = build.__qualname__ = f"atleast_{rank}d"
    build.__doc__ = f"Each tensor with {rank} dims at least."
    return lifted(build)


atleast_1d, atleast_2d, atleast_3d = _at_least(1), _at_least(2), _at_least(3)


@lifted
def concatenate(arrays: Any, /, axis: int | None = 0, *, dtype: Any = None) -> Value:
    """Tensors one after the other; without an axis, their elements."""
    from .elementwise import astype

    found = concat(tuple(arrays), axis=axis)
    return found if dtype is None else astype(found, dtype)


@lifted
def append(x: Any, values: Any, /, axis: int | None = None) -> Value:
    """Values after those of x along an axis; without one, both count as vectors."""
    return concat(together(x, values), axis=axis)


@lifted
def hstack(arrays: Any, /) -> Value:
    """Tensors side by side: along the second dim, vectors along their only one."""
    values = [_ranked(v, 1) for v in together(*arrays)]
    return concat(tuple(values), axis=0 if len(values[0].shape) == 1 else 1)


@lifted
def vstack(arrays: Any, /) -> Value:
    """Tensors one below the other; vectors are rows."""
    return concat(tuple(_ranked(v, 2) for v in together(*arrays)), axis=0)


@lifted
def dstack(arrays: Any, /) -> Value:
    """Tensors one behind the other, along the third dim."""
    return concat(tuple(_ranked(v, 3) for v in together(*arrays)), axis=2)


@lifted
def column_stack(arrays: Any, /) -> Value:
    """Vectors as columns, matrices side by side."""
    values = [reshape_to(v, (product(v.shape), 1)) if len(v.shape) < 2 else v for v in together(*arrays)]
    return concat(tuple(values), axis=1)


@lifted
def block(arrays: Any, /) -> Value:
    """Nested lists of tensors put together: the innermost lists along the last dim, those around them along the one before."""
    depth = _depth(arrays)
    leaves = together(*_leaves(arrays))
    rank = max(depth, *(len(v.shape) for v in leaves))
    return _blocked(arrays, iter([reshape_to(v, (1,) * (rank - len(v.shape)) + tuple(v.shape)) for v in leaves]), rank - depth, rank)


def _depth(x: Any) -> int:
    if not isinstance(x, (list, tuple)):
        return 0
    depths = {_depth(part) for part in x}
    check(len(depths) == 1, "numpy.block", "the lists of a block are nested to different depths, or one is empty")
    return depths.pop() + 1


def _leaves(x: Any) -> list[Any]:
    return [leaf for part in x for leaf in _leaves(part)] if isinstance(x, (list, tuple)) else [x]


def _blocked(x: Any, leaves: Any, axis: int, rank: int) -> Value:
    if not isinstance(x, (list, tuple)):
        return next(leaves)
    return concat(tuple(_blocked(part, leaves, axis + 1, rank) for part in x), axis=axis)


def _cuts(n: Any, sections: Any, even: bool) -> list[int]:
    """Where a dim of size n is cut."""
    check(isinstance(n, int), "numpy.split", f"a dim of the symbolic size {n} cannot be split")
    if not isinstance(sections, int):
        return [int(c) for c in sections]
    check(sections > 0, "numpy.split", f"{sections} is no number of parts")
    check(
        not even or n % sections == 0, "numpy.split", f"a dim of {n} has no {sections} equal parts", help="array_split makes unequal ones"
    )
    small, more = divmod(n, sections)
    return [i * small + min(i, more) for i in range(1, sections)]


def _parts(x: Any, sections: Any, axis: int, even: bool) -> tuple[Value, ...]:
    (v,) = together(x)
    (d,) = axes_of(axis, len(v.shape))
    cuts = _cuts(v.shape[d], sections, even)
    lead = (slice(None),) * d
    return tuple(getitem(v, (*lead, slice(i, j))) for i, j in zip([0, *cuts], [*cuts, v.shape[d]], strict=True))


@lifted
def split(x: Any, indices_or_sections: Any, /, axis: int = 0) -> tuple[Value, ...]:
    """The parts of a dim: that many of one size, or cut at the given indices."""
    return _parts(x, indices_or_sections, axis, True)


@lifted
def array_split(x: Any, indices_or_sections: Any, /, axis: int = 0) -> tuple[Value, ...]:
    """`split` into parts of which the first may be longer by one."""
    return _parts(x, indices_or_sections, axis, False)


@lifted
def hsplit(x: Any, indices_or_sections: Any, /) -> tuple[Value, ...]:
    """`split` along the second dim, of vectors along their only one."""
    return _parts(x, indices_or_sections, 0 if len(together(x)[0].shape) == 1 else 1, True)


@lifted
def vsplit(x: Any, indices_or_sections: Any, /) -> tuple[Value, ...]:
    """`split` along the first dim of two or more."""
    check(len(together(x)[0].shape) > 1, "numpy.split", "vsplit takes two dims or more")
    return _parts(x, indices_or_sections, 0, True)


@lifted
def dsplit(x: Any, indices_or_sections: Any, /) -> tuple[Value, ...]:
    """`split` along the third dim."""
    check(len(together(x)[0].shape) > 2, "numpy.split", "dsplit takes three dims or more")
    return _parts(x, indices_or_sections, 2, True)


@lifted
def fliplr(x: Any, /) -> Value:
    """The second dim turned round."""
    return flip(x, axis=1)


@lifted
def flipud(x: Any, /) -> Value:
    """The first dim turned round."""
    return flip(x, axis=0)


@lifted
def rot90(x: Any, /, k: int = 1, axes: Sequence[int] = (0, 1)) -> Value:
    """The plane of two dims turned by k quarters, from the first to the second."""
    (v,) = together(x)
    first, second = ordered_axes(tuple(axes), len(v.shape))
    match k % 4:
        case 0:
            return v
        case 1:
            return swapaxes(flip(v, axis=second), first, second)
        case 2:
            return flip(v, axis=(first, second))
        case _:
            return flip(swapaxes(v, first, second), axis=second)


@lifted
def resize(x: Any, new_shape: Any, /) -> Value:
    """The elements over and over in another shape; zeros if there are none."""
    (v,) = together(x)
    shape = tuple(new_shape) if isinstance(new_shape, (tuple, list)) else (new_shape,)
    n = product(v.shape)
    if not isinstance(n, int):
        raise fail("numpy.resize", f"{v.type} has no known number of elements to repeat")
    if n == 0:
        return broadcast_to(const(0, v.dtype), shape)
    return reshape_to(take(reshape_to(v, (n,)), const(np.arange(np.prod(shape, dtype=np.int64)) % n), axis=0), shape)


@lifted
def delete(x: Any, obj: Any, /, axis: int | None = None) -> Value:
    """Without the slices at places along an axis that are known while tracing: a number, numbers, or a slice."""
    (v,) = together(x)
    if axis is None:
        v, axis = ravel(v), 0
    (d,) = axes_of(axis, len(v.shape))
    if isinstance(obj, Value) or not isinstance(v.shape[d], int):
        raise fail("numpy.delete", f"the places to delete from {v.type} must be numbers", help="x[mask] keeps what a mask says")
    places = list(obj) if isinstance(obj, tuple) else obj
    kept = np.delete(np.arange(v.shape[d]), np.asarray(places, np.int64) if isinstance(places, list) else places)
    return take(v, const(kept), axis=d)


_MODES = ("edge", "reflect", "symmetric", "wrap")


def _widths(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    """How much is put before and after each dim."""
    given = np.broadcast_to(np.asarray(pad_width), (rank, 2)) if not isinstance(pad_width, Value) else None
    if given is None or given.dtype.kind not in "iu" or (given < 0).any():
        raise fail("numpy.pad", f"pad_width is made of whole numbers from 0, got {pad_width!r}")
    return [(int(low), int(high)) for low, high in given]


@lifted
def pad(x: Any, pad_width: Any, /, mode: str = "constant", *, constant_values: Any = 0) -> Value:
    """More elements around: of one value ("constant"), or taken from x by "edge", "reflect", "symmetric" or "wrap".

    `pad_width` is one number, (before, after), or a pair for each dim.
    """
    (v,) = together(x)
    widths = _widths(pad_width, len(v.shape))
    if mode == "constant":
        value = cast(together(v, constant_values)[1], v.dtype)
        check(not value.shape, "numpy.pad", f"constant_values is one number, got {value.type}")
        low, high = (tuple(w[i] for w in widths) for i in (0, 1))
        return node("pad", v, value, edge_padding_low=low, edge_padding_high=high, interior_padding=(0,) * len(widths))
    check(mode in _MODES, "numpy.pad", f"there is no mode {mode!r}", help=f"the modes are constant, {', '.join(_MODES)}")
    for d, around in enumerate(widths):
        if any(around):
            n = v.shape[d]
            check(isinstance(n, int) and n > 0, "numpy.pad", f"dim {d} of {v.type} has no known elements to pad with")
            v = take(v, const(np.pad(np.arange(n), around, mode=mode)), axis=d)  # type: ignore[call-overload]
    return v
