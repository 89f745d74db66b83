"""Imported graphs as functions of their weights."""

from pathlib import Path

import numpy as np
import pytest
import weft
from weft import numpy as wnp

DIGITS = Path(__file__).parents[3] / "examples/digits"
IMAGES = np.load(DIGITS / "images.npz")["images"][:20].astype(np.float32)


def test_with_the_weights_as_they_are_it_computes_what_the_module_does() -> None:
    module = weft.load(DIGITS / "digits.onnx")
    fn, params = weft.trainable(module, cut=["out_activations_result", "argmax_output"])
    chances, label = fn(params, IMAGES)
    compiled = weft.function(fn)(params, IMAGES)
    np.testing.assert_allclose(compiled[0], chances, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(compiled[1])[:, 0], np.load(DIGITS / "labels.npy")[:20])
    np.testing.assert_array_equal(label, compiled[1])


def test_its_gradient_is_that_of_finite_differences() -> None:
    fn, params = weft.trainable(weft.load(DIGITS / "digits.onnx"), cut="add_result2", freeze=["coefficient*", "intercepts"])
    assert sorted(params) == ["intercepts1", "intercepts2"]

    def loss(p: dict[str, weft.Tensor]) -> weft.Tensor:
        return wnp.mean(wnp.square(fn(p, IMAGES)))

    grads = weft.grad(loss)(params)
    step = np.zeros((1, 32), np.float32)
    step[0, 5] = 0.05
    up, down = (float(loss({**params, "intercepts1": np.asarray(params["intercepts1"]) + s * step})) for s in (1, -1))
    np.testing.assert_allclose(np.asarray(grads["intercepts1"])[0, 5], (up - down) / 0.1, rtol=2e-2)


def test_what_was_saved_by_weft_is_trained_on(tmp_path: Path) -> None:
    scale = np.arange(8, dtype=np.float32).reshape(4, 2)
    weft.save(tmp_path / "m.weft", lambda x: x @ scale, signatures={"main": [weft.Spec(("n", 4))]})
    fn, params = weft.trainable(weft.load(tmp_path / "m.weft"))
    np.testing.assert_array_equal(params["weight0"], scale)
    np.testing.assert_allclose(fn(params, np.ones((5, 4), np.float32)), np.ones((5, 4)) @ scale)
    grads = weft.grad(lambda p: wnp.sum(fn(p, np.ones((5, 4), np.float32))))(params)
    np.testing.assert_array_equal(grads["weight0"], np.full((4, 2), 5.0))


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("trainable.cut", lambda m: weft.trainable(m, cut="nothing")),
        ("trainable.freeze", lambda m: weft.trainable(m, freeze="*weight*")),
        ("trainable.weights", lambda m: weft.trainable(m, cut="mul_result")[0]({}, IMAGES)),
        ("trainable.inputs", lambda m: weft.trainable(m, cut="mul_result", freeze="*")[0]({}, IMAGES[:, :3])),
        ("trainable.inputs", lambda m: weft.trainable(m, cut="mul_result", freeze="*")[0]({}, IMAGES, IMAGES)),
    ],
)
def test_mistakes_are_explained(code: str, call: object) -> None:
    with pytest.raises(weft.WeftError) as caught:
        call(weft.load(DIGITS / "digits.onnx"))  # type: ignore[operator]
    assert caught.value.code == code
