"""The table of host functions, and how one is entered into it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

from ...proto.errors import fail
from ...proto.value_types import ValueType

Attributes = Mapping[str, Any]
"""Values of a JSON object: bool, int, float, str and lists of them."""
_Function = TypeVar("_Function", bound=Callable[..., Any])
_FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""what functions raise for types, attributes and data that do not suit them; numpy's LinAlgError is a ValueError"""


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A host function. `call(attributes, *operands)` gives as many values as `results(attributes, *operand types)` gives types.

    `operands` is their number, None if there may be any; then `results` says what is wrong with a number. `results` promises what is
    known without data: its dims are numbers, dims of the operands, or None; the caller declares types that are `compatible`, and what
    comes back is held against those. It raises KeyError, TypeError, ValueError, IndexError or `WeftError` for operands or attributes
    that do not suit the function. `call` never changes its operands, and may return them; it raises `ValueError` or `WeftError`
    where the data is at fault.
    """

    name: str
    doc: str
    operands: int | None
    call: Callable[..., tuple[Any, ...]]
    results: Callable[..., tuple[ValueType, ...]]

    def takes(self, values: int) -> int:
        """How many of `values`, operands and then results, are operands. A function of any number of them has no results there."""
        return values if self.operands is None else self.operands

    def promise(self, attributes: Attributes, types: Sequence[ValueType]) -> tuple[ValueType, ...]:
        """The types of the results for operands of `types`. Raises `WeftError` (`host.operands`) if these or the attributes do not suit."""
        if self.operands not in (None, len(types)):
            raise fail("host.operands", f"host call {self.name!r} takes {self.operands} operands, not {len(types)}")
        try:
            return self.results(attributes, *types)
        except _FAULTS as error:
            why = f"misses {error}" if isinstance(error, KeyError) else f"cannot have these operands and attributes: {error}"
            raise fail("host.operands", f"host call {self.name!r} {why}") from error

    def run(self, attributes: Attributes, values: Sequence[Any]) -> tuple[Any, ...]:
        """What it gives for `values`. Raises `WeftError` (`run.host`, `run.memory`, and what the function itself says)."""
        try:
            with np.errstate(all="ignore"):
                return self.call(attributes, *values)
        except MemoryError as error:
            raise fail("run.memory", f"host call {self.name!r} needs more memory than there is: {error}") from error
        except _FAULTS as error:
            raise fail("run.host", f"host call {self.name!r} failed: {error}") from error


_TABLE: dict[str, HostFunction] = {}
_HOMES = ("checks", "decompositions", "images", "lapack", "linalg", "maps", "optionals", "random", "sequences", "strings", "values")


def host(name: str, operands: int | None, results: Callable[..., tuple[ValueType, ...]]) -> Callable[[_Function], _Function]:
    """Enter the decorated function into the table. It returns its result, or a tuple of several."""

    def enter(function: _Function) -> _Function:
        def call(attributes: Attributes, *values: Any) -> tuple[Any, ...]:
            found = function(attributes, *values)
            return found if isinstance(found, tuple) else (found,)

        _TABLE[name] = HostFunction(name, " ".join((function.__doc__ or "").split()), operands, call, results)
        return function

    return enter


@cache
def table() -> dict[str, HostFunction]:
    """Every host function by name. Most programs call none, so the modules that define them are imported when one is first asked for."""
    for name in _HOMES:
        import_module(f"{__package__}.{name}")
    return _TABLE


def find(name: str) -> HostFunction | None:
    """The host function `name`, if there is one."""
    return table().get(name)


def lookup(name: str) -> HostFunction:
    """The host function `name`. Raises `WeftError` (`host.unknown`) that lists the ones there are."""
    function = find(name)
    if function is None:
        known = ", ".join(sorted(table()))
        raise fail("host.unknown", f"there is no host call {name!r}", help=f"the host calls of this version are {known}")
    return function


def parse_attributes(text: str) -> Attributes:
    """The attributes of a `HostCall` message. Raises `WeftError` (`host.attributes`) unless they are a JSON object or empty."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise fail("host.attributes", f"the attributes of a host call are not JSON: {error}") from error
    if not isinstance(found, dict):
        raise fail("host.attributes", f"the attributes of a host call are {text[:40]!r}, not a JSON object")
    return found
