"""The training jobs that are measured: parameters, data, and how far a runtime's losses may be from those of float64 arithmetic.

Each is small enough that overhead counts, and is written in `train_weft`, `train_jax` and `train_torch` as a user of these would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Any
"""a tree of arrays: dicts and lists"""

BATCH, EPOCH = 64, 859  # of the perceptron: 55,000 rows
IMAGES = 32
WIDTH, HEADS, LAYERS, TOKENS, WORDS, TEXTS = 128, 4, 2, 64, 256, 8


@dataclass(frozen=True, slots=True)
class Job:
    """`make()` gives parameters and a batch, the same ones every time. Losses of `steps` steps are compared with true ones:
    |loss - true| ≤ tolerance · true.

    The tolerances were chosen before anything was measured: float32 has a relative error of 6e-8 per operation, some hundred operations
    deep in a step; Adam divides by square roots of gradients, however small, and so passes on more of it.
    """

    name: str
    title: str
    make: Callable[[], tuple[Arrays, tuple[np.ndarray, ...]]]
    steps: int
    tolerance: float


def _normal(rng: np.random.Generator, *shape: int, scale: float) -> np.ndarray:
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def _perceptron(rng: np.random.Generator) -> Arrays:
    zeros = np.zeros(64, np.float32), np.zeros(10, np.float32)
    return {"w1": _normal(rng, 784, 64, scale=1 / 28), "b1": zeros[0], "w2": _normal(rng, 64, 10, scale=1 / 8), "b2": zeros[1]}


def _rows(rng: np.random.Generator, *lead: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((*lead, BATCH, 784), np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, (*lead, BATCH))]


def mlp() -> tuple[Arrays, tuple[np.ndarray, ...]]:
    """784-64-10, a batch of 64 rows."""
    rng = np.random.default_rng(0)
    return _perceptron(rng), _rows(rng)


def epoch() -> tuple[Arrays, tuple[np.ndarray, ...]]:
    """The same with all batches of an epoch."""
    rng = np.random.default_rng(0)
    return _perceptron(rng), _rows(rng, EPOCH)


def conv() -> tuple[Arrays, tuple[np.ndarray, ...]]:
    """Two convolutions and a dense layer, 32 images of 28×28."""
    rng = np.random.default_rng(1)
    params = {
        "k1": _normal(rng, 3, 3, 1, 16, scale=0.3), "b1": np.zeros(16, np.float32),
        "k2": _normal(rng, 3, 3, 16, 32, scale=0.1), "b2": np.zeros(32, np.float32),
        "w": _normal(rng, 7 * 7 * 32, 10, scale=0.03), "b": np.zeros(10, np.float32),
    }  # fmt: skip
    return params, (rng.random((IMAGES, 28, 28, 1), np.float32), rng.integers(0, 10, IMAGES).astype(np.int32))


def transformer() -> tuple[Arrays, tuple[np.ndarray, ...]]:
    """Two causal layers of width 128 with 4 heads, 8 texts of 64 tokens."""
    rng = np.random.default_rng(2)

    def weight(*shape: int) -> np.ndarray:
        return _normal(rng, *shape, scale=0.05)

    def layer() -> dict[str, np.ndarray]:
        ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
        return {
            "qkv": weight(WIDTH, 3 * WIDTH), "out": weight(WIDTH, WIDTH), "g1": ones, "b1": zeros, "g2": ones, "b2": zeros,
            "w1": weight(WIDTH, 4 * WIDTH), "c1": np.zeros(4 * WIDTH, np.float32), "w2": weight(4 * WIDTH, WIDTH), "c2": zeros,
        }  # fmt: skip

    params = {
        "words": weight(WORDS, WIDTH),
        "places": weight(TOKENS, WIDTH),
        "layers": [layer() for _ in range(LAYERS)],
        "head": weight(WIDTH, WORDS),
    }
    tokens = rng.integers(0, WORDS, (TEXTS, TOKENS + 1)).astype(np.int32)
    return params, (np.ascontiguousarray(tokens[:, :-1]), np.ascontiguousarray(tokens[:, 1:]))


JOBS = {
    job.name: job
    for job in (
        Job("mlp", "784-64-10 perceptron, SGD, a call per step", mlp, 20, 1e-5),
        Job("epoch", "the same, an epoch of 859 steps per call", epoch, 1, 1e-3),
        Job("conv", "two convolutions, Adam", conv, 5, 1e-3),
        Job("transformer", "two causal layers, SGD", transformer, 5, 1e-5),
    )
}
