"""Weights of convolutions packed for weft's kernels: constants at once, others by ops of the graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..ir.graph import Value
from ..ops.blocked import PANEL
from ..ops.helpers import const, reshape_to
from ..ops.nodes import node

Weights = np.ndarray | Value


@dataclass(frozen=True, slots=True)
class PackedWeights:
    """Weights `[O/16, B, KH, KW, 16, 16]` and, for each output block, the first of the input blocks it reads (empty: block 0), and how many
    (empty: B).
    """

    weights: Weights
    first: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()


def as_value(w: Weights, name: str = "") -> Value:
    """The weights as a value of the graph."""
    return w if isinstance(w, Value) else const(w, name=name)


def transposed(w: Weights, order: Sequence[int]) -> Weights:
    if isinstance(w, Value):
        return node("transpose", w, permutation=tuple(order))
    return np.ascontiguousarray(np.transpose(w, order))


def reversed_along(w: Weights, dims: Sequence[int]) -> Weights:
    if not dims:
        return w
    if isinstance(w, Value):
        return node("reverse", w, dimensions=tuple(dims))
    return np.flip(w, tuple(dims))


def reshaped(w: Weights, shape: Sequence[int]) -> Weights:
    return reshape_to(w, tuple(shape)) if isinstance(w, Value) else w.reshape(shape)


def _padded(w: Weights, features: int, channels: int) -> Weights:
    """Zeros behind the features and the channels."""
    if tuple(w.shape[:2]) == (features, channels):
        return w
    high = (features - w.shape[0], channels - w.shape[1], *(0 for _ in w.shape[2:]))
    if isinstance(w, Value):
        none = (0,) * len(high)
        return node("pad", w, const(0, w.dtype), edge_padding_low=none, edge_padding_high=high, interior_padding=none)
    return np.pad(w, [(0, n) for n in high])


def _up(n: int) -> int:
    return -(-n // PANEL)


def pack_depthwise(w: Weights) -> Weights:
    """`[C, 1, KH, KW]` as `[C/16, KH, KW, 16]`."""
    blocks = _up(w.shape[0])
    split = reshaped(_padded(w, blocks * PANEL, 1), (blocks, PANEL, *w.shape[2:]))
    return transposed(split, (0, 2, 3, 1))


def pack_few_channels(w: Weights) -> Weights:
    """`[O, C, KH, KW]` as `[O/16, KH, KW, C, 16]`."""
    blocks = _up(w.shape[0])
    split = reshaped(_padded(w, blocks * PANEL, w.shape[1]), (blocks, PANEL, *w.shape[1:]))
    return transposed(split, (0, 3, 4, 2, 1))


def pack_blocked(w: Weights, groups: int) -> PackedWeights:
    """`[O, C/groups, KH, KW]` for a blocked image; of several groups, constants alone.

    With groups, output block p reads only the input blocks that the groups of its channels touch; what of these belongs to other groups has
    weight zero.
    """
    features, per_group, kh, kw = w.shape
    out_blocks, in_blocks = _up(features), _up(per_group * groups)
    if groups == 1:
        padded = _padded(w, out_blocks * PANEL, in_blocks * PANEL)
        split = reshaped(padded, (out_blocks, PANEL, in_blocks, PANEL, kh, kw))
        return PackedWeights(transposed(split, (0, 2, 4, 5, 3, 1)))
    assert isinstance(w, np.ndarray)
    spans = [_span(p, features // groups, per_group, features) for p in range(out_blocks)]
    first, counts = [start for start, _ in spans], [stop - start for start, stop in spans]
    packed = np.zeros((out_blocks, max(counts), kh, kw, PANEL, PANEL), w.dtype)
    for o in range(features):
        start = o // (features // groups) * per_group
        block, lane = divmod(o, PANEL)
        channels = np.arange(start, start + per_group) - first[block] * PANEL
        packed[block, channels // PANEL, :, :, channels % PANEL, lane] = w[o]
    ragged = len(set(counts)) > 1
    return PackedWeights(packed, tuple(first) if ragged or any(first) else (), tuple(counts) if ragged else ())


def _span(block: int, per_group_out: int, per_group_in: int, features: int) -> tuple[int, int]:
    """The input blocks that the channels of an output block read."""
    low, high = block * PANEL // per_group_out, (min(block * PANEL + PANEL, features) - 1) // per_group_out
    return low * per_group_in // PANEL, -(-(high + 1) * per_group_in // PANEL)
