"""`weft.load`: a graph from any file weft can read, told by its extension."""

import os
from collections.abc import Callable
from importlib import import_module

from ..compiler.ir.graph import Module
from ..compiler.serde import load as load_weft
from ..proto.errors import Loc, fail
from ..proto.files import Path
from ..proto.optional import require


def load(path: Path) -> Module:
    """The graph in a file: `.weft` or `.onnx`. A graph is data: loading one runs nothing of the file's.

    Raises `WeftError`: `load.format` for another extension, `file.read` if the file cannot be read, and what the reader of the format
    finds wrong.
    """
    extension = os.path.splitext(os.fspath(path))[1].lower()
    if extension not in _LOADERS:
        known = ", ".join(_LOADERS)
        hint = "a compiled program is run, not loaded: weft.vm.VM().load(path)" if extension == ".weftx" else f"known are {known}"
        raise fail("load.format", f"no graph format has the extension {extension!r}", loc=Loc(os.fspath(path)), help=hint)
    return _LOADERS[extension](path)


def _load_onnx(path: Path) -> Module:
    require("onnx", "onnx", "reading ONNX models")
    return import_module("..onnx", __name__).load(os.fspath(path))


_LOADERS: dict[str, Callable[[Path], Module]] = {".weft": load_weft, ".onnx": _load_onnx}
