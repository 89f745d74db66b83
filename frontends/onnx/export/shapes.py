"""Exporters of ops that move elements without looking at them."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir.attrs import Tensor
from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Node
from ....proto.dtypes import I64
from ....proto.errors import fail
from .writer import Writer, exports

_FARTHEST = -(1 << 62)


@exports("constant")
def constant(w: Writer, n: Node, xs: list[str]) -> str:
    """An initializer."""
    tensor = n.attrs["value"]
    assert isinstance(tensor, Tensor)
    return w.constant(tensor.array, tensor.name)


@exports("optimization_barrier")
def barrier(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """The operands."""
    return xs


@exports("reshape")
def reshape(w: Writer, n: Node, xs: list[str]) -> str:
    """Reshape."""
    return w.reshape(xs[0], n.result.shape)


@exports("transpose")
def transpose(w: Writer, n: Node, xs: list[str]) -> str:
    """Transpose."""
    return w.transpose(xs[0], n.ints("permutation"))


@exports("broadcast_in_dim")
def broadcast(w: Writer, n: Node, xs: list[str]) -> str:
    """A transpose if the dims are out of order, a reshape that puts them in place, Expand."""
    dims = n.ints("broadcast_dimensions")
    operand = n.operands[0]
    order = sorted(range(len(dims)), key=dims.__getitem__)
    x = w.transpose(xs[0], order)
    at = dict(zip(dims, operand.shape, strict=True))
    aligned = [at.get(d, 1) for d in range(len(n.result.shape))]
    if tuple(aligned) != tuple(operand.shape[i] for i in order):
        x = w.reshape(x, aligned)
    return x if tuple(aligned) == n.result.shape else w.node("Expand", [x, w.vector(n.result.shape)])


@exports("concatenate")
def concatenate(w: Writer, n: Node, xs: list[str]) -> str:
    """Concat."""
    return w.node("Concat", xs, axis=n.attrs["dimension"])


def cut(w: Writer, x: str, starts: Sequence[Dim], limits: Sequence[Dim], steps: Sequence[int]) -> str:
    """A Slice over all dims."""
    if not starts:
        return x
    axes = w.ints(range(len(starts)))
    return w.node("Slice", [x, w.vector(starts), w.vector(limits), axes, w.ints(steps)])


@exports("slice")
def slice_(w: Writer, n: Node, xs: list[str]) -> str:
    """Slice."""
    return cut(w, xs[0], n.dims("start_indices"), n.dims("limit_indices"), n.ints("strides"))


def reverse_dims(w: Writer, x: str, dims: Sequence[int]) -> str:
    """A Slice backwards."""
    if not dims:
        return x
    k = len(dims)
    return w.node("Slice", [x, w.ints([-1] * k), w.ints([_FARTHEST] * k), w.ints(dims), w.ints([-1] * k)])


@exports("reverse")
def reverse(w: Writer, n: Node, xs: list[str]) -> str:
    """A Slice backwards."""
    return reverse_dims(w, xs[0], n.ints("dimensions"))


def known(n: Node, name: str) -> tuple[int, ...]:
    """An attribute that is a list of dims, as numbers; `export.op` if one depends on sizes."""
    return tuple(_known(n, name, d) for d in n.dims(name))


def known_padding(n: Node) -> tuple[tuple[int, int], ...]:
    """The padding of a window, likewise."""
    return tuple((_known(n, "padding", low), _known(n, "padding", high)) for low, high in n.pairs("padding"))


def _known(n: Node, name: str, d: Dim) -> int:
    if not isinstance(d, int):
        fact = f"ONNX has numbers for `{name}` of `{n.op}`, which is {d} here"
        raise fail("export.op", fact, loc=n.loc, help="give the inputs fixed shapes: `weft export --shape`, or shapes= in Python")
    return d


def spread_out(w: Writer, x: str, shape: Sequence[Dim], interior: Sequence[int], value: str) -> tuple[str, list[Dim]]:
    """`interior` copies of a value between the elements of each dim: padded behind every element, the last ones cut off."""
    sizes = list(shape)
    for d, k in enumerate(interior):
        if k == 0:
            continue
        split = [*sizes[: d + 1], 1, *sizes[d + 1 :]]
        pads = [0] * (2 * len(split))
        pads[len(split) + d + 1] = k
        grown = w.node("Pad", [w.reshape(x, split), w.ints(pads), value])
        whole = sizes[d] * (k + 1)
        x = w.reshape(grown, [*sizes[:d], whole, *sizes[d + 1 :]])
        sizes[d] = whole - k
        x = cut(w, x, [0] * len(sizes), sizes, [1] * len(sizes))
    return x, sizes


@exports("pad")
def pad(w: Writer, n: Node, xs: list[str]) -> str:
    """Pad, after elements were spread out; negative edges cut."""
    x, _ = spread_out(w, xs[0], n.operands[0].shape, n.ints("interior_padding"), xs[1])
    edges = [*n.dims("edge_padding_low"), *n.dims("edge_padding_high")]
    return w.node("Pad", [x, w.vector(edges), xs[1]]) if edges and any(e != 0 for e in edges) else x


@exports("iota")
def iota(w: Writer, n: Node, xs: list[str]) -> str:
    """An initializer along one dim, expanded; a Range where the size is symbolic."""
    t = n.result.tensor
    d = n.attr("iota_dimension", int)
    size = t.shape[d]
    if isinstance(size, int):
        row = w.constant(np.arange(size).astype(t.dtype.numpy))
    else:
        last = w.node("Squeeze", [w.size(size)])
        row = w.cast(w.node("Range", [w.number(0, I64), last, w.number(1, I64)]), t.dtype)
    aligned = [size if i == d else 1 for i in range(t.rank)]
    return w.node("Expand", [w.reshape(row, aligned), w.vector(t.shape)])


@exports("get_dimension_size")
def dimension_size(w: Writer, n: Node, xs: list[str]) -> str:
    """Shape."""
    d = n.attr("dimension", int)
    size = w.node("Squeeze", [w.node("Shape", xs, start=d, end=d + 1)])
    return w.cast(size, n.result.dtype)
