"""CHLO's other ops: what frontends write beside StableHLO, each a few of its ops. `chlo.top_k` reads as `weft.top_k`."""

import math
from collections.abc import Callable
from typing import Literal

from ...proto.dtypes import BF16, BOOL, F16, F32, F64, I32, I64, U16, U32, U64, DType
from ...proto.errors import check
from ..ir.attrs import DotDims, Tensor
from ..ir.graph import Region, Value, param, region
from ..ir.types import TensorType, Type
from . import bitwise, convert, elementwise, helpers, rules, special
from .formula import Term, absolute, apply, bitcast, cast, compare, equal, where
from .nodes import node
from .registry import Op, define, op_of


def _conj(operand: Value) -> Value:
    if not operand.dtype.is_complex:
        return operand
    return node("complex", node("real", operand), node("negate", node("imag", operand)))


def _infer_number(name: str, elements: rules.Elements) -> Callable[[Type], TensorType]:
    def infer(operand: Type) -> TensorType:
        return rules.tensor(operand, f"{name}.I1", "operand", elements)

    return infer


conj = define(
    "weft.conj",
    doc="The complex conjugate.\n\nI1: a tensor of floating-point or complex type. C1: the result has its type.",
    infer=_infer_number("weft.conj", rules.FLOAT_OR_COMPLEX),
    decompose=_conj,
    traits=("elementwise",),
)
square = define(
    "weft.square",
    doc="x · x.\n\nI1: a tensor of integer, floating-point or complex type. C1: the result has its type.",
    infer=_infer_number("weft.square", rules.NUMBER),
    decompose=lambda x: node("multiply", x, x),
    traits=("elementwise",),
)


def _test(name: str, doc: str, formula: Callable[[Term], Term]) -> Op:
    def infer(operand: Type) -> TensorType:
        return rules.tensor(operand, f"{name}.I1", "operand", rules.FLOAT).with_dtype(BOOL)

    text = f"{doc}\n\nI1: a tensor of floating-point type. C1: the result is booleans of its shape."
    return define(name, doc=text, infer=infer, decompose=lambda x: formula(Term(x)).value, traits=("elementwise",))


def _infinite(sign: int) -> Callable[[Term], Term]:
    def formula(x: Term) -> Term:
        # Types without infinities have numbers in their place.
        wide = cast(x, F32) if x.dtype.bits < 32 else x
        return equal(absolute(wide) if sign == 0 else wide, math.copysign(math.inf, sign or 1))

    return formula


is_inf = _test("weft.is_inf", "Whether x is an infinity.", _infinite(0))
is_pos_inf = _test("weft.is_pos_inf", "Whether x is ∞.", _infinite(1))
is_neg_inf = _test("weft.is_neg_inf", "Whether x is -∞.", _infinite(-1))

_BITS = {F16: U16, BF16: U16, F32: U32, F64: U64}


def _infer_next_after(lhs: Type, rhs: Type) -> TensorType:
    x = rules.tensor(lhs, "weft.next_after.I1", "lhs", rules.FLOAT)
    y = rules.tensor(rhs, "weft.next_after.I2", "rhs", rules.FLOAT)
    check(x.dtype in _BITS, "weft.next_after.I1", f"`lhs` must be {', '.join(map(str, _BITS))}, got {x}")
    rules.check_same_type(x, y, "weft.next_after.C1")
    return x


def _next_after(lhs: Value, rhs: Value) -> Value:
    x, y = Term(lhs), Term(rhs)
    kind = _BITS[x.dtype]
    bits = bitcast(x, kind)
    # Away from zero the bits of a float grow by one; towards it they fall.
    away = equal(x < y, x > 0)
    moved = bitcast(where(away, bits + 1, bits - 1), x.dtype)
    sign = bitcast(y, kind) & (1 << kind.bits - 1)
    least = bitcast(sign | 1, x.dtype)
    found = where(equal(x, 0), least, moved)
    nan = compare("NE", x, x) | compare("NE", y, y)
    return where(nan, x + y, where(equal(x, y), y, found)).value


next_after = define(
    "weft.next_after",
    doc="The float after lhs in the direction of rhs; rhs where they are equal.\n\n"
    "I1, I2: tensors of f16, bf16, f32 or f64. C1: operands and result have one type.",
    infer=_infer_next_after,
    decompose=_next_after,
    traits=("elementwise",),
)


def _infer_mulhi(lhs: Type, rhs: Type) -> TensorType:
    x = rules.tensor(lhs, "weft.mulhi.I1", "lhs", rules.INTEGER)
    y = rules.tensor(rhs, "weft.mulhi.I2", "rhs", rules.INTEGER)
    rules.check_same_type(x, y, "weft.mulhi.C1")
    return x


