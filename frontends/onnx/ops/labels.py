"""ai.onnx.ml operators that turn integers into strings and strings into integers."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const, reshape_to
from ....proto import dtypes
from .. import build, codes
from ..build import op
from ..node import NodeView
from ..registry import handles
from . import strings

ML = "ai.onnx.ml"


@handles("CategoryMapper", domain=ML, strings=True)
def category_mapper(node: NodeView, x: Value) -> Value:
    """Pairs of strings and integers, read in the direction that the operand asks for; the default for what is in no pair."""
    texts, numbers = node.strings("cats_strings"), node.ints("cats_int64s")
    node.check(len(texts) == len(numbers), "attribute", f"{len(texts)} strings and {len(numbers)} integers")
    return _mapped(node, x, texts, numbers)


@handles("LabelEncoder", domain=ML, strings=True)
def label_encoder(node: NodeView, x: Value) -> Value:
    """A list of strings and their places in it; the default for what is no string of it, or no place."""
    texts = node.strings("classes_strings", ())
    return _mapped(node, x, texts, range(len(texts)))


def _mapped(node: NodeView, x: Value, texts: Sequence[str], numbers: Sequence[int]) -> Value:
    """Entry 0 of the tables is for what is not found."""
    if codes.is_string(x):
        found = strings.positions(x, texts)
        table = const(np.array([node.int("default_int64", -1), *numbers], np.int64))
        return build.take(table, op("add", found, helpers.full_like(found, 1)), 0)
    place = place_of(x, numbers)
    return codes.labels_of(op("add", place, helpers.full_like(place, 1)), [node.string("default_string", "_Unused"), *texts])


def place_of(x: Value, keys: Sequence[int]) -> Value:
    """Where each integer is in a list, as i64: the last place if there are several, -1 if there is none."""
    if not keys:
        return helpers.splat(-1, x.tensor.with_dtype(dtypes.I64))
    rank, count = len(x.shape), len(keys)
    hit = build.compare("EQ", reshape_to(x, (*x.shape, 1)), const(np.array(keys, np.int64), x.dtype))
    places = helpers.broadcast(const(np.arange(count, dtype=np.int64)), hit.shape, [rank])
    return build.reduce(build.select(hit, places, helpers.full_like(places, -1)), "max", [rank])
