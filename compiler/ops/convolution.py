"""`convolution`, with all of StableHLO's attributes."""

from itertools import product as index_space

import numpy as np

from ...proto.dtypes import DType, from_numpy
from ...proto.errors import Loc, check
from ..ir.attrs import ConvDims
from ..ir.dims import Dim, floordiv, mod
from ..ir.graph import Node, Value
from ..ir.types import Shape, TensorType
from .accumulate import widen
from .builder import E, ElementBuilder, Index
from .contraction import Precision, check_precision, check_product, exact_matmul, multiply_add, product_dtype
from .gradients.contraction import convolution_grad
from .numeric import narrow
from .registry import define
from .window import Padding, Sizes, Window, check_padding, check_sizes, window_of


def conv_window(kernel: Shape, dims: ConvDims, strides: Sizes, padding: Padding, lhs_dilation: Sizes, rhs_dilation: Sizes) -> Window:
    """The window a kernel of this shape slides over the spatial dims of the input, defaults filled in."""
    size = tuple(kernel[d] for d in dims.kernel_spatial)
    return window_of(len(size), size, strides, rhs_dilation, lhs_dilation, padding)


def window_of_node(node: Node) -> Window:
    """The window of a `convolution` node."""
    a = node.attrs
    attrs = (a["dimension_numbers"], a["window_strides"], a["padding"], a["lhs_dilation"], a["rhs_dilation"])
    return conv_window(node.inputs[1].shape, *attrs)  # type: ignore[arg-type]


def conv_shape(lhs: Shape, rhs: Shape, dims: ConvDims, window: Window, batch_group_count: int = 1) -> Shape:
    """The shape of a convolution's result."""
    spatial = window.out_shape(tuple(lhs[d] for d in dims.input_spatial))
    batch = lhs[dims.input_batch]
    sizes: dict[int, Dim] = {
        dims.output_batch: batch if batch_group_count == 1 else floordiv(batch, batch_group_count),
        dims.output_feature: rhs[dims.kernel_output_feature],
        **dict(zip(dims.output_spatial, spatial, strict=True)),
    }
    return tuple(sizes[d] for d in range(len(lhs)))


def _check_dims(n: int, dims: ConvDims) -> None:
    for name, spatial, rest, count_code, code in (
        ("input", dims.input_spatial, (dims.input_batch, dims.input_feature), "C12", "C13"),
        ("kernel", dims.kernel_spatial, (dims.kernel_input_feature, dims.kernel_output_feature), "C17", "C18"),
        ("output", dims.output_spatial, (dims.output_batch, dims.output_feature), "C19", "C20"),
    ):
        check(len(spatial) == n - 2, f"convolution.{count_code}", f"{n - 2} {name} spatial dims are needed, got {spatial}")
        good = sorted((*spatial, *rest)) == list(range(n))
        check(good, f"convolution.{code}", f"the {name} dims {(*rest, *spatial)} must be unique and lie in [0, {n})")


def _check_groups(lhs: TensorType, rhs: TensorType, dims: ConvDims, feature_groups: int, batch_groups: int) -> None:
    features, outputs = lhs.shape[dims.input_feature], rhs.shape[dims.kernel_output_feature]
    per_group = rhs.shape[dims.kernel_input_feature]
    op = "convolution"
    check(feature_groups > 0, f"{op}.C21", f"`feature_group_count` must be positive, got {feature_groups}")
    check(batch_groups > 0, f"{op}.C22", f"`batch_group_count` must be positive, got {batch_groups}")
    exclusive = f"{feature_groups} feature groups and {batch_groups} batch groups exclude each other"
    check(1 in (feature_groups, batch_groups), f"{op}.C23", exclusive)
    batch = lhs.shape[dims.input_batch]
    for code, what, size, groups in (
        ("C10", "input batch", batch, batch_groups),
        ("C11", "input features", features, feature_groups),
        ("C15", "kernel output features", outputs, batch_groups),
        ("C16", "kernel output features", outputs, feature_groups),
    ):
        check(mod(size, groups) == 0, f"{op}.{code}", f"{what} {size} cannot be divided into {groups} groups")
    need = floordiv(features, feature_groups)
    fact = f"the kernel takes {per_group} input features, the input has {features} in {feature_groups} groups"
    check(per_group == need, f"{op}.C14", fact, help=f"lhs is {lhs}, rhs is {rhs}")


