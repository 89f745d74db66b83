"""Quantized types in text: `!quant.uniform<i8:f32, 0.5:3>`, and with one scale per slice `!quant.uniform<i8:f32:1, {0.5:3, 0.25}>`."""

from dataclasses import dataclass

from ....proto.dtypes import DType
from ..types import TensorType, Type


@dataclass(frozen=True, slots=True)
class Quantization:
    """What storage integers mean: (x - zero point) · scale, of the type `expressed`; `dimension` is -1 for one scale."""

    expressed: DType
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    dimension: int = -1
    storage_min: int | None = None
    storage_max: int | None = None


@dataclass(frozen=True, slots=True)
class QuantizedElement:
    """An element type that stands for floats."""

    storage: DType
    meaning: Quantization


@dataclass(frozen=True, slots=True)
class QuantizedTensor(TensorType):
    """A tensor of storage integers with their meaning. It never leaves the parser: values have the plain type."""

    meaning: Quantization


def storage_type(t: Type) -> Type:
    """The type without its meaning."""
    return TensorType(t.dtype, t.shape) if isinstance(t, QuantizedTensor) else t


def expressed_type(t: Type) -> Type:
    """The type of the floats that a quantized tensor stands for; any other type as it is."""
    return TensorType(t.meaning.expressed, t.shape) if isinstance(t, QuantizedTensor) else t
