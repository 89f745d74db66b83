"""Row kernels: softmax, normalisations and the like, short and long rows, fixed and symbolic sizes."""

import numpy as np
import pytest
from weft.compiler.codegen.cpu.rows import RowsPlan
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import region
from weft.compiler.ops.helpers import const
from weft.proto.dtypes import BF16, F16, F32, F64

from .run import HOST, SOME_TARGETS, TARGETS, Loaded, assert_close, check, fusion, reference
from .test_map import broadcast, op, p, reshape

N, M = symbol("N", 0), symbol("M", 0)
IDENTITY = {"add": 0, "maximum": -np.inf, "multiply": 1, "minimum": np.inf}


def body(name, dtype):
    a, b = p(dtype), p(dtype)
    return region((a, b), (op(name, a, b),))


def reduce(x, name, dims, init=None):
    start = const(IDENTITY[name] if init is None else init, x.dtype)
    return op("reduce", x, start, dimensions=dims, body=body(name, x.dtype))


def back(row, x, dims):
    """A value per row repeated along the row."""
    kept = tuple(d for d in range(x.tensor.rank) if d not in dims)
    return broadcast(row, x.shape, kept)


def softmax(x, dims, exp="exponential"):
    shifted = op("subtract", x, back(reduce(x, "maximum", dims), x, dims))
    e = op(exp, shifted) if exp else op("multiply", shifted, shifted)
    return op("divide", e, back(reduce(e, "add", dims), x, dims))


def layer_norm(x, dims, count, gamma=None, beta=None):
    mean = op("divide", reduce(x, "add", dims), like(count, reduce(x, "add", dims)))
    d = op("subtract", x, back(mean, x, dims))
    total = reduce(op("multiply", d, d), "add", dims)
    var = op("divide", total, like(count, total))
    scale = op("rsqrt", op("add", var, like(1e-5, var)))
    y = op("multiply", d, back(scale, x, dims))
    if gamma is None:
        return y
    return op("add", op("multiply", y, broadcast(gamma, x.shape, dims)), broadcast(beta, x.shape, dims))


def like(value, x):
    return broadcast(const(value, x.dtype), x.shape, ())


def numbers(v, rng, **symbols):
    shape = tuple(symbols.get(str(d), d) for d in v.tensor.shape)
    return (rng.standard_normal(shape) * 3).astype(v.dtype.numpy)


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("width", [1, 7, 16, 49, 128, 1000])
def test_rows_of_any_width(width, target):
    x, g, b = p(F32, 5, width), p(F32, width), p(F32, width)
    rng = np.random.default_rng(width)
    node = fusion("rows", [x, g, b], [layer_norm(x, (1,), width, g, b)])
    loaded = check(node, [numbers(v, rng) for v in (x, g, b)], target, rtol=2e-5, atol=2e-5)
    if width > 1:
        assert isinstance(loaded.kernel.plan, RowsPlan)
        assert loaded.kernel.plan.passes == (("add",), ("add",), ())


@pytest.mark.parametrize("dtype", [F16, BF16, F64], ids=str)
def test_element_types(dtype):
    x = p(dtype, 3, 77)
    rng = np.random.default_rng(0)
    tolerance = {16: 2e-2, 64: 1e-13}[dtype.bits]
    check(fusion("rows", [x], [softmax(x, (1,), exp=None)]), [numbers(x, rng)], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
def test_symbolic_rows(target):
    x = p(F32, N, M)
    loaded = Loaded(fusion("rows", [x], [softmax(x, (1,), exp=None)]), target)
    for n, m in ((1, 1), (4, 5), (3, 200), (0, 5), (5, 0), (2, 70000)):
        rng = np.random.default_rng(n + m)
        arrays = [numbers(x, rng, N=n, M=m)]
        for got, want in zip(loaded(arrays), reference(loaded.node, arrays), strict=True):
            assert_close(got, want, 1e-4, 1e-9)


def test_several_dims_in_a_row():
    x = p(F32, 2, 5, 4, 9)
    rng = np.random.default_rng(1)
    check(fusion("rows", [x], [layer_norm(x, (2, 3), 36)]), [numbers(x, rng)], rtol=1e-5, atol=1e-5)
    check(fusion("rows", [x], [layer_norm(x, (1, 3), 45)]), [numbers(x, rng)], rtol=1e-5, atol=1e-5)


def test_parts_of_a_row_are_not_one_dim():
    """What is added is the same along the last dim alone, so the two reduced dims cannot be gone over as one."""
    x, y, z = p(F32, 3, 4, 5), p(F32, 3, 4), p(F32, 4)
    scaled = op("multiply", x, back(reduce(x, "maximum", (1, 2)), x, (1, 2)))
    shifted = op("add", scaled, broadcast(y, (3, 4, 5), (0, 1)))
    node = fusion("rows", [x, y, z], [op("subtract", shifted, broadcast(z, (3, 4, 5), (1,)))])
    check(node, [numbers(v, np.random.default_rng(5)) for v in (x, y, z)])


def test_results_per_row_beside_full_ones():
    x = p(F32, 6, 50)
    top = reduce(x, "maximum", (1,))
    node = fusion("rows", [x], [op("subtract", x, back(top, x, (1,)))])
    check(node, [numbers(x, np.random.default_rng(2))])


def test_row_result_does_not_depend_on_chunks():
    x = p(F32, 400, 333)
    loaded = check(fusion("rows", [x], [softmax(x, (1,), exp=None)]), [numbers(x, np.random.default_rng(3))], rtol=1e-5)
    assert loaded.kernel.chunks > 1


def test_nan_and_infinity():
    x = p(F32, 4, 40)
    data = numbers(x, np.random.default_rng(4))
    data[0, 33], data[1, 2], data[2, 7] = np.nan, np.inf, -np.inf
    check(fusion("rows", [x], [softmax(x, (1,), exp=None)]), [data], rtol=1e-5)


def test_one_row_of_any_length_reshaped():
    """A result of the whole tensor is known after the loop over it, not before: nothing that reads it through a reshape comes earlier."""
    x = p(F32, N, 4)
    total = reduce(op("exponential", op("subtract", x, back(reduce(x, "maximum", (0, 1)), x, (0, 1)))), "add", (0, 1))
    loaded = Loaded(fusion("rows", [x], [op("log", reshape(total, 1, 1))]), HOST)
    for n in (1, 7, 300):
        arrays = [numbers(x, np.random.default_rng(n), N=n)]
        for got, want in zip(loaded(arrays), reference(loaded.node, arrays), strict=True):
            assert_close(got, want, 1e-5, 1e-6)


def test_rows_without_elements():
    """What is reduced over nothing is the initial value."""
    x = p(F32, N, M)
    loaded = Loaded(fusion("reduce", [x], [reduce(x, "maximum", (1,))]), HOST)
    (got,) = loaded([np.zeros((300, 0), np.float32)])
    assert (got == -np.inf).all()


def test_matrix_beyond_the_second_level_cache():
    """It is asked for before it is needed, past its end too."""
    x, v = p(F32, 401, 777), p(F32, 777)
    terms = op("multiply", x, broadcast(v, x.shape, (1,)))
    arrays = [numbers(q, np.random.default_rng(5)) for q in (x, v)]
    loaded = check(fusion("reduce", [x, v], [reduce(terms, "add", (1,))]), arrays, rtol=1e-4, atol=1e-4)
    assert "prefetch" in loaded.kernel.ir
