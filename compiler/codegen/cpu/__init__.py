"""Kernels for CPUs: one per fusion, its schedule by the fusion's kind."""

from collections.abc import Callable, Mapping

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
    kind = str(fusion.attrs["kind"])
    if kind not in EMITTERS:
        raise InternalError(f"no kernels of kind {kind!r}")
    return EMITTERS[kind](fusion, target)


def _emit_contraction(fusion: Node, target: Target) -> Kernel:
    """By its core: weft's own products have schedules, StableHLO's (of dtypes and shapes without one) are computed element by element."""
    ops = {node.op for node in fusion.regions[0].nodes}
    core = next((emit for op, emit in PRODUCTS.items() if op in ops), emit_map)
    return core(fusion, target)


Emitter = Callable[[Node, Target], Kernel]

EMITTERS: Mapping[str, Emitter] = {
    "map": emit_map,
    "window": emit_window,
    "contraction": _emit_contraction,
    "rows": emit_rows,
    "reduce": emit_reduce,
    "scatter": emit_scatter,
    "sort": emit_sort,
    "rng": emit_rng,
    "attention": emit_attention,
    "channels": emit_channels,
}
"""By the kind of a fusion."""

PRODUCTS: Mapping[str, Emitter] = {
    "weft.matmul": emit_matmul,
    "weft.conv": emit_conv,
    "weft.winograd": emit_winograd,
    "weft.depthwise": emit_depthwise,
}
"""By the op that is the core of a contraction."""
