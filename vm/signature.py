"""What a function takes and gives, and the checks of what a caller passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..proto.errors import Diagnostic, WeftError, fail
from ..proto.value_types import ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType
from .dims import Dim, Expr, Symbol, describe, evaluate
from .model import Driver, Function, Port
from .values import OPEN, convert, type_text

_DIRECT_RESULT = 0x0001 | 0x0100 | 0x0400  # C_CONTIGUOUS, ALIGNED, WRITEABLE
_KINDS: dict[type, str] = {
    ArrayType: "tensor",
    UnrankedType: "unranked",
    SequenceType: "sequence",
    OptionalType: "optional",
    MapType: "map",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An input or an output.

    `kind` is "tensor", "unranked" (an array of any rank), "sequence" (a list), "optional" (a value or None) or "map" (a dict); `dtype`
    and `shape` are those of the array, or of the arrays in it, where strings are `object` and an unknown rank is an empty shape; `type`
    says all of it. A dim is a number or an expression over the function's symbols, whose `str` reads like `N` or `N * 2`.

    `donated` says that the caller gives up an input's array: it is written, and returned as an output.
    """

    name: str
    dtype: np.dtype
    shape: tuple[Dim, ...]
    donated: bool
    type: ValueType

    @property
    def kind(self) -> str:
        """What sort of Python value it is."""
        return _KINDS[type(self.type)]

    def __str__(self) -> str:
        return f"{self.name}: {type_text(self.type)}" + (" (donated)" if self.donated else "")


