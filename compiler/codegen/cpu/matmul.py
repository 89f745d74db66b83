"""Matrix products: the kernel.

A chunk is a block of rows by a block of panels of one batch entry. Inside, groups of panels are the outer loop and tiles of rows the inner
one, so that a group of B stays in the first-level cache while A passes by; the sum over k is taken in steps that are added up in order,
which keeps long sums as accurate as a blocked library's. Panels come packed from the compiler, are read in place, or are packed into
scratch where neither would do. `matmulplan.py` decides, `matmuldriver.py` writes the function.
"""

from ...ir.graph import Node
from ..kernel import Kernel, fusion_symbols, kernel_name
from ..target import Target
from ..writer import Module
from . import tilepass
from .matmuldriver import Driver
from .matmulplan import Matmul


def emit_matmul(fusion: Node, target: Target) -> Kernel:
    """The kernel of a contraction fusion around `weft.matmul`."""
    m = Matmul(fusion, target)
    name = kernel_name(fusion, target)
    module = Module(target)
    driver = Driver(m, module.kernel(name))
    driver.emit()
    if m.epilogue.rest or m.has_tail:
        outer = [axis.extent for axis in m.p.batch]
        tilepass.define(module, fusion, m.core.result, m.tile_stride, outer, m.place)
    needs = tuple(sorted(m.needs))
    return Kernel(name, module.text(), fusion_symbols(fusion), driver.chunks, m.scratch[2], m.plan, m.inplace, needs)
