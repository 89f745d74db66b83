"""The named weights of a module, taken out and put back: what safetensors files exchange with other tools."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..proto.dtypes import from_numpy
from ..proto.errors import UNKNOWN, Diagnostic, Loc, WeftError
from .ir.attrs import Attr, Tensor
from .ir.graph import Function, Module, Node, Region, Value


def named_weights(module: Module) -> dict[str, np.ndarray]:
    """Every constant tensor that has a name, wherever it stands; WeftError `weights.name` if two different ones share a name."""
    found: dict[str, Tensor] = {}
    problems: list[Diagnostic] = []
    for function in module.functions.values():
        for node in function.walk():
            for tensor in _named(node):
                if found.setdefault(tensor.name, tensor) != tensor:
                    problems.append(Diagnostic("weights.name", f"two different weights are called {tensor.name!r}", node.loc))
    if problems:
        raise WeftError(*problems)
    return {name: tensor.array for name, tensor in found.items()}


def with_weights(module: Module, arrays: Mapping[str, np.ndarray], loc: Loc = UNKNOWN) -> Module:
    """The module with weights replaced by name, the others kept; `loc` is where the arrays come from.

    WeftError, with every problem: `weights.name` for a name the module does not have, `weights.type` for another dtype or shape.
    """
    known = named_weights(module)
    problems = [problem for name, array in arrays.items() if (problem := _problem(name, array, known, loc))]
    if problems:
        raise WeftError(*problems)
    tensors = {name: Tensor(array, name) for name, array in arrays.items()}
    functions: dict[str, Function] = {}
    for name, function in module.functions.items():
        body = _replaced(function, tensors)
        functions[name] = replace(function, nodes=body.nodes, results=body.results)
    return replace(module, functions=functions)


def _problem(name: str, array: np.ndarray, known: Mapping[str, np.ndarray], loc: Loc) -> Diagnostic | None:
    if name not in known:
        return Diagnostic("weights.name", f"the module has no weight {name!r}", loc)
    has, gets = (f"{from_numpy(a.dtype)}{list(a.shape)}" for a in (known[name], array))
    return Diagnostic("weights.type", f"weight {name!r} is {has}, not {gets}", loc) if has != gets else None


def _named(node: Node) -> list[Tensor]:
    return [a for a in node.attrs.values() if isinstance(a, Tensor) and a.name]


def _replaced(body: Region, tensors: Mapping[str, Tensor]) -> Region:
    """`body`, built anew with other tensors."""
    new: dict[Value, Value] = {}
    nodes: list[Node] = []
    for node in body.nodes:
        operands = tuple(new.get(v, v) for v in node.operands)
        attrs = {key: _swap(value, tensors) for key, value in node.attrs.items()}
        regions = tuple(_replaced(r, tensors) for r in node.regions)
        current = replace(node, operands=operands, attrs=attrs, regions=regions, names=node.value_names)
        new.update(zip(node.results, current.results, strict=True))
        nodes.append(current)
    return Region(body.params, tuple(nodes), tuple(new.get(v, v) for v in body.results))


def _swap(value: Attr, tensors: Mapping[str, Tensor]) -> Attr:
    return tensors.get(value.name, value) if isinstance(value, Tensor) else value
