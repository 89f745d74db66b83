"""`vmap`: a function of one example as a function of many."""

from collections.abc import Callable, Sequence
from typing import Any

from ...compiler.batching import batch
from ...compiler.ir.graph import definitions, located, param
from ...compiler.ops.nodes import node
from ...proto.errors import WeftError, check
from .close import close, mark
from .lift import as_value, lifted
from .numpy.dtypes import together
from .place import user_loc
from .pytree import flatten, unflatten
from .tensor import Tensor
from .trace import building
from .transforms import applied

Axes = int | None | Sequence[Any]


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: int = 0) -> Callable[..., Any]:
    """`f` for every slice of its arguments along `in_axes`, at once; the results are stacked along `out_axes`.

    `in_axes` is one number for all arguments, or one per argument; None stands for an argument that is the same for all. Every leaf of an
    argument that is a tree is sliced along its axis.
    """

    def call(*args: Any) -> Any:
        axes: list[Any] = list(in_axes) if isinstance(in_axes, (tuple, list)) else [in_axes] * len(args)
        check(len(axes) == len(args), "vmap.axes", f"in_axes {in_axes} for {len(args)} arguments")
        try:
            with located(user_loc()):
                return _vmap(f, args, axes, out_axes)
        except WeftError as error:
            raise error.at(user_loc()) from None

    return call


@lifted
def _moved(x: Any, source: int, target: int) -> Any:
    (v,) = together(x)
    rank = len(v.shape)
    order = [i for i in range(rank) if i != source % rank]
    order.insert(target % rank, source % rank)
    return v if order == list(range(rank)) else node("transpose", v, permutation=tuple(order))


def _vmap(f: Callable[..., Any], args: Sequence[Any], axes: Sequence[int | None], out_axes: int) -> Any:
    leaves, tree = flatten(tuple(args))
    per_leaf = [a for x, a in zip(args, axes, strict=True) for _ in flatten(x)[0]]
    tensors = [x if a is None else _moved(x, a, 0) for x, a in zip(leaves, per_leaf, strict=True)]
    values = [as_value(t) for t in tensors]
    sizes = [v.shape[0] for v, a in zip(values, per_leaf, strict=True) if a is not None]
    check(bool(sizes), "vmap.axes", "vmap needs an argument to go through: in_axes is None for all")
    check(all(n == sizes[0] for n in sizes), "vmap.sizes", f"the arguments have {', '.join(map(str, sizes))} examples")
    start = mark()
    flags = [a is not None for a in per_leaf]
    params = [param(v.tensor.with_shape(v.shape[1:]) if b else v.type) for v, b in zip(values, flags, strict=True)]
    with building(), definitions() as definers:
        outs, out_tree = flatten(f(*unflatten(tree, [Tensor(None, p) for p in params])))
    body, captured = close(params, [as_value(x) for x in outs], since=start, definers=definers)
    many = batch(body, sizes[0], [*flags, *[False] * len(captured)])
    return unflatten(out_tree, [_moved(t, 0, out_axes) for t in applied(many, tensors, captured)])
