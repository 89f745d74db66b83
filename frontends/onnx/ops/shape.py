"""Constants, shapes, and what only moves elements."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from ....compiler.ir import dims as symbolic
from ....compiler.ir.dims import Dim, product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build, dynamic
from ..array import Array, array, iota, sizes, vector
from ..assumption import assume
from ..build import op
from ..contents import Unknown
from ..node import NodeView
from ..registry import handles


@handles("Constant")
def constant(node: NodeView) -> Value:
    """A tensor, or one of the short forms."""
    node.check(len(node.attributes) == 1, "attribute", "`Constant` needs exactly one value")
    match next(iter(node.attributes)):
        case "value":
            return const(node.tensor("value"))
        case "value_float":
            return const(node.float("value_float"), dtypes.F32)
        case "value_floats":
            return const(np.array(node.floats("value_floats"), np.float32))
        case "value_int":
            return const(node.int("value_int"), dtypes.I64)
        case "value_ints":
            return const(np.array(node.ints("value_ints"), np.int64))
        case "value_string":
            return const(np.array(node.string("value_string"), object))
        case "value_strings":
            return const(np.array(node.strings("value_strings"), object))
        case name:
            return const(node.sparse_tensor(name))


@handles("ConstantOfShape")
def constant_of_shape(node: NodeView, shape: Value) -> Value:
    """A shape filled with one value, 0.0 by default."""
    fill = node.tensor("value") if node.has("value") else np.zeros(1, np.float32)
    if fill.size != 1:
        raise node.error("attribute", "the value of `ConstantOfShape` must have one element")
    return helpers.broadcast(const(fill.reshape(())), shape_from(node, shape), ())


def shape_from(node: NodeView, shape: Value) -> tuple[Dim, ...]:
    dims = node.dims(shape, "the shape")
    _check_sizes(node, dims)
    return tuple(dims)


def _check_sizes(node: NodeView, dims: Sequence[Dim | Unknown]) -> None:
    negative = any(isinstance(d, int) and d < 0 for d in dims)
    node.check(not negative, "shape", f"the shape ({', '.join(map(str, dims))}) has a negative dim")


@handles("Shape")
def shape_of(node: NodeView, x: Value) -> Value:
    """The sizes of x as i64, of dims [start, end)."""
    rank = len(x.shape)
    start, end = node.int("start", 0), node.int("end", rank)
    start = max(0, min(rank, start + rank if start < 0 else start))
    end = max(0, min(rank, end + rank if end < 0 else end))
    return vector([Array(build.size_of(x, a)) for a in range(start, max(start, end))]).value


@handles("Size")
def size(node: NodeView, x: Value) -> Value:
    """The number of elements as i64."""
    n = x.tensor.size
    if isinstance(n, int):
        return const(n, dtypes.I64)
    return sizes(x).prod().value


@handles("Reshape")
def reshape_attribute(node: NodeView, x: Value) -> Value:
    """The shape as an attribute."""
    return _reshape(node, x, list(node.ints("shape")), False)


@handles("Reshape", since=5)
def reshape(node: NodeView, x: Value, shape: Value) -> Value:
    """0 keeps a dim (unless `allowzero`), one -1 takes what is left."""
    items, zero = node.items(shape, "the shape"), bool(node.int("allowzero", 0))
    free = [i for i, d in enumerate(items) if isinstance(d, Unknown)]
    if not free:
        return _reshape(node, x, items, zero)
    if len(free) == 1 and not any(isinstance(d, int) and d in (-1, 0) for d in items):
        # Whatever the number is, it can only be what is left.
        rest = product(d for i, d in enumerate(items) if i not in free)
        left = symbolic.floordiv(x.tensor.size, rest) if rest != 0 else 0
        if left * rest == x.tensor.size and rest != 0:
            return reshape_to(x, tuple(left if i in free else d for i, d in enumerate(items)))
    return build.reshaped(x, _shape_from_data(x, shape, items, zero))


def _shape_from_data(x: Value, given: Value, items: list[Dim | Unknown], allow_zero: bool) -> tuple[Dim, ...]:
    """The new shape, of which some items depend on data: 0 and -1 are resolved, and the number of elements is checked, in the graph."""
    old, shape = sizes(x), dynamic.integers(given)
    if not allow_zero:
        same = vector([x.shape[i] if i < len(x.shape) else -2 for i in range(len(items))])
        shape = shape.equals(0).where(same, shape)
    whole, rest = old.prod(), shape.equals(-1).where(1, shape).prod()
    left = rest.equals(0).where(0, whole / rest.equals(0).where(1, rest))
    new = shape.equals(-1).where(left, shape)
    good = new.prod().equals(whole) & (shape.equals(-1).cast(dtypes.I64).sum() <= 1) & (new >= 0).all()
    bound = dynamic.bind(new, good)
    return tuple(d if isinstance(d, symbolic.Expr) or (isinstance(d, int) and d > 0) else b for d, b in zip(items, bound, strict=True))


def _reshape(node: NodeView, x: Value, dims: list[Dim], allow_zero: bool) -> Value:
    for i, d in enumerate(dims):
        if isinstance(d, int) and d == 0 and not allow_zero:
            if i >= len(x.shape):
                raise node.error("shape", f"dim {i} of the new shape is 0, but {x.tensor} has no dim {i}")
            dims[i] = x.shape[i]
    unknown = [i for i, d in enumerate(dims) if isinstance(d, int) and d == -1]
    if len(unknown) > 1:
        raise node.error("shape", f"more than one dim of {dims} is -1")
    if unknown:
        dims[unknown[0]] = _quotient(node, x, [d for i, d in enumerate(dims) if i != unknown[0]])
    _check_sizes(node, dims)
    _assume_equal(x.tensor.size, product(dims), [d for d in dims if isinstance(d, int)])
    if x.tensor.is_static and all(isinstance(d, int) for d in dims):
        return reshape_to(x, tuple(dims))
    return build.reshaped(x, dims)


def _quotient(node: NodeView, x: Value, others: list[Dim]) -> Dim:
    """The elements of x divided by the other dims."""
    total, rest = x.tensor.size, product(others)
    if isinstance(rest, int) and rest == 0:
        return 0
    quotient = symbolic.floordiv(total, rest)
    if quotient * rest == total:
        return quotient
    if isinstance(total, int) and isinstance(rest, int):
        raise node.error("shape", f"{x.tensor} has {total} elements, which {rest} does not divide")
    whole, by = sizes(x).prod(), vector(others).prod()
    return dynamic.bind_one(whole / by.maximum(1), (whole % by.maximum(1)).equals(0))


def _assume_equal(old: Dim, new: Dim, candidates: list[int]) -> None:
    """A size that an exporter fixed while it left the input's dim open: `64·B·S` elements as `[16, B, 64]` means S = 16."""
    if old == new:
        return
    for name in symbolic.symbols(old):
        for value in candidates:
            if symbolic.substitute(old - new, {name: value}) == 0:
                assume(name, value=value)


