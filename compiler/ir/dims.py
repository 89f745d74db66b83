"""Symbolic integers: dimensions of tensors, offsets, loop indices.

A `Dim` is a Python int or an `Expr`. An `Expr` is a polynomial with integer coefficients over *atoms*, kept in one normal form, so that
equal polynomials are equal objects under `==`. Atoms are named symbols and the operations that do not distribute over sums: floordiv, mod,
min, max. The same algebra serves tensor shapes, memory plans and the index arithmetic of generated kernels.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Literal, Union

from ...proto.errors import WeftError, fail

Dim = Union[int, "Expr"]
CallOp = Literal["floordiv", "mod", "min", "max"]

# What an expression may come to. Those of real programs are far below; a trap's would grow with every operation, the whole of it doubled.
_MOST_TERMS = 1024
_MOST_FACTORS = 64
_MOST_COEFFICIENT = 1 << 128
_MOST_PARTS = 4096  # terms and operations, inside each other as well
_MOST_DEPTH = 48  # of operations inside each other: expressions are walked recursively
# A search for bounds gives up on expressions of more terms: symbols bounded by symbols could otherwise make them grow exponentially.
_BOUND_TERMS = 64


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named integer with optional inclusive bounds.

    Bounds may themselves be symbolic: a loop variable's upper bound is its extent less one.
    """

    name: str
    lo: "Dim | None" = 0
    hi: "Dim | None" = None

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> tuple[int, str]:
        return (0, self.name)


@dataclass(frozen=True, slots=True)
class Call:
    """floordiv, mod, min or max of dims; floordiv rounds towards minus infinity and mod has the divisor's sign, as in Python."""

    op: CallOp
    args: "tuple[Dim, ...]"

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.args))})"

    @property
    def key(self) -> tuple[int, str]:
        return (1, str(self))


Atom = Symbol | Call
Monomial = tuple[Atom, ...]
Term = tuple[Monomial, int]


@dataclass(frozen=True, slots=True)
class Expr:
    """Σ coefficient · Π atoms, terms sorted, no zero coefficient, never a bare constant (that is an int)."""

    terms: tuple[Term, ...]

    def __add__(self, other: Dim) -> Dim:
        return _sum([(self, 1), (other, 1)]) if _is_size(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Dim) -> Dim:
        return _sum([(self, 1), (other, -1)]) if _is_size(other) else NotImplemented

    def __rsub__(self, other: Dim) -> Dim:
        return _sum([(other, 1), (self, -1)]) if _is_size(other) else NotImplemented

    def __neg__(self) -> Dim:
        return _sum([(self, -1)])

    def __mul__(self, other: Dim) -> Dim:
        return _product(self, other) if _is_size(other) else NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        return floordiv(self, other) if _is_size(other) else NotImplemented

    def __rfloordiv__(self, other: Dim) -> Dim:
        return floordiv(other, self) if _is_size(other) else NotImplemented

    def __mod__(self, other: Dim) -> Dim:
        return mod(self, other) if _is_size(other) else NotImplemented

    def __rmod__(self, other: Dim) -> Dim:
        return mod(other, self) if _is_size(other) else NotImplemented

    def __str__(self) -> str:
        text = ""
        for monomial, coef in self.terms:
            factors = [str(a) for a in monomial]
            if abs(coef) != 1 or not factors:
                factors.insert(0, str(abs(coef)))
            sign = "-" if coef < 0 else "+"
            text += f" {sign} " if text else ("-" if coef < 0 else "")
            text += "*".join(factors)
        return text

    def __repr__(self) -> str:
        return f"Expr({self})"

    def __bool__(self) -> bool:
        return True


def _is_size(x: object) -> bool:
    """Whether sizes are computed with `x`: numpy's integers are among them. Other operands know themselves what to do with a size."""
    return isinstance(x, (int, Expr, Integral))


def symbol(name: str, lo: Dim | None = 0, hi: Dim | None = None) -> Expr:
    """The expression that is the symbol `name`, with inclusive bounds."""
    return Expr((((Symbol(name, lo, hi),), 1),))


def terms_of(x: Dim) -> tuple[Term, ...]:
    """The terms of a dim; an int is one constant term, zero has none."""
    if isinstance(x, Expr):
        return x.terms
    return (((), x),) if x else ()


def _term_key(term: Term) -> tuple[int, tuple[tuple[int, str], ...]]:
    # Constants last: "N + 1" reads better than "1 + N".
    return (-len(term[0]), tuple(a.key for a in term[0]))


def _normal(coefs: Mapping[Monomial, int]) -> Dim:
    terms = tuple(sorted(((m, c) for m, c in coefs.items() if c), key=_term_key))
    if not terms:
        return 0
    if len(terms) == 1 and not terms[0][0]:
        return terms[0][1]
    if len(terms) > _MOST_TERMS or any(len(m) > _MOST_FACTORS or abs(c) > _MOST_COEFFICIENT for m, c in terms):
        raise _too_large()
    return Expr(terms)


