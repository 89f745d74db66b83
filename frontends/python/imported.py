"""`weft.trainable`: an imported graph as a function of tensors and a tree of its weights, to be trained further or built upon.

features, weights = weft.trainable(weft.load("model.onnx"), cut="flatten_output")

@weft.function(donate="head")
def step(head, x, y):                       # the imported part stays as it is
    loss, grads = weft.value_and_grad(lambda h: nn.cross_entropy(features(weights, x) @ h, y))(head)
    return head - 0.1 * grads, loss
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ...compiler.ir.attrs import Tensor as Weight
from ...compiler.ir.dims import Dim
from ...compiler.ir.graph import Function, Module, Value, param, sort_nodes
from ...compiler.ir.graph import function as ir_function
from ...compiler.ir.instantiate import instantiate
from ...compiler.ir.types import unify_all
from ...compiler.ops.gradients.common import has_cotangent, inline
from ...compiler.passes import Context, inline_calls
from ...proto.errors import fail
from .lift import lifted
from .tensor import Tensor

Names = str | Sequence[str]


def trainable(module: Module, *, cut: Names | None = None, freeze: Names = ()) -> tuple[Callable[..., Any], dict[str, Tensor]]:
    """`(fn, params)`: `fn(params, *inputs)` is what `module`'s main function computes of its inputs when its weights are `params`.

    `params` are the named constants of main that are floats and count for the results, by name; those that match a pattern of `freeze`
    ("*running*"; "*" for all) are left out and stay what they are. `fn` gives one tensor, or a tuple of as many as the module has results.
    `cut` asks for values inside instead, by the names they have in the file: one name for one tensor, several for a tuple.

    Raises `WeftError`: `trainable.cut` for a name that no value has, `trainable.freeze` for a pattern that no weight matches; `fn` raises
    `trainable.weights` for a tree of other names, and what ops say of operands that do not fit.
    """
    main = inline_calls(module, Context()).main
    results = main.results if cut is None else [_named(main, name) for name in _several(cut)]
    found = _weights(main, results)
    for pattern in _several(freeze):
        if not any(fnmatchcase(name, pattern) for name in found):
            raise fail("trainable.freeze", f"no weight is called `{pattern}`", help=f"there are {', '.join(found) or 'none'}")
    names = [n for n in found if not any(fnmatchcase(n, pattern) for pattern in _several(freeze))]
    body = _with_params(main, names, found, results)
    single = isinstance(cut, str) or (cut is None and len(results) == 1)

    @lifted
    def apply(*values: Any) -> Any:
        outs = inline(_instance(body, values), values)
        return outs[0] if single else outs

    def fn(params: dict[str, Any], *inputs: Any) -> Any:
        if params.keys() != set(names):
            missing, more = sorted(set(names) - params.keys()), sorted(params.keys() - set(names))
            fact = "; ".join(f"{what} {', '.join(which)}" for what, which in (("missing:", missing), ("unknown:", more)) if which)
            raise fail("trainable.weights", f"the weights are not those of the imported function; {fact}")
        return apply(*(params[n] for n in names), *inputs)

    return fn, {n: Tensor(found[n].array) for n in names}


def _several(names: Names) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _weights(main: Function, results: Sequence[Value]) -> dict[str, Weight]:
    """Constants of floats that results need, by name."""
    needed = sort_nodes(main.params, results)
    constants = (n.attrs["value"] for n in needed if n.op == "constant" and has_cotangent(n.result))
    return {t.name: t for t in constants if isinstance(t, Weight) and t.name}


def _named(main: Function, name: str) -> Value:
    for node in main.nodes:
        for v in node.results:
            if v.name == name:
                return v
    known = [v.name for n in main.nodes if n.op != "constant" for v in n.results if v.name]
    raise fail("trainable.cut", f"no value is called `{name}`", help=f"some that are: {', '.join(known[-12:])}")


def _with_params(main: Function, names: Sequence[str], weights: dict[str, Weight], results: Sequence[Value]) -> Function:
    """`main` up to `results`, with parameters in front for the weights `names`."""
    new: dict[Value, Value] = {p: p for p in main.params}
    made = {n: param(_type_of(main, weights[n]), n) for n in names}
    for node in main.nodes:
        weight = node.attrs.get("value") if node.op == "constant" else None
        if isinstance(weight, Weight) and weights.get(weight.name) is weight and weight.name in made:
            new[node.result] = made[weight.name]
            continue
        current = node.with_operands(new[v] for v in node.operands)
        new.update(zip(node.results, current.results, strict=True))
    definers = [v.node for v in new.values() if v.node is not None]
    return ir_function("main", [*made.values(), *main.params], [new[v] for v in results], definers=definers)


def _type_of(main: Function, weight: Weight) -> Any:
    return next(n.result.type for n in main.nodes if n.op == "constant" and n.attrs["value"] is weight)


def _instance(body: Function, values: Sequence[Value]) -> Function:
    """The body for operands of these sizes."""
    if len(values) != len(body.params):
        weights = len(body.params) - len(values)
        raise fail("trainable.inputs", f"{-weights if weights < 0 else weights} inputs too {'many' if weights < 0 else 'few'}")
    sizes: dict[str, Dim] = {}
    if not unify_all([p.type for p in body.params], [v.type for v in values], sizes):
        wanted, got = (", ".join(str(v.type) for v in vs) for vs in (body.params, values))
        raise fail("trainable.inputs", f"the weights and inputs do not fit: the function takes {wanted}; it got {got}")
    return instantiate(body, sizes) if sizes else body
