"""Canonical forms: one way to write each computation, and no node that does nothing. No rule here changes a rounding."""

import numpy as np

from ..ir.attrs import Tensor
from ..ir.graph import Node, Region, Value
from ..ir.types import TensorType
from ..ops.helpers import broadcast, const
from ..ops.nodes import node, nodes
from ..ops.registry import OPS, op_of
from .base import Context, region_pass
from .rewrite import Result, Uses, apply_rules, effectful, inline, rewrite


def constant_of(value: Value) -> np.ndarray | None:
    """The array of a constant value, else None."""
    if value.node is None or value.node.op != "constant":
        return None
    tensor = value.node.attrs["value"]
    return tensor.array if isinstance(tensor, Tensor) else None


def splat_of(value: Value) -> bool | int | float | complex | None:
    """The number that every element of `value` is, where the graph shows it: a splat constant, or a broadcast or reshape of one."""
    while value.node is not None and value.node.op in ("broadcast_in_dim", "reshape"):
        value = value.node.operands[0]
    array = constant_of(value)
    if array is None or array.size == 0 or array.dtype == np.object_ or not _is_splat(array):
        return None
    return array.flat[0].item()


def _is_splat(array: np.ndarray) -> bool:
    """Whether all elements have the same bits: 0 and -0 are two numbers, and a NaN is one."""
    if not any(array.strides):
        return True
    if array.flat[0].tobytes() != array.flat[-1].tobytes():
        return False
    elements = np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8)
    return bool((elements == elements[0]).all())


def _is_zero(value: Value) -> bool:
    return splat_of(value) == 0


def _is_one(value: Value) -> bool:
    return splat_of(value) == 1


def _is_negative_zero(value: Value) -> bool:
    number = splat_of(value)
    return isinstance(number, float) and not number and bool(np.signbit(number))


@rewrite("empty-result", *(name for name in OPS if name not in ("constant", "weft.check_shape")))
def empty_result(n: Node, uses: Uses) -> Result:
    """op(…) -> constant, where its results have no elements: no kernel is made for nothing."""
    if effectful(n) or not n.types or not all(isinstance(t, TensorType) and t.is_static and 0 in t.shape for t in n.types):
        return None
    return tuple(const(np.zeros(v.tensor.static_shape, v.dtype.numpy)) for v in n.results)


@rewrite("reshape-of-reshape", "reshape")
def reshape_of_reshape(n: Node, uses: Uses) -> Result:
    """reshape(reshape(x)) -> reshape(x); reshape(x) -> x where the type stays."""
    (x,) = n.operands
    if x.type == n.types[0]:
        return x
    if x.node is not None and x.op == "reshape":
        source = x.node.operands[0]
        return source if source.type == n.types[0] else op_of("reshape")(source, result=n.types[0])
    return None


@rewrite("transpose-of-transpose", "transpose")
def transpose_of_transpose(n: Node, uses: Uses) -> Result:
    """transpose(transpose(x, p), q) -> transpose(x, p∘q); the identity permutation -> x; one that moves only dims of size 1 -> reshape."""
    (x,) = n.operands
    permutation = n.ints("permutation")
    if list(permutation) == list(range(len(permutation))):
        return x
    if x.node is not None and x.op == "transpose":
        inner = x.node.ints("permutation")
        return op_of("transpose")(x.node.operands[0], permutation=tuple(inner[p] for p in permutation))
    long = [p for p in permutation if x.shape[p] != 1]
    if long == sorted(long):
        return op_of("reshape")(x, result=n.types[0])
    return None


@rewrite("broadcast", "broadcast_in_dim")
def simplify_broadcast(n: Node, uses: Uses) -> Result:
    """broadcast(broadcast(x)) -> broadcast(x); broadcast(x) -> x or reshape(x) where no element is repeated."""
    (x,) = n.operands
    result = n.types[0]
    assert isinstance(result, TensorType)
    dims = n.ints("broadcast_dimensions")
    if x.type == result and list(dims) == list(range(len(dims))):
        return x
    if x.node is not None and x.op == "broadcast_in_dim":
        inner = x.node.ints("broadcast_dimensions")
        return op_of("broadcast_in_dim")(x.node.operands[0], broadcast_dimensions=tuple(dims[d] for d in inner), result=result)
    if x.tensor.size == result.size and list(dims) == sorted(dims):
        return op_of("reshape")(x, result=result)
    return None


