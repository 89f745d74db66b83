"""Size expressions of a program: what a dim of `program.proto` means, and the values of symbols from the shapes of inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..proto import graph_pb2 as pb
from ..proto.errors import fail

LIMIT = 1 << 62  # sizes are below it, so that sums of two fit an i64
MAX_STEPS = 2000

_OPS: dict[int, tuple[str, Callable[[int, int], int]]] = {
    pb.Dim.ADD: ("+", lambda x, y: x + y),
    pb.Dim.MUL: ("*", lambda x, y: x * y),
    pb.Dim.FLOORDIV: ("floordiv", lambda x, y: x // y),
    pb.Dim.MOD: ("mod", lambda x, y: x % y),
    pb.Dim.MIN: ("min", min),
    pb.Dim.MAX: ("max", max),
}

_Steps = tuple[tuple[int, int], ...]
_ONE: _Steps = ((pb.Dim.CONST, 1),)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named size with inclusive bounds, which may mention earlier symbols."""

    name: str
    lo: "Dim"
    hi: "Dim"


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression over `names` in postfix order: (operation, value) steps, where CONST and SYMBOL push and the others combine two."""

    steps: _Steps
    names: tuple[str, ...]

    @property
    def symbols(self) -> frozenset[int]:
        """The symbols it mentions."""
        return frozenset(value for op, value in self.steps if op == pb.Dim.SYMBOL)

    @property
    def linear(self) -> tuple[int, int, int] | None:
        """(symbol, factor, offset) if this is `factor · symbol + offset`, with a factor above zero."""
        stack: list[tuple[int | None, int, int]] = []
        for op, value in self.steps:
            if op in (pb.Dim.CONST, pb.Dim.SYMBOL):
                stack.append((None, 0, value) if op == pb.Dim.CONST else (value, 1, 0))
                continue
            (y, fy, oy), (x, fx, ox) = stack.pop(), stack.pop()
            if op == pb.Dim.ADD and (x is None or y is None or x == y):
                stack.append((y if x is None else x, fx + fy, ox + oy))
            elif op == pb.Dim.MUL and (x is None or y is None):
                stack.append((y if x is None else x, fx * oy + fy * ox, ox * oy))
            else:
                return None
        symbol, factor, offset = stack[0]
        return None if symbol is None or factor <= 0 else (symbol, factor, offset)

    def evaluate(self, values: Sequence[int]) -> int:
        """The number for these symbol values. Raises `WeftError` (`program.dim`) on division by zero or beyond 62 bits."""
        stack: list[int] = []
        for op, value in self.steps:
            match op:
                case pb.Dim.CONST:
                    stack.append(value)
                case pb.Dim.SYMBOL:
                    stack.append(values[value])
                case _:
                    y, x = stack.pop(), stack.pop()
                    if y == 0 and op in (pb.Dim.FLOORDIV, pb.Dim.MOD):
                        raise fail("program.dim", f"{self} divides by zero for {describe(self.names, values)}")
                    stack.append(_OPS[op][1](x, y))
            if abs(stack[-1]) >= LIMIT:
                raise fail("program.dim", f"{self} is too large for {describe(self.names, values)}")
        return stack[0]

    def __str__(self) -> str:
        stack: list[str] = []
        for op, value in self.steps:
            match op:
                case pb.Dim.CONST:
                    stack.append(str(value))
                case pb.Dim.SYMBOL:
                    stack.append(self.names[value])
                case _:
                    y, x = stack.pop(), stack.pop()
                    name = _OPS[op][0]
                    stack.append(f"({x} {name} {y})" if name in "+*" else f"{name}({x}, {y})")
        text = stack[0]
        return text[1:-1] if text.startswith("(") and len(self.steps) == 3 else text


Dim = int | Expr


def from_pb(dim: pb.Dim, names: tuple[str, ...]) -> Dim:
    """The dim of a message, an absent one being 0. Raises `WeftError` (`program.dim`) if it is not an expression over `names`."""
    if dim.WhichOneof("dim") != "expr":
        if abs(dim.size) >= LIMIT:
            raise fail("program.dim", f"a size of {dim.size} is too large")
        return dim.size
    if len(dim.expr.steps) > MAX_STEPS:
        raise fail("program.dim", f"a dim has {len(dim.expr.steps)} steps, more than {MAX_STEPS}")
    stack: list[_Steps] = []
    for step in dim.expr.steps:
        match step.op:
            case pb.Dim.CONST:
                stack.append(((step.op, step.value),))
            case pb.Dim.SYMBOL:
                if not 0 <= step.value < len(names):
                    raise fail("program.dim", f"a dim refers to symbol {step.value}, but there are {len(names)}")
                stack.append(((step.op, step.value),))
            case op if op in _OPS and len(stack) >= 2:
                y, x = stack.pop(), stack.pop()
                stack.append(_combine(op, x, y))
            case op:
                raise fail("program.dim", f"a dim has operation {op}, which is unknown or has too few operands")
    if len(stack) != 1:
        raise fail("program.dim", f"a dim leaves {len(stack)} values, not one")
    return Expr(stack[0], names)


def _combine(op: int, x: _Steps, y: _Steps) -> _Steps:
    """`x op y`, but 1 · y is y: so `N` with its coefficient is recognised as a symbol."""
    return y if op == pb.Dim.MUL and x == _ONE else (*x, *y, (op, 0))


def evaluate(dim: Dim, values: Sequence[int]) -> int:
    """The size a dim stands for. Raises `WeftError` (`program.dim`) if that is negative or not defined."""
    size = dim if isinstance(dim, int) else dim.evaluate(values)
    if size < 0:
        raise fail("program.dim", f"{dim} is {size} for {describe(dim.names if isinstance(dim, Expr) else (), values)}")
    return size


def describe(names: Sequence[str], values: Sequence[int]) -> str:
    """`N = 3, M = 4`."""
    return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True)) or "these shapes"


def bound_symbols(shapes: Sequence[Sequence[Dim]]) -> set[int]:
    """The symbols that inputs of these shapes give a value: those that are the whole of a dim, up to a factor and an offset."""
    return {dim.linear[0] for shape in shapes for dim in shape if isinstance(dim, Expr) and dim.linear}
