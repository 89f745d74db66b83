"""Ops without operands: `constant` and `iota`."""

import numpy as np

from ..ir.attrs import Tensor
from ..ir.graph import Node, tensor_type_of
from ..ir.types import TensorType, Type
from . import rules
from .builder import Element, ElementBuilder, Index
from .numeric import Array, convert
from .registry import define


def _infer_constant(*, value: Tensor) -> TensorType:
    return tensor_type_of(value.array)


def _constant_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    value = node.attrs["value"]
    assert isinstance(value, Tensor)
    number = uniform(value.array)
    if number is None:
        raise ValueError("only a constant of equal elements has an expression; others are read from memory")
    return b.const(node.result.dtype, number)


def uniform(array: Array) -> bool | int | float | complex | None:
    """The number all elements of an array are (bit for bit), or None."""
    if array.size == 0 or array.dtype == np.object_:
        return None
    first = array.reshape(-1)[:1]
    if array.size > 1:
        width = array.dtype.itemsize
        data = np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8).reshape(-1, width)
        if (data != data[0]).any():
            return None
    return first.astype(np.complex128 if array.dtype.kind == "c" else array.dtype).item()


constant = define(
    "constant",
    doc="The tensor `value`.\n\nC1: the result has the type of `value`.",
    infer=_infer_constant,
    reference=lambda *, value: value.array,
    element=_constant_element,
)


def _infer_iota(*, iota_dimension: int, result: Type) -> TensorType:
    r = rules.tensor(result, "iota.O1", "result", rules.NUMBER)
    rules.check_axis(iota_dimension, r.rank, "iota.C1", "iota_dimension")
    return r


def _iota(*, iota_dimension: int, result: TensorType) -> Array:
    shape = result.static_shape
    line = convert(np.arange(shape[iota_dimension], dtype=np.int64), result.dtype)
    return np.broadcast_to(line.reshape([-1 if d == iota_dimension else 1 for d in range(len(shape))]), shape)


iota = define(
    "iota",
    doc="The index along `iota_dimension`, converted to the element type of the result.\n\n"
    "O1: a tensor of integer, floating-point or complex type. C1: 0 ≤ `iota_dimension` < rank(result).",
    infer=_infer_iota,
    reference=_iota,
    element=lambda b, node, index: b.position(index[node.attrs["iota_dimension"]], node.result.dtype),
)
