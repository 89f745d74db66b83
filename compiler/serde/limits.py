"""What a graph file may ask for, so that a small hostile file cannot cost gigabytes or hours. No real model comes near."""

VERSION = 1  # of the schema; graph.proto tells when it changes

INLINE_BYTES = 64  # contents of constants up to this size sit in the message

REGION_DEPTH = 64  # the IR is walked recursively
ATTR_DEPTH = 16
RANK = 64  # numpy's own limit
VALUES = 4_000_000
ENTRIES = 1_000_000  # of a table: nodes, locations, types, …
TUPLE_LEAVES = 4096
ARRAY_BYTES = 1 << 62

DIM_WORK = 10_000_000  # steps of symbolic arithmetic per file
DIM_TERMS = 256
DIM_CALLS = 16  # nesting of floordiv, mod, min, max
DIM_TEXT = 4096
BOUND_TERMS = 8
BOUND_DEPTH = 4

INT64 = range(-(1 << 63), 1 << 63)
