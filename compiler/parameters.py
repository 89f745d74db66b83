"""Weights of a function as parameters of it, wherever its constants stand: in its body, or in branches and loops."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from .ir.attrs import Tensor
from .ir.graph import Function, Node, Region, Value, function, param, sort_nodes
from .ops.gradients.common import has_cotangent

_WHOLE = {"if", "case", "while", "weft.case", "weft.while", "weft.custom_vjp"}
"""Ops whose regions compute with whole tensors; those of others compute with single elements, and have no weights."""


@dataclass(frozen=True, slots=True)
class Weight:
    """An array of floats that a function computes with."""

    name: str
    value: Value
    """the constant, or the first one of several that hold the same array"""
    is_constant: bool
    """whether it is more likely a number of the formula: of rank 0, or without a name in the file"""

    @property
    def tensor(self) -> Tensor:
        return _tensor(self.value)

    @property
    def array(self) -> np.ndarray:
        return self.tensor.array


def _tensor(v: Value) -> Tensor:
    assert v.node is not None
    tensor = v.node.attrs["value"]
    assert isinstance(tensor, Tensor)
    return tensor


def weights_of(main: Function, constants: bool, results: Sequence[Value] | None = None) -> list[Weight]:
    """The named arrays of floats that `results` (all of them if None) depend on; with `constants` numbers and arrays without a name, too.

    Arrays without a name have more than one element and are called `constant0`, `constant1`, … in the order of the function.
    """
    nodes = main.nodes if results is None else sort_nodes(main.params, results)
    free = (name for n in count() if (name := f"constant{n}") not in {t.name for t in map(_tensor, _constants(main.nodes))})
    unnamed = {id(_tensor(v)): next(free) for v in _constants(main.nodes) if not _tensor(v).name and v.shape and _tensor(v).array.size > 1}
    found: dict[str, Weight] = {}
    for v in _constants(nodes):
        tensor = _tensor(v)
        if tensor.name and (v.shape or constants):
            found.setdefault(tensor.name, Weight(tensor.name, v, not v.shape))
        elif constants and id(tensor) in unnamed:
            found.setdefault(unnamed[id(tensor)], Weight(unnamed[id(tensor)], v, True))
    return list(found.values())


def _constants(nodes: Iterable[Node]) -> Iterator[Value]:
    """The constants of floats among nodes and in their regions."""
    for n in nodes:
        if n.op == "constant" and has_cotangent(n.result):
            yield n.result
        if n.op in _WHOLE:
            for r in n.regions:
                yield from _constants(r.nodes)


def with_weights_as_params(main: Function, weights: Sequence[Weight], results: Sequence[Value]) -> Function:
    """`main` up to `results`, with a parameter in front for each of the weights, by its name."""
    made = {w.name: param(w.value.type, w.name) for w in weights}
    names = {(w.tensor.name or id(w.tensor)): w.name for w in weights}
    new = _rebuilt(main.nodes, {p: p for p in main.params}, made, names)
    definers = [v.node for v in new.values() if v.node is not None]
    return function("main", [*made.values(), *main.params], [new[v] for v in results], definers=definers)


def _rebuilt(nodes: Sequence[Node], new: dict[Value, Value], made: dict[str, Value], names: dict[str | int, str]) -> dict[Value, Value]:
    """What stands for every value when the weights `names` are `made`."""
    for n in nodes:
        own = _name(n.result, names) if n.op == "constant" else None
        if own is not None:
            new[n.result] = made[own]
            continue
        current = n.with_operands(new[v] for v in n.operands)
        used = list(dict.fromkeys(name for v in _constants([n]) if (name := _name(v, names)) is not None)) if n.regions else []
        if used:
            regions = tuple(_capturing(r, used, made, names) for r in n.regions)
            operands = (*current.operands, *(made[name] for name in used))
            current = replace(current, operands=operands, regions=regions, captures=n.captures + len(used))
        new.update(zip(n.results, current.results, strict=True))
    return new


def _name(v: Value, names: dict[str | int, str]) -> str | None:
    tensor = _tensor(v)
    return names.get(tensor.name or id(tensor))


def _capturing(body: Region, used: Sequence[str], made: dict[str, Value], names: dict[str | int, str]) -> Region:
    """A region that captures weights which were its own constants."""
    own = {name: param(made[name].type, name) for name in used}
    new = _rebuilt(body.nodes, {p: p for p in body.params}, own, names)
    results = tuple(new[v] for v in body.results)
    params = (*body.params, *own.values())
    definers = [v.node for v in new.values() if v.node is not None and v.node.defined_symbols]
    return Region(params, sort_nodes(params, results, [], definers), results)
