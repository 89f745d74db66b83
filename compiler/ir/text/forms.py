"""The parser of pretty forms: those of one pattern by table (`syntax.SYNTAX`), the others one by one."""

import re
from collections.abc import Callable

from ...ops.registry import OPS
from ..attrs import Attr, DotDims, Symref
from ..graph import Value
from ..types import TokenType, Type
from .foreign import CHECKS
from .resolve import ResolvingReader
from .scope import Body, Scope
from .statements import Draft
from .syntax import APPLIED, ELEMENTWISE, SYNTAX, WINDOW, Syntax

_FORMAT = re.compile(r"e([0-9]{1,4})m([0-9]{1,4})")


class FormReader(ResolvingReader):
    """Adds the pretty forms."""

    def pretty(self, op: str, scope: Scope) -> Draft:
        if op in _FORMS:
            return _FORMS[op](self, Draft(op), scope)
        broadcasts = op.startswith("weft.broadcast_")
        syntax = SYNTAX.get(op, ELEMENTWISE if OPS[op].is_elementwise else Syntax() if broadcasts else None)
        if syntax is None:
            raise self.error("mlir.syntax", f"`{op}` has no pretty form", help=f'write the generic form, `"stablehlo.{op}"(…)`')
        draft = Draft(op, self.operands(scope))
        self.keys(draft, syntax, first=not draft.operands)
        return self.types_tail(draft, syntax)

    def foreign(self, spelled: str, quoted: bool, scope: Scope) -> Draft | None:
        if spelled in ("sdy.sharding_constraint", "mhlo.sharding_constraint"):
            return self._constrained(quoted, scope)
        if spelled not in CHECKS:
            return None
        if quoted:
            draft = self.generic("custom_call", scope)
        else:
            draft = Draft("custom_call", self.operands(scope))
            self._check_tail(draft)
        draft.attrs["call_target_name"] = spelled
        if len(draft.operands) != CHECKS[spelled]:
            raise self.error("mlir.syntax", f"`{spelled}` takes {CHECKS[spelled]} operands, {len(draft.operands)} are given")
        draft.results, draft.operand_types = [], None
        return draft

    def _check_tail(self, draft: Draft) -> None:
        """`, dense<…> : type`, `, max_ulp_difference = 3 : types`, `{…} : types`, each part where it is there."""
        while self.take(","):
            if self.peek_ident().startswith("dense"):
                draft.attrs["value"] = self.tensor()
            else:
                key = self.ident("a key")
                self.expect("=")
                draft.attrs[key] = self.integer()
        draft.attrs |= self.attr_dict()
        if self.take(":"):
            self.function_type() if self.at("(") else self.types()

    def _constrained(self, quoted: bool, scope: Scope) -> Draft:
        """A statement of where a value should lie: the value."""
        if quoted:
            draft = self.generic("optimization_barrier", scope)
        else:
            draft = Draft("optimization_barrier", self.operands(scope))
            if self.at("<"):
                self.skip_balanced()
            self.attr_dict()
            self.expect(":")
            draft.results = self.types()
        draft.attrs = {}
        return draft

    def keys(self, draft: Draft, syntax: Syntax, first: bool = False) -> None:
        """`, key = value`, for each key of the syntax."""
        for key, name in syntax.keys.items():
            if not first:
                self.expect(",")
            first = False
            self.keyword(key)
            self.expect("=")
            draft.attrs[name] = self.plain()

    def plain(self) -> Attr:
        """A number, a word, or a list of these."""
        if self.at_number():
            return self.integer()
        if not self.take("["):
            word = self.ident("a value")
            return word == "true" if word in ("true", "false") else word
        self.deeper()
        found: list[Attr] = []
        while not self.take("]"):
            if found:
                self.expect(",")
            found.append(self.plain())
        self.shallower()
        return tuple(found)

    def types_tail(self, draft: Draft, syntax: Syntax = ELEMENTWISE) -> Draft:
        """`{…} : types`."""
        draft.attrs |= self.attr_dict()
        if syntax.types == "each" and not draft.operands and not self.at(":"):
            draft.results = []
            return draft
        self.expect(":")
        if self.at("("):
            self.functional_type(draft)
            return draft
        types = self.types()
        if self.take("->"):
            # CHLO leaves out the parentheses.
            draft.operand_types, draft.results = types, self.result_types()
            return draft
        operands = draft.operands
        if syntax.types == "each":
            draft.results = types
        elif syntax.types == "select" and len(types) == 2:
            draft.operand_types, draft.results = [types[0], types[1], types[1]], [types[1]]
        elif len(types) != 1:
            raise self.expected("one type, or `(types) -> types`")
        else:
            draft.results = types
            same = syntax.types == "same" or isinstance(types[0], TokenType)
            draft.operand_types = types * len(operands) if same else None
        return draft

    def functional_tail(self, draft: Draft) -> Draft:
        """`{…} : (types) -> types`."""
        draft.attrs |= self.attr_dict()
        self.expect(":")
        self.functional_type(draft)
        return draft


