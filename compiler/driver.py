"""`weft.compile`: from a module to a program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ..proto.artifact import Program
from ..proto.errors import fail
from ..proto.version import weft_version
from .codegen.target import Target
from .emit import emit_program
from .interpreter import concrete_attr, concrete_type
from .ir.dims import Expr, substitute
from .ir.graph import Function, Module, Node, Region, Value
from .ir.types import TensorType
from .passes import Context
from .pipeline import Observer, run_pipeline
from .verify import verify

Precision = Literal["default", "strict"]


def compile(
    module: Module,
    target: Target | str | None = None,
    precision: Precision = "default",
    shapes: Mapping[str, Sequence[int]] | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> Program:
    """Compile a module for a CPU.

    `target` is this machine if None, else a `Target` or its name (`"x86-64-v3"`). `precision="strict"` forbids algorithms that
    trade accuracy for speed. `shapes` gives inputs with symbolic dims fixed shapes: `{"x": (8, 3, 224, 224)}`. `progress` is told
    what begins.

    Raises `WeftError` with every problem of the module, or the first op that no kernel can be made for.
    """
    chosen = Target.parse(target) if isinstance(target, str) else target or Target.host()
    tell = progress or (lambda _: None)
    tell("verifying")
    verify(module)
    if shapes:
        module = with_shapes(module, shapes)
    observe: Observer | None = (lambda p, _m, _s: tell(p.name)) if progress else None
    module = run_pipeline(module, Context(chosen, precision), observe=observe)
    tell("generating code")
    return emit_program(module, chosen, f"weft {weft_version()}")


def with_shapes(module: Module, shapes: Mapping[str, Sequence[int]]) -> Module:
    """The module with the symbols of the main function's inputs replaced by the numbers that `shapes` (by input name) gives them.

    Raises `WeftError` (`shapes.name`, `.rank`, `.dim`) where a shape does not fit its input.
    """
    main = module.main
    inputs = dict(zip(main.param_names, main.params, strict=True))
    values: dict[str, int] = {}
    for name, shape in shapes.items():
        if name not in inputs:
            raise fail("shapes.name", f"there is no input `{name}`", help=f"the inputs are {', '.join(inputs)}")
        _bind(name, inputs[name].tensor, tuple(shape), values)
    return module.with_function(substitute_function(main, values))


def _bind(name: str, type: TensorType, shape: tuple[int, ...], values: dict[str, int]) -> None:
    if len(shape) != type.rank:
        raise fail("shapes.rank", f"input `{name}` has rank {type.rank} ({type}), the shape {shape} has {len(shape)} dims")
    for axis, (dim, size) in enumerate(zip(type.shape, shape, strict=True)):
        match dim:
            case Expr(terms=(((atom,), 1),)) if str(atom) == str(dim):
                if values.setdefault(str(atom), size) != size:
                    raise fail("shapes.dim", f"`{dim}` is both {values[str(atom)]} and {size} (input `{name}`, dim {axis})")
            case _ if substitute(dim, values) != size:
                raise fail("shapes.dim", f"dim {axis} of input `{name}` is {dim}, not {size}")
            case _:
                pass


def substitute_function(function: Function, values: Mapping[str, int]) -> Function:
    """`function` with symbols replaced in every type and attribute."""
    new: dict[Value, Value] = {}
    body = _region(function, values, new)
    return replace(function, params=body.params, nodes=body.nodes, results=body.results)


def _region(body: Region, values: Mapping[str, int], new: dict[Value, Value]) -> Region:
    for p in body.params:
        new[p] = Value(concrete_type(p.type, values), name=p.name)
    nodes: list[Node] = []
    for node in body.nodes:
        current = replace(
            node,
            operands=tuple(new[v] for v in node.operands),
            attrs={k: concrete_attr(a, values) for k, a in node.attrs.items()},
            regions=tuple(_region(r, values, new) for r in node.regions),
            types=tuple(concrete_type(t, values) for t in node.types),
        )
        new.update(zip(node.results, current.results, strict=True))
        nodes.append(current)
    return Region(tuple(new[p] for p in body.params), tuple(nodes), tuple(new[v] for v in body.results))
