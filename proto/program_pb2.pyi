from . import graph_pb2 as _graph_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Program(_message.Message):
    __slots__ = ("version", "min_reader", "producer", "images", "kernels", "constants", "functions", "host_calls", "locs", "drivers", "devices")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MIN_READER_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    KERNELS_FIELD_NUMBER: _ClassVar[int]
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    HOST_CALLS_FIELD_NUMBER: _ClassVar[int]
    LOCS_FIELD_NUMBER: _ClassVar[int]
    DRIVERS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    version: int
    min_reader: int
    producer: str
    images: _containers.RepeatedCompositeFieldContainer[Image]
    kernels: _containers.RepeatedCompositeFieldContainer[Kernel]
    constants: _containers.RepeatedCompositeFieldContainer[Constant]
    functions: _containers.RepeatedCompositeFieldContainer[Function]
    host_calls: _containers.RepeatedCompositeFieldContainer[HostCall]
    locs: _containers.RepeatedCompositeFieldContainer[Loc]
    drivers: _containers.RepeatedCompositeFieldContainer[Driver]
    devices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[int] = ..., min_reader: _Optional[int] = ..., producer: _Optional[str] = ..., images: _Optional[_Iterable[_Union[Image, _Mapping]]] = ..., kernels: _Optional[_Iterable[_Union[Kernel, _Mapping]]] = ..., constants: _Optional[_Iterable[_Union[Constant, _Mapping]]] = ..., functions: _Optional[_Iterable[_Union[Function, _Mapping]]] = ..., host_calls: _Optional[_Iterable[_Union[HostCall, _Mapping]]] = ..., locs: _Optional[_Iterable[_Union[Loc, _Mapping]]] = ..., drivers: _Optional[_Iterable[_Union[Driver, _Mapping]]] = ..., devices: _Optional[_Iterable[str]] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("level", "arch", "features", "runtime_abi", "runtime", "kernel_offsets")
    class RuntimeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    ARCH_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_ABI_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    KERNEL_OFFSETS_FIELD_NUMBER: _ClassVar[int]
    level: str
    arch: str
    features: _containers.RepeatedScalarFieldContainer[str]
    runtime_abi: int
    runtime: _containers.ScalarMap[str, int]
    kernel_offsets: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, level: _Optional[str] = ..., arch: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., runtime_abi: _Optional[int] = ..., runtime: _Optional[_Mapping[str, int]] = ..., kernel_offsets: _Optional[_Iterable[int]] = ...) -> None: ...

class Kernel(_message.Message):
    __slots__ = ("name", "kind", "description", "params", "symbols", "chunks", "scratch_bytes")
    class Access(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        READ: _ClassVar[Kernel.Access]
        WRITE: _ClassVar[Kernel.Access]
        READWRITE: _ClassVar[Kernel.Access]
    READ: Kernel.Access
    WRITE: Kernel.Access
    READWRITE: Kernel.Access
    class Param(_message.Message):
        __slots__ = ("access", "dtype", "bytes", "align")
        ACCESS_FIELD_NUMBER: _ClassVar[int]
        DTYPE_FIELD_NUMBER: _ClassVar[int]
        BYTES_FIELD_NUMBER: _ClassVar[int]
        ALIGN_FIELD_NUMBER: _ClassVar[int]
        access: Kernel.Access
        dtype: int
        bytes: _graph_pb2.Dim
        align: int
        def __init__(self, access: _Optional[_Union[Kernel.Access, str]] = ..., dtype: _Optional[int] = ..., bytes: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ..., align: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    SCRATCH_BYTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    description: str
    params: _containers.RepeatedCompositeFieldContainer[Kernel.Param]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    chunks: _graph_pb2.Dim
    scratch_bytes: _graph_pb2.Dim
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., description: _Optional[str] = ..., params: _Optional[_Iterable[_Union[Kernel.Param, _Mapping]]] = ..., symbols: _Optional[_Iterable[str]] = ..., chunks: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ..., scratch_bytes: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ...) -> None: ...

class Constant(_message.Message):
    __slots__ = ("name", "type", "offset")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: _graph_pb2.TensorType
    offset: int
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[_graph_pb2.TensorType, _Mapping]] = ..., offset: _Optional[int] = ...) -> None: ...

class HostCall(_message.Message):
    __slots__ = ("name", "attributes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    attributes: str
    def __init__(self, name: _Optional[str] = ..., attributes: _Optional[str] = ...) -> None: ...

class Loc(_message.Message):
    __slots__ = ("file", "name", "line", "column", "parts")
    FILE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    file: str
    name: str
    line: int
    column: int
    parts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, file: _Optional[str] = ..., name: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., parts: _Optional[_Iterable[int]] = ...) -> None: ...

class Port(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: _graph_pb2.TensorType
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[_graph_pb2.TensorType, _Mapping]] = ...) -> None: ...

