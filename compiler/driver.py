"""`weft.compile`: from a module to a program."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Literal

from ..proto.artifact import Program
from ..proto.errors import Diagnostic, WeftError, fail
from ..proto.limits import DEFAULT, Limits
from ..proto.version import weft_version
from .codegen.target import Target
from .devices import parse_devices
from .emit import emit_program
from .interpreter import bind_symbols
from .ir.dims import Dim, Expr, Symbol
from .ir.graph import Module, Value
from .ir.instantiate import instantiate
from .ir.types import TensorType, type_symbols
from .isolation import Isolation, Request, compile_isolated
from .passes import Context
from .pipeline import run_pipeline
from .program_cache import WORTH_SECONDS, default_programs
from .verify import verify

Precision = Literal["default", "strict"]


def compile(
    module: Module,
    target: Target | str | None = None,
    precision: Precision = "default",
    shapes: Mapping[str, Sequence[int]] | None = None,
    *,
    fold: bool = True,
    isolate: bool | Isolation = False,
    limits: Limits | None = None,
    devices: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> Program:
    """Compile a module for a CPU.

    `target` is this machine if None, else a `Target` or its name (`"x86-64-v3"`). `precision="strict"` forbids algorithms that
    trade accuracy for speed. `shapes` gives inputs with symbolic dims fixed shapes: `{"x": (8, 3, 224, 224)}`. `fold=False` leaves what
    depends on constants alone to the kernels of the program, as a way to see them work. `isolate` compiles in a process of its own,
    with bounds on time and memory: for graphs of strangers, on which LLVM may abort. `limits` bounds the work of folding
    constants. `devices` are further ones that nodes without an annotation may be placed on (`"sim:1"`, or `"sim:1=512MB"` to say how much
    memory it has). `progress` is told what begins.

    Raises `WeftError` with every problem of the module, or every op that no kernel can be made for; `isolate.crash`, `.timeout`,
    `.memory`.
    """
    if not isinstance(module, Module):  # pyright: ignore[reportUnnecessaryIsInstance]
        what = f"a module is compiled, not a {type(module).__name__}"
        raise fail("compile.module", what, help="weft.load(path) gives the module of a file")
    if precision not in ("default", "strict"):
        raise fail("compile.precision", f"there is no precision {precision!r}", help='choose "default" or "strict"')
    chosen = Target.parse(target) if isinstance(target, str) else target or Target.host()
    offered = parse_devices(devices) if devices else ()
    tell = progress or (lambda _: None)
    if isolate:
        allowed = isolate if isinstance(isolate, Isolation) else Isolation()
        tell("compiling in isolation")
        request = Request(chosen, precision, shapes, fold, allowed.memory, limits or DEFAULT, tuple(devices))
        return compile_isolated(module, request, allowed.seconds)
    bounds = limits or DEFAULT
    given = {name: tuple(shape) for name, shape in sorted((shapes or {}).items())}
    tell("looking for what was compiled before")
    programs = default_programs()
    place = programs.entry(module, repr((chosen, precision, given, fold, bounds, offered))) if programs else None
    if place and (known := place.load()):
        return known
    start = perf_counter()
    program = _compile(module, Context(chosen, precision, fold=fold, limits=bounds, devices=offered), shapes, tell)
    if place and perf_counter() - start >= WORTH_SECONDS:
        tell("keeping the program for the next time")
        place.store(program)
    return program


def _compile(module: Module, context: Context, shapes: Mapping[str, Sequence[int]] | None, tell: Callable[[str], None]) -> Program:
    tell("verifying")
    verify(module)
    if not any(f.public for f in module.functions.values()):
        raise fail("compile.module", "the module has no public function: there is nothing to run")
    if shapes:
        module = with_shapes(module, shapes)
    check_symbols(module)
    module = run_pipeline(module, context, observe=lambda p, _module, _seconds: tell(p.name))
    tell("generating code")
    return emit_program(module, context.cpu(), f"weft {weft_version()}")


def check_symbols(module: Module) -> None:
    """Every symbol of a public function must follow from one dim of an input; `compile.symbol` for each that does not."""
    found: list[Diagnostic] = []
    for f in module.functions.values():
        if not f.public or not all(isinstance(p.type, TensorType) for p in f.params):
            continue
        mentioned = [name for p in f.params for name in type_symbols(p.type)]
        determined = {name for p in f.params for d in p.tensor.shape if (name := _determined(d))}
        for name in dict.fromkeys(n for n in mentioned if n not in determined):
            help = f"give an input a dim that is `{name}`, or fix it with shapes="
            found.append(Diagnostic("compile.symbol", f"no dim of the inputs of `{f.name}` says what `{name}` is", f.loc, help))
    if found:
        raise WeftError(*found)


def _determined(d: Dim) -> str:
    """The symbol that a dim determines, if it is c · symbol + d with c > 0."""
    match d:
        case Expr(terms=(((Symbol(name),), factor),)) | Expr(terms=(((Symbol(name),), factor), ((), _))) if factor > 0:
            return name
        case _:
            return ""


def with_shapes(module: Module, shapes: Mapping[str, Sequence[int]]) -> Module:
    """The module with the symbols of the main function's inputs replaced by the numbers that `shapes` (by input name) gives them.

    Raises `WeftError` (`shapes.name`, `.rank`, `.dim`) where a shape does not fit its input, or what is wrong with the graph at these
    shapes.
    """
    main = module.main
    inputs = dict(zip(main.param_names, main.params, strict=True))
    pairs: list[tuple[Dim, int]] = []
    for name, shape in shapes.items():
        if name not in inputs:
            raise fail("shapes.name", f"there is no input `{name}`", help=f"the inputs are {', '.join(inputs)}")
        t = inputs[name].type
        if not isinstance(t, TensorType):
            raise fail("shapes.rank", f"input `{name}` is a {t}, whose values have no one shape")
        pairs += _dims_of(name, t, tuple(shape))
    try:
        values = bind_symbols(pairs)
    except WeftError as error:
        raise fail("shapes.dim", error.diagnostics[0].message, help="the inputs are " + _listed(inputs)) from None
    fixed = module.with_function(instantiate(main, values))
    verify(fixed, "verifying with the given shapes")
    return fixed


def _dims_of(name: str, type: TensorType, shape: tuple[int, ...]) -> Iterable[tuple[Dim, int]]:
    if len(shape) != type.rank:
        raise fail("shapes.rank", f"input `{name}` has rank {type.rank} ({type}), the shape {shape} has {len(shape)} dims")
    negative = [n for n in shape if n < 0]
    if negative:
        raise fail("shapes.dim", f"the shape {shape} of input `{name}` has the negative dim {negative[0]}")
    return zip(type.shape, shape, strict=True)


def _listed(inputs: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}: {v.type}" for name, v in inputs.items())
