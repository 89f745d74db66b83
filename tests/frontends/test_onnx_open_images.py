"""Images whose size is known only when they come: one program for all of them agrees with one made for each."""

from typing import Any

import numpy as np
import pytest
import weft
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
