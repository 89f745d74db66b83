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
    from .compiler.codegen.target import Target as Target
    from .compiler.driver import compile as compile
    from .compiler.ir.graph import Module as Module
    from .compiler.isolation import Isolation as Isolation
    from .compiler.serde import save as save
    from .frontends.check import check as check
    from .frontends.load import load as load
    from .proto.errors import WeftError as WeftError
    from .proto.limits import Limits as Limits

    __version__: str

_HOMES = {
    "Isolation": ".compiler.isolation",
    "Limits": ".proto.limits",
    "Module": ".compiler.ir.graph",
    "Target": ".compiler.codegen.target",
    "WeftError": ".proto.errors",
    "check": ".frontends.check",
    "compile": ".compiler.driver",
    "load": ".frontends.load",
    "save": ".compiler.serde",
}

__all__ = ["Isolation", "Limits", "Module", "Target", "WeftError", "__version__", "check", "compile", "load", "save"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return weft_version()
    if name not in _HOMES:
        raise AttributeError(f"module 'weft' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
