"""Show a graph at any stage of the compiler, or what a program is made of.

weft dump model.onnx                        the graph as imported
weft dump model.onnx --stage fuse           after the pass `fuse` (`--list` names the passes)
weft dump model.onnx --stage program        instructions, buffers, kernels
weft dump model.onnx --stage asm            machine code of the kernels
weft dump model.onnx --format dot | dot -Tsvg -o model.svg
weft dump model.weftx                       a compiled program
"""

import argparse
import json

from ..compiler.annotate import place
from ..compiler.codegen.llvm import assembly
from ..compiler.codegen.target import Target
from ..compiler.devices import parse_devices
from ..compiler.driver import compile, with_shapes
from ..compiler.emit.program import generate_kernels
from ..compiler.ir.dot import to_dot
from ..compiler.ir.graph import Module
from ..compiler.ir.jsondump import to_json
from ..compiler.ir.text import to_text
from ..compiler.passes import Context
from ..compiler.pipeline import PIPELINE, run_pipeline
from ..frontends.load import load
from ..proto.artifact import Program
from ..proto.errors import fail
from ..vm import VM
from .compile_command import add_compile_options, add_placement_options, parse_limits, parse_rules, parse_shapes

HELP = "show a graph at any stage, or a program"

_NATIVE = ("program", "llvm", "asm")
_ELIDE = 32


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", nargs="?", help="a graph (.onnx, .weft, .mlir) or a program (.weftx)")
    parser.add_argument("--stage", default="import", metavar="STAGE", help="import (default), a pass, program, llvm or asm")
    parser.add_argument("--format", choices=("text", "json", "dot"), default="text", help="how to print a graph (default: text)")
    parser.add_argument("--full", action="store_true", help="print large constants too, so that the text can be read back")
    parser.add_argument("--locations", action="store_true", help="print where each node came from")
    parser.add_argument("--list", action="store_true", help="list the stages and exit")
    add_compile_options(parser)
    add_placement_options(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft dump`."""
    stages = list(dict.fromkeys(["import", *(p.name for p, _ in PIPELINE), *_NATIVE]))
    if arguments.list:
        print("\n".join(stages))
        return 0
    if arguments.model is None:
        raise fail("usage.model", "say which model to dump")
    if arguments.stage in _NATIVE and arguments.format != "text":
        raise fail("usage.format", f"the stage {arguments.stage} prints as text only")
    if arguments.model.endswith(".weftx"):
        if arguments.stage not in ("import", "program"):
            raise fail("usage.stage", "a program has no stages; dump the graph it was made of")
        print(_program_text(Program.open(arguments.model), arguments.format))
        return 0
    if arguments.stage not in stages:
        raise fail("usage.stage", f"there is no stage {arguments.stage!r}", help=f"stages: {', '.join(stages)}")
    module = load(arguments.model, limits=parse_limits(arguments.limit))
    shapes = parse_shapes(arguments.shape)
    if shapes:
        module = with_shapes(module, shapes)
    module = place(module, parse_rules(arguments.place))
    target = Target.parse(arguments.cpu)
    if arguments.stage == "program":
        print(_program_text(compile(module, target, arguments.precision, devices=arguments.device), arguments.format))
        return 0
    if arguments.stage != "import":
        until = None if arguments.stage in _NATIVE else arguments.stage
        module = run_pipeline(module, Context(target, arguments.precision, devices=parse_devices(arguments.device)), until=until)
    if arguments.stage in _NATIVE:
        for kernel in generate_kernels(module, target):
            print(f"; {kernel.name}: {kernel.plan}")
            print(kernel.ir if arguments.stage == "llvm" else assembly(kernel.ir, target))
        return 0
    print(_graph(module, arguments))
    return 0


def _graph(module: Module, arguments: argparse.Namespace) -> str:
    match arguments.format:
        case "dot":
            return to_dot(module.main)
        case "json":
            return json.dumps(to_json(module), indent=2)
        case _:
            return to_text(module, locations=arguments.locations, elide=None if arguments.full else _ELIDE)


def _program_text(program: Program, format: str) -> str:
    if format != "text":
        raise fail("usage.format", "a program prints as text only")
    return VM(threads=1).load(program).disassemble()
