"""`scatter` kernels: the inputs are copied, then the updates are folded in, in row-major order.

Updates that meet at one element must be folded one after the other, so chunks share no element: they cut a dim of the inputs whose
coordinate does not come from the indices (a window or a batching dim), and each goes through all updates of its part. Lanes run along
the innermost dim of the updates if that is a window dim of this sort.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce

from ...ir.attrs import ScatterDims
from ...ir.dims import Dim, Expr, ceildiv, maximum, minimum, product
from ...ir.graph import Node
from ...ops.builder import Index
from ..elemental import Elems
from ..kernel import Kernel
from ..target import Target
from .frame import Frame, chunk_loop, lanes_for, open_kernel

# A chunk goes through all indices, so there are not many.
_MOST_CHUNKS = 16
_SMALL = 1 << 14
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class ScatterPlan:
    """`split` is the dim of the inputs that chunks cut into blocks of `block`, None if there is one chunk."""

    split: int | None
    block: Dim
    lanes: int

    def __str__(self) -> str:
        cut = "one chunk" if self.split is None else f"dim {self.split} in blocks of {self.block}"
        return f"scatter, {cut}, {self.lanes} lanes"


def emit_scatter(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion of one `scatter` node."""
    (region,) = fusion.regions
    (node,) = [n for n in region.nodes if n.op == "scatter"]
    layout = _Layout(node)
    dtypes = {v.dtype for v in (*node.operands, *node.results)}
    lanes = lanes_for(dtypes, target) if layout.vectorizable else 1
    split = layout.split
    extent = layout.shape[split] if split is not None else 1
    block = ceildiv(ceildiv(extent, _MOST_CHUNKS), lanes) * lanes if split is not None else 1
    chunks = ceildiv(extent, maximum(block, 1))
    plan = ScatterPlan(split, block, lanes)
    inplace = tuple(
        (region.params.index(x), k)
        for k, (x, r) in enumerate(zip(layout.inputs, node.results, strict=True))
        if x in region.params and x.type == r.type and region.results[k] is r
    )
    frame = open_kernel(fusion, target, lanes)
    with chunk_loop(frame, chunks) as chunk:
        part = (0, extent) if split is None else (chunk * block, minimum(chunk * block + block, extent))
        _Scatter(frame, node, layout, part).emit(inplace)
    return Kernel(frame.name, frame.finish(), frame.symbols, chunks, 0, plan, inplace)


class _Layout:
    """Which dim of the updates goes to which dim of the inputs."""

    def __init__(self, node: Node) -> None:
        n = len(node.inputs) // 2
        self.inputs, self.indices, self.updates = node.inputs[:n], node.inputs[n], node.inputs[n + 1 :]
        self.shape, self.places = self.inputs[0].shape, self.updates[0].shape
        d = node.attrs["scatter_dimension_numbers"]
        assert isinstance(d, ScatterDims)
        self.dims = d
        rank = len(self.places)
        self.scatter_dims = [k for k in range(rank) if k not in d.update_window_dims]
        window = [k for k in range(len(self.shape)) if k not in (*d.inserted_window_dims, *d.input_batching_dims)]
        self.window = dict(zip(window, d.update_window_dims, strict=True))
        self.batching = {
            i: self.scatter_dims[s - (s > d.index_vector_dim)]
            for i, s in zip(d.input_batching_dims, d.scatter_indices_batching_dims, strict=True)
        }
        scattered = set(d.scatter_dims_to_operand_dims)
        self.direct = {i: u for i, u in (self.window | self.batching).items() if i not in scattered}
        # Along a batching dim the indices differ from lane to lane.
        inner = next((i for i, u in self.window.items() if u == rank - 1 and i not in scattered), None)
        self.vectorizable = inner is not None and inner == len(self.shape) - 1 and self.places[-1] != 1

    @property
    def split(self) -> int | None:
        """The longest dim that chunks may cut; None if that would be for little."""
        work = product(self.shape)
        if isinstance(work, int) and work < _SMALL:
            return None
        long = [i for i in self.direct if isinstance(self.shape[i], Expr) or self.shape[i] >= 2]
        return max(long, key=lambda i: self.shape[i] if isinstance(self.shape[i], int) else 1 << 20, default=None)


