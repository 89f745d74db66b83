"""The three ways a model is run in end-to-end tests: ONNX Runtime, the reference interpreter, compiled on the VM."""

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import weft
from weft.compiler.interpreter import evaluate
from weft.frontends.onnx import from_model
from weft.vm import VM

Arrays = dict[str, np.ndarray]


def onnx_runtime(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> Arrays:
    """Results by name; raises ONNX Runtime's own exceptions."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


def interpreted(module: weft.Module, feeds: Mapping[str, np.ndarray]) -> Arrays:
    """Results by name, from the reference interpreter."""
    results = evaluate(module, *(feeds[name] for name in module.main.param_names))
    return dict(zip(module.main.result_names, results, strict=True))


class Compiled:
    """A compiled model, to be called any number of times."""

    def __init__(self, model: onnx.ModelProto | weft.Module, threads: int = 2) -> None:
        module = from_model(model) if isinstance(model, onnx.ModelProto) else model
        self._main = VM(threads=threads).load(weft.compile(module))["main"]

    def __call__(self, feeds: Mapping[str, np.ndarray]) -> Arrays:
        results = self._main(**feeds)
        names = [port.name for port in self._main.signature.outputs]
        return dict(zip(names, results if isinstance(results, tuple) else (results,), strict=True))


def random_feeds(model: onnx.ModelProto, seed: int = 0, **sizes: int) -> Arrays:
    """Floats from a standard normal distribution, integers from 0 and 1; `sizes` gives the named dims numbers."""
    rng = np.random.default_rng(seed)
    feeds: Arrays = {}
    for info in model.graph.input:
        shape = [d.dim_value or sizes[d.dim_param] for d in info.type.tensor_type.shape.dim]
        whole = info.type.tensor_type.elem_type == onnx.TensorProto.INT64
        feeds[info.name] = rng.integers(0, 2, shape) if whole else rng.standard_normal(shape, np.float32)
    return feeds


def assert_close(got: Arrays, wanted: Arrays, tolerance: float = 1e-4) -> None:
    """Equal names, types and shapes; every element within `tolerance` of the range of the wanted array."""
    assert list(got) == list(wanted)
    for name, want in wanted.items():
        have = got[name]
        assert (have.dtype, have.shape) == (want.dtype, want.shape), name
        if want.size and want.dtype.kind == "f":
            spread = max(np.ptp(want), np.abs(want).max() * 1e-2, np.finfo(np.float32).tiny)
            assert np.abs(have - want).max() <= tolerance * spread, name
        else:
            assert np.array_equal(have, want), name
