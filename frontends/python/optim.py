"""Optimisers as pure functions over trees of parameters.

    optimizer = weft.optim.adam(1e-3)
    state = optimizer.init(params)
    params, state = optimizer.update(params, grads, state)

A learning rate is a number or a schedule: a function of the step (int32, from 0). States are trees of tensors, so that they can be donated,
scanned over and saved like parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import numpy as wnp
from .pytree import flatten, tree_map, unflatten
from .tensor import Tensor

__all__ = [
    "Optimizer", "adagrad", "adam", "adamw", "clip", "clip_by_global_norm", "cosine_schedule", "exponential_schedule", "global_norm",
    "linear_schedule", "rmsprop", "sgd", "warmup",
]  # fmt: skip

Rate = float | Callable[[Any], Any]


@dataclass(frozen=True)
class Optimizer:
    """`init(params)` gives a state, `update(params, grads, state)` new parameters and a new state."""

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]


def _at(rate: Rate, step: Any) -> Any:
    return rate(step) if callable(rate) else rate


def _zeros(params: Any) -> Any:
    return tree_map(lambda p: wnp.asarray(np.zeros(p.shape, p.dtype)), params)


def _step0() -> Tensor:
    return wnp.asarray(np.int32(0))


def _apart(triples: Any, n: int) -> tuple[Any, ...]:
    """A tree of tuples of length n as n trees."""
    leaves, tree = triples
    return tuple(unflatten(tree, [leaf[i] for leaf in leaves]) for i in range(n))


def _each(f: Callable[..., tuple[Any, ...]], n: int, params: Any, *rest: Any) -> tuple[Any, ...]:
    leaves, tree = flatten(params)
    others = [flatten(r)[0] for r in rest]
    return _apart(([f(*xs) for xs in zip(leaves, *others, strict=True)], tree), n)


def sgd(learning_rate: Rate, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0) -> Optimizer:
    """p ← p - rate · v with v ← momentum · v + g; `nesterov` looks ahead (Sutskever et al., 2013)."""

    def init(params: Any) -> Any:
        return {"step": _step0(), "velocity": _zeros(params) if momentum else ()}

    def update(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        rate = _at(learning_rate, state["step"])
        if weight_decay:
            grads = tree_map(lambda p, g: g + weight_decay * p, params, grads)
        if not momentum:
            return tree_map(lambda p, g: p - rate * g, params, grads), {"step": state["step"] + 1, "velocity": ()}

        def one(p: Any, g: Any, v: Any) -> tuple[Any, Any]:
            new = momentum * v + g
            return p - rate * (g + momentum * new if nesterov else new), new

        params, velocity = _each(one, 2, params, grads, state["velocity"])
        return params, {"step": state["step"] + 1, "velocity": velocity}

    return Optimizer(init, update)


def adam(learning_rate: Rate, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8) -> Optimizer:
    """Kingma and Ba, 2015."""
    return adamw(learning_rate, b1, b2, epsilon, 0.0)


def adamw(learning_rate: Rate, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 1e-2) -> Optimizer:
    """Adam with weight decay beside the gradient (Loshchilov and Hutter, 2019)."""

    def init(params: Any) -> Any:
        return {"step": _step0(), "mean": _zeros(params), "square": _zeros(params)}

    def update(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        rate = _at(learning_rate, state["step"])
        count = wnp.astype(state["step"] + 1, np.float32)
        correct1, correct2 = 1 - wnp.exp(count * float(np.log(b1))), 1 - wnp.exp(count * float(np.log(b2)))

        def one(p: Any, g: Any, m: Any, s: Any) -> tuple[Any, Any, Any]:
            m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * wnp.square(g)
            step = (m / wnp.astype(correct1, m.dtype)) / (wnp.sqrt(s / wnp.astype(correct2, s.dtype)) + epsilon)
            return p - rate * (step + weight_decay * p if weight_decay else step), m, s

        params, mean, square = _each(one, 3, params, grads, state["mean"], state["square"])
        return params, {"step": state["step"] + 1, "mean": mean, "square": square}

    return Optimizer(init, update)


def rmsprop(learning_rate: Rate, decay: float = 0.9, epsilon: float = 1e-8) -> Optimizer:
    """p ← p - rate · g / (√s + epsilon) with s ← decay · s + (1 - decay) · g² (Tieleman and Hinton, 2012)."""

    def init(params: Any) -> Any:
        return {"step": _step0(), "square": _zeros(params)}

    def update(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        rate = _at(learning_rate, state["step"])

        def one(p: Any, g: Any, s: Any) -> tuple[Any, Any]:
            s = decay * s + (1 - decay) * wnp.square(g)
            return p - rate * g / (wnp.sqrt(s) + epsilon), s

        params, square = _each(one, 2, params, grads, state["square"])
        return params, {"step": state["step"] + 1, "square": square}

    return Optimizer(init, update)


def adagrad(learning_rate: Rate, epsilon: float = 1e-10) -> Optimizer:
    """p ← p - rate · g / (√Σg² + epsilon) (Duchi et al., 2011)."""

    def init(params: Any) -> Any:
        return {"step": _step0(), "square": _zeros(params)}

    def update(params: Any, grads: Any, state: Any) -> tuple[Any, Any]:
        rate = _at(learning_rate, state["step"])

        def one(p: Any, g: Any, s: Any) -> tuple[Any, Any]:
            s = s + wnp.square(g)
            return p - rate * g / (wnp.sqrt(s) + epsilon), s

        params, square = _each(one, 2, params, grads, state["square"])
        return params, {"step": state["step"] + 1, "square": square}

    return Optimizer(init, update)


# Gradients


def global_norm(tree: Any) -> Any:
    """√ of the sum of the squares of all elements of a tree."""
    squares = [wnp.sum(wnp.square(wnp.astype(x, np.float32))) for x in flatten(tree)[0]]
    total: Any = squares[0]
    for s in squares[1:]:
        total = total + s
    return wnp.sqrt(total)


def clip_by_global_norm(grads: Any, limit: float) -> Any:
    """Gradients scaled down so that their global norm is at most `limit` (Pascanu et al., 2013)."""
    scale = wnp.minimum(1.0, limit / wnp.maximum(global_norm(grads), 1e-12))
    return tree_map(lambda g: g * wnp.astype(scale, g.dtype), grads)


def clip(grads: Any, limit: float) -> Any:
    """Every element in [-limit, limit]."""
    return tree_map(lambda g: wnp.minimum(wnp.maximum(g, -limit), limit), grads)


# Schedules


def _progress(step: Any, steps: int) -> Any:
    return wnp.minimum(wnp.astype(step, np.float32) / steps, 1.0)


def linear_schedule(start: float, end: float, steps: int) -> Callable[[Any], Any]:
    """From `start` to `end` in `steps` steps, then constant."""
    return lambda step: start + (end - start) * _progress(step, steps)


def cosine_schedule(start: float, steps: int, end: float = 0.0) -> Callable[[Any], Any]:
    """Half a cosine from `start` to `end` (Loshchilov and Hutter, 2017)."""
    return lambda step: end + (start - end) * 0.5 * (1 + wnp.cos(_progress(step, steps) * float(np.pi)))


def warmup(steps: int, schedule: Rate) -> Callable[[Any], Any]:
    """From 0 to the schedule in `steps` steps; the schedule begins after them."""

    def at(step: Any) -> Any:
        return _at(schedule, wnp.maximum(step - steps, 0)) * _progress(step, steps)

    return at


def exponential_schedule(start: float, factor: float, steps: int) -> Callable[[Any], Any]:
    """start · factor^(step / steps)."""
    return lambda step: start * wnp.exp(wnp.astype(step, np.float32) * float(np.log(factor) / steps))