class _Scatter:
    def __init__(self, frame: Frame, node: Node, layout: _Layout, part: tuple[Dim, Dim]) -> None:
        self.f, self.e, self.node, self.at, self.part = frame, frame.e, node, layout, part

    def emit(self, inplace: Sequence[tuple[int, int]]) -> None:
        """One chunk. `inplace`: slots of inputs that the caller may give as results too; then there is nothing to copy."""
        w, everything = self.f.w, nullcontext()
        if len(inplace) == len(self.f.outputs):
            moved = [w.icmp("ne", w.operand(slot), self.f.outputs[k].pointer) for slot, k in inplace]
            everything = w.when(reduce(w.or_, moved))
        # What is loaded inside is loaded there, not before: memory changes.
        with self.e.scopes.open(barrier=True), everything:
            self._loops(self.at.shape, self.at.split, "%x", self._copy)
        with self.e.scopes.open(barrier=True):
            split = self.at.split
            self._loops(self.at.places, None if split is None else self.at.direct[split], "%u", self._update)

    def _loops(self, shape: tuple[Dim, ...], split: int | None, name: str, body: Callable[[Index], None]) -> None:
        def nest(index: Index) -> None:
            k = len(index)
            start, stop = (0, shape[k]) if k < len(shape) and k != split else self.part
            if k == len(shape):
                body(index)
            elif shape[k] == 1:
                nest((*index, 0))
            elif k == len(shape) - 1 and self.e.width > 1:
                self.e.vector_loop(f"{name}{k}", start, minimum(stop, shape[k]), lambda i: nest((*index, i)))
            else:
                with self.e.loop_over(f"{name}{k}", start, minimum(stop, shape[k])) as i:
                    nest((*index, i))

        nest(())

    def _copy(self, index: Index) -> None:
        e = self.e
        copies = [e.convert(e.read(x, index), r.dtype) for x, r in zip(self.at.inputs, self.node.results, strict=True)]
        for buffer, x in zip(self.f.outputs, copies, strict=True):
            e.write(buffer, index, x)

    def _update(self, place: Index) -> None:
        """Folds in one update, or a vector of them, if its target exists."""
        target, checked = self._target(place)
        bounds = [(0, i, n) for i, n in checked]

        def apply() -> None:
            e, (body,) = self.e, self.node.regions
            old = [e.load(buffer, target) for buffer in self.f.outputs]
            new = [e.convert(e.read(u, place), r.dtype) for u, r in zip(self.at.updates, self.node.results, strict=True)]
            captured = [e.read(c, ()) for c in self.node.captured]
            results: Elems = e.inline(body, (*old, *new, *captured))
            for buffer, x in zip(self.f.outputs, results, strict=True):
                e.write(buffer, target, x)

        self.e.guard(bounds, apply)

    def _target(self, place: Index) -> tuple[Index, list[tuple[Dim, Dim]]]:
        """The element an update goes to, and the coordinates that may lie outside, with their dims."""
        d, e = self.at.dims, self.e
        batch = [place[u] for u in self.at.scatter_dims]
        target: list[Dim] = []
        checked: list[tuple[Dim, Dim]] = []
        for i, n in enumerate(self.at.shape):
            at: Dim = 0
            if i in d.scatter_dims_to_operand_dims:
                vector = list(batch)
                if d.index_vector_dim < len(self.at.indices.shape):
                    vector.insert(d.index_vector_dim, d.scatter_dims_to_operand_dims.index(i))
                at = e.index(e.read(self.at.indices, tuple(vector)), -_FAR, _FAR)
            if i in self.at.batching:
                at = at + place[self.at.batching[i]]
            if i in self.at.window:
                at = at + place[self.at.window[i]]
            if i in d.scatter_dims_to_operand_dims:
                checked.append((at, n))
            target.append(at)
        return tuple(target), checked