def _infer_convolution(
    lhs: TensorType,
    rhs: TensorType,
    *,
    window_strides: Sizes = None,
    padding: Padding = None,
    lhs_dilation: Sizes = None,
    rhs_dilation: Sizes = None,
    window_reversal: tuple[bool, ...] | None = None,
    dimension_numbers: ConvDims,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision_config: Precision = ("DEFAULT", "DEFAULT"),
    result: TensorType,
) -> TensorType:
    dims, n, op = dimension_numbers, lhs.rank, "convolution"
    check(lhs.rank == rhs.rank >= 2, f"{op}.C1", f"`lhs` and `rhs` must have one rank of at least 2, got {lhs} and {rhs}")
    check_sizes(window_strides, n - 2, "window_strides", f"{op}.C2", f"{op}.C3")
    check_padding(padding, n - 2, f"{op}.C4")
    check_sizes(lhs_dilation, n - 2, "lhs_dilation", f"{op}.C5", f"{op}.C6")
    check_sizes(rhs_dilation, n - 2, "rhs_dilation", f"{op}.C7", f"{op}.C8")
    reversal_fits = window_reversal is None or len(window_reversal) == n - 2
    check(reversal_fits, f"{op}.C9", f"`window_reversal` needs {n - 2} entries, got {window_reversal}")
    _check_dims(n, dims)
    _check_groups(lhs, rhs, dims, feature_group_count, batch_group_count)
    check_precision(precision_config, f"{op}.C24")
    window = conv_window(rhs.shape, dims, window_strides, padding, lhs_dilation, rhs_dilation)
    shape = conv_shape(lhs.shape, rhs.shape, dims, window, batch_group_count)
    check(result.rank == n, f"{op}.C26", f"the result must have rank {n}, given as {result}")
    check(result.shape == shape, f"{op}.C25", f"the result has shape {'x'.join(map(str, shape))}, given as {result}")
    check_product(lhs.dtype, rhs.dtype, result.dtype, f"{op}.C27")
    return result


