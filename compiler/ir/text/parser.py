"""The parser: MLIR text to a module. Recursive descent over pretty and generic forms; every node is checked by its op's `infer`."""

import re
from dataclasses import dataclass, field

from ....proto.errors import Diagnostic, Loc, WeftError, fail
from ...ops.registry import OPS, Op
from ...ops.signature import check_operand_kinds, conforming_attrs
from ..attrs import Attr, Dict
from ..dims import Dim, symbol
from ..graph import Function, Module, Node, Value, param
from ..types import TensorType, TupleType, Type
from .names import source_name
from .read_attributes import AttributeReader
from .read_types import ANY_DIM
from .scope import Body, Scope, close_regions

RETURNS = {"return", "func.return", "stablehlo.return"}
# What is understood though no op of weft: structure of the text.
STRUCTURE = RETURNS | {"func.func", "builtin.module", "module", "call", "func.call"}
_STATEMENT = re.compile(r'^[ \t]*(?:%[^=\n"]*=[ \t]*)?(?:"([A-Za-z_][\w.$]*)"(?=\()|([a-z_]\w*\.[\w.$]+))(?=[\s(%@"])', re.MULTILINE)
# Attributes that may be dropped without a change of meaning.
HINTS = {"result_accuracy"}
# Problems found before the parser gives up listing them.
MAX_PROBLEMS = 50


@dataclass(slots=True)
class Draft:
    """A statement as read, before its node is built.

    `results` are the declared types, if the form declares them; `explicit` trailing operands are captures; `applied` is the op that a
    reduction's body consists of, if that is all that is said of the body.
    """

    op: str
    operands: list[Value] = field(default_factory=list)
    attrs: dict[str, Attr] = field(default_factory=dict)
    bodies: list[Body] = field(default_factory=list)
    results: list[Type] | None = None
    operand_types: list[Type] | None = None
    explicit: int = 0
    applied: str = ""


def op_name(spelled: str) -> str:
    """The op's name in the registry: StableHLO's prefix dropped; CHLO's ops are those of weft's own that have their names."""
    if spelled in ("call", "func.call"):
        return "call"
    if spelled.startswith("chlo."):
        return "weft." + spelled.removeprefix("chlo.")
    return spelled.removeprefix("stablehlo.")


def is_known(spelled: str) -> bool:
    """Whether an op of this spelling can be read."""
    prefixed = spelled.startswith(("stablehlo.", "chlo.", "weft."))
    return spelled in STRUCTURE or (prefixed and not spelled.startswith("stablehlo.weft.") and op_name(spelled) in OPS)


