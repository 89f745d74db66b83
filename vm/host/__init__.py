"""Host calls: the closed list of functions a program may have computed in Python, by numpy.

They exist where a native kernel would be a library of its own (LAPACK, FFT) and for values that kernels do not know: strings,
sequences, optionals, maps. A program lists the ones it uses and the loader checks that they exist; a name never stands for anything
outside this table. The reference evaluators of the same ops call them too. How to add one: docs/add-a-host-function.md.
"""

from ...proto.value_types import (
    ANY,
    AnyType,
    ArrayType,
    MapType,
    OptionalType,
    SequenceType,
    Shape,
    UnrankedType,
    ValueType,
    compatible,
)
from .table import Attributes, HostFunction, find, host, lookup, parse_attributes, table

__all__ = [
    "ANY",
    "AnyType",
    "ArrayType",
    "Attributes",
    "HostFunction",
    "MapType",
    "OptionalType",
    "SequenceType",
    "Shape",
    "UnrankedType",
    "ValueType",
    "compatible",
    "find",
    "host",
    "lookup",
    "parse_attributes",
    "table",
]
