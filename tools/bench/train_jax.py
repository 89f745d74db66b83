"""The training jobs in JAX, as its users write them: one jitted step whose state is donated."""

from functools import partial
from typing import Any

import numpy as np

from ...proto.optional import require
from .train_jobs import HEADS, JOBS, TOKENS, WIDTH, Arrays

jax = require("jax", "bench-train", "the comparison")
jnp, lax = jax.numpy, jax.lax


def perceptron_loss(p: Arrays, x: Any, y: Any) -> Any:
    hidden = jax.nn.sigmoid(x @ p["w1"] + p["b1"])
    return jnp.mean(jnp.sum((jax.nn.sigmoid(hidden @ p["w2"] + p["b2"]) - y) ** 2, axis=1))


def _convolved(x: Any, kernel: Any, bias: Any) -> Any:
    x = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return lax.reduce_window(jax.nn.relu(x + bias), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _cross_entropy(logits: Any, y: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], -1))


def conv_loss(p: Arrays, x: Any, y: Any) -> Any:
    x = _convolved(_convolved(x, p["k1"], p["b1"]), p["k2"], p["b2"])
    return _cross_entropy(x.reshape((x.shape[0], -1)) @ p["w"] + p["b"], y)


def _normalised(x: Any, scale: Any, bias: Any) -> Any:
    c = x - x.mean(-1, keepdims=True)
    return c * lax.rsqrt((c * c).mean(-1, keepdims=True) + 1e-5) * scale + bias


def _layer(p: Arrays, x: Any) -> Any:
    b, t, _ = x.shape
    h = _normalised(x, p["g1"], p["b1"])
    q, k, v = jnp.transpose((h @ p["qkv"]).reshape(b, t, 3, HEADS, WIDTH // HEADS), (2, 0, 3, 1, 4))
    scores = q @ jnp.swapaxes(k, -1, -2) / np.sqrt(WIDTH // HEADS).astype(np.float32)
    scores = jnp.where(jnp.tril(jnp.ones((TOKENS, TOKENS), bool)), scores, -jnp.inf)
    x = x + jnp.transpose(jax.nn.softmax(scores) @ v, (0, 2, 1, 3)).reshape(b, t, WIDTH) @ p["out"]
    h = _normalised(x, p["g2"], p["b2"])
    return x + jax.nn.gelu(h @ p["w1"] + p["c1"]) @ p["w2"] + p["c2"]


def transformer_loss(p: Arrays, x: Any, y: Any) -> Any:
    h = p["words"][x] + p["places"]
    for layer in p["layers"]:
        h = _layer(layer, h)
    return _cross_entropy(h @ p["head"], y)


def _sgd(loss: Any, rate: float, state: Any, *batch: Any) -> Any:
    value, grads = jax.value_and_grad(loss)(state, *batch)
    return jax.tree.map(lambda p, g: p - rate * g, state, grads), value


def _conv_step(state: Any, x: Any, y: Any) -> Any:
    p, mean, square, t = state
    value, grads = jax.value_and_grad(conv_loss)(p, x, y)
    t = t + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grads)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), p, mean, square)
    return (p, mean, square, t), value


_perceptron_step = partial(_sgd, perceptron_loss, 0.5)
STEPS = {
    "mlp": _perceptron_step,
    "epoch": lambda state, xs, ys: lax.scan(lambda s, batch: _perceptron_step(s, *batch), state, (xs, ys)),
    "conv": _conv_step,
    "transformer": partial(_sgd, transformer_loss, 0.1),
}


class Session:
    """A job under way."""

    def __init__(self, job: str) -> None:
        params, batch = JOBS[job].make()
        params = jax.tree.map(jnp.asarray, params)
        zeros = partial(jax.tree.map, jnp.zeros_like)
        self.state = (params, zeros(params), zeros(params), jnp.float32(0)) if job == "conv" else params
        self.batch = tuple(jnp.asarray(a) for a in batch)
        self.step = jax.jit(STEPS[job], donate_argnums=0)
        self.last: Any = None

    def advance(self) -> None:
        """One step, perhaps still under way when this returns."""
        self.state, self.last = self.step(self.state, *self.batch)

    def losses(self) -> np.ndarray:
        """Those of the last step."""
        return np.asarray(self.last).reshape(-1)
