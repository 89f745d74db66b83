"""The training jobs in weft, and their losses in float64 by the reference interpreter."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...compiler.interpreter import evaluate
from ...frontends.python import nn, optim
from ...frontends.python import numpy as wnp
from ...frontends.python.control import scan
from ...frontends.python.function import Function, function
from ...frontends.python.pytree import flatten, tree_map
from ...frontends.python.transforms import value_and_grad
from .train_jobs import HEADS, JOBS, LAYERS, WIDTH, Arrays

_ADAM = optim.adam(1e-3)


def perceptron_loss(p: Arrays, x: Any, y: Any) -> Any:
    hidden = nn.sigmoid(x @ p["w1"] + p["b1"])
    return wnp.mean(wnp.sum(wnp.square(nn.sigmoid(hidden @ p["w2"] + p["b2"]) - y), axis=1))


def conv_loss(p: Arrays, x: Any, y: Any) -> Any:
    x = nn.max_pool(nn.relu(nn.conv(x, p["k1"], p["b1"])), 2)
    x = nn.max_pool(nn.relu(nn.conv(x, p["k2"], p["b2"])), 2)
    return nn.cross_entropy(x.reshape((x.shape[0], -1)) @ p["w"] + p["b"], y)


def _layer(p: Arrays, x: Any) -> Any:
    b, t, _ = x.shape
    h = nn.layer_norm(x, p["g1"], p["b1"])
    qkv = wnp.transpose((h @ p["qkv"]).reshape((b, t, 3, HEADS, WIDTH // HEADS)), (2, 0, 3, 1, 4))
    heads = nn.attention(qkv[0], qkv[1], qkv[2], causal=True)
    x = x + wnp.transpose(heads, (0, 2, 1, 3)).reshape((b, t, WIDTH)) @ p["out"]
    h = nn.layer_norm(x, p["g2"], p["b2"])
    return x + nn.gelu(h @ p["w1"] + p["c1"], approximate=True) @ p["w2"] + p["c2"]


def transformer_loss(p: Arrays, x: Any, y: Any) -> Any:
    h = nn.embedding(p["words"], x) + p["places"]
    for k in range(LAYERS):
        h = _layer(p["layers"][k], h)
    return nn.cross_entropy(h @ p["head"], y)


def _sgd(loss: Callable[..., Any], rate: float) -> Callable[..., Any]:
    def step(state: Any, *batch: Any) -> Any:
        value, grads = value_and_grad(loss)(state, *batch)
        return tree_map(lambda p, g: p - rate * g, state, grads), value

    return step


def _conv_step(state: Any, x: Any, y: Any) -> Any:
    params, adam = state
    value, grads = value_and_grad(conv_loss)(params, x, y)
    return _ADAM.update(params, grads, adam), value


_perceptron_step = _sgd(perceptron_loss, 0.5)
STEPS: dict[str, Callable[..., Any]] = {
    "mlp": _perceptron_step,
    "epoch": lambda state, xs, ys: scan(lambda s, batch: _perceptron_step(s, *batch), state, (xs, ys)),
    "conv": _conv_step,
    "transformer": _sgd(transformer_loss, 0.1),
}


def compiled(job: str) -> Function:
    """A step of a job: (state, *batch) -> (state, loss), the state updated in place."""
    body = STEPS[job]

    def step(state: Any, x: Any, y: Any) -> Any:
        return body(state, x, y)

    return function(step, donate="state")


def start(job: str, dtype: type[np.floating] = np.float32) -> tuple[Any, tuple[np.ndarray, ...]]:
    """The first state and the batch."""
    params, batch = JOBS[job].make()
    params = tree_map(lambda a: wnp.asarray(a.astype(dtype)), params)
    state = (params, _ADAM.init(params)) if job == "conv" else params
    return state, tuple(a.astype(dtype) if a.dtype.kind == "f" else a for a in batch)


class Session:
    """A job under way."""

    def __init__(self, job: str) -> None:
        self.step = compiled(job)
        self.state, self.batch = start(job)
        self.last: Any = None

    def advance(self) -> None:
        """One step."""
        self.state, self.last = self.step(self.state, *self.batch)

    def losses(self) -> np.ndarray:
        """Those of the last step."""
        return np.asarray(self.last).reshape(-1)


def reference(job: str) -> np.ndarray:
    """The losses of the steps that are compared, in float64."""
    if job in ("mlp", "epoch"):
        return _perceptron_losses(job)
    state, batch = start(job, np.float64)
    module = compiled(job).lower(state, *batch)
    leaves, _ = flatten((state, *batch))
    found: list[float] = []
    count = len(flatten(state)[0])
    for _ in range(JOBS[job].steps):
        results = evaluate(module, *(np.asarray(x) for x in leaves))
        leaves[:count] = results[:count]
        found.append(float(results[count]))
    return np.array(found)


def _perceptron_losses(job: str) -> np.ndarray:
    """By hand: the derivative of the perceptron is written out."""
    p, (xs, ys) = JOBS[job].make()
    p = {name: a.astype(np.float64) for name, a in p.items()}
    turns = JOBS[job].steps if xs.ndim == 2 else len(xs)
    found: list[float] = []
    for n in range(turns):
        x, y = (a.astype(np.float64) for a in ((xs, ys) if xs.ndim == 2 else (xs[n], ys[n])))
        hidden = 1 / (1 + np.exp(-(x @ p["w1"] + p["b1"])))
        out = 1 / (1 + np.exp(-(hidden @ p["w2"] + p["b2"])))
        found.append(float(((out - y) ** 2).sum(1).mean()))
        d_out = 2 * (out - y) / len(x) * out * (1 - out)
        d_hidden = d_out @ p["w2"].T * hidden * (1 - hidden)
        grads = {"w1": x.T @ d_hidden, "b1": d_hidden.sum(0), "w2": hidden.T @ d_out, "b2": d_out.sum(0)}
        p = {name: a - 0.5 * grads[name] for name, a in p.items()}
    return np.array(found)
