"""Transformers: BERT, a vision transformer, and a decoder like GPT-2 that reads a prompt or goes on by one token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from .net import Net

_SHARP = 1.5  # gain of queries and keys: attention picks some tokens instead of taking the mean of all
_LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True, slots=True)
class Size:
    """Layers, heads, and the width of a token; `classes` are words or categories."""

    layers: int = 12
    heads: int = 12
    width: int = 768
    classes: int = 1000

    @property
    def head(self) -> int:
        """The width of a head."""
        return self.width // self.heads


def _softmax_mix(net: Net, scores: str, values: str) -> str:
    """softmax(scores) · values."""
    mixed = net("MatMul", net("Softmax", scores, axis=-1), values)
    net.power[mixed] = 0.2
    return mixed


def _joined(net: Net, heads: str, batch: int, size: Size) -> str:
    """[B, heads, S, head] to [B, S, width], and through the last layer of the attention."""
    merged = net.reshape(net.transpose(heads, 0, 2, 1, 3), (batch, -1, size.width))
    return net.linear(merged, size.width, size.width)


def bert_base(batch: int = 1, tokens: int = 128, size: Size = Size(classes=30522), seed: int = 0) -> onnx.ModelProto:
    """Devlin et al., 2018: `ids`, `mask` and `segments` of [batch, tokens] to `hidden` [batch, tokens, width] and `pooled`."""
    net = Net("bert_base", seed)
    ids, mask, segments = (net.input(name, (batch, tokens), TensorProto.INT64) for name in ("ids", "mask", "segments"))
    words = net("Gather", net.uniform((size.classes, size.width), 1.0), ids)
    places, kinds = net.uniform((1, tokens, size.width), 0.3), net("Gather", net.uniform((2, size.width), 0.3), segments)
    x = net.layer_norm(net("Add", net("Add", words, kinds), places), size.width, 1e-12)
    shown = net("Cast", net("Unsqueeze", mask, net.constant([1, 2])), to=TensorProto.FLOAT)
    additive = net("Mul", net("Sub", net.constant(1.0), shown), net.constant(_LOWEST))
    for _ in range(size.layers):
        x = net.layer_norm(net("Add", _bert_attention(net, x, additive, batch, size), x), size.width, 1e-12)
        inner = net.gelu(net.linear(x, size.width, 4 * size.width))
        x = net.layer_norm(net("Add", net.linear(inner, 4 * size.width, size.width), x), size.width, 1e-12)
    first = net("Gather", x, net.constant(np.array(0)), axis=1)
    pooled = net("Tanh", net.gemm(first, size.width, size.width))
    net.output("hidden", x, (batch, tokens, size.width))
    net.output("pooled", pooled, (batch, size.width))
    return net.model()


def _bert_attention(net: Net, x: str, additive: str, batch: int, size: Size) -> str:
    """Three products, as BERT has them, keys transposed by themselves."""

    def heads(gain: float, *order: int) -> str:
        projected = net.reshape(net.linear(x, size.width, size.width, gain), (batch, -1, size.heads, size.head))
        return net.transpose(projected, *order)

    scores = net("MatMul", heads(_SHARP, 0, 2, 1, 3), heads(_SHARP, 0, 2, 3, 1))
    scores = net("Add", net("Div", scores, net.constant(math.sqrt(size.head))), additive)
    return _joined(net, _softmax_mix(net, scores, heads(1.0, 0, 2, 1, 3)), batch, size)


def vit_b16(batch: int = 1, pixels: int = 224, patch: int = 16, size: Size = Size(), seed: int = 0) -> onnx.ModelProto:
    """Dosovitskiy et al., 2020, as timm writes it: one product for queries, keys and values. [batch, 3, pixels, pixels] to logits."""
    net = Net("vit_b16", seed)
    image = net.input("image", (batch, 3, pixels, pixels))
    weight = net.weight((size.width, 3, patch, patch), 3 * patch * patch, image)
    attributes = {"kernel_shape": [patch] * 2, "strides": [patch] * 2, "pads": [0] * 4}
    patches = net("Conv", image, weight, net.bias(size.width), **attributes)
    patches = net.transpose(net.reshape(patches, (batch, size.width, -1)), 0, 2, 1)
    start = net("Expand", net.uniform((1, 1, size.width), 1.0), net.constant([batch, 1, size.width]))
    count = (pixels // patch) ** 2 + 1
    x = net("Add", net("Concat", start, patches, axis=1), net.uniform((1, count, size.width), 0.5))
    for _ in range(size.layers):
        x = net("Add", x, _vit_attention(net, net.layer_norm(x, size.width, 1e-6), batch, size))
        inner = net.gelu(net.linear(net.layer_norm(x, size.width, 1e-6), size.width, 4 * size.width))
        x = net("Add", x, net.linear(inner, 4 * size.width, size.width, 0.5))
    first = net("Gather", net.layer_norm(x, size.width, 1e-6), net.constant(np.array(0)), axis=1)
    net.output("logits", net.gemm(first, size.width, size.classes), (batch, size.classes))
    return net.model()


def _vit_attention(net: Net, x: str, batch: int, size: Size) -> str:
    qkv = net.linear(x, size.width, 3 * size.width, _SHARP)
    qkv = net.transpose(net.reshape(qkv, (batch, -1, 3, size.heads, size.head)), 2, 0, 3, 1, 4)
    q, k, v = (net("Gather", qkv, net.constant(np.array(n)), axis=0) for n in range(3))
    scores = net("MatMul", net("Mul", q, net.constant(size.head**-0.5)), net.transpose(k, 0, 1, 3, 2))
    return _joined(net, _softmax_mix(net, scores, v), batch, size)


def gpt2_prompt(batch: int = 1, tokens: int | str = 128, size: Size = Size(classes=50257), seed: int = 0) -> onnx.ModelProto:
    """A prompt: `ids` [batch, tokens] to `logits`, and to the keys and values of every layer, [batch, heads, tokens, head]."""
    net = Net("gpt2_prompt", seed)
    _decoder(net, net.input("ids", (batch, tokens), TensorProto.INT64), tokens, tokens, [], batch, size)
    return net.model()


def gpt2_token(batch: int = 1, past: int | str = 127, size: Size = Size(classes=50257), seed: int = 0) -> onnx.ModelProto:
    """One more token: `ids` [batch, 1] and what `past` tokens left behind to `logits`, and to keys and values of one token more."""
    net = Net("gpt2_token", seed)
    ids = net.input("ids", (batch, 1), TensorProto.INT64)
    shape = (batch, size.heads, past, size.head)
    kept = [(net.input(f"past.{n}.key", shape), net.input(f"past.{n}.value", shape)) for n in range(size.layers)]
    _decoder(net, ids, 1, past + 1 if isinstance(past, int) else f"{past} + 1", kept, batch, size)
    return net.model()


def _decoder(net: Net, ids: str, tokens: int | str, total: int | str, kept: Sequence[tuple[str, str]], batch: int, size: Size) -> None:
    """Radford et al., 2019: normalised before each layer, GELU by tanh, logits by the table of words."""
    words = net.uniform((size.classes, size.width), 1.0)
    places, begin, end = _places(net, ids, kept)
    table = net.uniform((1024, size.width), 0.3)
    x = net("Add", net("Gather", words, ids), net("Gather", table, places))
    # A token sees those up to its own place.
    shown = net("LessOrEqual", net("Range", begin, end, net.constant(np.array(1))), net("Unsqueeze", places, net.constant([1])))
    for n in range(size.layers):
        past = kept[n] if kept else None
        y, key, value = _gpt_attention(net, net.layer_norm(x, size.width), shown, past, batch, size)
        x = net("Add", y, x)
        inner = net.gelu_tanh(net.linear(net.layer_norm(x, size.width), size.width, 4 * size.width))
        x = net("Add", x, net.linear(inner, 4 * size.width, size.width, 0.5))
        for name, made in (("key", key), ("value", value)):
            net.output(f"present.{n}.{name}", made, (batch, size.heads, total, size.head))
    scaled = net("Mul", net.layer_norm(x, size.width), net.constant(size.width**-0.5))
    net.output("logits", net("MatMul", scaled, net.transpose(words, 1, 0)), (batch, tokens, size.classes))


def _places(net: Net, ids: str, kept: Sequence[tuple[str, str]]) -> tuple[str, str, str]:
    """The places of the tokens, i64[tokens], and the scalars 0 and past + tokens."""

    def extent(x: str, axis: int) -> str:
        return net("Gather", net("Shape", x), net.constant(np.array(axis)), axis=0)

    zero = net.constant(np.array(0))
    begin = extent(kept[0][0], 2) if kept else zero
    end = net("Add", begin, extent(ids, 1))
    return net("Range", begin, end, net.constant(np.array(1))), zero, end


def _gpt_attention(net: Net, x: str, shown: str, past: tuple[str, str] | None, batch: int, size: Size) -> tuple[str, str, str]:
    """The result, and the keys and values with those of the past before them."""
    qkv = net.linear(x, size.width, 3 * size.width, _SHARP)
    parts = net("Split", qkv, net.constant([size.width] * 3), axis=2, results=3)
    q, k, v = (net.transpose(net.reshape(part, (batch, -1, size.heads, size.head)), 0, 2, 1, 3) for part in parts)
    if past:
        k, v = net("Concat", past[0], k, axis=2), net("Concat", past[1], v, axis=2)
    scores = net("Div", net("MatMul", q, net.transpose(k, 0, 1, 3, 2)), net.constant(math.sqrt(size.head)))
    scores = net("Where", shown, scores, net.constant(_LOWEST))
    return _joined(net, _softmax_mix(net, scores, v), batch, size), k, v
