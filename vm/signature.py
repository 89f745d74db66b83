"""What a function takes and gives, and the checks of what a caller passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..proto.errors import Diagnostic, WeftError, fail
from .dims import Dim, Expr, describe, evaluate
from .model import Function, Port

_DIRECT_RESULT = 0x0001 | 0x0100 | 0x0400  # C_CONTIGUOUS, ALIGNED, WRITEABLE
# What a Python number may become without a change of kind.
_WIDER = {"b": "bviufcV", "i": "iufcV", "u": "iufcV", "f": "fcV", "c": "c"}


@dataclass(frozen=True, slots=True)
class Argument:
    """An input or an output. A dim is a number or an expression over the function's symbols, whose `str` reads like `N` or `N * 2`.

    `donated` says that the caller gives up an input's array: it is written, and returned as an output.
    """

    name: str
    dtype: np.dtype
    shape: tuple[Dim, ...]
    donated: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}[{', '.join(map(str, self.shape))}]" + (" (donated)" if self.donated else "")


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

    def convert(self, args: Sequence[object]) -> list[np.ndarray]:
        """Arguments as arrays that a kernel can read: of the right dtype, row-major, aligned; copies where they were not.

        Raises `WeftError` (`call.count`, `call.dtype`, `call.value`) with every problem.
        """
        if len(args) != len(self.inputs):
            self.arrange(args, {})
        arrays: list[np.ndarray] = []
        problems: list[Diagnostic] = []
        for argument, value in zip(self.inputs, args, strict=True):
            try:
                arrays.append(_convert(self.name, argument, value))
            except WeftError as error:
                problems += error.diagnostics
        if problems:
            raise WeftError(*problems)
        return arrays

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


def make_signature(function: Function) -> Signature:
    """The signature of a decoded function."""
    donated = {i for i, _ in function.aliases}

    def argument(port: Port, given_up: bool) -> Argument:
        return Argument(port.name, port.type.dtype.numpy, port.type.shape, given_up)

    inputs = tuple(argument(port, n in donated) for n, port in enumerate(function.inputs))
    return Signature(function.name, inputs, tuple(argument(port, False) for port in function.outputs))


def bind_symbols(function: Function, arrays: Sequence[np.ndarray]) -> tuple[int, ...]:
    """The values of the function's symbols that follow from the shapes of its inputs.

    Raises `WeftError` (`call.rank`, `call.shape`, `call.symbol`) with every input that does not fit.
    """
    problems: list[Diagnostic] = []
    found: dict[int, tuple[int, str]] = {}
    for port, array in zip(function.inputs, arrays, strict=True):
        if array.ndim != len(port.type.shape):
            fact = f"input {port.name!r} of {function.name} has rank {array.ndim}, expected {len(port.type.shape)}: {_shapes(port, array)}"
            problems.append(Diagnostic("call.rank", fact))
            continue
        for dim, size in zip(port.type.shape, array.shape, strict=True):
            if isinstance(dim, Expr) and (linear := dim.linear):
                symbol, factor, offset = linear
                # Whether it divides without rest is checked with everything else, below.
                found.setdefault(symbol, ((size - offset) // factor, port.name))
    if problems:
        raise WeftError(*problems)
    values = tuple(found[n][0] for n in range(len(function.symbols)))
    for port, array in zip(function.inputs, arrays, strict=True):
        problems += _check_shape(function, port, array, values, found)
    for symbol, value in zip(function.symbols, values, strict=True):
        if not evaluate(symbol.lo, values) <= value <= evaluate(symbol.hi, values):
            fact = f"{symbol.name} is {value}, which is not in [{symbol.lo}, {symbol.hi}]"
            problems.append(Diagnostic("call.symbol", f"{fact} as {function.name} requires"))
    if problems:
        raise WeftError(*problems)
    return values


def _check_shape(
    f: Function, port: Port, array: np.ndarray, values: tuple[int, ...], found: Mapping[int, tuple[int, str]]
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
        fact = f"dimension {axis} of input {port.name!r} of {f.name} is {size}, expected {wanted}{why}: {_shapes(port, array)}"
        problems.append(Diagnostic("call.shape", fact))
    return problems


def _shapes(port: Port, array: np.ndarray) -> str:
    return f"expected shape [{', '.join(map(str, port.type.shape))}], got {list(array.shape)}"


def _convert(function: str, argument: Argument, value: object) -> np.ndarray:
    what = f"input {argument.name!r} of {function}"
    if isinstance(value, bool | int | float | complex | list | tuple) and not isinstance(value, np.generic):
        return _convert_numbers(what, argument, value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise fail("call.value", f"{what} is no array: {error}") from error
    if array.dtype != argument.dtype and array.dtype.newbyteorder("=") != argument.dtype:
        hint = "" if array.dtype.hasobject else f"convert it: {argument.name}.astype({argument.dtype.name!r})"
        raise fail("call.dtype", f"{what} has dtype {array.dtype}, expected {argument.dtype}", help=hint)
    return _direct(array, argument.dtype)


def _convert_numbers(what: str, argument: Argument, value: object) -> np.ndarray:
    """Python numbers, nested in lists, as far as they keep their kind: an int may become a float, a float no int."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise fail("call.value", f"{what} is no array: {error}") from error
    target = argument.dtype
    if array.size and target.kind not in _WIDER.get(array.dtype.kind, ""):
        raise fail("call.dtype", f"{what} holds values of {array.dtype}, expected {target}")
    converted = _direct(array, target)
    if array.dtype.kind in "iu" and array.size and not np.array_equal(converted.astype(array.dtype), array):
        raise fail("call.value", f"{what} holds integers that {target} cannot represent")
    return converted


def _direct(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    array = np.require(array, dtype, ("C", "A"))
    return array.view(np.ndarray) if type(array) is not np.ndarray else array
