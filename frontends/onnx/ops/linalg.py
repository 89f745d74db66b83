"""`Det`."""

from ....compiler.ir.graph import Value, param, region
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, const, splat
from ....compiler.ops.registry import op_of
from ....proto import dtypes
from .. import build
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .reduction import first_maximum


@handles("Det", since=11)
def det(node: NodeView, x: Value) -> Value:
    """The determinants of square matrices [..., n, n], by elimination of one column after the other with partial pivoting."""
    node.check(len(x.shape) >= 2 and x.shape[-1] == x.shape[-2], "shape", f"`Det` needs square matrices, got {x.type}")
    wide = cast(x, dtypes.F32) if x.dtype.bits < 32 else x
    lead = x.shape[:-2]
    size = cast(op("get_dimension_size", x, dimension=len(lead)), dtypes.I64)
    state = [const(0, dtypes.I64), wide, splat(1, TensorType(wide.dtype, lead))]
    head, body = ([param(v.type) for v in (*state, size)] for _ in range(2))
    results = op_of("while")(
        *state,
        cond=region(head, [compare("LT", head[0], head[3])]),
        body=region(body, _eliminated(*body[:3])),
        captures=(size,),
    )
    assert isinstance(results, tuple)
    return cast(results[2], x.dtype)


def _eliminated(k: Value, a: Value, product: Value) -> tuple[Value, Value, Value]:
    """Step k: the pivot, the greatest element of column k from row k on, goes to row k; multiples of its row are taken from those below.

    Rows above k are done with, so nothing is kept of them.
    """
    column = len(a.shape) - 1
    rows = TensorType(dtypes.I64, a.shape[:-1])
    row = op("iota", iota_dimension=len(rows.shape) - 1, result=rows)
    at, values = broadcast(k, rows.shape, ()), _column(a, k)
    open_ = compare("GE", row, at)
    size = select(open_, op("abs", values), scalar(-1, values))
    found = build.unsqueeze(first_maximum(size, column - 1), [-1])
    is_pivot, is_top = compare("EQ", row, found), compare("EQ", row, at)
    pivot_row, top_row = _row(a, is_pivot), _row(a, is_top)
    pivot = build.reduce(select(is_pivot, values, scalar(0, values)), "add", (column - 1,))
    swapped = select(build.unsqueeze(is_pivot, [-1]), build.unsqueeze(top_row, [-2]), a)
    share = elementwise("divide", _column(swapped, k), build.unsqueeze(pivot, [-1]))
    usable = op("and", compare("GT", row, at), compare("NE", build.unsqueeze(pivot, [-1]), scalar(0, share)))
    share = select(usable, share, scalar(0, share))
    taken = elementwise("multiply", build.unsqueeze(share, [-1]), build.unsqueeze(pivot_row, [-2]))
    stays = compare("EQ", build.squeeze(found, [-1]), broadcast(k, product.shape, ()))
    signed = select(stays, pivot, op("negate", pivot))
    return op("add", k, const(1, dtypes.I64)), op("subtract", swapped, taken), op("multiply", product, signed)


def _column(a: Value, k: Value) -> Value:
    """Column k of matrices: no slice, as there may be no columns at all."""
    index = op("iota", iota_dimension=len(a.shape) - 1, result=a.tensor.with_dtype(dtypes.I64))
    here = compare("EQ", index, broadcast(k, a.shape, ()))
    return build.reduce(select(here, a, scalar(0, a)), "add", (len(a.shape) - 1,))


def _row(a: Value, which: Value) -> Value:
    """The only row of matrices where `which`."""
    picked = select(build.unsqueeze(which, [-1]), a, scalar(0, a))
    return build.reduce(picked, "add", (len(a.shape) - 2,))
