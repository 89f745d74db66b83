"""What is known of integers that a graph computes: shape arithmetic as dims.

StableHLO's dynamic ops take shapes as tensors. Where such a tensor is made of constants, sizes of dims and arithmetic on them, its elements
are known as symbolic dims, and a dynamic op is an ordinary one. An element that depends on data is bound to a symbol when the program runs.
"""

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from ...proto.dtypes import I64, DType
from ..ir.attrs import Tensor
from ..ir.dims import Dim, Expr, floordiv, is_nonnegative, is_positive, maximum, minimum, mod, symbol, symbols
from ..ir.graph import Node, Value
from ..ir.types import TensorType
from . import helpers
from .nodes import node

Known = Dim | bool
# Shapes have few elements; longer vectors are data.
_MOST_ELEMENTS = 64
_MAX_DEPTH = 200
_MOST_TERMS = 32
_LARGEST = 1 << 63
_PLACEHOLDER = "?"


def _quotient(x: Dim, y: Dim) -> Dim | None:
    """x / y rounded towards zero, where the signs are known."""
    if isinstance(x, int) and isinstance(y, int):
        return None if y == 0 else abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    return floordiv(x, y) if is_nonnegative(x) and is_positive(y) else None


def _remainder(x: Dim, y: Dim) -> Dim | None:
    q = _quotient(x, y)
    if isinstance(x, Expr) or isinstance(y, Expr):
        return None if q is None else mod(x, y)
    return None if q is None else x - q * y


def _sign(x: Dim) -> int | None:
    if isinstance(x, int):
        return (x > 0) - (x < 0)
    return 1 if is_positive(x) else -1 if is_positive(-x) else None


def _compare(direction: str, x: Dim, y: Dim) -> bool | None:
    below, equal, above = is_positive(y - x), x == y, is_positive(x - y)
    match direction:
        case "EQ" | "NE":
            known = True if equal else False if below or above else None
            return known if known is None or direction == "EQ" else not known
        case "LT" | "GE":
            known = True if below else False if is_nonnegative(x - y) else None
            return known if known is None or direction == "LT" else not known
        case _:
            known = True if above else False if is_nonnegative(y - x) else None
            return known if known is None or direction == "GT" else not known


def _logical(op: str) -> Callable[[Known, Known], Known | None]:
    absorbing = op == "or"

    def join(x: Known, y: Known) -> Known | None:
        if x is absorbing or y is absorbing:
            return absorbing
        if isinstance(x, bool) and isinstance(y, bool):
            return not absorbing
        return None

    return join


_BINARY: dict[str, Callable[..., Known | None]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": _quotient,
    "remainder": _remainder,
    "maximum": maximum,
    "minimum": minimum,
    "and": _logical("and"),
    "or": _logical("or"),
}
_UNARY: dict[str, Callable[..., Known | None]] = {
    "negate": lambda x: -x,
    "sign": _sign,
    "abs": lambda x: x if is_nonnegative(x) else -x if is_nonnegative(-x) else None,
    "not": lambda x: not x if isinstance(x, bool) else None,
}
_LOGICAL = {"and", "or", "not"}


