"""Products of vectors, matrices and tensors that NumPy has beside the standard's: `dot`, `einsum`, `kron`, …"""

from typing import Any

from ....compiler.ir.dims import product as product_of
from ....compiler.ir.graph import Value
from ....compiler.ops import einsum as sums
from ....compiler.ops.helpers import reshape_to
from ..faults import check, fail
from ..lift import lifted
from . import matrices
from .dtypes import together
from .elementwise import conj
from .linear import matmul, tensordot
from .manipulation import expand_dims, moveaxis
from .reductions import ordered_axes

__all__ = ["cross", "diagonal", "dot", "einsum", "inner", "kron", "matvec", "outer", "trace", "vdot", "vecmat"]


def _flat(v: Value) -> Value:
    return reshape_to(v, (product_of(v.shape),))


@lifted
def dot(x1: Any, x2: Any, /) -> Value:
    """Sums of products over the last dim of x1 and the last but one of x2, or its only one; of numbers the product."""
    x, y = together(x1, x2)
    if not x.shape or not y.shape:
        return _scaled(x, y)
    axis = max(len(y.shape) - 2, 0)
    check(x.shape[-1] == y.shape[axis], "numpy.dot", f"dot of {x.type} and {y.type}: dims of {x.shape[-1]} and {y.shape[axis]}")
    return tensordot(x, y, axes=((len(x.shape) - 1,), (axis,)))


def _scaled(x: Value, y: Value) -> Value:
    from .elementwise import multiply

    return multiply(x, y)


@lifted
def inner(x1: Any, x2: Any, /) -> Value:
    """Sums of products over the last dims; of numbers the product."""
    x, y = together(x1, x2)
    if not x.shape or not y.shape:
        return _scaled(x, y)
    return tensordot(x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 1,)))


@lifted
def outer(x1: Any, x2: Any, /) -> Value:
    """All products of elements of two tensors, which count as vectors."""
    return matrices.outer(*map(_flat, together(x1, x2)))


@lifted
def vdot(x1: Any, x2: Any, /) -> Value:
    """The sum of conj(x1) · x2 over all elements."""
    x, y = map(_flat, together(x1, x2))
    return dot(conj(x), y)


@lifted
def matvec(x1: Any, x2: Any, /) -> Value:
    """Matrices in the last two dims times vectors in the last."""
    x, y = together(x1, x2)
    check(len(x.shape) > 1 and len(y.shape) > 0, "numpy.matmul", f"matvec takes matrices and vectors, got {x.type} and {y.type}")
    z = matmul(x, reshape_to(y, (*y.shape, 1)))
    return reshape_to(z, z.shape[:-1])


@lifted
def vecmat(x1: Any, x2: Any, /) -> Value:
    """Conjugated vectors in the last dim times matrices in the last two."""
    x, y = together(x1, x2)
    check(len(x.shape) > 0 and len(y.shape) > 1, "numpy.matmul", f"vecmat takes vectors and matrices, got {x.type} and {y.type}")
    z = matmul(conj(expand_dims(x, axis=-2)), y)
    return reshape_to(z, (*z.shape[:-2], z.shape[-1]))


@lifted
def kron(x1: Any, x2: Any, /) -> Value:
    """Kronecker's product: x2 in place of every element of x1, times that."""
    x, y = together(x1, x2)
    rank = max(len(x.shape), len(y.shape))
    a, b = ((1,) * (rank - len(v.shape)) + tuple(v.shape) for v in (x, y))
    left = reshape_to(x, tuple(n for m in a for n in (m, 1)))
    right = reshape_to(y, tuple(n for m in b for n in (1, m)))
    return reshape_to(_scaled(left, right), tuple(m * n for m, n in zip(a, b, strict=True)))


@lifted
def einsum(subscripts: str, /, *operands: Any) -> Value:
    """Sums of products by an equation, `einsum("ij,jk->ik", x, y)`: letters name dims, those not in the result are summed over.

    Without `->` the result has the letters that occur once, in order. `...` stands for dims of one size in all operands.
    """
    values = together(*operands)

    def holds(fact: bool, problem: str) -> None:
        check(fact, "numpy.einsum", problem)

    labels, output = sums.parse(subscripts, [len(v.shape) for v in values], holds)
    return sums.contract(values, labels, output, _agree)


def _agree(x: Value, y: Value, i: int, j: int) -> tuple[Value, Value]:
    if x.shape[i] != y.shape[j]:
        raise fail("numpy.einsum", f"einsum of {x.type} and {y.type}: dims of {x.shape[i]} and {y.shape[j]} have one letter")
    return x, y


def _matrices_last(x: Any, axis1: int, axis2: int) -> Value:
    (v,) = together(x)
    first, second = ordered_axes((axis1, axis2), len(v.shape))
    return moveaxis(v, (first, second), (-2, -1))


@lifted
def diagonal(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The elements of two dims whose indices differ by `offset`, as the last dim."""
    return matrices.diagonal(_matrices_last(x, axis1, axis2), offset=offset)


@lifted
def trace(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Value:
    """The sum of a diagonal of two dims."""
    return matrices.trace(_matrices_last(x, axis1, axis2), offset=offset, dtype=dtype)


@lifted
def cross(x1: Any, x2: Any, /, axis: int = -1) -> Value:
    """The vector product of vectors of 3 along an axis."""
    return matrices.cross(*together(x1, x2), axis=axis)
