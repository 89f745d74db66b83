"""Weft's own contractions: what the passes `contraction` and `layout` make of `dot_general` and `convolution`.

They name layouts a fast kernel reads directly. A *panel* is 16 output columns (or channels) wide at every CPU level, so one packed constant
serves all levels of a program. A *blocked* image is `[N, C/16, H, W, 16]` with the channels padded to a multiple of 16.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from ...proto.dtypes import F32, I32, DType, from_numpy
from ...proto.errors import check
from ..ir.dims import Dim, ceildiv
from ..ir.types import TensorType
from .phases import phases_of
from .registry import define
from .window import Window

PANEL = 16
FAST_DTYPES = ("f32", "f64")
# Narrow numbers that processors multiply in groups along k: the dtypes of lhs and rhs, that of the sums, and how many make four bytes.
NARROW = {("ui8", "i8"): (I32, 4), ("bf16", "bf16"): (F32, 2)}

Pair = tuple[int, int]


# -- matrix product --------------------------------------------------------------------------------------------------------------


def parse_spec(spec: str) -> tuple[str, str, str]:
    """The letters of lhs, rhs and result of `weft.matmul`'s `spec`."""
    inputs, _, out = spec.partition("->")
    lhs, _, rhs = inputs.partition(",")
    return lhs, rhs, out


def _check_spec(spec: str) -> None:
    lhs, rhs, out = parse_spec(spec)
    distinct = all(len(set(part)) == len(part) for part in (lhs, rhs, out))
    check(distinct, "weft.matmul.C1", f"a letter occurs twice in one part of `{spec}`")
    roles = [("m", lhs, out, rhs), ("n", rhs, out, lhs), ("k", lhs, rhs, out)]
    good = all((letter in first) == (letter in second) and letter not in third for letter, first, second, third in roles)
    check(good and "k" in lhs, "weft.matmul.C2", f"in `{spec}` m stands in lhs and result, n in rhs and result, k in lhs and rhs alone")
    batch = (set(lhs) | set(rhs)) - set("mnk")
    check(batch == set(out) - set("mn"), "weft.matmul.C3", f"batch letters of `{spec}` must be those of the result")