class Shapes:
    """What is known in one region; `parent` is that of the region around it.

    `origins` says which outer value a parameter stands for, `fresh` gives names for symbols; all regions of a function share them.
    """

    def __init__(self, fresh: Callable[[], str] | None = None, parent: "Shapes | None" = None) -> None:
        serial = count()
        self.fresh: Callable[[], str] = fresh or (parent.fresh if parent else lambda: f"size_{next(serial)}")
        self.origins: dict[Value, Value] = parent.origins if parent else {}
        self.parent = parent
        self._known: dict[Value, np.ndarray] = parent._known if parent else {}
        self._bound: dict[tuple[Known, bool], Dim] = {}

    # Knowledge

    def elements(self, value: Value, depth: int = 0) -> np.ndarray:
        """The elements of an integer or boolean tensor of few elements: numbers, dims, or symbols that stand for what is not known."""
        value = self._origin(value)
        if value not in self._known:
            found = self._computed(value.node, depth) if value.node is not None and depth < _MAX_DEPTH else None
            unknown = self._placeholders(value.tensor)
            if found is None or found.shape != unknown.shape:
                found = unknown
            for at in np.ndindex(found.shape):
                if found.item(*at) is not None:
                    unknown[at] = found.item(*at)
            self._known[value] = unknown
        return self._known[value]

    def _origin(self, value: Value) -> Value:
        while value in self.origins:
            value = self.origins[value]
        return value

    def _placeholders(self, t: TensorType) -> np.ndarray:
        shape = t.static_shape
        found = np.empty(shape, object)
        for at in np.ndindex(shape):
            found[at] = symbol(f"{_PLACEHOLDER}{self.fresh()}", None)
        return found

    def is_small(self, value: Value) -> bool:
        """Whether the value may be a shape."""
        t = value.type
        if not isinstance(t, TensorType) or not t.is_static or not (t.dtype.is_int or t.dtype.is_bool):
            return False
        return np.prod(t.static_shape, dtype=object) <= _MOST_ELEMENTS

    def _computed(self, node: Node, depth: int) -> np.ndarray | None:
        attrs = node.attrs
        if node.op == "constant":
            value = attrs["value"]
            return value.array.astype(object) if isinstance(value, Tensor) else None
        if node.op == "get_dimension_size":
            return _scalar(node.operands[0].shape[attrs["dimension"]])  # type: ignore[index]
        if not all(map(self.is_small, node.operands)) or not self.is_small(node.results[0]):
            return None
        xs = [self.elements(v, depth + 1) for v in node.operands]
        shape = node.results[0].tensor.static_shape
        match node.op:
            case "convert":
                source, target = node.operands[0].dtype, node.results[0].dtype
                return _each(lambda x: _converted(x, target), xs[0]) if source.is_bool == target.is_bool else None
            case "reshape":
                return xs[0].reshape(shape)
            case "broadcast_in_dim":
                return _broadcast(xs[0], attrs["broadcast_dimensions"], shape)  # type: ignore[arg-type]
            case "concatenate":
                return np.concatenate(xs, axis=attrs["dimension"])  # type: ignore[call-overload]
            case "slice":
                names = ("start_indices", "limit_indices", "strides")
                cut = zip(*(attrs[name] for name in names), strict=True)
                return xs[0][tuple(slice(*part) for part in cut)]
            case "transpose":
                return xs[0].transpose(attrs["permutation"])  # type: ignore[arg-type]
            case "select":
                return _each(lambda p, x, y: (x if p else y) if isinstance(p, bool) else x if x == y else None, *_spread(xs))
            case "clamp":
                return _each(lambda lo, x, hi: minimum(maximum(x, lo), hi), *_spread(xs))
            case "compare":
                return _each(lambda x, y: _compare(str(attrs["comparison_direction"]), int(x) if isinstance(x, bool) else x, y), *xs)
            case _:
                return self._arithmetic(node, xs)

    def _arithmetic(self, node: Node, xs: Sequence[np.ndarray]) -> np.ndarray | None:
        function = _BINARY.get(node.op) if len(xs) == 2 else _UNARY.get(node.op)
        if function is None or (node.op in _LOGICAL) != node.results[0].dtype.is_bool:
            return None
        return _each(function, *xs)

    # Binding

    def numbers(self, value: Value, signed: bool = False) -> tuple[Dim, ...]:
        """The elements of `value` as dims, in row-major order; what is not known is bound to symbols by nodes that are built here.

        Numbers that may be negative though they must not be are bound too: a negative size is then an error when the program runs.
        """
        found = list(self.elements(value).reshape(-1))
        for i, x in enumerate(found):
            if _is_open(x) or not (signed or is_nonnegative(x)):
                found[i] = self._lookup(x, signed) or self._bind(value, i, x, signed)
        return tuple(found)

    def _lookup(self, x: Known, signed: bool) -> Dim | None:
        scope: Shapes | None = self
        while scope is not None:
            if (x, signed) in scope._bound:
                return scope._bound[x, signed]
            scope = scope.parent
        return None

    def _bind(self, value: Value, i: int, x: Known, signed: bool) -> Dim:
        flat = helpers.cast(helpers.reshape_to(value, (value.tensor.size,)), I64)
        one = node("slice", flat, start_indices=(i,), limit_indices=(i + 1,), strides=(1,))
        parts = [node("maximum", v, helpers.full_like(v, 0)) for v in (one, node("negate", one))] if signed else [one]
        bound: Dim = 0
        for part, factor in zip(parts, (1, -1), strict=False):
            s = symbol(self.fresh())
            node("weft.bind_dims", part, symbols=(s,))
            bound = bound + s * factor
        self._bound[x, signed] = bound
        return bound


def _is_open(x: Known) -> bool:
    return isinstance(x, Expr) and any(name.startswith(_PLACEHOLDER) for name in symbols(x))


def _scalar(x: Known) -> np.ndarray:
    found = np.empty((), object)
    found[()] = x
    return found


def _converted(x: Known, target: DType) -> Known | None:
    """x as an integer of another type, where it is one; a size fits in 32 bits."""
    if isinstance(x, Expr):
        return x if target.bits >= 32 else None
    lowest = -(1 << target.bits - 1) if target.is_signed else 0
    return x if isinstance(x, bool) or lowest <= x < lowest + (1 << target.bits) else None


def _each(function: Callable[..., Known | None], *xs: np.ndarray) -> np.ndarray:
    found = np.empty(xs[0].shape, object)
    for at in np.ndindex(xs[0].shape):
        found[at] = _bounded(function(*(x[at] for x in xs)))
    return found


def _bounded(x: Known | None) -> Known | None:
    """The number, if it is one that a shape may have: a chain of products could otherwise make it as long as it likes."""
    if isinstance(x, Expr):
        return x if len(x.terms) <= _MOST_TERMS and all(len(m) <= _MOST_TERMS and abs(c) < _LARGEST for m, c in x.terms) else None
    return x if x is None or abs(x) < _LARGEST else None


def _spread(xs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scalars in the shape of the others."""
    shape = max((x.shape for x in xs), key=len)
    return [np.broadcast_to(x, shape) for x in xs]


def _broadcast(x: np.ndarray, dims: Sequence[int], shape: tuple[int, ...]) -> np.ndarray:
    sizes = [1] * len(shape)
    for d, n in zip(dims, x.shape, strict=True):
        sizes[d] = n
    order = np.argsort(dims) if len(dims) else []
    return np.broadcast_to(x.transpose(order).reshape(sizes), shape)
