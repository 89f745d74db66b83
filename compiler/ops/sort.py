"""`sort`: slices along a dim, ordered by a comparator region."""

from dataclasses import dataclass

import numpy as np

from ...proto.dtypes import BOOL, from_numpy
from ...proto.errors import check
from ..ir.graph import Region
from ..ir.types import TensorType
from .accumulate import widen
from .bodies import Body, check_region, listed, region_of
from .compare import total_order_key
from .gradients.shape import sort_grad
from .registry import define


def _infer(*inputs: TensorType, dimension: int = -1, is_stable: bool = False, comparator: Region) -> tuple[TensorType, ...]:
    check(len(inputs) > 0, "sort.C1", "`sort` needs an input")
    shape, rank = inputs[0].shape, inputs[0].rank
    check(all(x.shape == shape for x in inputs), "sort.C3", f"inputs must have one shape, got {listed(inputs)}")
    check(-rank <= dimension < rank, "sort.C4", f"dimension {dimension} must lie in [-{rank}, {rank}) of {inputs[0]}")
    pairs = [TensorType(x.dtype, ()) for x in inputs for _ in range(2)]
    check_region(comparator, pairs, (TensorType(BOOL, ()),), "sort.C5", "`comparator`")
    return inputs


@dataclass(frozen=True, slots=True)
class Order:
    """What a simple comparator does: it compares two elements of operand `operand`."""

    operand: int
    descending: bool
    total: bool


def order_of(comparator: Region) -> Order | None:
    """The order of a comparator that is one `compare` LT or GT of an operand's two elements, else None.

    LE and GE are not strict, so a stable sort must not use them; they are not recognised.
    """
    (result,) = comparator.results
    node = result.node
    if node is None or node.op != "compare" or node.attrs["comparison_direction"] not in ("LT", "GT"):
        return None
    try:
        at = [comparator.params.index(v) for v in node.operands]
    except ValueError:
        return None
    if at[0] // 2 != at[1] // 2 or at[0] == at[1]:
        return None
    descending = (node.attrs["comparison_direction"] == "GT") != (at[0] > at[1])
    return Order(at[0] // 2, descending, node.attrs.get("compare_type") == "TOTALORDER")


def _sort_key(x: np.ndarray, total: bool) -> np.ndarray | None:
    """Keys that numpy sorts as the comparator does; None where it has another idea of the order (NaN, complex)."""
    dtype = from_numpy(x.dtype)
    if dtype.is_float and total:
        return total_order_key(x)
    key = x.astype(np.uint8) if dtype.is_bool else widen(x)
    return None if dtype.is_complex or (dtype.is_float and bool(np.isnan(key).any())) else key


def stable_order(key: np.ndarray, descending: bool) -> np.ndarray:
    """The stable sorting permutation along the last dim."""
    if not descending:
        return np.argsort(key, axis=-1, kind="stable")
    # Reversed input, ascending, reversed output: equal elements keep their order.
    return (key.shape[-1] - 1 - np.argsort(key[..., ::-1], axis=-1, kind="stable"))[..., ::-1]


def merge_order(rows: list[np.ndarray], comparator: Body) -> np.ndarray:
    """The permutation of a stable merge sort of rows `[R, n]` by any comparator.

    All merges of a level proceed in step, so a level of runs of length w costs 2w calls of the comparator on arrays.
    """
    count, n = rows[0].shape
    order = np.broadcast_to(np.arange(n), (count, n)).copy()
    width = 1
    while width < n:
        starts = np.arange(0, n, 2 * width)
        middle, end = np.minimum(starts + width, n), np.minimum(starts + 2 * width, n)
        left = np.broadcast_to(starts, (count, len(starts))).copy()
        right = np.broadcast_to(middle, (count, len(starts))).copy()
        merged = order.copy()
        for step in range(min(2 * width, n)):
            a, b = (np.take_along_axis(order, np.minimum(at, n - 1), axis=1) for at in (left, right))
            heads = [np.take_along_axis(row, at, axis=1) for row in rows for at in (b, a)]
            (less,) = comparator(*heads)
            # The right run goes first only where it is strictly less: that is what makes the sort stable.
            from_right = (right < end) & ((left >= middle) | less)
            active = np.flatnonzero(starts + step < end)
            merged[:, starts[active] + step] = np.where(from_right, b, a)[:, active]
            left, right = left + ~from_right, right + from_right
        order = merged
        width *= 2
    return order


def _reference(*inputs: np.ndarray, dimension: int = -1, is_stable: bool = False, comparator: Body) -> tuple[np.ndarray, ...]:
    moved = [np.moveaxis(x, dimension, -1) for x in inputs]
    if inputs[0].size == 0:
        return inputs
    region = region_of(comparator)
    order = order_of(region) if region else None
    key = _sort_key(moved[order.operand], order.total) if order else None
    if order is not None and key is not None:
        permutation = stable_order(key, order.descending)
    else:
        rows = [x.reshape(-1, x.shape[-1]) for x in moved]
        permutation = merge_order(rows, comparator).reshape(moved[0].shape)
    return tuple(np.moveaxis(np.take_along_axis(x, permutation, axis=-1), -1, dimension) for x in moved)


sort = define(
    "sort",
    doc="""Sorts the slices of the inputs along `dimension` together, so that `comparator` holds from each element to the next.

    The reference is stable whether or not `is_stable` asks for it. C1: at least one input. C2, C3: inputs and results have one
    shape, results the inputs' types. C4: -rank <= dimension < rank. C5: `comparator` is (E0, E0, E1, E1, ...) -> i1 on scalars.""",
    infer=_infer,
    reference=_reference,
    regions=("comparator",),
    grad=sort_grad,
)
