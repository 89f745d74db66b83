"""Products of matrices."""

from typing import Any

from ....compiler.ir.attrs import DotDims
from ....compiler.ir.graph import Value
from ....compiler.ops.contraction import dot
from ....compiler.ops.helpers import broadcast_shapes, broadcast_to, reshape_to
from ....compiler.ops.nodes import node
from ..faults import check
from ..lift import lifted
from .dtypes import together
from .reductions import fold, ordered_axes

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]


@lifted
def matmul(x1: Any, x2: Any, /) -> Value:
    """Matrices in the last two dims, the others broadcast; vectors are rows on the left and columns on the right."""
    x, y = together(x1, x2)
    check(min(len(x.shape), len(y.shape)) > 0, "numpy.matmul", f"matmul takes no scalars, got {x.type} and {y.type}")
    if len(x.shape) == 1 or len(y.shape) == 1:
        left = reshape_to(x, (1, *x.shape)) if len(x.shape) == 1 else x
        right = reshape_to(y, (*y.shape, 1)) if len(y.shape) == 1 else y
        z = matmul(left, right)
        kept = [
            n
            for i, n in enumerate(z.shape)
            if not (i == len(z.shape) - 2 and x is not left) and not (i == len(z.shape) - 1 and y is not right)
        ]
        return reshape_to(z, tuple(kept))
    inner = x.shape[-1], y.shape[-2]
    check(inner[0] == inner[1], "numpy.matmul", f"matmul of {x.type} and {y.type}: {inner[0]} columns and {inner[1]} rows")
    if len(y.shape) == 2:
        return dot(x, y, DotDims((), (), (len(x.shape) - 1,), (0,)))
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = broadcast_to(x, (*lead, *x.shape[-2:])), broadcast_to(y, (*lead, *y.shape[-2:]))
    batch = tuple(range(len(lead)))
    return dot(x, y, DotDims(batch, batch, (len(lead) + 1,), (len(lead),)))


@lifted
def matrix_transpose(x: Any, /) -> Value:
    """The last two dims exchanged."""
    (v,) = together(x)
    rank = len(v.shape)
    check(rank >= 2, "numpy.matrix_transpose", f"a matrix is needed, got {v.type}")
    return node("transpose", v, permutation=(*range(rank - 2), rank - 1, rank - 2))


@lifted
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Value:
    """Sums of products over axes: the last of x1 and the first of x2 if a number is given, else a pair of lists of axes."""
    x, y = together(x1, x2)
    if isinstance(axes, int):
        check(0 <= axes <= min(len(x.shape), len(y.shape)), "numpy.tensordot", f"{axes} axes of {x.type} and {y.type}")
        left, right = tuple(range(len(x.shape) - axes, len(x.shape))), tuple(range(axes))
    else:
        left, right = (ordered_axes(side, len(v.shape)) for v, side in zip((x, y), axes, strict=True))
    check(len(left) == len(right), "numpy.tensordot", f"{len(left)} axes are contracted with {len(right)}")
    for i, j in zip(left, right, strict=True):
        check(x.shape[i] == y.shape[j], "numpy.tensordot", f"tensordot of {x.type} and {y.type} over dims of {x.shape[i]} and {y.shape[j]}")
    return dot(x, y, DotDims((), (), left, right))


@lifted
def vecdot(x1: Any, x2: Any, /, axis: int = -1) -> Value:
    """The sum of conj(x1) · x2 along an axis."""
    from .elementwise import conj

    x, y = together(x1, x2)
    check(x.shape[axis] == y.shape[axis], "numpy.vecdot", f"vecdot of {x.type} and {y.type} along dims of different sizes")
    shape = broadcast_shapes(x.shape, y.shape)
    product = node("multiply", conj(broadcast_to(x, shape)), broadcast_to(y, shape))
    return fold(product, "add", axis, False)
