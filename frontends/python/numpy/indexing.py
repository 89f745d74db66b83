"""`x[...]`: numbers, slices, new dims, masks and integer tensors."""

from typing import Any

from ....compiler.ir.attrs import GatherDims
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, reshape_to
from ....proto.dtypes import I64
from ....proto.errors import check, fail
from ..lift import lifted
from .dtypes import together
from .elementwise import node

__all__ = ["getitem", "take"]


@lifted
def getitem(x: Any, index: Any) -> Value:
    """Basic indexing: numbers, slices, `...`, None."""
    (v,) = together(x)
    key = index if isinstance(index, tuple) else (index,)
    taken = sum(1 for k in key if k is not None and k is not Ellipsis)
    check(taken <= len(v.shape), "numpy.index", f"{taken} indices for {v.type}")
    if Ellipsis in [k for k in key if not isinstance(k, Value)]:
        at = next(i for i, k in enumerate(key) if k is Ellipsis)
        key = (*key[:at], *[slice(None)] * (len(v.shape) - taken), *key[at + 1 :])
    else:
        key = (*key, *[slice(None)] * (len(v.shape) - taken))
    if len([k for k in key if isinstance(k, Value)]) == 1 and len(key) == len(v.shape):
        d = next(i for i, k in enumerate(key) if isinstance(k, Value))
        return take(getitem(v, (*key[:d], slice(None), *key[d + 1 :])), key[d], axis=d)
    return _basic(v, key)


def _basic(v: Value, key: tuple[Any, ...]) -> Value:
    starts, limits, steps, turned, shape = [], [], [], [], []
    d = 0
    for k in key:
        if k is None:
            shape.append(1)
            continue
        n = v.shape[d]
        if isinstance(k, slice):
            start, limit, step = k.indices(n) if isinstance(n, int) else (k.start or 0, n if k.stop is None else k.stop, k.step or 1)
            count = len(range(start, limit, step)) if isinstance(n, int) else limit - start
            if step < 0:
                turned.append(d)
                start, step = (start + (count - 1) * step, -step) if count else (0, 1)
            limits.append(start + (count - 1) * step + 1 if isinstance(n, int) and count else start if isinstance(n, int) else limit)
            starts.append(start)
            steps.append(step)
            shape.append(count)
        elif isinstance(k, int):
            check(not isinstance(n, int) or -n <= k < n, "numpy.index", f"index {k} of a dim of size {n}")
            at = k % n if isinstance(n, int) else k
            starts.append(at)
            limits.append(at + 1)
            steps.append(1)
        else:
            raise fail("numpy.index", f"a tensor cannot be indexed with {k!r}")
        d += 1
    cut = node("slice", v, start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(steps))
    return reshape_to(node("reverse", cut, dimensions=tuple(turned)) if turned else cut, tuple(shape))


@lifted
def take(x: Any, indices: Any, /, *, axis: int = 0) -> Value:
    """Slices along an axis at the places in an integer tensor; negative places count from the end."""
    v, at = together(x)[0], cast(together(indices)[0], I64)
    d = axis % len(v.shape)
    size = cast(node("get_dimension_size", v, dimension=d), I64)
    zero = node("broadcast_in_dim", cast(together(0)[0], I64), broadcast_dimensions=(), result=at.tensor)
    wrapped = node("add", at, node("broadcast_in_dim", size, broadcast_dimensions=(), result=at.tensor))
    at = node("select", node("compare", at, zero, comparison_direction="LT"), wrapped, at)
    rank, k = len(v.shape), len(at.shape)
    dims = GatherDims(tuple(i if i < d else i + k - 1 for i in range(rank) if i != d), (d,), (), (), (d,), k)
    sizes = tuple(1 if i == d else n for i, n in enumerate(v.shape))
    return node("gather", v, at, dimension_numbers=dims, slice_sizes=sizes)
