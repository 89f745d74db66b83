"""Winograd's minimal filtering: a 3×3 convolution of stride 1 as small products in a transformed space.

F(m×m, 3×3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015). A patch d of (m+2)² pixels gives m² outputs,

    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A

so that an output costs (m+2)²/m² multiplications per weight instead of 9: 4 for m = 2, 2.25 for m = 4.
"""

import numpy as np

from ...proto.dtypes import F64
from ...proto.errors import check
from ..ir.attrs import DotDims
from ..ir.graph import Value
from ..ir.types import TensorType
from .blocked import PANEL, extents, output_extent
from .contraction import dot
from .helpers import cast, const
from .registry import define
from .shape import transpose

TAPS = 3
Padding = tuple[tuple[int, int], tuple[int, int]]

# By m: Bᵀ, G and Aᵀ. The points of interpolation are 0, ±1, (±2,) ∞.
INPUT = {
    2: np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], np.float64),
    4: np.array(
        [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]],
        np.float64,
    ),
}
WEIGHTS = {
    2: np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], np.float64) / 2,
    4: np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float64) / 24,
}
OUTPUT = {
    2: np.array([[1, 1, 1, 0], [0, 1, -1, -1]], np.float64),
    4: np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float64),
}


def tile_counts(output: tuple[int, int], m: int) -> tuple[int, int]:
    """How many tiles of m×m cover an image."""
    return -(-output[0] // m), -(-output[1] // m)


# -- weights ---------------------------------------------------------------------------------------------------------------------


def _weights_infer(w: TensorType, *, m: int) -> TensorType:
    check(m in OUTPUT, "weft.winograd_weights.C1", f"m must be one of {sorted(OUTPUT)}, got {m}")
    good = w.dtype.is_float and w.is_static and w.rank == 6 and w.static_shape[2:] == (TAPS, TAPS, PANEL, PANEL)
    check(good, "weft.winograd_weights.C2", f"weights must be floats of [O/16, C/16, 3, 3, 16, 16], got {w}")
    panels, blocks = w.static_shape[:2]
    return w.with_shape((panels, m + 2, m + 2, blocks, PANEL, PANEL))


def _weights_reference(w: np.ndarray, *, m: int) -> np.ndarray:
    g, (panels, blocks), n = WEIGHTS[m], w.shape[:2], m + 2
    size = blocks * PANEL * PANEL
    result = np.empty((panels, n, n, blocks, PANEL, PANEL), w.dtype)
    for panel, transformed in zip(w, result, strict=True):  # one panel at a time stays in the cache
        taps = panel.transpose(1, 2, 0, 3, 4).astype(np.float64).reshape(TAPS, TAPS * size)
        transformed[...] = (g @ (g @ taps).reshape(n, TAPS, size)).reshape(transformed.shape)
    return result


def _weights_decompose(w: Value, *, m: int) -> Value:
    """Two products with G, for weights that are computed at run time."""
    g, wide = const(WEIGHTS[m], F64), cast(w, F64)
    for _ in range(2):  # contracts the first of the dims of taps that are left, and appends the transformed one
        wide = dot(wide, g, DotDims((), (), (2,), (1,)))
    moved = transpose(wide, permutation=(0, 4, 5, 1, 2, 3))
    assert isinstance(moved, Value)
    return cast(moved, w.dtype)


winograd_weights = define(
    "weft.winograd_weights",
    doc="""Weights `[O/16, C/16, 3, 3, 16, 16]` of a `weft.conv` transformed for `weft.winograd`: G g Gᵀ in float64, rounded once.

    C1: m is 2 or 4.  C2: weights' shape.""",
    infer=_weights_infer,
    reference=_weights_reference,
    decompose=_weights_decompose,
)


# -- convolution -----------------------------------------------------------------------------------------------------------------


def _infer(x: TensorType, w: TensorType, *, m: int, padding: Padding = ((0, 0), (0, 0))) -> TensorType:
    check(m in OUTPUT, "weft.winograd.C1", f"m must be one of {sorted(OUTPUT)}, got {m}")
    check(x.rank == 5 and x.shape[4] == PANEL, "weft.winograd.C2", f"the image must be [N, C/16, H, W, 16], got {x}")
    batch, blocks, *space, _ = x.shape
    static = all(isinstance(d, int) for d in (blocks, *space))
    check(static, "weft.winograd.C3", f"channels and spatial dims must be static, got {x}")
    check(x.dtype == w.dtype and x.dtype.is_float, "weft.winograd.C4", f"operands must be of one float type, got {x} and {w}")
    good = w.is_static and w.rank == 6 and w.shape[1:] == (m + 2, m + 2, blocks, PANEL, PANEL)
    check(good, "weft.winograd.C5", f"weights of {x} must be [O/16, {m + 2}, {m + 2}, {blocks}, 16, 16], got {w}")
    check(min(padding[0] + padding[1]) >= 0, "weft.winograd.C6", f"padding must not be negative, got {padding}")
    out = [output_extent(size, TAPS, 1, pad, 1, 1) for size, pad in zip(space, padding, strict=True)]
    return TensorType(x.dtype, (batch, w.shape[0], *out, PANEL))


def _patches(x: np.ndarray, m: int, padding: Padding, counts: tuple[int, int]) -> np.ndarray:
    """The patches of an image in float64, zeros around it: `[N, C/16, TY, TX, 16, m+2, m+2]`."""
    h, w = (count * m + 2 for count in counts)
    (top, _), (left, _) = padding
    padded = np.zeros((*x.shape[:2], max(h, top + x.shape[2]), max(w, left + x.shape[3]), PANEL))
    padded[:, :, top : top + x.shape[2], left : left + x.shape[3]] = x
    windows = np.lib.stride_tricks.sliding_window_view(padded[:, :, :h, :w], (m + 2, m + 2), axis=(2, 3))  # type: ignore[call-overload]
    return windows[:, :, ::m, ::m]


def _reference(x: np.ndarray, w: np.ndarray, *, m: int, padding: Padding) -> np.ndarray:
    n, blocks, *space, _ = x.shape
    oh, ow = extents(space, (TAPS, TAPS), (1, 1), padding, (1, 1), (1, 1))
    panels, positions = w.shape[0], (m + 2) ** 2
    ty, tx = tile_counts((oh, ow), m)
    if 0 in (n, panels, oh, ow):
        return np.zeros((n, panels, oh, ow, PANEL), x.dtype)
    moved = np.einsum("ai,nbyxlij,cj->acnyxbl", INPUT[m], _patches(x, m, padding, (ty, tx)), INPUT[m], optimize=True)
    weights = np.moveaxis(w.astype(np.float64).reshape(panels, positions, blocks * PANEL, PANEL), 0, 2)
    products = moved.reshape(positions, n * ty * tx, blocks * PANEL) @ weights.reshape(positions, blocks * PANEL, panels * PANEL)
    split = products.reshape(m + 2, m + 2, n, ty, tx, panels, PANEL)
    tiles = np.einsum("ia,acnyxpl,jc->npyixjl", OUTPUT[m], split, OUTPUT[m], optimize=True)
    return tiles.reshape(n, panels, ty * m, tx * m, PANEL)[:, :, :oh, :ow].astype(x.dtype)


winograd = define(
    "weft.winograd",
    doc="""Convolution of a blocked image with 3×3 weights, stride 1, by F(m×m, 3×3).

    The image is `[N, C/16, H, W, 16]`, the weights are `[O/16, m+2, m+2, C/16, 16, 16]` as `weft.winograd_weights` makes them, the result
    is `[N, O/16, OH, OW, 16]`. `padding` is ((top, bottom), (left, right)). In exact arithmetic it is the convolution; in floats it is less
    accurate, and an infinity or NaN of the input reaches all outputs of its tiles (docs/numerics.md).

    C1: m is 2 or 4.  C2: rank and lanes of the image.  C3: static channels and spatial dims.  C4: one float type.  C5: weights' shape.
    C6: padding is not negative.""",
    infer=_infer,
    reference=_reference,
)
