from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Dim(_message.Message):
    __slots__ = ("size", "expr")
    class Op(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONST: _ClassVar[Dim.Op]
        SYMBOL: _ClassVar[Dim.Op]
        ADD: _ClassVar[Dim.Op]
        MUL: _ClassVar[Dim.Op]
        FLOORDIV: _ClassVar[Dim.Op]
        MOD: _ClassVar[Dim.Op]
        MIN: _ClassVar[Dim.Op]
        MAX: _ClassVar[Dim.Op]
    CONST: Dim.Op
    SYMBOL: Dim.Op
    ADD: Dim.Op
    MUL: Dim.Op
    FLOORDIV: Dim.Op
    MOD: Dim.Op
    MIN: Dim.Op
    MAX: Dim.Op
    class Step(_message.Message):
        __slots__ = ("op", "value")
        OP_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        op: Dim.Op
        value: int
        def __init__(self, op: _Optional[_Union[Dim.Op, str]] = ..., value: _Optional[int] = ...) -> None: ...
    class Expr(_message.Message):
        __slots__ = ("steps",)
        STEPS_FIELD_NUMBER: _ClassVar[int]
        steps: _containers.RepeatedCompositeFieldContainer[Dim.Step]
        def __init__(self, steps: _Optional[_Iterable[_Union[Dim.Step, _Mapping]]] = ...) -> None: ...
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EXPR_FIELD_NUMBER: _ClassVar[int]
    size: int
    expr: Dim.Expr
    def __init__(self, size: _Optional[int] = ..., expr: _Optional[_Union[Dim.Expr, _Mapping]] = ...) -> None: ...

class Symbol(_message.Message):
    __slots__ = ("name", "min", "max")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    name: str
    min: int
    max: int
    def __init__(self, name: _Optional[str] = ..., min: _Optional[int] = ..., max: _Optional[int] = ...) -> None: ...

class TensorType(_message.Message):
    __slots__ = ("dtype", "dims")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    dtype: int
    dims: _containers.RepeatedCompositeFieldContainer[Dim]
    def __init__(self, dtype: _Optional[int] = ..., dims: _Optional[_Iterable[_Union[Dim, _Mapping]]] = ...) -> None: ...
