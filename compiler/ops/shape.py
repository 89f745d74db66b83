"""Ops that move elements without choosing among them: broadcast, reshape, transpose, concatenate, reverse; and the sizes of dims."""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import I32
from ...proto.errors import check
from ..ir.dims import Dim, floordiv, mod, product
from ..ir.graph import Node
from ..ir.types import Shape, TensorType, Type
from . import rules
from .builder import Element, ElementBuilder, Index
from .gradients.shape import broadcast_grad, concatenate_grad
from .numeric import Array
from .registry import define


def _infer_broadcast(operand: Type, *, broadcast_dimensions: tuple[int, ...], result: Type) -> TensorType:
    x = rules.tensor(operand, "broadcast_in_dim.I1", "operand")
    r = rules.tensor(result, "broadcast_in_dim.C1", "result")
    rules.check_same_dtype(x, r, "broadcast_in_dim.C1", ("operand", "result"))
    rules.check_count(broadcast_dimensions, x.rank, "broadcast_in_dim.C2", "broadcast_dimensions")
    rules.check_axes(broadcast_dimensions, r.rank, "broadcast_in_dim.C3", "broadcast_dimensions")
    rules.check_unique(broadcast_dimensions, "broadcast_in_dim.C4", "broadcast_dimensions")
    for j, i in enumerate(broadcast_dimensions):
        message = f"dim {j} of `operand` {x} is {x.shape[j]}; it must be 1 or, as dim {i} of the result {r}, {r.shape[i]}"
        check(x.shape[j] in (1, r.shape[i]), "broadcast_in_dim.C5", message)
    return r


def _broadcast(x: Array, *, broadcast_dimensions: tuple[int, ...], result: TensorType) -> Array:
    shape = result.static_shape
    if not broadcast_dimensions:
        return np.broadcast_to(x, shape)
    # One dim of the operand for each of the result: its own, or a new one of size 1.
    at = np.argsort(broadcast_dimensions)
    sizes = [1] * len(shape)
    for j, i in enumerate(broadcast_dimensions):
        sizes[i] = x.shape[j]
    return np.broadcast_to(x.transpose(at).reshape(sizes), shape)


def _broadcast_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    (x,) = node.operands
    dims = node.ints("broadcast_dimensions")
    return b.read(x, tuple(0 if n == 1 else index[i] for n, i in zip(x.shape, dims, strict=True)))


broadcast_in_dim = define(
    "broadcast_in_dim",
    doc="Dim j of the operand becomes dim `broadcast_dimensions[j]` of the result; all else is repeated.\n\n"
    "C1: one element type. C2: `broadcast_dimensions` has an entry per dim of the operand, C3: in [0, rank(result)), C4: unique. "
    "C5: a dim of the operand is 1 or equals its dim of the result.",
    infer=_infer_broadcast,
    reference=_broadcast,
    element=_broadcast_element,
    grad=broadcast_grad,
)


def _infer_reshape(operand: Type, *, result: Type) -> TensorType:
    x = rules.tensor(operand, "reshape.I1", "operand")
    r = rules.tensor(result, "reshape.C1", "result")
    rules.check_same_dtype(x, r, "reshape.C1", ("operand", "result"))
    symbolic = not (x.is_static and r.is_static)
    hint = "sizes with symbols must be the same expression" if symbolic else ""
    check(x.size == r.size, "reshape.C2", f"{x} has {x.size} elements, {r} has {r.size}", help=hint)
    return r


def split_dims(x: Shape, y: Shape) -> list[tuple[range, range]]:
    """The finest cut of two shapes of equal size into runs of dims with equal products, in order.

    `(2, 3, N)` and `(6, N)` are cut into `(2, 3 | N)` and `(6 | N)`. Index arithmetic then stays within each run.
    """
    runs: list[tuple[range, range]] = []
    i = j = 0
    while (found := _next_run(x, y, i, j)) is not None:
        runs.append((range(i, found[0]), range(j, found[1])))
        i, j = found
    if i < len(x) or j < len(y):
        runs.append((range(i, len(x)), range(j, len(y))))
    return runs


def _next_run(x: Shape, y: Shape, i: int, j: int) -> tuple[int, int] | None:
    ends: dict[Dim, int] = {}
    for k in range(j + 1, len(y) + 1):
        ends.setdefault(product(y[j:k]), k)
    for k in range(i + 1, len(x) + 1):
        if (end := ends.get(product(x[i:k]))) is not None:
            return k, end
    return None


def linear(index: Sequence[Dim], shape: Sequence[Dim]) -> Dim:
    """The row-major position of an index."""
    position: Dim = 0
    for i, n in zip(index, shape, strict=True):
        position = position * n + i
    return position


def unravel(position: Dim, shape: Sequence[Dim]) -> Index:
    """The index at a row-major position of a shape without zeros."""
    index: list[Dim] = []
    for k in range(len(shape)):
        inner = product(shape[k + 1 :])
        quotient = floordiv(position, inner)
        # The outermost index needs no mod: the position is inside. Map kernels rely on it, where one loop counts through several dims.
        outermost = all(n == 1 for n in shape[:k])
        index.append(0 if shape[k] == 1 else quotient if outermost else mod(quotient, shape[k]))
    return tuple(index)


def reshape_index(index: Index, result: Shape, operand: Shape) -> Index:
    """Where in the operand of a reshape the element at `index` of the result is."""
    if 0 in operand:
        return (0,) * len(operand)
    found: list[Dim] = []
    for source, target in split_dims(operand, result):
        position = linear([index[k] for k in target], [result[k] for k in target])
        found += unravel(position, [operand[k] for k in source])
    return tuple(found)


