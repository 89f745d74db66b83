"""Ops that StableHLO's dialect still has beside its specification, kept for older programs: each is a few of the others."""

from ...proto.errors import check
from ..ir.attrs import DotDims, GatherDims
from ..ir.dims import Dim
from ..ir.graph import Value
from ..ir.types import TensorType
from . import helpers
from .collective import all_reduce
from .contraction import Precision
from .nodes import node
from .registry import define

Groups = tuple[tuple[int, ...], ...]


def _infer_broadcast(operand: TensorType, *, broadcast_sizes: tuple[int, ...]) -> TensorType:
    check(all(n >= 0 for n in broadcast_sizes), "broadcast.C1", f"`broadcast_sizes` must not be negative, got {list(broadcast_sizes)}")
    return operand.with_shape((*broadcast_sizes, *operand.shape))


broadcast = define(
    "broadcast",
    doc="The operand repeated along new leading dims of sizes `broadcast_sizes`. C1: sizes are not negative.",
    infer=_infer_broadcast,
    decompose=lambda x, *, broadcast_sizes, result: helpers.broadcast(x, result.shape, range(len(broadcast_sizes), len(result.shape))),
)


def _infer_dot(lhs: TensorType, rhs: TensorType, *, precision_config: Precision = ("DEFAULT", "DEFAULT"), result: TensorType) -> TensorType:
    check(lhs.rank in (1, 2) and rhs.rank in (1, 2), "dot.C1", f"`dot` takes vectors and matrices, got {lhs} and {rhs}")
    check(lhs.shape[-1] == rhs.shape[0], "dot.C2", f"contracting dims differ: {lhs.shape[-1]} of {lhs} and {rhs.shape[0]} of {rhs}")
    check(result.shape == (*lhs.shape[:-1], *rhs.shape[1:]), "dot.C3", f"the result of {lhs} and {rhs} cannot be {result}")
    return result


def _dot(lhs: Value, rhs: Value, *, precision_config: Precision, result: TensorType) -> Value:
    dims = DotDims((), (), (len(lhs.shape) - 1,), (0,))
    return node("dot_general", lhs, rhs, dot_dimension_numbers=dims, precision_config=precision_config, result=result)


dot = define(
    "dot",
    doc="The product of matrices and vectors. C1: of rank 1 or 2. C2: the contracted dims agree. C3: the result has the other dims.",
    infer=_infer_dot,
    decompose=_dot,
)


def _labels(config: str, code: str, *operands: TensorType) -> tuple[list[str], str]:
    left, arrow, out = config.replace(" ", "").partition("->")
    names = left.split(",")
    good = bool(arrow) and len(names) == len(operands) and all(len(n) == x.rank for n, x in zip(names, operands, strict=True))
    check(good, code, f"`einsum_config` {config!r} does not name the dims of {', '.join(map(str, operands))}")
    letters = [*names, out]
    distinct = all((len(set(n)) == len(n) and n.isalpha()) or not n for n in letters)
    check(distinct, code, f"`einsum_config` {config!r} must have letters, each at most once for an operand")
    check(set(out) <= set("".join(names)), code, f"`einsum_config` {config!r} asks for a dim that no operand has")
    return names, out


def _sizes(names: list[str], operands: tuple[TensorType, ...], code: str) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    for name, x in zip(names, operands, strict=True):
        for letter, n in zip(name, x.shape, strict=True):
            check(sizes.setdefault(letter, n) == n, code, f"the dims `{letter}` are {sizes[letter]} and {n}")
    return sizes


def _infer_einsum(lhs: TensorType, rhs: TensorType, *, einsum_config: str) -> TensorType:
    check(lhs.dtype == rhs.dtype, "einsum.C1", f"`lhs` and `rhs` must have one element type, got {lhs} and {rhs}")
    names, out = _labels(einsum_config, "einsum.C2", lhs, rhs)
    sizes = _sizes(names, (lhs, rhs), "einsum.C3")
    return lhs.with_shape(tuple(sizes[letter] for letter in out))


def _summed(x: Value, name: str, keep: set[str]) -> tuple[Value, str]:
    """`x` summed over the dims that nothing keeps."""
    dims = tuple(d for d, letter in enumerate(name) if letter not in keep)
    if not dims:
        return x, name
    body = helpers.scalar_region("add", x.dtype)
    return node("reduce", x, helpers.const(0, x.dtype), dimensions=dims, body=body), "".join(c for c in name if c in keep)


