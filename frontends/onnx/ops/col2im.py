"""`Col2Im`: an image from the blocks that were cut out of it."""

from collections.abc import Sequence
from itertools import product
from math import prod

from ....compiler.ir import dims as symbolic
from ....compiler.ir.attrs import ScatterDims
from ....compiler.ir.dims import Dim, floordiv
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import const, reshape_to
from ....proto.dtypes import BOOL
from .. import build, dynamic
from ..array import array, dim, iota, vector
from ..build import op
from ..node import NodeView
from ..registry import handles
from .nn import steps_of


@handles("Col2Im")
def col2im(node: NodeView, x: Value, image_shape: Value, block_shape: Value) -> Value:
    """The image [N, C, …] from its blocks in columns [N, C·block, L]; where blocks overlap they are added."""
    node.check_rank(x, 3)
    image, block = node.dims(image_shape, "the image's shape"), node.dims(block_shape, "the block's shape")
    rank = len(image)
    node.check_length(block, rank, "the block's shape")
    strides, dilations, pads = steps_of(node, "strides", rank), steps_of(node, "dilations", rank), node.ints("pads", (0,) * (2 * rank))
    node.check_length(pads, 2 * rank, "`pads`")
    pairs = list(zip(pads[:rank], pads[rank:], strict=True))
    numbers = [d for d in (*image, *block, x.shape[1], x.shape[2]) if isinstance(d, int)]
    if len(numbers) < 2 * rank + 2:
        return _by_scatter(x, image, block, strides, dilations, pairs)
    return _by_padding(node, x, numbers[:rank], numbers[rank : 2 * rank], strides, dilations, pairs)


def _by_padding(
    node: NodeView,
    x: Value,
    image: Sequence[int],
    block: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[tuple[int, int]],
) -> Value:
    """One padded image for each place in a block, added up."""
    node.check(min(block, default=0) > 0, "size", f"blocks of `Col2Im` are {block}")
    # A slice, a reshape, a pad and a sum for each place of a block.
    node.check_limit("unrolled", 4 * prod(block), f"has blocks of {block}")
    extent = zip(image, pads, block, dilations, strides, strict=True)
    blocks = [(n + lo + hi - d * (b - 1) - 1) // s + 1 for n, (lo, hi), b, d, s in extent]
    good = min(blocks) > 0 and x.shape[2] == prod(blocks) and symbolic.mod(x.shape[1], prod(block)) == 0
    node.check(good, "shape", f"{x.type} is not made of {blocks} blocks of {block}")
    n, columns = x.shape[:2]
    split = reshape_to(x, (n, floordiv(columns, prod(block)), prod(block), *blocks))
    total: Value | None = None
    for k, place in enumerate(product(*map(range, block))):
        part = reshape_to(build.slice_axis(split, 2, k, k + 1), (*split.shape[:2], *blocks))
        low = [p * d - lo for p, d, (lo, _) in zip(place, dilations, pads, strict=True)]
        spread = [(b - 1) * s + 1 for b, s in zip(blocks, strides, strict=True)]
        part = op(
            "pad",
            part,
            const(0, x.dtype),
            edge_padding_low=(0, 0, *low),
            edge_padding_high=(0, 0, *(n - at - s for n, at, s in zip(image, low, spread, strict=True))),
            interior_padding=(0, 0, *(s - 1 for s in strides)),
        )
        total = part if total is None else op("add", total, part)
    assert total is not None
    return total


def _by_scatter(
    x: Value,
    image: Sequence[Dim],
    block: Sequence[Dim],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[tuple[int, int]],
) -> Value:
    """Every element added to its pixel, where shapes depend on data."""
    n, columns, length = x.shape
    size, places = symbolic.product(image), symbolic.product(block)
    extents = [
        (dim(i) + lo + hi - (dim(b) - 1) * d - 1) // s + 1
        for i, b, s, d, (lo, hi) in zip(image, block, strides, dilations, pads, strict=True)
    ]
    blocks, per_pixel = vector(extents), vector(block).prod()
    good = blocks.prod().equals(dim(length)) & (per_pixel > 0) & (dim(columns) % per_pixel.maximum(1)).equals(0)
    channels = dynamic.bind_one(dim(columns) / per_pixel.maximum(1), good)
    within, at = dynamic.unraveled(iota(places), vector(block)), dynamic.unraveled(iota(length), blocks)
    pixel, inside = array(0), array(True, BOOL)
    for i, w, t, s, d, (lo, _) in zip(image, within, at, strides, dilations, pads, strict=True):
        place = (t * s).reshape((1, length)) + (w * d - lo).reshape((places, 1))
        pixel, inside = pixel * i + place, inside & (place >= 0) & (place < i)
    target = inside.where(pixel, -1).reshape((places, length, 1))
    zeros = helpers.splat(0, TensorType(x.dtype, (n, channels, size)))
    y = op(
        "scatter",
        zeros,
        target.value,
        build.reshaped(x, (n, channels, places, length)),
        scatter_dimension_numbers=ScatterDims((0, 1), (2,), (), (), (2,), 2),
        update_computation=helpers.scalar_region("add", x.dtype),
    )
    return reshape_to(y, (n, channels, *image))
