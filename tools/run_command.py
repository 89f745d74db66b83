"""Run a graph or a compiled program on arrays from files, or on random ones, and print the results.

  weft run model.weftx --input x=x.npy --output results/
  weft run model.onnx --input inputs.npz
  weft run model.onnx --input xs=elements.npz --input words=words.json
  weft run model.onnx --random 0 --shape x=1,3,224,224
  weft run model.onnx --random 0 --fetch conv1_out --fetch y
  weft run model.weftx --random 0 --profile

A .npz holds one array per input, by name. The elements of a sequence xs are arrays xs.0, xs.1… there, or those of a file of its own, in
order: --input xs=elements.npz. Maps, optionals and whatever else is no array are read from JSON: --input m=map.json, where null is an
optional without a value. Strings are arrays of strings (.npy) or JSON. Results are written in the same way.

Inputs that are not given are an error, unless --random makes them: floats are drawn from a standard normal distribution, integers from 0
and 1; sequences have two elements.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler.ir.graph import Module, Value
from ..proto.errors import fail
from ..vm import VM
from ..vm.driver import DriverFunction
from ..vm.function import Function
from ..vm.profile import profile
from ..vm.profile import table as profile_table
from .compile_command import add_compile_options, add_placement_options, at_least, parse_limits, parse_rules, parse_shapes
from .console import progress
from .host_values import describe, gather, random_value, read_values, write_values

HELP = "run a graph or a program and print the results"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="a program (.weftx) or a graph (.onnx, .weft, .mlir)")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="an input: NAME=file.npy (or .npz, .json), or a file.npz; may be repeated",
    )
    random_help = "make the inputs that are not given; symbolic dims are 1 unless --shape says otherwise"
    parser.add_argument("--random", type=at_least(0), metavar="SEED", help=random_help)
    parser.add_argument("--fetch", action="append", default=[], metavar="NAME", help="a result or any tensor of a graph; may be repeated")
    parser.add_argument("--output", metavar="DIR", help="write each result to DIR/NAME.npy (.npz, .json)")
    parser.add_argument("--function", default="main", help="which function to run (default: main)")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, kernel by kernel, or call by call")
    parser.add_argument("--threads", type=at_least(1), help="threads to use (default: one per CPU)")
    parser.add_argument("--memory", type=at_least(1), metavar="BYTES", help="what the run may take (default: 3/4 of the machine's memory)")
    parser.add_argument("--timeout", type=at_least(1), metavar="SECONDS", help="end the run with an error after so long (default: never)")
    add_compile_options(parser)
    add_placement_options(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft run`."""
    shapes = parse_shapes(arguments.shape)
    with progress() as tell:
        tell("loading")
        function = _function(arguments, shapes, tell)
        inputs = _inputs(function, arguments, shapes)
        tell("running")
        start = time.perf_counter()
        results = function(*(inputs[port.name] for port in function.signature.inputs), timeout=arguments.timeout)
        seconds = time.perf_counter() - start
    names = [port.name for port in function.signature.outputs]
    values = dict(zip(names, results if isinstance(results, tuple) else (results,), strict=True))
    if arguments.model.endswith(".weftx") and arguments.fetch:
        values = _chosen(values, arguments.fetch)
    for name, value in values.items():
        print(describe(name, value))
    if arguments.output:
        write_values(Path(arguments.output), values)
    print(f"ran in {seconds * 1e3:.2f} ms")
    if arguments.profile:
        print(f"\n{profile_table(profile(function, [inputs[port.name] for port in function.signature.inputs]))}")
    return 0


def _function(
    arguments: argparse.Namespace, shapes: Mapping[str, tuple[int, ...]], tell: Callable[[str], None]
) -> Function | DriverFunction:
    vm = VM(threads=arguments.threads, memory=arguments.memory)
    if arguments.model.endswith(".weftx"):
        return vm.load(arguments.model)[arguments.function]
    from ..compiler.annotate import place
    from ..compiler.driver import compile
    from ..frontends.load import load

    module = load(arguments.model, limits=parse_limits(arguments.limit))
    if arguments.fetch:
        module = fetching(module, arguments.fetch)
    module = place(module, parse_rules(arguments.place))
    devices = tuple(arguments.device)
    program = compile(module, arguments.cpu, arguments.precision, shapes or None, devices=devices, progress=tell)
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


def _chosen(values: dict[str, Any], names: list[str]) -> dict[str, Any]:
    missing = [n for n in names if n not in values]
    if missing:
        help = f"a compiled program has its results alone ({', '.join(values)}); run the graph to see other tensors"
        raise fail("run.fetch", f"the program has no result {', '.join(map(repr, missing))}", help=help)
    return {n: values[n] for n in names}


def _inputs(function: Function | DriverFunction, arguments: argparse.Namespace, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    given = gather(function.signature.inputs, read_values(arguments.input))
    rng = None if arguments.random is None else np.random.default_rng(arguments.random)
    known = {port.name for port in function.signature.inputs}
    unknown = sorted(set(given) - known)
    if unknown:
        raise fail("run.input", f"there is no input {', '.join(map(repr, unknown))}", help=f"the inputs are {', '.join(sorted(known))}")
    for port in function.signature.inputs:
        if port.name not in given and rng is not None:
            given[port.name] = random_value(port.type, rng, shapes.get(port.name))
    missing = [port for port in function.signature.inputs if port.name not in given]
    if missing:
        wanted = ", ".join(f"{port.name}: {port}" if port.name not in str(port) else str(port) for port in missing)
        raise fail("run.input", f"inputs are missing: {wanted}", help="give them with --input NAME=FILE, or use --random SEED")
    return given
