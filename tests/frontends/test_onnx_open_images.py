"""Images whose size is known only when they come: one program for all of them agrees with one made for each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import weft
from onnx.reference import ReferenceEvaluator
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

from .single import model

RNG = np.random.default_rng(0)
W = RNG.normal(size=(8, 2, 3, 3)).astype(np.float32)
WINDOW = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1]}
CASES: list[tuple[str, dict[str, np.ndarray], dict[str, Any]]] = [
    ("Conv", {"w": W}, {"group": 2, "pads": [1, 0, 2, 1], "strides": [2, 1], "dilations": [1, 2]}),
    ("Conv", {"w": W}, {"group": 2, "auto_pad": "SAME_LOWER", "strides": [2, 3]}),
    ("ConvTranspose", {"w": W[:4]}, {"strides": [2, 1], "pads": [1, 0, 0, 1], "output_padding": [1, 0], "group": 2}),
    ("ConvTranspose", {"w": W[:4]}, {"strides": [2, 3], "auto_pad": "SAME_UPPER"}),
    ("MaxPool", {}, {**WINDOW, "ceil_mode": 1, "dilations": [1, 2]}),
    ("MaxPool", {}, {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("AveragePool", {}, {**WINDOW, "count_include_pad": 1, "ceil_mode": 1}),
    ("AveragePool", {}, WINDOW),
    ("LpPool", {}, WINDOW),
    ("GlobalAveragePool", {}, {}),
]


@pytest.mark.parametrize(("op", "weights", "attributes"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_any_size(op: str, weights: dict[str, np.ndarray], attributes: dict[str, Any]) -> None:
    images = [RNG.normal(size=s).astype(np.float32) for s in ((2, 4, 11, 9), (1, 4, 8, 14))]
    opened = model(op, {"x": images[0], **weights}, constants=tuple(weights), shapes={"x": ("N", 4, "H", "W")}, **attributes)
    module = from_model(opened)
    program = VM(threads=1).load(weft.compile(module))["main"]
    for x in images:
        fixed = model(op, {"x": x, **weights}, constants=tuple(weights), **attributes)
        (wanted,) = evaluate(from_model(fixed), x)
        for got in (*evaluate(module, x), program(x)):
            assert got.shape == wanted.shape
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


ROIS = np.array([[0, 0, 4, 4], [-3, 2, 6, 15.5]], np.float32)
# What has one size and what goes with an image of height h and width w.
SAMPLED: list[tuple[str, Callable[[int, int], dict[str, np.ndarray]], dict[str, Any]]] = [
    *(
        (
            "GridSample",
            lambda h, w: {"x": normal(2, 4, h, w), "grid": normal(2, 3, 5, 2)},
            {"mode": m, "padding_mode": p, "align_corners": c},
        )
        for m, p, c in (("linear", "zeros", 0), ("cubic", "border", 0), ("cubic", "reflection", 1), ("nearest", "reflection", 0))
    ),
    *(
        (
            "RoiAlign",
            lambda h, w: {"x": normal(2, 4, h, w), "rois": ROIS, "of": np.array([0, 1])},
            {**kind, "output_height": 3, "output_width": 2},
        )
        for kind in ({"sampling_ratio": 0}, {"sampling_ratio": 2, "mode": "max"})
    ),
    ("MaxRoiPool", lambda h, w: {"x": normal(2, 4, h, w), "rois": np.insert(ROIS, 0, [0, 1], 1)}, {"pooled_shape": [2, 3], "opset": 17}),
    ("DeformConv", lambda h, w: {"x": normal(1, 4, h, w), "w": W[:4], "offset": normal(1, 18, h - 2, w - 2)}, {"group": 2}),
    ("SpaceToDepth", lambda h, w: {"x": normal(2, 4, h // 2 * 2, w // 2 * 2)}, {"blocksize": 2}),
]


@pytest.mark.parametrize(("op", "inputs", "attributes"), SAMPLED, ids=[f"{c[0]}-{i}" for i, c in enumerate(SAMPLED)])
def test_samples_of_any_size(op: str, inputs: Callable[[int, int], dict[str, np.ndarray]], attributes: dict[str, Any]) -> None:
    """Against ONNX's evaluator, or weft's own of fixed sizes where that knows none."""
    calls = [inputs(9, 8), inputs(5, 12)]
    weights = tuple(calls[0].keys() & {"w"})
    opened = model(op, calls[0], constants=weights, shapes={"x": ("N", 4, "H", "W"), "offset": ("N", 18, "h", "w")}, **attributes)
    module = from_model(opened)
    program = VM(threads=1).load(weft.compile(module))["main"]
    for arrays in calls:
        fixed = model(op, arrays, **attributes)
        wanted = evaluate(from_model(fixed), *arrays.values())[0] if op == "MaxRoiPool" else ReferenceEvaluator(fixed).run(None, arrays)[0]
        given = [a for name, a in arrays.items() if name not in weights]
        for got in (*evaluate(module, *given), program(*given)):
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
