"""`DFT`, `STFT`, `MelWeightMatrix`."""

from math import log

from onnx import TensorProto

from ....compiler.ir.dims import Dim, floordiv, maximum
from ....compiler.ir.graph import Value
from ....compiler.ir.types import TensorType
from ....compiler.ops.helpers import broadcast, cast, const, reshape_to
from ....proto import dtypes
from .. import build, dynamic
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .fourier import Complex, resized, transform


@handles("DFT", since=17)
def dft_attribute(node: NodeView, x: Value, length: Value | None = None) -> Value:
    """Along the axis of an attribute."""
    return _dft(node, x, length, node.int("axis", 1))


@handles("DFT", since=20)
def dft(node: NodeView, x: Value, length: Value | None = None, axis: Value | None = None) -> Value:
    """The Fourier transform of real or complex numbers [..., 1 or 2]; `onesided` only the half that determines a real signal's."""
    if axis is None or node.known(axis) is not None:
        return _dft(node, x, length, -2 if axis is None else node.number(axis, "the axis"))
    at = dynamic.integer(axis)
    return dynamic.back_around(_dft(node, dynamic.around(x, at, 1), length, 1), x, at, 1)


def _check_length(node: NodeView, n: Dim) -> None:
    """The tables of a transform have some eight numbers for each of its elements."""
    if isinstance(n, int):
        node.check_limit("table_elements", 8 * n, f"has {n} elements")


def _dft(node: NodeView, x: Value, length: Value | None, axis: int) -> Value:
    rank = len(x.shape)
    at = node.axis(axis, rank)
    node.check(at < rank - 1, "axis", f"axis {axis} of `DFT` is that of the real and imaginary parts")
    inverse, onesided = bool(node.int("inverse", 0)), bool(node.int("onesided", 0))
    z = _parts(node, build.transpose(x, (*(a for a in range(rank - 1) if a != at), at, rank - 1)))
    n = _length(node, z[0].shape[-1], length, inverse and onesided)
    _check_length(node, n)
    kept = floordiv(n, 2) + 1 if onesided else n
    if inverse:
        z = _mirrored(resized(z, kept), n) if onesided else resized(z, n)
        re, im = (op("divide", v, _count(v)) for v in transform(z, 1))
        parts = [re] if onesided else [re, im]
    else:
        parts = [_part(v, 0, kept) for v in transform(resized(z, n), -1)]
    y = build.concatenate([build.unsqueeze(cast(p, x.dtype), [-1]) for p in parts], rank - 1)
    order = list(range(rank - 2))
    return build.transpose(y, (*order[:at], rank - 2, *order[at:], rank - 1))


def _length(node: NodeView, given: Dim, length: Value | None, halved: bool) -> Dim:
    n = node.dims(length, "the length")[0] if length is not None else 2 * (given - 1) if halved else given
    node.check(not isinstance(n, int) or n > 0, "size", f"`{node.op_type}` of length {n}")
    return n


def _count(v: Value) -> Value:
    """The size of the last dim, in the shape of `v`."""
    return broadcast(cast(op("get_dimension_size", v, dimension=len(v.shape) - 1), v.dtype), v.shape, ())


def _parts(node: NodeView, x: Value) -> Complex:
    """Real and imaginary part of numbers in the last dim, in f32 at least."""
    last, count = len(x.shape) - 1, x.shape[-1]
    node.check(count in (1, 2), "shape", f"the last dim of {x.type} must hold a real or a complex number")
    wide = cast(x, dtypes.F32) if x.dtype.bits < 32 else x
    parts = [reshape_to(build.slice_axis(wide, last, k, k + 1), x.shape[:-1]) for k in range(2 if count == 2 else 1)]
    return parts[0], parts[1] if count == 2 else None


def _mirrored(z: Complex, n: Dim) -> Complex:
    """The n frequencies of a real signal of which the first n//2 + 1 are given: the others are their conjugates."""
    re, im = z
    axis = len(re.shape) - 1
    tails = [op("reverse", _part(p, 1, floordiv(n + 1, 2) - 1), dimensions=(axis,)) for p in (re, im) if p is not None]
    whole = build.concatenate([re, tails[0]], axis)
    return whole, None if im is None else build.concatenate([im, op("negate", tails[1])], axis)


