"""`weft.save`: modules, and functions with named signatures, as files.

    weft.save("model.weft", predict, signatures={"predict": [weft.Spec(("batch", 784))]})

`weft.load` gives the module back, `weft compile` makes a program of it, in which every signature is a function by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...compiler.ir.graph import Module
from ...compiler.serde import save as save_module
from ...compiler.verify import verify
from ...proto.errors import fail
from .function import Function, function


def save(path: Any, what: Any, signatures: Mapping[str, Sequence[Any]] | None = None) -> None:
    """Write a `.weft` file, at once and whole.

    `what` is a `Module`, or a function of tensors (or a dict of functions by signature), traced for every entry of `signatures`: a name and
    example arguments, which may be `weft.Spec`s. Values that functions close over become weights of the file, and so do variables, as they
    are now. The order of the first two arguments does not matter.

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
    module = Module(functions, next(iter(functions)))
    verify(module)
    return module
