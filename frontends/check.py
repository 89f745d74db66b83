"""`weft.check`: what stands between a model and a program, and what of it no kernel computes, before anything is compiled.

The model goes through the importer, the pipeline and the generators of kernels, as `weft.compile` takes it; LLVM is not called. So what
this says is what compiling will say: there is no second list of what is supported.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..compiler.codegen.target import Target
from ..compiler.driver import Precision, check_symbols, with_shapes
from ..compiler.emit.program import generate_kernels
from ..compiler.ir.graph import Module, Node
from ..compiler.passes import Context
from ..compiler.pipeline import run_pipeline
from ..compiler.verify import verify
from ..proto.errors import Diagnostic, Loc, WeftError
from ..proto.files import Path
from ..proto.limits import Limits
from ..vm.host import lookup
from .load import load

_FILE_ERRORS = ("file.", "load.", "container.", "shapes.", "target.")


@dataclass(frozen=True, slots=True)
class HostCalls:
    """The calls of one host function: what it does, and the nodes it is called for."""

    name: str
    doc: str
    places: tuple[Loc, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` finds. `problems` is empty if the model compiles; then `kernels` counts its kernels by kind."""

    problems: tuple[Diagnostic, ...]
    kernels: Mapping[str, int]
    host_calls: tuple[HostCalls, ...]

    @property
    def supported(self) -> bool:
        """Whether the model compiles."""
        return not self.problems


def check(
    path: Path,
    target: Target | str | None = None,
    precision: Precision = "default",
    shapes: Mapping[str, Sequence[int]] | None = None,
    *,
    limits: Limits | None = None,
) -> Report:
    """Whether the model in a file (`.onnx`, `.weft`, `.mlir`) compiles with these options, those of `weft.compile`; every reason if not.

    A diagnostic about an ONNX node says in `about` which operator, version, input types and attributes it concerns. Raises `WeftError`
    where there is no model to speak of: `file.*`, `load.format`, `container.*`, and `shapes.*` or `target.*` for impossible options.
    """
    chosen = Target.parse(target) if isinstance(target, str) else target or Target.host()
    try:
        module = load(path, limits=limits)
        verify(module)
        if shapes:
            module = with_shapes(module, shapes)
        check_symbols(module)
        module = run_pipeline(module, Context(chosen, precision))
        generate_kernels(module, chosen)
    except WeftError as error:
        if error.code.startswith(_FILE_ERRORS):
            raise
        return Report(error.diagnostics, {}, ())
    nodes = list(_executed(module))
    kernels = Counter(str(n.attrs["kind"]) for n in nodes if n.op == "weft.fusion")
    return Report((), dict(sorted(kernels.items())), _host_calls(nodes))


def _executed(module: Module) -> Iterator[Node]:
    """The nodes of a module that has been through the pipeline, those of kernels left out."""
    for function in module.functions.values():
        stack = list(function.nodes)
        while stack:
            node = stack.pop()
            yield node
            if node.op != "weft.fusion":
                stack += (inner for region in node.regions for inner in region.nodes)


def _host_calls(nodes: Sequence[Node]) -> tuple[HostCalls, ...]:
    places: dict[str, list[Loc]] = {}
    for node in nodes:
        if node.op == "custom_call":
            places.setdefault(str(node.attrs["call_target_name"]), []).append(node.loc)
    return tuple(HostCalls(name, lookup(name).doc, tuple(places[name])) for name in sorted(places))
