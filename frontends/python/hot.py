"""Trees taken apart and put together by closures made for one tree: what every call of a compiled function does.

`flatten` finds out what a tree is; here it is known, and only has to be confirmed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from .pytree import Tree, children_of, rebuilt
from .tensor import Tensor

Take = Callable[[Any, list[Any]], bool]
Make = Callable[[Iterator[Any]], Any]


def taker(tree: Tree, examples: Iterator[tuple[Any, bool]], convert: Callable[[Any], Any]) -> Take:
    """A function that appends the arrays of a tree's leaves to a list if it is `tree` with leaves like the examples, else says False.

    Arrays, in tensors or not, are alike if dtype and shape are the same, others if their class is; `convert` makes arrays of these. With
    each example comes whether it is donated: then its array is its tensor's own.
    """
    if tree.kind is None:
        example, donated = next(examples)
        return _leaf(example, convert, donated)
    parts = [taker(c, examples, convert) for c in tree.children]
    if tree.kind is dict:
        return _dict(list(zip(tree.about, parts, strict=True)))
    if tree.kind in (list, tuple):
        return _sequence(tree.kind, parts)
    return _other(tree, parts)


def _leaf(example: Any, convert: Callable[[Any], Any], donated: bool) -> Take:
    kind = type(example)
    shape, dtype = (example.shape, example.dtype) if kind in (Tensor, np.ndarray) else ((), None)

    def take_array(x: Any, to: list[Any]) -> bool:
        found = x.array if type(x) is Tensor else x
        if type(found) is not np.ndarray or found.dtype is not dtype or found.shape != shape:
            return False
        to.append(found)
        return True

    def take_own(x: Any, to: list[Any]) -> bool:
        if type(x) is not Tensor:
            return take_array(x.copy(), to) if type(x) is np.ndarray else False
        found = x.array
        if type(found) is not np.ndarray or found.dtype is not dtype or found.shape != shape:
            return False
        to.append(found.copy() if found.base is not None or getrefcount(found) > _HELD else found)
        return True

    def take_other(x: Any, to: list[Any]) -> bool:
        if type(x) is not kind:
            return False
        to.append(convert(x))
        return True

    return take_other if kind not in (Tensor, np.ndarray) else take_own if donated else take_array


def giver(tree: Tree, donated: Iterator[bool]) -> Callable[[Any], None] | None:
    """A function that gives up the donated tensors in a tree; None if there are none."""
    if tree.kind is None:
        return _give_up if next(donated) else None
    parts = [(i, part) for i, c in enumerate(tree.children) if (part := giver(c, donated)) is not None]
    if not parts:
        return None
    keys: list[Any] = list(tree.about) if tree.kind is dict else []  # type: ignore[call-overload]

    def give(x: Any) -> None:
        for i, part in parts:
            part(x[keys[i]] if tree.kind is dict else x[i] if tree.kind in (list, tuple) else children_of(x)[0][i])

    return give


def _give_up(x: Any) -> None:
    if type(x) is Tensor:
        x.give_up()


def own_array(x: Tensor) -> Any:
    """The array of a tensor for a call that may write it: a copy if anybody else holds it, or a view of it."""
    array = x.array
    return array.copy() if array is not None and (array.base is not None or getrefcount(array) > _HELD) else array


def _references(x: Tensor) -> int:
    array = x.array
    return getrefcount(array)


_HELD = _references(Tensor(np.empty(1)))


def _dict(parts: Sequence[tuple[Any, Take]]) -> Take:
    n = len(parts)

    def take(x: Any, to: list[Any]) -> bool:
        if type(x) is not dict or len(x) != n:
            return False
        for key, part in parts:  # noqa: SIM110 - a generator would cost more than the loop
            if key not in x or not part(x[key], to):
                return False
        return True

    return take


def _sequence(kind: type, parts: Sequence[Take]) -> Take:
    n = len(parts)

    def take(x: Any, to: list[Any]) -> bool:
        if type(x) is not kind or len(x) != n:
            return False
        for part, child in zip(parts, x, strict=True):  # noqa: SIM110
            if not part(child, to):
                return False
        return True

    return take


def _other(tree: Tree, parts: Sequence[Take]) -> Take:
    def take(x: Any, to: list[Any]) -> bool:
        if type(x) is not tree.kind:
            return False
        children, about = children_of(x)
        if about != tree.about or len(children) != len(parts):
            return False
        return all(part(child, to) for part, child in zip(parts, children, strict=True))

    return take


def maker(tree: Tree, fixed: Mapping[int, Any]) -> Make:
    """A function from the arrays of a tree's leaves to the tree of tensors; `fixed` are leaves that are none, by place."""
    return _maker(tree, fixed, [0])


def _maker(tree: Tree, fixed: Mapping[int, Any], place: list[int]) -> Make:
    if tree.kind is None:
        at = place[0]
        place[0] += 1
        if at in fixed:
            return lambda _, x=fixed[at]: x
        return lambda arrays: Tensor(next(arrays))
    parts = [_maker(c, fixed, place) for c in tree.children]
    if tree.kind is dict:
        named: list[tuple[Any, Make]] = list(zip(tree.about, parts, strict=True))
        return lambda arrays: {key: part(arrays) for key, part in named}
    if tree.kind is tuple:
        return lambda arrays: tuple([part(arrays) for part in parts])
    if tree.kind is list:
        return lambda arrays: [part(arrays) for part in parts]
    return lambda arrays: rebuilt(tree, [part(arrays) for part in parts])
