"""What comes from a file, held against the signature of an op: `infer` may rely on the types its parameters are annotated with."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from ...proto.dtypes import DType
from ...proto.errors import check, fail
from ..ir.attrs import Attr, Tensor
from ..ir.dims import Expr
from ..ir.types import TensorType, TokenType, TupleType, Type
from .registry import Op

_MISMATCH = object()
_WORDS: dict[object, str] = {
    int: "an integer",
    bool: "a boolean",
    float: "a number",
    str: "a string",
    Tensor: "a tensor",
    NoneType: "nothing",
}


@cache
def _hints(op: Op) -> dict[str, object]:
    return get_type_hints(op.infer, localns={"Expr": Expr, "Attr": Attr, "Type": Type})


@cache
def _operand_hints(op: Op) -> tuple[list[object], object]:
    """The annotations of the named operands, and of the variadic rest."""
    named: list[object] = []
    rest: object = object
    for p in inspect.signature(op.infer).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            rest = _hints(op).get(p.name, object)
        elif p.kind is not p.KEYWORD_ONLY:
            named.append(_hints(op).get(p.name, object))
    return named, rest


def conforming_attrs(op: Op, attrs: Mapping[str, Attr]) -> dict[str, Attr]:
    """The attributes as the op declares them, defaults filled in.

    Tensors of integers become tuples where the op asks for tuples, integers become floats where it asks for floats. WeftError
    `<op>.attributes` if one is unknown, missing, or of another type than the op declares.
    """
    found: dict[str, Attr] = {}
    for name, default in op.attrs.items():
        if name not in attrs:
            check(default is not inspect.Parameter.empty, f"{op.name}.attributes", f"`{op.name}` needs the attribute `{name}`")
            found[name] = default  # type: ignore[assignment]
            continue
        hint = _hints(op).get(name, object)
        value = _coerce(attrs[name], hint)
        if value is _MISMATCH:
            raise fail(f"{op.name}.attributes", f"`{name}` of `{op.name}` must be {_describe(hint)}, got {_shorten(attrs[name])}")
        found[name] = value  # type: ignore[assignment]
    for name in attrs:
        check(name in op.attrs, f"{op.name}.attributes", f"`{op.name}` has no attribute `{name}`")
    return found


def check_operand_kinds(op: Op, operands: Sequence[Type], results: Sequence[Type] = ()) -> None:
    """Raise `<op>.operands` where a token or a tuple is given for a tensor, or the other way round."""
    named, rest = _operand_hints(op)
    for i, t in enumerate(operands):
        hint = named[i] if i < len(named) else rest
        if _coerce(t, hint) is _MISMATCH:
            raise fail(f"{op.name}.operands", f"operand {i} of `{op.name}` must be {_describe(hint)}, got {t}")
    if op.result_keyword == "result":
        hint = _hints(op).get("result", object)
        for t in results:
            if _coerce(t, hint) is _MISMATCH:
                raise fail(f"{op.name}.result", f"the result of `{op.name}` must be {_describe(hint)}, got {t}")


def _coerce(value: object, hint: object) -> object:
    """The value as `hint` wants it, or _MISMATCH."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        candidates = (_coerce(value, a) for a in args)
        return next((c for c in candidates if c is not _MISMATCH), _MISMATCH)
    if origin is Literal:
        return value if value in args else _MISMATCH
    if isinstance(origin, type) and (origin is tuple or issubclass(origin, Sequence)):
        return _coerce_tuple(value, args, fixed=origin is tuple and ... not in args)
    if not isinstance(hint, type) or hint is object:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if hint is tuple:
        return _coerce_tuple(value, (object,), fixed=False)
    if hint is int and isinstance(value, bool):
        return _MISMATCH
    return value if isinstance(value, hint) else _MISMATCH


def _coerce_tuple(value: object, args: tuple[object, ...], fixed: bool) -> object:
    if isinstance(value, Tensor) and value.array.dtype.kind in "iub" and value.array.ndim and value.array.size <= 1 << 20:
        value = _as_tuple(value.array)
    if not isinstance(value, tuple) or (fixed and len(value) != len(args)):
        return _MISMATCH
    hints = args if fixed else (args[0],) * len(value)
    items = tuple(_coerce(v, h) for v, h in zip(value, hints, strict=True))
    return _MISMATCH if any(x is _MISMATCH for x in items) else items


def _as_tuple(array: np.ndarray) -> tuple[object, ...]:
    return tuple(_as_tuple(row) if row.ndim else row.item() for row in array)


def _describe(hint: object) -> str:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_describe(a) for a in args)
    if origin is Literal:
        return "one of " + ", ".join(map(str, args))
    if origin is tuple or hint is tuple:
        return f"a list ({_describe(args[0])} each)" if args else "a list"
    kinds: dict[object, str] = {TensorType: "a tensor", TokenType: "a token", TupleType: "a tuple", DType: "an element type", Expr: "a dim"}
    return _WORDS.get(hint) or kinds.get(hint) or getattr(hint, "__name__", str(hint))


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
