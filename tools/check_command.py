"""Say before compiling whether a model is supported, and what of it is not: every problem at once, with its place.

  weft check model.onnx                 exit status 0: it compiles; 1: it does not
  weft check model.onnx --json          the same for programs
  weft check program.mlir --cpu x86-64-v3

Also listed is what no kernel computes: calls of host functions (strings, sequences, linear algebra, random numbers).
"""

import argparse
import json

from ..frontends.check import Report, check
from ..proto.errors import Diagnostic, Loc
from .compile_command import add_compile_options, parse_limits, parse_shapes

HELP = "say whether a graph is supported, and what of it is not"
_PLACES = 5  # of a host call, in text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="the graph: .onnx, .weft or .mlir")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_compile_options(parser)


def execute(arguments: argparse.Namespace) -> int:
    """`weft check`."""
    shapes, limits = parse_shapes(arguments.shape) or None, parse_limits(arguments.limit)
    report = check(arguments.model, arguments.cpu, arguments.precision, shapes, limits=limits)
    print(json.dumps(_data(arguments.model, report), indent=2) if arguments.json else _text(arguments.model, report))
    return 0 if report.supported else 1


def _data(model: str, report: Report) -> dict[str, object]:
    return {
        "model": model,
        "supported": report.supported,
        "problems": [_problem(d) for d in report.problems],
        "kernels": report.kernels,
        "host_calls": [{"name": h.name, "does": h.doc, "places": [_place(loc) for loc in h.places]} for h in report.host_calls],
    }


def _problem(d: Diagnostic) -> dict[str, object]:
    return {"code": d.code, "message": d.message, "help": d.help, "place": _place(d.loc), **dict(d.about)}


def _place(loc: Loc) -> dict[str, object]:
    """A location; one that passes merged is its parts."""
    if loc.parts:
        return {"parts": [_place(part) for part in loc.parts]}
    return {k: v for k, v in (("file", loc.file), ("node", loc.name), ("line", loc.line), ("column", loc.column)) if v}


def _text(model: str, report: Report) -> str:
    lines = [_described(d) for d in report.problems]
    for h in report.host_calls:
        shown = [str(loc) for loc in h.places[:_PLACES]]
        more = [f"and {len(h.places) - _PLACES} more"] if len(h.places) > _PLACES else []
        lines.append(f"on the host: {h.name} ({h.doc.rstrip('.')}) for {', '.join(filter(None, [*shown, *more]))}")
    if report.problems:
        return "\n".join([*lines, f"{model}: not supported, {_count(len(report.problems), 'problem')}"])
    kinds = ", ".join(f"{n} {kind}" for kind, n in report.kernels.items())
    total = _count(sum(report.kernels.values()), "kernel") + (f" ({kinds})" if kinds else "")
    calls = sum(len(h.places) for h in report.host_calls)
    return "\n".join([*lines, f"{model}: supported: {total}, {_count(calls, 'host call')}"])


def _described(d: Diagnostic) -> str:
    """The diagnostic, and what it is about."""
    about = dict(d.about)
    if not about:
        return str(d)
    lines = [f"   = operator: {about['domain']}.{about['operator']}, opset {about['version']}"]
    lines += [f"   = {name}: {about[name]}" for name in ("inputs", "attributes") if about.get(name)]
    return "\n".join([str(d), *lines])


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")
