"""Row spaces: whether a region's reductions run over the rows of one space, how loops go over a row, and in what passes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...ir.dims import Dim, product
from ...ir.graph import Node, Region, Value
from ...ops.bodies import monoids_of
from ...ops.builder import Index
from ...ops.registry import op_of
from ..probe import Record, axis_symbols, probe
from .loops import collapse

# Values cheaper than this are computed again in a later pass; dearer ones are kept.
_KEEP_COST = 8.0
_COST = {**dict.fromkeys(("exponential", "tanh", "logistic", "log", "sine", "cosine", "power", "cbrt"), 12.0), "divide": 4.0}


@dataclass(eq=False)
class Space:
    """The dims of a row space: what is reduced, what is kept, and how loops run over them."""

    shape: tuple[Dim, ...]
    kept: list[int]
    groups: list[list[int]]
    reduces: list[Node] = field(default_factory=list)

    @property
    def rows(self) -> list[Dim]:
        return [self.shape[d] for d in self.kept]

    @property
    def extents(self) -> list[Dim]:
        """The loops over a row, the last by lanes."""
        return [product(self.shape[d] for d in g) for g in self.groups]

    def index(self, row: Index, place: Index) -> Index:
        """The full index at a row's kept index and a place in the row."""
        index: list[Dim] = [0] * len(self.shape)
        for d, i in zip(self.kept, row, strict=True):
            index[d] = i
        for g, i in zip(self.groups, place, strict=True):
            index[g[-1]] = i
        return tuple(index)


def row_space(region: Region) -> Space | None:
    """The row space of a region, or None if its reductions do not share one, or not along the innermost dim, or a fold is not a monoid."""
    reduces = [n for n in region.nodes if n.op == "reduce"]
    if not reduces:
        return None
    first = reduces[0]
    shape, dims = first.operands[0].shape, set(_dimensions(first))
    for n in reduces:
        same = n.operands[0].shape == shape and set(_dimensions(n)) == dims
        if not same or monoids_of(n.regions[0]) is None or n.captures:
            return None
    long = [d for d, n in enumerate(shape) if n != 1]
    if not long or long[-1] not in dims or any(n == 0 for n in shape):
        return None
    kept = [d for d in long if d not in dims]
    space = Space(shape, kept, _row_groups(region, reduces, shape, [d for d in long if d in dims]), reduces)
    fits = all(is_full(v.shape, space) or row_index(v.shape, space, tuple(space.rows)) is not None for v in region.results)
    return space if fits and _is_rowwise(region, space) else None


def _dimensions(node: Node) -> Sequence[int]:
    return node.ints("dimensions")


def _row_groups(region: Region, reduces: list[Node], shape: tuple[Dim, ...], reduced: list[int]) -> list[list[int]]:
    """The reduced dims, adjacent ones that everything read along the row treats as one together."""
    axes = axis_symbols(shape)
    total = Record()
    for v in _read_along_rows(region, reduces, shape):
        record = probe(Region(_params_of(v), (), (v,)), axes)
        total.accesses += record.accesses
        total.bounds += record.bounds
        total.others += record.others
    masked = tuple(n if d in reduced else 1 for d, n in enumerate(shape))
    return collapse(masked, axes, total)


