"""Graphs written for others: ONNX models run by ONNX Runtime, StableHLO read by JAX's parser."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import weft
from weft import nn
from weft import numpy as wnp
from weft.compiler.ir.attrs import ConvDims
from weft.compiler.ir.dims import maximum, symbol
from weft.compiler.ir.graph import function, module, param
from weft.compiler.ir.text import parse as parsed
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.helpers import const, scalar_region
from weft.compiler.ops.nodes import node
from weft.frontends.export import export, stablehlo
from weft.frontends.onnx.export import to_model
from weft.proto.dtypes import F32
from weft.tools.cli import main

ort = pytest.importorskip("onnxruntime")


def a(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


M, K, C = a(4, 5), a(3, 3, 3, 8), a(8)
CASES: dict[str, tuple[Callable[..., Any], Sequence[Any]]] = {
    "products": (lambda x: wnp.tanh(x) @ M + wnp.expm1(x).sum(axis=1, keepdims=True), [a(3, 4)]),
    "convolution": (lambda x: nn.max_pool(nn.relu(nn.conv(x, K, C, strides=2)), 2), [a(2, 16, 16, 3)]),
    "groups": (
        lambda x, w: nn.avg_pool(nn.conv(x, w, padding="VALID", dilation=2, groups=2), 3, 1, "SAME"),
        [a(2, 9, 9, 4), a(3, 3, 2, 8)],
    ),
    "attention": (lambda q, k, v: nn.attention(q, k, v, causal=True), [a(2, 3, 8, 4), a(2, 3, 8, 4, seed=1), a(2, 3, 8, 4, seed=2)]),
    "norms": (lambda x: nn.layer_norm(x) + nn.gelu(x) + wnp.log1p(wnp.abs(x)) + wnp.atan2(x, x - 0.5), [a(3, 8)]),
    "indexing": (
        lambda x, i: (x[i], x.at[i].add(2.0), wnp.flip(x, axis=0)[1:, ::2], wnp.roll(x, 2, axis=1)),
        [a(5, 4), np.array([3, 0, 3])],
    ),
    "folds": (lambda x: (wnp.argsort(x, axis=1), wnp.cumulative_sum(x, axis=0), wnp.argmax(x, axis=1), wnp.prod(x > 0, axis=0)), [a(5, 4)]),
    "while": (lambda x, n: weft.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, wnp.sin(s[1])), (0, x))[1], [a(3), np.int64(4)]),
    "branches": (
        lambda x, i: (weft.cond(x.sum() > 0, lambda: x * 2, lambda: -x), weft.switch(i, [lambda: x, lambda: x * 3])),
        [a(3), np.int64(1)],
    ),
    "scan": (lambda x: weft.scan(lambda s, r: (wnp.tanh(s + r.sum()), s * r), wnp.asarray(0.5), x), [a(4, 3)]),
    "loss": (weft.value_and_grad(lambda x: nn.cross_entropy(x @ M, np.array([0, 2, 1]))), [a(3, 4)]),
    "gradient": (weft.grad(lambda x: nn.conv(x, K, strides=2).sum()), [a(1, 8, 8, 3)]),
}  # fmt: skip


def run(model: onnx.ModelProto, args: Sequence[Any]) -> list[np.ndarray]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {i.name: np.asarray(x) for i, x in zip(session.get_inputs(), args, strict=True)})


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_agrees(name: str) -> None:
    f, args = CASES[name]
    function = weft.function(f)
    wanted = weft.pytree.flatten(function(*args))[0]
    model = to_model(function.lower(*args))
    onnx.checker.check_model(model)
    for got, want in zip(run(model, args), wanted, strict=True):
        np.testing.assert_allclose(got, np.asarray(want), rtol=2e-4, atol=2e-4)


def test_a_symbolic_batch_stays_one() -> None:
    function = weft.function(lambda x: nn.softmax(wnp.tanh(x) @ M))
    model = to_model(function.lower(weft.Spec(("batch", 4))))
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    for n in (1, 6):
        np.testing.assert_allclose(run(model, [a(n, 4)])[0], np.asarray(function(a(n, 4))), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_jax_parses_what_is_exported(name: str) -> None:
    parse(stablehlo(weft.function(CASES[name][0]).lower(*CASES[name][1])))


def test_jax_parses_symbolic_sizes() -> None:
    parse(stablehlo(weft.function(lambda x: nn.softmax(wnp.tanh(x) @ M)).lower(weft.Spec(("batch", 4)))))


def parse(text: str) -> None:
    mlir = pytest.importorskip("jax._src.interpreters.mlir")
    ir = pytest.importorskip("jaxlib.mlir.ir")
    with mlir.make_ir_context():
        assert ir.Module.parse(text).operation.verify()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "model.weft"
    weft.save(source, lambda x: wnp.tanh(x) @ M, signatures={"main": [weft.Spec((3, 4))]})
    assert main(["export", str(source), "-o", str(tmp_path / "model.onnx")]) == 0
    np.testing.assert_allclose(run(onnx.load(tmp_path / "model.onnx"), [a(3, 4)])[0], np.tanh(a(3, 4)) @ M, rtol=1e-4)
    assert main(["export", str(source), "-o", "-"]) == 0
    parse(capsys.readouterr().out)
    assert main(["export", str(source), "-o", str(tmp_path / "model.txt")]) == 1
    assert "choose onnx" in capsys.readouterr().err


def test_what_a_format_lacks_is_told_at_once() -> None:
    module = weft.function(lambda x: (wnp.linalg.qr(x), wnp.signbit(x))).lower(a(3, 3))
    with pytest.raises(weft.WeftError) as caught:
        to_model(module)
    assert "custom_call" in str(caught.value)
    assert "total order" in str(caught.value)
    with pytest.raises(weft.WeftError, match="there is no format"):
        export(module, "model.pb")


def test_folds_of_several_tensors_are_folded_by_halves() -> None:
    both = """
