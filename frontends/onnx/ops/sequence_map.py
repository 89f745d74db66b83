"""`SequenceMap`: a graph applied to each element of sequences."""

from collections.abc import Sequence
from itertools import count

import onnx
from onnx import helper

from ....compiler.ir.graph import Value
from ....compiler.ir.types import SequenceType
from ..node import NodeView
from ..registry import handles
from .sequences import construct, elements

_MOST_UNROLLED = 1024  # nodes


@handles("SequenceMap", host=True)
def sequence_map(node: NodeView, *inputs: Value) -> tuple[Value, ...]:
    """The body is repeated for elements that are known while importing, else it is what a loop does."""
    body = node.graph("body")
    node.check(len(body.input) == len(inputs), "nested", f"the body must have {len(inputs)} inputs, it has {len(body.input)}")
    node.check(isinstance(inputs[0].type, SequenceType), "type", f"`SequenceMap` of {inputs[0].type}")
    held = [elements(node.scope, x) if isinstance(x.type, SequenceType) else None for x in inputs]
    lengths = {len(h) for h in held if h is not None}
    node.check(len(lengths) <= 1, "shape", "`SequenceMap` of sequences of different length")
    known = all(h is not None or not isinstance(x.type, SequenceType) for h, x in zip(held, inputs, strict=True))
    if known and max(lengths) * len(body.node) <= _MOST_UNROLLED:
        return _unrolled(node, body, inputs, held, max(lengths))
    return tuple(node.scope.nested(_as_loop(node, body, inputs), [], inline=True)[1])


def _unrolled(
    node: NodeView, body: onnx.GraphProto, inputs: Sequence[Value], held: Sequence[tuple[Value, ...] | None], length: int
) -> tuple[Value, ...]:
    turns: list[list[Value]] = []
    for i in range(length):
        given = [x if h is None else h[i] for x, h in zip(inputs, held, strict=True)]
        turns.append(node.scope.nested(body, given, inline=True)[1])
    dtypes = (node.scope.reader.dtype(_element_type(node, info), node.loc) for info in body.output)
    return tuple(construct([turn[k] for turn in turns], dtype) for k, dtype in enumerate(dtypes))


def _element_type(node: NodeView, info: onnx.ValueInfoProto) -> int:
    number = info.type.tensor_type.elem_type
    node.check(number != 0, "type", f"output `{info.name}` of the body must declare its element type")
    return number


def _as_loop(node: NodeView, body: onnx.GraphProto, inputs: Sequence[Value]) -> onnx.GraphProto:
    """A graph without inputs around a `Loop` that takes elements, runs the body, and appends what it gives."""
    stems = (f"{node.loc.name}{'/' * n}" for n in count(1))
    stem = next(s for s in stems if not any(name.startswith(s) for name in _names(body)))
    given, results = [f"{stem}in{i}" for i in range(len(inputs))], range(len(body.output))
    nodes = [helper.make_node("Identity", [outer], [name]) for outer, name in zip(node.proto.input, given, strict=True)]
    nodes += [helper.make_node("SequenceLength", [given[0]], [f"{stem}length"])]
    nodes += [helper.make_node("Constant", [], [f"{stem}yes"], value=helper.make_tensor("", onnx.TensorProto.BOOL, [], [True]))]
    nodes += [helper.make_node("SequenceEmpty", [], [f"{stem}empty{k}"], dtype=_element_type(node, body.output[k])) for k in results]
    turn = onnx.GraphProto(name=body.name, initializer=body.initializer)
    turn.input.extend(onnx.ValueInfoProto(name=f"{stem}{n}") for n in ("turn", "on", *(f"held{k}" for k in results)))
    for name, info, x in zip(given, body.input, inputs, strict=True):
        takes = isinstance(x.type, SequenceType)
        turn.node.append(helper.make_node("SequenceAt" if takes else "Identity", [name, *([f"{stem}turn"] if takes else [])], [info.name]))
    turn.node.extend(body.node)
    turn.node.extend(helper.make_node("SequenceInsert", [f"{stem}held{k}", body.output[k].name], [f"{stem}more{k}"]) for k in results)
    turn.output.extend(onnx.ValueInfoProto(name=f"{stem}{n}") for n in ("on", *(f"more{k}" for k in results)))
    turn.value_info.extend(body.value_info)
    whole = onnx.GraphProto(name=body.name, output=[onnx.ValueInfoProto(name=f"{stem}out{k}") for k in results])
    starts = [f"{stem}length", f"{stem}yes", *(f"{stem}empty{k}" for k in results)]
    whole.node.extend([*nodes, helper.make_node("Loop", starts, [o.name for o in whole.output], body=turn)])
    return whole


def _names(graph: onnx.GraphProto) -> set[str]:
    """The names in a graph, those of graphs inside it left out."""
    return {name for n in graph.node for name in (*n.input, *n.output)} | {
        i.name for i in (*graph.input, *graph.output, *graph.initializer)
    }
