"""Compiling in a process of its own, for graphs of strangers: LLVM may abort, and any compiler may take too long or too much memory.

The process gets the graph as a `.weft` file and leaves a `.weftx`; what it says on the way is JSON. A crash, a hang or a want of memory
there is a `WeftError` here. It protects from accidents, not from somebody who takes LLVM over: the program is code all the same.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..proto.artifact import Program
from ..proto.errors import Diagnostic, InternalError, Loc, WeftError, fail
from ..proto.limits import Limits
from . import serde
from .codegen.target import Target
from .ir.graph import Module

_REPORT = "how to report it: `weft dump --full --format text MODEL` gives the graph; send it with this message"
# What the process runs: it must find the same weft, however this process found it.
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main(sys.argv[2])"


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a compilation in a process of its own may take: `seconds`, and `memory` in bytes of address space."""

    seconds: float = 600.0
    memory: int = 16 << 30


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `compile`, for the other process."""

    target: Target
    precision: str
    shapes: Mapping[str, Sequence[int]] | None
    fold: bool
    memory: int
    limits: Limits
    devices: tuple[str, ...] = ()


def compile_isolated(module: Module, request: Request, seconds: float) -> Program:
    """The program of a module, compiled in another process.

    WeftError: what `compile` raises there, or `isolate.crash`, `isolate.timeout`, `isolate.memory`; InternalError as there.
    """
    with tempfile.TemporaryDirectory(prefix="weft-") as folder:
        serde.save(module, os.path.join(folder, "module.weft"))
        with open(os.path.join(folder, "request"), "wb") as file:
            pickle.dump(request, file)
        status, said = _run(folder, seconds)
        if status != 0:
            raise _failure(status, said, request.memory)
        # The mapping outlives the name.
        return Program.open(os.path.join(folder, "program.weftx"))


def _run(folder: str, seconds: float) -> tuple[int, str]:
    """Exit status and standard output of the process."""
    command = [sys.executable, "-c", _START.format(f"{__package__}.isolated"), json.dumps(sys.path), folder]
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        what = f"compiling took more than {seconds:g} s"
        raise fail("isolate.timeout", what, help="isolate=weft.Isolation(seconds=…) allows more; " + _REPORT) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return process.returncode, said


def _failure(status: int, said: str, memory: int) -> Exception:
    """The exception for a process that did not end well; what it said is not trusted to be JSON."""
    try:
        match json.loads(said.rstrip().rpartition("\n")[2]):
            case {"problems": [*problems]} if problems:
                return WeftError(*(_diagnostic(p) for p in problems))
            case {"memory": True}:
                help = "isolate=weft.Isolation(memory=…) allows more; " + _REPORT
                return fail("isolate.memory", f"compiling needs more than {memory} bytes of memory", help=help)
            case {"bug": str(text)}:
                return InternalError(text)
            case _:
                pass
    except (ValueError, KeyError, TypeError):
        pass
    how = f"was ended by {signal.Signals(-status).name}" if -status in set(signal.Signals) else f"ended with status {status}"
    return fail("isolate.crash", f"the compiler {how}: a bug in weft or LLVM, or too little memory", help=_REPORT)


def to_json(problem: Diagnostic) -> dict[str, object]:
    """A diagnostic as JSON; `_diagnostic` reads it."""
    return asdict(problem)


def _diagnostic(fields: dict[str, object]) -> Diagnostic:
    about = tuple((str(name), str(fact)) for name, fact in fields["about"])  # type: ignore[attr-defined]
    return Diagnostic(**{**fields, "loc": _loc(fields["loc"]), "about": about})  # type: ignore[arg-type]


def _loc(fields: object) -> Loc:
    match fields:
        case {"file": str(file), "name": str(name), "line": int(line), "column": int(column), "parts": [*parts]}:
            return Loc(file, name, line, column, tuple(map(_loc, parts)))
        case _:
            raise TypeError("not a place")
