"""What results are held against: the model in double precision, and how far from it a runtime may be."""

import numpy as np

from ...compiler.interpreter import evaluate
from ...compiler.ir.attrs import Tensor
from ...compiler.ir.graph import Module, Node, Region, Value
from ...compiler.ir.types import TensorType
from ...compiler.widen import wide_dtype, widen
from ...proto.dtypes import BF16, F16
from ...proto.errors import WeftError, fail

# Of the output's range, by the narrowest float in the graph, fixed before anything is timed: what rounding in another order leaves of
# a deep network. Integers may differ by one in as large a part of the elements. Where floats are quantised to integers of 8 bits, one
# beside the middle between two may become either, in any runtime, and layers enlarge that.
TOLERANCE = {"f64": 1e-9, "f32": 1e-4, "f16": 2e-2, "bf16": 5e-2, "quantised": 2e-1}

_CONTRACTIONS = frozenset({"convolution", "dot_general"})
_SHAPING = frozenset({"broadcast_in_dim", "convert", "reshape", "transpose"})
_FEW = 64  # elements that may well be equal


def expected_results(module: Module, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The results of the reference interpreter in double precision; in the model's own, where that would mean something else."""
    try:
        wider = widen(module)
    except WeftError as error:
        if error.code != "widen.op":
            raise
        wider = module
    arguments = [x.astype(p.dtype.numpy, copy=False) for x, p in zip(inputs.values(), wider.main.params, strict=True)]
    return evaluate(wider, *arguments)


def tolerance_of(module: Module) -> float:
    """How far results may be from double precision, as a part of the output's range."""
    if any(_quantises(n) for f in module.functions.values() for n in f.walk()):
        return TOLERANCE["quantised"]
    dtypes = {v.dtype for f in module.functions.values() for v in _values(f) if isinstance(v.type, TensorType)}
    if BF16 in dtypes:
        return TOLERANCE["bf16"]
    if F16 in dtypes:
        return TOLERANCE["f16"]
    floats = [d for d in dtypes if d.is_float or d.is_complex]
    return TOLERANCE["f64"] if floats and all(wide_dtype(d) is d for d in floats) else TOLERANCE["f32"]


def _quantises(n: Node) -> bool:
    return n.op in ("convert", "uniform_quantize") and n.result.dtype.is_int and n.result.dtype.bits <= 8 and n.operands[0].dtype.is_float


def _values(body: Region) -> list[Value]:
    return [*body.params, *(v for node in body.walk() for v in node.results)]


def relative_error(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the range of what was expected; of integers, the part that differs by more than one."""
    if got.shape != expected.shape:
        return float("inf")
    if expected.size == 0:
        return 0.0
    match expected.dtype.kind:
        case "f" | "c" | "V":
            span = float(np.ptp(np.real(expected))) or float(np.abs(expected).max()) or 1.0
            wide = np.complex128 if expected.dtype.kind == "c" else np.float64
            return float(np.abs(got.astype(wide) - expected).max()) / span
        case "i" | "u":
            return float((np.abs(got.astype(np.float64) - expected.astype(np.float64)) > 1).mean())
        case _:
            return float((got != expected).mean())


def refuse_constant_weights(module: Module) -> None:
    """WeftError `bench.constant` if weights of a product or convolution are all the same number.

    Results are then flat and hide errors, and a compiler that notices has less to do than with any real model.
    """
    found = [node for f in module.functions.values() for node in f.walk() if node.op in _CONTRACTIONS and any(map(_is_flat, node.inputs))]
    if found:
        node = found[0]
        what = f"the weights of {len(found)} products or convolutions are all the same number"
        way_out = "measure a copy with random weights (python -m tests.models), or say --allow-constant"
        raise fail("bench.constant", what, loc=node.loc, help=way_out)


def _is_flat(v: Value) -> bool:
    """Whether a value is one number many times, by the constant that it is made from."""
    size, source = v.tensor.size, v
    while source.node is not None and source.node.op in _SHAPING:
        source = source.node.operands[0]
    array = _constant(source.node)
    if array is None or not isinstance(size, int) or size < _FEW or array.size == 0:
        return False
    return bool((array == array.reshape(-1)[0]).all())


def _constant(node: Node | None) -> np.ndarray | None:
    tensor = node.attrs["value"] if node is not None and node.op == "constant" else None
    return tensor.array if isinstance(tensor, Tensor) else None
