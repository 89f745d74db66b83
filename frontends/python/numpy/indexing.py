"""`x[...]`, `take` and `take_along_axis`: numbers, slices, new dims, masks and integer tensors, as numpy has them.

Places that are known while a graph is written must be there (IndexError), and so eager tensors never read beside an array. Places that
a compiled function computes cannot raise: they are clamped to the nearest element.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....compiler.ir.attrs import GatherDims
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_shapes, broadcast_to, cast, const, reshape_to, splat
from ....compiler.ops.nodes import node
from ....proto.dtypes import I64
from ..faults import check, fail
from ..lift import lifted, placed
from ..scope import scope
from ..tape import recording
from ..tensor import Tensor
from .dtypes import together
from .reductions import axes_of

__all__ = ["getitem", "take", "take_along_axis"]


def _rank_taken(k: Any) -> int:
    """How many dims an entry of an index is about."""
    if k is None or k is Ellipsis or isinstance(k, bool):
        return 0
    return len(k.shape) if isinstance(k, (Value, Tensor, np.ndarray, np.bool_)) and _is_mask(k) else 1


def _is_mask(k: Any) -> bool:
    return k.dtype.is_bool if isinstance(k, Value) else k.dtype == bool


def expanded(v: Value, index: Any) -> tuple[Value, tuple[Any, ...]]:
    """The index with an entry for every dim: `...` and what is left out become whole slices, masks become index vectors.

    A mask of rank 0 is about a dim of size 1 of its own, which the returned value has.
    """
    key = list(index) if isinstance(index, tuple) else [index]
    taken = sum(map(_rank_taken, key))
    check(taken <= len(v.shape), "numpy.index", f"{taken} indices for {v.type}", kind=IndexError)
    places = [i for i, k in enumerate(key) if k is Ellipsis]
    check(len(places) <= 1, "numpy.index", "an index has at most one `...`", kind=IndexError)
    at = places[0] if places else len(key)
    key[at : at + 1] = [slice(None)] * (len(v.shape) - taken)
    found: list[Any] = []
    dim = 0
    for k in key:
        if isinstance(k, bool) or (isinstance(k, Value) and k.dtype.is_bool):
            if isinstance(k, bool) or not k.shape:
                v = reshape_to(v, (*v.shape[:dim], 1, *v.shape[dim:]))
            indices = (const(np.zeros(int(k)), I64),) if isinstance(k, bool) else _mask_indices(reshape_to(k, k.shape or (1,)), v, dim)
            found += indices
            dim += len(indices)
        else:
            found.append(k)
            dim += _rank_taken(k)
    return v, tuple(found)


def _mask_indices(mask: Value, v: Value, dim: int) -> tuple[Value, ...]:
    from .searching import nonzero

    own = v.shape[dim : dim + len(mask.shape)]
    fits = all(m in (n, 0) for m, n in zip(mask.shape, own, strict=True))
    check(fits, "numpy.index", f"a mask of shape {list(mask.shape)} for dims of {list(own)}", kind=IndexError)
    here = scope()
    if here is None:
        return nonzero(mask)
    if mask not in here.places:
        here.places[mask] = nonzero(mask)
    return here.places[mask]


def known(x: Any, index: Any) -> tuple[Any, ...]:
    """The index as a tuple. Lists are arrays; masks whose elements are there become index vectors, whose lengths are then numbers."""
    entries = [_listed(k) if type(k) is list else k for k in entries_of(index)]
    taken = [_rank_taken(k) for k in entries]
    found: list[Any] = []
    for i, k in enumerate(entries):
        dim = len(x.shape) - sum(taken[i:]) if any(e is Ellipsis for e in entries[:i]) else sum(taken[:i])
        array = k.array if isinstance(k, Tensor) else k
        mask = isinstance(array, np.ndarray) and array.dtype == bool and array.ndim > 0
        if isinstance(array, (np.ndarray, np.bool_)) and array.dtype == bool and not array.ndim:
            found.append(bool(array))
        elif isinstance(array, np.ndarray) and mask and array.shape == tuple(x.shape[dim : dim + array.ndim]):
            found += [Tensor(places) for places in np.nonzero(array)]
        else:
            if isinstance(array, np.ndarray) and not mask and dim < len(x.shape):
                _in_range(array, x.shape[dim])
            found.append(k)
    return tuple(found)


def _listed(places: list[Any]) -> np.ndarray:
    return np.asarray(places, None if places else np.int64)


def entries_of(index: Any) -> tuple[Any, ...]:
    """The index as a tuple."""
    return index if isinstance(index, tuple) else (index,)


def _in_range(places: np.ndarray, n: Any) -> None:
    """IndexError unless a dim of size n has elements at all these places."""
    if isinstance(n, int) and places.dtype.kind in "iu" and places.size:
        low, high = int(places.min()), int(places.max())
        wrong = low if low < -n else high
        check(-n <= low and high < n, "numpy.index", f"index {wrong} of a dim of size {n}", kind=IndexError)


UNKNOWN = object()


def plain(index: Any) -> Any:
    """The index as numpy takes it; `UNKNOWN` if elements of it are not known yet, or it is none."""
    if type(index) is tuple:
        found = [plain(k) for k in index]
        return UNKNOWN if any(k is UNKNOWN for k in found) else tuple(found)
    if index is None or index is Ellipsis or isinstance(index, (int, np.ndarray, np.integer, np.bool_)):
        return index
    if type(index) is Tensor:
        return UNKNOWN if index.array is None else index.array
    if type(index) is slice:
        bounds = [plain(n) for n in (index.start, index.stop, index.step)]
        return UNKNOWN if any(n is UNKNOWN for n in bounds) else slice(*bounds)
    return _listed(index) if type(index) is list else UNKNOWN


def is_plain(x: Any) -> bool:
    """Whether the elements of a tensor are there, and no tape is told of what is done with them."""
    return type(x) is Tensor and x.array is not None and (x.recorded is None or not recording())


def getitem(x: Any, index: Any) -> Any:
    """x[index]. In a traced function a mask that is computed gives a tensor of unknown size."""
    if is_plain(x) and (key := plain(index)) is not UNKNOWN:
        try:
            return Tensor(np.asarray(x.array[key]))
        except (IndexError, TypeError):
            pass  # said better below
    return _by_graph(x, index)


@placed
def _by_graph(x: Any, index: Any) -> Any:
    return _element(x, index if isinstance(x, Value) else known(x, index))


@lifted
def _element(x: Any, index: Any) -> Value:
    return elements(*expanded(together(x)[0], index))


def elements(v: Value, key: tuple[Any, ...]) -> Value:
    if not any(isinstance(k, Value) for k in key):
        return _basic(v, key)
    # Numbers beside index tensors are index tensors; slices and new dims are taken first.
    plain = tuple(slice(None) if isinstance(k, (Value, int)) else k for k in key)
    cut = _basic(v, plain)
    dims = [i for i, k in enumerate(key) if isinstance(k, (Value, int))]
    return _gathered(cut, dims, [key[i] for i in dims])


def _gathered(v: Value, dims: Sequence[int], indices: Sequence[Any]) -> Value:
    """The elements at integer tensors for some dims, broadcast together; their dims go where the first was, or first if apart."""
    starts, shape = _vectors(v, dims, indices)
    together_ = list(dims) == list(range(dims[0], dims[0] + len(dims)))
    first = dims[0] if together_ else 0
    rest = [d for d in range(len(v.shape)) if d not in dims]
    before = len([d for d in rest if d < first]) if together_ else 0
    rank = len(shape) + len(rest)
    offsets = tuple(i for i in range(rank) if not before <= i < before + len(shape))
    wanted = GatherDims(offsets, tuple(dims), (), (), tuple(dims), len(shape))
    if any(v.shape[d] == 0 for d in dims):
        check(
            any(n == 0 or not isinstance(n, int) for n in shape),
            "numpy.index",
            f"a dim of size 0 of {v.type} has no elements to take",
            kind=IndexError,
        )
        around = tuple(v.shape[d] for d in rest)
        return splat(0, v.tensor.with_shape((*around[:before], *shape, *around[before:])))
    sizes = tuple(1 if d in dims else n for d, n in enumerate(v.shape))
    return node("gather", v, starts, dimension_numbers=wanted, slice_sizes=sizes)


def _vectors(v: Value, dims: Sequence[int], indices: Sequence[Any]) -> tuple[Value, tuple[Any, ...]]:
    """Index vectors [..., len(dims)] of integer tensors that count from the end where they are negative, and the shape of the batch."""
    given = [cast(_integer(i), I64) for i in indices]
    shape = broadcast_shapes(*(i.shape for i in given))
    columns: list[Value] = []
    for d, i in zip(dims, given, strict=True):
        whole = broadcast_to(i, shape)
        size = node("broadcast_in_dim", cast(node("get_dimension_size", v, dimension=d), I64), broadcast_dimensions=(), result=whole.tensor)
        zero = node("broadcast_in_dim", const(0, I64), broadcast_dimensions=(), result=whole.tensor)
        wrapped = node("select", node("compare", whole, zero, comparison_direction="LT"), node("add", whole, size), whole)
        columns.append(reshape_to(wrapped, (*shape, 1)))
    return (columns[0] if len(columns) == 1 else node("concatenate", *columns, dimension=len(shape))), shape


def _integer(i: Any) -> Value:
    (v,) = together(i)
    if not v.dtype.is_int:
        raise fail("numpy.index", f"indices are integers or booleans, got {v.type}", kind=IndexError)
    return v


def _basic(v: Value, key: tuple[Any, ...]) -> Value:
    """Numbers, slices and None alone."""
    starts: list[Any] = []
    limits: list[Any] = []
    steps: list[int] = []
    turned: list[int] = []
    shape: list[Any] = []
    for k in key:
        if k is None:
            shape.append(1)
            continue
        d = len(starts)
        start, limit, step, size = _cut(k, v.shape[d])
        if step < 0:
            turned.append(d)
            start, limit, step = (start + (size - 1) * step, start + 1, -step) if size else (0, 0, 1)
        starts.append(start)
        limits.append(limit)
        steps.append(step)
        shape += [] if isinstance(k, int) else [size]
    cut = node("slice", v, start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(steps))
    return reshape_to(node("reverse", cut, dimensions=tuple(turned)) if turned else cut, tuple(shape))


def _cut(k: Any, n: Any) -> tuple[Any, Any, int, Any]:
    """Start, limit, step and size of one entry on a dim of size n."""
    if isinstance(k, int) and not isinstance(k, bool):
        check(not isinstance(n, int) or -n <= k < n, "numpy.index", f"index {k} of a dim of size {n}", kind=IndexError)
        place = k + n if k < 0 else k
        return place, place + 1, 1, 1
    if not isinstance(k, slice):
        raise fail(
            "numpy.index",
            f"a tensor cannot be indexed with {k!r}",
            kind=IndexError,
            help="numbers, slices, None, `...`, tensors of integers or booleans",
        )
    if isinstance(n, int):
        start, stop, step = k.indices(n)
        size = len(range(start, stop, step))
        if not size:
            return 0, 0, 1, 0
        return start, start + (size - 1) * step + 1 if step > 0 else stop, step, size
    return _symbolic_cut(k, n)


def _symbolic_cut(k: slice, n: Any) -> tuple[Any, Any, int, Any]:
    check(k.step in (None, 1, -1), "numpy.index", f"a dim of the symbolic size {n} is sliced with steps of 1 or -1, got {k.step}")
    if k.step == -1:
        check(k.start is None and k.stop is None, "numpy.index", f"a dim of the symbolic size {n} is turned round as a whole")
        return n - 1, 0, -1, n
    start = 0 if k.start is None else k.start + n if isinstance(k.start, int) and k.start < 0 else k.start
    stop = n if k.stop is None else k.stop + n if isinstance(k.stop, int) and k.stop < 0 else k.stop
    return start, stop, 1, stop - start


@placed
def take(x: Any, indices: Any, /, axis: int | None = None) -> Any:
    """Slices along an axis at the places in an integer tensor; negative places count from the end. IndexError beyond the ends."""
    return _taken(x, _checked(x, indices, 0 if axis is None else axis), axis=axis)


@lifted
def _taken(x: Any, indices: Any, *, axis: int | None) -> Value:
    v = together(x)[0]
    check(axis is not None or len(v.shape) == 1, "numpy.axis", f"take from {v.type} needs an axis")
    return _gathered(v, axes_of(axis or 0, len(v.shape)), [indices])


def _checked(x: Any, indices: Any, axis: int) -> Any:
    """The indices, those that are known being in range."""
    if isinstance(indices, (list, tuple)) and not any(isinstance(i, (Value, Tensor)) for i in indices):
        indices = np.asarray(indices, None if indices else np.int64)
    array = indices.array if isinstance(indices, Tensor) else indices
    shape = getattr(x, "shape", ())
    if isinstance(array, np.ndarray) and -len(shape) <= axis < len(shape):
        _in_range(array, shape[axis])
    return indices


@placed
def take_along_axis(x: Any, indices: Any, /, axis: int = -1) -> Any:
    """For every position the element along an axis that an integer tensor of the same rank names. IndexError beyond the ends."""
    return _taken_along(x, _checked(x, indices, axis), axis=axis)


@lifted
def _taken_along(x: Any, indices: Any, *, axis: int) -> Value:
    v, places = together(x)[0], _integer(indices)
    check(len(v.shape) == len(places.shape), "numpy.rank", f"indices of the rank of the tensor are needed, got {places.type} for {v.type}")
    (d,) = axes_of(axis, len(v.shape))
    shape = tuple(m if i == d else n for i, (n, m) in enumerate(zip(v.shape, places.shape, strict=True)))
    grid = [
        places if i == d else node("iota", iota_dimension=i, result=places.tensor.with_dtype(I64).with_shape(shape))
        for i in range(len(shape))
    ]
    return _gathered(v, list(range(len(shape))), [broadcast_to(g, shape) for g in grid])
