"""What is known of the contents of small integer tensors while importing: ONNX computes shapes in the graph.

Contents are numpy object arrays whose items are ints, floats, bools or symbolic dims. Whatever a shape computation does with the sizes
of the inputs is followed here, so that `Reshape(x, Concat(Shape(y)[0], -1))` has a (symbolic) shape at compile time.
"""

from collections.abc import Callable

import numpy as np

from ...compiler.interpreter import evaluate
from ...compiler.ir import dims
from ...compiler.ir.attrs import Tensor
from ...compiler.ir.graph import Node, Region, Value
from ...compiler.ir.types import TensorType
from ...compiler.ops.registry import op_of
from ...compiler.passes.rewrite import effectful
from ...proto.limits import Limits


def _object(array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, object)
    out[...] = array.astype(object)
    return out


class Contents:
    """Contents by value, computed on demand from the nodes that made it, and remembered."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.followed_elements
        self._known: dict[Value, np.ndarray | None] = {}

    def set(self, value: Value, contents: np.ndarray) -> None:
        """Declare the contents of a value (the sizes that `Shape` returns)."""
        self._known[value] = contents

    def of(self, value: Value) -> np.ndarray | None:
        """The contents, or None if they depend on data. Follows chains without recursion."""
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
        return self._known[value]

    def _compute(self, v: Value) -> np.ndarray | None:
        if v.node is None or not self._followed(v):
            return None
        if v.node.op == "constant":
            tensor = v.node.attrs["value"]
            assert isinstance(tensor, Tensor)
            return _object(tensor.array) if tensor.array.size <= self._most else None
        operands = [o for o in (self._known[o] for o in v.node.operands) if o is not None]
        if len(operands) < len(v.node.operands):
            return None
        if not any(isinstance(item, dims.Expr) for o in operands for item in o.flat):
            return _evaluate(v, operands)
        try:
            return _RULES[v.node.op](v.node, *operands) if v.node.op in _RULES else None
        except (TypeError, ValueError, ZeroDivisionError):
            # A comparison or conversion that has no answer for symbolic dims: the contents are not known.
            return None

    def _followed(self, v: Value) -> bool:
        """Whether the contents can follow from those of the operands."""
        if v.node is None or not all(self._is_small(o) for o in (v, *v.node.operands)):
            return False
        return v.node.op == "constant" or (not v.node.captures and not effectful(v.node) and op_of(v.node).reference is not None)

    def _is_small(self, v: Value) -> bool:
        return isinstance(v.type, TensorType) and v.type.is_static and v.type.size <= self._most  # type: ignore[operator]


def _evaluate(v: Value, contents: list[np.ndarray]) -> np.ndarray:
    """The contents of `v` where those of its operands are plain numbers."""
    assert v.node is not None
    arrays = {o: c.astype(o.dtype.numpy) for o, c in zip(v.node.operands, contents, strict=True)}
    body = Region(tuple(arrays), (v.node,), (v,))
    return _object(evaluate(body, *arrays.values())[0])


def _elementwise(function: Callable[..., object]) -> Callable[..., np.ndarray]:
    vector = np.frompyfunc(function, function.__code__.co_argcount, 1)

    def rule(node: Node, *operands: np.ndarray) -> np.ndarray:
        return np.asarray(vector(*operands), object).reshape(node.results[0].tensor.static_shape)

    return rule


def _symbolic(*items: object) -> bool:
    return any(isinstance(item, dims.Expr) for item in items)


def _divide(x: dims.Dim, y: dims.Dim) -> object:
    if isinstance(x, float) or isinstance(y, float):
        return x / y  # type: ignore[operator]
    if isinstance(x, int) and isinstance(y, int):
        return int(x / y) if y else -1
    if not (dims.is_nonnegative(x) and dims.is_positive(y)):
        raise ValueError("a quotient that rounds towards zero is only known for positive dims")
    return dims.floordiv(x, y)


def _compare(node: Node, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    direction = str(node.attrs["comparison_direction"])
    return np.asarray(np.frompyfunc(lambda a, b: _ordered(direction, a, b), 2, 1)(x, y), object).reshape(x.shape)


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
    for axis, d in enumerate(node.attrs["broadcast_dimensions"]):  # type: ignore[arg-type]
        spread[d] = x.shape[axis]  # type: ignore[index]
    return np.broadcast_to(x.reshape(spread), shape)


def _slice(node: Node, x: np.ndarray) -> np.ndarray:
    a = node.attrs
    return x[tuple(slice(*s) for s in zip(a["start_indices"], a["limit_indices"], a["strides"], strict=True))]  # type: ignore[arg-type]


def _convert(node: Node, x: np.ndarray) -> np.ndarray:
    target = node.results[0].dtype

    def one(v: object) -> object:
        if isinstance(v, dims.Expr):
            if target.is_int:
                return v
            raise ValueError("a symbolic dim is an integer")
        return np.asarray(v).astype(target.numpy).item()

    return np.asarray(np.frompyfunc(one, 1, 1)(x), object).reshape(x.shape)


def _reduce(node: Node, x: np.ndarray, init: np.ndarray) -> np.ndarray:
    fold = {"multiply": np.multiply, "add": np.add}.get(node.regions[0].results[0].op)
    if fold is None:
        raise ValueError("not followed")
    out = fold.reduce(x, axis=tuple(node.attrs["dimensions"]), initial=init.item())  # type: ignore[arg-type]
    return np.asarray(out, object).reshape(node.results[0].tensor.static_shape)


_RULES: dict[str, Callable[..., np.ndarray]] = {
    "add": _elementwise(lambda a, b: a + b),
    "subtract": _elementwise(lambda a, b: a - b),
    "multiply": _elementwise(lambda a, b: a * b),
    "divide": _elementwise(_divide),
    "negate": _elementwise(lambda a: -a),
    "maximum": _elementwise(lambda a, b: dims.maximum(a, b) if _symbolic(a, b) else max(a, b)),
    "minimum": _elementwise(lambda a, b: dims.minimum(a, b) if _symbolic(a, b) else min(a, b)),
    "select": _elementwise(lambda p, a, b: a if p else b),
    "and": _elementwise(lambda a, b: a & b),
    "or": _elementwise(lambda a, b: a | b),
    "not": _elementwise(lambda a: not a if isinstance(a, bool) else ~a),
    "compare": _compare,
    "convert": _convert,
    "reshape": lambda node, x: x.reshape(node.results[0].tensor.static_shape),
    "transpose": lambda node, x: x.transpose(node.attrs["permutation"]),  # type: ignore[arg-type]
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda node, *xs: np.concatenate(xs, axis=node.attrs["dimension"]),  # type: ignore[arg-type]
    "slice": _slice,
    "reduce": _reduce,
}
