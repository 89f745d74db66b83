"""ai.onnx.ml operators on maps."""

from ....compiler.ir.graph import Value
from ....compiler.ir.types import MapType, TensorType
from ....compiler.ops.helpers import cast
from ....proto import dtypes
from .. import build, codes, host
from ..node import NodeView
from ..registry import handles
from . import strings

ML = "ai.onnx.ml"


def _keys(node: NodeView, integers: str, texts: str) -> list[int] | list[str]:
    """The one of two attributes that is given."""
    node.check(node.has(integers) != node.has(texts), "attribute", f"`{node.op_type}` needs one of `{integers}` and `{texts}`")
    return list(node.ints(integers)) if node.has(integers) else list(node.strings(texts))


@handles("ZipMap", domain=ML)
def zip_map(node: NodeView, scores: Value) -> Value:
    """A map from class labels to scores for each row."""
    keys = _keys(node, "classlabels_int64s", "classlabels_strings")
    return host.call1("map_rows", scores, keys=keys)


@handles("DictVectorizer", domain=ML, host=True)
def dict_vectorizer(node: NodeView, x: Value) -> Value:
    """The values of a map at the keys of the vocabulary, 0 where it has none."""
    return host.call1("map_values", x, keys=_keys(node, "int64_vocabulary", "string_vocabulary"), dtype=_dtype(x).name)


def _dtype(x: Value) -> dtypes.DType:
    """The type of the scalars in a map."""
    assert isinstance(x.type, MapType) and isinstance(x.type.value, TensorType)
    return x.type.value.dtype


@handles("CastMap", domain=ML, host=True)
def cast_map(node: NodeView, x: Value) -> Value:
    """The values of a map as a matrix of one row: all of them by ascending key, or (SPARSE) with each at the place that is its key."""
    match node.string("map_form", "DENSE"):
        case "DENSE":
            values = host.call1("map_sorted", x, dtype=_dtype(x).name)
        case "SPARSE":
            length = node.int("max_map", 1)
            node.check(length >= 0, "attribute", f"`max_map` is {length}")
            node.check_limit("table_elements", length, f"asks for a tensor of {length} elements")
            values = host.call1("map_spread", x, length=length, dtype=_dtype(x).name)
        case form:
            raise node.error("attribute", f"`map_form` is {form!r}")
    return _row(node, values)


def _row(node: NodeView, values: Value) -> Value:
    """Values of a map as a matrix of one row, in the type that `cast_to` names."""
    targets = {"TO_FLOAT": dtypes.F32, "TO_INT64": dtypes.I64, "TO_STRING": dtypes.STRING}
    name = node.string("cast_to", "TO_FLOAT")
    node.check(name in targets, "attribute", f"`cast_to` is {name!r}")
    target = targets[name]
    if codes.is_string(values):
        (number,), pool = codes.encode(values)
        row = codes.decode(build.unsqueeze(number, [0]), pool)
        return row if target is dtypes.STRING else strings.parsed(row, target, blank=True)
    row = build.unsqueeze(values, [0])
    return strings.formatted(row) if target is dtypes.STRING else cast(row, target)