def _mulhi(lhs: Value, rhs: Value) -> Value:
    x, y = Term(lhs), Term(rhs)
    if x.dtype.bits < 64:
        wide = U64 if x.dtype.is_unsigned else I64
        shift = "shift_right_logical" if x.dtype.is_unsigned else "shift_right_arithmetic"
        return cast(apply(shift, cast(x, wide) * cast(y, wide), x.dtype.bits), x.dtype).value
    # The products of halves; of negative numbers, those of their bits less the other factor.
    a, b = bitcast(x, U64), bitcast(y, U64)
    (al, ah), (bl, bh) = ((t & 0xFFFFFFFF, apply("shift_right_logical", t, 32)) for t in (a, b))
    middle = ah * bl + apply("shift_right_logical", al * bl, 32)
    low = (middle & 0xFFFFFFFF) + al * bh
    high = ah * bh + apply("shift_right_logical", middle, 32) + apply("shift_right_logical", low, 32)
    if x.dtype.is_unsigned:
        return high.value
    zero = a.like(0)
    return bitcast(high - where(x < 0, b, zero) - where(y < 0, a, zero), x.dtype).value


mulhi = define(
    "weft.mulhi",
    doc="The high half of a product.\n\nI1, I2: tensors of integers. C1: operands and result have one type.",
    infer=_infer_mulhi,
    decompose=_mulhi,
    traits=("elementwise",),
)

constant_like = define(
    "weft.constant_like",
    doc="A tensor of the operand's type whose elements all are `value`.",
    infer=lambda operand, *, value: rules.tensor(operand, "weft.constant_like.I1", "operand"),
    decompose=lambda x, *, value: helpers.full_like(x, value.array.item() if isinstance(value, Tensor) else value),
)


def _infer_top_k(operand: TensorType, *, k: int) -> tuple[TensorType, TensorType]:
    check(operand.rank >= 1, "weft.top_k.C1", f"`operand` must have a dim, got {operand}")
    good = k >= 0 and rules.at_most(k, operand.shape[-1])
    check(good, "weft.top_k.C2", f"`k` must be in [0, {operand.shape[-1]}], the last dim of {operand}, got {k}")
    shape = (*operand.shape[:-1], k)
    return operand.with_shape(shape), TensorType(I32, shape)


def _greater(dtype: DType) -> Region:
    """The comparator `first > second` of the first of two operands; NaN is greater than all."""
    x, y, i, j = (param(TensorType(t, ())) for t in (dtype, dtype, I32, I32))
    kind = "TOTALORDER" if dtype.is_float else None
    return region((x, y, i, j), (node("compare", x, y, comparison_direction="GT", compare_type=kind),))


def _top_k(operand: Value, *, k: int) -> tuple[Value, ...]:
    rank = len(operand.shape)
    places = node("iota", iota_dimension=rank - 1, result=operand.tensor.with_dtype(I32))
    both = op_of("sort")(operand, places, dimension=rank - 1, is_stable=True, comparator=_greater(operand.dtype))
    assert isinstance(both, tuple)
    limits = (*operand.shape[:-1], k)
    return tuple(node("slice", v, start_indices=(0,) * rank, limit_indices=limits, strides=(1,) * rank) for v in both)


top_k = define(
    "weft.top_k",
    doc="The k largest elements of each row, in falling order, and their places; of equal ones the first comes first, NaN before all.\n\n"
    "C1: rank ≥ 1. C2: 0 ≤ k ≤ the last dim.",
    infer=_infer_top_k,
    decompose=_top_k,
)


def _infer_ragged_dot(lhs: TensorType, rhs: TensorType, group_sizes: TensorType, *, result: TensorType) -> TensorType:
    op = "weft.ragged_dot"
    check(
        lhs.rank == 2 and rhs.rank == 3 and group_sizes.rank == 1,
        f"{op}.C1",
        f"(m, k), (g, k, n) and (g) are wanted, got {lhs}, {rhs}, {group_sizes}",
    )
    check(lhs.shape[1] == rhs.shape[1], f"{op}.C2", f"contracting dims differ: {lhs.shape[1]} and {rhs.shape[1]}")
    check(rhs.shape[0] == group_sizes.shape[0], f"{op}.C3", f"{rhs} has {rhs.shape[0]} groups, `group_sizes` {group_sizes.shape[0]}")
    check(result.shape == (lhs.shape[0], rhs.shape[2]), f"{op}.C4", f"the result of {lhs} and {rhs} cannot be {result}")
    return result


def _ragged_dot(lhs: Value, rhs: Value, group_sizes: Value, *, result: TensorType) -> Value:
    """One product over groups and features: rows outside a group are zero in it."""
    groups, rows = rhs.shape[0], lhs.shape[0]
    before = TensorType(group_sizes.dtype, (groups, groups))
    at, upto = (node("iota", iota_dimension=d, result=before) for d in (0, 1))
    sizes = helpers.broadcast(group_sizes, before.shape, (1,))
    counted = where(Term(upto) <= Term(at), Term(sizes), 0).value
    ends = node(
        "reduce", counted, helpers.const(0, group_sizes.dtype), dimensions=(1,), body=helpers.scalar_region("add", group_sizes.dtype)
    )
    grid = (groups, rows, lhs.shape[1])
    last = Term(helpers.broadcast(ends, grid, (0,)))
    first = last - Term(helpers.broadcast(group_sizes, grid, (0,)))
    row = Term(node("iota", iota_dimension=1, result=TensorType(group_sizes.dtype, grid)))
    spread = where((row >= first) & (row < last), Term(helpers.broadcast(lhs, grid, (1, 2))), 0).value
    return node("dot_general", spread, rhs, dot_dimension_numbers=DotDims((), (), (0, 2), (0, 1)), result=result)


