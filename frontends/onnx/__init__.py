"""ONNX models as weft modules: `load("model.onnx")`, `from_model(proto)`.

An operator is imported by a function of `frontends/onnx/ops`, entered in the table of `registry`; whatever of a model is not supported is
reported in one error.
"""

from collections import Counter
from pathlib import Path

import onnx

from ...compiler.ir import dims
from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Function, Module, definitions, function
from ...proto.errors import Loc, fail
from ...proto.files import MappedFile
from ...proto.limits import DEFAULT, Limits
from . import ops as ops
from .assumption import Assumption
from .external import ExternalFiles
from .reader import Reader, collect, parse
from .scope import Import, Scope, opsets_of

_MAX_IR_VERSION = 14


def load(path: str | Path, *, limits: Limits | None = None) -> Module:
    """The module of an `.onnx` file. External data must lie in the file's folder, in plain files, and is memory-mapped.

    `limits` bounds what the file may ask for. Raises `WeftError`: `file.read`, `file.size`, `onnx.parse` for a damaged file, else every
    problem of the model at once.
    """
    limits = limits or DEFAULT
    file = MappedFile(path, limits)
    try:
        model = parse(file.data, file.loc, limits)
    finally:
        file.close()
    return from_model(model, file=str(path), folder=Path(path).parent, limits=limits)


def from_model(model: onnx.ModelProto, *, file: str = "", folder: Path | None = None, limits: Limits | None = None) -> Module:
    """The module of a model in memory; one function, `main`, with the graph's inputs and outputs by name.

    External data is looked for in `folder` alone. `limits` bounds what the model may ask for.
    """
    if model.ir_version > _MAX_IR_VERSION:
        why = f"IR version {model.ir_version} is newer than {_MAX_IR_VERSION}, the newest weft knows"
        raise fail("onnx.version", why, loc=Loc(file), help="upgrade weft, or export with an older version")
    limits = limits or DEFAULT
    opsets, files, symbols = opsets_of(model.opset_import), ExternalFiles(folder, limits), dict[str, Dim]()
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    for _ in range(limits.assumptions + 1):
        try:
            main = _import(model.graph, Scope(Import(Reader(files, limits), functions, file, symbols), opsets))
        except Assumption as a:
            refined = a.refined(symbols.get(a.name, dims.symbol(a.name)))
            if refined is None:
                raise fail("onnx.shape", f"the graph asks for contradicting values of `{a.name}`", loc=Loc(file)) from None
            symbols[a.name] = refined
            continue
        meta = {"producer": model.producer_name, "opset": str(opsets.get("", 0))}
        return Module({"main": main}, model.graph.name or "module", meta)
    raise limits.exceeded("assumptions", "the graph assumes too much of its symbolic dims", code="onnx.shape", loc=Loc(file))


def _import(graph: onnx.GraphProto, scope: Scope) -> Function:
    scope.constants(graph)
    constants = set(scope.values)
    params = [scope.input(i) for i in graph.input if i.name not in constants]
    scope.declared = {i.name: i for i in (*graph.value_info, *graph.output)}
    scope.shared.count(len(graph.node), Loc(scope.shared.file))
    with definitions() as definers:
        scope.run(graph.node)
    collect(scope.shared.errors)
    results = [scope.lookup(o.name, scope.loc(o.name)) for o in graph.output]
    names = [o.name for o in graph.output]
    twice = next((n for n, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise fail("onnx.name", f"two outputs are called `{twice}`", loc=scope.loc(twice))
    return function("main", params, results, result_names=names, definers=definers, loc=Loc(scope.shared.file))
