"""What is known of the contents of small integer tensors while importing: ONNX computes shapes in the graph.

Contents are numpy object arrays whose items are ints, floats, bools, symbolic dims, or `Unknown` where they depend on data. Whatever a
shape computation does with the sizes of the inputs is followed here, so that `Reshape(x, Concat(Shape(y)[0], -1))` has a (symbolic)
shape at compile time. An item that depends on data is followed to where it was computed: once a dim is bound to it, it is known.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...compiler.interpreter import evaluate
from ...compiler.ir import dims
from ...compiler.ir.attrs import Tensor
from ...compiler.ir.graph import Node, Region, Value, param
from ...compiler.ir.types import TensorType
from ...compiler.ops.registry import op_of
from ...compiler.passes.rewrite import effectful
from ...proto.dtypes import I64
from ...proto.errors import WeftError
from ...proto.limits import Limits


def _object(array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, object)
    out[...] = array.astype(object)
    return out


@dataclass(frozen=True, slots=True)
class Unknown:
    """Element `index`, in row-major order, of a value that depends on data."""

    value: Value
    index: int


# A tensor of more elements whose contents depend on data is not looked at one by one.
_MOST_UNKNOWN = 64


class Contents:
    """Contents by value, computed on demand from the nodes that made it, and remembered."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[Value, np.ndarray | None] = {}
        self._bound: dict[Unknown, dims.Dim] = {}

    def set(self, value: Value, contents: np.ndarray) -> None:
        """Declare the contents of a value (the sizes that `Shape` returns)."""
        self._known[value] = contents

    def bind(self, item: Unknown, dim: dims.Dim) -> None:
        """An item that depends on data has become the size of a dim."""
        self._bound[item] = dim

    def of(self, value: Value) -> np.ndarray | None:
        """The contents, or None if some of them depend on data."""
        contents = self.items(value)
        return None if contents is None or _unknown(contents) else contents

    def inherit(self, value: Value, outer: Value) -> None:
        """`value` stands for `outer` in a nested graph: what is known there is known here."""
        contents = self.items(outer)
        if contents is not None:
            known = [None if isinstance(item, Unknown) else item for item in contents.flat]
            self._known[value] = _filled(value, _array(known, contents.shape))

    def items(self, value: Value) -> np.ndarray | None:
        """The contents, `Unknown` where they depend on data; None for a large tensor. Follows chains without recursion."""
        stack = [value]
        while stack:
            v = stack[-1]
            if v in self._known:
                stack.pop()
                continue
            missing = [] if not self._followed(v) else [o for o in v.node.operands if o not in self._known]  # type: ignore[union-attr]
            if missing:
                stack += missing
                continue
            self._known[v] = self._compute(v)
            stack.pop()
        return self._resolved(self._known[value])

    def _resolved(self, contents: np.ndarray | None) -> np.ndarray | None:
        if contents is None or not self._bound or not _unknown(contents):
            return contents
        found = [self._bound.get(item, item) if isinstance(item, Unknown) else item for item in contents.flat]
        return _array(found, contents.shape)

    def _compute(self, v: Value) -> np.ndarray | None:
        if v.op == "get_dimension_size" and v.node is not None:
            axis = v.node.attr("dimension", int)
            return _array([v.node.operands[0].shape[axis]], ())
        if v.node is None or not self._followed(v):
            return _filled(v) if self._is_small(v) else None
        if v.node.op == "constant":
            tensor = v.node.attrs["value"]
            assert isinstance(tensor, Tensor)
            return _object(tensor.array) if tensor.array.size <= self._limits.followed_elements else None
        operands = [o for o in (self._resolved(self._known[o]) for o in v.node.operands) if o is not None]
        if len(operands) < len(v.node.operands):
            return _filled(v)
        if not any(isinstance(item, dims.Expr | Unknown) for o in operands for item in o.flat):
            return _evaluate(v, operands, self._limits.followed_steps)
        if v.node.op not in _RULES or (v.node.op not in _PARTIAL and any(map(_unknown, operands))):
            return _filled(v)
        try:
            return _filled(v, _RULES[v.node.op](v.node, *operands))
        except (TypeError, ValueError, ZeroDivisionError):
            # A comparison or conversion that has no answer for symbolic dims: the contents are not known.
            return _filled(v)

    def _followed(self, v: Value) -> bool:
        """Whether the contents can follow from those of the operands."""
        if v.node is None or not all(self._is_small(o) for o in (v, *v.node.operands)):
            return False
        return v.node.op == "constant" or (not v.node.captures and not effectful(v.node) and op_of(v.node).reference is not None)

    def _is_small(self, v: Value) -> bool:
        return isinstance(v.type, TensorType) and v.type.is_static and v.type.size <= self._limits.followed_elements  # type: ignore[operator]


