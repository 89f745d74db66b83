"""Write a graph in the format of others: ONNX, or StableHLO's text.

weft export model.weft -o model.onnx
weft export model.onnx -o model.mlir
weft export model.weft --format stablehlo -o -
weft export model.weft -o predict.onnx --signature predict --shape x=8,784
"""

import argparse

from ..frontends.export import FORMATS, chosen, export, stablehlo
from ..frontends.load import load
from .compile_command import add_shape_option, parse_shapes

HELP = "write a graph as ONNX or StableHLO"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="the graph: .onnx, .weft or .mlir")
    parser.add_argument("-o", "--output", required=True, help="the file to write; - prints StableHLO")
    parser.add_argument("--format", choices=tuple(FORMATS), help="the format (default: by the output's ending)")

    parser.add_argument("--signature", metavar="NAME", help="the function to write (default: main, or the first)")
    add_shape_option(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft export`."""
    module, shapes = load(arguments.model), parse_shapes(arguments.shape)
    if arguments.output == "-":
        print(stablehlo(chosen(module, arguments.signature, shapes)), end="")
    else:
        export(module, arguments.output, arguments.format, signature=arguments.signature, shapes=shapes)
    return 0
