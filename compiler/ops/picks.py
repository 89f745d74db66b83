"""Folds that pick: `reduce` over values and their indices with a body that keeps the better pair, as arg-max and arg-min are written.

Frontends write such bodies in many ways: with a preference for the lower index or relying on the order of the fold, with NaN better than
any number or with one predicate for the value and another for the index. What a body does on pairs (x, i), (y, j) with i < j is a
matter of a few cases, since it only compares: so it is asked, case by case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from ...proto.dtypes import DType
from ..ir.attrs import Tensor
from ..ir.dims import is_nonnegative
from ..ir.graph import Node, Region, Value, param, region
from ..ir.types import TensorType
from .bodies import identity_of
from .nodes import node as build
from .registry import op_of

_COMPARISONS = {"compare", "and", "or", "xor", "not", "select"}


@dataclass(frozen=True, slots=True)
class Pick:
    """The largest or smallest element (`monoid` "max" or "min") and its place: of equal ones the first, or the last.

    A NaN is better than any number if `nan`; otherwise floats are known not to be asked about it.
    """

    monoid: str
    last: bool


def pick_body(value: DType, index: DType, monoid: str, last: bool = False) -> Region:
    """(x, i), (y, j) -> the better pair; of equal ones the lower index, or with `last` the higher. A NaN is better than any number."""
    x, i, y, j = (param(TensorType(t, ())) for t in (value, index, value, index))
    better = build("compare", x, y, comparison_direction="GT" if monoid == "max" else "LT")
    equal = build("compare", x, y, comparison_direction="EQ")
    if value.is_float:
        x_nan, y_nan = (build("compare", v, v, comparison_direction="NE") for v in (x, y))
        better = build("or", better, build("and", x_nan, build("not", y_nan)))
        equal = build("or", equal, build("and", x_nan, y_nan))
    earlier = build("compare", i, j, comparison_direction="GT" if last else "LT")
    first = build("or", better, build("and", equal, earlier))
    return region((x, i, y, j), (build("select", first, x, y), build("select", first, i, j)))


def pick_of(node: Node) -> Pick | None:
    """What a `reduce` of values and indices picks; None if it is no such fold, or its initial values could be the result."""
    if node.op != "reduce" or node.captures or len(node.results) != 2:
        return None
    values, indices, *starts = node.operands
    found = body_pick(node.regions[0])
    if found is None or not _is_increasing(indices, node):
        return None
    value, index = map(_scalar, starts)
    if value is None or index is None or value != identity_of(found.monoid, values.dtype):
        return None
    # Where all elements are the identity itself, the initial index must not hide the place of the first (or last) of them.
    harmless = index <= 0 if found.last else index == 0 or _is_beyond(index, node)
    return found if harmless else None


def body_pick(body: Region) -> Pick | None:
    """What a body picks of two pairs, the first of which has the lower index."""
    if len(body.params) != 4 or len(body.results) != 2:
        return None
    value, index = body.params[0].dtype, body.params[1].dtype
    if not (value.is_float or value.is_int) or not index.is_int or not _only_compares(body):
        return None
    for monoid, last in product(("max", "min"), (False, True)):
        pick = Pick(monoid, last)
        if all(_same(_apply(body, case), _picked(pick, case)) for case in _cases(value, index)):
            return pick
    return None


def _only_compares(body: Region) -> bool:
    """Whether the body does nothing but compare values with values, indices with indices, and choose."""
    x, i, y, j = body.params
    for n in body.nodes:
        if n.op not in _COMPARISONS:
            return False
        if n.op == "compare":
            of_values, of_indices = set(n.operands) <= {x, y}, set(n.operands) <= {i, j}
            if not (of_values or of_indices) or n.attrs.get("compare_type") == "TOTALORDER":
                return False
    return True


Pair = tuple[np.ndarray, ...]


def _cases(value: DType, index: DType) -> Iterator[Pair]:
    """All ways in which x and y can compare, with i < j."""
    numbers = [0, 1, np.nan] if value.is_float else [0, 1]
    for x, y in product(numbers, numbers):
        yield tuple(np.asarray(v, t.numpy) for v, t in ((x, value), (0, index), (y, value), (1, index)))


def _picked(pick: Pick, case: Pair) -> Pair:
    x, i, y, j = case
    if np.isnan(x.astype(np.float64)) or np.isnan(y.astype(np.float64)):
        first = bool(np.isnan(x.astype(np.float64)))
        if np.isnan(x.astype(np.float64)) and np.isnan(y.astype(np.float64)):
            first = not pick.last
    else:
        first = bool(x > y if pick.monoid == "max" else x < y) or (bool(x == y) and not pick.last)
    return (x, i) if first else (y, j)


def _apply(body: Region, case: Pair) -> Pair:
    known: dict[Value, np.ndarray] = dict(zip(body.params, case, strict=True))
    for n in body.nodes:
        reference = op_of(n).reference
        assert reference is not None
        known[n.result] = np.asarray(reference(*(known[v] for v in n.operands), **n.attrs))
    return tuple(known[v] for v in body.results)


def _same(a: Pair, b: Pair) -> bool:
    return all(np.array_equal(x.astype(np.float64), y.astype(np.float64), equal_nan=True) for x, y in zip(a, b, strict=True))


def _is_increasing(indices: Value, node: Node) -> bool:
    """Whether indices grow in the order of the fold: counted along the reduced dims."""
    dims = node.ints("dimensions")
    shape = indices.shape
    long = [d for d in dims if shape[d] != 1]
    value = indices
    while value.node is not None and value.op in ("convert", "reshape"):
        source = value.node.operands[0]
        if value.op == "convert" and not (source.dtype.is_int and value.dtype.is_int and value.dtype.bits >= 32):
            return False
        value = source
    if value.node is None or value.op != "iota":
        return False
    counted = value.node.attr("iota_dimension", int)
    if value.shape == shape:
        return long == [counted]
    # Counted along one dim that was then split or joined: in row-major order, which is that of the last dims.
    return [n for n in value.shape if n != 1] == [value.shape[counted]] and long == [d for d, n in enumerate(shape) if n != 1][-len(long) :]


def _scalar(v: Value) -> float | None:
    tensor = v.node.attrs["value"] if v.node is not None and v.op == "constant" else None
    return tensor.array.reshape(-1)[0].item() if isinstance(tensor, Tensor) and tensor.array.size else None


def _is_beyond(index: float, node: Node) -> bool:
    """Whether an initial index is greater than that of any element."""
    size = node.operands[1].tensor.size
    return is_nonnegative(int(index) - size) if not isinstance(size, int) else index >= size
