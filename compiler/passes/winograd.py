"""Winograd's algorithm for 3×3 convolutions of stride 1, where a model of the machine says that it is faster.

Not under `precision="strict"`: F(4×4) loses some digits (docs/numerics.md).
"""

from dataclasses import dataclass

from ..codegen.target import Target
from ..ir.graph import Node, Region, Value
from ..ops.blocked import PANEL
from ..ops.nodes import node
from ..ops.registry import op_of
from ..ops.winograd import OUTPUT, TAPS, Padding, tile_counts
from .base import Context, region_pass
from .canonicalize import constant_of
from .rewrite import Rule, apply_rules

# Costs in cycles of one core with two units that multiply and add, which is what matters against the bytes it can load.
_MOVES = {2: 50, 4: 150}  # registers transformed, per tile and block of channels: both transforms, loads and stores included
_CALL = 40  # around one tile of the micro-kernel
_STREAM = 12  # bytes of weights per cycle
_GAIN = 1.1  # what Winograd must win


@region_pass("winograd")
def use_winograd(body: Region, context: Context) -> Region:
    """weft.conv(x, constant) -> weft.winograd(x, weft.winograd_weights(constant)), 3×3 of stride 1, where that pays.

    Changes rounding, so not under strict precision, and not where the convolution asks for more than the default precision.
    """
    if context.precision != "default" or not any(n.op == "weft.conv" for n in body.walk()):
        return body
    target = context.cpu()
    return apply_rules(body, [Rule("winograd", ("weft.conv",), lambda n, _uses: _rewritten(n, target))])


def _rewritten(n: Node, target: Target) -> Value | None:
    x, w = n.operands
    if not _eligible(n) or constant_of(w) is None:
        return None
    work = _Work.of(n)
    m = min(OUTPUT, key=lambda m: work.winograd(m, target))
    if work.winograd(m, target) * _GAIN > work.direct(target):
        return None
    weights = op_of("weft.winograd_weights")(w, m=m)
    return node("weft.winograd", x, weights, m=m, padding=n.attrs["padding"])


def _eligible(n: Node) -> bool:
    """Whether Winograd's algorithm applies."""
    a = n.attrs
    padding: Padding = n.attr("padding", tuple)
    return (
        a["layout"] == "blocked"
        and not a["precise"]
        and n.result.dtype.name == "f32"
        and n.operands[1].shape[2:4] == (TAPS, TAPS)
        and a["strides"] == a["dilation"] == a["input_dilation"] == (1, 1)
        and n.operands[1].shape[1] == n.operands[0].shape[1]  # every output block reads all input blocks
        and not a["counts"]
        and all(isinstance(d, int) for d in n.result.shape[2:])
        and min(padding[0] + padding[1]) >= 0
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """A convolution's size."""

    images: int
    inputs: int
    outputs: int
    space: tuple[int, int]

    @staticmethod
    def of(n: Node) -> "_Work":
        """Of a `weft.conv`; an open batch counts as one image."""
        batch, panels, height, width, _ = n.result.shape
        blocks = n.operands[1].shape[1]
        assert isinstance(panels, int) and isinstance(blocks, int) and isinstance(height, int) and isinstance(width, int)
        return _Work(batch if isinstance(batch, int) else 1, blocks, panels, (height, width))

    @property
    def _pair(self) -> int:
        """Multiply-adds of a weight's worth of input and output blocks."""
        return self.inputs * self.outputs * PANEL * PANEL

    def direct(self, target: Target) -> float:
        pixels = self.images * self.space[0] * self.space[1]
        weights = TAPS * TAPS * self._pair * 4 / _STREAM
        return weights + pixels * TAPS * TAPS * self._pair / (2 * target.lanes(4))

    def winograd(self, m: int, target: Target) -> float:
        down, across = tile_counts(self.space, m)
        tiles, positions = self.images * down * across, (m + 2) ** 2
        lanes = target.lanes(4)
        products = tiles * positions * self._pair / (2 * lanes)
        calls = -(-tiles // 14) * positions * self.outputs / 2 * _CALL
        moves = tiles * (self.inputs + self.outputs) * _MOVES[m] * PANEL / lanes
        return products + calls + moves + positions * self._pair * 4 / _STREAM
