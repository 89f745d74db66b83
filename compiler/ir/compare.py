"""Structural comparison of graphs: whether two modules compute the same thing in the same way, and where they first differ."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..ops.registry import OPS
from .attrs import Attr, Dict, Tensor
from .graph import Function, Module, Node, Region, Value


def same(a: Module | Function | Region, b: Module | Function | Region, *, names: bool = True, locations: bool = False) -> bool:
    """Whether two graphs are equal but for the identity of their values; see `difference`."""
    return difference(a, b, names=names, locations=locations) == ""


def difference(a: Module | Function | Region, b: Module | Function | Region, *, names: bool = True, locations: bool = False) -> str:
    """The first difference between two graphs, in words; "" if there is none.

    Captured values are compared by what they stand for, so that the order of captures does not count; attributes by content, a default that
    is not stored like one that is. `names` compares the source names of parameters, results and nodes, `locations` the locations.
    """
    comparison = _Comparison(names, locations)
    if isinstance(a, Module) and isinstance(b, Module):
        return comparison.modules(a, b)
    if isinstance(a, Module) or isinstance(b, Module):
        return "one is a module"
    if isinstance(a, Function) and isinstance(b, Function):
        return comparison.functions(a, b)
    return comparison.regions(a, b, {}, {}, 0, 0)


class _Comparison:
    def __init__(self, names: bool, locations: bool) -> None:
        self.names = names
        self.locations = locations
        # Values of both sides by what they have been matched to.
        self.number: dict[Value, int] = {}

    def modules(self, a: Module, b: Module) -> str:
        if list(a.functions) != list(b.functions):
            return f"functions {list(a.functions)} and {list(b.functions)}"
        if a.name != b.name or dict(a.meta) != dict(b.meta):
            return f"modules `{a.name}` {dict(a.meta)} and `{b.name}` {dict(b.meta)}"
        return next((d for name in a.functions if (d := self.functions(a.functions[name], b.functions[name]))), "")

    def functions(self, a: Function, b: Function) -> str:
        facts: list[tuple[str, object, object]] = [
            ("name", a.name, b.name),
            ("visibility", a.public, b.public),
            ("aliases", dict(a.aliases), dict(b.aliases)),
        ]
        if self.names:
            facts.append(("result names", _padded(a.result_names, a), _padded(b.result_names, b)))
            facts.append(("parameter names", [p.name for p in a.params], [p.name for p in b.params]))
        if self.locations:
            facts.append(("location", a.loc, b.loc))
        for what, x, y in facts:
            if x != y:
                return f"@{a.name}: {what} {x!r} and {y!r}"
        found = self.regions(a, b, {}, {}, 0, 0)
        return found and f"@{a.name}: {found}"

    def regions(self, a: Region, b: Region, outer_a: Mapping[Value, int], outer_b: Mapping[Value, int], ca: int, cb: int) -> str:
        """`outer_…` number the captured parameters, the last `ca` and `cb`."""
        own_a, own_b = a.params[: len(a.params) - ca], b.params[: len(b.params) - cb]
        numbers_a, numbers_b = dict(outer_a), dict(outer_b)
        if [p.type for p in own_a] != [p.type for p in own_b]:
            return f"parameters {list(map(str, (p.type for p in own_a)))} and {list(map(str, (p.type for p in own_b)))}"
        self._pair(own_a, own_b, numbers_a, numbers_b)
        for i, (x, y) in enumerate(zip(a.nodes, b.nodes, strict=False)):
            found = self._nodes(x, y, numbers_a, numbers_b)
            if found:
                return f"node {i} ({x.op}): {found}"
            self._pair(x.results, y.results, numbers_a, numbers_b)
        if len(a.nodes) != len(b.nodes):
            return f"{len(a.nodes)} and {len(b.nodes)} nodes"
        if [numbers_a.get(v) for v in a.results] != [numbers_b.get(v) for v in b.results]:
            return "other values are returned"
        return ""

    def _pair(self, xs: Sequence[Value], ys: Sequence[Value], a: dict[Value, int], b: dict[Value, int]) -> None:
        for x, y in zip(xs, ys, strict=True):
            self.number[x] = a[x] = b[y] = len(self.number)

    def _nodes(self, x: Node, y: Node, a: dict[Value, int], b: dict[Value, int]) -> str:
        facts: list[tuple[str, object, object]] = [
            ("op", x.op, y.op),
            ("result types", [str(t) for t in x.types], [str(t) for t in y.types]),
            ("operands", [a.get(v) for v in x.inputs], [b.get(v) for v in y.inputs]),
            ("regions", len(x.regions), len(y.regions)),
        ]
        if self.names:
            facts.append(("names", [v.name for v in x.results], [v.name for v in y.results]))
        if self.locations:
            facts.append(("location", x.loc, y.loc))
        for what, p, q in facts:
            if p != q:
                return f"{what} {p!r} and {q!r}"
        if x.types != y.types:
            return "symbols with other bounds"
        found = attrs_difference(x, y)
        if found:
            return found
        for r, s in zip(x.regions, y.regions, strict=True):
            inner_a = {p: a[v] for p, v in zip(r.params[len(r.params) - x.captures :], x.captured, strict=True)}
            inner_b = {p: b[v] for p, v in zip(s.params[len(s.params) - y.captures :], y.captured, strict=True)}
            found = self.regions(r, s, inner_a, inner_b, x.captures, y.captures)
            if found:
                return found
        return ""


def _padded(names: Sequence[str], f: Function) -> list[str]:
    return [*names, *[""] * (len(f.results) - len(names))]


def attrs_difference(x: Node, y: Node) -> str:
    """The first attribute in which two nodes of one op differ, in words; "" if there is none."""
    defaults = OPS[x.op].attrs if x.op in OPS else {}
    for name in sorted({*x.attrs, *y.attrs}):
        p, q = x.attrs.get(name, defaults.get(name)), y.attrs.get(name, defaults.get(name))
        if not same_attr(p, q):  # type: ignore[arg-type]
            return f"attribute `{name}` {str(p)[:80]} and {str(q)[:80]}"
    return ""


def same_attr(a: Attr, b: Attr) -> bool:
    """Whether two attributes have one type and content; tensors bit by bit."""
    match a, b:
        case Tensor(), Tensor():
            return a.name == b.name and same_bits(a.array, b.array)
        case tuple(), tuple():
            return len(a) == len(b) and all(same_attr(x, y) for x, y in zip(a, b, strict=True))
        case Dict(), Dict():
            keys = [k for k, _ in a.items] == [k for k, _ in b.items]
            return keys and all(same_attr(x, y) for (_, x), (_, y) in zip(a.items, b.items, strict=True))
        case float(), float():
            return a == b or (a != a and b != b)
        case _:
            return type(a) is type(b) and a == b


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have one type, shape and content, NaNs by their bits."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.size and not any(a.strides) and not any(b.strides):
        a, b = a.reshape(-1)[:1], b.reshape(-1)[:1]
    if a.dtype == np.object_:
        return all(x == y for x, y in zip(a.flat, b.flat, strict=True))
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()