@rewrite("drop-unit-dims-of-broadcast", "broadcast_in_dim")
def drop_unit_dims(n: Node, uses: Uses) -> Result:
    """broadcast(x : [1, c, 1]) -> broadcast(reshape(x) : [c]): what is repeated is not a dim of the operand."""
    (x,) = n.operands
    result = n.types[0]
    assert isinstance(result, TensorType)
    dims = n.ints("broadcast_dimensions")
    keep = [i for i, d in enumerate(x.shape) if not (d == 1 and result.shape[dims[i]] != 1)]
    if len(keep) == x.tensor.rank:
        return None
    squeezed = op_of("reshape")(x, result=x.tensor.with_shape(tuple(x.shape[i] for i in keep)))
    return op_of("broadcast_in_dim")(squeezed, broadcast_dimensions=tuple(dims[i] for i in keep), result=result)


@rewrite("identity", "convert", "slice", "pad", "concatenate", "reverse", "weft.check_shape", "weft.stop_gradient")
def drop_identity(n: Node, uses: Uses) -> Result:
    """An op that keeps every element where and what it is -> its operand."""
    x = n.operands[0]
    match n.op:
        case "convert" | "slice" | "weft.check_shape":
            return x if x.type == n.types[0] else None
        case "pad":
            added = (*n.dims("edge_padding_low"), *n.dims("edge_padding_high"), *n.dims("interior_padding"))
            return x if x.type == n.types[0] and all(d == 0 for d in added) else None
        case "weft.stop_gradient":
            return x
        case "concatenate":
            return x if len(n.operands) == 1 else None
        case "reverse":
            return x if all(x.shape[d] == 1 for d in n.ints("dimensions")) else None
        case _:
            return None


_WIDEST = 64  # operands of a concatenation, each of which is a case of its kernel


@rewrite("split-concatenate", "concatenate")
def split_concatenate(n: Node, uses: Uses) -> Result:
    """concatenate(x₁, …, xₙ) of very many operands -> concatenate of concatenations."""
    if len(n.operands) <= _WIDEST:
        return None
    parts = [n.operands[i : i + _WIDEST] for i in range(0, len(n.operands), _WIDEST)]
    dimension = n.attr("dimension", int)
    joined = [p[0] if len(p) == 1 else op_of("concatenate")(*p, dimension=dimension) for p in parts]
    return node("concatenate", *joined, dimension=dimension)


@rewrite("flatten-concatenate", "concatenate")
def flatten_concatenate(n: Node, uses: Uses) -> Result:
    """concatenate(concatenate(a, b), c) -> concatenate(a, b, c) along the same dim; empty operands go."""
    dimension = n.attr("dimension", int)
    flat: list[Value] = []
    room = _WIDEST - len(n.operands)
    for v in n.operands:
        alike = v.node is not None and v.op == "concatenate" and v.node.attrs["dimension"] == dimension and uses(v) == 1
        inner = v.node.operands if v.node is not None and alike else (v,)
        if len(inner) - 1 <= room:
            room -= len(inner) - 1
            flat += inner
        else:
            flat.append(v)
    kept = [v for v in flat if v.shape[dimension] != 0] or flat[:1]
    if len(kept) == len(n.operands):
        return None
    return op_of("concatenate")(*kept, dimension=dimension)


@rewrite("constant-right", "add", "multiply", "maximum", "minimum", "and", "or", "xor")
def constant_right(n: Node, uses: Uses) -> Result:
    """op(constant, x) -> op(x, constant) for commutative ops."""
    x, y = n.operands
    if _is_constant_like(x) and not _is_constant_like(y):
        return op_of(n.op)(y, x)
    return None


def _is_constant_like(value: Value) -> bool:
    while value.node is not None and value.node.op in ("broadcast_in_dim", "reshape"):
        value = value.node.operands[0]
    return value.op == "constant"


@rewrite("neutral-element", "add", "subtract", "multiply", "divide", "and", "or", "xor", "power")
def neutral_element(n: Node, uses: Uses) -> Result:
    """x·1, x÷1, x-0, x+(-0), and for integers x+0, x|0, x^0, for booleans x&true -> x; power(x, 2) -> x·x."""
    x, y = n.operands
    exact = not (x.dtype.is_float or x.dtype.is_complex)
    match n.op:
        case "multiply" | "divide" | "power" if _is_one(y) and not x.dtype.is_complex:  # (∞ + i)·1 has a NaN
            return x
        case "add" if (exact and _is_zero(y)) or _is_negative_zero(y):
            return x
        case "subtract" if _is_zero(y) and (exact or not _is_negative_zero(y)) and not x.dtype.is_complex:
            return x
        case "or" | "xor" if _is_zero(y):
            return x
        case "and" if x.dtype.is_bool and splat_of(y) is True:
            return x
        case "power" if x.dtype.is_float and splat_of(y) == 2:
            return op_of("multiply")(x, x)
        case _:
            return None


@rewrite("involution", "negate", "not", "reverse")
def involution(n: Node, uses: Uses) -> Result:
    """negate(negate(x)) -> x, likewise not, and reverse along the same dims."""
    (x,) = n.operands
    if x.node is not None and x.op == n.op and x.node.attrs == n.attrs:
        return x.node.operands[0]
    return None


