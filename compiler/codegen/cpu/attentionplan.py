"""Attention: what is decided before the kernel is written, which is how the work is cut and where things are in scratch."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....proto.errors import InternalError
from ...ir.attrs import Tensor
from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Node, Region, Value
from ...ops.blocked import PANEL, parse_spec
from ..lltypes import memory_type
from ..target import Target
from . import microkernel

_ONE_BLOCK = 512  # keys whose scores fit the first-level cache for a tile of rows
_BLOCK = 256
_MAX_ROWS = 16  # tiles of a chunk: keys and values are packed once for them
_CHUNKS = 8  # wanted, for that many threads


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """What an attention does: `tile` is queries × keys in registers; `rows` queries of a chunk go over `block` keys at a time."""

    queries: Dim
    keys: Dim
    depth: int
    width: int
    batch: tuple[Dim, ...]
    tile: str
    rows: Dim
    block: int
    query: str  # "in place" or "transposed" into scratch


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch dim: its extent and what a step adds to the places in query, key, value and result; keys step once in `shared` times."""

    letter: str
    extent: Dim
    query: Dim
    key: Dim
    value: Dim
    out: Dim
    shared: int = 1


class Attention:
    """A `weft.attention` and the decisions about its kernel. `needs` are the shared functions that it calls."""

    def __init__(self, fusion: Node, target: Target) -> None:
        self.fusion, self.target = fusion, target
        (self.core,) = (n for n in fusion.regions[0].nodes if n.op == "weft.attention")
        self.needs: set[str] = set()
        self.dtype = self.core.result.dtype
        self.elem = memory_type(self.dtype)
        self.size = self.dtype.itemsize
        attrs = self.core.attrs
        left, right, self.letters = parse_spec(str(attrs["scores"]))
        _, values, out = parse_spec(str(attrs["mix"]))
        query, key, value = self.core.operands[:3]
        self.query, self.key, self.value = _strides(left, query.shape), _strides(right, key.shape), _strides(values, value.shape)
        self.out = _strides(out, self.core.result.shape)
        sizes: dict[str, Dim] = dict(zip(left, query.shape, strict=True)) | dict(zip(out, self.core.result.shape, strict=True))
        sizes["n"] = key.shape[right.index("n")]
        depth, width = sizes["k"], sizes["v"]
        assert isinstance(depth, int) and isinstance(width, int)  # C6
        for strides, letters in ((self.query, "mk"), (self.key, "nk"), (self.value, "nv")):
            if not any(strides[c] == 1 or sizes[c] == 1 for c in letters):
                raise InternalError(f"an operand is contiguous along neither {letters[0]} nor {letters[1]}: {self.core!r}")
        self.queries, self.keys, self.depth, self.width = sizes["m"], sizes["n"], depth, width
        self.batch = [self._batch(c, sizes[c]) for c in self.letters if c not in "mn"]
        self.scale = _scale(self.core.regions[0])
        self.panels = microkernel.wide_panels(target, self.elem)
        self.tile_rows = microkernel.tile_rows(target, self.elem, self.panels)

    def _batch(self, letter: str, extent: Dim) -> Batch:
        repeats = self.core.attrs["repeats"] if letter == self.core.attrs["repeated"] else 1
        assert isinstance(repeats, int)
        query, key, value, out = (x.get(letter, 0) for x in (self.query, self.key, self.value, self.out))
        return Batch(letter, extent, query, key, value, out, repeats)

    @property
    def block(self) -> int:
        """Keys at a time."""
        if not isinstance(self.keys, int):
            return _BLOCK
        blocks = 1 if self.keys <= _ONE_BLOCK else -(-self.keys // _BLOCK)
        return -(-self.keys // (blocks * PANEL)) * PANEL

    @property
    def in_one_block(self) -> bool:
        """Whether the scores of a query are all there at once, so that no partial result is ever scaled again."""
        return isinstance(self.keys, int) and self.keys <= self.block

    @property
    def rows(self) -> Dim:
        """Queries of a chunk."""
        if not isinstance(self.queries, int):
            return _MAX_ROWS // 2 * self.tile_rows
        batch = product(axis.extent for axis in self.batch)
        wanted = -(-_CHUNKS // batch) if isinstance(batch, int) and batch else 1
        tiles = -(-self.queries // self.tile_rows)
        parts = max(-(-tiles // _MAX_ROWS), min(wanted, -(-tiles // 2)))
        return min(self.queries, -(-tiles // parts) * self.tile_rows)

    @property
    def row_blocks(self) -> Dim:
        """Chunks of one batch entry."""
        return ceildiv(self.queries, self.rows)

    @property
    def chunks(self) -> Dim:
        """All chunks: blocks of rows of batch entries."""
        return product((*(axis.extent for axis in self.batch), self.row_blocks))

    @property
    def reads_queries(self) -> bool:
        """Whether queries are read in place."""
        return self.query["k"] == 1 or self.depth == 1

    # -- scratch, in elements: scores of a tile, keys, values, sums of rows, queries, and two numbers for each row ---------------

    @property
    def score_stride(self) -> int:
        """From row to row of a tile of scores: room for pairs of vectors, off the multiples that would alias."""
        return self.block + PANEL

    @property
    def query_stride(self) -> int:
        """From row to row of copied queries."""
        return -(-self.depth // PANEL) * PANEL + PANEL

    @property
    def width_padded(self) -> int:
        """The width of values in whole panels."""
        return -(-self.width // PANEL) * PANEL

    @property
    def places(self) -> tuple[tuple[int, ...], int]:
        """Byte offsets of the parts of scratch, and the size of all."""
        rows = self.rows if isinstance(self.rows, int) else 0
        assert rows
        parts = (
            self.tile_rows * self.score_stride,
            self.block * self.depth,
            self.block * self.width_padded,
            rows * self.width_padded,
            0 if self.reads_queries else (rows + PANEL) * self.query_stride,
            rows,
            rows,
        )
        offsets, at = [], 0
        for count in parts:
            offsets.append(at)
            at += -(-count * self.size // 64) * 64
        return tuple(offsets), at

    @property
    def plan(self) -> AttentionPlan:
        tile = f"{self.tile_rows}×{self.panels * PANEL}"
        batch = tuple(axis.extent for axis in self.batch)
        how = "in place" if self.reads_queries else "transposed"
        return AttentionPlan(self.queries, self.keys, self.depth, self.width, batch, tile, self.rows, self.block, how)


def _scale(body: Region) -> float | None:
    """The positive number that `body` multiplies the scores by, if that is all it does: it can be part of the softmax."""
    score, (result,) = body.params[0], body.results
    if result is score:
        return 1.0
    node = result.node
    if node is None or node.op not in ("multiply", "divide") or node.operands[0] is not score:
        return None
    number = _number(node.operands[1])
    if number is None or not 2.0**-64 <= number <= 2.0**64:
        return None
    return number if node.op == "multiply" else 1.0 / number


def _number(value: Value) -> float | None:
    """The number that every element is shown to be."""
    while value.node is not None and value.op in ("broadcast_in_dim", "reshape"):
        value = value.node.operands[0]
    tensor = value.node.attrs.get("value") if value.node is not None and value.op == "constant" else None
    return float(tensor.array.reshape(-1)[0]) if isinstance(tensor, Tensor) and tensor.array.size == 1 else None


def _strides(letters: str, shape: Sequence[Dim]) -> dict[str, Dim]:
    return {letter: product(shape[i + 1 :]) for i, letter in enumerate(letters)}
