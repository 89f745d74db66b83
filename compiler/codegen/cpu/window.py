"""`window` kernels: reductions over sliding windows.

Most are maps: places of small windows are written out, and the loops are cut where windows begin to leave the input, so that the inside
has no conditions. A window that reaches back to the first element, or on to the last, is one running fold per line (a cumulative sum).
"""

from dataclasses import dataclass

from ...ir.attrs import Tensor
from ...ir.dims import Dim, product, symbol
from ...ir.graph import Node
from ...ops.bodies import identity_of, monoids_of
from ...ops.builder import Index
from ...ops.reduction import finish, fold, start
from ...ops.window import reduce_window_of
from ..elemental import Elems
from ..kernel import Kernel
from ..scalar import Elem
from ..target import Target
from .frame import Frame, Grid, chunk_loop, grid_of, lanes_for, open_kernel
from .loops import unravel
from .map import emit_map


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """A running fold along `dim`, for `rows` x `inner` lines; lanes run along the innermost dim unless that is `dim`."""

    dim: int
    rows: Dim
    inner: Dim
    lanes: int
    grid: Grid

    def __str__(self) -> str:
        return f"running fold along dim {self.dim} of {self.rows} x {self.inner} lines, {self.lanes} lanes, {self.grid.chunks} chunks"


def emit_window(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion around one `reduce_window`."""
    (region,) = fusion.regions
    windows = [n for n in region.nodes if n.op == "reduce_window"]
    scan = _scan_dim(windows[0]) if len(windows) == 1 and region.results == windows[0].results else None
    return emit_map(fusion, target) if scan is None else _Scan(fusion, windows[0], scan, target).emit()


def _scan_dim(node: Node) -> tuple[int, bool] | None:
    """The dim along which a window reaches back to the first element, or on to the last (True); None for other windows."""
    window = reduce_window_of(node)
    shape = node.operands[0].shape
    long = [d for d, k in enumerate(window.size) if k != 1]
    if len(long) != 1 or any(s != 1 for s in (*window.stride, *window.dilation, *window.base_dilation)):
        return None
    (d,) = long
    if not _starts_neutral(node):
        return None
    if any(pair != (0, 0) for k, pair in enumerate(window.padding) if k != d) or window.size[d] != shape[d]:
        return None
    match window.padding[d]:
        case (low, 0) if low == shape[d] - 1:
            return d, False
        case (0, high) if high == shape[d] - 1:
            return d, True
        case _:
            return None


def _starts_neutral(node: Node) -> bool:
    """Whether padding, which has the initial values, changes nothing."""
    body = node.regions[0]
    monoids = monoids_of(body)
    inits = node.inputs[len(node.inputs) // 2 :]
    if monoids is None:
        return False
    for monoid, init in zip(monoids, inits, strict=True):
        tensor = init.node.attrs["value"] if init.node is not None and init.op == "constant" else None
        if not isinstance(tensor, Tensor) or tensor.array.reshape(-1)[0] != identity_of(monoid, init.dtype):
            return False
    return True


class _Scan:
    """One running fold per line."""

    def __init__(self, fusion: Node, node: Node, scan: tuple[int, bool], target: Target) -> None:
        self.region, self.node = fusion.regions[0], node
        self.dim, self.backwards = scan
        self.shape = node.operands[0].shape
        lanes = lanes_for({v.dtype for v in (*node.operands, *node.results)}, target)
        self.along_lanes = self.dim != len(self.shape) - 1
        inner = self.shape[-1] if self.along_lanes else 1
        self.outer = [n for d, n in enumerate(self.shape) if d != self.dim and not (self.along_lanes and d == len(self.shape) - 1)]
        length = self.shape[self.dim] if isinstance(self.shape[self.dim], int) else 64
        grid = grid_of(product(self.outer), inner, 8.0 * length * (1 if self.along_lanes else 16), lanes)
        self.plan = ScanPlan(self.dim, grid.outer, inner, lanes if self.along_lanes else 1, grid)
        self.f: Frame = open_kernel(fusion, target, self.plan.lanes)

    def emit(self) -> Kernel:
        """The kernel: chunks of lines."""
        e, grid = self.f.e, self.plan.grid
        with chunk_loop(self.f, grid.chunks) as chunk:
            first, last, begin, end = grid.place(chunk)
            with e.loop_over("%row", first, last):
                row = tuple(unravel(symbol("%row", 0, grid.outer - 1), self.outer))
                if self.along_lanes:
                    e.vector_loop("%j", begin, end, lambda j: self._line((*row, j)))
                else:
                    self._line(row)
        return Kernel(self.f.name, self.f.finish(), self.f.symbols, grid.chunks, 0, self.plan)

    def _line(self, line: Index) -> None:
        e, n = self.f.e, self.shape[self.dim]
        inputs = self.node.inputs[: len(self.node.inputs) // 2]

        def step(at: Index, state: Elems) -> Elems:
            k = n - 1 - at[0] if self.backwards else at[0]
            index = (*line[: self.dim], k, *line[self.dim :])
            after = fold(e, self.node, [e.read(x, index) for x in inputs], state)
            done = finish(e, self.node, after)
            for buffer, x in zip(self.f.outputs, (done,) if isinstance(done, Elem) else done, strict=True):
                e.write(buffer, index, x)
            return after

        e.loop([n], start(e, self.node), step)