def _too_large() -> WeftError:
    help = "give the model's inputs fixed shapes, or name their dims alike where they are equal"
    return fail("dim.size", "a size grows into too large an expression over the symbolic dims", help=help)


def _sum(parts: Iterable[tuple[Dim, int]]) -> Dim:
    coefs: dict[Monomial, int] = {}
    for x, scale in parts:
        for monomial, coef in terms_of(x):
            coefs[monomial] = coefs.get(monomial, 0) + coef * scale
    return _normal(coefs)


def _product(x: Dim, y: Dim) -> Dim:
    coefs: dict[Monomial, int] = {}
    xs, ys = terms_of(x), terms_of(y)
    if len(xs) * len(ys) > _MOST_TERMS or (xs and ys and len(xs[0][0]) + len(ys[0][0]) > _MOST_FACTORS):
        raise _too_large()
    for m1, c1 in xs:
        for m2, c2 in ys:
            m = tuple(sorted(m1 + m2, key=lambda a: a.key))
            coefs[m] = coefs.get(m, 0) + c1 * c2
    return _normal(coefs)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of dims; 1 for none."""
    result: Dim = 1
    for d in dims:
        result = result * d
    return result


def _extent(x: Dim) -> tuple[int, int]:
    """How many terms and operations an expression has, and how deep its operations stand inside each other."""
    parts = depth = 0
    for monomial, _ in terms_of(x):
        parts += 1
        for atom in monomial:
            if isinstance(atom, Call):
                inner = [_extent(a) for a in atom.args]
                parts += 1 + sum(p for p, _ in inner)
                depth = max(depth, 1 + max(d for _, d in inner))
    return parts, depth


def _call(op: CallOp, *args: Dim) -> Dim:
    extents = [_extent(a) for a in args]
    if sum(p for p, _ in extents) > _MOST_PARTS or max(d for _, d in extents) >= _MOST_DEPTH:
        raise _too_large()
    return Expr((((Call(op, args),), 1),))


def _divide_exactly(term: Term, divisor: Dim) -> Dim | None:
    """`term / divisor` where the divisor is one term that divides it, else None."""
    parts = terms_of(divisor)
    if len(parts) != 1:
        return None
    ((monomial, coef),) = parts
    if term[1] % coef:
        return None
    rest = list(term[0])
    for atom in monomial:
        if atom not in rest:
            return None
        rest.remove(atom)
    return _normal({tuple(rest): term[1] // coef})


def _split(x: Dim, divisor: Dim) -> tuple[Dim, Dim]:
    """(quotient, rest) with x = quotient · divisor + rest, taking every term that divides exactly."""
    quotient: Dim = 0
    rest: Dim = 0
    for term in terms_of(x):
        exact = _divide_exactly(term, divisor)
        if exact is None:
            rest = rest + _normal(dict([term]))
        else:
            quotient = quotient + exact
    return quotient, rest


def _check_divisor(x: Dim, y: Dim) -> None:
    if y == 0:
        raise fail("dim.zero", f"a size is {x} divided by 0")


@lru_cache(maxsize=8192)
def floordiv(x: Dim, y: Dim) -> Dim:
    """⌊x / y⌋, simplified: exact terms come out, a rest known to lie in [0, y) vanishes. `WeftError` `dim.zero` if y is 0."""
    _check_divisor(x, y)
    if isinstance(x, int) and isinstance(y, int):
        return x // y
    if y == 1:
        return x
    quotient, rest = _split(x, y)
    if rest == 0:
        return quotient
    if is_nonnegative(rest) and is_nonnegative(y - 1 - rest):
        return quotient
    if isinstance(y, int) and isinstance(rest, Expr) and y > 0:
        # floor((a//b) / y) == a // (b*y) for positive divisors
        match rest.terms:
            case (((Call("floordiv", (a, int(b))),), 1),) if b > 0:
                return quotient + floordiv(a, b * y)
            case _:
                pass
    return quotient + (rest // y if isinstance(rest, int) and isinstance(y, int) else _call("floordiv", rest, y))


@lru_cache(maxsize=8192)
def mod(x: Dim, y: Dim) -> Dim:
    """x - y·⌊x / y⌋, simplified like `floordiv`."""
    _check_divisor(x, y)
    if isinstance(x, int) and isinstance(y, int):
        return x % y
    if y == 1:
        return 0
    _, rest = _split(x, y)
    if is_nonnegative(rest) and is_nonnegative(y - 1 - rest):
        return rest
    return rest % y if isinstance(rest, int) and isinstance(y, int) else _call("mod", rest, y)


def minimum(x: Dim, y: Dim) -> Dim:
    """The smaller of two dims."""
    if is_nonnegative(y - x):
        return x
    if is_nonnegative(x - y):
        return y
    return _call("min", *sorted((x, y), key=str))


def maximum(x: Dim, y: Dim) -> Dim:
    """The larger of two dims."""
    if is_nonnegative(y - x):
        return y
    if is_nonnegative(x - y):
        return x
    return _call("max", *sorted((x, y), key=str))


def ceildiv(x: Dim, y: Dim) -> Dim:
    """⌈x / y⌉ for positive y."""
    return floordiv(x + (y - 1), y)


def _atom_bounds(atom: Atom) -> "tuple[Dim | None, Dim | None]":
    match atom:
        case Symbol(_, lo, hi):
            return lo, hi
        case Call("mod", (_, y)) if is_positive(y):
            return 0, y - 1
        case Call("floordiv", (x, y)) if is_positive(y) and is_nonnegative(x):
            hi = upper_bound(x)
            return 0, (hi // y if isinstance(hi, int) and isinstance(y, int) else x)
        case Call("min", args):
            return (0 if all(is_nonnegative(a) for a in args) else None), next((a for a in args if isinstance(a, int)), None)
        case Call("max", args):
            los = [lo for lo in (lower_bound(a) for a in args) if lo is not None]
            return max(los, default=None), None
        case _:
            return None, None


def _eliminate(x: Expr, lower: bool) -> Dim | None:
    """A bound of `x` that no longer mentions one of its atoms, or None."""
    atoms = {a for m, _ in x.terms for a in m}
    # Atoms whose bounds mention other atoms go first: a loop index before its extent.
    order = sorted(atoms, key=lambda a: (not any(isinstance(b, Expr) for b in _atom_bounds(a)), a.key))
    for atom in order:
        lo, hi = _atom_bounds(atom)
        total: Dim | None = 0
        for monomial, coef in x.terms:
            if atom not in monomial:
                total = total + _normal({monomial: coef})
                continue
            rest = list(monomial)
            rest.remove(atom)
            if atom in rest or not all(_nonnegative_atom(a) for a in rest):
                total = None
                break
            bound = lo if (coef > 0) == lower else hi
            if bound is None:
                total = None
                break
            total = total + _normal({tuple(rest): coef}) * bound
        if total is not None:
            return total
    return None


def _nonnegative_atom(atom: Atom) -> bool:
    lo, _ = _atom_bounds(atom)
    return lo is not None and (lo >= 0 if isinstance(lo, int) else is_nonnegative(lo))


@lru_cache(maxsize=16384)
def lower_bound(x: Dim) -> int | None:
    """An integer no greater than x, or None if none is known."""
    for _ in range(16):
        if isinstance(x, int):
            return x
        smaller = _eliminate(x, lower=True)
        if smaller is None or len(terms_of(smaller)) > _BOUND_TERMS:
            return None
        x = smaller
    return None


@lru_cache(maxsize=16384)
def upper_bound(x: Dim) -> int | None:
    """An integer no less than x, or None if none is known."""
    for _ in range(16):
        if isinstance(x, int):
            return x
        larger = _eliminate(x, lower=False)
        if larger is None or len(terms_of(larger)) > _BOUND_TERMS:
            return None
        x = larger
    return None


def is_nonnegative(x: Dim) -> bool:
    """Whether x ≥ 0 is certain."""
    lo = lower_bound(x)
    return lo is not None and lo >= 0


def is_positive(x: Dim) -> bool:
    """Whether x ≥ 1 is certain."""
    return is_nonnegative(x - 1)


def symbols(x: Dim) -> dict[str, Symbol]:
    """The symbols that occur in x, by name."""
    found: dict[str, Symbol] = {}
    for monomial, _ in terms_of(x):
        for atom in monomial:
            match atom:
                case Symbol():
                    found[atom.name] = atom
                case Call():
                    for arg in atom.args:
                        found |= symbols(arg)
    return found


def symbol_of(x: Dim) -> Symbol | None:
    """The symbol that a dim is; None for numbers and other expressions."""
    match x:
        case Expr(terms=((((Symbol() as s),), 1),)):
            return s
        case _:
            return None


def with_bounds(found: Mapping[str, Symbol]) -> dict[str, Symbol]:
    """The symbols and those that their bounds mention."""
    closed: dict[str, Symbol] = {}
    stack = list(found.values())
    while stack:
        s = stack.pop()
        if closed.get(s.name) != s:
            closed[s.name] = s
            stack += [inner for bound in (s.lo, s.hi) if isinstance(bound, Expr) for inner in symbols(bound).values()]
    return closed


_APPLY = {"floordiv": floordiv, "mod": mod, "min": minimum, "max": maximum}


def _substitute_atom(atom: Atom, values: Mapping[str, Dim]) -> Dim:
    match atom:
        case Symbol():
            return values.get(atom.name, Expr((((atom,), 1),)))
        case Call():
            return _APPLY[atom.op](*(substitute(a, values) for a in atom.args))


def substitute(x: Dim, values: Mapping[str, Dim]) -> Dim:
    """x with symbols replaced by name; symbols without a value stay."""
    if isinstance(x, int):
        return x
    total: Dim = 0
    for monomial, coef in x.terms:
        total = total + product([_substitute_atom(a, values) for a in monomial]) * coef
    return total


def evaluate(x: Dim, values: Mapping[str, int]) -> int:
    """The number x stands for; KeyError names a symbol without a value."""
    result = substitute(x, values)
    if isinstance(result, Expr):
        raise KeyError(", ".join(symbols(result)))
    return result
