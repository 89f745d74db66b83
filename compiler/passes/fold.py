"""Constant folding: what depends on constants alone is computed now, by the reference evaluators."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ...proto.errors import WeftError
from ..interpreter import evaluate
from ..ir.attrs import Tensor
from ..ir.graph import Node, Region, Value, in_place_of
from ..ir.types import TensorType, Type
from ..ops.bodies import monoids_of
from ..ops.registry import op_of
from .base import Context, region_pass
from .rewrite import effectful, rebuilt

# Never folded: control flow and host calls keep their meaning at run time.
_NEVER = {
    "constant",
    "while",
    "if",
    "case",
    "custom_call",
    "call",
    "composite",
    "rng",
    "optimization_barrier",
    "weft.bind_dims",
    "weft.transfer",
    "weft.case",
    "weft.check_shape",
    "weft.fusion",
    "weft.while",
}
_EXPANDING = {"broadcast_in_dim", "iota"}
# Always folded: a kernel wants the result as a constant, however large.
_TRANSFORMS = {"weft.winograd_weights"}

# Bounds of what folding one value may take: bytes of it on the way, elements walked one by one in Python, operations in regions, products
# in one op, values computed one after another without being stored. `Limits` has those of all values together.
_MAX_BYTES = 1 << 24
_MAX_STEPS = 1 << 16
_MAX_PRODUCTS = 1 << 30
_MAX_DEPTH = 100
_PRODUCTS = {"dot_general", "convolution", "reduce_window", "weft.matmul", "weft.conv", "weft.winograd", "weft.depthwise"}


@region_pass("fold")
def fold_constants(body: Region, context: Context) -> Region:
    """op(constants) -> constant, as long as the program does not grow by more than the context's `fold_bytes` for one value."""
    return _Folder(body, context, _Budget(context.limits.fold_bytes, context.limits.fold_products)).run()


@dataclass(slots=True)
class _Budget:
    """What folding a function may still take, in bytes and in multiplications."""

    bytes: int
    products: int


class _Folder:
    """`known` holds values that are constant; whether one becomes a constant node is decided by its size against what it was made of."""

    def __init__(self, body: Region, context: Context, budget: _Budget) -> None:
        self.body = body
        self.context = context
        self.budget = budget
        self.source_bytes: dict[Value, int] = {}
        self.depth: dict[Value, int] = {}
        self.temporary: list[Value] = []
        self.arrays: dict[Value, np.ndarray] = {}
        self.new: dict[Value, Value] = {}

    def run(self) -> Region:
        nodes: list[Node] = []
        changed = False
        for node in self.body.nodes:
            folded = self._fold(node)
            changed |= folded is not None
            if folded is not None:
                nodes += folded
                continue
            current = self._rebuild(node)
            changed |= current is not node
            nodes.append(current)
        if not changed:
            return self.body
        return rebuilt(self.body, nodes, tuple(self.new.get(v, v) for v in self.body.results))

    def _rebuild(self, node: Node) -> Node:
        operands = tuple(self.new.get(v, v) for v in node.operands)
        regions = tuple(_Folder(r, self.context, self.budget).run() for r in node.regions)
        if all(a is b for a, b in zip(operands + regions, node.operands + node.regions, strict=True)):
            return node
        current = replace(node, operands=operands, regions=regions)
        self.new.update(zip(node.results, current.results, strict=True))
        return current

    def _fold(self, node: Node) -> list[Node] | None:
        """The constants that replace `node`, or None. Notes values that are constant but too large to be worth storing."""
        if node.op == "constant":
            tensor = node.attrs["value"]
            assert isinstance(tensor, Tensor)
            self.source_bytes[node.result] = tensor.array.nbytes
            self.arrays[node.result] = tensor.array
            return None
        if node.op in _NEVER or effectful(node) or not _is_static(node) or op_of(node).reference is None:
            return None
        if any(v not in self.source_bytes for v in node.operands):
            return None
        source = sum(self.source_bytes[v] for v in set(node.operands))
        if node.op in _TRANSFORMS:
            return self._constants(node)
        if not self.context.fold or not _is_affordable(node, source):
            return None
        depth = 1 + max((self.depth.get(v, 0) for v in node.operands), default=0)
        if depth > _MAX_DEPTH or self.budget.bytes < 0 or self.budget.products < 0:
            return None
        self.depth |= dict.fromkeys(node.results, depth)
        size = sum(t.nbytes for t in node.types if isinstance(t, TensorType) and isinstance(t.nbytes, int))
        for v in node.results:
            self.source_bytes[v] = source
        if size > source + self.context.fold_bytes or (node.op in _EXPANDING and size > 64):
            return None
        return self._constants(node)

    def _constants(self, node: Node) -> list[Node] | None:
        try:
            arrays = self._evaluate(node)
        except WeftError:  # it fails, or takes too long: the program will say so
            for v in node.results:
                self.source_bytes.pop(v, None)
            return None
        finally:
            for v in self.temporary:
                del self.arrays[v]
            self.temporary.clear()
        made: list[Node] = []
        with in_place_of(node):
            for old, array in zip(node.results, arrays, strict=True):
                value = op_of("constant")(value=Tensor(array), names=(old.name,))
                assert isinstance(value, Value) and value.node is not None
                self.new[old] = value
                self.arrays[old] = array
                self.source_bytes[old] = array.nbytes
                self.depth[old] = 0
                made.append(value.node)
        return made

    def _evaluate(self, node: Node) -> list[np.ndarray]:
        for v in node.operands:
            # Operands that were constant but not worth storing are computed when something small depends on them.
            if v not in self.arrays and v.node is not None:
                for value, array in zip(v.node.results, self._evaluate(v.node), strict=True):
                    self.arrays[value] = array
                    self.temporary.append(value)
        self.budget.bytes -= sum(map(_bytes, node.types))
        self.budget.products -= _products(node)
        params = tuple(dict.fromkeys(node.operands))
        return evaluate(Region(params, (node,), node.results), *(self.arrays[v] for v in params), max_steps=_MAX_STEPS)


def _is_static(node: Node) -> bool:
    return all(isinstance(v.type, TensorType) and v.type.is_static for v in (*node.operands, *node.results))


def _is_affordable(node: Node, source: int) -> bool:
    """Whether the reference evaluates `node`, whose types are static, in little time and memory: a small file may ask for much.

    `source` is the size of the constants that it is made of.
    """
    operands = [_elements(v.type) for v in node.operands]
    size = sum(map(_bytes, node.types))
    if size > max(_MAX_BYTES, 2 * source):
        return False
    if node.op in _PRODUCTS:
        return _products(node) <= _MAX_PRODUCTS
    return not node.regions or sum(operands) <= _MAX_STEPS or all(monoids_of(r) for r in node.regions)


def _products(node: Node) -> int:
    """At most how many multiplications the node takes."""
    if node.op not in _PRODUCTS:
        return 0
    window = node.ints("window_dimensions") if "window_dimensions" in node.attrs else ()
    return _elements(node.types[0]) * max(prod(window), *(_elements(v.type) for v in node.operands))


def _elements(t: Type) -> int:
    return prod(t.static_shape) if isinstance(t, TensorType) else 0


def _bytes(t: Type) -> int:
    return _elements(t) * t.dtype.itemsize if isinstance(t, TensorType) else 0
