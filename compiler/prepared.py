"""Graphs run again and again by the reference evaluators: what does not depend on the arguments is done once.

The interpreter looks at every node anew each time it runs, checks what comes out, and lets shapes depend on data. Here shapes are numbers:
attributes, types and regions are bound in advance, decompositions are written out, and small values that follow from constants are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..proto.errors import WeftError
from .interpreter import MAX_BYTES, BoundRegion, Interpreter, evaluate, has_symbols, result_keyword
from .ir.graph import Node, Region, Value, definitions, param, region
from .ir.types import TensorType, Type
from .ops.decomposition import expand
from .ops.registry import Op, op_of
from .ops.values import Tuple

Run = Callable[..., Sequence[np.ndarray]]
# The most bytes of a value that is kept between runs.
_KEPT_BYTES = 1 << 14


def prepare(body: Region) -> Run:
    """A function of the region's arguments, arrays of exactly its parameters' types, that gives its results.

    Regions with symbolic dims, host values or calls are left to the interpreter, as are those with values too large for it.
    """
    if not all(map(_is_plain, body.nodes)) or has_symbols(tuple(p.type for p in body.params)):
        return lambda *arrays: evaluate(body, *arrays)
    with np.errstate(all="ignore"):
        return _Prepared(body)


def _is_plain(node: Node) -> bool:
    op = op_of(node)
    if "call" in op.traits or "symbols" in op.traits or op.has_effect or has_symbols((*node.attrs.values(), *node.types)):
        return False
    return all(map(_fits, node.types)) and (op.reference is not None or (op.decompose is not None and not node.captures))


def _fits(t: Type) -> bool:
    return isinstance(t, TensorType) and isinstance(t.nbytes, int) and t.nbytes <= MAX_BYTES


@dataclass(frozen=True, slots=True)
class _Step:
    call: Callable[..., object]
    operands: tuple[int, ...]
    results: tuple[int, ...]
    node: Node


class _Prepared:
    def __init__(self, body: Region) -> None:
        self._interpreter = Interpreter({}, (), MAX_BYTES, None)
        self._slots: dict[Value, int] = {p: i for i, p in enumerate(body.params)}
        self._start: list[np.ndarray | None] = [None] * len(body.params)
        self._count = len(body.params)
        self._steps: list[_Step] = []
        for node in body.nodes:
            self._add(node)
        self._results = [self._slots[v] for v in body.results]

    def _add(self, node: Node) -> None:
        operands = tuple(self._slots[v] for v in node.operands)
        for v in node.results:
            self._slots[v] = len(self._start)
            self._start.append(None)
        step = _Step(self._bound(node), operands, tuple(self._slots[v] for v in node.results), node)
        small = all(t.nbytes <= _KEPT_BYTES for t in node.types if isinstance(t, TensorType))  # type: ignore[operator]
        known = all(i >= self._count and self._start[i] is not None for i in operands)
        if known and (small or not operands):
            _run(step, self._start)
        else:
            self._steps.append(step)

    def _bound(self, node: Node) -> Callable[..., object]:
        """The node as a function of its operands."""
        op = op_of(node)
        if op.reference is None:
            return _Prepared(_written_out(op, node))
        reference = op.reference
        keywords: dict[str, object] = dict(node.attrs)
        if wanted := result_keyword(reference):
            keywords[wanted] = node.types if wanted == "results" else node.types[0]
        if not node.regions:
            return lambda *operands: reference(*operands, **keywords)
        if not node.captures:
            keywords |= op.bind_regions([self._region(node, r, ()) for r in node.regions])
            return lambda *operands: reference(*operands, **keywords)
        return lambda *operands: self._with_captures(op, node, keywords, operands)

    def _with_captures(self, op: Op, node: Node, keywords: dict[str, object], operands: Sequence[np.ndarray]) -> object:
        assert op.reference is not None
        n = len(operands) - node.captures
        bodies = op.bind_regions([self._region(node, r, tuple(operands[n:])) for r in node.regions])
        return op.reference(*operands[:n], **keywords, **bodies)

    def _region(self, node: Node, body: Region, captured: tuple[np.ndarray, ...]) -> BoundRegion:
        return BoundRegion(self._interpreter, body, captured, {}, node.op == "weft.while")

    def __call__(self, *arrays: np.ndarray) -> Sequence[np.ndarray]:
        values: list[np.ndarray | None] = [*arrays, *self._start[self._count :]]
        with np.errstate(all="ignore"):
            for step in self._steps:
                _run(step, values)
        return [values[i] for i in self._results]  # type: ignore[misc]


def _run(step: _Step, values: list[np.ndarray | None]) -> None:
    try:
        got = step.call(*[values[i] for i in step.operands])
    except WeftError as error:
        raise error.at(step.node.loc) from None
    found = got if isinstance(got, (tuple, list)) and not isinstance(got, Tuple) else (got,)
    for i, x in zip(step.results, found, strict=True):
        values[i] = x if isinstance(x, np.ndarray) else np.asarray(x)


def _written_out(op: Op, node: Node) -> Region:
    params = [param(v.type) for v in node.operands]
    with definitions() as definers:
        results = expand(op, params, node.attrs, node.regions, node.types)
    return region(params, results, definers=definers)
