"""Ops on whole values: tuples, tokens, and the barrier that keeps optimizations apart."""

from ...proto.errors import check
from ..ir.types import TokenType, TupleType, Type
from . import rules
from .registry import define
from .values import TOKEN, Data, Token, Tuple

tuple_ = define(
    "tuple",
    doc="The values as one tuple.\n\nC1: the result is the tuple type of the operands' types.",
    infer=lambda *val: TupleType(val),
    reference=lambda *val: Tuple(val),
)


def _infer_get_tuple_element(operand: Type, *, index: int) -> Type:
    check(isinstance(operand, TupleType), "get_tuple_element.I1", f"`operand` must be a tuple, got {operand}")
    assert isinstance(operand, TupleType)
    rules.check_axis(index, len(operand.types), "get_tuple_element.C1", "index")
    return operand.types[index]


get_tuple_element = define(
    "get_tuple_element",
    doc="One value of a tuple.\n\nC1: 0 ≤ `index` < size(operand). C2: the result has the type of that value.",
    infer=_infer_get_tuple_element,
    reference=lambda x, *, index: x[index],
)


def _infer_after_all(*inputs: Type) -> TokenType:
    for k, t in enumerate(inputs):
        check(isinstance(t, TokenType), "after_all.I1", f"`inputs[{k}]` must be a token, got {t}")
    return TokenType()


def _after_all(*inputs: Data) -> Token:
    return TOKEN


after_all = define(
    "after_all",
    doc="A token that comes after all the given tokens: orders effects.\n\nI1: tokens.",
    infer=_infer_after_all,
    reference=_after_all,
)

optimization_barrier = define(
    "optimization_barrier",
    doc="The operands, all computed before any result is used; passes move nothing across.\n\n"
    "C1, C2: the results have the operands' types.",
    infer=lambda *operand: operand,
    reference=lambda *operand: operand,
    grad=lambda *g_and_operand: g_and_operand[: len(g_and_operand) // 2],
)

stop_gradient = define(
    "weft.stop_gradient",
    doc="The operand; a constant to derivatives.\n\nC1: the result has the operand's type.",
    infer=lambda operand: rules.tensor(operand, "weft.stop_gradient.I1", "operand"),
    reference=lambda x: x,
    lower=lambda b, x: x,
    grad=lambda g, x: (None,),
    traits=("elementwise",),
)
