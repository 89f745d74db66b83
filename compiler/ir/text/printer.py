"""The text form of the graph: MLIR syntax, pretty where StableHLO has a pretty form, generic otherwise."""

from collections.abc import Iterable, Mapping, Sequence

from ....proto.dtypes import Kind
from ....proto.errors import Loc
from ...ops.registry import OPS
from ..attrs import Attr, Tensor
from ..graph import Function, Module, Node, Region, Value
from ..types import TensorType, Type
from .attributes import TensorText, attr_text, key_text, symbol_text, type_text
from .dense import quote
from .names import identifier
from .pretty import pretty
from .syntax import DEVICE

# Optional in weft, required in StableHLO: printed even where they have their default.
ALWAYS = {"batch_group_count", "feature_group_count", "dot_dimension_numbers", "decomposition"}


def to_text(
    x: Module | Function | Region | Node,
    *,
    generic: bool = False,
    portable: bool = False,
    locations: bool = False,
    elide: int | None = None,
) -> str:
    """`x` as text.

    `generic` writes every op in the generic form. `portable` leaves out what only weft reads: symbolic dims print as `?`. `locations` adds
    `loc(…)`. Constants of more than `elide` elements are left out (`dense<…>`), and the text cannot be read back.
    """
    p = Printer(generic, portable, locations, elide)
    match x:
        case Module():
            return p.module(x)
        case Function():
            return p.function(x)
        case Region():
            return p.region(x, implicit=0)
        case Node():
            return p.node(x)


def value_names(f: Function) -> dict[Value, str]:
    """What the values of a function are called in its text: `%12`, `%conv1_output`."""
    printer = Printer(elide=1)
    printer.function(f)
    return printer.written.known()


def loc_text(loc: Loc) -> str:
    """A location as MLIR writes it."""
    if loc.parts:
        return f"fused[{', '.join(map(loc_text, loc.parts))}]"
    place = f"{quote(loc.file)}:{loc.line}:{loc.column}" if loc.file or loc.line else ""
    if loc.name:
        return quote(loc.name) + (f"({place})" if place else "")
    return place or "unknown"


class Names:
    """The identifiers of values: unique in the function, readable where the source named the value."""

    def __init__(self) -> None:
        self._of: dict[Value, str] = {}
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def fresh(self, stem: str) -> str:
        """An unused identifier: `%stem`, `%stem_0`, …; numbers alone for an empty stem."""
        while True:
            n = self._counts.get(stem, 0)
            self._counts[stem] = n + 1
            if stem == "" or stem == "arg":
                name = f"%{stem}{n}"
            else:
                name = f"%{stem}_{n - 1}" if n else f"%{stem}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def named(self, source: str) -> str:
        """An unused identifier that says the source name."""
        base = f"%{identifier(source)}"
        name, n = base, 0
        while name in self._taken:
            n = self._counts.get(base, 0) + 1
            self._counts[base] = n
            name = f"{base}$$.{n}"
        self._taken.add(name)
        return name

    def alias(self, v: Value, name: str) -> str:
        """Let `name` stand for `v`."""
        self._of[v] = name
        return name

    def define(self, v: Value, stem: str) -> str:
        """Name a value: after its source, or after `stem`."""
        return self.alias(v, self.named(v.name) if v.name else self.fresh(stem))

    def known(self) -> dict[Value, str]:
        """All values that have a name."""
        return dict(self._of)

    def __getitem__(self, v: Value) -> str:
        if v not in self._of:
            # A value from outside what is printed.
            self.define(v, "" if v.node else "arg")
        return self._of[v]


