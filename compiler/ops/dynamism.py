"""StableHLO's dynamic ops: those that take shapes, limits or paddings as operands.

Each is an ordinary op once its numbers are known: as constants, as expressions of the symbols of the graph's inputs, or as symbols that
`weft.bind_dims` makes of data (`shapevalues.Shapes`). The reader of StableHLO's text resolves them on the way (`resolve`); a node built
otherwise is decomposed by the compiler, where its result type must be known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from ...proto.dtypes import I64, DType
from ...proto.errors import check, fail
from ..ir.attrs import Attr, ConvDims, GatherDims
from ..ir.dims import Dim, is_nonnegative, maximum, product
from ..ir.graph import Region, Value
from ..ir.types import TensorType, Type
from . import helpers, rules
from .contraction import Precision
from .convolution import conv_shape, conv_window
from .indexing import spread_size
from .nodes import node
from .numeric import Array
from .registry import define, op_of
from .shapevalues import Shapes
from .window import Sizes

Attrs = Mapping[str, Attr]
Dims = tuple[Dim, ...]


def resized(x: Value, axis: int, size: Dim) -> Value:
    """The first `size` elements of x along a dim, zeros after its end: itself where the dim turns out to have that size."""
    n = x.shape[axis]
    if n == size:
        return x
    rank = len(x.shape)
    if is_nonnegative(size) and is_nonnegative(n - size):
        limits = tuple(size if d == axis else m for d, m in enumerate(x.shape))
        return node("slice", x, start_indices=(0,) * rank, limit_indices=limits, strides=(1,) * rank)
    high = tuple(size - n if d == axis else 0 for d in range(rank))
    zeros = (0,) * rank
    return node("pad", x, helpers.const(0, x.dtype), edge_padding_low=zeros, edge_padding_high=high, interior_padding=zeros)


def fitted(x: Value, shape: Dims) -> Value:
    """x with dims that are known under another expression."""
    for axis, size in enumerate(shape):
        x = resized(x, axis, size)
    return x


def _reshape(x: Value, shape: Dims) -> Value:
    size = product(shape)
    if size != x.tensor.size:
        x = resized(helpers.reshape_to(x, (x.tensor.size,)), 0, size)
    return helpers.reshape_to(x, shape)


def _repeat(x: Value, axis: int, size: Dim) -> Value:
    """A dim that turns out to be 1 or `size` as one of `size`: a gather whose indices, beyond the end, are moved to the last element."""
    rank = len(x.shape)
    at = node("iota", iota_dimension=0, result=TensorType(I64, (size,)))
    dims = GatherDims(tuple(d for d in range(rank) if d != axis), (axis,), (), (), (axis,), 1)
    return node("gather", x, at, dimension_numbers=dims, slice_sizes=tuple(1 if d == axis else n for d, n in enumerate(x.shape)))


def _broadcast(x: Value, shape: Dims, dims: tuple[int, ...]) -> Value:
    check(
        len(dims) == len(x.shape),
        "dynamic_broadcast_in_dim.C2",
        f"`broadcast_dimensions` {list(dims)} must have an entry per dim of {x.type}",
    )
    rules.check_axes(dims, len(shape), "dynamic_broadcast_in_dim.C3", "broadcast_dimensions")
    for axis, d in enumerate(dims):
        n = x.shape[axis]
        if n not in (1, shape[d]) and not (isinstance(n, int) and isinstance(shape[d], int)):
            x = _repeat(x, axis, shape[d])
    return helpers.broadcast(x, shape, dims)


@dataclass(frozen=True, slots=True)
class _Dynamic:
    """How an op becomes an ordinary one: `build(operands, numbers, attrs)`; `numbers` are its operands from `first` on.

    `signed` are the positions, from `first`, of numbers that may be negative.
    """

    first: int
    build: Callable[[tuple[Value, ...], tuple[Dims, ...], Attrs], Value]
    signed: tuple[int, ...] = ()


def _check_counts(code: str, numbers: tuple[Dims, ...], count: int) -> None:
    for n in numbers:
        check(len(n) == count, code, f"{count} numbers are needed, {len(n)} given")


def _build_conv(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    lhs, rhs = operands
    flat = numbers[0]
    dims = attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    _check_counts("dynamic_conv.C4", numbers, 2 * len(dims.input_spatial))
    padding = tuple((flat[2 * i], flat[2 * i + 1]) for i in range(len(flat) // 2))
    a = {**attrs, "padding": padding}
    dtype = a.pop("dtype", None) or lhs.dtype
    window = conv_window(rhs.shape, a["dimension_numbers"], a["window_strides"], padding, a["lhs_dilation"], a["rhs_dilation"])  # type: ignore[arg-type]
    shape = conv_shape(lhs.shape, rhs.shape, a["dimension_numbers"], window, a["batch_group_count"])  # type: ignore[arg-type]
    return node("convolution", lhs, rhs, **a, result=TensorType(dtype, shape))  # type: ignore[arg-type]


def _build_slice(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    """A slice; where its limits are not known to be in order and inside, of the operand made as long as they need."""
    (x,) = operands
    _check_counts("real_dynamic_slice.C2", numbers, len(x.shape))
    starts, limits, strides = numbers
    limits = tuple(start + maximum(limit - start, 0) for start, limit in zip(starts, limits, strict=True))
    for axis, limit in enumerate(limits):
        if not is_nonnegative(x.shape[axis] - limit):
            x = resized(x, axis, limit)
    return node("slice", x, start_indices=starts, limit_indices=limits, strides=strides)


def _build_pad(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    _check_counts("dynamic_pad.C2", numbers, len(operands[0].shape))
    low, high, interior = numbers
    sizes = [spread_size(n, i) for n, i in zip(operands[0].shape, interior, strict=True)]
    # A size that is not known to be one is made one; where it is negative the program is wrong.
    kept = tuple(maximum(a + n + b, 0) - a - n for a, n, b in zip(low, sizes, high, strict=True))
    return node("pad", *operands, edge_padding_low=low, edge_padding_high=kept, interior_padding=interior)


def _build_gather(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    return node("gather", *operands, slice_sizes=numbers[0], **attrs)


def _build_size(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    dimension = attrs["dimension"]
    assert isinstance(dimension, int)
    rules.check_axis(dimension, len(operands[0].shape), "set_dimension_size.C2", "dimension")
    _check_counts("set_dimension_size.I2", numbers, 1)
    return resized(operands[0], dimension, numbers[0][0])


def _build_iota(operands: tuple[Value, ...], numbers: tuple[Dims, ...], attrs: Attrs) -> Value:
    dtype = attrs["dtype"]
    assert isinstance(dtype, DType)
    return node("iota", iota_dimension=attrs["iota_dimension"], result=TensorType(dtype, numbers[0]))


_DYNAMIC = {
    "dynamic_broadcast_in_dim": _Dynamic(1, lambda x, n, a: _broadcast(x[0], n[0], a["broadcast_dimensions"])),  # type: ignore[arg-type]
    "dynamic_conv": _Dynamic(2, _build_conv, signed=(0,)),
    "dynamic_gather": _Dynamic(2, _build_gather),
    "dynamic_iota": _Dynamic(0, _build_iota),
    "dynamic_pad": _Dynamic(2, _build_pad, signed=(0, 1)),
    "dynamic_reshape": _Dynamic(1, lambda x, n, a: _reshape(x[0], n[0])),
    "real_dynamic_slice": _Dynamic(1, _build_slice),
    "set_dimension_size": _Dynamic(1, _build_size),
}


def is_dynamic(op: str) -> bool:
    """Whether `resolve` is for the op."""
    return op in _DYNAMIC


def resolve(op: str, operands: tuple[Value, ...], attrs: Attrs, dtype: DType, shapes: Shapes) -> Value:
    """The result of a dynamic op, of elements of `dtype`, by ordinary ops.

    Where numbers depend on data, nodes that define symbols are built; collect them with `graph.definitions`. WeftError where the numbers do
    not fit the operands.
    """
    entry = _DYNAMIC[op]
    count = len(op_of(op).operands)
    check(len(operands) == count, f"{op}.operands", f"`{op}` takes {count} operands, {len(operands)} given")
    for k, v in enumerate(operands[entry.first :]):
        good = shapes.is_small(v) and v.dtype.is_int
        check(good, f"{op}.I{entry.first + k + 1}", f"operand {entry.first + k} of `{op}` must be integers of a fixed number, got {v.type}")
    numbers = tuple(shapes.numbers(v, k in entry.signed) for k, v in enumerate(operands[entry.first :]))
    drop = ("known_expanding_dimensions", "known_nonexpanding_dimensions")
    kept: dict[str, Attr] = {k: v for k, v in attrs.items() if k not in drop}
    return entry.build(operands[: entry.first], numbers, {**kept, "dtype": dtype} if op in ("dynamic_iota", "dynamic_conv") else kept)


_serial = count()


# Calls by which JAX writes ops whose shapes are operands, and how many operands these are.
CALLS = {"stablehlo.dynamic_reduce_window": 5, "stablehlo.dynamic_top_k": 1, "stablehlo.dynamic_rng_bit_generator": 1}


def resolve_call(
    target: str, operands: tuple[Value, ...], attrs: Attrs, types: Sequence[Type], body: Region | None, shapes: Shapes
) -> tuple[Value, ...]:
    """The results of one of `CALLS` by ordinary ops; `body` is the function it names, `types` are its declared result types."""
    given, sizes = operands[: -CALLS[target]], operands[-CALLS[target] :]
    for v in sizes:
        check(
            shapes.is_small(v) and v.dtype.is_int,
            "custom_call.dynamic",
            f"`{target}` takes sizes as integers of a fixed number, got {v.type}",
        )
    numbers = [shapes.numbers(v, signed=k == 4) for k, v in enumerate(sizes)]
    match target:
        case "stablehlo.dynamic_reduce_window" if body is not None:
            names = ("window_dimensions", "window_strides", "base_dilations", "window_dilations")
            pads = tuple(zip(numbers[4][::2], numbers[4][1::2], strict=True))
            window = dict(zip(names, numbers, strict=False))
            built = op_of("reduce_window")(*given, **window, padding=pads, body=body)
        case "stablehlo.dynamic_top_k" if isinstance(numbers[0][0], int):
            built = op_of("weft.top_k")(*given, k=numbers[0][0])
        case "stablehlo.dynamic_rng_bit_generator" if len(types) == 2 and isinstance(types[1], TensorType):
            bits = types[1].with_shape(numbers[0])
            built = op_of("rng_bit_generator")(*given, rng_algorithm=attrs.get("rng_algorithm", "DEFAULT"), result=(given[0].type, bits))
        case _:
            raise fail("custom_call.dynamic", f"`{target}` with these operands has no form of fixed rank")
    return tuple(built) if isinstance(built, tuple) else (built,)


def _decompose(op: str) -> Callable[..., Value]:
    def decompose(*operands: Value, result: TensorType, **attrs: Attr) -> Value:
        # A name with a space is none that an importer gives; every node gets one of its own.
        shapes = Shapes(lambda: f"{op} {next(_serial)}")
        return fitted(resolve(op, operands, attrs, result.dtype, shapes), result.shape)

    return decompose


def _check_result(op: str, operand: TensorType, result: TensorType) -> None:
    check(operand.dtype == result.dtype, f"{op}.C1", f"the result must have the element type of {operand}, got {result}")


def _check_shape(op: str, code: str, shape: TensorType, rank: int, what: str) -> None:
    good = shape.dtype.is_int and shape.shape == (rank,)
    check(good, f"{op}.{code}", f"`{what}` must be {rank} integers, got {shape}")


def _infer_broadcast(
    operand: TensorType,
    output_dimensions: TensorType,
    *,
    broadcast_dimensions: tuple[int, ...],
    known_expanding_dimensions: tuple[int, ...] = (),
    known_nonexpanding_dimensions: tuple[int, ...] = (),
    result: TensorType,
) -> TensorType:
    op = "dynamic_broadcast_in_dim"
    _check_result(op, operand, result)
    _check_shape(op, "C7", output_dimensions, result.rank, "output_dimensions")
    rules.check_count(broadcast_dimensions, operand.rank, f"{op}.C2", "broadcast_dimensions")
    rules.check_axes(broadcast_dimensions, result.rank, f"{op}.C3", "broadcast_dimensions")
    rules.check_unique(broadcast_dimensions, f"{op}.C4", "broadcast_dimensions")
    return result


def _run_broadcast(x: Array, shape: Array, *, broadcast_dimensions: tuple[int, ...], result: TensorType, **_: object) -> Array:
    sizes = [1] * len(shape)
    for j, i in enumerate(broadcast_dimensions):
        sizes[i] = x.shape[j]
    return np.broadcast_to(x.transpose(np.argsort(broadcast_dimensions)).reshape(sizes), tuple(shape.tolist()))


_SHAPES = "The result type, which the caller gives, has no dims but those that the operands ask for."

dynamic_broadcast_in_dim = define(
    "dynamic_broadcast_in_dim",
    doc=f"""`broadcast_in_dim` to the shape `output_dimensions`. {_SHAPES}

    C1: one element type. C2, C3, C4: `broadcast_dimensions` has an entry per dim of the operand, in range and unique. C7: a number for each
    dim of the result.""",
    infer=_infer_broadcast,
    reference=_run_broadcast,
    decompose=_decompose("dynamic_broadcast_in_dim"),
)


def _infer_reshape(operand: TensorType, output_shape: TensorType, *, result: TensorType) -> TensorType:
    _check_result("dynamic_reshape", operand, result)
    _check_shape("dynamic_reshape", "C4", output_shape, result.rank, "output_shape")
    same = operand.size == result.size or not (operand.is_static and result.is_static)
    check(same, "dynamic_reshape.C2", f"{operand} has {operand.size} elements, {result} has {result.size}")
    return result


dynamic_reshape = define(
    "dynamic_reshape",
    doc=f"""`reshape` to the shape `output_shape`. {_SHAPES}

    C1: one element type. C2: as many elements. C4: a number for each dim of the result.""",
    infer=_infer_reshape,
    reference=lambda x, shape: np.reshape(x, tuple(shape.tolist())),
    decompose=_decompose("dynamic_reshape"),
)


def _infer_iota(output_shape: TensorType, *, iota_dimension: int, result: TensorType) -> TensorType:
    rules.tensor(result, "dynamic_iota.O1", "result", rules.NUMBER)
    rules.check_axis(iota_dimension, result.rank, "dynamic_iota.C1", "iota_dimension")
    _check_shape("dynamic_iota", "C2", output_shape, result.rank, "output_shape")
    return result


dynamic_iota = define(
    "dynamic_iota",
    doc=f"""`iota` of the shape `output_shape`. {_SHAPES}

    O1: the result holds numbers. C1: 0 ≤ `iota_dimension` < rank(result). C2: a number for each dim of the result.""",
    infer=_infer_iota,
    decompose=_decompose("dynamic_iota"),
)


def _infer_pad(
    operand: TensorType,
    padding_value: TensorType,
    edge_padding_low: TensorType,
    edge_padding_high: TensorType,
    interior_padding: TensorType,
    *,
    result: TensorType,
) -> TensorType:
    op = "dynamic_pad"
    _check_result(op, operand, result)
    check(padding_value == operand.with_shape(()), f"{op}.C1", f"`padding_value` must be a {operand.dtype}, got {padding_value}")
    check(result.rank == operand.rank, f"{op}.C2", f"the result must have the rank of {operand}, got {result}")
    for what, t in (("low", edge_padding_low), ("high", edge_padding_high)):
        _check_shape(op, "C2", t, operand.rank, f"edge_padding_{what}")
    _check_shape(op, "C2", interior_padding, operand.rank, "interior_padding")
    return result


dynamic_pad = define(
    "dynamic_pad",
    doc=f"""`pad` by amounts that are operands. {_SHAPES}

    C1: one element type. C2: an amount per dim.""",
    infer=_infer_pad,
    decompose=_decompose("dynamic_pad"),
)


def _infer_gather(
    operand: TensorType,
    start_indices: TensorType,
    slice_sizes: TensorType,
    *,
    dimension_numbers: GatherDims,
    indices_are_sorted: bool = False,
    result: TensorType,
) -> TensorType:
    _check_result("dynamic_gather", operand, result)
    check(start_indices.dtype.is_int, "dynamic_gather.I2", f"`start_indices` must be integers, got {start_indices}")
    _check_shape("dynamic_gather", "C12", slice_sizes, operand.rank, "slice_sizes")
    return result


dynamic_gather = define(
    "dynamic_gather",
    doc=f"""`gather` of slices whose sizes are an operand; its other constraints are those of `gather`. {_SHAPES}

    C1: one element type. I2: the indices are integers. C12: a size for each dim of the operand.""",
    infer=_infer_gather,
    decompose=_decompose("dynamic_gather"),
)


def _infer_conv(
    lhs: TensorType,
    rhs: TensorType,
    d_padding: TensorType,
    *,
    window_strides: Sizes = None,
    padding: Attr = None,
    lhs_dilation: Sizes = None,
    rhs_dilation: Sizes = None,
    window_reversal: tuple[bool, ...] | None = None,
    dimension_numbers: ConvDims,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision_config: Precision = ("DEFAULT", "DEFAULT"),
    result: TensorType,
) -> TensorType:
    n = lhs.rank
    check(
        n == rhs.rank == result.rank >= 2, "dynamic_conv.C1", f"`lhs`, `rhs` and the result must have one rank, got {lhs}, {rhs}, {result}"
    )
    good = d_padding.dtype.is_int and d_padding.shape == (n - 2, 2)
    check(good, "dynamic_conv.C4", f"`padding` must be {n - 2} pairs of integers, got {d_padding}")
    return result


dynamic_conv = define(
    "dynamic_conv",
    doc=f"""`convolution` with a padding that is an operand; its other constraints are those of `convolution`. {_SHAPES}

    C1: one rank. C4: two amounts for each spatial dim.""",
    infer=_infer_conv,
    decompose=_decompose("dynamic_conv"),
)


def _infer_slice(
    operand: TensorType, start_indices: TensorType, limit_indices: TensorType, strides: TensorType, *, result: TensorType
) -> TensorType:
    op = "real_dynamic_slice"
    _check_result(op, operand, result)
    check(result.rank == operand.rank, f"{op}.C2", f"the result must have the rank of {operand}, got {result}")
    for what, t in (("start_indices", start_indices), ("limit_indices", limit_indices), ("strides", strides)):
        _check_shape(op, "C2", t, operand.rank, what)
    return result


def _run_slice(x: Array, starts: Array, limits: Array, strides: Array) -> Array:
    return x[tuple(slice(*part) for part in zip(starts.tolist(), limits.tolist(), strides.tolist(), strict=True))]


real_dynamic_slice = define(
    "real_dynamic_slice",
    doc=f"""`slice` with bounds and strides that are operands. {_SHAPES}

    C1: one element type. C2: one rank, and a number for each dim.""",
    infer=_infer_slice,
    reference=_run_slice,
    decompose=_decompose("real_dynamic_slice"),
)


def _infer_set_size(operand: TensorType, size: TensorType, *, dimension: int, result: TensorType) -> TensorType:
    op = "set_dimension_size"
    rules.check_axis(dimension, operand.rank, f"{op}.C2", "dimension")
    rules.scalar(size, f"{op}.I2", "size", rules.INTEGER)
    same = result.dtype == operand.dtype and result.rank == operand.rank
    rest = same and all(a == b for d, (a, b) in enumerate(zip(operand.shape, result.shape, strict=True)) if d != dimension)
    check(rest, f"{op}.C1", f"the result must be {operand} but for dim {dimension}, got {result}")
    return result


set_dimension_size = define(
    "set_dimension_size",
    doc=f"""The first `size` elements along a dim, which so gets that size. {_SHAPES}

    I2: the size is an integer scalar. C1: the other dims stay. C2: the dim is in range.""",
    infer=_infer_set_size,
    reference=lambda x, size, *, dimension: x[(slice(None),) * dimension + (slice(int(size)),)],
    decompose=_decompose("set_dimension_size"),
)
