"""`weft.trainable`: an imported graph as a function of tensors and a tree of its weights, to be trained further or built upon.

features, weights = weft.trainable(weft.load("model.onnx"), cut="flatten_output")

@weft.function(donate="head")
def step(head, x, y):                       # the imported part stays as it is
    loss, grads = weft.value_and_grad(lambda h: nn.cross_entropy(features(weights, x) @ h, y))(head)
    return head - 0.1 * grads, loss

`weft.tensors` lists what there is to cut at, to freeze and to train; `weft.retrained` puts trained weights back into the module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from ...compiler.autodiff import differentiable
from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Function, Module, Value
from ...compiler.ir.instantiate import instantiate
from ...compiler.ir.text.printer import value_names
from ...compiler.ir.types import Type, unify_all
from ...compiler.ops.gradients.common import inline
from ...compiler.parameters import weights_of, with_weights_as_params
from ...compiler.weights import with_weights
from ...proto.errors import fail
from .lift import lifted
from .tensor import Tensor

Names = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a graph: its name, what it is, its type, the op that makes it and where in the model's file that stands."""

    name: str
    kind: str
    """input, weight, constant (a number, or an array without a name), value or result"""
    type: Type
    op: str = ""
    place: str = ""

    def __str__(self) -> str:
        return f"{self.kind:8} {self.name}: {self.type}{f'  {self.op}' if self.op else ''}{f'  ({self.place})' if self.place else ''}"


def tensors(module: Module) -> list[Entry]:
    """What the main function of a module is made of, in order: its inputs, weights, values and results, calls inlined.

    Inputs, values and results are what `trainable(cut=…)` takes by name; values that have no name in the file have the one of the graph's
    text, such as `%12`. Weights may stand inside of branches and loops. Constants are single numbers, and arrays of floats without a name:
    folded into the graph by whoever wrote it, and weights for `trainable(constants=True)`.
    """
    main = differentiable(module).main
    entries = [Entry(name, "input", p.type) for name, p in zip(main.param_names, main.params, strict=True)]
    entries += [Entry(w.name, "constant" if w.is_constant else "weight", w.value.type) for w in weights_of(main, True)]
    for name, v in _values(main).items():
        assert v.node is not None
        entries.append(Entry(name, "value", v.type, v.op, str(v.node.loc) if v.node.loc else ""))
    return entries + [Entry(name, "result", v.type) for name, v in zip(main.result_names, main.results, strict=False)]


def _values(main: Function) -> dict[str, Value]:
    """The values that nodes of the function itself make, by name."""
    texts = value_names(main)
    found: dict[str, Value] = {}
    for n in main.nodes:
        for v in n.results if n.op != "constant" else ():
            found[v.name if v.name and v.name not in found else texts[v]] = v
    return found


def trainable(
    module: Module, *, cut: Names | None = None, freeze: Names = (), constants: bool = False
) -> tuple[Callable[..., Any], dict[str, Tensor]]:
    """`(fn, params)`: `fn(params, *inputs)` is what `module`'s main function computes of its inputs when its weights are `params`.

    `params` are the named arrays of floats that the results depend on, by name, wherever they stand: also in functions that are called,
    in branches and in loops. With `constants` single numbers count too, and arrays without a name, as `constant0`, `constant1`, ….
    Those that match a pattern of `freeze` ("*running*"; "*" for all) are left out and stay what they are; the running mean and variance
    of a batch normalisation are weights like others here, and want to be frozen. `fn` gives one tensor, or a tuple of as many as the
    module has results. `cut` asks for others instead, by the names that `tensors` lists: one name for one tensor, several for a tuple.

    Raises `WeftError`: `trainable.cut` for a name that no tensor has, `trainable.freeze` for a pattern that no weight matches; `fn` raises
    `trainable.weights` for a tree of other names, and what ops say of operands that do not fit.
    """
    main = differentiable(module).main
    results = main.results if cut is None else _cut(main, _several(cut))
    found = {w.name: w for w in weights_of(main, constants, results)}
    for pattern in _several(freeze):
        if not any(fnmatchcase(name, pattern) for name in found):
            raise fail("trainable.freeze", f"no weight is called `{pattern}`", help=f"there are {', '.join(found) or 'none'}")
    kept = [w for n, w in found.items() if not any(fnmatchcase(n, pattern) for pattern in _several(freeze))]
    body = with_weights_as_params(main, kept, results)
    single = isinstance(cut, str) or (cut is None and len(results) == 1)

    @lifted
    def apply(*values: Any) -> Any:
        outs = inline(_instance(body, values), values)
        return outs[0] if single else outs

    names = [w.name for w in kept]

    def fn(params: dict[str, Any], *inputs: Any) -> Any:
        if params.keys() != set(names):
            missing, more = sorted(set(names) - params.keys()), sorted(params.keys() - set(names))
            fact = "; ".join(f"{what} {', '.join(which)}" for what, which in (("missing:", missing), ("unknown:", more)) if which)
            raise fail("trainable.weights", f"the weights are not those of the imported function; {fact}")
        return apply(*(params[n] for n in names), *inputs)

    return fn, {w.name: Tensor(w.array) for w in kept}


def retrained(module: Module, params: Mapping[str, Any]) -> Module:
    """The module with other weights, by their names: those that `trainable` gave, trained; to be saved, compiled or exported.

    Raises `WeftError`: `weights.name` for a name that no weight has, `weights.type` for another dtype or shape.
    """
    return with_weights(module, {name: np.asarray(p) for name, p in params.items()})


def _several(names: Names) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _cut(main: Function, names: Sequence[str]) -> list[Value]:
    """The tensors of these names: values, results, inputs."""
    known = dict(zip(main.param_names, main.params, strict=True)) | dict(zip(main.result_names, main.results, strict=False)) | _values(main)
    return [_named(main, known, name) for name in names]


def _named(main: Function, known: dict[str, Value], name: str) -> Value:
    if name in known:
        return known[name]
    if f"%{name}" in known:
        return known[f"%{name}"]
    inside = {v.name for n in main.nodes for r in n.regions for m in r.walk() for v in m.results}
    if name in inside:
        fact = f"`{name}` is inside a branch or a loop, and has a value for every turn"
        raise fail("trainable.cut", fact, help="cut at a result of the branch or loop; weft.tensors(module) lists all")
    near = get_close_matches(name, known, 5, 0.4) or list(known)[-8:]
    raise fail("trainable.cut", f"no tensor is called `{name}`", help=f"some that are: {', '.join(near)}; weft.tensors(module) lists all")


def _instance(body: Function, values: Sequence[Value]) -> Function:
    """The body for operands of these sizes."""
    if len(values) != len(body.params):
        missing = len(body.params) - len(values)
        raise fail("trainable.inputs", f"{abs(missing)} inputs too {'many' if missing < 0 else 'few'}")
    sizes: dict[str, Dim] = {}
    if not unify_all([p.type for p in body.params], [v.type for v in values], sizes):
        wanted, got = (", ".join(str(v.type) for v in vs) for vs in (body.params, values))
        raise fail("trainable.inputs", f"the weights and inputs do not fit: the function takes {wanted}; it got {got}")
    return instantiate(body, sizes) if sizes else body
