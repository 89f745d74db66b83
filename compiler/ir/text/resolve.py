"""Reading MLIR text: what is resolved while it is read, because only the order of statements tells it.

- Dynamic ops become ordinary ones: shapes that a text computes from sizes are known as symbolic dims (`ops.shapevalues`).
- In a text with open dims (`?`), private functions are read in place of each call: their dims are those of the arguments. What such a text
  asserts of its inputs' sizes (`shape_assertion`, as JAX writes it) is learned, and the function read again with it.
- Quantized tensors are their storage integers; an op on them is dequantize, op, quantize.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ....proto.errors import Loc, WeftError, fail
from ....proto.limits import DEFAULT, Limits
from ...ops import helpers
from ...ops.composite import known_composite
from ...ops.dynamism import CALLS, fitted, is_dynamic, resolve, resolve_call
from ...ops.nodes import node
from ...ops.registry import op_of
from ...ops.shapevalues import Shapes
from ...ops.signature import conforming_attrs
from ..attrs import Attr, Symref, Tensor
from ..dims import Call, Dim, Expr, Symbol, substitute, symbol, symbols
from ..graph import Node, Region, Value, definitions, located
from ..types import TensorType, Type
from .foreign import host_call_of
from .names import source_name
from .quantization import Quantization, QuantizedTensor, expressed_type, storage_type
from .scope import Body, Scope
from .statements import Draft, StatementReader, agree, listed, without_annotations

_OPEN_DIM = re.compile(r"(?<!sequence<)(?<!optional<)tensor<(?:[0-9?]+x)*\?x[^,<>]*(?:<f\d+>)?>")
_OWN = re.compile(r"[#!]weft\.")
_FUNCTION = re.compile(r'^[ \t]*func\.func[ \t]+(?:(private|public|nested)[ \t]+)?@("?)([\w.$\-]+)\2[ \t]*(?=\()', re.MULTILINE)
_CALLED = re.compile(r"called_computations = \[([^\]]*)\]")
# Ops that move elements or choose among them: on quantized tensors they work on the storage.
_MOVES = frozenset(
    {
        "bitcast_convert", "broadcast", "broadcast_in_dim", "call", "case", "concatenate", "constant", "dynamic_slice",
        "dynamic_update_slice", "gather", "get_dimension_size", "get_tuple_element", "if", "optimization_barrier", "pad", "reduce",
        "reduce_window", "reshape", "reverse", "scatter", "select", "select_and_scatter", "slice", "sort", "transpose", "tuple", "while",
    }
)  # fmt: skip
_MAX_LEARNED = 256


class Learned(Exception):
    """Symbols of a function's parameters turned out to be other dims: it must be read again."""

    def __init__(self, dims: dict[str, Dim]) -> None:
        super().__init__()
        self.dims = dims


