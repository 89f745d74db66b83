"""Graphs as pictures: the Graphviz form of a function."""

from collections.abc import Iterator

from .attrs import Attr, Tensor
from .graph import Function, Module, Node, Region, Value
from .text import attr_text, type_text

# Long attributes say little in a picture.
_MAX_ATTR = 40


def to_dot(x: Module | Function, *, types: bool = True, regions: bool = True) -> str:
    """A graph in the DOT language: boxes for nodes, edges for values, a cluster for every function and region.

    `types` labels edges with the types of their values, `regions` shows what is inside fusions, loops and reductions.
    """
    functions = list(x.functions.values()) if isinstance(x, Module) else [x]
    writer = _Writer(types, regions)
    lines = ["digraph {", '  node [shape=box, fontname="monospace", fontsize=10];', '  edge [fontname="monospace", fontsize=9];']
    for f in functions:
        lines += writer.cluster(f, f"@{f.name}", "  ")
    return "\n".join([*lines, "}"]) + "\n"


class _Writer:
    def __init__(self, types: bool, regions: bool) -> None:
        self.types = types
        self.regions = regions
        self.count = 0
        # The vertex that stands for a value.
        self.source: dict[Value, str] = {}

    def fresh(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def cluster(self, region: Region, label: str, indent: str) -> Iterator[str]:
        yield f"{indent}subgraph cluster_{self.fresh()} {{"
        inner = indent + "  "
        yield f"{inner}label={_quoted(label)};"
        for i, p in enumerate(region.params):
            if p not in self.source:
                vertex = self.source[p] = self.fresh()
                yield f"{inner}{vertex} [label={_quoted(p.name or f'arg{i}')}, shape=ellipse];"
        for node in region.nodes:
            yield from self.node(node, inner)
        end = self.fresh()
        yield f'{inner}{end} [label="return", shape=ellipse];'
        yield from self.edges(region.results, end, inner)
        yield f"{indent}}}"

    def node(self, node: Node, indent: str) -> Iterator[str]:
        vertex = self.fresh()
        for v in node.results:
            self.source[v] = vertex
        yield f"{indent}{vertex} [label={_quoted(_label(node))}{', style=rounded' if node.regions else ''}];"
        yield from self.edges(node.operands, vertex, indent)
        if not self.regions:
            return
        for i, region in enumerate(node.regions):
            # What a region captures is drawn as an edge from the value itself.
            for p, outer in zip(region.params[len(region.params) - node.captures :], node.captured, strict=True):
                self.source[p] = self.source[outer]
            yield from self.cluster(region, f"{node.op} {i}" if len(node.regions) > 1 else node.op, indent)

    def edges(self, values: tuple[Value, ...], target: str, indent: str) -> Iterator[str]:
        for v in values:
            label = f" [label={_quoted(type_text(v.type, portable=True))}]" if self.types else ""
            yield f"{indent}{self.source[v]} -> {target}{label};"


def _label(node: Node) -> str:
    lines = [node.op]
    lines += [v.name for v in node.results if v.name]
    lines += [f"{k} = {_shown(a)}" for k, a in node.attrs.items() if a is not None and a != ()]
    return "\n".join(lines)


def _shown(a: Attr) -> str:
    if isinstance(a, Tensor) and a.array.size > 8:
        return a.name or "…"
    text = attr_text(a)
    return text if len(text) <= _MAX_ATTR else text[: _MAX_ATTR - 1] + "…"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\l")
    return f'"{escaped}\\l"' if "\n" in text else f'"{escaped}"'
