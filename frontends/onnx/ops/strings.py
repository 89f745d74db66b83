"""Operators on strings."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import cast, const
from ....proto.dtypes import DType
from .. import build, codes, host
from ..node import NodeView
from ..registry import handles


@handles("StringNormalizer", strings=True)
def string_normalizer(node: NodeView, x: Value) -> Value:
    """Without stop words, in another case."""
    sensitive, words = node.int("is_case_sensitive", 0) != 0, list(node.strings("stopwords", ()))
    return host.call1("string_normalize", x, case=node.string("case_change_action", "NONE"), stopwords=words, case_sensitive=sensitive)


@handles("StringConcat", strings=True)
def string_concat(node: NodeView, x: Value, y: Value) -> Value:
    """x followed by y, element by element, broadcast together."""
    if x.shape != y.shape:
        numbers, pool = codes.encode(x, y)
        spread = zip((x, y), numbers, build.together(*numbers), strict=True)
        x, y = (text if new is old else codes.decode(new, pool) for text, old, new in spread)
    return host.call1("string_concat", x, y)


@handles("StringSplit", strings=True)
def string_split(node: NodeView, x: Value) -> tuple[Value, ...]:
    """The parts in a new last dim, padded with empty strings, and how many they are."""
    delimiter, most = node.string("delimiter", ""), node.int("maxsplit", -1)
    return host.call("string_split", x, delimiter=delimiter, maxsplit=most)


@handles("RegexFullMatch", strings=True)
def regex_full_match(node: NodeView, x: Value) -> Value:
    """Whether strings match a pattern of RE2's syntax as a whole."""
    return host.call1("string_match", x, pattern=node.string("pattern"))


def parsed(x: Value, dtype: DType, *, blank: bool = False) -> Value:
    """Strings read as numbers: floats as f64 first, integers as the widest of their sign. `blank`: the empty string is 0."""
    widest = "i1" if dtype.is_bool else "f64" if not dtype.is_int else "i64" if dtype.is_signed else "ui64"
    return cast(host.call1("string_parse", x, dtype=widest, blank=blank), dtype)


def formatted(x: Value) -> Value:
    """Numbers written as strings, the shortest that read back as the same number of their type."""
    return host.call1("string_format", x)


def positions(x: Value, keys: Sequence[str]) -> Value:
    """Where each string is in a list, as i64: the last place if there are several, -1 if there is none."""
    return host.call1("string_find", x, const(np.array([*keys], object)))
