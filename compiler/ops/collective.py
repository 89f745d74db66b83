"""Collectives: what devices that run one program together exchange.

weft runs a program on one device so far. There a group has one member, itself, and each collective has a meaning: most give back what they
are given. Groups of several are kept in a graph, which can be looked at; compiling or evaluating them is an error that says so.
"""

import numpy as np

from ...proto.dtypes import U32
from ...proto.errors import check, fail
from ..ir.attrs import Dict
from ..ir.graph import Region, Value
from ..ir.types import TensorType, Type
from . import helpers, rules
from .bodies import check_fold
from .registry import define

Groups = tuple[tuple[int, ...], ...]
Channel = Dict | None


def _check_alone(op: str, groups: Groups) -> None:
    members = max((len(g) for g in groups), default=1)
    if members > 1 or any(i not in (0, -1) for g in groups for i in g):
        fact = f"`{op}` of the groups {list(map(list, groups))} needs several devices; a program runs on one"
        raise fail("collective.devices", fact, help="lower the model for one device: one replica and one partition")


def _gathered(op: str, operands: tuple[Type, ...], results: tuple[Type, ...], dim: int, groups: Groups, shrink: bool) -> tuple[Type, ...]:
    """The results given, where they are the operands with `dim` as many times as large (or small) as a group has members."""
    check(len(operands) == len(results) > 0, f"{op}.C1", f"`{op}` has a result for each operand, {len(results)} for {len(operands)}")
    n = max((len(g) for g in groups), default=1)
    for operand, result in zip(operands, results, strict=True):
        x = rules.tensor(operand, f"{op}.I1", "operand")
        r = rules.tensor(result, f"{op}.O1", "result")
        rules.check_axis(dim, x.rank, f"{op}.C2", "the dimension")
        small, large = (r, x) if shrink else (x, r)
        same = x.dtype == r.dtype and x.rank == r.rank
        fits = same and all(a * (n if d == dim else 1) == b for d, (a, b) in enumerate(zip(small.shape, large.shape, strict=True)))
        check(
            fits,
            f"{op}.C6",
            f"groups of {n} make {x} into a tensor whose dim {dim} is {n} times as {'small' if shrink else 'large'}, not {r}",
        )
    return results


def _infer_all_gather(
    *operands: Type,
    all_gather_dim: int,
    replica_groups: Groups = (),
    channel_handle: Channel = None,
    use_global_device_ids: bool = False,
    results: tuple[Type, ...],
) -> tuple[Type, ...]:
    return _gathered("all_gather", operands, results, all_gather_dim, replica_groups, shrink=False)


def _all_gather(*operands: Value, replica_groups: Groups, **_: object) -> tuple[Value, ...]:
    _check_alone("all_gather", replica_groups)
    return operands


all_gather = define(
    "all_gather",
    doc="""The operands of the members of a group, one after the other along `all_gather_dim`.

    I1: tensors. C1: a result for each operand. C2: 0 ≤ `all_gather_dim` < rank. C6: that dim of a result is that of its operand times the
    members of a group.""",
    infer=_infer_all_gather,
    decompose=_all_gather,
)


def _infer_all_reduce(
    *operands: TensorType,
    replica_groups: Groups = (),
    channel_handle: Channel = None,
    use_global_device_ids: bool = False,
    computation: Region,
) -> tuple[Type, ...]:
    check(len(operands) > 0, "all_reduce.C1", "`all_reduce` needs an operand")
    dtypes = check_fold(computation, operands[:1], "all_reduce.C5")
    return tuple(x.with_dtype(dtypes[0]) for x in operands)


def _all_reduce(*operands: Value, replica_groups: Groups, computation: Region, **_: object) -> tuple[Value, ...]:
    _check_alone("all_reduce", replica_groups)
    (result,) = computation.results
    return tuple(helpers.cast(x, result.dtype) for x in operands)


all_reduce = define(
    "all_reduce",
    doc="""The operands of the members of a group, folded by `computation`.

    C1: at least one operand. C5: `computation` is (E, E) -> E of scalars, to which the operands can be promoted.""",
    infer=_infer_all_reduce,
    decompose=_all_reduce,
    regions=("computation",),
)


def _infer_all_to_all(
    *operands: TensorType,
    split_dimension: int,
    concat_dimension: int,
    split_count: int,
    replica_groups: Groups = (),
    channel_handle: Channel = None,
) -> tuple[TensorType, ...]:
    found: list[TensorType] = []
    for x in operands:
        rules.check_axis(split_dimension, x.rank, "all_to_all.C1", "split_dimension")
        rules.check_axis(concat_dimension, x.rank, "all_to_all.C3", "concat_dimension")
        check(split_count > 0, "all_to_all.C4", f"`split_count` must be positive, got {split_count}")
        fits = x.shape[split_dimension] % split_count == 0
        check(fits, "all_to_all.C2", f"dim {split_dimension} of {x} cannot be split into {split_count} parts")
        shape = list(x.shape)
        shape[split_dimension] = shape[split_dimension] // split_count
        shape[concat_dimension] = shape[concat_dimension] * split_count
        found.append(x.with_shape(tuple(shape)))
    return tuple(found)


