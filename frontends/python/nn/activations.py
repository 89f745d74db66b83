"""Activations: elementwise functions, and softmax with its logarithms."""

from math import sqrt
from typing import Any

import numpy as np

from ....compiler.ir.graph import Value
from ....compiler.ops.helpers import broadcast_to, full_like
from ....compiler.ops.nodes import node
from ..faults import check
from ..lift import lifted
from ..numpy import elementwise as e
from ..numpy.dtypes import floating, together
from ..numpy.reductions import axes_of, fold

__all__ = [
    "elu", "gelu", "glu", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "logsumexp", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return e.sigmoid(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return e.tanh(x)


@lifted
def relu(x: Any) -> Value:
    """max(x, 0)."""
    (v,) = together(x)
    return node("maximum", v, full_like(v, 0))


@lifted
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Value:
    """x where positive, else negative_slope · x."""
    v = floating(x)
    positive = node("compare", v, full_like(v, 0), comparison_direction="GE")
    return node("select", positive, v, node("multiply", v, full_like(v, negative_slope)))


@lifted
def elu(x: Any, alpha: float = 1.0) -> Value:
    """x where positive, else alpha · (e^x - 1)."""
    v = floating(x)
    zero = full_like(v, 0)
    below = node("multiply", node("exponential_minus_one", node("minimum", v, zero)), full_like(v, alpha))
    return node("select", node("compare", v, zero, comparison_direction="GT"), v, below)


@lifted
def silu(x: Any) -> Value:
    """x · sigmoid(x)."""
    v = floating(x)
    return node("multiply", v, node("logistic", v))


@lifted
def gelu(x: Any, approximate: bool = False) -> Value:
    """x · Φ(x); with `approximate` by tanh (Hendrycks and Gimpel, 2016)."""
    v = floating(x)
    if approximate:
        cubed = node("multiply", node("multiply", v, v), v)
        inner = node("add", v, node("multiply", cubed, full_like(v, 0.044715)))
        gate = node("tanh", node("multiply", inner, full_like(v, sqrt(2 / np.pi))))
    else:
        gate = node("weft.erf", node("multiply", v, full_like(v, sqrt(0.5))))
    return node("multiply", node("multiply", v, full_like(v, 0.5)), node("add", gate, full_like(v, 1)))


@lifted
def softplus(x: Any) -> Value:
    """log(1 + e^x), without overflow."""
    v = floating(x)
    # Chosen by sides, not by `abs` and `maximum`: these have kinks at 0, where higher derivatives would be lost.
    zero = full_like(v, 0)
    above = node("compare", v, zero, comparison_direction="GT")
    rest = node("log_plus_one", node("exponential", node("select", above, node("negate", v), v)))
    return node("add", node("select", above, v, zero), rest)


@lifted
def relu6(x: Any) -> Value:
    """min(max(x, 0), 6)."""
    (v,) = together(x)
    return node("clamp", full_like(v, 0), v, full_like(v, 6))


@lifted
def selu(x: Any) -> Value:
    """Self-normalising: λ · elu(x, α) with fixed λ and α (Klambauer et al., 2017)."""
    v = elu(floating(x), 1.6732632423543772)
    return node("multiply", v, full_like(v, 1.0507009873554805))


@lifted
def hard_tanh(x: Any) -> Value:
    """x kept within [-1, 1]."""
    v = floating(x)
    return node("clamp", full_like(v, -1), v, full_like(v, 1))


@lifted
def hard_sigmoid(x: Any) -> Value:
    """relu6(x + 3) / 6."""
    v = floating(x)
    return node("multiply", relu6(node("add", v, full_like(v, 3))), full_like(v, 1 / 6))


@lifted
def hard_swish(x: Any) -> Value:
    """x · relu6(x + 3) / 6 (Howard et al., 2019)."""
    v = floating(x)
    return node("multiply", v, hard_sigmoid(v))


@lifted
def log_sigmoid(x: Any) -> Value:
    """log(sigmoid(x)), without underflow."""
    v = floating(x)
    return node("negate", softplus(node("negate", v)))


@lifted
def mish(x: Any) -> Value:
    """x · tanh(softplus(x)) (Misra, 2019)."""
    v = floating(x)
    return node("multiply", v, node("tanh", softplus(v)))


@lifted
def softsign(x: Any) -> Value:
    """x / (1 + |x|)."""
    v = floating(x)
    size = node("abs", v)
    return node("divide", v, node("add", size, full_like(size, 1)))


def glu(x: Any, axis: int = -1) -> Any:
    """a · sigmoid(b), a and b being the halves along an axis (Dauphin et al., 2016)."""
    from ..numpy import split

    size = x.shape[axis]
    check(size % 2 == 0, "nn.glu", f"an axis of {size} has no halves")
    a, b = split(x, 2, axis=axis)
    return e.multiply(a, sigmoid(b))


def _centred(v: Value, axis: Any) -> Value:
    top = node("weft.stop_gradient", fold(v, "max", axis, True))
    return node("subtract", v, broadcast_to(top, v.shape))


@lifted
def softmax(x: Any, axis: Any = -1) -> Value:
    """e^x / Σ e^x over an axis (or several)."""
    powers = node("exponential", _centred(floating(x), axis))
    return node("divide", powers, broadcast_to(fold(powers, "add", axis, True), powers.shape))


@lifted
def log_softmax(x: Any, axis: Any = -1) -> Value:
    """log(softmax(x)), without underflow."""
    centred = _centred(floating(x), axis)
    total = fold(node("exponential", centred), "add", axis, True)
    return node("subtract", centred, broadcast_to(node("log", total), centred.shape))


@lifted
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """log Σ e^x, without overflow."""
    v = floating(x)
    top = node("weft.stop_gradient", fold(v, "max", axis, True))
    total = fold(node("exponential", node("subtract", v, broadcast_to(top, v.shape))), "add", axis, True)
    whole = node("add", node("log", total), top)
    if keepdims:
        return whole
    axes = axes_of(axis, len(v.shape))
    shape = tuple(n for i, n in enumerate(v.shape) if i not in axes)
    return node("reshape", whole, result=whole.tensor.with_shape(shape))
