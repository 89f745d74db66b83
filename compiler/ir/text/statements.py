"""Reading MLIR text: statements and regions. Every node is checked by its op's `infer`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ....proto.errors import Diagnostic, Loc, WeftError, fail
from ....proto.limits import DEFAULT, Limits
from ...ops.registry import OPS, Op
from ...ops.signature import check_operand_kinds, conforming_attrs
from ..attrs import Attr
from ..dims import Dim, symbol, upper_bound
from ..graph import Node, Value, param
from ..types import MapType, OptionalType, SequenceType, TensorType, TupleType, Type
from .names import source_name
from .quantization import storage_type
from .read_attributes import AttributeReader
from .read_types import is_any
from .results import result_shape
from .scope import Body, Scope, close_regions
from .syntax import DEVICE

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
        own = "weft." + spelled.removeprefix("chlo.")
        return own if own in OPS else spelled.removeprefix("chlo.")
    return spelled.removeprefix("stablehlo.")


def is_known(spelled: str) -> bool:
    """Whether an op of this spelling can be read."""
    prefixed = spelled.startswith(("stablehlo.", "chlo.", "weft."))
    return spelled in STRUCTURE or (prefixed and not spelled.startswith("stablehlo.weft.") and op_name(spelled) in OPS)


class StatementReader(AttributeReader):
    """Adds regions and the statements in them."""

    def __init__(self, text: str, file: str, limits: Limits = DEFAULT) -> None:
        super().__init__(text, file, limits)
        self.problems: list[Diagnostic] = []
        self.learned: dict[str, Dim] = {}
        self._symbols = 0
        self._nodes = 0

    # Parameters

    def params(self, scope: Scope, named: bool, state: list[Type] | None = None) -> tuple[list[Value], dict[int, int]]:
        """`(%a: type {…} loc(…), …)`; the parameters, and which result each donates its buffer to.

        `state` are types that say more of dims than the text does.
        """
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
                name = name or (loc.name if named and not loc.file and all(p.name != loc.name for p in params) else "")
            target = attrs.get("tf.aliasing_output")
            if type(target) is int:
                donated[target] = len(params)
            known = state is not None and len(params) < len(state) and agree(t, state[len(params)])
            full = state[len(params)] if known and state else self.named_dims(t, name or ident)
            params.append(self.define_param(scope, ident, full, name, start))
            self.describe(params[-1], t)
        return params, donated

    def describe(self, value: Value, declared: Type) -> None:
        """Note what the text says of a value beyond its type in the graph."""

    def define_param(self, scope: Scope, ident: str, t: Type, name: str, start: int) -> Value:
        if scope.defined(ident):
            raise self.error("mlir.redefinition", f"`%{ident}` is defined twice", start)
        v = param(storage_type(t), name)
        scope.values[ident] = (v,)
        return v

    def named_dims(self, t: Type, stem: str) -> Type:
        """The type with a symbol of its own for every dim that is only `?`."""
        if isinstance(t, TupleType):
            return TupleType(tuple(self.named_dims(part, f"{stem}.{i}") for i, part in enumerate(t.types)))
        if not isinstance(t, TensorType) or not any(map(is_any, t.shape)):
            return t
        self._symbols += 1
        stem = f"{stem}.%d.{self._symbols}"
        return replace(t, shape=tuple(self._own_symbol(d, stem % i) if is_any(d) else d for i, d in enumerate(t.shape)))

    def _own_symbol(self, d: Dim, name: str) -> Dim:
        """A symbol for a dim of which only a bound is known, or what has been learned of it."""
        return self.learned.get(name, symbol(name, 0, upper_bound(d)))

    # Regions

    def body(self, body: Body, named: bool = False, state: list[Type] | None = None) -> Body:
        """`{ ^bb0(…): statements return }` into `body`, whose parameters may be known already."""
        self.deeper()
        self.expect("{")
        if self.at("^"):
            body.params += self.block_params(body.scope, named, state)
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

    def block_params(self, scope: Scope | None = None, named: bool = False, state: list[Type] | None = None) -> list[Value]:
        self.suffix_id("^")
        params = self.params(scope or Scope(), named, state)[0] if self.at("(") else []
        self.expect(":")
        return params

    def region(self, scope: Scope, state: list[Type] | None = None) -> Body:
        """A region inside a statement; `state` are the types of its parameters where they are known."""
        return self.body(Body([], Scope(scope)), state=state)

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
            self.properties()
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
        if len(types) != len(body.results) or not all(agree(t, v.type) for t, v in zip(types, body.results, strict=True)):
            raise self.error("mlir.type", f"returned are {listed([v.type for v in body.results])}, the types say {listed(types)}", start)
        return True

    # Statements

    def _statement(self, body: Body) -> None:
        start = self.pos
        self._nodes += 1
        self.limit("nodes", self._nodes, f"the text has {self._nodes} operations and more", "mlir.size")
        groups = self._groups()
        at = self.pos
        quoted = self.at('"')
        spelled = self.string() if quoted else self.ident("an operation")
        draft = self.foreign(spelled, quoted, body.scope)
        if draft is None and (not is_known(spelled) or op_name(spelled) not in OPS):
            raise self.unknown(spelled, at)
        if draft is None:
            draft = self.generic(op_name(spelled), body.scope) if quoted else self.pretty(op_name(spelled), body.scope)
        loc = self.location() if self.peek_ident() == "loc" else self.place(start)
        results = self.results_of(draft, groups, body, loc, start)
        counts = [n for _, n in groups]
        if groups and sum(counts) != len(results):
            raise self.error("mlir.syntax", f"`{spelled}` has {len(results)} results, {sum(counts)} are named", start)
        first = 0
        for ident, n in groups:
            if body.scope.defined(ident):
                raise self.error("mlir.redefinition", f"`%{ident}` is defined twice", start)
            body.scope.values[ident] = results[first : first + n]
            first += n

    def foreign(self, spelled: str, quoted: bool, scope: Scope) -> Draft | None:
        """A statement of another dialect that weft understands, None for any other."""
        return None

    def results_of(self, draft: Draft, groups: list[tuple[str, int]], body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        """The results of a statement, whose nodes are appended to the body."""
        node = self.build(draft, groups, loc, start)
        body.nodes.append(node)
        return node.results

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

    def generic(self, op: str, scope: Scope) -> Draft:
        self.expect("(")
        draft = Draft(op, self.operands(scope))
        self.expect(")")
        draft.attrs = self.properties()
        if self.take("("):
            while not self.take(")"):
                if draft.bodies:
                    self.expect(",")
                # The state of a loop is what it is given, whatever a `?` in the text leaves open.
                state = [v.type for v in draft.operands] if op == "while" else None
                draft.bodies.append(self.region(scope, state))
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

    def properties(self) -> dict[str, Attr]:
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

    def build(self, draft: Draft, groups: list[tuple[str, int]], loc: Loc, start: int) -> Node:
        if draft.applied:
            draft.bodies = [self._applied_body(draft, loc, start)]
        regions, captured = close_regions(draft.bodies, draft.explicit)
        own = draft.operands[: len(draft.operands) - draft.explicit]
        self.check_operand_types(draft, start)
        op = OPS[draft.op]
        captures = len(captured) + draft.explicit
        device = device_of(draft.attrs)
        attrs = without_annotations(op, draft.attrs)
        declared = draft.results
        given: tuple[Type, ...] = ()
        types = tuple(declared or ())
        try:
            attrs = conforming_attrs(op, attrs)
            operands = [v.type for v in own]
            if op.result_keyword:
                given = tuple(self._completed(t, op, operands, attrs, groups[0][0] if groups else op.name) for t in declared or ())
            check_operand_kinds(op, operands, given)
            types = op.infer_types(operands, attrs, regions, given, captures)
            if declared is not None and (len(declared) != len(types) or not all(map(agree, declared, types))):
                raise fail("mlir.type", f"`{op.name}` gives {listed(types)}, the text says {listed(declared)}")
        except WeftError as e:
            located = e.at(self.place(start), self.snippet(start))
            if not declared or any(_has_any_dim(t) for t in declared):
                self.problems += located.diagnostics
                raise WeftError(*self.problems) from e
            self.report(located)
            types = tuple(declared)
        names = tuple(source_name(ident) if n == 1 else "" for ident, n in groups for _ in range(min(n, len(types))))
        names = names if any(names) and len(names) == len(types) else ()
        return Node(op.name, (*own, *captured, *draft.operands[len(own) :]), attrs, regions, types, loc, captures, names, device)

    def _completed(self, t: Type, op: Op, operands: list[Type], attrs: dict[str, Attr], stem: str) -> Type:
        """A declared result type with its open dims as the operands make them, else with symbols of their own."""
        if _has_any_dim(t) and isinstance(t, TensorType):
            shape = result_shape(op.name, operands, attrs, t)
            if shape is not None and agree(t, t.with_shape(shape)):
                return t.with_shape(shape)
        return self.named_dims(t, stem)

    def _applied_body(self, draft: Draft, loc: Loc, start: int) -> Body:
        t = draft.results[0] if draft.results else None
        if not isinstance(t, TensorType):
            raise self.error("mlir.type", "a reduction gives a tensor", start)
        scalar = t.with_shape(())
        a, b = param(scalar), param(scalar)
        node = Node(draft.applied, (a, b), {}, (), (scalar,), loc)
        return Body([a, b], Scope(), [node], list(node.results))

    def check_operand_types(self, draft: Draft, start: int) -> None:
        said = draft.operand_types
        if said is None:
            return
        got = [v.type for v in draft.operands]
        if len(said) != len(got) or not all(map(agree, said, got)):
            raise self.error("mlir.type", f"the operands are {listed(got)}, the types say {listed(said)}", start)

    def unknown(self, spelled: str, at: int) -> WeftError:
        """One error that lists every unknown op of the text, each at its first use."""
        if spelled.startswith("vhlo."):
            how = "VHLO is how StableHLO is stored: `stablehlo-opt --vhlo-legalize-to-stablehlo` gives StableHLO"
            raise self.error("mlir.vhlo", f"`{spelled}` is of the dialect VHLO, which weft does not read", at, help=how)
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


def device_of(attrs: Mapping[str, Attr]) -> str:
    """Where what has these attributes is to run, "" if they do not say."""
    device = attrs.get(DEVICE)
    return device if isinstance(device, str) else ""


def without_annotations(op: Op, attrs: dict[str, Attr]) -> dict[str, Attr]:
    """The attributes without those that annotate (`dialect.name`) and without hints that the op does not take.

    A custom call may carry anything: what its target means by it is not for weft to say.
    """
    hints = set(attrs) if op.name == "custom_call" else HINTS
    return {k: v for k, v in attrs.items() if "." not in k and (k in op.attrs or k not in hints)}


def _agree_dims(said: Dim, got: Dim) -> bool:
    # A bare `?` says only that the dim is not known statically.
    return said == got or is_any(said) or is_any(got)


def agree(said: Type, got: Type) -> bool:
    match said, got:
        case TensorType(), TensorType():
            return said == got or (
                said.dtype == got.dtype
                and said.rank == got.rank
                and all(_agree_dims(a, b) for a, b in zip(said.shape, got.shape, strict=True))
            )
        case TupleType(), TupleType():
            return len(said.types) == len(got.types) and all(agree(a, b) for a, b in zip(said.types, got.types, strict=True))
        case (SequenceType(a), SequenceType(b)) | (OptionalType(a), OptionalType(b)):
            return agree(a, b)
        case MapType(), MapType():
            return said.key == got.key and agree(said.value, got.value)
        case _:
            return said == got


def _has_any_dim(t: Type) -> bool:
    match t:
        case TensorType():
            return any(map(is_any, t.shape))
        case TupleType():
            return any(map(_has_any_dim, t.types))
        case _:
            return False


def listed(types: "list[Type] | tuple[Type, ...]") -> str:
    return "(" + ", ".join(map(str, types)) + ")" if len(types) != 1 else str(types[0])
