"""`reduce` kernels: one reduction, what makes its operands, and what is done with its results.

Along the innermost dim a row kernel folds in vectors. Otherwise, and for folds that are no standard monoid, every result is folded on
its own, in order, with lanes over the innermost kept dim; sums then go block by block, so that rounding errors do not grow with the
length.
"""

from ...ir.dims import Dim, Expr, ceildiv, minimum, product, upper_bound
from ...ir.graph import Node, Region
from ...ops.accumulate import combine
from ...ops.bodies import identity_of, monoid_of
from ...ops.builder import Index
from ...ops.reduction import finish, fold, start
from ..elemental import Elems, Emitter
from ..kernel import Kernel
from ..memory import MOST_STRIDE
from ..scalar import Elem
from ..target import Target
from .map import emit_map
from .pick import emit_pick
from .rows import emit_rows
from .rowspace import Space, row_space

_BLOCK = 128
_FEW_ROWS = 64


def emit_reduce(fusion: Node, target: Target) -> Kernel:
    """The kernel of a fusion around one `reduce`."""
    (region,) = fusion.regions
    space = row_space(region)
    if space is not None and not _is_short(space):
        return emit_rows(fusion, target)
    picked = emit_pick(fusion, target)
    if picked is not None:
        return picked
    return emit_map(fusion, target, prepare=lambda e: bind_block_sums(e, region))


def _is_short(space: Space) -> bool:
    """Whether a row is a few elements, so that lanes had better go over rows."""
    length, rows = product(space.extents), product(space.rows)
    return isinstance(length, int) and length <= MOST_STRIDE and not (isinstance(rows, int) and rows < _FEW_ROWS)


def bind_block_sums(e: Emitter, region: Region) -> None:
    """Long sums of floats are folded in blocks."""
    for node in region.nodes:
        if node.op == "reduce" and monoid_of(node.regions[0]) == "add" and not node.captures and _is_long(node):
            e.bind(node.result, lambda index, node=node: _block_sum(e, node, index))


def _is_long(node: Node) -> bool:
    dtype = node.result.dtype
    count = product(node.operands[0].shape[d] for d in _dimensions(node))
    bound = upper_bound(count)
    return (dtype.is_float or dtype.is_complex) and (bound is None or bound > 4 * _BLOCK)


def _dimensions(node: Node) -> list[int]:
    return sorted(node.ints("dimensions"))


def _block_sum(e: Emitter, node: Node, index: Index) -> Elem:
    """The sum with its longest dim cut into blocks, each summed on its own."""
    x = node.operands[0]
    dims = _dimensions(node)
    long = max(dims, key=lambda d: (isinstance(x.shape[d], Expr), x.shape[d] if isinstance(x.shape[d], int) else 0))
    initial = start(e, node)
    zero = (e.const(initial[0].dtype, identity_of("add", initial[0].dtype)),)
    rest = [d for d in dims if d != long]

    def block(at: Index, total: Elems) -> Elems:
        first: Dim = at[0] * _BLOCK

        def step(place: Index, state: Elems) -> Elems:
            inner = dict(zip([long, *rest], (first + place[0], *place[1:]), strict=True))
            kept = iter(index)
            full = tuple(inner[d] if d in inner else next(kept) for d in range(len(x.shape)))
            return fold(e, node, [e.read(x, full)], state)

        part = e.loop([minimum(_BLOCK, x.shape[long] - first), *(x.shape[d] for d in rest)], zero, step)
        return (combine(e, "add", total[0], part[0]),)

    total = e.loop([ceildiv(x.shape[long], _BLOCK)], initial, block)
    done = finish(e, node, total)
    assert isinstance(done, Elem)
    return done
