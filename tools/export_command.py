"""Write a graph in the format of others: ONNX, or StableHLO's text.

weft export model.weft -o model.onnx
weft export model.onnx -o model.mlir
weft export model.weft --format stablehlo -o -
"""

import argparse

from ..frontends.export import FORMATS, export, stablehlo
from ..frontends.load import load

HELP = "write a graph as ONNX or StableHLO"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="the graph: .onnx, .weft or .mlir")
    parser.add_argument("-o", "--output", required=True, help="the file to write; - prints StableHLO")
    parser.add_argument("--format", choices=tuple(FORMATS), help="the format (default: by the output's ending)")


def execute(arguments: argparse.Namespace) -> int:
    """`weft export`."""
    module = load(arguments.model)
    if arguments.output == "-":
        print(stablehlo(module), end="")
    else:
        export(module, arguments.output, arguments.format)
    return 0
