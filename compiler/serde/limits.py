"""Bounds of the format itself; what a user may set is in `proto/limits.py`."""

from ...proto.limits import DEFAULT

VERSION = 2  # of the schema; graph.proto tells when it changes
# What an older reader would not understand: host types, and operations that define symbols.
FIRST_VERSION = 1

INLINE_BYTES = 64  # contents of constants up to this size sit in the message

REGION_DEPTH = DEFAULT.nesting  # what is written can be read
ATTR_DEPTH = 16
VALUES = 4_000_000
ENTRIES = 1_000_000  # of a table: nodes, locations, types, …
TUPLE_LEAVES = 4096

DIM_WORK = 10_000_000  # steps of symbolic arithmetic per file
DIM_TEXT = 4096
BOUND_TERMS = 8
BOUND_DEPTH = 4

INT64 = range(-(1 << 63), 1 << 63)
