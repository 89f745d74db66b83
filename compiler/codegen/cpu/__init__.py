"""Kernels for CPUs: one per fusion, its schedule by the fusion's kind."""

from ....proto.errors import InternalError
from ...ir.graph import Node
from ..kernel import Kernel
from ..target import Target
from .attention import emit_attention
from .channels import emit_channels
from .conv import emit_conv
from .depthwise import emit_depthwise
from .map import emit_map
from .matmul import emit_matmul
from .reduce import emit_reduce
from .rng import emit_rng
from .rows import emit_rows
from .scatter import emit_scatter
from .sort import emit_sort
from .window import emit_window
from .winograd import emit_winograd


def emit_kernel(fusion: Node, target: Target) -> Kernel:
    """The kernel of a `weft.fusion` node. Raises `InternalError` for what the fuse pass must not have made."""
    match fusion.attrs["kind"]:
        case "map":
            return emit_map(fusion, target)
        case "window":
            return emit_window(fusion, target)
        case "contraction":
            return _emit_contraction(fusion, target)
        case "rows":
            return emit_rows(fusion, target)
        case "reduce":
            return emit_reduce(fusion, target)
        case "scatter":
            return emit_scatter(fusion, target)
        case "sort":
            return emit_sort(fusion, target)
        case "rng":
            return emit_rng(fusion, target)
        case "attention":
            return emit_attention(fusion, target)
        case "channels":
            return emit_channels(fusion, target)
        case kind:
            raise InternalError(f"no kernels of kind {kind!r}")


def _emit_contraction(fusion: Node, target: Target) -> Kernel:
    """By its core: weft's own products have schedules, StableHLO's (of dtypes and shapes without one) are computed element by element."""
    ops = {node.op for node in fusion.regions[0].nodes}
    if "weft.matmul" in ops:
        return emit_matmul(fusion, target)
    if "weft.conv" in ops:
        return emit_conv(fusion, target)
    if "weft.winograd" in ops:
        return emit_winograd(fusion, target)
    if "weft.depthwise" in ops:
        return emit_depthwise(fusion, target)
    return emit_map(fusion, target)
