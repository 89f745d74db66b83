"""Per-channel constants after a convolution move into its weights and one bias: what remains of a batch normalisation is nothing."""

import numpy as np

from ...proto.dtypes import F32
from ..ir.attrs import ConvDims, Tensor
from ..ir.dims import is_nonnegative
from ..ir.graph import Node, Value
from ..ir.types import TensorType
from ..ops.helpers import broadcast, cast, const
from ..ops.nodes import node
from .canonicalize import constant_of, splat_of
from .rewrite import Result, Uses, rewrite


def channel_constant(value: Value, dim: int) -> np.ndarray | None:
    """The numbers, in float64, of a value that is constant and depends on dim `dim` alone; None if it is not shown to be one."""
    size = value.shape[dim]
    if not isinstance(size, int):
        return None
    source, dims = value, list(range(value.tensor.rank))
    while source.node is not None and source.op == "broadcast_in_dim":
        step = source.node.ints("broadcast_dimensions")
        (inner,) = source.node.operands
        dims = [dims[d] for d in step]
        source = inner
    array = constant_of(source)
    if array is None:
        number = splat_of(source)
        return None if number is None else np.full(size, number, np.float64)
    if array.size == 1:
        return np.full(size, array.reshape(()), np.float64)
    long = [i for i, n in enumerate(array.shape) if n != 1]
    if len(long) != 1 or dims[long[0]] != dim or array.size != size:
        return None
    return array.reshape(-1).astype(np.float64)


def _channel_dim(conv: Node) -> int:
    dims = conv.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    return dims.output_feature


def _scalable(value: Value, uses: Uses) -> Node | None:
    """The convolution with constant weights that makes `value`, if nothing else uses it."""
    node = value.node
    if node is None or node.op != "convolution" or uses(value) != 1 or constant_of(node.operands[1]) is None:
        return None
    return node if value.dtype == node.operands[1].dtype and value.dtype.is_float else None


def _vector(numbers: np.ndarray, like: Value, dim: int) -> Value:
    """Numbers per channel in the shape of `like`."""
    return broadcast(const(numbers.astype(like.dtype.numpy)), like.shape, (dim,))


def _sides(n: Node) -> tuple[tuple[Value, Value], ...]:
    x, y = n.operands
    return ((x, y), (y, x)) if n.op in ("add", "multiply") else ((x, y),)


@rewrite("scale-weights", "multiply", "divide")
def scale_weights(n: Node, uses: Uses) -> Result:
    """multiply(convolution(x, w), s) -> convolution(x, w·s) for constants w and s per channel; rounds differently. Likewise divide."""
    for value, other in _sides(n):
        conv = _scalable(value, uses)
        scale = channel_constant(other, _channel_dim(conv)) if conv else None
        if conv is None or scale is None:
            continue
        if n.op == "divide":
            if not scale.all():
                continue
            scale = 1 / scale
        return _scaled(conv, scale)
    return None


def _scaled(conv: Node, scale: np.ndarray) -> Value:
    dims = conv.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    x, w = conv.operands
    weights = constant_of(w)
    assert weights is not None and w.node is not None
    shape = [1] * weights.ndim
    shape[dims.kernel_output_feature] = -1
    tensor = w.node.attrs["value"]
    name = tensor.name if isinstance(tensor, Tensor) else ""
    scaled = np.multiply(weights, scale.reshape(shape), out=np.empty_like(weights), casting="unsafe")  # in float64, without a copy of that
    return _like(conv, x, const(scaled, name=name), conv.results[0].tensor)


@rewrite("scale-before-bias", "multiply", "divide")
def scale_before_bias(n: Node, uses: Uses) -> Result:
    """multiply(add(y, b), s) -> add(multiply(y, s), b·s) for a convolution y and constants b and s per channel; rounds differently."""
    for value, other in _sides(n):
        inner = value.node
        if inner is None or inner.op not in ("add", "subtract") or uses(value) != 1:
            continue
        for y, bias in _sides(inner):
            conv = _scalable(y, uses)
            if conv is None:
                continue
            dim = _channel_dim(conv)
            shift, scale = channel_constant(bias, dim), channel_constant(other, dim)
            if shift is None or scale is None or (n.op == "divide" and not scale.all()):
                continue
            factor = 1 / scale if n.op == "divide" else scale
            moved = shift * factor * (1 if inner.op == "add" else -1)
            return node("add", _scaled(conv, factor), _vector(moved, y, dim))
    return None


@rewrite("one-bias", "add", "subtract")
def one_bias(n: Node, uses: Uses) -> Result:
    """add(add(y, a), b) -> add(y, a+b), subtract(y, a) -> add(y, -a), for a convolution y and constants a and b per channel."""
    for value, other in _sides(n):
        if (conv := _scalable(value, uses)) and n.op == "subtract":
            dim = _channel_dim(conv)
            shift = channel_constant(other, dim)
            return None if shift is None else node("add", value, _vector(-shift, value, dim))
        inner = value.node
        if inner is None or inner.op != "add" or uses(value) != 1:
            continue
        y, bias = inner.operands
        conv = _scalable(y, uses)
        if conv is None:
            continue
        dim = _channel_dim(conv)
        first, second = channel_constant(bias, dim), channel_constant(other, dim)
        if first is None or second is None:
            continue
        total = first + second if n.op == "add" else first - second
        return node("add", y, _vector(total, y, dim))
    return None


