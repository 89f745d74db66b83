"""Walking a fused region: which value needs which other value at which index. What is done with them is up to the subclass."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import Generic

from ...proto.errors import InternalError, fail
from ..ir.graph import Node, Region, Value
from ..ops.builder import E, Index
from ..ops.registry import Op, op_of
from .index import simplify


class Walk(ABC, Generic[E]):
    """The half of an element builder that evaluates values of a region from those they depend on."""

    def __init__(self) -> None:
        self._bound: dict[Value, Callable[[Index], E]] = {}
        self._inlined: dict[Value, E] = {}

    def bind(self, value: Value, element: Callable[[Index], E]) -> None:
        """The elements of `value` come from a function instead of the node that defines it."""
        self._bound[value] = element

    def unbind(self, value: Value) -> None:
        """Undoes `bind`."""
        del self._bound[value]

    # -- for the subclass -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def _recall(self, value: Value, index: Index) -> E | None:
        """The element of `value` at `index` if it is known already."""

    @abstractmethod
    def _remember(self, value: Value, index: Index, elem: E) -> None: ...

    @abstractmethod
    def _parameter(self, value: Value, index: Index) -> E | None:
        """The element of a value in memory; None if the value is computed."""

    @abstractmethod
    def _is_parameter(self, value: Value) -> bool: ...

    @abstractmethod
    def _constant(self, node: Node, index: Index) -> E: ...

    @abstractmethod
    def _call_element(self, op: Op, node: Node, index: Index, inlined: bool) -> object:
        """`op.element(self, node, index)`."""

    # -- evaluation -----------------------------------------------------------------------------------------------------------

    def read(self, value: Value, index: Index) -> E:
        """The element of a value of the region at `index`."""
        if value in self._inlined:
            return self._inlined[value]
        index = tuple(map(simplify, index))
        known = self._recall(value, index)
        return self._evaluate(value, index) if known is None else known

    def _evaluate(self, value: Value, index: Index) -> E:
        """Elementwise chains are walked with a stack of our own: they may be longer than Python's."""
        stack = [value]
        while True:
            v = stack[-1]
            result = self._recall(v, index)
            if result is None:
                missing = [o for o in self._elementwise_operands(v) if self._recall(o, index) is None]
                if missing:
                    stack += missing
                    continue
                result = self._leaf(v, index)
            stack.pop()
            if not stack:
                return result

    def _is_leaf(self, value: Value) -> bool:
        return value.node is None or value in self._bound or value in self._inlined or self._is_parameter(value)

    def _elementwise_operands(self, value: Value) -> list[Value]:
        """The operands that an elementwise value needs at its own index and that are computed elementwise themselves."""
        node = value.node
        if node is None or self._is_leaf(value) or op_of(node).lower is None:
            return []
        rank = value.tensor.rank
        return [
            o
            for o in node.operands
            if o.node is not None and not self._is_leaf(o) and op_of(o.node).lower is not None and o.tensor.rank == rank
        ]

    def _leaf(self, value: Value, index: Index) -> E:
        """One value whose elementwise operands are known already."""
        found = self._bound[value](index) if value in self._bound else self._parameter(value, index)
        if found is not None:
            self._remember(value, index, found)
            return found
        if value.node is None:
            raise InternalError(f"{value!r} is neither bound nor in memory")
        results = self._node(value.node, index, inlined=False)
        for v, elem in zip(value.node.results, results, strict=True):
            self._remember(v, index, elem)
        return results[value.index]

    def _node(self, node: Node, index: Index, inlined: bool) -> tuple[E, ...]:
        op = op_of(node)
        if node.op == "constant":
            return (self._constant(node, index),)
        if op.lower is not None:
            args = [self.read(o, index if o.tensor.rank else ()) for o in node.operands]
            result = {"result": node.types[0]} if _takes_result(op) else {}
            return _tuple(op.lower(self, *args, **node.attrs, **result))
        if op.element is None:
            raise fail("emit.op", f"no kernel computes `{node.op}` inside the body of another operation", loc=node.loc)
        return _tuple(self._call_element(op, node, index, inlined))

    def inline(self, region: Region, args: Sequence[E]) -> tuple[E, ...]:
        """The results of a region of scalar params on these elements."""
        for param, arg in zip(region.params, args, strict=True):
            self._inlined[param] = arg
        for node in region.nodes:
            for v, x in zip(node.results, self._node(node, (), inlined=True), strict=True):
                self._inlined[v] = x
        return tuple(self._inlined[v] for v in region.results)


@cache
def _takes_result(op: Op) -> bool:
    return op.lower is not None and "result" in inspect.signature(op.lower).parameters


def _tuple(x: object) -> tuple:  # tuple[E, ...]
    return x if isinstance(x, tuple) else (x,)
