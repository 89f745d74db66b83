"""Exporters of folds: reductions, windows, sorting."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....compiler.ir.attrs import Tensor
from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Node, Value
from ....compiler.ops.bodies import identity_of, monoid_of
from ....proto.dtypes import I32
from ....proto.errors import fail
from .shapes import known, known_padding
from .writer import Names, Writer, exports

_REDUCE = {"add": "ReduceSum", "mul": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin"}
_COMBINE = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}


def _is_neutral(init: Value, monoid: str) -> bool:
    value = init.node.attrs["value"] if init.node is not None and init.op == "constant" else None
    return isinstance(value, Tensor) and bool(np.all(value.array == np.asarray(identity_of(monoid, init.dtype)).astype(init.dtype.numpy)))


@exports("reduce")
def reduce(w: Writer, n: Node, xs: list[str]) -> Names:
    """ReduceSum, ReduceProd, ReduceMax, ReduceMin, of booleans by way of integers; for any other region, halves folded onto halves."""
    monoid = monoid_of(n.regions[0]) if len(n.results) == 1 else None
    dtype = n.results[0].dtype
    boolean = dtype.is_bool
    if boolean and monoid in ("and", "or", "max", "min", "add", "mul"):
        monoid = {"and": "min", "mul": "min", "or": "max", "add": "max"}.get(monoid, monoid)
    if monoid not in _REDUCE or dtype.is_complex:
        return _halved(w, n, xs)
    x, init = (w.cast(v, I32) if boolean else v if o.dtype == dtype else w.cast(v, dtype) for v, o in zip(xs, n.operands, strict=True))
    dims = n.ints("dimensions")
    y = w.node(_REDUCE[monoid], [x, w.ints(dims)], keepdims=0, noop_with_empty_axes=1)
    if not _is_neutral(n.operands[1], monoid):
        y = w.node(_COMBINE[monoid], [y, init])
    return w.cast(y, dtype) if boolean else y


def _halved(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """A fold by any region of scalars, which operators compute of whole tensors: the second half of the rows onto the first, and again."""
    from . import emit

    body, k = n.regions[0], len(n.inputs) // 2
    if n.captures or not all(v.tensor.is_static for v in n.inputs):
        raise fail("export.op", "ONNX folds by sum, product, maximum and minimum, and tensors of known sizes by what captures nothing")
    dims = n.ints("dimensions")
    shape = n.operands[0].tensor.static_shape
    kept = [d for d in range(len(shape)) if d not in dims]
    count, rest = prod(shape[d] for d in dims), tuple(shape[d] for d in kept)
    inits = [w.node("Expand", [w.cast(x, v.dtype), w.ints((1, *rest))]) for x, v in zip(xs[k:], n.results, strict=True)]
    rows = [w.reshape(w.transpose(w.cast(x, v.dtype), [*dims, *kept]), (count, *rest)) for x, v in zip(xs[:k], n.results, strict=True)]

    def folded(first: list[str], second: list[str]) -> list[str]:
        for p, name in zip(body.params, [*first, *second], strict=True):
            w.names[p] = name
        emit(w, body)
        return [w.names[v] for v in body.results]

    while count > 1:
        half = (count + 1) // 2
        if count % 2:
            rows = [w.node("Concat", pair, axis=0) for pair in zip(rows, inits, strict=True)]
        parts = [w.several("Split", [x, w.ints((half, half))], 2, axis=0) for x in rows]
        rows, count = folded([a for a, _ in parts], [b for _, b in parts]), half
    whole = folded(inits, rows) if count else inits
    return [w.reshape(w.node("Expand", [v, w.ints((1, *rest))]), rest) for v in whole]


@exports("reduce_window")
def reduce_window(w: Writer, n: Node, xs: list[str]) -> str:
    """AveragePool times the size of the window, MaxPool, and MaxPool of the negative, over the dims that are not trivial."""
    monoid = monoid_of(n.regions[0]) if len(n.results) == 1 else None
    rank, dtype = len(n.results[0].shape), n.results[0].dtype
    ones = (1,) * rank
    sizes, strides = known(n, "window_dimensions"), known(n, "window_strides") or ones
    padding, spread = known_padding(n) or ((0, 0),) * rank, known(n, "window_dilations") or ones
    good = monoid in ("add", "max", "min") and dtype.is_float and set(n.dims("base_dilations") or ones) == {1}
    if not good or not _is_neutral(n.operands[1], monoid or "add"):
        raise fail("export.op", "ONNX pools sums, maxima and minima of floats from their neutral element, of inputs that are not dilated")
    own = [d for d in range(rank) if (sizes[d], strides[d], padding[d]) != (1, 1, (0, 0))] or [rank - 1]
    if len(own) > 3:
        raise fail("export.op", "ONNX pools over at most 3 dims")
    order = [d for d in range(rank) if d not in own] + own
    shape = [n.operands[0].shape[d] for d in order]
    x = w.reshape(w.transpose(xs[0], order), [_count(shape[: -len(own)]), 1, *shape[-len(own) :]])
    pads = [padding[d][side] for side in (0, 1) for d in own]
    window: dict[str, Any] = {
        "kernel_shape": [sizes[d] for d in own], "strides": [strides[d] for d in own], "pads": pads,
        "dilations": [spread[d] for d in own],
    }  # fmt: skip
    y = _pool(w, x, str(monoid), window, n)
    out = [n.result.shape[d] for d in order]
    return w.transpose(w.reshape(y, out), sorted(range(rank), key=order.__getitem__))


def _count(shape: Sequence[Dim]) -> Dim:
    total: Dim = 1
    for d in shape:
        total = total * d
    return total


def _pool(w: Writer, x: str, monoid: str, window: dict[str, Any], n: Node) -> str:
    if any(p < 0 for p in window["pads"]):
        raise fail("export.op", "ONNX pools with padding that is not negative")
    if monoid != "add":
        signed = w.node("Neg", [x]) if monoid == "min" else x
        y = w.node("MaxPool", [signed], **window)
        return w.node("Neg", [y]) if monoid == "min" else y
    mean = w.node("AveragePool", [x], count_include_pad=1, **window)
    return w.node("Mul", [mean, w.number(prod(window["kernel_shape"]), n.result.dtype)])


@exports("sort")
def sort(w: Writer, n: Node, xs: list[str]) -> list[str]:
    """TopK of the operand that is compared, and its indices for the others."""
    comparator = n.regions[0]
    (order,) = comparator.results
    direction = order.node.attrs["comparison_direction"] if order.node is not None and order.op == "compare" else None
    if direction not in ("LT", "GT") or order.node is None:
        raise fail("export.op", "ONNX sorts by one operand, in ascending or descending order")
    left, right = order.node.operands
    places = [i for i in range(len(xs)) if (left, right) == comparator.params[2 * i : 2 * i + 2]]
    if not places:
        raise fail("export.op", "ONNX sorts by the elements of an operand themselves")
    d = n.attr("dimension", int) % len(n.operands[0].shape)
    key = places[0]
    k = w.size(n.operands[0].shape[d])
    values, indices = w.several("TopK", [xs[key], k], 2, axis=d, largest=int(direction == "GT"), sorted=1)
    return [values if i == key else w.node("GatherElements", [x, indices], axis=d) for i, x in enumerate(xs)]
