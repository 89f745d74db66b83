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
    __slots__ = ("name", "lo", "hi")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LO_FIELD_NUMBER: _ClassVar[int]
    HI_FIELD_NUMBER: _ClassVar[int]
    name: str
    lo: Dim
    hi: Dim
    def __init__(self, name: _Optional[str] = ..., lo: _Optional[_Union[Dim, _Mapping]] = ..., hi: _Optional[_Union[Dim, _Mapping]] = ...) -> None: ...

class TensorType(_message.Message):
    __slots__ = ("dtype", "dims")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    dtype: int
    dims: _containers.RepeatedCompositeFieldContainer[Dim]
    def __init__(self, dtype: _Optional[int] = ..., dims: _Optional[_Iterable[_Union[Dim, _Mapping]]] = ...) -> None: ...

class TupleType(_message.Message):
    __slots__ = ("types",)
    TYPES_FIELD_NUMBER: _ClassVar[int]
    types: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, types: _Optional[_Iterable[int]] = ...) -> None: ...

class MapType(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: int
    value: int
    def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...

class Type(_message.Message):
    __slots__ = ("tensor", "token", "tuple", "sequence", "optional", "map", "unranked")
    class Token(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    TUPLE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    UNRANKED_FIELD_NUMBER: _ClassVar[int]
    tensor: TensorType
    token: Type.Token
    tuple: TupleType
    sequence: int
    optional: int
    map: MapType
    unranked: int
    def __init__(self, tensor: _Optional[_Union[TensorType, _Mapping]] = ..., token: _Optional[_Union[Type.Token, _Mapping]] = ..., tuple: _Optional[_Union[TupleType, _Mapping]] = ..., sequence: _Optional[int] = ..., optional: _Optional[int] = ..., map: _Optional[_Union[MapType, _Mapping]] = ..., unranked: _Optional[int] = ...) -> None: ...

class Loc(_message.Message):
    __slots__ = ("file", "name", "line", "column", "parts")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    file: int
    name: str
    line: int
    column: int
    parts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, file: _Optional[int] = ..., name: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., parts: _Optional[_Iterable[int]] = ...) -> None: ...

class Tensor(_message.Message):
    __slots__ = ("dtype", "shape", "name", "data", "offset", "strings")
    class Strings(_message.Message):
        __slots__ = ("values",)
        VALUES_FIELD_NUMBER: _ClassVar[int]
        values: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    STRINGS_FIELD_NUMBER: _ClassVar[int]
    dtype: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    name: str
    data: bytes
    offset: int
    strings: Tensor.Strings
    def __init__(self, dtype: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ..., name: _Optional[str] = ..., data: _Optional[bytes] = ..., offset: _Optional[int] = ..., strings: _Optional[_Union[Tensor.Strings, _Mapping]] = ...) -> None: ...

class Attr(_message.Message):
    __slots__ = ("none", "flag", "integer", "unsigned", "real", "text", "dtype", "dim", "tensor", "symref", "type", "ints", "list", "dict", "record")
    class Ints(_message.Message):
        __slots__ = ("values",)
        VALUES_FIELD_NUMBER: _ClassVar[int]
        values: _containers.RepeatedScalarFieldContainer[int]
        def __init__(self, values: _Optional[_Iterable[int]] = ...) -> None: ...
    class List(_message.Message):
        __slots__ = ("items",)
        ITEMS_FIELD_NUMBER: _ClassVar[int]
        items: _containers.RepeatedCompositeFieldContainer[Attr]
        def __init__(self, items: _Optional[_Iterable[_Union[Attr, _Mapping]]] = ...) -> None: ...
    class Dict(_message.Message):
        __slots__ = ("entries",)
        ENTRIES_FIELD_NUMBER: _ClassVar[int]
        entries: _containers.RepeatedCompositeFieldContainer[Entry]
        def __init__(self, entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ...) -> None: ...
    class Record(_message.Message):
        __slots__ = ("kind", "fields")
        KIND_FIELD_NUMBER: _ClassVar[int]
        FIELDS_FIELD_NUMBER: _ClassVar[int]
        kind: str
        fields: _containers.RepeatedCompositeFieldContainer[Entry]
        def __init__(self, kind: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ...) -> None: ...
    NONE_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    UNSIGNED_FIELD_NUMBER: _ClassVar[int]
    REAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    SYMREF_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    INTS_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    DICT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    none: bool
    flag: bool
    integer: int
    unsigned: int
    real: int
    text: str
    dtype: int
    dim: Dim
    tensor: int
    symref: str
    type: int
    ints: Attr.Ints
    list: Attr.List
    dict: Attr.Dict
    record: Attr.Record
    def __init__(self, none: bool = ..., flag: bool = ..., integer: _Optional[int] = ..., unsigned: _Optional[int] = ..., real: _Optional[int] = ..., text: _Optional[str] = ..., dtype: _Optional[int] = ..., dim: _Optional[_Union[Dim, _Mapping]] = ..., tensor: _Optional[int] = ..., symref: _Optional[str] = ..., type: _Optional[int] = ..., ints: _Optional[_Union[Attr.Ints, _Mapping]] = ..., list: _Optional[_Union[Attr.List, _Mapping]] = ..., dict: _Optional[_Union[Attr.Dict, _Mapping]] = ..., record: _Optional[_Union[Attr.Record, _Mapping]] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: Attr
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Attr, _Mapping]] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("op", "operands", "captures", "attrs", "regions", "types", "names", "loc", "device")
    OP_FIELD_NUMBER: _ClassVar[int]
    OPERANDS_FIELD_NUMBER: _ClassVar[int]
    CAPTURES_FIELD_NUMBER: _ClassVar[int]
    ATTRS_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    LOC_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    op: str
    operands: _containers.RepeatedScalarFieldContainer[int]
    captures: int
    attrs: _containers.RepeatedCompositeFieldContainer[Entry]
    regions: _containers.RepeatedScalarFieldContainer[int]
    types: _containers.RepeatedScalarFieldContainer[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    loc: int
    device: str
    def __init__(self, op: _Optional[str] = ..., operands: _Optional[_Iterable[int]] = ..., captures: _Optional[int] = ..., attrs: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ..., regions: _Optional[_Iterable[int]] = ..., types: _Optional[_Iterable[int]] = ..., names: _Optional[_Iterable[str]] = ..., loc: _Optional[int] = ..., device: _Optional[str] = ...) -> None: ...

class Region(_message.Message):
    __slots__ = ("params", "nodes", "results")
    class Param(_message.Message):
        __slots__ = ("type", "name")
        TYPE_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        type: int
        name: str
        def __init__(self, type: _Optional[int] = ..., name: _Optional[str] = ...) -> None: ...
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    params: _containers.RepeatedCompositeFieldContainer[Region.Param]
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    results: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, params: _Optional[_Iterable[_Union[Region.Param, _Mapping]]] = ..., nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., results: _Optional[_Iterable[int]] = ...) -> None: ...

