"""Types of values: tensors, tokens, tuples; and host values, which live in Python while a program runs."""

from dataclasses import dataclass

from ...proto.dtypes import STRING, DType
from .dims import Dim, Expr, Symbol, product, substitute, symbol, symbols

Shape = tuple[Dim, ...]
# A dim of the element of a host value: any size, of each element another.
ANY_DIM = symbol("?")


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


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A list of values of one type; a dim of tensors that is `ANY_DIM` may differ from element to element."""

    element: "Type"

    def __str__(self) -> str:
        return f"!weft.sequence<{_element(self.element)}>"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """A value or nothing (in Python: None)."""

    element: "Type"

    def __str__(self) -> str:
        return f"!weft.optional<{_element(self.element)}>"


@dataclass(frozen=True, slots=True)
class MapType:
    """Values by integers or strings (in Python: a dict)."""

    key: DType
    value: "Type"

    def __str__(self) -> str:
        scalar = isinstance(self.value, TensorType) and not self.value.shape
        return f"!weft.map<{self.key.name}, {self.value.dtype.name if scalar else _element(self.value)}>"  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class UnrankedTensorType:
    """A tensor of which not even the rank is known."""

    dtype: DType

    def __str__(self) -> str:
        return f"tensor<*x{self.dtype.name}>"


HostType = SequenceType | OptionalType | MapType | UnrankedTensorType
Type = TensorType | TokenType | TupleType | HostType
HOST_TYPES = (SequenceType, OptionalType, MapType, UnrankedTensorType)


def is_host(t: Type) -> bool:
    """Whether values of the type are Python's: no kernel takes them, only host calls and the control flow between kernels."""
    match t:
        case TensorType():
            return t.dtype is STRING
        case TupleType():
            return any(map(is_host, t.types))
        case TokenType():
            return False
        case _:
            return True


def _element(t: Type) -> str:
    return str(t).replace("(?)", "?")


def type_symbols(t: Type) -> dict[str, Symbol]:
    """Every symbol in `t`, by name."""
    found: dict[str, Symbol] = {}
    match t:
        case TensorType():
            for d in t.shape:
                found |= symbols(d)
            found.pop("?", None)
        case TupleType():
            for part in t.types:
                found |= type_symbols(part)
        case SequenceType(element) | OptionalType(element) | MapType(_, element):
            return type_symbols(element)
        case TokenType() | UnrankedTensorType():
            pass
    return found


def unify(pattern: Type, t: Type, env: dict[str, Dim]) -> bool:
    """Whether `pattern` is `t` for some values of its symbols; those not yet in `env` are added to it.

    A dim that is linear in one unknown symbol determines it if the division is exact. `ANY_DIM` is whatever the dim of `t` is.
    """
    match pattern, t:
        case TensorType(), TensorType():
            same = pattern.dtype == t.dtype and pattern.rank == t.rank
            return same and all(_unify_dims(p, d, env) for p, d in zip(pattern.shape, t.shape, strict=True))
        case TupleType(), TupleType():
            return len(pattern.types) == len(t.types) and all(unify(p, u, env) for p, u in zip(pattern.types, t.types, strict=True))
        case (SequenceType(p), SequenceType(u)) | (OptionalType(p), OptionalType(u)):
            return unify(p, u, env)
        case MapType(), MapType():
            return pattern.key == t.key and unify(pattern.value, t.value, env)
        case _:
            return pattern == t


def _unify_dims(pattern: Dim, d: Dim, env: dict[str, Dim]) -> bool:
    if pattern == ANY_DIM:
        return True
    unknown = [name for name in symbols(pattern) if name not in env]
    if len(unknown) > 1:
        return False
    # The pattern's symbols are not those of `d`, even where they have the same names.
    match substitute(pattern, {**env, **dict.fromkeys(unknown, _UNKNOWN)}):
        case Expr(terms=(((Symbol(name="?unknown"),), factor),)):
            offset = 0
        case Expr(terms=(((Symbol(name="?unknown"),), factor), ((), offset))):
            pass
        case known:
            return not unknown and known == d
    value = (d - offset) // factor
    if value * factor != d - offset:
        return False
    env[unknown[0]] = value
    return True


_UNKNOWN = symbol("?unknown")
