"""Sequences. One whose elements are known while importing costs nothing: what is taken from it is the element itself."""

from collections.abc import Sequence

from ....compiler.ir.dims import Dim
from ....compiler.ir.graph import Value
from ....compiler.ir.types import ANY_DIM, SequenceType, TensorType, UnrankedTensorType, is_host
from ....compiler.ops.helpers import const
from ....proto.dtypes import I64, DType
from .. import build, host
from ..node import NodeView
from ..registry import handles
from ..scope import Scope

_MOST_KNOWN = 256  # elements followed while importing


def elements(scope: Scope, x: Value) -> tuple[Value, ...] | None:
    """The elements of a sequence, where it was put together from values, be it outside of a nested graph."""
    if x.node is not None and host.target(x) in ("sequence_construct", "sequence_empty"):
        return x.node.operands
    if scope.outer is None:
        return None
    if scope.inline:
        return elements(scope.outer, x)
    outside = next((v for v, inner in scope.captured.items() if inner is x), None)
    held = None if outside is None else elements(scope.outer, outside)
    return None if held is None else tuple(v if v.op == "constant" else scope.capture(v) for v in held)


def construct(items: Sequence[Value], dtype: DType) -> Value:
    """The sequence of these tensors; of `dtype` if there are none."""
    if not items:
        return host.declared("sequence_empty", [SequenceType(UnrankedTensorType(dtype))])[0]
    return host.call1("sequence_construct", *items)


def _dtype(node: NodeView, x: Value) -> DType:
    """The element type of a tensor of any rank."""
    if not isinstance(x.type, TensorType | UnrankedTensorType):
        raise node.error("type", f"`{node.op_type}` needs tensors, got {x.type}")
    return x.type.dtype


def _element_dtype(node: NodeView, x: Value) -> DType:
    """The element type of the tensors in a sequence."""
    t = x.type
    if not isinstance(t, SequenceType) or not isinstance(t.element, TensorType | UnrankedTensorType):
        raise node.error("type", f"`{node.op_type}` needs a sequence of tensors, got {t}")
    return t.element.dtype


def _position(node: NodeView, position: Value | None, default: int, length: int, limit: int) -> int | None:
    """A known position in [0, limit), counted from the front of a sequence of that length; None if it depends on data."""
    known = node.known(position)
    if position is not None and (known is None or known.size != 1 or not isinstance(known.flat[0], int)):
        return None
    at = default if known is None else int(known.flat[0])
    if not -length <= at < limit:
        raise node.error("index", f"position {at} of `{node.op_type}` must lie in [-{length}, {limit})")
    return at + length if at < 0 else at


@handles("SequenceEmpty", host=True)
def sequence_empty(node: NodeView) -> Value:
    """No elements, of a type that is given."""
    return construct((), node.scope.reader.dtype(node.int("dtype", 1), node.loc))


@handles("SequenceConstruct", host=True)
def sequence_construct(node: NodeView, *items: Value) -> Value:
    """The operands, which have one element type."""
    return construct(items, _dtype(node, items[0]))


@handles("SequenceInsert", host=True)
def sequence_insert(node: NodeView, sequence: Value, item: Value, position: Value | None = None) -> Value:
    """With a tensor before a position, or at the end."""
    held, dtype = elements(node.scope, sequence), _element_dtype(node, sequence)
    node.check(_dtype(node, item) == dtype, "type", f"{item.type} cannot be inserted into {sequence.type}")
    if held is not None and len(held) < _MOST_KNOWN:
        at = _position(node, position, len(held), len(held), len(held) + 1)
        if at is not None:
            return construct((*held[:at], item, *held[at:]), dtype)
    return host.call1("sequence_insert", sequence, item, *([] if position is None else [position]))


@handles("SequenceErase", host=True)
def sequence_erase(node: NodeView, sequence: Value, position: Value | None = None) -> Value:
    """Without the element at a position, or the last one."""
    held, dtype = elements(node.scope, sequence), _element_dtype(node, sequence)
    if held is not None:
        at = _position(node, position, -1, len(held), len(held))
        if at is not None:
            return construct((*held[:at], *held[at + 1 :]), dtype)
    return host.call1("sequence_erase", sequence, *([] if position is None else [position]))


