"""Trees of values: lists, tuples, named tuples, dicts, None, and classes that are registered.

    leaves, tree = flatten({"w": w, "b": [b0, b1]})
    unflatten(tree, leaves)

Dict entries are visited in the order of their keys, so that equal dicts have equal trees.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...proto.errors import check, fail

Flatten = Callable[[Any], tuple[Sequence[Any], object]]
Unflatten = Callable[[object, Sequence[Any]], Any]
_REGISTERED: dict[type, tuple[Flatten, Unflatten]] = {}


@dataclass(frozen=True, slots=True)
class Tree:
    """The shape of a tree: a node's class and what its class needs to be built, and the trees below it. Hashable."""

    kind: type | None  # None: a leaf
    about: object
    children: "tuple[Tree, ...]"

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        return 1 if self.kind is None else sum(c.leaves for c in self.children)

    def __str__(self) -> str:
        if self.kind is None:
            return "*"
        inside = map(str, self.children)
        if self.kind is dict:
            inside = (f"{k!r}: {c}" for k, c in zip(self.about, self.children, strict=True))  # type: ignore[call-overload]
        return f"{self.kind.__name__}({', '.join(inside)})"


LEAF = Tree(None, None, ())


def register(cls: type, flatten: Flatten, unflatten: Unflatten) -> None:
    """Let instances of `cls` be nodes: `flatten(x)` gives its children and hashable facts, `unflatten(facts, children)` makes it again."""
    check(cls not in _REGISTERED, "pytree.registered", f"{cls.__name__} is registered already")
    _REGISTERED[cls] = (flatten, unflatten)


def _children(x: Any) -> tuple[Sequence[Any], object] | None:
    kind = type(x)
    if kind in _REGISTERED:
        return _REGISTERED[kind][0](x)
    if x is None:
        return (), None
    if kind is dict:
        try:
            keys = sorted(x)
        except TypeError:
            keys = list(x)
        return [x[k] for k in keys], tuple(keys)
    if kind is list or kind is tuple or (isinstance(x, tuple) and hasattr(x, "_fields")):
        return x, None
    return None


def flatten(x: Any) -> tuple[list[Any], Tree]:
    """The leaves in order, and the tree."""
    leaves: list[Any] = []
    return leaves, _flatten(x, leaves)


def _flatten(x: Any, leaves: list[Any]) -> Tree:
    found = _children(x)
    if found is None:
        leaves.append(x)
        return LEAF
    children, about = found
    return Tree(type(x), about, tuple([_flatten(c, leaves) for c in children]))


def unflatten(tree: Tree, leaves: Iterable[Any]) -> Any:
    """A tree with these leaves."""
    rest = iter(leaves)
    made = _unflatten(tree, rest)
    if next(rest, LEAF) is not LEAF:
        raise fail("pytree.leaves", f"more leaves than {tree} has")
    return made


def _unflatten(tree: Tree, leaves: Iterator[Any]) -> Any:
    if tree.kind is None:
        try:
            return next(leaves)
        except StopIteration:
            raise fail("pytree.leaves", "fewer leaves than the tree has") from None
    return rebuilt(tree, [_unflatten(c, leaves) for c in tree.children])


def children_of(x: Any) -> tuple[Sequence[Any], object]:
    """The children of a node, and the facts that its class needs to be built again; a leaf has none."""
    return _children(x) or ((), None)


def rebuilt(tree: Tree, children: list[Any]) -> Any:
    """The node at the top of `tree` with these children."""
    if tree.kind is None:
        raise fail("pytree.leaves", "a leaf has no children")
    if tree.kind in _REGISTERED:
        return _REGISTERED[tree.kind][1](tree.about, children)
    if tree.kind is type(None):
        return None
    if tree.kind is dict:
        return dict(zip(tree.about, children, strict=True))  # type: ignore[call-overload]
    return tree.kind(*children) if hasattr(tree.kind, "_fields") else tree.kind(children)


def tree_map(f: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """`f` applied to every leaf, and the leaves in its place of other trees like it."""
    leaves, tree = flatten(x)
    others: list[list[Any]] = []
    for other in rest:
        found, its = flatten(other)
        check(its == tree, "pytree.structure", f"trees differ: {tree} and {its}")
        others.append(found)
    return unflatten(tree, [f(*xs) for xs in zip(leaves, *others, strict=True)])


def paths(x: Any, prefix: str = "") -> list[str]:
    """The name of every leaf: `params['w'][0]`, `opt.step`."""
    found = _children(x)
    if found is None:
        return [prefix]
    children, about = found
    names: Sequence[object]
    if isinstance(x, dict):
        steps = [f"[{k!r}]" for k in about]  # type: ignore[attr-defined]
    elif isinstance(x, tuple) and hasattr(x, "_fields"):
        steps = [f".{n}" for n in x._fields]  # type: ignore[attr-defined]
    elif isinstance(about, Mapping):
        names = list(about)
        steps = [f".{n}" for n in names]
    else:
        steps = [f"[{i}]" for i in range(len(children))]
    return [p for step, c in zip(steps, children, strict=True) for p in paths(c, prefix + step)]
