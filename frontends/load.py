"""`weft.load`: a graph from any file weft can read, told by its extension."""

import os
from collections.abc import Callable
from importlib import import_module

from ..compiler.ir.graph import Module
from ..compiler.ir.text import parse
from ..compiler.serde import load as load_weft
from ..proto.errors import Loc, fail
from ..proto.files import MappedFile, Path
from ..proto.limits import DEFAULT, Limits
from ..proto.optional import require


def load(path: Path, *, limits: Limits | None = None) -> Module:
    """The graph in a file: `.weft`, `.onnx` or `.mlir` (StableHLO's text; of its bytecode, `.mlirbc`, an error says how to get text).

    A graph is data: loading one runs nothing of the file's.

    `limits` bounds what the file may ask for (`weft.Limits`; by default more than any real model needs). Raises `WeftError`:
    `load.format` for another extension, `file.read` if the file cannot be read, and what the reader of the format
    finds wrong.
    """
    extension = os.path.splitext(os.fspath(path))[1].lower()
    if extension not in _LOADERS:
        known = ", ".join(_LOADERS)
        run = "a compiled program is run, not loaded: `weft run`, or weft.vm.VM().load(path)"
        hint = run if extension == ".weftx" else f"known are {known}"
        raise fail("load.format", f"no graph format has the extension {extension!r}", loc=Loc(os.fspath(path)), help=hint)
    return _LOADERS[extension](path, limits or DEFAULT)


def _load_text(path: Path, limits: Limits) -> Module:
    file = MappedFile(path, limits)
    try:
        if bytes(file.data[:4]) == _BYTECODE:
            raise fail("mlir.bytecode", "this is MLIR's bytecode, not text", loc=file.loc, help=_TO_TEXT)
        limits.check("text_bytes", len(file.data), f"a text of {len(file.data)} bytes", code="mlir.size", loc=file.loc)
        text = str(file.data, "utf-8")
    except UnicodeDecodeError as e:
        raise fail("mlir.encoding", f"not UTF-8: {e.reason} at byte {e.start}", loc=file.loc) from e
    finally:
        file.close()
    return parse(text, os.fspath(path), limits)


_BYTECODE = b"ML\xefR"
_TO_TEXT = (
    "a portable artifact is turned into text by `stablehlo-translate --deserialize file.mlirbc`, or in Python by "
    "`jaxlib.mlir.dialects.stablehlo.deserialize_portable_artifact`; JAX prints text by `jax.export.export(f)(x).mlir_module()`"
)


def _load_onnx(path: Path, limits: Limits) -> Module:
    require("onnx", "onnx", "reading ONNX models")
    return import_module("..onnx", __name__).load(os.fspath(path), limits=limits)


def _load_weft(path: Path, limits: Limits) -> Module:
    return load_weft(path, limits=limits)


_LOADERS: dict[str, Callable[[Path, Limits], Module]] = {
    ".weft": _load_weft,
    ".onnx": _load_onnx,
    ".mlir": _load_text,
    ".mlirbc": _load_text,
}
