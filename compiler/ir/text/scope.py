"""Names of values while a region is read, and how references to outer values become explicit captures."""

from dataclasses import dataclass, field

from ...ops.shapevalues import Shapes
from ..graph import Node, Region, Value, param


class Scope:
    """The values that can be named in one region. A name found only outside becomes a capture: a parameter of this region.

    `shapes` knows the region's shape arithmetic. A function that is read in place of its call has no parent, but the caller's `shapes`.
    """

    def __init__(self, parent: "Scope | None" = None, shapes: Shapes | None = None) -> None:
        self.parent = parent
        self.shapes = Shapes(parent=shapes or (parent.shapes if parent else None))
        self.values: dict[str, tuple[Value, ...]] = {}
        self.captured: dict[Value, Value] = {}

    def find(self, name: str, index: int) -> Value | None:
        """The value, or None if there is none of that name and index."""
        scope: Scope | None = self
        inner: list[Scope] = []
        while scope is not None and name not in scope.values:
            inner.append(scope)
            scope = scope.parent
        if scope is None:
            return None
        group = scope.values[name]
        if index >= len(group):
            return None
        value = group[index]
        for region in reversed(inner):
            value = region.capture(value)
        return value

    def capture(self, outer: Value) -> Value:
        """The parameter of this region that stands for a value of the one around it."""
        if outer not in self.captured:
            self.captured[outer] = param(outer.type, outer.name)
            self.shapes.origins[self.captured[outer]] = outer
        return self.captured[outer]

    def defined(self, name: str) -> bool:
        """Whether the name is taken here or outside."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return True
            scope = scope.parent
        return False


@dataclass(slots=True)
class Body:
    """A region as read, before its captures are known to its siblings."""

    params: list[Value]
    scope: Scope
    nodes: list[Node] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)


def close_regions(bodies: list[Body], explicit: int = 0) -> tuple[tuple[Region, ...], tuple[Value, ...]]:
    """The regions of one node with one list of captures (each region gets a parameter for each), and what is captured.

    `explicit` captures are parameters already, as weft's own ops spell them.
    """
    outer = list(dict.fromkeys(v for body in bodies for v in body.scope.captured))
    regions: list[Region] = []
    for body in bodies:
        extra = [body.scope.captured.get(v) or param(v.type, v.name) for v in outer]
        own = len(body.params) - explicit
        regions.append(Region((*body.params[:own], *extra, *body.params[own:]), tuple(body.nodes), tuple(body.results)))
    return tuple(regions), tuple(outer)