@handles("SequenceAt", host=True)
def sequence_at(node: NodeView, sequence: Value, position: Value) -> Value:
    """The element at a position."""
    held = elements(node.scope, sequence)
    if held is not None:
        at = _position(node, position, 0, len(held), len(held))
        if at is not None:
            return held[at]
    return host.call1("sequence_at", sequence, position)


@handles("SequenceLength", host=True)
def sequence_length(node: NodeView, sequence: Value) -> Value:
    """The number of elements, as i64."""
    held = elements(node.scope, sequence)
    return host.call1("sequence_length", sequence) if held is None else const(len(held), I64)


@handles("SplitToSequence", host=True)
def split_to_sequence(node: NodeView, x: Value, split: Value | None = None) -> Value:
    """Cut along an axis: to given lengths, to pieces of one length, or to single slices.

    ONNX ignores `keepdims` beside a `split`; but exporters of PyTorch's `unbind` ask for a split of 1 without the axis, and mean it.
    """
    known = node.known(split)
    if known is not None and known.shape == () and known.item() == 1:
        split = None
    keep = split is not None or node.int("keepdims", 1) != 0
    if not isinstance(x.type, TensorType):
        return host.call1("sequence_split", x, *([] if split is None else [split]), axis=node.int("axis", 0), keepdims=keep)
    axis = node.axis(node.int("axis", 0), len(x.shape))
    lengths = _lengths(node, x.shape[axis], split)
    if lengths is not None and not is_host(x.type):
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        pieces = [build.slice_axis(x, axis, end - n, end) for n, end in zip(lengths, ends, strict=True)]
        return construct(pieces if keep else [build.squeeze(p, [axis]) for p in pieces], x.dtype)
    size = [1 if split is None else ANY_DIM] if keep else []
    element = x.tensor.with_shape((*x.shape[:axis], *size, *x.shape[axis + 1 :]))
    operands = [x] if split is None else [x, split]
    return host.declared("sequence_split", [SequenceType(element)], *operands, axis=axis, keepdims=keep)[0]


def _lengths(node: NodeView, n: Dim, split: Value | None) -> list[int] | None:
    """The lengths of the pieces of a dim, where they are known, and few."""
    known = node.known(split)
    if not isinstance(n, int) or (split is not None and (known is None or not all(isinstance(k, int) for k in known.flat))):
        return None
    if known is not None and known.ndim:
        lengths = [int(k) for k in known.flat]
        good = min(lengths, default=0) >= 0 and sum(lengths) == n
        node.check(good, "shape", f"the lengths {lengths} do not add up to the dim, {n}")
        return lengths if len(lengths) <= _MOST_KNOWN else None
    step = 1 if known is None else int(known.item())
    node.check(step > 0, "attribute", f"pieces of length {step}: the length must be positive")
    return [min(step, n - start) for start in range(0, n, step)] if n <= step * _MOST_KNOWN else None


@handles("ConcatFromSequence", host=True)
def concat_from_sequence(node: NodeView, sequence: Value) -> Value:
    """The elements one after the other along an axis, or along a new one."""
    held, new = elements(node.scope, sequence), node.int("new_axis", 0) != 0
    _element_dtype(node, sequence)
    assert isinstance(sequence.type, SequenceType)
    if held and all(isinstance(x.type, TensorType) and not is_host(x.type) and len(x.shape) == len(held[0].shape) for x in held):
        axis = node.axis(node.int("axis"), len(held[0].shape) + new)
        return _concatenated([build.unsqueeze(x, [axis]) for x in held] if new else held, axis)
    element = sequence.type.element
    if not isinstance(element, TensorType):
        return host.call1("sequence_concat", sequence, axis=node.int("axis"), new_axis=new)
    axis = node.axis(node.int("axis"), element.rank + new)
    shape = (*element.shape[:axis], ANY_DIM, *element.shape[axis + (not new) :])
    return host.declared("sequence_concat", [element.with_shape(shape)], sequence, axis=axis, new_axis=new)[0]


def _concatenated(items: Sequence[Value], axis: int) -> Value:
    """Joined along an axis; other dims that are not known to be equal must turn out to be."""
    for other in range(len(items[0].shape)):
        if other != axis:
            items = build.agreeing(items, [other] * len(items))
    return build.concatenate(items, axis)
