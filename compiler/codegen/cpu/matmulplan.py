"""Matrix products: what is decided before a kernel is written, which is how the work is cut and where operands are read."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....proto.errors import InternalError
from ...ir.dims import Dim, ceildiv, minimum, product
from ...ir.graph import Node
from ...ops.blocked import PANEL
from ..target import Target
from . import microkernel
from .epilogue import Epilogue, analyse, core_of, inplace_pairs
from .product import Axis, product_of

_STEP = 256  # k summed in registers before it is added to the tile
_CHUNK = 1 << 21  # multiply-adds in a chunk: some 20 µs
_MAX_ROWS = 224  # of a chunk
_PAGE = 4096  # bytes, also the distance between lines of one set on x86
_PAYING = 8  # panels of a chunk that make up for packing its rows of A
_FEW_GROUPS = 4  # of panels: so often a transposed A may be read by columns rather than be turned
_ALIASED = 2048  # rows so many bytes apart meet in one cache set


@dataclass(frozen=True, slots=True)
class MatmulPlan:
    """What a matrix product does. `tile` is rows × columns in registers; `rows` and `panels` is the size of a chunk."""

    m: Dim
    n: Dim
    k: Dim
    batch: tuple[Dim, ...]
    tile: str
    rows: Dim
    panels: Dim
    step: int
    lhs: str  # "in place", by "columns" in place, "copied" or "transposed" into scratch
    rhs: str  # "panels" packed by the compiler, "in place", "copied", "transposed" or "interleaved"
    epilogue: str


class Matmul:
    """A contraction fusion around `weft.matmul`, and the decisions about its kernel. `needs` are the shared functions its driver calls."""

    def __init__(self, fusion: Node, target: Target) -> None:
        self.fusion, self.target = fusion, target
        body = fusion.regions[0]
        self.core = core_of(body)
        self.p = product_of(self.core)
        if self.p.n.extent != 1 and self.p.n.c != 1:
            raise InternalError(f"the columns of the result are not contiguous: {self.core!r}")
        self.units = self.p.units
        self.elem, self.size = self.units.name, self.units.size
        self.epilogue = self._epilogue()
        self.groups = self._groups()
        self.rows = microkernel.tile_rows(target, self.elem, min(self.groups[0], 2))
        self.lhs, self.rhs = self._lhs(), self._rhs()
        self.row_block = self._row_block()
        self.panel_block = self._panel_block()
        self.needs: set[str] = set()

    # -- the plan -------------------------------------------------------------------------------------------------------------

    def _epilogue(self) -> Epilogue:
        rank = self.core.result.tensor.rank
        found = analyse(self.fusion.regions[0], (rank - 1,))
        one_vector = len(self.p.n.dims) <= 1
        in_registers = isinstance(self.p.k.extent, int) and found.value.type == self.core.result.type and one_vector
        if in_registers and not found.rest:
            return found
        return Epilogue(self.core, self.core.result, rest=len(self.fusion.regions[0].nodes) > 1)

    def _groups(self) -> tuple[int, ...]:
        """Sizes of panel groups, widest first: few rows need many panels to have enough sums under way."""
        m = self.p.m.extent
        wide = microkernel.wide_panels(self.target, self.elem)
        if isinstance(m, int) and m <= 3:
            wide = next(g for g in (8, 4, 2, 1) if g == 1 or microkernel.fits(self.target, self.elem, m, g))
        return tuple(g for g in (8, 4, 2, 1) if g <= wide)

    def _lhs(self) -> str:
        k, m = self.p.k, self.p.m
        if k.a == 1 or k.extent == 1:
            few = isinstance(m.extent, int) and m.extent <= 3
            # A tile's rows that are whole pages apart share one set of the first-level cache. A few more than it has ways do no harm.
            ways = self.target.l1_bytes // _PAGE
            aliased = isinstance(m.a, int) and m.a * self.size % _PAGE == 0 and 4 * self.rows > 5 * ways
            return "copied" if aliased and not few and self.p.n.extent != 1 else "in place"
        if m.a == 1 or m.extent == 1:
            # Tiles read a few neighbours of every row of Aᵀ, once per group of panels. Transposing pays where there are many of these.
            again = isinstance(self.p.panels, int) and self.p.panels <= _FEW_GROUPS * self.groups[0]
            apart = isinstance(k.a, int) and isinstance(k.extent, int) and k.a * self.size % _ALIASED != 0
            return "columns" if again and apart and self.units.group == 1 else "transposed"
        raise InternalError(f"neither rows nor k of the lhs are contiguous: {self.core!r}")

    def _rhs(self) -> str:
        k, n = self.p.k, self.p.n
        if self.p.packed:
            return "panels"
        if self.p.interleaves:
            return "interleaved"
        if n.b == 1 or n.extent == 1:
            near = isinstance(k.b, int) and isinstance(k.extent, int) and k.b * k.extent * self.size <= self.target.l2_bytes // 2
            few = isinstance(self.p.m.extent, int) and self.p.m.extent <= self.rows
            return "in place" if few or (near and k.b * self.size % _ALIASED) else "copied"
        if k.b == 1 or k.extent == 1:
            return "transposed"
        raise InternalError(f"neither columns nor k of the rhs are contiguous: {self.core!r}")

    def _row_block(self) -> Dim:
        m, k = self.p.m.extent, self.p.k.extent
        count = _MAX_ROWS // self.rows
        if isinstance(k, int) and not self.steps_outside:
            # The block of A is read once per group of panels: it should stay in the second-level cache.
            count = max(4, min(count, self.target.l2_bytes * 5 // 8 // (k * self.size * self.rows + 1)))
        if self.packs_rhs:
            count = 4 * _MAX_ROWS // self.rows  # spreads the cost of packing
        block = count * self.rows
        if not isinstance(m, int):
            return block
        blocks = -(-m // block)
        return min(m, -(-m // (blocks * self.rows)) * self.rows)

    def _panel_block(self) -> Dim:
        panels, k = self.p.panels, self.p.k.extent
        group = self.groups[0]
        rows = self.row_block if isinstance(self.row_block, int) else self.rows
        depth = k if isinstance(k, int) else _STEP
        wanted = max(1, _CHUNK // (rows * depth * PANEL * group)) * group
        if self.packs_lhs:
            wanted = max(wanted, _PAYING)
        return minimum(panels, wanted) if isinstance(panels, int) else wanted

    @property
    def steps_outside(self) -> bool:
        """Whether a chunk takes one step of k for all of its tiles before the next: for deep sums that need no pass over finished tiles."""
        k = self.p.k.extent
        return isinstance(k, int) and k > 2 * _STEP and not self.epilogue.rest and self.rhs in ("panels", "in place")

    @property
    def fetches(self) -> bool:
        """Whether tiles ask for the panels that follow: where there are several tiles to each, so that waiting for them would show."""
        m = self.p.m.extent
        return self.rhs == "panels" and (not isinstance(m, int) or m > self.rows)

    @property
    def plan(self) -> MatmulPlan:
        p = self.p
        batch = tuple(axis.extent for axis in p.batch)
        tile = f"{self.rows}×{self.groups[0] * PANEL}"
        sizes = (p.m.extent, p.n.extent, p.k.extent, batch)
        return MatmulPlan(*sizes, tile, self.row_block, self.panel_block, self.step, self.lhs, self.rhs, str(self.epilogue))

    @property
    def step(self) -> int:
        """How much of k is summed in registers."""
        k = self.p.k.extent
        return _STEP if not isinstance(k, int) else -(-k // max(1, round(k / _STEP)))

    # -- scratch: the tile, then A's block, then a group of B ------------------------------------------------------------------

    @property
    def tile_stride(self) -> int:
        return self.groups[0] * PANEL

    @property
    def a_stride(self) -> Dim:
        # Rounded up because `transpose` writes whole vectors, and off the multiples that would alias.
        return ceildiv(self.p.k.extent, PANEL) * PANEL + PANEL

    @property
    def scratch(self) -> tuple[Dim, Dim, Dim]:
        """Byte offsets of A's block and of B's group, and the size of all."""
        tile = self.rows * self.tile_stride * self.size
        a = self.a_stride * self.row_block * self.size if self.packs_lhs else 0
        b = self.p.k.extent * self.tile_stride * self.size if self.packs_rhs or self.packs_tail else 0
        return tile, tile + a, tile + a + b

    @property
    def has_tail(self) -> bool:
        n = self.p.n.extent
        return not isinstance(n, int) or n % PANEL != 0

    @property
    def packs_lhs(self) -> bool:
        return self.lhs in ("copied", "transposed")

    @property
    def packs_rhs(self) -> bool:
        return self.rhs in ("copied", "transposed", "interleaved")

    @property
    def packs_tail(self) -> bool:
        return self.has_tail and self.rhs == "in place"

    def place(self, row: Dim, column: Dim, outer: Sequence[Dim]) -> tuple[Dim, ...]:
        """The index in the result of a row and a column."""
        index: list[Dim] = [0] * self.core.result.tensor.rank
        for axis, at in zip((self.p.m, self.p.n, *self.p.batch), (row, column, *outer), strict=True):
            _digits(axis, at, index)
        return tuple(index)

    @property
    def inplace(self) -> tuple[tuple[int, int], ...]:
        """Where a sum takes several steps in the result itself, that cannot be an operand's memory."""
        k = self.p.k.extent
        in_one_step = isinstance(k, int) and k <= self.step
        return inplace_pairs(self.fusion.regions[0]) if self.epilogue.rest or in_one_step else ()


def _digits(axis: Axis, at: Dim, index: list[Dim]) -> None:
    """Splits a position on a merged axis into the indices of its dims."""
    for i, (dim, extent) in enumerate(axis.dims):
        inner = product(n for _, n in axis.dims[i + 1 :])
        index[dim] = at // inner if i == 0 else (at // inner) % extent
