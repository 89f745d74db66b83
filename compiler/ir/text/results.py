"""Result shapes that a text leaves open (`?`) though operands and attributes tell them, of ops that are told their result type."""

from collections.abc import Mapping, Sequence

from ...ops.contraction import dot_shape
from ...ops.convolution import conv_shape, conv_window
from ..attrs import Attr, ConvDims, DotDims
from ..types import Shape, TensorType, Type

_WINDOW = ("window_strides", "padding", "lhs_dilation", "rhs_dilation")


def result_shape(op: str, operands: Sequence[Type], attrs: Mapping[str, Attr], declared: TensorType) -> Shape | None:
    """The shape of the result, None where the op's operands leave it open or are not what the op takes."""
    xs = [t for t in operands if isinstance(t, TensorType)]
    if len(xs) != len(operands) or not xs:
        return None
    numbers = attrs.get("dot_dimension_numbers", attrs.get("dimension_numbers"))
    match op, xs:
        case (("convert" | "uniform_quantize" | "uniform_dequantize"), [x]):
            return x.shape
        case "bitcast_convert", [x]:  # elements become slices of narrower ones, or these elements
            return (*x.shape, *declared.shape[x.rank :])[: declared.rank]
        case "dot", [x, y]:
            return (*x.shape[:-1], *y.shape[1:])
        case "dot_general", [x, y] if isinstance(numbers, DotDims):
            sides = ((x, numbers.lhs_batch + numbers.lhs_contracting), (y, numbers.rhs_batch + numbers.rhs_contracting))
            inside = all(0 <= d < t.rank for t, dims in sides for d in dims)
            return dot_shape(x.shape, y.shape, numbers) if inside else None
        case "convolution", [x, y] if isinstance(numbers, ConvDims) and len(numbers.input_spatial) + 2 == x.rank == y.rank:
            window = conv_window(y.shape, numbers, *(attrs.get(name) for name in _WINDOW))  # type: ignore[arg-type]
            groups = attrs.get("batch_group_count")
            return conv_shape(x.shape, y.shape, numbers, window, groups if isinstance(groups, int) else 1)
        case _:
            return None
