"""What a pass is, and the table of all passes by name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ...proto.limits import DEFAULT, Limits
from ..codegen.target import Target
from ..devices import Device
from ..ir.graph import Function, Module, Region


@dataclass(frozen=True)
class Context:
    """What passes may know besides the module.

    `precision` is "default" or "strict"; `fold_bytes` is the most that constant folding may add to a program for one value, beyond
    what the constants it replaces took. Without `fold`, constants are only brought into the layouts that kernels read. `limits` bounds
    the work of folding. `devices` are those that placement may use besides the ones that nodes name.
    """

    target: Target | None = None
    precision: str = "default"
    fold_bytes: int = 1 << 16
    fold: bool = True
    limits: Limits = DEFAULT
    devices: tuple[Device, ...] = ()

    def cpu(self) -> Target:
        """The target; this machine's where none was given."""
        return self.target or Target.host()


@dataclass(frozen=True)
class Pass:
    """A named module-to-module transformation. It returns the object it was given when nothing changed."""

    name: str
    doc: str
    run: Callable[[Module, Context], Module] = field(repr=False)

    def __call__(self, module: Module, context: Context | None = None) -> Module:
        return self.run(module, context or Context())


PASSES: dict[str, Pass] = {}


def module_pass(name: str) -> Callable[[Callable[[Module, Context], Module]], Pass]:
    """Register a function on modules as the pass `name`; its docstring documents the pass."""

    def register(run: Callable[[Module, Context], Module]) -> Pass:
        if name in PASSES:
            raise ValueError(f"pass {name} is defined twice")
        PASSES[name] = Pass(name, run.__doc__ or "", run)
        return PASSES[name]

    return register


def region_pass(name: str) -> Callable[[Callable[[Region, Context], Region]], Pass]:
    """Register a function on regions as the pass `name`.

    It is applied to the body of every function and must go into nested regions itself.
    """

    def register(run: Callable[[Region, Context], Region]) -> Pass:
        def on_module(module: Module, context: Context) -> Module:
            changed = False
            functions: dict[str, Function] = {}
            for key, function in module.functions.items():
                body = run(function, context)
                functions[key] = function if body is function else with_body(function, body)
                changed |= body is not function
            return replace(module, functions=functions) if changed else module

        on_module.__doc__ = run.__doc__
        return module_pass(name)(on_module)

    return register


def with_body(function: Function, body: Region) -> Function:
    """`function` with another body; its name, aliases and result names stay."""
    return replace(function, params=body.params, nodes=body.nodes, results=body.results)
