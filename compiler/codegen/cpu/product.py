"""What a `weft.matmul` computes as loops: extents and strides, with dims merged wherever strides allow it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...ir.dims import Dim, ceildiv, product
from ...ir.graph import Node
from ...ops.blocked import PANEL, parse_spec
from .units import Units, units_of

_UNKNOWN = 16  # what a symbolic extent counts for beside others


@dataclass(frozen=True, slots=True)
class Axis:
    """A loop: its extent and what one step adds to the offsets into lhs, rhs and result (0 where the operand lacks the dim).

    `dims` are the dims of the result that it runs over, outermost first, with their extents.
    """

    extent: Dim
    a: Dim
    b: Dim
    c: Dim
    dims: tuple[tuple[int, Dim], ...] = ()

    def outer_of(self, inner: "Axis") -> bool:
        """Whether the loops over `self` and, inside it, `inner` are one loop with `inner`'s strides."""
        pairs = ((self.a, inner.a), (self.b, inner.b), (self.c, inner.c))
        return all(outer == stride * inner.extent for outer, stride in pairs)

    def around(self, inner: "Axis") -> "Axis":
        """The one loop over `self` and, inside it, `inner`."""
        if inner.extent == 1:
            return self
        return replace(inner, extent=self.extent * inner.extent, dims=self.dims + inner.dims)


@dataclass(frozen=True, slots=True)
class Product:
    """C[batch, m, n] = Σ_k A[batch, m, k] · B[batch, k, n], k and the strides of A counted in units of `units`, as are those of B.

    Of packed rhs, `n.b` is 0: a column's place is its panel's. Where several numbers make a unit and B's columns are contiguous
    (`interleaves`), its strides count numbers, and `k.b` is that of one number along k.
    """

    m: Axis
    n: Axis
    k: Axis
    batch: tuple[Axis, ...]
    packed: bool
    units: Units
    interleaves: bool = False

    @property
    def panels(self) -> Dim:
        return ceildiv(self.n.extent, PANEL)


def product_of(node: Node) -> Product:
    """The loops of a `weft.matmul`."""
    lhs, rhs, out = parse_spec(str(node.attrs["spec"]))
    columns = node.attrs["columns"]
    assert isinstance(columns, int)
    a, b, *_ = node.operands
    a_shape, b_shape = (v.shape[1:] if node.attrs["taken"] == name else v.shape for name, v in (("lhs", a), ("rhs", b)))
    units = units_of(a.dtype.name)
    left, result = _in_units(_strides(lhs, a_shape), units.group), _strides(out, node.results[0].shape)
    right = _rhs_strides(rhs, b_shape, bool(columns), units.group)
    interleaves = units.group > 1 and not columns and right["k"] != 1
    if not interleaves and not columns:
        right = _in_units(right, units.group)
    extents: dict[str, Dim] = {**dict(zip(lhs, a_shape, strict=True)), **dict(zip(out, node.results[0].shape, strict=True))}
    extents["k"] = extents["k"] // units.group

    def axis(letter: str) -> Axis:
        extent = extents.get(letter, 1)
        dims = ((out.index(letter), extent),) if letter in out else ()
        return Axis(extent, left.get(letter, 0), right.get(letter, 0), result.get(letter, 0), dims)

    batch = [axis(letter) for letter in out if letter not in "mn" and extents[letter] != 1]
    return _merge(Product(axis("m"), axis("n"), axis("k"), tuple(batch), bool(columns), units, interleaves))


def _strides(letters: str, shape: Sequence[Dim]) -> dict[str, Dim]:
    return {letter: product(shape[i + 1 :]) for i, letter in enumerate(letters)}


def _in_units(strides: dict[str, Dim], group: int) -> dict[str, Dim]:
    """Strides of numbers as strides of units, which lie along k."""
    return {letter: s if letter == "k" else s // group for letter, s in strides.items()} if group > 1 else strides


def _rhs_strides(letters: str, shape: Sequence[Dim], packed: bool, group: int) -> dict[str, Dim]:
    """Strides of numbers; of packed ones those of units."""
    if not packed:
        return _strides(letters, shape)
    shape = shape if group == 1 else shape[:-1]
    strides = _strides(letters[:-2], shape[:-3])
    matrix = product(shape[-3:])
    return {**{letter: s * matrix for letter, s in strides.items()}, "k": PANEL}


def _merge(p: Product) -> Product:
    """Batch dims that only continue the rows, the columns or each other become part of them."""
    batch: list[Axis] = []
    m, n = p.m, p.n
    for axis in reversed(p.batch):
        if axis.b == 0 and (m.extent == 1 or axis.outer_of(m)) and _readable(axis.around(m), p.k):
            m = axis.around(m)
        elif axis.a == 0 and not p.packed and (axis.c == 1 if n.extent == 1 else axis.outer_of(n)):
            n = axis.around(n)
        elif batch and axis.outer_of(batch[0]):
            batch[0] = axis.around(batch[0])
        else:
            batch.insert(0, axis)
    return _with_longest_rows(replace(p, m=m, n=n, batch=tuple(batch)))


def _with_longest_rows(p: Product) -> Product:
    """The product with the best of the loops that leave B where it is as its rows: long ones share B's panels."""
    loops = [axis for axis in p.batch if axis.b == 0 and _readable(axis, p.k)]
    best = max((p.m, *loops), key=lambda axis: _length(axis.extent))
    if best is p.m:
        return p
    batch = tuple(p.m if axis is best else axis for axis in p.batch if axis is not best or p.m.extent != 1)
    return replace(p, m=best, batch=batch)


def _readable(m: Axis, k: Axis) -> bool:
    """Whether A can be read along k, or along these rows."""
    return k.a == 1 or k.extent == 1 or m.a == 1 or m.extent == 1


def _length(extent: Dim) -> int:
    return extent if isinstance(extent, int) else _UNKNOWN
