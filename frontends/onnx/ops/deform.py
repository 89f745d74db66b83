"""`DeformConv`: a convolution whose taps are moved, each by offsets that are data, and weighted by a mask."""

from ....compiler.ir.attrs import DotDims
from ....compiler.ir.dims import Dim, floordiv
from ....compiler.ir.dims import product as size_product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, reshape_to
from ....proto import dtypes
from .. import build
from ..build import elementwise, op
from ..node import NodeView
from ..registry import handles
from .nn import add_bias, image_of, spatial_of, steps_of
from .taps import Tap, bilinear_taps, pixels_of, samples_of, weighted_sum


@handles("DeformConv", since=19)
def deform_conv(node: NodeView, x: Value, w: Value, offset: Value, bias: Value | None = None, mask: Value | None = None) -> Value:
    """Images [N, C, …] with a kernel [M, C/group, …], taps moved by offsets [N, D·K·d, …], weighted by a mask [N, D·K, …].

    D is `offset_group`, into which channels fall apart, K the number of taps, d that of spatial dims. Between pixels it is linear,
    outside zero (Dai et al. 2017, Zhu et al. 2019).
    """
    sizes, kernel = image_of(node, x), spatial_of(node, w)
    _check(node, x, w, offset, mask)
    moved, taps = node.int("offset_group", 1), size_product(kernel)
    out = offset.shape[2:]
    wide = cast(offset, dtypes.F32) if offset.dtype.bits < 32 else offset
    split = reshape_to(wide, (x.shape[0], moved, taps, len(sizes), *out))
    axes = [bilinear_taps(_places(node, split, d, kernel), n) for d, n in enumerate(sizes)]
    columns = _columns(x, axes, moved)
    if mask is not None:
        weight = reshape_to(cast(mask, columns.dtype), (x.shape[0], moved, taps, *out))
        columns = elementwise("multiply", columns, build.unsqueeze(weight, [-1]))
    return add_bias(_product(node, cast(columns, x.dtype), w, out), bias)


def _check(node: NodeView, x: Value, w: Value, offset: Value, mask: Value | None) -> None:
    rank, groups, moved = len(x.shape) - 2, node.int("group", 1), node.int("offset_group", 1)
    taps = size_product(w.shape[2:])
    good = len(w.shape) == rank + 2 and groups > 0 and moved > 0
    node.check(good and 0 not in x.shape[2:], "shape", f"a kernel {w.type} in {groups} groups does not fit {x.type}")
    node.check(w.shape[1] * groups == x.shape[1], "shape", f"a kernel {w.type} in {groups} groups does not fit {x.type}")
    node.check(offset.shape[1:2] == (moved * taps * rank,) and len(offset.shape) == rank + 2, "shape", f"offsets {offset.type} do not fit")
    fits = mask is None or mask.shape == (offset.shape[0], moved * taps, *offset.shape[2:])
    node.check(fits, "shape", f"a mask does not fit offsets {offset.type}")


def _places(node: NodeView, offset: Value, d: int, kernel: tuple[int, ...]) -> Value:
    """Where taps [N, D, K, …] are along spatial dim d: their regular place, and the offset [N, D, K, d, …] added."""
    rank = len(kernel)
    strides, dilations = steps_of(node, "strides", rank), steps_of(node, "dilations", rank)
    pads = node.ints("pads", (0,) * (2 * rank))
    node.check_length(pads, 2 * rank, "`pads`")
    moves = reshape_to(build.slice_axis(offset, 3, d, d + 1), (*offset.shape[:3], *offset.shape[4:]))
    whole = TensorType(dtypes.I64, moves.shape)
    tap, at = (op("iota", iota_dimension=a, result=whole) for a in (2, 3 + d))
    inner = size_product(kernel[d + 1 :])
    assert isinstance(inner, int)
    index = op("remainder", op("divide", tap, build.scalar(inner, tap)), build.scalar(kernel[d], tap))
    regular = op("add", op("multiply", at, build.scalar(strides[d], at)), op("multiply", index, build.scalar(dilations[d], index)))
    return op("add", cast(op("subtract", regular, build.scalar(pads[d], regular)), moves.dtype), moves)


def _columns(x: Value, axes: list[list[Tap]], moved: int) -> Value:
    """What the taps see [N, D, K, …, C/D]."""
    n, c, *spatial = x.shape
    images = reshape_to(x, (n * moved, floordiv(c, moved), *spatial))
    whole = axes[0][0].at.shape
    number = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, (n * moved,)))
    image = broadcast(reshape_to(number, (n, moved)), whole, (0, 1))
    return weighted_sum(samples_of(pixels_of(images), spatial, image, axes))


def _product(node: NodeView, columns: Value, w: Value, out: tuple[Dim, ...]) -> Value:
    """The kernel times the columns, group by group: [N, M, …]."""
    n, moved, taps = columns.shape[:3]
    channels, groups, m = columns.shape[-1] * moved, node.int("group", 1), w.shape[0]
    last = len(columns.shape) - 1
    order = (1, last, 2, 0, *range(3, last))
    count = n * size_product(out)
    rows = floordiv(channels, groups) * taps
    right = reshape_to(build.transpose(columns, order), (groups, rows, count))
    left = reshape_to(w, (groups, floordiv(m, groups), rows))
    y = build.dot(left, right, DotDims((0,), (0,), (2,), (1,)), (groups, floordiv(m, groups), count))
    split = reshape_to(y, (m, n, *out))
    return build.transpose(split, (1, 0, *range(2, len(out) + 2)))
