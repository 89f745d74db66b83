"""Tell what became of a graph: the kernels, what each computes, and why others were not made part of it.

  weft explain model.onnx                     the kernels in order: kind, plan, and the nodes of the model they compute
  weft explain model.onnx --fusion            also their operations, and why their producers are kernels of their own
  weft explain model.onnx --node Softmax_3    the kernels that compute (part of) a node of the model
  weft explain model.onnx --json              the same for programs

A producer joins the kernel that reads its result if nothing else needs the result, and if the kernel can compute it on the way; what costs
nothing (broadcasts, counting, small constants) is computed in every kernel that reads it.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass

from ..compiler.codegen.cpu import emit_kernel
from ..compiler.codegen.target import Target
from ..compiler.driver import with_shapes
from ..compiler.emit.program import native_functions
from ..compiler.ir.graph import Node
from ..compiler.passes import Context
from ..compiler.passes.fuse import Decision, fusion_decisions
from ..compiler.pipeline import PIPELINE, run_pipeline
from ..frontends.load import load
from ..proto.errors import Loc
from .compile_command import add_compile_options, parse_limits, parse_shapes

HELP = "tell what became of a graph: its kernels, and why they are not fewer"
_PLACES = 4


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="the graph: .onnx, .weft or .mlir")
    parser.add_argument("--fusion", action="store_true", help="list the operations of every kernel, and why producers stayed outside")
    parser.add_argument("--node", default="", metavar="TEXT", help="only kernels of nodes with this in their place")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_compile_options(parser)


@dataclass(frozen=True, slots=True)
class Explained:
    """One kernel of one function."""

    function: str
    number: int
    kind: str
    plan: str
    decision: Decision


def execute(arguments: argparse.Namespace) -> int:
    """`weft explain`."""
    target = Target.parse(arguments.cpu)
    module = load(arguments.model, limits=parse_limits(arguments.limit))
    shapes = parse_shapes(arguments.shape)
    module = with_shapes(module, shapes) if shapes else module
    before = tuple((p, stage) for p, stage in PIPELINE if p.name != "fuse")
    ready = run_pipeline(module, Context(target, arguments.precision), steps=before)
    kernels = [
        Explained(f.name, n, str(d.fusion.attrs["kind"]), str(emit_kernel(d.fusion, target).plan), d)
        for f in native_functions(ready)
        for n, d in enumerate(fusion_decisions(f))
    ]
    chosen = [k for k in kernels if not arguments.node or any(arguments.node in str(p) for p in _places(k.decision.fusion.loc))]
    if arguments.json:
        print(json.dumps({"model": arguments.model, "kernels": [_data(k) for k in chosen]}, indent=2))
    else:
        print("\n".join(_text(chosen, fusion=arguments.fusion)))
    return 0


def _places(loc: Loc) -> list[Loc]:
    return list(loc.parts) or ([loc] if loc else [])


def _text(kernels: list[Explained], *, fusion: bool) -> Iterator[str]:
    function = ""
    for k in kernels:
        if k.function != function:
            function = k.function
            yield f"function {function}"
        yield f"{k.number:4}  {k.kind}: {k.plan}"
        places = [str(p) for p in _places(k.decision.fusion.loc)]
        more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
        if places:
            yield f"        of {'; '.join(places[:_PLACES])}{more}"
        if fusion:
            yield f"        computes {', '.join(_operations(k.decision))}"
            for node, why in _outside(k.decision):
                yield f"        without {_named(node)}: {why}"


def _operations(decision: Decision) -> list[str]:
    """What a kernel computes; constants and copies of what costs nothing are not worth a word."""
    named = [n.op for n in decision.members if n.op not in ("constant", "broadcast_in_dim")]
    return named or [n.op for n in decision.members]


def _outside(decision: Decision) -> list[tuple[Node, str]]:
    """Producers that are computed elsewhere, and why; constants are not computed at all."""
    return [(n, why) for n, why in decision.refused if n.op != "constant"]


def _named(node: Node) -> str:
    places = _places(node.loc)
    what = f"{node.op} {node.results[0].type}"
    return f"{what} ({places[0]})" if len(places) == 1 else what


def _data(k: Explained) -> dict[str, object]:
    return {
        "function": k.function,
        "number": k.number,
        "kind": k.kind,
        "plan": k.plan,
        "places": [str(p) for p in _places(k.decision.fusion.loc)],
        "operations": [n.op for n in k.decision.members],
        "outside": [{"operation": n.op, "type": str(n.results[0].type), "reason": why} for n, why in _outside(k.decision)],
    }
