"""Reductions, arg-reductions, softmax."""

from collections.abc import Sequence

from ....compiler.ir.dims import product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.bodies import identity_of
from ....compiler.ops.helpers import const, full_like
from ....compiler.ops.picks import pick_body
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build, dynamic
from ..array import sizes, vector
from ..build import op
from ..node import NodeView
from ..registry import handles

_MONOIDS = {"ReduceSum": "add", "ReduceProd": "mul", "ReduceMax": "max", "ReduceMin": "min"}
_REAL = ("ReduceL2", "ReduceLogSum", "ReduceLogSumExp")  # of integers, their results are rounded towards 0
_NAMES = (*_MONOIDS, "ReduceMean", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")


@handles(*_NAMES)
def reduce(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """Reduction over `axes`: an attribute, from opset 13 or 18 on an input."""
    rank, keep = len(x.shape), bool(node.int("keepdims", 1))
    given: Sequence[int] | None = node.ints("axes", ()) or None
    if axes is not None:
        if node.known(axes) is None and axes.shape != (rank,):
            return _reduce_from_data(node, x, axes, keep)
        given = range(rank) if node.known(axes) is None else node.numbers(axes, "the axes") or None
    if given is None and node.int("noop_with_empty_axes", 0):
        return x
    over = tuple(range(rank)) if given is None else tuple(sorted(node.axes(given, rank)))
    return _reduce(node.op_type, x, over, keep)


def _reduce_from_data(node: NodeView, x: Value, axes: Value, keep: bool) -> Value:
    """Reduction over axes that depend on data, as that of the rows of a matrix."""
    rank, count = len(x.shape), axes.shape[0] if axes.shape else 1
    node.check(keep or isinstance(count, int), "dynamic", f"the rank of the result of `{node.op_type}` depends on data")
    over, good = dynamic.named(dynamic.integers(axes), rank)
    if not isinstance(count, int) and not node.int("noop_with_empty_axes", 0):
        over = over | ~over.any()
    shape = sizes(x)
    left, gone = over.where(1, shape), over.where(shape, 1)
    kept = left if keep or not isinstance(count, int) else dynamic.packed(shape, ~over, rank - count)
    *result, columns = dynamic.bind(vector([*kept.items(), gone.prod()]), good)
    rows = dynamic.as_rows(x, over, product(result), columns)
    return helpers.reshape_to(_reduce(node.op_type, rows, (1,), False), tuple(result))


def _reduce(name: str, x: Value, axes: Sequence[int], keep: bool) -> Value:
    if name in _REAL and not x.dtype.is_float:
        return helpers.cast(_reduce(name, helpers.cast(x, dtypes.F64), axes, keep), x.dtype)
    match name:
        case "ReduceMean":
            return build.mean(x, axes, keep)
        case "ReduceL1":
            return build.reduce(x if x.dtype.is_unsigned else op("abs", x), "add", axes, keep)
        case "ReduceSumSquare":
            return build.reduce(op("multiply", x, x), "add", axes, keep)
        case "ReduceL2":
            return op("sqrt", build.reduce(op("multiply", x, x), "add", axes, keep))
        case "ReduceLogSum":
            return op("log", build.reduce(x, "add", axes, keep))
        case "ReduceLogSumExp":
            return _log_sum_exp(x, axes, keep)
        case _:
            return build.reduce(x, _MONOIDS[name], axes, keep)


def _log_sum_exp(x: Value, axes: Sequence[int], keep: bool) -> Value:
    top = build.reduce(x, "max", axes, keep=True)
    # A row of -inf has no finite maximum to subtract.
    top = build.select(op("is_finite", top), top, full_like(top, 0)) if x.dtype.is_float else top
    total = build.reduce(op("exponential", build.elementwise("subtract", x, top)), "add", axes, keep=True)
    result = op("add", op("log", total), top)
    return result if keep else build.squeeze(result, axes) if axes else result


@handles("ArgMax", "ArgMin")
def arg_reduce(node: NodeView, x: Value) -> Value:
    """The index of the extreme element along `axis`, the first one (or the last) where several are equal."""
    axis = node.axis(node.int("axis", 0), len(x.shape))
    last = bool(node.int("select_last_index", 0))
    found = _arg(x, axis, "max" if node.op_type == "ArgMax" else "min", last)
    return build.keep_dims(found, x.shape, (axis,)) if node.int("keepdims", 1) else found


def first_maximum(x: Value, axis: int) -> Value:
    """The index (i64) of the first maximum along `axis`, which goes."""
    return _arg(x, axis, "max", last=False)


def _arg(x: Value, axis: int, monoid: str, last: bool) -> Value:
    index = op("iota", iota_dimension=axis, result=TensorType(dtypes.I64, x.shape))
    body = pick_body(x.dtype, dtypes.I64, monoid, last)
    start = const(identity_of(monoid, x.dtype), x.dtype)
    none = const(-1 if last else 1 << 62, dtypes.I64)
    results = op_of("reduce")(x, index, start, none, dimensions=(axis,), body=body)
    assert isinstance(results, tuple)
    return results[1]


@handles("Softmax", "LogSoftmax", "Hardmax")
def softmax_flat(node: NodeView, x: Value) -> Value:
    """Before opset 13: over all dims from `axis` on, as one."""
    rank, axis = len(x.shape), node.int("axis", 1)
    axis = rank if axis == rank else node.axis(axis, rank)
    return helpers.reshape_to(_softmax(node, build.flatten(x, axis), (1,)), x.shape)


@handles("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(node: NodeView, x: Value) -> Value:
    """Over one axis."""
    return _softmax(node, x, (node.axis(node.int("axis", -1), len(x.shape)),))


def _softmax(node: NodeView, x: Value, axes: tuple[int, ...]) -> Value:
    match node.op_type:
        case "Softmax":
            return build.softmax(x, axes)
        case "LogSoftmax":
            c = build.centred(x, axes)
            return build.elementwise("subtract", c, op("log", build.reduce(op("exponential", c), "add", axes, keep=True)))
        case _:
            return _hardmax(x, axes[0])


def _hardmax(x: Value, axis: int) -> Value:
    """1 at the first maximum, 0 elsewhere."""
    index = op("iota", iota_dimension=axis, result=TensorType(dtypes.I64, x.shape))
    top = build.reduce(x, "max", (axis,), keep=True)
    candidates = build.select(build.compare("EQ", x, top), index, full_like(index, 1 << 62))
    first = build.reduce(candidates, "min", (axis,), keep=True)
    return helpers.cast(build.compare("EQ", index, first), x.dtype)


@handles("CumSum", "CumProd")
def cumulative(node: NodeView, x: Value, axis: Value) -> Value:
    """Sums or products of prefixes, of suffixes if `reverse`."""
    rank = len(x.shape)
    if node.known(axis) is not None or rank == 1:
        return _cumulative(node, x, node.axis(node.number(axis, "the axis"), rank) if node.known(axis) is not None else 0)
    return build.reshaped(_cumulative(node, dynamic.around(x, dynamic.integer(axis)), 1), x.shape)


def _cumulative(node: NodeView, x: Value, axis: int) -> Value:
    """A running fold; where the size is known by doubling: after k steps each element holds what 2ᵏ elements make."""
    name, neutral = ("add", 0) if node.op_type == "CumSum" else ("multiply", 1)
    n, reverse = x.shape[axis], bool(node.int("reverse", 0))
    y = _shifted(x, axis, 1, reverse, neutral) if node.int("exclusive", 0) else x
    if not isinstance(n, int):
        return dynamic.cumulative(y, axis, "add" if name == "add" else "mul", reverse=reverse)
    step = 1
    while step < n:
        y = op(name, y, _shifted(y, axis, step, reverse, neutral))
        step *= 2
    return y


def _shifted(x: Value, axis: int, by: int, back: bool, fill: int) -> Value:
    """x moved by some places along an axis."""
    room, cut = ([k if i == axis else 0 for i in range(len(x.shape))] for k in (by, -by))
    return build.pad(x, *((cut, room) if back else (room, cut)), const(fill, x.dtype))
