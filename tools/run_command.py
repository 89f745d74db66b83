"""Run a graph or a compiled program on arrays from files, or on random ones, and print the results.

  weft run model.weftx --input x=x.npy --output results/
  weft run model.onnx --input inputs.npz
  weft run model.onnx --random 0 --shape x=1,3,224,224
  weft run model.onnx --random 0 --fetch conv1_out --fetch y
  weft run model.weftx --random 0 --profile

A .npz holds one array per input, by name. Inputs that are not given are an error, unless --random makes them: floats are drawn from a
standard normal distribution, integers from 0 and 1.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..compiler.ir.graph import Module, Value
from ..proto.errors import Loc, fail
from ..vm import VM
from ..vm.function import Function
from ..vm.profile import profile
from ..vm.profile import table as profile_table
from ..vm.signature import Argument
from .compile_command import add_compile_options, at_least, parse_shapes
from .console import progress

HELP = "run a graph or a program and print the results"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="a program (.weftx) or a graph (.onnx, .weft, .mlir)")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=FILE", help="an input: NAME=file.npy, or a file.npz; may be repeated"
    )
    random_help = "make the inputs that are not given; symbolic dims are 1 unless --shape says otherwise"
    parser.add_argument("--random", type=at_least(0), metavar="SEED", help=random_help)
    parser.add_argument("--fetch", action="append", default=[], metavar="NAME", help="a result or any tensor of a graph; may be repeated")
    parser.add_argument("--output", metavar="DIR", help="write each result to DIR/NAME.npy")
    parser.add_argument("--function", default="main", help="which function to run (default: main)")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, kernel by kernel")
    parser.add_argument("--threads", type=at_least(1), help="threads to use (default: one per CPU)")
    add_compile_options(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft run`."""
    shapes = parse_shapes(arguments.shape)
    with progress() as tell:
        tell("loading")
        function = _function(arguments, shapes, tell)
        inputs = _inputs(function, arguments, shapes)
        tell("running")
        start = time.perf_counter()
        results = function(*(inputs[port.name] for port in function.signature.inputs))
        seconds = time.perf_counter() - start
    names = [port.name for port in function.signature.outputs]
    arrays = dict(zip(names, results if isinstance(results, tuple) else (results,), strict=True))
    if arguments.model.endswith(".weftx") and arguments.fetch:
        arrays = _chosen(arrays, arguments.fetch)
    for name, array in arrays.items():
        print(describe(name, array))
    if arguments.output:
        write_arrays(Path(arguments.output), arrays)
    print(f"ran in {seconds * 1e3:.2f} ms")
    if arguments.profile:
        print(f"\n{profile_table(profile(function, list(inputs.values())))}")
    return 0


def _function(arguments: argparse.Namespace, shapes: Mapping[str, tuple[int, ...]], tell: Callable[[str], None]) -> Function:
    vm = VM(threads=arguments.threads)
    if arguments.model.endswith(".weftx"):
        return vm.load(arguments.model)[arguments.function]
    from ..compiler.driver import compile
    from ..frontends.load import load

    module = load(arguments.model)
    if arguments.fetch:
        module = fetching(module, arguments.fetch)
    program = compile(module, arguments.cpu, arguments.precision, shapes or None, progress=tell)
    return vm.load(program)[module.main.name if arguments.function == "main" else arguments.function]


def fetching(module: Module, names: list[str]) -> Module:
    """The module whose main function returns the values of these names, wherever they are computed."""
    main = module.main
    known: dict[str, Value] = {p.name: p for p in main.params if p.name}
    known |= {v.name: v for node in main.nodes for v in node.results if v.name}
    known |= dict(zip(main.result_names, main.results, strict=False))
    missing = [name for name in names if name not in known]
    if missing:
        close = [k for k in known if any(m.lower() in k.lower() for m in missing)][:8] or list(known)[-8:]
        raise fail("run.fetch", f"no tensor is called {', '.join(map(repr, missing))}", help=f"there are, for example: {', '.join(close)}")
    return module.with_function(replace(main, results=tuple(known[n] for n in names), result_names=tuple(names), aliases={}))