class Printer:
    """Prints one module, or a part of it."""

    def __init__(self, generic: bool = False, portable: bool = False, locations: bool = False, elide: int | None = None) -> None:
        self.generic = generic
        self.portable = portable
        self.locations = locations
        self.tensors = TensorText(elide)
        self.names = Names()
        self.written = self.names
        """the names in the function that was printed last"""
        self.indent = ""

    # Parts that the pretty forms use

    def value(self, v: Value) -> str:
        return self.names[v]

    def values(self, vs: Iterable[Value]) -> str:
        return ", ".join(self.names[v] for v in vs)

    def type(self, t: Type) -> str:
        return type_text(t, self.portable)

    def types(self, ts: Iterable[Type]) -> str:
        return ", ".join(map(self.type, ts))

    def result_list(self, ts: Sequence[Type]) -> str:
        return self.type(ts[0]) if len(ts) == 1 else f"({self.types(ts)})"

    def functional(self, n: Node) -> str:
        """`(operand types) -> result types`; captured values are not operands in StableHLO's syntax."""
        operands = n.operands if _is_isolated(n) else n.inputs
        return f"({self.types(v.type for v in operands)}) -> {self.result_list(n.types)}"

    def same_or_functional(self, n: Node) -> str:
        """One type if operands and result agree, else the functional type."""
        same = n.operands and all(v.type == n.types[0] for v in n.operands)
        return self.type(n.types[0]) if same else self.functional(n)

    def is_default(self, n: Node, name: str) -> bool:
        """Whether an attribute has its default, and need not be said."""
        op = OPS.get(n.op)
        if op is None or name not in op.attrs or name in ALWAYS:
            return False
        default = op.attrs[name]
        return type(default) is type(n.attrs[name]) and default == n.attrs[name]

    def attr_items(self, n: Node, used: Sequence[str]) -> dict[str, object]:
        shown = sorted((k, v) for k, v in n.attrs.items() if k not in used and not self.is_default(n, k))
        items: dict[str, object] = {key_text(k): self.attr(n, k, v) for k, v in shown}
        if n.device and not self.portable:
            items[DEVICE] = quote(n.device)
        return items

    def attr(self, n: Node, name: str, value: Attr) -> str:
        return attr_text(value, name, not n.op.startswith("weft."), self.tensors)

    def attr_dict(self, n: Node, used: Sequence[str]) -> str:
        """` {…}` with the attributes that `used` does not name, or nothing."""
        return _braced(self.attr_items(n, used))

    def loc(self, loc: Loc) -> str:
        return f" loc({loc_text(loc)})" if self.locations else ""

    def param(self, v: Value) -> str:
        """Name a parameter of a region: `%arg0: type`."""
        return f"{self.names.define(v, 'arg')}: {self.type(v.type)}"

    def body(self, n: Node, region: Region) -> str:
        """The lines of a region whose own parameters are named already; captures take the names of what they capture."""
        if not _is_isolated(n):
            for p, outer in zip(region.params[len(region.params) - n.captures :], n.captured, strict=True):
                self.names.alias(p, self.names[outer])
        return self._lines(region)

    # Whole things

    def _lines(self, region: Region, terminator: str = "stablehlo.return") -> str:
        outer, self.indent = self.indent, self.indent + "  "
        lines = [f"{self.indent}{self.node(n)}\n" for n in region.nodes]
        results = f" {self.values(region.results)} : {self.types(region.result_types)}" if region.results else ""
        lines.append(f"{self.indent}{terminator}{results}\n")
        self.indent = outer
        return "".join(lines)

    def region(self, region: Region, implicit: int) -> str:
        """`{ ^bb0(…): … }` without the last `implicit` parameters."""
        shown = region.params[: len(region.params) - implicit]
        args = ", ".join(map(self.param, shown))
        head = f"{self.indent}^bb0({args}):\n" if args else ""
        return f"{{\n{head}{self._lines(region)}{self.indent}}}"

    def node(self, n: Node) -> str:
        """`%0 = …`, over several lines if it has regions."""
        results = self._result_names(n)
        text = None if self.generic or _is_isolated(n) else pretty(self, n)
        if text is None or (n.device and DEVICE not in text and not self.portable):  # some pretty forms have no room for it
            text = self._generic(n)
        return f"{results}{text}{self.loc(n.loc)}"

    def _result_names(self, n: Node) -> str:
        if not n.results:
            return ""
        stem = _stem(n) if not self.generic else ""
        if len(n.results) == 1 or any(n.names):
            return ", ".join(self.names.define(v, stem) for v in n.results) + " = "
        group = self.names.fresh(stem)
        for i, v in enumerate(n.results):
            self.names.alias(v, f"{group}#{i}")
        return f"{group}:{len(n.results)} = "

    def _generic(self, n: Node) -> str:
        isolated = _is_isolated(n)
        name = n.op if isolated else "func.call" if n.op == "call" else f"stablehlo.{n.op}"
        items = self.attr_items(n, ())
        if isolated and n.captures:
            items["weft.captures"] = f"{n.captures} : i64"
        props = f" <{{{', '.join(f'{k} = {v}' for k, v in items.items())}}}>" if items else ""
        regions: list[str] = []
        for region in n.regions:
            if not isolated:
                for p, outer in zip(region.params[len(region.params) - n.captures :], n.captured, strict=True):
                    self.names.alias(p, self.names[outer])
            regions.append(self.region(region, 0 if isolated else n.captures))
        inside = f" ({', '.join(regions)})" if regions else ""
        operands = n.operands if isolated else n.inputs
        return f"{quote(name)}({self.values(operands)}){props}{inside} : {self.functional(n)}"

    def function(self, f: Function) -> str:
        """`func.func public @main(…) -> … { … }`."""
        outer_names, self.names = self.names, Names()
        donors = {param: result for result, param in f.aliases.items()}
        params: list[str] = []
        for i, v in enumerate(f.params):
            attrs = {"tf.aliasing_output": f"{donors[i]} : i32"} if i in donors else {}
            params.append(f"{self.param(v)}{_braced(attrs)}")
        results: list[str] = []
        for i, t in enumerate(f.result_types):
            name = f.result_names[i] if i < len(f.result_names) else ""
            attrs = {"jax.result_info" if self.portable else "weft.name": quote(name)} if name else {}
            results.append(f"{self.type(t)}{_braced(attrs)}")
        plain = len(results) == 1 and not any(f.result_names)
        arrow = f" -> {results[0]}" if plain else f" -> ({', '.join(results)})" if results else ""
        head = f"{self.indent}func.func {'public' if f.public else 'private'} {symbol_text(f.name)}({', '.join(params)}){arrow}"
        placed = f" attributes {{{DEVICE} = {quote(f.device)}}}" if f.device and not self.portable else ""
        text = f"{head}{placed} {{\n{self._lines(f, 'return')}{self.indent}}}{self.loc(f.loc)}"
        self.written, self.names = self.names, outer_names
        return text

    def module(self, m: Module) -> str:
        """`module @name { … }`, followed by the named constants."""
        self.indent = "  "
        functions = "".join(f"{self.function(f)}\n" for f in m.functions.values())
        meta = ", ".join(f"{key_text(k)} = {quote(v)}" for k, v in sorted(m.meta.items()))
        attrs = f" attributes {{weft.meta = {{{meta}}}}}" if meta and not self.portable else ""
        name = f" {symbol_text(m.name)}" if m.name != "module" else ""
        return "\n".join([f"module{name}{attrs} {{\n{functions}}}", *self.tensors.trailer()]) + "\n"


def _is_isolated(n: Node) -> bool:
    """Ops of weft's own spell out what they capture; StableHLO's regions refer to values around them."""
    return n.op.startswith("weft.")


def _stem(n: Node) -> str:
    if n.op != "constant" or not isinstance(n.attrs.get("value"), Tensor):
        return ""
    t = n.types[0]
    return "cst" if isinstance(t, TensorType) and t.dtype.kind in (Kind.FLOAT, Kind.COMPLEX) else "c"


def _braced(items: Mapping[str, object]) -> str:
    """` {a = …, b = …}`, or nothing."""
    return " {" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}" if items else ""