def _array(items: Sequence[object], shape: tuple[int, ...]) -> np.ndarray:
    out = np.empty(len(items), object)
    out[:] = items
    return out.reshape(shape)


def _unknown(contents: np.ndarray) -> bool:
    """Whether an item depends on data."""
    return any(isinstance(item, Unknown) for item in contents.flat)


def _filled(v: Value, contents: np.ndarray | None = None) -> np.ndarray | None:
    """Contents of `v` with `Unknown` where they are None, or everywhere; None if there would be too many."""
    shape = v.tensor.static_shape
    size = int(np.prod(shape))
    if contents is None:
        return _array([Unknown(v, i) for i in range(size)], shape) if size <= _MOST_UNKNOWN else None
    return _array([Unknown(v, i) if item is None else item for i, item in enumerate(contents.flat)], shape)


def _evaluate(v: Value, contents: list[np.ndarray], steps: int) -> np.ndarray | None:
    """The contents of `v` where those of its operands are plain numbers; None if they take long to compute."""
    assert v.node is not None
    arrays = {o: c.astype(o.dtype.numpy) for o, c in zip(v.node.operands, contents, strict=True)}
    found = evaluated(Region(tuple(arrays), (v.node,), (v,)), arrays.values(), steps)
    return None if found is None else _object(found[0])


def evaluated(body: Region, arrays: Iterable[np.ndarray], steps: int) -> list[np.ndarray] | None:
    """The results of a region for these arguments; None if they take long to compute, or much memory."""
    try:
        return evaluate(body, *arrays, max_steps=steps)
    except WeftError as error:
        if error.code in ("evaluate.steps", "evaluate.memory"):
            return None
        raise


def _elementwise(function: Callable[..., object]) -> Callable[..., np.ndarray]:
    """A rule for each element; one that depends on an unknown element is unknown, which is None here."""
    known = lambda *items: None if any(isinstance(i, Unknown) for i in items) else function(*items)  # noqa: E731
    vector = np.frompyfunc(known, function.__code__.co_argcount, 1)

    def rule(node: Node, *operands: np.ndarray) -> np.ndarray:
        return np.asarray(vector(*operands), object).reshape(node.results[0].tensor.static_shape)

    return rule


def _symbolic(*items: object) -> bool:
    return any(isinstance(item, dims.Expr) for item in items)


def _divide(x: dims.Dim, y: dims.Dim) -> object:
    if isinstance(x, float) or isinstance(y, float):
        return x / y  # type: ignore[operator]
    if isinstance(x, int) and isinstance(y, int):
        return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1) if y else -1
    if not (dims.is_nonnegative(x) and dims.is_positive(y)):
        raise ValueError("a quotient that rounds towards zero is only known for positive dims")
    return dims.floordiv(x, y)


