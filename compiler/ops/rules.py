"""What the ops' type rules share: element kinds, equal shapes, dimension numbers, and how a violation is worded."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...proto.dtypes import DType, Kind
from ...proto.errors import check
from ..ir.dims import Dim, Expr, is_nonnegative
from ..ir.types import Shape, TensorType, Type


@dataclass(frozen=True, slots=True)
class Elements:
    """A set of element kinds and what to call it."""

    phrase: str
    kinds: frozenset[Kind]

    def __contains__(self, dtype: DType) -> bool:
        return dtype.kind in self.kinds


def _elements(phrase: str, *kinds: Kind) -> Elements:
    return Elements(phrase, frozenset(kinds))


ANY = _elements("any", *Kind)
NUMBER_OR_BOOL = _elements("boolean, integer, floating-point or complex", Kind.BOOL, Kind.INT, Kind.UINT, Kind.FLOAT, Kind.COMPLEX)
NUMBER = _elements("integer, floating-point or complex", Kind.INT, Kind.UINT, Kind.FLOAT, Kind.COMPLEX)
REAL = _elements("integer or floating-point", Kind.INT, Kind.UINT, Kind.FLOAT)
SIGNED_OR_FLOAT_OR_COMPLEX = _elements("signed integer, floating-point or complex", Kind.INT, Kind.FLOAT, Kind.COMPLEX)
FLOAT_OR_COMPLEX = _elements("floating-point or complex", Kind.FLOAT, Kind.COMPLEX)
FLOAT = _elements("floating-point", Kind.FLOAT)
INTEGER = _elements("integer", Kind.INT, Kind.UINT)
INTEGER_OR_BOOL = _elements("boolean or integer", Kind.BOOL, Kind.INT, Kind.UINT)
BOOL_ONLY = _elements("boolean", Kind.BOOL)


def tensor(x: Type, code: str, what: str, elements: Elements = ANY) -> TensorType:
    """`x`, which must be a tensor of such elements."""
    if isinstance(x, TensorType) and x.dtype in elements:
        return x
    kind = "" if elements is ANY else f" of {elements.phrase} type"
    check(False, code, f"`{what}` must be a tensor{kind}, got {x}")
    raise AssertionError


def scalar(x: Type, code: str, what: str, elements: Elements = ANY) -> TensorType:
    """`x`, which must be a tensor of rank 0 of such elements."""
    t = tensor(x, code, what, elements)
    check(t.rank == 0, code, f"`{what}` must be a scalar, got {t}", help="reshape it to rank 0")
    return t


def same_shape(x: Shape, y: Shape) -> bool:
    """Whether two shapes are known to be equal: symbolic dims must be the same expression."""
    return x == y


def _unproven(x: Shape, y: Shape) -> str:
    """Help where shapes might be equal but for symbols that nothing relates."""
    pairs = [(a, b) for a, b in zip(x, y, strict=False) if a != b]
    if len(x) != len(y) or not any(isinstance(d, Expr) for pair in pairs for d in pair):
        return ""
    a, b = next(pair for pair in pairs if any(isinstance(d, Expr) for d in pair))
    return f"nothing says that {a} = {b}: give equal dims one symbol, or compile for fixed shapes"


def check_same_type(x: TensorType, y: TensorType, code: str, names: tuple[str, str] = ("lhs", "rhs")) -> None:
    """Equal element types and shapes."""
    check(x == y, code, f"`{names[0]}` and `{names[1]}` must have the same type, got {x} and {y}", help=_unproven(x.shape, y.shape))


def check_same_shape(x: TensorType, y: TensorType, code: str, names: tuple[str, str] = ("lhs", "rhs")) -> None:
    """Equal shapes."""
    good = same_shape(x.shape, y.shape)
    check(good, code, f"`{names[0]}` and `{names[1]}` must have the same shape, got {x} and {y}", help=_unproven(x.shape, y.shape))


def check_same_dtype(x: TensorType, y: TensorType, code: str, names: tuple[str, str] = ("lhs", "rhs")) -> None:
    """Equal element types."""
    message = f"`{names[0]}` and `{names[1]}` must have the same element type, got {x} and {y}"
    check(x.dtype == y.dtype, code, message, help="convert one of them")


def check_result(got: TensorType, want: TensorType, code: str) -> None:
    """The result type that was given must be the one that follows."""
    check(got == want, code, f"the result must be {want}, got {got}", help=_unproven(got.shape, want.shape))


def check_axis(axis: int, rank: int, code: str, what: str) -> None:
    """A dimension number in [0, rank)."""
    check(0 <= axis < rank, code, f"`{what}` must be in [0, {rank}), got {axis}")


def check_axes(axes: Sequence[int], rank: int, code: str, what: str) -> None:
    """Dimension numbers in [0, rank)."""
    check(all(0 <= a < rank for a in axes), code, f"`{what}` must be in [0, {rank}), got {list(axes)}")


def check_unique(axes: Sequence[int], code: str, what: str) -> None:
    """No dimension number twice."""
    check(len(set(axes)) == len(axes), code, f"`{what}` must be unique, got {list(axes)}")


def check_count(xs: Sequence[object], n: int, code: str, what: str) -> None:
    """One entry per dim."""
    check(len(xs) == n, code, f"`{what}` must have {n} entries, one per dim of the operand, got {listed(xs)}")


def listed(xs: Sequence[object]) -> str:
    """A list for a message."""
    return f"[{', '.join(map(str, xs))}]"


def at_most(x: Dim, y: Dim) -> bool:
    """Whether x ≤ y is certain."""
    return is_nonnegative(y - x)
