"""ONNX's types and those of the IR."""

from collections.abc import Callable

import onnx
from onnx import TensorProto

from ...compiler.ir.bounds import check_type
from ...compiler.ir.dims import Dim
from ...compiler.ir.types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, Type, UnrankedTensorType
from ...proto.dtypes import STRING
from ...proto.errors import Loc, fail
from .reader import NUMBERS, Reader

DimOf = Callable[[onnx.TensorShapeProto.Dimension, int], Dim]
_DEEPEST = 8


def type_of(info: onnx.TypeProto, reader: Reader, loc: Loc, dim: DimOf | None = None, depth: int = 0) -> Type:
    """The type of an input, an output or an attribute; WeftError `onnx.type`, `onnx.dtype`.

    `dim(proto, axis)` makes a dim of one that is not a number. Without it, as inside sequences, optionals and maps, such a dim is of any
    size, and a tensor may be of any rank.
    """
    if depth > _DEEPEST:
        raise fail("onnx.type", f"a type is nested more than {_DEEPEST} deep", loc=loc)
    match info.WhichOneof("value"):
        case "tensor_type":
            return _tensor(info.tensor_type, reader, loc, dim)
        case "sequence_type":
            return SequenceType(type_of(info.sequence_type.elem_type, reader, loc, None, depth + 1))
        case "optional_type":
            return OptionalType(type_of(info.optional_type.elem_type, reader, loc, None, depth + 1))
        case "map_type":
            key = reader.dtype(info.map_type.key_type, loc)
            if key is not STRING and not key.is_int:
                raise fail("onnx.type", f"the keys of a map cannot be {key}", loc=loc)
            value = type_of(info.map_type.value_type, reader, loc, None, depth + 1)
            # ONNX writes maps to scalars as maps to tensors without a shape.
            return MapType(key, TensorType(value.dtype, ()) if isinstance(value, UnrankedTensorType) else value)
        case kind:
            raise fail("onnx.type", f"values of type {kind} are not supported", loc=loc)


def _tensor(t: onnx.TypeProto.Tensor, reader: Reader, loc: Loc, dim: DimOf | None) -> TensorType | UnrankedTensorType:
    dtype = reader.dtype(t.elem_type, loc)
    if not t.HasField("shape"):
        if dim is None:
            return UnrankedTensorType(dtype)
        raise fail("onnx.type", "an input must have a shape", loc=loc, help="run onnx.shape_inference, or export with shapes")

    def one(d: onnx.TensorShapeProto.Dimension, axis: int) -> Dim:
        if d.WhichOneof("value") == "dim_value":
            return d.dim_value
        return ANY_DIM if dim is None else dim(d, axis)

    dims = tuple(one(d, i) for i, d in enumerate(t.shape.dim))
    if any(isinstance(d, int) and d < 0 for d in dims):
        raise fail("onnx.type", f"no tensor can have the shape {dims}", loc=loc)
    found = TensorType(dtype, dims)
    check_type(found, reader.limits, "onnx.type", loc)
    return found


def type_name(t: Type) -> str:
    """The type as ONNX's schemas write it: `seq(tensor(float))`; "" if ONNX has no such type."""
    match t:
        case TensorType(dtype) | UnrankedTensorType(dtype):
            number = NUMBERS.get(dtype.name)
            return "" if number is None else f"tensor({_scalar_name(number)})"
        case SequenceType(element):
            return f"seq({type_name(element)})"
        case OptionalType(element):
            return f"optional({type_name(element)})"
        case MapType(key, TensorType(dtype, ())):
            return f"map({_scalar_name(NUMBERS[key.name])}, {_scalar_name(NUMBERS[dtype.name])})"
        case _:
            return ""


def _scalar_name(number: int) -> str:
    return TensorProto.DataType.Name(number).lower()


def type_proto(t: Type) -> onnx.TypeProto:
    """The type as ONNX stores it; symbolic dims by their text."""
    match t:
        case TensorType(dtype, shape):
            dims = [None if d == ANY_DIM else d if isinstance(d, int) else str(d) for d in shape]
            return onnx.helper.make_tensor_type_proto(NUMBERS[dtype.name], dims)
        case UnrankedTensorType(dtype):
            return onnx.helper.make_tensor_type_proto(NUMBERS[dtype.name], None)
        case SequenceType(element):
            return onnx.helper.make_sequence_type_proto(type_proto(element))
        case OptionalType(element):
            return onnx.helper.make_optional_type_proto(type_proto(element))
        case MapType(key, value):
            return onnx.helper.make_map_type_proto(NUMBERS[key.name], type_proto(value))
        case _:
            return onnx.TypeProto()