reshape = define(
    "reshape",
    doc="The same elements, in row-major order, in another shape.\n\nC1: one element type. C2: as many elements.",
    infer=_infer_reshape,
    reference=lambda x, *, result: np.reshape(x, result.static_shape),
    element=lambda b, node, index: b.read(node.operands[0], reshape_index(index, node.result.shape, node.operands[0].shape)),
    grad=lambda g, x: (reshape(g, result=x.type),),
)


def _infer_transpose(operand: Type, *, permutation: tuple[int, ...]) -> TensorType:
    x = rules.tensor(operand, "transpose.I1", "operand")
    good = sorted(permutation) == list(range(x.rank))
    check(good, "transpose.C2", f"`permutation` must be a permutation of [0, {x.rank}), got {rules.listed(permutation)}")
    return x.with_shape(tuple(x.shape[p] for p in permutation))


def inverse(permutation: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `permutation`."""
    return tuple(sorted(range(len(permutation)), key=permutation.__getitem__))


transpose = define(
    "transpose",
    doc="Dim i of the result is dim `permutation[i]` of the operand.\n\n"
    "C1: one element type. C2: `permutation` is one of [0, rank(operand)). C3: dim i of the result = dim `permutation[i]` of the operand.",
    infer=_infer_transpose,
    reference=lambda x, *, permutation: np.transpose(x, permutation),
    element=lambda b, node, index: b.read(node.operands[0], tuple(index[k] for k in inverse(node.attrs["permutation"]))),
    grad=lambda g, x, *, permutation: (transpose(g, permutation=inverse(permutation)),),
)


def _infer_concatenate(*inputs: Type, dimension: int) -> TensorType:
    check(len(inputs) >= 1, "concatenate.C3", "`inputs` must have at least one tensor")
    xs = [rules.tensor(t, "concatenate.I1", f"inputs[{k}]") for k, t in enumerate(inputs)]
    first = xs[0]
    rules.check_axis(dimension, first.rank, "concatenate.C4", "dimension")
    total: Dim = 0
    for k, x in enumerate(xs):
        rules.check_same_dtype(first, x, "concatenate.C1", ("inputs[0]", f"inputs[{k}]"))
        good = x.rank == first.rank and all(a == b for d, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if d != dimension)
        check(good, "concatenate.C2", f"`inputs` may differ in dim {dimension} alone, got {first} and {x}")
        total = total + x.shape[dimension]
    return first.with_shape(tuple(total if d == dimension else n for d, n in enumerate(first.shape)))


def _concatenate_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    axis = node.attr("dimension", int)

    starts: list[Dim] = [0]
    for x in node.operands:
        starts.append(starts[-1] + x.shape[axis])

    def pick(first: int, stop: int) -> Element:
        """The element, of operands `first` to `stop`: one after the other is tried where they are few, halves where they are many."""
        if stop - first == 1:
            return b.read(node.operands[first], (*index[:axis], index[axis] - starts[first], *index[axis + 1 :]))
        middle = first + 1 if len(node.operands) <= 8 else (first + stop) // 2
        inside = [(starts[first], index[axis], starts[middle])]
        return b.within(inside, lambda: pick(first, middle), lambda: pick(middle, stop))

    return pick(0, len(node.operands))


concatenate = define(
    "concatenate",
    doc="The inputs one after the other along `dimension`.\n\n"
    "C1: one element type. C2: equal shapes but for `dimension`. C3: at least one input. C4: 0 ≤ `dimension` < rank. "
    "C5, C6: the result has that element type and shape, and along `dimension` the sum of sizes.",
    infer=_infer_concatenate,
    reference=lambda *inputs, dimension: np.concatenate(inputs, axis=dimension),
    element=_concatenate_element,
    grad=concatenate_grad,
)


def _infer_reverse(operand: Type, *, dimensions: tuple[int, ...]) -> TensorType:
    x = rules.tensor(operand, "reverse.I1", "operand")
    rules.check_unique(dimensions, "reverse.C2", "dimensions")
    rules.check_axes(dimensions, x.rank, "reverse.C3", "dimensions")
    return x


def _reverse_element(b: ElementBuilder[Element], node: Node, index: Index) -> Element:
    (x,) = node.operands
    dims = node.ints("dimensions")
    return b.read(x, tuple(n - 1 - i if d in dims else i for d, (i, n) in enumerate(zip(index, x.shape, strict=True))))


reverse = define(
    "reverse",
    doc="The order of the elements along `dimensions` turned round.\n\n"
    "C1: the result has the operand's type. C2: `dimensions` are unique, C3: in [0, rank).",
    infer=_infer_reverse,
    reference=lambda x, *, dimensions: np.flip(x, dimensions),
    element=_reverse_element,
    grad=lambda g, x, *, dimensions: (reverse(g, dimensions=dimensions),),
)


def _infer_dimension_size(operand: Type, *, dimension: int) -> TensorType:
    x = rules.tensor(operand, "get_dimension_size.I1", "operand")
    rules.check_axis(dimension, x.rank, "get_dimension_size.C1", "dimension")
    return TensorType(I32, ())


get_dimension_size = define(
    "get_dimension_size",
    doc="The size of a dim, as a scalar i32.\n\nC1: 0 ≤ `dimension` < rank(operand).",
    infer=_infer_dimension_size,
    reference=lambda x, *, dimension: np.asarray(x.shape[dimension], np.int32),
    element=lambda b, node, index: b.position(node.operands[0].shape[node.attrs["dimension"]], I32),
)
