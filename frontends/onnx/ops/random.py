"""Operators that draw random numbers: the same ones at every call, as a program is a function. `seed` says which."""

from collections.abc import Sequence
from math import pi
from zlib import crc32

from onnx import TensorProto

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast, cast, const, full_like, reshape_to
from ....proto import dtypes
from ....proto.dtypes import DType
from .. import build
from ..build import compare, elementwise, op, scalar, select
from ..node import NodeView
from ..registry import handles
from .reduction import first_maximum
from .twister import uniform


def _draw(node: NodeView, shape: Sequence[Dim], count: int = 1) -> list[Value]:
    """`count` tensors of that shape of uniform numbers, f64 in [0, 1). Without a seed, nodes of different names draw different numbers."""
    seed = _seed(node) if node.has("seed") else crc32(node.loc.name.encode())
    if count == 1:
        return [uniform(shape, seed)]
    both = uniform((count, *shape), seed)
    return [reshape_to(build.slice_axis(both, 0, k, k + 1), tuple(shape)) for k in range(count)]


def _seed(node: NodeView) -> int:
    """A whole number; for most operators it is written as a float."""
    if node.op_type == "Dropout":
        return node.int("seed")
    seed = node.float("seed")
    node.check(abs(seed) < 2.0**63, "attribute", f"`seed` is {seed}")
    return int(seed)


@handles("RandomUniform", "RandomNormal")
def random_of_shape(node: NodeView) -> Value:
    """Of a shape that is an attribute."""
    shape = node.ints("shape")
    node.check(all(d >= 0 for d in shape), "attribute", f"no tensor can have the shape {shape}")
    return _random(node, shape, _dtype(node, dtypes.F32))


@handles("RandomUniformLike", "RandomNormalLike")
def random_like(node: NodeView, x: Value) -> Value:
    """Of the shape of x, and its type unless `dtype` says otherwise."""
    return _random(node, x.shape, _dtype(node, x.dtype))


def _dtype(node: NodeView, default: DType) -> DType:
    return node.scope.reader.dtype(node.int("dtype"), node.loc) if node.has("dtype") else default


def _random(node: NodeView, shape: Sequence[Dim], dtype: DType) -> Value:
    node.check(dtype.is_float, "attribute", f"`{node.op_type}` cannot draw {dtype}")
    if node.op_type.startswith("RandomUniform"):
        lo, hi = node.float("low", 0.0), node.float("high", 1.0)
        u = cast(_draw(node, shape)[0], dtype)
        return op("add", op("multiply", u, scalar(hi - lo, u)), scalar(lo, u))
    z = cast(_normal(node, shape), dtype)
    return op("add", op("multiply", z, scalar(node.float("scale", 1.0), z)), scalar(node.float("mean", 0.0), z))


def _normal(node: NodeView, shape: Sequence[Dim]) -> Value:
    """√(-2·ln(1 - u))·cos(2π·v) of two uniform numbers (Box and Muller 1958)."""
    u, v = _draw(node, shape, 2)
    radius = op("sqrt", op("multiply", op("log_plus_one", op("negate", u)), scalar(-2, u)))
    return op("multiply", radius, op("cosine", op("multiply", v, scalar(2 * pi, v))))


@handles("Bernoulli", since=15)
def bernoulli(node: NodeView, p: Value) -> Value:
    """1 with probability p, else 0. Like numpy's binomial numbers: whichever of both is less likely is drawn where u is large."""
    u, wide = _draw(node, p.shape)[0], cast(p, dtypes.F64)
    rare = compare("LE", wide, scalar(0.5, wide))
    drawn = compare("GT", u, select(rare, op("subtract", scalar(1, wide), wide), wide))
    return cast(compare("EQ", drawn, rare), _dtype(node, p.dtype))


@handles("Multinomial", since=7)
def multinomial(node: NodeView, x: Value) -> Value:
    """Classes [N, samples] from logarithms [N, C] of their probabilities: where logarithm plus Gumbel noise is greatest."""
    node.check_rank(x, 2)
    count = node.int("sample_size", 1)
    node.check(count >= 0, "attribute", f"`sample_size` is {count}")
    shape = (x.shape[0], count, x.shape[1])
    u = _draw(node, shape)[0]
    noise = op("negate", op("log", op("negate", op("log", u))))
    best = first_maximum(elementwise("add", build.unsqueeze(cast(x, dtypes.F64), [1]), noise), 2)
    return cast(best, node.scope.reader.dtype(node.int("dtype", TensorProto.INT32), node.loc))


@handles("Dropout")
def dropout_attributes(node: NodeView, x: Value) -> tuple[Value, ...]:
    """Before opset 7 a node trains unless `is_test` is set; from then on until opset 12 it never does."""
    training = node.opset < 7 and not node.int("is_test", 0)
    y, mask = _dropped(node, x, const(node.float("ratio", 0.5), x.dtype)) if training else _kept(x)
    return y, mask if node.opset >= 10 else cast(mask, x.dtype)


@handles("Dropout", since=12)
def dropout(node: NodeView, x: Value, ratio: Value | None = None, training: Value | None = None) -> tuple[Value, ...]:
    """Where it trains, each element is 0 with probability `ratio`, and the others are scaled so that the mean remains."""
    known = None if training is None else node.known(training)
    if training is None or (known is not None and not known.any()):
        return _kept(x)
    share = const(0.5, x.dtype) if ratio is None else reshape_to(ratio, ())
    y, mask = _dropped(node, x, share)
    if known is not None and isinstance(known.reshape(-1)[0], bool):
        return y, mask
    pred = broadcast(reshape_to(training, ()), x.shape, ())
    return op("select", pred, y, x), op("or", mask, op("not", pred))


def _kept(x: Value) -> tuple[Value, Value]:
    return x, broadcast(const(True), x.shape, ())


def _dropped(node: NodeView, x: Value, ratio: Value) -> tuple[Value, Value]:
    u = _draw(node, x.shape)[0]
    mask = elementwise("compare", u, cast(ratio, dtypes.F64), comparison_direction="GE")
    share = cast(ratio, x.dtype)
    scale = op("divide", full_like(share, 1), op("subtract", full_like(share, 1), share))
    return select(mask, elementwise("multiply", x, scale), scalar(0, x)), mask
