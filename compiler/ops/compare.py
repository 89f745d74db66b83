"""Ops that decide: compare, select, clamp, is_finite."""

import numpy as np

from ...proto.dtypes import BOOL, DType
from ...proto.errors import check
from ..ir.graph import Node
from ..ir.types import TensorType, Type
from . import rules
from .builder import Element, ElementBuilder, Index
from .elementwise import maximum, minimum
from .gradients.elementwise import clamp_grad
from .helpers import full_like
from .numeric import Array, Numeric, before, carrier, dtype_of
from .registry import define

_DIRECTIONS: dict[str, Numeric] = {
    "EQ": lambda x, y: x == y,
    "NE": lambda x, y: x != y,
    "GE": lambda x, y: before(y, x) | (x == y),
    "GT": lambda x, y: before(y, x),
    "LE": lambda x, y: before(x, y) | (x == y),
    "LT": before,
}


def compare_types(dtype: DType) -> tuple[str, ...]:
    """The legal values of `compare_type`, the default first."""
    if dtype.is_float:
        return ("FLOAT", "TOTALORDER")
    return ("FLOAT",) if dtype.is_complex else ("SIGNED",) if dtype.is_signed else ("UNSIGNED",)


def _infer_compare(lhs: Type, rhs: Type, *, comparison_direction: str, compare_type: str | None = None) -> TensorType:
    x = rules.tensor(lhs, "compare.I1", "lhs", rules.NUMBER_OR_BOOL)
    y = rules.tensor(rhs, "compare.I2", "rhs", rules.NUMBER_OR_BOOL)
    rules.check_same_dtype(x, y, "compare.C1")
    rules.check_same_shape(x, y, "compare.C2")
    known = ", ".join(_DIRECTIONS)
    check(comparison_direction in _DIRECTIONS, "compare.I3", f"`comparison_direction` must be one of {known}, got {comparison_direction}")
    legal = compare_types(x.dtype)
    message = f"`compare_type` of {x.dtype} must be {' or '.join(legal)}, got {compare_type}"
    check(compare_type is None or compare_type in legal, "compare.C3", message)
    return x.with_dtype(BOOL)


def total_order_key(x: Array) -> Array:
    """Integers in the order of IEEE-754 totalOrder: -NaN < -∞ < … < -0 < +0 < … < ∞ < NaN."""
    dtype = dtype_of(x)
    bits = x.view(f"u{dtype.itemsize}").astype(np.uint64) if dtype.bits < 64 else x.view(np.uint64)
    top = np.uint64(1 << dtype.bits - 1)
    # Negative numbers run backwards, below the positive ones.
    return np.where(bits & top != 0, np.uint64((1 << dtype.bits) - 1) ^ bits, bits | top)


def _compare(x: Array, y: Array, *, comparison_direction: str, compare_type: str | None) -> Array:
    if compare_type == "TOTALORDER":
        x, y = total_order_key(x), total_order_key(y)
    else:
        wide = carrier(dtype_of(x))
        x, y = x.astype(wide, copy=False), y.astype(wide, copy=False)
    with np.errstate(all="ignore"):
        return np.asarray(_DIRECTIONS[comparison_direction](x, y))


compare = define(
    "compare",
    doc="Compares elements: `comparison_direction` is EQ, NE, GE, GT, LE or LT. `compare_type` follows from the element type;\n"
    "TOTALORDER for floats orders NaN and ±0 too. Complex numbers compare lexicographically.\n\n"
    "C1: one element type. C2: one shape. C3: `compare_type` is SIGNED for signed integers, UNSIGNED for unsigned ones and booleans,\n"
    "FLOAT or TOTALORDER for floats, FLOAT for complex numbers.",
    infer=_infer_compare,
    reference=_compare,
    lower=lambda b, x, y, *, comparison_direction, compare_type: b.compare(
        comparison_direction, x, y, compare_type or compare_types(x.dtype)[0]
    ),
    traits=("elementwise",),
)


def _infer_select(pred: Type, on_true: Type, on_false: Type) -> TensorType:
    p = rules.tensor(pred, "select.I1", "pred", rules.BOOL_ONLY)
    x, y = rules.tensor(on_true, "select.I2", "on_true"), rules.tensor(on_false, "select.I3", "on_false")
    rules.check_same_type(x, y, "select.C2", ("on_true", "on_false"))
    if p.rank:
        rules.check_same_shape(p, x, "select.C1", ("pred", "on_true"))
    return x


def _own(index: Index, rank: int) -> Index:
    """The index of an operand that may be a scalar."""
    return index if rank else ()


def _select_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    pred, on_true, on_false = node.operands
    return b.select(b.read(pred, _own(index, pred.tensor.rank)), b.read(on_true, index), b.read(on_false, index))


select = define(
    "select",
    doc="`on_true` where `pred`, else `on_false`.\n\n"
    "I1: `pred` is boolean. C1: `pred` is a scalar or has the others' shape. C2: `on_true`, `on_false` and the result have one type.",
    infer=_infer_select,
    reference=lambda pred, on_true, on_false: np.asarray(np.where(pred, on_true, on_false)),
    lower=lambda b, pred, on_true, on_false: b.select(pred, on_true, on_false),
    grad=lambda g, pred, *_: (None, select(pred, g, full_like(g, 0)), select(pred, full_like(g, 0), g)),
    element=_select_element,
)


def _infer_clamp(min: Type, operand: Type, max: Type) -> TensorType:
    lo = rules.tensor(min, "clamp.I1", "min", rules.NUMBER_OR_BOOL)
    x = rules.tensor(operand, "clamp.I2", "operand", rules.NUMBER_OR_BOOL)
    hi = rules.tensor(max, "clamp.I3", "max", rules.NUMBER_OR_BOOL)
    if lo.rank:
        rules.check_same_shape(lo, x, "clamp.C1", ("min", "operand"))
    if hi.rank:
        rules.check_same_shape(hi, x, "clamp.C2", ("max", "operand"))
    rules.check_same_dtype(lo, x, "clamp.C3", ("min", "operand"))
    rules.check_same_dtype(hi, x, "clamp.C3", ("max", "operand"))
    return x


def _clamp(lo: Array, x: Array, hi: Array) -> Array:
    assert maximum.reference and minimum.reference
    return minimum.reference(maximum.reference(x, lo), hi)  # type: ignore[return-value]


def _clamp_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    lo, x, hi = (b.read(v, _own(index, v.tensor.rank)) for v in node.operands)
    return b.min(b.max(x, lo), hi)


clamp = define(
    "clamp",
    doc="minimum(maximum(operand, min), max).\n\n"
    "C1, C2: `min` and `max` are scalars or have the operand's shape. C3: one element type. C4: the result has the operand's type.",
    infer=_infer_clamp,
    reference=_clamp,
    lower=lambda b, lo, x, hi: b.min(b.max(x, lo), hi),
    element=_clamp_element,
    grad=clamp_grad,
)


def _infer_is_finite(x: Type) -> TensorType:
    return rules.tensor(x, "is_finite.I1", "x", rules.FLOAT).with_dtype(BOOL)


is_finite = define(
    "is_finite",
    doc="Whether each element is neither NaN nor infinite.\n\nI1: a tensor of floating-point type. C1: one shape.",
    infer=_infer_is_finite,
    reference=lambda x: np.asarray(np.isfinite(x.astype(carrier(dtype_of(x)), copy=False))),
    lower=lambda b, x: b.is_finite(x),
    traits=("elementwise",),
)
