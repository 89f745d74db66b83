"""Shapes, slices, gathers, constants."""

from collections.abc import Sequence

import numpy as np

from ....compiler.ir import dims as symbolic
from ....compiler.ir.attrs import GatherDims, Tensor
from ....compiler.ir.dims import Dim, product
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops import helpers
from ....compiler.ops.helpers import cast, const, reshape_to
from ....proto import dtypes
from .. import build
from ..build import op
from ..node import NodeView
from ..registry import handles
from ..scope import Assumption


@handles("Constant")
def constant(node: NodeView) -> Value:
    """A tensor, or one of the short forms."""
    (attr,) = [a for a in node.proto.attribute if a.name.startswith("value") or a.name == "sparse_value"] or [None]
    match attr and attr.name:
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
            raise node.error("attribute", "`Constant` needs exactly one value, and not a sparse one")


@handles("ConstantOfShape")
def constant_of_shape(node: NodeView, shape: Value) -> Value:
    """A shape filled with one value, 0.0 by default."""
    fill = node.tensor("value") if node.has("value") else np.zeros(1, np.float32)
    if fill.size != 1:
        raise node.error("attribute", "the value of `ConstantOfShape` must have one element")
    return helpers.broadcast(const(fill.reshape(())), _shape(node, shape), ())


def _shape(node: NodeView, shape: Value) -> tuple[Dim, ...]:
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
    parts = [reshape_to(_size(x, a), (1,)) for a in axes]
    value = build.concatenate(parts, 0)
    contents = np.empty(len(shape), object)
    contents[:] = shape
    node.scope.contents.set(value, contents)
    return value


def _size(x: Value, axis: int) -> Value:
    if isinstance(x.shape[axis], int):
        return const(x.shape[axis], dtypes.I64)
    return cast(op("get_dimension_size", x, dimension=axis), dtypes.I64)


@handles("Size")
def size(node: NodeView, x: Value) -> Value:
    """The number of elements as i64."""
    n = x.tensor.size
    if isinstance(n, int):
        return const(n, dtypes.I64)
    total = _size(x, 0)
    for axis in range(1, len(x.shape)):
        total = op("multiply", total, _size(x, axis))
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
    axis = node.int("axis", 1)
    return build.flatten(x, axis + len(x.shape) if axis < 0 else axis)


@handles("Squeeze")
def squeeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """Without dims of size 1: those named, or all."""
    given = node.ints("axes", ()) if axes is None else node.numbers(axes, "the axes")
    rank = len(x.shape)
    over = [a % rank for a in given] if given else [i for i, d in enumerate(x.shape) if isinstance(d, int) and d == 1]
    if any(isinstance(x.shape[a], int) and x.shape[a] != 1 for a in over):
        raise node.error("shape", f"`Squeeze` of {x.tensor} at {over}: only dims of size 1 can go")
    return build.squeeze(x, over) if over else x


@handles("Unsqueeze")
def unsqueeze(node: NodeView, x: Value, axes: Value | None = None) -> Value:
    """With dims of size 1 at the axes of the result."""
    given = node.ints("axes") if axes is None else node.numbers(axes, "the axes")
    return build.unsqueeze(x, given)


@handles("Transpose")
def transpose(node: NodeView, x: Value) -> Value:
    """Dims permuted; reversed by default."""
    return build.transpose(x, node.ints("perm", tuple(reversed(range(len(x.shape))))))


@handles("Concat")
def concat(node: NodeView, *xs: Value) -> Value:
    """One after the other."""
    axis = node.int("axis", 1 if node.opset < 4 else None)
    return build.concatenate(xs, axis % len(xs[0].shape))


@handles("Expand")
def expand(node: NodeView, x: Value, shape: Value) -> Value:
    """Broadcast to a shape, in both directions."""
    return helpers.broadcast_to(x, helpers.broadcast_shapes(x.shape, _shape(node, shape)))


@handles("Tile")
def tile(node: NodeView, x: Value, repeats: Value) -> Value:
    """Repeated along every axis."""
    counts = node.dims(repeats, "the repeats")
    split = tuple(d for pair in zip(counts, x.shape, strict=True) for d in pair)
    spread = helpers.broadcast(x, split, range(1, 2 * len(counts), 2))
    return reshape_to(spread, tuple(r * d for r, d in zip(counts, x.shape, strict=True)))


@handles("Slice")
def slice_attributes(node: NodeView, x: Value) -> Value:
    """Bounds as attributes."""
    starts, ends = node.ints("starts"), node.ints("ends")
    return _slice(node, x, list(starts), list(ends), node.ints("axes", range(len(starts))), [1] * len(starts))


