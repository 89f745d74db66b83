"""Types of values: tensors, tokens, tuples; and host values, which live in Python while a program runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...proto.dtypes import STRING, DType
from .dims import Dim, Expr, Symbol, Term, product, substitute, symbol, symbols, terms_of

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
    """Whether `pattern` is `t` for some values of its symbols; see `unify_all`."""
    return unify_all((pattern,), (t,), env)


def unify_all(patterns: Sequence[Type], types: Sequence[Type], env: dict[str, Dim]) -> bool:
    """Whether each pattern is its type for some values of the symbols of all patterns; those not yet in `env` are added to it.

    A dim that is linear in one unknown symbol determines it if the division is exact; the order does not matter. `ANY_DIM` is whatever
    the dim of the type is.
    """
    pairs: list[tuple[Dim, Dim]] = []
    if len(patterns) != len(types) or not all(_same_kind(p, t, pairs) for p, t in zip(patterns, types, strict=True)):
        return False
    while pairs:
        open_pairs: list[tuple[Dim, Dim]] = []
        for p, d in pairs:
            unknown = [name for name in symbols(p) if name not in env]
            if not unknown and substitute(p, env) != d:
                return False
            if unknown and not (len(unknown) == 1 and _solve(p, unknown[0], d, env)):
                open_pairs.append((p, d))
        if len(open_pairs) == len(pairs):
            return False
        pairs = open_pairs
    return True


def _same_kind(pattern: Type, t: Type, pairs: list[tuple[Dim, Dim]]) -> bool:
    """Whether two types agree in all but dims, which are added to `pairs`."""
    match pattern, t:
        case TensorType(), TensorType():
            pairs += [(p, d) for p, d in zip(pattern.shape, t.shape, strict=False) if p != ANY_DIM]
            return pattern.dtype == t.dtype and pattern.rank == t.rank
        case TupleType(), TupleType():
            return len(pattern.types) == len(t.types) and all(_same_kind(p, u, pairs) for p, u in zip(pattern.types, t.types, strict=True))
        case (SequenceType(p), SequenceType(u)) | (OptionalType(p), OptionalType(u)):
            return _same_kind(p, u, pairs)
        case MapType(), MapType():
            return pattern.key == t.key and _same_kind(pattern.value, t.value, pairs)
        case _:
            return pattern == t


def _solve(pattern: Dim, name: str, d: Dim, env: dict[str, Dim]) -> bool:
    """Whether `pattern` is linear in the symbol `name`, the only unknown one, and `d` for a value of it, which goes to `env`."""
    # The pattern's symbols are not those of `d`, even where they have the same names.
    form = substitute(pattern, {**env, name: _UNKNOWN})
    offset: Dim = 0
    factor = 0
    for term in terms_of(form):
        part = _term(term)
        if part == _UNKNOWN * term[1]:
            factor = term[1]
        elif "?unknown" in symbols(part):
            return False
        else:
            offset = offset + part
    if not factor:
        return False
    value = (d - offset) // factor
    if value * factor != d - offset:
        return False
    env[name] = value
    return True


def _term(term: Term) -> Dim:
    return Expr((term,)) if term[0] else term[1]


_UNKNOWN = symbol("?unknown")
