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
from . import checks, decompositions, images, lapack, linalg, maps, optionals, random, sequences, strings, values
from .table import TABLE, Attributes, HostFunction, host, lookup, parse_attributes

__all__ = [
    "ANY",
    "TABLE",
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
    "checks",
    "compatible",
    "decompositions",
    "host",
    "images",
    "lapack",
    "linalg",
    "lookup",
    "maps",
    "optionals",
    "parse_attributes",
    "random",
    "sequences",
    "strings",
    "values",
]
