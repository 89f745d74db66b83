"""weft: a graph compiler and a virtual machine for a serialized dataflow IR.

    module = weft.load("model.onnx")
    program = weft.compile(module)
    program.save("model.weftx")

The names below are imported when they are first used, so that `import weft.vm` brings no compiler with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .proto.version import weft_version

if TYPE_CHECKING:
    from .compiler.annotate import place as place
    from .compiler.codegen.target import Target as Target
    from .compiler.driver import compile as compile
    from .compiler.ir.graph import Module as Module
    from .compiler.isolation import Isolation as Isolation
    from .frontends.check import check as check
    from .frontends.export import export as export
    from .frontends.load import load as load
    from .frontends.python import data as data
    from .frontends.python import nn as nn
    from .frontends.python import numpy as numpy
    from .frontends.python import optim as optim
    from .frontends.python import pytree as pytree
    from .frontends.python import random as random
    from .frontends.python.checkpoints import load_state as load_state
    from .frontends.python.checkpoints import save_state as save_state
    from .frontends.python.control import cond as cond
    from .frontends.python.control import fori_loop as fori_loop
    from .frontends.python.control import map_ as map
    from .frontends.python.control import scan as scan
    from .frontends.python.control import switch as switch
    from .frontends.python.control import while_loop as while_loop
    from .frontends.python.devices import device as device
    from .frontends.python.function import Spec as Spec
    from .frontends.python.function import function as function
    from .frontends.python.imported import retrained as retrained
    from .frontends.python.imported import tensors as tensors
    from .frontends.python.imported import trainable as trainable
    from .frontends.python.saving import save as save
    from .frontends.python.state import Variable as Variable
    from .frontends.python.tape import GradientTape as GradientTape
    from .frontends.python.tensor import Tensor as Tensor
    from .frontends.python.transforms import checkpoint as checkpoint
    from .frontends.python.transforms import custom_vjp as custom_vjp
    from .frontends.python.transforms import grad as grad
    from .frontends.python.transforms import jvp as jvp
    from .frontends.python.transforms import stop_gradient as stop_gradient
    from .frontends.python.transforms import value_and_grad as value_and_grad
    from .frontends.python.transforms import vjp as vjp
    from .frontends.python.vectorise import vmap as vmap
    from .proto.errors import WeftError as WeftError
    from .proto.limits import Limits as Limits

    __version__: str

_PYTHON = ".frontends.python"
# name: module, or module:attribute where the two differ
_HOMES = {
    "GradientTape": f"{_PYTHON}.tape",
    "Isolation": ".compiler.isolation",
    "Limits": ".proto.limits",
    "Module": ".compiler.ir.graph",
    "Spec": f"{_PYTHON}.function",
    "Target": ".compiler.codegen.target",
    "Tensor": f"{_PYTHON}.tensor",
    "Variable": f"{_PYTHON}.state",
    "WeftError": ".proto.errors",
    "check": ".frontends.check",
    "checkpoint": f"{_PYTHON}.transforms",
    "compile": ".compiler.driver",
    "cond": f"{_PYTHON}.control",
    "custom_vjp": f"{_PYTHON}.transforms",
    "device": f"{_PYTHON}.devices",
    "export": ".frontends.export",
    "fori_loop": f"{_PYTHON}.control",
    "function": f"{_PYTHON}.function",
    "grad": f"{_PYTHON}.transforms",
    "jvp": f"{_PYTHON}.transforms",
    "load": ".frontends.load",
    "load_state": f"{_PYTHON}.checkpoints",
    "map": f"{_PYTHON}.control:map_",
    "place": ".compiler.annotate",
    "retrained": f"{_PYTHON}.imported",
    "save": f"{_PYTHON}.saving",
    "save_state": f"{_PYTHON}.checkpoints",
    "scan": f"{_PYTHON}.control",
    "stop_gradient": f"{_PYTHON}.transforms",
    "switch": f"{_PYTHON}.control",
    "tensors": f"{_PYTHON}.imported",
    "trainable": f"{_PYTHON}.imported",
    "value_and_grad": f"{_PYTHON}.transforms",
    "vjp": f"{_PYTHON}.transforms",
    "vmap": f"{_PYTHON}.vectorise",
    "while_loop": f"{_PYTHON}.control",
}
_MODULES = ("data", "nn", "numpy", "optim", "pytree", "random")

__all__ = [
    "GradientTape", "Isolation", "Limits", "Module", "Spec", "Target", "Tensor", "Variable", "WeftError", "__version__", "check",
    "checkpoint", "compile", "cond", "custom_vjp", "data", "device", "export", "fori_loop", "function", "grad", "jvp", "load",
    "load_state", "map", "nn", "numpy", "optim", "place", "pytree", "random", "retrained", "save", "save_state", "scan", "stop_gradient",
    "switch", "tensors", "trainable", "value_and_grad", "vjp", "vmap", "while_loop",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name == "__version__":
        return weft_version()
    if name in _MODULES:
        value: object = import_module(f"{_PYTHON}.{name}", __name__)
    elif name in _HOMES:
        home, _, attribute = _HOMES[name].partition(":")
        value = getattr(import_module(home, __name__), attribute or name)
    else:
        raise AttributeError(f"module 'weft' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
