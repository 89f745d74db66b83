"""Ops without kernels of their own become the ops that they are made of."""

from ...proto.errors import WeftError
from ..ir.graph import Node, Region, definitions
from ..ops.decomposition import expand
from ..ops.registry import OPS, op_of
from .base import Context, region_pass
from .rewrite import Inlined, Result, Uses, apply_rules, rewrite


@rewrite("decompose", *(name for name, op in OPS.items() if op.decompose is not None and op.lower is None))
def decompose_node(n: Node, uses: Uses) -> Result:
    """op(x) -> the ops that its entry says it stands for."""
    try:
        with definitions() as definers:
            results = expand(op_of(n), n.inputs, n.attrs, n.regions, n.types)
    except WeftError as e:
        raise e.at(n.loc) from None
    return Inlined(results, (), tuple(definers))


@region_pass("decompose")
def decompose(body: Region, context: Context) -> Region:
    """Replace ops that have a decomposition by it."""
    return apply_rules(body, [decompose_node])
