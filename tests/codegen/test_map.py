"""Map kernels: shape, indexing and conditional ops, alone and fused, with fixed and with symbolic sizes, on every level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weft.compiler.ir.attrs import GatherDims, Tensor
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import ALL, BF16, BOOL, C64, F16, F32, F64, I8, I32, I64, STRING, U8

from .run import HOST, SOME_TARGETS, TARGETS, Loaded, check, fusion, reference
from .test_elemental import samples

RNG = np.random.default_rng(3)
N, M = symbol("N", 0), symbol("M", 1)


def p(dtype, *shape):
    return param(TensorType(dtype, shape))


def data(v, rng=RNG, **symbols):
    shape = tuple(symbols.get(str(d), d) for d in v.tensor.shape)
    return samples(v.dtype, rng, int(np.prod(shape)) + 20)[: int(np.prod(shape))].reshape(shape)


def op(name, *args, **attrs):
    return op_of(name)(*args, **attrs)


def broadcast(x, shape, dims):
    return op("broadcast_in_dim", x, broadcast_dimensions=dims, result=TensorType(x.dtype, shape))


def reshape(x, *shape):
    return op("reshape", x, result=TensorType(x.dtype, shape))


def _cases():
    x, y, c, s = p(F32, 2, 3, 7, 7), p(F32, 2, 3, 7, 7), p(F32, 3), p(F32)
    yield "bias per channel", [x, y, c], op("add", op("multiply", x, y), broadcast(c, (2, 3, 7, 7), (1,)))
    yield "scalar", [s], op("add", s, s)
    yield "scalar broadcast", [x, s], op("subtract", x, broadcast(s, (2, 3, 7, 7), ()))
    yield "row and column", [p(F32, 5), c], None
    yield "transpose", [x], op("transpose", x, permutation=(0, 2, 3, 1))
    yield "transpose 2d", [p(F32, 67, 45)], None
    yield "transpose bytes", [p(U8, 33, 70)], None
    yield "reverse", [x], op("reverse", x, dimensions=(1, 3))
    yield "slice", [x], op("slice", x, start_indices=(0, 1, 0, 1), limit_indices=(2, 3, 7, 7), strides=(1, 1, 2, 2))
    yield "reshape", [x], reshape(op("transpose", x, permutation=(0, 2, 1, 3)), 2, 7, 21)
    yield "iota", [], op("iota", iota_dimension=1, result=TensorType(I32, (4, 33)))
    yield "iota float", [], op("iota", iota_dimension=0, result=TensorType(F16, (40,)))
    yield "iota complex", [], op("iota", iota_dimension=1, result=TensorType(C64, (3, 40)))
    yield "empty", [p(F32, 0, 3)], None


def _pads():
    x, v = p(F32, 5, 37), p(F32)
    yield op("pad", x, v, edge_padding_low=(1, 2), edge_padding_high=(0, 3), interior_padding=(0, 0)), [x, v]
    yield op("pad", x, v, edge_padding_low=(-1, -2), edge_padding_high=(2, -3), interior_padding=(0, 0)), [x, v]
    yield op("pad", x, v, edge_padding_low=(0, 1), edge_padding_high=(0, 1), interior_padding=(1, 2)), [x, v]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_shape_ops(target):
    for _, params, case in _cases():
        result = case
        if result is None:
            x = params[0]
            result = op("transpose", x, permutation=tuple(range(x.tensor.rank))[::-1])
            params = [x]
        check(fusion("map", params, [result]), [data(v) for v in params], target)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_pad(target):
    for result, params in _pads():
        check(fusion("map", params, [result]), [data(v) for v in params], target)


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("n", [5, 20, 40])
@pytest.mark.parametrize("inner", [1, 2, 3])
def test_reversed_pad(n, inner, target):
    """Quotients of numbers that fall below 0, some of them constants: the rest of a line begins at a known place."""
    x, v = p(F32, n), p(F32)
    padded = op("pad", x, v, edge_padding_low=(1,), edge_padding_high=(2,), interior_padding=(inner,))
    check(fusion("map", [x, v], [op("reverse", padded, dimensions=(0,))]), [data(x), data(v)], target)


@pytest.mark.parametrize("dim", [0, 1])
def test_concatenate(dim):
    shapes = [(3, 5), (3, 40), (3, 1)] if dim else [(5, 33), (1, 33), (3, 33)]
    params = [p(F32, *s) for s in shapes]
    scaled = [op("add", v, v) for v in params]
    check(fusion("map", params, [op("concatenate", *scaled, dimension=dim)]), [data(v) for v in params])


@pytest.mark.parametrize("dtype", [d for d in ALL if d is not STRING], ids=str)
def test_moves_of_every_dtype(dtype):
    """Contiguous, strided, reversed and gathered reads, and padding, whatever the elements are."""
    x, v = p(dtype, 6, 35), p(dtype)
    turned = op("transpose", x, permutation=(1, 0))
    every = op("slice", x, start_indices=(0, 1), limit_indices=(6, 35), strides=(1, 2))
    back = op("reverse", x, dimensions=(1,))
    padded = op("pad", x, v, edge_padding_low=(0, 3), edge_padding_high=(0, 2), interior_padding=(0, 0))
    for result in (turned, every, back, padded):
        params = [x, v] if result is padded else [x]
        check(fusion("map", params, [result]), [data(a) for a in params])
        check(fusion("map", params, [result]), [data(a) for a in params], TARGETS[0])


def test_several_results_and_in_place():
    x, y = p(F32, 3, 50), p(F32, 3, 50)
    total = op("add", x, y)
    loaded = check(fusion("map", [x, y], [total, op("compare", x, y, comparison_direction="LT")]), [data(x), data(y)])
    assert loaded.kernel.inplace == ((0, 0), (1, 0))
    node = fusion("map", [x, y], [total])
    kernel = Loaded(node)
    a, b = data(x), data(y)
    (want,) = reference(node, [a, b])
    _, call = kernel.prepare([a, b])
    args = call.alive[1]
    args[2] = args[0]
    for chunk in range(call.chunks):
        call(chunk, chunk + 1)
    np.testing.assert_array_equal(call.alive[0][0], want)


def test_gather_clamps():
    x, i = p(F32, 11, 37), p(I32, 5, 1)
    dims = GatherDims((1,), (0,), (), (), (0,), 1)
    rows = op("gather", x, i, dimension_numbers=dims, slice_sizes=(1, 37), indices_are_sorted=False)
    at = np.array([[3], [0], [-7], [99], [10]], np.int32)
    check(fusion("map", [x, i], [rows]), [data(x), at])
    check(fusion("map", [x, i], [op("transpose", rows, permutation=(1, 0))]), [data(x), at])


@pytest.mark.parametrize("index", [I8, U8, I64], ids=str)
def test_dynamic_slices(index):
    x, u, a, b = p(F32, 9, 40), p(F32, 3, 20), p(index), p(index)
    cut = op("dynamic_slice", x, a, b, slice_sizes=(4, 33))
    put = op("dynamic_update_slice", x, u, a, b)
    for start in ((0, 0), (2, 5), (100, 100)):
        starts = [np.array(k, index.numpy) for k in start]
        check(fusion("map", [x, a, b], [cut]), [data(x), *starts])
        check(fusion("map", [x, u, a, b], [put]), [data(x), data(u), *starts])


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
def test_symbolic_sizes(target):
    x, y, c, v = p(F32, N, M), p(F32, N, M), p(F32, M), p(F32)
    elementwise = Loaded(fusion("map", [x, y], [op("add", x, y)]), target)
    bias = Loaded(fusion("map", [x, c], [op("add", x, broadcast(c, (N, M), (1,)))]), target)
    turned = Loaded(fusion("map", [x], [op("transpose", x, permutation=(1, 0))]), target)
    padded = op("pad", x, v, edge_padding_low=(1, 2), edge_padding_high=(0, 3), interior_padding=(0, 0))
    padding = Loaded(fusion("map", [x, v], [padded]), target)
    joined = Loaded(fusion("map", [x, y], [op("concatenate", x, op("negate", y), dimension=1)]), target)
    flat = Loaded(fusion("map", [x], [reshape(op("negate", x), N * M)]), target)
    for n, m in ((1, 1), (3, 5), (2, 64), (7, 33), (0, 4), (300, 1000)):
        rng = np.random.default_rng(n)
        values = {u: data(u, rng, N=n, M=m) for u in (x, y, c, v)}
        for loaded in (elementwise, bias, turned, padding, joined, flat):
            arrays = [values[q] for q in loaded.node.regions[0].params]
            for got, want in zip(loaded(arrays), reference(loaded.node, arrays), strict=True):
                np.testing.assert_array_equal(got, want)


def test_constants_in_kernels():
    x = p(F32, 4, 40)
    table = op("constant", value=Tensor(np.arange(40, dtype=np.float32)))
    same = op("constant", value=Tensor(np.full((4, 40), 2.5, np.float32)))
    result = op("multiply", op("add", x, broadcast(table, (4, 40), (1,))), same)
    check(fusion("map", [x], [result]), [data(x)])


def test_long_chain():
    """Longer than Python's stack."""
    x = p(F32, 20)
    y = x
    for _ in range(1500):
        y = op("negate", op("abs", y))
    check(fusion("map", [x], [y]), [data(x)])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_random_graphs(draw_data):
    """Random chains of shape ops and arithmetic, against the interpreter."""
    rng = np.random.default_rng(draw_data.draw(st.integers(0, 2**31)))
    dtype = draw_data.draw(st.sampled_from([F32, F64, BF16, I32, U8, BOOL]))
    x = p(dtype, *(int(n) for n in rng.integers(1, 12, rng.integers(1, 4))))
    y = x
    for _ in range(draw_data.draw(st.integers(1, 4))):
        y = _step(y, rng)
    check(fusion("map", [x], [y]), [data(x, rng)], TARGETS[rng.integers(len(TARGETS))])


