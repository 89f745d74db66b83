"""Handlers and values of host types; operators that only move or compare elements, on strings.

The strings are numbered on the host, by their order, and the operator is imported on the numbers, so that it runs in kernels, whatever
it is; results become strings again on the host. Number 0 is the empty string, ONNX's zero: what an operator pads or fills in.
"""

from collections.abc import Sequence

import numpy as np

from ...compiler.ir.graph import Value
from ...compiler.ir.types import TensorType, UnrankedTensorType, is_host
from ...compiler.ops.helpers import const, splat
from ...proto.dtypes import I64, STRING
from . import host
from .node import NodeView
from .registry import Entry, Handler, Result
from .schema import schema_of

# Of these operators' handlers it is known that they take integers for what they are: names.
_MOVES = {
    *("Concat", "Expand", "Flatten", "Pad", "Reshape", "Shape", "Size", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
    *("Compress", "Gather", "GatherElements", "GatherND", "Scatter", "ScatterElements", "ScatterND", "TensorScatter"),
    *("ArrayFeatureExtractor", "NonZero", "OneHot", "ReverseSequence", "Unique", "Where", "Equal"),
    *("CenterCropPad", "DepthToSpace", "SpaceToDepth", "Trilu"),
}


def is_string(x: Value | None) -> bool:
    """Whether the value is a tensor of strings."""
    return x is not None and isinstance(x.type, TensorType) and x.dtype is STRING


def encode(*xs: Value) -> tuple[list[Value], Value]:
    """Numbers for strings and the vector of strings that they are places in, which begins with the empty string.

    Where all of the strings come from one such vector, nothing is computed.
    """
    pools = {x.node.operands[1] for x in xs if x.node is not None and _is_decoded(x)}
    if len(pools) == 1 and all(map(_is_decoded, xs)) and _is_encoded(pool := next(iter(pools))):
        return [x.node.operands[0] for x in xs if x.node is not None], pool
    *codes, pool = host.call("string_encode", *xs)
    return codes, pool


def decode(codes: Value, pool: Value) -> Value:
    """The strings at these places of a vector of strings."""
    return host.call1("string_decode", codes, pool)


def blank(t: TensorType) -> Value:
    """Empty strings in a shape."""
    return decode(splat(0, t.with_dtype(I64)), const(np.array([""], object)))


def labels_of(indices: Value, strings: Sequence[str]) -> Value:
    """The strings at these places of a list; `indices` are of type i64, in any shape."""
    return decode(indices, const(np.array([*strings], object)))


def _is_decoded(x: Value) -> bool:
    return host.target(x) == "string_decode"


def _is_encoded(pool: Value) -> bool:
    """Whether the vector is one of `encode`'s: sorted, with each string once."""
    return host.target(pool) == "string_encode"


def run(node: NodeView, entry: Entry, inputs: Sequence[Value | None]) -> Result:
    """The results of a handler; one that knows no host types is given numbers for strings. WeftError `onnx.rank`, `onnx.unsupported`."""
    given = [x.type for x in inputs if x is not None]
    if entry.host or not any(map(is_host, given)):
        return entry.handler(node, *inputs)
    for t in given:
        if isinstance(t, UnrankedTensorType):
            help = "declare the shape, of the elements of sequences too; `?` for the size of a dim is enough"
            raise node.error("rank", f"`{node.op_type}` needs a tensor of known rank, got {t}", help)
        if not isinstance(t, TensorType):
            raise node.error("type", f"`{node.op_type}` takes no {t}")
    if entry.strings:
        return entry.handler(node, *inputs)
    resized = node.op_type in ("Resize", "Upsample") and node.string("mode", "nearest") == "nearest"
    combines = node.has("reduction") and node.string("reduction") in ("add", "mul")
    if combines or (node.op_type not in _MOVES and not resized):
        raise node.error("unsupported", f"`{node.op_type}` of strings is not supported")
    return _moved(node, entry.handler, inputs)


def _moved(node: NodeView, handler: Handler, inputs: Sequence[Value | None]) -> Result:
    schema = schema_of(node)
    assert schema is not None  # what has an entry has a schema
    strings = [x for x in inputs if x is not None and is_string(x)]
    codes, pool = encode(*strings)
    numbers = iter(codes)
    results = handler(node, *(next(numbers) if is_string(x) else x for x in inputs))
    formal = [schema.inputs[min(i, len(schema.inputs) - 1)].type_str for i, x in enumerate(inputs) if is_string(x)]

    def restored(i: int, result: Value | None) -> Value | None:
        output = schema.outputs[min(i, len(schema.outputs) - 1)]
        return decode(result, pool) if result is not None and output.type_str in formal else result

    several = results if isinstance(results, tuple) else (results,)
    return tuple(restored(i, r) for i, r in enumerate(several))
