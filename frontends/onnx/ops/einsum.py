"""`Einsum`."""

from ....compiler.ir.graph import Value
from ....compiler.ops import einsum as sums
from .. import build
from ..node import NodeView
from ..registry import handles


@handles("Einsum")
def einsum(node: NodeView, *xs: Value) -> Value:
    """Sums over the letters that are not in the output of products of the operands."""

    def check(holds: bool, problem: str) -> None:
        node.check(holds, "attribute", problem)

    def agree(x: Value, y: Value, i: int, j: int) -> tuple[Value, Value]:
        x, y = build.agreeing((x, y), (i, j))
        return x, y

    labels, output = sums.parse(node.string("equation"), [len(x.shape) for x in xs], check)
    return sums.contract(xs, labels, output, agree, build.dot)
