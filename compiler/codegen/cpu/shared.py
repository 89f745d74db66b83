"""Functions that kernels share: compiled once per program, named in `Kernel.needs`, linked as a library."""

from ....proto.errors import InternalError
from ..target import Target
from . import microkernel, packing, winotransform


def shared_source(name: str, target: Target) -> str:
    """The LLVM module that defines the shared function `name`."""
    text = packing.source(name, target) or winotransform.source(name, target)
    if text is not None:
        return text
    if microkernel.MicroKernel.parse(name) is None:
        raise InternalError(f"no shared function is called {name}")
    return microkernel.source(name, target)
