"""Small versions of the networks that `weft bench` measures: ONNX Runtime, the reference interpreter and compiled code agree."""

from collections.abc import Callable
from functools import partial

import numpy as np
import onnx
import pytest
from weft.frontends.onnx import from_model

from ..models.mobile import efficientnet_b0, mobilenet_v2, mobilenet_v3
from ..models.perceptrons import perceptron
from ..models.recurrent import gru, lstm
from ..models.transformers import Size, bert_base, gpt2_prompt, gpt2_token, vit_b16
from .runners import Compiled, assert_close, interpreted, onnx_runtime, random_feeds

_TINY = Size(layers=2, heads=3, width=48, classes=70)
SMALL: dict[str, Callable[[], onnx.ModelProto]] = {
    "mobilenet_v2": partial(mobilenet_v2, size=64, width=0.5, classes=20),
    "mobilenet_v3": partial(mobilenet_v3, size=64, width=0.5, classes=20),
    "efficientnet_b0": partial(efficientnet_b0, size=64, width=0.5, classes=20),
    "bert": partial(bert_base, 2, 19, _TINY),
    "vit": partial(vit_b16, 2, 40, 8, _TINY),
    "gpt2_prompt": partial(gpt2_prompt, 1, 21, _TINY),
    "gpt2_token": partial(gpt2_token, 1, 20, _TINY),
    "lstm": partial(lstm, 7, 2, 24, 20),
    "gru": partial(gru, 7, 2, 24, 20),
    "perceptron": partial(perceptron, (30, 50, 10), 3),
}


@pytest.mark.parametrize("name", SMALL)
def test_network(name: str) -> None:
    model = SMALL[name]()
    feeds = random_feeds(model)
    wanted = onnx_runtime(model, feeds)
    for array in wanted.values():
        assert 0.1 < array.std() < 30, "activations have left their range, errors would not show"
    module = from_model(model)
    assert_close(interpreted(module, feeds), wanted)
    assert_close(Compiled(module)(feeds), wanted)


def test_token_by_token_is_the_prompt() -> None:
    """One program for every length of the past goes on from what the other one leaves behind."""
    prompt, token = Compiled(gpt2_prompt(1, "S", _TINY)), Compiled(gpt2_token(1, "P", _TINY))
    ids = np.random.default_rng(0).integers(0, _TINY.classes, (1, 12))
    whole = prompt({"ids": ids})
    kept = prompt({"ids": ids[:, :7]})
    for n in range(7, 12):
        past = {name.replace("present", "past"): array for name, array in kept.items() if name != "logits"}
        kept = token({"ids": ids[:, n : n + 1], **past})
    assert_close({"logits": kept["logits"][:, 0]}, {"logits": whole["logits"][:, -1]})
