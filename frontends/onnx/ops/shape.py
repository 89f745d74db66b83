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
from .. import build
from ..assumption import Assumption
from ..build import op
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
        case _:
            raise node.error("attribute", "a sparse `Constant` is not supported")


@handles("ConstantOfShape")
def constant_of_shape(node: NodeView, shape: Value) -> Value:
    """A shape filled with one value, 0.0 by default."""
    fill = node.tensor("value") if node.has("value") else np.zeros(1, np.float32)
    if fill.size != 1:
        raise node.error("attribute", "the value of `ConstantOfShape` must have one element")
    return helpers.broadcast(const(fill.reshape(())), shape_from(node, shape), ())


def shape_from(node: NodeView, shape: Value) -> tuple[Dim, ...]:
    dims = tuple(node.dims(shape, "the shape"))
    if any(isinstance(d, int) and d < 0 for d in dims):
        raise node.error("shape", f"the shape {dims} has a negative dim")
    return dims


@handles("Shape")
def shape_of(node: NodeView, x: Value) -> Value:
    """The sizes of x as i64, of dims [start, end)."""
    rank = len(x.shape)
    start, end = node.int("start", 0), node.int("end", rank)
    start = max(0, min(rank, start + rank if start < 0 else start))
    end = max(0, min(rank, end + rank if end < 0 else end))
    return sizes(node, x, range(start, max(start, end)))


def sizes(node: NodeView, x: Value, axes: Sequence[int]) -> Value:
    """The sizes of some dims as an i64 vector whose contents are known."""
    shape = [x.shape[a] for a in axes]
    if all(isinstance(d, int) for d in shape):
        return const(np.array(shape, np.int64))
    parts = [reshape_to(size_of(x, a), (1,)) for a in axes]
    value = build.concatenate(parts, 0)
    contents = np.empty(len(shape), object)
    contents[:] = shape
    node.scope.contents.set(value, contents)
    return value


def size_of(x: Value, axis: int) -> Value:
    if isinstance(x.shape[axis], int):
        return const(x.shape[axis], dtypes.I64)
    return cast(op("get_dimension_size", x, dimension=axis), dtypes.I64)


@handles("Size")
def size(node: NodeView, x: Value) -> Value:
    """The number of elements as i64."""
    n = x.tensor.size
    if isinstance(n, int):
        return const(n, dtypes.I64)
    total = size_of(x, 0)
    for axis in range(1, len(x.shape)):
        total = op("multiply", total, size_of(x, axis))
    node.scope.contents.set(total, np.array(n, object))
    return total


@handles("Reshape")
def reshape_attribute(node: NodeView, x: Value) -> Value:
    """The shape as an attribute."""
    return _reshape(node, x, list(node.ints("shape")), False)


@handles("Reshape", since=5)
def reshape(node: NodeView, x: Value, shape: Value) -> Value:
    """0 keeps a dim (unless `allowzero`), one -1 takes what is left."""
    return _reshape(node, x, node.dims(shape, "the shape"), bool(node.int("allowzero", 0)))


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
        rest = product(d for i, d in enumerate(dims) if i != unknown[0])
        dims[unknown[0]] = _quotient(node, x, rest)
    if any(isinstance(d, int) and d < 0 for d in dims):
        raise node.error("shape", f"the new shape {dims} has a negative dim")
    _assume_equal(x.tensor.size, product(dims), [d for d in dims if isinstance(d, int)])
    return reshape_to(x, tuple(dims))


def _assume_equal(old: Dim, new: Dim, candidates: list[int]) -> None:
    """A size that an exporter fixed while it left the input's dim open: `64·B·S` elements as `[16, B, 64]` means S = 16."""
    if old == new:
        return
    for name in symbolic.symbols(old):
        for value in candidates:
            if symbolic.substitute(old - new, {name: value}) == 0:
                raise Assumption(name, value=value)


def _quotient(node: NodeView, x: Value, rest: Dim) -> Dim:
    total = x.tensor.size
    if isinstance(rest, int) and rest == 0:
        return 0
    quotient = symbolic.floordiv(total, rest)
    if quotient * rest != total:
        raise node.error("shape", f"{x.tensor} has {total} elements, which {rest} does not divide")
    return quotient


