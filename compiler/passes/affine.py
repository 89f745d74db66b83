"""What a value made of bytes means: (bytes - zero point) · scale, as quantised models write it in ordinary ops."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...proto.dtypes import I8, I32, U8
from ..ir.dims import Dim
from ..ir.graph import Value
from ..ops.helpers import broadcast, cast, const, reshape_to
from ..ops.nodes import node
from .canonicalize import constant_of, splat_of

_BYTES = (I8, U8)


@dataclass(frozen=True, slots=True)
class Spread:
    """A number for all elements of a tensor (`value` is a scalar, `dim` None), or one for each index of `dim` (a vector)."""

    value: Value
    dim: int | None = None

    def moved(self, dims: Sequence[int]) -> "Spread | None":
        """The same after dim i of the tensor has become `dims[i]`, -1 if it is gone."""
        if self.dim is None:
            return self
        return None if dims[self.dim] < 0 else Spread(self.value, dims[self.dim])

    def over(self, shape: Sequence[Dim]) -> Value:
        """At every element of a tensor of that shape."""
        return broadcast(self.value, tuple(shape), () if self.dim is None else (self.dim,))


@dataclass(frozen=True, slots=True)
class Affine:
    """(`bytes` - `zero`) · `scale`; `zero` is of i32."""

    bytes: Value
    zero: Spread | None = None
    scale: Spread | None = None


def affine_of(v: Value) -> Affine | None:
    """What `v` is, if it is made of bytes by a conversion, a subtraction of integers in their range and a multiplication, one each at most.

    Transposes and, where one number stands for all, reshapes and broadcasts on the way are done to the bytes.
    """
    n = v.node
    if n is None or len(n.results) != 1:
        return None
    match n.op:
        case "convert":
            (x,) = n.operands
            wide = v.dtype.is_float or (v.dtype.is_int and v.dtype.bits >= 32)
            return Affine(x) if x.dtype in _BYTES and wide else None
        case "subtract":
            return _centred(*n.operands)
        case "multiply":
            x, y = n.operands
            return _scaled(x, y) or _scaled(y, x)
        case "transpose" | "reshape" | "broadcast_in_dim":
            inner = affine_of(n.operands[0])
            return inner and _moved(v, inner)
        case _:
            return None


def _centred(x: Value, y: Value) -> Affine | None:
    inner, zero = affine_of(x), spread_of(y)
    if inner is None or inner.zero is not None or inner.scale is not None or zero is None:
        return None
    number = _integers(zero.value)
    return None if number is None else replace(inner, zero=Spread(number, zero.dim))


def _scaled(x: Value, y: Value) -> Affine | None:
    inner = affine_of(x)
    if inner is None or inner.scale is not None or not x.dtype.is_float or (scale := spread_of(y)) is None:
        return None
    return replace(inner, scale=scale)


def _moved(v: Value, inner: Affine) -> Affine | None:
    """`inner` after the op that makes `v` of it."""
    assert v.node is not None
    if v.op == "transpose":
        permutation = v.node.ints("permutation")
        places = [permutation.index(i) for i in range(len(permutation))]
        zero, scale = (s and s.moved(places) for s in (inner.zero, inner.scale))
        return Affine(node("transpose", inner.bytes, permutation=permutation), zero, scale)
    if any(s is not None and s.dim is not None for s in (inner.zero, inner.scale)):
        return None
    if v.op == "reshape":
        return replace(inner, bytes=reshape_to(inner.bytes, v.shape))
    return replace(inner, bytes=broadcast(inner.bytes, v.shape, v.node.ints("broadcast_dimensions")))


def spread_of(v: Value) -> Spread | None:
    """The number, or those along one dim, that `v` consists of; None if the graph does not show any."""
    number = splat_of(v)
    if number is not None:
        return Spread(const(number, v.dtype))
    if v.tensor.rank == 0:
        return Spread(v)
    n = v.node
    if n is not None and n.op == "convert":
        inner = spread_of(n.operands[0])
        return inner and replace(inner, value=cast(inner.value, v.dtype))
    if n is not None and n.op == "broadcast_in_dim":
        (x,) = n.operands
        dims = n.ints("broadcast_dimensions")
        long = [i for i, d in enumerate(x.shape) if d != 1]
        if len(long) > 1 or any(x.shape[i] != v.shape[dims[i]] for i in long):
            return None
        kept = tuple(x.shape[i] for i in long)
        return Spread(reshape_to(x, kept), dims[long[0]] if long else None)
    long = [i for i, d in enumerate(v.shape) if d != 1]
    if len(long) > 1:
        return None
    return Spread(reshape_to(v, tuple(v.shape[i] for i in long)), long[0] if long else None)


def _integers(v: Value) -> Value | None:
    """Zero points as i32: what a conversion made of bytes, or constants that are integers in the range of bytes."""
    array = constant_of(v)
    if array is not None:
        good = bool((np.rint(array) == array).all() and (abs(array.astype(np.float64)) <= 255).all())
        return const(array.astype(np.int32)) if good else None
    if v.dtype in _BYTES:
        return cast(v, I32)
    if v.node is not None and v.op in ("convert", "reshape"):
        inner = _integers(v.node.operands[0])
        return inner and reshape_to(inner, v.shape)
    return None