func.func @main(%x: tensor<4xf32>, %k: tensor<4xi64>, %a: tensor<f32>, %b: tensor<i64>) -> tensor<i64> {
  %0:2 = "stablehlo.reduce"(%x, %k, %a, %b) <{dimensions = array<i64: 0>}> ({
  ^bb0(%p: tensor<f32>, %i: tensor<i64>, %q: tensor<f32>, %j: tensor<i64>):
    %m = stablehlo.maximum %p, %q : tensor<f32>
    %n = stablehlo.minimum %i, %j : tensor<i64>
    stablehlo.return %m, %n : tensor<f32>, tensor<i64>
  }) : (tensor<4xf32>, tensor<4xi64>, tensor<f32>, tensor<i64>) -> (tensor<f32>, tensor<i64>)
  return %0#1 : tensor<i64>
}
"""
    places = np.array([7, 3, 9, 5])
    (found,) = run(to_model(parsed(both)), [a(4), places, np.float32(0), np.int64(100)])
    assert found == 3


def test_signatures_shapes_and_what_is_no_array(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "model.weft", tmp_path / "twice.onnx"
    signatures = {"once": [weft.Spec(("n", 5))], "twice": [weft.Spec(("n", 5))]}
    weft.save(source, {"once": wnp.tanh, "twice": lambda x: wnp.tanh(x) * 2}, signatures=signatures)
    assert main(["export", str(source), "-o", str(target), "--signature", "twice", "--shape", "x=3,5"]) == 0
    model = onnx.load(target)
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [3, 5]
    np.testing.assert_allclose(run(model, [a(3, 5)])[0], 2 * np.tanh(a(3, 5)), rtol=1e-5)
    assert main(["export", str(source), "-o", "-", "--signature", "once"]) == 0
    assert "tensor<?x5xf32>" in capsys.readouterr().out
    assert main(["export", str(source), "-o", str(target), "--signature", "thrice"]) == 1
    assert "the signatures are once, twice" in capsys.readouterr().err
    weft.save(source, lambda x: x[x > 0], signatures={"main": [weft.Spec((5,))]})
    assert main(["export", str(source), "-o", str(target)]) == 1
    assert "depend on its data" in capsys.readouterr().err


def test_padding_that_depends_on_sizes_is_refused() -> None:
    n = symbol("n")
    x = param(TensorType(F32, (1, 1, n)), "x")
    dims, wide = ConvDims(0, 1, (2,), 1, 0, (2,), 0, 1, (2,)), TensorType(F32, (1, 1, maximum(0, 2 * n - 2)))
    kernel = const(np.ones((1, 1, 1), np.float32))
    convolved = node("convolution", x, kernel, dimension_numbers=dims, padding=((n - 2, 0),), result=wide)
    pooled = node(
        "reduce_window", x, const(0, F32), window_dimensions=(1, 1, 1), padding=((0, 0), (0, 0), (n - 2, 0)), body=scalar_region("add", F32)
    )
    for y in (convolved, pooled):
        with pytest.raises(weft.WeftError, match="which is n - 2 here"):
            to_model(module(function("main", [x], [y])))
