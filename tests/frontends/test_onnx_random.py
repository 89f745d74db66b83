"""Random numbers: with a seed those of numpy's `RandomState`, and of ONNX's reference implementation."""

import numpy as np
import pytest

from .single import run

X = np.linspace(0.01, 0.99, 1200).reshape(30, 40).astype(np.float32)


@pytest.mark.parametrize("shape", [(1,), (13, 57), (0, 3), (300, 400)])  # one round of the generator, a few, none, several blocks
def test_uniform(shape: tuple[int, ...]) -> None:
    (y,) = run("RandomUniform", {}, shape=shape, seed=42.0, dtype=11)
    assert np.array_equal(y, np.random.RandomState(42).rand(*shape))
    (y,) = run("RandomUniform", {}, shape=shape, seed=42.0, low=-2.0, high=3.0)
    np.testing.assert_allclose(y, np.random.RandomState(42).rand(*shape) * 5 - 2, atol=1e-6)


def test_like_what_has_a_size_known_when_it_runs() -> None:
    (y,) = run("RandomUniformLike", {"x": X}, shapes={"x": ("M", "N")}, seed=3.0, dtype=11)
    assert np.array_equal(y, np.random.RandomState(3).rand(*X.shape))


def test_normal() -> None:
    (y,) = run("RandomNormal", {}, shape=[200, 500], mean=2.0, scale=3.0)
    z = (np.sort(y.reshape(-1)) - 2) / 3
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02
    assert np.abs(np.quantile(z, [0.05, 0.25, 0.5, 0.75, 0.95]) - [-1.645, -0.674, 0, 0.674, 1.645]).max() < 0.03


def test_bernoulli() -> None:
    (y,) = run("Bernoulli", {"p": X}, seed=7.0)
    assert np.array_equal(y, np.random.RandomState(7).binomial(1, X.astype(np.float64)))


def test_multinomial() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]], np.float32)
    with np.errstate(divide="ignore"):
        (y,) = run("Multinomial", {"x": np.log(p)}, sample_size=10000, dtype=7)
    counts = np.stack([np.bincount(row, minlength=3) for row in y]) / 10000
    assert y.dtype == np.int64 and np.abs(counts - p).max() < 0.02 and counts[1, 2] == 0


@pytest.mark.parametrize("constants", [(), ("r", "t")])
@pytest.mark.parametrize("training", [False, True])
def test_dropout(training: bool, constants: tuple[str, ...]) -> None:
    inputs = {"x": X, "r": np.array(0.3, np.float32), "t": np.array(training)}
    y, mask = run("Dropout", inputs, 2, constants=constants, seed=5)
    kept = (np.random.RandomState(5).rand(*X.shape) >= np.float32(0.3)) | (not training)
    assert np.array_equal(mask, kept)
    np.testing.assert_allclose(y, np.where(kept, X / 0.7 if training else X, 0), rtol=1e-6)


def test_nodes_draw_numbers_of_their_own() -> None:
    first, second = (run(op, {"x": X}, dtype=11)[0] for op in ("RandomUniformLike", "RandomNormalLike"))
    assert not np.array_equal(first, second)