def _constant(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.attrs = p.attr_dict()
    d.attrs["value"] = p.attribute()
    if p.take(":"):
        d.results = [p.type()]
    return d


def _compare(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.attrs["comparison_direction"] = p.ident("a direction")
    p.expect(",")
    d.operands = p.operands(scope)
    if p.take(","):
        d.attrs["compare_type"] = p.ident("a type of comparison")
    return p.functional_tail(d)


def _slice(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.operands = p.operands(scope)
    rows: list[list[int]] = [[], [], []]
    p.expect("[")
    while not p.take("]"):
        if rows[0]:
            p.expect(",")
        rows[0].append(p.integer())
        p.expect(":")
        rows[1].append(p.integer())
        rows[2].append(p.integer() if p.take(":") else 1)
    for name, row in zip(("start_indices", "limit_indices", "strides"), rows, strict=True):
        d.attrs[name] = tuple(row)
    return p.functional_tail(d)


def _reduce_precision(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.operands = p.operands(scope)
    p.expect(",")
    p.keyword("format")
    p.expect("=")
    m = _FORMAT.fullmatch(p.ident("a format"))
    if m is None:
        raise p.error("mlir.attribute", "a format is written `e5m10`")
    d.attrs |= {"exponent_bits": int(m[1]), "mantissa_bits": int(m[2])}
    return p.types_tail(d)


def _get_tuple_element(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.operands = p.operands(scope)
    p.expect("[")
    d.attrs["index"] = p.integer()
    p.expect("]")
    return p.functional_tail(d)


def _pair(p: FormReader) -> tuple[tuple[int, ...], tuple[int, ...]]:
    p.expect("=")
    lhs = p.integers()
    p.keyword("x")
    return lhs, p.integers()


def _dot_general(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.operands = p.operands(scope)
    batch, contracting = ((), ()), ((), ())
    while p.take(","):
        match p.ident("a keyword"):
            case "batching_dims":
                batch = _pair(p)
            case "contracting_dims":
                contracting = _pair(p)
            case "precision":
                p.expect("=")
                d.attrs["precision_config"] = p.plain()
            case "algorithm":
                p.expect("=")
                d.attrs["algorithm"] = p.skip_balanced() if p.at("<") else p.attribute()
            case word:
                raise p.error("mlir.syntax", f"`dot_general` has no part `{word}`")
    d.attrs["dot_dimension_numbers"] = DotDims(batch[0], batch[1], contracting[0], contracting[1])
    return p.functional_tail(d)


def _dot(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.operands = p.operands(scope)
    if p.take(","):
        p.keyword("precision")
        p.expect("=")
        d.attrs["precision_config"] = p.plain()
    return p.functional_tail(d)


def _top_k(p: FormReader, d: Draft, scope: Scope) -> Draft:
    p.expect("(")
    d.operands = p.operands(scope)
    p.expect(",")
    p.keyword("k")
    p.expect("=")
    d.attrs["k"] = p.integer()
    p.expect(")")
    return p.types_tail(d)


def _convolution(p: FormReader, d: Draft, scope: Scope) -> Draft:
    p.expect("(")
    d.operands = p.operands(scope)
    p.expect(")")
    p.keyword("dim_numbers")
    p.expect("=")
    d.attrs["dimension_numbers"] = p.conv_dims()
    p.expect(",")
    p.keyword("window")
    p.expect("=")
    p.expect("{")
    while not p.take("}"):
        if len(d.attrs) > 1:
            p.expect(",")
        start = p.pos
        short = p.ident("a part of the window")
        if short not in WINDOW:
            raise p.error("mlir.syntax", f"a window has no part `{short}`", start)
        p.expect("=")
        value = p.plain()
        if short == "reverse" and isinstance(value, tuple):
            value = tuple(bool(v) for v in value)
        d.attrs[WINDOW[short]] = value
    return p.functional_tail(d)


def _custom_call(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.attrs["call_target_name"] = p.symbol_name()
    return _call_operands(p, d, scope)


def _call(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.attrs["callee"] = Symref(p.symbol_name())
    return _call_operands(p, d, scope)


def _call_operands(p: FormReader, d: Draft, scope: Scope) -> Draft:
    p.expect("(")
    d.operands = p.operands(scope)
    p.expect(")")
    return p.functional_tail(d)


def _composite(p: FormReader, d: Draft, scope: Scope) -> Draft:
    d.attrs["name"] = p.string()
    d.operands = p.operands(scope)
    return p.functional_tail(d)


def _while(p: FormReader, d: Draft, scope: Scope) -> Draft:
    idents: list[tuple[str, int]] = []
    p.expect("(")
    while not p.take(")"):
        if idents:
            p.expect(",")
        idents.append((p.suffix_id("%"), p.pos))
        p.expect("=")
        d.operands.append(p.operand(scope))
    if p.take(":"):
        d.results = p.types()
        d.operand_types = list(d.results)
    else:
        d.results = []
    if p.word("attributes"):
        d.attrs = p.attr_dict()
    types = [v.type for v in d.operands]
    p.keyword("cond")
    d.bodies.append(_body_of(p, scope, idents, types))
    p.keyword("do")
    d.bodies.append(_body_of(p, scope, idents, types))
    return d


def _body_of(p: FormReader, scope: Scope, idents: list[tuple[str, int]], types: list[Type]) -> Body:
    inner = Scope(scope)
    params = [p.define_param(inner, ident, t, "", at) for (ident, at), t in zip(idents, types, strict=True)]
    return p.body(Body(params, inner))


def _reduce(p: FormReader, d: Draft, scope: Scope) -> Draft:
    inputs: list[Value] = []
    inits: list[Value] = []
    while p.take("("):
        inputs.append(p.operand(scope))
        p.keyword("init")
        p.expect(":")
        inits.append(p.operand(scope))
        p.expect(")")
        p.take(",")
    d.operands = [*inputs, *inits]
    applied = ""
    if p.word("applies"):
        at = p.pos
        applied = p.ident("an operation").removeprefix("stablehlo.")
        if applied not in APPLIED or applied not in OPS or len(inputs) != 1:
            raise p.error("mlir.syntax", f"`reduce` cannot apply `{applied}`", at)
    p.keyword("across")
    p.keyword("dimensions")
    p.expect("=")
    d.attrs["dimensions"] = p.integers()
    p.functional_tail(d)
    d.applied = applied
    if not applied:
        d.bodies = [_reducer(p, scope, len(inputs))]
    return d


def _reducer(p: FormReader, scope: Scope, n: int) -> Body:
    """`reducer(%a0: t, %b0: t) (%a1: t, %b1: t) { … }`."""
    p.keyword("reducer")
    inner = Scope(scope)
    pairs: list[list[Value]] = []
    while p.at("("):
        start = p.pos
        pair, _ = p.params(inner, False)
        if len(pair) != 2:
            raise p.error("mlir.syntax", "a reducer has two parameters for each input", start)
        pairs.append(pair)
    if len(pairs) != n:
        raise p.expected("two parameters for each input")
    return p.body(Body([a for a, _ in pairs] + [b for _, b in pairs], inner))


_FORMS: dict[str, Callable[[FormReader, Draft, Scope], Draft]] = {
    "call": _call,
    "compare": _compare,
    "composite": _composite,
    "constant": _constant,
    "convolution": _convolution,
    "custom_call": _custom_call,
    "dot": _dot,
    "dot_general": _dot_general,
    "get_tuple_element": _get_tuple_element,
    "reduce": _reduce,
    "reduce_precision": _reduce_precision,
    "slice": _slice,
    "weft.top_k": _top_k,
    "while": _while,
}
