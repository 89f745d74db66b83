"""Where instructions go and how index expressions become instructions.

`Scopes` keeps one stream of instructions per open loop or branch, so that code whose inputs are known outside a loop is written
before the loop, however late it is asked for: what is emitted needs no hoisting afterwards. A *depth* is the number of the scope a
value was made in; a value is usable in its scope and in all scopes inside.

`Indices` turns dims over loop variables and symbols into i64 values, shared and hoisted term by term, or into vectors of them where a
dim differs from lane to lane.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from ..ir.dims import Atom, Call, Dim, Expr, Symbol, Term, is_nonnegative, is_positive, lower_bound, symbols, terms_of, upper_bound
from .lltypes import Val, const, lanes_of
from .writer import Stream, Writer


@dataclass(slots=True)
class _Scope:
    keys: list[object] = field(default_factory=list)
    stream: Stream | None = None  # of a scope that is not the innermost
    barrier: bool = False


class Scopes:
    """The open scopes of a writer. Scope 0 is where the writer stood when this was made."""

    def __init__(self, w: Writer) -> None:
        self.w = w
        self._stack = [_Scope()]
        self._level = 0  # the scope being written now: below the innermost one inside `at`
        self._known: dict[object, tuple[object, int]] = {}

    @property
    def depth(self) -> int:
        """The depth of the innermost scope."""
        return len(self._stack) - 1

    @property
    def read_depth(self) -> int:
        """The outermost depth that memory reads may be moved to: not out of a branch."""
        return next((d for d in range(self.depth, 0, -1) if self._stack[d].barrier), 0)

    @contextmanager
    def open(self, *, barrier: bool = False) -> Generator[None]:
        """A scope for a loop or branch written inside; what needs nothing of it can still be written before it.

        `barrier`: it may not run at all, so reads of memory stay in.
        """
        self._stack[-1].stream = self.w.fork()
        self._stack.append(_Scope(barrier=barrier))
        self._level = self.depth
        yield
        self.forget()
        self._stack.pop()
        self._level = self.depth
        stream = self._stack[-1].stream
        assert stream is not None
        self.w.join(stream)
        self._stack[-1].stream = None

    @contextmanager
    def at(self, depth: int) -> Generator[Writer]:
        """Writes at the end of scope `depth`, before the scopes inside it."""
        if depth == self._level:
            yield self.w
            return
        target = self._stack[depth].stream
        assert target is not None and depth < self._level
        level, self._level = self._level, depth
        saved = self.w.swap(target)
        yield self.w
        self._stack[depth].stream = self.w.swap(saved)
        self._level = level

    @contextmanager
    def hoist(self, depth: int) -> Generator[None]:
        """Like `at`, for code that opens scopes of its own: inside, scope `depth` is the innermost."""
        if depth == self.depth:
            yield
            return
        inner = self._stack[depth + 1 :]
        del self._stack[depth + 1 :]
        scope, self._level = self._stack[depth], depth
        assert scope.stream is not None
        saved, scope.stream = self.w.swap(scope.stream), None
        yield
        scope.stream = self.w.swap(saved)
        self._stack += inner
        self._level = self.depth

    def forget(self) -> None:
        """Drops what the innermost scope has remembered (at the end of one arm of a branch)."""
        scope = self._stack[-1]
        for key in scope.keys:
            self._known.pop(key, None)
        scope.keys.clear()

    def recall(self, key: object) -> object | None:
        """What was remembered under `key` by a scope that is open and holds the innermost one."""
        found = self._known.get(key)
        return found[0] if found and found[1] <= self.depth else None

    def remember(self, key: object, value: object, depth: int) -> None:
        self._known[key] = (value, depth)
        self._stack[depth].keys.append(key)


@dataclass(frozen=True, slots=True)
class LaneSplit:
    """A dim as `rest + stride · lane`; `stride` is None where it depends on the lane in another way."""

    stride: Dim | None
    rest: Dim


class Indices:
    """Values of dims. A symbol is bound to a scalar i64 or, if it differs between lanes, to a vector.

    `lane`, if set, names the symbol that counts vector lanes: bound to the first lane's value, it stands for that plus the lane number.
    """

    def __init__(self, scopes: Scopes, lanes: int) -> None:
        self.scopes = scopes
        self.lanes = lanes
        self.lane: str | None = None
        self._symbols: dict[str, tuple[Val, int]] = {}

    def define(self, name: str, value: Val, depth: int | None = None) -> None:
        """Binds a symbol, visible from the scope at `depth` (the innermost, if None) inwards."""
        self._symbols[name] = (value, self.scopes.depth if depth is None else depth)

    # -- analysis -------------------------------------------------------------------------------------------------------------

    def depth(self, d: Dim) -> int:
        """The depth of the innermost scope that `d` depends on."""
        return max((self._symbols[name][1] for name in _names(d)), default=0)

    def outer_part(self, d: Dim) -> tuple[Dim, Dim]:
        """`d` as the sum of what is known before its innermost scope, and the rest."""
        depth = self.depth(d)
        outer = tuple(t for t in terms_of(d) if t[0] and self.depth(Expr((t,))) < depth)
        rest = tuple(t for t in terms_of(d) if t not in outer)
        return _dim(outer), _dim(rest)

    def is_varying(self, d: Dim) -> bool:
        """Whether `d` differs from lane to lane."""
        return any(map(self._varies, _names(d)))

    def _varies(self, name: str) -> bool:
        return name == self.lane or lanes_of(self._symbols[name][0].type) > 1

    def split(self, d: Dim) -> LaneSplit:
        """`d` by how it depends on the lane."""
        if not self.is_varying(d):
            return LaneSplit(0, d)
        stride: Dim = 0
        rest: Dim = 0
        for monomial, coef in terms_of(d):
            term = Expr(((monomial, coef),))
            if not self.is_varying(term):
                rest = rest + (term if monomial else coef)
                continue
            factors = [a for a in monomial if not (isinstance(a, Symbol) and a.name == self.lane)]
            others = Expr(((tuple(factors), 1),)) if factors else 1
            if len(factors) != len(monomial) - 1 or self.is_varying(others):
                return LaneSplit(None, d)
            stride = stride + others * coef
        return LaneSplit(stride, rest)

    # -- scalars --------------------------------------------------------------------------------------------------------------

    def scalar(self, d: Dim) -> Val:
        """The i64 value of `d`; of lane 0 where it varies with the lane symbol."""
        if isinstance(d, int):
            return const("i64", d)
        known = self.scopes.recall(("dim", d))
        if isinstance(known, Val):
            return known
        depth = self.depth(d)
        parts = [(self.depth(Expr((term,))), term) for term in d.terms]
        outer = tuple(term for at, term in parts if at < depth or not term[0])
        inner = [term for at, term in parts if at == depth and term[0]]
        total = self.scalar(_dim(outer)) if outer else None
        for monomial, coef in sorted(inner, key=lambda t: t[1] < 0):
            total = self._add_term(total, self._product(monomial, depth), coef, depth)
        assert total is not None
        self.scopes.remember(("dim", d), total, depth)
        return total

    def _add_term(self, total: Val | None, x: Val, coef: int, depth: int) -> Val:
        with self.scopes.at(depth) as w:
            scaled = x if abs(coef) == 1 else w.mul(x, abs(coef), "nsw")
            if total is None:
                return scaled if coef > 0 else w.neg(scaled)
            return w.add(total, scaled, "nsw") if coef > 0 else w.sub(total, scaled, "nsw")

    def _product(self, monomial: tuple[Atom, ...], depth: int) -> Val:
        factors = sorted(monomial, key=lambda a: self.depth(_atom(a)))
        if len(factors) > 1:
            *first, last = factors
            left = self.scalar(Expr(((tuple(sorted(first, key=lambda a: a.key)), 1),)))
            right = self.scalar(_atom(last))
            with self.scopes.at(depth) as w:
                return w.mul(left, right, "nsw")
        match factors[0]:
            case Symbol(name):
                return self._symbols[name][0]
            case Call(op, (x, y)):
                return self._call(op, x, y, depth)
            case atom:
                raise AssertionError(atom)

    def _call(self, op: str, x: Dim, y: Dim, depth: int) -> Val:
        if op in ("min", "max"):
            a, b = self.scalar(x), self.scalar(y)
            with self.scopes.at(depth) as w:
                return w.int_minmax(f"s{op}", a, b)
        if isinstance(y, int) and y < 0:
            return self.scalar((-x) // -y if op == "floordiv" else -((-x) % -y))
        a, b = self.scalar(x), self.scalar(y)
        if not is_positive(y):  # an empty dimension: nothing is read there, but nothing may fault either
            with self.scopes.at(self.depth(y)) as w:
                b = w.int_minmax("smax", b, 1)
        with self.scopes.at(depth) as w:
            return divide(w, op, a, b, y, is_nonnegative(x))

    # -- vectors --------------------------------------------------------------------------------------------------------------

    def vector(self, d: Dim) -> Val:
        """The value of `d` in every lane, as `<lanes x i32>` if that certainly holds it and everything on the way, else `<lanes x i64>`."""
        return self._vector(d, "i32" if _fits_i32(d) else "i64")

    def _vector(self, d: Dim, elem: str) -> Val:
        known = self.scopes.recall(("lanes", d, elem))
        if isinstance(known, Val):
            return known
        uniform = _dim(tuple(t for t in terms_of(d) if not self.is_varying(_dim((t,)))))
        depth = self.depth(d)
        total = self._splat(uniform, elem)
        for monomial, coef in terms_of(d):
            if not self.is_varying(Expr(((monomial, coef),))):
                continue
            x = self._vector_product(monomial, elem, depth)
            with self.scopes.at(depth) as w:
                total = w.add(total, x if coef == 1 else w.mul(x, coef))
        self.scopes.remember(("lanes", d, elem), total, depth)
        return total

    def _splat(self, d: Dim, elem: str) -> Val:
        if isinstance(d, int):
            return const(f"<{self.lanes} x {elem}>", d)
        x = self.scalar(d)
        with self.scopes.at(self.depth(d)) as w:
            return w.splat(w.trunc(x, elem), self.lanes)

    def _vector_product(self, monomial: tuple[Atom, ...], elem: str, depth: int) -> Val:
        factors = [self._vector_atom(a, elem, depth) for a in monomial]
        total = factors[0]
        with self.scopes.at(depth) as w:
            for x in factors[1:]:
                total = w.mul(total, x)
        return total

    def _vector_atom(self, atom: Atom, elem: str, depth: int) -> Val:
        if not self.is_varying(_atom(atom)):
            return self._splat(_atom(atom), elem)
        match atom:
            case Symbol(name):
                base = self._symbols[name][0]
                with self.scopes.at(depth) as w:
                    resized = w.int_resize(base, elem, signed=True)
                    return w.iota(elem, self.lanes, resized) if name == self.lane else resized
            case Call(op, (x, y)):
                a, b = self._vector(x, elem), self._vector(y, elem)
                with self.scopes.at(depth) as w:
                    if op in ("min", "max"):
                        return w.int_minmax(f"s{op}", a, b)
                    if not is_positive(y):
                        b = w.int_minmax("smax", b, 1)
                    return divide(w, op, a, b, y, is_nonnegative(x))
            case _:
                raise AssertionError(atom)


def divide(w: Writer, op: str, x: Val, y: Val, divisor: Dim, nonnegative: bool) -> Val:
    """`floordiv` or `mod` of integers for positive `y`, the value of `divisor`; `nonnegative` says that x is never negative."""
    if isinstance(divisor, int) and divisor & (divisor - 1) == 0:
        # Not for speed alone: LLVM 22 folds a vector `sdiv` of negative constants by 2 to the wrong numbers.
        return w.ashr(x, divisor.bit_length() - 1) if op == "floordiv" else w.and_(x, divisor - 1)
    if nonnegative:
        return w.udiv(x, y) if op == "floordiv" else w.urem(x, y)
    rest = w.srem(x, y)
    if op == "mod":
        return w.select(w.icmp("slt", rest, 0), w.add(rest, y), rest)
    quotient = w.sdiv(x, y)
    return w.select(w.icmp("slt", rest, 0), w.sub(quotient, 1), quotient)


@lru_cache(maxsize=1 << 14)
def _names(d: Dim) -> tuple[str, ...]:
    return tuple(symbols(d))


@lru_cache(maxsize=1 << 14)
def simplify(d: Dim) -> Dim:
    """Undoes divisions that meet their remainders: `y·floordiv(x, y) + mod(x, y)` becomes `x`, also inside longer sums."""
    changed = True
    while changed and isinstance(d, Expr):
        changed = False
        for monomial, coef in d.terms:
            shorter = _reunite(d, monomial, coef)
            if shorter is not None:
                d, changed = shorter, True
                break
    return d


def _reunite(d: Expr, monomial: tuple[Atom, ...], coef: int) -> Dim | None:
    """`d` with one remainder `coef · rest · mod(x, y)` merged into its quotient, if that makes it shorter."""
    for i, atom in enumerate(monomial):
        match atom:
            case Call("mod", (x, y)):
                rest = Expr(((monomial[:i] + monomial[i + 1 :], coef),)) if len(monomial) > 1 else coef
                merged = d - rest * _atom(atom) - rest * y * (x // y) + rest * x
                if len(terms_of(merged)) < len(d.terms):
                    return merged
            case _:
                pass
    return None


def _dim(terms: tuple[Term, ...]) -> Dim:
    """The sum of `terms`, which are in order and without duplicates."""
    if not terms:
        return 0
    if len(terms) == 1 and not terms[0][0]:
        return terms[0][1]
    return Expr(terms)


def _atom(atom: Atom) -> Expr:
    return Expr((((atom,), 1),))


def _fits_i32(d: Dim) -> bool:
    """Whether no step of computing `d` leaves the range of i32."""
    total = 0
    for monomial, coef in terms_of(d):
        size = abs(coef)
        for atom in monomial:
            lo, hi = lower_bound(_atom(atom)), upper_bound(_atom(atom))
            if lo is None or hi is None or not (isinstance(atom, Symbol) or all(map(_fits_i32, atom.args))):
                return False
            size *= max(abs(lo), abs(hi), 1)
        total += size
    return total < 1 << 31