def _all_to_all(*operands: Value, split_count: int, replica_groups: Groups, **_: object) -> tuple[Value, ...]:
    _check_alone("all_to_all", replica_groups)
    check(
        split_count == 1, "collective.devices", f"`all_to_all` with a split of {split_count} needs as many devices; a program runs on one"
    )
    return operands


all_to_all = define(
    "all_to_all",
    doc="""Each member of a group splits its operand along `split_dimension`, sends the parts round, and joins what it gets.

    C1, C3: the dims are in range. C2: `split_count` divides the dim that is split. C4: it is positive.""",
    infer=_infer_all_to_all,
    decompose=_all_to_all,
)


def _infer_permute(operand: TensorType, *, source_target_pairs: Groups, channel_handle: Channel = None) -> TensorType:
    op = "collective_permute"
    check(all(len(p) == 2 for p in source_target_pairs), f"{op}.C1", f"pairs have two members, got {list(source_target_pairs)}")
    for k, what in enumerate(("sources", "targets")):
        column = [p[k] for p in source_target_pairs]
        check(len(set(column)) == len(column), f"{op}.C{2 + k}", f"{what} must be unique, got {column}")
    return operand


def _permute(operand: Value, *, source_target_pairs: Groups, **_: object) -> Value:
    _check_alone("collective_permute", tuple((i,) for p in source_target_pairs for i in p))
    return operand if source_target_pairs else helpers.full_like(operand, 0)


collective_permute = define(
    "collective_permute",
    doc="""Each source sends its operand to its target; who is no target gets zeros.

    C1: pairs of a source and a target. C2, C3: unique sources and targets. C6: the result has the operand's type.""",
    infer=_infer_permute,
    decompose=_permute,
)


def _collective_broadcast(operand: Value, *, replica_groups: Groups, **_: object) -> Value:
    _check_alone("collective_broadcast", replica_groups)
    return operand if any(0 in g for g in replica_groups) else helpers.full_like(operand, 0)


def _infer_broadcast(operand: TensorType, *, replica_groups: Groups, channel_handle: Channel = None) -> TensorType:
    members = [i for g in replica_groups for i in g]
    check(len(set(members)) == len(members), "collective_broadcast.C1", f"nobody is in two groups, got {list(replica_groups)}")
    return operand


collective_broadcast = define(
    "collective_broadcast",
    doc="""The operand of the first member of a group, to all of them; zeros for who is in no group.

    C1: nobody is in two groups. C3: the result has the operand's type.""",
    infer=_infer_broadcast,
    decompose=_collective_broadcast,
)


def _infer_reduce_scatter(
    operand: TensorType,
    *,
    scatter_dimension: int,
    replica_groups: Groups = (),
    channel_handle: Channel = None,
    use_global_device_ids: bool = False,
    computation: Region,
    result: TensorType,
) -> TensorType:
    dtypes = check_fold(computation, (operand,), "reduce_scatter.C7")
    check(result.dtype == dtypes[0], "reduce_scatter.C9", f"the result is {result}, `computation` folds {dtypes[0]}")
    _gathered("reduce_scatter", (operand,), (result.with_dtype(operand.dtype),), scatter_dimension, replica_groups, shrink=True)
    return result


def _reduce_scatter(operand: Value, *, replica_groups: Groups, result: TensorType, **_: object) -> Value:
    _check_alone("reduce_scatter", replica_groups)
    return helpers.cast(operand, result.dtype)


reduce_scatter = define(
    "reduce_scatter",
    doc="""The operands of a group folded by `computation`, of which each member gets its part along `scatter_dimension`.

    C2: the dimension is in range. C6: it is as many times smaller as a group has members. C7: `computation` is (E, E) -> E of scalars.
    C9: the result has that element type.""",
    infer=_infer_reduce_scatter,
    decompose=_reduce_scatter,
    regions=("computation",),
)

_ID = TensorType(U32, ())


def _zero() -> Value:
    return helpers.const(np.uint32(0))


partition_id = define(
    "partition_id", doc="The number of this partition, a scalar ui32: 0 on one device.", infer=lambda: _ID, decompose=_zero
)
replica_id = define("replica_id", doc="The number of this replica, a scalar ui32: 0 on one device.", infer=lambda: _ID, decompose=_zero)
