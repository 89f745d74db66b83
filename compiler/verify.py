"""The verifier: whether a module is what every pass, the interpreter and the code generators take for granted.

It looks at everything and reports every problem found, each with the node concerned.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..proto.errors import UNKNOWN, Diagnostic, Loc, WeftError, check
from .ir.attrs import Symref, attr_symbols
from .ir.bounds import check_representable
from .ir.dims import Dim, Symbol, symbol, with_bounds
from .ir.graph import Function, Module, Node, Region, Value
from .ir.types import Type, type_symbols, unify_all
from .ops.dynamic import check_case, check_while
from .ops.registry import Op, op_of
from .ops.signature import check_operand_kinds, conforming_attrs


def verify(module: Module, context: str = "verifying the graph") -> None:
    """Raise one `WeftError` with a diagnostic per problem; return if there is none.

    Checked: functions exist, have unique parameter and result names and do not call themselves; values are defined before they are used,
    in the region that uses them; captures match the trailing parameters of regions; attributes are complete and of the declared types;
    every node's types are what inference gives; symbols come from the function's parameters or from one earlier node in scope.
    """
    found: list[Diagnostic] = []
    for name, function in module.functions.items():
        found += _FunctionCheck(module, name, function, context).run()
    found += _cycles(module, context)
    if found:
        raise WeftError(*found)


def describe(node: Node) -> str:
    """A node on one line, however malformed."""
    attrs = "".join(f" {k}={_shorten(a)}" for k, a in node.attrs.items())
    operands = ", ".join(f"{v.name or '_'}: {v.type}" for v in node.operands)
    return f"{', '.join(node.names)}{' = ' if node.names else ''}{node.op}({operands}){attrs} -> {', '.join(map(str, node.types))}"


def _is_same(declared: object, stored: object) -> bool:
    return declared is stored or (type(declared) is type(stored) and declared == stored)


def _shorten(a: object) -> str:
    text = repr(a)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass
class _FunctionCheck:
    module: Module
    name: str
    function: Function
    context: str
    found: list[Diagnostic] = field(default_factory=list)
    known: dict[str, Symbol] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)

    def run(self) -> list[Diagnostic]:
        """Every problem of the function."""
        self._signature()
        for p in self.function.params:
            self._representable(p.type)
        self._symbols([s for p in self.function.params for s in type_symbols(p.type).values()], None)
        self.defined |= set(self.known)
        regions = [(self.function, f"function `{self.name}`", self.known)]
        while regions:
            body, where, self.known = regions.pop()
            regions += self._region(body, where)
        return self.found

    def _report(self, code: str, message: str, node: Node | None = None, help: str = "") -> None:
        loc: Loc = node.loc if node and node.loc else self.function.loc or UNKNOWN
        snippet = describe(node) if node else ""
        self.found.append(Diagnostic(code, message, loc, help, snippet, self.context))

    def _signature(self) -> None:
        f = self.function
        if f.name != self.name:
            self._report("verify.names", f"the function `{f.name}` is registered as `{self.name}`")
        for what, names in (("parameters", f.param_names), ("results", f.result_names)):
            twice = sorted(n for n, count in Counter(names).items() if n and count > 1)
            if twice:
                self._report("verify.names", f"two {what} of `{f.name}` are called {', '.join(map(repr, twice))}")
        if f.result_names and len(f.result_names) != len(f.results):
            self._report("verify.names", f"`{f.name}` has {len(f.results)} results and {len(f.result_names)} names for them")
        for result, param in f.aliases.items():
            in_range = 0 <= result < len(f.results) and 0 <= param < len(f.params)
            if not in_range or f.results[result].type != f.params[param].type:
                self._report("verify.aliases", f"result {result} of `{f.name}` cannot overwrite parameter {param}: their types differ")

    def _representable(self, t: Type) -> None:
        try:
            check_representable(t)
        except WeftError as error:
            self.found += error.at(self.function.loc, "", self.context).diagnostics

    def _region(self, body: Region, where: str) -> list[tuple[Region, str, dict[str, Symbol]]]:
        """Check the nodes of a region; returns the regions nested in it, with the symbols known there."""
        defined: set[Value] = set(body.params)
        nested: list[tuple[Region, str, dict[str, Symbol]]] = []
        if len(defined) != len(body.params):
            self._report("verify.ssa", f"a parameter of {where} occurs twice")
        for node in body.nodes:
            for i, v in enumerate(node.operands):
                if v not in defined:
                    self._report("verify.ssa", f"operand {i} of `{node.op}` in {where} is {self._absence(v, body)}", node, _CAPTURES)
            if node.results and node.results[0] in defined:
                self._report("verify.ssa", f"`{node.op}` occurs twice in {where}", node)
            self._node(node)
            defined.update(node.results)
            nested += [(r, f"region {i} of `{node.op}`", self._known_inside(node, r)) for i, r in enumerate(node.regions)]
        for i, v in enumerate(body.results):
            if v not in defined:
                self._report("verify.ssa", f"result {i} of {where} is {self._absence(v, body)}")
        return nested

    def _absence(self, v: Value, body: Region) -> str:
        if v.node is not None and v.node in body.nodes:
            return f"used before `{v.node.op}` computes it"
        what = f"a result of `{v.op}`" if v.node else f"the parameter `{v.name}`" if v.name else "a parameter"
        return f"{what} of another region"

    def _node(self, node: Node) -> None:
        try:
            op = op_of(node)
            self._captures(node)
            self._attributes(op, node)
            operands = [v.type for v in node.inputs]
            check_operand_kinds(op, operands, node.types)
            given = node.types if op.result_keyword else ()
            self._same_types(node, op.infer_types(operands, node.attrs, node.regions, given, node.captures))
            self._instances(node)
            if "call" in op.traits:
                self._call(node)
        except WeftError as error:
            self.found += error.at(node.loc or self.function.loc, describe(node), self.context).diagnostics
        mentioned = [s for t in node.types for s in type_symbols(t).values()]
        self._symbols([*mentioned, *(s for a in node.attrs.values() for s in attr_symbols(a).values())], node)

    def _attributes(self, op: Op, node: Node) -> None:
        found = conforming_attrs(op, node.attrs)
        missing = ", ".join(name for name in found if name not in node.attrs)
        check(not missing, f"{op.name}.attributes", f"`{op.name}` must store its attributes {missing} even where they have defaults")
        other = ", ".join(name for name, value in found.items() if not _is_same(value, node.attrs[name]))
        check(not other, f"{op.name}.attributes", f"attributes {other} of `{op.name}` are not in the form it declares")

    def _same_types(self, node: Node, inferred: Sequence[Type]) -> None:
        if tuple(inferred) != node.types:
            expected, have = (", ".join(map(str, types)) or "nothing" for types in (inferred, node.types))
            self._report(f"{node.op}.type", f"the results of `{node.op}` must be {expected}, are {have}", node)

    def _captures(self, node: Node) -> None:
        if not 0 <= node.captures <= len(node.operands):
            self._report("verify.captures", f"`{node.op}` has {len(node.operands)} operands, {node.captures} of them captures", node)
            return
        types = [v.type for v in node.captured]
        for i, region in enumerate(node.regions):
            have = [p.type for p in region.params[max(0, len(region.params) - node.captures) :]]
            if have != types:
                expected, got = (", ".join(map(str, part)) or "nothing" for part in (types, have))
                self._report("verify.captures", f"region {i} of `{node.op}` must end with parameters {expected}, ends with {got}", node)

    def _instances(self, node: Node) -> None:
        """Types that may have symbols of their own, held against others with all symbols around standing for themselves."""
        known: dict[str, Dim] = {name: symbol(name, s.lo, s.hi) for name, s in self.known.items()}
        own = [replace(r, params=r.params[: len(r.params) - node.captures]) for r in node.regions]
        if node.op == "weft.while":
            check_while([v.type for v in node.inputs], own[0], own[1], node.types, known)
        elif node.op == "weft.case":
            check_case(own, node.types, known)

    def _known_inside(self, node: Node, body: Region) -> dict[str, Symbol]:
        """The symbols known in a region: those around it but not those of the node's results, and those of a loop's parameters."""
        known = {name: s for name, s in self.known.items() if name not in node.defined_symbols}
        if node.op == "weft.while":
            for p in body.params:
                for name, s in type_symbols(p.type).items():
                    known.setdefault(name, s)
        return known

    def _symbols(self, found: Sequence[Symbol], node: Node | None) -> None:
        """Symbols of parameters become known, and those that a node defines; all others must be."""
        defines = node.defined_symbols if node else frozenset[str]()
        for name in sorted(defines & self.defined):
            self._report("verify.symbols", f"the symbol `{name}` is defined twice in `{self.name}`", node, "choose a fresh name")
        self.defined |= defines
        for s in found:
            if node is None or s.name in defines:
                self.known.setdefault(s.name, s)
            if self.known.get(s.name, s) != s:
                self._report("verify.symbols", f"the symbol `{s.name}` occurs with different bounds", node)
        for name in with_bounds({s.name: s for s in found}):
            if name not in self.known:
                fact = f"the symbol `{name}` occurs in no parameter of `{self.name}`, and no earlier node in scope defines it"
                self._report("verify.symbols", fact, node)

    def _call(self, node: Node) -> None:
        names = [a.name for a in node.attrs.values() if isinstance(a, Symref)]
        exists, operands, results = ("C2", "C3", "C4") if node.op == "composite" else ("C1", "C2", "C2")
        callee = self.module.functions.get(names[0]) if names else None
        if callee is None:
            known = ", ".join(self.module.functions)
            self._report(f"{node.op}.{exists}", f"the module has no function `{''.join(names)}`", node, f"it has {known}")
            return
        inner = {s for t in callee.result_types for s in type_symbols(t)} - {s for p in callee.params for s in type_symbols(p.type)}
        if inner:
            fact = f"`{callee.name}` returns shapes that depend on its data ({', '.join(sorted(inner))}), which a call cannot tell"
            self._report(f"{node.op}.{results}", fact, node, "let the caller have the body of the function")
            return
        env: dict[str, Dim] = {}
        for code, what, theirs, ours in (
            (operands, "takes", [p.type for p in callee.params], [v.type for v in node.inputs]),
            (results, "returns", callee.result_types, node.types),
        ):
            if not unify_all(theirs, ours, env):
                expected, have = (", ".join(map(str, types)) or "nothing" for types in (theirs, ours))
                self._report(f"{node.op}.{code}", f"`{callee.name}` {what} {expected}, here {have}", node)
                return


_CAPTURES = "regions see only their own values; pass outer ones as captures"


def _callees(function: Function, functions: Mapping[str, Function]) -> list[str]:
    """The functions of the module that a function refers to, in regions at any depth."""
    names: dict[str, None] = {}
    stack: list[Region] = [function]
    while stack:
        for node in stack.pop().nodes:
            stack += node.regions
            names |= {a.name: None for a in node.attrs.values() if isinstance(a, Symref) and a.name in functions}
    return list(names)


def _cycles(module: Module, context: str) -> list[Diagnostic]:
    """One diagnostic for every function that calls itself through others, found by removing what calls nothing that is left."""
    calls = {name: set(_callees(f, module.functions)) for name, f in module.functions.items()}
    while leaves := [name for name, callees in calls.items() if not callees]:
        for name in leaves:
            del calls[name]
        for callees in calls.values():
            callees.difference_update(leaves)
    if not calls:
        return []
    names = ", ".join(f"`{name}`" for name in calls)
    first = module.functions[next(iter(calls))]
    message = f"functions call each other without end: {names}"
    return [Diagnostic("call.C3", message, first.loc, "a dataflow graph has no recursion", "", context)]
