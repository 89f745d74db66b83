"""What happens to one file: load, verify, print, interpret, compile, run. Runs in a child process; see `harness`."""

import math
import random
import signal
import types
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import weft
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.dims import substitute, symbols
from weft.compiler.ir.text import parse, to_text
from weft.compiler.ir.types import TensorType
from weft.compiler.verify import verify
from weft.proto import safetensors
from weft.proto.errors import WeftError
from weft.proto.limits import NONE
from weft.vm import VM

from .inputs import TooLarge, inputs_of, spoiled

KINDS = ("onnx", "mlir", "weft", "weftx", "safetensors")
_INTERPRETER_BYTES = 1 << 26
_MOST_WORK = 1e9  # elements and products: a graph may ask for more than seconds, which is no fault of ours
_SECONDS = 2.0  # for a graph to run: its loops may be endless, which is no fault of ours


class Invalid(Exception):
    """weft made something that weft refuses."""


class _OutOfTime(BaseException):
    pass


def whole_way(kind: str, path: Path, at: Callable[[str], None]) -> str:
    """Take a file as far as it goes, telling `at` every stage; returns the code of the error that ended it, or "".

    Whatever else it raises is a fault of weft's.
    """
    rng = random.Random(zlib.crc32(path.read_bytes()))
    try:
        at("load")
        if kind == "weftx":
            VM(threads=1).load(path, verify_weights=True)
            return ""
        if kind == "safetensors":
            safetensors.load(path)
            return ""
        module = weft.load(path)
        _verify(kind, module, at)
        _print(module, at)
        _use(module, rng, at)
    except WeftError as error:
        assert error.diagnostics and all(d.code and d.message for d in error.diagnostics), error
        return error.code
    except TooLarge:
        return "fuzz.large"
    return ""


def _verify(kind: str, module: weft.Module, at: Callable[[str], None]) -> None:
    at("verify")
    try:
        verify(module)
    except WeftError as error:
        if kind == "onnx":  # the importer alone is to blame
            raise Invalid(f"the imported graph is invalid: {error}") from error
        raise


def _print(module: weft.Module, at: Callable[[str], None]) -> None:
    at("print")
    text = to_text(module)
    at("parse")
    if len(text) < 100_000:
        try:
            parse(text, limits=NONE)
        except WeftError as error:
            raise Invalid(f"the graph as text cannot be read: {error}") from error


def _use(module: weft.Module, rng: random.Random, at: Callable[[str], None]) -> None:
    """Interpret and run a valid module, on inputs that fit and on some that do not."""
    values = inputs_of(module.main, rng)
    if _work(module) > _MOST_WORK:
        raise TooLarge
    at("interpret")
    expected: list[object] = []
    _within_time(lambda: expected.extend(evaluate(module, *values, max_bytes=_INTERPRETER_BYTES)))
    at("compile")
    program = weft.compile(module)
    at("vm load")
    main = VM(threads=1).load(program)["main"]
    for n in range(4):
        at(f"vm run {n}")
        arguments = (values, inputs_of(module.main, rng), spoiled(values, rng), spoiled(values, rng))[n]
        try:
            results = main(*arguments, timeout=_SECONDS)
        except WeftError as error:
            assert error.diagnostics and error.code
            continue
        if n == 0 and expected and _is_exact(module):
            _compare(results if isinstance(results, tuple) else (results,), expected)
    at("done")


def _work(module: weft.Module) -> float:
    """About how many elements and products the graph asks for, symbols being small."""

    def size(t: object) -> float:
        dims = [substitute(d, dict.fromkeys(symbols(d), 5)) for d in t.shape] if isinstance(t, TensorType) else []
        return math.prod(max(float(d), 1.0) for d in dims if isinstance(d, int))

    total = 0.0
    for f in module.functions.values():
        for n in f.walk():
            sizes = [size(v.type) for v in (*n.results, *n.operands)]
            total += math.sqrt(math.prod(sizes[:3])) if n.op in ("dot_general", "convolution") else sum(sizes)
            window: tuple[object, ...] = n.attrs.get("window_dimensions") or ()  # type: ignore[assignment]
            total += sizes[0] * math.prod(d for d in window if isinstance(d, int))
    return total


def _is_exact(module: weft.Module) -> bool:
    """Whether nothing in the module rounds: only then must the program agree with the interpreter to the bit."""
    types_ = [v.type for f in module.functions.values() for n in f.walk() for v in (*n.operands, *n.results)]
    types_ += [p.type for p in module.main.params]
    return all(isinstance(t, TensorType) and (t.dtype.is_int or t.dtype.is_bool) for t in types_)


def _compare(got: tuple[object, ...], expected: list[object]) -> None:
    for i, (a, b) in enumerate(zip(got, expected, strict=True)):
        if not np.array_equal(a, b):  # type: ignore[arg-type]
            raise Invalid(f"result {i} is {str(a)[:200]}, the interpreter says {str(b)[:200]}")


def _within_time(call: Callable[[], object]) -> None:
    """Run something for some seconds; errors in the data are no fault, and neither is taking long."""

    def stop(_signal: int, _frame: types.FrameType | None) -> None:
        raise _OutOfTime

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        with np.errstate(all="ignore"):
            call()
    except (WeftError, _OutOfTime):
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
