"""Networks of depthwise convolutions: MobileNetV2, MobileNetV3 (large) and EfficientNet-B0, as PyTorch exports them."""

from collections.abc import Callable, Sequence

import onnx

from .net import Net

Act = Callable[[str], str]
_BRANCH_GAIN = 0.5  # of the last convolution beside a shortcut: sums then grow slowly


def _scaled(channels: int, width: float) -> int:
    """A multiple of 8 near `channels · width`, not much below it."""
    rounded = max(8, int(channels * width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels * width else rounded


def _relu6(net: Net, x: str) -> str:
    return net("Clip", x, net.constant(0.0), net.constant(6.0))


def _squeeze_excite(net: Net, x: str, channels: tuple[int, int], act: Act, gate: str) -> str:
    """Channels weighted by what two small layers make of their means."""
    whole, few = channels
    means = net("GlobalAveragePool", x)
    net.power[means] = 0.1
    inner = act(net.conv(means, (whole, few)))
    attributes = {"alpha": 1 / 6} if gate == "HardSigmoid" else {}
    return net("Mul", net(gate, net.conv(inner, (few, whole)), **attributes), x)


def _block(net: Net, x: str, channels: tuple[int, int, int], kernel: int, stride: int, act: Act, excite: Act | None) -> str:
    """Widen, filter each channel, narrow; a shortcut where the shape stays."""
    before, inner, after = channels
    y = x if inner == before else act(net.conv(x, (before, inner)))
    y = act(net.conv(y, (inner, inner), kernel, stride, groups=inner))
    y = excite(y) if excite else y
    shortcut = stride == 1 and before == after
    y = net.conv(y, (inner, after), gain=_BRANCH_GAIN if shortcut else 1.0)
    return net("Add", x, y) if shortcut else y


def _pooled(net: Net, x: str) -> str:
    y = net("Flatten", net("GlobalAveragePool", x), axis=1)
    net.power[y] = net.power[x] * 0.3
    return y


def mobilenet_v2(batch: int = 1, size: int = 224, width: float = 1.0, classes: int = 1000, seed: int = 0) -> onnx.ModelProto:
    """Sandler et al., 2018. [batch, 3, size, size] to [batch, classes]."""
    net = Net("mobilenet_v2", seed)

    def act(x: str) -> str:
        return _relu6(net, x)

    channels = _scaled(32, width)
    x = act(net.conv(net.input("image", (batch, 3, size, size)), (3, channels), 3, 2))
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for factor, after, count, stride in table:
        for k in range(count):
            wanted = _scaled(after, width)
            x = _block(net, x, (channels, channels * factor, wanted), 3, stride if k == 0 else 1, act, None)
            channels = wanted
    last = _scaled(1280, max(1.0, width))
    x = _pooled(net, act(net.conv(x, (channels, last))))
    net.output("logits", net.gemm(x, last, classes), (batch, classes))
    return net.model()


# kernel, inner channels, channels, squeeze and excite, hard swish instead of ReLU, stride
_V3_LARGE: Sequence[tuple[int, int, int, bool, bool, int]] = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)


def mobilenet_v3(batch: int = 1, size: int = 224, width: float = 1.0, classes: int = 1000, seed: int = 0) -> onnx.ModelProto:
    """The large one of Howard et al., 2019. [batch, 3, size, size] to [batch, classes]."""
    net = Net("mobilenet_v3_large", seed)

    def relu(x: str) -> str:
        return net("Relu", x)

    def swish(x: str) -> str:
        return net("HardSwish", x)

    channels = _scaled(16, width)
    x = swish(net.conv(net.input("image", (batch, 3, size, size)), (3, channels), 3, 2))
    for kernel, inner, after, excites, swishes, stride in _V3_LARGE:
        inner, after = _scaled(inner, width), _scaled(after, width)

        def excite(y: str, inner: int = inner) -> str:
            return _squeeze_excite(net, y, (inner, _scaled(inner // 4, 1.0)), relu, "HardSigmoid")

        act = swish if swishes else relu
        x = _block(net, x, (channels, inner, after), kernel, stride, act, excite if excites else None)
        channels = after
    inner = _scaled(960, width)
    x = _pooled(net, swish(net.conv(x, (channels, inner))))
    x = swish(net.gemm(x, inner, _scaled(1280, width)))
    net.output("logits", net.gemm(x, _scaled(1280, width), classes), (batch, classes))
    return net.model()


def efficientnet_b0(batch: int = 1, size: int = 224, width: float = 1.0, classes: int = 1000, seed: int = 0) -> onnx.ModelProto:
    """Tan and Le, 2019. [batch, 3, size, size] to [batch, classes]."""
    net = Net("efficientnet_b0", seed)
    channels = _scaled(32, width)
    x = net.silu(net.conv(net.input("image", (batch, 3, size, size)), (3, channels), 3, 2))
    table = (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    )
    for factor, after, count, stride, kernel in table:
        for k in range(count):
            inner, few, wanted = channels * factor, max(1, channels // 4), _scaled(after, width)

            def excite(y: str, inner: int = inner, few: int = few) -> str:
                return _squeeze_excite(net, y, (inner, few), net.silu, "Sigmoid")

            x = _block(net, x, (channels, inner, wanted), kernel, stride if k == 0 else 1, net.silu, excite)
            channels = wanted
    last = _scaled(1280, width)
    x = _pooled(net, net.silu(net.conv(x, (channels, last))))
    net.output("logits", net.gemm(x, last, classes), (batch, classes))
    return net.model()