class Buffer(_message.Message):
    __slots__ = ("kind", "index", "offset", "bytes", "type")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INPUT: _ClassVar[Buffer.Kind]
        OUTPUT: _ClassVar[Buffer.Kind]
        CONSTANT: _ClassVar[Buffer.Kind]
        ARENA: _ClassVar[Buffer.Kind]
        VIEW: _ClassVar[Buffer.Kind]
    INPUT: Buffer.Kind
    OUTPUT: Buffer.Kind
    CONSTANT: Buffer.Kind
    ARENA: Buffer.Kind
    VIEW: Buffer.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    kind: Buffer.Kind
    index: int
    offset: _graph_pb2.Dim
    bytes: _graph_pb2.Dim
    type: _graph_pb2.TensorType
    def __init__(self, kind: _Optional[_Union[Buffer.Kind, str]] = ..., index: _Optional[int] = ..., offset: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ..., bytes: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ..., type: _Optional[_Union[_graph_pb2.TensorType, _Mapping]] = ...) -> None: ...

class ArgList(_message.Message):
    __slots__ = ("buffers", "symbols")
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    buffers: _containers.RepeatedScalarFieldContainer[int]
    symbols: _containers.RepeatedCompositeFieldContainer[_graph_pb2.Dim]
    def __init__(self, buffers: _Optional[_Iterable[int]] = ..., symbols: _Optional[_Iterable[_Union[_graph_pb2.Dim, _Mapping]]] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("input", "output")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    input: int
    output: int
    def __init__(self, input: _Optional[int] = ..., output: _Optional[int] = ...) -> None: ...

class Function(_message.Message):
    __slots__ = ("name", "symbols", "inputs", "outputs", "aliases", "arena_bytes", "buffers", "arg_lists", "code", "locs", "private", "device")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    ARENA_BYTES_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    ARG_LISTS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LOCS_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    symbols: _containers.RepeatedCompositeFieldContainer[_graph_pb2.Symbol]
    inputs: _containers.RepeatedCompositeFieldContainer[Port]
    outputs: _containers.RepeatedCompositeFieldContainer[Port]
    aliases: _containers.RepeatedCompositeFieldContainer[Alias]
    arena_bytes: _graph_pb2.Dim
    buffers: _containers.RepeatedCompositeFieldContainer[Buffer]
    arg_lists: _containers.RepeatedCompositeFieldContainer[ArgList]
    code: bytes
    locs: _containers.RepeatedScalarFieldContainer[int]
    private: bool
    device: int
    def __init__(self, name: _Optional[str] = ..., symbols: _Optional[_Iterable[_Union[_graph_pb2.Symbol, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[Port, _Mapping]]] = ..., aliases: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ..., arena_bytes: _Optional[_Union[_graph_pb2.Dim, _Mapping]] = ..., buffers: _Optional[_Iterable[_Union[Buffer, _Mapping]]] = ..., arg_lists: _Optional[_Iterable[_Union[ArgList, _Mapping]]] = ..., code: _Optional[bytes] = ..., locs: _Optional[_Iterable[int]] = ..., private: bool = ..., device: _Optional[int] = ...) -> None: ...

class ValueType(_message.Message):
    __slots__ = ("tensor", "unranked", "sequence", "optional", "map")
    class Map(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    UNRANKED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    tensor: _graph_pb2.TensorType
    unranked: int
    sequence: int
    optional: int
    map: ValueType.Map
    def __init__(self, tensor: _Optional[_Union[_graph_pb2.TensorType, _Mapping]] = ..., unranked: _Optional[int] = ..., sequence: _Optional[int] = ..., optional: _Optional[int] = ..., map: _Optional[_Union[ValueType.Map, _Mapping]] = ...) -> None: ...

class Driver(_message.Message):
    __slots__ = ("name", "symbols", "types", "registers", "inputs", "outputs", "aliases", "code", "locs", "devices")
    class Port(_message.Message):
        __slots__ = ("name", "register")
        NAME_FIELD_NUMBER: _ClassVar[int]
        REGISTER_FIELD_NUMBER: _ClassVar[int]
        name: str
        register: int
        def __init__(self, name: _Optional[str] = ..., register: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    REGISTERS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LOCS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    symbols: _containers.RepeatedCompositeFieldContainer[_graph_pb2.Symbol]
    types: _containers.RepeatedCompositeFieldContainer[ValueType]
    registers: _containers.RepeatedScalarFieldContainer[int]
    inputs: _containers.RepeatedCompositeFieldContainer[Driver.Port]
    outputs: _containers.RepeatedCompositeFieldContainer[Driver.Port]
    aliases: _containers.RepeatedCompositeFieldContainer[Alias]
    code: bytes
    locs: _containers.RepeatedScalarFieldContainer[int]
    devices: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., symbols: _Optional[_Iterable[_Union[_graph_pb2.Symbol, _Mapping]]] = ..., types: _Optional[_Iterable[_Union[ValueType, _Mapping]]] = ..., registers: _Optional[_Iterable[int]] = ..., inputs: _Optional[_Iterable[_Union[Driver.Port, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[Driver.Port, _Mapping]]] = ..., aliases: _Optional[_Iterable[_Union[Alias, _Mapping]]] = ..., code: _Optional[bytes] = ..., locs: _Optional[_Iterable[int]] = ..., devices: _Optional[_Iterable[int]] = ...) -> None: ...