@handles("Flatten")
def flatten(node: NodeView, x: Value) -> Value:
    """A matrix: the dims before `axis` and the dims from it on."""
    rank, axis = len(x.shape), node.int("axis", 1)
    return build.flatten(x, rank if axis == rank else node.axis(axis, rank))


@handles("Squeeze")
def squeeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """Without dims of size 1: those named, or all."""
    given = node.ints("axes", ()) if axes is None else node.numbers(axes, "the axes")
    over = node.axes(given, len(x.shape)) if given else [i for i, d in enumerate(x.shape) if isinstance(d, int) and d == 1]
    if any(isinstance(x.shape[a], int) and x.shape[a] != 1 for a in over):
        raise node.error("shape", f"`Squeeze` of {x.tensor} at {over}: only dims of size 1 can go")
    return build.squeeze(x, over) if over else x


@handles("Unsqueeze")
def unsqueeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """With dims of size 1 at the axes of the result."""
    given = node.ints("axes") if axes is None else node.numbers(axes, "the axes")
    return build.unsqueeze(x, node.axes(given, len(x.shape) + len(given)))


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
    return helpers.broadcast_to(x, helpers.broadcast_shapes(x.shape, shape_from(node, shape)))


@handles("Tile")
def tile(node: NodeView, x: Value, repeats: Value) -> Value:
    """Repeated along every axis."""
    counts = node.dims(repeats, "the repeats")
    node.check_length(counts, len(x.shape), "the repeats")
    node.check(all(isinstance(r, symbolic.Expr) or r >= 0 for r in counts), "attribute", f"the repeats {counts} must not be negative")
    split = tuple(d for pair in zip(counts, x.shape, strict=True) for d in pair)
    spread = helpers.broadcast(x, split, range(1, 2 * len(counts), 2))
    return reshape_to(spread, tuple(r * d for r, d in zip(counts, x.shape, strict=True)))


@handles("Range")
def range_(node: NodeView, start: Value, limit: Value, delta: Value) -> Value:
    """start, start + delta, … below limit."""
    bounds = [d for v in (start, limit, delta) for d in node.dims(v, "the bounds")]
    node.check_length(bounds, 3, "the bounds")
    count = _range_length(node, *bounds)
    node.check(start.dtype.is_int or isinstance(count, int), "dynamic", "a symbolic `Range` must be of integers")
    index = op("iota", iota_dimension=0, result=TensorType(start.dtype, (count,)))
    scaled = op("multiply", index, helpers.broadcast(reshape_to(delta, ()), (count,), ()))
    return op("add", scaled, helpers.broadcast(reshape_to(start, ()), (count,), ()))


@handles("Trilu")
def trilu(node: NodeView, x: Value, k: Value | None = None) -> Value:
    """The upper or lower triangle of matrices, zero elsewhere."""
    shift = node.number(k, "the diagonal") if k is not None else 0
    rank = len(x.shape)
    node.check(rank >= 2, "shape", f"`Trilu` needs matrices, got {x.type}")
    index = TensorType(dtypes.I64, x.shape)
    row, column = (op("iota", iota_dimension=rank - i, result=index) for i in (2, 1))
    diagonal = op("add", row, helpers.full_like(row, shift))
    keep = build.compare("GE" if node.int("upper", 1) else "LE", column, diagonal)
    return build.select(keep, x, helpers.full_like(x, 0))


def _range_length(node: NodeView, start: Dim, limit: Dim, step: Dim) -> Dim:
    numbers = [b for b in (start, limit, step) if not isinstance(b, symbolic.Expr)]
    if len(numbers) < 3:
        node.check(step == 1, "dynamic", "a symbolic `Range` must have a step of 1")
        return limit - start
    low, high, by = numbers
    node.check(by != 0 and bool(np.isfinite(numbers).all()), "attribute", f"there is no range from {low} to {high} by {by}")
    return max(ceil((high - low) / by), 0)


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
    parts = reshape_to(x, (n, c, down, b, across, b))
    order = (0, 1, 3, 5, 2, 4) if node.string("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return reshape_to(build.transpose(parts, order), (n, c * b * b, down, across))


def _block_size(node: NodeView, x: Value) -> int:
    node.check_rank(x, 4)
    b = node.int("blocksize")
    node.check(b > 0, "attribute", f"the block size of `{node.op_type}` must be positive, got {b}")
    return b