@rewrite("bias-of-sum", "add")
def bias_of_sum(n: Node, uses: Uses) -> Result:
    """add(add(y, a), add(z, b)) -> add(add(y, a+b), z) for convolutions y and z and constants a and b per channel; rounds differently."""
    found: list[tuple[Value, np.ndarray, int]] = []
    for value in n.operands:
        inner = value.node
        conv = _scalable(inner.operands[0], uses) if inner is not None and inner.op == "add" and uses(value) == 1 else None
        shift = channel_constant(inner.operands[1], _channel_dim(conv)) if conv and inner else None
        if conv is None or shift is None:
            return None
        found.append((conv.result, shift, _channel_dim(conv)))
    (y, a, dim), (z, b, other) = found
    if dim != other:
        return None
    return node("add", node("add", y, _vector(a + b, y, dim)), z)


@rewrite("padding-in-convolution", "convolution")
def absorb_pad(n: Node, uses: Uses) -> Result:
    """convolution(pad(x, 0), w) -> convolution(x, w) with more padding, where only spatial dims are padded, at their edges."""
    x, w = n.operands
    pad = x.node
    if pad is None or pad.op != "pad" or splat_of(pad.operands[1]) != 0 or any(d != 1 for d in n.ints("lhs_dilation")):
        return None
    dims = n.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    low, high, interior = (pad.dims(name) for name in ("edge_padding_low", "edge_padding_high", "interior_padding"))
    plain = all(low[d] == high[d] == 0 for d in (dims.input_batch, dims.input_feature))
    if not plain or any(i != 0 for i in interior):
        return None
    old = n.pairs("padding") or ((0, 0),) * len(dims.input_spatial)
    padding = tuple((a + low[d], b + high[d]) for (a, b), d in zip(old, dims.input_spatial, strict=True))
    if not all(isinstance(p, int) for pair in padding for p in pair):
        return None
    result = n.types[0]
    assert isinstance(result, TensorType)
    return node("convolution", pad.operands[0], w, result=result, **{**n.attrs, "padding": padding})


@rewrite("pad-before-convolution", "convolution")
def pad_openly(n: Node, uses: Uses) -> Result:
    """convolution(x, w) with padding that depends on sizes -> convolution(pad(x, 0), w) without; kernels know their padding."""
    x, w = n.operands
    dims = n.attrs["dimension_numbers"]
    assert isinstance(dims, ConvDims)
    padding = n.pairs("padding")
    every = [p for pair in padding for p in pair]
    if all(isinstance(p, int) for p in every) or not all(map(is_nonnegative, every)) or any(d != 1 for d in n.ints("lhs_dilation")):
        return None
    edges = dict(zip(dims.input_spatial, padding, strict=True))
    low, high = (tuple(edges.get(d, (0, 0))[side] for d in range(x.tensor.rank)) for side in (0, 1))
    none = (0,) * x.tensor.rank
    padded = node("pad", x, const(0, x.dtype), edge_padding_low=low, edge_padding_high=high, interior_padding=none)
    return node("convolution", padded, w, result=n.results[0].tensor, **{**n.attrs, "padding": None})


@rewrite("convolve-wide", "convolution")
def convolve_wide(n: Node, uses: Uses) -> Result:
    """convolution of floats narrower than f32 -> convert(convolution(convert(x), convert(w))) in f32: the sums are taken in it anyway."""
    x, w = n.operands
    result = n.results[0].tensor
    if constant_of(w) is None or not narrow_product(x, w, result):
        return None
    return cast(_like(n, widened(x), widened(w), result.with_dtype(F32)), result.dtype)


def _like(n: Node, x: Value, w: Value, result: TensorType) -> Value:
    """The convolution `n` of other operands."""
    return node("convolution", x, w, result=result, **n.attrs)


def narrow_product(x: Value, y: Value, result: TensorType) -> bool:
    """Whether a product of `x` and `y` is one of floats up to f32, some of them narrower."""
    dtypes = (x.dtype, y.dtype, result.dtype)
    return all(d.is_float and d.bits <= 32 for d in dtypes) and any(d is not F32 for d in dtypes)


def widened(x: Value) -> Value:
    """`x` in f32; a constant at once."""
    array = constant_of(x)
    if array is None or x.dtype is F32:
        return cast(x, F32)
    return const(array.astype(np.float32))


CONV_RULES = (convolve_wide, pad_openly, absorb_pad, scale_weights, scale_before_bias, one_bias, bias_of_sum)
