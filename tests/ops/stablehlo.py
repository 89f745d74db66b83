"""StableHLO's verifier and reference interpreter, as jaxlib carries them: the oracle that speaks for the specification."""

import numpy as np
import pytest
from weft.compiler.ir.graph import Node, Value, function, module
from weft.compiler.ir.text import to_text
from weft.compiler.ops.convert import bitcast_convert, convert, imag, real
from weft.compiler.ops.helpers import const
from weft.proto.dtypes import BY_NAME


def _readable(v: Value) -> list[Value]:
    """What stands for a value and has a dtype that both sides know: bits for floats, bytes for what is smaller."""
    d = v.dtype
    if d.is_complex:
        return [part for half in (real(v), imag(v)) for part in _readable(half)]
    if d.is_bool or (d.is_int and d.bits < 8):
        return [convert(v, result=v.tensor.with_dtype(BY_NAME["i8" if d.is_signed else "ui8"]))]
    if d.is_float and d.bits < 8:
        v = convert(v, result=v.tensor.with_dtype(BY_NAME["f32"]))
        d = v.dtype
    return [v if d.is_int else bitcast_convert(v, result=v.tensor.with_dtype(BY_NAME[f"ui{d.bits}"]))]


def _original(v: Value, parts: list[np.ndarray]) -> np.ndarray:
    t = v.tensor
    take = parts.pop(0).reshape(t.static_shape)
    if t.dtype.is_complex:
        half = "f4" if t.dtype.bits == 64 else "f8"
        result = np.empty(t.static_shape, t.dtype.numpy)
        result.real, result.imag = take.view(half), parts.pop(0).reshape(t.static_shape).view(half)
        return result
    if t.dtype.is_float and t.dtype.bits < 8:
        return take.view(np.float32).astype(t.dtype.numpy)
    small = t.dtype.is_bool or (t.dtype.is_int and t.dtype.bits < 8)
    return take.astype(t.dtype.numpy) if small else take.view(t.dtype.numpy)


def evaluate(node: Node, params: tuple[Value, ...], arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The results of a node on arrays for the parameters it uses."""
    mlir = pytest.importorskip("jax.interpreters.mlir")
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    given = {p: const(a) for p, a in zip(params, arrays, strict=True)}
    call = node.with_operands(given.get(v, v) for v in node.operands)
    outputs = [part for v in call.results for part in _readable(v)]
    text = to_text(module(function("main", (), outputs)), portable=True)
    with mlir.make_ir_context(), ir.Location.unknown():
        found = stablehlo.eval_module(ir.Module.parse(text), [])
        parts = [np.array(ir.DenseIntElementsAttr(a)) for a in found]
    return [_original(v, parts) for v in call.results]