@handles("Flatten")
def flatten(node: NodeView, x: Value) -> Value:
    """A matrix: the dims before `axis` and the dims from it on."""
    rank, axis = len(x.shape), node.int("axis", 1)
    return build.flatten(x, rank if axis == rank else node.axis(axis, rank))


@handles("Squeeze")
def squeeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """Without dims of size 1: those named, or all."""
    if axes is not None and node.known(axes) is None:
        return _squeeze_from_data(node, x, axes)
    given = node.ints("axes", ()) if axes is None else node.numbers(axes, "the axes")
    over = node.axes(given, len(x.shape)) if given else [i for i, d in enumerate(x.shape) if isinstance(d, int) and d == 1]
    if any(isinstance(x.shape[a], int) and x.shape[a] != 1 for a in over):
        raise node.error("shape", f"`Squeeze` of {x.tensor} at {over}: only dims of size 1 can go")
    return build.squeeze(x, over) if over else x


def _squeeze_from_data(node: NodeView, x: Value, axes: Value) -> Value:
    rank, gone = len(x.shape), len(node.items(axes, "the axes"))
    node.check(gone <= rank, "axis", f"`Squeeze` of {x.type} cannot take {gone} dims away")
    ones = [i for i, d in enumerate(x.shape) if isinstance(d, int) and d == 1]
    if gone == rank or (x.tensor.is_static and len(ones) == gone):
        return build.reshaped(x, [d for i, d in enumerate(x.shape) if i not in ones and gone < rank])
    named, good = dynamic.named(dynamic.integers(axes), rank)
    good = good & (~named | sizes(x).equals(1)).all()
    return build.reshaped(x, dynamic.bind(dynamic.packed(sizes(x), ~named, rank - gone), good))


@handles("Unsqueeze")
def unsqueeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """With dims of size 1 at the axes of the result."""
    if axes is not None and node.known(axes) is None:
        return _unsqueeze_from_data(x, dynamic.integers(axes), len(node.items(axes, "the axes")))
    given = node.ints("axes") if axes is None else node.numbers(axes, "the axes")
    return build.unsqueeze(x, node.axes(given, len(x.shape) + len(given)))