def _chosen(arrays: dict[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
    missing = [n for n in names if n not in arrays]
    if missing:
        help = f"a compiled program has its results alone ({', '.join(arrays)}); run the graph to see other tensors"
        raise fail("run.fetch", f"the program has no result {', '.join(map(repr, missing))}", help=help)
    return {n: arrays[n] for n in names}


def _inputs(function: Function, arguments: argparse.Namespace, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    given = read_arrays(arguments.input)
    rng = None if arguments.random is None else np.random.default_rng(arguments.random)
    known = {port.name for port in function.signature.inputs}
    unknown = sorted(set(given) - known)
    if unknown:
        raise fail("run.input", f"there is no input {', '.join(map(repr, unknown))}", help=f"the inputs are {', '.join(sorted(known))}")
    for port in function.signature.inputs:
        if port.name not in given and rng is not None:
            given[port.name] = _random(port, shapes.get(port.name), rng)
    missing = [port for port in function.signature.inputs if port.name not in given]
    if missing:
        wanted = ", ".join(f"{port.name}: {port}" if port.name not in str(port) else str(port) for port in missing)
        raise fail("run.input", f"inputs are missing: {wanted}", help="give them with --input NAME=FILE, or use --random SEED")
    return given


def _random(port: Argument, shape: tuple[int, ...] | None, rng: np.random.Generator) -> np.ndarray:
    """A random array for an input; dims that are still open are 1."""
    return random_array(shape or tuple(d if isinstance(d, int) else 1 for d in port.shape), port.dtype, rng)


def random_array(shape: tuple[int, ...], dtype: np.dtype, rng: np.random.Generator) -> np.ndarray:
    """Floats from a standard normal distribution, integers from 0 and 1."""
    match dtype.kind:
        case "i" | "u" | "b":
            return rng.integers(0, 2, shape).astype(dtype)
        case "c":
            return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
        case _:
            return rng.standard_normal(shape).astype(dtype)


def read_arrays(texts: list[str]) -> dict[str, np.ndarray]:
    """Arrays from `NAME=file.npy` and `file.npz` arguments; WeftError `run.file`."""
    arrays: dict[str, np.ndarray] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals:
            name, path = "", text
        try:
            loaded = np.load(path, allow_pickle=False)
        except OSError as error:
            raise fail("run.file", f"the file cannot be read: {error.strerror or error}", loc=Loc(path)) from error
        except (ValueError, EOFError) as error:
            raise fail("run.file", "the file is no array", loc=Loc(path), help="write it with numpy.save or numpy.savez") from error
        if isinstance(loaded, np.lib.npyio.NpzFile):
            arrays |= {name + key: loaded[key] for key in loaded.files}
        elif name:
            arrays[name] = loaded
        else:
            raise fail("usage.input", f"{path} holds one array: say for which input, NAME={path}")
    return arrays


def write_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write each array to `folder/NAME.npy`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        path = folder / f"{name.replace(os.sep, '_')}.npy"
        np.save(path, array)
        print(f"wrote {path}")


def describe(name: str, array: np.ndarray) -> str:
    """A line on an array: its type, its range, its first elements."""
    head = f"{name}: {array.dtype.name}{list(array.shape)}"
    if array.size == 0:
        return f"{head} (empty)"
    if array.dtype.kind in "fiu" and array.size > 1:
        head += f", {array.min():.6g} … {array.max():.6g}, mean {array.mean(dtype=np.float64):.6g}"
    with np.printoptions(precision=6, threshold=16, edgeitems=4, linewidth=120):
        return f"{head}\n  {np.array2string(array.reshape(-1) if array.size > 16 else array, prefix='  ')}"
