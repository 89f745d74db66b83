"""Seeded damage to ONNX models: attributes, names, types and shapes that lie, and flipped bits."""

import random

import onnx
from onnx import AttributeProto

_INTS = (0, 1, -1, 2, 7, -100, 1 << 20, 1 << 31, -(1 << 31), 1 << 40, (1 << 63) - 1, -(1 << 63))
_FLOATS = (0.0, -1.0, 1e30, float("nan"), float("inf"))
_STRINGS = (b"", b"xx", b"SAME_UPPER", b"\xff\xfe", b"ij,jk->ik", b"cubic", b"linear")


def mutate(model: onnx.ModelProto, rng: random.Random, operators: list[str]) -> None:
    """One lie somewhere in the graph."""
    graph = model.graph
    node = rng.choice(graph.node) if graph.node else onnx.NodeProto()
    match rng.randrange(8):
        case 0 if node.attribute:
            _attribute(rng.choice(node.attribute), rng)
        case 1 if node.attribute:
            rng.choice(node.attribute).type = rng.randrange(15)
        case 2 if node.input:
            names = [i.name for i in graph.input] + [o for n in graph.node for o in n.output]
            node.input[rng.randrange(len(node.input))] = rng.choice(["", "nothing", *names])
        case 3 if node.input:
            del node.input[rng.randrange(len(node.input))]
        case 4 if graph.input:
            _type(rng.choice(graph.input).type.tensor_type, rng)
        case 5:
            node.op_type = rng.choice(operators)
        case 6 if graph.initializer:
            _tensor(rng.choice(graph.initializer), rng)
        case _:
            node.output.append(rng.choice(["another", "", *node.output]))


def flip(data: bytes, rng: random.Random) -> bytes:
    """A few bits of a file turned."""
    damaged = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _attribute(attribute: AttributeProto, rng: random.Random) -> None:
    match attribute.type:
        case AttributeProto.INT:
            attribute.i = rng.choice(_INTS)
        case AttributeProto.INTS if attribute.ints and rng.random() < 0.6:
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(_INTS)
        case AttributeProto.INTS:
            attribute.ints.append(rng.choice(_INTS))
        case AttributeProto.FLOAT:
            attribute.f = rng.choice(_FLOATS)
        case AttributeProto.FLOATS if attribute.floats:
            attribute.floats[0] = rng.choice(_FLOATS)
        case _:
            attribute.s = rng.choice(_STRINGS)


def _type(tensor: onnx.TypeProto.Tensor, rng: random.Random) -> None:
    match rng.randrange(4):
        case 0:
            tensor.elem_type = rng.randrange(28)
        case 1 if tensor.shape.dim:
            rng.choice(tensor.shape.dim).dim_value = rng.choice(_INTS)
        case 2 if tensor.shape.dim:
            rng.choice(tensor.shape.dim).dim_param = rng.choice(["N", "M"])
        case _ if tensor.shape.dim and rng.random() < 0.5:
            del tensor.shape.dim[-1]
        case _:
            tensor.shape.dim.add().dim_value = rng.choice([1, 2, 3])


def _tensor(tensor: onnx.TensorProto, rng: random.Random) -> None:
    if tensor.dims and rng.random() < 0.5:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(_INTS)
    elif tensor.raw_data:
        tensor.raw_data = flip(tensor.raw_data, rng)
