"""Sizes that would be taken from data although the graph shows what they are, and control flow that then needs no driver."""

from collections.abc import Mapping
from dataclasses import replace

from ...proto.dtypes import BOOL
from ..drivers import CONTROL, needs_driver
from ..ir.dims import Dim, Expr, Symbol, is_nonnegative, symbol_of, symbols
from ..ir.graph import Function, Module, Node, Region, Value, definitions
from ..ir.instantiate import instantiate
from ..ir.types import is_host, unify_all
from ..ops.helpers import const
from ..ops.nodes import node
from ..ops.registry import op_of
from ..ops.shapevalues import Known, Shapes
from .base import Context, module_pass, with_body
from .canonicalize import canonicalize, chosen_branch
from .cse import cse
from .fold import fold_constants
from .rewrite import Inlined, Result, Rule, Uses, apply_rules, rewrite

# A size that becomes known may make others known.
_ROUNDS = 8
_DEFINING = {"weft.bind_dims", *CONTROL}


@module_pass("resolve-dims")
def resolve_dims(module: Module, context: Context) -> Module:
    """weft.bind_dims(sizes the graph knows) -> these sizes in place of the symbols; equal sizes -> one symbol.

    weft.case of a known index -> the shapes of that branch; weft.while and weft.case of one shape and without a driver's work -> while, if.
    """
    for _ in range(_ROUNDS):
        if not any(node.op in _DEFINING for f in module.functions.values() for node in f.walk()):
            return module
        values = {name: _Known().of(f) for name, f in module.functions.items()}
        functions = {name: _resolved(f, values[name]) for name, f in module.functions.items()}
        if all(functions[name] is f for name, f in module.functions.items()):
            return module
        module = replace(module, functions=functions)
        for simplify in (canonicalize, fold_constants, cse, canonicalize):
            module = simplify(module, context)
    return module


def _resolved(function: Function, values: Mapping[str, Dim]) -> Function:
    """The function with these dims in place of symbols that no node defines any more."""
    if not values:
        return with_native_control(function)

    def drop_from_case(n: Node, uses: Uses) -> Result:
        """case(symbols=(M,)), M known -> case(symbols=())"""
        if not n.defined_symbols & set(values):
            return None
        kept = tuple(d for d in n.ints("symbols") if not set(symbols(d)) & set(values))
        return replace(n, attrs={**n.attrs, "symbols": kept}).results

    def drop(n: Node, uses: Uses) -> Result:
        """bind_dims(sizes, symbols=(a, k)), k known -> bind_dims(sizes[0:1], symbols=(a,)), and a witness of k out of nothing."""
        dims = n.dims("symbols")
        if not n.defined_symbols & set(values):
            return None
        results: list[Value] = []
        with definitions() as made:
            for i, (d, t) in enumerate(zip(dims, n.types, strict=True)):
                s = symbol_of(d)
                if s is not None and s.name in values:
                    results.append(node("broadcast_in_dim", const(False, BOOL), broadcast_dimensions=(), result=t))
                else:
                    one = op_of("slice")(n.operands[0], start_indices=(i,), limit_indices=(i + 1,), strides=(1,))
                    results.append(node("weft.bind_dims", one, symbols=(d,)))
        return Inlined(tuple(results), (), tuple(made))

    rules = [Rule("drop-known", ("weft.bind_dims",), drop), Rule("drop-known-shape", ("weft.case",), drop_from_case)]
    dropped = apply_rules(function, rules)
    return with_native_control(instantiate(with_body(function, dropped), values))


@rewrite("native-control", *CONTROL)
def native_control(n: Node, uses: Uses) -> Result:
    """weft.while -> while, weft.case -> if or case: shapes stay the same, and nothing inside needs the driver."""
    if n.defined_symbols or any(needs_driver(inner) for r in n.regions for inner in r.nodes):
        return None
    returned = n.regions[1:] if n.op == "weft.while" else n.regions
    types = [r.result_types for r in returned]
    if n.op == "weft.while":
        types += [tuple(v.type for v in n.inputs), tuple(p.type for p in n.regions[1].params[: len(n.inputs)])]
    if any(t != n.types for t in types) or any(map(is_host, n.types)):
        return None
    if n.op == "weft.while":
        return op_of("while")(*n.inputs, captures=n.captured, cond=n.regions[0], body=n.regions[1])
    if n.inputs[0].dtype.is_bool:
        return op_of("if")(*n.inputs, captures=n.captured, true_branch=n.regions[1], false_branch=n.regions[0])
    return op_of("case")(*n.inputs, captures=n.captured, branches=n.regions)


def with_native_control(function: Function) -> Function:
    """`function` with `native_control` applied."""
    body = apply_rules(function, [native_control])
    return function if body is function else with_body(function, body)


class _Known:
    """What can be put in the place of the symbols of one function."""

    def __init__(self) -> None:
        self.shapes = Shapes()
        self.found: dict[str, Dim] = {}

    def of(self, function: Function) -> dict[str, Dim]:
        """Dims by the names of symbols that they equal. What is put in some symbol's place mentions none that is replaced."""
        self._visit(function, {})
        replaced = set(self.found)
        return {name: d for name, d in self.found.items() if not replaced & set(symbols(d))}

    def _visit(self, body: Region, outer: Mapping[Known, Dim]) -> None:
        """`outer` are the symbols defined so far, by the element of a shape that they stand for."""
        bound = dict(outer)
        for n in body.nodes:
            if n.op == "weft.bind_dims" and self.shapes.is_small(n.operands[0]):
                dims = n.dims("symbols")
                for element, d in zip(self.shapes.elements(n.operands[0]), dims, strict=True):
                    self._bind(element, d, bound)
            if n.op == "weft.case":
                self._choose(n)
            for r in n.regions:
                self.shapes.origins.update(zip(r.params[len(r.params) - n.captures :], n.captured, strict=True))
                self._visit(r, bound)

    def _choose(self, node: Node) -> None:
        """The result shapes of a `weft.case` whose index is known are those of one branch."""
        chosen, env = chosen_branch(node), dict[str, Dim]()
        if chosen is not None and unify_all(node.types, chosen.result_types, env):
            self.found |= {name: d for name, d in env.items() if name in node.defined_symbols}

    def _bind(self, element: Known, d: Dim, bound: dict[Known, Dim]) -> None:
        s = symbol_of(d)
        if s is None:
            return
        if not isinstance(element, bool) and not _is_open(element) and _within(element, s):
            self.found[s.name] = element
            return
        first = symbol_of(bound.setdefault(element, d))
        if first is not None and first.name != s.name and (first.lo, first.hi) == (s.lo, s.hi):
            self.found[s.name] = bound[element]


def _is_open(element: Dim) -> bool:
    """Whether a number is known to data alone, which `Shapes` gives a placeholder."""
    return isinstance(element, Expr) and any(name.startswith("?") for name in symbols(element))


def _within(d: Dim, s: Symbol) -> bool:
    """Whether a dim is certain to be a size within the bounds of a symbol."""
    above = s.lo is None or is_nonnegative(d - s.lo)
    return is_nonnegative(d) and above and (s.hi is None or is_nonnegative(s.hi - d))