def _unsqueeze_from_data(x: Value, axes: Array, count: int) -> Value:
    old, rank = len(x.shape), len(x.shape) + count
    if all(d == 1 for d in x.shape):
        return reshape_to(x, (1,) * rank)
    named, good = dynamic.named(axes, rank)
    source = dynamic.running_sum((~named).cast(dtypes.I64)) - 1
    at = source.reshape((rank, 1)).equals(iota((1, old), 1))
    shape = at.where(sizes(x).reshape((1, old)), array(0)).reduce("add", [1])
    return build.reshaped(x, dynamic.bind(named.where(1, shape), good))


@handles("Transpose")
def transpose(node: NodeView, x: Value) -> Value:
    """Dims permuted; reversed by default."""
    permutation = node.ints("perm", tuple(reversed(range(len(x.shape)))))
    node.check(sorted(permutation) == list(range(len(x.shape))), "attribute", f"`perm` {permutation} does not permute the dims of {x.type}")
    return build.transpose(x, permutation)


@handles("Concat")
def concat(node: NodeView, *xs: Value) -> Value:
    """One after the other."""
    axis = node.int("axis", 1 if node.opset < 4 else None)
    return build.concatenate(xs, node.axis(axis, len(xs[0].shape)))


@handles("Expand")
def expand(node: NodeView, x: Value, shape: Value) -> Value:
    """Broadcast to a shape, in both directions."""
    items = node.items(shape, "the shape")
    _check_sizes(node, items)
    rank = max(len(x.shape), len(items))
    old, new = (1,) * (rank - len(x.shape)) + x.shape, [1] * (rank - len(items)) + items
    dims = [_expanded(n, d) for n, d in zip(old, new, strict=True)]
    unsure = [a for a, (n, d) in enumerate(zip(old, new, strict=True)) if dims[a] is None or _may_contradict(n, d)]
    if unsure:
        wanted, have = vector([*new[: rank - len(items)], *dynamic.integers(shape).items()]), vector(old)
        result = wanted.equals(1).where(have, wanted)
        bound = dynamic.bind(result, (result.equals(have) | have.equals(1)).all())
        if None not in dims:  # no size of the result would need what is asked for: the operand does
            axis = unsure[0] - (rank - len(x.shape))
            x = build.with_dim(build.with_dim(x, axis, bound[unsure[0]]), axis, x.shape[axis])
        dims = [b if d is None else d for d, b in zip(dims, bound, strict=True)]
    return build.expand(x, [d for d in dims if d is not None])


def _may_contradict(n: Dim, d: Dim | Unknown) -> bool:
    """Whether a number n stays what it is only if the data asks for n or 1."""
    return isinstance(n, int) and n != 1 and (isinstance(d, Unknown) or build.depends_on_data(d))


def _expanded(n: Dim, d: Dim | Unknown) -> Dim | None:
    """What a dim n becomes if d is asked for; None if that depends on data."""
    if n == d or (isinstance(n, int) and n != 1 and isinstance(d, Unknown | symbolic.Expr)):
        return n
    if isinstance(d, Unknown) or (isinstance(n, symbolic.Expr) and isinstance(d, symbolic.Expr)):
        return d if n == 1 and not isinstance(d, Unknown) else None
    return d if isinstance(n, symbolic.Expr) and d != 1 else helpers.broadcast_dims(n, d)


@handles("Tile")
def tile_axis(node: NodeView, x: Value, count: Value, axis: Value) -> Value:
    """Repeated along one axis."""
    at = node.axis(node.number(axis, "the axis"), len(x.shape))
    return _tiled(node, x, [node.dims(cast(count, dtypes.I64), "the repeats")[0] if a == at else 1 for a in range(len(x.shape))])


@handles("Tile", since=6)
def tile(node: NodeView, x: Value, repeats: Value) -> Value:
    """Repeated along every axis."""
    counts = node.dims(repeats, "the repeats")
    node.check_length(counts, len(x.shape), "the repeats")
    return _tiled(node, x, counts)


def _tiled(node: NodeView, x: Value, counts: Sequence[Dim]) -> Value:
    node.check(all(isinstance(r, symbolic.Expr) or r >= 0 for r in counts), "attribute", f"the repeats {counts} must not be negative")
    split = tuple(d for pair in zip(counts, x.shape, strict=True) for d in pair)
    spread = helpers.broadcast(x, split, range(1, 2 * len(counts), 2))
    return reshape_to(spread, tuple(r * d for r, d in zip(counts, x.shape, strict=True)))


