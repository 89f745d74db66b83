"""The op registry: one entry per op holds all that is known of it.

An entry's functions share one calling convention, read off the signature of `infer`:

- positional parameters are the operands (`*xs` for a variadic op) — types for `infer`, numpy arrays for `reference`, scalars for `lower`;
- keyword-only parameters are the attributes, with the op's defaults;
- keyword-only parameters named in `regions` are the op's regions — `Region` (without its capture parameters) for `infer`, a callable on
  arrays for `reference`; a last name `*branches` takes any number of regions as one tuple;
- `result` (or `results`) as a keyword-only parameter of `infer` means that operands and attributes do not determine the result type, as in
  `reshape`: the caller gives it and `infer` checks it. A `reference`, `lower` or `decompose` that names `result`/`results` is passed the
  result type(s), a `reference` the concrete ones.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ...proto.errors import Loc, check, fail
from ..ir.attrs import Attr
from ..ir.bounds import check_representable
from ..ir.graph import Node, Region, Value
from ..ir.types import Type

Function = Callable[..., object]
# What a call of an op gives: `Value` for an op of one result.
Built = TypeVar("Built")


@dataclass(frozen=True, eq=False)
class Op(Generic[Built]):
    """What weft knows of an op. Calling it builds a node: `add(x, y)` is a `Value`, several results are a tuple.

    `lower(b, *scalars, **attrs)` computes one element of an elementwise op from the elements of its operands; `element(b, node, index)`
    computes the element at `index` of any op whose elements can be computed one by one (indexing, reductions, …). Both talk to
    `builder.ElementBuilder`. `grad(g, *operands, **attrs)` gives the cotangents of the operands, None for what has no derivative.
    `decompose(*operands, **attrs)` builds the same out of other ops, on values: kernels are made for these, and without a `reference` they
    are evaluated in the op's place.
    """

    name: str
    doc: str
    infer: Function
    reference: Function | None
    lower: Function | None
    element: Function | None
    grad: Function | None
    decompose: Function | None
    regions: tuple[str, ...]
    traits: frozenset[str]
    operands: tuple[str, ...]
    variadic: bool
    attrs: Mapping[str, object]
    result_keyword: str

    @property
    def is_elementwise(self) -> bool:
        """All operands and the result have one shape, and element i of the result depends on the elements i alone."""
        return "elementwise" in self.traits

    @property
    def has_effect(self) -> bool:
        """Must not be removed, duplicated or reordered with other effects."""
        return "effect" in self.traits

    def infer_types(
        self,
        operands: Sequence[Type],
        attrs: Mapping[str, Attr],
        regions: Sequence[Region] = (),
        result: Sequence[Type] = (),
        captures: int = 0,
    ) -> tuple[Type, ...]:
        """The result types; raises the `WeftError` of the first constraint that does not hold.

        `operands` are without captures; `captures` says how many trailing parameters of every region are captures.
        """
        own = [replace(r, params=r.params[: len(r.params) - captures]) for r in regions] if captures else regions
        keywords: dict[str, object] = {**attrs, **self.bind_regions(own)}
        self._check_call(len(operands), attrs)
        if self.result_keyword == "result":
            check(len(result) == 1, f"{self.name}.result", f"`{self.name}` has one result, {len(result)} types given")
            keywords["result"] = result[0]
        elif self.result_keyword:
            keywords["results"] = tuple(result)
        inferred = self.infer(*operands, **keywords)
        types: tuple[Type, ...] = inferred if isinstance(inferred, tuple) else (inferred,)  # type: ignore[assignment]
        for t in types:
            check_representable(t)
        return types

    def bind_regions(self, regions: Sequence[object]) -> dict[str, object]:
        """Regions, or what stands for them, by the keyword that takes them."""
        rest = next((name[1:] for name in self.regions if name.startswith("*")), "")
        named = [name for name in self.regions if not name.startswith("*")]
        good = len(regions) >= len(named) if rest else len(regions) == len(named)
        check(good, f"{self.name}.regions", f"`{self.name}` takes {'at least ' if rest else ''}{len(named)} regions, {len(regions)} given")
        bound: dict[str, object] = dict(zip(named, regions, strict=False))
        if rest:
            bound[rest] = tuple(regions[len(named) :])
        return bound

    def _check_call(self, n: int, attrs: Mapping[str, Attr]) -> None:
        need = len(self.operands)
        good = n >= need if self.variadic else n == need
        check(good, f"{self.name}.operands", f"`{self.name}` takes {'at least ' if self.variadic else ''}{need} operands, {n} given")
        for name in attrs:
            check(name in self.attrs, f"{self.name}.attributes", f"`{self.name}` has no attribute `{name}`")
        for name, default in self.attrs.items():
            check(default is not REQUIRED or name in attrs, f"{self.name}.attributes", f"`{self.name}` needs the attribute `{name}`")

    def __call__(
        self,
        *operands: Value,
        result: Type | Sequence[Type] | None = None,
        captures: Sequence[Value] = (),
        names: tuple[str, ...] = (),
        loc: Loc | None = None,
        **keywords: object,
    ) -> Built:
        """Build a node. Attributes equal to their defaults are stored too, so that equal nodes compare equal."""
        regions: tuple[Region, ...] = ()
        for name in self.regions:
            check(name.removeprefix("*") in keywords, f"{self.name}.regions", f"`{self.name}` needs the region `{name.removeprefix('*')}`")
            given_region = keywords.pop(name.removeprefix("*"))
            regions += tuple(given_region) if name.startswith("*") else (given_region,)  # type: ignore[arg-type]
        attrs = {k: keywords.get(k, d) for k, d in self.attrs.items() if k in keywords or d is not REQUIRED}
        unknown = set(keywords) - set(self.attrs)
        check(not unknown, f"{self.name}.attributes", f"`{self.name}` has no attribute {', '.join(map(repr, sorted(unknown)))}")
        given = () if result is None else tuple(result) if isinstance(result, (tuple, list)) else (result,)
        types = self.infer_types([v.type for v in operands], attrs, regions, given, len(captures))  # type: ignore[arg-type]
        place = {} if loc is None else {"loc": loc}
        node = Node(self.name, (*operands, *captures), attrs, regions, types, captures=len(captures), names=names, **place)  # type: ignore[arg-type]
        return node.results[0] if len(node.results) == 1 else node.results  # type: ignore[return-value]


REQUIRED = inspect.Parameter.empty
OPS: dict[str, Op] = {}


def define(
    name: str,
    *,
    doc: str,
    infer: Function,
    reference: Function | None = None,
    lower: Function | None = None,
    element: Function | None = None,
    grad: Function | None = None,
    decompose: Function | None = None,
    regions: tuple[str, ...] = (),
    traits: Sequence[str] = (),
) -> Op[Value]:
    """Register an op. `name` is StableHLO's without its prefix, or `weft.…`; `doc` gives the meaning and the numbered constraints.

    Traits: `elementwise`, `commutative`, `effect`, `call` (refers to functions of the module; evaluated by the interpreter itself),
    `symbols` (its result types may introduce symbols, bound when it runs).
    """
    operands: list[str] = []
    variadic = False
    attrs: dict[str, object] = {}
    result_keyword = ""
    for p in inspect.signature(infer).parameters.values():
        match p.kind:
            case p.VAR_POSITIONAL:
                variadic = True
            case p.KEYWORD_ONLY if p.name in ("result", "results"):
                result_keyword = p.name
            case p.KEYWORD_ONLY if p.name not in regions and f"*{p.name}" not in regions:
                attrs[p.name] = p.default
            case p.KEYWORD_ONLY:
                pass
            case _:
                operands.append(p.name)
    entry = Op(
        name, doc, infer, reference, lower, element, grad, decompose, regions, frozenset(traits),
        tuple(operands), variadic, attrs, result_keyword,
    )  # fmt: skip
    if name in OPS:
        raise ValueError(f"op {name} is defined twice")
    OPS[name] = entry
    return entry


def op_of(node_or_name: Node | str) -> Op:
    """The entry of an op; a `WeftError` if there is none."""
    name = node_or_name if isinstance(node_or_name, str) else node_or_name.op
    if name not in OPS:
        raise fail("op.unknown", f"weft has no op `{name}`", help="upgrade weft if the file was written by a newer version")
    return OPS[name]
