"""The pass `winograd`: when it acts, and that its weights end up as constants. `tests/golden/passes/winograd.mlir` has what it makes."""

from dataclasses import replace

import numpy as np
import pytest
from weft.compiler.codegen.target import LEVELS
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.attrs import ConvDims
from weft.compiler.ir.dims import symbol
from weft.compiler.ir.graph import Module, function, module, param
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.convolution import conv
from weft.compiler.ops.helpers import const
from weft.compiler.ops.registry import OPS
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.proto.dtypes import F32, F64, DType

NCHW = ConvDims(0, 1, (2, 3), 1, 0, (2, 3), 0, 1, (2, 3))
TARGET = LEVELS["x86-64-v3"]


def network(batch: object = 1, dtype: DType = F32) -> Module:
    rng = np.random.default_rng(0)
    x = param(TensorType(dtype, (batch, 32, 20, 20)))  # type: ignore[arg-type]
    w = const((0.1 * rng.standard_normal((40, 32, 3, 3))).astype(dtype.numpy))
    return module(function("main", [x], [conv(x, w, NCHW, padding=((1, 1), (1, 1)))]))


def ops(m: Module) -> set[str]:
    return {n.op for n in m.main.walk() if n.op.startswith("weft.")} - {"weft.fusion"}


def test_default_precision_transforms_the_weights_at_compile_time() -> None:
    before = network()
    after = run_pipeline(before, Context(TARGET), check=True)
    assert ops(after) == {"weft.winograd"}
    x = np.random.default_rng(1).standard_normal((1, 32, 20, 20)).astype(np.float32)
    np.testing.assert_allclose(evaluate(after.main, x)[0], evaluate(before.main, x)[0], atol=1e-5, rtol=0)


def test_an_open_batch() -> None:
    assert ops(run_pipeline(network(symbol("N")), Context(TARGET), check=True)) == {"weft.winograd"}


def test_strict_precision_sums_directly() -> None:
    assert ops(run_pipeline(network(), Context(TARGET, "strict"))) == {"weft.conv"}


@pytest.mark.parametrize("precision", [("HIGHEST", "HIGHEST"), ("DEFAULT", "HIGH")])
def test_a_precision_that_was_asked_for(precision: tuple[str, str]) -> None:
    before = network()
    (conv_node,) = [n for n in before.main.nodes if n.op == "convolution"]
    asked = replace(conv_node, attrs={**conv_node.attrs, "precision_config": precision})
    nodes = tuple(asked if n is conv_node else n for n in before.main.nodes)
    asking = before.with_function(replace(before.main, nodes=nodes, results=asked.results))
    assert ops(run_pipeline(asking, Context(TARGET), check=True)) == {"weft.conv"}


def test_weights_that_are_computed_are_transformed_at_run_time() -> None:
    w = param(TensorType(F32, (2, 1, 3, 3, 16, 16)))
    before = module(function("main", [w], [OPS["weft.winograd_weights"](w, m=4)]))
    after = run_pipeline(before, Context(TARGET), check=True)
    weights = np.random.default_rng(2).standard_normal((2, 1, 3, 3, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(evaluate(after.main, weights)[0], evaluate(before.main, weights)[0], rtol=1e-6, atol=1e-7)


def test_double_precision_sums_directly() -> None:
    assert ops(run_pipeline(network(dtype=F64), Context(TARGET))) == {"weft.conv"}