ragged_dot = define(
    "weft.ragged_dot",
    doc="Rows of lhs times the matrix of their group: the first group_sizes[0] times rhs[0], and so on; rows of no group are zeros.\n\n"
    "C1: lhs is (m, k), rhs (g, k, n), group_sizes (g). C2: one k. C3: one g. C4: the result is (m, n).",
    infer=_infer_ragged_dot,
    decompose=_ragged_dot,
)


def broadcast_for(xs: tuple[Value, ...], dims: tuple[int, ...] | None) -> tuple[Value, ...]:
    """Operands in the shape they broadcast to; `dims` are those of the result that the dims of the one of lower rank become."""
    rank = max(len(x.shape) for x in xs)
    if dims is not None and any(len(x.shape) != rank for x in xs):
        places = {d: j for j, d in enumerate(dims)}
        xs = tuple(
            x if len(x.shape) == rank else helpers.reshape_to(x, tuple(x.shape[places[d]] if d in places else 1 for d in range(rank)))
            for x in xs
        )
    return helpers.broadcast_together(xs)


def _broadcasting(name: str, inner: str) -> Op:
    entry = op_of(inner)

    def infer(lhs: TensorType, rhs: TensorType, *, broadcast_dimensions: tuple[int, ...] | None = None) -> TensorType:
        spread = broadcast_for((param(lhs), param(rhs)), broadcast_dimensions)
        (result,) = entry.infer_types([v.type for v in spread], {})
        assert isinstance(result, TensorType)
        return result

    def decompose(lhs: Value, rhs: Value, *, broadcast_dimensions: tuple[int, ...] | None) -> Value:
        return node(inner, *broadcast_for((lhs, rhs), broadcast_dimensions))

    text = f"`{inner}` of operands broadcast to one shape, as numpy does or as `broadcast_dimensions` says."
    return define(name, doc=text, infer=infer, decompose=decompose)


# The ops that these are made of are defined by now.
assert all((bitwise, convert, elementwise, special))
_BROADCASTS = {
    "add": "add", "and": "and", "atan2": "atan2", "complex": "complex", "divide": "divide", "maximum": "maximum", "minimum": "minimum",
    "multiply": "multiply", "next_after": "weft.next_after", "or": "or", "polygamma": "weft.polygamma", "power": "power",
    "remainder": "remainder", "shift_left": "shift_left", "shift_right_arithmetic": "shift_right_arithmetic",
    "shift_right_logical": "shift_right_logical", "subtract": "subtract", "xor": "xor", "zeta": "weft.zeta",
}  # fmt: skip
Direction = Literal["EQ", "NE", "GE", "GT", "LE", "LT"]


def _infer_broadcast_compare(
    lhs: TensorType,
    rhs: TensorType,
    *,
    broadcast_dimensions: tuple[int, ...] | None = None,
    comparison_direction: Direction,
    compare_type: str | None = None,
) -> TensorType:
    shape = broadcast_for((param(lhs), param(rhs)), broadcast_dimensions)[0].shape
    return TensorType(BOOL, shape)


def _broadcast_compare(lhs: Value, rhs: Value, *, broadcast_dimensions: tuple[int, ...] | None, **attrs: object) -> Value:
    return node("compare", *broadcast_for((lhs, rhs), broadcast_dimensions), **attrs)


def _infer_broadcast_select(pred: TensorType, on_true: TensorType, on_false: TensorType) -> TensorType:
    check(pred.dtype == BOOL, "weft.broadcast_select.I1", f"`pred` must be booleans, got {pred}")
    rules.check_same_dtype(on_true, on_false, "weft.broadcast_select.C1", ("on_true", "on_false"))
    return on_true.with_shape(helpers.broadcast_shapes(pred.shape, on_true.shape, on_false.shape))


for _name, _inner in _BROADCASTS.items():
    _broadcasting(f"weft.broadcast_{_name}", _inner)
broadcast_compare = define(
    "weft.broadcast_compare",
    doc="`compare` of operands broadcast to one shape.",
    infer=_infer_broadcast_compare,
    decompose=_broadcast_compare,
)
broadcast_select = define(
    "weft.broadcast_select",
    doc="`select` of operands broadcast to one shape. I1: `pred` is booleans. C1: the others have one element type.",
    infer=_infer_broadcast_select,
    decompose=lambda pred, on_true, on_false: node("select", *helpers.broadcast_together((pred, on_true, on_false))),
)
