"""Attributes of nodes: plain hashable values, tensors, and the dimension-number records of StableHLO."""

from dataclasses import dataclass

import numpy as np

from ...proto.dtypes import DType
from .dims import Expr, Symbol, symbols
from .types import MapType, OptionalType, SequenceType, TensorType, TupleType, Type, type_symbols

# Contents up to this many bytes are compared and hashed by value, larger ones by identity.
_BY_VALUE = 4096


class Tensor:
    """A constant array (perhaps memory-mapped) with an optional name. Never written to."""

    __slots__ = ("_key", "array", "name")

    def __init__(self, array: np.ndarray, name: str = "") -> None:
        self.array = array
        self.name = name
        small = array.nbytes <= _BY_VALUE and array.dtype != np.object_
        content = np.ascontiguousarray(array).tobytes() if small else id(array)
        self._key = (array.dtype.str, array.dtype.name, array.shape, content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tensor) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Tensor({self.name or self.array.shape})"


@dataclass(frozen=True, slots=True)
class DotDims:
    """`dot_dimension_numbers` of dot_general: batching and contracting dims of each side."""

    lhs_batch: tuple[int, ...] = ()
    rhs_batch: tuple[int, ...] = ()
    lhs_contracting: tuple[int, ...] = ()
    rhs_contracting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConvDims:
    """`dimension_numbers` of convolution: where batch, feature and spatial dims sit in input, kernel and output."""

    input_batch: int
    input_feature: int
    input_spatial: tuple[int, ...]
    kernel_input_feature: int
    kernel_output_feature: int
    kernel_spatial: tuple[int, ...]
    output_batch: int
    output_feature: int
    output_spatial: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GatherDims:
    """`dimension_numbers` of gather."""

    offset_dims: tuple[int, ...]
    collapsed_slice_dims: tuple[int, ...]
    operand_batching_dims: tuple[int, ...]
    start_indices_batching_dims: tuple[int, ...]
    start_index_map: tuple[int, ...]
    index_vector_dim: int


@dataclass(frozen=True, slots=True)
class ScatterDims:
    """`scatter_dimension_numbers` of scatter."""

    update_window_dims: tuple[int, ...]
    inserted_window_dims: tuple[int, ...]
    input_batching_dims: tuple[int, ...]
    scatter_indices_batching_dims: tuple[int, ...]
    scatter_dims_to_operand_dims: tuple[int, ...]
    index_vector_dim: int


@dataclass(frozen=True, slots=True)
class Symref:
    """A reference to a function of the module: `@name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Dict:
    """A dictionary attribute (composite attributes, backend configuration), entries sorted by key."""

    items: "tuple[tuple[str, Attr], ...]"

    def get(self, key: str) -> "Attr":
        """The entry, or None."""
        return dict(self.items).get(key)


Record = DotDims | ConvDims | GatherDims | ScatterDims
Attr = (
    None
    | bool
    | int
    | float
    | str
    | DType
    | Expr
    | Tensor
    | Symref
    | Dict
    | DotDims
    | ConvDims
    | GatherDims
    | ScatterDims
    | Type
    | tuple["Attr", ...]
)


def attr_symbols(a: Attr) -> dict[str, Symbol]:
    """Every symbol that an attribute mentions, by name."""
    match a:
        case Expr():
            return symbols(a)
        case tuple():
            return {name: s for part in a for name, s in attr_symbols(part).items()}
        case TensorType() | TupleType() | SequenceType() | OptionalType() | MapType():
            return type_symbols(a)
        case _:
            return {}
