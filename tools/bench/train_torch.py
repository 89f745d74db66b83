"""The training jobs in PyTorch, eager, as its users write them."""

from typing import Any

import numpy as np

from ...proto.optional import require
from .train_jobs import HEADS, JOBS, WIDTH, Arrays

torch = require("torch", "bench-train", "the comparison")
F = torch.nn.functional


def perceptron_loss(p: Arrays, x: Any, y: Any) -> Any:
    hidden = torch.sigmoid(x @ p["w1"] + p["b1"])
    return ((torch.sigmoid(hidden @ p["w2"] + p["b2"]) - y) ** 2).sum(1).mean()


def conv_loss(p: Arrays, x: Any, y: Any) -> Any:
    x = F.max_pool2d(F.relu(F.conv2d(x, p["k1"], p["b1"], padding=1)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p["k2"], p["b2"], padding=1)), 2)
    return F.cross_entropy(x.permute(0, 2, 3, 1).reshape(len(x), -1) @ p["w"] + p["b"], y)


def _layer(p: Arrays, x: Any) -> Any:
    b, t, _ = x.shape
    h = F.layer_norm(x, (WIDTH,), p["g1"], p["b1"])
    q, k, v = (h @ p["qkv"]).reshape(b, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + heads.permute(0, 2, 1, 3).reshape(b, t, WIDTH) @ p["out"]
    h = F.layer_norm(x, (WIDTH,), p["g2"], p["b2"])
    return x + F.gelu(h @ p["w1"] + p["c1"], approximate="tanh") @ p["w2"] + p["c2"]


def transformer_loss(p: Arrays, x: Any, y: Any) -> Any:
    h = F.embedding(x, p["words"]) + p["places"]
    for layer in p["layers"]:
        h = _layer(layer, h)
    return F.cross_entropy((h @ p["head"]).flatten(0, 1), y.flatten())


def _tensors(x: Arrays) -> Any:
    """A tree of arrays as one of parameters."""
    if isinstance(x, dict):
        return {name: _tensors(a) for name, a in x.items()}
    if isinstance(x, list):
        return [_tensors(a) for a in x]
    kernel = torch.tensor(x).permute(3, 2, 0, 1).contiguous() if x.ndim == 4 else torch.tensor(x)
    return kernel.requires_grad_()


def _leaves(x: Any) -> list[Any]:
    if isinstance(x, dict):
        return [leaf for part in x.values() for leaf in _leaves(part)]
    return [leaf for part in x for leaf in _leaves(part)] if isinstance(x, list) else [x]


class Session:
    """A job under way."""

    def __init__(self, job: str) -> None:
        params, batch = JOBS[job].make()
        self.params = _tensors(params)
        tensors = [torch.tensor(a.astype(np.int64) if a.dtype.kind == "i" else a) for a in batch]
        if job == "conv":
            tensors[0] = tensors[0].permute(0, 3, 1, 2).contiguous()
        self.loss = {"conv": conv_loss, "transformer": transformer_loss}.get(job, perceptron_loss)
        leaves = _leaves(self.params)
        self.optimizer = torch.optim.Adam(leaves, 1e-3) if job == "conv" else torch.optim.SGD(leaves, 0.1 if job == "transformer" else 0.5)
        self.batches = list(zip(*tensors, strict=True)) if job == "epoch" else [tensors]
        self.last: Any = None

    def advance(self) -> None:
        """One step, or an epoch of them."""
        found = []
        for batch in self.batches:
            self.optimizer.zero_grad()
            loss = self.loss(self.params, *batch)
            loss.backward()
            self.optimizer.step()
            found.append(loss.detach())
        self.last = found

    def losses(self) -> np.ndarray:
        """Those of the last step."""
        return torch.stack(self.last).numpy()
