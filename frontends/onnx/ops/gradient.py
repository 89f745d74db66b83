"""`Gradient` of ai.onnx.preview.training: derivatives of a tensor of the graph by others, as further ops of the graph."""

from collections.abc import Mapping

from ....compiler.autodiff import pullback
from ....compiler.ir.graph import Node, Value
from ....compiler.ops.helpers import full_like
from ..build import scalar
from ..node import NodeView
from ..registry import handles


@handles("Gradient", domain="ai.onnx.preview.training")
def gradient(node: NodeView, *values: Value) -> tuple[Value, ...]:
    """Of the tensor named `y`, or the sum of its elements, by those named `xs`, at the values given for `xs` and `zs`."""
    names = [*node.strings("xs"), *node.strings("zs", ())]
    node.check(len(values) == len(names), "arity", f"`Gradient` names {len(names)} tensors and is given {len(values)}")
    of = node.scope.lookup(node.string("y"), node.loc)
    named = [node.scope.lookup(name, node.loc) for name in names]
    for value, given, name in zip(named, values, names, strict=True):
        node.check(value.type == given.type, "type", f"`{name}` is {value.type}, the value given for it {given.type}")
    y = _at(of, dict(zip(named, values, strict=True)))
    xs = values[: len(node.strings("xs"))]
    found = pullback([y], [full_like(y, 1)], xs)
    return tuple(scalar(0, x) if g is None else g for x, g in zip(xs, found, strict=True))


def _at(y: Value, values: Mapping[Value, Value]) -> Value:
    """y computed from other values in place of those it was computed from."""
    new = dict(values)
    for current in _between(y, values):
        copy = current.with_operands(new.get(v, v) for v in current.operands)
        new |= {v: w for v, w in zip(current.results, copy.results, strict=True) if v not in values}
    return new.get(y, y)


def _between(y: Value, values: Mapping[Value, Value]) -> list[Node]:
    """The nodes that y needs and that depend on a value for which another is given, operands first."""
    changed = {v for v, w in values.items() if v is not w}
    needed: dict[Node, None] = {}
    stack = [y]
    while stack:
        v = stack.pop()
        if v.node is not None and v not in values and v.node not in needed:
            needed[v.node] = None
            stack += v.node.operands
    found: list[Node] = []
    for current in sorted(needed, key=lambda n: n.serial):
        if any(v in changed for v in current.operands):
            found.append(current)
            changed.update(current.results)
    return found