def _einsum(lhs: Value, rhs: Value, *, einsum_config: str, result: TensorType) -> Value:
    (left, right), out = _labels(einsum_config, "einsum.C2", lhs.tensor, rhs.tensor)
    lhs, left = _summed(lhs, left, {*right, *out})
    rhs, right = _summed(rhs, right, {*left, *out})
    batch = [c for c in left if c in right and c in out]
    inner = [c for c in left if c in right and c not in out]
    rest = [c for c in left if c not in right] + [c for c in right if c not in left]
    order = [*batch, *rest]
    dims = DotDims(*(tuple(side.index(c) for c in group) for group in (batch, inner) for side in (left, right)))
    sizes = {**dict(zip(right, rhs.shape, strict=True)), **dict(zip(left, lhs.shape, strict=True))}
    product = node("dot_general", lhs, rhs, dot_dimension_numbers=dims, result=result.with_shape(tuple(sizes[c] for c in order)))
    return node("transpose", product, permutation=tuple(order.index(c) for c in out))


einsum = define(
    "einsum",
    doc="The sum of products that `einsum_config`, such as `ij,jk->ik`, describes.\n\n"
    "C1: one element type. C2: the config names each dim of the operands with a letter. C3: dims of one letter have one size.",
    infer=_infer_einsum,
    decompose=_einsum,
)


def _infer_unary_einsum(operand: TensorType, *, einsum_config: str) -> TensorType:
    (name,), out = _labels(einsum_config, "unary_einsum.C1", operand)
    return operand.with_shape(tuple(operand.shape[name.index(c)] for c in out))


def _unary_einsum(operand: Value, *, einsum_config: str) -> Value:
    (name,), out = _labels(einsum_config, "unary_einsum.C1", operand.tensor)
    x, name = _summed(operand, name, set(out))
    return node("transpose", x, permutation=tuple(name.index(c) for c in out))


unary_einsum = define(
    "unary_einsum",
    doc="Sums over dims and reorders the others, as `einsum_config` (`ij->j`) says. C1: it names each dim with a letter.",
    infer=_infer_unary_einsum,
    decompose=_unary_einsum,
)


def _infer_select(operand: TensorType, index: TensorType, *, dim: int, batch_dims: int) -> TensorType:
    op = "torch_index_select"
    check(index.dtype.is_int, f"{op}.I2", f"`index` must be integers, got {index}")
    check(0 <= batch_dims <= dim < operand.rank, f"{op}.C1", f"0 ≤ batch_dims ≤ dim < {operand.rank} must hold, got {batch_dims} and {dim}")
    same = operand.shape[:batch_dims] == index.shape[:batch_dims]
    check(same, f"{op}.C2", f"{operand} and {index} must agree in their first {batch_dims} dims")
    return operand.with_shape((*operand.shape[:dim], *index.shape[batch_dims:], *operand.shape[dim + 1 :]))


def _select(operand: Value, index: Value, *, dim: int, batch_dims: int) -> Value:
    batch, extra = tuple(range(batch_dims)), len(index.shape) - batch_dims
    whole = [d for d in range(len(operand.shape)) if d != dim and d >= batch_dims]
    offsets = tuple(d if d < dim else d + extra - 1 for d in whole)
    dims = GatherDims(offsets, (dim,), batch, batch, (dim,), len(index.shape))
    sizes = tuple(1 if d == dim or d < batch_dims else n for d, n in enumerate(operand.shape))
    return node("gather", operand, index, dimension_numbers=dims, slice_sizes=sizes)


torch_index_select = define(
    "torch_index_select",
    doc="The slices of the operand along `dim` that `index` names, for each of the first `batch_dims` dims that both share.\n\n"
    "I2: integers. C1: 0 ≤ batch_dims ≤ dim < rank. C2: the batch dims agree.",
    infer=_infer_select,
    decompose=_select,
)


def _cross_replica_sum(operand: Value, *, replica_groups: Groups) -> Value:
    built = all_reduce(operand, replica_groups=replica_groups, computation=helpers.scalar_region("add", operand.dtype))
    return built[0] if isinstance(built, tuple) else built


def _infer_cross_replica_sum(operand: TensorType, *, replica_groups: Groups = ()) -> TensorType:
    return operand


cross_replica_sum = define(
    "cross-replica-sum",
    doc="The sum of the operands of a group's members; `all_reduce` by addition.",
    infer=_infer_cross_replica_sum,
    decompose=_cross_replica_sum,
)