def _read_along_rows(region: Region, reduces: list[Node], shape: tuple[Dim, ...]) -> list[Value]:
    """Full values that no reduction is part of, where a reduction, what depends on one, or the caller needs them."""
    depends = {v for n in reduces for v in n.results}
    found = [v for n in reduces for v in n.operands[: len(n.operands) // 2]]
    for node in region.nodes:
        if depends.intersection(node.operands):
            depends.update(node.results)
            found += node.operands
    found += region.results
    return [v for v in dict.fromkeys(found) if v not in depends and v.shape == shape]


def _params_of(value: Value) -> tuple[Value, ...]:
    """The region parameters that a value depends on."""
    found: dict[Value, None] = {}
    stack, seen = [value], {value}
    while stack:
        v = stack.pop()
        if v.node is None:
            found[v] = None
            continue
        for o in v.node.operands:
            if o not in seen:
                seen.add(o)
                stack.append(o)
    return tuple(found)


def is_full(shape: Sequence[Dim], space: Space) -> bool:
    return tuple(shape) == space.shape


def row_index(shape: Sequence[Dim], space: Space, row: Index) -> Index | None:
    """The index of a value with one element per row, given the kept index; None if the shape is not of that kind."""
    left = iter(zip(space.rows, row, strict=True))
    index: list[Dim] = []
    for n in shape:
        if n == 1:
            index.append(0)
            continue
        extent, i = next(left, (None, 0))
        if extent != n:
            return None
        index.append(i)
    return None if next(left, None) else tuple(index)


def _is_rowwise(region: Region, space: Space) -> bool:
    """Whether a reduction's result is only used at its own row: everything between is full, per row, or a broadcast back."""
    depends: set[Value] = set()
    for node in region.nodes:
        if not (node.op == "reduce" or depends.intersection(node.operands)):
            continue
        depends.update(node.results)
        shape = node.results[0].shape
        per_row = row_index(shape, space, tuple(space.rows)) is not None
        full = is_full(shape, space)
        match node.op:
            case "reduce":
                good = True
            case "broadcast_in_dim":
                good = per_row or (full and _keeps_places(node, space))
            case "reshape":
                good = per_row
            case _:
                good = op_of(node).is_elementwise and (full or per_row)
        if not good:
            return False
    return True


def _keeps_places(node: Node, space: Space) -> bool:
    """Whether a broadcast to the full shape puts every kept dim of its operand where it was."""
    dims = node.ints("broadcast_dimensions")
    long = [d for d, n in zip(dims, node.operands[0].shape, strict=True) if n != 1]
    return long == space.kept or (node.operands[0].shape == space.shape and list(dims) == list(range(len(space.shape))))


# -- passes -------------------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Pass:
    """One sweep over the row: what it folds, what it stores for later, what it writes."""

    folds: list[Node] = field(default_factory=list)
    keep: list[Value] = field(default_factory=list)
    results: list[int] = field(default_factory=list)


def schedule(region: Region, space: Space) -> list[Pass]:
    """The passes over a row, and what each keeps for those after it."""
    level: dict[Node, int] = {}
    for node in region.nodes:
        below = [level[o.node] for o in node.operands if o.node in level]
        level[node] = max(below, default=0) + (1 if node.op == "reduce" else 0)
    count = max(level[n] for n in space.reduces)
    passes = [Pass(folds=[n for n in space.reduces if level[n] == k + 1]) for k in range(count)]
    full = [i for i, v in enumerate(region.results) if is_full(v.shape, space)]
    if full:
        passes.append(Pass(results=full))
    _choose_kept(region, space, passes)
    return passes


def _choose_kept(region: Region, space: Space, passes: list[Pass]) -> None:
    first: dict[Value, int] = {}
    for k, p in enumerate(passes):
        roots = [v for n in p.folds for v in n.operands[: len(n.operands) // 2]] + [region.results[i] for i in p.results]
        stack = list(roots)
        seen: set[Value] = set()
        while stack:
            v = stack.pop()
            if v in seen or v.node is None or v.node.op == "reduce" or not is_full(v.shape, space):
                continue
            seen.add(v)
            made = first.setdefault(v, k)
            if made < k and _cost(v, space, {}) >= _KEEP_COST:
                if v not in passes[made].keep:
                    passes[made].keep.append(v)
                continue
            stack += v.node.operands


def _cost(value: Value, space: Space, known: dict[Value, float]) -> float:
    """What computing an element of a full value again takes."""
    if value.node is None or value.node.op == "reduce" or not is_full(value.shape, space):
        return 0.5
    if value not in known:
        own = _COST.get(value.node.op, 12.0 if value.node.op.startswith(("chlo", "weft")) else 1.0)
        known[value] = own + sum(_cost(o, space, known) for o in value.node.operands)
    return known[value]
