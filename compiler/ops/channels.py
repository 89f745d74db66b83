"""Channels of blocked images in another order: shuffles, and concatenations and slices that do not fall on whole blocks."""

import numpy as np

from ...proto.errors import check
from ..ir.types import TensorType
from .blocked import PANEL
from .registry import define


def _infer(*images: TensorType, source: tuple[int, ...]) -> TensorType:
    check(len(images) > 0, "weft.channels.C1", "there must be an image")
    first = images[0]
    for x in images:
        good = x.rank == 5 and x.shape[4] == PANEL and isinstance(x.shape[1], int) and x.dtype == first.dtype
        check(good, "weft.channels.C2", f"images must be [N, C/{PANEL}, H, W, {PANEL}] of one type, got {x}")
        check(
            x.shape[0] == first.shape[0] and x.shape[2:] == first.shape[2:], "weft.channels.C3", f"{x} and {first} differ in batch or space"
        )
    whole = len(source) > 0 and len(source) % PANEL == 0
    check(whole, "weft.channels.C4", f"`source` must fill whole blocks of {PANEL}, got {len(source)} entries")
    lanes = sum(n for x in images if isinstance(n := x.shape[1], int)) * PANEL
    check(all(-1 <= s < lanes for s in source), "weft.channels.C5", f"`source` must name lanes below {lanes}, or -1")
    return first.with_shape((first.shape[0], len(source) // PANEL, *first.shape[2:]))


def _reference(*images: np.ndarray, source: tuple[int, ...]) -> np.ndarray:
    n, _, h, w, _ = images[0].shape
    lanes = np.concatenate([np.moveaxis(x, 4, 2).reshape(n, x.shape[1] * PANEL, h, w) for x in images], axis=1)
    chosen = lanes[:, np.maximum(source, 0)]
    chosen[:, np.array(source) < 0] = 0
    return np.ascontiguousarray(np.moveaxis(chosen.reshape(n, len(source) // PANEL, PANEL, h, w), 2, 4))


channels = define(
    "weft.channels",
    doc="""A blocked image `[N, S/16, H, W, 16]` whose lanes are lanes of others: lane i is lane `source[i]` of the operands put one behind
    another, or zero where that is -1.

    C1: there is an operand.  C2: operands are blocked images of one type.  C3: they agree in batch and space.  C4: whole blocks.
    C5: lanes exist.""",
    infer=_infer,
    reference=_reference,
)
