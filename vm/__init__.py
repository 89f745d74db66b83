"""The virtual machine: loads compiled programs and runs them, with numpy, ml_dtypes and protobuf alone.

`from weft.vm import VM`. Names are resolved on first use, so that `weft.vm.isa` can be had without the rest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .driver import DriverFunction
    from .function import Function
    from .loader import VM, LoadedProgram

__all__ = ["VM", "DriverFunction", "Function", "LoadedProgram"]


def __getattr__(name: str) -> object:
    if name in ("VM", "LoadedProgram"):
        from . import loader

        return getattr(loader, name)
    if name == "Function":
        from .function import Function

        return Function
    if name == "DriverFunction":
        from .driver import DriverFunction

        return DriverFunction
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
