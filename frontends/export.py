"""Graphs in the formats of others: `export(module, path)`, StableHLO's text or ONNX by the path's ending."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..compiler.ir.attrs import attr_symbols
from ..compiler.ir.dims import Call, Dim, Expr, Symbol, terms_of
from ..compiler.ir.graph import Function, Module, Node, Value, sort_nodes
from ..compiler.ir.text import to_text
from ..compiler.ops.helpers import const, reshape_to
from ..compiler.ops.nodes import node
from ..compiler.ops.registry import op_of
from ..compiler.passes import Context, canonicalize, decompose
from ..compiler.verify import verify
from ..proto.dtypes import I32
from ..proto.errors import Diagnostic, WeftError, fail
from ..proto.files import replacing
from ..proto.optional import require

FORMATS = {"onnx": ".onnx", "stablehlo": ".mlir"}
# Special functions that CHLO, which compilers of StableHLO read too, has under the same names.
_CHLO = {
    f"weft.{name}"
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "bessel_i1e", "conj", "cosh", "digamma", "erf", "erf_inv", "erfc", "is_inf",
        "is_neg_inf", "is_pos_inf", "lgamma", "next_after", "polygamma", "sinh", "square", "zeta",
    )
}  # fmt: skip


def stablehlo(module: Module) -> str:
    """A module in StableHLO's text: ops of weft's own are taken apart, symbolic sizes print as `?`.

    Raises `WeftError` `export.op` with every op that StableHLO and CHLO lack.
    """
    verify(module)
    context = Context()
    plain = canonicalize(decompose(module, context), context)
    plain = replace(plain, functions={name: _with_size_operands(f) for name, f in plain.functions.items()})
    own = [node for f in plain.functions.values() for node in f.walk() if node.op.startswith("weft.")]
    strays = [Diagnostic("export.op", f"StableHLO has nothing for `{n.op}`", n.loc) for n in own if n.op not in _CHLO]
    if strays:
        raise WeftError(*strays)
    text = to_text(plain, portable=True)
    for op in {n.op for n in own}:
        text = text.replace(f'"{op}"(', f'"chlo.{op.removeprefix("weft.")}"(')
    return text


def _with_size_operands(f: Function) -> Function:
    """StableHLO computes symbolic sizes: ops whose result types alone say them become the dynamic ones, with sizes as operands."""
    new: dict[Value, Value] = {}
    sizes = _Sizes(f)
    nodes: list[Node] = []
    for n in f.nodes:
        current = n.with_operands(new.get(v, v) for v in n.operands)
        if n.op in ("broadcast_in_dim", "reshape", "iota") and not n.result.tensor.is_static:
            current = _dynamic(current, sizes)
        elif n.op in ("slice", "pad") and not n.result.tensor.is_static and _symbolic_attributes(n):
            raise fail("export.dynamic", f"a `{n.op}` by symbolic amounts cannot be exported", loc=n.loc, help="fix the shapes first")
        new.update(zip(n.results, current.results, strict=True))
        nodes.append(current)
    results = [new.get(v, v) for v in f.results]
    return replace(f, nodes=sort_nodes(f.params, results), results=tuple(results))


def _symbolic_attributes(n: Node) -> bool:
    return any(attr_symbols(a) for a in n.attrs.values())


def _dynamic(n: Node, sizes: "_Sizes") -> Node:
    shape = sizes.vector(n.result.shape)
    match n.op:
        case "iota":
            built = op_of("dynamic_iota")(shape, iota_dimension=n.attrs["iota_dimension"], result=n.result.type, loc=n.loc)
        case "reshape":
            built = op_of("dynamic_reshape")(n.operands[0], shape, result=n.result.type, loc=n.loc)
        case _:
            dims = n.attrs["broadcast_dimensions"]
            built = op_of("dynamic_broadcast_in_dim")(n.operands[0], shape, broadcast_dimensions=dims, result=n.result.type, loc=n.loc)
    assert isinstance(built, Value) and built.node is not None
    return built.node


class _Sizes:
    """Symbolic sizes computed from the sizes of a function's parameters, i32."""

    def __init__(self, f: Function) -> None:
        self._sources: dict[str, tuple[Value, int]] = {}
        for p in f.params:
            for axis, d in enumerate(p.shape):
                match d:
                    case Expr(terms=(((Symbol(name),), 1),)):
                        self._sources.setdefault(name, (p, axis))
                    case _:
                        pass

    def vector(self, shape: Sequence[Dim]) -> Value:
        """The sizes as one vector."""
        parts = [reshape_to(self._size(d), (1,)) for d in shape]
        built = op_of("concatenate")(*parts, dimension=0)
        assert isinstance(built, Value)
        return built

    def _size(self, d: Dim) -> Value:
        total: Value | None = None
        for monomial, factor in terms_of(d):
            term = const(factor, I32)
            for atom in monomial:
                term = node("multiply", term, self._atom(atom))
            total = term if total is None else node("add", total, term)
        return const(0, I32) if total is None else total

    def _atom(self, atom: Symbol | Call) -> Value:
        if isinstance(atom, Call):
            # Sizes are not negative, so that rounding towards zero and downwards are one.
            op = {"min": "minimum", "max": "maximum", "floordiv": "divide", "mod": "remainder"}[atom.op]
            return node(op, *(self._size(a) for a in atom.args))
        if atom.name not in self._sources:
            raise fail("export.symbol", f"the size `{atom.name}` is not a dim of a parameter")
        source, axis = self._sources[atom.name]
        return node("get_dimension_size", source, dimension=axis)


def export(module: Module, path: str | Path, format: str | None = None) -> None:
    """Write a module for others: `format` is "onnx" or "stablehlo", and follows from the path's ending if it is not given.

    Raises `WeftError`: `export.format`, `export.op` and `export.type` with everything the format cannot say, `file.write`.
    """
    chosen = format or next((name for name, ending in FORMATS.items() if str(path).endswith(ending)), None)
    if chosen not in FORMATS:
        raise fail("export.format", f"there is no format {format or Path(path).suffix!r}", help="choose onnx (.onnx) or stablehlo (.mlir)")
    if chosen == "onnx":
        require("onnx", "onnx", "exporting ONNX models")
        from .onnx.export import save

        save(module, path)
        return
    text = stablehlo(module)
    with replacing(path) as file:
        file.write(text.encode())
