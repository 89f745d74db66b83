"""Losses: one number each, the mean over the batch."""

from typing import Any

from ..faults import check
from ..numpy import elementwise as e
from ..numpy.manipulation import moveaxis
from ..numpy.reductions import mean as mean_of
from ..numpy.reductions import sum as sum_of
from .activations import log_softmax, softplus
from .layers import one_hot

__all__ = ["binary_cross_entropy", "cross_entropy", "huber_loss", "kl_divergence", "l1_loss", "mse_loss"]


def mse_loss(prediction: Any, target: Any) -> Any:
    """mean((prediction - target)²)."""
    return mean_of(e.square(e.subtract(prediction, target)))


def cross_entropy(logits: Any, labels: Any, axis: int = -1, label_smoothing: float = 0.0) -> Any:
    """-mean(log softmax(logits)) at the labels: integers, or probabilities of the shape of the logits.

    `label_smoothing` is the part of the probability that all classes share (Szegedy et al., 2015).
    """
    logs = log_softmax(logits, axis=axis)
    fits = len(labels.shape) < len(logits.shape) or labels.shape[axis] == logits.shape[axis]
    fact = f"labels of shape {tuple(labels.shape)} for logits of shape {tuple(logits.shape)}"
    check(fits, "nn.labels", fact, help="labels are integers without the dim of the classes, or probabilities with all of them")
    if len(labels.shape) < len(logits.shape):
        labels = moveaxis(one_hot(labels, logits.shape[axis], logs.dtype), -1, axis)
    if label_smoothing:
        labels = e.add(e.multiply(labels, 1 - label_smoothing), label_smoothing / logits.shape[axis])
    return e.negative(mean_of(sum_of(e.multiply(logs, labels), axis=axis)))


def binary_cross_entropy(logits: Any, labels: Any) -> Any:
    """mean(softplus(logits) - labels · logits): labels are 0, 1 or between."""
    return mean_of(e.subtract(softplus(logits), e.multiply(labels, logits)))


def l1_loss(prediction: Any, target: Any) -> Any:
    """mean(|prediction - target|)."""
    return mean_of(e.abs(e.subtract(prediction, target)))


def huber_loss(prediction: Any, target: Any, delta: float = 1.0) -> Any:
    """mean of d²/2 where d = |prediction - target| is at most delta, else of delta · (d - delta / 2) (Huber, 1964)."""
    d = e.abs(e.subtract(prediction, target))
    near = e.minimum(d, delta)
    return mean_of(e.add(e.multiply(e.square(near), 0.5), e.multiply(e.subtract(d, near), delta)))


def kl_divergence(logs: Any, target: Any, axis: int = -1) -> Any:
    """mean over the batch of Σ target · (log target - logs), 0 · log 0 being 0.

    `logs` are logarithms of probabilities, `target` probabilities.
    """
    some = e.greater(target, 0)
    terms = e.where(some, e.multiply(target, e.subtract(e.log(e.where(some, target, 1.0)), logs)), 0.0)
    return mean_of(sum_of(terms, axis=axis))
