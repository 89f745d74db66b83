"""Every network that can be made here, by name: what `weft bench` is pointed at, and what tests take small versions of.

    python -m tests.models FOLDER [NAME…]      writes FOLDER/NAME.onnx

All weights are random, by a fixed seed, and scaled so that activations stay in range.
"""

from collections.abc import Callable
from functools import partial

import onnx

from . import mobile, perceptrons, recurrent, transformers, zoo

NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {
    **{name: partial(zoo.zoo_model, name) for name in zoo.NAMES},
    "mobilenet_v2": mobile.mobilenet_v2,
    "mobilenet_v3": mobile.mobilenet_v3,
    "efficientnet_b0": mobile.efficientnet_b0,
    "bert_base": transformers.bert_base,
    "vit_b16": transformers.vit_b16,
    "gpt2_prompt": transformers.gpt2_prompt,
    "gpt2_token": transformers.gpt2_token,
    "lstm": recurrent.lstm,
    "gru": recurrent.gru,
    "mlp_small": perceptrons.mlp_small,
    "mlp_wide": perceptrons.mlp_wide,
}
