"""The nine light networks of the ONNX model zoo, with seeded random weights.

The onnx wheel ships the zoo's graphs with constant weights. Their outputs are flat, so that almost any error would pass unseen; here
every weight is drawn at random, at the scale that keeps activations in range from the first layer to the last.
"""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

NAMES = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
_FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

Shape = tuple[int, ...]
Role = tuple[str, int]  # the operator that reads a weight, and as which input


def zoo_model(name: str, seed: int = 0) -> onnx.ModelProto:
    """The network `name` with random weights; without its last Softmax, whose saturated outputs would hide errors."""
    model = onnx.load(_FOLDER / f"light_{name}.onnx")
    shapes = _remove_weights(model.graph)
    _remove_last_softmax(model.graph)
    roles = _roles(model.graph)
    rng = np.random.default_rng(seed)
    for weight, shape in shapes.items():
        array = _draw(rng, shape, roles.get(weight, ("", 0)))
        model.graph.initializer.append(numpy_helper.from_array(array, weight))
    model.ir_version = max(model.ir_version, 4)  # from 4 on, weights need not be inputs as well
    onnx.checker.check_model(model)
    return model


def with_batch(model: onnx.ModelProto, batch: int | str) -> onnx.ModelProto:
    """A copy for another batch size, or for any (`batch` names the dimension)."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for info in (*changed.graph.input, *changed.graph.output):
        dim = info.type.tensor_type.shape.dim[0]
        if isinstance(batch, str):
            dim.dim_param = batch
        else:
            dim.dim_value = batch
    del changed.graph.value_info[:]
    return changed


def _remove_weights(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Take the float weights out of the graph, initializers and ConstantOfShape nodes alike; their shapes by name."""
    tensors = {t.name: t for t in graph.initializer}
    shapes: dict[str, Shape] = {}
    for node in [n for n in graph.node if n.op_type == "ConstantOfShape" and n.input[0] in tensors]:
        shapes[node.output[0]] = tuple(numpy_helper.to_array(tensors[node.input[0]]).tolist())
        graph.node.remove(node)
    for tensor in [t for t in tensors.values() if t.data_type == TensorProto.FLOAT and math.prod(t.dims) > 1]:
        shapes.setdefault(tensor.name, tuple(tensor.dims))
        graph.initializer.remove(tensor)
    for info in [i for i in graph.input if i.name in shapes or i.name in tensors]:
        graph.input.remove(info)
    return shapes


def _remove_last_softmax(graph: onnx.GraphProto) -> None:
    if graph.node[-1].op_type == "Softmax":
        graph.output[0].name = graph.node.pop().input[0]


def _roles(graph: onnx.GraphProto) -> dict[str, Role]:
    """What each tensor is used for, looking through the reshapes on a weight's way."""
    roles: dict[str, Role] = {}
    for node in graph.node:
        for position, name in enumerate(node.input):
            roles.setdefault(name, (node.op_type, position))
    for node in graph.node:
        if node.op_type in ("Unsqueeze", "Reshape") and node.output[0] in roles:
            roles[node.input[0]] = roles[node.output[0]]
    return roles


def _draw(rng: np.random.Generator, shape: Shape, role: Role) -> np.ndarray:
    """Random weights: kernels with variance 2/fan-in, scales and variances near 1, biases near 0."""
    centred = rng.random(shape, np.float32) * 2 - 1
    match role:
        case "BatchNormalization", 1 | 4:
            return 1.1 + 0.1 * centred
        case "Mul", _ if len(shape) <= 3:
            return 1 + 0.2 * centred
        case _ if len(shape) > 1:
            return centred * np.float32(math.sqrt(6 / math.prod(shape[1:])))  # uniform in ±√3σ
        case _:
            return 0.1 * centred