class ModuleParser(AttributeReader):
    """Adds statements, regions, functions and the module."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.problems: list[Diagnostic] = []
        self._symbols = 0

    # The module

    def module(self) -> Module:
        """The whole text."""
        self._skip_aliases()
        if self.at('"builtin.module"'):
            name, meta, functions = self._generic_module()
        elif self.peek_ident() in ("module", "builtin.module"):
            name, meta, functions = self._pretty_module()
        else:
            name, meta, functions = "module", {}, self._functions()
        self._skip_aliases()
        if not self.at_end() and not self.at("{-#"):
            raise self.expected("the end of the text")
        if self.problems:
            raise WeftError(*self.problems)
        return Module(functions, name, meta)

    def _skip_aliases(self) -> None:
        while self.at("#") or (self.at("!") and not self.at("!stablehlo")):
            sigil = self.text[self.pos]
            self.suffix_id(sigil)
            self.expect("=")
            if sigil == "!":
                self.type()
            elif self.peek_ident() == "loc":
                self.keyword("loc")
                if not self.at("("):
                    raise self.expected("`(`")
                self.skip_balanced()
            else:
                self.attribute()

    def _pretty_module(self) -> tuple[str, dict[str, str], dict[str, Function]]:
        self.ident()
        name = self.symbol_name() if self.at("@") else "module"
        meta = _meta(self.dictionary()) if self.word("attributes") else {}
        self.expect("{")
        functions = self._functions()
        self.expect("}")
        if self.peek_ident() == "loc":
            self.location()
        return name, meta, functions

    def _generic_module(self) -> tuple[str, dict[str, str], dict[str, Function]]:
        self.string()
        self.expect("(")
        self.expect(")")
        attrs = self._properties()
        self.expect("(")
        self.expect("{")
        if self.at("^"):
            self._block_params()
        functions = self._functions()
        self.expect("}")
        self.expect(")")
        attrs |= self.attr_dict()
        self.expect(":")
        self.function_type()
        if self.peek_ident() == "loc":
            self.location()
        name = attrs.get("sym_name")
        return name if isinstance(name, str) else "module", _meta(Dict(tuple(attrs.items()))), functions

    def _functions(self) -> dict[str, Function]:
        functions: dict[str, Function] = {}
        while True:
            self._skip_aliases()
            start = self.pos
            if self.at('"func.func"'):
                f = self._generic_function()
            elif self.word("func.func"):
                f = self._pretty_function()
            elif self.at("}") or self.at_end() or self.at("{-#"):
                return functions
            elif self.at('"') or self.peek_ident():
                spelled = self.string() if self.at('"') else self.ident()
                if not is_known(spelled):
                    raise self._unknown(spelled, start)
                raise self.error("mlir.syntax", f"`{spelled}` outside a function", start)
            else:
                raise self.expected("a function")
            if f.name in functions:
                raise self.error("mlir.symbol", f"there are two functions `{f.name}`", start)
            functions[f.name] = f

    # Functions

    def _pretty_function(self) -> Function:
        public = self.word("public", "private", "nested") in ("public", "")
        start = self.pos
        name = self.symbol_name()
        scope = Scope()
        params, donated = self.params(scope, public)
        names: list[str] = []
        declared: list[Type] = []
        if self.take("->"):
            for t, attrs in self._result_list():
                declared.append(t)
                names.append(_result_name(attrs))
        if self.word("attributes"):
            self.dictionary()
        if not self.at("{"):
            raise self.error("mlir.function", f"the function `{name}` has no body", start)
        body = self.body(Body(params, scope))
        return self._function(name, body, declared, names, donated, public, start)

    def _function(
        self, name: str, body: Body, declared: list[Type], names: list[str], donated: dict[int, int], public: bool, start: int
    ) -> Function:
        loc = self.location() if self.peek_ident() == "loc" else self.place(start)
        returned = [v.type for v in body.results]
        if len(returned) != len(declared) or not all(map(_agree, declared, returned)):
            said, got = _listed(declared), _listed(returned)
            self.report(self.error("mlir.function", f"the function `{name}` returns {got}, but says {said}", start))
        good = all(0 <= r < len(returned) for r in donated)
        if not good:
            raise self.error("mlir.function", "an argument is aliased to a result that does not exist", start)
        result_names = tuple(names) if any(names) else ()
        return Function(tuple(body.params), tuple(body.nodes), tuple(body.results), name, result_names, public, donated, loc)

    def params(self, scope: Scope, named: bool) -> tuple[list[Value], dict[int, int]]:
        """`(%a: type {…} loc(…), …)`; the parameters, and which result each donates its buffer to."""
        self.expect("(")
        params: list[Value] = []
        donated: dict[int, int] = {}
        while not self.take(")"):
            if params:
                self.expect(",")
            start = self.pos
            ident = self.suffix_id("%")
            self.expect(":")
            t = self.type()
            attrs = self.attr_dict()
            name = source_name(ident)
            if self.peek_ident() == "loc":
                loc = self.location()
                name = name or (loc.name if named and not loc.file else "")
            target = attrs.get("tf.aliasing_output")
            if type(target) is int:
                donated[target] = len(params)
            params.append(self.define_param(scope, ident, self._named_dims(t, name or ident), name, start))
        return params, donated

    def define_param(self, scope: Scope, ident: str, t: Type, name: str, start: int) -> Value:
        if scope.defined(ident):
            raise self.error("mlir.redefinition", f"`%{ident}` is defined twice", start)
        v = param(t, name)
        scope.values[ident] = (v,)
        return v

    def _named_dims(self, t: Type, stem: str) -> Type:
        """The type with a symbol of its own for every dim that is only `?`."""
        if isinstance(t, TupleType):
            return TupleType(tuple(self._named_dims(part, f"{stem}.{i}") for i, part in enumerate(t.types)))
        if not isinstance(t, TensorType) or ANY_DIM not in t.shape:
            return t
        self._symbols += 1
        return t.with_shape(tuple(symbol(f"{stem}.{i}.{self._symbols}") if d == ANY_DIM else d for i, d in enumerate(t.shape)))

    def _result_list(self) -> list[tuple[Type, dict[str, Attr]]]:
        if not self.take("("):
            return [(self.type(), {})]
        found: list[tuple[Type, dict[str, Attr]]] = []
        while not self.take(")"):
            if found:
                self.expect(",")
            t = self.type()
            found.append((t, self.attr_dict()))
        return found

    def _generic_function(self) -> Function:
        start = self.pos
        self.string()
        self.expect("(")
        self.expect(")")
        attrs = self._properties()
        self.expect("(")
        scope = Scope()
        body = self.body(Body([], scope), named=attrs.get("sym_visibility") != "private")
        self.expect(")")
        attrs |= self.attr_dict()
        self.expect(":")
        self.function_type()
        name, kind = attrs.get("sym_name"), attrs.get("function_type")
        if not isinstance(name, str) or not isinstance(kind, tuple) or len(kind) != 2:
            raise self.error("mlir.function", "a function needs `sym_name` and `function_type`", start)
        donated: dict[int, int] = {}
        for i, entry in enumerate(_dicts(attrs.get("arg_attrs"))):
            target = entry.get("tf.aliasing_output")
            if type(target) is int:
                donated[target] = i
        names = [_result_name(entry) for entry in _dicts(attrs.get("res_attrs"))]
        inputs, outputs = kind
        if len(inputs) != len(body.params) or not all(_agree(t, v.type) for t, v in zip(inputs, body.params, strict=True)):  # type: ignore[arg-type]
            raise self.error("mlir.function", f"the parameters of `{name}` are not those of its type", start)
        return self._function(name, body, list(outputs), names, donated, attrs.get("sym_visibility") != "private", start)  # type: ignore[arg-type]

    # Regions

    def body(self, body: Body, named: bool = False) -> Body:
        """`{ ^bb0(…): statements return }` into `body`, whose parameters may be known already."""
        self.deeper()
        self.expect("{")
        if self.at("^"):
            body.params += self._block_params(body.scope, named)
        while not self._terminator(body):
            if self.at("^"):
                raise self.error("mlir.blocks", "a region is one block: branches between blocks are not supported")
            if self.at("}"):
                raise self.error("mlir.syntax", "the block does not end with a `return`")
            self._statement(body)
        if not self.at("}"):
            raise self.error("mlir.blocks", "a region is one block that ends with its `return`")
        self.expect("}")
        self.shallower()
        return body

    def _block_params(self, scope: Scope | None = None, named: bool = False) -> list[Value]:
        self.suffix_id("^")
        params = self.params(scope or Scope(), named)[0] if self.at("(") else []
        self.expect(":")
        return params

    def region(self, scope: Scope) -> Body:
        """A region inside a statement."""
        return self.body(Body([], Scope(scope)))

    def _terminator(self, body: Body) -> bool:
        quoted = self.at('"')
        start = self.pos
        word = self.raw_string()[1:-1] if quoted else self.peek_ident()
        if word not in RETURNS:
            self.pos = start
            return False
        if quoted:
            self.expect("(")
        else:
            self.ident()
        body.results = self.operands(body.scope)
        if quoted:
            self.expect(")")
            self._properties()
        self.attr_dict()
        types: list[Type] = []
        if quoted:
            self.expect(":")
            types = list(self.function_type()[0])
        elif body.results:
            self.expect(":")
            types = self.types()
        if self.peek_ident() == "loc":
            self.location()
        if len(types) != len(body.results) or not all(_agree(t, v.type) for t, v in zip(types, body.results, strict=True)):
            raise self.error("mlir.type", f"returned are {_listed([v.type for v in body.results])}, the types say {_listed(types)}", start)
        return True

    # Statements

    def _statement(self, body: Body) -> None:
        start = self.pos
        groups = self._groups()
        at = self.pos
        quoted = self.at('"')
        spelled = self.string() if quoted else self.ident("an operation")
        if not is_known(spelled) or op_name(spelled) not in OPS:
            raise self._unknown(spelled, at)
        draft = self._generic(op_name(spelled), body.scope) if quoted else self.pretty(op_name(spelled), body.scope)
        loc = self.location() if self.peek_ident() == "loc" else self.place(start)
        node = self._build(draft, groups, loc, start)
        body.nodes.append(node)
        counts = [n for _, n in groups]
        if groups and sum(counts) != len(node.results):
            raise self.error("mlir.syntax", f"`{spelled}` has {len(node.results)} results, {sum(counts)} are named", start)
        first = 0
        for ident, n in groups:
            if body.scope.defined(ident):
                raise self.error("mlir.redefinition", f"`%{ident}` is defined twice", start)
            body.scope.values[ident] = node.results[first : first + n]
            first += n

    def _groups(self) -> list[tuple[str, int]]:
        """`%a, %b:2 =`."""
        groups: list[tuple[str, int]] = []
        while self.at("%"):
            ident = self.suffix_id("%")
            n = self.integer() if self.take(":") else 1
            if not 0 < n <= 1 << 16:
                raise self.error("mlir.syntax", "a group has at least one result, and not as many as this")
            groups.append((ident, n))
            if not self.take(","):
                self.expect("=")
                break
        return groups

    def pretty(self, op: str, scope: Scope) -> Draft:
        """The pretty form of an op after its name."""
        raise NotImplementedError

    def _generic(self, op: str, scope: Scope) -> Draft:
        self.expect("(")
        draft = Draft(op, self.operands(scope))
        self.expect(")")
        draft.attrs = self._properties()
        if self.take("("):
            while not self.take(")"):
                if draft.bodies:
                    self.expect(",")
                draft.bodies.append(self.region(scope))
        draft.attrs |= self.attr_dict()
        self.expect(":")
        self.functional_type(draft)
        count = draft.attrs.pop("weft.captures", 0)
        if type(count) is not int or not 0 <= count <= len(draft.operands):
            raise self.error("mlir.attribute", "`weft.captures` counts trailing operands")
        if any(len(b.params) < count for b in draft.bodies):
            raise self.error("mlir.attribute", "`weft.captures` counts trailing parameters of every region")
        draft.explicit = count
        return draft

    def functional_type(self, draft: Draft) -> None:
        """`(operand types) -> result types`."""
        inputs, outputs = self.function_type()
        draft.operand_types, draft.results = list(inputs), list(outputs)

    def _properties(self) -> dict[str, Attr]:
        if not self.take("<{"):
            return {}
        items = dict(self.dictionary(opened=True).items)
        self.expect(">")
        return items

    def attr_dict(self) -> dict[str, Attr]:
        """`{…}` if it is there."""
        return dict(self.dictionary().items) if self.at("{") and not self.at("{-#") else {}

    def operands(self, scope: Scope) -> list[Value]:
        """`%a, %b#1`; stops before a comma that no value follows."""
        found: list[Value] = []
        while self.at("%"):
            found.append(self.operand(scope))
            back = self.pos
            if not self.take(","):
                break
            if not self.at("%"):
                self.pos = back
                break
        return found

    def operand(self, scope: Scope) -> Value:
        """`%a` or `%a#1`."""
        start = self.pos
        ident = self.suffix_id("%")
        index = 0
        if self.at("#"):
            self.expect("#")
            index = self.integer()
        value = scope.find(ident, index) if index >= 0 else None
        if value is None:
            suffix = f"#{index}" if index else ""
            raise self.error("mlir.undefined", f"`%{ident}{suffix}` is not defined here", start)
        return value

    # Building

    def report(self, error: WeftError) -> None:
        """Note a problem and go on; stop when there are too many."""
        self.problems += error.diagnostics
        if len(self.problems) >= MAX_PROBLEMS:
            raise WeftError(*self.problems)

    def _build(self, draft: Draft, groups: list[tuple[str, int]], loc: Loc, start: int) -> Node:
        if draft.applied:
            draft.bodies = [self._applied_body(draft, loc, start)]
        regions, captured = close_regions(draft.bodies, draft.explicit)
        own = draft.operands[: len(draft.operands) - draft.explicit]
        self._check_operand_types(draft, start)
        op = OPS[draft.op]
        captures = len(captured) + draft.explicit
        attrs = _known(op, draft.attrs)
        declared = draft.results
        given = tuple(self._named_dims(t, groups[0][0] if groups else op.name) for t in declared or ()) if op.result_keyword else ()
        types = tuple(declared or ())
        try:
            attrs = conforming_attrs(op, attrs)
            operands = [v.type for v in own]
            check_operand_kinds(op, operands, given)
            types = op.infer_types(operands, attrs, regions, given, captures)
            if declared is not None and (len(declared) != len(types) or not all(map(_agree, declared, types))):
                raise fail("mlir.type", f"`{op.name}` gives {_listed(types)}, the text says {_listed(declared)}")
        except WeftError as e:
            located = e.at(self.place(start), self.snippet(start))
            if not declared or any(_has_any_dim(t) for t in declared):
                self.problems += located.diagnostics
                raise WeftError(*self.problems) from e
            self.report(located)
            types = tuple(declared)
        names = tuple(source_name(ident) if n == 1 else "" for ident, n in groups for _ in range(min(n, len(types))))
        names = names if any(names) and len(names) == len(types) else ()
        return Node(op.name, (*own, *captured, *draft.operands[len(own) :]), attrs, regions, types, loc, captures, names)

    def _applied_body(self, draft: Draft, loc: Loc, start: int) -> Body:
        t = draft.results[0] if draft.results else None
        if not isinstance(t, TensorType):
            raise self.error("mlir.type", "a reduction gives a tensor", start)
        scalar = t.with_shape(())
        a, b = param(scalar), param(scalar)
        node = Node(draft.applied, (a, b), {}, (), (scalar,), loc)
        return Body([a, b], Scope(), [node], list(node.results))

    def _check_operand_types(self, draft: Draft, start: int) -> None:
        said = draft.operand_types
        if said is None:
            return
        got = [v.type for v in draft.operands]
        if len(said) != len(got) or not all(map(_agree, said, got)):
            raise self.error("mlir.type", f"the operands are {_listed(got)}, the types say {_listed(said)}", start)

    def _unknown(self, spelled: str, at: int) -> WeftError:
        """One error that lists every unknown op of the text, each at its first use."""
        found: dict[str, int] = {spelled: at}
        uses: dict[str, int] = {}
        for m in _STATEMENT.finditer(self.text):
            name = m[1] or m[2]
            if name == spelled or not is_known(name) or (op_name(name) not in OPS and name not in STRUCTURE):
                found.setdefault(name, m.start(1 if m[1] else 2))
                uses[name] = uses.get(name, 0) + 1
        for name, pos in sorted(found.items(), key=lambda item: item[1]):
            times = f", used {uses[name]} times" if uses.get(name, 0) > 1 else ""
            error = self.error("op.unknown", f"weft has no op `{name}`{times}", pos)
            self.problems += error.diagnostics
        return WeftError(*self.problems)


def _known(op: Op, attrs: dict[str, Attr]) -> dict[str, Attr]:
    """The attributes without those that annotate (`dialect.name`) and without hints that the op does not take.

    A custom call may carry anything: what its target means by it is not for weft to say.
    """
    hints = set(attrs) if op.name == "custom_call" else HINTS
    return {k: v for k, v in attrs.items() if "." not in k and (k in op.attrs or k not in hints)}


def _agree_dims(said: Dim, got: Dim) -> bool:
    # A bare `?` says only that the dim is not known statically.
    return said in (got, ANY_DIM) or got == ANY_DIM


def _agree(said: Type, got: Type) -> bool:
    match said, got:
        case TensorType(), TensorType():
            return said == got or (
                said.dtype == got.dtype
                and said.rank == got.rank
                and all(_agree_dims(a, b) for a, b in zip(said.shape, got.shape, strict=True))
            )
        case TupleType(), TupleType():
            return len(said.types) == len(got.types) and all(_agree(a, b) for a, b in zip(said.types, got.types, strict=True))
        case _:
            return said == got


def _has_any_dim(t: Type) -> bool:
    match t:
        case TensorType():
            return ANY_DIM in t.shape
        case TupleType():
            return any(map(_has_any_dim, t.types))
        case _:
            return False


def _listed(types: "list[Type] | tuple[Type, ...]") -> str:
    return "(" + ", ".join(map(str, types)) + ")" if len(types) != 1 else str(types[0])


def _meta(attrs: Dict) -> dict[str, str]:
    meta = attrs.get("weft.meta")
    return {k: v for k, v in meta.items if isinstance(v, str)} if isinstance(meta, Dict) else {}


def _dicts(value: Attr) -> list[dict[str, Attr]]:
    return [dict(d.items) for d in value if isinstance(d, Dict)] if isinstance(value, tuple) else []


def _result_name(attrs: dict[str, Attr]) -> str:
    name = attrs.get("weft.name", attrs.get("jax.result_info", ""))
    return name if isinstance(name, str) else ""
