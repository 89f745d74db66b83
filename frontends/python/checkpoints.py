"""Checkpoints: trees of tensors in a file, written whole or not at all, with digests.

    weft.save_state("run.ckpt", {"params": params, "optimizer": state, "epoch": 3})
    state = weft.load_state("run.ckpt", like={"params": params, "optimizer": state, "epoch": 0})

The file is a container like `.weft`: `state.json` lists names, dtypes, shapes and offsets, `arrays.bin` holds the elements. It is written
beside its place, synced and renamed, so a crash leaves the checkpoint before it. Loading compares digests, names, dtypes and shapes, and
says which leaf does not fit.
"""

import json
from typing import Any

import numpy as np

from ...proto.container import PAGE, Container, write_container
from ...proto.dtypes import BY_NAME, from_numpy
from ...proto.errors import Diagnostic, Loc, WeftError, fail
from ...proto.files import Path
from ...proto.weights import Weights
from .function import array_of
from .pytree import flatten, paths, unflatten
from .state import Variable
from .tensor import Tensor

FORMAT = "weft-state"
_INDEX, _ARRAYS = "state.json", "arrays.bin"


def save_state(path: Path, tree: Any) -> None:
    """Write the leaves of a tree: tensors, arrays, variables, numbers. WeftError `file.write`, `state.leaf`."""
    leaves, _ = flatten(tree)
    weights = Weights()
    entries: dict[str, dict[str, object]] = {}
    for name, leaf in zip(paths(tree, "state"), leaves, strict=True):
        array = _elements(leaf, name)
        entries[name] = {"dtype": from_numpy(array.dtype).name, "shape": list(array.shape), "offset": weights.add(array)}
    with write_container(path, FORMAT) as w:
        w.add(_INDEX, [json.dumps(entries, indent=1).encode()])
        w.add(_ARRAYS, weights.chunks(), align=PAGE)


def load_state(path: Path, like: Any) -> Any:
    """The tree saved in a file, in the form of `like`; variables in `like` are assigned, and stand in the result themselves.

    Raises `WeftError`: `file.read`, `container.*`, and `state.names`, `state.type` for every leaf that does not fit, at once.
    """
    leaves, tree = flatten(like)
    names = paths(like, "state")
    with Container(path, FORMAT) as container:
        container.verify(_ARRAYS)
        entries = _entries(container)
        problems = [*_missing(names, entries, container.loc), *_unlike(names, leaves, entries, container.loc)]
        if problems:
            raise WeftError(*problems)
        weights = Weights.mapped(container.view(_ARRAYS), container.loc)
        found = [_array(entries[n], weights) for n in names]
        return unflatten(tree, [_restored(old, new) for old, new in zip(leaves, found, strict=True)])


def _elements(leaf: Any, name: str) -> np.ndarray:
    array = leaf.array if isinstance(leaf, Variable) else array_of(leaf)
    if isinstance(array, (np.ndarray, np.generic)) and np.asarray(array).dtype != object:
        return np.asarray(array)
    raise fail("state.leaf", f"`{name}` is a {type(leaf).__name__}, which a checkpoint cannot hold", help="save tensors and numbers")


def _entries(container: Container) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(container.read(_INDEX))
    except ValueError as error:
        raise fail("state.index", f"the list of leaves is damaged: {error}", loc=container.loc) from error
    good = isinstance(found, dict) and all(
        isinstance(e, dict) and e.get("dtype") in BY_NAME and isinstance(e.get("shape"), list) and isinstance(e.get("offset"), int)
        for e in found.values()
    )
    if not good:
        raise fail("state.index", "the list of leaves is damaged", loc=container.loc)
    return found


def _missing(names: list[str], entries: dict[str, Any], loc: Loc) -> list[Diagnostic]:
    lacking = [n for n in names if n not in entries]
    surplus = [n for n in entries if n not in set(names)]
    found = [Diagnostic("state.names", f"the file has no `{n}`", loc) for n in lacking]
    return found + [Diagnostic("state.names", f"the file has `{n}`, which the tree to be loaded has not", loc) for n in surplus]


def _unlike(names: list[str], leaves: list[Any], entries: dict[str, dict[str, Any]], loc: Loc) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for n, leaf in zip(names, leaves, strict=True):
        if n not in entries:
            continue
        wanted = _elements(leaf, n)
        have = entries[n]["dtype"], tuple(entries[n]["shape"])
        if have != (from_numpy(wanted.dtype).name, wanted.shape):
            fact = f"`{n}` is {have[0]}{list(have[1])} in the file, {from_numpy(wanted.dtype).name}{list(wanted.shape)} is wanted"
            found.append(Diagnostic("state.type", fact, loc))
    return found


def _array(entry: dict[str, Any], weights: Weights) -> np.ndarray:
    return np.array(weights.view(entry["offset"], BY_NAME[entry["dtype"]].numpy, tuple(entry["shape"])))


def _restored(old: Any, new: np.ndarray) -> Any:
    if isinstance(old, Variable):
        old.assign(Tensor(new))
        return old
    if isinstance(old, Tensor):
        return Tensor(new)
    return new if isinstance(old, np.ndarray) else new.item()
