"""Shapes that depend on data: where a number that was computed becomes the size of a dim."""

import numpy as np

from ...proto.dtypes import BOOL, I64
from ...proto.errors import check, fail
from ..ir.dims import Dim, Expr, Symbol
from ..ir.types import TensorType
from .registry import define


def symbol_of(d: Dim) -> Symbol | None:
    """The symbol that a dim is, None for numbers and other expressions."""
    match d:
        case Expr(terms=((((Symbol() as s),), 1),)):
            return s
        case _:
            return None


def check_symbols(symbols: tuple[Dim, ...], code: str) -> None:
    """The attribute `symbols` of an op that defines some: plain symbols with numbers as bounds, or what passes have put in their place."""
    names: set[str] = set()
    for d in symbols:
        s = symbol_of(d)
        if s is not None:
            plain = all(b is None or isinstance(b, int) for b in (s.lo, s.hi))
            check(plain, code, f"the bounds of the symbol `{s}` must be numbers, they are [{s.lo}, {s.hi}]")
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
    that. A negative size is an error when it is met. C1: `sizes` is a vector of i64, as long as `symbols`. C2: symbols are listed once
    and bounded by numbers. C3 (checked of the function): nothing else defines them, and all that mentions them comes later.""",
    infer=_infer_bind_dims,
    reference=_reference_bind_dims,
    traits=("symbols",),
)
