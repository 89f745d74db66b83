"""Operators as early opsets define them, in the forms that the public cases, which are of newer opsets, leave out."""

from typing import Any

import numpy as np
import pytest

from .single import run

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 4, 6, 8)).astype(np.float32)
V = RNG.normal(size=4).astype(np.float32)


def call(op: str, opset: int, *inputs: np.ndarray, outputs: int = 1, **attributes: Any) -> list[np.ndarray]:
    """The results of one operator; scalars are constants."""
    named = {f"x{i}": x for i, x in enumerate(inputs)}
    return run(op, named, outputs, opset=opset, constants=[n for n, x in named.items() if x.ndim == 0], **attributes)


CASES = [
    ("Add", 6, (X, V), {"broadcast": 1, "axis": 1}, X + V[:, None, None]),
    ("Mul", 1, (X, X[0, 0]), {"broadcast": 1}, X * X[0, 0]),
    ("Sub", 6, (X, X[0, :, :1, :1]), {"broadcast": 1, "axis": 1}, X - X[:1, :, :1, :1]),
    ("Pow", 1, (np.abs(X), V), {"broadcast": 1, "axis": 1}, np.abs(X) ** V[:, None, None]),
    ("Equal", 1, (X > 0, V > 0), {"broadcast": 1, "axis": 1}, (X > 0) == (V > 0)[:, None, None]),
    ("And", 1, (X > 0, V > 0), {"broadcast": 1, "axis": 1}, (X > 0) & (V > 0)[:, None, None]),
    ("PRelu", 6, (X, V), {}, np.where(X < 0, X * V[:, None, None], X)),
    ("Gemm", 6, (X[0, 0], X[0, 1].T.copy(), V[:1]), {"broadcast": 1, "alpha": 0.5, "beta": 2.0}, X[0, 0] @ X[0, 1].T / 2 + 2 * V[0]),
    ("Cast", 1, (X,), {"to": "INT32"}, X.astype(np.int32)),
    ("Clip", 1, (X,), {"min": -0.5, "max": 0.25}, X.clip(-0.5, 0.25)),
    ("Clip", 6, (X,), {"max": 0.25}, X.clip(None, 0.25)),
    (
        "Pad",
        1,
        (X,),
        {"paddings": [0, 1, 0, 2, 0, 0, 3, 0], "value": 0.5},
        np.pad(X, ((0, 0), (1, 0), (0, 3), (2, 0)), constant_values=0.5),
    ),
    ("Pad", 2, (X,), {"pads": [0, 0, 1, 2, 0, 0, 3, 4], "mode": "reflect"}, np.pad(X, ((0, 0), (0, 0), (1, 3), (2, 4)), mode="reflect")),
    (
        "Pad",
        2,
        (X,),
        {"pads": [0, 0, -1, 2, 0, 0, 0, -3], "value": 1.0},
        np.pad(X[:, :, 1:, :-3], ((0, 0), (0, 0), (0, 0), (2, 0)), constant_values=1),
    ),
    ("Reshape", 1, (X,), {"shape": [0, -1, 8]}, X.reshape(2, 24, 8)),
    ("Slice", 1, (X,), {"starts": [1, -3], "ends": [100, -1], "axes": [1, 3]}, X[:, 1:, :, -3:-1]),
    ("Tile", 1, (X, np.array(2, np.float32), np.array(1, np.float32)), {}, np.tile(X, (1, 2, 1, 1))),
    ("Squeeze", 1, (X[:1, :, :1],), {"axes": [0, 2]}, X[0, :, 0]),
    ("Unsqueeze", 1, (V,), {"axes": [0, 2]}, V[None, :, None]),
    ("ReduceL2", 1, (X,), {"axes": [1, 3], "keepdims": 0}, np.sqrt((X**2).sum((1, 3)))),
    ("ReduceLogSumExp", 11, (X,), {"axes": [-1]}, np.log(np.exp(X).sum(-1, keepdims=True))),
    ("ReduceSum", 1, (X,), {}, X.sum(keepdims=True)),
    ("Softmax", 1, (X,), {"axis": 2}, (np.exp(X) / np.exp(X).sum((2, 3), keepdims=True))),
    ("Upsample", 1, (X,), {"height_scale": 2.0, "width_scale": 1.5, "mode": "nearest"}, X.repeat(2, 2)[..., np.arange(12) * 2 // 3]),
    ("Upsample", 7, (X,), {"scales": [1.0, 1.0, 2.0, 3.0]}, X.repeat(2, 2).repeat(3, 3)),
    ("DepthToSpace", 1, (X,), {"blocksize": 2}, X.reshape(2, 2, 2, 1, 6, 8).transpose(0, 3, 4, 1, 5, 2).reshape(2, 1, 12, 16)),
    ("LpPool", 1, (X,), {"kernel_shape": [2, 2], "strides": [2, 2], "p": 2.0}, np.sqrt((X.reshape(2, 4, 3, 2, 4, 2) ** 2).sum((3, 5)))),
    ("GlobalLpPool", 1, (X,), {"p": 3.0}, (np.abs(X) ** 3).sum((2, 3), keepdims=True) ** (1 / 3)),
    ("GlobalLpPool", 2, (X,), {"p": 1}, np.abs(X).sum((2, 3), keepdims=True)),
    ("Scatter", 9, (V, np.array([2, 0]), V[2:]), {}, np.array([V[3], V[1], V[2], V[3]])),
    ("BatchNormalization", 6, (X, V, V, V, np.abs(V)), {"is_test": 1}, None),
    ("BatchNormalization", 7, (X, X[0], X[1], X[0], np.abs(X[1])), {"spatial": 0}, None),
    ("Dropout", 1, (X,), {"is_test": 1}, X),
    ("Dropout", 7, (X,), {"ratio": 0.75}, X),
]


def batch_normalized(x: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
    scale, bias, mean, variance = (p[:, None, None] if p.ndim == 1 else p for p in parameters)
    return scale * (x - mean) / np.sqrt(variance + 1e-5) + bias


@pytest.mark.parametrize(("op", "opset", "inputs", "attributes", "wanted"), CASES, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_form(op: str, opset: int, inputs: tuple[np.ndarray, ...], attributes: dict[str, Any], wanted: np.ndarray | None) -> None:
    (got,) = call(op, opset, *inputs, **attributes)
    wanted = batch_normalized(*inputs) if wanted is None else wanted
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_top_k_by_an_attribute() -> None:
    values, places = call("TopK", 1, X, outputs=2, k=3, axis=2)
    order = np.argsort(-X, axis=2, kind="stable")[:, :, :3]
    assert np.array_equal(places, order)
    assert np.array_equal(values, np.take_along_axis(X, order, 2))


def test_group_normalization_per_group() -> None:
    """Until opset 21 scale and bias belong to groups, not to channels."""
    scale, bias = V[:2], V[2:]
    (got,) = call("GroupNormalization", 18, X, scale, bias, num_groups=2)
    grouped = X.reshape(2, 2, -1)
    normal = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
    np.testing.assert_allclose(got, (normal * scale[:, None] + bias[:, None]).reshape(X.shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [7, 9, 14, 15])
def test_batch_normalization_that_trains(opset: int) -> None:
    """The batch's own mean and variance, and running ones; before opset 14 also what the batch has."""
    mean, variance = X.mean((0, 2, 3)), X.var((0, 2, 3))
    extra = {"training_mode": 1} if opset >= 14 else {}
    got = call("BatchNormalization", opset, X, V, V, V, np.abs(V), outputs=3 if opset >= 14 else 5, momentum=0.8, **extra)
    wanted = [batch_normalized(X, V, V, mean, variance), 0.8 * V + 0.2 * mean, 0.8 * np.abs(V) + 0.2 * variance, mean, variance]
    for a, b in zip(got, wanted, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
