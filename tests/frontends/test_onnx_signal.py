"""Fourier transforms of any length against numpy's, frames of signals, the mel scale."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from .single import model, run

RNG = np.random.default_rng(0)
# one element, a dense product, the edge of it, products of small factors, a prime, a prime times small ones
LENGTHS = (1, 2, 30, 128, 129, 360, 1009, 2018)


def close(got: np.ndarray, wanted: np.ndarray) -> None:
    """Within a few units of the last place of the greatest element."""
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max(initial=0) <= 2e-6 * max(1, np.abs(wanted).max(initial=0))


def pair(z: np.ndarray) -> np.ndarray:
    return np.stack([z.real, z.imag], -1).astype(np.float32)


@pytest.mark.parametrize("n", LENGTHS)
def test_complex(n: int) -> None:
    z = RNG.normal(size=(3, n)) + 1j * RNG.normal(size=(3, n))
    inputs = {"x": pair(z), "_": np.zeros(0), "a": np.array(1)}
    for inverse, transform in ((0, np.fft.fft), (1, np.fft.ifft)):
        (y,) = run("DFT", inputs, opset=20, constants=("a",), inverse=inverse, atol=1e-3)
        close(y, pair(transform(z)))


@pytest.mark.parametrize("n", LENGTHS[1:])
def test_real_and_back(n: int) -> None:
    """The half of the frequencies that determines a real signal, along an axis in the middle; and the signal again."""
    x = RNG.normal(size=(2, n, 3)).astype(np.float32)
    (y,) = run("DFT", {"x": x[..., None]}, opset=17, axis=1, onesided=1, atol=1e-3)
    close(y, pair(np.fft.rfft(x, axis=1)))
    length = {"y": y, "n": np.array(n), "a": np.array(-3)}
    (back,) = run("DFT", length, opset=20, constants=("n", "a"), inverse=1, onesided=1, atol=1e-5)
    close(back[..., 0], x)


@pytest.mark.parametrize("length", [20, 50, 70])
def test_size_known_when_it_runs(length: int) -> None:
    """The signal is cut, or filled up with zeros."""
    x = RNG.normal(size=(2, 50, 1)).astype(np.float64)
    inputs = {"x": x, "n": np.array(length), "a": np.array(1)}
    (y,) = run("DFT", inputs, opset=20, constants=("n", "a"), shapes={"x": ("B", "N", 1)}, onesided=1)
    np.testing.assert_allclose(y, np.stack([(z := np.fft.rfft(x[..., 0], length)).real, z.imag], -1), atol=1e-11)
    (y,) = run("DFT", {"x": x}, opset=20, shapes={"x": ("B", "N", 1)})
    np.testing.assert_allclose(y, np.stack([(z := np.fft.fft(x[..., 0])).real, z.imag], -1), atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 500, 1), ("B", "L", 1)])
@pytest.mark.parametrize("onesided", [0, 1])
def test_frames(shape: tuple[int | str, ...], onesided: int) -> None:
    x, window = RNG.normal(size=(3, 500, 1)).astype(np.float32), np.hanning(37).astype(np.float32)
    inputs = {"x": x, "s": np.array(13), "w": window}
    options = {"opset": 17, "constants": ("s",), "onesided": onesided}
    (y,) = run("STFT", inputs, shapes={"x": shape}, atol=1e-4, **options)
    frames = np.stack([x[:, i : i + 37, 0] * window for i in range(0, 500 - 36, 13)], 1)
    close(y, pair(np.fft.rfft(frames) if onesided else np.fft.fft(frames)))


@pytest.mark.parametrize(("bins", "length", "rate", "low", "high"), [(20, 400, 16000, 20, 7600), (3, 5, 100, 0, 50)])
def test_mel_scale(bins: int, length: int, rate: int, low: float, high: float) -> None:
    sizes = {"b": np.array(bins), "n": np.array(length)}
    inputs = {**sizes, "r": np.array(rate), "lo": np.array(low, np.float32), "hi": np.array(high, np.float32)}
    proto = model("MelWeightMatrix", inputs, opset=17, constants=("b", "n"))
    (wanted,) = ReferenceEvaluator(proto).run(None, {k: inputs[k] for k in ("r", "lo", "hi")})
    (got,) = run("MelWeightMatrix", inputs, opset=17, constants=("b", "n"))
    np.testing.assert_allclose(got, wanted, atol=1e-6)
