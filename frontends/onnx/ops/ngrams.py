"""`TfIdfVectorizer`: how often n-grams occur."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build, codes
from ..build import op
from ..node import NodeView
from ..registry import handles
from . import strings

_Grams = dict[tuple[int, ...], int]


@handles("TfIdfVectorizer", strings=True)
def tf_idf_vectorizer(node: NodeView, x: Value) -> Value:
    """For each row the number of times that each n-gram of a list occurs, its items up to `max_skip_count` + 1 places apart; weighted."""
    node.check(len(x.shape) <= 2, "shape", f"`TfIdfVectorizer` of {x.type}")
    tokens, pool = _tokens(node, x)
    rows = tokens if len(x.shape) == 2 else reshape_to(tokens, (1, tokens.tensor.size))
    columns = node.ints("ngram_indexes")
    node.check(bool(columns) and min(columns) >= 0, "attribute", "`ngram_indexes` must hold columns of the result")
    width = max(columns) + 1
    node.check_limit("table_elements", width, f"gives rows of {width} elements")
    counts, owners = _counts(node, rows, pool)
    known = all(i < len(columns) for i in owners)
    node.check(known, "attribute", f"`ngram_indexes` has {len(columns)} entries for more n-grams")
    result = _placed(_weighted(node, counts, owners), [columns[i] for i in owners], width)
    return result if len(x.shape) == 2 else reshape_to(result, (width,))


def _tokens(node: NodeView, x: Value) -> tuple[Value, list[int]]:
    """The operand and the pool of n-grams in integers."""
    if codes.is_string(x):
        texts = node.strings("pool_strings")
        places = {text: i for i, text in enumerate(texts)}
        return strings.positions(x, texts), [places[text] for text in texts]
    return cast(x, dtypes.I64), list(node.ints("pool_int64s"))


def _counts(node: NodeView, rows: Value, pool: Sequence[int]) -> tuple[Value, list[int]]:
    """[N, G]: how often each n-gram of the lengths asked for occurs in each row; and the numbers of these n-grams."""
    shortest, longest = node.int("min_gram_length"), node.int("max_gram_length")
    starts, skips = node.ints("ngram_counts"), node.int("max_skip_count")
    good = 1 <= shortest <= longest and skips >= 0 and list(starts) == sorted(starts) and all(0 <= s <= len(pool) for s in starts)
    node.check(good, "attribute", f"n-grams of length {shortest} to {longest}, {skips} skips, starting at {starts}")
    node.check_limit("unrolled", len(starts) * (skips + 1), "counts n-grams of too many kinds")
    counted: list[Value] = []
    owners: list[int] = []
    first = 0
    for n, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)], strict=True), 1):
        grams: _Grams = {tuple(pool[start + i * n : start + (i + 1) * n]): first + i for i in range((end - start) // n)}
        first += (end - start) // n
        if grams and shortest <= n <= longest:
            table = np.array([*grams], np.int64)
            counted.append(_sum([_occurrences(rows, table, skip + 1) for skip in range(skips + 1 if n > 1 else 1)]))
            owners += grams.values()
    if not counted:
        return helpers.splat(0, TensorType(dtypes.F32, (rows.shape[0], 0))), []
    return build.concatenate(counted, 1), owners


def _sum(xs: Sequence[Value]) -> Value:
    total = xs[0]
    for x in xs[1:]:
        total = op("add", total, x)
    return total


def _occurrences(rows: Value, grams: np.ndarray, distance: int) -> Value:
    """[N, G]: in how many places of each row each n-gram [G, n] is, its items `distance` places apart."""
    count, n = grams.shape
    batch, length = rows.shape
    reach = (n - 1) * distance
    index = op("iota", iota_dimension=1, result=TensorType(dtypes.I64, (1, length)))
    size = build.size_of(rows, 1)
    here = build.compare("LT", index, op("subtract", size, const(reach, dtypes.I64)))
    hits = reshape_to(here, (1, length, 1))
    padded = build.pad(rows, [0, 0], [0, reach])
    for j in range(n):
        item = reshape_to(build.slice_axis(padded, 1, j * distance, j * distance + length), (batch, length, 1))
        hits = build.elementwise("and", hits, build.compare("EQ", item, const(grams[:, j].reshape(1, 1, count))))
    return build.reduce(cast(hits, dtypes.F32), "add", [1])


def _placed(counts: Value, columns: Sequence[int], width: int) -> Value:
    """[N, width]: counts [N, G] added up in their columns."""
    places: list[list[int]] = [[] for _ in range(width)]
    for i, column in enumerate(columns):
        places[column].append(i + 1)
    with_zero = build.pad(counts, [0, 1], [0, 0])
    layers = max(map(len, places), default=0)
    tables = [np.array([p[k] if k < len(p) else 0 for p in places], np.int64) for k in range(max(layers, 1))]
    return _sum([build.take(with_zero, const(table), 1) for table in tables])


def _weighted(node: NodeView, counts: Value, owners: Sequence[int]) -> Value:
    """Counts [N, G] as `mode` wants them; each n-gram has its own weight."""
    weights, mode = node.floats("weights", ()), node.string("mode")
    node.check(mode in ("TF", "IDF", "TFIDF"), "attribute", f"`mode` is {mode!r}")
    if mode == "IDF":
        counts = cast(build.compare("GT", counts, helpers.full_like(counts, 0)), dtypes.F32)
    if mode == "TF" or not weights:
        return counts
    node.check(all(i < len(weights) for i in owners), "attribute", f"`weights` has {len(weights)} entries for more n-grams")
    return build.elementwise("multiply", counts, const(np.array([weights[i] for i in owners], np.float32)))
