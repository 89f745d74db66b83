"""`weft.save`: modules, and functions with named signatures, as files.

    weft.save("model.weft", predict, signatures={"predict": [weft.Spec(("batch", 784))]})

`weft.load` gives the module back, `weft compile` makes a program of it, in which every signature is a function by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ...compiler.ir.attrs import Tensor
from ...compiler.ir.graph import Function as Graph
from ...compiler.ir.graph import Module, Value
from ...compiler.ops.gradients.common import has_cotangent
from ...compiler.serde import save as save_module
from ...compiler.verify import verify
from ...compiler.weights import named_weights
from ...proto.errors import fail
from .function import Function, function


def save(path: Any, what: Any, signatures: Mapping[str, Sequence[Any]] | None = None) -> None:
    """Write a `.weft` file, at once and whole.

    `what` is a `Module`, or a function of tensors (or a dict of functions by signature), traced for every entry of `signatures`: a name and
    example arguments, which may be `weft.Spec`s. Values that functions close over become weights of the file, and so do variables, as they
    are now: arrays of floats get the names `weight0`, `weight1`, … The order of the first two arguments does not matter.

    Raises `WeftError`: `save.what`, `save.signatures`, and what tracing and writing raise.
    """
    if isinstance(what, (str, Path)):
        path, what = what, path
    save_module(what if isinstance(what, Module) else module_of(what, signatures), path)


def module_of(what: Any, signatures: Mapping[str, Sequence[Any]] | None) -> Module:
    """The module of functions traced for signatures, each a public function."""
    if not signatures:
        help = 'signatures={"main": [weft.Spec(("batch", 784))]} says for which arguments'
        raise fail("save.signatures", "a function is saved for the signatures that it is to have", help=help)
    functions: dict[str, Any] = {}
    for name, args in signatures.items():
        f = what.get(name) if isinstance(what, Mapping) else what
        if not callable(f):
            raise fail("save.what", f"there is no function for the signature `{name}`: {f!r}")
        traced = (f if isinstance(f, Function) else function(f)).lower_frozen(*args)
        functions[name] = replace(traced.main, name=name)
    module = _with_named_weights(Module(functions, next(iter(functions))))
    verify(module)
    return module


def _with_named_weights(module: Module) -> Module:
    """Arrays of floats with names, equal ones with the same: what can be exchanged, and trained on, by name."""
    names: dict[tuple[object, ...], str] = {}
    taken = named_weights(module)
    free = (name for n in count() if (name := f"weight{n}") not in taken)

    def named(tensor: Tensor) -> Tensor:
        array = np.asarray(tensor.array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in names:
            names[key] = next(free)
        return Tensor(tensor.array, names[key])

    def of(function: Graph) -> Graph:
        new: dict[Value, Value] = {p: p for p in function.params}
        nodes = []
        for node in function.nodes:
            tensor = node.attrs.get("value") if node.op == "constant" else None
            if isinstance(tensor, Tensor) and not tensor.name and tensor.array.ndim and has_cotangent(node.result):
                current = replace(node, attrs={"value": named(tensor)})
            else:
                current = node.with_operands(new[v] for v in node.operands)
            new.update(zip(node.results, current.results, strict=True))
            nodes.append(current)
        return replace(function, nodes=tuple(nodes), results=tuple(new[v] for v in function.results))

    return replace(module, functions={name: of(f) for name, f in module.functions.items()})
