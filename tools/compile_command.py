"""Compile a graph into a program that runs without a compiler.

weft compile model.onnx -o model.weftx
weft compile model.onnx -o model.weftx --cpu x86-64-v3
weft compile model.onnx -o model.weftx --shape x=8,3,224,224
weft compile stranger.onnx -o model.weftx --isolate
weft compile model.onnx -o model.weftx --place 'encoder/*=sim:1' --device sim:2
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import fields

from ..compiler.annotate import place
from ..compiler.codegen.target import LEVELS, Target
from ..compiler.driver import compile
from ..frontends.load import load
from ..proto.errors import fail
from ..proto.limits import Limits
from .console import progress

HELP = "compile a graph into a program (.weftx)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="the graph: .onnx, .weft or .mlir")
    parser.add_argument("-o", "--output", help="the program to write (default: the model's name with .weftx)")
    add_compile_options(parser)
    add_placement_options(parser)
    parser.add_argument("--isolate", action="store_true", help="compile in a process of its own, bounded in time and memory")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def add_compile_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that compiles."""
    levels = ", ".join(LEVELS)
    parser.add_argument("--cpu", type=_cpu, default="native", metavar="LEVEL", help=f"the CPU to compile for: native (default), {levels}")
    parser.add_argument("--precision", choices=("default", "strict"), default="default", help="strict: no algorithm that trades accuracy")
    add_shape_option(parser)
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help="what a file may ask for (docs/reliability.md): --limit tensor_bytes=1000000000; may be repeated",
    )


def add_shape_option(parser: argparse.ArgumentParser) -> None:
    """The option that makes symbolic dims numbers."""
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=D,D,…",
        help="fix the shape of an input with symbolic dims; may be repeated",
    )


def add_placement_options(parser: argparse.ArgumentParser) -> None:
    """The options that say where nodes run."""
    parser.add_argument(
        "--place",
        action="append",
        default=[],
        metavar="PATTERN=DEVICE",
        help="run the nodes of these names on a device (cpu:0, sim:N); the last that matches counts; may be repeated",
    )
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="DEVICE[=SIZE]",
        help="a device that other nodes may be placed on, with so much memory (sim:1=512MB); may be repeated",
    )


def parse_rules(texts: list[str]) -> dict[str, str]:
    """`["encoder/*=sim:1"]` as a dict; WeftError `usage.place`."""
    rules: dict[str, str] = {}
    for text in texts:
        pattern, equals, device = text.rpartition("=")
        if not equals or not pattern:
            raise fail("usage.place", f"--place {text!r} is not PATTERN=DEVICE", help="for example --place 'encoder/*=sim:1'")
        rules[pattern] = device
    return rules


def parse_limits(texts: list[str]) -> Limits:
    """`["rank=40"]` as limits; WeftError `usage.limit`."""
    known = {f.name for f in fields(Limits)}
    given: dict[str, int] = {}
    for text in texts:
        name, _, amount = text.partition("=")
        if name not in known or not amount.isdecimal():
            names = ", ".join(sorted(known))
            raise fail("usage.limit", f"--limit {text!r} is not NAME=N", help=f"for example --limit rank=40; the limits are {names}")
        given[name] = int(amount)
    return Limits(**given)


def _cpu(name: str) -> str:
    """A CPU level's name, for argparse."""
    if name not in ("native", *LEVELS):
        raise argparse.ArgumentTypeError(f"no target is called {name!r}; choose one of: native, {', '.join(LEVELS)}")
    return name


def at_least(least: int) -> Callable[[str], int]:
    """The integers from `least` on, for argparse."""

    def integer(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return value

    return integer


def parse_shapes(texts: list[str]) -> dict[str, tuple[int, ...]]:
    """`["x=1,3,224,224"]` as a dict; WeftError `usage.shape`."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, equals, dims = text.rpartition("=")
        try:
            shapes[name] = tuple(int(d) for d in dims.replace("x", ",").split(",") if d)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise fail("usage.shape", f"--shape {text!r} is not NAME=D,D,…", help="for example --shape x=1,3,224,224")
    return shapes


def readable(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def execute(arguments: argparse.Namespace) -> int:
    """`weft compile`."""
    output = arguments.output or os.path.splitext(arguments.model)[0] + ".weftx"
    if not output.endswith(".weftx"):
        raise fail("usage.output", f"a program's name must end in .weftx, not {output!r}")
    start = time.perf_counter()
    with progress(arguments.quiet) as tell:
        tell("loading")
        module = load(arguments.model, limits=parse_limits(arguments.limit))
        target = Target.parse(arguments.cpu)
        shapes = parse_shapes(arguments.shape) or None
        module = place(module, parse_rules(arguments.place))
        devices = tuple(arguments.device)
        program = compile(module, target, arguments.precision, shapes, isolate=arguments.isolate, devices=devices, progress=tell)
        tell("writing")
        program.save(output)
    if not arguments.quiet:
        size = os.path.getsize(output)
        print(f"{output}: {readable(size)} for {target}, compiled in {time.perf_counter() - start:.2f} s")
    return 0
