"""Every op of the registry in the formats of others: written and computed alike by ONNX Runtime and by XLA, or refused by name.

The calls are those of the golden files, which every op has.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from weft.compiler.interpreter import evaluate
from weft.compiler.ir.graph import Function, Module
from weft.compiler.ir.text import parse
from weft.compiler.ir.types import TensorType
from weft.compiler.ops.registry import OPS
from weft.frontends.export import stablehlo
from weft.frontends.onnx.export import to_model
from weft.proto.errors import WeftError

GOLDENS = Path(__file__).parents[1] / "golden/ops"


def calls(op: str) -> Iterator[Module]:
    """The valid calls in an op's golden file that take and give arrays of known sizes."""
    path = GOLDENS / f"{op}.mlir"
    for part in path.read_text().split("// -----\n"):
        source, _, _ = part.partition("// =>\n")
        if "// error:" in part or "// no-eval:" in part:
            continue
        module = parse(source, path.name)
        main = module.functions.get("main")
        if main is None:
            continue
        types = [p.type for p in main.params] + [v.type for v in main.results]
        if all(isinstance(t, TensorType) and t.is_static and t.dtype.numpy.kind in "biufc" for t in types):
            yield module


def arguments(main: Function, rng: np.random.Generator) -> list[np.ndarray]:
    """Small numbers of the parameters' types, none of them negative or zero."""
    found: list[np.ndarray] = []
    for p in main.params:
        t = p.tensor
        whole = t.dtype.is_bool or t.dtype.is_int
        drawn = rng.integers(t.dtype.is_int, 2, t.static_shape, endpoint=t.dtype.is_int) if whole else rng.uniform(0.1, 0.9, t.static_shape)
        if t.dtype.is_complex:
            drawn = drawn + 0.3j
        if t.rank == 2 and t.static_shape[0] == t.static_shape[1] and not whole:
            drawn = drawn @ drawn.T + np.eye(t.static_shape[0])
        found.append(np.asarray(drawn).astype(t.dtype.numpy))
    return found


def run_onnx(module: Module, arrays: list[np.ndarray]) -> list[np.ndarray] | None:
    """What ONNX Runtime computes; None where it has no kernel for what is valid ONNX, or no arrays of such elements."""
    ort = pytest.importorskip("onnxruntime")
    model = to_model(module)
    onnx.checker.check_model(model, full_check=True)
    try:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (ort.capi.onnxruntime_pybind11_state.NotImplemented, ort.capi.onnxruntime_pybind11_state.InvalidGraph) as e:
        if "NOT_IMPLEMENTED" not in str(e):
            raise
        return None
    names = [i.name for i in session.get_inputs()]
    return session.run(None, dict(zip(names, arrays, strict=True)))


def run_xla(module: Module, arrays: list[np.ndarray]) -> list[np.ndarray] | None:
    """What XLA computes of the text, read by JAX's parser; None where XLA has nothing for it."""
    jax = pytest.importorskip("jax")
    text = stablehlo(module)
    device = jax.devices("cpu")[0]
    try:
        program = device.client.compile_and_load(text, jax.sharding.SingleDeviceSharding(device)._internal_device_list)
    except jax.errors.JaxRuntimeError as e:
        if "UNIMPLEMENTED" not in str(e) and "Expected element type" not in str(e):
            raise
        return None
    with jax.enable_x64(True):
        outs = program.execute_sharded([jax.device_put(a, device) for a in arrays])
        return [np.asarray(o[0]) for o in outs.disassemble_into_single_device_arrays()]


RUNNERS: dict[str, Callable[[Module, list[np.ndarray]], list[np.ndarray] | None]] = {"onnx": run_onnx, "stablehlo": run_xla}


def outcome(format: str, op: str) -> dict[str, int]:
    """How many of an op's calls agree, are refused by name, or are beyond the other's kernels."""
    rng = np.random.default_rng(0)
    counts: dict[str, int] = {}
    for module in calls(op):
        arrays = arguments(module.main, rng)
        try:
            got = RUNNERS[format](module, arrays)
        except WeftError as e:
            key = "refused"
            assert all(d.code.startswith("export.") for d in e.diagnostics), str(e)
            counts[key] = counts.get(key, 0) + 1
            continue
        if got is None:
            counts["unsupported"] = counts.get("unsupported", 0) + 1
            continue
        for a, b in zip(got, evaluate(module, *arrays), strict=True):
            if op == "rng_bit_generator" and b.dtype.kind == "f":
                continue  # which bits a random float is made of is everybody's own
            wide = np.float64 if b.dtype.kind == "f" else b.dtype
            np.testing.assert_allclose(np.asarray(a).astype(wide), b.astype(wide), rtol=1e-2 if b.dtype.itemsize < 4 else 2e-5, atol=1e-5)
        counts["agrees"] = counts.get("agrees", 0) + 1
    return counts


_KERNEL = "made by passes behind those that export"
_SPECIAL = "a special function that ONNX lacks"
_BITS = "ONNX has no operator on the bits of numbers"
_COMPLEX = "ONNX computes with real numbers"
_HOST = "computed by the host: ONNX has no linear algebra"
_GENERAL = "ONNX folds and scatters by sums, products and extremes alone"
REFUSED: dict[str, dict[str, str]] = {
    "stablehlo": {"custom_call": _HOST},
    "onnx": {
        "custom_call": _HOST, "cholesky": _HOST, "triangular_solve": _HOST, "fft": _COMPLEX,
        **dict.fromkeys(("bitcast_convert", "count_leading_zeros", "popcnt", "rng_bit_generator", "reduce_precision"), _BITS),
        **dict.fromkeys(("shift_right_arithmetic", "weft.broadcast_shift_right_arithmetic", "weft.mulhi"), _BITS),
        **dict.fromkeys(("weft.broadcast_shift_left", "weft.broadcast_shift_right_logical"), "of signed integers"),
        **dict.fromkeys(("weft.next_after", "weft.broadcast_next_after"), _BITS),
        **dict.fromkeys(("complex", "real", "imag", "weft.conj", "weft.broadcast_complex"), _COMPLEX),
        **dict.fromkeys(("reduce_window", "select_and_scatter"), _GENERAL),
        **dict.fromkeys(("weft.bessel_i1e", "weft.digamma", "weft.erf_inv", "weft.lgamma", "weft.polygamma", "weft.zeta"), _SPECIAL),
        **dict.fromkeys(("weft.broadcast_polygamma", "weft.broadcast_zeta"), _SPECIAL),
    },
}  # fmt: skip
for _refused in REFUSED.values():
    _refused |= dict.fromkeys(
        ("weft.attention", "weft.channels", "weft.conv", "weft.depthwise", "weft.fusion", "weft.matmul", "weft.pack_rhs", "weft.winograd"),
        _KERNEL,
    )
# Their golden files have no call of arrays of known sizes that is a function of its arguments.
NO_CALLS = {
    "after_all", "async_done", "constant", "dynamic_broadcast_in_dim", "dynamic_iota", "get_dimension_size", "infeed", "outfeed", "recv",
    "rng", "send", "set_dimension_size", "weft.bind_dims", "weft.case", "weft.constant_like", "weft.while",
}  # fmt: skip


@pytest.mark.parametrize("format", RUNNERS)
@pytest.mark.parametrize("op", sorted(OPS))
def test_an_op_is_written_and_computed_alike_or_refused(op: str, format: str) -> None:
    counts = outcome(format, op)
    if op in NO_CALLS:
        return
    if op in REFUSED[format]:
        assert counts.get("refused") and "agrees" not in counts
    else:
        assert counts.get("agrees"), counts
