"""Trees of values: lists, tuples, named tuples, dicts, None, and classes that are registered: `node` does it for dataclasses.

    leaves, tree = flatten({"w": w, "b": [b0, b1]})
    unflatten(tree, leaves)

Dict entries are visited in the order of their keys, so that equal dicts have equal trees.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from ...proto.errors import check, fail

__all__ = [
    "Tree", "children_of", "flatten", "node", "paths", "rebuilt", "register", "static", "tree_map", "unflatten",
]  # fmt: skip

Flatten = Callable[[Any], tuple[Sequence[Any], Any]]
Unflatten = Callable[[Any, Sequence[Any]], Any]
T = TypeVar("T")
_REGISTERED: dict[type, tuple[Flatten, Unflatten]] = {}
_NAMES: dict[type, tuple[str, ...]] = {}
"""the children's names, for classes that have some"""
_STATIC = "weft.static"


@dataclass(frozen=True, slots=True)
class Tree:
    """The shape of a tree: a node's class and what its class needs to be built, and the trees below it. Hashable."""

    kind: type | None  # None: a leaf
    about: Any
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
            inside = (f"{k!r}: {c}" for k, c in zip(self.about, self.children, strict=True))
        return f"{self.kind.__name__}({', '.join(inside)})"


LEAF = Tree(None, None, ())


def register(cls: type, flatten: Flatten, unflatten: Unflatten) -> None:
    """Let instances of `cls` be nodes: `flatten(x)` gives its children and hashable facts, `unflatten(facts, children)` makes it again."""
    check(cls not in _REGISTERED, "pytree.registered", f"{cls.__name__} is registered already")
    _REGISTERED[cls] = (flatten, unflatten)


def node(cls: type[T]) -> type[T]:
    """Let instances of a dataclass be nodes: a class decorator, to be put above `@dataclass`.

        @weft.pytree.node
        @dataclass
        class Dense:
            kernel: weft.Tensor
            bias: weft.Tensor
            activation: str = weft.pytree.static("relu")

            def __call__(self, x): ...

    Fields are children, in order, but for those that are `static`: they are facts of the tree, and need a hash. A node is built again
    without `__init__` and `__post_init__`, whose checks may not suit what stands for the fields meanwhile.
    """
    if not is_dataclass(cls):
        raise fail("pytree.node", f"{cls.__name__} is no dataclass", help="write @weft.pytree.node above @dataclass")
    children = tuple(f.name for f in fields(cls) if not f.metadata.get(_STATIC))
    facts = tuple(f.name for f in fields(cls) if f.metadata.get(_STATIC))

    def build(about: Any, parts: Sequence[Any]) -> T:
        made = object.__new__(cls)
        for name, part in (*zip(children, parts, strict=True), *zip(facts, about, strict=True)):
            object.__setattr__(made, name, part)
        return made

    register(cls, lambda x: ([getattr(x, n) for n in children], tuple(getattr(x, n) for n in facts)), build)
    _NAMES[cls] = children
    return cls


def static(default: Any = MISSING) -> Any:
    """A field of a `node` that is a fact of the tree, not a child: sizes, names, functions."""
    return field(default=default, metadata={_STATIC: True})


def _children(x: Any) -> tuple[Sequence[Any], Any] | None:
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


def children_of(x: Any) -> tuple[Sequence[Any], Any]:
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
        return dict(zip(tree.about, children, strict=True))
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
        steps = [f"[{k!r}]" for k in about]
    elif isinstance(x, tuple) and (own := getattr(x, "_fields", ())):
        steps = [f".{n}" for n in own]
    elif type(x) in _NAMES:
        steps = [f".{n}" for n in _NAMES[type(x)]]
    elif isinstance(about, Mapping):
        names = list(about)
        steps = [f".{n}" for n in names]
    else:
        steps = [f"[{i}]" for i in range(len(children))]
    return [p for step, c in zip(steps, children, strict=True) for p in paths(c, prefix + step)]