class Function(_message.Message):
    __slots__ = ("name", "region", "result_names", "public", "aliases", "loc", "device")
    class Alias(_message.Message):
        __slots__ = ("result", "param")
        RESULT_FIELD_NUMBER: _ClassVar[int]
        PARAM_FIELD_NUMBER: _ClassVar[int]
        result: int
        param: int
        def __init__(self, result: _Optional[int] = ..., param: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    RESULT_NAMES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    LOC_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    region: int
    result_names: _containers.RepeatedScalarFieldContainer[str]
    public: bool
    aliases: _containers.RepeatedCompositeFieldContainer[Function.Alias]
    loc: int
    device: str
    def __init__(self, name: _Optional[str] = ..., region: _Optional[int] = ..., result_names: _Optional[_Iterable[str]] = ..., public: bool = ..., aliases: _Optional[_Iterable[_Union[Function.Alias, _Mapping]]] = ..., loc: _Optional[int] = ..., device: _Optional[str] = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Graph(_message.Message):
    __slots__ = ("version", "min_reader", "producer", "name", "meta", "symbols", "types", "files", "locs", "tensors", "regions", "functions")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    LOCS_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    version: int
    min_reader: int
    producer: str
    name: str
    meta: _containers.RepeatedCompositeFieldContainer[Fact]
    symbols: _containers.RepeatedCompositeFieldContainer[Symbol]
    types: _containers.RepeatedCompositeFieldContainer[Type]
    files: _containers.RepeatedScalarFieldContainer[str]
    locs: _containers.RepeatedCompositeFieldContainer[Loc]
    tensors: _containers.RepeatedCompositeFieldContainer[Tensor]
    regions: _containers.RepeatedCompositeFieldContainer[Region]
    functions: _containers.RepeatedCompositeFieldContainer[Function]
    def __init__(self, version: _Optional[int] = ..., min_reader: _Optional[int] = ..., producer: _Optional[str] = ..., name: _Optional[str] = ..., meta: _Optional[_Iterable[_Union[Fact, _Mapping]]] = ..., symbols: _Optional[_Iterable[_Union[Symbol, _Mapping]]] = ..., types: _Optional[_Iterable[_Union[Type, _Mapping]]] = ..., files: _Optional[_Iterable[str]] = ..., locs: _Optional[_Iterable[_Union[Loc, _Mapping]]] = ..., tensors: _Optional[_Iterable[_Union[Tensor, _Mapping]]] = ..., regions: _Optional[_Iterable[_Union[Region, _Mapping]]] = ..., functions: _Optional[_Iterable[_Union[Function, _Mapping]]] = ...) -> None: ...
