"""Perceptrons: a small one for a single example, and a wide one for a batch."""

from collections.abc import Sequence
from itertools import pairwise

import onnx

from .net import Net


def perceptron(widths: Sequence[int], batch: int = 1, seed: int = 0) -> onnx.ModelProto:
    """[batch, widths[0]] to [batch, widths[-1]], a ReLU between two layers."""
    net = Net("perceptron", seed)
    x = net.input("x", (batch, widths[0]))
    for n, (before, after) in enumerate(pairwise(widths)):
        x = net.gemm(net("Relu", x) if n else x, before, after)
    net.output("y", x, (batch, widths[-1]))
    return net.model()


def mlp_small() -> onnx.ModelProto:
    """784-128-64-10, one example."""
    return perceptron((784, 128, 64, 10))


def mlp_wide() -> onnx.ModelProto:
    """1024-4096-4096-1000, a batch of 64."""
    return perceptron((1024, 4096, 4096, 1000), batch=64)
