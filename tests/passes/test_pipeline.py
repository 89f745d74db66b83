"""The pipeline as a whole: every problem told at once, every stage reached, every pass valid."""

from importlib import import_module

import pytest
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.text import parse
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS, define
from weft.compiler.passes import Context
from weft.compiler.pipeline import run_pipeline
from weft.proto.dtypes import F32
from weft.proto.errors import WeftError

SOFTMAX = """
func.func public @main(%x: tensor<?x16xf32, #weft.dims<"N", 16>>, %w: tensor<16x16xf32>) -> tensor<?x16xf32, #weft.dims<"N", 16>> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<?x16xf32, #weft.dims<"N", 16>>, tensor<16x16xf32>) -> tensor<?x16xf32, #weft.dims<"N", 16>>
  %1 = stablehlo.exponential %0 : tensor<?x16xf32, #weft.dims<"N", 16>>
  %2 = stablehlo.reduce(%1 init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<?x16xf32, #weft.dims<"N", 16>>, tensor<f32>) -> tensor<?xf32, #weft.dims<"N">>
  %3 = stablehlo.broadcast_in_dim %2, dims = [0] : (tensor<?xf32, #weft.dims<"N">>) -> tensor<?x16xf32, #weft.dims<"N", 16>>
  %4 = stablehlo.divide %1, %3 : tensor<?x16xf32, #weft.dims<"N", 16>>
  return %4 : tensor<?x16xf32, #weft.dims<"N", 16>>
}
"""


@pytest.fixture
def opaque():
    """An op that has no elements and no kernel."""
    yield define("weft.opaque", doc="Nothing that a kernel could compute.", infer=lambda x: x, reference=lambda x: x, traits=("effect",))
    del OPS["weft.opaque"]


def test_every_pass_leaves_a_valid_graph():
    seen: list[str] = []
    run_pipeline(parse(SOFTMAX), Context(), check=True, observe=lambda p, _module, _seconds: seen.append(p.name))
    assert seen[0] == "inline"
    assert seen[-1] == "fuse"


def test_until_stops_after_a_pass():
    seen: list[str] = []
    run_pipeline(parse(SOFTMAX), Context(), until="cse", observe=lambda p, _module, _seconds: seen.append(p.name))
    assert seen[-1] == "cse"


def test_all_that_has_no_kernel_is_told_at_once(opaque, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(import_module("weft.compiler.passes.fuse"), "UNFUSED", {"constant", "weft.opaque", "weft.fusion"})
    x = param(TensorType(F32, (2,)), "x")
    body = module(function("main", [x], [opaque(x), opaque(opaque(x))]))
    with pytest.raises(WeftError) as error:
        run_pipeline(body, Context())
    assert [d.code for d in error.value.diagnostics] == ["emit.op"] * 3