def make_argument(name: str, t: ValueType, donated: bool = False) -> Argument:
    """The input or output `name` of a type."""
    inner = t
    while not isinstance(inner, ArrayType | UnrankedType):
        match inner:
            case SequenceType(element) | OptionalType(element) | MapType(_, element):
                inner = element
            case _:
                raise TypeError(f"{name}: there is no value of type {inner}")
    return Argument(name, inner.dtype.numpy, inner.shape if isinstance(inner, ArrayType) else (), donated, t)


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs and outputs of a function, in order."""

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.inputs))}) -> ({', '.join(map(str, self.outputs))})"

    def arrange(self, args: Sequence[object], named: Mapping[str, object]) -> tuple[Any, ...]:
        """Arguments by position and by name, in order. Raises `WeftError` (`call.name`, `call.missing`, `call.count`)."""
        names = [i.name for i in self.inputs]
        if len(args) > len(names):
            raise fail("call.count", f"{self.name} takes {len(names)} inputs, got {len(args)}", help=str(self))
        given = dict(zip(names, args, strict=False))
        problems: list[Diagnostic] = []
        for name in named:
            if name not in names:
                problems.append(Diagnostic("call.name", f"{self.name} has no input {name!r}", help=f"its inputs are {', '.join(names)}"))
            elif name in given:
                problems.append(Diagnostic("call.name", f"{self.name} got input {name!r} twice"))
        given = {**named, **given}
        missing = [str(i) for i in self.inputs if i.name not in given]
        if missing:
            problems.append(Diagnostic("call.missing", f"{self.name} misses {', '.join(missing)}"))
        if problems:
            raise WeftError(*problems)
        return tuple(given[name] for name in names)

    def convert(self, args: Sequence[object]) -> list[Any]:
        """Arguments as values that a program can read: arrays of the right dtype, row-major, aligned; copies where they were not.

        Raises `WeftError` (`call.count`, `call.dtype`, `call.value`) with every problem.
        """
        if len(args) != len(self.inputs):
            self.arrange(args, {})
        values: list[Any] = []
        problems: list[Diagnostic] = []
        for argument, value in zip(self.inputs, args, strict=True):
            try:
                values.append(convert(f"input {argument.name!r} of {self.name}", argument.type, value))
            except WeftError as error:
                problems += error.diagnostics
        if problems:
            raise WeftError(*problems)
        return values

    def check_outputs(self, outputs: Sequence[object], shapes: Sequence[tuple[int, ...]]) -> Sequence[np.ndarray]:
        """`outputs` if results can be written to them directly. Raises `WeftError` (`call.count`, `call.output`)."""
        if len(outputs) != len(self.outputs):
            raise fail("call.count", f"{self.name} gives {len(self.outputs)} outputs, got {len(outputs)} arrays for them", help=str(self))
        for argument, shape, array in zip(self.outputs, shapes, outputs, strict=True):
            problem = _output_problem(argument, shape, array)
            if problem:
                expected = f"output {argument.name!r} of {self.name} needs an array of {argument.dtype}{list(shape)}"
                raise fail("call.output", f"{expected}{problem}")
        return cast(Sequence[np.ndarray], outputs)


def _output_problem(argument: Argument, shape: tuple[int, ...], array: object) -> str:
    if not isinstance(array, np.ndarray):
        return f", got {type(array).__name__}"
    if array.dtype != argument.dtype or array.shape != shape:
        return f", got {array.dtype}{list(array.shape)}"
    if array.flags.num & _DIRECT_RESULT != _DIRECT_RESULT:
        return " that is row-major, aligned and writeable"
    return ""


def make_signature(function: Function | Driver) -> Signature:
    """The signature of a decoded function."""
    donated = {i for i, _ in function.aliases}
    if isinstance(function, Driver):
        inputs = [(name, function.registers[r]) for name, r in function.inputs]
        outputs = [(name, function.registers[r]) for name, r in function.outputs]
    else:
        inputs = [(p.name, ArrayType(p.type.dtype, p.type.shape)) for p in function.inputs]
        outputs = [(p.name, ArrayType(p.type.dtype, p.type.shape)) for p in function.outputs]
    return Signature(
        function.name,
        tuple(make_argument(name, t, n in donated) for n, (name, t) in enumerate(inputs)),
        tuple(make_argument(name, t) for name, t in outputs),
    )


def bind_symbols(function: str, symbols: Sequence[Symbol], ports: Sequence[Port], arrays: Sequence[np.ndarray]) -> tuple[int, ...]:
    """The values of the function's symbols that follow from the shapes of its inputs, OPEN for others.

    Raises `WeftError` (`call.rank`, `call.shape`, `call.symbol`) with every input that does not fit.
    """
    problems: list[Diagnostic] = []
    found: dict[int, tuple[int, str]] = {}
    for port, array in zip(ports, arrays, strict=True):
        if array.ndim != len(port.type.shape):
            fact = f"input {port.name!r} of {function} has rank {array.ndim}, expected {len(port.type.shape)}: {_shapes(port, array)}"
            problems.append(Diagnostic("call.rank", fact))
            continue
        for dim, size in zip(port.type.shape, array.shape, strict=True):
            if isinstance(dim, Expr) and (linear := dim.linear):
                symbol, factor, offset = linear
                # Whether it divides without rest is checked with everything else, below.
                found.setdefault(symbol, ((size - offset) // factor, port.name))
    if problems:
        raise WeftError(*problems)
    values = tuple(found[n][0] if n in found else OPEN for n in range(len(symbols)))
    for port, array in zip(ports, arrays, strict=True):
        problems += _check_shape(function, port, array, values, found)
    for n in sorted(found):
        symbol, value = symbols[n], values[n]
        if not evaluate(symbol.lo, values) <= value <= evaluate(symbol.hi, values):
            fact = f"{symbol.name} is {value}, which is not in [{symbol.lo}, {symbol.hi}]"
            problems.append(Diagnostic("call.symbol", f"{fact} as {function} requires"))
    if problems:
        raise WeftError(*problems)
    return values


def _check_shape(
    function: str, port: Port, array: np.ndarray, values: tuple[int, ...], found: Mapping[int, tuple[int, str]]
) -> list[Diagnostic]:
    problems: list[Diagnostic] = []
    for axis, (dim, size) in enumerate(zip(port.type.shape, array.shape, strict=True)):
        wanted = dim if isinstance(dim, int) else dim.evaluate(values)
        if wanted == size:
            continue
        why = ""
        if isinstance(dim, Expr):
            why = f" ({dim}, where {describe(dim.names, values)})"
            if linear := dim.linear:
                why = f" ({dim}, from input {found[linear[0]][1]!r})"
        fact = f"dimension {axis} of input {port.name!r} of {function} is {size}, expected {wanted}{why}: {_shapes(port, array)}"
        problems.append(Diagnostic("call.shape", fact))
    return problems


def _shapes(port: Port, array: np.ndarray) -> str:
    return f"expected shape [{', '.join(map(str, port.type.shape))}], got {list(array.shape)}"