def _part(x: Value, start: int, count: Dim) -> Value:
    """`count` elements of the last dim. Where their number is symbolic, that there are as many cannot be shown, as a slice would need."""
    axis = len(x.shape) - 1
    if isinstance(count, int):
        return build.slice_axis(x, axis, start, start + count)
    if count == x.shape[-1]:
        return x
    at = op("iota", iota_dimension=0, result=TensorType(dtypes.I64, (maximum(count, 0),)))
    return build.take(x, op("add", at, scalar(start, at)), axis)


@handles("STFT", since=17)
def stft(node: NodeView, x: Value, step: Value, window: Value | None = None, length: Value | None = None) -> Value:
    """Transforms [N, frames, bins, 2] of the overlapping frames of signals [N, L] or [N, L, 1 or 2], each weighted by the window."""
    if len(x.shape) == 2:
        x = build.unsqueeze(x, [2])
    node.check_rank(x, 3)
    size, by = x.shape[1], node.dims(step, "the step")[0]
    n = _length(node, size if window is None else window.shape[0], length, halved=False)
    _check_length(node, n)
    known = all(isinstance(d, int) for d in (n, size, by))
    node.check(by != 0 and not (known and n > size), "shape", f"`STFT` of {x.type} in frames of {n}, {by} apart")
    node.check(window is None or window.shape == (n,), "shape", f"the window of `STFT` does not have {n} elements")
    grid = TensorType(dtypes.I64, (maximum(floordiv(size - n, by) + 1, 0), n))
    start, offset = (op("iota", iota_dimension=d, result=grid) for d in (0, 1))
    apart = broadcast(reshape_to(cast(step, dtypes.I64), ()), grid.shape, ())
    frames = build.take(x, op("add", op("multiply", start, apart), offset), 1)
    z = _parts(node, frames)
    if window is not None:
        weight = cast(window, z[0].dtype)
        z = (elementwise("multiply", z[0], weight), None if z[1] is None else elementwise("multiply", z[1], weight))
    kept = floordiv(n, 2) + 1 if node.int("onesided", 1) else n
    parts = [build.unsqueeze(cast(_part(v, 0, kept), x.dtype), [-1]) for v in transform(z, -1)]
    return build.concatenate(parts, 3)


@handles("MelWeightMatrix", since=17)
def mel_weights(node: NodeView, bins: Value, length: Value, rate: Value, lower: Value, upper: Value) -> Value:
    """Triangles [length//2 + 1, bins] that are evenly wide on the mel scale, 2595·log₁₀(1 + f/700), from one frequency to another."""
    count, n = (node.dims(v, "a size")[0] for v in (bins, length))
    points, shape = (count + 2,), (floordiv(n, 2) + 1, count)
    lo, hi = (_mel(_scalar(v)) for v in (lower, upper))
    step = op("divide", op("subtract", hi, lo), op("add", _scalar(bins), const(2.0)))
    place = op("iota", iota_dimension=0, result=TensorType(dtypes.F64, points))
    mel = elementwise("add", elementwise("multiply", place, step), lo)
    hertz = op("multiply", op("exponential_minus_one", op("multiply", mel, scalar(log(10) / 2595, mel))), scalar(700.0, mel))
    scaled = elementwise("divide", elementwise("multiply", hertz, op("add", _scalar(length), const(1.0))), _scalar(rate))
    edges = op("floor", scaled)
    left, centre, right = (broadcast(build.slice_axis(edges, 0, k, k + count), shape, (1,)) for k in range(3))
    j = op("iota", iota_dimension=0, result=TensorType(dtypes.F64, shape))
    rising = op("divide", op("subtract", j, left), op("subtract", centre, left))
    falling = op("divide", op("subtract", right, j), op("subtract", right, centre))
    zero = scalar(0, j)
    up = select(op("and", compare("GE", j, left), compare("LT", j, centre)), rising, zero)
    down = select(op("and", compare("GT", j, centre), compare("LT", j, right)), falling, up)
    weights = select(compare("EQ", j, centre), scalar(1, j), down)
    return cast(weights, node.scope.reader.dtype(node.int("output_datatype", TensorProto.FLOAT), node.loc))


def _scalar(v: Value) -> Value:
    """A number as f64."""
    return cast(reshape_to(v, ()), dtypes.F64)


def _mel(hertz: Value) -> Value:
    return op("multiply", op("log_plus_one", op("divide", hertz, const(700.0))), const(2595 / log(10)))
