"""From LLVM assembly to object code; the only module that imports llvmlite.

Our IR is written the way the machine should run it, so no optimisation pipeline stands between parser and instruction selection unless a
caller asks for the light one (`optimize=True`: promotion of stack slots, common subexpressions, peepholes), which pays for scalar code
with repeated index arithmetic.

LLVM aborts the process on some faults of IR. Every compilation that `isolate` covers, and every large batch, runs in child processes.
"""

import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING

from ...proto.errors import InternalError, WeftError, fail
from .cache import default_cache
from .target import Target

if TYPE_CHECKING:
    import llvmlite.binding as llvm

_OPT_LEVEL = 2
_CHARS_WORTH_CHILDREN = 2_000_000  # about a second of compilation; a child needs a fifth of that to start
_HEADER = struct.Struct("<IQ")


def compile_module(text: str, target: Target, *, optimize: bool = False) -> bytes:
    """The relocatable ELF object of one module, from the cache if it is there.

    Raises `InternalError` if LLVM does not accept the text (it is ours, so that is a bug of weft's); the message names the file the text
    was saved to.
    """
    return compile_modules([text], target, optimize=optimize)[0]


def compile_modules(
    texts: Sequence[str], target: Target, *, optimize: bool = False, isolate: bool = False, jobs: int | None = None
) -> list[bytes]:
    """The objects of several modules, in order; equal modules are compiled once.

    Large batches go to child processes, `jobs` at most (the CPUs this process may use, if None); with `isolate`, all do, so that a
    crash of LLVM is an `InternalError` and not the end of this process.
    """
    store = default_cache()
    keys = [_key(text, target, optimize) for text in texts]
    done: dict[str, bytes] = {}
    missing: dict[str, str] = {}
    for key, text in zip(keys, texts, strict=True):
        if key in done or key in missing:
            continue
        cached = store.get(key) if store else None
        if cached is None:
            missing[key] = text
        else:
            done[key] = cached
    for key, data in zip(missing, _compile_all(list(missing.values()), target, optimize, isolate, jobs), strict=True):
        done[key] = data
        if store:
            store.put(key, data)
    return [done[key] for key in keys]


def assembly(text: str, target: Target, *, optimize: bool = False) -> str:
    """The machine code of a module as assembly text."""
    return _machine_of(target).emit_assembly(_parse(text, target, optimize))


def _compile_all(texts: list[str], target: Target, optimize: bool, isolate: bool, jobs: int | None) -> list[bytes]:
    """Objects of `texts`, compiled here or spread over children and this process."""
    jobs = min(jobs or len(os.sched_getaffinity(0)), len(texts))
    spread = jobs > 1 and sum(map(len, texts)) >= _CHARS_WORTH_CHILDREN
    if not (isolate and texts) and not spread:
        return [_compile(text, target, optimize) for text in texts]
    return _Batch(texts, target, optimize).run(children=jobs if isolate else jobs - 1, here=not isolate)


class _Batch:
    """Modules handed out one by one, the longest first, to child processes and perhaps to this one."""

    def __init__(self, texts: list[str], target: Target, optimize: bool) -> None:
        self._texts = texts
        self._target = target
        self._optimize = optimize
        self._order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        self._results: list[bytes] = [b""] * len(texts)
        self._errors: list[InternalError] = []

    def run(self, children: int, here: bool) -> list[bytes]:
        threads = [threading.Thread(target=self._feed_child) for _ in range(children)]
        for thread in threads:
            thread.start()
        if here:
            self._drain(lambda text: _compile(text, self._target, self._optimize))
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results

    def _drain(self, compile_one: Callable[[str], bytes]) -> None:
        while not self._errors:
            try:
                index = self._order.pop()
            except IndexError:
                return
            try:
                self._results[index] = compile_one(self._texts[index])
            except InternalError as error:
                self._errors.append(error)

    def _feed_child(self) -> None:
        with _Child(self._target, self._optimize) as child:
            self._drain(child.compile)