def _compare(node: Node, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    direction = str(node.attrs["comparison_direction"])
    return _elementwise(lambda a, b: _ordered(direction, a, b))(node, x, y)


def _ordered(direction: str, a: dims.Dim, b: dims.Dim) -> bool:
    if isinstance(a, dims.Expr) or isinstance(b, dims.Expr):
        return _ordered_symbolic(direction, a - b)
    return {"EQ": a == b, "NE": a != b, "LT": a < b, "LE": a <= b, "GT": a > b, "GE": a >= b}[direction]


def _ordered_symbolic(direction: str, difference: dims.Dim) -> bool:
    """`difference ? 0` where bounds decide it; ValueError otherwise."""
    lo, hi = dims.lower_bound(difference), dims.upper_bound(difference)
    positive, negative = lo is not None and lo > 0, hi is not None and hi < 0
    zero = lo == 0 and hi == 0
    known = {
        "EQ": (zero, positive or negative),
        "NE": (positive or negative, zero),
        "GT": (positive, hi is not None and hi <= 0),
        "GE": (lo is not None and lo >= 0, negative),
        "LT": (negative, lo is not None and lo >= 0),
        "LE": (hi is not None and hi <= 0, positive),
    }[direction]
    if known[0]:
        return True
    if known[1]:
        return False
    raise ValueError("not known for every value of the symbols")


def _broadcast(node: Node, x: np.ndarray) -> np.ndarray:
    shape = node.results[0].tensor.static_shape
    spread = [1] * len(shape)
    for axis, d in enumerate(node.ints("broadcast_dimensions")):
        spread[d] = x.shape[axis]
    return np.broadcast_to(x.reshape(spread), shape)


def _slice(node: Node, x: np.ndarray) -> np.ndarray:
    a = node.attrs
    return x[tuple(slice(*s) for s in zip(a["start_indices"], a["limit_indices"], a["strides"], strict=True))]  # type: ignore[arg-type]


def _convert(node: Node, x: np.ndarray) -> np.ndarray:
    target = node.results[0].dtype

    def one(v: object) -> object:
        if isinstance(v, Unknown):
            keeps = target.is_int and v.value.dtype.is_int and target.bits >= v.value.dtype.bits and target.is_signed
            return v if keeps else None
        if isinstance(v, dims.Expr):
            if target.is_int:
                most = dims.upper_bound(v)
                return v if target.bits >= 32 or (most is not None and most < 1 << target.bits - 1) else None
            raise ValueError("a symbolic dim is an integer")
        return np.asarray(v).astype(target.numpy).item()

    return np.asarray(np.frompyfunc(one, 1, 1)(x), object).reshape(x.shape)


def _select(node: Node, p: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    chosen = [
        None if isinstance(c, Unknown) else a if c else b for c, a, b in zip(np.broadcast_to(p, x.shape).flat, x.flat, y.flat, strict=True)
    ]
    return _array(chosen, x.shape)


def _gather(node: Node, x: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Where the indices are numbers: what is gathered from the elements' own places says which they are."""
    v, places = node.results[0], np.arange(x.size).reshape(x.shape)
    operands = [param(TensorType(I64, x.shape)), node.operands[1]]
    gather = replace(node, operands=tuple(operands), types=(TensorType(I64, v.shape),))
    (found,) = evaluate(Region(tuple(operands), (gather,), gather.results), places, indices.astype(node.operands[1].dtype.numpy))
    return x.reshape(-1)[found].reshape(v.tensor.static_shape)


def _reduce(node: Node, x: np.ndarray, init: np.ndarray) -> np.ndarray:
    fold = {"multiply": np.multiply, "add": np.add}.get(node.regions[0].results[0].op)
    if fold is None:
        raise ValueError("not followed")
    out = fold.reduce(x, axis=tuple(node.ints("dimensions")), initial=init.item())
    return np.asarray(out, object).reshape(node.results[0].tensor.static_shape)


_RULES: dict[str, Callable[..., np.ndarray]] = {
    "add": _elementwise(lambda a, b: a + b),
    "subtract": _elementwise(lambda a, b: a - b),
    "multiply": _elementwise(lambda a, b: a * b),
    "divide": _elementwise(_divide),
    "negate": _elementwise(lambda a: -a),
    "maximum": _elementwise(lambda a, b: dims.maximum(a, b) if _symbolic(a, b) else max(a, b)),
    "minimum": _elementwise(lambda a, b: dims.minimum(a, b) if _symbolic(a, b) else min(a, b)),
    "select": _select,
    "and": _elementwise(lambda a, b: a & b),
    "or": _elementwise(lambda a, b: a | b),
    "not": _elementwise(lambda a: not a if isinstance(a, bool) else ~a),
    "compare": _compare,
    "convert": _convert,
    "reshape": lambda node, x: x.reshape(node.results[0].tensor.static_shape),
    "transpose": lambda node, x: x.transpose(node.ints("permutation")),
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda node, *xs: np.concatenate(xs, axis=node.attr("dimension", int)),
    "slice": _slice,
    "reduce": _reduce,
    "gather": _gather,
}
# Those that know some items of a result where some of the operands' are unknown.
_PARTIAL = {*_RULES} - {"reduce"}
