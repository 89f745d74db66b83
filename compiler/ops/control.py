"""Control flow: `while`, `if`, `case`. What a region captures is passed as trailing operands (`Node.captures`)."""

from collections.abc import Callable

import numpy as np

from ...proto.dtypes import BOOL, I32
from ...proto.errors import check
from ..ir.graph import Region
from ..ir.types import TensorType, Type
from .bodies import check_region, listed
from .registry import define
from .values import Data

Branch = Callable[..., tuple[Data, ...]]
_PRED = TensorType(BOOL, ())


def _infer_while(*operand: Type, cond: Region, body: Region) -> tuple[Type, ...]:
    check_region(cond, operand, (_PRED,), "while.C1", "`cond`")
    check_region(body, operand, operand, "while.C2", "`body`")
    return operand


def _reference_while(*operand: Data, cond: Branch, body: Branch) -> tuple[Data, ...]:
    state = operand
    while bool(cond(*state)[0]):
        state = body(*state)
    return state


while_ = define(
    "while",
    doc="""Applies `body` to the state as long as `cond` holds of it.

    C1: `cond` is (T...) -> i1, T the operands' types. C2: `body` is (T...) -> T.... C3: results have the operands' types.""",
    infer=_infer_while,
    reference=_reference_while,
    regions=("cond", "body"),
)


def _infer_if(pred: TensorType, *, true_branch: Region, false_branch: Region) -> tuple[Type, ...]:
    check(pred == _PRED, "if.I1", f"`pred` must be {_PRED}, got {pred}")
    check_region(true_branch, (), None, "if.C1", "`true_branch`")
    check_region(false_branch, (), None, "if.C1", "`false_branch`")
    same = true_branch.result_types == false_branch.result_types
    fact = f"branches must return the same types, got {listed(true_branch.result_types)} and {listed(false_branch.result_types)}"
    check(same, "if.C2", fact)
    return true_branch.result_types


def _reference_if(pred: np.ndarray, *, true_branch: Branch, false_branch: Branch) -> tuple[Data, ...]:
    return true_branch() if bool(pred) else false_branch()


if_ = define(
    "if",
    doc="""The results of `true_branch` if `pred` is true, else those of `false_branch`.

    I1: `pred` is a scalar i1. C1: branches have no inputs. C2: branches return the same types. C3: results have those types.""",
    infer=_infer_if,
    reference=_reference_if,
    regions=("true_branch", "false_branch"),
)


def _infer_case(index: TensorType, *, branches: tuple[Region, ...]) -> tuple[Type, ...]:
    scalar = TensorType(I32, ())
    check(index == scalar, "case.I1", f"`index` must be {scalar}, got {index}")
    check(len(branches) > 0, "case.C1", "`case` needs a branch")
    first = branches[0].result_types
    for i, branch in enumerate(branches):
        check_region(branch, (), None, "case.C2", f"branch {i}")
        same = branch.result_types == first
        check(same, "case.C3", f"branches must return the same types, branch {i} {listed(branch.result_types)}, branch 0 {listed(first)}")
    return first


def _reference_case(index: np.ndarray, *, branches: tuple[Branch, ...]) -> tuple[Data, ...]:
    i = int(index)
    return branches[i if 0 <= i < len(branches) else -1]()


case = define(
    "case",
    doc="""The results of the branch that `index` names; of the last one if it is out of range.

    I1: `index` is a scalar i32. C1: at least one branch. C2: branches have no inputs. C3: branches return the same types. C4:
    results have those types.""",
    infer=_infer_case,
    reference=_reference_case,
    regions=("*branches",),
)


def _infer_custom_vjp(*operands: Type, body: Region, backward: Region) -> tuple[Type, ...]:
    check_region(body, operands, None, "weft.custom_vjp.C1", "`body`")
    results = body.result_types
    check_region(backward, (*operands, *results), operands, "weft.custom_vjp.C2", "`backward`")
    return results


custom_vjp = define(
    "weft.custom_vjp",
    doc="""The results of `body`, with a derivative of their own: `backward` gives the operands' cotangents from operands and cotangents.

    C1: `body` takes the operands. C2: `backward` is (operands..., cotangents of all results...) -> cotangents of all operands. Derivatives
    ask for `backward`; everything else for `body`, which takes the op's place when derivatives are done.""",
    infer=_infer_custom_vjp,
    reference=lambda *operands, body, backward: body(*operands),
    regions=("body", "backward"),
)