@handles("Range")
def range_(node: NodeView, start: Value, limit: Value, delta: Value) -> Value:
    """start, start + delta, … below limit."""
    scalars = [Array(reshape_to(v, ())) for v in (start, limit, delta)]
    bounds = [d for v in (start, limit, delta) for d in node.items(v, "the bounds")]
    node.check_length(bounds, 3, "the bounds")
    count = _range_length(node, *bounds, *scalars)
    return (iota(count, dtype=start.dtype) * scalars[2] + scalars[0]).value


def _range_length(node: NodeView, start: Dim, limit: Dim, step: Dim, *scalars: Array) -> Dim:
    numbers = [b for b in (start, limit, step) if not isinstance(b, symbolic.Expr | Unknown)]
    if len(numbers) == 3:
        first, last, by = numbers
        node.check(by != 0 and bool(np.isfinite(numbers).all()), "attribute", f"there is no range from {first} to {last} by {by}")
        return max(ceil((last - first) / by), 0)
    if isinstance(step, int) and step == 1 and not any(isinstance(b, Unknown | float) for b in (start, limit)):
        return symbolic.maximum(limit - start, 0)
    if scalars[0].dtype.is_int:
        low, high, by = (v.cast(dtypes.I64) for v in scalars)
        span, by = (by < 0).where(low - high, high - low), by.abs()
        return dynamic.bind_one((span > 0).where((span - 1) / by + 1, array(0)), by > 0)
    low, high, by = (v.cast(dtypes.F64) for v in scalars)
    return dynamic.bind_one(((high - low) / by).ceil().maximum(0).cast(dtypes.I64), by.abs() > 0)


@handles("Trilu")
def trilu(node: NodeView, x: Value, k: Value | None = None) -> Value:
    """The upper or lower triangle of matrices, zero elsewhere."""
    rank = len(x.shape)
    node.check(rank >= 2, "shape", f"`Trilu` needs matrices, got {x.type}")
    row, column = iota(x.shape, rank - 2), iota(x.shape, rank - 1)
    diagonal = row + (dynamic.integer(k) if k is not None else 0)
    keep = column >= diagonal if node.int("upper", 1) else column <= diagonal
    return build.select(keep.value, x, helpers.full_like(x, 0))


@handles("EyeLike")
def eye_like(node: NodeView, x: Value) -> Value:
    """Ones on a diagonal."""
    node.check_rank(x, 2)
    dtype = node.scope.reader.dtype(node.int("dtype"), node.loc) if node.has("dtype") else x.dtype
    index = TensorType(dtypes.I64, x.shape)
    row, column = (op("iota", iota_dimension=i, result=index) for i in (0, 1))
    return cast(build.compare("EQ", op("add", row, helpers.full_like(row, node.int("k", 0))), column), dtype)


@handles("DepthToSpace")
def depth_to_space(node: NodeView, x: Value) -> Value:
    """Channels become blocks of pixels."""
    b = _block_size(node, x)
    n, c, h, w = x.shape
    crd = node.string("mode", "DCR") == "CRD"
    small = symbolic.floordiv(c, b * b)
    split = (n, small, b, b, h, w) if crd else (n, b, b, small, h, w)
    order = (0, 1, 4, 2, 5, 3) if crd else (0, 3, 4, 1, 5, 2)
    return reshape_to(build.transpose(reshape_to(x, split), order), (n, small, h * b, w * b))


@handles("SpaceToDepth")
def space_to_depth(node: NodeView, x: Value) -> Value:
    """Blocks of pixels become channels."""
    b = _block_size(node, x)
    n, c, h, w = x.shape
    down, across = symbolic.floordiv(h, b), symbolic.floordiv(w, b)
    for axis, size in ((2, down * b), (3, across * b)):
        x = build.with_dim(x, axis, size) if isinstance(size, symbolic.Expr) else x
    parts = reshape_to(x, (n, c, down, b, across, b))
    order = (0, 1, 3, 5, 2, 4) if node.string("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return reshape_to(build.transpose(parts, order), (n, c * b * b, down, across))


def _block_size(node: NodeView, x: Value) -> int:
    node.check_rank(x, 4)
    b = node.int("blocksize")
    node.check(b > 0, "attribute", f"the block size of `{node.op_type}` must be positive, got {b}")
    return b
