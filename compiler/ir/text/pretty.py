"""StableHLO's pretty forms, printed. An op without one, or a node that its form cannot express, prints generically."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...ops.registry import OPS
from ..attrs import ConvDims, DotDims, Symref, Tensor
from ..graph import Node, Region
from .attributes import conv_text, ints_text, symbol_text
from .dense import quote
from .syntax import APPLIED, ELEMENTWISE, SYNTAX, WINDOW, Syntax

if TYPE_CHECKING:
    from .printer import Printer

Form = Callable[["Printer", Node], str | None]
FORMS: dict[str, Form] = {}


def _form(op: str) -> Callable[[Form], Form]:
    def register(form: Form) -> Form:
        FORMS[op] = form
        return form

    return register


def pretty(p: "Printer", n: Node) -> str | None:
    """The pretty form of a node (without its results), or None if it has none."""
    if n.op in FORMS:
        return FORMS[n.op](p, n)
    op = OPS.get(n.op)
    syntax = SYNTAX.get(n.op, ELEMENTWISE if op is not None and op.is_elementwise else None)
    if syntax is None or n.regions or n.captures or (len(n.results) != 1 and syntax.types not in ("functional", "each")):
        return None
    return _by_syntax(p, n, syntax)


def _by_syntax(p: "Printer", n: Node, syntax: Syntax) -> str | None:
    if any(not _is_plain(n.attrs.get(name)) for name in syntax.keys.values()):
        return None
    if syntax.types == "each" and not n.operands:
        return None
    parts = [p.values(n.operands)] if n.operands else []
    parts += [f"{key} = {_plain_text(n.attrs[name])}" for key, name in syntax.keys.items()]
    return _line(p, n, ", ".join(parts), *syntax.keys.values(), types=_types(p, n, syntax))


def _types(p: "Printer", n: Node, syntax: Syntax) -> str:
    match syntax.types:
        case "same":
            return p.same_or_functional(n)
        case "result":
            return p.type(n.types[0])
        case "each":
            return p.types(n.types)
        case "select" if n.operands[1].type == n.operands[2].type == n.types[0]:
            return p.types((n.operands[0].type, n.types[0]))
        case _:
            return p.functional(n)


def _is_plain(value: object) -> bool:
    return isinstance(value, (bool, int, str)) or (isinstance(value, tuple) and all(type(x) is int for x in value))


def _plain_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ints_text(map(_plain_text, value)) if isinstance(value, tuple) else str(value)


def _line(p: "Printer", n: Node, middle: str, *used: str, types: str = "") -> str:
    return f"stablehlo.{n.op}{' ' + middle if middle else ''}{p.attr_dict(n, used)} : {types or p.functional(n)}"


@_form("constant")
def _constant(p: "Printer", n: Node) -> str | None:
    value = n.attrs.get("value")
    if not isinstance(value, Tensor):
        return None
    return f"stablehlo.constant{p.attr_dict(n, ('value',))} {p.tensors(value)}"


@_form("compare")
def _compare(p: "Printer", n: Node) -> str:
    kind = n.attrs.get("compare_type")
    middle = f"{n.attrs['comparison_direction']}, {p.values(n.operands)}" + (f", {kind}" if kind else "")
    return _line(p, n, middle, "comparison_direction", "compare_type")


@_form("slice")
def _slice(p: "Printer", n: Node) -> str | None:
    names = ("start_indices", "limit_indices", "strides")
    rows = [n.attrs.get(name) for name in names]
    if not all(isinstance(row, tuple) and all(type(x) is int for x in row) for row in rows):
        return None
    parts = [f"{a}:{b}" + (f":{s}" if s != 1 else "") for a, b, s in zip(*rows, strict=True)]  # type: ignore[arg-type]
    return _line(p, n, f"{p.values(n.operands)} {ints_text(parts)}", *names)


@_form("reduce_precision")
def _reduce_precision(p: "Printer", n: Node) -> str | None:
    bits = [n.attrs.get(name) for name in ("exponent_bits", "mantissa_bits")]
    if not all(type(b) is int and 0 <= b < 1000 for b in bits):
        return None
    middle = f"{p.values(n.operands)}, format = e{bits[0]}m{bits[1]}"
    return _line(p, n, middle, "exponent_bits", "mantissa_bits", types=p.same_or_functional(n))


@_form("get_tuple_element")
def _get_tuple_element(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}[{n.attrs['index']}]", "index")


@_form("dot_general")
def _dot_general(p: "Printer", n: Node) -> str | None:
    d, precision = n.attrs.get("dot_dimension_numbers"), n.attrs.get("precision_config")
    if not isinstance(d, DotDims) or n.attrs.get("algorithm") is not None:
        return None
    text = p.values(n.operands)
    if d.lhs_batch or d.rhs_batch:
        text += f", batching_dims = {ints_text(d.lhs_batch)} x {ints_text(d.rhs_batch)}"
    text += f", contracting_dims = {ints_text(d.lhs_contracting)} x {ints_text(d.rhs_contracting)}"
    if precision and isinstance(precision, tuple) and not p.is_default(n, "precision_config"):
        text += f", precision = {ints_text(precision)}"
    return _line(p, n, text, "dot_dimension_numbers", "precision_config", "algorithm")


@_form("convolution")
def _convolution(p: "Printer", n: Node) -> str | None:
    dims = n.attrs.get("dimension_numbers")
    if not isinstance(dims, ConvDims):
        return None
    window: list[str] = []
    for short, name in WINDOW.items():
        value = n.attrs.get(name)
        if value is None or p.is_default(n, name):
            continue
        if not isinstance(value, tuple) or not value or not all(_is_plain(v) for v in value):
            return None
        window.append(f"{short} = {_plain_text(value)}")
    text = f"stablehlo.convolution({p.values(n.operands)}) dim_numbers = {conv_text(dims)}, window = {{{', '.join(window)}}}"
    return f"{text}{p.attr_dict(n, ('dimension_numbers', *WINDOW.values()))} : {p.functional(n)}"


@_form("custom_call")
def _custom_call(p: "Printer", n: Node) -> str | None:
    target = n.attrs.get("call_target_name")
    if not isinstance(target, str) or n.regions or n.captures:
        return None
    return f"stablehlo.custom_call {symbol_text(target)}({p.values(n.operands)}){p.attr_dict(n, ('call_target_name',))} : {p.functional(n)}"


@_form("composite")
def _composite(p: "Printer", n: Node) -> str | None:
    name = n.attrs.get("name")
    if not isinstance(name, str) or n.regions:
        return None
    operands = f" {p.values(n.operands)}" if n.operands else ""
    return f"stablehlo.composite {quote(name)}{operands}{p.attr_dict(n, ('name',))} : {p.functional(n)}"


@_form("call")
def _call(p: "Printer", n: Node) -> str | None:
    callee = n.attrs.get("callee")
    if not isinstance(callee, Symref):
        return None
    return f"func.call {symbol_text(callee.name)}({p.values(n.operands)}){p.attr_dict(n, ('callee',))} : {p.functional(n)}"


@_form("while")
def _while(p: "Printer", n: Node) -> str | None:
    cond, body = n.regions
    args: list[str] = []
    for c, b, init in zip(cond.params, body.params, n.inputs, strict=False):
        name = p.names.fresh("iterArg")
        p.names.alias(c, name)
        p.names.alias(b, name)
        args.append(f"{name} = {p.value(init)}")
    head = f"stablehlo.while({', '.join(args)})" + (f" : {p.types(n.types)}" if n.types else "")
    attrs = p.attr_dict(n, ())
    head += f" attributes{attrs}" if attrs else ""
    return f"{head}\n{p.indent}cond {{\n{p.body(n, cond)}{p.indent}}} do {{\n{p.body(n, body)}{p.indent}}}"


@_form("reduce")
def _reduce(p: "Printer", n: Node) -> str | None:
    (body,) = n.regions
    half = len(n.inputs) // 2
    dims = n.attrs.get("dimensions")
    if not isinstance(dims, tuple) or not half or set(n.attrs) != {"dimensions"}:
        return None
    pairs = zip(n.inputs[:half], n.inputs[half:], strict=True)
    groups = ", ".join(f"({p.value(x)} init: {p.value(init)})" for x, init in pairs)
    across = f"across dimensions = {ints_text(dims)} : {p.functional(n)}"
    if (op := _applied(n, body)) and not (p.locations and body.nodes[0].loc != n.loc):
        return f"stablehlo.reduce{groups} applies stablehlo.{op} {across}"
    args = [p.param(v) for v in body.params[: 2 * half]]
    reducer = " ".join(f"({args[i]}, {args[half + i]})" for i in range(half))
    return f"stablehlo.reduce{groups} {across}\n{p.indent} reducer{reducer} {{\n{p.body(n, body)}{p.indent}}}"


def _applied(n: Node, body: Region) -> str:
    """The op of a body that is one commutative operation on the two parameters."""
    if len(n.inputs) != 2 or n.captures or len(body.nodes) != 1:
        return ""
    (inner,) = body.nodes
    same = inner.operands == body.params and body.results == inner.results and not any(inner.names)
    typed = len({v.type for v in (*body.params, *body.results)}) == 1
    return inner.op if same and typed and inner.op in APPLIED and body.results[0].dtype == n.results[0].dtype else ""
