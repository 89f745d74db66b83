"""Recurrent networks as PyTorch exports them: two layers, a linear one at the end."""

import onnx

from .net import Net


def lstm(steps: int = 100, batch: int = 1, inputs: int = 256, width: int = 512, layers: int = 2, seed: int = 0) -> onnx.ModelProto:
    """[steps, batch, inputs] to scores [steps, batch, inputs], and the states after the last step, [layers, batch, width]."""
    net = Net("lstm", seed)
    x, before = net.input("x", (steps, batch, inputs)), inputs
    states: list[tuple[str, str]] = []
    for _ in range(layers):
        y, hidden, cell = net("LSTM", x, *_weights(net, x, 4, before, width), results=3, hidden_size=width)
        states.append((hidden, cell))
        x, before = net("Squeeze", y, net.constant([1])), width
        net.power[x] = 0.1
    net.output("scores", net.linear(x, width, inputs), (steps, batch, inputs))
    for name, parts in zip(("hidden", "cell"), zip(*states, strict=True), strict=True):
        net.output(name, net("Concat", *parts, axis=0), (layers, batch, width))
    return net.model()


def gru(steps: int = 100, batch: int = 1, inputs: int = 256, width: int = 256, layers: int = 2, seed: int = 0) -> onnx.ModelProto:
    """In both directions: [steps, batch, inputs] to scores [steps, batch, inputs]."""
    net = Net("gru", seed)
    x, before = net.input("x", (steps, batch, inputs)), inputs
    for _ in range(layers):
        attributes = {"hidden_size": width, "direction": "bidirectional", "linear_before_reset": 1}
        y, _last = net("GRU", x, *_weights(net, x, 3, before, width, directions=2), results=2, **attributes)
        x, before = net.reshape(net.transpose(y, 0, 2, 1, 3), (0, 0, 2 * width)), 2 * width
        net.power[x] = 0.2
    net.output("scores", net.linear(x, 2 * width, inputs), (steps, batch, inputs))
    return net.model()


def _weights(net: Net, x: str, gates: int, before: int, width: int, directions: int = 1) -> tuple[str, str, str]:
    """Weights of the inputs and of the state, and both biases."""
    inputs = net.weight((directions, gates * width, before), before, x)
    state = net.uniform((directions, gates * width, width), width**-0.5)
    return inputs, state, net.uniform((directions, 2 * gates * width), 0.1)
