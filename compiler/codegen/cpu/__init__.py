"""Kernels for CPUs: one per fusion, its schedule by the fusion's kind."""

from ....proto.errors import InternalError
from ...ir.graph import Node
from ..kernel import Kernel
from ..target import Target
from .map import emit_map
from .reduce import emit_reduce
from .rows import emit_rows


def emit_kernel(fusion: Node, target: Target) -> Kernel:
    """The kernel of a `weft.fusion` node. Raises `InternalError` for what the fuse pass must not have made."""
    match fusion.attrs["kind"]:
        case "map" | "contraction" | "window":
            return emit_map(fusion, target)
        case "rows":
            return emit_rows(fusion, target)
        case "reduce":
            return emit_reduce(fusion, target)
        case kind:
            raise InternalError(f"no kernels of kind {kind!r}")