class ResolvingReader(StatementReader):
    """Adds what statements mean where their text alone does not say it."""

    def __init__(self, text: str, file: str, limits: Limits = DEFAULT) -> None:
        super().__init__(text, file, limits)
        self._meaning: dict[Value, Quantization] = {}
        self._placed: set[Node] = set()
        self._serial = 0
        self._regions = 0
        self._active: list[str] = []
        self.open_symbols: set[str] = set()
        # weft's own text says what each dim is; there `?` alone stands in host types.
        self.is_open = _OPEN_DIM.search(text) is not None and _OWN.search(text) is None
        called = {name for m in _CALLED.finditer(text) for name in re.findall(r"@([\w.$\-]+)", m[1])} if self.is_open else set()
        found = _FUNCTION.finditer(text) if self.is_open else ()
        self.private = {m[3]: m.end() for m in found if m[1] == "private" or m[3] in called}

    def shapes(self) -> Shapes:
        """What is known of shapes in a function: nothing yet."""
        return Shapes(self._fresh)

    def _fresh(self) -> str:
        while True:
            self._serial += 1
            name = f"size_{self._serial}"
            if f'"{name}' not in self.text:
                return name

    def learn(self, dims: dict[str, Dim]) -> None:
        """Take up what was learned; an error if there is no end of it."""
        self.learned = {name: substitute(d, dims) for name, d in self.learned.items()} | {
            name: d for name, d in dims.items() if name not in self.learned
        }
        if len(self.learned) > _MAX_LEARNED:
            raise self.error("mlir.size", "the sizes of the inputs depend on each other in too many ways")

    def restart(self, pos: int, depth: int, problems: int) -> None:
        """Go back to where a function began."""
        self.pos, self._depth = pos, depth
        self.problems = self.problems[:problems]
        self._symbols = self._serial = self._regions = 0
        self._active = []

    def result_list(self) -> list[tuple[Type, dict[str, Attr]]]:
        if not self.take("("):
            return [(self.type(), {})]
        found: list[tuple[Type, dict[str, Attr]]] = []
        while not self.take(")"):
            if found:
                self.expect(",")
            t = self.type()
            found.append((t, self.attr_dict()))
        return found

    def region(self, scope: Scope, state: list[Type] | None = None) -> Body:
        self._regions += 1
        body = super().region(scope, state)
        self._regions -= 1
        return body

    # Statements

    def results_of(self, draft: Draft, groups: list[tuple[str, int]], body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        callee = draft.attrs.get("callee" if draft.op == "call" else "decomposition")
        if draft.op == "composite" and isinstance(callee, Symref) and callee.name in self.private:
            known = known_composite(draft.attrs, [v.type for v in draft.operands])
            if known is not None:
                draft = replace(draft, op=known[0], attrs=known[1])
        if draft.op in ("call", "composite") and isinstance(callee, Symref) and callee.name in self.private:
            return self._in_place(callee.name, draft, body, start)
        if draft.op == "custom_call":
            given = self._call_out(draft, body, loc, start)
            if given is not None:
                return given
        if is_dynamic(draft.op):
            return self._dynamic(draft, groups, body, loc, start)
        if any(self._meaning_of(v) for v in draft.operands) or any(isinstance(t, QuantizedTensor) for t in draft.results or ()):
            return self._quantized(draft, groups, body, loc, start)
        return self._plain(draft, groups, body, loc, start)

    def _plain(self, draft: Draft, groups: list[tuple[str, int]], body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        results = super().results_of(draft, groups, body, loc, start)
        self._placed.add(body.nodes[-1])
        return results

    def _place(self, values: Iterable[Value], extra: Iterable[Node], body: Body) -> None:
        """Append the nodes that were built for these values, and `extra` ones, to the body."""
        found: set[Node] = set()
        stack = [v.node for v in values if v.node is not None] + list(extra)
        while stack:
            node = stack.pop()
            if node not in found and node not in self._placed:
                found.add(node)
                stack += [v.node for v in node.operands if v.node is not None]
        body.nodes += sorted(found, key=lambda n: n.serial)
        self._placed |= found

    # Dynamic ops

    def _dynamic(self, draft: Draft, groups: list[tuple[str, int]], body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        self.check_operand_types(draft, start)
        declared = draft.results[0] if draft.results else None
        if not isinstance(declared, TensorType):
            raise self.error("mlir.type", f"`{draft.op}` gives a tensor", start)
        try:
            attrs = conforming_attrs(op_of(draft.op), without_annotations(op_of(draft.op), draft.attrs))
            with located(loc), definitions() as definers:
                found = resolve(draft.op, tuple(draft.operands), attrs, declared.dtype, body.scope.shapes)
                same_rank = found.tensor.rank == declared.rank
                if same_rank:
                    wanted = tuple(d if isinstance(d, int) else got for d, got in zip(declared.shape, found.shape, strict=True))
                    found = fitted(found, wanted)
            if not agree(declared, found.type):
                raise fail("mlir.type", f"`{draft.op}` gives {found.type}, the text says {declared}")
        except WeftError as e:
            self.problems += e.at(self.place(start), self.snippet(start)).diagnostics
            raise WeftError(*self.problems) from e
        new = found.node not in self._placed
        self._place([found], definers, body)
        if new and groups and not found.name:
            found.name = source_name(groups[0][0])
        self.describe(found, declared)
        return (found,)

    def _dynamic_call(self, target: str, draft: Draft, body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        called = draft.attrs.get("called_computations")
        first = called[0] if isinstance(called, tuple) and called else None
        region = self._region_of(first.name) if isinstance(first, Symref) and first.name in self.private else None
        try:
            with located(loc), definitions() as definers:
                found = resolve_call(target, tuple(draft.operands), draft.attrs, draft.results or [], region, body.scope.shapes)
        except WeftError as e:
            self.problems += e.at(self.place(start), self.snippet(start)).diagnostics
            raise WeftError(*self.problems) from e
        self._place(found, definers, body)
        return found

    def _region_of(self, name: str) -> Region:
        """A function read as a region."""
        back, self.pos = self.pos, self.private[name]
        self.skip_space()
        scope = Scope()
        params, _ = self.params(scope, named=False)
        if self.take("->"):
            self.result_list()
        if self.word("attributes"):
            self.dictionary()
        inner = self.body(Body(params, scope))
        self.pos = back
        return Region(tuple(inner.params), tuple(inner.nodes), tuple(inner.results))

    # Functions read in place of calls

    def _in_place(self, name: str, draft: Draft, body: Body, start: int) -> tuple[Value, ...]:
        if name in self._active:
            circle = " → ".join([*self._active, name])
            raise self.error("call.C3", f"functions call each other without end: {circle}", start, "a dataflow graph has no recursion")
        self.check_operand_types(draft, start)
        self._active.append(name)
        self.deeper()
        back, self.pos = self.pos, self.private[name]
        self.skip_space()
        scope = Scope(shapes=body.scope.shapes)
        self._arguments(scope, draft.operands, name, start)
        if self.take("->"):
            self.result_list()
        if self.word("attributes"):
            self.dictionary()
        inner = self.body(Body([], scope, body.nodes))
        self.pos = back
        self.shallower()
        self._active.pop()
        declared = draft.results or []
        got = [v.type for v in inner.results]
        if len(declared) != len(got) or not all(map(agree, declared, got)):
            raise self.error("mlir.type", f"`{name}` gives {listed(got)}, the text says {listed(declared)}", start)
        return tuple(inner.results)

    def _arguments(self, scope: Scope, operands: Sequence[Value], name: str, start: int) -> None:
        """`(%a: type {…} loc(…), …)`, whose names stand for the operands."""
        self.expect("(")
        given = 0
        while not self.take(")"):
            if given:
                self.expect(",")
            ident = self.suffix_id("%")
            self.expect(":")
            declared = self.type()
            attrs = self.attr_dict()
            if self.peek_ident() == "loc":
                self.location()
            if given >= len(operands) or not agree(declared, operands[given].type):
                raise self.error("call.C2", f"`{name}` takes other arguments than {listed([v.type for v in operands])}", start)
            if not scope.defined(ident):
                scope.values[ident] = (operands[given],)
            self._learn_name(attrs.get("jax.global_constant"), operands[given], scope)
            given += 1
        if given != len(operands):
            raise self.error("call.C2", f"`{name}` takes {given} arguments, {len(operands)} are given", start)

    def _learn_name(self, name: Attr, value: Value, scope: Scope) -> None:
        """JAX's name of a size becomes that of its symbol."""
        if not isinstance(name, str) or not name.isidentifier() or not scope.shapes.is_small(value) or value.tensor.rank or self._regions:
            return
        known: object = scope.shapes.elements(value).item()
        match known:
            case Expr(terms=(((Symbol() as s,), 1),)) if s.name in self.open_symbols and s.name != name and name not in self.open_symbols:
                raise Learned({s.name: symbol(name, s.lo, s.hi)})
            case _:
                pass

    # Calls out of the graph

    def _call_out(self, draft: Draft, body: Body, loc: Loc, start: int) -> tuple[Value, ...] | None:
        """The results of a call whose target weft knows by another name; None for any other."""
        target = draft.attrs.get("call_target_name")
        if target in ("Sharding", "annotate_device_placement") and draft.results and agree(draft.results[0], draft.operands[0].type):
            return (draft.operands[0],)
        if target == "shape_assertion" and draft.operands and self._is_certain(draft.operands[0], body.scope):
            return ()
        if isinstance(target, str) and target in CALLS and len(draft.operands) > CALLS[target]:
            return self._dynamic_call(target, draft, body, loc, start)
        draft = self._without_shapes(draft, body.scope)
        known = host_call_of(draft.attrs, [v.type for v in draft.operands], draft.results or [])
        if known is None:
            return None
        name, attributes, effect = known
        value = draft.attrs.get("value")
        with located(loc):
            constants = [helpers.const(value.array)] if isinstance(value, Tensor) else []
        self._place(constants, (), body)
        config = json.dumps(attributes, sort_keys=True)
        attrs: dict[str, Attr] = {"call_target_name": name, "backend_config": config, "has_side_effect": effect}
        plain = replace(draft, attrs=attrs, operands=[*draft.operands, *constants], operand_types=None, results=draft.results or [])
        return self._plain(plain, [], body, loc, start)

    def _without_shapes(self, draft: Draft, scope: Scope) -> Draft:
        """A call without those operands that are the shapes of its results (`indices_of_shape_operands`, as JAX writes open ones)."""
        given = draft.attrs.get("indices_of_shape_operands")
        at = [int(i) for i in given.array.ravel()] if isinstance(given, Tensor) else []
        results, count = draft.results or [], len(draft.operands)
        if not at or len(at) != len(results) or not all(0 <= i < count and scope.shapes.is_small(draft.operands[i]) for i in at):
            return draft
        shapes = [tuple(scope.shapes.elements(draft.operands[i]).ravel()) for i in at]
        known = [
            replace(t, shape=shape) if isinstance(t, TensorType) and agree(replace(t, shape=shape), t) else t
            for t, shape in zip(results, shapes, strict=True)
        ]
        return replace(draft, operands=[v for i, v in enumerate(draft.operands) if i not in at], results=known)

    def _is_certain(self, condition: Value, scope: Scope) -> bool:
        """Whether an assertion holds of all sizes, or of those that it is learned the inputs must have."""
        if not scope.shapes.is_small(condition) or condition.tensor.rank:
            return False
        if scope.shapes.elements(condition).item() is True:
            return True
        node = condition.node
        if node is not None and node.op == "compare" and not self._regions:
            left, right = (scope.shapes.elements(v).item() for v in node.operands)
            learned = self._learned_from(str(node.attrs["comparison_direction"]), left, right)
            if learned is not None:
                raise Learned(learned)
        return False

    def _learned_from(self, direction: str, left: Dim, right: Dim) -> dict[str, Dim] | None:
        difference = right - left if direction in ("LE", "LT") else left - right
        if not isinstance(difference, Expr) or not set(symbols(difference)) <= self.open_symbols:
            return None
        alone = len(difference.terms) == 1
        for monomial, factor in difference.terms:
            match monomial:
                case (Symbol() as s,) if direction == "EQ" and factor in (1, -1):
                    rest = substitute(difference, {s.name: 0}) * -factor
                    if s.name not in symbols(rest):
                        return {s.name: rest}
                case (Call(op="mod", args=(Expr(terms=(((Symbol() as s,), 1),)), int(n))),) if direction == "EQ" and alone:
                    return {s.name: symbol(f"{s.name}/{n}") * n}
                case (Symbol() as s,) if direction != "EQ" and set(symbols(difference)) == {s.name} and len(difference.terms) <= 2:
                    return _bounded(s, difference, factor, strict=direction in ("GT", "LT"))
                case _:
                    pass
        return None

    # Quantized tensors

    def describe(self, value: Value, declared: Type) -> None:
        if isinstance(declared, QuantizedTensor):
            self._meaning[value] = declared.meaning

    def _meaning_of(self, value: Value) -> Quantization | None:
        return self._meaning.get(value)

    def captured(self, inner: Value, outer: Value) -> None:
        if outer in self._meaning:
            self._meaning[inner] = self._meaning[outer]

    def _quantized(self, draft: Draft, groups: list[tuple[str, int]], body: Body, loc: Loc, start: int) -> tuple[Value, ...]:
        declared = draft.results or []
        meanings = [t.meaning if isinstance(t, QuantizedTensor) else None for t in declared]
        plain = replace(draft, results=[storage_type(t) for t in declared], operand_types=None)
        if draft.op in _MOVES and not draft.applied:
            if draft.op == "concatenate" and meanings[0]:
                plain.operands = [self._requantized(v, declared[0], body, loc) for v in draft.operands]
            results = self._plain(plain, groups, body, loc, start)
        elif draft.bodies:
            raise self.error("mlir.quantized", f"`{draft.op}` on quantized tensors is not supported", start, "dequantize its operands")
        elif draft.op == "uniform_quantize":
            results = (self._requantized(draft.operands[0], declared[0], body, loc),)
        else:
            plain.operands = [self._floats(v, body, loc) for v in draft.operands]
            if draft.op == "uniform_dequantize":
                return tuple(plain.operands)
            plain.results = [expressed_type(t) for t in declared]
            floats = self._plain(plain, [], body, loc, start)
            results = tuple(self._requantized(v, t, body, loc) for v, t in zip(floats, declared, strict=True))
        for v, t in zip(results, declared, strict=True):
            self.describe(v, t)
        return results

    def _floats(self, value: Value, body: Body, loc: Loc) -> Value:
        q = self._meaning_of(value)
        if q is None:
            return value
        with located(loc):
            built = node(
                "uniform_dequantize",
                value,
                scales=q.scales,
                zero_points=q.zero_points,
                quantization_dimension=q.dimension,
                result=TensorType(q.expressed, value.tensor.shape),
            )
        self._place([built], (), body)
        return built

    def _requantized(self, value: Value, t: Type, body: Body, loc: Loc) -> Value:
        """The value as the quantized type, if it is one: from floats, or from other storage."""
        if not isinstance(t, QuantizedTensor) or self._meaning_of(value) == t.meaning:
            return value
        q = t.meaning
        floats = self._floats(value, body, loc)
        with located(loc):
            built = node(
                "uniform_quantize",
                floats,
                scales=q.scales,
                zero_points=q.zero_points,
                quantization_dimension=q.dimension,
                storage_min=q.storage_min,
                storage_max=q.storage_max,
                result=TensorType(t.dtype, floats.tensor.shape),
            )
        self._place([built], (), body)
        return built


def _bounded(s: Symbol, difference: Expr, factor: int, strict: bool) -> dict[str, Dim] | None:
    """The symbol with the bound that `difference` ≥ 0 (or > 0) gives it, if it is a new one."""
    constant = substitute(difference, {s.name: 0})
    if not isinstance(constant, int) or not (s.lo is None or isinstance(s.lo, int)) or not (s.hi is None or isinstance(s.hi, int)):
        return None
    room = constant - int(strict)
    if factor > 0:
        lo = -(room // factor)
        return None if s.lo is not None and lo <= s.lo else {s.name: symbol(s.name, lo, s.hi)}
    hi = room // -factor
    return None if s.hi is not None and hi >= s.hi else {s.name: symbol(s.name, s.lo, hi)}
