"""Operators of ai.onnx.ml that prepare features."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..build import elementwise, op
from ..node import NodeView
from ..registry import handles
from . import strings
from .ml_scores import label_at

ML = "ai.onnx.ml"


@handles("ArrayFeatureExtractor", domain=ML)
def array_feature_extractor(node: NodeView, x: Value, indices: Value) -> Value:
    """The elements of the last axis at these positions."""
    node.check(len(x.shape) > 0, "shape", f"`ArrayFeatureExtractor` of {x.type}")
    flat = reshape_to(indices, (indices.tensor.size,))
    known = node.known(flat)
    matrix = x if len(x.shape) > 1 else build.unsqueeze(x, [0])
    axis = len(matrix.shape) - 1
    if known is not None and all(isinstance(i, int) for i in known):
        pieces = [build.slice_axis(matrix, axis, i, i + 1) for i in known]
        return build.concatenate(pieces, axis)
    return build.take(matrix, flat, axis)


@handles("Scaler", domain=ML)
def scaler(node: NodeView, x: Value) -> Value:
    """(x - offset)·scale."""
    y = cast(x, dtypes.F32)
    lengths = {len(node.floats(name)) for name in ("offset", "scale")}
    node.check(len(y.shape) > 0 and lengths <= {1, y.shape[-1]}, "shape", f"offset and scale do not fit {x.type}")
    offset, scale = (const(np.array(node.floats(name), np.float32)) for name in ("offset", "scale"))
    return elementwise("multiply", elementwise("subtract", y, offset), scale)


@handles("Binarizer", domain=ML)
def binarizer(node: NodeView, x: Value) -> Value:
    """1 where x > threshold, else 0."""
    wide = x if x.dtype.is_float else cast(x, dtypes.F64)
    return cast(build.compare("GT", wide, helpers.full_like(wide, node.float("threshold", 0.0))), x.dtype)


@handles("Imputer", domain=ML)
def imputer(node: NodeView, x: Value) -> Value:
    """What equals the value to be replaced, or is NaN where that is, becomes a value of its column, or the only one there is."""
    if x.dtype.is_float:
        values, replaced = node.floats("imputed_value_floats"), node.float("replaced_value_float", 0.0)
    else:
        values, replaced = node.ints("imputed_value_int64s"), node.int("replaced_value_int64", 0)
    node.check(len(x.shape) > 0 and len(values) in (1, x.shape[-1]), "shape", f"{len(values)} values do not fit {x.type}")
    missing = build.compare("NE", x, x) if np.isnan(replaced) else build.compare("EQ", x, helpers.full_like(x, replaced))
    return build.select(missing, const(np.array(values), x.dtype), x)


@handles("FeatureVectorizer", domain=ML)
def feature_vectorizer(node: NodeView, *xs: Value) -> Value:
    """The columns of the inputs side by side as f32, of each as many as `inputdimensions` says, zeros for those it lacks."""
    widths = node.ints("inputdimensions", ())
    parts: list[Value] = []
    for i, x in enumerate(xs):
        rows = build.unsqueeze(x, [1]) if len(x.shape) == 1 else x
        node.check_rank(rows, 2)
        have = rows.shape[1]
        want = widths[i] if i < len(widths) else have
        if have != want:
            node.check(isinstance(have, int) and want >= 0, "shape", f"`inputdimensions` asks for {want} columns of {x.type}")
            rows = build.slice_axis(rows, 1, 0, want) if want < have else build.pad(rows, [0, 0], [0, want - have])
        parts.append(cast(rows, dtypes.F32))
    return build.concatenate(parts, 1)


@handles("OneHotEncoder", domain=ML, strings=True)
def one_hot_encoder(node: NodeView, x: Value) -> Value:
    """1 in the place of the category along a new last axis, 0 elsewhere; what is no category gives zeros."""
    names, numbers = node.strings("cats_strings", ()), node.ints("cats_int64s", ())
    text = x.dtype is dtypes.STRING
    node.check(bool(names if text else numbers), "attribute", f"`OneHotEncoder` has no categories for {x.type}")
    categories = const(np.arange(len(names)) if text else np.array(numbers, np.int64))
    values = strings.positions(x, names) if text else cast(x, dtypes.I64)
    return cast(build.compare("EQ", build.unsqueeze(values, [len(x.shape)]), categories), dtypes.F32)


@handles("LabelEncoder", since=2, domain=ML, strings=True)
def label_encoder(node: NodeView, x: Value) -> Value:
    """The value of each key, the default for what is none. Of equal keys the last counts; a NaN is a key like others."""
    keys, _ = _column(node, "keys")
    values, default = _column(node, "values")
    node.check(len(keys) == len(values), "attribute", f"{len(keys)} keys and {len(values)} values")
    whole = np.array([*values.tolist(), default], values.dtype)
    if keys.dtype == object:
        found = strings.positions(x, keys.tolist())
        return label_at(op("add", found, helpers.full_like(found, 1)), np.roll(whole, 1))
    table = dict(zip(keys.tolist(), range(len(keys)), strict=True))
    nan = [k for k in table if k != k]
    order = sorted(k for k in table if k == k)
    place = _search(cast(x, dtypes.from_numpy(keys.dtype)), np.array(order, keys.dtype), [table[k] for k in order], len(keys))
    if nan:
        place = build.select(build.compare("NE", x, x), helpers.full_like(place, table[nan[-1]]), place)
    return label_at(place, whole)


def _column(node: NodeView, name: str) -> tuple[np.ndarray, object]:
    """The keys or values of a `LabelEncoder`, and the default of their type."""
    if node.has(f"{name}_tensor"):
        default = node.tensor("default_tensor") if node.has("default_tensor") else None
        column = node.tensor(f"{name}_tensor").reshape(-1)
        missing = "_Unused" if column.dtype == object else -1 if column.dtype.kind in "iu" else -0.0
        return column, missing if default is None or default.size != 1 else default.reshape(-1)[0]
    if node.has(f"{name}_strings"):
        return np.array(node.strings(f"{name}_strings"), object), node.string("default_string", "_Unused")
    if node.has(f"{name}_floats"):
        return np.array(node.floats(f"{name}_floats"), np.float32), node.float("default_float", -0.0)
    return np.array(node.ints(f"{name}_int64s"), np.int64), node.int("default_int64", -1)


def _search(x: Value, keys: np.ndarray, places: Sequence[int], other: int) -> Value:
    """places[i] where x is keys[i], which are sorted, else `other`: by bisection."""
    if not len(keys):
        return helpers.splat(other, x.tensor.with_dtype(dtypes.I64))
    table = const(keys)
    count = helpers.splat(0, x.tensor.with_dtype(dtypes.I64))  # of keys that are not greater than x, as far as known
    step = 1 << len(keys).bit_length() - 1
    while step:
        more = op("add", count, helpers.full_like(count, step))
        last = build.take(table, op("subtract", more, helpers.full_like(more, 1)), 0)
        fits = op("and", build.compare("LE", more, helpers.full_like(more, len(keys))), build.compare("LE", last, x))
        count, step = build.select(fits, more, count), step // 2
    at = op("maximum", op("subtract", count, helpers.full_like(count, 1)), helpers.full_like(count, 0))
    found = build.compare("EQ", build.take(table, at, 0), x)
    return build.select(found, build.take(const(np.array(places, np.int64)), at, 0), helpers.full_like(at, other))


@handles("Normalizer", domain=ML)
def normalizer(node: NodeView, x: Value) -> Value:
    """Rows divided by their norm."""
    y = cast(x, dtypes.F32)
    last = (node.axis(-1, len(y.shape)),)
    match node.string("norm", "MAX"):
        case "MAX":
            norm = build.reduce(y, "max", last, keep=True)
        case "L1":
            norm = build.reduce(op("abs", y), "add", last, keep=True)
        case _:
            norm = op("sqrt", build.reduce(op("multiply", y, y), "add", last, keep=True))
    safe = build.select(build.compare("EQ", norm, helpers.full_like(norm, 0)), helpers.full_like(norm, 1), norm)
    return elementwise("divide", y, safe)