@handles("Slice", since=10)
def slice_(node: NodeView, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    """Python's slices, on some axes."""
    lo, hi = node.dims(starts, "the starts"), node.dims(ends, "the ends")
    over = node.numbers(axes, "the axes") if axes is not None else range(len(lo))
    by = node.numbers(steps, "the steps") if steps is not None else [1] * len(lo)
    return _slice(node, x, lo, hi, over, by)


def _slice(node: NodeView, x: Value, starts: list[Dim], ends: list[Dim], axes: Sequence[int], steps: Sequence[int]) -> Value:
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(x.shape)
        if step == 0:
            raise node.error("attribute", "a step of `Slice` is 0")
        n = x.shape[axis]
        if step < 0:
            # Element k counted from the back is element n-1-k.
            x = op("reverse", x, dimensions=(axis,))
            start, end, step = n - 1 - _counted(start, n), n - 1 - _counted(end, n, floor=True), -step
        lo, hi = _clamped(start, n), _clamped(end, n)
        x = build.slice_axis(x, axis, lo, symbolic.maximum(lo, hi), step)
    return x


def _counted(i: Dim, n: Dim, floor: bool = False) -> Dim:
    """An index from the front for one that may count from the back; `floor`: the end of a backward slice, where far negative means none."""
    if isinstance(i, int) and i < 0:
        i = i + n
        return symbolic.maximum(i, -1) if floor else symbolic.maximum(i, 0)
    return symbolic.minimum(i, n - 1)


def _clamped(i: Dim, n: Dim) -> Dim:
    if isinstance(i, int) and i < 0:
        i = i + n
    return symbolic.maximum(0, symbolic.minimum(i, n))


@handles("Split")
def split(node: NodeView, x: Value, lengths: Value | None = None) -> tuple[Value, ...]:
    """Consecutive parts along an axis: of given lengths, or as equal as can be."""
    axis = node.int("axis", 0) % len(x.shape)
    n, parts = x.shape[axis], node.int("num_outputs", node.outputs)
    if lengths is not None:
        by: list[Dim] = node.dims(lengths, "the lengths")
    elif node.has("split"):
        by = list(node.ints("split"))
    else:
        size = symbolic.ceildiv(n, parts)
        by = [size] * (parts - 1) + [n - size * (parts - 1)]
    results: list[Value] = []
    start: Dim = 0
    for length in by:
        results.append(build.slice_axis(x, axis, start, start + length))
        start = start + length
    return tuple(results)


@handles("Gather")
def gather(node: NodeView, x: Value, indices: Value) -> Value:
    """Slices of x at indices along one axis; negative indices count from the back."""
    axis = node.int("axis", 0) % len(x.shape)
    known = node.known(indices)
    if known is not None and known.size == 1 and isinstance(known.flat[0], int):
        i = known.flat[0]
        _assume_at_least(x.shape[axis], i + 1 if i >= 0 else -i)
        picked = build.slice_axis(x, axis, i + x.shape[axis] if i < 0 else i, (i + x.shape[axis] if i < 0 else i) + 1)
        return reshape_to(picked, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
    return take(x, _wrapped(x, indices, axis), axis)


def _assume_at_least(n: Dim, lo: int) -> None:
    """An element that is always read is there."""
    match n:
        case symbolic.Expr(terms=(((symbolic.Symbol(name),), 1),)) if (symbolic.lower_bound(n) or 0) < lo:
            raise Assumption(name, lo=lo)
        case _:
            pass


def take(x: Value, indices: Value, axis: int) -> Value:
    """Slices of x at indices (from the front) along one axis."""
    rank, index_rank = len(x.shape), len(indices.shape)
    offset = (*range(axis), *range(axis + index_rank, rank + index_rank - 1))
    numbers = GatherDims(offset, (axis,), (), (), (axis,), index_rank)
    sizes = tuple(1 if a == axis else d for a, d in enumerate(x.shape))
    return op("gather", x, indices, dimension_numbers=numbers, slice_sizes=sizes)


def _wrapped(x: Value, indices: Value, axis: int) -> Value:
    """Indices with negative ones counted from the back."""
    contents = _constant(indices)
    if contents is not None and (contents >= 0).all():
        return indices
    n = cast(_size(x, axis), indices.dtype)
    back = op("add", indices, helpers.broadcast(n, indices.shape, ()))
    return build.select(build.compare("LT", indices, helpers.full_like(indices, 0)), back, indices)


def _constant(value: Value) -> np.ndarray | None:
    if value.node is None or value.op != "constant":
        return None
    tensor = value.node.attrs["value"]
    return tensor.array if isinstance(tensor, Tensor) else None


@handles("GatherElements")
def gather_elements(node: NodeView, x: Value, indices: Value) -> Value:
    """result[i, j] = x[indices[i, j], j] for axis 0."""
    axis = node.int("axis", 0) % len(x.shape)
    wrapped = _wrapped(x, indices, axis)
    parts = [wrapped if a == axis else op("iota", iota_dimension=a, result=wrapped.tensor) for a in range(len(x.shape))]
    return _gather_points(x, op("concatenate", *(build.unsqueeze(p, [-1]) for p in parts), dimension=len(x.shape)), 0)


@handles("GatherND")
def gather_nd(node: NodeView, x: Value, indices: Value) -> Value:
    """Slices of x at index tuples in the last dim of `indices`."""
    batch = node.int("batch_dims", 0)
    depth = indices.shape[-1]
    if not isinstance(depth, int):
        raise node.error("dynamic", "the last dim of the indices of `GatherND` must be static")
    limits = op("concatenate", *(reshape_to(cast(_size(x, batch + k), indices.dtype), (1,)) for k in range(depth)), dimension=0)
    back = op("add", indices, helpers.broadcast_to(limits, indices.shape))
    wrapped = build.select(build.compare("LT", indices, helpers.full_like(indices, 0)), back, indices)
    return _gather_points(x, wrapped, batch)


def _gather_points(x: Value, points: Value, batch: int) -> Value:
    depth = points.shape[-1]
    assert isinstance(depth, int)
    rank, lead = len(x.shape), len(points.shape) - 1
    window = [a for a in range(rank) if a >= batch + depth]
    numbers = GatherDims(
        offset_dims=tuple(range(lead, lead + len(window))),
        collapsed_slice_dims=tuple(range(batch, batch + depth)),
        operand_batching_dims=tuple(range(batch)),
        start_indices_batching_dims=tuple(range(batch)),
        start_index_map=tuple(range(batch, batch + depth)),
        index_vector_dim=lead,
    )
    sizes = tuple(1 if a < batch + depth else d for a, d in enumerate(x.shape))
    return op("gather", x, points, dimension_numbers=numbers, slice_sizes=sizes)


@handles("Range")
def range_(node: NodeView, start: Value, limit: Value, delta: Value) -> Value:
    """start, start + delta, … below limit."""
    (lo,), (hi,), (by,) = (node.dims(v, "the bounds") for v in (start, limit, delta))
    if isinstance(lo, symbolic.Expr) or isinstance(hi, symbolic.Expr):
        if by != 1:
            raise node.error("dynamic", "a symbolic `Range` must have a step of 1")
        count = hi - lo
    else:
        count = max(int(np.ceil((hi - lo) / by)), 0) if by else 0
    index = op("iota", iota_dimension=0, result=TensorType(start.dtype, (count,)))
    scaled = op("multiply", index, helpers.broadcast(reshape_to(delta, ()), (count,), ()))
    return op("add", scaled, helpers.broadcast(reshape_to(start, ()), (count,), ()))


@handles("Pad")
def pad_attributes(node: NodeView, x: Value) -> Value:
    """Pads and the value as attributes."""
    pads = node.ints("pads" if node.has("pads") else "paddings")
    return _pad(node, x, list(pads), const(node.float("value", 0.0), x.dtype))


@handles("Pad", since=11)
def pad(node: NodeView, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None) -> Value:
    """Constant, edge, reflect or wrap padding."""
    given = node.dims(pads, "the pads")
    rank = len(x.shape)
    if axes is not None:
        over = [a % rank for a in node.numbers(axes, "the axes")]
        whole: list[Dim] = [0] * (2 * rank)
        for i, a in enumerate(over):
            whole[a], whole[rank + a] = given[i], given[len(over) + i]
        given = whole
    fill = const(0, x.dtype) if value is None else reshape_to(value, ())
    return _pad(node, x, given, fill)


def _pad(node: NodeView, x: Value, pads: list[Dim], fill: Value) -> Value:
    rank = len(x.shape)
    if len(pads) != 2 * rank:
        raise node.error("attribute", f"`Pad` of {x.tensor} needs {2 * rank} pads, got {len(pads)}")
    mode = node.string("mode", "constant")
    if mode == "constant":
        return build.pad(x, pads[:rank], pads[rank:], fill)
    for axis in range(rank):
        before, after = pads[axis], pads[rank + axis]
        if before == 0 and after == 0:
            continue
        n = x.shape[axis]
        if not all(isinstance(d, int) for d in (before, after, n)):
            raise node.error("dynamic", f"padding of mode {mode} needs static sizes")
        x = _take(x, axis, _padded_indices(mode, n, before, after))  # type: ignore[arg-type]
    return x


def _padded_indices(mode: str, n: int, before: int, after: int) -> np.ndarray:
    index = np.arange(-before, n + after)
    match mode:
        case "edge":
            return np.clip(index, 0, n - 1)
        case "wrap":
            return index % n
        case _:
            period = max(2 * (n - 1), 1)
            folded = np.abs(index) % period
            return np.where(folded >= n, period - folded, folded)


def _take(x: Value, axis: int, index: np.ndarray) -> Value:
    """Slices of x at constant positions, as few pieces of consecutive ones as possible."""
    steps = np.diff(index)
    pieces: list[Value] = []
    start = 0
    while start < len(index):
        stop = start + 1
        while stop < len(index) and steps[stop - 1] == 1:
            stop += 1
        pieces.append(build.slice_axis(x, axis, int(index[start]), int(index[stop - 1]) + 1))
        start = stop
    return build.concatenate(pieces, axis)


@handles("Trilu")
def trilu(node: NodeView, x: Value, k: Value | None = None) -> Value:
    """The upper or lower triangle of matrices, zero elsewhere."""
    (shift,) = node.numbers(k, "the diagonal") if k is not None else (0,)
    rank = len(x.shape)
    index = TensorType(dtypes.I64, x.shape)
    row, column = (op("iota", iota_dimension=rank - i, result=index) for i in (2, 1))
    diagonal = op("add", row, helpers.full_like(row, shift))
    keep = build.compare("GE" if node.int("upper", 1) else "LE", column, diagonal)
    return build.select(keep, x, helpers.full_like(x, 0))


@handles("EyeLike")
def eye_like(node: NodeView, x: Value) -> Value:
    """Ones on a diagonal."""
    dtype = node.scope.reader.dtype(node.int("dtype"), node.loc) if node.has("dtype") else x.dtype
    index = TensorType(dtypes.I64, x.shape)
    row, column = (op("iota", iota_dimension=i, result=index) for i in (0, 1))
    return cast(build.compare("EQ", op("add", row, helpers.full_like(row, node.int("k", 0))), column), dtype)


@handles("DepthToSpace")
def depth_to_space(node: NodeView, x: Value) -> Value:
    """Channels become blocks of pixels."""
    b = node.int("blocksize")
    n, c, h, w = x.shape
    crd = node.string("mode", "DCR") == "CRD"
    small = symbolic.floordiv(c, b * b)
    split = (n, small, b, b, h, w) if crd else (n, b, b, small, h, w)
    order = (0, 1, 4, 2, 5, 3) if crd else (0, 3, 4, 1, 5, 2)
    return reshape_to(build.transpose(reshape_to(x, split), order), (n, small, h * b, w * b))


@handles("SpaceToDepth")
def space_to_depth(node: NodeView, x: Value) -> Value:
    """Blocks of pixels become channels."""
    b = node.int("blocksize")
    n, c, h, w = x.shape
    down, across = symbolic.floordiv(h, b), symbolic.floordiv(w, b)
    parts = reshape_to(x, (n, c, down, b, across, b))
    return reshape_to(build.transpose(parts, (0, 3, 5, 1, 2, 4)), (n, c * b * b, down, across))


@handles("OneHot")
def one_hot(node: NodeView, indices: Value, depth: Value, values: Value) -> Value:
    """values[1] at the index along a new axis, values[0] elsewhere."""
    (n,) = node.numbers(depth, "the depth")
    rank = len(indices.shape)
    axis = node.int("axis", -1)
    axis = axis + rank + 1 if axis < 0 else axis
    whole = cast(indices, dtypes.I64)
    wrapped = build.select(build.compare("LT", whole, helpers.full_like(whole, 0)), op("add", whole, helpers.full_like(whole, n)), whole)
    shape = (*indices.shape[:axis], n, *indices.shape[axis:])
    place = op("iota", iota_dimension=axis, result=TensorType(dtypes.I64, shape))
    hit = op("compare", place, helpers.broadcast_to(build.unsqueeze(wrapped, [axis]), shape), comparison_direction="EQ")
    off, on = (reshape_to(build.slice_axis(values, 0, i, i + 1), ()) for i in (0, 1))
    return op("select", hit, helpers.broadcast(on, shape, ()), helpers.broadcast(off, shape, ()))
