"""A writer of ONNX graphs with random weights that keep every activation near variance one, from the first layer to the last."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17

# What an activation makes of the second moment of a standard normal input.
_POWERS = {"Relu": 0.5, "Clip": 0.5, "HardSwish": 0.5, "Sigmoid": 0.29, "HardSigmoid": 0.28, "Tanh": 0.39}
_SILU_POWER, _GELU_POWER = 0.36, 0.43


class Net:
    """A graph under construction. Values are named by strings; operators are written with `net("Relu", x)`.

    Weights are drawn uniformly, scaled by the number of inputs and by how large these are: the writer keeps an estimate of the second
    moment of every value, so that deep networks neither vanish nor overflow, and errors show in their results.
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        self.name = name
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.power: dict[str, float] = {}

    def __call__(self, op: str, *operands: str, results: int = 1, **attributes: Any) -> Any:
        """An operator; the name of its result, or a list of names if `results` is more than one."""
        names = [f"{op}_{len(self.nodes)}" + (f".{k}" if results > 1 else "") for k in range(results)]
        self.nodes.append(helper.make_node(op, operands, names, name=f"{op}_{len(self.nodes)}", **attributes))
        power = self._power_of(op, operands)
        self.power |= dict.fromkeys(names, power)
        return names if results > 1 else names[0]

    def _power_of(self, op: str, operands: Sequence[str]) -> float:
        powers = [self.power.get(x, 1.0) for x in operands if x]
        match op:
            case "Add" | "Sum":
                return sum(powers)
            case "Mul" | "Div":
                return math.prod(powers)
            case "LayerNormalization":
                return 1.0
            case _:
                return powers[0] * _POWERS.get(op, 1.0) if powers else 1.0

    def input(self, name: str, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> str:
        """A graph input; strings in `shape` are open dims."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        self.power[name] = 1.0
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> None:
        """Have `value` be a graph output called `name`."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def constant(self, value: np.ndarray | float | Sequence[int]) -> str:
        """An initializer: floats are f32, integers i64. Its second moment is known."""
        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64, copy=False)
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        self.power[name] = float(np.square(array.reshape(-1)[:4096], dtype=np.float64).mean()) if array.size else 1.0
        return name

    def uniform(self, shape: Sequence[int], deviation: float, centre: float = 0.0) -> str:
        """An initializer drawn around `centre` with a standard deviation."""
        width = np.float32(deviation * math.sqrt(12))
        return self.constant((self.rng.random(tuple(shape), np.float32) - np.float32(0.5)) * width + np.float32(centre))

    def bias(self, size: int) -> str:
        """Small, but not zero."""
        return self.uniform((size,), 0.1)

    def weight(self, shape: Sequence[int], fan_in: int, x: str, gain: float = 1.0) -> str:
        """Weights for `x`: a sum of `fan_in` products has the standard deviation `gain`."""
        return self.uniform(shape, gain / math.sqrt(fan_in * self.power[x]))

    def conv(self, x: str, channels: tuple[int, int], kernel: int = 1, stride: int = 1, groups: int = 1, gain: float = 1.0) -> str:
        """A convolution with bias, padded to keep the size: what is left of one whose batch normalisation was folded."""
        before, after = channels
        fan_in = before // groups * kernel * kernel
        weight = self.weight((after, before // groups, kernel, kernel), fan_in, x, gain)
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4, "group": groups}
        y = self("Conv", x, weight, self.bias(after), **attributes)
        self.power[y] = gain * gain
        return y

    def linear(self, x: str, before: int, after: int, gain: float = 1.0) -> str:
        """x · W + b over the last dim of any rank: MatMul and Add, as exporters write it."""
        product = self("MatMul", x, self.weight((before, after), before, x, gain))
        self.power[product] = gain * gain
        return self("Add", self.bias(after), product)

    def gemm(self, x: str, before: int, after: int, gain: float = 1.0) -> str:
        """x · Wᵀ + b of a matrix, in one operator."""
        y = self("Gemm", x, self.weight((after, before), before, x, gain), self.bias(after), transB=1)
        self.power[y] = gain * gain
        return y

    def layer_norm(self, x: str, width: int, epsilon: float = 1e-5) -> str:
        """Normalised over the last dim, with scales near one."""
        return self("LayerNormalization", x, self.uniform((width,), 0.1, 1.0), self.bias(width), axis=-1, epsilon=epsilon)

    def silu(self, x: str) -> str:
        """x · sigmoid(x), in two operators."""
        y = self("Mul", x, self("Sigmoid", x))
        self.power[y] = self.power[x] * _SILU_POWER
        return y

    def gelu(self, x: str) -> str:
        """By the error function, in five operators."""
        half = self("Mul", x, self("Add", self("Erf", self("Div", x, self.constant(math.sqrt(2)))), self.constant(1.0)))
        y = self("Mul", half, self.constant(0.5))
        self.power[y] = self.power[x] * _GELU_POWER
        return y

    def gelu_tanh(self, x: str) -> str:
        """By tanh, in eight operators."""
        cubed = self("Add", x, self("Mul", self("Pow", x, self.constant(3.0)), self.constant(0.044715)))
        slope = self("Tanh", self("Mul", cubed, self.constant(math.sqrt(2 / math.pi))))
        y = self("Mul", self("Mul", x, self.constant(0.5)), self("Add", slope, self.constant(1.0)))
        self.power[y] = self.power[x] * _GELU_POWER
        return y

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """A dim of 0 stays what it was, -1 is what is left."""
        return self("Reshape", x, self.constant(shape))

    def transpose(self, x: str, *dims: int) -> str:
        """Dims in another order."""
        return self("Transpose", x, perm=dims)

    def model(self) -> onnx.ModelProto:
        """The checked model."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="weft tests")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model
