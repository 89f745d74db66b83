"""Layers as functions: activations, normalisations, convolution, pooling, attention, losses.

Parameters are arguments, so every function is pure. Images are [N, H, W, C] unless `layout` says "NCHW"; kernels are [h, w, in, out].
"""

from .activations import *  # noqa: F403
from .layers import *  # noqa: F403
from .losses import *  # noqa: F403
from .windows import *  # noqa: F403
