"""StableHLO's pretty forms: how each op that has one is printed. An op without an entry, or a node that an entry declines, prints generically."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..attrs import ConvDims, DotDims, Symref, Tensor
from ..graph import Node, Region
from .attributes import conv_text, ints_text, symbol_text
from .dense import quote

if TYPE_CHECKING:
    from .printer import Printer

Form = Callable[["Printer", Node], str | None]
FORMS: dict[str, Form] = {}


def _form(*ops: str) -> Callable[[Form], Form]:
    def register(form: Form) -> Form:
        FORMS.update(dict.fromkeys(ops, form))
        return form

    return register


def _line(p: "Printer", n: Node, middle: str, *used: str, types: str = "") -> str:
    return f"stablehlo.{n.op} {middle}{p.attr_dict(n, used)} : {types or p.functional(n)}"


def elementwise(p: "Printer", n: Node) -> str | None:
    """`op %a, %b : type`, or the functional type where operands and results differ."""
    if n.regions or len(n.results) != 1:
        return None
    return _line(p, n, p.values(n.operands), types=p.same_or_functional(n))


@_form("convert", "reshape", "bitcast_convert", "dynamic_reshape", "dynamic_update_slice", "dynamic_pad", "real_dynamic_slice", "real", "imag", "is_finite")  # fmt: skip
def _functional(p: "Printer", n: Node) -> str:
    return _line(p, n, p.values(n.operands))


@_form("constant")
def _constant(p: "Printer", n: Node) -> str | None:
    value = n.attrs.get("value")
    if not isinstance(value, Tensor):
        return None
    return f"stablehlo.constant{p.attr_dict(n, ('value',))} {p.tensors(value)}"


@_form("iota")
def _iota(p: "Printer", n: Node) -> str:
    return _line(p, n, f"dim = {n.attrs['iota_dimension']}", "iota_dimension", types=p.type(n.types[0]))


@_form("dynamic_iota")
def _dynamic_iota(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dim = {n.attrs['iota_dimension']}", "iota_dimension")


@_form("compare")
def _compare(p: "Printer", n: Node) -> str:
    kind = n.attrs.get("compare_type")
    suffix = f", {kind}" if kind else ""
    return _line(p, n, f"{n.attrs['comparison_direction']}, {p.values(n.operands)}{suffix}", "comparison_direction", "compare_type")


@_form("select")
def _select(p: "Printer", n: Node) -> str:
    pred, on_true, on_false = n.operands
    same = on_true.type == on_false.type == n.types[0]
    return _line(p, n, p.values(n.operands), types=p.types((pred.type, n.types[0])) if same else "")


@_form("complex")
def _complex(p: "Printer", n: Node) -> str:
    return _line(p, n, p.values(n.operands), types=p.type(n.types[0]))


@_form("broadcast_in_dim", "dynamic_broadcast_in_dim")
def _broadcast_in_dim(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dims = {ints_text(_ints(n, 'broadcast_dimensions'))}", "broadcast_dimensions")


@_form("broadcast")
def _broadcast(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, sizes = {ints_text(_ints(n, 'broadcast_sizes'))}", "broadcast_sizes")


@_form("transpose")
def _transpose(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dims = {ints_text(_ints(n, 'permutation'))}", "permutation")


@_form("reverse")
def _reverse(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dims = {ints_text(_ints(n, 'dimensions'))}", "dimensions", types=p.type(n.types[0]))


@_form("concatenate")
def _concatenate(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dim = {n.attrs['dimension']}", "dimension")


@_form("get_dimension_size", "set_dimension_size")
def _dimension_size(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, dim = {n.attrs['dimension']}", "dimension")


@_form("slice")
def _slice(p: "Printer", n: Node) -> str | None:
    names = ("start_indices", "limit_indices", "strides")
    rows = [n.attrs.get(name) for name in names]
    if not all(isinstance(row, tuple) and all(type(x) is int for x in row) for row in rows):
        return None
    starts, limits, strides = (_ints(n, name) for name in names)
    parts = [f"{a}:{b}" + (f":{s}" if s != 1 else "") for a, b, s in zip(starts, limits, strides, strict=True)]
    return _line(p, n, f"{p.values(n.operands)} {ints_text(parts)}", *names)


@_form("dynamic_slice")
def _dynamic_slice(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, sizes = {ints_text(_ints(n, 'slice_sizes'))}", "slice_sizes")


@_form("pad")
def _pad(p: "Printer", n: Node) -> str:
    names = {"low": "edge_padding_low", "high": "edge_padding_high", "interior": "interior_padding"}
    shown = ", ".join(f"{short} = {ints_text(_ints(n, name))}" for short, name in names.items())
    return _line(p, n, f"{p.values(n.operands)}, {shown}", *names.values())


@_form("reduce_precision")
def _reduce_precision(p: "Printer", n: Node) -> str:
    form = f"format = e{n.attrs['exponent_bits']}m{n.attrs['mantissa_bits']}"
    return _line(p, n, f"{p.values(n.operands)}, {form}", "exponent_bits", "mantissa_bits", types=p.same_or_functional(n))


@_form("fft")
def _fft(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, type = {n.attrs['fft_type']}, length = {ints_text(_ints(n, 'fft_length'))}", "fft_type", "fft_length")  # fmt: skip


@_form("cholesky")
def _cholesky(p: "Printer", n: Node) -> str:
    lower = "true" if n.attrs.get("lower") else "false"
    return _line(p, n, f"{p.values(n.operands)}, lower = {lower}", "lower", types=p.same_or_functional(n))


@_form("rng")
def _rng(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, distribution = {n.attrs['rng_distribution']}", "rng_distribution")


@_form("rng_bit_generator")
def _rng_bit_generator(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}, algorithm = {n.attrs['rng_algorithm']}", "rng_algorithm")


@_form("get_tuple_element")
def _get_tuple_element(p: "Printer", n: Node) -> str:
    return _line(p, n, f"{p.values(n.operands)}[{n.attrs['index']}]", "index")


@_form("tuple", "after_all")
def _tuple(p: "Printer", n: Node) -> str:
    return _line(p, n, p.values(n.operands), types=p.type(n.types[0]))


@_form("create_token", "partition_id", "replica_id")
def _nullary(p: "Printer", n: Node) -> str:
    return f"stablehlo.{n.op}{p.attr_dict(n, ())} : {p.type(n.types[0])}"


@_form("optimization_barrier")
def _barrier(p: "Printer", n: Node) -> str | None:
    if not n.operands:
        return None
    return _line(p, n, p.values(n.operands), types=p.types(n.types))


@_form("dot_general")
def _dot_general(p: "Printer", n: Node) -> str | None:
    d = n.attrs.get("dot_dimension_numbers")
    precision, algorithm = n.attrs.get("precision_config"), n.attrs.get("algorithm")
    if not isinstance(d, DotDims) or algorithm is not None:
        return None
    text = p.values(n.operands)
    if d.lhs_batch or d.rhs_batch:
        text += f", batching_dims = {ints_text(d.lhs_batch)} x {ints_text(d.rhs_batch)}"
    text += f", contracting_dims = {ints_text(d.lhs_contracting)} x {ints_text(d.rhs_contracting)}"
    if precision and isinstance(precision, tuple):
        text += f", precision = {ints_text(precision)}"
    return _line(p, n, text, "dot_dimension_numbers", "precision_config", "algorithm")


@_form("convolution")
def _convolution(p: "Printer", n: Node) -> str | None:
    dims = n.attrs.get("dimension_numbers")
    if not isinstance(dims, ConvDims):
        return None
    window: list[str] = []
    names = {"stride": "window_strides", "pad": "padding", "lhs_dilate": "lhs_dilation", "rhs_dilate": "rhs_dilation", "reverse": "window_reversal"}  # fmt: skip
    for short, name in names.items():
        value = n.attrs.get(name)
        if value is None or p.is_default(n, name):
            continue
        if not isinstance(value, tuple) or not value:
            return None
        window.append(f"{short} = {ints_text(_window_entry(v) for v in value)}")
    text = f"stablehlo.convolution({p.values(n.operands)}) dim_numbers = {conv_text(dims)}, window = {{{', '.join(window)}}}"
    return f"{text}{p.attr_dict(n, ('dimension_numbers', *names.values()))} : {p.functional(n)}"


def _window_entry(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ints_text(value) if isinstance(value, tuple) else str(value)


@_form("custom_call")
def _custom_call(p: "Printer", n: Node) -> str | None:
    target = n.attrs.get("call_target_name")
    if not isinstance(target, str) or n.captures:
        return None
    return f"stablehlo.custom_call {symbol_text(target)}({p.values(n.operands)}){p.attr_dict(n, ('call_target_name',))} : {p.functional(n)}"


@_form("composite")
def _composite(p: "Printer", n: Node) -> str | None:
    name = n.attrs.get("name")
    if not isinstance(name, str):
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
    if not isinstance(dims, tuple) or not half or any(n.attrs.get(a) is not None for a in set(n.attrs) - {"dimensions"}):
        return None
    pairs = zip(n.inputs[:half], n.inputs[half:], strict=True)
    groups = ", ".join(f"({p.value(x)} init: {p.value(init)})" for x, init in pairs)
    across = f"across dimensions = {ints_text(dims)} : {p.functional(n)}"
    if op := _applied(n, body):
        return f"stablehlo.reduce{groups} applies stablehlo.{op} {across}"
    args = [p.param(v) for v in body.params[: 2 * half]]
    reducer = " ".join(f"({args[i]}, {args[half + i]})" for i in range(half))
    return f"stablehlo.reduce{groups} {across}\n{p.indent} reducer{reducer} {{\n{p.body(n, body)}{p.indent}}}"


APPLIED = frozenset({"add", "multiply", "maximum", "minimum", "and", "or", "xor"})


def _applied(n: Node, body: Region) -> str:
    """The op of a body that is one commutative operation on the two parameters."""
    if len(n.inputs) != 2 or n.captures or len(body.nodes) != 1:
        return ""
    (inner,) = body.nodes
    good = inner.op in APPLIED and inner.operands == body.params and body.results == inner.results
    return inner.op if good and not any(inner.names) else ""


def _ints(n: Node, name: str) -> tuple[object, ...]:
    value = n.attrs[name]
    if not isinstance(value, tuple):
        raise TypeError(f"{n.op}.{name} is {value!r}, not a tuple")
    return value


def attributes_text(items: dict[str, object]) -> str:
    """` {a = …, b = …}`, or nothing."""
    return " {" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}" if items else ""



