"""Loops over the dims of a shape: which of them behave as one, where conditions cut them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...ir.dims import Dim, Expr, Symbol, floordiv, mod, product, symbols, terms_of
from ...ops.builder import Index
from ..probe import Bound, Record

_MAX_PIECES = 12


@dataclass(frozen=True, slots=True)
class Axes:
    """The loops of a map: groups of adjacent dims, and the probe's symbol for each dim."""

    symbols: Index
    groups: list[list[int]]

    @property
    def names(self) -> list[str]:
        """The names of all symbols."""
        return [name for axis in self.symbols for name in symbols(axis)]

    @property
    def leading(self) -> list[str]:
        """The name of the symbol that stands for a whole group: its last dim's, the others being 0."""
        return [axis_name(self.symbols[g[-1]]) for g in self.groups]

    def extents(self, shape: Sequence[Dim]) -> list[Dim]:
        """The length of every loop."""
        return [product(shape[k] for k in g) for g in self.groups]

    def know(self, d: Dim) -> bool:
        """Whether `d` depends on nothing that only a probe has a symbol for."""
        return not any(name.startswith("%") and name not in self.names for name in symbols(d))

    def index(self, rank: int, loops: Index) -> Index:
        """The index of an element at these indices of the groups."""
        index: list[Dim] = [0] * rank
        for group, i in zip(self.groups, loops, strict=True):
            index[group[-1]] = i
        return tuple(index)


def axis_name(axis: Dim) -> str:
    """The name of an axis symbol."""
    (name,) = symbols(axis)
    return name


def unravel(position: Dim, extents: Sequence[Dim]) -> list[Dim]:
    """The index at a row-major position, of which there is none where an extent is 0."""
    if 0 in extents:
        return [0] * len(extents)
    index: list[Dim] = []
    for k in range(len(extents)):
        quotient = floordiv(position, product(extents[k + 1 :]))
        index.append(quotient if k == 0 else mod(quotient, extents[k]))
    return index


def coefficient(d: Dim, name: str) -> Dim | None:
    """The factor of symbol `name` in `d`; None if `d` is not linear in it."""
    factor: Dim = 0
    for monomial, coef in terms_of(d):
        rest = tuple(a for a in monomial if not (isinstance(a, Symbol) and a.name == name))
        others: Dim = Expr(((rest, coef),)) if rest else coef
        if name in symbols(others) or len(monomial) - len(rest) > 1:
            return None
        if len(rest) < len(monomial):
            factor = factor + others
    return factor


def _is_one_loop(outer: Dim, inner: Dim, extent: Dim, record: Record) -> bool:
    """Whether axes `outer` and `inner` (of `extent`) only occur as `outer · extent + inner`."""
    first, second = axis_name(outer), axis_name(inner)
    for d in (*(a.offset for a in record.accesses), *record.others):
        a, b = coefficient(d, first), coefficient(d, second)
        if a is None or b is None or a != b * extent:
            return False
    asked = {name for bound in record.bounds for d in bound for name in symbols(d)}
    return first not in asked and second not in asked


def collapse(shape: Sequence[Dim], axes: Index, record: Record) -> list[list[int]]:
    """The dims of more than one element, grouped: each group is one loop."""
    groups: list[list[int]] = []
    for k, n in enumerate(shape):
        if n == 1:
            continue
        if groups and _is_one_loop(axes[groups[-1][-1]], axes[k], n, record):
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups


def cuts_of(axis: Dim, extent: Dim, bounds: Sequence[Bound]) -> tuple[Dim, ...] | None:
    """Where conditions change along an axis, in order, 0 and the extent included; None if that is not known or not worth it."""
    if not isinstance(extent, int):
        return None
    name = axis_name(axis)
    places = {0, extent}
    for lo, x, hi in bounds:
        if name not in symbols(x):
            continue
        step, rest = coefficient(x, name), x - _scaled(axis, x, name)
        for limit in (lo, hi):
            place = limit - rest
            if not isinstance(step, int) or step <= 0 or not isinstance(place, int):
                return None
            places.add(min(max(-(-place // step), 0), extent))
    return tuple(sorted(places)) if len(places) <= _MAX_PIECES else None


def _scaled(axis: Dim, x: Dim, name: str) -> Dim:
    factor = coefficient(x, name)
    return 0 if factor is None else axis * factor