class _Child:
    """A process that compiles what is written to it: this module run as a script."""

    def __init__(self, target: Target, optimize: bool) -> None:
        command = [sys.executable, "-m", __name__, target.name, str(int(optimize))]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate()
        except BrokenPipeError:
            self._process.wait()

    def compile(self, text: str) -> bytes:
        """One module's object; `InternalError` also if the child died of it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        try:
            _send(stdin, 0, text.encode())
            reply = _receive(stdout)
        except BrokenPipeError:
            reply = None
        if reply is None:
            raise _bug(text, f"LLVM crashed (exit status {self._process.wait()})")
        status, payload = reply
        if status:
            raise InternalError(payload.decode())
        return payload


def _send(stream: IO[bytes], status: int, payload: bytes) -> None:
    stream.write(_HEADER.pack(status, len(payload)))
    stream.write(payload)
    stream.flush()


def _receive(stream: IO[bytes]) -> tuple[int, bytes] | None:
    """One message; None at the end of the stream."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    status, length = _HEADER.unpack(header)
    payload = stream.read(length)
    return (status, payload) if len(payload) == length else None


def _serve(target_name: str, optimize: str) -> None:
    """The child's side: compiles each message until the stream ends."""
    target = Target.parse(target_name)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while (message := _receive(stdin)) is not None:
        try:
            _send(stdout, 0, _compile(message[1].decode(), target, bool(int(optimize))))
        except InternalError as error:
            _send(stdout, 1, str(error).encode())


@cache
def _llvm() -> ModuleType:
    """llvmlite's binding layer with all of LLVM's targets initialised."""
    try:
        import llvmlite.binding as binding
    except ImportError as error:
        raise _no_llvmlite() from error
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    return binding


def _no_llvmlite() -> WeftError:
    return fail("compiler.llvmlite", "generating code needs llvmlite, which is not installed", help="pip install 'weft[compiler]'")


@cache
def _machine(triple: str, cpu: str, features: str) -> "llvm.TargetMachine":
    found = _llvm().Target.from_triple(triple)
    return found.create_target_machine(cpu=cpu, features=features, opt=_OPT_LEVEL, reloc="pic", codemodel="small")


def _machine_of(target: Target) -> "llvm.TargetMachine":
    return _machine(target.triple, target.cpu, target.features)


def _parse(text: str, target: Target, optimize: bool) -> "llvm.ModuleRef":
    """The verified module, through the light pipeline if asked for."""
    binding = _llvm()
    try:
        module = binding.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise _bug(text, f"LLVM rejects the IR: {error}") from error
    if optimize:
        _optimize(module, target)
    return module


def _optimize(module: "llvm.ModuleRef", target: Target) -> None:
    binding = _llvm()
    builder = binding.create_pass_builder(_machine_of(target), binding.create_pipeline_tuning_options(1))
    passes = binding.create_new_function_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_new_gvn_pass()
    passes.add_simplify_cfg_pass()
    passes.add_aggressive_dce_pass()
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)


def _compile(text: str, target: Target, optimize: bool) -> bytes:
    module = _parse(text, target, optimize)
    return _machine_of(target).emit_object(module)


def _bug(text: str, problem: str) -> InternalError:
    """The error for IR that LLVM does not take, which is saved to a file."""
    handle, path = tempfile.mkstemp(prefix="weft-", suffix=".ll")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return InternalError(f"{problem}\nThe module was saved to {path}.")


def _key(text: str, target: Target, optimize: bool) -> str:
    """Everything the object depends on: the IR, the machine, LLVM, and how this file drives it."""
    digest = hashlib.sha256(f"{target.triple} {target.cpu} {target.features} {int(optimize)} {toolchain()}\n".encode())
    digest.update(text.encode())
    return digest.hexdigest()


@cache
def toolchain() -> str:
    """What turns IR into objects: a digest of this file, and LLVM's version."""
    source = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    try:
        return f"{source} llvmlite {metadata.version('llvmlite')}"
    except metadata.PackageNotFoundError as error:
        raise _no_llvmlite() from error


if __name__ == "__main__":
    _serve(*sys.argv[1:])
