"""The runtimes that can be measured: how each loads a model and runs it. The worker process imports only what it needs."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...proto.optional import require

Run = Callable[[], Sequence[np.ndarray]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A loaded model with its inputs bound: `run()` computes the outputs."""

    version: str
    run: Run


def weft(model: str, inputs: dict[str, np.ndarray], threads: int) -> Prepared:
    """weft: a compiled program (.weftx) in the VM, without a compiler in the process."""
    from ...proto.version import weft_version
    from ...vm import VM

    function = VM(threads=threads).load(model)["main"]
    ordered = [inputs[port.name] for port in function.signature.inputs]

    def run() -> Sequence[np.ndarray]:
        results = function(*ordered)
        return results if isinstance(results, tuple) else (results,)

    return Prepared(f"weft {weft_version()}", run)


def onnxruntime(model: str, inputs: dict[str, np.ndarray], threads: int) -> Prepared:
    """ONNX Runtime on the CPU, with its default graph optimisation."""
    ort = require("onnxruntime", "bench", "the comparison")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return Prepared(f"onnxruntime {ort.__version__}", lambda: [np.asarray(y) for y in session.run(None, inputs)])


def openvino(model: str, inputs: dict[str, np.ndarray], threads: int) -> Prepared:
    """OpenVINO on the CPU in f32, latency mode."""
    ov = require("openvino", "bench", "the comparison")

    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    compiled = core.compile_model(core.read_model(model), "CPU", config)
    request = compiled.create_infer_request()
    ports = list(compiled.outputs)

    def run() -> Sequence[np.ndarray]:
        results = request.infer(inputs)
        return [results[port] for port in ports]

    return Prepared(f"openvino {ov.__version__.partition('-')[0]}", run)


RUNTIMES: dict[str, Callable[[str, dict[str, np.ndarray], int], Prepared]] = {
    "weft": weft,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}


def limit_threads(threads: int) -> None:
    """Keep libraries that size their pools by the environment to as many threads."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