def _matmul_infer(lhs: TensorType, rhs: TensorType, *at: TensorType, spec: str, columns: int = 0, taken: str = "") -> TensorType:
    _check_spec(spec)
    good = len(at) == (taken != "") and taken in ("", "lhs", "rhs") and all(t.rank == 0 and t.dtype.is_int for t in at)
    check(good, "weft.matmul.C8", f"`taken` is lhs or rhs beside an index, an integer scalar, and else empty, got {taken!r} and {at}")
    if taken:
        whole = lhs if taken == "lhs" else rhs
        check(whole.rank > 0 and not (columns and taken == "rhs"), "weft.matmul.C8", f"no slice can be taken of {whole}")
        lhs, rhs = (t.with_shape(t.shape[1:]) if name == taken else t for name, t in (("lhs", lhs), ("rhs", rhs)))
    left, right, out = parse_spec(spec)
    known = (lhs.dtype == rhs.dtype and lhs.dtype.is_float) or _pair(lhs, rhs) in NARROW
    check(known, "weft.matmul.C4", f"operands must be of one float type, or of ui8 and i8, got {lhs} and {rhs}")
    dtype, group = NARROW.get(_pair(lhs, rhs), (lhs.dtype, 1))
    shape = rhs.shape
    if columns:
        *batch, panels, rows, width = (shape if group == 1 else shape[:-1]) if rhs.rank >= (3 if group == 1 else 4) else (0, 0, 0)
        packed = right.endswith("kn") and width == PANEL and panels == -(-columns // PANEL) and group in (1, shape[-1])
        check(packed, "weft.matmul.C5", f"{rhs} is not {columns} columns packed in panels of {PANEL}")
        shape = (*batch, rows * group, columns)
    check(lhs.rank == len(left) and len(shape) == len(right), "weft.matmul.C6", f"ranks of {lhs} and {rhs} do not fit `{spec}`")
    sizes: dict[str, Dim] = dict(zip(left, lhs.shape, strict=True))
    for letter, size in zip(right, shape, strict=True):
        check(sizes.setdefault(letter, size) == size, "weft.matmul.C7", f"dim {letter} differs: {sizes[letter]} and {size}")
    return TensorType(dtype, tuple(sizes[letter] for letter in out))


def _pair(lhs: TensorType, rhs: TensorType) -> tuple[str, str]:
    return lhs.dtype.name, rhs.dtype.name


def wide(dtype: np.dtype) -> np.dtype:
    """The type the references accumulate in."""
    return np.dtype(np.float64)


def unpack_columns(packed: np.ndarray, columns: int, group: int = 1) -> np.ndarray:
    """`[*B, P, K, 16]`, or `[*B, P, K/g, 16, g]` for groups of several, back to `[*B, K, columns]`."""
    if group > 1:
        *batch, panels, units, width, _ = packed.shape
        packed = np.moveaxis(packed, -1, -2).reshape(*batch, panels, units * group, width)
    *batch, panels, rows, width = packed.shape
    return np.moveaxis(packed, -3, -2).reshape(*batch, rows, panels * width)[..., :columns]


def pack_columns(x: np.ndarray, group: int = 1) -> np.ndarray:
    """`[*B, K, N]` as panels `[*B, ⌈N/16⌉, K, 16]`, the last one padded with zeros.

    With a `group` of g > 1, which divides K, as `[*B, ⌈N/16⌉, K/g, 16, g]`.
    """
    *batch, rows, columns = x.shape
    panels = -(-columns // PANEL)
    padded = np.zeros((*batch, rows, panels * PANEL), x.dtype)
    padded[..., :columns] = x
    if group == 1:
        return np.ascontiguousarray(np.moveaxis(padded.reshape(*batch, rows, panels, PANEL), -2, -3))
    parts = padded.reshape(*batch, rows // group, group, panels, PANEL)
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(parts, -2, -4), -2, -1))


def _matmul_reference(lhs: np.ndarray, rhs: np.ndarray, *at: np.ndarray, spec: str, columns: int = 0, taken: str = "") -> np.ndarray:
    if taken:
        lhs, rhs = (x[min(max(int(at[0]), 0), len(x) - 1)] if name == taken else x for name, x in (("lhs", lhs), ("rhs", rhs)))
    pair = from_numpy(lhs.dtype).name, from_numpy(rhs.dtype).name
    dtype, group = NARROW.get(pair, (from_numpy(lhs.dtype), 1))
    plain = unpack_columns(rhs, columns, group) if columns else rhs
    product = np.einsum(spec, lhs.astype(wide(lhs.dtype)), plain.astype(wide(lhs.dtype)), optimize=True)
    return (product.astype(np.int64) if dtype.is_int else product).astype(dtype.numpy)


matmul = define(
    "weft.matmul",
    doc="""Matrix product over named dims.

    `spec` names the dims of lhs, rhs and result, as in `bmk,bkn->bmn`: m the rows, n the columns, k what is summed over, any other letter a
    batch dim, which may be missing from one operand; m or n may be missing altogether. Strided dims are read in place, so a transpose
    beside a product is only another spec. With `columns` the rhs is packed by panels of 16 columns, `[*batch, ⌈columns/16⌉, k, 16]`, and
    the spec calls its last dims `kn`.

    Of ui8 and i8 the sums are i32 and wrap, of two bf16 they are f32. Kernels read four bytes of these at a time, a *group* of g = 4 or 2
    along k, and so are they packed: `[*batch, ⌈columns/16⌉, k/g, 16, g]`. They need k to be a multiple of g and the last dim of the lhs.

    With `taken`, the operand of that name is a stack of such operands, along a first dim that the spec leaves out, and a third operand says
    which of them it is; the index is clamped to the stack, as that of a `dynamic_slice`.

    C1: letters are distinct.  C2: m, n and k stand where their roles say.  C3: batch letters are those of the result.  C4: both operands
    have one float type, or are ui8 and i8.  C5: packed shape.  C6: ranks.  C7: sizes agree.  C8: an index where something is taken.""",
    infer=_matmul_infer,
    reference=_matmul_reference,
)


def _pack_infer(x: TensorType) -> TensorType:
    check(x.rank >= 2, "weft.pack_rhs.C1", f"`x` must have rank 2 or more, got {x}")
    *batch, rows, columns = x.shape
    return x.with_shape((*batch, ceildiv(columns, PANEL), rows, PANEL))


pack_rhs = define(
    "weft.pack_rhs",
    doc="`[*B, K, N]` as panels of 16 columns `[*B, ⌈N/16⌉, K, 16]`, the last one padded with zeros.  C1: rank ≥ 2.",
    infer=_pack_infer,
    reference=pack_columns,
)


# -- convolution -----------------------------------------------------------------------------------------------------------------


def output_extent(size: Dim, kernel: Dim, stride: int, padding: Pair, dilation: int, input_dilation: int) -> Dim:
    """Length of one spatial dim of a convolution's result."""
    return Window((kernel,), (stride,), (dilation,), (input_dilation,), (padding,)).out_shape((size,))[0]


def _image(x: TensorType, layout: str) -> tuple[Dim, Dim, tuple[Dim, Dim]]:
    """(batch, channels or channel blocks, spatial extents) of a convolution's input."""
    rank = 5 if layout == "blocked" else 4
    check(x.rank == rank, "weft.conv.C1", f"a {layout} image has rank {rank}, got {x}")
    match layout:
        case "blocked":
            n, c, h, w, lanes = x.shape
            check(lanes == PANEL, "weft.conv.C1", f"a blocked image ends in a dim of {PANEL}, got {x}")
        case "nchw":
            n, c, h, w = x.shape
        case _:
            n, h, w, c = x.shape
    return n, c, (h, w)


def _spatial(
    size: Sequence[Dim], kernel: Sequence[Dim], strides: Pair, padding: tuple[Pair, Pair], dilation: Pair, input_dilation: Pair
) -> tuple[Dim, Dim]:
    height, width = (output_extent(*args) for args in zip(size, kernel, strides, padding, dilation, input_dilation, strict=True))
    return height, width


def extents(
    size: Sequence[Dim], kernel: Sequence[Dim], strides: Pair, padding: tuple[Pair, Pair], dilation: Pair, input_dilation: Pair
) -> Pair:
    """Of arrays: numbers."""
    height, width = _spatial(size, kernel, strides, padding, dilation, input_dilation)
    assert isinstance(height, int) and isinstance(width, int)
    return height, width


def _conv_infer(
    x: TensorType,
    w: TensorType,
    *,
    strides: Pair = (1, 1),
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    input_dilation: Pair = (1, 1),
    layout: str = "blocked",
    first: tuple[int, ...] = (),
    counts: tuple[int, ...] = (),
    precise: bool = False,
) -> TensorType:
    check(layout in ("blocked", "nchw", "nhwc"), "weft.conv.C3", f"no input layout is called {layout!r}")
    n, channels, size = _image(x, layout)
    check(x.dtype == w.dtype and x.dtype.is_float, "weft.conv.C4", f"operands must be of one float type, got {x} and {w}")
    check(w.is_static and w.rank > 0 and w.shape[-1] == PANEL, "weft.conv.C5", f"weights must be packed in panels of {PANEL}, got {w}")
    if layout == "blocked":
        check(w.rank == 6 and w.shape[4] == PANEL, "weft.conv.C5", f"weights of a blocked image have rank 6, got {w}")
        panels, blocks, kh, kw = w.static_shape[:4]
        named = all(len(numbers) in (0, panels) for numbers in (first, counts))
        check(named, "weft.conv.C7", f"`first` and `counts` must name one input block for each of {panels} panels")
        check(all(0 < n <= blocks for n in counts), "weft.conv.C7", f"`counts` must be of 1 to {blocks} blocks")
        last = max((lo + n for lo, n in zip(first or (0,) * panels, counts or (blocks,) * panels, strict=True)), default=0)
        check(isinstance(channels, int) and last <= channels, "weft.conv.C6", f"weights reach input block {last - 1} of {channels}")
    else:
        good = w.rank == 5 and w.shape[3] == channels and not first and not counts
        check(good, "weft.conv.C5", f"weights of {layout} input must be [O/16, KH, KW, C, 16], got {w}")
        panels, kh, kw = w.static_shape[:3]
    check(min(*strides, *dilation, *input_dilation) > 0, "weft.conv.C8", "strides and dilations must be positive")
    if not all(isinstance(d, int) for d in size):
        open_ = all(phases_of(*args) for args in zip((kh, kw), strides, (lo for lo, _ in padding), dilation, input_dilation, strict=True))
        check(
            open_, "weft.conv.C2", f"of an image of any size, {x}, every output must read a tap, and strides must not meet input dilation"
        )
    out = _spatial(size, (kh, kw), strides, padding, dilation, input_dilation)
    return TensorType(x.dtype, (n, panels, *out, PANEL))


def _padded(x: np.ndarray, padding: tuple[Pair, Pair], input_dilation: Pair) -> np.ndarray:
    """A blocked image in float64, dilated, then padded; negative padding crops."""
    n, c, h, w, lanes = x.shape
    dh, dw = ((s - 1) * d + 1 if s else 0 for s, d in zip((h, w), input_dilation, strict=True))
    (top, bottom), (left, right) = padding
    out = np.zeros((n, c, max(dh + top + bottom, 0), max(dw + left + right, 0), lanes))
    spread = np.zeros((n, c, dh, dw, lanes))
    spread[:, :, :: input_dilation[0], :: input_dilation[1]] = x
    inner = spread[:, :, max(-top, 0) : dh + min(bottom, 0), max(-left, 0) : dw + min(right, 0)]
    out[:, :, max(top, 0) : max(top, 0) + inner.shape[2], max(left, 0) : max(left, 0) + inner.shape[3]] = inner
    return out


def _taps(x: np.ndarray, kernel: Pair, out: Pair, strides: Pair, dilation: Pair):
    """For each kernel position, the slice of the padded image that it multiplies."""
    for i, j in product(range(kernel[0]), range(kernel[1])):
        rows = slice(i * dilation[0], i * dilation[0] + (out[0] - 1) * strides[0] + 1, strides[0])
        columns = slice(j * dilation[1], j * dilation[1] + (out[1] - 1) * strides[1] + 1, strides[1])
        yield i, j, x[:, :, rows, columns]


def _conv_reference(
    x: np.ndarray,
    w: np.ndarray,
    *,
    strides: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
    input_dilation: Pair,
    layout: str,
    first: tuple[int, ...],
    counts: tuple[int, ...],
    precise: bool,
) -> np.ndarray:
    # A plain image is a blocked one with a single block as wide as its channels.
    if layout != "blocked":
        x = (x if layout == "nhwc" else np.moveaxis(x, 1, -1))[:, None]
        w = w[:, None]
    panels, blocks, kh, kw = w.shape[:4]
    size = (x.shape[2], x.shape[3])
    out = extents(size, (kh, kw), strides, padding, dilation, input_dilation)
    result = np.zeros((x.shape[0], panels, *out, PANEL))
    if 0 not in result.shape:
        weights = w.astype(np.float64)
        for i, j, tap in _taps(_padded(x, padding, input_dilation), (kh, kw), out, strides, dilation):
            for p in range(panels):
                lo, count = first[p] if first else 0, counts[p] if counts else blocks
                result[:, p] += np.tensordot(tap[:, lo : lo + count], weights[p, :count, i, j], axes=((1, 4), (0, 1)))
    return result.astype(x.dtype)


conv = define(
    "weft.conv",
    doc="""Two-dimensional convolution into a blocked image `[N, O/16, OH, OW, 16]`.

    Blocked input `[N, C/16, H, W, 16]` takes weights `[O/16, B, KH, KW, 16, 16]` (…, input lane, output lane); panel p of the result reads
    the B input blocks from `first[p]` on (from 0 if `first` is empty), or the first `counts[p]` of these, which is how grouped
    convolutions are written. Plain `nchw` or `nhwc` input of few channels takes weights `[O/16, KH, KW, C, 16]`. `padding` is
    ((top, bottom), (left, right)) and may be negative; `input_dilation` is StableHLO's lhs_dilation. What is `precise` (a precision above
    DEFAULT was asked for) is never summed by an algorithm that trades accuracy.

    C1: rank and lanes of the image.  C2: where spatial dims are symbolic, no strides beside input dilation, and taps for every output.
    C3: layout.  C4: one float type.  C5: weights' shape.  C6: blocks exist.
    C7: one entry of `first` and `counts` per panel, of blocks that there are weights for.  C8: strides and dilations are positive.""",
    infer=_conv_infer,
    reference=_conv_reference,
)


def _depthwise_infer(
    x: TensorType,
    w: TensorType,
    *,
    strides: Pair = (1, 1),
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
) -> TensorType:
    n, blocks, size = _image(x, "blocked")
    check(x.dtype == w.dtype and x.dtype.is_float, "weft.depthwise.C1", f"operands must be of one float type, got {x} and {w}")
    good = w.is_static and w.rank == 4 and w.shape[0] == blocks and w.shape[3] == PANEL
    check(good, "weft.depthwise.C2", f"weights must be [C/16, KH, KW, 16], got {w} for {x}")
    check(min(*strides, *dilation) > 0, "weft.depthwise.C3", "strides and dilations must be positive")
    out = _spatial(size, w.static_shape[1:3], strides, padding, dilation, (1, 1))
    return TensorType(x.dtype, (n, blocks, *out, PANEL))


def _depthwise_reference(x: np.ndarray, w: np.ndarray, *, strides: Pair, padding: tuple[Pair, Pair], dilation: Pair) -> np.ndarray:
    kernel = (w.shape[1], w.shape[2])
    out = extents((x.shape[2], x.shape[3]), kernel, strides, padding, dilation, (1, 1))
    result = np.zeros((*x.shape[:2], *out, PANEL))
    if 0 not in result.shape:
        for i, j, tap in _taps(_padded(x, padding, (1, 1)), kernel, out, strides, dilation):
            result += tap * w[:, None, None, i, j].astype(np.float64)
    return result.astype(x.dtype)


depthwise = define(
    "weft.depthwise",
    doc="""Convolution of every channel of a blocked image `[N, C/16, H, W, 16]` with its own kernel, `[C/16, KH, KW, 16]`.

    C1: one float type.  C2: weights' shape.  C3: strides and dilations are positive.""",
    infer=_depthwise_infer,
    reference=_depthwise_reference,
)


def is_fast(dtype: DType) -> bool:
    """Whether the fast kernels of this package's ops exist for `dtype`."""
    return dtype.name in FAST_DTYPES
