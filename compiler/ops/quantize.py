"""`uniform_quantize`, `uniform_dequantize`: between floats and the integers that stand for them.

The graph has no quantized types: a quantized tensor is one of its storage integers, and the op that makes or reads it says what they mean.
Text with `!quant.uniform<…>` is read so; other ops on quantized tensors become dequantize, op, quantize, as the specification defines them.
"""

from collections.abc import Sequence

import numpy as np

from ...proto.dtypes import DType
from ...proto.errors import check
from ..ir.graph import Value
from ..ir.types import TensorType, Type
from . import helpers, rules
from .formula import Term, apply, cast
from .nodes import node
from .numeric import limits
from .registry import define


def _check_meaning(op: str, x: TensorType, scales: Sequence[float], zero_points: Sequence[int], dimension: int) -> None:
    check(len(scales) == len(zero_points) >= 1, f"{op}.C1", f"as many zero points as scales, at least one, got {scales} and {zero_points}")
    check(all(s > 0 and np.isfinite(s) for s in scales), f"{op}.C2", f"`scales` must be positive and finite, got {rules.listed(scales)}")
    if dimension == -1:
        check(len(scales) == 1, f"{op}.C3", f"{len(scales)} scales need the dim that they are for")
        return
    rules.check_axis(dimension, x.rank, f"{op}.C3", "quantization_dimension")
    n = x.shape[dimension]
    check(n == len(scales), f"{op}.C3", f"dim {dimension} of {x} needs {n} scales, got {len(scales)}")


def _spread(numbers: Sequence[float], dtype: DType, like: Term, dimension: int) -> Term:
    """The number of each slice along the dim, at every element."""
    if dimension == -1:
        return like.like(numbers[0])
    return Term(helpers.broadcast(helpers.const(np.array(numbers, np.float64), dtype), like.tensor.shape, (dimension,)))


def _infer_quantize(
    operand: Type,
    *,
    scales: tuple[float, ...],
    zero_points: tuple[int, ...],
    quantization_dimension: int = -1,
    storage_min: int | None = None,
    storage_max: int | None = None,
    result: TensorType,
) -> TensorType:
    op = "uniform_quantize"
    x = rules.tensor(operand, f"{op}.I1", "operand", rules.FLOAT)
    good = result.dtype.is_int and result.shape == x.shape
    check(good, f"{op}.C4", f"the result must be integers of the shape of {x}, got {result}")
    _check_meaning(op, x, scales, zero_points, quantization_dimension)
    lo, hi = limits(result.dtype)
    fits = lo <= (lo if storage_min is None else storage_min) <= (hi if storage_max is None else storage_max) <= hi
    check(fits, f"{op}.C5", f"the storage range [{storage_min}, {storage_max}] must lie in [{lo}, {hi}] of {result.dtype}")
    return result


def _quantize(
    operand: Value,
    *,
    scales: tuple[float, ...],
    zero_points: tuple[int, ...],
    quantization_dimension: int,
    storage_min: int | None,
    storage_max: int | None,
    result: TensorType,
) -> Value:
    x = Term(operand)
    lo, hi = limits(result.dtype)
    scale = _spread(scales, x.dtype, x, quantization_dimension)
    zero = _spread(zero_points, x.dtype, x, quantization_dimension)
    low, high = (helpers.const(float(d if s is None else s), x.dtype) for s, d in ((storage_min, lo), (storage_max, hi)))
    inside = Term(node("clamp", low, (x / scale + zero).value, high))
    return cast(apply("round_nearest_even", inside), result.dtype).value


uniform_quantize = define(
    "uniform_quantize",
    doc="""The integers that stand for floats: x / scale + zero point, clamped to the storage range, rounded to nearest even.

    One scale and zero point for all, or one for each slice along `quantization_dimension`. I1: floats. C1: as many zero points as scales.
    C2: scales are positive. C3: one, or one for each slice. C4: the result holds integers. C5: the range is one of their type.""",
    infer=_infer_quantize,
    decompose=_quantize,
)


def _infer_dequantize(
    operand: Type, *, scales: tuple[float, ...], zero_points: tuple[int, ...], quantization_dimension: int = -1, result: TensorType
) -> TensorType:
    op = "uniform_dequantize"
    x = rules.tensor(operand, f"{op}.I1", "operand", rules.INTEGER)
    good = result.dtype.is_float and result.shape == x.shape
    check(good, f"{op}.C4", f"the result must be floats of the shape of {x}, got {result}")
    _check_meaning(op, x, scales, zero_points, quantization_dimension)
    return result


def _dequantize(
    operand: Value, *, scales: tuple[float, ...], zero_points: tuple[int, ...], quantization_dimension: int, result: TensorType
) -> Value:
    x = cast(Term(operand), result.dtype)
    scale = _spread(scales, x.dtype, x, quantization_dimension)
    return ((x - _spread(zero_points, x.dtype, x, quantization_dimension)) * scale).value


uniform_dequantize = define(
    "uniform_dequantize",
    doc="""The floats that integers stand for: (x - zero point) · scale.

    I1: integers. C1, C2, C3: scales and zero points as for `uniform_quantize`. C4: the result holds floats.""",
    infer=_infer_dequantize,
    decompose=_dequantize,
)
