"""Weights of convolutions packed for weft's kernels."""

from dataclasses import dataclass

import numpy as np

from ..ops.blocked import PANEL


@dataclass(frozen=True, slots=True)
class PackedWeights:
    """Weights `[O/16, B, KH, KW, 16, 16]` and, for each output block, the first of the B input blocks it reads (empty: block 0)."""

    array: np.ndarray
    first: tuple[int, ...] = ()


def pack_depthwise(w: np.ndarray) -> np.ndarray:
    """`[C, 1, KH, KW]` as `[C/16, KH, KW, 16]`."""
    padded = _padded(w, -(-w.shape[0] // PANEL) * PANEL, 1)
    blocks = padded.reshape(-1, PANEL, *w.shape[2:])
    return np.ascontiguousarray(blocks.transpose(0, 2, 3, 1))


def pack_few_channels(w: np.ndarray) -> np.ndarray:
    """`[O, C, KH, KW]` as `[O/16, KH, KW, C, 16]`."""
    padded = _padded(w, -(-w.shape[0] // PANEL) * PANEL, w.shape[1])
    blocks = padded.reshape(-1, PANEL, *w.shape[1:])
    return np.ascontiguousarray(blocks.transpose(0, 3, 4, 2, 1))


def pack_blocked(w: np.ndarray, groups: int) -> PackedWeights:
    """`[O, C/groups, KH, KW]` for a blocked image.

    With groups, output block p reads only the input blocks that the groups of its channels touch; what of these belongs to other groups has
    weight zero.
    """
    features, per_group, kh, kw = w.shape
    out_blocks, in_blocks = -(-features // PANEL), -(-per_group * groups // PANEL)
    if groups == 1:
        padded = _padded(w, out_blocks * PANEL, in_blocks * PANEL)
        split = padded.reshape(out_blocks, PANEL, in_blocks, PANEL, kh, kw)
        return PackedWeights(np.ascontiguousarray(split.transpose(0, 2, 4, 5, 3, 1)))
    spans = [_span(p, features // groups, per_group, features) for p in range(out_blocks)]
    count = max(stop - start for start, stop in spans)
    first = [min(start, in_blocks - count) for start, _ in spans]
    packed = np.zeros((out_blocks, count, kh, kw, PANEL, PANEL), w.dtype)
    for o in range(features):
        start = o // (features // groups) * per_group
        block, lane = divmod(o, PANEL)
        channels = np.arange(start, start + per_group) - first[block] * PANEL
        packed[block, channels // PANEL, :, :, channels % PANEL, lane] = w[o]
    return PackedWeights(packed, tuple(first) if any(first) else ())


def _span(block: int, per_group_out: int, per_group_in: int, features: int) -> tuple[int, int]:
    """The input blocks that the channels of an output block read."""
    low, high = block * PANEL // per_group_out, (min(block * PANEL + PANEL, features) - 1) // per_group_out
    return low * per_group_in // PANEL, -(-(high + 1) * per_group_in // PANEL)


def _padded(w: np.ndarray, features: int, channels: int) -> np.ndarray:
    if w.shape[:2] == (features, channels):
        return w
    padded = np.zeros((features, channels, *w.shape[2:]), w.dtype)
    padded[: w.shape[0], : w.shape[1]] = w
    return padded