@rewrite("constant-select", "select")
def constant_select(n: Node, uses: Uses) -> Result:
    """select(true, x, y) -> x; select(p, x, x) -> x."""
    pred, on_true, on_false = n.operands
    if on_true is on_false:
        return on_true
    known = splat_of(pred)
    return None if known is None else (on_true if known else on_false)


@rewrite("constant-branch", "if", "case", "weft.case")
def constant_branch(n: Node, uses: Uses) -> Result:
    """if(true) {a} else {b} -> a, likewise case of a constant index."""
    chosen = chosen_branch(n)
    return None if chosen is None or chosen.result_types != n.types else inline(chosen, n.captured)


def chosen_branch(n: Node) -> Region | None:
    """The region of an `if`, `case` or `weft.case` that is certain to be taken, or None."""
    known = splat_of(n.operands[0])
    if known is None:
        return None
    last = len(n.regions) - 1
    return n.regions[(0 if known else 1) if n.op == "if" else (int(known) if 0 <= int(known) <= last else last)]  # type: ignore[arg-type]


@rewrite("custom-vjp", "weft.custom_vjp")
def inline_custom_vjp(n: Node, uses: Uses) -> Result:
    """A function with a derivative of its own -> the function: derivatives are taken before anything is compiled."""
    return inline(n.regions[0], n.operands)


@rewrite("tuple-element", "get_tuple_element")
def tuple_element(n: Node, uses: Uses) -> Result:
    """get_tuple_element(tuple(x, y), i) -> the i-th operand."""
    (pair,) = n.operands
    if pair.node is not None and pair.op == "tuple":
        return pair.node.operands[n.attr("index", int)]
    return None


@rewrite("clamp", "clamp")
def clamp_to_minimum(n: Node, uses: Uses) -> Result:
    """clamp(lo, x, hi) -> minimum(maximum(x, lo), hi), which are elementwise: what a kernel computes may end with them."""
    lo, x, hi = n.operands
    low, high = (v if v.shape == x.shape else broadcast(v, x.shape, ()) for v in (lo, hi))
    return node("minimum", node("maximum", x, low), high)


@rewrite("slice-of-slice", "slice")
def slice_of_slice(n: Node, uses: Uses) -> Result:
    """slice(slice(x)) -> slice(x)."""
    (x,) = n.operands
    if x.node is None or x.op != "slice":
        return None
    starts, limits, strides = [], [], []
    inner, outer = (
        (x.node.dims("start_indices"), x.node.dims("strides")),
        (n.dims(name) for name in ("start_indices", "limit_indices", "strides")),
    )
    for s1, k1, s2, l2, k2 in zip(*inner, *outer, strict=True):
        starts.append(s1 + s2 * k1)
        limits.append(s1 + (l2 - 1) * k1 + 1)
        strides.append(k1 * k2)
    if any(d == 0 for d in n.results[0].shape):
        return None
    return op_of("slice")(x.node.operands[0], start_indices=tuple(starts), limit_indices=tuple(limits), strides=tuple(strides))


@rewrite("drop-sorted", "sort")
def drop_sorted(n: Node, uses: Uses) -> Result:
    """sort(x, y) whose second result nobody reads -> sort(x), if the comparator does not look at y."""
    (comparator,) = n.regions
    read = {v for inner in comparator.walk() for v in inner.operands} | set(comparator.results)
    pairs = [comparator.params[2 * k : 2 * k + 2] for k in range(len(n.operands))]
    kept = [k for k, r in enumerate(n.results) if r in uses or not read.isdisjoint(pairs[k])]
    if n.captures or len(kept) == len(n.results) or not kept:
        return None
    body = Region(tuple(p for k in kept for p in pairs[k]), comparator.nodes, comparator.results)
    made = nodes("sort", *(n.operands[k] for k in kept), **n.attrs, comparator=body)
    found = dict(zip(kept, made, strict=True))
    return tuple(found.get(k, x) for k, x in enumerate(n.operands))


RULES = (
    empty_result,
    reshape_of_reshape,
    transpose_of_transpose,
    simplify_broadcast,
    drop_unit_dims,
    drop_identity,
    split_concatenate,
    flatten_concatenate,
    constant_right,
    neutral_element,
    involution,
    constant_select,
    constant_branch,
    inline_custom_vjp,
    tuple_element,
    clamp_to_minimum,
    slice_of_slice,
    drop_sorted,
)


@region_pass("canonicalize")
def canonicalize(body: Region, context: Context) -> Region:
    """Rewrite to canonical forms and drop nodes that do nothing."""
    return apply_rules(body, RULES)
