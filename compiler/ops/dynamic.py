"""Shapes that depend on data: where a number that was computed becomes the size of a dim, and control flow over such values."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...proto.dtypes import BOOL, I32, I64
from ...proto.errors import check, fail
from ..ir.dims import Dim, Expr, symbol_of
from ..ir.graph import Region, Value
from ..ir.types import TensorType, Type, unify_all
from .bodies import check_region, listed
from .registry import define
from .values import Data


def check_symbols(symbols: tuple[Dim, ...], code: str) -> None:
    """The attribute `symbols` of an op that defines some: each once, or what passes have put in its place."""
    names: set[str] = set()
    for d in symbols:
        s = symbol_of(d)
        if s is not None:
            check(s.name not in names, code, f"the symbol `{s}` is listed twice")
            names.add(s.name)


def _infer_bind_dims(sizes: TensorType, *, symbols: tuple[Expr | int, ...]) -> tuple[TensorType, ...]:
    wanted = TensorType(I64, (len(symbols),))
    check(sizes == wanted, "weft.bind_dims.C1", f"`sizes` must be {wanted}, one number for each of `symbols`, got {sizes}")
    check_symbols(symbols, "weft.bind_dims.C2")
    return tuple(TensorType(BOOL, (d, 0)) for d in symbols)


def _reference_bind_dims(sizes: np.ndarray, *, symbols: tuple[Dim, ...]) -> tuple[np.ndarray, ...]:
    for size, d in zip(sizes.tolist(), symbols, strict=True):
        if size < 0:
            raise fail("weft.bind_dims.size", f"the size `{d}` is {size}: a dim cannot be negative")
        if isinstance(d, int) and size != d:
            raise fail("weft.bind_dims.size", f"a size is {size} where {d} is needed")
    return tuple(np.zeros((size, 0), np.bool_) for size in sizes.tolist())


bind_dims = define(
    "weft.bind_dims",
    doc="""Sizes that were computed become dims: defines each of `symbols` as the number in `sizes`.

    From here on the symbols may stand in types and attributes. The results are *witnesses*, arrays without bytes whose first dim is the
    symbol's value. Where passes have found out more of a symbol its place is taken by a number or an expression, and the size must be
    that. A negative size is an error when it is met. C1: `sizes` is a vector of i64, as long as `symbols`. C2: symbols are listed
    once. C3 (checked of the function): nothing else defines them, and all that mentions them comes later.""",
    infer=_infer_bind_dims,
    reference=_reference_bind_dims,
    traits=("symbols",),
)


def _infer_check_shape(operand: TensorType, *witness: TensorType, result: TensorType) -> TensorType:
    same = operand.dtype == result.dtype and operand.rank == result.rank
    check(same, "weft.check_shape.C1", f"{operand} is to be {result}: dtype and rank must be the same")
    return result


def _reference_check_shape(x: np.ndarray, *witness: np.ndarray, result: TensorType) -> np.ndarray:
    wanted = result.static_shape
    check(x.shape == wanted, "run.shape", f"a value has shape {list(x.shape)} where {list(wanted)} is needed")
    return x


def _grad_check_shape(g: Value, x: Value, *witness: Value) -> tuple[Value | None, ...]:
    return (check_shape(g, result=x.type), *(None for _ in witness))


check_shape = define(
    "weft.check_shape",
    doc="""The operand, which must have the shape of the result: of its dims that is not known before the program runs.

    A shape that is another one is an error when it is met. `witness` are values that have symbols of the result's shape as dims; passes
    add them. C1: dtype and rank stay.""",
    infer=_infer_check_shape,
    reference=_reference_check_shape,
    grad=_grad_check_shape,
)


Branch = Callable[..., tuple[Data, ...]]
Known = Mapping[str, Dim]
_PRED = TensorType(BOOL, ())
_INDEX = TensorType(I32, ())


def fits(patterns: Sequence[Type], types: Sequence[Type], known: Known) -> bool:
    """Whether each type is an instance of its pattern, for one choice of the symbols of the patterns that are not in `known`."""
    return unify_all(patterns, types, dict(known))


def check_while(operands: Sequence[Type], cond: Region, body: Region, results: Sequence[Type], known: Known) -> None:
    """The constraints of `weft.while`; symbols that are not in `known` (as themselves) stand for what each turn makes of them."""
    carried = tuple(p.type for p in body.params)
    check_region(cond, carried, (_PRED,), "weft.while.C1", "`cond`")
    check(fits(carried, operands, known), "weft.while.C2", f"`body` takes {listed(carried)}, the operands are {listed(operands)}")
    returned = body.result_types
    check(fits(carried, returned, known), "weft.while.C3", f"`body` takes {listed(carried)} and returns {listed(returned)}")
    check(fits(results, carried, known), "weft.while.C4", f"`body` takes {listed(carried)}, the results are {listed(results)}")


def _infer_while(
    *operand: Type,
    symbols: tuple[Expr | int, ...] = (),
    devices: tuple[str, ...] = (),
    cond: Region,
    body: Region,
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    check_symbols(symbols, "weft.while.C5")
    check_while(operand, cond, body, results, {})
    return results


def _reference_while(*operand: Data, symbols: tuple[Dim, ...], devices: tuple[str, ...], cond: Branch, body: Branch) -> tuple[Data, ...]:
    state = operand
    while bool(cond(*state)[0]):
        state = body(*state)
    return state


while_ = define(
    "weft.while",
    doc="""`while` over values whose shapes change from turn to turn, and over host values.

    The parameters of `cond` and `body` may mention symbols that nothing around defines: they are bound anew in every turn. `symbols` are
    those that the result types define. C1: `cond` takes what `body` takes and returns i1. C2: the operands are of these types for some
    values of those symbols. C3: so is what `body` returns. C4: and these are of the result types. C5: `symbols` are plain.
    `devices` says where each carried value is, "" being the host; none: all are there.""",
    infer=_infer_while,
    reference=_reference_while,
    regions=("cond", "body"),
    traits=("symbols",),
)


def check_case(branches: Sequence[Region], results: Sequence[Type], known: Known) -> None:
    """What the branches of `weft.case` return must be of the result types."""
    for i, branch in enumerate(branches):
        returned = branch.result_types
        fact = f"branch {i} returns {listed(returned)}, the results are {listed(results)}"
        check(fits(results, returned, known), "weft.case.C3", fact)


def _infer_case(
    index: TensorType,
    *,
    symbols: tuple[Expr | int, ...] = (),
    devices: tuple[str, ...] = (),
    branches: tuple[Region, ...],
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    check(index in (_INDEX, _PRED), "weft.case.I1", f"`index` must be {_INDEX} or {_PRED}, got {index}")
    count = "`weft.case` needs a branch, two for an index of i1"
    check(len(branches) == 2 if index == _PRED else len(branches) > 0, "weft.case.C1", count)
    for i, branch in enumerate(branches):
        check_region(branch, (), None, "weft.case.C2", f"branch {i}")
    check_symbols(symbols, "weft.case.C4")
    check_case(branches, results, {})
    return results


def _reference_case(
    index: np.ndarray, *, symbols: tuple[Dim, ...], devices: tuple[str, ...], branches: tuple[Branch, ...]
) -> tuple[Data, ...]:
    i = int(index)
    return branches[i if 0 <= i < len(branches) else -1]()


case = define(
    "weft.case",
    doc="""`case` whose branches may return different shapes, and host values.

    An index of i1 chooses branch 0 if it is false and branch 1 if it is true. `symbols` are those that the result types define. I1:
    `index` is a scalar i32 or i1. C1: at least one branch, two for i1. C2: branches have no inputs. C3: what each branch returns is of
    the result types for some values of the symbols. C4: `symbols` are plain. `devices` says
    where each result is, "" being the host; none: all are there.""",
    infer=_infer_case,
    reference=_reference_case,
    regions=("*branches",),
    traits=("symbols",),
)