def _step(x, rng):
    shape = x.tensor.shape
    match int(rng.integers(6)):
        case 0:
            return op("transpose", x, permutation=tuple(int(k) for k in rng.permutation(len(shape))))
        case 1:
            return op("reverse", x, dimensions=(int(rng.integers(len(shape))),))
        case 2:
            return reshape(x, int(np.prod(shape)))
        case 3:
            return broadcast(x, (*shape[:1], 3, *shape[1:]), (0, *range(2, len(shape) + 1)))
        case 4:
            lo, steps = [int(rng.integers(0, n)) for n in shape], [int(k) for k in rng.integers(1, 4, len(shape))]
            return op("slice", x, start_indices=tuple(lo), limit_indices=shape, strides=tuple(steps))
        case _:
            return op("concatenate", x, x, dimension=int(rng.integers(len(shape))))


def test_open_rows_without_elements():
    """A size that is known to be 0 beside one that is not known: no chunk, and nothing is divided by it."""
    x, y = p(F32, N, 0), p(F32, 0)
    loaded = Loaded(fusion("map", [x, y], [op("add", x, broadcast(y, x.tensor.shape, (1,)))]), HOST)
    (got,) = loaded([np.zeros((3, 0), np.float32), np.zeros(0, np.float32)])
    assert got.shape == (3, 0)
