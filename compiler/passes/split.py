"""Long reductions with few results become two: many parts on their own, which threads share, and then the parts.

The parts depend on shapes alone, so a result has the same bits for any number of threads; of floats, other bits than one long sum would
have, and if anything closer ones.
"""

from math import prod

from ..ir.dims import Dim
from ..ir.graph import Node, Region, Value
from ..ops.accumulate import accumulator_of
from ..ops.bodies import identity_of, monoids_of
from ..ops.helpers import const, reshape_to
from ..ops.nodes import nodes
from ..ops.picks import pick_of
from .base import Context, region_pass
from .rewrite import Result, Uses, apply_rules, rewrite

# Elements of a part: a microsecond or two of a core, far more than handing it out takes; and what is worth another kernel.
_LEAST = 1 << 14
_LONG = 1 << 17
_MOST_PARTS = 64
# Threads have enough to share if there are as many rows, or vectors of columns, as this.
_FEW = 4
_COLUMNS = 64


@rewrite("split-reduction", "reduce")
def split_reduction(n: Node, uses: Uses) -> Result:
    """reduce(x, dims) -> reduce(reduce(reshape(x), the other dims), parts). Sums of floats are rounded in another order."""
    starts = _first_starts(n)
    shape, dims = n.operands[0].shape, sorted(n.ints("dimensions"))
    if starts is None or not dims or not all(isinstance(d, int) for d in shape) or n.operands[0].tensor.size == 0:
        return None
    sizes: list[int] = [d for d in shape if isinstance(d, int)]
    if _units(sizes, dims) > _FEW or prod(sizes) < _LONG:
        return None
    at = next((d for d in dims if sizes[d] > 1), dims[0])
    parts = _parts(sizes[at], min(_MOST_PARTS, prod(sizes) // _LEAST))
    if parts is None:
        return None
    count = len(n.results)
    cut: tuple[Dim, ...] = (*sizes[:at], parts, sizes[at] // parts, *sizes[at + 1 :])
    inputs = [reshape_to(v, cut) for v in n.operands[:count]]
    rest = tuple(d + 1 if d >= at else d for d in dims)
    partial = nodes("reduce", *inputs, *starts, dimensions=rest, body=n.regions[0])
    if pick_of(n) and not pick_of(partial[0].node):  # type: ignore[arg-type]
        return None  # its indices are no longer known to grow, so its parts would be slow
    place = at - sum(d < at for d in dims)
    done = nodes("reduce", *partial, *n.operands[count:], dimensions=(place,), body=n.regions[0])
    return done if count > 1 else done[0]


def _units(sizes: list[int], dims: list[int]) -> int:
    """How many pieces of its result threads can share: rows, or vectors of columns."""
    kept = [d for d in range(len(sizes)) if d not in dims]
    long = [d for d, size in enumerate(sizes) if size != 1]
    columns = sizes[long[-1]] if long and long[-1] in kept else 1
    return prod(sizes[d] for d in kept) // columns * -(-columns // _COLUMNS)


def _first_starts(n: Node) -> tuple[Value, ...] | None:
    """The initial values of the parts: neutral ones; None for a fold whose order matters, or whose parts would be rounded."""
    if n.captures:
        return None
    if pick_of(n):
        return n.operands[2:]
    body = n.regions[0]
    monoids, dtypes = monoids_of(body), [v.dtype for v in body.results]
    if monoids is None:
        return None
    if any(m in ("add", "mul") and accumulator_of(e) != e for m, e in zip(monoids, dtypes, strict=True)):
        return None
    return tuple(const(identity_of(m, e), e) for m, e in zip(monoids, dtypes, strict=True))


def _parts(size: int, wanted: int) -> int | None:
    """The largest divisor of a size that is at most `wanted`, unless that is far too small."""
    found = max(c for c in range(1, min(wanted, size) + 1) if size % c == 0)
    return found if found >= max(2, wanted // 8) else None


@region_pass("split-reductions")
def split_reductions(body: Region, context: Context) -> Region:
    """Cut long reductions with few results into parts that threads can share."""
    return apply_rules(body, [split_reduction])
