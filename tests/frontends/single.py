"""Models of one node, interpreted and compiled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import weft
from onnx import TensorProto, helper, numpy_helper
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

Shapes = Mapping[str, Sequence[int | str]]


def model(
    op: str,
    inputs: Mapping[str, np.ndarray],
    outputs: int = 1,
    *,
    opset: int = 22,
    domain: str = "",
    constants: Sequence[str] = (),
    shapes: Shapes | None = None,
    **attributes: Any,
) -> onnx.ModelProto:
    """One node: an input called "" or "_…" is left out, one in `constants` is an initializer, one in `shapes` has that shape."""
    names, results = [n if not n.startswith("_") else "" for n in inputs], [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    given = {n: x for n, x in inputs.items() if not n.startswith("_") and n not in constants}
    dims = shapes or {}
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), dims.get(n, x.shape)) for n, x in given.items()]
    unknown = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in results]
    graph = helper.make_graph([node], "g", infos, unknown, [numpy_helper.from_array(inputs[n], n) for n in constants])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)], ir_version=9)


def run_model(proto: onnx.ModelProto, *arrays: np.ndarray, rtol: float = 1e-5, atol: float = 1e-6) -> list[np.ndarray]:
    """The results of a model, which interpreter and compiled code agree on."""
    module = from_model(proto)
    wanted = evaluate(module, *arrays)
    got = VM(threads=1).load(weft.compile(module))["main"](*arrays)
    for a, b in zip(got if isinstance(got, tuple) else (got,), wanted, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    return list(wanted)


def run(
    op: str, inputs: Mapping[str, np.ndarray], outputs: int = 1, *, rtol: float = 1e-5, atol: float = 1e-6, **rest: Any
) -> list[np.ndarray]:
    """The results of one node; arguments as for `model`."""
    constants: Sequence[str] = rest.get("constants", ())
    arrays = [x for n, x in inputs.items() if not n.startswith("_") and n not in constants]
    return run_model(model(op, inputs, outputs, **rest), *arrays, rtol=rtol, atol=atol)
