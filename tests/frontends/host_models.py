"""Small models with values that no kernel knows, run by the interpreter and compiled."""

from collections.abc import Sequence

import numpy as np
import onnx
import weft
from onnx import TensorProto, helper
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

STRING, FLOAT, INT64, BOOL = TensorProto.STRING, TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
ML = "ai.onnx.ml"


def node(op: str, inputs: str, outputs: str, **attributes: object) -> onnx.NodeProto:
    """A node; names are separated by spaces, `-` is an absent input."""
    names = ["" if n == "-" else n for n in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


def tensor(name: str, dtype: int, shape: Sequence[int | str | None] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def sequence(name: str, dtype: int, shape: Sequence[int | str | None] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_sequence_value_info(name, dtype, shape)


def optional(name: str, element: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    return helper.make_value_info(name, helper.make_optional_type_proto(element.type))


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: str,
    constants: dict[str, np.ndarray] | None = None,
    opset: int = 21,
    ml: int = 3,
) -> onnx.ModelProto:
    """A model; the types of outputs are left to the importer."""
    made = [onnx.numpy_helper.from_array(v, k) for k, v in (constants or {}).items()]
    results = [onnx.ValueInfoProto(name=n) for n in outputs.split()]
    graph = helper.make_graph(nodes, "g", list(inputs), results, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(ML, ml)])


def run(m: onnx.ModelProto, *inputs: object, compiled: bool = True) -> list[object]:
    """The results, which interpreter and compiled program must agree on."""
    module = from_model(m)
    results = evaluate(module, *inputs)
    if compiled:
        got = VM(threads=1).load(weft.compile(module))["main"](*inputs)
        same(list(got) if len(results) > 1 else [got], results)
    return list(results)


def same(got: object, want: object) -> None:
    """Assert that values are of one structure, with equal dtypes and shapes, and numbers close."""
    match want:
        case list() | tuple():
            assert isinstance(got, list | tuple) and len(got) == len(want), (got, want)
            for g, w in zip(got, want, strict=True):
                same(g, w)
        case dict():
            assert isinstance(got, dict) and list(got) == list(want), (got, want)
            same(list(got.values()), list(want.values()))
        case None:
            assert got is None
        case _:
            want, got = np.asarray(want), np.asarray(got)
            want = want.astype(object) if want.dtype.kind == "U" else want
            assert (got.dtype, got.shape) == (want.dtype, want.shape), (got, want)
            if want.dtype.kind == "f":
                np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
            else:
                assert (got == want).all(), (got, want)
