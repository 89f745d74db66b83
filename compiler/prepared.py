"""Graphs run again and again by the reference evaluators: what does not depend on the arguments is done once.

The interpreter looks at every node anew each time it runs, checks what comes out, and lets shapes depend on data. Where shapes are numbers
attributes, types and regions are bound in advance here, decompositions are written out, and small values that follow from constants kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..proto.errors import WeftError
from .interpreter import MAX_BYTES, BoundRegion, Interpreter, Step, evaluate, has_symbols, result_keyword, steps_of
from .ir.graph import Node, Region, Value, definitions, param, region
from .ir.types import TensorType, Type
from .ops.decomposition import expand
from .ops.registry import Op, op_of
from .ops.values import Data, Tuple

Run = Callable[..., Sequence[np.ndarray]]
# The most bytes of a value that is kept between runs.
_KEPT_BYTES = 1 << 14


def prepare(body: Region) -> Run:
    """A function of the region's arguments, arrays of exactly its parameters' types, that gives its results.

    Nodes with symbolic dims, host values or effects are left to the interpreter, and so are regions with symbolic parameters.
    """
    if has_symbols(tuple(p.type for p in body.params)):
        return lambda *arrays: evaluate(body, *arrays)
    with np.errstate(all="ignore"):
        return _Prepared(body)


def _is_plain(step: Step) -> bool:
    op, node = step.op, step.node
    if step.symbolic or "call" in op.traits or "symbols" in op.traits or op.has_effect:
        return False
    known = (op.reference is not None and not node.captures) or (op.decompose is not None and not node.regions)
    return known and all(map(_fits, node.types)) and all(isinstance(v.type, TensorType) and v.type.is_static for v in node.operands)


def _fits(t: Type) -> bool:
    return isinstance(t, TensorType) and isinstance(t.nbytes, int) and t.nbytes <= MAX_BYTES


def _is_small(node: Node) -> bool:
    return all(isinstance(t, TensorType) and isinstance(t.nbytes, int) and t.nbytes <= _KEPT_BYTES for t in node.types)


@dataclass(frozen=True, slots=True)
class _Action:
    """A step in slots: `call` computes a node whose shapes are numbers; without one the interpreter runs it."""

    call: Callable[..., object] | None
    operands: tuple[int, ...]
    results: tuple[int, ...]
    step: Step


class _Prepared:
    def __init__(self, body: Region) -> None:
        self._interpreter = Interpreter({}, (), MAX_BYTES, None)
        self._slots: dict[Value, int] = {p: i for i, p in enumerate(body.params)}
        self._start: list[Data] = [None] * len(body.params)
        self._count = len(body.params)
        self._actions: list[_Action] = []
        for step in steps_of(body):
            self._add(step)
        self._results = [self._slots[v] for v in body.results]
        self._rest = self._start[self._count :]

    def _add(self, step: Step) -> None:
        node = step.node
        operands = tuple(self._slots[v] for v in node.operands)
        for v in node.results:
            self._slots[v] = len(self._start)
            self._start.append(None)
        call = self._bound(node) if _is_plain(step) else None
        action = _Action(call, operands, tuple(self._slots[v] for v in node.results), step)
        known = all(i >= self._count and self._start[i] is not None for i in operands)
        if call is not None and known and (not operands or _is_small(node)):
            self._run(action, self._start, {})
        else:
            self._actions.append(action)

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
        keywords |= op.bind_regions([BoundRegion(self._interpreter, r, (), {}, node.op == "weft.while") for r in node.regions])
        return lambda *operands: reference(*operands, **keywords)

    def __call__(self, *arrays: np.ndarray) -> Sequence[np.ndarray]:
        values: list[Data] = [*arrays, *self._rest]
        env: dict[str, int] = {}
        with np.errstate(all="ignore"):
            for action in self._actions:
                self._run(action, values, env)
        return [values[i] for i in self._results]  # type: ignore[misc]

    def _run(self, action: _Action, values: list[Data], env: dict[str, int]) -> None:
        operands = [values[i] for i in action.operands]
        if action.call is None:
            for i, x in zip(action.results, self._interpreter.execute(action.step, operands, env), strict=True):
                values[i] = x
            return
        try:
            got = action.call(*operands)
        except WeftError as error:
            raise error.at(action.step.node.loc) from None
        if type(got) is np.ndarray:
            values[action.results[0]] = got
            return
        found = got if isinstance(got, (tuple, list)) and not isinstance(got, Tuple) else (got,)
        for i, x in zip(action.results, found, strict=True):
            values[i] = x if isinstance(x, np.ndarray) else np.asarray(x)


def _written_out(op: Op, node: Node) -> Region:
    params = [param(v.type) for v in node.operands]
    with definitions() as definers:
        results = expand(op, params, node.attrs, node.regions, node.types)
    return region(params, results, definers=definers)
