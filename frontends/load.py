"""`weft.load`: a graph from any file weft can read, told by its extension."""

import os
from collections.abc import Callable
from importlib import import_module

from ..compiler.ir.graph import Module
from ..compiler.ir.text import parse
from ..compiler.serde import load as load_weft
from ..proto.errors import Loc, fail
from ..proto.files import MappedFile, Path
from ..proto.optional import require

_TEXT_LIMIT = 256 << 20


def load(path: Path) -> Module:
    """The graph in a file: `.weft`, `.onnx` or `.mlir` (StableHLO's text). A graph is data: loading one runs nothing of the file's.

    Raises `WeftError`: `load.format` for another extension, `file.read` if the file cannot be read, and what the reader of the format
    finds wrong.
    """
    extension = os.path.splitext(os.fspath(path))[1].lower()
    if extension not in _LOADERS:
        known = ", ".join(_LOADERS)
        run = "a compiled program is run, not loaded: `weft run`, or weft.vm.VM().load(path)"
        hint = run if extension == ".weftx" else f"known are {known}"
        raise fail("load.format", f"no graph format has the extension {extension!r}", loc=Loc(os.fspath(path)), help=hint)
    return _LOADERS[extension](path)


def _load_text(path: Path) -> Module:
    file = MappedFile(path)
    try:
        if len(file.data) > _TEXT_LIMIT:
            why = f"{len(file.data)} bytes of text are more than {_TEXT_LIMIT}"
            raise fail("mlir.size", why, loc=file.loc, help="large weights belong in a .weft file")
        text = str(file.data, "utf-8")
    except UnicodeDecodeError as e:
        raise fail("mlir.encoding", f"not UTF-8: {e.reason} at byte {e.start}", loc=file.loc) from e
    finally:
        file.close()
    return parse(text, os.fspath(path))


def _load_onnx(path: Path) -> Module:
    require("onnx", "onnx", "reading ONNX models")
    return import_module("..onnx", __name__).load(os.fspath(path))


_LOADERS: dict[str, Callable[[Path], Module]] = {".weft": load_weft, ".onnx": _load_onnx, ".mlir": _load_text}
