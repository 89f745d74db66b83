"""Modules as ONNX models: `to_model(module)`, `save(module, path)`.

Ops become operators of opset 21 that mean the same; what has none is reported, all at once, as `export.op`. Element types ONNX lacks, host
values and data-dependent sizes are errors as well.
"""

from pathlib import Path

import onnx
from onnx import helper

from ....compiler.ir.dims import Expr
from ....compiler.ir.graph import Function, Module, Region, Value
from ....compiler.ir.types import TensorType
from ....compiler.passes import Context, canonicalize, decompose, inline_calls
from ....compiler.verify import verify
from ....proto.errors import WeftError, fail
from ....proto.version import weft_version
from ..reader import NUMBERS
from . import control as control
from . import elementwise as elementwise
from . import folds as folds
from . import places as places
from . import products as products
from . import shapes as shapes
from .writer import EMITTERS, OPSET, Writer

IR_VERSION = 10


def to_model(module: Module) -> onnx.ModelProto:
    """The main function of a module as a model. Raises `WeftError` `export.*` with everything that ONNX cannot say."""
    verify(module)
    context = Context()
    module = canonicalize(decompose(inline_calls(module, context), context), context)
    main = module.main
    writer = Writer()
    inputs = [_info(writer, p, name) for p, name in zip(main.params, main.param_names, strict=True)]
    writer.know(main.params)
    emit(writer, main)
    outputs = _results(writer, main)
    if writer.errors:
        raise WeftError(*(d for e in writer.errors for d in e.diagnostics))
    graph = helper.make_graph(writer.nodes, module.name or "weft", inputs, outputs, initializer=_used(writer))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name=f"weft {weft_version()}")
    model.ir_version = IR_VERSION
    return model


def save(module: Module, path: str | Path) -> None:
    """Write a module as an `.onnx` file; weights beyond what the format takes go to a file beside it."""
    model = to_model(module)
    size = model.ByteSize()
    if size < 1 << 31:
        onnx.save(model, str(path))
    else:
        onnx.save(model, str(path), save_as_external_data=True, location=Path(path).name + ".data", convert_attribute=False)


def emit(writer: Writer, body: Region) -> None:
    """Write the nodes of a region; what cannot be written is noted, and stands for nothing."""
    for n in body.nodes:
        emitter = EMITTERS.get(n.op)
        try:
            if emitter is None:
                raise fail("export.op", f"ONNX has nothing for `{n.op}`", loc=n.loc)
            found = emitter(writer, n, [writer.names[v] for v in n.operands])
        except WeftError as error:
            writer.errors.append(error.at(n.loc))
            found = [writer.fresh("missing") for _ in n.results]
        for v, name in zip(n.results, [found] if isinstance(found, str) else found, strict=True):
            writer.names[v] = name


def _used(writer: Writer) -> list[onnx.TensorProto]:
    """The initializers that a node reads, in whatever nested graph."""
    read: set[str] = set()
    stack = list(writer.nodes)
    while stack:
        n = stack.pop()
        read.update(n.input)
        stack += [inner for a in n.attribute if a.HasField("g") for inner in a.g.node]
    return [t for t in writer.initializers if t.name in read]


def _info(writer: Writer, v: Value, name: str) -> onnx.ValueInfoProto:
    writer.names[v] = writer.claim(name)
    return helper.make_tensor_value_info(writer.names[v], type_number(v), _dims(v))


def type_number(v: Value) -> int:
    """ONNX's number of a value's element type."""
    if not isinstance(v.type, TensorType) or v.dtype.name not in NUMBERS:
        raise fail("export.type", f"ONNX has no such values: {v.type}")
    return NUMBERS[v.dtype.name]


def _dims(v: Value) -> list[int | str]:
    return [d if isinstance(d, int) else str(d) if isinstance(d, Expr) else d for d in v.shape]


def _results(writer: Writer, main: Function) -> list[onnx.ValueInfoProto]:
    names = main.result_names or tuple(f"result{i}" for i in range(len(main.results)))
    found: list[onnx.ValueInfoProto] = []
    for v, name in zip(main.results, names, strict=True):
        own = writer.claim(name)
        writer.nodes.append(helper.make_node("Identity", [writer.names[v]], [own]))
        found.append(helper.make_tensor_value_info(own, type_number(v), _dims(v)))
    return found
