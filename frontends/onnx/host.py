"""Building calls of host functions, which take and give values that no kernel knows: strings, sequences, optionals, maps."""

import json
from collections.abc import Sequence

from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Value
from ...compiler.ir.types import ANY_DIM, MapType, OptionalType, SequenceType, TensorType, Type, UnrankedTensorType
from ...compiler.ops.call import value_type
from ...compiler.ops.registry import op_of
from ...proto import value_types
from ...proto.errors import fail
from ...proto.value_types import AnyType, ArrayType, UnrankedType, ValueType
from ...vm.host import lookup
from .symbols import fresh


def call(name: str, *operands: Value, **attributes: object) -> tuple[Value, ...]:
    """The results of a host function, of the types it promises; sizes it does not know become symbols."""
    try:
        promised = lookup(name).results(attributes, *(value_type(v.type) for v in operands))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise fail("onnx.type", str(error)) from error
    return declared(name, [type_of(t) for t in promised], *operands, **attributes)


def call1(name: str, *operands: Value, **attributes: object) -> Value:
    """The one result of a host function."""
    (result,) = call(name, *operands, **attributes)
    return result


def declared(name: str, results: Sequence[Type], *operands: Value, **attributes: object) -> tuple[Value, ...]:
    """The results of a host function, of these types. Dims of tensors that are `ANY_DIM` become symbols that the call defines."""
    symbols: list[Dim] = []

    def named(d: Dim) -> Dim:
        if d != ANY_DIM:
            return d
        symbols.append(fresh())
        return symbols[-1]

    types = tuple(t.with_shape(tuple(map(named, t.shape))) if isinstance(t, TensorType) else t for t in results)
    config = json.dumps(attributes, sort_keys=True) if attributes else ""
    built = op_of("custom_call")(*operands, call_target_name=name, backend_config=config, symbols=tuple(symbols), result=types)
    return built if isinstance(built, tuple) else (built,)


def type_of(t: ValueType) -> Type:
    """A type of the IR; sizes that are not known are `ANY_DIM`."""
    match t:
        case ArrayType(dtype, shape):
            return TensorType(dtype, tuple(ANY_DIM if d is None else d for d in shape))
        case UnrankedType(dtype):
            return UnrankedTensorType(dtype)
        case value_types.SequenceType(element):
            return SequenceType(type_of(element))
        case value_types.OptionalType(element):
            return OptionalType(type_of(element))
        case value_types.MapType(key, value):
            return MapType(key, type_of(value))
        case AnyType():
            raise TypeError("the type of what is not there must be given")


def target(x: Value) -> str:
    """The name of the host function that gives the value, "" if none does."""
    if x.node is None or x.node.op != "custom_call":
        return ""
    return str(x.node.attrs["call_target_name"])
