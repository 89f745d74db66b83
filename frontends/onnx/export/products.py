"""Exporters of products: dot_general, convolution."""

from collections.abc import Sequence

from ....compiler.ir.attrs import ConvDims, DotDims
from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Node
from ....compiler.ops.contraction import others
from ....proto.errors import fail
from .shapes import cut, known, known_padding, reverse_dims, spread_out
from .writer import Writer, exports


@exports("dot_general")
def dot_general(w: Writer, n: Node, xs: list[str]) -> str:
    """MatMul where the dims stand as it wants them, else Einsum."""
    d = n.attr("dot_dimension_numbers", DotDims)
    lhs, rhs = n.operands
    dtype = n.result.dtype
    if dtype.is_complex or dtype.is_bool:
        raise fail("export.op", f"ONNX has no products of {dtype}")
    x, y = (name if v.dtype == dtype else w.cast(name, dtype) for name, v in zip(xs, n.operands, strict=True))
    batch = tuple(range(len(d.lhs_batch)))
    ranks = len(lhs.shape), len(rhs.shape)
    plain = (d.lhs_batch, d.rhs_batch) == (batch, batch) and d.lhs_contracting == (ranks[0] - 1,)
    if plain and d.rhs_contracting == (len(batch),) and ranks[1] == len(batch) + 2 and (ranks[0] == len(batch) + 2 or not batch):
        return w.node("MatMul", [x, y])
    return w.node("Einsum", [x, y], equation=_equation(d, *ranks))


def _equation(d: DotDims, left: int, right: int) -> str:
    letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    x = [next(letters) for _ in range(left)]
    y = [next(letters) for _ in range(right)]
    for i, j in zip((*d.lhs_batch, *d.lhs_contracting), (*d.rhs_batch, *d.rhs_contracting), strict=True):
        y[j] = x[i]
    kept = [x[i] for i in (*d.lhs_batch, *others(left, d.lhs_batch, d.lhs_contracting))]
    kept += [y[j] for j in others(right, d.rhs_batch, d.rhs_contracting)]
    return f"{''.join(x)},{''.join(y)}->{''.join(kept)}"


def _edges(w: Writer, x: str, shape: Sequence[Dim], padding: Sequence[tuple[int, int]]) -> tuple[str, list[int]]:
    """Padding as the attribute has it; negative edges are cut off first."""
    low = [min(a, 0) for a, _ in padding]
    high = [min(b, 0) for _, b in padding]
    if any(low) or any(high):
        starts: list[Dim] = [0, 0, *(-a for a in low)]
        limits: list[Dim] = [*shape[:2], *(m + b for m, b in zip(shape[2:], high, strict=True))]
        x = cut(w, x, starts, limits, [1] * len(shape))
    return x, [max(a, 0) for a, _ in padding] + [max(b, 0) for _, b in padding]


@exports("convolution")
def convolution(w: Writer, n: Node, xs: list[str]) -> str:
    """Conv on [N, C, spatial...] and [O, I, spatial...]; a dilated input is spread out before."""
    a = n.attrs
    d = n.attr("dimension_numbers", ConvDims)
    k = len(d.input_spatial)
    if a["batch_group_count"] != 1 or not n.result.dtype.is_float or not 1 <= k <= 3:
        raise fail("export.op", "ONNX convolves floats over 1 to 3 dims, and not in batch groups")
    dtype = n.result.dtype
    image, kernel = (name if v.dtype == dtype else w.cast(name, dtype) for name, v in zip(xs, n.operands, strict=True))
    turned = [x for x, r in zip(d.kernel_spatial, n.ints("window_reversal"), strict=False) if r]
    kernel = w.transpose(reverse_dims(w, kernel, turned), (d.kernel_output_feature, d.kernel_input_feature, *d.kernel_spatial))
    order = (d.input_batch, d.input_feature, *d.input_spatial)
    image, shape = w.transpose(image, order), [n.operands[0].shape[i] for i in order]
    interior = [0, 0, *(s - 1 for s in known(n, "lhs_dilation") or (1,) * k)]
    image, shape = spread_out(w, image, shape, interior, w.number(0, dtype))
    image, pads = _edges(w, image, shape, known_padding(n) or ((0, 0),) * k)
    y = w.node(
        "Conv", [image, kernel], pads=pads, strides=list(known(n, "window_strides") or (1,) * k),
        dilations=list(known(n, "rhs_dilation") or (1,) * k), group=a["feature_group_count"],
    )  # fmt: skip
    out = (d.output_batch, d.output_feature, *d.output_spatial)
    return w.transpose(y, sorted(range(len(out)), key=out.__getitem__))
