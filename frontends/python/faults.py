"""Errors of the array functions: `WeftError`s that are also the exceptions Python programs expect of arrays."""

from ...proto.errors import Diagnostic, WeftError


class ValueFault(WeftError, ValueError):
    """An argument does not suit: shapes that do not fit together, an unknown mode."""


class TypeFault(WeftError, TypeError):
    """An argument is of a type, or has elements of a type, that the function is not for."""


class IndexFault(WeftError, IndexError):
    """There is no such element."""


class AxisFault(WeftError, ValueError, IndexError):
    """There is no such axis; programs expect either of the two."""


_KINDS: dict[type[Exception], type[WeftError]] = {ValueError: ValueFault, TypeError: TypeFault, IndexError: IndexFault}


def fail(code: str, message: str, *, help: str = "", kind: type[Exception] = ValueError) -> WeftError:
    """The error for one problem, which is also a `kind`: ValueError, TypeError, IndexError or `AxisFault`."""
    return _KINDS.get(kind, AxisFault)(Diagnostic(code, message, help=help))


def check(condition: bool, code: str, message: str, *, help: str = "", kind: type[Exception] = ValueError) -> None:
    """Raise the error `code` unless `condition` holds."""
    if not condition:
        raise fail(code, message, help=help, kind=kind)


def expected(error: WeftError) -> WeftError:
    """An error of the graph's rules as one that programs expect: of an operand's element type a TypeError, else a ValueError."""
    if type(error) is not WeftError:
        return error
    constraint = error.code.rpartition(".")[2]
    return (TypeFault if constraint[:1] == "I" and constraint[1:].isdigit() else ValueFault)(*error.diagnostics)
