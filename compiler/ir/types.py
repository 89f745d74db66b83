"""Types of values: tensors, tokens, tuples."""

from dataclasses import dataclass

from ...proto.dtypes import DType
from .dims import Dim, Expr, product, symbols

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class TensorType:
    """A dense tensor: element type and dims, each a number or a symbolic expression. Rank 0 is a scalar."""

    dtype: DType
    shape: Shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return product(self.shape)

    @property
    def nbytes(self) -> Dim:
        """Bytes in memory."""
        return self.size * self.dtype.itemsize

    @property
    def is_static(self) -> bool:
        return not any(isinstance(d, Expr) for d in self.shape)

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The shape as numbers; ValueError if a dim is symbolic."""
        if any(isinstance(d, Expr) for d in self.shape):
            raise ValueError(f"{self} has symbolic dims")
        return tuple(d for d in self.shape if isinstance(d, int))

    def with_shape(self, shape: Shape) -> "TensorType":
        return TensorType(self.dtype, shape)

    def with_dtype(self, dtype: DType) -> "TensorType":
        return TensorType(dtype, self.shape)

    def __str__(self) -> str:
        return f"tensor<{'x'.join([str(d) if isinstance(d, int) else f'({d})' for d in self.shape] + [self.dtype.name])}>"


@dataclass(frozen=True, slots=True)
class TokenType:
    """Orders effects; carries no data."""

    def __str__(self) -> str:
        return "!stablehlo.token"


@dataclass(frozen=True, slots=True)
class TupleType:
    """A fixed sequence of values of any type."""

    types: "tuple[Type, ...]"

    def __str__(self) -> str:
        return f"tuple<{', '.join(map(str, self.types))}>"


Type = TensorType | TokenType | TupleType


def type_symbols(t: Type) -> dict[str, object]:
    """Every symbol in the shape of `t`, by name."""
    match t:
        case TensorType():
            found: dict[str, object] = {}
            for d in t.shape:
                found |= symbols(d)
            return found
        case TupleType():
            return {k: v for part in t.types for k, v in type_symbols(part).items()}
        case TokenType():
            return {}
