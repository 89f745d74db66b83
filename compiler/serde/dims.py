"""Symbolic dims in postfix form, and out of it within a budget: polynomials from a hostile file could grow without bound."""

from collections.abc import Callable, Sequence

from ...proto import graph_pb2 as pb
from ...proto.errors import Loc, WeftError, fail
from ...proto.limits import Limits
from ..ir.bounds import call_depth
from ..ir.dims import Atom, Call, Dim, Expr, Symbol, floordiv, maximum, minimum, mod, symbols, terms_of
from .limits import BOUND_DEPTH, BOUND_TERMS, DIM_TEXT, DIM_WORK, INT64

_CALLS: dict[int, Callable[[Dim, Dim], Dim]] = {
    pb.Dim.FLOORDIV: floordiv,
    pb.Dim.MOD: mod,
    pb.Dim.MIN: minimum,
    pb.Dim.MAX: maximum,
}

_DEGREE = 16  # of a term
_OPERATIONS = {"floordiv": pb.Dim.FLOORDIV, "mod": pb.Dim.MOD, "min": pb.Dim.MIN, "max": pb.Dim.MAX}


def encode_dim(dim: Dim, number: Callable[[Symbol], int]) -> pb.Dim:
    """The message of a dim; `number` gives a symbol's place in its table. WeftError `graph.integer` beyond 64 bits."""
    if isinstance(dim, int):
        return pb.Dim(size=int64(dim))
    return pb.Dim(expr=pb.Dim.Expr(steps=_steps(dim, number)))


def _steps(dim: Dim, number: Callable[[Symbol], int]) -> list[pb.Dim.Step]:
    """The dim in postfix order: Σ coefficient · Π atoms."""
    if isinstance(dim, int):
        return [pb.Dim.Step(op=pb.Dim.CONST, value=int64(dim))]
    steps: list[pb.Dim.Step] = []
    for i, (monomial, coef) in enumerate(dim.terms):
        steps += _steps(coef, number)
        for atom in monomial:
            steps += [*_atom_steps(atom, number), pb.Dim.Step(op=pb.Dim.MUL)]
        if i:
            steps.append(pb.Dim.Step(op=pb.Dim.ADD))
    return steps


def _atom_steps(atom: Atom, number: Callable[[Symbol], int]) -> list[pb.Dim.Step]:
    match atom:
        case Symbol():
            return [pb.Dim.Step(op=pb.Dim.SYMBOL, value=number(atom))]
        case Call(op, args):
            steps = [step for arg in args for step in _steps(arg, number)]
            return steps + [pb.Dim.Step(op=_OPERATIONS[op])] * (len(args) - 1)


def int64(value: int) -> int:
    """`value`, if the format can hold it; WeftError `graph.integer` otherwise."""
    if value not in INT64:
        raise fail("graph.integer", f"{value} does not fit in 64 bits")
    return value


class DimDecoder:
    """Dims of one file over its table of symbols; WeftError `graph.dim`, `graph.symbol`."""

    def __init__(self, messages: Sequence[pb.Symbol], loc: Loc, limits: Limits) -> None:
        self._loc = loc
        self._limits = limits
        limits.check("symbols", len(messages), f"the graph has {len(messages)} symbols", code="graph.size", loc=loc)
        self._work = 0
        self._symbols: list[Symbol] = []
        self._depths: dict[str, int] = {}
        for message in messages:
            self._symbols.append(self._symbol(message))

    def dim(self, message: pb.Dim) -> Dim:
        """The dim a message stands for."""
        match message.WhichOneof("dim"):
            case "size":
                return message.size
            case "expr":
                return self._evaluate(message.expr.steps)
            case _:
                raise self._bad("a dimension is empty or of a kind this weft does not know")

    def _symbol(self, message: pb.Symbol) -> Symbol:
        lo = self._bound(message.lo) if message.HasField("lo") else None
        hi = self._bound(message.hi) if message.HasField("hi") else None
        if not message.name:
            raise fail("graph.symbol", "a symbol has no name", loc=self._loc)
        used = {name for bound in (lo, hi) if bound is not None for name in symbols(bound)}
        depth = 1 + max((self._depths[name] for name in used), default=0)
        if depth > BOUND_DEPTH:
            raise fail("graph.symbol", f"the bounds of {message.name!r} depend on other bounds too deeply", loc=self._loc)
        self._depths[message.name] = max(depth, self._depths.get(message.name, 0))
        return Symbol(message.name, lo, hi)

    def _bound(self, message: pb.Dim) -> Dim:
        bound = self.dim(message)
        if len(terms_of(bound)) > BOUND_TERMS:
            raise fail("graph.symbol", f"a bound has more than {BOUND_TERMS} terms", loc=self._loc)
        return bound

    def _evaluate(self, steps: Sequence[pb.Dim.Step]) -> Dim:
        stack: list[Dim] = []
        for step in steps:
            if step.op == pb.Dim.CONST:
                stack.append(step.value)
            elif step.op == pb.Dim.SYMBOL:
                stack.append(self._reference(step.value))
            elif len(stack) < 2:
                raise self._bad("an operation of a dimension lacks an operand")
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(self._apply(step.op, left, right))
        if len(stack) != 1:
            raise self._bad(f"the expression of a dimension leaves {len(stack)} values")
        return stack[0]

    def _reference(self, index: int) -> Dim:
        if not 0 <= index < len(self._symbols):
            raise self._bad(f"symbol {index} of {len(self._symbols)}")
        return Expr((((self._symbols[index],), 1),))

    def _apply(self, op: int, x: Dim, y: Dim) -> Dim:
        n, m = len(terms_of(x)), len(terms_of(y))
        self._spend(1 + (n * m if op == pb.Dim.MUL else n + m))
        if n * m > self._limits.dim_terms * 4:
            raise self._bad("a dimension has too many terms")
        if op == pb.Dim.ADD:
            result = x + y
        elif op == pb.Dim.MUL:
            result = x * y
        elif op in _CALLS:
            result = self._call(op, x, y)
        else:
            raise self._bad(f"operation {op} of a dimension is not known")
        self._check_size(result)
        return result

    def _call(self, op: int, x: Dim, y: Dim) -> Dim:
        if y == 0 and op in (pb.Dim.FLOORDIV, pb.Dim.MOD):
            raise self._bad("a dimension divides by zero")
        self._spend(1000)
        result = _CALLS[op](x, y)
        if call_depth(result) > self._limits.dim_depth or len(str(result)) > DIM_TEXT:
            raise self._bad("a dimension is nested too deeply")
        return result

    def _check_size(self, x: Dim) -> None:
        terms = terms_of(x)
        self._limits.check("dim_terms", len(terms), "a dimension has too many terms", code="graph.dim", loc=self._loc)
        if any(len(monomial) > _DEGREE for monomial, _ in terms):
            raise self._bad("a dimension has terms of too many factors")
        if any(coef not in INT64 for _, coef in terms):
            raise self._bad("a coefficient of a dimension does not fit in 64 bits")

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > DIM_WORK:
            raise self._bad("the file's dimensions are too many and too large")

    def _bad(self, why: str) -> WeftError:
        return fail("graph.dim", why, loc=self._loc)
