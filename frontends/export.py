"""Graphs in the formats of others: `export(module, path)`, StableHLO's text or ONNX by the path's ending."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..compiler.driver import with_shapes
from ..compiler.ir.attrs import attr_symbols
from ..compiler.ir.dims import Call, Dim, Expr, Symbol, terms_of
from ..compiler.ir.graph import Function, Module, Node, Value, sort_nodes
from ..compiler.ir.text import to_text
from ..compiler.ir.types import TensorType
from ..compiler.ops.helpers import const, reshape_to
from ..compiler.ops.nodes import node
from ..compiler.ops.registry import op_of
from ..compiler.passes import Context, canonicalize
from ..compiler.passes.decompose import decompose_node
from ..compiler.passes.rewrite import Rule, apply_rules
from ..compiler.verify import verify
from ..proto.dtypes import I32, STRING
from ..proto.errors import Diagnostic, WeftError, fail
from ..proto.files import replacing
from ..proto.optional import require
from ..vm.host import find

FORMATS = {"onnx": ".onnx", "stablehlo": ".mlir"}
# Special functions that CHLO, which compilers of StableHLO read too, has under the same names.
_CHLO = {
    f"weft.{name}"
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "bessel_i1e", "conj", "cosh", "digamma", "erf", "erf_inv", "erfc", "is_inf",
        "is_neg_inf", "is_pos_inf", "lgamma", "next_after", "polygamma", "sinh", "square", "zeta",
    )
}  # fmt: skip

# What weft's host computes, and StableHLO has an op for.
_OF_HOST = {"cholesky", "fft", "triangular_solve"}


def stablehlo(module: Module) -> str:
    """A module in StableHLO's text: ops of weft's own are taken apart, symbolic sizes print as `?`.

    Raises `WeftError` `export.op` with every op that StableHLO and CHLO lack.
    """
    verify(module)
    context = Context()
    rule = replace(decompose_node, ops=tuple(op for op in decompose_node.ops if op not in _OF_HOST))
    plain = replace(module, functions={name: _rewritten(f, rule) for name, f in module.functions.items()})
    plain = canonicalize(plain, context)
    plain = replace(plain, functions={name: _with_size_operands(f) for name, f in plain.functions.items()})
    nodes = [n for f in plain.functions.values() for n in f.walk()]
    strays = [Diagnostic("export.op", fact, n.loc) for n in nodes if (fact := _lacking(n))]
    if strays:
        raise WeftError(*strays)
    text = to_text(plain, portable=True)
    for op in {n.op for n in nodes if n.op.startswith("weft.")}:
        text = text.replace(f'"{op}"(', f'"chlo.{op.removeprefix("weft.")}"(')
    return text


def _rewritten(f: Function, rule: Rule) -> Function:
    body = apply_rules(f, [rule])
    return replace(f, nodes=body.nodes, results=body.results)


def _lacking(n: Node) -> str:
    """Why StableHLO cannot say a node; "" if it can."""
    target = str(n.attrs.get("call_target_name", ""))
    if n.op == "custom_call" and find(target) is not None:
        return f"StableHLO has nothing for the host function `{target}`"
    if n.captures and n.op not in ("if", "case", "while"):
        return f"StableHLO has no `{n.op}` whose region reads values from outside"
    return f"StableHLO has nothing for `{n.op}`" if n.op.startswith("weft.") and n.op not in _CHLO else ""


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


def chosen(module: Module, signature: str | None = None, shapes: Mapping[str, Sequence[int]] | None = None) -> Module:
    """The module as it is exported: `signature` as its main function, inputs with these shapes.

    Raises `WeftError`: `export.signature`, `export.driver` for a function whose values no array format has, and what `compile` says of
    shapes that do not fit.
    """
    public = [name for name, f in module.functions.items() if f.public]
    name = signature or ("main" if "main" in public else public[0])
    if name not in public:
        raise fail("export.signature", f"there is no signature `{name}`", help=f"the signatures are {', '.join(public)}")
    others = {key: replace(f, public=False) for key, f in module.functions.items() if key != name and key != "main"}
    module = replace(module, functions={"main": replace(module.functions[name], name="main"), **others})
    _check_values(module.main)
    return with_shapes(module, shapes) if shapes else module


def _check_values(main: Function) -> None:
    """Raise for what an array format cannot say of a function, before any op is looked at."""
    for v in (*main.params, *main.results):
        if not isinstance(v.type, TensorType) or v.dtype is STRING:
            what = f"`{v.name}`, {v.type}," if v.name else f"a value of type {v.type}"
            fact = f"the function takes or gives {what} which is no array of numbers"
            raise fail("export.driver", fact, help="weft compile and weft run take such functions; export a signature of arrays")
    found = next((n for n in main.walk() if n.op in ("weft.while", "weft.case", "weft.bind_dims")), None)
    if found is not None:
        fact = f"the shapes of the function depend on its data: `{found.op}` binds them while it runs"
        raise fail("export.driver", fact, loc=found.loc, help="--shape fixes what depends on sizes of inputs alone")


def export(
    module: Module,
    path: str | Path,
    format: str | None = None,
    *,
    signature: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Write a module for others: `format` is "onnx" or "stablehlo", and follows from the path's ending if it is not given.

    `signature` names the public function that is written, `main` or the first if it is None; `shapes` gives inputs with symbolic dims
    fixed shapes: `{"x": (8, 3, 224, 224)}`. Symbolic dims that are left stay symbolic.

    Raises `WeftError`: `export.format`, `export.signature`, `export.driver`; `export.op` and `export.type` with everything the format
    cannot say; `file.write`.
    """
    module = chosen(module, signature, shapes)
    name = format or next((name for name, ending in FORMATS.items() if str(path).endswith(ending)), None)
    if name not in FORMATS:
        raise fail("export.format", f"there is no format {format or Path(path).suffix!r}", help="choose onnx (.onnx) or stablehlo (.mlir)")
    if name == "onnx":
        require("onnx", "onnx", "exporting ONNX models")
        from .onnx.export import save

        save(module, path)
        return
    text = stablehlo(module)
    with replacing(path) as file:
        file.write(text.encode())
