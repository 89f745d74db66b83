"""What is remembered of loops while the graph around them is imported again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...compiler.ir.dims import Dim, symbols
from ...compiler.ir.types import ANY_DIM, OptionalType, SequenceType, TensorType, Type, UnrankedTensorType
from .symbols import is_computed


@dataclass(slots=True)
class Widened:
    """The types of what a loop carries, as they were found when the graph around it was last imported, and the loops inside it.

    A body is imported until the types fit every turn, and so are the loops in it each time: if they began anew, the number of imports
    would double with every level of nesting.
    """

    types: Sequence[Type] = ()
    _inside: "dict[tuple[int, str], Widened]" = field(default_factory=dict)
    _met: int = 0

    def begin(self) -> None:
        """The body is imported, once more perhaps."""
        self._met = 0

    def inside(self, body: str) -> "Widened":
        """What is remembered of the next loop inside, whose body has this name."""
        self._met += 1
        return self._inside.setdefault((self._met, body), Widened())


def widened(t: Type, before: Type) -> Type:
    """`t` where `before`, a type found for the same value, is wider: a dim that may be anything, any rank, an optional."""
    match t, before:
        case TensorType(), TensorType() if t.dtype == before.dtype and t.rank == before.rank:
            return t.with_shape(tuple(ANY_DIM if old == ANY_DIM else d for d, old in zip(t.shape, before.shape, strict=True)))
        case TensorType(), UnrankedTensorType(dtype) if t.dtype == dtype:
            return before
        case (SequenceType(x), SequenceType(y)):
            return SequenceType(widened(x, y))
        case (OptionalType(x), OptionalType(y)) | (x, OptionalType(y)):
            return OptionalType(widened(x, y))
        case _:
            return t


def lasting(t: Type) -> Type:
    """The type with `ANY_DIM` for dims that the import has made symbols for: in another import of the same graph these are others."""
    match t:
        case TensorType():
            return t.with_shape(tuple(map(_lasting, t.shape)))
        case SequenceType(element):
            return SequenceType(lasting(element))
        case OptionalType(element):
            return OptionalType(lasting(element))
        case _:
            return t


def _lasting(d: Dim) -> Dim:
    return ANY_DIM if d == ANY_DIM or any(map(is_computed, symbols(d))) else d
