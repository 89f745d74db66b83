"""Keys of kernels, and contractions that no schedule covers: they are computed element by element."""

import numpy as np
import pytest
from weft.compiler.codegen.cpu import emit_kernel
from weft.compiler.codegen.kernel import fusion_symbols, kernel_key
from weft.compiler.codegen.link import link
from weft.compiler.codegen.llvm import compile_module
from weft.compiler.codegen.support import support_objects
from weft.compiler.codegen.target import LEVELS
from weft.compiler.ir.attrs import ConvDims, DotDims, Tensor
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import located, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import op_of
from weft.proto.dtypes import BOOL, C64, F16, F32, I8, I32, U8
from weft.proto.errors import Loc

from .run import HOST, SOME_TARGETS, TARGETS, check, fusion
from .test_elemental import samples
from .test_map import op, p


def scaled(factor, name="", shape=(4, 40)):
    x = param(TensorType(F32, shape), name)
    factors = op("broadcast_in_dim", const(factor, F32), broadcast_dimensions=(), result=x.type)
    return fusion("map", [x], [op("multiply", x, factors)])


def test_key_is_structural():
    with located(Loc("a.onnx", "scale")):
        named = scaled(2.0, "x")
    assert kernel_key(named, HOST) == kernel_key(scaled(2.0), HOST)


def test_key_tells_kernels_apart():
    n = symbol("N", 0)
    nodes = [scaled(2.0), scaled(3.0), scaled(2.0, shape=(40, 4)), scaled(2.0, shape=(n,)), scaled(2.0, shape=(symbol("N", 1),))]
    assert len({kernel_key(node, target) for node in nodes for target in TARGETS}) == len(nodes) * len(TARGETS)


def test_key_sees_the_contents_of_constants():
    def table(last):
        x = p(F32, 2000)
        return fusion("map", [x], [op("add", x, op("constant", value=Tensor(np.append(np.zeros(1999, np.float32), np.float32(last)))))])

    assert kernel_key(table(1), HOST) == kernel_key(table(1), HOST) != kernel_key(table(2), HOST)


def test_symbols_are_sorted():
    n, m = symbol("rows", 0), symbol("cols", 0)
    assert fusion_symbols(scaled(1.0, shape=(n, m * 2 + n))) == ("cols", "rows")


@pytest.mark.parametrize("target", SOME_TARGETS, ids=str)
@pytest.mark.parametrize("dtype", [I8, U8, BOOL, C64], ids=str)
def test_products_without_a_schedule(dtype, target):
    x, y = p(dtype, 3, 5, 37), p(dtype, 3, 37, 20)
    dims = DotDims((0,), (0,), (2,), (1,))
    for result_dtype in {dtype, I32 if dtype.is_int else dtype}:
        result = op_of("dot_general")(x, y, dot_dimension_numbers=dims, result=TensorType(result_dtype, (3, 5, 20)))
        rng = np.random.default_rng(0)
        arrays = [samples(dtype, rng, int(np.prod(v.tensor.shape))).reshape(v.tensor.shape) for v in (x, y)]
        check(fusion("contraction", [x, y], [result]), arrays, target, rtol=1e-4 if dtype.is_complex else 0, atol=1e-4)


def test_grouped_convolution_of_integers():
    x, w = p(I8, 2, 6, 9, 10), p(I8, 4, 3, 3, 2)
    dims = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
    result = op_of("convolution")(
        x, w, window_strides=(2, 1), padding=((1, 2), (0, 1)), lhs_dilation=(1, 2), rhs_dilation=(2, 1), window_reversal=(False, True),
        dimension_numbers=dims, feature_group_count=2, batch_group_count=1, result=TensorType(I32, (2, 4, 4, 19)),
    )  # fmt: skip
    rng = np.random.default_rng(1)
    arrays = [rng.integers(-9, 9, v.tensor.shape).astype(np.int8) for v in (x, w)]
    check(fusion("contraction", [x, w], [result]), arrays)


def test_kernels_compile_for_aarch64():
    """Not run here, but selected, linked and free of undefined symbols."""
    target = LEVELS["aarch64"]
    x = p(F16, 5, 77)
    turned = op("transpose", op("exponential", x), permutation=(1, 0))
    kernel = emit_kernel(fusion("map", [x], [turned]), target)
    image = link([compile_module(kernel.ir, target)], support_objects(target))
    assert kernel.name in image.symbols