def _reference_convolution(
    lhs: np.ndarray,
    rhs: np.ndarray,
    *,
    window_strides: Sizes = None,
    padding: Padding = None,
    lhs_dilation: Sizes = None,
    rhs_dilation: Sizes = None,
    window_reversal: tuple[bool, ...] | None = None,
    dimension_numbers: ConvDims,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision_config: Precision = ("DEFAULT", "DEFAULT"),
    result: TensorType,
) -> np.ndarray:
    dims, dtype = dimension_numbers, result.dtype
    window = conv_window(rhs.shape, dims, window_strides, padding, lhs_dilation, rhs_dilation)
    groups = max(feature_group_count, batch_group_count)
    # Input as [group, batch, spatial..., feature], kernel as [spatial..., group, input feature, output feature].
    x = lhs.transpose(dims.input_batch, *dims.input_spatial, dims.input_feature)
    x = np.stack(np.split(x, groups, axis=-1 if batch_group_count == 1 else 0))
    w = rhs.transpose(*dims.kernel_spatial, dims.kernel_input_feature, dims.kernel_output_feature)
    w = np.flip(w, tuple(d for d, flipped in enumerate(window_reversal or ()) if flipped))
    w = np.moveaxis(w.reshape(*w.shape[:-1], groups, w.shape[-1] // groups), -2, -3)
    total = _sum_of_taps(x, w, window, dtype)
    # [group, batch, spatial..., output feature of the group] -> [batch, spatial..., output feature]
    total = np.moveaxis(total, 0, -2)
    total = total.reshape(*total.shape[:-2], total.shape[-2] * total.shape[-1])
    order = (dims.output_batch, *dims.output_spatial, dims.output_feature)
    return narrow(total.transpose(np.argsort(order)), dtype)


def _sum_of_taps(x: np.ndarray, w: np.ndarray, window: Window, dtype: DType) -> np.ndarray:
    """Σ over places of the window: a matrix product of the input there with the kernel's matrix, per group."""
    extended = Window((1, 1, *window.size, 1), (1, 1, *window.stride, 1), (1, 1, *window.dilation, 1), (1, 1, *window.base_dilation, 1),
                      ((0, 0), (0, 0), *window.padding, (0, 0)))  # fmt: skip
    shape, view = extended.views(x, np.zeros((), x.dtype))
    wide = widen(np.zeros((), dtype.numpy))
    total = np.zeros((*shape[:-1], w.shape[-1]), wide.dtype)
    for place in index_space(*map(range, w.shape[: len(window.size)])):
        patch = view((0, 0, *place, 0))
        rows = patch.reshape(shape[0], int(np.prod(shape[1:-1], dtype=np.int64)), shape[-1])
        part = exact_matmul(rows, w[place], _wide_dtype(dtype)).reshape(total.shape)
        total = total | part if dtype.is_bool else total + part
    return total


def _wide_dtype(dtype: DType) -> DType:
    return from_numpy(widen(np.zeros((), dtype.numpy)).dtype)


def _element_convolution(b: ElementBuilder[E], node: Node, index: Index) -> E:
    lhs, rhs = node.inputs
    dims = node.attr("dimension_numbers", ConvDims)
    window = window_of_node(node)
    reversal = node.attrs["window_reversal"] or (False,) * len(window.size)
    base = tuple(lhs.shape[d] for d in dims.input_spatial)
    per_group = rhs.shape[dims.kernel_input_feature]
    feature, out = index[dims.output_feature], tuple(index[d] for d in dims.output_spatial)
    feature_group, batch = _groups(node, dims, index)

    def step(at: Index, state: tuple[E, ...]) -> tuple[E, ...]:
        *place, channel = at
        conditions, spatial = window.bounds(window.position(out, tuple(place)), base)
        input_at = {dims.input_batch: batch, dims.input_feature: feature_group * per_group + channel, **_at(dims.input_spatial, spatial)}
        flipped = tuple(n - 1 - k if r else k for n, k, r in zip(window.size, place, reversal, strict=True))  # type: ignore[arg-type]
        kernel_at = {dims.kernel_output_feature: feature, dims.kernel_input_feature: channel, **_at(dims.kernel_spatial, flipped)}

        def inside() -> E:
            return multiply_add(b, state[0], b.read(lhs, _index(input_at)), b.read(rhs, _index(kernel_at)))

        return (b.within(conditions, inside, lambda: state[0]),)

    (total,) = b.loop((*window.size, per_group), (b.const(product_dtype(node), 0),), step)
    return b.convert(total, node.result.dtype)


def _groups(node: Node, dims: ConvDims, index: Index) -> tuple[Dim, Dim]:
    """The feature group and the batch index of the input that an element of the result reads."""
    feature, batch = index[dims.output_feature], index[dims.output_batch]
    features = node.result.shape[dims.output_feature]
    feature_groups, batch_groups = node.attrs["feature_group_count"], node.attrs["batch_group_count"]
    if batch_groups != 1:
        group = floordiv(feature, floordiv(features, batch_groups))
        return 0, group * node.result.shape[dims.output_batch] + batch
    return (floordiv(feature, floordiv(features, feature_groups)) if feature_groups != 1 else 0), batch


def _at(dims: tuple[int, ...], index: Index) -> dict[int, Dim]:
    return dict(zip(dims, index, strict=True))


def _index(at: dict[int, Dim]) -> Index:
    return tuple(at[d] for d in range(len(at)))


convolution = define(
    "convolution",
    doc="""Products of `rhs` with windows of `lhs`.

    None stands for strides and dilations of 1, no padding, no reversal. The result's element type is given. C1: operands have one
    rank N. C2-C8: strides, padding and dilations have N-2 entries, positive but for padding. C9: so has the reversal. C10, C11:
    groups divide the input's batch and features. C12, C13, C17-C20: dimension numbers are complete and unique. C14: the kernel's
    input features are those of one group. C15, C16: groups divide the output features. C21-C23: group counts are positive, one of
    them 1. C24: two precisions. C25, C26: the result's shape. C27: operands are numbers of one sort (weft also multiplies
    different widths and signs), the result is of that sort or a float.""",
    infer=_infer_convolution,
    reference=_reference_convolution,
    element=_element_convolution,
    grad=convolution_grad,
)


def conv(
    lhs: Value,
    rhs: Value,
    dims: ConvDims,
    dtype: DType | None = None,
    *,
    strides: Sizes = None,
    padding: Padding = None,
    lhs_dilation: Sizes = None,
    rhs_dilation: Sizes = None,
    reversal: tuple[bool, ...] | None = None,
    feature_groups: int = 1,
    batch_groups: int = 1,
    loc: Loc | None = None,
) -> Value:
    """Build a `convolution` of valid dimension numbers, its result of the lhs's element type unless `dtype` is given."""
    window = conv_window(rhs.shape, dims, strides, padding, lhs_dilation, rhs_dilation)
    value = convolution(
        lhs, rhs, window_strides=strides, padding=padding, lhs_dilation=lhs_dilation, rhs_dilation=rhs_dilation, window_reversal=reversal,
        dimension_numbers=dims, feature_group_count=feature_groups, batch_group_count=batch_groups,
        result=TensorType(dtype or lhs.dtype, conv_shape(lhs.shape, rhs.shape, dims, window, batch_groups)), loc=loc,
    )  # fmt: skip
    assert isinstance(value, Value)
    return value
