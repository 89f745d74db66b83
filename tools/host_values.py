"""Inputs and results of a run as files and as text: arrays, and the sequences, optionals, maps and strings that drivers take and give.

Files: `.npy` is an array; `.npz` several, by name; `.json` any value, where null is an optional without one and the keys of maps are
strings. In a `.npz` the elements of a sequence `xs` are called `xs.0`, `xs.1`…; given to one input, `xs=FILE.npz`, it holds the elements
of that one, in order.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..proto.dtypes import STRING
from ..proto.errors import Loc, fail
from ..proto.value_types import ArrayType, MapType, OptionalType, SequenceType, UnrankedType, ValueType
from ..vm.signature import Argument


def read_values(texts: list[str]) -> dict[str, Any]:
    """Values from `NAME=file.npy`, `NAME=file.npz`, `NAME=file.json` and `file.npz` arguments; WeftError `run.file`."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals:
            name, path = "", text
        loaded = _read(path)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            arrays = {key: loaded[key] for key in loaded.files}
            values |= {name: list(arrays.values())} if name else arrays
        elif name:
            values[name] = loaded
        else:
            raise fail("usage.input", f"{path} holds one value: say for which input, NAME={path}")
    return values


def _read(path: str) -> Any:
    try:
        if path.endswith(".json"):
            return json.loads(Path(path).read_text())
        return np.load(path, allow_pickle=False)
    except OSError as error:
        raise fail("run.file", f"the file cannot be read: {error.strerror or error}", loc=Loc(path)) from error
    except (ValueError, EOFError, RecursionError) as error:
        what, how = ("no JSON", "") if path.endswith(".json") else ("no array", "write it with numpy.save or numpy.savez")
        raise fail("run.file", f"the file is {what}", loc=Loc(path), help=how) from error


def gather(ports: tuple[Argument, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` by input: `xs.0`, `xs.1`… become the list `xs`, and keys from JSON what the type says. Other names are kept."""
    found = dict(given)
    for port in ports:
        if port.name in found:
            found[port.name] = _keyed(port.type, found[port.name])
        elif port.kind in ("sequence", "optional"):
            start = f"{port.name}."
            numbers = sorted(int(k.removeprefix(start)) for k in found if k.startswith(start) and k.removeprefix(start).isdecimal())
            if numbers:
                found[port.name] = [found.pop(f"{start}{n}") for n in numbers]
    return found


def _keyed(t: ValueType, value: Any) -> Any:
    """A value from JSON with integers as the keys of maps that have these."""
    match t, value:
        case MapType(key, inner), dict():
            wanted = str if key is STRING else int
            try:
                return {wanted(k): _keyed(inner, v) for k, v in value.items()}
            except ValueError as error:
                raise fail("run.input", f"a key of a map is no integer: {error}") from error
        case SequenceType(element), list():
            return [_keyed(element, v) for v in value]
        case OptionalType(element), _ if value is not None:
            return _keyed(element, value)
        case _:
            return value


def random_value(t: ValueType, rng: np.random.Generator, shape: tuple[int, ...] | None = None) -> Any:
    """A value of a type: arrays of `shape`, or with 1 for dims that are open; sequences of two elements, maps of two keys."""
    match t:
        case ArrayType(dtype, dims):
            return random_array(shape or tuple(d if isinstance(d, int) else 1 for d in dims), dtype.numpy, rng)
        case UnrankedType(dtype):
            return random_array(shape or (1,), dtype.numpy, rng)
        case SequenceType(element):
            return [random_value(element, rng, shape) for _ in range(2)]
        case OptionalType(element):
            return random_value(element, rng, shape)
        case MapType(key, value):
            return {k: random_value(value, rng) for k in (("a", "b") if key is STRING else (0, 1))}
        case _:
            return None


def random_array(shape: tuple[int, ...], dtype: np.dtype, rng: np.random.Generator) -> np.ndarray:
    """Floats from a standard normal distribution, integers from 0 and 1, strings "a" and "b"."""
    match dtype.kind:
        case "i" | "u" | "b":
            return rng.integers(0, 2, shape).astype(dtype)
        case "c":
            return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
        case "O":
            return rng.choice(np.array(["a", "b"], np.object_), shape)
        case _:
            return rng.standard_normal(shape).astype(dtype)


def write_values(folder: Path, values: Mapping[str, Any]) -> None:
    """Write arrays to `folder/NAME.npy`, sequences of arrays to `NAME.npz`, everything else to `NAME.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        stem = name.replace(os.sep, "_")
        match value:
            case np.ndarray():
                path = folder / f"{stem}.npy"
                np.save(path, _without_objects(value))
            case [np.ndarray(), *_] if all(isinstance(v, np.ndarray) for v in value):
                path = folder / f"{stem}.npz"
                elements = {f"{name}.{n}": _without_objects(v) for n, v in enumerate(value)}
                np.savez(path, allow_pickle=False, **elements)
            case _:
                path = folder / f"{stem}.json"
                path.write_text(json.dumps(_plain(value)))
        print(f"wrote {path}")


def _without_objects(array: np.ndarray) -> np.ndarray:
    return array.astype(np.str_) if array.dtype.hasobject else array


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case np.ndarray() | np.generic():
            return value.tolist()
        case list():
            return [_plain(v) for v in value]
        case dict():
            return {k: _plain(v) for k, v in value.items()}
        case _:
            return value


_SHOWN = 3  # elements of a sequence


def describe(name: str, value: Any) -> str:
    """A line on an array: its type, its range, its first elements; the first elements of sequences, and maps whole."""
    match value:
        case np.ndarray():
            return _describe_array(name, value)
        case list():
            shown = [describe(f"{name}.{n}", v) for n, v in enumerate(value[:_SHOWN])]
            more = [f"  … and {len(value) - _SHOWN} more"] if len(value) > _SHOWN else []
            return "\n".join([f"{name}: a sequence of {len(value)}", *shown, *more])
        case dict():
            return f"{name}: a map of {len(value)}\n  {_plain(value)}"
        case _:
            return f"{name}: {'nothing' if value is None else value}"


def _describe_array(name: str, array: np.ndarray) -> str:
    head = f"{name}: {'string' if array.dtype.hasobject else array.dtype.name}{list(array.shape)}"
    if array.size == 0:
        return f"{head} (empty)"
    if array.dtype.kind in "fiu" and array.size > 1:
        head += f", {array.min():.6g} … {array.max():.6g}, mean {array.mean(dtype=np.float64):.6g}"
    with np.printoptions(precision=6, threshold=16, edgeitems=4, linewidth=120):
        return f"{head}\n  {np.array2string(array.reshape(-1) if array.size > 16 else array, prefix='  ')}"
